//! Every fault at every call of a tuning: afterwards the function is as it was, or what is left is named.

use std::collections::BTreeMap;

use tuner_core::planning::Preset;
use tuner_core::tuning::TuningStatus;
use tuner_core::{Objective, Remedy};
use tuner_engine::marker::REST_VARIABLE;
use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::{TuningError, TuningRequest};

use crate::simulated::{Facts, Fault, Foreign, Function, When, World, adaptive, request};

pub const FAULTS: [Fault; 24] = [
    Fault::Before(Kind::Throttled),
    Fault::Before(Kind::Conflict),
    Fault::Before(Kind::Service),
    Fault::Before(Kind::Precondition),
    Fault::Before(Kind::Denied),
    Fault::Before(Kind::Unreachable),
    Fault::Before(Kind::NotFound),
    Fault::Before(Kind::Invalid),
    Fault::After(Kind::Service),
    Fault::After(Kind::Network),
    Fault::Late { calls: 1 },
    Fault::Late { calls: 2 },
    Fault::Foreign(Foreign::Code),
    Fault::Foreign(Foreign::Memory),
    Fault::Foreign(Foreign::Description),
    Fault::Foreign(Foreign::Variables),
    Fault::Foreign(Foreign::Settings),
    Fault::Foreign(Foreign::RevisionOnly),
    Fault::Foreign(Foreign::Publish),
    Fault::Foreign(Foreign::DeleteFunction),
    Fault::CancelBefore,
    Fault::CancelAfter,
    Fault::CrashBefore,
    Fault::CrashAfter,
];

/// Faults that do not go away.
pub const LASTING: [Fault; 6] = [
    Fault::Before(Kind::Throttled),
    Fault::Before(Kind::Service),
    Fault::Before(Kind::Denied),
    Fault::Before(Kind::Unreachable),
    Fault::Before(Kind::Precondition),
    Fault::After(Kind::Network),
];

fn plain() -> Function {
    Function::new(256).with_history()
}

/// A description that leaves no room beside the mark.
fn wordy() -> Function {
    let mut function = plain();
    function.latest.description = "ä".repeat(250);
    function
}

async fn sweep(name: &str, make: fn() -> Function, sizes: &[u32]) {
    sweep_of(name, make, &request(sizes)).await;
}

