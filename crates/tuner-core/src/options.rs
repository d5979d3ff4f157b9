//! The options of a tuning: what may be asked besides the function and what is sent to it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::planning::{Budget, Preset};
use crate::{
    Batch, ColdStartPlanner, Constraint, FunctionName, GridPlanner, MemorySize, Objective, Planner, Question, Remedy,
    SizeProgress,
};

/// Every option of a tuning. The command line and an execution's input fill it, a request holds it, and the document carries it
/// whole; what is not given has the value of [`TuningOptions::default`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TuningOptions {
    /// What the function is called in reports, folders and lists; its own name unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How memory sizes, and numbers of invocations, are chosen.
    pub preset: Preset,
    /// Sizes to measure, in MB, ascending, each once. An adaptive preset chooses from them; where there are none, from all.
    #[serde(rename = "memory_sizes_mb", alias = "memory_sizes")]
    pub memory_sizes: Vec<MemorySize>,
    /// Warm invocations to measure at each size of a grid, or cold starts with `only_cold_starts`; other presets choose by
    /// themselves.
    pub invocations: u32,
    /// What "best" means.
    pub objective: Objective,
    /// What a size must keep to be chosen.
    pub constraints: Vec<Constraint>,
    /// Share of invocations that start cold where the function is used, from 0 to 1: how much of cost and duration is
    /// theirs.
    pub cold_share: f64,
    /// How much more memory than the largest use seen a size must have, as a share of that use.
    pub headroom: f64,
    /// What an adaptive preset must not exceed.
    pub budget: Budget,
    /// Invocations of one size made at the same time.
    pub concurrency: u32,
    /// Invocations of all sizes together made at the same time.
    pub max_concurrency: u32,
    /// Pause between invocations of one size, in ms.
    pub pause_ms: u64,
    /// Share of durations left out at either end, from 0 to 0.4; never applied to cost.
    pub trim_share: f64,
    /// Error types of the function that count as a sample, not as a failure.
    pub allowed_errors: Vec<String>,
    /// Whether messages of the function may be kept; they can quote payloads.
    pub keep_messages: bool,
    /// Invocations a month, for the monthly figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_invocations: Option<f64>,
    /// What to do with the recommendation.
    pub apply: Apply,
    /// Whether cold starts are measured instead of warm invocations.
    pub only_cold_starts: bool,
    /// One invocation at each size, to see that everything works; nothing is decided or applied.
    pub dry_run: bool,
    /// Function that is called with the payload before each invocation; what it answers is sent instead, unless that is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_processor: Option<FunctionName>,
    /// Function that is called with the answer, or the error object, after each invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_processor: Option<FunctionName>,
    /// Whether sizes below the floor that follows of what is known may be measured, recommended and applied, though
    /// invocations may fail there.
    pub risk_failures_below_floor: bool,
    /// Role to assume for everything that touches the function, such as one in its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

/// Those of the grid of AWS Lambda Power Tuning, without its trimming.
impl Default for TuningOptions {
    fn default() -> Self {
        Self {
            name: None,
            preset: Preset::Grid,
            memory_sizes: Self::DEFAULT_SIZES
                .iter()
                .filter_map(|&mb| MemorySize::new(mb).ok())
                .collect(),
            invocations: 10,
            objective: Objective::Cost,
            constraints: Vec::new(),
            cold_share: 0.0,
            headroom: Question::DEFAULT_HEADROOM,
            budget: Budget::default(),
            concurrency: 1,
            max_concurrency: 10,
            pause_ms: 0,
            trim_share: 0.0,
            allowed_errors: Vec::new(),
            keep_messages: true,
            monthly_invocations: None,
            apply: Apply::No,
            only_cold_starts: false,
            dry_run: false,
            pre_processor: None,
            post_processor: None,
            risk_failures_below_floor: false,
            role_arn: None,
        }
    }
}

impl TuningOptions {
    /// LPT's list with one change: 1769 MB, where a function has exactly one vCPU, stands for 1536.
    pub const DEFAULT_SIZES: [u32; 6] = [128, 256, 512, 1024, 1769, 3008];

    /// Every size worth trying: powers of two, the steps between them, and the sizes at which whole vCPUs are reached.
    pub const ALL_SIZES: [u32; 17] = [
        128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1769, 2048, 3008, 3538, 5307, 7076, 8845, 10_240,
    ];

