//! Steps of every length, functions of every length, and a kill at every point where a step waits: each invocation that was
//! paid for has its record, and no step outlasts its time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{InvocationRecord, Payloads};
use tuner_engine::ports::{Clock, LogSource, PortError, Store, StoreError};
use tuner_engine::steps::{self, Next};
use tuner_engine::{Context, Prices, TuningRequest, TuningState, records};

use crate::simulated::{Answer, Function, Lambda, MemoryStore, World, initialize, request};

const SIZE: u32 = 512;

/// A store that takes its time, so that a step can be killed before and after every change.
struct Slow(Arc<MemoryStore>);

#[async_trait]
impl Store for Slow {
    async fn put(&self, key: &str, bytes: &[u8]) -> Result<String, StoreError> {
        tokio::task::yield_now().await;
        let put = self.0.put(key, bytes).await;
        tokio::task::yield_now().await;
        put
    }
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        tokio::task::yield_now().await;
        self.0.get(key).await
    }
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        tokio::task::yield_now().await;
        self.0.list(prefix).await
    }
    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.0.delete(key).await?;
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// A log that answers after a while.
struct SlowLog(Arc<Lambda>, Duration);

#[async_trait]
impl LogSource for SlowLog {
    async fn lines(&self, group: &str, request_id: &str, since: Timestamp) -> Result<Vec<u8>, PortError> {
        tokio::time::sleep(self.1).await;
        self.0.lines(group, request_id, since).await
    }
}

/// A future that is dropped when it waits for the `at`-th time.
struct Killed<F> {
    work: Pin<Box<F>>,
    waits: u32,
    at: u32,
}

impl<F: Future> Future for Killed<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(done) = self.work.as_mut().poll(task) {
            return Poll::Ready(Some(done));
        }
        self.waits += 1;
        match self.waits == self.at {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    }
}

/// A function, the steps it is measured by, and what becomes of it.
struct Case {
    world: World,
    step: Duration,
    log_takes: Duration,
    state: TuningState,
    rounds: AtomicU32,
}

enum Step {
    Handed(Box<TuningState>),
    Killed,
    Done,
}

impl Case {
    async fn new(step_s: u64, function_ms: f64, timeout_s: u32, log_takes: Duration, asked: TuningRequest) -> Self {
        let mut function = Function::new(256);
        function.latest.timeout_s = timeout_s;
        let mut world = World::with_law(function, Box::new(move |_| Answer::Done(function_ms)));
        world.log_is_there = true;
        let ctx = world.context();
        let mut state = initialize(&ctx, &asked).await.unwrap();
        steps::publish(&ctx, &mut state).await.unwrap();
        Self {
            world,
            step: Duration::from_secs(step_s),
            log_takes,
            state,
            rounds: AtomicU32::new(0),
        }
    }

    /// One step in a process of its own, killed when it waits for the `kill`-th time, and when Lambda's own time is over.
    async fn step(&self, kill: u32) -> Step {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        let margin = Duration::from_secs(10).min(self.step / 5);
        let ctx = Context {
            hand_back_at: Some(self.world.clock.now() + SignedDuration::try_from(self.step - margin).unwrap()),
            store: Arc::new(Slow(self.world.store.clone())),
            logs: Some(Arc::new(SlowLog(self.world.lambda.clone(), self.log_takes))),
            ..self.world.context()
        };
        let mut state: TuningState = serde_json::from_slice(&serde_json::to_vec(&self.state).unwrap()).unwrap();
        let sizes = state.begun();
        records::progress(&*ctx.store, &mut state, sizes).await.unwrap();
        let Next::Sample(batches) = steps::plan(&ctx, &state) else {
            return Step::Done;
        };
        let payloads = Payloads::single("{}");
        let sampled = Killed {
            work: Box::pin(steps::sample(&ctx, &mut state, &batches, &payloads)),
            waits: 0,
            at: kill,
        };
        let in_time = tokio::time::timeout(self.step, sampled).await;
        match in_time.expect("Lambda ends a step that outlasts its time") {
            None => Step::Killed,
            Some(result) => {
                result.unwrap();
                Step::Handed(Box::new(state))
            }
        }
    }

    async fn run_to_the_end(&mut self) {
        for _ in 0..200 {
            match self.step(u32::MAX).await {
                Step::Handed(state) => self.state = *state,
                Step::Killed => unreachable!("nobody kills it"),
                Step::Done => return,
            }
        }
        panic!("it does not end");
    }

