//! Invocations that may outlive the step that makes them: begun asynchronously, and found in the log by whoever goes on.

use jiff::{SignedDuration, Timestamp};
use tuner_core::{FunctionName, InvocationRecord, Outcome};
use tuner_logs::lines::parse_tail;

use crate::ports::{InvokeReply, PortError, PortErrorKind};
use crate::retry::{had_no_effect, retrying_in_time};
use crate::steps::invocation::{Invoked, no_answer, read_reply};
use crate::steps::log_lines::LogReader;
use crate::steps::pending::Pending;
use crate::{Context, TuningError, TuningRequest};

/// An asynchronous invocation waits in Lambda's queue, and its log lines take their time too: this long after its time-out
/// its REPORT is not coming any more.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// Largest payload of an asynchronous invocation, in bytes. Source: Lambda quotas, 1 MB since October 2025.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// What came of beginning one.
pub(super) enum Begun {
    /// Its REPORT is to be found by what its note says.
    UnderWay,
    /// All is known of it that will be.
    Ended(Box<Invoked>),
    /// Lambda has not taken it yet, and it is time to hand back.
    Not {
        /// How often Lambda answered 429.
        throttles: u32,
    },
}

impl Begun {
    pub(super) fn ended(invoked: Invoked) -> Self {
        Self::Ended(Box::new(invoked))
    }
}

/// Begins the invocation that `pending` notes. Lambda repeats one that failed, which would be another billed invocation, unless
/// the version says otherwise: `unrepeated` says that it does already.
///
/// # Errors
/// When Lambda refuses.
pub(super) async fn begin(
    ctx: &Context,
    function: &FunctionName,
    pending: &mut Pending,
    payload: &[u8],
    unrepeated: bool,
) -> Result<Begun, TuningError> {
    ctx.check()?;
    let late = |error: PortError| match error.kind {
        kind if kind.is_transient() && ctx.is_too_long(ctx.backoff.base) => Ok(Begun::Not {
            throttles: u32::from(kind == PortErrorKind::Throttled),
        }),
        _ => Err(error.into()),
    };
    if !unrepeated {
        let set = retrying_in_time(ctx, PortErrorKind::is_transient, || {
            ctx.control.without_async_retries(function)
        });
        if let Err(error) = set.await {
            return late(error);
        }
    }
    let begun = retrying_in_time(ctx, had_no_effect, || ctx.invoker.invoke_async(function, payload)).await;
    match begun {
        Ok(request_id) => {
            pending.found_by(ctx, request_id).await;
            Ok(Begun::UnderWay)
        }
        Err(error) if error.kind.is_ambiguous() => {
            // It may run, and nothing tells by which ID to find it.
            Ok(Begun::ended(Invoked::without_answer(no_answer(
                pending.memory_size,
                &error,
            ))))
        }
        Err(error) => late(error),
    }
}

/// What came of a noted invocation; `None` if that is not known when it is time to hand back.
///
/// # Errors
/// When the log can't be read.
pub(super) async fn outcome(
    ctx: &Context,
    logs: &LogReader<'_>,
    request: &TuningRequest,
    pending: &Pending,
    timeout_s: u32,
) -> Result<Option<InvocationRecord>, TuningError> {
    let Some(request_id) = &pending.request_id else {
        return Ok(Some(pending.without_report("no answer before its step was cut off")));
    };
    let late = SignedDuration::from_secs(timeout_s.into()).saturating_add(GRACE);
    let until = pending.begun_at.checked_add(late).unwrap_or(Timestamp::MAX);
    Ok(match logs.wait_for(request_id, pending.begun_at, until).await? {
        Some(lines) => {
            let reply = InvokeReply {
                local: None,
                request_id: Some(request_id.clone()),
                // There is no answer to say so: the log does, in REPORT or beside it.
                function_error: failed(&lines, request_id).then(|| "Unhandled".to_owned()),
                payload: b"{}".to_vec(),
                log_tail: Some(lines),
            };
            Some(read_reply(request, pending.memory_size, &reply))
        }
        None if ctx.clock.now() <= until => None,
        None => Some(pending.without_report("no REPORT in the log")),
    })
}

/// Whether the log says that an invocation failed: JSON logs in their report; in text Lambda in REPORT or in a line of its
/// own, or a runtime that reports what the handler threw, if that line names the request.
fn failed(lines: &[u8], request_id: &str) -> bool {
    let text = String::from_utf8_lossy(lines);
    let outcome = parse_tail(lines, Some(request_id)).outcome();
    let is_json = text.trim_start().starts_with('{');
    let by_runtime = || {
        ["\"errorType\"", "Task timed out after", "[ERROR] "]
            .iter()
            .any(|sign| text.contains(sign))
    };
    outcome.is_some_and(|outcome| outcome != Outcome::Success) || (!is_json && by_runtime())
}
