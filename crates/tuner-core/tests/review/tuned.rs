//! Measured numbers in the place of bounds.

use std::collections::BTreeMap;

use tuner_core::review::{
    Action, FindingKind, MemoryReview, Nearer, OptimizerFinding, ProjectedDuration, SavingBasis, Tuned,
};
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
fn a_size_that_production_would_outgrow_is_not_advised() {
    // The payload needed little; in the logs 200 MB were used.
    let before = reviewed();
    let after = with(before.clone(), "c", tuned(Verdict::Move, Some(128), Some(-0.8)));
    assert_eq!(after.functions[0].advice, before.functions[0].advice);
    assert_eq!(after.totals.saving_measured, None);
    let problem = after.functions[0].tuned.as_ref().unwrap().problem.as_ref().unwrap();
    assert!(
        problem.starts_with("128 MB did best, and would leave too little above the 200 MB"),
        "{problem}"
    );
}

#[test]
fn a_tuning_becomes_what_came_of_it() {
    let read = |text: &str| Tuned::of(&serde_json::from_str(text).unwrap(), Some("report.html".into()));
    let moved = read(include_str!("../../../../reports/adaptive/tuning.json"));
    assert_eq!((moved.verdict, moved.memory_size_mb), (Some(Verdict::Move), Some(1769)));
    assert!(moved.cost.is_some() && moved.problem.is_none() && moved.report.is_some());
    // On somebody's machine nothing was paid.
    assert!(
        read(include_str!("../../../../reports/hash/tuning.json"))
            .cost
            .is_none()
    );
    let unmet = read(include_str!("../../../../reports/limit-not-met/tuning.json"));
    assert_eq!(
        (unmet.verdict, unmet.memory_size_mb),
        (Some(Verdict::ConstraintNotMet), None)
    );
}

#[test]
fn more_memory_that_is_cheaper_is_a_saving_too() {
    let mut evidence = evidence(vec![at(512, 1_000, 3_000.0), at(1024, 1_000, 1_500.0)]);
    evidence.sizes[0].max_memory_used_mb = Some(400);
    let function = tuner_core::review::ListedFunction {
        memory_size_mb: Some(512),
        ..listed("f")
    };
    let review = with(
        review(vec![(function, evidence)]),
        "f",
        tuned(Verdict::Move, Some(1024), Some(-0.1)),
    );
    let function = &review.functions[0];
    assert_eq!(actions(function), [&Action::SetMemorySize { memory_size_mb: 1024 }]);
    assert!(
        function
            .finding(FindingKind::CpuBound)
            .unwrap()
            .saving
            .unwrap()
            .at_best
            .amount
            > 0.0
    );
    assert!(review.totals.saving_measured.is_some());
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

/// Compute Optimizer's estimate beside ours, once the size that it names was measured.
#[test]
fn whose_estimate_was_nearer_is_said_after_measuring() {
    let beside = |expected_ms: f64, measured_ms: f64| {
        let mut evidence = evidence(vec![at(1024, 10_000, 100.0)]);
        evidence.sizes[0].max_memory_used_mb = Some(100);
        evidence.compute_optimizer = Some(OptimizerFinding {
            finding: "NotOptimized".into(),
            reasons: vec!["MemoryOverprovisioned".into()],
            memory_size_mb: Some(512),
            projected: Some(ProjectedDuration {
                lower_ms: None,
                expected_ms: Some(expected_ms),
                upper_ms: None,
            }),
            current_memory_size_mb: Some(1024),
        });
        let before = review(vec![(listed("f"), evidence)]);
        assert!(before.functions[0].beside.is_none());
        let measured = Tuned {
            from_mb: Some(1024),
            mean_ms: BTreeMap::from([(512, measured_ms), (1024, 100.0)]),
            ..tuned(Verdict::Move, Some(512), Some(-0.3))
        };
        with(before, "f", measured).functions[0].beside.unwrap()
    };
    // Without another size seen, ours is from as long to twice as long.
    let as_they_said = beside(110.0, 112.0);
    assert_eq!(as_they_said.nearer(), Nearer::Theirs);
    assert_eq!((as_they_said.ours_at_least, as_they_said.ours_at_most), (1.0, 2.0));
    assert_eq!(beside(100.0, 150.0).nearer(), Nearer::Ours);
    assert_eq!(beside(200.0, 141.0).nearer(), Nearer::Ours);
}

/// A tuning of other code, or from another size, answers nothing of the present ones.
#[test]
fn a_tuning_from_another_size_is_told_and_not_followed() {
    let from_512 = Tuned {
        from_mb: Some(512),
        ..tuned(Verdict::Move, Some(256), Some(-0.3))
    };
    let review = with(reviewed(), "a", from_512);
    let a = review.functions.iter().find(|f| f.function.name.name() == "a").unwrap();
    assert!(a.tuning_sizes().is_some(), "{:?}", a.advice);
    let problem = a.tuned.as_ref().unwrap().problem.as_deref().unwrap();
    assert!(problem.contains("512 MB"), "{problem}");
}
