//! The `Check` document: what a gate measured, and what it shows of every limit.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Baseline, Figure, Limit};
use crate::pricing::PriceQuote;
use crate::tuning::MeasuringEnvironment;
use crate::{Architecture, FunctionName, InvocationRecord, OutcomeCounts};

/// Version of the document's form, raised as that of the tuning is.
pub const CHECK_SCHEMA_VERSION: u32 = 1;

/// One look at whether what is deployed keeps its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Form of this document, see [`CHECK_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// UUIDv7 of this check.
    pub check_id: Uuid,
    /// Version of the tool that measured.
    pub tool_version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When measuring was over.
    pub finished_at: Timestamp,
    /// The function, with the version or alias that was checked.
    pub function: FunctionName,
    /// Region, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Instruction set.
    pub architecture: Architecture,
    /// Memory size that is deployed, in MB.
    pub memory_size_mb: u32,
    /// Where the invocations come from.
    pub source: CheckSource,
    /// What all limits together come to.
    pub verdict: CheckVerdict,
    /// Every limit, in the order asked for.
    pub limits: Vec<LimitResult>,
    /// Every figure there is, whether it has a limit or not.
    pub figures: Vec<Figure>,
    /// Invocations by how they ended.
    pub outcomes: OutcomeCounts,
    /// What limits were set by that are relative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// Prices used; absent when they are not known for this region and architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceQuote>,
    /// What the reader should know before trusting the figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Every invocation that was made, in order; none where they were read from logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<InvocationRecord>,
}

impl Check {
    /// Whether there is a baseline, and none of its figures could be compared.
    pub fn compares_nothing(&self) -> bool {
        self.baseline.is_some() && self.limits.iter().all(|result| result.worse_pct.is_none())
    }
}

/// Where the invocations of a check come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum CheckSource {
    /// They were made for it; figures are those of warm invocations.
    Invoked {
        /// Where they ran.
        environment: MeasuringEnvironment,
    },
    /// Production made them, and its logs say what they did; figures are those of all invocations.
    Logs {
        /// The time of the first of them, where the logs say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_at: Option<Timestamp>,
        /// The time of the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_at: Option<Timestamp>,
    },
}

/// What all limits together come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// All that were measured are shown to be kept.
    Kept,
    /// At least one is shown to be broken.
    Broken,
    /// None is shown to be broken, and at least one is not shown to be kept, or there is a baseline and nothing of it could be
    /// compared.
    CannotTell,
    /// Nothing that has a limit was measured, or there is no limit, as where nothing was there yet to compare with.
    NotMeasured,
}

/// What became of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitResult {
    /// The limit.
    pub limit: Limit,
    /// What was shown of it.
    pub verdict: LimitVerdict,
    /// Calls that say something of it.
    pub calls: u64,
    /// Those of them that missed it; absent for means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// What the baseline measured, for a limit that is relative to it; in the limit's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// How much worse than the baseline it may be, in %, for a limit that is relative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worse_pct: Option<f64>,
}

impl LimitResult {
    /// The limit in words; of one that is relative without the number that was measured, so that runs can be compared by it.
    pub fn name(&self) -> String {
        let metric = self.limit.metric;
        match self.worse_pct {
            Some(percent) if metric.is_least() => format!("{metric} >= baseline - {percent} %"),
            Some(percent) => format!("{metric} <= baseline + {percent} %"),
            None => self.limit.to_string(),
        }
    }
}

/// What was shown of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitVerdict {
    /// It is kept.
    Kept,
    /// It is broken.
    Broken,
    /// Neither is shown.
    CannotTell,
    /// Nothing was measured that says anything of it.
    NotMeasured,
}

impl Check {
    /// What was measured of a metric.
    pub fn figure(&self, metric: super::Metric) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.metric == metric)
    }
}
