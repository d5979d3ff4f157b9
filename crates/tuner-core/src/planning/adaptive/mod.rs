//! Adaptive planning: walk up from the cheapest invocations, stop as soon as the objective is surely getting worse, try a
//! size in between where the model expects one to pay, and spend on sizes that can hardly be told apart what knowing more of
//! them is worth; then invoke the size to use and the present one afresh.
//!
//! Nothing is remembered between calls but what was measured: every question is asked anew of all of it.

mod climb;
mod confirm;
mod race;
mod refine;

use std::collections::BTreeSet;

use super::{Batch, Budget, Effort, MOST_SAMPLES, Planner, Progress, SizeProgress};
use crate::assessment::{Assessment, Colds, Measured};
use crate::curve::Sample;
use crate::{MemorySize, Outcome, Question};

pub use climb::RUNGS;

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

/// Sizes at which the function fails before it is given up.
const MOST_FAILING: usize = 3;
/// Function errors in a row that make a size one at which it fails.
const PATIENCE: u32 = 2;
/// The longest time-out there is (source: Lambda quotas), in ms, and the longest init that is waited for before it.
const LONGEST_TIMEOUT_MS: f64 = 900_000.0;
const LONGEST_INIT_MS: f64 = 10_000.0;
/// Calls at a size none of which met a warm environment, after which none ever will.
const ALWAYS_COLD: u32 = 6;
/// So many answers of a size that get lost are made up for: where there are more of them, it is no accident.
const MADE_UP_FOR: u32 = 2;

/// The way up is seldom left before this size, in MB: versions up to it are published together, and once it is reached, those
/// above it.
const SOON_MB: u32 = 3008;

/// What is left of a budget.
struct Left {
    invocations: u32,
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
        let view = View::of(self, progress);
        view.rungs()
            .into_iter()
            .filter(|&mb| mb <= SOON_MB || view.progress_at(SOON_MB).is_some_and(|p| p.measured() > 0))
            .filter_map(|mb| MemorySize::new(mb).ok())
            .collect()
    }

    fn most_calls(&self) -> u32 {
        2 * (MOST_SAMPLES as u32).max(self.all_payloads) + 2
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
        match view.wanted() {
            Some(wanted) => view.batch(wanted, &self.left(progress)),
            None => Ok(Vec::new()),
        }
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
                let published = match p.outcomes.total() {
                    0 => 0.0,
                    _ => self.publishing(size.mb()),
                };
                billed + unknown + rate.request * f64::from(p.outcomes.total()) + published
            })
            .sum();
        Left {
            invocations: self.most_invocations().saturating_sub(calls),
            cost: self.budget.cost.map(|most| most - spent),
            time_ms: self.budget.time_ms.map(|most| most as f64 - self.elapsed_ms),
        }
    }

    /// What a version of a size costs beside its invocations: with SnapStart, three hours of its cache at least. Nothing
    /// where that is not known; who asks for a budget then is refused before anything begins.
    fn publishing(&self, mb: u32) -> f64 {
        self.question.rate.publishing(mb).unwrap_or_default()
    }

    /// Invocations of all sizes together at most.
    pub fn most_invocations(&self) -> u32 {
        self.budget.invocations.unwrap_or(self.effort.most_calls)
    }

    /// What no invocation exceeds, in ms, init included: only that makes a budget one that holds whatever the function does.
    fn longest_ms(&self) -> f64 {
        self.timeout_ms.unwrap_or(LONGEST_TIMEOUT_MS) + LONGEST_INIT_MS
    }
}

/// Everything that was measured, as one round of planning sees it.
struct View<'a> {
    planner: &'a AdaptivePlanner,
    progress: &'a Progress,
    assessment: Assessment,
    /// The smallest size worth trying, in MB.
    lo: u32,
    failing: usize,
    calls: u32,
    /// What a cold start costs, in warm invocations.
    cold_starts_cost: f64,
}

