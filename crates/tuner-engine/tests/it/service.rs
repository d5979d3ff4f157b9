//! What the drivers with limited time, several processes and no answer need: cold starts, processors, REPORTs from the log,
//! steps that are cut off and repeated.

use std::sync::{Arc, Mutex};

use tuner_core::tuning::TuningStatus;
use tuner_core::{MemorySize, Outcome, Payloads, StartKind};
use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::steps::{self, Next};
use tuner_engine::{Context, TuningError, TuningRequest, TuningState, records};

use crate::simulated::{Answer, Call, Fault, Function, When, World, initialize, request, usual};

fn world(law: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> World {
    World::with_law(Function::new(256).with_history(), Box::new(law))
}

/// What another process would know of `state`.
fn travelled(state: &TuningState) -> TuningState {
    serde_json::from_slice(&serde_json::to_vec(state).unwrap()).unwrap()
}

async fn begun(ctx: &Context, request: &TuningRequest) -> TuningState {
    initialize(ctx, request).await.unwrap()
}

/// Publishes and measures as a state machine does: every call in a process of its own.
async fn measured(world: &World, request: &TuningRequest, each_s: i64) -> TuningState {
    let mut state = begun(&world.context(), request).await;
    for _round in 0..10_000 {
        let ctx = world.context_for(each_s);
        state = travelled(&state);
        let sizes: Vec<MemorySize> = state.progress.keys().copied().collect();
        records::progress(&*ctx.store, &mut state, sizes).await.unwrap();
        match steps::plan(&ctx, &state) {
            Next::Publish => steps::publish(&ctx, &mut state).await.unwrap(),
            Next::Sample(batches) => steps::sample(&ctx, &mut state, &batches, &Payloads::single("{}"))
                .await
                .unwrap(),
            Next::Restore => return state,
        }
    }
    panic!("the tuning does not end");
}

#[tokio::test(start_paused = true)]
async fn cold_starts_take_fewer_versions_than_calls_and_all_of_them_go() {
    let world = world(usual);
    let before = world.lambda.with(|f| f.facts());
    let asked = request(&[128, 1024]).with(|o| {
        o.only_cold_starts = true;
        o.invocations = 25;
        o.max_concurrency = 10;
    });
    let tuning = world.tune(&asked).await.unwrap().unwrap();
    for size in &tuning.sizes {
        assert_eq!(size.cold.as_ref().unwrap().billed_duration_ms.count, 25);
        assert!(size.warm.is_none());
    }
    assert_eq!(tuning.decision.start, Some(StartKind::Cold));
    let published = world
        .lambda
        .calls()
        .iter()
        .filter(|c| c.operation == "PublishVersion")
        .count();
    assert_eq!(published, 2 * 3);
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_cold_starts_of_ten_sizes_go_through_many_short_steps() {
    let world = world(usual);
    let asked = request(&[128, 256, 512, 1024, 2048, 3008, 4096, 5120, 6144, 10_240]).with(|o| {
        o.only_cold_starts = true;
        o.invocations = 100;
    });
    let state = measured(&world, &asked, 30).await;
    assert!(state.progress.values().all(|p| p.cold == 100), "{:?}", state.progress);
    assert_eq!(world.lambda.with(|f| f.latest.memory_size_mb), 256);
    let bytes = serde_json::to_vec(&state).unwrap().len();
    assert!(bytes < 32 * 1024, "{bytes}");
    let restored = steps::restore(&world.context(), &state).await;
    assert_eq!(restored.leftovers, [""; 0]);
    assert_eq!(restored.deleted.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_publish_that_was_cut_off_is_taken_up_where_it_was() {
    let calls = {
        let world = world(usual);
        let mut state = begun(&world.context(), &request(&[128, 512, 1024])).await;
        let first = world.lambda.calls().len() as u32;
        steps::publish(&world.context(), &mut state).await.unwrap();
        first + 1..=world.lambda.calls().len() as u32
    };
    for call in calls {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            let world = world(usual);
            let before = world.lambda.with(|f| f.facts());
            let asked = request(&[128, 512, 1024]);
            let known = begun(&world.context(), &asked).await;
            world.lambda.inject(When::At(call), fault);
            let mut state = travelled(&known);
            let ctx = world.context();
            tokio::select! {
                biased;
                () = world.lambda.crashed.cancelled() => {}
                _ = steps::publish(&ctx, &mut state) => {}
            }
            world.lambda.heal();
            // The new attempt knows what the first one was given, and nothing of how far that came.
            let mut state = travelled(&known);
            steps::publish(&world.context(), &mut state).await.unwrap();
            assert_eq!(state.versions.len(), 3, "{fault:?} at {call}");
            assert_eq!(
                world.lambda.with(|f| f.latest.memory_size_mb),
                256,
                "{fault:?} at {call}"
            );
            let restored = steps::restore(&world.context(), &travelled(&state)).await;
            assert_eq!(restored.leftovers, [""; 0], "{fault:?} at {call}");
            assert_eq!(world.lambda.with(|f| f.facts()), before, "{fault:?} at {call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn records_are_kept_while_they_are_made() {
    let world = world(|_| Answer::Done(1000.0));
    let asked = request(&[128]).with(|o| o.invocations = 60);
    let mut state = begun(&world.context(), &asked).await;
    steps::publish(&world.context(), &mut state).await.unwrap();
    let known = travelled(&state);
    let Next::Sample(batches) = steps::plan(&world.context(), &state) else {
        panic!("nothing to measure")
    };
    // The process ends in the middle of the 31st invocation.
    let begun = world.lambda.calls().len() as u32;
    world.lambda.inject(When::At(begun + 31), Fault::CrashBefore);
    let (ctx, payloads) = (world.context(), Payloads::single("{}"));
    tokio::select! {
        biased;
        () = world.lambda.crashed.cancelled() => {}
        _ = steps::sample(&ctx, &mut state, &batches, &payloads) => {}
    }
    world.lambda.heal();
    let kept = records::read(&*world.store, MemorySize::MIN).await.unwrap().len();
    assert!((25..=30).contains(&kept), "{kept}");
    let mut state = known;
    records::progress(&*world.store, &mut state, [MemorySize::MIN])
        .await
        .unwrap();
    let Next::Sample(batches) = steps::plan(&world.context(), &state) else {
        panic!("nothing to measure")
    };
    steps::sample(&world.context(), &mut state, &batches, &Payloads::single("{}"))
        .await
        .unwrap();
    assert_eq!(records::read(&*world.store, MemorySize::MIN).await.unwrap().len(), 61);
    // No more were made again than those that nobody knew of.
    assert_eq!(world.lambda.invoked()[&128], 61 + 30 - kept as u32);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_the_answer_does_not_hold_is_found_in_the_log() {
    let mut world = world(|call| match call.earlier % 2 {
        0 => Answer::Unreported,
        _ => Answer::Done(5.0),
    });
    world.log_is_there = true;
    let tuning = world.tune(&request(&[128])).await.unwrap().unwrap();
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    assert_eq!(tuning.sizes[0].outcomes.unmeasured, 0);
    assert!(tuning.records.iter().all(|r| r.duration_ms == Some(5.0)));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_may_not_be_read_is_said_once() {
    let mut world = world(|_| Answer::Unreported);
    world.log_is_there = true;
    let ctx = world.context();
    let mut state = begun(&ctx, &request(&[128])).await;
    steps::publish(&ctx, &mut state).await.unwrap();
    let calls = world.lambda.calls().len() as u32;
    world.lambda.inject(When::At(calls + 2), Fault::Before(Kind::Denied));
    let Next::Sample(batches) = steps::plan(&ctx, &state) else {
        panic!("nothing to measure")
    };
    steps::sample(&ctx, &mut state, &batches, &Payloads::single("{}"))
        .await
        .unwrap();
    assert_eq!(state.warnings.len(), 1, "{:?}", state.warnings);
    assert!(state.warnings[0].contains("/aws/lambda/resize"), "{:?}", state.warnings);
    assert_eq!(state.progress[&MemorySize::MIN].outcomes.unmeasured, 3);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_outlives_the_step_is_found_in_the_log() {
    let mut function = Function::new(256);
    function.latest.timeout_s = 900;
    let mut world = World::with_law(
        function,
        Box::new(|call| match call.memory_size_mb {
            128 => Answer::Timeout,
            _ => Answer::Done(840_000.0),
        }),
    );
    world.log_is_there = true;
    let asked = request(&[128, 512]);
    let state = measured(&world, &asked, 280).await;
    let calls = world.lambda.calls();
    assert!(calls.iter().all(|c| c.operation != "Invoke"), "it was waited for");
    let half = MemorySize::new(512).unwrap();
    let kept = records::read(&*world.store, half).await.unwrap();
    assert_eq!(kept.len(), 6);
    assert!(
        kept.iter()
            .all(|r| r.outcome == Outcome::Success && r.duration_ms == Some(840_000.0))
    );
    assert_eq!(world.lambda.invoked()[&512], 6, "nothing is invoked twice");
    let timed_out = records::read(&*world.store, MemorySize::MIN).await.unwrap();
    assert_eq!(
        timed_out.iter().map(|r| r.outcome).collect::<Vec<_>>(),
        [Outcome::Timeout]
    );
    assert_eq!(state.progress[&half].measured(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_long_time_out_of_a_quick_function_is_believed_only_once() {
    let mut function = Function::new(256);
    function.latest.timeout_s = 900;
    let mut world = World::with_law(function, Box::new(usual));
    world.log_is_there = true;
    measured(&world, &request(&[512]), 280).await;
    let count = |operation| world.lambda.calls().iter().filter(|c| c.operation == operation).count();
    assert_eq!((count("InvokeAsync"), count("Invoke")), (1, 5));
}

#[tokio::test(start_paused = true)]
async fn processors_are_called_around_every_invocation() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let world = world(move |call| {
        notes.lock().unwrap().push(call.payload.clone());
        Answer::Done(5.0)
    });
    // The simulated service has one function: it is its own processor.
    let asked = request(&[128]).with(|o| {
        o.pre_processor = Some("resize".parse().unwrap());
        o.post_processor = Some("resize".parse().unwrap());
    });
    let tuning = world
        .tune_with(&asked, &Payloads::single(r#"{"n":1}"#))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(tuning.records.len(), 6);
    let seen = seen.lock().unwrap().clone();
    let expected: Vec<String> = ["{\"n\":1}", "{}", "{}"].map(str::to_owned).to_vec();
    assert_eq!(seen.len(), 18);
    assert!(seen.chunks(3).all(|turn| turn == expected), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_fails_ends_the_tuning_and_the_function_is_as_before() {
    let world = world(|call| match call.payload.as_str() {
        "{}" => Answer::Done(5.0),
        _ => Answer::Raised("NoTable", "there is no table"),
    });
    let before = world.lambda.with(|f| f.facts());
    let asked = request(&[128]).with(|o| o.pre_processor = Some("resize".parse().unwrap()));
    let failure = world
        .tune_with(&asked, &Payloads::single("1"))
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        matches!(&failure.error, TuningError::Processor { which: "pre-processor", reason, .. } if reason.contains("no table")),
        "{}",
        failure.error
    );
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}

#[tokio::test(start_paused = true)]
async fn what_a_tuning_that_is_over_has_left_goes_with_the_next_one() {
    let length = {
        let world = world(usual);
        world.tune(&request(&[128, 512])).await.unwrap().unwrap();
        world.lambda.calls().len() as u32
    };
    for call in 1..=length {
        let world = world(usual);
        let before = world.lambda.with(|f| f.facts());
        world.lambda.inject(When::At(call), Fault::CrashAfter);
        if world.tune(&request(&[128, 512])).await.is_some() {
            continue;
        }
        world.lambda.heal();
        let other = world.lambda.with(|f| f.owners());
        world.over.0.lock().unwrap().extend(other);
        let tuning = world.tune_apart(&request(&[512])).await.unwrap();
        assert_eq!(tuning.function.memory_size_mb, Some(256), "{call}");
        assert_eq!(tuning.leftovers, [""; 0], "{call}");
        assert_eq!(world.lambda.with(|f| f.facts()), before, "{call}");
    }
}
