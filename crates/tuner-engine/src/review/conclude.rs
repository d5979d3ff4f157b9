use std::collections::BTreeMap;

use tuner_core::FunctionName;
use tuner_core::review::{MemoryReview, Tuned};
use uuid::Uuid;

use super::documents::Keys;
use super::history::PastReview;
use super::{ReviewContext, ReviewError};

/// A review that is over, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Concluded {
    /// The document.
    pub review: MemoryReview,
    /// Where it is, as people find it.
    pub document: String,
}

/// Puts what came of the tunings into the review, writes the document, its reports and its entry in the index. To conclude
/// again with the same tunings changes nothing.
///
/// # Errors
/// When the review is not there, or something can't be written; what was written before is there.
pub async fn conclude(
    ctx: &ReviewContext,
    review_id: Uuid,
    tuned: BTreeMap<FunctionName, Tuned>,
) -> Result<Concluded, ReviewError> {
    let keys = Keys(review_id);
    let review: MemoryReview = ctx.expected(keys, &keys.ranked()).await?;
    let review = if tuned.is_empty() {
        review
    } else {
        review.with_tuned(tuned)
    };
    let document = ctx.keep(&keys.review(), &review).await?;
    ctx.keep(&keys.history(), &PastReview::of(&review, None)).await?;
    Ok(Concluded { review, document })
}
