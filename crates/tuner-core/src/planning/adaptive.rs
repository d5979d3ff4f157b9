//! Adaptive planning: walk up from the cheapest invocations, stop as soon as the objective is surely getting worse, try a
//! size in between where the model expects one to pay, and spend what is left on sizes that can hardly be told apart.
//!
//! Nothing is remembered between calls but what was measured: every question is asked anew of all of it.

use std::collections::BTreeSet;

use super::{Batch, Budget, Effort, Planner, Progress, SizeProgress};
use crate::assessment::{Assessment, Judged, Measured, Refused};
use crate::curve::Sample;
use crate::{Constraint, MemorySize, Outcome, Question, stats};

/// Chooses sizes and numbers of invocations by what was measured so far.
#[derive(Debug, Clone)]
pub struct AdaptivePlanner {
    /// What to spend.
    pub effort: Effort,
    /// What is asked.
    pub question: Question,
    /// Sizes that may be measured.
    pub candidates: Candidates,
    /// The function's time-out, in ms.
    pub timeout_ms: Option<f64>,
    /// What must not be exceeded.
    pub budget: Budget,
    /// Time since the tuning began, in ms.
    pub elapsed_ms: f64,
    /// How many invocations of one size at the same time.
    pub concurrency: u32,
    /// So many warm invocations of a size send every payload.
    pub all_payloads: u32,
}

/// Sizes that may be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// Everything from the first to the second, in MB.
    Range(u32, u32),
    /// These, in MB, ascending.
    List(Vec<u32>),
}

/// Why measuring ended before the planner was content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// No more invocations are allowed.
    Invocations,
    /// The next one would cost too much if it ran into its time-out.
    Cost,
    /// The next one would take too long if it ran into its time-out.
    Time,
    /// The function fails at size after size.
    Failing,
}

/// Sizes that are tried on the way up, in MB: doublings, whole vCPUs, and 3,008, which many accounts are limited to.
const RUNGS: [u32; 9] = [128, 256, 512, 1024, 1769, 3008, 5307, 7076, 10_240];
/// The same where duration counts: a little more than one vCPU spares single-threaded code the runtime's own threads.
const FAST_RUNGS: [u32; 10] = [128, 256, 512, 1024, 1769, 2048, 3008, 5307, 7076, 10_240];
/// A rung is worth trying if it is this much larger than the one before,
const RUNG_STEP: f64 = 1.25;
/// and the largest size allowed if it is this much larger than the last.
const LAST_STEP: f64 = 1.1;
/// Where the way up begins, in MB: what is slow at half a vCPU need not be tried to find what is fast. If the first size turns
/// out the best, those below it are tried too.
const SPEED_START_MB: u32 = 1024;
/// The same for a balance of cost and speed.
const BALANCED_START_MB: u32 = 256;
/// On the way down a size that is this much worse than the best ends it.
const WORSE_BELOW: f64 = 0.03;
/// Sizes at which the function fails before it is given up.
const MOST_FAILING: usize = 3;
/// Function errors in a row that make a size one at which it fails.
const PATIENCE: u32 = 2;
/// A size that is this much worse than a smaller one, beyond noise, needs no second look.
const HOPELESS: f64 = 0.5;
/// A larger size is no better, surely, if it is this much worse beyond noise,
const WORSE: f64 = 0.08;
/// or this much after another that was so much worse too,
const WORSE_TWICE: f64 = 0.02;
/// or, on the way to speed, not this much faster.
const HARDLY_FASTER: f64 = 0.03;
/// What counts as noise, in standard errors of a difference,
const NOISE: f64 = 1.3;
/// and on the way to speed.
const NOISE_FOR_SPEED: f64 = 2.0;
/// A difference of two sizes with a larger error than this may be noise.
const SETTLED: f64 = 0.12;
/// The same on the way to speed, where stopping too early is what costs most.
const SETTLED_FOR_SPEED: f64 = 0.06;
/// Samples of a size whose durations differ by a factor of two or more: it may have two modes, and a mean needs both.
const ROUGH_SAMPLES: u32 = 6;
/// The present size is compared further while it seems this much worse than the best and noise could explain it.
const WORSE_THAN_BEST: f64 = 0.03;
/// The longest time-out there is (source: Lambda quotas), in ms, and the longest init that is waited for before it.
const LONGEST_TIMEOUT_MS: f64 = 900_000.0;
const LONGEST_INIT_MS: f64 = 10_000.0;
/// Calls at a size none of which met a warm environment, after which none ever will.
const ALWAYS_COLD: u32 = 6;
/// On the way to speed, below this size a gain that is none yet may still come, in MB.
const LEVELS_FROM_MB: u32 = 1024;
/// So many answers of a size that get lost are made up for: where there are more of them, it is no accident.
const MADE_UP_FOR: u32 = 2;
/// Durations are expected to be at most this share of the time-out.
const TIMEOUT_SHARE: f64 = 0.8;
/// A duration at a smaller size is expected to be at most this much more than in proportion to the memory.
const SLOWER_THAN_PROPORTIONAL: f64 = 1.5;

