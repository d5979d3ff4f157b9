//! Past reviews: an index, and the one that a review is compared with.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tuner_core::pricing::Money;
use tuner_core::review::{MemoryReview, RegionReview};
use uuid::Uuid;

use super::documents::{HISTORY, Keys, Listing};
use super::{ReviewContext, ReviewError};

/// A past review in brief: what the index holds of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastReview {
    /// UUIDv7 of the review, which orders them by the time they began.
    pub review_id: Uuid,
    /// When it was over.
    pub finished_at: Timestamp,
    /// The account, if known.
    #[serde(default)]
    pub account: Option<String>,
    /// The regions asked for.
    pub regions: Vec<String>,
    /// Functions found.
    pub functions: u64,
    /// What a month of them costs, as far as that is known.
    #[serde(default)]
    pub monthly: Option<Money>,
    /// What would be saved a month, if durations stay.
    #[serde(default)]
    pub saving_at_best: Option<Money>,
    /// The same if durations grow as far as they can.
    #[serde(default)]
    pub saving_at_worst: Option<Money>,
    /// Where its page is, as people find it.
    #[serde(default)]
    pub report: Option<String>,
}

impl PastReview {
    /// `review` in brief; its page is at `report`.
    pub fn of(review: &MemoryReview, report: Option<String>) -> Self {
        Self {
            review_id: review.review_id,
            finished_at: review.finished_at,
            account: review.account.clone(),
            regions: names(&review.regions).into_iter().map(str::to_owned).collect(),
            functions: review.totals.functions,
            monthly: review.totals.monthly,
            saving_at_best: review.totals.saving_at_best,
            saving_at_worst: review.totals.saving_at_worst,
            report,
        }
    }
}

fn names(regions: &[RegionReview]) -> BTreeSet<&str> {
    regions.iter().map(|region| region.region.as_str()).collect()
}

/// The last review of the same account and regions before this one; or why it can't be compared with.
pub(super) async fn previous(
    ctx: &ReviewContext,
    listing: &Listing,
) -> Result<(Option<MemoryReview>, Option<String>), ReviewError> {
    let this = Keys(listing.review_id);
    let keys = ctx.store.list(HISTORY).await?;
    // Keys are in the order in which the reviews began.
    for key in keys.iter().rev().filter(|key| **key < this.history()) {
        let Ok(Some(past)) = ctx.kept::<PastReview>(this, key).await else {
            continue;
        };
        let regions: BTreeSet<&str> = past.regions.iter().map(String::as_str).collect();
        let same_account = past.account.is_none() || listing.account.is_none() || past.account == listing.account;
        if !same_account || regions != names(&listing.regions) {
            continue;
        }
        let key = Keys(past.review_id).review();
        return Ok(match ctx.kept::<MemoryReview>(Keys(past.review_id), &key).await {
            Ok(Some(review)) => (Some(review), None),
            Ok(None) => (
                None,
                Some(format!(
                    "the last review, {}, is not there any more to compare with",
                    past.review_id
                )),
            ),
            Err(error) => (None, Some(format!("not compared with the last review: {error}"))),
        });
    }
    Ok((None, None))
}
