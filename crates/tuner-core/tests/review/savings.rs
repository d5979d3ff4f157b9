//! A smaller size saves between what it would if the duration stayed, and what it would if the duration grew all the way
//! (edge 67).

use tuner_core::review::{
    Evidence, FindingKind, FunctionReview, ListedFunction, OptimizerFinding, ProjectedDuration, Saving, SavingBasis,
    SizeEvidence,
};

use super::fixture::*;

/// 1,024 MB of which 200 are used: 256 would do, a quarter. The month's duration costs 10,000 GB-s.
const DURATION: f64 = 10_000.0 * 0.000_016_666_7;

fn sparing(change: impl FnOnce(&mut Evidence)) -> FunctionReview {
    let mut evidence = usual();
    evidence.sizes[0].max_memory_used_mb = Some(200);
    change(&mut evidence);
    one(listed("f"), evidence)
}

fn saving(function: &FunctionReview) -> Saving {
    function
        .finding(FindingKind::MemoryOverprovisioned)
        .unwrap()
        .saving
        .unwrap()
}

#[test]
fn from_memory_alone_it_is_everything_or_nothing() {
    let saving = saving(&sparing(|_| {}));
    assert_eq!(saving.basis, SavingBasis::Bounds);
    close(saving.at_best.amount, DURATION * 0.75);
    assert_eq!(saving.at_worst.amount, 0.0);
}

#[test]
fn storage_makes_the_worst_case_a_loss() {
    let mut evidence = usual();
    evidence.sizes[0].max_memory_used_mb = Some(200);
    let function = ListedFunction {
        ephemeral_storage_mb: Some(1536),
        ..listed("f")
    };
    let saving = saving(&one(function, evidence));
    // 1 GB for 10,000 s more, three times over.
    close(saving.at_worst.amount, -3.0 * 10_000.0 * 0.000_000_030_9);
    close(saving.at_best.amount, DURATION * 0.75);
}

/// Every invocation takes as long, so that chance has no say.
fn steady(memory_size_mb: u32, invocations: u64, ms: f64) -> SizeEvidence {
    let mut size = at(memory_size_mb, invocations, ms);
    (size.duration.p95_ms, size.duration.p99_ms, size.duration.max_ms) = (ms, ms, ms);
    size
}

fn steadily(change: impl FnOnce(&mut Evidence)) -> Saving {
    saving(&sparing(|evidence| {
        evidence.sizes[0].duration = steady(1024, 1, 100.0).duration;
        change(evidence);
    }))
}

#[test]
fn what_was_seen_at_the_smaller_size_narrows_it() {
    // At 256 MB it took twice as long: half is saved.
    let saving = steadily(|evidence| evidence.sizes.insert(0, steady(256, 500, 200.0)));
    assert_eq!(saving.basis, SavingBasis::SeenAtBothSizes);
    close(saving.at_best.amount, DURATION * 0.5);
    close(saving.at_worst.amount, DURATION * 0.5);
}

#[test]
fn chance_widens_what_was_seen() {
    let saving = saving(&sparing(|evidence| evidence.sizes.insert(0, at(256, 50, 200.0))));
    assert_eq!(saving.basis, SavingBasis::SeenAtBothSizes);
    assert!(
        saving.at_best.amount > DURATION * 0.51 && saving.at_worst.amount < DURATION * 0.49,
        "{saving:?}"
    );
    assert!(saving.at_worst.amount > 0.0);
}

#[test]
fn init_is_as_short_at_any_size_at_best() {
    // Half of what is billed is init, and the other half takes twice as long: 1.5 times as long at a quarter of the size.
    let saving = steadily(|evidence| {
        let size = &mut evidence.sizes[0];
        (size.cold_starts, size.init_sum_ms, size.billed_duration_ms) = (10_000, 10_000_000.0, 20_000_000);
        evidence.sizes.insert(0, steady(256, 500, 200.0));
    });
    close(saving.at_best.amount, 2.0 * DURATION * (1.0 - 1.5 / 4.0));
    close(saving.at_worst.amount, 2.0 * DURATION * 0.5);
}

