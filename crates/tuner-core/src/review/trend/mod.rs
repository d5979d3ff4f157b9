//! What several reviews of an account say together: what became of its cost, waste and risks, what following advice has saved,
//! and which functions moved the cost, and by what.

mod change;
mod movers;
mod realised;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::history::{is_of_a_month, key};
use super::{FindingKind, FunctionReview, Judged, MemoryReview, Window};
use crate::pricing::{Currency, Money};

pub use change::{ChangeCause, CostChange};
pub use movers::Mover;
pub use realised::{FollowedAdvice, Realised};

/// Version of the [`ReviewTrend`] document's form.
pub const TREND_SCHEMA_VERSION: u32 = 1;
/// Functions that are told one by one.
const MOST_MOVERS: usize = 50;

/// Several reviews of an account, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewTrend {
    /// Version of this document's form.
    pub schema_version: u32,
    /// Tells it from a review: the review that it ends with.
    pub trend_of: Uuid,
    /// Version of tuner that made it.
    pub tool_version: String,
    /// The account, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What each review found, the oldest first.
    pub reviews: Vec<ReviewInBrief>,
    /// What following advice about memory sizes has saved so far.
    pub realised: Realised,
    /// Functions whose cost changed most from the last review but one to the last, the largest change first, up or down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movers: Vec<Mover>,
    /// How many more have changed.
    #[serde(default)]
    pub more_movers: u64,
    /// What the reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<TrendWarning>,
}

/// A review in brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewInBrief {
    /// The review.
    pub review_id: Uuid,
    /// When it was over.
    pub finished_at: Timestamp,
    /// The time that it looked back on; absent where its logs had no times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Functions found.
    pub functions: u64,
    /// How many of them could not be judged in full.
    pub unjudged: u64,
    /// What a month costs, of those functions whose cost is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
    /// How many have no known cost.
    pub without_cost: u64,
    /// What could be saved a month at best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving_at_best: Option<Money>,
    /// The same at worst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving_at_worst: Option<Money>,
    /// Invocations in a month, of those functions of which that is known.
    pub invocations: f64,
    /// Functions that may break.
    pub may_break: u64,
    /// How many functions each finding is about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub findings: BTreeMap<FindingKind, u64>,
    /// What changed the cost since the review before; absent for the first, and where one of them is of no month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<CostChange>,
}

/// What is doubtful about a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrendWarning {
    /// A review looked at other regions than the one before: what it found less or more may be theirs.
    OtherRegions {
        /// The review.
        review_id: Uuid,
        /// Regions that the one before did not have.
        more: Vec<String>,
        /// Regions that only the one before had.
        fewer: Vec<String>,
    },
    /// A review of the same time as another, made later, stands for both.
    SameTime {
        /// The one that is left out.
        review_id: Uuid,
        /// The one that stands for it.
        instead: Uuid,
    },
    /// A review whose logs had no times has no cost of a month.
    NoMonth {
        /// The review.
        review_id: Uuid,
    },
    /// A review whose time overlaps with that of the one before: some invocations are in both.
    Overlap {
        /// The review.
        review_id: Uuid,
        /// For how many days.
        days: f64,
    },
    /// Functions billed in another currency than the sums are in no sum.
    OtherCurrency {
        /// How many, in the last review.
        functions: u64,
    },
}

/// Why reviews make no trend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTrend {
    /// One review has no past.
    #[error("a trend takes two reviews of different times or more, and there is {0}")]
    TooFew(usize),
    /// They are of several accounts.
    #[error("the reviews are of several accounts: {0}")]
    Accounts(String),
}

impl ReviewTrend {
    /// The trend over `reviews`, in whatever order. A review that is given twice counts once; of several of the same time the last
    /// made. `masked` is what stands for an account that a document does not tell.
    ///
    /// # Errors
    /// When fewer than two are left, or they are of several accounts.
    pub fn of(reviews: &[MemoryReview], masked: &str) -> Result<Self, NoTrend> {
        let known = reviews.iter().filter_map(|review| review.account.as_deref());
        let accounts: BTreeSet<&str> = known.filter(|account| *account != masked).collect();
        if accounts.len() > 1 {
            return Err(NoTrend::Accounts(accounts.into_iter().collect::<Vec<_>>().join(", ")));
        }
        let (all, mut warnings) = in_order(reviews);
        let (Some(&last), true) = (all.last(), all.len() > 1) else {
            return Err(NoTrend::TooFew(all.len()));
        };
        // Sums of reviews are in the currency that most is billed in; those of one account have the same.
        let currency = all
            .iter()
            .rev()
            .find_map(|review| review.totals.monthly)
            .map(|money| money.currency);
        warnings.extend(doubts(&all, currency));
        let mut briefs: Vec<ReviewInBrief> = all.iter().map(|review| ReviewInBrief::of(review)).collect();
        let mut movers = Vec::new();
        for (index, pair) in all.windows(2).enumerate() {
            let (Some(currency), true) = (currency, pair.iter().all(|review| is_of_a_month(review))) else {
                continue;
            };
            let moved = movers::between(pair[0], pair[1], currency);
            briefs[index + 1].change = Some(CostChange::sum(moved.iter().map(|mover| &mover.change), currency));
            if index + 2 == all.len() {
                movers = moved;
            }
        }
        movers.retain(|mover| mover.change.total().amount != 0.0);
        movers.sort_by(|a, b| {
            let size = |mover: &Mover| mover.change.total().amount.abs();
            size(b).total_cmp(&size(a)).then_with(|| a.function.cmp(&b.function))
        });
        let more_movers = movers.len().saturating_sub(MOST_MOVERS) as u64;
        movers.truncate(MOST_MOVERS);
        Ok(Self {
            schema_version: TREND_SCHEMA_VERSION,
            trend_of: last.review_id,
            tool_version: last.tool_version.clone(),
            account: last.account.clone(),
            reviews: briefs,
            realised: Realised::of(&all),
            movers,
            more_movers,
            warnings,
        })
    }
}

