//! How much longer a function takes with less memory, as far as that is known without measuring it.
//!
//! Lambda gives processor time in proportion to memory (source: "Configure Lambda function memory"). The duration at `m'`
//! is that at `m` times `(m / m')^e`: an exponent `e` of 0 is a function that only waits, 1 one that only works. Above one
//! vCPU code of one thread does not slow down, code of many does; nothing says which it is, so that 1 holds there, too.
//!
//! The duration falls ever more slowly with memory, so that `e` between two sizes is the most it can be above both, and
//! the least it can be below both.

use super::super::noise::duration_error;
use super::super::{Evidence, OptimizerFinding, SavingBasis, SizeEvidence};
use super::{Case, ENOUGH};

/// What the exponent is between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::review) struct Slowdown {
    /// At least.
    pub(in crate::review) least: f64,
    /// At most.
    pub(in crate::review) most: f64,
    /// What that rests on.
    pub(in crate::review) basis: SavingBasis,
}

/// So many standard errors a mean may be off.
const BY_CHANCE: f64 = 2.0;
/// A projection that is no longer than this share of the present duration is of something else.
const IMPLAUSIBLE: f64 = 0.5;

impl Slowdown {
    /// From physics alone.
    pub(in crate::review) const UNKNOWN: Self = Self {
        least: 0.0,
        most: 1.0,
        basis: SavingBasis::Bounds,
    };

    /// By how much the duration grows from `present_mb` to `candidate_mb`: at least, at most.
    pub(in crate::review) fn factors(&self, present_mb: u32, candidate_mb: u32) -> (f64, f64) {
        let less = f64::from(present_mb) / f64::from(candidate_mb.max(1));
        (less.powf(self.least), less.powf(self.most))
    }

    /// What is known of going from the present size to `candidate_mb`.
    pub(super) fn of(case: &Case<'_>, present: &SizeEvidence, candidate_mb: u32) -> Self {
        let seen = Self::seen(case.evidence, present, candidate_mb);
        let projected = || projected(case.evidence.compute_optimizer.as_ref()?, present, candidate_mb);
        seen.or_else(projected).unwrap_or(Self::UNKNOWN)
    }

    /// From reports at other sizes of the window.
    pub(in crate::review) fn seen(evidence: &Evidence, present: &SizeEvidence, candidate_mb: u32) -> Option<Self> {
        let mut bounds = Self {
            basis: SavingBasis::SeenAtBothSizes,
            ..Self::UNKNOWN
        };
        let mut known = false;
        for other in evidence.all_sizes().filter(|size| size.invocations >= ENOUGH) {
            let Some((low, high)) = exponent(present, other) else {
                continue;
            };
            let mb = other.memory_size_mb;
            if mb >= candidate_mb {
                bounds.least = bounds.least.max(low);
            }
            if mb <= candidate_mb {
                bounds.most = bounds.most.min(high);
            }
            known = true;
        }
        // Sizes that contradict each other ran different code, or met other events.
        (known && bounds.least <= bounds.most).then_some(bounds)
    }
}

/// The exponent between two sizes, as means and medians have it, and as far off as chance may be: the lower and the higher.
pub(super) fn exponent(a: &SizeEvidence, b: &SizeEvidence) -> Option<(f64, f64)> {
    let memory = (f64::from(b.memory_size_mb) / f64::from(a.memory_size_mb)).ln();
    let of = |a: f64, b: f64| (a > 0.0 && b > 0.0 && memory != 0.0).then(|| (a / b).ln() / memory);
    let mean = of(a.duration.mean_ms, b.duration.mean_ms)?;
    let median = of(a.duration.p50_ms, b.duration.p50_ms)?;
    let chance = BY_CHANCE * (duration_error(a).powi(2) + duration_error(b).powi(2)).sqrt() / memory.abs();
    Some((
        (mean.min(median) - chance).clamp(0.0, 1.0),
        (mean.max(median) + chance).clamp(0.0, 1.0),
    ))
}

/// What Compute Optimizer's projection for a size at or below the candidate, from the same present size, makes of it.
fn projected(optimizer: &OptimizerFinding, present: &SizeEvidence, candidate_mb: u32) -> Option<Slowdown> {
    let (from, to) = (optimizer.current_memory_size_mb?, optimizer.memory_size_mb?);
    if from != present.memory_size_mb || to >= from || to > candidate_mb {
        return None;
    }
    let projected = optimizer.projected?;
    let memory = (f64::from(from) / f64::from(to)).ln();
    let exponent = |ms: f64| ((ms / present.duration.mean_ms).ln() / memory).clamp(0.0, 1.0);
    let upper = projected.upper_ms.or(projected.expected_ms)?;
    if upper <= present.duration.mean_ms * IMPLAUSIBLE {
        return None;
    }
    let most = exponent(upper);
    // It is the least for that very size only: closer to the present one the duration may not have begun to grow.
    let lower = projected.lower_ms.filter(|&ms| ms > 0.0 && to == candidate_mb);
    Some(Slowdown {
        least: lower.map_or(0.0, exponent).min(most),
        most,
        basis: SavingBasis::ComputeOptimizer,
    })
}
