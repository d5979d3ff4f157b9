//! One size in between, where the model expects a better one.

use super::{Candidates, View, Wanted};
use crate::Constraint;
use crate::assessment::Judged;
use crate::stats;

impl View<'_> {
    /// A size between the neighbours of the best that the model expects to be enough better to pay for the try.
    pub(super) fn refine(&self) -> Option<Wanted> {
        /// Gain that is expected of a size in between, as a share, to be worth a try. (What the model is off by elsewhere makes
        /// it expect too much: with a third of this, one try in twenty was truly better by 1 %.)
        const WORTH: f64 = 0.02;
        const APART_OCTAVES: f64 = 0.2;
        let assessment = &self.assessment;
        let fit = assessment.curve.fit().filter(|fit| fit.is_trusted())?;
        let rungs = self.rungs();
        let tried = |mb: &u32| self.is_started(*mb);
        let present = self.planner.question.present_memory_size_mb;
        let refined: Vec<u32> = self
            .progress
            .keys()
            .map(|size| size.mb())
            .filter(|mb| tried(mb) && *mb >= self.lo && !rungs.contains(mb) && Some(*mb) != present)
            .collect();
        if let Some(&mb) = refined
            .iter()
            .find(|&&mb| self.warm_at(mb) < self.opening() && !self.is_infeasible(mb))
        {
            return Some(self.more(mb, self.opening()));
        }
        let most = self.planner.effort.refinements + u32::from(!self.planner.question.constraints.is_empty());
        if refined.len() as u32 >= most {
            return None;
        }
        let best = assessment.best()?;
        let place = assessment
            .sizes
            .iter()
            .position(|s| s.memory_size_mb == best.memory_size_mb)?;
        let lower = place.checked_sub(1).map_or(best, |i| &assessment.sizes[i]);
        let upper = assessment.sizes.get(place + 1).unwrap_or(best);
        let ratio = |s: &Judged| (s.point.robust.ms / fit.model.at(f64::from(s.memory_size_mb))).ln();
        let octaves = |a: u32, b: u32| (f64::from(a) / f64::from(b)).log2().abs();
        let options: Vec<u32> = match &self.planner.candidates {
            Candidates::Range(..) => round_sizes().collect(),
            Candidates::List(list) => list.clone(),
        };
        let within = |mb: &u32| {
            *mb > lower.memory_size_mb && *mb < upper.memory_size_mb && *mb >= self.lo && !self.may_time_out(*mb)
        };
        let gain = |mb: u32| {
            let nearest = assessment
                .sizes
                .iter()
                .map(|s| octaves(mb, s.memory_size_mb))
                .fold(f64::INFINITY, f64::min);
            if nearest < APART_OCTAVES {
                return 0.0;
            }
            let (a, b) = if mb < best.memory_size_mb {
                (lower, best)
            } else {
                (best, upper)
            };
            let t = octaves(mb, a.memory_size_mb) / octaves(b.memory_size_mb, a.memory_size_mb);
            let ms = fit.model.at(f64::from(mb)) * (ratio(a) * (1.0 - t) + ratio(b) * t).exp();
            if self.would_break(mb, ms) {
                return 0.0;
            }
            let sd = fit.misfit.min(0.15) * (nearest / 0.5).min(1.0);
            let score = assessment.score_at(mb, ms, &self.planner.question);
            stats::expected_excess(1.0 - score / best.score, sd)
        };
        let (mb, gain) = options
            .into_iter()
            .filter(within)
            .map(|mb| (mb, gain(mb)))
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        let price = self.price_of_a_size(mb, fit.model.at(f64::from(mb)));
        (gain > WORTH * price).then(|| self.more(mb, self.opening()))
    }

    /// Whether a size where an invocation takes `ms` would break a constraint on mean figures.
    fn would_break(&self, mb: u32, ms: f64) -> bool {
        let question = &self.planner.question;
        let cost = question.rate.expected(mb, ms);
        let least = self.assessment.sizes.iter().map(|s| s.cost).fold(cost, f64::min);
        question.constraints.iter().any(|constraint| match *constraint {
            // Every figure of the durations is about the mean, or more.
            Constraint::Duration { max_ms, .. } => ms > max_ms,
            Constraint::CostAboveCheapest { max_pct } => cost > least * (1.0 + max_pct / 100.0),
            Constraint::CostPerMillion { max } => cost * 1e6 > max,
        })
    }
}

/// Sizes worth trying between rungs, in MB: those that people use, some sixth of an octave or more apart.
fn round_sizes() -> impl Iterator<Item = u32> {
    [
        (128, 512, 64),
        (512, 1024, 128),
        (1024, 2048, 256),
        (2048, 4096, 512),
        (4096, 10_241, 1024),
    ]
    .into_iter()
    .flat_map(|(from, to, step)| (from..to).step_by(step))
}