impl ReviewInBrief {
    fn of(review: &MemoryReview) -> Self {
        let months = is_of_a_month(review);
        let totals = &review.totals;
        let count = |wanted: &dyn Fn(&FunctionReview) -> bool| {
            review.functions.iter().filter(|function| wanted(function)).count() as u64
        };
        Self {
            review_id: review.review_id,
            finished_at: review.finished_at,
            window: review.window,
            functions: totals.functions,
            unjudged: count(&|function| function.judged() != Judged::Fully),
            monthly: totals.monthly.filter(|_| months),
            without_cost: totals.without_cost,
            saving_at_best: totals.saving_at_best.filter(|_| months),
            saving_at_worst: totals.saving_at_worst.filter(|_| months),
            invocations: (review.functions.iter().filter_map(|function| function.monthly))
                .map(|monthly| monthly.invocations)
                .sum(),
            may_break: count(&|function| function.findings.iter().any(|finding| finding.kind.is_risk())),
            findings: totals.findings.clone(),
            change: None,
        }
    }
}

/// The end of the time that a review is of.
fn end(review: &MemoryReview) -> Timestamp {
    review.window.map_or(review.finished_at, |window| window.until)
}

/// Each review once, the oldest first; of those of the same time the last made.
fn in_order(reviews: &[MemoryReview]) -> (Vec<&MemoryReview>, Vec<TrendWarning>) {
    let mut all: Vec<&MemoryReview> = reviews.iter().collect();
    all.sort_by_key(|review| (end(review), review.finished_at, review.review_id));
    all.dedup_by_key(|review| review.review_id);
    let mut warnings = Vec::new();
    let mut kept: Vec<&MemoryReview> = Vec::new();
    for review in all {
        match kept.last_mut() {
            Some(last) if review.window.is_some() && last.window == review.window => {
                warnings.push(TrendWarning::SameTime {
                    review_id: last.review_id,
                    instead: review.review_id,
                });
                *last = review;
            }
            _ => kept.push(review),
        }
    }
    (kept, warnings)
}

fn doubts(all: &[&MemoryReview], currency: Option<Currency>) -> Vec<TrendWarning> {
    let regions = |review: &MemoryReview| -> BTreeSet<String> {
        review.regions.iter().map(|region| region.region.clone()).collect()
    };
    let mut warnings = Vec::new();
    for review in all.iter().filter(|review| !is_of_a_month(review)) {
        warnings.push(TrendWarning::NoMonth {
            review_id: review.review_id,
        });
    }
    for pair in all.windows(2) {
        let (then, now) = (regions(pair[0]), regions(pair[1]));
        if then != now {
            warnings.push(TrendWarning::OtherRegions {
                review_id: pair[1].review_id,
                more: now.difference(&then).cloned().collect(),
                fewer: then.difference(&now).cloned().collect(),
            });
        }
        if let (Some(then), Some(now)) = (pair[0].window, pair[1].window) {
            let days = then.until.duration_since(now.from).as_secs_f64() / 86_400.0;
            // Exports end where the next begins, give or take.
            if days > 1.0 {
                warnings.push(TrendWarning::Overlap {
                    review_id: pair[1].review_id,
                    days,
                });
            }
        }
    }
    let Some(last) = all.last() else { return warnings };
    let other = (last.functions.iter())
        .filter_map(|function| function.monthly)
        .filter(|monthly| currency.is_some_and(|currency| monthly.bill.total.currency != currency))
        .count() as u64;
    if other > 0 {
        warnings.push(TrendWarning::OtherCurrency { functions: other });
    }
    warnings
}

/// The functions of a review by what they are found again by.
fn by_key(review: &MemoryReview) -> BTreeMap<(Option<String>, String), &FunctionReview> {
    review
        .functions
        .iter()
        .map(|function| (key(&function.function), function))
        .collect()
}