async fn sweep_of(name: &str, make: fn() -> Function, asked: &TuningRequest) {
    let world = World::new(make());
    let before = world.lambda.with(|f| f.facts());
    let tuning = world.tune(asked).await.unwrap().unwrap();
    assert_eq!(tuning.status, TuningStatus::Succeeded, "{name}");
    assert_eq!(world.lambda.with(|f| f.facts()), before, "{name}");
    assert_eq!(tuning.leftovers, [""; 0], "{name}");
    let undisturbed = Undisturbed {
        chosen_mb: tuning.decision.memory_size_mb,
        records: tuning.records.len(),
        invoked: world.lambda.invoked(),
    };
    let calls = world.lambda.calls();
    let mut failures = Vec::new();
    for call in 1..=calls.len() as u32 {
        let once = FAULTS.iter().map(|&fault| (When::At(call), fault));
        let lasting = LASTING.iter().map(|&fault| (When::From(call), fault));
        for (when, fault) in once.chain(lasting) {
            let world = World::new(make());
            let operation = calls[call as usize - 1].operation;
            // Said of a version, it is no failure.
            if fault == Fault::Before(Kind::NotFound) && operation == "DeleteFunction" {
                continue;
            }
            world.lambda.inject(when, fault);
            if let Err(problem) = check(&world, asked, (when, fault), &undisturbed).await {
                failures.push(format!("{name}: {fault:?} {when:?} ({operation}): {problem}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} calls x {} faults:\n{}",
        failures.len(),
        calls.len(),
        FAULTS.len() + LASTING.len(),
        failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
    );
}

struct Undisturbed {
    chosen_mb: Option<u32>,
    records: usize,
    invoked: BTreeMap<u32, u32>,
}

async fn check(
    world: &World,
    asked: &TuningRequest,
    (when, fault): (When, Fault),
    undisturbed: &Undisturbed,
) -> Result<(), String> {
    let lasting = matches!(when, When::From(_));
    // It makes up for what an invocation did not tell, where that takes it.
    let is_adaptive = asked.options.preset != Preset::Grid;
    let before = world.lambda.with(|f| f.facts());
    let mut expected = world.lambda.with(|f| f.clone());
    if let Fault::Foreign(foreign) = fault {
        foreign.change(&mut expected);
    }
    let expected = expected.facts();
    let result = world.tune(asked).await;
    let leftovers = match &result {
        None => vec!["crashed".to_owned()],
        Some(Ok(tuning)) => tuning.leftovers.clone(),
        Some(Err(failure)) => failure.leftovers.clone(),
    };
    match &result {
        Some(Ok(tuning)) => {
            // A version that is gone costs its size, and only that.
            let gone = matches!(
                fault,
                Fault::Before(Kind::NotFound) | Fault::Foreign(Foreign::DeleteFunction)
            );
            let chose_otherwise = tuning.decision.memory_size_mb != undisturbed.chosen_mb;
            if tuning.status == TuningStatus::Succeeded && !lasting && !gone && chose_otherwise {
                return Err(format!("chose {:?}", tuning.decision));
            }
            let attempts = world.lambda.calls().iter().filter(|c| c.operation == "Invoke").count();
            let ambiguous = matches!(
                fault,
                Fault::Late { .. } | Fault::After(_) | Fault::Before(Kind::Service | Kind::Network)
            );
            // A call that may have run has its record and is never made again.
            if ambiguous && tuning.records.len() != attempts {
                return Err(format!("{attempts} attempts, {} records", tuning.records.len()));
            }
            if !gone && !ambiguous && !lasting && !is_adaptive && tuning.records.len() != undisturbed.records {
                return Err(format!("has {} records", tuning.records.len()));
            }
        }
        Some(Err(failure)) => {
            let cancelled = matches!(fault, Fault::CancelBefore | Fault::CancelAfter);
            if cancelled && !matches!(failure.error, TuningError::Interrupted) {
                return Err(format!("ended with {failure}"));
            }
            if matches!(fault, Fault::Foreign(Foreign::RevisionOnly)) {
                return Err(format!("stopped for a revision alone: {failure}"));
            }
        }
        None => {}
    }
    // A lasting 429 or failure makes more calls at the planner's word, never at the sampler's own.
    for (mb, count) in world.lambda.invoked() {
        let most = undisturbed.invoked.get(&mb).copied();
        if most.is_none_or(|most| count > most) && !is_adaptive {
            return Err(format!("{count} invocations at {mb} MB"));
        }
    }
    if !world.lambda.exists() {
        return Ok(());
    }
    if leftovers.is_empty() {
        return same(world, &expected, &before, fault);
    }
    let remedies = match &result {
        None => &Vec::new(),
        Some(Ok(tuning)) => &tuning.remedies,
        Some(Err(failure)) => &failure.remedies,
    };
    let says_how = remedies.iter().any(|remedy| matches!(remedy, Remedy::Restore { .. }));
    if result.is_some() && !says_how {
        return Err(format!("does not say how: {leftovers:?} {remedies:?}"));
    }
    world.lambda.heal();
    let restored = world.restore().await;
    if !restored.leftovers.is_empty() {
        return Err(format!("restore left {:?}", restored.leftovers));
    }
    same(world, &expected, &before, fault)
}

fn same(world: &World, expected: &Facts, before: &Facts, fault: Fault) -> Result<(), String> {
    world.lambda.heal();
    let mut now = world.lambda.with(|f| f.facts());
    if fault == Fault::Foreign(Foreign::Publish) {
        // Their version stays; what else is there is as before.
        now.versions.retain(|n, _| before.versions.contains_key(n));
        return if now == *before {
            Ok(())
        } else {
            Err(format!("{now:#?}"))
        };
    }
    if now.variables.as_ref().is_some_and(|v| v.contains_key(REST_VARIABLE)) {
        return Err("the rest variable is still there".to_owned());
    }
    if now == *expected {
        Ok(())
    } else {
        Err(format!("left as {now:?}"))
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_at_every_call() {
    sweep("plain", plain, &[128, 512]).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_with_the_original_size_among_the_sizes() {
    sweep("original among them", plain, &[256, 512]).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_with_a_description_that_fills_its_room() {
    sweep("wordy", wordy, &[128, 512]).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_with_variables_that_cannot_be_read() {
    sweep(
        "hidden variables",
        || {
            let mut f = plain();
            f.rules.variables_hidden = true;
            f
        },
        &[128, 512],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_when_revisions_move_otherwise() {
    sweep(
        "still revisions",
        || {
            let mut f = plain();
            f.rules.moves_when_done = false;
            f.rules.publishing_moves = false;
            f.rules.polls_per_update = 3;
            f
        },
        &[128, 512],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_with_a_description_that_looks_like_ours() {
    sweep(
        "funny",
        || {
            let mut f = plain();
            f.latest.description = "[tuner 1>2] [tuner ] tuner x 5 MB".to_owned();
            f
        },
        &[128, 512],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_with_versions_that_take_a_while() {
    sweep(
        "slow versions",
        || {
            let mut f = plain();
            f.rules.polls_per_version = 3;
            f
        },
        &[128, 512],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_while_sizes_are_chosen_from_a_list() {
    sweep_of("frugal", plain, &adaptive(Preset::Frugal, &[128, 512, 3008])).await;
}

/// Speed leads past 3,008 MB, so that versions are published twice.
#[tokio::test(start_paused = true)]
async fn every_fault_while_sizes_are_published_twice() {
    let asked = adaptive(Preset::Frugal, &[512, 3008, 5307]).with(|o| o.objective = Objective::Speed);
    sweep_of("frugal, twice", plain, &asked).await;
}
