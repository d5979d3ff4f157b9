//! Compute Optimizer's estimate beside ours, and which of them was nearer once it was measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judge::Slowdown;
use super::{FunctionReview, Tuned};

/// What was expected of the memory size that Compute Optimizer names, and what a tuning measured there. Durations are
/// relative to that at the size that the function had: 1.5 is half as long again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Beside {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Measured.
    pub measured: f64,
    /// What Compute Optimizer expected.
    pub theirs: f64,
    /// What this review expected without it: at least. By other sizes seen, or by bounds alone.
    pub ours_at_least: f64,
    /// At most.
    pub ours_at_most: f64,
}

/// Whose estimate was nearer to what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nearer {
    /// Compute Optimizer's.
    Theirs,
    /// This review's.
    Ours,
    /// They do not differ by more than a hundredth.
    Neither,
}

impl Beside {
    /// If Compute Optimizer expected a duration, and that size was measured beside the one that it looked at.
    pub(super) fn of(review: &FunctionReview) -> Option<Self> {
        let optimizer = review.evidence.compute_optimizer.as_ref()?;
        let (from, to) = (optimizer.current_memory_size_mb?, optimizer.memory_size_mb?);
        let expected_ms = optimizer.projected?.expected_ms.filter(|ms| *ms > 0.0)?;
        let tuned: &Tuned = review.tuned.as_ref().or(review.tuned_before.as_ref())?;
        let measured = tuned.mean_ms.get(&to)? / tuned.mean_ms.get(&from).filter(|ms| **ms > 0.0)?;
        let present = review.evidence.at(from).filter(|size| size.duration.mean_ms > 0.0)?;
        let seen = Slowdown::seen(&review.evidence, present, to).unwrap_or(Slowdown::UNKNOWN);
        let (a, b) = seen.factors(from, to);
        (from != to).then(|| Self {
            memory_size_mb: to,
            measured,
            theirs: expected_ms / present.duration.mean_ms,
            ours_at_least: a.min(b),
            ours_at_most: a.max(b),
        })
    }

    /// The middle of our range, in which a factor and its inverse are as far.
    pub fn ours(&self) -> f64 {
        (self.ours_at_least * self.ours_at_most).sqrt()
    }

    /// Whose estimate was nearer: as a factor of what was measured.
    pub fn nearer(&self) -> Nearer {
        let off = |estimate: f64| (estimate / self.measured).ln().abs();
        let (theirs, ours) = (off(self.theirs), off(self.ours()));
        match theirs - ours {
            difference if difference.abs() < 0.01 => Nearer::Neither,
            difference if difference < 0.0 => Nearer::Theirs,
            _ => Nearer::Ours,
        }
    }
}