    /// Sorts the sizes and drops those given twice, then checks every field.
    ///
    /// # Errors
    /// Names the field that makes no sense.
    pub fn checked(mut self) -> Result<Self, OptionsError> {
        self.memory_sizes = self
            .memory_sizes
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let bad_alias = |name: &str| {
            name.is_empty()
                || name.len() > 128
                || name.bytes().all(|b| b.is_ascii_digit())
                || !name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let adaptive = self.preset.is_adaptive();
        match &self {
            r if adaptive && r.only_cold_starts => Err(OptionsError::GridOnly("only-cold-starts", r.preset)),
            r if adaptive && r.dry_run => Err(OptionsError::GridOnly("dry-run", r.preset)),
            r if adaptive && r.trim_share != 0.0 => Err(OptionsError::GridOnly("trim", r.preset)),
            r if !adaptive && r.memory_sizes.is_empty() => Err(OptionsError::NoSizes),
            r if !adaptive && r.invocations < 5 && !r.dry_run => Err(OptionsError::TooFewInvocations(r.invocations)),
            r if r.invocations > 10_000 => Err(OptionsError::TooManyInvocations(r.invocations)),
            r if r.max_concurrency == 0 => Err(OptionsError::Zero("max-concurrency")),
            r if r.concurrency == 0 => Err(OptionsError::Zero("parallel")),
            r if !(0.0..=0.4).contains(&r.trim_share) => Err(OptionsError::Trim(r.trim_share)),
            r if !(0.0..=1.0).contains(&r.cold_share) => Err(OptionsError::ColdShare(r.cold_share)),
            r if !(Question::LEAST_HEADROOM..=9.0).contains(&r.headroom) => Err(OptionsError::Headroom(r.headroom)),
            r if r.budget.invocations == Some(0) => Err(OptionsError::Budget("invocations")),
            r if r.budget.cost.is_some_and(|most| most.is_nan() || most <= 0.0) => Err(OptionsError::Budget("money")),
            r if r.budget.time_ms == Some(0) => Err(OptionsError::Budget("time")),
            r if !adaptive && r.budget.is_limited() => Err(OptionsError::AdaptiveOnly),
            r if let Some(constraint) = r.constraints.iter().find(|c| c.limit().is_nan() || c.limit() <= 0.0) => {
                Err(OptionsError::Limit(*constraint))
            }
            r if let Some(name) = r.name.as_deref().filter(|name| !is_name(name)) => {
                Err(OptionsError::Name(name.chars().count()))
            }
            Self {
                apply: Apply::Alias { name, .. },
                ..
            } if bad_alias(name) => Err(OptionsError::Alias(name.clone())),
            _ => Ok(self),
        }
    }

    /// The planner of a grid or of cold starts. Adaptive presets need to know the function as well.
    pub fn fixed_planner(&self) -> Box<dyn Planner + Send + Sync> {
        match self.cold_start_planner() {
            Some(planner) => Box::new(planner),
            None => Box::new(GridPlanner {
                // The first invocation comes on top, and is all that is left.
                invocations: if self.dry_run { 0 } else { self.invocations },
                concurrency: self.concurrency,
            }),
        }
    }

    /// The planner asked for, where cold starts are to be measured. Calls made at the same time are what makes cold starts,
    /// so there are as many of them as allowed.
    pub fn cold_start_planner(&self) -> Option<ColdStartPlanner> {
        self.only_cold_starts.then(|| ColdStartPlanner {
            cold_starts: if self.dry_run { 1 } else { self.invocations },
            concurrency: self.invocations.min(self.max_concurrency),
        })
    }

    /// How many versions that can still be invoked `batch` needs, given what was measured at its size.
    pub fn versions_for(&self, batch: &Batch, progress: &SizeProgress) -> u32 {
        self.cold_start_planner()
            .map_or(1, |planner| planner.versions(batch.invocations, progress))
    }

    /// What `function` is called: as was asked, else by its own name with its qualifier, without account and region.
    pub fn display_name(&self, function: &FunctionName) -> String {
        match (&self.name, function.qualifier()) {
            (Some(name), _) => name.clone(),
            (None, Some(qualifier)) => format!("{}:{qualifier}", function.name()),
            (None, None) => function.name().to_owned(),
        }
    }

    /// Invocations asked for at each size: 0 for a dry run, which makes its first invocation only; `None` where the preset chooses.
    pub const fn asked_per_size(&self) -> Option<u32> {
        match (self.preset.is_adaptive(), self.dry_run) {
            (true, _) => None,
            (false, true) => Some(0),
            (false, false) => Some(self.invocations),
        }
    }

    /// Name of the planner: `frugal`, `standard`, `thorough`, `grid` or `cold starts`.
    pub fn planner_name(&self) -> String {
        match self.only_cold_starts {
            true => "cold starts".to_owned(),
            false => self.preset.to_string(),
        }
    }
}

/// Whether `name` may stand in headings and names of folders.
fn is_name(name: &str) -> bool {
    (1..=100).contains(&name.chars().count()) && !name.trim().is_empty() && !name.chars().any(char::is_control)
}

/// What to do with the recommendation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// Report it.
    #[default]
    No,
    /// Give it to `$LATEST`.
    Latest,
    /// Give it to `$LATEST`, publish that, and point an alias to it.
    Alias {
        /// Which alias.
        name: String,
        /// Whether `$LATEST` may differ from what the alias points to in more than its memory size.
        #[serde(default)]
        from_latest: bool,
    },
}

