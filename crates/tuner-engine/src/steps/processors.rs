//! The functions that are called around each invocation, to prepare what it works on and to clean up behind it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use tuner_core::FunctionName;

use crate::ports::{InvokeReply, LONGEST_TIMEOUT_S, PortErrorKind, longest_answer};
use crate::retry::retrying_in_time;
use crate::{Context, TuningError, TuningRequest};

/// Pre- and post-processor, if there are any. What they take is in no figure.
pub(super) struct Processors<'a> {
    ctx: &'a Context,
    request: &'a TuningRequest,
    /// What a whole step has, for drivers whose time is limited.
    whole: Option<Duration>,
    /// Of those called so far, in ms.
    longest_ms: AtomicI64,
}

/// What came of a call.
enum Answered {
    With(Vec<u8>),
    /// The step had to end first, and had little time left.
    TooLate,
}

impl<'a> Processors<'a> {
    pub(super) const fn new(ctx: &'a Context, request: &'a TuningRequest, whole: Option<Duration>) -> Self {
        Self {
            ctx,
            request,
            whole,
            longest_ms: AtomicI64::new(0),
        }
    }

    /// How long both together may take, judged by those before.
    pub(super) fn allowance(&self) -> SignedDuration {
        SignedDuration::from_millis(2 * self.longest_ms.load(Ordering::Relaxed))
    }

    /// The payload to send: what the pre-processor answers to it, unless that is empty. `None` when it is time to hand back.
    pub(super) async fn before<'p>(&self, payload: &'p [u8]) -> Result<Option<Cow<'p, [u8]>>, TuningError> {
        let Some(function) = &self.request.options.pre_processor else {
            return Ok(Some(Cow::Borrowed(payload)));
        };
        let Answered::With(answer) = self.call("pre-processor", function, payload).await? else {
            return Ok(None);
        };
        Ok(Some(match answer.trim_ascii() {
            b"" | b"null" | b"\"\"" => Cow::Borrowed(payload),
            _ => Cow::Owned(answer),
        }))
    }

    /// Gives the function's answer, or its error object, to the post-processor.
    pub(super) async fn after(&self, answer: &[u8]) -> Result<(), TuningError> {
        match &self.request.options.post_processor {
            // One that is not waited for any more goes on by itself.
            Some(function) => self.call("post-processor", function, answer).await.map(drop),
            None => Ok(()),
        }
    }

    async fn call(&self, which: &'static str, function: &FunctionName, input: &[u8]) -> Result<Answered, TuningError> {
        let failed = |reason: String| TuningError::Processor {
            which,
            function: function.to_string(),
            reason,
        };
        self.ctx.check()?;
        let worth_it = |kind| matches!(kind, PortErrorKind::Throttled | PortErrorKind::Unreachable);
        let begun_at = self.ctx.clock.now();
        let left = self.ctx.time_left();
        // Its own time-out is not known.
        let longest = longest_answer(LONGEST_TIMEOUT_S, input);
        let reply = retrying_in_time(self.ctx, worth_it, || {
            let longest = self.ctx.time_left().map_or(longest, |left| longest.min(left));
            self.ctx.processors.invoke(function, input, longest)
        })
        .await;
        let ms = self.ctx.clock.now().duration_since(begun_at).as_millis() as i64;
        self.longest_ms.fetch_max(ms, Ordering::Relaxed);
        match reply {
            Ok(InvokeReply {
                function_error: None,
                payload,
                ..
            }) => Ok(Answered::With(payload)),
            Ok(InvokeReply { payload, .. }) if self.request.options.keep_messages => {
                Err(failed(String::from_utf8_lossy(&payload).chars().take(300).collect()))
            }
            Ok(_) => Err(failed("it answered with an error".to_owned())),
            Err(error) if error.kind.is_transient() && self.ctx.is_too_long(self.ctx.backoff.base) => {
                match (left, self.whole) {
                    (Some(left), Some(whole)) if left < whole / 2 => Ok(Answered::TooLate),
                    _ => Err(failed(format!(
                        "{error}; a step of the tuner has {} s, and the processor must answer within that: give the steps \
                         more time (total_execution_timeout)",
                        self.whole.unwrap_or_default().as_secs()
                    ))),
                }
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }
}
