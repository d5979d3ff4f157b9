//! This month against the last.

use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Evidence, Fallback, FindingKind, Gap, Gathered, ListedFunction, MemoryReview, Missing, RegionReview, SizeEvidence,
    Why,
};

use super::fixture::*;

fn compared(then: Vec<(ListedFunction, Evidence)>, now: Vec<(ListedFunction, Evidence)>) -> MemoryReview {
    compared_with(then, gathered(now))
}

fn compared_with(then: Vec<(ListedFunction, Evidence)>, now: Gathered) -> MemoryReview {
    let then = review(then);
    // What the store holds is what is compared with.
    let then: MemoryReview = serde_json::from_str(&serde_json::to_string(&then).unwrap()).unwrap();
    MemoryReview::new(now, PriceTable::embedded(), Fallback::default(), Some(&then))
}

fn sized(memory_size_mb: u32, size: SizeEvidence) -> (ListedFunction, Evidence) {
    (
        ListedFunction {
            memory_size_mb: Some(memory_size_mb),
            ..listed("f")
        },
        evidence(vec![size]),
    )
}

fn sparing(mb: u32, mean_ms: f64) -> (ListedFunction, Evidence) {
    let (function, mut evidence) = sized(mb, at(mb, 100_000, mean_ms));
    evidence.sizes[0].max_memory_used_mb = Some(200);
    (function, evidence)
}

#[test]
fn the_first_review_compares_with_nothing() {
    let first = review(vec![(listed("f"), usual())]);
    assert!(first.previous.is_none() && first.functions[0].changes.is_none());
}

#[test]
fn functions_come_and_go() {
    let review = compared(
        vec![(listed("stays"), usual()), (listed("goes"), usual())],
        vec![(listed("stays"), usual()), (listed("comes"), usual())],
    );
    let new: Vec<&str> = review
        .functions
        .iter()
        .filter(|f| f.changes.as_ref().unwrap().is_new)
        .map(|f| f.function.name.name())
        .collect();
    assert_eq!(new, ["comes"]);
    let gone: Vec<&str> = review
        .previous
        .as_ref()
        .unwrap()
        .gone
        .iter()
        .map(|name| name.name())
        .collect();
    assert_eq!(gone, ["goes"]);
}

#[test]
fn what_was_not_looked_for_is_not_gone() {
    let then = || vec![(listed("f"), usual())];
    let with_regions = |regions| {
        compared_with(
            then(),
            Gathered {
                regions,
                ..gathered(vec![])
            },
        )
        .previous
        .unwrap()
        .gone
        .len()
    };
    let region = |region: &str, problem: Option<&str>| RegionReview {
        region: region.into(),
        functions: 0,
        problem: problem.map(str::to_owned),
    };
    assert_eq!(with_regions(vec![region("us-east-1", None)]), 1);
    assert_eq!(with_regions(vec![region("us-east-1", Some("AccessDenied"))]), 0);
    assert_eq!(with_regions(vec![region("eu-west-1", None)]), 0);
}

#[test]
fn advice_that_was_followed_shows_what_it_really_saves() {
    // 1,024 MB of which 200 are used, 100 ms. Then 512 MB and 120 ms: 0.06 GB-s instead of 0.1.
    let review = compared(vec![sparing(1024, 100.0)], vec![sparing(512, 120.0)]);
    let changes = review.functions[0].changes.clone().unwrap();
    assert_eq!(changes.memory_size_mb, Some(1024));
    let advice = changes.advice.unwrap();
    assert!(advice.followed && advice.advised_mb.is_none() && advice.expected.is_some());
    close(advice.saved.unwrap().amount, 100_000.0 * 0.04 * 0.000_016_666_7);
    let previous = review.previous.unwrap();
    assert_eq!((previous.advised, previous.followed), (1, 1));
    close(previous.saved.unwrap().amount, 100_000.0 * 0.04 * 0.000_016_666_7);
}

#[test]
fn following_can_cost_more_and_that_is_said() {
    let review = compared(vec![sparing(1024, 100.0)], vec![sparing(512, 300.0)]);
    close(
        review.previous.unwrap().saved.unwrap().amount,
        -100_000.0 * 0.05 * 0.000_016_666_7,
    );
}

#[test]
fn with_too_little_seen_nothing_is_said_of_savings() {
    let (function, mut evidence) = sparing(512, 120.0);
    evidence.sizes[0].invocations = 49;
    let review = compared(vec![sparing(1024, 100.0)], vec![(function, evidence)]);
    let advice = review.functions[0].changes.as_ref().unwrap().advice.unwrap();
    assert_eq!((advice.followed, advice.saved), (true, None));
}

#[test]
fn advice_that_was_not_followed_or_went_the_other_way() {
    let same = compared(vec![sparing(1024, 100.0)], vec![sparing(1024, 100.0)]);
    assert_eq!(
        (same.previous.as_ref().unwrap().advised, same.previous.unwrap().followed),
        (1, 0)
    );
    let larger = compared(vec![sparing(1024, 100.0)], vec![sparing(2048, 100.0)]);
    assert_eq!(larger.previous.unwrap().followed, 0);
    // More was advised, and more was given, if not as much.
    let mut risky = sized(1024, at(1024, 1_000, 100.0));
    risky.1.sizes[0].max_memory_used_mb = Some(1000);
    let review = compared(vec![risky], vec![sized(1100, at(1100, 1_000, 100.0))]);
    let advice = review.functions[0].changes.as_ref().unwrap().advice.unwrap();
    assert_eq!((advice.advised_mb, advice.followed), (Some(1216), true));
}

