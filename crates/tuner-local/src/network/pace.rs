//! So many bytes in a time, whoever sends them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::time_of;

/// What was not used is kept for so long: timers are late by as much.
const BURST: Duration = Duration::from_millis(5);

/// One direction of a link, which all its connections share.
#[derive(Debug)]
pub(super) struct Pace {
    mbps: f64,
    free_at: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(mbps: f64) -> Self {
        Self {
            mbps,
            free_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits until so many bytes have passed the link.
    pub(super) async fn pass(&self, bytes: usize) {
        let until = self.reserve(bytes, Instant::now());
        tokio::time::sleep_until(until.into()).await;
    }

    fn reserve(&self, bytes: usize, now: Instant) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        *free_at = (*free_at).max(earliest) + time_of(bytes, self.mbps);
        *free_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_queue_up_and_silence_saves_little() {
        let pace = Pace::new(800.0);
        let start = Instant::now() + Duration::from_secs(1);
        let ms = |n| Duration::from_millis(n);
        // 100 MB/s: 1 MB takes 10 ms, of which 5 were saved.
        assert_eq!(pace.reserve(1_000_000, start), start + ms(5));
        assert_eq!(pace.reserve(1_000_000, start), start + ms(15));
        assert_eq!(pace.reserve(1_000_000, start + ms(12)), start + ms(25));
        assert_eq!(pace.reserve(1_000_000, start + ms(500)), start + ms(505));
    }
}
