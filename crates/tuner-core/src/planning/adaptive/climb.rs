//! The way up from size to size, and when it ends.

use super::{Candidates, View, Wanted};
use crate::assessment::{Judged, best};
use crate::{Axis, Constraint, stats};

/// Sizes that are tried on the way up, in MB: doublings, whole vCPUs, and 3,008, which many accounts are limited to.
pub const RUNGS: [u32; 9] = [128, 256, 512, 1024, 1769, 3008, 5307, 7076, 10_240];
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
/// On the way down a size that is this much worse than the best ends it,
const WORSE_BELOW: f64 = 0.03;
/// and that by more than so many standard errors of the difference.
const NOISE_BELOW: f64 = 1.5;
/// A larger size is no better, surely, if it is this much worse beyond noise,
const WORSE: f64 = 0.08;
/// or this much after another that was so much worse too,
const WORSE_TWICE: f64 = 0.02;
/// or, on the way to speed, not this much faster.
const HARDLY_FASTER: f64 = 0.03;
/// What counts as noise, in standard errors of a difference,
pub(super) const NOISE: f64 = 1.3;
/// and on the way to speed.
const NOISE_FOR_SPEED: f64 = 2.0;
/// A difference of two sizes with a larger error than this may be noise.
const SETTLED: f64 = 0.12;
/// The same on the way to speed, where stopping too early is what costs most.
const SETTLED_FOR_SPEED: f64 = 0.06;
/// On the way to speed, below this size a gain that is none yet may still come, in MB.
const LEVELS_FROM_MB: u32 = 1024;
/// Durations are expected to be at most this share of the time-out.
const TIMEOUT_SHARE: f64 = 0.8;
/// A duration at a smaller size is expected to be at most this much more than in proportion to the memory.
const SLOWER_THAN_PROPORTIONAL: f64 = 1.5;

