//! The steps of a review in one process.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures::{StreamExt, TryStreamExt, stream};
use tuner_core::pricing::PriceTable;
use tuner_core::review::AdviceFile;
use uuid::Uuid;

use super::{
    BatchInBrief, Listing, Ranked, Registry, ReviewContext, ReviewError, ReviewEvent, ReviewRequest, list, look, rank,
};

/// Batches that are looked at at a time, each with one query under way. 30 are allowed at a time (source: "CloudWatch Logs
/// quotas"), and others query, too.
const BATCHES_AT_ONCE: usize = 16;

/// Reviews the account: lists, looks at everything, ranks. `agree` is asked once it is known what the scan will cost, as far
/// as that can be told, and before anything is paid for. Beside the registry: what people decided about advice, if they did.
///
/// The tunings it names are the caller's to start, and [`conclude`](super::conclude) is to be called when they are over.
///
/// # Errors
/// When no region can be read, documents can't be kept, `agree` says no, or somebody asks to stop.
pub async fn review(
    ctx: &ReviewContext,
    request: &ReviewRequest,
    (registry, advice): (&Registry, Option<&AdviceFile>),
    prices: &PriceTable,
    agree: impl AsyncFnOnce(&Listing) -> bool,
) -> Result<Ranked, ReviewError> {
    let listing = list(ctx, request, prices, Uuid::now_v7()).await?;
    if !agree(&listing).await {
        return Err(ReviewError::Declined);
    }
    let (functions, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    stream::iter(&listing.batches)
        .map(Ok)
        .try_for_each_concurrent(BATCHES_AT_ONCE, |batch| {
            look_at(ctx, &listing, batch, (&functions, &bytes))
        })
        .await?;
    rank(ctx, listing.review_id, registry, advice, prices).await
}

/// Looks at a batch until it is finished, and tells how far the review came.
async fn look_at(
    ctx: &ReviewContext,
    listing: &Listing,
    batch: &BatchInBrief,
    (functions, bytes): (&AtomicUsize, &AtomicU64),
) -> Result<(), ReviewError> {
    let looked = loop {
        let looked = look(ctx, listing.review_id, batch.number).await?;
        if looked.finished {
            break looked;
        }
    };
    let looked_at = looked.functions as usize;
    ctx.observer.event(ReviewEvent::Looked {
        region: &batch.region,
        functions: functions.fetch_add(looked_at, Ordering::Relaxed) + looked_at,
        of: listing.functions as usize,
        bytes_scanned: bytes.fetch_add(looked.bytes_scanned, Ordering::Relaxed) + looked.bytes_scanned,
    });
    Ok(())
}
