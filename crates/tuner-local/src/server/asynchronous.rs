//! Asynchronous invocations and their retries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::environment::Event;

use super::error::{ApiError, ErrorKind, ThrottleReason};
use super::invoke::Admission;
use super::name::Target;
use super::state::Server;

/// How long Lambda goes on trying an asynchronous invocation that is throttled.
const LONGEST_EVENT_AGE: Duration = Duration::from_secs(6 * 3600);

/// An asynchronous invocation: a failing one is tried again after each of the configured delays (on Lambda twice, after
/// one and two minutes), a throttled one until it is six hours old.
pub(super) async fn retry(server: Arc<Server>, target: Target, mut event: Event) {
    let born = Instant::now();
    let mut delays = server.options.event_retry_delays.clone().into_iter();
    let mut back_off = Duration::from_secs(1);
    loop {
        let pause = match Admission::enter(&server, &target) {
            Ok(admission) => {
                event.invoked_function_arn.clone_from(&admission.invoked_arn);
                let done = admission.run(event.clone()).await;
                if done.answer.function_error.is_none() {
                    return;
                }
                let Some(delay) = delays.next() else {
                    tracing::warn!(
                        function = target.name,
                        request_id = event.request_id,
                        "asynchronous invocation failed for good"
                    );
                    return;
                };
                delay
            }
            Err(error) if throttled(&error) && born.elapsed() < LONGEST_EVENT_AGE => {
                let pause = back_off;
                back_off = (back_off * 2).min(Duration::from_secs(300));
                pause
            }
            Err(error) => {
                tracing::warn!(function = target.name, request_id = event.request_id, %error, "asynchronous invocation dropped");
                return;
            }
        };
        tokio::time::sleep(pause).await;
    }
}

fn throttled(error: &ApiError) -> bool {
    matches!(
        error.kind,
        ErrorKind::TooManyRequests(
            ThrottleReason::ConcurrentInvocationLimitExceeded
                | ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded
        )
    )
}
