//! What logs and metrics say of a function's invocations, per memory size.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VersionSeen;
use crate::memory::gb_seconds;

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// A month as bills have it on average, in days.
pub const DAYS_PER_MONTH: f64 = 365.25 / 12.0;

impl Window {
    /// Its length, in days.
    pub fn days(&self) -> f64 {
        self.until.duration_since(self.from).as_secs_f64() / 86_400.0
    }

    /// By what a count over this window is multiplied to be one of a month; `None` for an empty window.
    pub fn per_month(&self) -> Option<f64> {
        let days = self.days();
        (days > 0.0).then(|| DAYS_PER_MONTH / days)
    }
}

/// Everything that was found out about one function's invocations.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// From CloudWatch's metrics; all versions and memory sizes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// From the reports in the logs, by memory size, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<SizeEvidence>,
    /// From the reports of earlier reviews, of sizes that these do not tell of, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<SizeEvidence>,
    /// Failures of which logs tell, and no report.
    #[serde(default, skip_serializing_if = "Unreported::is_none")]
    pub unreported: Unreported,
    /// Where the reports are from; absent when no log was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogsRead>,
    /// What AWS Compute Optimizer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute_optimizer: Option<OptimizerFinding>,
    /// What could not be found out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl Evidence {
    /// The reports made at this size.
    pub fn at(&self, memory_size_mb: u32) -> Option<&SizeEvidence> {
        self.sizes.iter().find(|size| size.memory_size_mb == memory_size_mb)
    }

    /// All sizes that are known, those of earlier reviews too.
    pub fn all_sizes(&self) -> impl Iterator<Item = &SizeEvidence> {
        self.sizes.iter().chain(&self.earlier)
    }

    /// The size of the latest report: the present one, where the configuration is not known.
    pub fn latest(&self) -> Option<&SizeEvidence> {
        self.sizes.iter().max_by_key(|size| (size.last_seen, size.invocations))
    }

    /// Reports read, over all sizes.
    pub fn reports(&self) -> u64 {
        self.sizes.iter().map(|size| size.invocations).sum()
    }

    /// The first gap of this kind.
    pub fn gap(&self, missing: Missing) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.missing == missing)
    }
}

/// Invocations that failed, of which a line of the older style tells, and no report: at which memory size they ran, and what
/// they took and used, is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Unreported {
    /// That timed out.
    #[serde(default)]
    pub timeouts: u64,
    /// Whose runtime was ended, or exited.
    #[serde(default)]
    pub crashes: u64,
}

impl Unreported {
    /// All of them.
    pub const fn all(self) -> u64 {
        self.timeouts + self.crashes
    }

    /// Whether there are none.
    pub const fn is_none(&self) -> bool {
        self.all() == 0
    }
}

/// What CloudWatch counted for a function, summed over the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metrics {
    /// Over which time.
    pub window: Window,
    /// `Invocations`: those that are billed as requests.
    pub invocations: u64,
    /// `Errors`: those that ended in an exception, a time-out or a crash.
    pub errors: u64,
    /// `Throttles`: requests turned away, which are not invocations.
    pub throttles: u64,
    /// Sum of `Duration`, in ms; init is not in it.
    pub duration_sum_ms: f64,
    /// The longest `Duration`, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_max_ms: Option<f64>,
    /// Sum of `ProvisionedConcurrencyInvocations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_invocations: Option<u64>,
    /// The highest `ProvisionedConcurrencyUtilization`, 0 to 1: the most that was ever busy at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_utilization_max: Option<f64>,
    /// Mean `cpu_total_time` of an invocation, in ms, from Lambda Insights where its extension is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_time_mean_ms: Option<f64>,
}

impl Metrics {
    /// Mean duration, in ms.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.invocations > 0).then(|| self.duration_sum_ms / self.invocations as f64)
    }
}

