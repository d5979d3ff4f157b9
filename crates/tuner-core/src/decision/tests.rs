use super::*;
use crate::assessment::{Colds, Measured};
use crate::curve::Sample;
use crate::pricing::Rate;
use crate::{Objective, Question, Statistic};
use proptest::prelude::*;

/// Five invocations around `ms`, 0.5 % apart. In these tests an invocation costs what its GB-seconds are.
fn size(mb: u32, ms: f64) -> Measured {
    scattered(mb, [-0.01, -0.005, 0.0, 0.005, 0.01].map(|d| ms * (1.0 + d)))
}

fn scattered(memory_size_mb: u32, durations: [f64; 5]) -> Measured {
    let sample = |ms| Sample {
        ms,
        billed_ms: ms,
        payload: 0,
    };
    Measured {
        memory_size_mb,
        samples: durations.map(sample).to_vec(),
        cold: None,
        max_memory_used_mb: Some(60),
    }
}

fn ask(objective: Objective, present: u32) -> Question {
    Question {
        present_memory_size_mb: Some(present),
        ..Question::plain(objective, Rate::GB_SECONDS, (128, 10_240))
    }
}

fn chosen(sizes: &[Measured], objective: Objective, present: u32) -> (Verdict, Option<u32>) {
    let d = decide(sizes, &ask(objective, present));
    (d.verdict, d.memory_size_mb)
}

#[test]
fn each_objective_takes_its_own_size() {
    // GB-seconds: 0.25, 0.12, 0.173.
    let sizes = [size(128, 2000.0), size(512, 240.0), size(1769, 100.0)];
    assert_eq!(chosen(&sizes, Objective::Cost, 128), (Verdict::Move, Some(512)));
    assert_eq!(chosen(&sizes, Objective::Speed, 128), (Verdict::Move, Some(1769)));
    // 0 is speed and 1 is cost, not the other way round.
    let balanced = |cost_weight| chosen(&sizes, Objective::Balanced { cost_weight }, 128).1;
    assert_eq!((balanced(0.0), balanced(1.0)), (Some(1769), Some(512)));
}

#[test]
fn balanced_does_not_depend_on_which_sizes_were_tried() {
    let law = |mb: u32| size(mb, 100.0 + 100_000.0 / f64::from(mb));
    let balanced = Objective::Balanced { cost_weight: 0.5 };
    let few = [512, 1024, 1769].map(law);
    let many = [128, 256, 512, 1024, 1769, 3008, 10_240].map(law);
    assert_eq!(
        decide(&few, &ask(balanced, 64)).memory_size_mb,
        decide(&many, &ask(balanced, 64)).memory_size_mb
    );
}

#[test]
fn equal_cost_takes_the_faster_equal_time_the_cheaper() {
    assert_eq!(
        chosen(&[size(256, 400.0), size(512, 200.0)], Objective::Cost, 128).1,
        Some(512)
    );
    assert_eq!(
        chosen(&[size(512, 200.0), size(1024, 200.0)], Objective::Speed, 128).1,
        Some(512)
    );
}

#[test]
fn inside_the_noise_the_present_size_stays() {
    let noisy = scattered(256, [200.0, 600.0, 280.0, 520.0, 400.0]);
    let best = scattered(288, [220.0, 480.0, 260.0, 400.0, 360.0]);
    let d = decide(&[noisy, best], &ask(Objective::Cost, 256));
    assert_eq!(
        (d.verdict, d.memory_size_mb, d.tied_mb),
        (Verdict::NoClearWinner, Some(256), vec![256, 288])
    );
    let runner_up = d.runner_up.unwrap();
    assert_eq!(runner_up.memory_size_mb, 288);
    assert!((0.5..0.9).contains(&runner_up.probability_better), "{runner_up:?}");
}