#[test]
fn what_was_seen_at_a_larger_size_says_what_it_is_at_least() {
    // Twice the memory took 1 / 2^0.5 of the time, so a quarter takes at least 2 times as long, at most 4.
    let saving = steadily(|evidence| evidence.sizes.push(steady(2048, 500, 100.0 / 2_f64.sqrt())));
    close(saving.at_best.amount, DURATION * 0.5);
    assert_eq!(saving.at_worst.amount, 0.0);
}

#[test]
fn a_size_in_between_says_what_it_is_at_least() {
    // Half the memory took twice the time, and so does a quarter at least of that half's: nothing is saved.
    let saving = steadily(|evidence| evidence.sizes.insert(0, steady(512, 500, 200.0)));
    assert_eq!(saving.basis, SavingBasis::SeenAtBothSizes);
    close(saving.at_best.amount, 0.0);
    assert_eq!(saving.at_worst.amount, 0.0);
}

#[test]
fn fewer_than_fifty_at_the_other_size_say_nothing() {
    assert_eq!(
        saving(&sparing(|evidence| evidence.sizes.insert(0, at(256, 49, 200.0)))).basis,
        SavingBasis::Bounds
    );
}

#[test]
fn sizes_that_contradict_each_other_say_nothing() {
    // Faster with less memory, and faster with more: other events, or other code.
    let saving = saving(&sparing(|evidence| {
        evidence.sizes.insert(0, at(256, 500, 90.0));
        evidence.sizes.push(at(2048, 500, 50.0));
    }));
    assert_eq!(saving.basis, SavingBasis::Bounds);
}

fn projection(mb: u32, lower_ms: f64, upper_ms: f64) -> OptimizerFinding {
    OptimizerFinding {
        finding: "NotOptimized".into(),
        reasons: vec!["MemoryOverprovisioned".into()],
        memory_size_mb: Some(mb),
        projected: Some(ProjectedDuration {
            lower_ms: Some(lower_ms),
            expected_ms: None,
            upper_ms: Some(upper_ms),
        }),
        current_memory_size_mb: Some(1024),
    }
}

#[test]
fn compute_optimizers_projection_narrows_it() {
    let function = sparing(|evidence| evidence.compute_optimizer = Some(projection(256, 120.0, 240.0)));
    let saving = saving(&function);
    assert_eq!(saving.basis, SavingBasis::ComputeOptimizer);
    // 1.2 and 2.4 times the duration at a quarter of the size: 0.3 and 0.6 of the cost.
    close(saving.at_best.amount, DURATION * 0.7);
    close(saving.at_worst.amount, DURATION * 0.4);
    let text = &function.finding(FindingKind::MemoryOverprovisioned).unwrap().text;
    assert!(
        text.ends_with("Compute Optimizer says MemoryOverprovisioned and names 256 MB."),
        "{text}"
    );
}

#[test]
fn a_projection_for_a_larger_size_does_not_reach_down() {
    let saving = saving(&sparing(|evidence| {
        evidence.compute_optimizer = Some(projection(512, 120.0, 240.0))
    }));
    assert_eq!(saving.basis, SavingBasis::Bounds);
}

#[test]
fn a_size_that_might_time_out_is_passed_over() {
    // The longest takes 10 s of 30: at 256 MB at worst 40 s, at 384 MB 26.7 s.
    let function = sparing(|evidence| evidence.sizes[0].duration.max_ms = 10_000.0);
    close(saving(&function).at_best.amount, DURATION * 0.625);
    // Of 23 s no smaller size is sure; that is said.
    let function = sparing(|evidence| evidence.sizes[0].duration.max_ms = 23_000.0);
    let finding = function.finding(FindingKind::MemoryOverprovisioned).unwrap();
    assert!(finding.text.contains("beyond the timeout of 30 s"), "{}", finding.text);
}