/// What is left of a budget.
struct Left {
    invocations: Option<u32>,
    cost: Option<f64>,
    time_ms: Option<f64>,
}

/// Invocations to make at one size, beside the one that starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    mb: u32,
    warm: u32,
}

impl Planner for AdaptivePlanner {
    fn next(&self, progress: &Progress) -> Vec<Batch> {
        self.plan(progress).unwrap_or_default()
    }

    fn usual_calls(&self) -> u32 {
        self.effort.opening + 1
    }

    fn soon(&self, progress: &Progress) -> BTreeSet<MemorySize> {
        self.likely(progress)
    }

    fn most_calls(&self) -> u32 {
        2 * self.effort.most_per_size.max(self.least_warm()) + 2
    }
}

impl AdaptivePlanner {
    /// The next batches, or why there are none although the planner is not content.
    ///
    /// # Errors
    /// What stops it.
    pub fn plan(&self, progress: &Progress) -> Result<Vec<Batch>, Stopped> {
        let view = View::of(self, progress);
        if view.failing >= MOST_FAILING {
            return Err(Stopped::Failing);
        }
        let wanted = view.wanted();
        let mut batches = Vec::with_capacity(wanted.len());
        let mut stopped = None;
        let mut left = self.left(progress);
        for one in wanted {
            match view.batch(one, &mut left) {
                Ok(Some(batch)) => batches.push(batch),
                Ok(None) => {}
                Err(why) => stopped = Some(why),
            }
        }
        match stopped {
            Some(why) if batches.is_empty() => Err(why),
            _ => Ok(batches),
        }
    }

    fn likely(&self, progress: &Progress) -> BTreeSet<MemorySize> {
        let view = View::of(self, progress);
        view.rungs()
            .into_iter()
            .filter(|&mb| mb <= SOON_MB || view.progress_at(MAIN_LAST_MB).is_some_and(|p| p.measured() > 0))
            .filter_map(|mb| MemorySize::new(mb).ok())
            .collect()
    }

    fn left(&self, progress: &Progress) -> Left {
        let calls: u32 = progress.values().map(|p| p.outcomes.total()).sum();
        let rate = &self.question.rate;
        let spent: f64 = progress
            .iter()
            .map(|(size, p)| {
                let billed = rate.cost(size.mb(), p.billed_ms as f64) - rate.request;
                // Nothing is known of what has no REPORT but that it was billed.
                let unknown = f64::from(p.outcomes.unmeasured) * rate.cost(size.mb(), self.longest_ms());
                billed + unknown + rate.request * f64::from(p.outcomes.total())
            })
            .sum();
        Left {
            invocations: self.budget.invocations.map(|most| most.saturating_sub(calls)),
            cost: self.budget.cost.map(|most| most - spent),
            time_ms: self.budget.time_ms.map(|most| most as f64 - self.elapsed_ms),
        }
    }

