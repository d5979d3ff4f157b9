//! Does the memory used grow over time? A straight line through all invocations, by sums that can be merged.

use jiff::Timestamp;

/// Fewer say little of a trend.
const ENOUGH: f64 = 300.0;
/// The line must explain so much of what the figures differ by: below it is weather.
const EXPLAINS: f64 = 0.1;

/// Sums of time and memory used, in hours since the first one and MB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Growth {
    n: f64,
    mean_h: f64,
    mean_mb: f64,
    /// Sums of squared and multiplied differences from the means.
    hh: f64,
    mbmb: f64,
    hmb: f64,
    first_h: f64,
    last_h: f64,
}

impl Growth {
    pub(crate) fn add(&mut self, at: Timestamp, mb: f64) {
        let h = at.as_second() as f64 / 3600.0;
        self.merge(&Self {
            n: 1.0,
            mean_h: h,
            mean_mb: mb,
            first_h: h,
            last_h: h,
            ..Self::default()
        });
    }

    /// By the rule for moments of two sets (Chan, Golub, LeVeque 1979), which loses no digits.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.n == 0.0 {
            return;
        }
        if self.n == 0.0 {
            *self = *other;
            return;
        }
        let n = self.n + other.n;
        let (h, mb) = (other.mean_h - self.mean_h, other.mean_mb - self.mean_mb);
        let weight = self.n * other.n / n;
        self.hh += other.hh + h * h * weight;
        self.mbmb += other.mbmb + mb * mb * weight;
        self.hmb += other.hmb + h * mb * weight;
        self.mean_h += h * other.n / n;
        self.mean_mb += mb * other.n / n;
        self.first_h = self.first_h.min(other.first_h);
        self.last_h = self.last_h.max(other.last_h);
        self.n = n;
    }

    /// What the line rises by from the first to the last; `None` where it says little.
    pub(crate) fn mb(&self) -> Option<f64> {
        let explained = self.hmb * self.hmb / (self.hh * self.mbmb);
        (self.n >= ENOUGH && explained >= EXPLAINS).then(|| self.hmb / self.hh * (self.last_h - self.first_h))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(mb: impl Fn(i64) -> f64, n: i64) -> Growth {
        let mut halves = [Growth::default(); 2];
        for i in 0..n {
            let at = Timestamp::from_second(1_790_000_000 + i * 600).unwrap();
            halves[(i % 2) as usize].add(at, mb(i));
        }
        let [mut all, other] = halves;
        all.merge(&other);
        all
    }

    #[test]
    fn a_leak_is_a_line_and_weather_is_none() {
        let leak = grown(|i| 100.0 + i as f64 * 0.1 + f64::from((i % 7) as i32), 1_000)
            .mb()
            .unwrap();
        assert!((leak - 99.9).abs() < 1.0, "{leak}");
        assert_eq!(grown(|i| 100.0 + f64::from((i * 37 % 11) as i32), 1_000).mb(), None);
        assert_eq!(grown(|i| 100.0 + i as f64, 299).mb(), None);
        assert_eq!(grown(|_| 100.0, 1_000).mb(), None);
        assert_eq!(Growth::default().mb(), None);
    }
}