#[test]
fn a_fifth_slower_at_the_same_size_is_a_regression() {
    let slower = |mean_ms| {
        compared(
            vec![(listed("f"), usual())],
            vec![sized(1024, at(1024, 100_000, mean_ms))],
        )
    };
    let review = slower(121.0);
    let function = &review.functions[0];
    assert_eq!(kinds(function), [FindingKind::Regression]);
    assert!(
        function.findings[0]
            .text
            .starts_with("Mean duration at 1024 MB went from 100 ms to 121 ms (+21 %)"),
        "{}",
        function.findings[0].text
    );
    let changes = function.changes.as_ref().unwrap();
    close(changes.duration_change.unwrap(), 0.21);
    // 0.0166667 + 0.002 of requests before, 0.0201667 + 0.002 after.
    close(
        changes.cost_change.unwrap(),
        (12_100.0 * 0.000_016_666_7 + 0.02) / (10_000.0 * 0.000_016_666_7 + 0.02) - 1.0,
    );
    assert_eq!(changes.appeared, [FindingKind::Regression]);
    assert_eq!(review.totals.findings[&FindingKind::Regression], 1);
    assert_eq!(kinds(&slower(119.0).functions[0]), []);
}

#[test]
fn noise_and_other_sizes_are_no_regression() {
    // Sixty invocations whose 95th percentile is three times the median: the mean is off by a fifth for nothing.
    let scattered = |mean_ms: f64| {
        let mut size = at(1024, 60, mean_ms);
        (size.duration.p50_ms, size.duration.p95_ms, size.duration.p99_ms) =
            (mean_ms * 0.8, mean_ms * 2.4, mean_ms * 4.0);
        sized(1024, size)
    };
    assert_eq!(
        kinds(&compared(vec![scattered(100.0)], vec![scattered(125.0)]).functions[0]),
        []
    );
    let smaller = compared(vec![(listed("f"), usual())], vec![sized(512, at(512, 100_000, 200.0))]);
    assert_eq!(kinds(&smaller.functions[0]), []);
    assert_eq!(smaller.functions[0].changes.as_ref().unwrap().duration_change, None);
}

#[test]
fn how_many_began_cold_is_chance_too() {
    // 3 of 60 cold with 4 s of init, then 6: billed 300 ms each, then 500.
    let cold = |starts: u64| {
        let mut size = at(1024, 60, 100.0);
        (size.cold_starts, size.init_sum_ms) = (starts, starts as f64 * 4_000.0);
        size.billed_duration_ms += starts * 4_000;
        sized(1024, size)
    };
    let review = compared(vec![cold(3)], vec![cold(6)]);
    assert!(review.functions[0].finding(FindingKind::Regression).is_none());
    assert!(review.functions[0].changes.as_ref().unwrap().cost_change.unwrap() > 0.5);
}

#[test]
fn findings_appear_and_are_resolved_unless_nobody_could_look() {
    let resolved = compared(vec![sparing(1024, 100.0)], vec![(listed("f"), usual())]);
    let changes = resolved.functions[0].changes.as_ref().unwrap();
    assert_eq!(
        (changes.resolved.as_slice(), changes.appeared.len()),
        (&[FindingKind::MemoryOverprovisioned][..], 0)
    );
    let mut blind = usual();
    blind.sizes.clear();
    blind.gaps.push(Gap::new(Missing::Logs, Why::NoAccess, "AccessDenied"));
    let blind = compared(vec![sparing(1024, 100.0)], vec![(listed("f"), blind)]);
    let changes = blind.functions[0].changes.as_ref().unwrap();
    assert_eq!(
        (changes.resolved.len(), changes.appeared.as_slice()),
        (0, &[FindingKind::NoAccess][..])
    );
}

#[test]
fn the_same_name_in_two_regions_is_two_functions() {
    let name = "arn:aws:lambda:eu-west-1:123456789012:function:f".parse().unwrap();
    let elsewhere = ListedFunction {
        region: Some("eu-west-1".into()),
        name,
        ..listed("f")
    };
    let review = compared(
        vec![(listed("f"), usual())],
        vec![(listed("f"), usual()), (elsewhere, usual())],
    );
    assert_eq!(
        review
            .functions
            .iter()
            .filter(|f| f.changes.as_ref().unwrap().is_new)
            .count(),
        1
    );
}

#[test]
fn the_cost_of_logs_without_times_is_compared_with_no_month() {
    let of_logs = |window| Gathered {
        window,
        ..gathered(vec![(listed("f"), usual())])
    };
    let month = gathered(Vec::new()).window;
    for (then, now, compared) in [
        (month, month, true),
        (None, month, false),
        (month, None, false),
        (None, None, false),
    ] {
        let review = |window, previous| {
            MemoryReview::new(of_logs(window), PriceTable::embedded(), Fallback::default(), previous)
        };
        let review = review(now, Some(&review(then, None)));
        assert_eq!(review.previous.as_ref().unwrap().monthly.is_some(), compared);
        assert_eq!(
            review.functions[0].changes.as_ref().unwrap().monthly.is_some(),
            compared
        );
        assert!(review.functions[0].monthly.is_some());
    }
}
