use std::time::Duration;

use tuner_core::FunctionName;

use crate::ports::{FunctionConfiguration, FunctionState, UpdateStatus};
use crate::retry::retrying;
use crate::{Context, TuningError};

/// SnapStart and VPC functions take minutes to become ready; a step that waits lives no longer than 15.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);
const FIRST_POLL: Duration = Duration::from_millis(40);
const LAST_POLL: Duration = Duration::from_secs(1);

/// Reads the configuration until no change is under way and the function or version is active.
///
/// # Errors
/// When it can't be read or does not become ready, and when somebody asks to stop.
///
/// It polls GetFunction, whose quota (100/s) is apart from the 15 requests a second of all other control-plane calls.
pub(super) async fn until_ready(ctx: &Context, function: &FunctionName) -> Result<FunctionConfiguration, TuningError> {
    let mut waited = Duration::ZERO;
    let mut poll = FIRST_POLL;
    loop {
        let configuration = retrying(ctx, || ctx.control.configuration(function)).await?;
        let not_ready = |reason: &str| TuningError::NotReady {
            function: function.to_string(),
            waited_s: waited.as_secs(),
            reason: reason.to_owned(),
        };
        match (&configuration.state, &configuration.update_status) {
            (FunctionState::Failed(reason), _) => return Err(not_ready(reason)),
            (FunctionState::Active, UpdateStatus::Successful | UpdateStatus::Failed(_)) => return Ok(configuration),
            _ if waited >= LONGEST_WAIT => return Err(not_ready("it is still being changed")),
            _ => {}
        }
        ctx.unless_cancelled(ctx.clock.sleep(poll)).await?;
        waited += poll;
        poll = poll.mul_f64(2.0).min(LAST_POLL);
    }
}
