//! What holds for any evidence.

use proptest::prelude::*;
use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Action, Evidence, Fallback, FindingKind, FunctionReview, Gap, ListedFunction, MemoryReview, Missing, SizeEvidence,
    Why, Window,
};

use super::fixture::*;

prop_compose! {
    fn size()(
        // Now and then what no function has, for logs are written by anybody.
        mb in prop_oneof![9 => 128..10_240_u32, 1 => 0..u32::MAX],
        invocations in prop_oneof![9 => 0..5_000_u64, 1 => 0..1_000_000_000_000_u64],
        mean_ms in prop_oneof![9 => 0.5..20_000.0_f64, 1 => Just(0.0)],
        used in prop::option::of(0.01..1.1_f64),
        spread in 1.0..5.0_f64,
        (cold, init_ms) in (0.0..1.0_f64, 0.0..5_000.0_f64),
        (timeouts, out_of_memory, errors) in (0..3_u64, 0..3_u64, 0..9_u64),
    ) -> SizeEvidence {
        let mut size = at(mb, invocations, mean_ms);
        size.max_memory_used_mb = used.map(|share| (f64::from(mb) * share) as u32);
        (size.duration.p95_ms, size.duration.max_ms) = (mean_ms * spread, mean_ms * spread * 1.5);
        size.cold_starts = (invocations as f64 * cold) as u64;
        size.init_sum_ms = size.cold_starts as f64 * init_ms;
        size.billed_duration_ms += size.init_sum_ms as u64;
        (size.timeouts, size.out_of_memory, size.errors) = (timeouts, out_of_memory, errors);
        size
    }
}

prop_compose! {
    fn function()(
        name in "[a-z]{8}",
        mut sizes in prop::collection::vec(size(), 0..4),
        metrics in any::<bool>(),
        hidden in prop::bool::weighted(0.1),
        gap in prop::option::weighted(0.2, (0..5_usize, 0..7_usize)),
        timeout_s in prop::option::of(1..900_u32),
        storage_mb in 512..10_240_u32,
        region in prop::sample::select(vec!["us-east-1", "eu-west-1", "cn-north-1", "mx-central-1"]),
    ) -> (ListedFunction, Evidence) {
        const MISSING: [Missing; 5] = [
            Missing::Configuration, Missing::Metrics, Missing::Logs, Missing::ProvisionedConcurrency, Missing::ComputeOptimizer,
        ];
        const WHY: [Why; 7] = [
            Why::NoAccess, Why::NotFound, Why::Hidden, Why::Empty, Why::Unreadable, Why::Budget, Why::Failed,
        ];
        sizes.sort_by_key(|size| size.memory_size_mb);
        sizes.dedup_by_key(|size| size.memory_size_mb);
        let mut evidence = evidence(sizes);
        if !metrics {
            evidence.metrics = None;
        }
        evidence.gaps.extend(gap.map(|(missing, why)| Gap::new(MISSING[missing], WHY[why], "it is missing")));
        let function = ListedFunction {
            region: Some(region.into()),
            memory_size_mb: evidence.sizes.first().map(|size| size.memory_size_mb),
            timeout_s,
            ephemeral_storage_mb: Some(storage_mb),
            reports_hidden: hidden,
            ..listed(&name)
        };
        (function, evidence)
    }
}

