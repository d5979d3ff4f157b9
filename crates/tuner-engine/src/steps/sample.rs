use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Semaphore};
use tuner_core::{Batch, MemorySize, Payloads};

use crate::steps::log_lines::LogReader;
use crate::steps::pending::Pending;
use crate::steps::plan::{Next, plan};
use crate::steps::processors::Processors;
use crate::steps::size_run::{Shared, SizeRun};
use crate::{Context, TuningError, TuningState};

/// Plans and makes invocations by turns, until a version must be published, all is measured, or it is time to hand back:
/// for planners that ask for little at a time.
///
/// # Errors
/// As [`sample`].
pub async fn measure(ctx: &Context, state: &mut TuningState, payloads: &Payloads) -> Result<Next, TuningError> {
    let mut step = Step::begin(ctx);
    loop {
        let batches = match plan(ctx, state) {
            Next::Sample(batches) => batches,
            next => return Ok(next),
        };
        let calls = |state: &TuningState| -> u32 { state.progress.values().map(|p| p.outcomes.total()).sum() };
        let before = calls(state);
        make(ctx, state, &batches, payloads, &mut step).await?;
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
    make(ctx, state, batches, payloads, &mut Step::begin(ctx)).await
}

/// What a step knows of itself.
struct Step {
    began_at: Timestamp,
    /// Invocations that steps before have left without a record, and that were not seen to yet; absent until it was looked.
    pending: Option<BTreeMap<MemorySize, Vec<Pending>>>,
    /// Invocations that it has begun so far.
    begun: AtomicU64,
}

impl Step {
    fn begin(ctx: &Context) -> Self {
        Self {
            began_at: ctx.clock.now(),
            pending: None,
            begun: AtomicU64::new(0),
        }
    }

    /// What it has from beginning to end, if its time is limited.
    fn whole(&self, ctx: &Context) -> Option<SignedDuration> {
        Some(ctx.hand_back_at?.duration_since(self.began_at))
    }
}

async fn make(
    ctx: &Context,
    state: &mut TuningState,
    batches: &[Batch],
    payloads: &Payloads,
    step: &mut Step,
) -> Result<(), TuningError> {
    let logs = LogReader::new(ctx, &state.original.latest);
    let outlives = outlives(ctx, state, step) && logs.is_readable().await;
    let whole = step.whole(ctx);
    let Step {
        began_at,
        pending,
        begun,
    } = step;
    if pending.is_none() && ctx.hand_back_at.is_some() {
        *pending = Some(Pending::all(&*ctx.store).await?);
    }
    let turns = Turns {
        outlives,
        permits: Semaphore::new(state.request.options.max_concurrency as usize),
        began_at: *began_at,
        begun,
        refused: AtomicBool::new(false),
        throttled: AtomicU32::new(0),
    };
    let runs: Vec<SizeRun<'_>> = batches
        .iter()
        .map(|batch| {
            let progress = state.progress.get(&batch.memory_size).cloned().unwrap_or_default();
            let called = progress.outcomes.total() as usize;
            // The first call of a size is its cold start; the weights hold for those after it, or for all cold starts.
            let before = usize::from(!state.request.options.only_cold_starts);
            let sequence = payloads.sequence(called + batch.invocations as usize);
            let payload_order = (called..called + batch.invocations as usize)
                .filter_map(|call| sequence.get(call.saturating_sub(before)).copied())
                .collect();
            SizeRun {
                ctx,
                state: &*state,
                payloads,
                logs: &logs,
                processors: Processors::new(ctx, &state.request, whole.and_then(|whole| whole.try_into().ok())),
                versions: state.usable_versions(batch.memory_size),
                size: batch.memory_size,
                turns: &turns,
                pending: (pending.as_mut().and_then(|all| all.remove(&batch.memory_size))).unwrap_or_default(),
                concurrency: batch.concurrency.min(batch.invocations),
                payload_order,
                shared: Mutex::new(Shared {
                    left: batch.invocations,
                    made: 0,
                    kept: called,
                    kept_at: ctx.clock.now(),
                    progress,
                    unkept: Vec::new(),
                    open: None,
                    unrepeated: BTreeSet::new(),
                }),
            }
        })
        .collect();
    let to_its_end = |run| async move {
        let ended = SizeRun::run(run).await;
        // What says that some are under way goes when none is, whatever other sizes still do.
        run.keep_rest().await.and(ended)
    };
    let results = join_all(runs.iter().map(to_its_end)).await;
    let mut summaries = Vec::new();
    for run in runs {
        summaries.push((run.size, run.shared.into_inner().progress));
    }
    let note = logs.note();
    state.throttled += turns.throttled.into_inner();
    state.progress.extend(summaries);
    state.warnings.extend(note);
    results.into_iter().collect()
}

/// What the workers of all sizes share.
pub(super) struct Turns<'a> {
    /// Tokio's semaphore is fair: workers of all sizes queue up, which is what makes the sizes take turns.
    pub(super) permits: Semaphore,
    /// When this step began.
    pub(super) began_at: Timestamp,
    /// Whether an invocation may take longer than this step has from beginning to end, and its REPORT can be found later.
    pub(super) outlives: bool,
    /// Invocations that this step has begun so far.
    pub(super) begun: &'a AtomicU64,
    /// Whether Lambda refused one for a reason that holds for all: no more are begun, since they cost money.
    pub(super) refused: AtomicBool,
    /// Invocations that Lambda refused, since too many ran at the same time.
    pub(super) throttled: AtomicU32,
}

/// Whether an invocation may take longer than a step has from beginning to end.
fn outlives(ctx: &Context, state: &TuningState, step: &Step) -> bool {
    let timeout = SignedDuration::from_secs(state.original.latest.timeout_s.into());
    step.whole(ctx).is_some_and(|whole| whole < timeout)
}