#[test]
fn inside_the_noise_a_size_that_is_clearly_better_otherwise_wins() {
    // The same cost, and 90 % faster.
    let sizes = [size(128, 1382.0), size(1769, 100.2)];
    assert_eq!(chosen(&sizes, Objective::Cost, 128), (Verdict::Move, Some(1769)));
    assert_eq!(chosen(&sizes, Objective::Cost, 512), (Verdict::Choose, Some(1769)));
    // The same speed, and 40 % cheaper.
    let sizes = [size(1769, 100.0), size(3008, 99.9)];
    assert_eq!(chosen(&sizes, Objective::Speed, 3008), (Verdict::Move, Some(1769)));
}

#[test]
fn the_present_size_is_kept_when_it_is_best_and_unmeasured_when_it_is_not_there() {
    let sizes = [size(256, 400.0), size(512, 400.0)];
    assert_eq!(chosen(&sizes, Objective::Cost, 256), (Verdict::Keep, Some(256)));
    assert_eq!(chosen(&sizes, Objective::Cost, 3008), (Verdict::Choose, Some(256)));
}

#[test]
fn percentages_agree_with_the_figures_they_compare() {
    let sizes = [size(128, 1000.0), size(512, 125.0)];
    let d = decide(&sizes, &ask(Objective::Cost, 128));
    let (duration, cost) = (d.duration_change.unwrap(), d.cost_change.unwrap());
    assert!((duration.value + 0.875).abs() < 1e-9 && duration.contains(-0.875));
    assert!((cost.value + 0.5).abs() < 1e-9 && cost.contains(-0.5));
    assert!(!cost.contains(-0.4) && !cost.contains(-0.6), "{cost:?}");
    assert!((d.compared[1].cost.value - 0.0625).abs() < 1e-9);
}

fn limited(constraint: Constraint, objective: Objective) -> Question {
    Question {
        constraints: vec![constraint],
        ..ask(objective, 128)
    }
}

#[test]
fn a_limit_on_duration_rules_sizes_out_and_may_rule_out_all() {
    let sizes = [size(128, 1000.0), size(512, 400.0)];
    for statistic in [Statistic::Mean, Statistic::P50, Statistic::P95, Statistic::P99] {
        let limit = |max_ms| limited(Constraint::Duration { statistic, max_ms }, Objective::Cost);
        let d = decide(&sizes, &limit(500.0));
        assert_eq!((d.memory_size_mb, d.excluded[0].memory_size_mb), (Some(512), 128));
        let d = decide(&sizes, &limit(100.0));
        assert_eq!((d.verdict, d.memory_size_mb), (Verdict::ConstraintNotMet, None));
        let closest = d.closest.unwrap();
        assert_eq!((closest.memory_size_mb, closest.limit), (512, 100.0));
        assert!((390.0..450.0).contains(&closest.value), "{closest:?}");
    }
}

#[test]
fn few_samples_have_no_tail_of_their_own() {
    // Nothing above 1.01 s was seen; five samples don't say that p99 is no more.
    let constraint = Constraint::Duration {
        statistic: Statistic::P99,
        max_ms: 1015.0,
    };
    let decision = decide(&[size(128, 1000.0)], &limited(constraint, Objective::Cost));
    assert_eq!(
        (decision.verdict, decision.memory_size_mb),
        (Verdict::CannotTell, Some(128))
    );
    assert!(decision.limits[0].probability_kept < 0.5, "{:?}", decision.limits);
}

#[test]
fn speed_within_a_limit_on_cost() {
    // GB-seconds: 0.125, 0.13, 0.2.
    let sizes = [size(128, 1000.0), size(512, 260.0), size(1024, 200.0)];
    let within = |max_pct| {
        let question = limited(Constraint::CostAboveCheapest { max_pct }, Objective::Speed);
        decide(&sizes, &question).memory_size_mb
    };
    assert_eq!(
        (within(1.0), within(10.0), within(100.0)),
        (Some(128), Some(512), Some(1024))
    );
    let under = |max| {
        let question = limited(Constraint::CostPerMillion { max }, Objective::Speed);
        decide(&sizes, &question)
    };
    assert_eq!(under(150_000.0).memory_size_mb, Some(512));
    assert_eq!(under(10.0).closest.unwrap().memory_size_mb, 128);
}

