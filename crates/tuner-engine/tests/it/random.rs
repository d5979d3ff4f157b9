//! Any function, any faults: it is as before and nothing of ours is left, or what is left is named.

use proptest::prelude::*;
use tuner_core::Objective;
use tuner_core::planning::Preset;
use tuner_engine::TuningRequest;
use tuner_engine::ports::PortErrorKind as Kind;

use crate::simulated::{Fault, Function, When, World, adaptive, request};

fn faults() -> impl Strategy<Value = Vec<(When, Fault)>> {
    let kind = prop::sample::select(vec![
        Kind::Throttled,
        Kind::Conflict,
        Kind::Service,
        Kind::Network,
        Kind::Unreachable,
        Kind::Denied,
        Kind::Precondition,
    ]);
    let fault = prop_oneof![
        4 => kind.clone().prop_map(Fault::Before),
        4 => kind.prop_map(Fault::After),
        1 => Just(Fault::CancelBefore),
        1 => Just(Fault::CancelAfter),
        1 => Just(Fault::CrashBefore),
        1 => Just(Fault::CrashAfter),
    ];
    let when = prop_oneof![8 => (1_u32..90).prop_map(When::At), 1 => (1_u32..90).prop_map(When::From)];
    prop::collection::vec((when, fault), 0..6)
}

fn functions() -> impl Strategy<Value = Function> {
    (
        prop::sample::select(vec![128_u32, 256, 512, 3000]),
        "\\PC{0,256}",
        any::<[bool; 5]>(),
        0_u32..4,
        0_u32..3,
    )
        .prop_map(
            |(mb, description, [history, hidden, done, publishing, counts], polls, version_polls)| {
                let mut function = Function::new(mb);
                if history {
                    function = function.with_history();
                }
                function.latest.description = description;
                function.rules.variables_hidden = hidden;
                function.rules.moves_when_done = done;
                function.rules.publishing_moves = publishing;
                function.rules.description_counts = counts;
                function.rules.polls_per_update = polls;
                function.rules.polls_per_version = version_polls;
                function
            },
        )
}

/// A grid, or sizes chosen by what was measured: from a list, or from all.
fn requests() -> impl Strategy<Value = TuningRequest> {
    let sizes = || prop::sample::subsequence(vec![128_u32, 256, 512, 1024, 5307], 1..4);
    let preset = prop::sample::select(vec![Preset::Frugal, Preset::Standard, Preset::Thorough]);
    let objective = prop::sample::select(vec![
        Objective::Cost,
        Objective::Speed,
        Objective::Balanced { cost_weight: 0.5 },
    ]);
    let chosen = (preset, prop_oneof![sizes(), Just(vec![])], objective);
    prop_oneof![
        sizes().prop_map(|sizes| request(&sizes)),
        chosen.prop_map(|(preset, sizes, objective)| adaptive(preset, &sizes).with(|o| o.objective = objective)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases * 3 / 2))]
    #[test]
    fn the_function_comes_back(function in functions(), faults in faults(), asked in requests()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new(function);
            let before = world.lambda.with(|f| f.facts());
            for (when, fault) in &faults {
                world.lambda.inject(*when, *fault);
            }
            let (leftovers, crashed) = match world.tune(&asked).await {
                None => (Vec::new(), true),
                Some(Ok(tuning)) => (tuning.leftovers, false),
                Some(Err(failure)) => (failure.leftovers, false),
            };
            world.lambda.heal();
            if crashed || !leftovers.is_empty() {
                let restored = world.restore().await;
                assert!(restored.leftovers.is_empty(), "{restored:?}");
            }
            assert_eq!(world.lambda.with(|f| f.facts()), before, "leftovers: {leftovers:?}");
        });
    }
}
