use tuner_core::{Batch, Planner};

use crate::TuningState;
use crate::context::{Context, Event};

/// What to invoke next; empty when the tuning is over.
pub fn plan(ctx: &Context, planner: &dyn Planner, state: &TuningState) -> Vec<Batch> {
    let batches = planner.next(&state.progress);
    for batch in &batches {
        ctx.tell(Event::Planned {
            size: batch.memory_size,
            invocations: batch.invocations,
        });
    }
    batches
}
