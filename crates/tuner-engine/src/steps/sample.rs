use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Semaphore};
use tuner_core::{Batch, InvocationRecord, MemorySize, Payloads, SizeProgress, StartKind};

use crate::context::Event;
use crate::ports::PortErrorKind;
use crate::steps::asynchronous::{Begun, MOST_BYTES, Pending};
use crate::steps::invocation::{Invoked, invoke};
use crate::steps::log_lines::LogReader;
use crate::steps::plan::{Next, plan};
use crate::steps::processors::Processors;
use crate::{Context, TuningError, TuningState, records};

/// Records wait this long at most before they are written to the store.
const KEEP_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Plans and makes invocations by turns, until a version must be published, all is measured, or it is time to hand back:
/// for planners that ask for little at a time.
///
/// # Errors
/// As [`sample`].
pub async fn measure(ctx: &Context, state: &mut TuningState, payloads: &Payloads) -> Result<Next, TuningError> {
    loop {
        let batches = match plan(ctx, state) {
            Next::Sample(batches) => batches,
            next => return Ok(next),
        };
        let calls = |state: &TuningState| -> u32 { state.progress.values().map(|p| p.outcomes.total()).sum() };
        let before = calls(state);
        sample(ctx, state, &batches, payloads).await?;
        if ctx.is_late() || calls(state) == before {
            return Ok(Next::Sample(batches));
        }
    }
}

/// Makes the invocations of `batches`, writes their records to the store as they are made, and their sums to `state`.
///
/// Sizes take turns: invocations are handed out round robin, so that whatever drifts during the tuning meets all sizes
/// alike. The first invocation of a size is made alone; a size that proves hopeless is not invoked any more. Past
/// [`Context::hand_back_at`] it hands back what it has; nothing that was measured is measured again, since planning starts
/// from what `state` says.
///
/// # Errors
/// When Lambda refuses for a reason that holds for every call, when a processor or the store fails, or when somebody asked
/// to stop. Records made before are kept; invocations under way when Lambda refuses are waited for and kept too.
pub async fn sample(
    ctx: &Context,
    state: &mut TuningState,
    batches: &[Batch],
    payloads: &Payloads,
) -> Result<(), TuningError> {
    let logs = LogReader::new(ctx, &state.original.latest);
    let outlives = outlives_the_step(ctx, state) && logs.is_readable().await;
    let turns = Turns {
        outlives,
        permits: Semaphore::new(state.request.max_concurrency as usize),
        started_at: ctx.clock.now(),
        begun: AtomicU64::new(0),
        refused: AtomicBool::new(false),
    };
    let runs: Vec<SizeRun<'_>> = batches
        .iter()
        .map(|batch| {
            let progress = state.progress.get(&batch.memory_size).cloned().unwrap_or_default();
            let called = progress.outcomes.total() as usize;
            // The first call of a size is its cold start; the weights hold for those after it, or for all cold starts.
            let before = usize::from(!state.request.only_cold_starts);
            let sequence = payloads.sequence(called + batch.invocations as usize);
            let payload_order = (called..called + batch.invocations as usize)
                .filter_map(|call| sequence.get(call.saturating_sub(before)).copied())
                .collect();
            SizeRun {
                ctx,
                state: &*state,
                payloads,
                logs: &logs,
                processors: Processors::new(ctx, &state.request),
                versions: state.usable_versions(batch.memory_size),
                size: batch.memory_size,
                turns: &turns,
                concurrency: batch.concurrency.min(batch.invocations),
                payload_order,
                shared: Mutex::new(Shared {
                    left: batch.invocations,
                    made: 0,
                    kept: called,
                    kept_at: turns.started_at,
                    progress,
                    unkept: Vec::new(),
                }),
            }
        })
        .collect();
    let results = join_all(runs.iter().map(SizeRun::run)).await;
    let mut summaries = Vec::new();
    let mut kept = Ok(());
    for run in runs {
        kept = kept.and(run.keep_rest().await);
        summaries.push((run.size, run.shared.into_inner().progress));
    }
    let note = logs.note();
    state.progress.extend(summaries);
    state.warnings.extend(note);
    kept?;
    results.into_iter().collect()
}

/// What the workers of all sizes share.
struct Turns {
    /// Tokio's semaphore is fair: workers of all sizes queue up, which is what makes the sizes take turns.
    permits: Semaphore,
    /// When this step began.
    started_at: Timestamp,
    /// Whether an invocation may take longer than this step has from beginning to end, and its REPORT can be found later.
    outlives: bool,
    /// Invocations that were begun so far.
    begun: AtomicU64,
    /// Whether Lambda refused one for a reason that holds for all: no more are begun, since they cost money.
    refused: AtomicBool,
}

