//! The functions that are called around each invocation, to prepare what it works on and to clean up behind it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;
use tuner_core::FunctionName;

use crate::ports::{InvokeReply, LONGEST_TIMEOUT_S, PortErrorKind, longest_answer};
use crate::retry::retrying_if;
use crate::{Context, TuningError, TuningRequest};

/// Pre- and post-processor, if there are any. What they take is in no figure.
pub(super) struct Processors<'a> {
    ctx: &'a Context,
    request: &'a TuningRequest,
    /// Of those called so far, in ms.
    longest_ms: AtomicI64,
}

impl<'a> Processors<'a> {
    pub(super) const fn new(ctx: &'a Context, request: &'a TuningRequest) -> Self {
        Self {
            ctx,
            request,
            longest_ms: AtomicI64::new(0),
        }
    }

    /// How long both together may take, judged by those before.
    pub(super) fn allowance(&self) -> SignedDuration {
        SignedDuration::from_millis(2 * self.longest_ms.load(Ordering::Relaxed))
    }

    /// The payload to send: what the pre-processor answers to it, unless that is empty.
    pub(super) async fn before<'p>(&self, payload: &'p [u8]) -> Result<Cow<'p, [u8]>, TuningError> {
        let Some(function) = &self.request.pre_processor else {
            return Ok(Cow::Borrowed(payload));
        };
        let answer = self.call("pre-processor", function, payload).await?;
        Ok(match answer.trim_ascii() {
            b"" | b"null" | b"\"\"" => Cow::Borrowed(payload),
            _ => Cow::Owned(answer),
        })
    }

    /// Gives the function's answer, or its error object, to the post-processor.
    pub(super) async fn after(&self, answer: &[u8]) -> Result<(), TuningError> {
        match &self.request.post_processor {
            Some(function) => self.call("post-processor", function, answer).await.map(drop),
            None => Ok(()),
        }
    }

    async fn call(&self, which: &'static str, function: &FunctionName, input: &[u8]) -> Result<Vec<u8>, TuningError> {
        let failed = |reason: String| TuningError::Processor {
            which,
            function: function.to_string(),
            reason,
        };
        self.ctx.check()?;
        let worth_it = |kind| matches!(kind, PortErrorKind::Throttled | PortErrorKind::Unreachable);
        let begun_at = self.ctx.clock.now();
        // Its own time-out is not known.
        let longest = longest_answer(LONGEST_TIMEOUT_S, input);
        let reply = retrying_if(self.ctx, worth_it, || {
            self.ctx.processors.invoke(function, input, longest)
        })
        .await;
        let ms = self.ctx.clock.now().duration_since(begun_at).as_millis() as i64;
        self.longest_ms.fetch_max(ms, Ordering::Relaxed);
        match reply.map_err(|e| failed(e.to_string()))? {
            InvokeReply {
                function_error: None,
                payload,
                ..
            } => Ok(payload),
            InvokeReply { payload, .. } if self.request.keep_messages => {
                Err(failed(String::from_utf8_lossy(&payload).chars().take(300).collect()))
            }
            _ => Err(failed("it answered with an error".to_owned())),
        }
    }
}
