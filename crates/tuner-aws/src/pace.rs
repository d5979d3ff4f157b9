use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Spaces calls out. All control-plane calls of an account, but for GetFunction, share 15 requests a second, and others
/// deploy at the same time; this leaves them a third.
#[derive(Debug)]
pub(crate) struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(crate) fn per_second(calls: u32) -> Self {
        Self {
            gap: Duration::from_secs(1) / calls.max(1),
            next: Mutex::new(None),
        }
    }

    pub(crate) fn unlimited() -> Self {
        Self {
            gap: Duration::ZERO,
            next: Mutex::new(None),
        }
    }

    /// The same rate, counted apart.
    pub(crate) fn another(&self) -> Self {
        Self {
            gap: self.gap,
            next: Mutex::new(None),
        }
    }

    /// A rate that is a part of this one, counted apart.
    pub(crate) fn slower_by(&self, factor: u32) -> Self {
        Self {
            gap: self.gap * factor,
            next: Mutex::new(None),
        }
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
        tokio::time::sleep_until(at).await;
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
    }
}
