use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tuner_core::ControlCalls;
use tuner_engine::ports::{PortError, PortErrorKind};

/// Spaces calls out. All control-plane calls of an account, but for GetFunction, share 15 requests a second, and others
/// deploy at the same time; this leaves them a third.
#[derive(Debug)]
pub(crate) struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
    calls: AtomicU32,
    waited_ms: AtomicU64,
    throttled: AtomicU32,
}

impl Pace {
    fn every(gap: Duration) -> Self {
        Self {
            gap,
            next: Mutex::new(None),
            calls: AtomicU32::new(0),
            waited_ms: AtomicU64::new(0),
            throttled: AtomicU32::new(0),
        }
    }

    pub(crate) fn per_second(calls: u32) -> Self {
        Self::every(Duration::from_secs(1) / calls.max(1))
    }

    pub(crate) fn unlimited() -> Self {
        Self::every(Duration::ZERO)
    }

    /// The same rate, counted apart.
    pub(crate) fn another(&self) -> Self {
        Self::every(self.gap)
    }

    /// A rate that is a part of this one, counted apart.
    pub(crate) fn slower_by(&self, factor: u32) -> Self {
        Self::every(self.gap * factor)
    }

    /// A rate that is so many times this one, counted apart.
    pub(crate) fn faster_by(&self, factor: u32) -> Self {
        Self::every(self.gap / factor.max(1))
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self) {
        if self.gap.is_zero() {
            return;
        }
        let at = {
            let mut next = self.next.lock().await;
            let at = next.unwrap_or_else(Instant::now).max(Instant::now());
            *next = Some(at + self.gap);
            at
        };
        let wait = at.saturating_duration_since(Instant::now());
        self.calls.fetch_add(1, Ordering::Relaxed);
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.waited_ms.fetch_add(ms, Ordering::Relaxed);
        tokio::time::sleep_until(at).await;
    }

    /// Counts a call that was refused, since too many were made all the same. Hands the error back.
    pub(crate) fn noting(&self, error: PortError) -> PortError {
        if error.kind == PortErrorKind::Throttled {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        }
        error
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> ControlCalls {
        ControlCalls {
            limited: self.calls.load(Ordering::Relaxed),
            paced_ms: self.waited_ms.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_a_second_means_a_tenth_of_a_second_apart() {
        let pace = Pace::per_second(10);
        let start = Instant::now();
        for _ in 0..11 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        for kind in [PortErrorKind::Throttled, PortErrorKind::Service] {
            assert_eq!(pace.noting(PortError::new(kind, "GetAlias", "no")).kind, kind);
        }
        let calls = ControlCalls {
            limited: 11,
            paced_ms: 1000,
            throttled: 1,
        };
        assert_eq!(pace.calls(), calls);
        // What nothing limits is not counted, and another pace counts apart.
        let unlimited = Pace::unlimited();
        unlimited.turn().await;
        assert!(unlimited.calls().is_empty() && pace.another().calls().is_empty());
    }
}
