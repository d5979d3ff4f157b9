//! A function as somebody measured it: what it takes at each memory size, and between them.

use std::collections::BTreeMap;

use crate::random::noise;

/// What was recorded of one function.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Name and architecture.
    pub function: String,
    /// File it comes from, without folder and endings.
    pub source: String,
    /// Warm invocations by memory size, in MB.
    pub sizes: BTreeMap<u32, Size>,
    /// Invocations that started cold, by memory size, in MB: at some sizes, at all, or at none.
    pub colds: BTreeMap<u32, Vec<Cold>>,
}

/// What was recorded at one memory size.
#[derive(Debug, Clone)]
pub struct Size {
    /// Durations of warm invocations.
    pub warm: Durations,
    /// Largest memory use recorded, in MB.
    pub used_mb: Option<u32>,
}

/// Durations at one memory size.
#[derive(Debug, Clone)]
pub enum Durations {
    /// Of single invocations, in the order recorded.
    Each(Vec<Warm>),
    /// Only their mean, in ms.
    Mean(f64),
}

/// One warm invocation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warm {
    /// Duration, in ms.
    pub ms: f64,
    /// Its memory use, in MB, where that was recorded.
    pub used_mb: Option<u32>,
}

/// One invocation that started cold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cold {
    /// Duration in the handler, in ms.
    pub ms: f64,
    /// Duration of init, in ms.
    pub init_ms: f64,
}

/// Noise of functions of which only means were recorded.
pub const NOISE_OF_MEANS: f64 = 0.10;

/// Rounded up to a whole millisecond, as Lambda bills.
pub fn billed(ms: f64) -> f64 {
    ms.ceil().max(1.0)
}

impl Durations {
    /// The expected duration, in ms.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Each(all) => all.iter().map(|one| one.ms).sum::<f64>() / all.len() as f64,
            Self::Mean(mean) => *mean,
        }
    }

    /// The expected billed duration, each invocation rounded up to a whole millisecond, if durations were `factor` times what
    /// they are.
    pub fn billed(&self, factor: f64) -> f64 {
        match self {
            Self::Each(all) => all.iter().map(|one| billed(one.ms * factor)).sum::<f64>() / all.len() as f64,
            Self::Mean(mean) => {
                const STEPS: i32 = 200;
                let sum: f64 = (0..STEPS)
                    .map(|i| {
                        // Over -4 to 4 standard deviations.
                        let z = (f64::from(i) + 0.5) / f64::from(STEPS) * 8.0 - 4.0;
                        let weight = (-z * z / 2.0).exp();
                        weight * billed(mean * factor * noise(NOISE_OF_MEANS, z))
                    })
                    .sum();
                let weights: f64 = (0..STEPS)
                    .map(|i| {
                        let z = (f64::from(i) + 0.5) / f64::from(STEPS) * 8.0 - 4.0;
                        (-z * z / 2.0).exp()
                    })
                    .sum();
                sum / weights
            }
        }
    }
}

impl Recorded {
    /// The smallest and the largest size, in MB.
    pub fn range(&self) -> (u32, u32) {
        let first = self.sizes.keys().next().copied().unwrap_or_default();
        let last = self.sizes.keys().next_back().copied().unwrap_or_default();
        (first, last)
    }

    /// The measured size nearest to `mb`, in MB, and the factor from its durations to those at `mb`: by linear interpolation
    /// of logarithms.
    pub fn nearest(&self, mb: u32) -> (u32, f64) {
        nearest(&self.sizes, mb, |size| size.warm.mean())
    }

    /// Largest memory use recorded at the measured size nearest to `mb`, in MB.
    pub fn used_mb(&self, mb: u32) -> Option<u32> {
        self.sizes.get(&self.nearest(mb).0)?.used_mb
    }

    /// The size at which cold starts were recorded that is nearest to `mb`, and the factors from its handler and init
    /// durations to those at `mb`; `None` where none were recorded.
    pub fn nearest_cold(&self, mb: u32) -> Option<(u32, f64, f64)> {
        if self.colds.is_empty() {
            return None;
        }
        let mean = |figure: fn(&Cold) -> f64| {
            move |all: &Vec<Cold>| all.iter().map(figure).sum::<f64>() / all.len().max(1) as f64
        };
        let (measured, handler) = nearest(&self.colds, mb, mean(|cold| cold.ms));
        let (_, init) = nearest(&self.colds, mb, mean(|cold| cold.init_ms));
        Some((measured, handler, init))
    }
}

/// The size of `sizes` (not empty) nearest to `mb`, and the factor from its mean to that at `mb`. Beyond the smallest and the
/// largest it is 1.
fn nearest<T>(sizes: &BTreeMap<u32, T>, mb: u32, mean: impl Fn(&T) -> f64) -> (u32, f64) {
    let below = sizes.range(..=mb).next_back();
    let above = sizes.range(mb..).next();
    let (Some((&below, a)), Some((&above, b))) = (below.or(above), above.or(below)) else {
        return (mb, 1.0);
    };
    let t = match below == above {
        true => 0.0,
        false => (f64::from(mb) / f64::from(below)).ln() / (f64::from(above) / f64::from(below)).ln(),
    };
    let (a, b) = (mean(a).max(1e-3), mean(b).max(1e-3));
    let ms = a * (b / a).powf(t);
    match t < 0.5 {
        true => (below, ms / a),
        false => (above, ms / b),
    }
}