    /// What no invocation exceeds, in ms, init included: only that makes a budget one that holds whatever the function does.
    fn longest_ms(&self) -> f64 {
        self.timeout_ms.unwrap_or(LONGEST_TIMEOUT_MS) + LONGEST_INIT_MS
    }

    fn least_warm(&self) -> u32 {
        self.all_payloads
    }
}

/// The way up is seldom left before this size, in MB: versions up to it are published together.
const SOON_MB: u32 = 3008;
/// Once this one is reached, those above it come too.
const MAIN_LAST_MB: u32 = 3008;

/// Everything that was measured, as one round of planning sees it.
struct View<'a> {
    planner: &'a AdaptivePlanner,
    progress: &'a Progress,
    assessment: Assessment,
    lo: u32,
    hi: u32,
    failing: usize,
    calls: u32,
}

impl<'a> View<'a> {
    fn of(planner: &'a AdaptivePlanner, progress: &'a Progress) -> Self {
        let measured: Vec<Measured> = progress
            .iter()
            .filter(|(_, p)| !p.samples.is_empty() && infeasible(p).is_none())
            .map(|(size, p)| measured(size.mb(), p))
            .collect();
        let assessment = Assessment::of(&measured, &planner.question);
        let (first, last) = planner.candidates.ends();
        // Where memory ran out, the use says no more than the failure.
        let works = progress.values().filter(|p| infeasible(p).is_none());
        let used = works.filter_map(|p| p.max_memory_used_mb).max();
        let roomy = used.map_or(first, |mb| {
            round_up(planner.question.least_memory_mb(mb), 64).max(first)
        });
        // The largest use seen at a size where memory ran out says less than the failure.
        let too_small = progress
            .iter()
            .filter(|(_, p)| matches!(infeasible(p), Some(Outcome::OutOfMemory | Outcome::Timeout)))
            .map(|(size, _)| size.mb())
            .max();
        let next = |mb: u32| planner.candidates.next_above(mb);
        let failing = progress
            .values()
            .filter(|p| matches!(infeasible(p), Some(Outcome::FunctionError | Outcome::InitError)))
            .count();
        Self {
            planner,
            progress,
            assessment,
            lo: too_small.map_or(roomy, |mb| roomy.max(next(mb))),
            hi: last,
            failing,
            calls: progress.values().map(|p| p.outcomes.total()).sum(),
        }
    }

    fn progress_at(&self, mb: u32) -> Option<&SizeProgress> {
        self.progress.get(&MemorySize::new(mb).ok()?)
    }

    fn warm_at(&self, mb: u32) -> u32 {
        self.progress_at(mb)
            .map_or(0, |p| p.warm + p.outcomes.unmeasured.saturating_sub(MADE_UP_FOR))
    }

    fn is_infeasible(&self, mb: u32) -> bool {
        self.progress_at(mb).is_some_and(|p| {
            p.skipped.is_some()
                || infeasible(p).is_some()
                || p.outcomes.total() >= self.planner.most_calls()
                || (p.warm + p.outcomes.unmeasured == 0 && p.cold + p.restored >= ALWAYS_COLD)
        })
    }

    fn is_started(&self, mb: u32) -> bool {
        self.progress_at(mb).is_some_and(|p| p.outcomes.total() > 0)
    }

    /// What to invoke next; nothing if that would change nothing.
    fn wanted(&self) -> Vec<Wanted> {
        let effort = &self.planner.effort;
        if let Some(present) = self.planner.question.present_memory_size_mb
            && !self.is_infeasible(present)
            && self.warm_at(present) < self.opening()
        {
            return vec![self.more(present, self.opening())];
        }
        if let Some(next) = self.climb() {
            return vec![next];
        }
        if self.calls >= effort.calls.max(4 * self.opening()) {
            return self.confirm();
        }
        if let Some(next) = self.refine() {
            return vec![next];
        }
        match self.race() {
            Some(next) => vec![next],
            None => self.confirm(),
        }
    }

