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
    let batches = state.request.planner().next(&state.progress);
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

/// How many versions must be published before `batch` can be invoked.
pub(super) fn versions_missing(state: &TuningState, batch: &Batch) -> u32 {
    let Some(progress) = state.progress.get(&batch.memory_size) else {
        return 0;
    };
    let usable = state.usable_versions(batch.memory_size).len() as u32;
    state.request.versions_for(batch, progress).saturating_sub(usable)
}
