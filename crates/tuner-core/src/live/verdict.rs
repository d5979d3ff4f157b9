//! Whether it can be told by now, and how it ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::{Compared, Evidence};
use super::guard::Broken;
use super::ratio::Measure;
use super::starts::{FEWEST_STARTS, Starts};
use crate::StartKind;
use crate::objective::{Axis, Objective};
use crate::stats::Estimate;

/// Changes up to this are of no account: inside of it the size stays.
pub const MARGIN: f64 = 0.03;
/// Nothing is decided on cost from fewer matched invocations of the candidate: the interval is asymptotic.
pub const FIRST_OF_COST: u64 = 300;
/// The same of durations, whose logarithms come closer to a normal distribution.
pub const FIRST_OF_DURATION: u64 = 100;
/// How often a run may call something better or worse that is not.
const ALPHA: f64 = 0.05;

/// By what a candidate is judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// What "better" means. A balance weighs the logarithms of both changes.
    pub objective: Objective,
    /// Candidates that this run is to try, one after the other: they share what it may err.
    pub candidates: u32,
    /// Changes up to this are of no account, as a share.
    pub margin: f64,
}

impl Terms {
    /// One of so many candidates, with the usual margin.
    pub const fn new(objective: Objective, candidates: u32) -> Self {
        Self {
            objective,
            candidates,
            margin: MARGIN,
        }
    }

    /// How often the interval of one candidate may miss the truth.
    pub fn alpha(&self) -> f64 {
        ALPHA / f64::from(self.candidates.max(1))
    }

    /// Matched invocations before anything is decided.
    pub const fn first(&self) -> u64 {
        match self.objective.axis() {
            Axis::Duration => FIRST_OF_DURATION,
            Axis::Cost | Axis::Both { .. } => FIRST_OF_COST,
        }
    }

    /// What noise counts for: durations where they alone decide.
    pub const fn measure(&self) -> Measure {
        match self.objective.axis() {
            Axis::Duration => Measure::Duration,
            Axis::Cost | Axis::Both { .. } => Measure::Cost,
        }
    }
}

/// Where a comparison stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// It cannot be told yet.
    Open {
        /// What it waits for.
        waiting: Waiting,
        /// What is known so far of the objective.
        change: Option<Estimate>,
    },
    /// It can.
    Ended(Ended),
}

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "for")]
#[non_exhaustive]
pub enum Waiting {
    /// More matched invocations before anything may be decided.
    Invocations {
        /// So far.
        seen: u64,
        /// What it takes.
        needed: u64,
    },
    /// More starts of environments of the candidate, whose cost counts and is not known.
    Starts {
        /// Of which kind.
        kind: StartKind,
        /// So far.
        seen: u32,
        /// What it takes.
        needed: u32,
    },
    /// A narrower interval.
    Precision,
}

/// What was shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "shown")]
pub enum Ended {
    /// The candidate is better. What it brings is to be read from looks after this one: a change at which one stops is
    /// flattered, by 10 to 18 % of it where it is small.
    Better {
        /// In the objective.
        change: Estimate,
    },
    /// It is worse.
    Worse {
        /// In the objective.
        change: Estimate,
    },
    /// Both are the same but for a margin of no account.
    Same {
        /// In the objective.
        change: Estimate,
    },
}

/// How the trial of one candidate ended. All but [`Ended::Better`] put everything back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
#[non_exhaustive]
pub enum Verdict {
    /// It could be told.
    Told(Ended),
    /// The window or the budget ended first.
    CannotTell {
        /// What was missing.
        waiting: Waiting,
        /// What is known of the objective.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<Estimate>,
        /// Hours more that it would take at this traffic and share, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours_more: Option<f64>,
    },
    /// Guards took it back.
    Broken {
        /// Which, and by how much.
        guards: Vec<Broken>,
    },
    /// Somebody else changed the alias, and what they made of it stays.
    Foreign {
        /// Who, where that could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// It was stopped from outside.
    Stopped,
}

/// Judges a candidate by what was seen so far; valid at every look.
pub fn judge(evidence: &Evidence, terms: &Terms) -> Standing {
    let alpha = terms.alpha();
    let (change, starts) = match terms.objective.axis() {
        Axis::Cost => split(evidence.cost(alpha)),
        Axis::Duration => split(evidence.duration(alpha)),
        // Each side may err half as often, so that both hold.
        Axis::Both { cost_weight } => match (evidence.cost(alpha / 2.0), evidence.duration(alpha / 2.0)) {
            (Some(cost), Some(duration)) => (
                Some(weighed(cost.change, duration.change, cost_weight)),
                Some(cost.starts),
            ),
            _ => (None, None),
        },
    };
    let open = |waiting| Standing::Open { waiting, change };
    let (seen, needed) = (evidence.matched(), terms.first());
    if seen < needed {
        return open(Waiting::Invocations { seen, needed });
    }
    if let Some(Starts::Unknown { kind, seen }) = starts {
        return open(Waiting::Starts {
            kind,
            seen,
            needed: FEWEST_STARTS,
        });
    }
    let Some(change) = change else {
        return open(Waiting::Precision);
    };
    let (low, high) = (
        change.low.unwrap_or(f64::NEG_INFINITY),
        change.high.unwrap_or(f64::INFINITY),
    );
    if -terms.margin <= low && high <= terms.margin {
        Standing::Ended(Ended::Same { change })
    } else if high < 0.0 {
        Standing::Ended(Ended::Better { change })
    } else if low > 0.0 {
        Standing::Ended(Ended::Worse { change })
    } else {
        open(Waiting::Precision)
    }
}

fn split(compared: Option<Compared>) -> (Option<Estimate>, Option<Starts>) {
    (compared.map(|c| c.change), compared.map(|c| c.starts))
}

/// The change of a balance: logarithms by their weights, bounds with them.
fn weighed(cost: Estimate, duration: Estimate, cost_weight: f64) -> Estimate {
    let mix = |cost: f64, duration: f64| (cost_weight * cost.ln_1p() + (1.0 - cost_weight) * duration.ln_1p()).exp_m1();
    let both = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| mix(a, b));
    Estimate {
        value: mix(cost.value, duration.value),
        low: both(cost.low, duration.low),
        high: both(cost.high, duration.high),
    }
}