    fn opening(&self) -> u32 {
        self.planner.effort.opening.max(self.planner.least_warm())
    }

    fn guard(&self) -> u32 {
        self.planner.effort.guard.max(self.planner.least_warm())
    }

    /// As many more as make `warm` of them.
    fn more(&self, mb: u32, warm: u32) -> Wanted {
        Wanted {
            mb,
            warm: warm.saturating_sub(self.warm_at(mb)),
        }
    }

    /// Sizes to try on the way up, in MB.
    fn rungs(&self) -> Vec<u32> {
        let steps: Vec<u32> = match &self.planner.candidates {
            Candidates::Range(..) if self.weighs_duration() => FAST_RUNGS.to_vec(),
            Candidates::Range(..) => RUNGS.to_vec(),
            Candidates::List(list) => list.clone(),
        };
        let steps: Vec<u32> = steps
            .into_iter()
            .filter(|mb| (self.lo..=self.hi).contains(mb))
            .collect();
        let first = match &self.planner.candidates {
            Candidates::Range(..) => Some(self.lo).filter(|&lo| lo <= self.hi),
            Candidates::List(_) => steps.first().copied(),
        };
        let step = if self.weighs_duration() { LAST_STEP } else { RUNG_STEP };
        let mut rungs: Vec<u32> = first.into_iter().collect();
        while let Some(mb) = rungs.last().and_then(|&last| next_rung(&steps, last, step)) {
            rungs.push(mb);
        }
        let last = match &self.planner.candidates {
            // Where a quota ends is not known, only that it is below the size that was refused.
            Candidates::Range(_, last) => Some(*last).filter(|&last| last == self.hi),
            Candidates::List(list) => list.iter().copied().filter(|&mb| mb <= self.hi).max(),
        };
        if let (Some(last), Some(&top)) = (last, rungs.last())
            && f64::from(last) > LAST_STEP * f64::from(top)
        {
            rungs.push(last);
        }
        rungs.retain(|&mb| !self.may_time_out(mb));
        rungs
    }

    /// Whether an invocation at this size might run into the function's time-out: if durations below the next larger size
    /// measured are in proportion to the memory, or worse. Whatever is larger than all that was measured is no slower.
    fn may_time_out(&self, mb: u32) -> bool {
        let Some(timeout) = self.planner.timeout_ms.filter(|_| !self.is_started(mb)) else {
            return false;
        };
        let sizes = &self.assessment.sizes;
        let Some(above) = sizes.iter().find(|s| s.memory_size_mb > mb) else {
            return false;
        };
        let bound = SLOWER_THAN_PROPORTIONAL * above.ms * f64::from(above.memory_size_mb) / f64::from(mb);
        let below = sizes.iter().rev().find(|s| s.memory_size_mb < mb);
        below.map_or(bound, |s| bound.min(s.ms)) > TIMEOUT_SHARE * timeout
    }

    /// The next size on the way up; `None` once the objective is surely getting worse, or there is no larger size.
    fn climb(&self) -> Option<Wanted> {
        let rungs = self.rungs();
        let start = self.start(&rungs);
        let mut seen: Vec<&Judged> = Vec::new();
        let mut guarding = false;
        for &mb in rungs.iter().skip(start) {
            if self.is_infeasible(mb) {
                continue;
            }
            let enough = if guarding { self.guard() } else { self.opening() };
            let warm = self.warm_at(mb);
            let glance = self.glance(&seen).min(enough);
            if warm < glance {
                return Some(self.more(mb, glance));
            }
            // Enough was invoked, but nothing could be measured.
            let Some(judged) = self.assessment.at(mb) else {
                continue;
            };
            seen.push(judged);
            if warm < enough && !self.is_surely_worse(&seen) {
                return Some(self.more(mb, enough));
            }
            guarding = match self.outlook(&seen) {
                Outlook::Unsettled => return self.settle(&seen),
                Outlook::Over => break,
                Outlook::Unsure => true,
                Outlook::Open => false,
            };
        }
        self.descend(&rungs[..start], &seen)
    }

