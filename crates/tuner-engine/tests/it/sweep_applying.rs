//! Every fault at every call of a tuning whose recommendation is applied: what is said is what is there.

use std::collections::BTreeMap;

use tuner_core::{Remedy, Tuning};
use tuner_engine::marker::{applied_by, version_owner};
use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::{Apply, TuningRequest};

use crate::simulated::{Facts, Fault, Foreign, Function, When, World, request};
use crate::sweep::{FAULTS, LASTING};

const BEFORE_MB: u32 = 256;
const CHOSEN_MB: u32 = 512;

fn function() -> Function {
    Function::new(BEFORE_MB).deployed()
}

async fn sweep(apply: Apply) {
    let asked = request(&[128, CHOSEN_MB]).with(|o| o.apply = apply);
    let calls = {
        let world = World::new(function());
        let tuning = world.tune(&asked).await.unwrap().unwrap();
        assert!(tuning.applied.is_some(), "{:?}", tuning.leftovers);
        world.lambda.calls()
    };
    let mut failures = Vec::new();
    for call in 1..=calls.len() as u32 {
        let once = FAULTS.iter().map(|&fault| (When::At(call), fault));
        let moved = [(When::At(call), Fault::Foreign(Foreign::MoveAlias))];
        let lasting = LASTING.iter().map(|&fault| (When::From(call), fault));
        for (when, fault) in once.chain(moved).chain(lasting) {
            let world = World::new(function());
            world.lambda.inject(when, fault);
            let operation = calls[call as usize - 1].operation;
            // Said of a version, it is no failure.
            if fault == Fault::Before(Kind::NotFound) && operation == "DeleteFunction" {
                continue;
            }
            if let Err(problem) = check(&world, &asked, (when, fault), operation).await {
                failures.push(format!("{fault:?} {when:?} ({operation}): {problem}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
    );
}

/// Versions that were not there before.
fn new_versions<'a>(now: &'a Facts, before: &Facts) -> BTreeMap<u64, &'a (String, u32)> {
    let added = now.versions.iter().filter(|(n, _)| !before.versions.contains_key(n));
    added.map(|(&n, version)| (n, version)).collect()
}

async fn check(
    world: &World,
    asked: &TuningRequest,
    (when, fault): (When, Fault),
    operation: &str,
) -> Result<(), String> {
    let before = world.lambda.with(|f| f.facts());
    let is_foreign = matches!(fault, Fault::Foreign(_));
    let result = world.tune(asked).await;
    // A size whose version is gone can't be chosen.
    let chosen_mb = match &result {
        Some(Ok(tuning)) => tuning.decision.memory_size_mb.unwrap_or(CHOSEN_MB),
        _ => CHOSEN_MB,
    };
    if !world.lambda.exists() {
        return Ok(());
    }
    world.lambda.heal();
    let now = world.lambda.with(|f| f.facts());
    let (name, to_alias) = match &asked.options.apply {
        Apply::Alias { name, .. } => (name.as_str(), true),
        _ => ("live", false),
    };
    let target = |facts: &Facts| facts.aliases.get(name).map(|alias| alias.version);
    let (latest_moved, alias_moved) = (now.memory_size_mb == chosen_mb, target(&now) != target(&before));
    let alias_mb = target(&now).map(|version| now.versions[&version].1);
    if !is_foreign && alias_moved && alias_mb != Some(chosen_mb) {
        return Err(format!("the alias got {alias_mb:?} MB"));
    }
    let words = match &result {
        // The process ended in the middle: what it left can be found on the function.
        None => {
            let restored = world.restore().await;
            if !restored.leftovers.is_empty() {
                return Err(format!("restore left {:?}", restored.leftovers));
            }
            let now = world.lambda.with(|f| f.facts());
            let found = new_versions(&now, &before);
            let temporary = found.values().filter(|(text, _)| version_owner(text).is_some()).count();
            if temporary > 0 || found.len() > 1 || now.description != before.description {
                return Err(format!("left as {now:#?}"));
            }
            if let Some((number, (text, _))) = found.iter().next() {
                let owner = applied_by(text).ok_or_else(|| format!("version {number} names no tuning: {text}"))?;
                world.restore_tuning(owner).await;
                let gone = !world.lambda.with(|f| f.versions.contains_key(number));
                let used = now.aliases.values().any(|alias| alias.version == *number);
                if gone == used {
                    return Err(format!("version {number}: gone {gone}, used {used}"));
                }
            }
            return Ok(());
        }
        Some(Err(failure)) => {
            // Nothing was decided, so nothing was applied. A configuration that is not back is the other sweep's.
            let applied = alias_moved || (latest_moved && failure.leftovers.is_empty());
            return match !is_foreign && applied {
                true => Err(format!("applied by a tuning that failed: {now:?}")),
                false => Ok(()),
            };
        }
        Some(Ok(tuning)) => match &tuning.applied {
            Some(words) => {
                let done = latest_moved && (!to_alias || (alias_moved && alias_mb == Some(chosen_mb)));
                if !done && !is_foreign {
                    return Err(format!("said `{words}`, is {now:?}"));
                }
                format!("{words}; {}", tuning.leftovers.join("; "))
            }
            None => tuning.leftovers.join("; "),
        },
    };
    let applied = matches!(&result, Some(Ok(tuning)) if tuning.applied.is_some());
    // What is open is said to be open.
    let is_open = words.contains("may have");
    if !applied && !is_open && !is_foreign {
        let said_latest = ["$LATEST moved", "$LATEST was given"]
            .iter()
            .any(|said| words.contains(said))
            || words.contains(&format!("$LATEST has {chosen_mb} MB"));
        if said_latest != latest_moved || (alias_moved && to_alias) {
            return Err(format!("said `{words}`, is {now:?}"));
        }
    }
    // One failure in passing keeps nobody from applying, unless it says that it is for good.
    let passing = matches!(
        fault,
        Fault::Before(Kind::Throttled | Kind::Conflict | Kind::Service | Kind::Precondition | Kind::Unreachable)
            | Fault::After(_)
            | Fault::Late { .. }
            | Fault::Foreign(Foreign::RevisionOnly)
    );
    // Who only reads has no revision that could be stale.
    let reads = operation.starts_with("Get") || operation.starts_with("List");
    let passing = passing && !(reads && fault == Fault::Before(Kind::Precondition));
    // An invocation whose answer was lost leaves less to decide by.
    if passing && matches!(when, When::At(_)) && !applied && operation != "Invoke" {
        return Err(format!("was not applied: {words}"));
    }
    // Whatever is left of it has a name, in words and in its description.
    for (number, (text, _)) in new_versions(&now, &before) {
        let used = now.aliases.values().any(|alias| alias.version == number);
        let deletes = |tuning: &Tuning| {
            let is_way = |remedy: &Remedy| matches!(remedy, Remedy::Restore { .. } | Remedy::DeleteApplied { .. });
            tuning.remedies.iter().any(is_way)
        };
        let named =
            words.contains(&format!("version {number}")) || matches!(&result, Some(Ok(tuning)) if deletes(tuning));
        let theirs = fault == Fault::Foreign(Foreign::Publish);
        if !used && !named && !theirs {
            return Err(format!("version {number} ({text}) is left without a word: {words}"));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_fault_while_latest_is_changed() {
    sweep(Apply::Latest).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_while_an_alias_is_moved() {
    sweep(Apply::Alias {
        name: "live".to_owned(),
        from_latest: false,
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_while_an_alias_is_created() {
    sweep(Apply::Alias {
        name: "fresh".to_owned(),
        from_latest: false,
    })
    .await;
}
