//! Stopping an execution, and putting the function back from here: a state machine that is stopped cannot.

use std::sync::Arc;
use std::time::Duration;

use tuner_aws::{Execution, StateMachineError, StateMachines};
use tuner_core::FunctionName;
use tuner_engine::steps::Restored;
use tuner_engine::steps::restore::{remains, restore_function};
use tuner_engine::{Context, marker};
use uuid::Uuid;

use crate::commands::restore;
use crate::error::CliError;
use crate::progress::Progress;
use crate::reach::Reach;
use crate::states_arn::ExecutionArn;

/// What the execution says it was stopped with.
const ERROR: &str = "Tuner.Interrupted";
const CAUSE: &str = "tuner run was interrupted";

const ATTEMPTS: u32 = 10;
const BETWEEN: Duration = Duration::from_secs(2);

/// Stops an execution and waits until it is over. One that had ended meanwhile is as it ended.
pub(super) async fn stop(machines: &StateMachines, arn: &ExecutionArn) -> Result<Execution, StateMachineError> {
    let arn = arn.to_string();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let stopped = match machines.stop(&arn, ERROR, CAUSE).await {
            Ok(()) => until_over(machines, &arn).await,
            Err(error) => Err(error),
        };
        match stopped {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => tokio::time::sleep(BETWEEN).await,
            stopped => return stopped,
        }
    }
}

async fn until_over(machines: &StateMachines, arn: &str) -> Result<Execution, StateMachineError> {
    loop {
        let execution = machines.execution(arn).await?;
        if execution.status.is_over() {
            return Ok(execution);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A step that was at work when its execution was stopped goes on until it notices: it has changed the function this long
/// after we last looked, or not at all.
const QUIET_FOR: u32 = 3;
const LOOKS: u32 = 20;

/// Puts back what this tuning, and no other, has left on the function. `may_go_on` says that a step may still be changing
/// it.
pub(super) async fn put_back(
    reach: &Reach,
    function: &FunctionName,
    role_arn: Option<&str>,
    tuning_id: Uuid,
    may_go_on: bool,
    progress: &Arc<Progress>,
) -> Result<Restored, CliError> {
    let function = function.unqualified();
    let lambda = Arc::new(reach.lambda(function.region(), role_arn).await.lambda());
    let ctx = restore::context(lambda, progress.clone())?;
    let mut all = restore_function(&ctx, &function, Some(tuning_id), 0).await;
    let mut quiet = 0;
    for _ in 0..LOOKS {
        if !may_go_on || quiet == QUIET_FOR || !all.leftovers.is_empty() {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
        if has_left_nothing(&ctx, &function, tuning_id).await {
            quiet += 1;
            continue;
        }
        quiet = 0;
        let more = restore_function(&ctx, &function, Some(tuning_id), 0).await;
        all.memory_size_mb = more.memory_size_mb.or(all.memory_size_mb);
        all.deleted.extend(more.deleted);
        all.leftovers = more.leftovers;
        all.remedies = more.remedies;
        all.notes.extend(more.notes);
    }
    Ok(all)
}

async fn has_left_nothing(ctx: &Context, function: &FunctionName, tuning_id: Uuid) -> bool {
    remains(ctx, function).await.is_ok_and(|remains| {
        let is_ours = |description: &str| marker::version_owner(description) == Some(tuning_id);
        remains.marker.is_none_or(|mark| mark.tuning_id != tuning_id)
            && !remains.versions.iter().any(|version| is_ours(&version.description))
    })
}
