//! The output of a review's execution: small, whatever the number of functions.

use std::collections::BTreeMap;

use serde::Serialize;
use tuner_core::pricing::Money;
use tuner_core::review::{FindingKind, FunctionReview, RegionReview, Window};
use tuner_engine::review::{Concluded, ReviewReports};
use uuid::Uuid;

/// Functions named in the output; the document has all of them.
const FIRST: usize = 10;
/// Warnings in the output.
const WARNINGS: usize = 20;
/// Letters of a text in the output.
const LONGEST: usize = 500;

/// What a review comes to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    review_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Window>,
    /// Every region asked for.
    regions: Vec<RegionReview>,
    /// Functions found.
    functions: u64,
    /// How many have no known cost.
    functions_without_cost: u64,
    /// What was found out, in a line: what is spent and may be saved, what may break, and what could not be judged.
    headline: String,
    /// How many could not be judged, or not in full.
    functions_unjudged: u64,
    /// What a month costs, of those whose cost is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly: Option<Money>,
    /// What would be saved a month, if durations stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    saving_at_best: Option<Money>,
    /// The same if durations grow as far as they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    saving_at_worst: Option<Money>,
    /// The part of it that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    saving_measured: Option<Money>,
    /// How many functions each finding is about.
    findings: BTreeMap<FindingKind, u64>,
    /// The functions with the most at stake.
    first: Vec<First>,
    tuned: TunedCount,
    scan: Scanned,
    #[serde(skip_serializing_if = "Option::is_none")]
    since_last: Option<SinceLast>,
    /// Where the files are.
    report: Places,
    /// What the reader should know before trusting the numbers; the document has all of them.
    warnings: Vec<String>,
}

/// Where the files are, as people find them.
#[derive(Debug, Serialize)]
struct Places {
    document: String,
    #[serde(flatten)]
    reports: ReviewReports,
}

/// A function with much at stake.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct First {
    function: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_size_mb: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly: Option<Money>,
    findings: Vec<FindingKind>,
}

/// How the tunings of this review went.
#[derive(Debug, Default, Serialize)]
struct TunedCount {
    measured: u64,
    failed: u64,
}

/// What reading the logs took.
#[derive(Debug, Default, Serialize)]
struct Scanned {
    queries: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Money>,
}

/// What came of the advice of the last review.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SinceLast {
    review_id: Uuid,
    advised: u64,
    followed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<Money>,
}

impl Output {
    pub(super) fn of(concluded: Concluded) -> Self {
        let Concluded {
            review,
            document,
            reports,
        } = concluded;
        let totals = &review.totals;
        let mut tuned = TunedCount::default();
        for function in review.functions.iter().filter_map(|f| f.tuned.as_ref()) {
            match function.problem {
                None => tuned.measured += 1,
                Some(_) => tuned.failed += 1,
            }
        }
        let scan = review.scan.as_ref();
        Self {
            review_id: review.review_id,
            account: review.account.clone(),
            window: review.window,
            regions: review.regions.iter().map(in_short).collect(),
            functions: totals.functions,
            functions_without_cost: totals.without_cost,
            headline: shortened(&tuner_report::review_headline(&review).line()),
            functions_unjudged: totals.unjudged.all(),
            monthly: totals.monthly,
            saving_at_best: totals.saving_at_best,
            saving_at_worst: totals.saving_at_worst,
            saving_measured: totals.saving_measured,
            findings: totals.findings.clone(),
            first: review.functions.iter().take(FIRST).map(First::of).collect(),
            tuned,
            scan: scan.map_or_else(Scanned::default, |scan| Scanned {
                queries: scan.queries,
                bytes: scan.bytes,
                cost: scan.cost,
            }),
            since_last: review.previous.as_ref().map(|previous| SinceLast {
                review_id: previous.review_id,
                advised: previous.advised,
                followed: previous.followed,
                saved: previous.saved,
            }),
            report: Places { document, reports },
            warnings: review.warnings.iter().take(WARNINGS).map(|w| shortened(w)).collect(),
        }
    }
}

impl First {
    fn of(review: &FunctionReview) -> Self {
        Self {
            function: review.function.name.to_string(),
            memory_size_mb: review.memory_size_mb(),
            monthly: review.monthly.map(|monthly| monthly.bill.total),
            findings: review.findings.iter().map(|finding| finding.kind).collect(),
        }
    }
}

fn in_short(region: &RegionReview) -> RegionReview {
    RegionReview {
        problem: region.problem.as_deref().map(shortened),
        ..region.clone()
    }
}

/// A text that may travel.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_a_short_one_is_not() {
        assert_eq!(shortened("as it is"), "as it is");
        let cut = shortened(&"ä".repeat(1000));
        assert_eq!(cut.chars().count(), LONGEST + 3);
        assert!(cut.ends_with("ä..."));
    }
}