/// Options that make no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptionsError {
    /// No sizes.
    #[error("there is no memory size to measure")]
    NoSizes,
    /// Too few invocations to say anything.
    #[error("num is {0}; it must be at least 5, since fewer invocations say nothing about noise")]
    TooFewInvocations(u32),
    /// Too many.
    #[error("num is {0}; it must be at most 10000")]
    TooManyInvocations(u32),
    /// Nothing would ever run.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// Trimming away everything.
    #[error("trim is {0}; it must be from 0 to 0.4 (the share of durations left out at either end)")]
    Trim(f64),
    /// A constraint nothing can meet.
    #[error("the limit in `{0}` must be more than 0")]
    Limit(Constraint),
    /// No share.
    #[error("cold-share is {0}; it must be from 0 (none) to 1 (every invocation starts cold)")]
    ColdShare(f64),
    /// Too little to be safe, or more than any size has.
    #[error("headroom is {0}; it must be from 0.1 to 9 (0.2 is a fifth more memory than was used)")]
    Headroom(f64),
    /// Nothing could be done with it.
    #[error("the budget of {0} must be more than 0")]
    Budget(&'static str),
    /// What only the grid knows.
    #[error("{0} goes with the preset grid only; {1} chooses by itself")]
    GridOnly(&'static str, Preset),
    /// What the grid does not know.
    #[error(
        "a budget goes with the presets frugal, standard and thorough; the grid makes as many invocations as it is told"
    )]
    AdaptiveOnly,
    /// Nothing that a file or a heading could be called.
    #[error("the name has {0} characters; it must have 1 to 100, and no control characters")]
    Name(usize),
    /// Not an alias name.
    #[error("`{0}` is no alias name; use 1 to 128 letters, digits, - and _, not digits alone")]
    Alias(String),
}

impl OptionsError {
    /// What the reader can do about it, where the message does not say so.
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NoSizes => Some(Remedy::NameSizes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_sorted_and_given_once() {
        let size = |mb| MemorySize::new(mb).unwrap();
        let r = TuningOptions {
            memory_sizes: [512, 128, 128].map(size).to_vec(),
            ..TuningOptions::default()
        }
        .checked()
        .unwrap();
        assert_eq!(r.memory_sizes, [size(128), size(512)]);
    }

    #[test]
    fn nonsense_names_its_field() {
        for (options, field) in [
            (
                TuningOptions {
                    invocations: 4,
                    ..TuningOptions::default()
                },
                "num",
            ),
            (
                TuningOptions {
                    memory_sizes: vec![],
                    ..TuningOptions::default()
                },
                "memory size",
            ),
            (
                TuningOptions {
                    trim_share: 0.5,
                    ..TuningOptions::default()
                },
                "trim",
            ),
            (
                TuningOptions {
                    constraints: vec![Constraint::Duration {
                        statistic: crate::Statistic::P95,
                        max_ms: 0.0,
                    }],
                    ..TuningOptions::default()
                },
                "p95",
            ),
            (
                TuningOptions {
                    concurrency: 0,
                    ..TuningOptions::default()
                },
                "parallel",
            ),
            (
                TuningOptions {
                    apply: Apply::Alias {
                        name: "12".into(),
                        from_latest: false,
                    },
                    ..TuningOptions::default()
                },
                "alias",
            ),
            (
                TuningOptions {
                    name: Some("a\nb".into()),
                    ..TuningOptions::default()
                },
                "name",
            ),
        ] {
            let error = options.checked().unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