struct SizeRun<'a> {
    ctx: &'a Context,
    state: &'a TuningState,
    payloads: &'a Payloads,
    logs: &'a LogReader<'a>,
    processors: Processors<'a>,
    versions: Vec<u64>,
    size: MemorySize,
    turns: &'a Turns,
    concurrency: u32,
    payload_order: Vec<u32>,
    shared: Mutex<Shared>,
}

struct Shared {
    /// Invocations of the batch that are still to be made.
    left: u32,
    /// Those that were begun.
    made: usize,
    /// Records in the store.
    kept: usize,
    kept_at: Timestamp,
    progress: SizeProgress,
    unkept: Vec<InvocationRecord>,
}

/// How an invocation is to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its answer is waited for.
    Synchronous,
    /// It may outlive this process: its REPORT is found in the log, by whoever goes on.
    Asynchronous,
}

impl SizeRun<'_> {
    async fn run(&self) -> Result<(), TuningError> {
        if !self.take_up_pending().await? {
            return Ok(());
        }
        self.pause_after_those_before().await?;
        if self.state.request.only_cold_starts {
            for &version in &self.versions {
                // Taken up a moment ago.
                if self.shared.lock().await.progress.versions_used.contains(&version) {
                    continue;
                }
                let calls = (0..self.concurrency).map(|_| self.one(version));
                let more: Vec<bool> = join_all(calls).await.into_iter().collect::<Result<_, _>>()?;
                if more.contains(&false) {
                    break;
                }
            }
            return Ok(());
        }
        let Some(&version) = self.versions.last() else {
            return Ok(());
        };
        let is_first = self.shared.lock().await.progress.outcomes.total() == 0;
        if is_first && !self.one(version).await? {
            return Ok(());
        }
        let workers = (0..self.concurrency).map(|_| async {
            while self.one(version).await? {}
            Ok(())
        });
        join_all(workers).await.into_iter().collect()
    }

    /// Makes the next invocation; false if there is none to make.
    async fn one(&self, version: u64) -> Result<bool, TuningError> {
        let Ok(permit) = self.turns.permits.acquire().await else {
            return Err(TuningError::Interrupted);
        };
        let Some((ordinal, way)) = self.take().await else {
            return Ok(false);
        };
        let index = self.payload_order.get(ordinal).copied().unwrap_or_default();
        let made = match self.make(version, index, way).await {
            Err(TuningError::Port(e)) if e.kind == PortErrorKind::NotFound => {
                return self.skip(format!("version {version} is gone: {}", e.message)).await;
            }
            Err(error) => {
                self.turns.refused.store(true, Ordering::Relaxed);
                return Err(error);
            }
            Ok(made) => made,
        };
        drop(permit);
        let Some(Invoked { mut record, answer }) = made else {
            return Ok(false);
        };
        // Where several are made at a time, they disturb each other, and would again.
        record.set_aside = self.state.request.max_concurrency == 1
            && is_disturbed(&record)
            && may_set_aside(&self.shared.lock().await.progress);
        self.add(record).await?;
        let pause = Duration::from_millis(self.state.request.pause_ms);
        // One that is cut short by the end of this step is made up for by the next one.
        let is_last = self.ctx.is_too_long(pause);
        if !pause.is_zero() && !is_last {
            self.ctx.unless_cancelled(self.ctx.clock.sleep(pause)).await?;
        }
        let processed = self.processors.after(&answer).await;
        if processed.is_err() {
            self.turns.refused.store(true, Ordering::Relaxed);
        }
        processed.map(|()| !is_last)
    }

    /// The pause that belongs between the last invocation of the step before and the first of this one, as far as there is
    /// time for it.
    async fn pause_after_those_before(&self) -> Result<(), TuningError> {
        let pause = Duration::from_millis(self.state.request.pause_ms);
        let is_first = self.shared.lock().await.progress.outcomes.total() == 0;
        let Some(at) = self.ctx.hand_back_at.filter(|_| !is_first && !pause.is_zero()) else {
            return Ok(());
        };
        let room = at.duration_since(self.ctx.clock.now()).saturating_sub(self.timeout());
        let pause = pause.min(Duration::try_from(room).unwrap_or_default());
        self.ctx.unless_cancelled(self.ctx.clock.sleep(pause)).await
    }

    /// Gives up this size alone.
    async fn skip(&self, reason: String) -> Result<bool, TuningError> {
        self.ctx.tell(Event::Skipped {
            size: self.size,
            reason: &reason,
        });
        self.shared.lock().await.progress.skipped = Some(reason);
        Ok(false)
    }

    async fn make(&self, version: u64, index: u32, way: Way) -> Result<Option<Invoked>, TuningError> {
        let payload = self.processors.before(self.payloads.body(index)).await?;
        let function = self.state.function().at(&version.to_string());
        let invoked = match way {
            Way::Asynchronous if payload.len() <= MOST_BYTES => {
                match Pending::start(self.ctx, &function, self.size, version, index, &payload).await? {
                    Begun::Pending(pending) => self.outcome(&pending).await?,
                    Begun::Unknown(record) => Some(without_answer(record)),
                }
            }
            _ => {
                let request = &self.state.request;
                let timeout_s = self.state.original.latest.timeout_s;
                invoke(self.ctx, self.logs, request, &function, self.size, &payload, timeout_s).await?
            }
        };
        Ok(invoked.map(|mut invoked| {
            invoked.record.payload_index = self.payloads.is_weighted().then_some(index);
            invoked.record.version = self.state.request.only_cold_starts.then_some(version);
            invoked
        }))
    }

    /// Waits for asynchronous invocations that an earlier call of this step has left running. False if it is time to hand
    /// back before they have ended.
    async fn take_up_pending(&self) -> Result<bool, TuningError> {
        // Such as may have been begun by a step that had a little less time than this one.
        let whole = self.ctx.hand_back_at.map(|at| at.duration_since(self.turns.started_at));
        if self.ctx.logs.is_none() || whole.is_none_or(|whole| whole > self.timeout().saturating_mul(2)) {
            return Ok(true);
        }
        for pending in Pending::of(&*self.ctx.store, self.size).await? {
            let Some(Invoked { mut record, answer }) = self.outcome(&pending).await? else {
                return Ok(false);
            };
            record.payload_index = self.payloads.is_weighted().then_some(pending.payload_index);
            record.version = self.state.request.only_cold_starts.then_some(pending.version);
            {
                let mut shared = self.shared.lock().await;
                shared.left = shared.left.saturating_sub(1);
                shared.made += 1;
            }
            self.add(record).await?;
            self.processors.after(&answer).await?;
        }
        Ok(true)
    }

    /// What came of an asynchronous invocation, if that is known before it is time to hand back.
    async fn outcome(&self, pending: &Pending) -> Result<Option<Invoked>, TuningError> {
        let timeout_s = self.state.original.latest.timeout_s;
        let outcome = pending.outcome(self.ctx, self.logs, &self.state.request, self.size, timeout_s);
        Ok(outcome.await?.map(without_answer))
    }

    fn timeout(&self) -> SignedDuration {
        SignedDuration::from_secs(self.state.original.latest.timeout_s.into())
    }

    async fn take(&self) -> Option<(usize, Way)> {
        let mut shared = self.shared.lock().await;
        if self.turns.refused.load(Ordering::Relaxed) || shared.left == 0 || shared.progress.hopeless().is_some() {
            return None;
        }
        let way = self.way(&shared.progress)?;
        self.turns.begun.fetch_add(1, Ordering::Relaxed);
        shared.left -= 1;
        shared.made += 1;
        Some((shared.made - 1, way))
    }

    /// How the next invocation is to be made; `None` if it is time to hand back.
    fn way(&self, progress: &SizeProgress) -> Option<Way> {
        let Some(at) = self.ctx.hand_back_at else {
            return Some(Way::Synchronous);
        };
        let time_left = at.duration_since(self.ctx.clock.now());
        // A function with a time-out of minutes mostly takes less, and its own invocations say how much.
        let expected = match progress.measured() {
            0 => self.timeout(),
            _ => self
                .timeout()
                .min(SignedDuration::from_millis(2 * progress.longest_ms as i64 + 10_000)),
        };
        let longest = expected.saturating_add(self.processors.allowance());
        let whole = at.duration_since(self.turns.started_at);
        if longest <= time_left {
            Some(Way::Synchronous)
        } else if longest > whole && self.turns.outlives {
            Some(Way::Asynchronous)
        } else if self.turns.begun.load(Ordering::Relaxed) == 0 {
            // At least one each time, or a driver with too little time would go round for ever.
            Some(Way::Synchronous)
        } else {
            None
        }
    }

    async fn add(&self, record: InvocationRecord) -> Result<(), TuningError> {
        self.ctx.tell(Event::Invoked { record: &record });
        let mut shared = self.shared.lock().await;
        let was_hopeless = shared.progress.hopeless().is_some();
        shared.progress.add(&record);
        if let Some(outcome) = shared.progress.hopeless().filter(|_| !was_hopeless) {
            self.ctx.tell(Event::GivenUp {
                size: self.size,
                reason: outcome.words(),
            });
        }
        shared.unkept.push(record);
        let now = self.ctx.clock.now();
        if now.duration_since(shared.kept_at) >= KEEP_EVERY {
            self.keep(&mut shared).await?;
            shared.kept_at = now;
        }
        Ok(())
    }

    async fn keep_rest(&self) -> Result<(), TuningError> {
        self.keep(&mut *self.shared.lock().await).await
    }

    async fn keep(&self, shared: &mut Shared) -> Result<(), TuningError> {
        records::keep(&*self.ctx.store, self.size, shared.kept, &shared.unkept).await?;
        shared.kept += shared.unkept.len();
        shared.unkept.clear();
        Ok(())
    }
}