#[test]
fn cold_starts_count_by_their_share() {
    let cold = |mb, ms, cold_ms| {
        let sample = Sample {
            ms: cold_ms,
            billed_ms: cold_ms,
            payload: 0,
        };
        Measured {
            cold: Colds::of(&[sample]),
            ..size(mb, ms)
        }
    };
    // Warm ones are cheaper at 128 MB, cold ones at 1,024 MB.
    let sizes = [cold(128, 100.0, 20_000.0), cold(1024, 20.0, 1000.0)];
    let asked = |cold_share| Question {
        cold_share,
        ..ask(Objective::Cost, 64)
    };
    assert_eq!(decide(&sizes, &asked(0.0)).memory_size_mb, Some(128));
    let d = decide(&sizes, &asked(0.5));
    assert_eq!(d.memory_size_mb, Some(1024));
    assert!((d.compared[0].duration_ms.value - 10_050.0).abs() < 1e-6);
}

#[test]
fn a_size_that_is_nearly_full_is_not_chosen() {
    let tight = Measured {
        max_memory_used_mb: Some(110),
        ..size(128, 400.0)
    };
    let d = decide(&[tight.clone(), size(256, 300.0)], &ask(Objective::Cost, 512));
    assert_eq!(d.memory_size_mb, Some(256));
    assert!(
        matches!(
            d.excluded[0].reason,
            ExclusionReason::TooLittleHeadroom { used_mb: 110, .. }
        ),
        "{:?}",
        d.excluded
    );
    // Unless there is nothing else, or less is asked for.
    assert_eq!(chosen(std::slice::from_ref(&tight), Objective::Cost, 512).1, Some(128));
    let less = Question {
        headroom: Question::LEAST_HEADROOM,
        ..ask(Objective::Cost, 512)
    };
    assert_eq!(decide(&[tight, size(256, 300.0)], &less).memory_size_mb, Some(128));
}

#[test]
fn more_than_one_vcpu_must_be_worth_it_for_speed() {
    assert_eq!(
        chosen(&[size(1769, 100.0), size(3008, 96.0)], Objective::Speed, 128).1,
        Some(1769)
    );
    assert_eq!(
        chosen(&[size(1769, 100.0), size(3008, 60.0)], Objective::Speed, 128).1,
        Some(3008)
    );
}

#[test]
fn nothing_measured_is_all_failed() {
    assert_eq!(chosen(&[], Objective::Cost, 128), (Verdict::AllFailed, None));
}

proptest! {
    /// Only measured sizes are recommended, and the order in which they are given does not matter.
    #[test]
    fn the_choice_is_measured_and_independent_of_order(
        means in prop::collection::vec(1.0_f64..1000.0, 1..8),
        weight in 0.0_f64..=1.0,
    ) {
        let mut sizes: Vec<Measured> = means.iter().zip(1..).map(|(&ms, i)| size(128 * i, ms)).collect();
        let question = ask(Objective::Balanced { cost_weight: weight }, 300);
        let first = decide(&sizes, &question);
        let mb = first.memory_size_mb.unwrap();
        prop_assert!(sizes.iter().any(|s| s.memory_size_mb == mb));
        sizes.reverse();
        prop_assert_eq!(decide(&sizes, &question).memory_size_mb, Some(mb));
    }
}

proptest! {
    /// A balance with all the weight on one side is that side, in every part of the answer.
    #[test]
    fn all_the_weight_on_one_side_is_that_side(work in 50.0..100_000.0_f64, wait in 0.0..500.0_f64, present in 0..4_usize) {
        let mbs = [256, 512, 1024, 1769];
        let sizes = mbs.map(|mb| size(mb, wait + work / f64::from(mb) * 256.0));
        let answer = |objective| decide(&sizes, &ask(objective, mbs[present]));
        let balanced = |cost_weight| answer(Objective::Balanced { cost_weight });
        prop_assert_eq!(answer(Objective::Cost), balanced(1.0));
        prop_assert_eq!(answer(Objective::Speed), balanced(0.0));
    }
}
