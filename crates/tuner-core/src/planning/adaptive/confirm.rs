//! What is left goes to limits that are not yet shown to be kept or broken, and to the sizes that the answer names.

use super::climb::above;
use super::race::AT_ONCE;
use super::{MOST_SAMPLES, View, Wanted};
use crate::assessment::{Judged, best};
use crate::decision::{TOLERANCE, decide};
use crate::stats;

impl View<'_> {
    /// Whether what is left of the calls is needed to confirm the answer.
    pub(super) fn is_left_for_confirming(&self) -> bool {
        let reserved = 2 * self.planner.effort.confirmed;
        self.calls + reserved.min(self.planner.most_invocations() / 4) >= self.planner.most_invocations()
    }

    /// More invocations of a size that would be the best, if it were known to keep its limits.
    pub(super) fn check_limits(&self) -> Option<Wanted> {
        let open = |s: &&Judged| {
            s.broken().is_none()
                && !s.is_too_tight
                && !s.keeps_limits()
                && self.warm_at(s.memory_size_mb) < MOST_SAMPLES as u32
                && self.may_be_invoked(s.memory_size_mb)
        };
        // Once a size is known to keep them, only better ones matter.
        let surely = self
            .assessment
            .sizes
            .iter()
            .filter(|s| s.is_allowed() && s.keeps_limits());
        let least = surely.map(|s| s.score).fold(f64::INFINITY, f64::min);
        self.assessment
            .sizes
            .iter()
            .filter(open)
            .filter(|s| s.score < least)
            .min_by(|a, b| a.score.total_cmp(&b.score))
            .map(|s| self.rounds(s.memory_size_mb, AT_ONCE))
    }

    /// Invocations after choosing, at the size to use and the present one. A size was chosen for being the best of several, so
    /// what was measured before is a little too good to be true; these are not.
    pub(super) fn confirm(&self) -> Option<Wanted> {
        let question = &self.planner.question;
        let confirmed = self.planner.effort.confirmed;
        let chosen = decide(&self.measured(), question)
            .memory_size_mb
            .filter(|_| confirmed > 0)?;
        self.unsure_move(chosen).or_else(|| {
            [Some(chosen), question.present_memory_size_mb]
                .into_iter()
                .flatten()
                .find(|&mb| self.warm_at(mb) < confirmed && self.may_be_invoked(mb))
                .map(|mb| self.more(mb, confirmed))
        })
    }

    /// More invocations of the present size and the one that seems better, while it is not sure that it is, and the gain over
    /// the invocations ahead is worth more than they cost.
    fn unsure_move(&self, chosen: u32) -> Option<Wanted> {
        const SURE: f64 = 1.5;
        /// The present size is kept though it seems this much worse.
        const MUCH_WORSE: f64 = 0.03;
        let present = self.planner.question.present_memory_size_mb?;
        let from = self.assessment.at(present)?;
        let to = match chosen == present {
            true => best(self.contest()).filter(|best| above(from, best) > MUCH_WORSE)?,
            false => self.assessment.at(chosen)?,
        };
        let gain = (from.score / to.score).ln();
        if !(0.0..SURE * stats::together(from.score_error, to.score_error)).contains(&gain) {
            return None;
        }
        let least_cost = self.assessment.least_cost();
        let is_worth = |s: &&Judged| {
            let price = f64::from(AT_ONCE) * s.cost / least_cost;
            gain.max(TOLERANCE) * self.planner.effort.invocations_ahead > price
        };
        [from, to]
            .into_iter()
            .filter(|s| self.warm_at(s.memory_size_mb) < MOST_SAMPLES as u32 && !self.is_infeasible(s.memory_size_mb))
            .filter(is_worth)
            .max_by(|a, b| a.score_error.total_cmp(&b.score_error))
            .map(|s| self.rounds(s.memory_size_mb, AT_ONCE))
    }
}