    /// Those of the document, which counts what was left noted too.
    async fn records(&self) -> Vec<InvocationRecord> {
        let (prices, place) = (Prices::of(PriceTable::embedded()), MeasuringEnvironment::Aws);
        let document = steps::analyze(&self.world.context(), &self.state, prices, place, Default::default()).await;
        document.unwrap().records
    }

    fn paid_for(&self) -> usize {
        self.world.lambda.invoked().get(&SIZE).copied().unwrap_or_default() as usize
    }
}

fn asked(invocations: u32, concurrency: u32) -> TuningRequest {
    request(&[SIZE]).with(|o| {
        o.invocations = invocations;
        o.concurrency = concurrency;
    })
}

/// Quick, as long as the step, a little shorter than the step, longer.
fn lengths(step_s: u64) -> [f64; 6] {
    let step_ms = step_s as f64 * 1000.0;
    [
        300.0,
        0.45 * step_ms,
        0.75 * step_ms,
        0.92 * step_ms,
        step_ms,
        1.7 * step_ms,
    ]
    .map(|ms| ms.min(890_000.0))
}

#[tokio::test(start_paused = true)]
async fn no_step_outlasts_its_time_and_every_invocation_has_its_record() {
    for step_s in (12..=40)
        .chain((45..120).step_by(5))
        .chain((127..900).step_by(29))
        .chain([240, 300, 600, 900])
    {
        for ms in lengths(step_s) {
            let long = (ms / 1000.0).ceil() as u32 + 3;
            for (timeout_s, log_takes) in [(long.min(900), 200), (900, 3000)] {
                let mut case = Case::new(step_s, ms, timeout_s, Duration::from_millis(log_takes), asked(5, 1)).await;
                case.run_to_the_end().await;
                let (kept, paid_for) = (case.records().await, case.paid_for());
                let what = format!("steps of {step_s} s, {ms} ms, time-out {timeout_s} s, log {log_takes} ms");
                assert_eq!(kept.len(), paid_for, "{what}");
                let measured = kept.iter().filter(|record| record.is_measured()).count();
                assert_eq!(measured, paid_for, "{what}: {kept:?}");
                assert_eq!(measured, 6, "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_wherever_a_step_waits_loses_no_invocation() {
    for (step_s, ms, timeout_s, concurrency) in [
        (20, 1500.0, 10, 1),
        (20, 18_000.0, 30, 3),
        (300, 280_000.0, 300, 1),
        (900, 840_000.0, 900, 1),
    ] {
        for round in 0..2 {
            for kill in 1.. {
                let latency = Duration::from_millis(400);
                let mut case = Case::new(step_s, ms, timeout_s, latency, asked(5, concurrency)).await;
                for _ in 0..round {
                    if let Step::Handed(state) = case.step(u32::MAX).await {
                        case.state = *state;
                    }
                }
                if !matches!(case.step(kill).await, Step::Killed) {
                    break;
                }
                case.run_to_the_end().await;
                let (kept, paid_for) = (case.records().await, case.paid_for());
                let what = format!("steps of {step_s} s, {ms} ms, {concurrency} at a time, round {round}, kill {kill}");
                // Noted, and begun or not when the step was killed, or ended and not written yet.
                let open = kept.iter().filter(|record| record.request_id.is_empty()).count();
                assert!(open <= concurrency as usize, "{what}: {kept:?}");
                assert!(kept.len() >= paid_for, "{what}: {paid_for} paid for, {kept:?}");
                let measured = kept.iter().filter(|record| record.is_measured()).count();
                assert!(measured + open >= paid_for, "{what}: {paid_for} paid for, {kept:?}");
                // Each that runs beside others starts an environment of its own.
                assert!(
                    paid_for <= 6 + (concurrency as usize - 1) + open,
                    "{what}: {paid_for} paid for, {kept:?}"
                );
            }
        }
    }
}

/// What is waited for is noted once for all that follow one another: two requests to the store for each invocation, one to note it and
/// one for its record, made the store the dearest part of tuning a function of a second.
#[tokio::test(start_paused = true)]
async fn a_note_is_written_once_for_invocations_that_are_waited_for() {
    let mut case = Case::new(300, 1500.0, 10, Duration::from_millis(200), asked(20, 1)).await;
    case.run_to_the_end().await;
    let writes = case.world.store.writes();
    let notes = writes.iter().filter(|key| key.starts_with("pending/")).count();
    let records = writes.iter().filter(|key| key.starts_with("records/")).count();
    assert_eq!((notes, records), (1, 21), "{writes:?}");
    let left = case.world.store.list("pending/").await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}