    /// The next size below those on the way up, while what is smaller seems to be no worse.
    fn descend(&self, below: &[u32], seen: &[&Judged]) -> Option<Wanted> {
        let mut best = self.best_of(seen)?;
        if best.memory_size_mb != seen.first()?.memory_size_mb {
            return None;
        }
        for &mb in below.iter().rev() {
            if self.is_infeasible(mb) {
                return None;
            }
            if self.warm_at(mb) < self.opening() {
                return Some(self.more(mb, self.opening()));
            }
            let judged = self.assessment.at(mb)?;
            if judged.score > best.score * (1.0 + WORSE_BELOW) {
                return None;
            }
            if judged.score < best.score && judged.is_allowed() {
                best = judged;
            }
        }
        None
    }

    /// The place of the rung that is tried first.
    fn start(&self, rungs: &[u32]) -> usize {
        let start_mb = match (self.is_speed(), self.weighs_duration()) {
            (true, _) if self.needs_no_cheapest() => SPEED_START_MB,
            (false, true) => BALANCED_START_MB,
            _ => 0,
        };
        let last = rungs.len().saturating_sub(1);
        let start = rungs.iter().position(|&mb| mb >= start_mb).unwrap_or(last);
        let usable = |&mb: &u32| !self.is_infeasible(mb);
        // None of those can be used: the account's quota may be below them.
        match rungs.iter().skip(start).any(usable) {
            true => start,
            false => rungs.iter().rposition(usable).unwrap_or(start),
        }
    }

    /// So many warm invocations may show already that a size is surely worse. Only cost is that simple: durations alone say
    /// too little when they are few, and a balance depends on sizes that are not known yet.
    fn glance(&self, seen: &[&Judged]) -> u32 {
        match seen.is_empty() || self.weighs_duration() {
            true => self.opening(),
            false => self.planner.least_warm().max(1),
        }
    }

    fn is_surely_worse(&self, seen: &[&Judged]) -> bool {
        let best = seen
            .split_last()
            .and_then(|(last, before)| Some((last, self.best_of(before)?)));
        best.is_some_and(|(last, best)| surely_worse(last, best))
    }

    /// Whether a shorter duration is better even at a higher cost.
    fn weighs_duration(&self) -> bool {
        self.planner.question.objective.cost_weight() < 1.0
    }

    fn is_speed(&self) -> bool {
        self.planner.question.objective.cost_weight() == 0.0
    }

    /// Whether the answer does not depend on what the cheapest size is.
    fn needs_no_cheapest(&self) -> bool {
        let relative = |c: &Constraint| {
            matches!(
                c,
                Constraint::CostAboveCheapest { .. } | Constraint::CostPerMillion { .. }
            )
        };
        !self.planner.question.constraints.iter().any(relative)
    }

