//! Noise that is not the planner's: it expects log-normal scatter, independent from one invocation to the next.

use statrs::function::gamma::gamma;

use crate::random::Random;

/// How single invocations scatter around their mean, which is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scatter {
    /// Gamma, by its coefficient of variation.
    Gamma(f64),
    /// Weibull, by its shape: skewed to the left where that is large.
    Weibull(f64),
    /// At least something, and an exponential rest: by the share of the rest.
    Exponential(f64),
}

impl Scatter {
    pub fn draw(self, random: &mut Random) -> f64 {
        let open = |random: &mut Random| random.uniform().max(f64::MIN_POSITIVE);
        match self {
            Self::Gamma(cv) => {
                let shape = 1.0 / (cv * cv);
                gamma_of(shape, random) / shape
            }
            Self::Weibull(shape) => (-open(random).ln()).powf(1.0 / shape) / gamma(1.0 + 1.0 / shape),
            Self::Exponential(share) => 1.0 - share - share * open(random).ln(),
        }
    }
}

/// Marsaglia and Tsang (2000), for a shape of at least 1.
fn gamma_of(shape: f64, random: &mut Random) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = random.normal();
        let v = (1.0 + c * x).powi(3);
        let u = random.uniform().max(f64::MIN_POSITIVE);
        if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// Pareto with a mean of 1 and a tail exponent of 2.5: its mean converges slowly.
pub fn pareto(random: &mut Random) -> f64 {
    const ALPHA: f64 = 2.5;
    (ALPHA - 1.0) / ALPHA * random.uniform().max(f64::MIN_POSITIVE).powf(-1.0 / ALPHA)
}

/// What all invocations of an hour have in common: a first-order autoregression of mean 0, and a wave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Standard deviation of the autoregression.
    pub spread: f64,
    /// How much of it is left one invocation later.
    pub memory: f64,
    /// Height of the wave.
    pub wave: f64,
    /// Its length, in invocations.
    pub length: f64,
}

/// A drift on its way.
#[derive(Debug, Clone)]
pub struct Drifting {
    drift: Drift,
    level: f64,
    phase: f64,
    made: f64,
}

impl Drift {
    pub fn begin(self, random: &mut Random) -> Drifting {
        Drifting {
            drift: self,
            level: self.spread * uniform_of_unit_variance(random),
            phase: random.uniform(),
            made: 0.0,
        }
    }
}

impl Drifting {
    /// The factor of the next invocation: 1 on average.
    pub fn next(&mut self, random: &mut Random) -> f64 {
        let Drift {
            spread,
            memory,
            wave,
            length,
        } = self.drift;
        let new = spread * (1.0 - memory * memory).sqrt() * uniform_of_unit_variance(random);
        self.level = memory * self.level + new;
        self.made += 1.0;
        let angle = 2.0 * std::f64::consts::PI * (self.phase + self.made / length);
        (1.0 + self.level + wave * angle.sin()).max(0.2)
    }
}

fn uniform_of_unit_variance(random: &mut Random) -> f64 {
    (random.uniform() - 0.5) * 12.0_f64.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_has_a_mean_of_one() {
        let mut random = Random(1);
        let mean = |draw: &mut dyn FnMut(&mut Random) -> f64, random: &mut Random| {
            (0..200_000).map(|_| draw(random)).sum::<f64>() / 200_000.0
        };
        for scatter in [Scatter::Gamma(0.2), Scatter::Weibull(8.0), Scatter::Exponential(0.3)] {
            let mean = mean(&mut |random| scatter.draw(random), &mut random);
            assert!((mean - 1.0).abs() < 0.005, "{scatter:?} {mean}");
        }
        let tail = mean(&mut pareto, &mut random);
        assert!((tail - 1.0).abs() < 0.03, "{tail}");
        let drift = Drift {
            spread: 0.05,
            memory: 0.9,
            wave: 0.1,
            length: 77.0,
        };
        let mut drifting = drift.begin(&mut random);
        let drifted = mean(&mut |random| drifting.next(random), &mut random);
        assert!((drifted - 1.0).abs() < 0.005, "{drifted}");
    }
}
