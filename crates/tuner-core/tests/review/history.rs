//! This month against the last.

use tuner_core::Verdict;
use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Action, Evidence, Fallback, FindingKind, Gap, Gathered, ListedFunction, MemoryReview, Missing, RegionReview,
    SizeEvidence, Tuned, Why, Worse,
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
    // A quarter slower and a third cheaper.
    let smaller = compared(vec![(listed("f"), usual())], vec![sized(512, at(512, 100_000, 125.0))]);
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

/// A function at 1,024 MB, and what came of it at `after_mb`.
fn resized(after_mb: u32, mean_ms: f64, change: impl FnOnce(&mut SizeEvidence)) -> MemoryReview {
    let mut after = at(after_mb, 100_000, mean_ms);
    change(&mut after);
    compared(vec![sparing(1024, 100.0)], vec![sized(after_mb, after)])
}

#[test]
fn a_change_that_made_a_function_slower_is_no_success_and_has_a_way_back() {
    let review = resized(128, 700.0, |_| ());
    let f = &review.functions[0];
    let resized = f.changes.as_ref().unwrap().resized.as_ref().unwrap();
    assert_eq!(
        (resized.before.memory_size_mb, resized.after.memory_size_mb),
        (1024, 128)
    );
    close(resized.duration_change, 6.0);
    assert_eq!(resized.worse, [Worse::Slower]);
    let text = &f.finding(FindingKind::Regression).unwrap().text;
    assert!(
        text.starts_with("Since it went from 1024 to 128 MB it is slower: mean duration 100 ms to 700 ms (+600 %)"),
        "{text}"
    );
    for figure in [
        "p95",
        "p99",
        "time-outs 0 to 0",
        "out of memory 0 to 0",
        "errors",
        "memory used 200 to",
    ] {
        assert!(text.contains(figure), "{text}");
    }
    assert_eq!(actions(f), [&Action::SetMemorySize { memory_size_mb: 1024 }]);
}

#[test]
fn time_outs_and_failures_for_want_of_memory_count_though_it_is_no_slower() {
    let review = resized(256, 100.0, |after| after.timeouts = 300);
    let worse = |review: &MemoryReview| {
        review.functions[0]
            .changes
            .as_ref()
            .unwrap()
            .resized
            .as_ref()
            .unwrap()
            .worse
            .clone()
    };
    assert_eq!(worse(&review), [Worse::TimesOut]);
    let review = resized(256, 100.0, |after| after.out_of_memory = 300);
    assert_eq!(worse(&review), [Worse::OutOfMemory]);
    assert_eq!(
        actions(&review.functions[0]),
        [&Action::SetMemorySize { memory_size_mb: 1024 }]
    );
    // One in a hundred thousand is chance.
    let review = resized(256, 100.0, |after| after.timeouts = 1);
    assert!(worse(&review).is_empty());
}

#[test]
fn slower_and_much_cheaper_may_be_what_was_wanted() {
    let review = resized(512, 125.0, |_| ());
    let f = &review.functions[0];
    let resized = f.changes.as_ref().unwrap().resized.as_ref().unwrap();
    assert!(
        resized.worse.is_empty() && resized.cost_change.unwrap() < -0.3,
        "{resized:?}"
    );
    assert!(f.finding(FindingKind::Regression).is_none());
}

#[test]
fn back_is_not_advised_to_where_more_was_needed() {
    let then = vec![sized(512, at(512, 100_000, 100.0))];
    let mut after = at(1024, 100_000, 150.0);
    after.max_memory_used_mb = Some(700);
    let review = compared(then, vec![sized(1024, after)]);
    let f = &review.functions[0];
    assert!(f.finding(FindingKind::Regression).is_some());
    assert_eq!(actions(f)[0], &Action::Investigate);
}

#[test]
fn sizes_of_earlier_reviews_narrow_what_is_known() {
    // At 512 MB it took twice as long: its time is work, and costs as much at either size.
    let earlier = vec![sized(512, at(512, 100_000, 200.0))];
    let now = vec![sparing(1024, 100.0)];
    let alone = review(now.clone());
    let with = compared(earlier, now);
    let saving = |review: &MemoryReview| {
        let finding = review.functions[0].finding(FindingKind::MemoryOverprovisioned);
        finding.unwrap().saving.unwrap()
    };
    assert!(alone.functions[0].finding(FindingKind::CpuBound).is_none());
    assert!(with.functions[0].finding(FindingKind::CpuBound).is_some());
    assert_eq!(with.functions[0].evidence.earlier[0].memory_size_mb, 512);
    assert!(saving(&with).at_best.amount < saving(&alone).at_best.amount / 2.0);
    // And they stay known a review later.
    let third = MemoryReview::new(
        gathered(vec![sparing(1024, 100.0)]),
        PriceTable::embedded(),
        Fallback::default(),
        Some(&with),
    );
    assert_eq!(third.functions[0].evidence.earlier[0].memory_size_mb, 512);
}

#[test]
fn what_was_used_at_another_size_bounds_what_is_advised() {
    let mut large = at(2048, 100_000, 90.0);
    large.max_memory_used_mb = Some(500);
    let review = compared(vec![sized(2048, large)], vec![sparing(1024, 100.0)]);
    let sizes = review.functions[0].tuning_sizes().unwrap();
    assert_eq!(sizes[0], 640, "{sizes:?}");
}

#[test]
fn a_tuning_of_the_same_code_is_not_advised_again() {
    let with_code = |code: &str| {
        let (function, evidence) = sparing(1024, 100.0);
        (
            ListedFunction {
                code_sha256: Some(code.to_owned()),
                ..function
            },
            evidence,
        )
    };
    let tuned = |verdict, mb| Tuned {
        verdict: Some(verdict),
        memory_size_mb: mb,
        code_sha256: Some("a".to_owned()),
        problem: None,
        ..Tuned::failed("")
    };
    let then = |tuned: Tuned| {
        let (function, evidence) = with_code("a");
        let name = function.name.clone();
        review(vec![(function, evidence)]).with_tuned(std::collections::BTreeMap::from([(name, tuned)]))
    };
    let next = |then: &MemoryReview, code| {
        MemoryReview::new(
            gathered(vec![with_code(code)]),
            PriceTable::embedded(),
            Fallback::default(),
            Some(then),
        )
    };
    let kept = then(tuned(Verdict::Keep, None));
    let again = next(&kept, "a");
    assert!(actions(&again.functions[0]).is_empty());
    let text = &again.functions[0]
        .finding(FindingKind::MemoryOverprovisioned)
        .unwrap()
        .text;
    assert!(text.contains("The same code was measured"), "{text}");
    // And not a month later either.
    assert!(actions(&next(&again, "a").functions[0]).is_empty());
    // Other code is another function.
    assert!(next(&kept, "b").functions[0].tuning_sizes().is_some());
    // What was found then is what to do still.
    let moved = then(tuned(Verdict::Move, Some(512)));
    assert_eq!(
        actions(&next(&moved, "a").functions[0]),
        [&Action::SetMemorySize { memory_size_mb: 512 }]
    );
}
