//! Sizes that can hardly be told apart are measured on while that can be expected to pay.

use super::climb::above;
use super::{MOST_SAMPLES, View, Wanted};
use crate::assessment::{Judged, best};
use crate::stats;

/// Samples of a size whose durations differ by a factor of two or more: it may have two modes, and a mean needs both.
const ROUGH_SAMPLES: u32 = 6;
/// Numbers of further invocations whose worth is weighed: one may change nothing where eight would.
const MORE: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
/// So many of them are made before it is asked again.
pub(super) const AT_ONCE: u32 = 8;

impl View<'_> {
    /// The size to know better, while a better choice among those measured can be expected to gain more, over the invocations
    /// ahead, than the invocations of the tuning cost: the value of information.
    ///
    /// `k` more invocations may shift the mean of a size, of which `n` are known with a standard error `e`, by
    /// `e * sqrt(k / (n + k))`. What that is worth is the expected excess of such a shift over the distance to the best size,
    /// or for the best one to its closest rival. Both are counted in invocations at the cheapest size.
    pub(super) fn race(&self) -> Option<Wanted> {
        let best = best(self.contest())?;
        if self.is_rough(best) && self.warm_at(best.memory_size_mb) < ROUGH_SAMPLES {
            return Some(self.more(best.memory_size_mb, ROUGH_SAMPLES));
        }
        let rival = self
            .contest()
            .filter(|s| s.memory_size_mb != best.memory_size_mb)
            .map(|s| above(s, best))
            .min_by(f64::total_cmp)?;
        let least_cost = self.assessment.least_cost();
        let ahead = self.planner.effort.invocations_ahead;
        let options = self.contest().flat_map(|size| {
            let had = self.warm_at(size.memory_size_mb);
            let distance = match size.memory_size_mb == best.memory_size_mb {
                true => rival,
                false => above(size, best),
            };
            MORE.into_iter()
                .filter(move |more| had + more <= MOST_SAMPLES as u32)
                .map(move |more| {
                    let known = f64::from(more) / f64::from(had + more) * size.point.robust.reducible;
                    let shift = size.score_error * known.sqrt();
                    let gain = ahead * stats::expected_excess(-distance, shift);
                    let price = f64::from(more) * size.cost / least_cost;
                    (size.memory_size_mb, more, gain / price)
                })
        });
        let (mb, more, _) = options
            .filter(|(_, _, worth)| *worth > 1.0)
            .max_by(|a, b| a.2.total_cmp(&b.2))?;
        Some(self.rounds(mb, more.min(AT_ONCE)))
    }

    /// Sizes that can still be chosen, and invoked.
    pub(super) fn contest(&self) -> impl Iterator<Item = &Judged> {
        self.assessment
            .sizes
            .iter()
            .filter(|s| s.is_allowed() && self.may_be_invoked(s.memory_size_mb))
    }

    /// Whether a size is large enough for what was used, and works as far as is known.
    pub(super) fn may_be_invoked(&self, mb: u32) -> bool {
        mb >= self.lo && !self.is_infeasible(mb)
    }

    /// Whether durations differ so much that they may be of two kinds.
    fn is_rough(&self, size: &Judged) -> bool {
        const FACTOR: f64 = 2.0;
        let durations = self
            .progress_at(size.memory_size_mb)
            .map(|p| p.samples.iter().map(|s| s.ms));
        let Some(durations) = durations.filter(|_| self.planner.question.payload_shares.len() < 2) else {
            return false;
        };
        let (least, most) = durations.fold((f64::INFINITY, 0.0), |(a, b), ms| (ms.min(a), ms.max(b)));
        most > FACTOR * least
    }
}
