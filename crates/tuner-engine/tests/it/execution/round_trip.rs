//! What is written is read back as it was: the CLI starts executions with what the door writes.

use proptest::prelude::*;
use tuner_core::floor::{Known, Need, Sighting, Source};
use tuner_core::planning::{Budget, Preset};
use tuner_core::{Constraint, FunctionName, MemorySize, Objective, Payloads, Statistic};
use tuner_engine::execution::{Defaults, ExecutionInput, PayloadSource, S3Object};
use tuner_engine::{Apply, TuningOptions, TuningRequest};

fn function() -> impl Strategy<Value = FunctionName> {
    let names = [
        "resize",
        "resize:live",
        "123456789012:function:resize",
        "arn:aws:lambda:eu-west-1:123456789012:function:resize:7",
    ];
    prop::sample::select(names.to_vec()).prop_map(|name| name.parse().unwrap())
}

/// JSON texts of every kind, with spaces and digits that a second serialisation would lose.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1.50".to_owned()),
        Just("12345678901234567890123".to_owned()),
        "[a-z {}\\[\\]\"\\\\0-9]{0,8}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|value| serde_json::to_string(&value).unwrap()),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|values| format!("[{}]", values.join(" , "))),
            (inner.clone(), 1_u32..5)
                .prop_map(|(value, weight)| format!(r#"[{{"payload":{value},"weight":{weight}}}]"#)),
            (inner.clone(), 1_u32..5)
                .prop_map(|(value, weight)| format!(r#"[{{"payload":{value},"weight":{weight},"x":0}}]"#)),
            inner.prop_map(|value| format!(r#"{{"a": {value}, "A": 0}}"#)),
        ]
    })
}

fn payload() -> impl Strategy<Value = PayloadSource> {
    prop_oneof![
        Just(PayloadSource::None),
        json().prop_map(PayloadSource::Inline),
        ("[a-z]{3,9}", "[a-z%/ é0-9]{1,12}").prop_map(|(bucket, key)| PayloadSource::S3(S3Object { bucket, key })),
    ]
}

fn request() -> impl Strategy<Value = TuningRequest> {
    let objective = prop_oneof![
        Just(Objective::Cost),
        Just(Objective::Speed),
        (0.0..=1.0).prop_map(|cost_weight| Objective::Balanced { cost_weight }),
    ];
    let apply = prop_oneof![
        Just(Apply::No),
        Just(Apply::Latest),
        ("[a-z][a-z0-9_-]{0,9}", any::<bool>()).prop_map(|(name, from_latest)| Apply::Alias { name, from_latest })
    ];
    let numbers = (5_u32..=10_000, 1_u32..=1000, any::<bool>(), 0_u64..=600_000, 0.0..=0.4);
    let sizes = prop::collection::btree_set(128_u32..=10_240, 1..20);
    let flags = any::<[bool; 4]>();
    let rest = (
        deciding(),
        prop::option::of(1e-3..1e12_f64),
        prop::option::of(function()),
        prop::option::of(function()),
        prop::collection::vec("[A-Za-z.]{1,12}", 0..3),
        prop::option::of(Just("arn:aws:iam::123456789012:role/tuner".to_owned())),
        prop::option::of(known()),
        prop::option::of("[a-z(ä 1-9]{0,9}[a-z\"]"),
    );
    (function(), objective, apply, numbers, sizes, flags, rest).prop_map(
        |(function, objective, apply, numbers, sizes, flags, rest)| {
            let (invocations, max_concurrency, parallel, pause_ms, trim_share) = numbers;
            let concurrency = if parallel {
                invocations.div_ceil(5).max(2).min(max_concurrency)
            } else {
                1
            };
            let [keep_messages, only_cold_starts, dry_run, risk_failures_below_floor] = flags;
            let (deciding, monthly_invocations, pre_processor, post_processor, allowed_errors, role_arn, known, name) =
                rest;
            let (preset, constraints, cold_share, headroom, budget) = deciding;
            let is_grid = preset == Preset::Grid;
            let options = TuningOptions {
                name,
                preset,
                constraints,
                cold_share,
                headroom,
                budget: if is_grid { Budget::default() } else { budget },
                memory_sizes: sizes.into_iter().filter_map(|mb| MemorySize::new(mb).ok()).collect(),
                invocations: if is_grid { invocations } else { 10 },
                objective,
                concurrency: match (is_grid, parallel) {
                    (true, _) => concurrency,
                    (false, true) => max_concurrency.min(2),
                    (false, false) => 1,
                },
                max_concurrency,
                pause_ms: if parallel && max_concurrency > 1 { 0 } else { pause_ms },
                trim_share: if is_grid { trim_share } else { 0.0 },
                allowed_errors,
                keep_messages,
                monthly_invocations,
                apply,
                only_cold_starts: only_cold_starts && is_grid,
                dry_run: dry_run && is_grid,
                pre_processor,
                post_processor,
                risk_failures_below_floor,
                role_arn,
            };
            TuningRequest {
                options,
                known,
                ..TuningRequest::new(function)
            }
        },
    )
}

fn known() -> impl Strategy<Value = Known> {
    let source = prop_oneof![
        Just(Source::Given),
        Just(Source::Logs),
        prop::option::of(any::<bool>()).prop_map(|same_code| Source::Tuning {
            tuning_id: uuid::Uuid::nil(),
            same_code
        }),
    ];
    let seen = prop_oneof![
        (1_u32..20_000, any::<u64>()).prop_map(|(max_memory_used_mb, invocations)| Sighting::MemoryUsed {
            max_memory_used_mb,
            invocations
        }),
        (128_u32..10_240, 1_u64..9).prop_map(|(memory_size_mb, failures)| Sighting::OutOfMemory {
            memory_size_mb,
            failures,
            invocations: 9
        }),
        (128_u32..10_240, prop::option::of(1.0..1e6_f64)).prop_map(|(memory_size_mb, limit_ms)| Sighting::Timeout {
            memory_size_mb,
            limit_ms,
            failures: 1,
            invocations: 9
        }),
    ];
    let at = prop::option::of((0_i64..4_000_000_000).prop_map(|s| jiff::Timestamp::from_second(s).unwrap()));
    let need = (seen, source, at).prop_map(|(seen, source, at)| Need { seen, source, at });
    let unknown = prop::collection::vec("[a-z ]{1,20}", 0..3);
    (prop::collection::vec(need, 0..4), unknown, any::<u32>()).prop_map(|(needs, unknown, scanned)| Known {
        needs,
        unknown,
        scanned_bytes: scanned.into(),
    })
}

/// Preset, constraints, cold share, head-room and budget.
fn deciding() -> impl Strategy<Value = (Preset, Vec<Constraint>, f64, f64, Budget)> {
    let limit = || prop::option::of(1e-3..1e6_f64);
    let constraints = (limit(), limit(), limit(), limit()).prop_map(|(mean, p95, above, million)| {
        let duration = |statistic| move |max_ms| Constraint::Duration { statistic, max_ms };
        [
            mean.map(duration(Statistic::Mean)),
            p95.map(duration(Statistic::P95)),
            above.map(|max_pct| Constraint::CostAboveCheapest { max_pct }),
            million.map(|max| Constraint::CostPerMillion { max }),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    let budget = (
        prop::option::of(1_u32..1000),
        prop::option::of(1e-6..1e3_f64),
        prop::option::of(1_u64..100_000),
    )
        .prop_map(|(invocations, cost, seconds)| Budget {
            invocations,
            cost,
            time_ms: seconds.map(|s| s * 1000),
        });
    let preset = prop::sample::select(Preset::ALL.to_vec());
    (preset, constraints, 0.0..=1.0, 0.1..=9.0, budget)
}

/// What would be sent.
fn bodies(payload: &PayloadSource) -> Option<Vec<(Vec<u8>, f64)>> {
    let PayloadSource::Inline(text) = payload else {
        return None;
    };
    let payloads = Payloads::parse(text, "payload").unwrap();
    Some(
        payloads
            .entries()
            .iter()
            .map(|entry| (entry.body.clone(), entry.weight))
            .collect(),
    )
}

proptest! {
    #[test]
    fn a_written_input_is_read_back(request in request(), payload in payload(), include in any::<bool>()) {
        let mut written = ExecutionInput::new(request, payload);
        written.include_output_results = include;
        let text = written.to_json().unwrap();
        let read = ExecutionInput::parse(&text, &Defaults::default()).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert_eq!(&read.request, &written.request, "{}", text);
        prop_assert_eq!(read.include_output_results, include);
        prop_assert_eq!(bodies(&read.payload), bodies(&written.payload), "{}", text);
        if bodies(&written.payload).is_none() {
            prop_assert_eq!(&read.payload, &written.payload);
        }
        prop_assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        // And once more: from then on it is the same to the letter.
        prop_assert_eq!(ExecutionInput::parse(&read.to_json().unwrap(), &Defaults::default()).unwrap(), read);
    }

    #[test]
    fn no_text_is_too_strange_to_be_read_or_refused(text in "\\PC{0,60}", fields in "[{}\\[\\]\",:a-z0-9 ]{0,60}") {
        for input in [&text, &fields, &format!(r#"{{"lambdaARN": "x", {fields}}}"#)] {
            if let Err(errors) = ExecutionInput::parse(input, &Defaults::default()) {
                let message = errors.to_string();
                prop_assert!(!message.is_empty() && message.len() < 4096);
            }
        }
    }
}

#[test]
fn a_check_that_is_written_is_read_as_it_was() {
    for text in [
        r#"{"lambdaARN": "resize:live", "check": true, "failOn": "p95>800ms,cost>+10%", "baseline": "last", "limits": "guide"}"#,
        r#"{"lambdaARN": "resize", "check": true, "maxP99Ms": 900, "maxCostPerMillion": 3.5, "undecided": "pass",
            "budgetInvocations": 300, "budgetSeconds": 60, "maxConcurrency": 4, "sleepBetweenRunsMs": 10,
            "allowedExceptions": ["NotReady"], "disablePayloadLogs": true, "payload": {"a": 1.50}}"#,
        r#"{"lambdaARN": "resize", "check": true, "baseline": "01995b5e-0000-7000-8000-000000000000"}"#,
    ] {
        let read = ExecutionInput::parse(text, &Defaults::default()).unwrap();
        assert!(read.check.is_some());
        let written = read.to_json().unwrap();
        assert_eq!(
            ExecutionInput::parse(&written, &Defaults::default()).unwrap(),
            read,
            "{written}"
        );
    }
}
