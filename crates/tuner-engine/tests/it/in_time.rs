//! Found by reading the code with a fresh eye: steps that must end in time, and calls that must be neither lost nor repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tuner_core::{MemorySize, Outcome, Payloads};
use tuner_engine::ports::{Clock, LogSource, PortError, PortErrorKind as Kind, Store, StoreError};
use tuner_engine::steps::{self, Next};
use tuner_engine::{Context, TuningError, TuningRequest, TuningState, records};

use crate::simulated::{Answer, Call, Fault, Function, MemoryStore, When, World, initialize, request, usual};

/// What Lambda grants beyond the time at which a step is to hand back.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

fn world(timeout_s: u32, law: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> World {
    let mut function = Function::new(256);
    function.latest.timeout_s = timeout_s;
    World::with_law(function, Box::new(law))
}

async fn published(world: &World, asked: &TuningRequest) -> TuningState {
    let ctx = world.context();
    let mut state = initialize(&ctx, asked).await.unwrap();
    steps::publish(&ctx, &mut state).await.unwrap();
    state
}

/// A process of its own with so much time, which knows what is in the store.
async fn round(world: &World, state: &TuningState, each_s: i64) -> (Context, TuningState) {
    let ctx = world.context_for(each_s);
    let mut state: TuningState = serde_json::from_slice(&serde_json::to_vec(state).unwrap()).unwrap();
    let sizes: Vec<MemorySize> = state.progress.keys().copied().collect();
    records::progress(&*ctx.store, &mut state, sizes).await.unwrap();
    (ctx, state)
}

async fn sampled(ctx: &Context, state: &mut TuningState) -> Option<Result<(), TuningError>> {
    match steps::plan(ctx, state) {
        Next::Sample(batches) => Some(steps::sample(ctx, state, &batches, &Payloads::single("{}")).await),
        _ => None,
    }
}

/// sleepBetweenRunsMs is taken up to ten minutes; the step has five by default.
#[tokio::test(start_paused = true)]
async fn a_pause_does_not_outlast_the_step() {
    let world = world(3, usual);
    let asked = request(&[512]).with(|o| {
        o.invocations = 30;
        o.pause_ms = 25_000;
    });
    let mut state = published(&world, &asked).await;
    for number in 0..100 {
        let (ctx, mut known) = round(&world, &state, 290).await;
        let Some(result) = sampled(&ctx, &mut known).await else {
            return;
        };
        result.unwrap();
        let over = world.clock.now().duration_since(ctx.hand_back_at.unwrap());
        assert!(
            over < MARGIN,
            "round {number} ended {over} after it was to hand back: Lambda kills it"
        );
        state = known;
    }
    panic!("the tuning does not end");
}

#[tokio::test(start_paused = true)]
async fn waiting_out_throttles_does_not_outlast_the_step() {
    let world = world(3, usual);
    let state = published(&world, &request(&[512])).await;
    let (ctx, mut known) = round(&world, &state, 20).await;
    world.lambda.limit_concurrency(0);
    let _ = sampled(&ctx, &mut known).await;
    let over = world.clock.now().duration_since(ctx.hand_back_at.unwrap());
    assert!(over < MARGIN, "it ended {over} after it was to hand back");
}

/// A round takes about ninety events of the execution's 25,000, after which it is ended with no way to clean up.
#[tokio::test(start_paused = true)]
async fn a_time_out_close_to_the_steps_own_does_not_cost_a_round_for_a_few_calls() {
    let mut world = world(285, |_| Answer::Done(1000.0));
    world.log_is_there = true;
    let asked = request(&[512]).with(|o| o.invocations = 200);
    let mut state = published(&world, &asked).await;
    let mut rounds = 0;
    loop {
        let (ctx, mut known) = round(&world, &state, 290).await;
        let Some(result) = sampled(&ctx, &mut known).await else {
            break;
        };
        result.unwrap();
        rounds += 1;
        state = known;
    }
    assert!(rounds <= 5, "{rounds} rounds of 290 s for 200 s of measuring");
}

/// Each such call is one of the 15 a second that all of the account shares.
#[tokio::test(start_paused = true)]
async fn repeating_is_switched_off_once_for_a_version_in_a_step() {
    let mut world = world(900, |_| Answer::Done(140_000.0));
    world.log_is_there = true;
    let mut state = published(&world, &request(&[512])).await;
    let mut rounds = 0;
    loop {
        let (ctx, mut known) = round(&world, &state, 280).await;
        let Some(result) = sampled(&ctx, &mut known).await else {
            break;
        };
        result.unwrap();
        rounds += 1;
        state = known;
    }
    let calls = world.lambda.calls();
    let made = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    let (set, begun) = (made("PutFunctionEventInvokeConfig"), made("InvokeAsync"));
    assert!(
        (1..=rounds).contains(&set) && set < begun,
        "{set} for {begun} invocations in {rounds} rounds"
    );
}

/// The synchronous way notes such a call as unmeasured and goes on.
#[tokio::test(start_paused = true)]
async fn an_asynchronous_call_whose_fate_is_open_is_not_begun_again() {
    let mut world = world(900, |_| Answer::Done(840_000.0));
    world.log_is_there = true;
    let state = published(&world, &request(&[512])).await;
    let calls = world.lambda.calls().len() as u32;
    // PutFunctionEventInvokeConfig, then Invoke: it begins, and its answer is lost.
    world.lambda.inject(When::At(calls + 2), Fault::After(Kind::Network));
    let mut last = Ok(());
    // The state machine repeats a step that ended with Tuner.Service.
    for _attempt in 0..2 {
        let (ctx, mut known) = round(&world, &state, 280).await;
        last = sampled(&ctx, &mut known).await.unwrap();
        if last.is_ok() {
            break;
        }
    }
    let kept = records::read(&*world.store, MemorySize::new(512).unwrap())
        .await
        .unwrap();
    let pending = world.store.list("pending/").await.unwrap();
    let begun = world
        .lambda
        .calls()
        .iter()
        .filter(|c| c.operation == "InvokeAsync" && c.effective)
        .count();
    assert_eq!(
        begun,
        kept.len() + pending.len(),
        "invocations that were begun, and those that anybody knows of; {last:?}"
    );
}

/// A handler that raises ends with a plain REPORT in text logs; only an answer says that it failed, and the next calls have
/// one, since the first was quick.
#[tokio::test(start_paused = true)]
async fn a_function_that_raises_is_no_success_although_its_first_call_looked_like_one() {
    let mut world = world(900, |_| Answer::Raised("ValueError", "no such table"));
    world.log_is_there = true;
    let mut state = published(&world, &request(&[512])).await;
    loop {
        let (ctx, mut known) = round(&world, &state, 280).await;
        match sampled(&ctx, &mut known).await {
            Some(result) => result.unwrap(),
            None => break,
        }
        state = known;
    }
    let progress = &state.progress[&MemorySize::new(512).unwrap()];
    assert_eq!(progress.hopeless(), Some(Outcome::FunctionError));
    assert_eq!(progress.outcomes.total(), 6);
}

/// A quick function whose time-out is that of many: 15 minutes. Its answers hold every REPORT.
#[tokio::test(start_paused = true)]
async fn a_quick_function_with_a_long_time_out_is_measured_without_its_log() {
    struct Closed(Kind);
    #[async_trait]
    impl LogSource for Closed {
        async fn lines(&self, _: &str, _: &str, _: Timestamp) -> Result<Vec<u8>, PortError> {
            match self.0 {
                // The function may not write logs: its group never comes into being.
                Kind::NotFound => Err(PortError::new(Kind::NotFound, "FilterLogEvents", "no such group")),
                kind => Err(PortError::new(kind, "FilterLogEvents", "not allowed")),
            }
        }
    }
    let mut found = Vec::new();
    for kind in [Kind::Denied, Kind::NotFound] {
        let world = world(900, usual);
        let mut state = published(&world, &request(&[512])).await;
        let begun_at = world.clock.now();
        let mut result = Ok(());
        for _round in 0..100 {
            let (mut ctx, mut known) = round(&world, &state, 280).await;
            ctx.logs = Some(Arc::new(Closed(kind)));
            match sampled(&ctx, &mut known).await {
                Some(Ok(())) => state = known,
                Some(Err(e)) => {
                    result = Err(e);
                    break;
                }
                None => break,
            }
        }
        let took = world.clock.now().duration_since(begun_at);
        let size = MemorySize::new(512).unwrap();
        let kept = records::read(&*world.store, size).await.unwrap();
        let measured = kept.iter().filter(|r| r.is_measured()).count();
        if result.is_err() || measured < 5 {
            found.push(format!(
                "{kind:?}: {result:?}, {measured} of {} measured after {took}",
                kept.len()
            ));
        }
    }
    assert_eq!(found, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn versions_whose_cold_start_was_taken_up_are_used() {
    let mut world = world(900, |_| Answer::Done(840_000.0));
    world.log_is_there = true;
    let asked = request(&[512]).with(|o| {
        o.only_cold_starts = true;
        o.invocations = 5;
        o.max_concurrency = 1;
    });
    let size = MemorySize::new(512).unwrap();
    let state = published(&world, &asked).await;
    let mut state = state;
    for _round in 0..10 {
        let (ctx, mut known) = round(&world, &state, 280).await;
        sampled(&ctx, &mut known).await.unwrap().unwrap();
        state = known;
        if !records::read(&*world.store, size).await.unwrap().is_empty() {
            break;
        }
    }
    let kept = records::read(&*world.store, size).await.unwrap();
    let without: Vec<&str> = kept
        .iter()
        .filter(|r| r.version.is_none())
        .map(|r| r.request_id.as_str())
        .collect();
    assert_eq!(without, [""; 0], "nobody knows which version they have used up");
}

#[tokio::test(start_paused = true)]
async fn cold_starts_of_a_long_function_are_not_paid_for_twice() {
    let mut world = world(900, |_| Answer::Done(840_000.0));
    world.log_is_there = true;
    let asked = request(&[512]).with(|o| {
        o.only_cold_starts = true;
        o.invocations = 5;
        o.max_concurrency = 1;
    });
    let mut state = published(&world, &asked).await;
    for _round in 0..1000 {
        let (ctx, mut known) = round(&world, &state, 280).await;
        match steps::plan(&ctx, &known) {
            Next::Restore => break,
            Next::Publish => steps::publish(&ctx, &mut known).await.unwrap(),
            Next::Sample(_) => sampled(&ctx, &mut known).await.unwrap().unwrap(),
        }
        state = known;
    }
    let kept = records::read(&*world.store, MemorySize::new(512).unwrap())
        .await
        .unwrap();
    assert_eq!(kept.len(), 5, "calls of 14 minutes each for 5 cold starts");
}

/// Versions with SnapStart that a killed attempt has published still come up when the next attempt takes them over.
#[tokio::test(start_paused = true)]
async fn versions_that_are_taken_over_are_waited_for() {
    let mut function = Function::new(256);
    function.rules.polls_per_version = 30;
    function.rules.broken_version_mb = None;
    let world = World::with_law(function, Box::new(usual));
    let asked = request(&[512]);
    let known = initialize(&world.context(), &asked).await.unwrap();
    let (ctx, mut state) = (world.context(), known.clone());
    tokio::select! {
        biased;
        _ = steps::publish(&ctx, &mut state) => panic!("it was to be killed while it waits"),
        () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
    }
    assert_eq!(world.lambda.with(|f| f.versions.len()), 1);
    let mut state = known;
    let before = world.lambda.calls().len();
    steps::publish(&world.context(), &mut state).await.unwrap();
    let asked_for = world.lambda.calls()[before..]
        .iter()
        .filter(|c| c.operation == "GetFunction" && c.target.ends_with(":1"))
        .count();
    assert!(
        asked_for > 0,
        "the version may still be pending, or have failed; nobody looked"
    );
}

/// More than 256 KB ends an execution with no way to catch it.
#[tokio::test(start_paused = true)]
async fn what_is_left_behind_is_said_in_bounds() {
    let world = World::with_law(Function::new(256), Box::new(usual));
    let asked = request(&[128, 256, 512, 1024, 1769, 2048, 3008]).with(|o| {
        o.only_cold_starts = true;
        o.invocations = 100;
        o.max_concurrency = 1;
    });
    let state = published(&world, &asked).await;
    let calls = world.lambda.calls().len() as u32;
    // All that comes after reading the function and its versions: a policy without lambda:DeleteFunction.
    world.lambda.inject(When::From(calls + 3), Fault::Before(Kind::Denied));
    let restored = steps::restore(&world.context(), &state).await;
    let bytes = serde_json::to_vec(&restored.leftovers).unwrap().len();
    assert!(
        bytes < 32 * 1024,
        "{} leftovers take {bytes} bytes",
        restored.leftovers.len()
    );
}

/// Writes an object and fails all the same, once.
struct Late(Arc<MemoryStore>, AtomicBool);

#[async_trait]
impl Store for Late {
    async fn put(&self, key: &str, bytes: &[u8]) -> Result<String, StoreError> {
        let written = self.0.put(key, bytes).await?;
        if self.1.swap(false, Ordering::Relaxed) {
            return Err(StoreError {
                action: "write",
                location: key.to_owned(),
                reason: "no answer".to_owned(),
            });
        }
        Ok(written)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.delete(key).await
    }
}

#[tokio::test(start_paused = true)]
async fn records_are_read_once_when_the_answer_of_the_store_was_lost() {
    let world = world(30, |_| Answer::Done(2000.0));
    let asked = request(&[512]).with(|o| {
        o.concurrency = 3;
        o.invocations = 20;
    });
    let mut state = published(&world, &asked).await;
    let ctx = Context {
        store: Arc::new(Late(world.store.clone(), AtomicBool::new(true))),
        ..world.context()
    };
    let _ = sampled(&ctx, &mut state).await;
    let kept = records::read(&*world.store, MemorySize::new(512).unwrap())
        .await
        .unwrap();
    let mut ids: Vec<&str> = kept.iter().map(|r| r.request_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(kept.len(), ids.len(), "records of {} invocations", ids.len());
}

/// With maxConcurrency 1, or parallelInvocation, all sizes are one group.
#[tokio::test(start_paused = true)]
async fn a_version_that_is_gone_costs_its_own_size_only() {
    let world = world(30, usual);
    let asked = request(&[128, 512, 1024]).with(|o| o.max_concurrency = 1);
    let state = published(&world, &asked).await;
    let (ctx, mut known) = round(&world, &state, 280).await;
    // Somebody's clean-up deletes the version of 128 MB.
    world.lambda.with(|f| f.versions.remove(&1));
    let result = sampled(&ctx, &mut known).await.unwrap();
    assert!(result.is_ok(), "the group of three sizes fails with {result:?}");
}

/// What the plan does with a group that failed (crates/tuner-lambdas/src/steps.rs) when all was measured before that.
#[tokio::test(start_paused = true)]
async fn what_was_measured_in_full_is_not_thrown_away() {
    use tuner_core::pricing::PriceTable;
    use tuner_core::tuning::{MeasuringEnvironment, SizeStatus};
    use tuner_engine::Prices;
    let world = world(30, usual);
    let mut state = published(&world, &request(&[512])).await;
    let ctx = world.context();
    sampled(&ctx, &mut state).await.unwrap().unwrap();
    assert_eq!(steps::plan(&ctx, &state), Next::Restore, "nothing is wanted any more");
    let progress = state.progress.get_mut(&MemorySize::new(512).unwrap()).unwrap();
    progress.skipped = Some("a step of the tuner did not end in time".to_owned());
    let (prices, place) = (Prices::of(PriceTable::embedded()), MeasuringEnvironment::Aws);
    let tuning = steps::analyze(&ctx, &state, prices, place, Default::default())
        .await
        .unwrap();
    assert_eq!(tuning.sizes[0].status, SizeStatus::Measured);
}
