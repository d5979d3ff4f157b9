//! What is written is read back as it was: the CLI starts executions with what the door writes.

use proptest::prelude::*;
use tuner_core::{FunctionName, MemorySize, Objective, Payloads};
use tuner_engine::execution::{Defaults, ExecutionInput, PayloadSource, S3Object};
use tuner_engine::{Apply, TuningRequest};

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
        "[a-z][a-z0-9_-]{0,9}".prop_map(Apply::Alias)
    ];
    let numbers = (5_u32..=10_000, 1_u32..=1000, any::<bool>(), 0_u64..=600_000, 0.0..=0.4);
    let sizes = prop::collection::btree_set(128_u32..=10_240, 1..20);
    let flags = any::<[bool; 3]>();
    let rest = (
        prop::option::of(1e-3..1e6_f64),
        prop::option::of(1e-3..1e12_f64),
        prop::option::of(function()),
        prop::option::of(function()),
        prop::collection::vec("[A-Za-z.]{1,12}", 0..3),
        prop::option::of(Just("arn:aws:iam::123456789012:role/tuner".to_owned())),
    );
    (function(), objective, apply, numbers, sizes, flags, rest).prop_map(
        |(function, objective, apply, numbers, sizes, flags, rest)| {
            let (invocations, max_concurrency, parallel, pause_ms, trim_share) = numbers;
            let concurrency = if parallel { invocations.min(max_concurrency) } else { 1 };
            let [keep_messages, only_cold_starts, dry_run] = flags;
            let (max_p95_ms, monthly_invocations, pre_processor, post_processor, allowed_errors, role_arn) = rest;
            TuningRequest {
                function,
                memory_sizes: sizes.into_iter().filter_map(|mb| MemorySize::new(mb).ok()).collect(),
                invocations,
                objective,
                max_p95_ms,
                concurrency,
                max_concurrency,
                pause_ms: if concurrency > 1 { 0 } else { pause_ms },
                trim_share,
                allowed_errors,
                keep_messages,
                monthly_invocations,
                apply,
                only_cold_starts,
                dry_run,
                pre_processor,
                post_processor,
                role_arn,
            }
        },
    )
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