    fn best_of<'b>(&self, seen: &[&'b Judged]) -> Option<&'b Judged> {
        seen.iter()
            .copied()
            .filter(|s| s.is_allowed())
            .min_by(|a, b| a.score.total_cmp(&b.score))
    }

    /// Whether a larger size than the last one seen can be the best.
    fn outlook(&self, seen: &[&Judged]) -> Outlook {
        let Some((last, before)) = seen.split_last() else {
            return Outlook::Open;
        };
        let Some(best) = self.best_of(before) else {
            // Nothing will do yet. More memory helps as long as it makes things faster.
            return match before.is_empty() || last.is_allowed() || !levels_off(last, before) {
                true => Outlook::Open,
                false => Outlook::Over,
            };
        };
        if self.is_speed() {
            let over = levels_off(last, before);
            if over
                && !too_dear(last)
                && last.score_error.hypot(best.score_error) > SETTLED_FOR_SPEED
                && self.may_settle(last, best)
            {
                return Outlook::Unsettled;
            }
            return match over || too_dear(last) {
                true => Outlook::Over,
                false => Outlook::Open,
            };
        }
        let previous = before.last().copied();
        let twice = previous.is_some_and(|p| above(last, best) > WORSE && above(p, best) > WORSE_TWICE);
        match (surely_worse(last, best), seen.len()) {
            (true, 3..) => Outlook::Over,
            (true, _) if surely_above(last, best) > HOPELESS => Outlook::Over,
            (true, _) => Outlook::Unsure,
            (false, _)
                if twice && last.score_error.hypot(best.score_error) > SETTLED && self.may_settle(last, best) =>
            {
                Outlook::Unsettled
            }
            (false, _) if twice => Outlook::Over,
            _ => Outlook::Open,
        }
    }

    /// Whether more invocations of these sizes may be made to see whether their difference is noise.
    fn may_settle(&self, last: &Judged, best: &Judged) -> bool {
        self.calls < self.planner.effort.calls
            && [last, best]
                .iter()
                .any(|s| self.warm_at(s.memory_size_mb) < self.settling())
    }

    fn settling(&self) -> u32 {
        (self.planner.effort.most_per_size / 2).max(self.opening())
    }

    /// One more invocation of the less known of the last size and the best before it.
    fn settle(&self, seen: &[&Judged]) -> Option<Wanted> {
        let (last, before) = seen.split_last()?;
        let best = self.best_of(before)?;
        [*last, best]
            .into_iter()
            .filter(|s| self.warm_at(s.memory_size_mb) < self.settling())
            .max_by(|a, b| a.error.total_cmp(&b.error))
            .map(|s| Wanted {
                mb: s.memory_size_mb,
                warm: 1,
            })
    }

    /// A size between the neighbours of the best that the model expects to be enough better to pay for the try.
    fn refine(&self) -> Option<Wanted> {
        const WORTH: f64 = 0.006;
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
        let ratio = |s: &Judged| (s.point.ms / fit.model.at(f64::from(s.memory_size_mb))).ln();
        let octaves = |a: u32, b: u32| (f64::from(a) / f64::from(b)).log2().abs();
        let options: Vec<u32> = match &self.planner.candidates {
            Candidates::Range(..) => round_sizes().collect(),
            Candidates::List(list) => list.clone(),
        };
        let within = |mb: &u32| {
            *mb > lower.memory_size_mb
                && *mb < upper.memory_size_mb
                && *mb >= self.lo
                && *mb <= self.hi
                && !self.may_time_out(*mb)
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
        (gain > WORTH).then(|| self.more(mb, self.opening()))
    }

    /// Whether a size where an invocation takes `ms` would break a constraint on mean figures.
    fn would_break(&self, mb: u32, ms: f64) -> bool {
        let question = &self.planner.question;
        let cost = question.rate.cost(mb, ms + 0.5);
        let least = self.assessment.sizes.iter().map(|s| s.cost).fold(cost, f64::min);
        question.constraints.iter().any(|constraint| match *constraint {
            Constraint::Duration { max_ms, .. } => ms > max_ms,
            Constraint::CostAboveCheapest { max_pct } => cost > least * (1.0 + max_pct / 100.0),
            Constraint::CostPerMillion { max } => cost * 1e6 > max,
        })
    }

    /// The size to know better, while a wrong choice among those measured can be expected to cost more than is tolerated.
    fn race(&self) -> Option<Wanted> {
        let best = self.contest().min_by(|a, b| a.score.total_cmp(&b.score))?;
        let others = || self.contest().filter(|s| s.memory_size_mb != best.memory_size_mb);
        let loss = |s: &Judged| stats::expected_excess(-above(s, best), s.score_error.hypot(best.score_error));
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
    fn confirm(&self) -> Vec<Wanted> {
        const FOR_A_TAIL: u32 = 20;
        const AT_ONCE: u32 = 4;
        let constraints = &self.planner.question.constraints;
        let Some(best) = self.assessment.best().filter(|_| !constraints.is_empty()) else {
            return Vec::new();
        };
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
                    Refused::Constraint { value, limit, .. } => (value / limit).ln() < 1.3 * s.error,
                    Refused::Headroom { .. } => false,
                })
        };
        let close_to_limit = self.assessment.sizes.iter().filter(near);
        let chosen = [best].into_iter().filter(|_| has_tail);
        close_to_limit
            .chain(chosen)
            .map(|s| s.memory_size_mb)
            .filter(|&mb| self.warm_at(mb) < most && mb >= self.lo && !self.is_infeasible(mb))
            .map(|mb| Wanted {
                mb,
                warm: AT_ONCE.min(most - self.warm_at(mb)),
            })
            .take(1)
            .collect()
    }

    /// `wanted` as far as the budget goes; it is taken off.
    fn batch(&self, wanted: Wanted, left: &mut Left) -> Result<Option<Batch>, Stopped> {
        let Ok(memory_size) = MemorySize::new(wanted.mb) else {
            return Ok(None);
        };
        let starting = u32::from(!self.is_started(wanted.mb));
        let asked = match self.progress_at(wanted.mb) {
            // One at a time where the last one failed.
            Some(p) if p.failures_in_a_row > 0 => wanted.warm.min(1),
            _ => wanted.warm + starting,
        };
        let mut invocations = asked;
        let mut why = None;
        let mut limit = |most: f64, stopped: Stopped| {
            let most = most.max(0.0).min(f64::from(u32::MAX)) as u32;
            if most < invocations {
                invocations = most;
                why = Some(stopped);
            }
        };
        if let Some(most) = left.invocations {
            limit(f64::from(most), Stopped::Invocations);
        }
        let longest = self.planner.longest_ms();
        let cost = self.planner.question.rate.cost(wanted.mb, longest + 1.0);
        if let Some(most) = left.cost {
            limit(most / cost, Stopped::Cost);
        }
        let concurrency = self.planner.concurrency.max(1);
        if let Some(most) = left.time_ms {
            // The first one of a size is made alone.
            let first = f64::from(starting);
            let rounds = (most / longest).floor();
            limit((rounds - first).mul_add(f64::from(concurrency), first), Stopped::Time);
        }
        // A cold start alone teaches nothing.
        if invocations <= starting && asked > invocations {
            return Err(why.unwrap_or(Stopped::Invocations));
        }
        if invocations == 0 {
            return Ok(None);
        }
        left.invocations = left.invocations.map(|most| most - invocations);
        left.cost = left.cost.map(|most| most - f64::from(invocations) * cost);
        let rounds = starting + (invocations - starting).div_ceil(concurrency);
        left.time_ms = left.time_ms.map(|most| most - f64::from(rounds) * longest);
        Ok(Some(Batch {
            memory_size,
            invocations,
            concurrency,
        }))
    }
}

