use serde::{Deserialize, Serialize};
use tuner_core::Batch;

use crate::TuningState;
use crate::context::{Context, Event};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// Publish the versions that are missing.
    Publish,
    /// Make these invocations.
    Sample(Vec<Batch>),
    /// All is measured: put the function back.
    Restore,
}

/// What to do next, from what was published and measured so far.
pub fn plan(ctx: &Context, state: &TuningState) -> Next {
    let batches = wanted(ctx, state);
    if batches.is_empty() {
        return Next::Restore;
    }
    if batches.iter().any(|batch| versions_missing(state, batch) > 0) {
        return Next::Publish;
    }
    for batch in &batches {
        ctx.tell(Event::Planned {
            size: batch.memory_size,
            invocations: batch.invocations,
        });
    }
    Next::Sample(batches)
}

/// The batches that are wanted next, published or not.
pub fn wanted(ctx: &Context, state: &TuningState) -> Vec<Batch> {
    state.planner(elapsed_ms(ctx, state)).next(&state.progress)
}

/// How many versions must be published before `batch` can be invoked.
pub(super) fn versions_missing(state: &TuningState, batch: &Batch) -> u32 {
    let usable = state.usable_versions(batch.memory_size).len() as u32;
    state.versions_for(batch).saturating_sub(usable)
}

/// Time since the tuning began, in ms.
pub(super) fn elapsed_ms(ctx: &Context, state: &TuningState) -> f64 {
    ctx.clock.now().duration_since(state.started_at).as_secs_f64() * 1000.0
}
