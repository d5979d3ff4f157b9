//! How much invocations, and how much execution environments differ.

use serde::{Deserialize, Serialize};

/// Number, mean and squared deviations of values, by Welford's updates (Technometrics 4, 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    pub(super) n: f64,
    pub(super) mean: f64,
    pub(super) squares: f64,
}

impl Sums {
    pub(super) fn add(&mut self, value: f64) {
        self.n += 1.0;
        let off = value - self.mean;
        self.mean += off / self.n;
        self.squares += off * (value - self.mean);
    }

    pub(super) fn total(&self) -> f64 {
        self.n * self.mean
    }

    /// Sample variance; nothing of a single value.
    pub(super) fn variance(&self) -> Option<f64> {
        (self.n >= 2.0).then(|| self.squares / (self.n - 1.0))
    }
}

/// Squared deviations pooled over strata.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Within {
    pub(super) squares: f64,
    pub(super) freedom: f64,
}

impl Within {
    /// Takes a stratum of a look with this level, in units of `unit`. A single value deviates from the level: what is in a sum must
    /// be in its variance, or a huge value that is alone at its age would go unseen.
    pub(super) fn add(&mut self, sums: &Sums, level: f64, unit: f64) {
        let (squares, freedom) = match sums.n {
            n if n >= 2.0 => (sums.squares, n - 1.0),
            n if n >= 1.0 => ((sums.mean - level).powi(2), 1.0),
            _ => return,
        };
        self.squares += squares / (unit * unit);
        self.freedom += freedom;
    }
}

/// Environments must not be taken to differ by less than this where at least [`MANY`] were seen.
const LEAST_OF_MANY: f64 = 0.02;
/// Else by this: few tell little of how much they differ.
const LEAST_OF_FEW: f64 = 0.05;
const MANY: usize = 20;
/// An environment's mean of fewer is mostly the scatter of invocations.
const FEWEST: f64 = 10.0;

/// By how much environments differ from each other: the standard deviation of their means, in units of the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Between {
    pub(super) variance: f64,
    /// Of how many environments.
    pub(super) environments: usize,
}

impl Between {
    /// One-way analysis of variance with unequal numbers (Searle, Linear Models, 1971): what the means differ by beyond what
    /// their invocations explain, and never less than the least that is believed.
    pub(super) fn of<'a>(streams: impl Iterator<Item = &'a Sums>) -> Self {
        let (mut environments, mut n, mut n_squared, mut total, mut within) = (0, 0.0, 0.0, 0.0, 0.0);
        let mut means = Sums::default();
        let mut weighted = 0.0;
        for sums in streams.filter(|sums| sums.n >= FEWEST) {
            environments += 1;
            n += sums.n;
            n_squared += sums.n * sums.n;
            total += sums.total();
            weighted += sums.n * sums.mean * sums.mean;
            within += sums.squares;
            means.add(sums.mean);
        }
        let least = if environments >= MANY {
            LEAST_OF_MANY
        } else {
            LEAST_OF_FEW
        };
        let k = environments as f64;
        let seen = if environments >= 2 && n > k {
            let between = (weighted - total * total / n).max(0.0) / (k - 1.0);
            let within = within / (n - k);
            let per_environment = (n - n_squared / n) / (k - 1.0);
            ((between - within) / per_environment).max(0.0)
        } else {
            0.0
        };
        Self {
            variance: seen.max(least * least),
            environments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(values: &[f64]) -> Sums {
        let mut sums = Sums::default();
        values.iter().for_each(|&value| sums.add(value));
        sums
    }

    #[test]
    fn sums_are_those_of_a_textbook() {
        let of = sums(&[2.0, 4.0, 6.0, 8.0]);
        assert_eq!((of.n, of.mean, of.total()), (4.0, 5.0, 20.0));
        assert!((of.squares - 20.0).abs() < 1e-12);
        assert_eq!(sums(&[3.0]).variance(), None);
    }

    /// Two environments of ten values 0.9 and 1.1 each, and two 0.7 and 0.9 up: means 1.0 and 0.8. Between mean squares: 20 values
    /// each, 40 (0.1)^2 = 0.4 over 3 = 0.1333 ...; within: 0.01 (20 values, squares 0.2, over 19).
    #[test]
    fn environments_differ_by_what_invocations_do_not_explain() {
        let stream = |mean: f64| sums(&[mean - 0.1, mean + 0.1].repeat(10));
        let streams = [stream(1.0), stream(1.0), stream(0.8), stream(0.8)];
        let between = Between::of(streams.iter());
        let mean_square = 80.0 * 0.01 / 3.0;
        let within = 0.8 / 76.0;
        assert!(
            (between.variance - (mean_square - within) / 20.0).abs() < 1e-9,
            "{between:?}"
        );
        assert_eq!(between.environments, 4);
    }

    #[test]
    fn few_environments_count_as_differing_by_a_twentieth() {
        let alike = sums(&[1.0; 20]);
        for (environments, variance) in [(1, 0.0025), (19, 0.0025), (20, 0.0004)] {
            let of = Between::of(vec![alike; environments].iter());
            assert!((of.variance - variance).abs() < 1e-12, "{environments}: {of:?}");
        }
    }
}