impl View<'_> {
    /// Sizes to try on the way up, in MB.
    pub(super) fn rungs(&self) -> Vec<u32> {
        let steps: Vec<u32> = match &self.planner.candidates {
            Candidates::Range(..) if self.weighs_duration() => FAST_RUNGS.to_vec(),
            Candidates::Range(..) => RUNGS.to_vec(),
            Candidates::List(list) => list.clone(),
        };
        let (_, top) = self.planner.candidates.ends();
        let steps: Vec<u32> = steps.into_iter().filter(|mb| (self.lo..=top).contains(mb)).collect();
        let first = match &self.planner.candidates {
            Candidates::Range(..) => Some(self.lo).filter(|&lo| lo <= top),
            Candidates::List(_) => steps.first().copied(),
        };
        let step = if self.weighs_duration() { LAST_STEP } else { RUNG_STEP };
        let mut rungs: Vec<u32> = first.into_iter().collect();
        while let Some(mb) = rungs.last().and_then(|&last| next_rung(&steps, last, step)) {
            rungs.push(mb);
        }
        if rungs
            .last()
            .is_some_and(|&last| f64::from(top) > LAST_STEP * f64::from(last))
        {
            rungs.push(top);
        }
        rungs.retain(|&mb| !self.may_time_out(mb));
        rungs
    }

    /// Whether an invocation at this size might run into the function's time-out: if durations below the next larger size
    /// measured are in proportion to the memory, or worse. Whatever is larger than all that was measured is no slower.
    pub(super) fn may_time_out(&self, mb: u32) -> bool {
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
    pub(super) fn climb(&self) -> Option<Wanted> {
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
        let above = rungs
            .iter()
            .filter(|&&mb| seen.last().is_none_or(|last| mb > last.memory_size_mb));
        let above: Vec<u32> = above.copied().filter(|&mb| !self.is_infeasible(mb)).collect();
        self.look_up(&above, &seen)
            .or_else(|| self.descend(&rungs[..start], &seen))
    }

    /// Once the way up has ended for speed, a look at what is far above: several vCPUs and, from 2,048 MB on, more network
    /// bandwidth (source: AWS's announcement of 2026-08-06) show there, though two sizes before were no faster. The same
    /// where no size yet keeps a limit on durations. If something is faster there, its neighbours are tried too.
    fn look_up(&self, above: &[u32], seen: &[&Judged]) -> Option<Wanted> {
        const LOOK: u32 = 1;
        const LOOKS_FROM_MB: u32 = 3008;
        let limits_duration = |c: &Constraint| matches!(c, Constraint::Duration { .. });
        let needs_faster =
            best(seen.iter().copied()).is_none() && self.planner.question.constraints.iter().any(limits_duration);
        if !(self.is_speed() || needs_faster) || seen.iter().any(|s| too_dear(s)) {
            return None;
        }
        let fastest = seen.iter().map(|s| s.point.robust.ms).fold(f64::INFINITY, f64::min);
        let look = self.planner.all_payloads.max(LOOK);
        let has_looked = seen.iter().any(|s| s.memory_size_mb >= LOOKS_FROM_MB);
        let first = above.iter().copied().find(|&mb| mb >= LOOKS_FROM_MB && !has_looked);
        let looks: Vec<u32> = first.into_iter().chain(above.last().copied()).collect();
        for &mb in &looks {
            if self.warm_at(mb) < look {
                return Some(self.more(mb, look));
            }
        }
        let measured = above.iter().filter_map(|&mb| self.assessment.at(mb));
        let best_above = measured
            .filter(|s| s.point.robust.ms < fastest * (1.0 - HARDLY_FASTER))
            .min_by(|a, b| a.point.robust.ms.total_cmp(&b.point.robust.ms))?;
        let place = above.iter().position(|&mb| mb == best_above.memory_size_mb)?;
        let neighbours = place.checked_sub(1).into_iter().chain([place, place + 1]);
        neighbours
            .filter_map(|i| above.get(i).copied())
            .find(|&mb| self.warm_at(mb) < self.opening())
            .map(|mb| self.more(mb, self.opening()))
    }

    /// The next size below those on the way up, while what is smaller seems to be no worse.
    fn descend(&self, below: &[u32], seen: &[&Judged]) -> Option<Wanted> {
        let best = best(seen.iter().copied())?;
        let first = seen.first()?;
        // Never below the present size: where sizes are equal it is kept.
        let present = self.planner.question.present_memory_size_mb.unwrap_or(0);
        if is_below(first, best) {
            return None;
        }
        for &mb in below.iter().rev().take_while(|mb| **mb >= present) {
            if self.is_infeasible(mb) {
                return None;
            }
            if self.warm_at(mb) < self.opening() {
                return Some(self.more(mb, self.opening()));
            }
            let judged = self.assessment.at(mb)?;
            if is_below(judged, best) {
                return None;
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
            false => self.planner.effort.glance.max(self.planner.all_payloads),
        }
    }

    fn is_surely_worse(&self, seen: &[&Judged]) -> bool {
        let best = seen
            .split_last()
            .and_then(|(last, before)| Some((last, best(before.iter().copied())?)));
        best.is_some_and(|(last, best)| surely_worse(last, best))
    }

    /// Whether a shorter duration is better even at a higher cost.
    fn weighs_duration(&self) -> bool {
        self.planner.question.objective.axis() != Axis::Cost
    }

    fn is_speed(&self) -> bool {
        self.planner.question.objective.axis() == Axis::Duration
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

    /// Whether a larger size than the last one seen can be the best.
    fn outlook(&self, seen: &[&Judged]) -> Outlook {
        let Some((last, before)) = seen.split_last() else {
            return Outlook::Open;
        };
        let Some(best) = best(before.iter().copied()) else {
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
                && stats::together(last.score_error, best.score_error) > SETTLED_FOR_SPEED
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
            // Some functions are bad at 256 MB and best at 512: one rung more tells.
            (true, _) => Outlook::Unsure,
            (false, _)
                if twice
                    && stats::together(last.score_error, best.score_error) > SETTLED
                    && self.may_settle(last, best) =>
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
        self.planner.effort.settling.max(self.opening())
    }

    /// One more invocation of the less known of the last size and the best before it.
    fn settle(&self, seen: &[&Judged]) -> Option<Wanted> {
        let (last, before) = seen.split_last()?;
        let best = best(before.iter().copied())?;
        [*last, best]
            .into_iter()
            .filter(|s| self.warm_at(s.memory_size_mb) < self.settling())
            .max_by(|a, b| a.score_error.total_cmp(&b.score_error))
            .map(|s| self.rounds(s.memory_size_mb, 1))
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
pub(super) fn above(size: &Judged, best: &Judged) -> f64 {
    size.score / best.score - 1.0
}

/// The same without what may be noise.
fn surely_above(size: &Judged, best: &Judged) -> f64 {
    above(size, best) - NOISE * stats::together(size.score_error, best.score_error)
}

/// Whether a size serves the objective worse than the best, as far as noise lets it be seen.
fn is_below(size: &Judged, best: &Judged) -> bool {
    above(size, best) > WORSE_BELOW
        && above(size, best) > NOISE_BELOW * stats::together(size.score_error, best.score_error)
}

fn surely_worse(size: &Judged, best: &Judged) -> bool {
    surely_above(size, best) > WORSE
}

/// Whether the last size is hardly faster than those before it.
fn levels_off(last: &Judged, before: &[&Judged]) -> bool {
    let best = before
        .iter()
        .map(|s| (s.point.robust.ms, s.point.robust.error))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((ms, error)) = best else {
        return false;
    };
    let gain = 1.0 - last.point.robust.ms / ms;
    let noise = NOISE_FOR_SPEED * stats::together(last.point.robust.error, error);
    if gain + noise < HARDLY_FASTER && last.memory_size_mb >= LEVELS_FROM_MB {
        return true;
    }
    let Some((previous, earlier)) = before.split_last() else {
        return false;
    };
    let earlier = earlier.iter().map(|s| s.point.robust.ms).fold(f64::INFINITY, f64::min);
    gain < 0.02 && earlier.is_finite() && previous.point.robust.ms > 0.98 * earlier
}

/// Whether a size is above a limit on cost beyond doubt.
fn too_dear(size: &Judged) -> bool {
    size.limits.iter().any(|limit| match limit.constraint {
        Constraint::CostAboveCheapest { .. } | Constraint::CostPerMillion { .. } => {
            limit.is_broken() && (limit.value / limit.limit).ln() > WORSE
        }
        Constraint::Duration { .. } => false,
    })
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