/// Whether others had the processor for so much of an invocation that another one is worth making. Cold starts are not set
/// aside: each needs a version of its own, or happens once.
fn is_disturbed(record: &InvocationRecord) -> bool {
    /// Twice the scatter of a CPU-bound function on a quiet machine, which is 2 to 4 %.
    const SHARE: f64 = 0.08;
    /// The scheduler's own slices: less is chance.
    const LEAST_MS: f64 = 2.0;
    let waited_ms = record.local.and_then(|local| local.waited_ms).unwrap_or(0.0);
    record.start == Some(StartKind::Warm)
        && record.is_measured()
        && waited_ms >= LEAST_MS
        && record.waited_share().is_some_and(|share| share >= SHARE)
}

/// Whether one more may be set aside. On a machine that is busy all the time nothing would be left: after the first few, as
/// many are kept as are set aside.
fn may_set_aside(progress: &SizeProgress) -> bool {
    const AT_ONCE: u32 = 3;
    let set_aside = progress.outcomes.success.saturating_sub(progress.measured());
    set_aside < AT_ONCE + progress.warm / 2
}

/// Whether an invocation may take longer than a step has from beginning to end.
fn outlives_the_step(ctx: &Context, state: &TuningState) -> bool {
    let timeout = SignedDuration::from_secs(state.original.latest.timeout_s.into());
    ctx.hand_back_at
        .is_some_and(|at| at.duration_since(ctx.clock.now()) < timeout)
}

