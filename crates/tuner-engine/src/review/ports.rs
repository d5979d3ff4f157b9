//! What a review needs from the world. As with those of a tuning, every method is one API call, made once: retries are the
//! caller's, and so is walking through pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tuner_core::FunctionName;
use tuner_core::review::{
    Alias, FunctionVersion, ListedFunction, OptimizerFinding, ProvisionedConcurrency, PublishedVersion, Window,
};

use crate::ports::PortError;

/// The account, region by region.
#[async_trait]
pub trait Account: Send + Sync {
    /// The region that holds when none is asked for.
    fn home(&self) -> Option<String>;
    /// The services of a region. No call goes out yet.
    async fn region(&self, region: &str) -> Region;
}

/// The services of a region.
#[derive(Clone)]
pub struct Region {
    /// Lambda.
    pub inventory: Arc<dyn Inventory>,
    /// CloudWatch.
    pub metrics: Arc<dyn MetricSource>,
    /// CloudWatch Logs: what log groups there are.
    pub log_groups: Arc<dyn LogGroups>,
    /// CloudWatch Logs: the reports in them.
    pub reports: Arc<dyn Reports>,
    /// Compute Optimizer.
    pub optimizer: Arc<dyn Optimizer>,
}

/// A page of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What is on it; a page may be empty and not be the last.
    pub items: Vec<T>,
    /// Asks for the next page.
    pub next: Option<String>,
}

/// Lists functions.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Functions of the region and their published versions (ListFunctions with all versions, 50 a page).
    async fn functions(&self, token: Option<&str>) -> Result<Page<Listed>, PortError>;
    /// Aliases of a function (ListAliases, which counts among the 15 calls a second that everything else shares).
    async fn aliases(&self, function: &FunctionName, token: Option<&str>) -> Result<Page<Alias>, PortError>;
    /// Which functions of the region Lambda reads queues and streams for, each with the ARN of what it reads
    /// (ListEventSourceMappings, 100 a page, which counts among the 15 calls a second that everything else shares).
    async fn event_sources(&self, token: Option<&str>) -> Result<Page<(FunctionName, String)>, PortError>;
    /// The services that the resource policy of a function, version or alias lets invoke it (GetPolicy, which counts among the
    /// 15 calls a second that everything else shares); none where it has no policy.
    async fn callers(&self, function: &FunctionName) -> Result<BTreeSet<String>, PortError>;
    /// What a list does not say (GetFunction, of which 100 a second are allowed).
    async fn details(&self, function: &FunctionName) -> Result<Details, PortError>;
    /// Provisioned concurrency of its versions and aliases (ListProvisionedConcurrencyConfigs, which counts among the 15
    /// calls a second that everything else shares).
    async fn provisioned(
        &self,
        function: &FunctionName,
        token: Option<&str>,
    ) -> Result<Page<ProvisionedConcurrency>, PortError>;
}

/// What a list of functions has.
#[derive(Debug, Clone, PartialEq)]
pub enum Listed {
    /// A function as it is: `$LATEST`.
    Function(Box<ListedFunction>),
    /// A published version of this function.
    Version(FunctionName, PublishedVersion),
}

/// What only GetFunction says of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Details {
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Why the tags are missing.
    #[serde(default)]
    pub tags_problem: Option<String>,
    /// Concurrency set aside for it.
    #[serde(default)]
    pub reserved_concurrency: Option<u32>,
}

/// Most series that one call of [`MetricSource::sums`] may ask for. Source: GetMetricData.
pub const SERIES_PER_CALL: usize = 500;

/// Reads CloudWatch's metrics of functions.
#[async_trait]
pub trait MetricSource: Send + Sync {
    /// The series, at most [`SERIES_PER_CALL`] of them, in the window; daily figures are summed, or the highest taken, see
    /// [`Metric::is_sum`]. An item is the place of the series in `series` and its figure so far: the pages of an answer add
    /// up. A series that has no item has no data.
    async fn sums(
        &self,
        series: &[Series],
        window: Window,
        token: Option<&str>,
    ) -> Result<Page<(usize, f64)>, PortError>;
}

/// A metric of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Plain name of the function.
    pub function: String,
    /// Version or alias; `None` for all of it.
    pub qualifier: Option<String>,
    /// Which.
    pub metric: Metric,
}

/// Metrics of Lambda, each with the statistic that is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Sum of `Invocations`.
    Invocations,
    /// Sum of `Errors`.
    Errors,
    /// Sum of `Throttles`.
    Throttles,
    /// Sum of `Duration`, in ms.
    DurationSum,
    /// Maximum of `Duration`, in ms.
    DurationMax,
    /// Sum of `ProvisionedConcurrencyInvocations`.
    ProvisionedInvocations,
    /// Maximum of `ProvisionedConcurrencyUtilization`.
    ProvisionedUtilizationMax,
    /// Sum of Lambda Insights' `cpu_total_time`, in ms.
    CpuTimeSum,
    /// How many invocations that is of.
    CpuTimeCount,
    /// Sum of `IncomingBytes` of a log group, whose name stands in place of the function's.
    IncomingBytes,
}

