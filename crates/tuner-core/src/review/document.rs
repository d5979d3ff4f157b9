//! The `MemoryReview` document. Reports are views of it, and the next review compares itself with it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Advice, AdviceFileUse, Beside, Changes, Decided, Evidence, Finding, FindingKind, Groups, IgnoredFinding,
    ListedFunction, OfGroup, Saving, Serving, Unjudged, Window,
};
use crate::pricing::{Confidence, Money, MonthlyBill};
use crate::tuning::TuningStatus;
use crate::{Estimate, FunctionName, Verdict};

/// Version of the document's form; see [`tuning::SCHEMA_VERSION`](crate::tuning::SCHEMA_VERSION) for when it is raised.
pub const REVIEW_SCHEMA_VERSION: u32 = 1;

/// What every function of an account wastes and risks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryReview {
    /// Form of this document, see [`REVIEW_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// UUIDv7 of this review, which orders them by the time they began.
    pub review_id: Uuid,
    /// Version of the tool.
    pub tool_version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Timestamp,
    /// The account, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The time looked back on; absent where logs have no time, and figures are of these logs and not of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Every region asked for, also those that could not be read.
    pub regions: Vec<RegionReview>,
    /// Every function found, the one with the most at stake first: of one that may break, all that a month of it costs; of
    /// every one, what could be saved at best.
    pub functions: Vec<FunctionReview>,
    /// Sums over them.
    pub totals: Totals,
    /// What reading the logs took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Scan>,
    /// The review this one is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousReview>,
    /// What the reader should know before trusting the numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What came of the advice file; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice_file: Option<AdviceFileUse>,
    /// Sums by owner, stack or tag, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    /// Which group this is alone; absent in a whole review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_group: Option<OfGroup>,
}

/// How a region went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegionReview {
    /// Such as `eu-west-1`.
    pub region: String,
    /// Functions found there.
    pub functions: u64,
    /// Why it could not be read, or not wholly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionReview {
    /// As it is configured.
    pub function: ListedFunction,
    /// What is known of its invocations.
    pub evidence: Evidence,
    /// What a month costs, at the present size and rate of use; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<MonthlyCost>,
    /// What was billed in the window, at the sizes that were in force: the figure to compare with Cost Explorer. Absent where
    /// it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<WindowCost>,
    /// Why that is not known; beside a cost, what is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_unknown: Option<String>,
    /// What was found, what matters most first; nothing if all is well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What to do, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Advice>,
    /// What came of tuning it in this review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuned: Option<Tuned>,
    /// What came of tuning the same code in an earlier review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuned_before: Option<Tuned>,
    /// What was expected of the size that Compute Optimizer names, and what was measured there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
    /// With what it may be invoked, if that is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<RegisteredPayload>,
    /// What is different from the last review; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// Findings that somebody decided are not to be told before a date. They are not among the others, and in no total.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<IgnoredFinding>,
    /// What was decided about findings that are told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decided: BTreeMap<FindingKind, Decided>,
}

/// With what a function may be invoked. What is sent is not in it: it may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum RegisteredPayload {
    /// With an object.
    S3 {
        /// Its address, `s3://BUCKET/KEY`.
        uri: String,
    },
    /// With `{}`: somebody says so.
    Empty,
    /// With what the registry holds.
    InRegistry,
}

impl MemoryReview {
    /// All but the functions.
    pub fn without_functions(&self) -> Self {
        Self {
            schema_version: self.schema_version,
            review_id: self.review_id,
            tool_version: self.tool_version.clone(),
            started_at: self.started_at,
            finished_at: self.finished_at,
            account: self.account.clone(),
            window: self.window,
            regions: self.regions.clone(),
            functions: Vec::new(),
            totals: self.totals.clone(),
            scan: self.scan.clone(),
            previous: self.previous.clone(),
            warnings: self.warnings.clone(),
            advice_file: self.advice_file.clone(),
            groups: self.groups.clone(),
            of_group: self.of_group.clone(),
        }
    }
}

impl FunctionReview {
    /// A function of which nothing was found.
    pub fn new(function: ListedFunction, evidence: Evidence) -> Self {
        Self {
            function,
            evidence,
            monthly: None,
            billed: None,
            cost_unknown: None,
            findings: Vec::new(),
            advice: Vec::new(),
            tuned: None,
            tuned_before: None,
            beside: None,
            payload: None,
            changes: None,
            ignored: Vec::new(),
            decided: BTreeMap::new(),
        }
    }

    /// At which memory sizes its traffic runs.
    pub fn serving(&self) -> Serving<'_> {
        Serving::of(&self.function, &self.evidence)
    }

    /// The present memory size, in MB: the one at which most of its traffic runs, else the configured one.
    pub fn memory_size_mb(&self) -> Option<u32> {
        self.serving().memory_size_mb
    }

    /// The finding of this kind.
    pub fn finding(&self, kind: FindingKind) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.kind == kind)
    }

    /// What acting on memory, provisioned concurrency and snapshots would save a month. All of it can be done; arm64 is counted apart.
    pub fn savings(&self) -> impl Iterator<Item = &Saving> {
        COUNTED
            .into_iter()
            .filter_map(|kind| self.finding(kind)?.saving.as_ref())
    }

    /// The same of what is ignored.
    pub fn ignored_savings(&self) -> impl Iterator<Item = &Saving> {
        let findings = self.ignored.iter().map(|ignored| &ignored.finding);
        findings
            .filter(|finding| COUNTED.contains(&finding.kind))
            .filter_map(|finding| finding.saving.as_ref())
    }
}