impl<'a> View<'a> {
    fn of(planner: &'a AdaptivePlanner, progress: &'a Progress) -> Self {
        let assessment = Assessment::of(&all_measured(progress), &planner.question);
        let (first, _) = planner.candidates.ends();
        // The largest use seen where memory ran out says less than the failure.
        let works = progress.values().filter(|p| infeasible(p).is_none());
        let used = works.filter_map(|p| p.max_memory_used_mb).max();
        let roomy = used.map_or(first, |mb| {
            round_up(planner.question.least_memory_mb(mb), 64).max(first)
        });
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
            failing,
            calls: progress.values().map(|p| p.outcomes.total()).sum(),
            cold_starts_cost: cold_starts_cost(progress),
        }
    }

    fn measured(&self) -> Vec<Measured> {
        all_measured(self.progress)
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
    fn wanted(&self) -> Option<Wanted> {
        let effort = &self.planner.effort;
        if let Some(present) = self.planner.question.present_memory_size_mb
            && !self.is_infeasible(present)
            && self.warm_at(present) < self.opening()
        {
            return Some(self.more(present, self.opening()));
        }
        if let climb @ Some(_) = self.climb() {
            return climb;
        }
        if self.is_left_for_confirming() {
            return self.confirm();
        }
        let refined = match self.calls >= effort.calls.max(4 * self.opening()) {
            true => None,
            false => self.refine(),
        };
        refined
            .or_else(|| self.race())
            .or_else(|| self.check_limits())
            .or_else(|| self.confirm())
    }

    fn opening(&self) -> u32 {
        /// One more warm invocation is nearly free beside a cold start that costs more than so many of them.
        const DEAR_COLD_STARTS: f64 = 10.0;
        let more = u32::from(self.cold_starts_cost >= DEAR_COLD_STARTS);
        (self.planner.effort.opening + more).max(self.planner.all_payloads)
    }

    /// What trying a size costs, as a multiple of what it would if its first invocation were a warm one and its version free:
    /// that one starts cold.
    fn price_of_a_size(&self, mb: u32, ms: f64) -> f64 {
        let warm = f64::from(self.opening());
        let published = self.planner.publishing(mb) / self.planner.question.rate.expected(mb, ms);
        (self.cold_starts_cost.max(1.0) + warm + published) / (1.0 + warm)
    }

    fn guard(&self) -> u32 {
        self.planner.effort.guard.max(self.planner.all_payloads)
    }

    /// As many more as make `warm` of them.
    fn more(&self, mb: u32, warm: u32) -> Wanted {
        self.rounds(mb, warm.saturating_sub(self.warm_at(mb)))
    }

    /// `more` of them at least: of several payloads whole rounds, so that each is sent as often as its weight says.
    fn rounds(&self, mb: u32, more: u32) -> Wanted {
        let round = self.planner.all_payloads.max(1);
        let had = self.warm_at(mb);
        Wanted {
            mb,
            warm: (had + more).div_ceil(round) * round - had,
        }
    }

    /// `wanted` as far as the budget goes.
    fn batch(&self, wanted: Wanted, left: &Left) -> Result<Vec<Batch>, Stopped> {
        let Ok(memory_size) = MemorySize::new(wanted.mb) else {
            return Ok(Vec::new());
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
        limit(f64::from(left.invocations), Stopped::Invocations);
        let longest = self.planner.longest_ms();
        let cost = self.planner.question.rate.cost(wanted.mb, longest + 1.0);
        if let Some(most) = left.cost {
            let published = f64::from(starting) * self.planner.publishing(wanted.mb);
            limit((most - published) / cost, Stopped::Cost);
        }
        let concurrency = self.planner.concurrency.max(1);
        if let Some(most) = left.time_ms {
            // The first one of a size is made alone.
            let first = f64::from(starting);
            let rounds = (most / longest).floor();
            limit((rounds - first).mul_add(f64::from(concurrency), first), Stopped::Time);
        }
        // A cold start alone teaches nothing, nor do some of several payloads: their mean is that of another mix.
        let warm = self.warm_at(wanted.mb) + invocations.saturating_sub(starting);
        if asked > invocations && (invocations <= starting || warm < self.planner.all_payloads) {
            return Err(why.unwrap_or(Stopped::Invocations));
        }
        if invocations == 0 {
            return Ok(Vec::new());
        }
        Ok(vec![Batch {
            memory_size,
            invocations,
            concurrency,
        }])
    }
}

/// Why a size can't be chosen, if so. Less patient with errors than a grid is: there are other sizes to spend on.
fn infeasible(progress: &SizeProgress) -> Option<Outcome> {
    let errors = &progress.outcomes;
    progress.hopeless().or_else(|| {
        (errors.function_error >= PATIENCE && progress.failures_in_a_row >= PATIENCE).then_some(Outcome::FunctionError)
    })
}

/// What a cold start costs, in warm invocations, over all sizes where both were measured; 1 where none was.
fn cold_starts_cost(progress: &Progress) -> f64 {
    let ratios: Vec<f64> = progress
        .values()
        .filter(|p| p.cold + p.restored > 0)
        .filter_map(|p| {
            let (warm, _) = Sample::mean(&p.samples)?;
            Some(p.cold_sums.billed_ms / f64::from(p.cold + p.restored) / warm.billed_ms.max(1.0))
        })
        .collect();
    match ratios.is_empty() {
        true => 1.0,
        false => ratios.iter().sum::<f64>() / ratios.len() as f64,
    }
}

/// Every size that was measured and can be chosen.
fn all_measured(progress: &Progress) -> Vec<Measured> {
    progress
        .iter()
        .filter(|(_, p)| !p.samples.is_empty() && infeasible(p).is_none())
        .map(|(size, p)| measured(size.mb(), p))
        .collect()
}

fn measured(mb: u32, progress: &SizeProgress) -> Measured {
    let colds = progress.cold + progress.restored;
    let mean = |sum: f64| sum / f64::from(colds);
    Measured {
        memory_size_mb: mb,
        samples: progress.samples.clone(),
        cold: (colds > 0).then(|| Colds {
            mean: Sample {
                ms: mean(progress.cold_sums.ms),
                billed_ms: mean(progress.cold_sums.billed_ms),
                payload: 0,
            },
            count: colds,
            log_squares: (progress.cold_sums.log_squares - progress.cold_sums.logs.powi(2) / f64::from(colds)).max(0.0),
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

const fn round_up(mb: u32, step: u32) -> u32 {
    mb.div_ceil(step) * step
}
