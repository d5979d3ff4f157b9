//! Applying the recommendation.

use tuner_core::Remedy;
use tuner_engine::marker::applied_by;
use tuner_engine::ports::{FunctionControl, PortErrorKind as Kind, Setting};
use tuner_engine::{Apply, TuningError, TuningRequest};

use crate::simulated::{Fault, Function, When, World, request};

fn applying(apply: Apply) -> TuningRequest {
    request(&[128, 512]).with(|o| o.apply = apply)
}

fn to(name: &str) -> Apply {
    Apply::Alias {
        name: name.to_owned(),
        from_latest: false,
    }
}

async fn applied(world: &World, apply: Apply) -> Result<String, String> {
    let tuning = world.tune(&applying(apply)).await.unwrap().unwrap();
    tuning.applied.ok_or_else(|| tuning.leftovers.join("; "))
}

#[tokio::test(start_paused = true)]
async fn latest_gets_the_size_and_nothing_else() {
    let world = World::new(Function::new(128).with_history());
    let mut expected = world.lambda.with(|f| f.facts());
    expected.memory_size_mb = 512;
    assert_eq!(
        applied(&world, Apply::Latest).await.unwrap(),
        "$LATEST moved from 128 to 512 MB"
    );
    assert_eq!(world.lambda.with(|f| f.facts()), expected);
}

