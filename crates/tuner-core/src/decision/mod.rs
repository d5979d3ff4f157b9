//! Choosing a memory size among those that were measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assessment::Limit;
use crate::curve::{Fit, Knee};
use crate::{Constraint, Estimate, StartKind};

mod choice;
mod exclusion;
#[cfg(test)]
mod tests;

pub use choice::decide;
pub use exclusion::{Exclusion, ExclusionReason};

/// Differences smaller than this are of no interest, however surely they were measured: execution environments and the
/// hosts under them differ by as much from one hour to the next.
pub const TOLERANCE: f64 = 0.01;

/// Two sizes are "the same" only where a larger difference than this is excluded.
pub const MARGIN: f64 = 0.03;

/// What to do, and how sure that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// In a word.
    pub verdict: Verdict,
    /// The size to use, in MB; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// The start that was compared: warm unless only another was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartKind>,
    /// Change of mean duration against the present size, as a ratio (-0.25 is a quarter shorter).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_change: Option<Estimate>,
    /// Change of mean cost against the present size, as a ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_change: Option<Estimate>,
    /// How likely the size to use is to serve the objective better than the present one, from 0 to 1; absent where they are
    /// the same size or the present one was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability_better: Option<f64>,
    /// How sure it is that the size to use keeps each limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// A size that is much better in the other respect for a little more: faster where cost counts, cheaper where speed does.
    /// Where it is not known whether the size to use keeps its limits, the best of those that are shown to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<Alternative>,
    /// Sizes that are not shown to differ from the best one, in MB, ascending, the best included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tied_mb: Vec<u32>,
    /// The size with the lowest mean cost, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cheapest_mb: Option<u32>,
    /// The size with the shortest mean duration, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fastest_mb: Option<u32>,
    /// The numbers that were compared, ascending by memory size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<Compared>,
    /// The next best size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<RunnerUp>,
    /// Where constraints rule out every size: the one that is closest to keeping them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closest: Option<Closest>,
    /// The duration as a function of memory size, where enough sizes were measured. It says what the function does; sizes
    /// are chosen by what was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Fit>,
    /// The memory size above which nothing gets faster; absent when it cannot be told from these sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knee: Option<Knee>,
    /// Sizes that were measured but not considered, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
}

/// Another size that may suit better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Change of mean duration against the size to use, as a ratio.
    pub duration_change: Estimate,
    /// Change of mean cost against the size to use, as a ratio.
    pub cost_change: Estimate,
}

/// What was compared of one size: means with the share of cold starts that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Mean duration, in ms. All sizes have a say in how far each is to be trusted, since noise is about the same share of
    /// the duration everywhere.
    pub duration_ms: Estimate,
    /// Mean cost of an invocation; GB-seconds when the price is not known.
    pub cost: Estimate,
    /// What the objective makes of it: 0 is the best, 0.1 a tenth worse.
    pub score_above_best: f64,
    /// How much worse it serves the objective than the size to use, as a ratio (0.1 is a tenth worse), with its interval;
    /// absent where there is no size to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_chosen: Option<Estimate>,
    /// Its samples fall into two groups, far apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bimodal: bool,
    /// A few of its samples are many times the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub heavy_tailed: bool,
}

/// The size that would be next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunnerUp {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// How likely it is to be better than the one chosen, from 0 to 1.
    pub probability_better: f64,
}

/// The size that comes closest to keeping the constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Closest {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// The constraint that it breaks by most.
    pub constraint: Constraint,
    /// What was found.
    pub value: f64,
    /// What it may be at most.
    pub limit: f64,
}

/// The decision in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Another size is better.
    Move,
    /// The present size is the best measured.
    Keep,
    /// The present size is not shown to be worse than the best one: keep it.
    NoClearWinner,
    /// The present size was not measured; this is the best of those that were.
    Choose,
    /// Whether the best size keeps the limits is not known yet.
    CannotTell,
    /// No size that was tried keeps the limits.
    ConstraintNotMet,
    /// Invocations succeeded, but none could be measured.
    NotEnoughEvidence,
    /// No size works.
    AllFailed,
}

impl Decision {
    /// A decision that names no size.
    pub const fn none(verdict: Verdict) -> Self {
        Self {
            verdict,
            memory_size_mb: None,
            start: None,
            duration_change: None,
            cost_change: None,
            probability_better: None,
            limits: Vec::new(),
            alternative: None,
            tied_mb: Vec::new(),
            cheapest_mb: None,
            fastest_mb: None,
            compared: Vec::new(),
            runner_up: None,
            closest: None,
            model: None,
            knee: None,
            excluded: Vec::new(),
        }
    }

    /// The next best size where it may well be better than the one chosen, with a probability of 5 % or more (the
    /// complement of the level of the intervals): the size chosen is then called the best only with that probability
    /// beside it.
    pub fn rival(&self) -> Option<&RunnerUp> {
        const MAY_BE_BETTER: f64 = 0.05;
        (self.runner_up.as_ref()).filter(|next| next.probability_better >= MAY_BE_BETTER)
    }
}