/// Findings whose savings are summed up. More memory saves something only once it was measured.
const COUNTED: [FindingKind; 4] = [
    FindingKind::MemoryOverprovisioned,
    FindingKind::CpuBound,
    FindingKind::ProvisionedConcurrencyUnused,
    FindingKind::SnapStartVersionsUnused,
];

/// What a month of a function costs: all its invocations at the present memory size. In a review without a window, what
/// the invocations cost that its logs hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MonthlyCost {
    /// Invocations in a month.
    pub invocations: f64,
    /// GB-seconds billed in a month.
    pub gb_seconds: f64,
    /// What it is at most, where a part of the logs could not be read: with as many invocations in that part as in the
    /// others. What the bill says is then the least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Money>,
    /// By what it is charged for; duration at the average price that the account's volume gives.
    pub bill: MonthlyBill,
    /// Whether billed durations were read; otherwise they are taken to be the durations that CloudWatch counted, without
    /// init and rounding.
    pub billed: bool,
    /// When the time began by whose invocations a month's are counted, if that is later than the window: the function was
    /// first called then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How many days that time has; absent without a window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_days: Option<f64>,
    /// How far the figures are to be trusted: by the days that were seen, and by whether the present size was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
}

/// What was billed for a function in the window: every invocation at the size it ran at. List prices, before free tier,
/// Savings Plans, discounts and tax. An asynchronous event above 256 KB is charged as several requests, which nothing here tells.
/// Provisioned environments are taken to have been kept all the time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WindowCost {
    /// The days it is of; 0 where logs have no time.
    pub days: f64,
    /// Invocations.
    pub invocations: f64,
    /// GB-seconds billed.
    pub gb_seconds: f64,
    /// By what it was charged for.
    pub bill: MonthlyBill,
    /// High where every invocation's billed duration was read; lower where what was read stands for the rest.
    pub confidence: Confidence,
}

/// What came of tuning a function in a review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tuned {
    /// Its tuning; absent if it did not begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning_id: Option<Uuid>,
    /// How it ended; absent if it failed as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TuningStatus>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The size to use, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// Cost of an invocation there, relative to the present size: -0.2 is a fifth less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_change: Option<Estimate>,
    /// Duration there, relative to the present size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_change: Option<Estimate>,
    /// What the tuning itself cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Where its report is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Hash of the code that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    /// When measuring was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The size that it had then, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_mb: Option<u32>,
    /// Mean duration, in ms, of each size that was measured, in MB.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mean_ms: BTreeMap<u32, f64>,
    /// Why it failed, did not begin, or can't be followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Sums over all functions. What is not known is counted, not taken for nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Functions found.
    pub functions: u64,
    /// What a month of those costs whose cost is known; absent if none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
    /// What it is at most, where some functions' logs could not be read in full; absent where that is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_at_most: Option<Money>,
    /// What was billed in the window, of those functions of which that is known; absent if it is of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Money>,
    /// How many have no known cost.
    pub without_cost: u64,
    /// What could not be judged.
    #[serde(default)]
    pub unjudged: Unjudged,
    /// What would be saved a month by memory sizes and provisioned concurrency, if durations stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving_at_best: Option<Money>,
    /// The same if durations grow as far as they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving_at_worst: Option<Money>,
    /// The part of it that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving_measured: Option<Money>,
    /// What arm64 would save a month if durations stay; in no other sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm64_at_best: Option<Money>,
    /// How many functions each finding is about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub findings: BTreeMap<FindingKind, u64>,
    /// Findings that were not there in the last review, what is not known aside.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub new_findings: u64,
    /// Findings that are not told before a date; in no other number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ignored: u64,
    /// What acting on those would save a month, if durations stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored_at_best: Option<Money>,
    /// Findings that were ignored until a day that is over, and are told again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub expired: u64,
    /// Findings that somebody agreed to do something about.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub accepted: u64,
    /// Of these, those whose day is over.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overdue: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// What reading the logs took.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// What was expected to be scanned, in bytes: what CloudWatch counted as written, or a guess from what the log groups hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_bytes: Option<u64>,
    /// What that would cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost: Option<Money>,
    /// The most it might cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Money>,
    /// What was scanned, in bytes, by CloudWatch's own count; of files, what was read.
    pub bytes: u64,
    /// What that costs; absent when the price is not known, or there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Queries of CloudWatch Logs Insights.
    pub queries: u64,
}

/// The review that this one is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PreviousReview {
    /// Its ID.
    pub review_id: Uuid,
    /// When it was over.
    pub finished_at: Timestamp,
    /// The time that it looked back on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What a month cost then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
    /// Functions that are there no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<FunctionName>,
    /// How many pieces of advice about memory sizes it gave.
    pub advised: u64,
    /// How many of them were followed.
    pub followed: u64,
    /// What following them really saves a month; less than 0 if it costs more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<Money>,
}