enum Outlook {
    /// It seems not, but it may all be noise.
    Unsettled,
    /// A larger size may well be better.
    Open,
    /// It seems not: one more rung will tell.
    Unsure,
    /// It can't.
    Over,
}

/// How much worse than the best a size is, as a share.
fn above(size: &Judged, best: &Judged) -> f64 {
    size.score / best.score - 1.0
}

/// The same without what may be noise.
fn surely_above(size: &Judged, best: &Judged) -> f64 {
    above(size, best) - NOISE * size.score_error.hypot(best.score_error)
}

fn surely_worse(size: &Judged, best: &Judged) -> bool {
    surely_above(size, best) > WORSE
}

/// Whether the last size is hardly faster than those before it.
fn levels_off(last: &Judged, before: &[&Judged]) -> bool {
    let best = before
        .iter()
        .map(|s| (s.ms, s.error))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((ms, error)) = best else {
        return false;
    };
    let gain = 1.0 - last.ms / ms;
    let noise = NOISE_FOR_SPEED * last.error.hypot(error);
    if gain + noise < HARDLY_FASTER && last.memory_size_mb >= LEVELS_FROM_MB {
        return true;
    }
    let Some((previous, earlier)) = before.split_last() else {
        return false;
    };
    let earlier = earlier.iter().map(|s| s.ms).fold(f64::INFINITY, f64::min);
    gain < 0.02 && earlier.is_finite() && previous.ms > 0.98 * earlier
}

