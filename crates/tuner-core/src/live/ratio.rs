//! The ratio of two arms over strata: Mantel and Haenszel's weights, and the variance that goes with them.
//!
//! In a stratum with n_a values of the control, n_b of the candidate and N of both, each side's sum counts by the other side's
//! share (Mantel, Haenszel, JNCI 22, 1959; for ratios of means as Greenland and Robins, Biometrics 41, 1985, do for rates): R =
//! sum(n_a S_b / N) / sum(n_b S_a / N). Strata with few of one side count little, whatever the other has. Of logarithms the
//! same weights give a difference.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::look::{Arm, Observation};
use super::spread::Sums;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Cost per invocation, as a ratio of means: tails and all, since they are paid.
    Cost,
    /// Duration, as a mean of logarithms: what is typical. A ratio of means would need ten times as many invocations under a
    /// heavy tail, and says less of most calls.
    Duration,
}

impl Measure {
    pub(super) const ALL: [Self; 2] = [Self::Cost, Self::Duration];

    pub(super) fn of(self, observation: &Observation) -> f64 {
        match self {
            Self::Cost => observation.cost,
            Self::Duration => observation.ln_duration,
        }
    }

    /// Its logarithm.
    pub(super) fn ln(self, observation: &Observation) -> f64 {
        match self {
            Self::Cost => observation.cost.ln(),
            Self::Duration => observation.ln_duration,
        }
    }

    /// What deviations are measured in: of cost the level, of logarithms they are relative already.
    pub(super) fn unit(self, level: f64) -> f64 {
        match self {
            Self::Cost => level,
            Self::Duration => 1.0,
        }
    }

    /// A value relative to a level: 1 of cost, 0 of a logarithm, where they are equal.
    pub(super) fn relative(self, value: f64, level: f64) -> f64 {
        match self {
            Self::Cost => value / level,
            Self::Duration => value - level,
        }
    }
}

/// One measure over all strata so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Ratio {
    measure: Measure,
    /// Weighted sums of the control and of the candidate.
    sums: [f64; 2],
    /// The weight of all strata, in units of their looks' levels.
    mass: f64,
    /// What a relative variance of 1 of each arm's invocations brings into the variance of the weighted sums.
    scatter: [f64; 2],
}

impl Ratio {
    pub(super) const fn new(measure: Measure) -> Self {
        Self {
            measure,
            sums: [0.0; 2],
            mass: 0.0,
            scatter: [0.0; 2],
        }
    }

    /// Takes a stratum, of a look with this level of the control.
    pub(super) fn add(&mut self, control: &Sums, candidate: &Sums, level: f64) {
        let all = control.n + candidate.n;
        let (of_control, of_candidate) = (candidate.n / all, control.n / all);
        // Not the stratum's own mean: that of a few is far off, and its square is too large on average.
        let unit = self.measure.unit(level);
        self.sums[Arm::Control as usize] += of_control * control.total();
        self.sums[Arm::Candidate as usize] += of_candidate * candidate.total();
        self.mass += of_control * control.n * unit;
        self.scatter[Arm::Control as usize] += of_control.powi(2) * control.n * unit * unit;
        self.scatter[Arm::Candidate as usize] += of_candidate.powi(2) * candidate.n * unit * unit;
    }

    /// What one invocation of `arm` in a stratum weighs in the sums.
    pub(super) fn weight(&self, arm: Arm, control: &Sums, candidate: &Sums, level: f64) -> f64 {
        let other = match arm {
            Arm::Control => candidate,
            Arm::Candidate => control,
        };
        other.n / (control.n + candidate.n) * self.measure.unit(level)
    }

    /// Logarithm of the candidate's value in units of the control's.
    pub(super) fn ln(&self) -> Option<f64> {
        let [control, candidate] = self.sums;
        (self.mass > 0.0).then(|| match self.measure {
            Measure::Cost => (candidate / control).ln(),
            Measure::Duration => (candidate - control) / self.mass,
        })
    }

    /// The mean in units of the level, over all strata: what a relative deviation of environments is multiplied by.
    fn mean_per_level(&self) -> f64 {
        match self.measure {
            Measure::Cost => self.sums[Arm::Control as usize] / self.mass,
            Measure::Duration => 1.0,
        }
    }

    /// Variance of that: `within` of the invocations of each arm, in units of the level; `between` of environments, in units of
    /// the mean, whose squared weights sum up to `squared_masses`.
    pub(super) fn variance(&self, within: [f64; 2], between: f64, squared_masses: f64) -> f64 {
        let scatter: f64 = self.scatter.iter().zip(within).map(|(h, variance)| h * variance).sum();
        let mean = self.mean_per_level();
        (scatter / (mean * mean) + between * squared_masses) / (self.mass * self.mass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(n: f64, mean: f64) -> Sums {
        Sums { n, mean, squares: 0.0 }
    }

    /// Two strata: 30 at 10 against 10 at 8, and 10 at 100 against 30 at 80. Weights 7.5 each: (7.5 x 8 + 7.5 x 80) / (75 + 750) = 0.8,
    /// where plain means are 32.5 and 62.
    #[test]
    fn a_share_that_widens_does_not_mislead() {
        let mut ratio = Ratio::new(Measure::Cost);
        ratio.add(&sums(30.0, 10.0), &sums(10.0, 8.0), 10.0);
        ratio.add(&sums(10.0, 100.0), &sums(30.0, 80.0), 100.0);
        assert!((ratio.ln().unwrap().exp() - 0.8).abs() < 1e-12);
        // Variance of each relative variance 1: (0.0625 x 30 x 100 + 0.5625 x 10 x 10^4 + 0.5625 x 10 x 100 + 0.0625 x 30 x 10^4) / 825^2.
        let by_hand = (187.5 + 56_250.0 + 562.5 + 18_750.0) / (825.0 * 825.0);
        assert!((ratio.variance([1.0; 2], 0.01, 825.0 * 825.0) - by_hand - 0.01).abs() < 1e-12);
        assert!((ratio.variance([1.0; 2], 0.0, 0.0) - by_hand).abs() < 1e-12);
    }

    #[test]
    fn in_one_stratum_it_is_the_variance_of_two_means() {
        let mut ratio = Ratio::new(Measure::Duration);
        ratio.add(&sums(60.0, 5.0), &sums(40.0, 4.9), 5.0);
        assert!((ratio.ln().unwrap() + 0.1).abs() < 1e-12);
        assert!((ratio.variance([0.09, 0.04], 0.0, 0.0) - (0.09 / 60.0 + 0.04 / 40.0)).abs() < 1e-12);
        assert_eq!(Ratio::new(Measure::Cost).ln(), None);
    }
}