/// Lambda keeps the answer of an asynchronous invocation to itself.
fn without_answer(record: InvocationRecord) -> Invoked {
    Invoked {
        record,
        answer: b"null".to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use tuner_core::{LocalReading, Outcome};

    use super::*;

    fn record(start: StartKind, duration_ms: f64, waited_ms: Option<f64>) -> InvocationRecord {
        InvocationRecord {
            start: Some(start),
            duration_ms: Some(duration_ms),
            billed_duration_ms: Some(duration_ms as u64),
            local: Some(LocalReading {
                waited_ms,
                ..LocalReading::default()
            }),
            ..InvocationRecord::bare(128, Outcome::Success)
        }
    }

    #[test]
    fn what_waited_for_others_is_disturbed() {
        let warm = |duration_ms, waited_ms| is_disturbed(&record(StartKind::Warm, duration_ms, waited_ms));
        assert!(warm(100.0, Some(20.0)));
        assert!(!warm(100.0, Some(5.0)), "the scatter of any machine");
        assert!(!warm(10.0, Some(1.5)), "a slice of the scheduler");
        assert!(!warm(100.0, None), "AWS says nothing");
        assert!(!is_disturbed(&record(StartKind::Cold, 100.0, Some(50.0))));
    }

    #[test]
    fn on_a_machine_that_is_always_busy_something_is_kept() {
        let mut progress = SizeProgress::default();
        let mut kept = 0;
        for call in 1..=30 {
            let mut record = record(StartKind::Warm, 100.0, Some(50.0));
            record.set_aside = is_disturbed(&record) && may_set_aside(&progress);
            kept += u32::from(!record.set_aside);
            progress.add(&record);
            assert!(progress.outcomes.success - kept <= 3 + kept / 2, "after {call}");
        }
        assert!(kept >= 15, "{kept}");
    }
}
