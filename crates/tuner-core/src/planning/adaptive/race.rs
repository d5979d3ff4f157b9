//! What is left goes to sizes that can hardly be told apart, and to limits that are nearly met.

use super::climb::{NOISE, above};
use super::{View, Wanted};
use crate::assessment::{Judged, Refused, best};
use crate::{Constraint, stats};

/// Samples of a size whose durations differ by a factor of two or more: it may have two modes, and a mean needs both.
const ROUGH_SAMPLES: u32 = 6;
/// The present size is compared further while it seems this much worse than the best and noise could explain it.
const WORSE_THAN_BEST: f64 = 0.03;

impl View<'_> {
    /// The size to know better, while a wrong choice among those measured can be expected to cost more than is tolerated.
    pub(super) fn race(&self) -> Option<Wanted> {
        let best = best(self.contest())?;
        let others = || self.contest().filter(|s| s.memory_size_mb != best.memory_size_mb);
        let loss =
            |s: &Judged| stats::expected_excess(-above(s, best), stats::together(s.score_error, best.score_error));
        let most = self.planner.effort.most_per_size.max(self.opening());
        if self.is_rough(best) && self.warm_at(best.memory_size_mb) < ROUGH_SAMPLES {
            return Some(self.more(best.memory_size_mb, ROUGH_SAMPLES));
        }
        let rival = match others().map(loss).sum::<f64>() < self.tolerance() {
            true => others().find(|s| self.may_be_present_best(s, best)),
            false => others().max_by(|a, b| loss(a).total_cmp(&loss(b))),
        }?;
        // What another invocation takes off the variance, for its price.
        let value = |s: &Judged| s.score_error.powi(2) / f64::from(s.point.count + 1) / s.cost;
        [best, rival]
            .into_iter()
            .filter(|s| self.warm_at(s.memory_size_mb) < most)
            .max_by(|a, b| value(a).total_cmp(&value(b)))
            .map(|s| Wanted {
                mb: s.memory_size_mb,
                warm: 1,
            })
    }

    fn tolerance(&self) -> f64 {
        let duration_weight = 1.0 - self.planner.question.objective.cost_weight();
        (1.0 + 3.0 * duration_weight) * self.planner.effort.tolerance
    }

    /// Sizes that can still be chosen, and invoked.
    fn contest(&self) -> impl Iterator<Item = &Judged> {
        self.assessment
            .sizes
            .iter()
            .filter(|s| s.is_allowed() && s.memory_size_mb >= self.lo && !self.is_infeasible(s.memory_size_mb))
    }

    /// Whether this is the present size, which the decision would keep although it seems clearly worse: noise that hides
    /// that is worth another look.
    fn may_be_present_best(&self, size: &Judged, best: &Judged) -> bool {
        self.planner.question.present_memory_size_mb == Some(size.memory_size_mb)
            && above(size, best) > WORSE_THAN_BEST
            && crate::decision::is_tied(best, size)
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

    /// More invocations where a constraint is kept or broken by so little that it may be noise, and as many as a percentile
    /// takes.
    pub(super) fn confirm(&self) -> Option<Wanted> {
        const FOR_A_TAIL: u32 = 20;
        const AT_ONCE: u32 = 4;
        let constraints = &self.planner.question.constraints;
        let best = self.assessment.best().filter(|_| !constraints.is_empty())?;
        let has_tail = constraints
            .iter()
            .any(|c| matches!(c, Constraint::Duration { statistic, .. } if statistic.quantile().is_some()));
        let most = match has_tail {
            true => FOR_A_TAIL,
            false => self.planner.effort.most_per_size,
        };
        let near = |s: &&Judged| {
            s.score < best.score
                && s.refused.iter().all(|r| match r {
                    Refused::Constraint { value, limit, .. } => (value / limit).ln() < NOISE * s.error,
                    Refused::Headroom { .. } => false,
                })
        };
        let close_to_limit = self.assessment.sizes.iter().filter(near);
        let chosen = [best].into_iter().filter(|_| has_tail);
        close_to_limit
            .chain(chosen)
            .map(|s| s.memory_size_mb)
            .find(|&mb| self.warm_at(mb) < most && mb >= self.lo && !self.is_infeasible(mb))
            .map(|mb| Wanted {
                mb,
                warm: AT_ONCE.min(most - self.warm_at(mb)),
            })
    }
}