/// What the reports of one memory size say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizeEvidence {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// How many reports there are.
    pub invocations: u64,
    /// Versions that they are of, the one with the latest report last; none where nothing tells. Of a query's answer the
    /// last one only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<VersionSeen>,
    /// Time of the first report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// Time of the last report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Durations, init and restore not included.
    pub duration: Durations,
    /// What is billed, summed, in ms; init and restore are in it.
    pub billed_duration_ms: u64,
    /// Reports without a billed duration, which are missing in that sum.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unbilled_invocations: u64,
    /// Those with an init duration.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cold_starts: u64,
    /// Sum of all init durations, in ms.
    #[serde(default)]
    pub init_sum_ms: f64,
    /// Those restored from a snapshot.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restored_starts: u64,
    /// Those in environments of provisioned concurrency, as far as JSON logs tell what environments are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub provisioned_invocations: u64,
    /// The most memory used, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_used_mb: Option<u32>,
    /// Its 99th percentile: far below the most, the most was a rare event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_memory_used_mb: Option<u32>,
    /// How much more the last invocations used than the first, in MB, by a straight line through all of them; absent where that
    /// explains little, or there are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_growth_mb: Option<f64>,
    /// Invocations that reached the timeout.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timeouts: u64,
    /// Invocations that ran out of memory.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub out_of_memory: u64,
    /// Invocations that failed otherwise, as far as logs tell: a handler that throws leaves an ordinary report.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub errors: u64,
}

impl SizeEvidence {
    /// GB-seconds billed, summed.
    pub fn gb_seconds(&self) -> f64 {
        gb_seconds(self.memory_size_mb, self.billed_duration_ms as f64)
    }

    /// Mean billed duration, in ms, of those that have one.
    pub fn mean_billed_ms(&self) -> Option<f64> {
        let billed = self.invocations.saturating_sub(self.unbilled_invocations);
        (billed > 0).then(|| self.billed_duration_ms as f64 / billed as f64)
    }

    /// Memory used at most, as a share of the size.
    pub fn memory_share(&self) -> Option<f64> {
        Some(f64::from(self.max_memory_used_mb?) / f64::from(self.memory_size_mb.max(1)))
    }

    /// Cold starts as a share of all invocations.
    pub fn cold_share(&self) -> f64 {
        self.cold_starts as f64 / self.invocations.max(1) as f64
    }
}

/// Durations, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Durations {
    /// Mean.
    pub mean_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// Where reports were read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogsRead {
    /// How.
    pub source: LogsBy,
    /// Over which time; absent where the lines have no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Whether every report of that time was read; otherwise they are a sample of it.
    pub complete: bool,
    /// Of exported files that are damaged: the share of them that could not be read, 0 to 1, by their size; absent where
    /// that is not known, as where it is not known which files are of this function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_share: Option<f64>,
}

/// How logs were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogsBy {
    /// CloudWatch Logs Insights.
    Insights,
    /// FilterLogEvents.
    FilterLogEvents,
    /// Exported files.
    Files,
}

/// What AWS Compute Optimizer says of a function, in its own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OptimizerFinding {
    /// `Optimized`, `NotOptimized` or `Unavailable`.
    pub finding: String,
    /// `MemoryOverprovisioned`, `MemoryUnderprovisioned`, `InsufficientData`, `Inconclusive`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The size it ranks first, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// What it expects the duration to be at that size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projected: Option<ProjectedDuration>,
    /// The size it looked at, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_memory_size_mb: Option<u32>,
}

/// Compute Optimizer's projection of a duration, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectedDuration {
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_ms: Option<f64>,
    /// Expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_ms: Option<f64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper_ms: Option<f64>,
}

/// Something that could not be found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// What is missing.
    pub missing: Missing,
    /// Why.
    pub why: Why,
    /// The same in a sentence, with the way out.
    pub text: String,
    /// What would have to be allowed, such as `cloudwatch:GetMetricData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

impl Gap {
    /// A gap.
    pub fn new(missing: Missing, why: Why, text: impl Into<String>) -> Self {
        Self {
            missing,
            why,
            text: text.into(),
            call: None,
        }
    }

    /// The same, with what would have to be allowed.
    #[must_use]
    pub fn for_want_of(self, call: impl Into<String>) -> Self {
        Self {
            call: Some(call.into()),
            ..self
        }
    }
}

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The function's configuration, or parts of it (tags, concurrency).
    Configuration,
    /// CloudWatch's metrics.
    Metrics,
    /// The reports in its logs.
    Logs,
    /// Its provisioned concurrency.
    ProvisionedConcurrency,
    /// Compute Optimizer's finding.
    ComputeOptimizer,
}

/// Why something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It may not be read.
    NoAccess,
    /// It does not exist: no log group, say.
    NotFound,
    /// The logs hold no report, since their level hides it.
    Hidden,
    /// It exists, and there is nothing in it.
    Empty,
    /// It is of a kind that can't be read, such as logs that are delivered elsewhere.
    Unreadable,
    /// Reading it would cost more than was allowed.
    Budget,
    /// It was tried and failed.
    Failed,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}
