//! Measured numbers in the place of bounds.

use std::collections::BTreeMap;

use tuner_core::review::{Action, FindingKind, MemoryReview, SavingBasis, Tuned};
use tuner_core::tuning::TuningStatus;
use tuner_core::{Estimate, Verdict};

use super::fixture::*;

/// Three functions of 1,024 MB that use 200, called more often from one to the next.
fn reviewed() -> MemoryReview {
    let functions = [("a", 100_000), ("b", 200_000), ("c", 300_000)].map(|(name, invocations)| {
        let mut evidence = evidence(vec![at(1024, invocations, 100.0)]);
        evidence.sizes[0].max_memory_used_mb = Some(200);
        (listed(name), evidence)
    });
    review(functions.into())
}

fn names<'a>(functions: impl Iterator<Item = &'a tuner_core::review::FunctionReview>) -> Vec<&'a str> {
    functions.map(|function| function.function.name.name()).collect()
}

fn tuned(verdict: Verdict, memory_size_mb: Option<u32>, cost_change: Option<f64>) -> Tuned {
    Tuned {
        status: Some(TuningStatus::Succeeded),
        verdict: Some(verdict),
        memory_size_mb,
        cost_change: cost_change.map(Estimate::point),
        problem: None,
        ..Tuned::failed("")
    }
}

fn with(review: MemoryReview, name: &str, tuned: Tuned) -> MemoryReview {
    review.with_tuned(BTreeMap::from([(listed(name).name, tuned)]))
}

#[test]
fn the_one_with_the_most_to_save_is_tuned_first() {
    let review = reviewed();
    assert_eq!(names(review.worth_tuning()), ["c", "b", "a"]);
    assert_eq!(review.totals.saving_measured, None);
}

#[test]
fn a_better_size_is_advised_with_what_it_saves() {
    let review = with(reviewed(), "c", tuned(Verdict::Move, Some(512), Some(-0.3)));
    let c = review.functions.iter().find(|f| f.function.name.name() == "c").unwrap();
    let saving = c.finding(FindingKind::MemoryOverprovisioned).unwrap().saving.unwrap();
    // 300,000 invocations: 0.500001 of duration and 0.06 of requests.
    close(saving.at_best.amount, 0.3 * (30_000.0 * 0.000_016_666_7 + 0.06));
    assert_eq!((saving.at_worst, saving.basis), (saving.at_best, SavingBasis::Measured));
    assert_eq!(actions(c), [&Action::SetMemorySize { memory_size_mb: 512 }]);
    assert_eq!(review.totals.saving_measured, Some(saving.at_best));
    // It saves less than could be hoped for, and b is first now.
    assert_eq!(names(review.functions.iter()), ["b", "c", "a"]);
    assert_eq!(names(review.worth_tuning()), ["b", "a"]);
}

#[test]
fn the_present_size_can_be_the_best() {
    for verdict in [Verdict::Keep, Verdict::NoClearWinner] {
        let review = with(reviewed(), "c", tuned(verdict, Some(1024), None));
        let c = review.functions.iter().find(|f| f.function.name.name() == "c").unwrap();
        assert_eq!(actions(c), Vec::<&Action>::new());
        assert_eq!(c.savings().map(|saving| saving.at_best.amount).sum::<f64>(), 0.0);
        assert!(c.findings[0].text.ends_with("Measured: no other size is better."));
    }
}

#[test]
fn a_tuning_that_failed_leaves_the_range() {
    let before = reviewed();
    let after = with(before.clone(), "c", Tuned::failed("no payload"));
    assert_eq!(after.functions[0].findings, before.functions[0].findings);
    assert_eq!(after.totals, before.totals);
    // It is not tuned twice in one review.
    assert_eq!(names(after.worth_tuning()), ["b", "a"]);
}

#[test]
fn what_is_not_in_the_review_is_said() {
    let review = with(reviewed(), "d", Tuned::failed("no payload"));
    assert!(review.warnings[0].contains("function:d"), "{:?}", review.warnings);
}