impl Metric {
    /// Whether figures of several days are added; otherwise the highest is taken.
    pub const fn is_sum(self) -> bool {
        !matches!(self, Self::DurationMax | Self::ProvisionedUtilizationMax)
    }

    /// Two figures of the same series in one.
    pub fn with(self, a: f64, b: f64) -> f64 {
        if self.is_sum() { a + b } else { a.max(b) }
    }
}

/// Knows the log groups.
#[async_trait]
pub trait LogGroups: Send + Sync {
    /// Log groups whose name begins with `prefix`, by name (DescribeLogGroups, 10 a second).
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<Page<LogGroup>, PortError>;
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// What it holds, in bytes, compressed.
    #[serde(default)]
    pub stored_bytes: Option<u64>,
    /// What was written to it in the window, in bytes, as CloudWatch counted it; nothing is compressed.
    #[serde(default)]
    pub incoming_bytes: Option<u64>,
    /// When it was made.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// After how many days events are deleted; `None` is never.
    #[serde(default)]
    pub retention_days: Option<u32>,
    /// Its class.
    #[serde(default)]
    pub class: LogClass,
}

/// Classes of log groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogClass {
    /// Everything is possible.
    #[default]
    Standard,
    /// Cheaper; Insights discovers no fields in it.
    InfrequentAccess,
    /// Passed on to S3 or Firehose and not to be read here.
    Delivery,
}

/// Most log groups that a query may be about. Source: StartQuery.
pub const GROUPS_PER_QUERY: usize = 50;

/// Reads reports of invocations from logs.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Starts a query over these groups, at most [`GROUPS_PER_QUERY`], and returns its ID (StartQuery). Everything in the
    /// window is scanned, and charged for.
    async fn start(&self, groups: &[String], window: Window) -> Result<String, PortError>;
    /// How a query is getting on, and a page of its answer once it is there (GetQueryResults).
    async fn poll(&self, query: &str, token: Option<&str>) -> Result<QueryPage, PortError>;
    /// Stops a query, so that it scans no more (StopQuery).
    async fn stop(&self, query: &str) -> Result<(), PortError>;
    /// Lines of a group that are reports, in one log format, in no order (FilterLogEvents); nothing is charged.
    async fn lines(
        &self,
        group: &str,
        json: bool,
        window: Window,
        token: Option<&str>,
    ) -> Result<Page<LoggedLine>, PortError>;
}

/// A page of a query's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryPage {
    /// How the query is getting on.
    pub status: QueryStatus,
    /// What it found; nothing before it is over.
    pub rows: Vec<ReportRow>,
    /// What it has scanned so far, in bytes.
    pub bytes_scanned: u64,
    /// Asks for the next page.
    pub next: Option<String>,
}

/// How a query is getting on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryStatus {
    /// It waits or runs.
    Running,
    /// It is over, and its answer is there.
    Complete,
    /// It is over and has no answer, and why: `Failed`, `Timeout`, `Cancelled`.
    Ended(String),
}

/// What the reports of one function and memory size in one log group add up to. What no report says is `None`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReportRow {
    /// The log group.
    pub group: String,
    /// The function, where the log stream's name says it: in groups that functions share.
    pub function: Option<String>,
    /// The size, in MB. Time-outs and crashes of the older style stand in lines of their own, which have none.
    pub memory_size_mb: Option<u32>,
    /// The version of the latest report, as the log stream's name says it.
    pub version: Option<FunctionVersion>,
    /// How many reports.
    pub invocations: u64,
    /// Time of the first line.
    pub first_seen: Option<Timestamp>,
    /// Time of the last line.
    pub last_seen: Option<Timestamp>,
    /// Mean duration, in ms.
    pub mean_ms: Option<f64>,
    /// Median duration, in ms.
    pub p50_ms: Option<f64>,
    /// Its 95th percentile, in ms.
    pub p95_ms: Option<f64>,
    /// Its 99th percentile, in ms.
    pub p99_ms: Option<f64>,
    /// The longest, in ms.
    pub max_ms: Option<f64>,
    /// Sum of the billed durations, in ms.
    pub billed_duration_ms: f64,
    /// How many reports have one.
    pub billed_invocations: u64,
    /// How many have an init duration.
    pub cold_starts: u64,
    /// Sum of those, in ms.
    pub init_sum_ms: f64,
    /// How many were restored from a snapshot.
    pub restored_starts: u64,
    /// The most memory used, in MB.
    pub max_memory_used_mb: Option<f64>,
    /// How many reached the timeout.
    pub timeouts: u64,
    /// How many ran out of memory.
    pub out_of_memory: u64,
    /// How many failed otherwise.
    pub errors: u64,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedLine {
    /// When it was written.
    pub at: Option<Timestamp>,
    /// Its log stream.
    pub stream: String,
    /// What it says.
    pub message: String,
}

/// AWS Compute Optimizer.
#[async_trait]
pub trait Optimizer: Send + Sync {
    /// What it says of the functions it knows, as they are now, not of published versions (GetLambdaFunctionRecommendations).
    async fn findings(&self, token: Option<&str>) -> Result<Page<(FunctionName, OptimizerFinding)>, PortError>;
}