#[tokio::test(start_paused = true)]
async fn an_alias_is_created_or_moved_to_a_version_that_names_the_tuning() {
    for alias in ["live", "new"] {
        let world = World::new(Function::new(128).deployed());
        let tuning = world.tune(&applying(to(alias))).await.unwrap().unwrap();
        // Those of applying are among the calls of the tuning.
        let limited = FunctionControl::calls(&*world.lambda);
        assert_eq!(tuning.exploration.control_calls, limited);
        let words = tuning.applied.unwrap();
        let (number, made) = world.lambda.with(|f| {
            let version = f.aliases[alias].version;
            (version, f.versions[&version].clone())
        });
        assert!(
            words.ends_with(&format!("alias {alias} points to version {number}")),
            "{words}"
        );
        assert_eq!(made.memory_size_mb, 512);
        assert_eq!(applied_by(&made.description), Some(tuning.tuning_id));
        assert!(made.description.starts_with("resizes images ["), "{}", made.description);
        assert_eq!(world.lambda.with(|f| f.versions.len()), 4);
        // It is no leftover: putting things back leaves it alone.
        let restored = world.restore().await;
        assert_eq!((restored.deleted, restored.leftovers), (vec![], vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_runs_the_recommended_size_stays_where_it_is() {
    let mut function = Function::new(128).deployed();
    function.versions.get_mut(&2).unwrap().memory_size_mb = 512;
    let world = World::new(function);
    let words = applied(&world, to("live")).await.unwrap();
    assert!(words.contains("alias live points to version 2 already"), "{words}");
    assert_eq!(
        world.lambda.with(|f| (f.aliases["live"].version, f.versions.len())),
        (2, 3)
    );
}

/// Nothing is published or invoked for what would be refused in the end.
async fn refused(function: Function, apply: Apply) -> TuningError {
    let world = World::new(function);
    let before = world.lambda.with(|f| f.facts());
    let failure = world.tune(&applying(apply)).await.unwrap().unwrap_err();
    assert!(!failure.touched);
    let calls = world.lambda.calls();
    let reads = ["GetFunction", "GetAlias", "ListVersionsByFunction"];
    assert!(calls.iter().all(|c| reads.contains(&c.operation)), "{calls:?}");
    assert_eq!(world.lambda.with(|f| f.facts()), before);
    failure.error
}

#[tokio::test(start_paused = true)]
async fn weighted_routing_is_refused_before_anything_is_measured() {
    let mut function = Function::new(128).deployed();
    function.aliases.get_mut("live").unwrap().weighted = true;
    let words = refused(function, to("live")).await.to_string();
    assert!(words.contains("weighted routing"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_runs_something_else_is_refused_and_all_differences_are_named() {
    let mut function = Function::new(128).deployed();
    let live = function.versions.get_mut(&2).unwrap();
    live.code_sha256 = Some("code-0".to_owned());
    live.timeout_s = 3;
    live.settings.insert(Setting::Timeout, "3".into());
    live.settings.insert(Setting::Role, "other".into());
    live.settings.insert(Setting::Layers, "one".into());
    let variables = live.variables.as_mut().unwrap();
    variables.insert("BUCKET".to_owned(), "hunter1".to_owned());
    variables.insert("OLD".to_owned(), "hunter2".to_owned());
    function
        .latest
        .variables
        .as_mut()
        .unwrap()
        .insert("NEW".to_owned(), "hunter3".to_owned());
    let error = refused(function.clone(), to("live")).await;
    let words = error.to_string();
    for part in [
        "version 2, which alias live points to",
        "the code; ",
        "the time-out (30 s, not 3 s)",
        "BUCKET (another value), NEW (only in $LATEST), OLD (not in $LATEST)",
        "the layers",
        "the role",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(!words.contains("hunter") && !words.contains("images"), "{words}");
    assert_eq!(error.remedy(), Some(Remedy::ConfirmLatest));
    // It may be meant.
    let world = World::new(function);
    let meant = Apply::Alias {
        name: "live".to_owned(),
        from_latest: true,
    };
    let words = applied(&world, meant).await.unwrap();
    assert!(words.ends_with("alias live points to version 7"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn memory_size_and_description_are_no_difference_and_unreadable_variables_are() {
    let mut function = Function::new(128).deployed();
    function.versions.get_mut(&2).unwrap().memory_size_mb = 3008;
    applied(&World::new(function.clone()), to("live")).await.unwrap();
    function.rules.variables_hidden = true;
    let words = refused(function, to("live")).await.to_string();
    assert!(words.contains("can't be read"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_somebody_moves_while_it_is_measured_is_left_alone() {
    let world = World::new(Function::new(128).deployed());
    let asked = applying(to("live"));
    // Somebody rolls production back to a version with other code.
    let calls = {
        let world = World::new(Function::new(128).deployed());
        world.tune(&asked).await.unwrap().unwrap();
        world.lambda.calls()
    };
    let measured = calls.iter().rposition(|c| c.operation == "Invoke").unwrap() as u32;
    let before_that = world.lambda.with(|f| f.aliases["live"].version);
    assert_eq!(before_that, 2);
    world
        .lambda
        .inject(When::At(measured), Fault::Foreign(crate::simulated::Foreign::MoveAlias));
    let tuning = world.tune(&asked).await.unwrap().unwrap();
    let words = tuning.leftovers.join("; ");
    assert!(words.contains("differs from version 3"), "{words}");
    assert_eq!(
        world
            .lambda
            .with(|f| (f.aliases["live"].version, f.latest.memory_size_mb)),
        (3, 128)
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_recommendation_is_applied_is_told_from_a_failure() {
    let world = World::new(Function::new(128).deployed());
    let calls = {
        let world = World::new(Function::new(128).deployed());
        world.tune(&applying(Apply::Latest)).await.unwrap().unwrap();
        world.lambda.calls()
    };
    let cleaning = calls.iter().position(|c| c.operation == "DeleteFunction").unwrap() as u32 + 1;
    world.lambda.inject(When::At(cleaning), Fault::CancelBefore);
    let ended = world.ended(&applying(Apply::Latest)).await.unwrap();
    assert!(matches!(ended.not_applied, Some(TuningError::Interrupted)));
    assert_eq!(ended.tuning.leftovers.len(), 1, "{:?}", ended.tuning.leftovers);
    assert_eq!(world.lambda.with(|f| f.latest.memory_size_mb), 128);
}

/// One that was cut off, as a step of the state machine may be, is called again.
#[tokio::test(start_paused = true)]
async fn an_apply_that_was_cut_off_publishes_no_second_version() {
    use tuner_core::Payloads;
    use tuner_engine::steps::{self, Next};
    let length = {
        let world = World::new(Function::new(128).deployed());
        world.tune(&applying(to("live"))).await.unwrap().unwrap();
        let calls = world.lambda.calls();
        calls.len() - calls.iter().rposition(|c| c.operation == "DeleteFunction").unwrap()
    };
    for call in 1..length as u32 {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            let world = World::new(Function::new(128).deployed());
            let (ctx, asked) = (world.context(), applying(to("live")));
            let mut state = crate::simulated::initialize(&ctx, &asked).await.unwrap();
            let payloads = Payloads::single("{}");
            loop {
                match steps::measure(&ctx, &mut state, &payloads).await.unwrap() {
                    Next::Publish => steps::publish(&ctx, &mut state).await.unwrap(),
                    Next::Sample(_) => {}
                    Next::Restore => break,
                }
            }
            let restored = steps::restore(&ctx, &state).await;
            let setting = crate::simulated::setting();
            let tuning = steps::analyze(&ctx, &state, setting.prices, setting.environment, restored)
                .await
                .unwrap();
            let begun = world.lambda.calls().len() as u32;
            world.lambda.inject(When::At(begun + call), fault);
            tokio::select! {
                biased;
                () = world.lambda.crashed.cancelled() => {}
                _ = steps::apply(&ctx, &state, &tuning) => {}
            }
            world.lambda.heal();
            let done = steps::apply(&ctx, &state, &tuning).await.unwrap().unwrap();
            let at = format!("{fault:?} at {call}: {done}");
            world.lambda.with(|f| {
                assert_eq!(f.versions[&f.aliases["live"].version].memory_size_mb, 512, "{at}");
                assert_eq!(f.latest.memory_size_mb, 512, "{at}");
                assert_eq!(f.versions.len(), 4, "{at}");
            });
        }
    }
}

/// A version that was published and not applied is named, and goes with its tuning.
#[tokio::test(start_paused = true)]
async fn what_was_published_for_nothing_is_found_again() {
    let calls = {
        let world = World::new(Function::new(128).deployed());
        applied(&world, to("live")).await.unwrap();
        world.lambda.calls()
    };
    let point = calls.iter().position(|c| c.operation == "UpdateAlias").unwrap() as u32 + 1;
    let world = World::new(Function::new(128).deployed());
    world.lambda.inject(When::From(point), Fault::Before(Kind::Denied));
    let tuning = world.tune(&applying(to("live"))).await.unwrap().unwrap();
    let words = tuning.leftovers.join("; ");
    assert!(
        words.contains("$LATEST moved from 128 to 512 MB, but alias live was not"),
        "{words}"
    );
    let deletes =
        |remedy: &Remedy| matches!(remedy, Remedy::DeleteApplied { tuning_id, .. } if *tuning_id == tuning.tuning_id);
    assert!(tuning.remedies.iter().any(deletes), "{:?}", tuning.remedies);
    world.lambda.heal();
    // Without a tuning's name it stays: the next one may have been applied.
    assert_eq!(world.restore().await.deleted, [0; 0]);
    let restored = world.restore_tuning(tuning.tuning_id).await;
    assert_eq!((restored.deleted.len(), restored.leftovers.len()), (1, 0));
    assert_eq!(world.lambda.with(|f| f.versions.len()), 3);
}