fn head_room_is_kept(function: &FunctionReview) -> Result<(), TestCaseError> {
    let present = function.memory_size_mb().unwrap_or(0);
    let used = function
        .evidence
        .at(present)
        .and_then(|size| size.max_memory_used_mb)
        .unwrap_or(0);
    for advice in &function.advice {
        match &advice.action {
            Action::Tune { memory_sizes_mb } => {
                prop_assert!(
                    memory_sizes_mb.is_sorted() && memory_sizes_mb.contains(&present),
                    "{memory_sizes_mb:?}"
                );
                prop_assert!(memory_sizes_mb.iter().all(|mb| (128..=10_240).contains(mb)));
                let smaller = memory_sizes_mb.iter().filter(|&&mb| mb < present);
                for &mb in smaller {
                    prop_assert!(f64::from(mb) >= f64::from(used) * 1.2, "{mb} MB for {used}");
                }
            }
            Action::SetMemorySize { memory_size_mb } => {
                prop_assert!(
                    *memory_size_mb > present && *memory_size_mb <= 10_240,
                    "{memory_size_mb}"
                );
            }
            Action::SetTimeout { timeout_s } => {
                let too_long = advice.about == FindingKind::TimeoutTooLong;
                prop_assert!(*timeout_s <= 900 && (too_long || Some(*timeout_s) >= function.function.timeout_s));
                let longest_ms = function
                    .evidence
                    .sizes
                    .iter()
                    .map(|size| size.duration.max_ms)
                    .fold(0.0, f64::max);
                prop_assert!(!too_long || f64::from(*timeout_s) * 1000.0 >= longest_ms * 5.0);
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_is_gathered_becomes_a_sound_document(functions in prop::collection::vec(function(), 0..12)) {
        let count = functions.len();
        let review = review(functions);
        prop_assert_eq!(review.functions.len(), count);
        for function in &review.functions {
            head_room_is_kept(function)?;
            prop_assert!(function.monthly.is_some() || function.cost_unknown.is_some());
            for finding in &function.findings {
                prop_assert!(finding.text.ends_with('.') && !finding.text.contains("NaN") && !finding.text.contains("inf"), "{}", finding.text);
                let advised = function.advice.iter().any(|advice| advice.about == finding.kind || matches!(advice.action, Action::Tune { .. }));
                // What failed before a change is mended.
                let mended = finding.kind.is_risk() && finding.text.contains(", until ");
                prop_assert!(advised || mended, "{:?}", finding);
                if let Some(saving) = finding.saving {
                    prop_assert!(saving.at_worst.amount <= saving.at_best.amount + 1e-9);
                    let total = function.monthly.unwrap().bill.total.amount;
                    prop_assert!(saving.at_best.amount <= total + 1e-9);
                }
            }
            let kinds: Vec<FindingKind> = function.findings.iter().map(|finding| finding.kind).collect();
            prop_assert!(kinds.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", kinds);
            // A function is tuned once.
            let tunings = function.advice.iter().filter(|advice| matches!(advice.action, Action::Tune { .. })).count();
            prop_assert!(tunings <= 1, "{tunings} tunings");
        }
        // Rows add up to the totals.
        if let Some(total) = review.totals.monthly {
            let bills = review.functions.iter().filter_map(|f| Some(f.monthly?.bill.total));
            let sum: f64 = bills.filter(|money| money.currency == total.currency).map(|money| money.amount).sum();
            prop_assert!((sum - total.amount).abs() <= 1e-9 * sum.max(1.0));
        }
        let findings: u64 = review.totals.findings.values().sum();
        prop_assert_eq!(findings as usize, review.functions.iter().map(|f| f.findings.len()).sum::<usize>());
        // The document is read back as it was written.
        let json = serde_json::to_string(&review).unwrap();
        prop_assert_eq!(serde_json::from_str::<MemoryReview>(&json).unwrap(), review.clone());
        // Ranking is settled: judged again, nothing moves.
        prop_assert_eq!(review.clone().with_tuned(Default::default()), review);
    }

    /// Twice the window with twice of everything costs a month the same.
    #[test]
    fn a_month_does_not_depend_on_the_window(invocations in 1..100_000_u64, mean_ms in 1.0..5_000.0_f64) {
        let (short, mut long) = (evidence(vec![at(1024, invocations, mean_ms)]), evidence(vec![at(1024, 2 * invocations, mean_ms)]));
        let window = Window { until: month().until + (month().until - month().from), ..month() };
        long.metrics.as_mut().unwrap().window = window;
        let cost = |evidence: Evidence| one(listed("f"), evidence).monthly.unwrap();
        let (short, long) = (cost(short), cost(long));
        prop_assert!((short.invocations - long.invocations).abs() < 1e-6 * short.invocations);
        // The sum of billed durations is a whole number of ms, and so is the number of requests.
        prop_assert!((short.bill.total.amount / long.bill.total.amount - 1.0).abs() < 1.0 / invocations as f64 + 1e-9);
    }

    /// Compared with itself, nothing changed.
    #[test]
    fn nothing_changes_from_a_review_to_itself(functions in prop::collection::vec(function(), 0..8)) {
        let mut names = std::collections::BTreeSet::new();
        let functions: Vec<_> = functions.into_iter().filter(|(f, _)| names.insert(f.name.clone())).collect();
        let gathered = gathered(functions);
        let first = MemoryReview::new(gathered.clone(), PriceTable::embedded(), Fallback::default(), None);
        let second = MemoryReview::new(gathered, PriceTable::embedded(), Fallback::default(), Some(&first));
        let previous = second.previous.as_ref().unwrap();
        prop_assert!(previous.gone.is_empty() && previous.followed == 0 && previous.saved.is_none());
        for function in &second.functions {
            let changes = function.changes.as_ref().unwrap();
            prop_assert!(!changes.is_new && changes.appeared.is_empty() && changes.resolved.is_empty());
        }
        prop_assert_eq!(first.totals, second.totals);
    }
}
