use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::{Mutex, Semaphore};
use tuner_core::{Batch, FunctionName, InvocationRecord, MemorySize, Payloads, SizeProgress};

use crate::context::Event;
use crate::ports::StoreError;
use crate::steps::invocation::invoke;
use crate::{Context, TuningError, TuningState};

/// Makes the invocations of `batches`, writes their records to the store and their sums to `state`.
///
/// Sizes take turns: invocations are handed out round robin, so that whatever drifts during the tuning meets all sizes
/// alike. A size that proves hopeless is not invoked any more. Past [`Context::hand_back_at`] it hands back what it has;
/// nothing that was measured is measured again, since planning starts from what `state` says.
///
/// # Errors
/// When Lambda refuses for a reason that holds for every call, when the store fails, or when somebody asked to stop.
/// Records made before are kept; invocations under way when Lambda refuses are waited for and kept too.
pub async fn sample(
    ctx: &Context,
    state: &mut TuningState,
    batches: &[Batch],
    payloads: &Payloads,
) -> Result<(), TuningError> {
    let turns = Turns {
        permits: Semaphore::new(state.request.max_concurrency as usize),
        begun: AtomicU64::new(0),
        ended: AtomicU64::new(0),
        refused: AtomicBool::new(false),
    };
    let runs: Vec<SizeRun<'_>> = batches
        .iter()
        .filter_map(|batch| {
            let published = state.versions.get(&batch.memory_size)?;
            let progress = state.progress.get(&batch.memory_size)?.clone();
            let called = progress.outcomes.total() as usize;
            // The first call of a size is its cold start; the weights hold for those after it.
            let sequence = payloads.sequence(called + batch.invocations as usize);
            let payload_order = sequence[called.saturating_sub(1)..].to_vec();
            Some(SizeRun {
                ctx,
                state: &*state,
                payloads,
                function: state.function().at(&published.version.to_string()),
                size: batch.memory_size,
                turns: &turns,
                concurrency: batch.concurrency.min(batch.invocations),
                payload_order,
                shared: Mutex::new(Shared {
                    left: batch.invocations,
                    made: 0,
                    progress,
                    records: Vec::new(),
                }),
            })
        })
        .collect();
    let workers = runs
        .iter()
        .flat_map(|run| (0..run.concurrency).map(move |_| run.work()));
    let results = join_all(workers).await;
    let mut records = Vec::new();
    let mut summaries = Vec::new();
    for run in runs {
        let shared = run.shared.into_inner();
        summaries.push((run.size, shared.progress));
        records.extend(shared.records);
    }
    state.progress.extend(summaries);
    keep(ctx, state, records).await?;
    results.into_iter().collect()
}

/// What the workers of all sizes share.
struct Turns {
    /// Tokio's semaphore is fair: workers of all sizes queue up, which is what makes the sizes take turns.
    permits: Semaphore,
    /// Invocations that were begun so far.
    begun: AtomicU64,
    /// Invocations that ended so far.
    ended: AtomicU64,
    /// Whether Lambda refused one for a reason that holds for all: no more are begun, since they cost money.
    refused: AtomicBool,
}

struct SizeRun<'a> {
    ctx: &'a Context,
    state: &'a TuningState,
    payloads: &'a Payloads,
    function: FunctionName,
    size: MemorySize,
    turns: &'a Turns,
    concurrency: u32,
    payload_order: Vec<u32>,
    shared: Mutex<Shared>,
}

struct Shared {
    left: u32,
    made: usize,
    progress: SizeProgress,
    records: Vec<(u64, InvocationRecord)>,
}

impl SizeRun<'_> {
    /// One of the size's workers: takes the next invocation until none is left.
    async fn work(&self) -> Result<(), TuningError> {
        let request = &self.state.request;
        loop {
            let Ok(permit) = self.turns.permits.acquire().await else {
                return Err(TuningError::Interrupted);
            };
            let Some(ordinal) = self.take().await else {
                return Ok(());
            };
            let index = self.payload_order.get(ordinal).copied().unwrap_or_default();
            let invoked = invoke(self.ctx, request, &self.function, self.size, self.payloads.body(index)).await;
            if invoked.is_err() {
                self.turns.refused.store(true, Ordering::Relaxed);
            }
            let mut record = invoked?;
            drop(permit);
            record.payload_index = self.payloads.is_weighted().then_some(index);
            self.ctx.tell(Event::Invoked { record: &record });
            self.add(record).await;
            if request.pause_ms > 0 {
                let pause = Duration::from_millis(request.pause_ms);
                self.ctx.unless_cancelled(self.ctx.clock.sleep(pause)).await?;
            }
        }
    }

    async fn take(&self) -> Option<usize> {
        let mut shared = self.shared.lock().await;
        // At least one each time, or a driver with too little time would go round for ever.
        let is_late = || self.ctx.hand_back_at.is_some_and(|at| self.ctx.clock.now() >= at);
        if self.turns.begun.load(Ordering::Relaxed) > 0 && is_late() {
            return None;
        }
        if self.turns.refused.load(Ordering::Relaxed) || shared.left == 0 || shared.progress.hopeless().is_some() {
            return None;
        }
        self.turns.begun.fetch_add(1, Ordering::Relaxed);
        shared.left -= 1;
        shared.made += 1;
        Some(shared.made - 1)
    }

    async fn add(&self, record: InvocationRecord) {
        let mut shared = self.shared.lock().await;
        let was_hopeless = shared.progress.hopeless().is_some();
        shared.progress.add(&record);
        if let Some(outcome) = shared.progress.hopeless().filter(|_| !was_hopeless) {
            self.ctx.tell(Event::GivenUp {
                size: self.size,
                reason: outcome.words(),
            });
        }
        let order = self.turns.ended.fetch_add(1, Ordering::Relaxed);
        shared.records.push((order, record));
    }
}

/// Writes records in the order they ended, one JSON object a line.
async fn keep(
    ctx: &Context,
    state: &mut TuningState,
    mut records: Vec<(u64, InvocationRecord)>,
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    records.sort_by_key(|(order, _)| *order);
    let mut lines = Vec::new();
    for (_, record) in &records {
        // A record holds numbers and text only, which can't fail to serialise.
        let _ = serde_json::to_writer(&mut lines, record);
        lines.push(b'\n');
    }
    ctx.store.put(&records_key(state.record_parts), &lines).await?;
    state.record_parts += 1;
    Ok(())
}

/// Key of a part of the records.
pub(super) fn records_key(part: u32) -> String {
    format!("records/{part:05}.jsonl")
}
