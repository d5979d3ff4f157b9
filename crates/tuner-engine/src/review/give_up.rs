use tuner_core::review::{Gap, Missing, Why};
use uuid::Uuid;

use super::documents::{Batch, BatchEvidence, Keys};
use super::look::Looking;
use super::{ReviewContext, ReviewError};

/// Notes that a batch can't be looked at to the end, and why, so that its functions are rows that say so. One that is
/// finished stays as it is.
///
/// # Errors
/// When the batch is not there, or the note can't be kept.
pub async fn give_up(ctx: &ReviewContext, review_id: Uuid, number: u32, why: &str) -> Result<(), ReviewError> {
    let keys = Keys(review_id);
    if ctx.kept::<BatchEvidence>(keys, &keys.evidence(number)).await?.is_some() {
        return Ok(());
    }
    let evidence = unfinished(ctx, keys, number, why).await?;
    ctx.keep(&keys.evidence(number), &evidence).await?;
    Ok(())
}

/// A batch that nobody looked at to the end: what was known of its functions before, what it cost so far, and why.
pub(super) async fn unfinished(
    ctx: &ReviewContext,
    keys: Keys,
    number: u32,
    why: &str,
) -> Result<BatchEvidence, ReviewError> {
    let batch: Batch = ctx.expected(keys, &keys.batch(number)).await?;
    let begun: Option<Looking> = ctx.kept(keys, &keys.looking(number)).await.unwrap_or_default();
    let queries = begun.map(|begun| begun.queries).unwrap_or_default();
    let mut functions = batch.functions;
    for known in &mut functions {
        known.evidence.gaps.push(Gap::new(
            Missing::Logs,
            Why::Failed,
            format!("it was not looked at to the end: {why}; review it again"),
        ));
    }
    Ok(BatchEvidence {
        number,
        functions,
        bytes_scanned: queries.bytes_scanned,
        queries: queries.made,
        warnings: Vec::new(),
    })
}
