use std::future::Future;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use tokio_util::sync::CancellationToken;

use crate::Context;
use crate::context::Event;
use crate::ports::{Clock, PortError, PortErrorKind};

/// Exponential back-off with full jitter, inside a budget (M. Brooker, "Exponential Backoff And Jitter", AWS 2015).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// First ceiling of the random wait.
    pub base: Duration,
    /// Largest ceiling.
    pub max: Duration,
    /// Sum of waits after which it gives up.
    pub budget: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(100),
            max: Duration::from_secs(5),
            budget: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    /// The wait before retry number `retry` (from 0), at least as long as the service asked for.
    pub fn wait(&self, retry: u32, retry_after: Option<Duration>) -> Duration {
        let ceiling = self
            .base
            .saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX))
            .min(self.max);
        // Half of it is certain, so that a retry never follows at once.
        let jittered = ceiling.mul_f64(0.5 + rand::rng().random::<f64>() / 2.0);
        jittered.max(retry_after.unwrap_or_default())
    }
}

/// Repeats a call that changes nothing, or the same thing, until it goes through, fails for good, the budget is spent, or
/// somebody asks to stop.
pub(crate) async fn retrying<T, F>(ctx: &Context, call: impl Fn() -> F) -> Result<T, PortError>
where
    F: Future<Output = Result<T, PortError>>,
{
    retrying_if(ctx, PortErrorKind::is_transient, call).await
}

/// As [`retrying`], with another rule for what is worth repeating.
pub(crate) async fn retrying_if<T, F>(
    ctx: &Context,
    worth_it: fn(PortErrorKind) -> bool,
    call: impl Fn() -> F,
) -> Result<T, PortError>
where
    F: Future<Output = Result<T, PortError>>,
{
    retrying_in(ctx, None, worth_it, call).await
}

/// As [`retrying_if`], but no wait passes the time at which to hand back.
pub(crate) async fn retrying_in_time<T, F>(
    ctx: &Context,
    worth_it: fn(PortErrorKind) -> bool,
    call: impl Fn() -> F,
) -> Result<T, PortError>
where
    F: Future<Output = Result<T, PortError>>,
{
    retrying_in(ctx, ctx.hand_back_at, worth_it, call).await
}

async fn retrying_in<T, F>(
    ctx: &Context,
    until: Option<Timestamp>,
    worth_it: fn(PortErrorKind) -> bool,
    call: impl Fn() -> F,
) -> Result<T, PortError>
where
    F: Future<Output = Result<T, PortError>>,
{
    let waits = Waits {
        backoff: ctx.backoff,
        clock: ctx.clock.as_ref(),
        cancel: &ctx.cancel,
        until,
    };
    let tell = |error: &PortError| {
        ctx.tell(Event::Waiting {
            what: &error.to_string(),
        });
    };
    retrying_with(waits, worth_it, tell, call).await
}

/// How failures are waited out.
#[derive(Clone, Copy)]
pub(crate) struct Waits<'a> {
    pub(crate) backoff: Backoff,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) cancel: &'a CancellationToken,
    /// No wait ends later.
    pub(crate) until: Option<Timestamp>,
}

impl Waits<'_> {
    fn is_too_long(&self, wait: Duration) -> bool {
        let ends = SignedDuration::try_from(wait)
            .ok()
            .and_then(|wait| self.clock.now().checked_add(wait).ok());
        self.until.is_some_and(|until| ends.is_none_or(|ends| ends > until))
    }
}

/// As [`retrying_if`], outside of a tuning. `tell` hears of a failure that goes on for long.
pub(crate) async fn retrying_with<T, F>(
    waits: Waits<'_>,
    worth_it: fn(PortErrorKind) -> bool,
    tell: impl Fn(&PortError),
    call: impl Fn() -> F,
) -> Result<T, PortError>
where
    F: Future<Output = Result<T, PortError>>,
{
    let mut waited = Duration::ZERO;
    let mut retry = 0;
    loop {
        match call().await {
            Err(error) if worth_it(error.kind) && waited < waits.backoff.budget && !waits.cancel.is_cancelled() => {
                let wait = waits.backoff.wait(retry, error.retry_after);
                if waits.is_too_long(wait) {
                    return Err(error);
                }
                tracing::debug!(
                    operation = error.operation,
                    retry,
                    ?wait,
                    message = error.message,
                    "trying again"
                );
                if retry == 3 {
                    tell(&error);
                }
                tokio::select! {
                    biased;
                    () = waits.cancel.cancelled() => {}
                    () = waits.clock.sleep(wait) => {}
                }
                waited += wait;
                retry += 1;
            }
            result => return result,
        }
    }
}

/// Whether a call that changes something may simply be made again: it certainly had no effect.
pub(crate) const fn had_no_effect(kind: PortErrorKind) -> bool {
    kind.is_transient() && !kind.is_ambiguous()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_jittered_and_respect_the_service() {
        let backoff = Backoff::default();
        for retry in 0..40 {
            let wait = backoff.wait(retry, None);
            assert!(
                wait >= Duration::from_millis(50) && wait <= backoff.max,
                "{retry}: {wait:?}"
            );
        }
        assert!(backoff.wait(0, Some(Duration::from_secs(7))) >= Duration::from_secs(7));
    }
}
