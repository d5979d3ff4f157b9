//! When calls of a function come, and with what: traffic as an alias has it, for trying what acts on traffic.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How much traffic there is over a day, and what it consists of.
#[derive(Debug, Clone, PartialEq)]
pub struct Rhythm {
    /// Calls in an hour, on average over a day.
    pub per_hour: f64,
    /// By how much of it traffic rises and falls over a day, from 0 to 1.
    pub daily: f64,
    /// How many times as fast an hour passes.
    pub speed: f64,
    /// Weights of the events that are sent.
    pub weights: Vec<f64>,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// When it comes, from the beginning; a day may be over in minutes.
    pub at: Duration,
    /// Which event is sent.
    pub event: usize,
}

/// Calls one after the other, without end: a Poisson process whose rate follows the day, from morning on. The same seed makes
/// the same traffic.
#[derive(Debug, Clone)]
pub struct Arrivals {
    rhythm: Rhythm,
    random: Pcg64Mcg,
    hours: f64,
}

const HOURS_OF_DAY: f64 = 24.0;

impl Rhythm {
    /// Calls in an hour, so many hours after the beginning.
    pub fn rate(&self, hours: f64) -> f64 {
        self.per_hour * (1.0 + self.daily * (2.0 * std::f64::consts::PI * hours / HOURS_OF_DAY).sin())
    }

    /// Its calls.
    pub fn arrivals(self, seed: u64) -> Arrivals {
        Arrivals {
            rhythm: self,
            random: Pcg64Mcg::seed_from_u64(seed),
            hours: 0.0,
        }
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    /// Calls at the highest rate, thinned to that of the hour (Lewis, Shedler, Naval Research Logistics 26, 1979). There are none where
    /// there is no rate or nothing to send.
    fn next(&mut self) -> Option<Arrival> {
        let highest = self.rhythm.per_hour * (1.0 + self.rhythm.daily);
        let all: f64 = self.rhythm.weights.iter().sum();
        if !(highest > 0.0 && highest.is_finite() && self.rhythm.speed > 0.0 && all > 0.0) {
            return None;
        }
        loop {
            self.hours += -(1.0 - self.random.random::<f64>()).ln() / highest;
            if self.random.random::<f64>() * highest < self.rhythm.rate(self.hours) {
                break;
            }
        }
        let mut left = self.random.random::<f64>() * all;
        let chosen = self.rhythm.weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        let at = Duration::try_from_secs_f64(self.hours * 3600.0 / self.rhythm.speed).ok()?;
        Some(Arrival {
            at,
            // Rounding may leave a little over.
            event: chosen.unwrap_or(self.rhythm.weights.len() - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm() -> Rhythm {
        Rhythm {
            per_hour: 1_000.0,
            daily: 0.4,
            speed: 480.0,
            weights: vec![3.0, 1.0],
        }
    }

    /// A day in three minutes: more by day than by night, as many as a day has, and of each event its share.
    #[test]
    fn a_day_has_its_hours_and_its_mix() {
        let day: Vec<Arrival> = rhythm()
            .arrivals(7)
            .take_while(|call| call.at < Duration::from_secs(180))
            .collect();
        assert!((23_000..25_000).contains(&day.len()), "{}", day.len());
        assert!(day.is_sorted_by_key(|call| call.at));
        let first_half = day.iter().filter(|call| call.at < Duration::from_secs(90)).count() as f64;
        // By integral: half of the calls and 0.4 / pi of them more.
        let share = first_half / day.len() as f64;
        assert!((share - (0.5 + 0.4 / std::f64::consts::PI)).abs() < 0.02, "{share}");
        let second = day.iter().filter(|call| call.event == 1).count() as f64 / day.len() as f64;
        assert!((second - 0.25).abs() < 0.02, "{second}");
    }

    #[test]
    fn one_seed_is_one_traffic_and_nothing_is_none() {
        let of = |seed| rhythm().arrivals(seed).take(5).collect::<Vec<_>>();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        for rhythm in [
            Rhythm {
                per_hour: 0.0,
                ..rhythm()
            },
            Rhythm {
                per_hour: f64::NAN,
                ..rhythm()
            },
            Rhythm { speed: 0.0, ..rhythm() },
            Rhythm {
                weights: Vec::new(),
                ..rhythm()
            },
        ] {
            assert_eq!(rhythm.arrivals(1).next(), None);
        }
    }
}
