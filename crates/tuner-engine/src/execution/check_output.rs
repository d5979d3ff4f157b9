use serde::Serialize;
use tuner_core::check::{Check, CheckVerdict, LimitResult, LimitVerdict};
use tuner_report::check_headline;
use uuid::Uuid;

use super::output::{LONGEST_TEXT, bounded, clipped};

/// What an execution answers that checked a function.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckOutput {
    /// UUIDv7 of the check.
    pub check_id: Uuid,
    /// What all limits together come to.
    pub verdict: CheckVerdict,
    /// The same in a sentence.
    pub sentence: String,
    /// What was invoked.
    pub function: String,
    /// The memory size it has, in MB.
    pub memory_size_mb: u32,
    /// Invocations made.
    pub invocations: u32,
    /// Every limit.
    pub limits: Vec<LimitRow>,
    /// Where the document and its page are.
    pub report: CheckPlaces,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// One limit, and what was shown of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitRow {
    /// In words: `p95 <= 800 ms`.
    pub limit: String,
    /// Whether it is kept.
    pub verdict: LimitVerdict,
    /// What was measured, in the limit's unit; null where nothing was.
    pub value: Option<f64>,
    /// Calls that say something of it.
    pub calls: u64,
    /// Those that missed it; null for means.
    pub missed: Option<u64>,
}

/// Where the files of a check are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckPlaces {
    /// The document.
    pub document: String,
    /// The page.
    pub html: String,
}

impl CheckOutput {
    /// The output for a document, whose files are there.
    pub fn new(check: &Check, report: CheckPlaces) -> Self {
        let row = |result: &LimitResult| LimitRow {
            limit: result.name(),
            verdict: result.verdict,
            value: check
                .figure(result.limit.metric)
                .filter(|_| result.verdict != LimitVerdict::NotMeasured)
                .map(|figure| figure.value),
            calls: result.calls,
            missed: result.missed,
        };
        Self {
            check_id: check.check_id,
            verdict: check.verdict,
            sentence: clipped(&check_headline(check), LONGEST_TEXT),
            function: check.function.to_string(),
            memory_size_mb: check.memory_size_mb,
            invocations: check.outcomes.total(),
            limits: check.limits.iter().map(row).collect(),
            report,
            warnings: bounded(&check.warnings),
        }
    }
}