/// Whether a size is above a limit on cost beyond doubt.
fn too_dear(size: &Judged) -> bool {
    size.refused.iter().any(|refused| match refused {
        Refused::Constraint {
            constraint: Constraint::CostAboveCheapest { .. } | Constraint::CostPerMillion { .. },
            value,
            limit,
        } => (value / limit).ln() > 0.08 + 1.3 * size.error,
        _ => false,
    })
}

/// Why a size can't be chosen, if so. Less patient with errors than a grid is: there are other sizes to spend on.
fn infeasible(progress: &SizeProgress) -> Option<Outcome> {
    let errors = &progress.outcomes;
    progress.hopeless().or_else(|| {
        (errors.function_error >= PATIENCE && progress.failures_in_a_row >= PATIENCE).then_some(Outcome::FunctionError)
    })
}

fn measured(mb: u32, progress: &SizeProgress) -> Measured {
    let colds = progress.cold + progress.restored;
    let mean = |sum: f64| sum / f64::from(colds);
    Measured {
        memory_size_mb: mb,
        samples: progress.samples.clone(),
        cold: (colds > 0).then(|| {
            let cold = Sample {
                ms: mean(progress.cold_sums.0),
                billed_ms: mean(progress.cold_sums.1),
                payload: 0,
            };
            (cold, colds)
        }),
        max_memory_used_mb: progress.max_memory_used_mb,
    }
}

impl Candidates {
    /// Whether `mb` is one of them.
    pub fn contains(&self, mb: u32) -> bool {
        match self {
            Self::Range(first, last) => (*first..=*last).contains(&mb),
            Self::List(list) => list.contains(&mb),
        }
    }

    /// The next size to try above one that is too small; beyond all of them if there is none.
    fn next_above(&self, mb: u32) -> u32 {
        let next = match self {
            Self::Range(_, last) => {
                let rungs = RUNGS.into_iter().chain([*last]);
                rungs.filter(|rung| *rung > mb).min()
            }
            Self::List(list) => list.iter().copied().find(|listed| *listed > mb),
        };
        next.unwrap_or(u32::MAX)
    }

    /// The smallest and the largest, in MB.
    pub fn ends(&self) -> (u32, u32) {
        match self {
            Self::Range(first, last) => (*first, *last),
            Self::List(list) => (
                list.first().copied().unwrap_or(MemorySize::MIN.mb()),
                list.last().copied().unwrap_or(MemorySize::MAX.mb()),
            ),
        }
    }
}

/// The rung after `last`, in MB: of the sizes up to about twice as large, one that is commonly used, else the largest; where
/// there is none, the next one.
fn next_rung(sizes: &[u32], last: u32, step: f64) -> Option<u32> {
    const DOUBLE: f64 = 2.05;
    let times = |mb: u32| f64::from(mb) / f64::from(last);
    let larger = || sizes.iter().copied().filter(|&mb| times(mb) > step);
    let within = || larger().filter(|&mb| times(mb) <= DOUBLE);
    let common = within().filter(|mb| FAST_RUNGS.contains(mb)).min();
    common.or_else(|| within().max()).or_else(|| larger().min())
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

const fn round_up(mb: u32, step: u32) -> u32 {
    mb.div_ceil(step) * step
}
