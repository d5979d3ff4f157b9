use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tuner_core::FunctionName;
use tuner_core::pricing::PriceTable;
use tuner_core::review::{AdviceFile, Fallback, Gathered, MemoryReview};
use uuid::Uuid;

use super::documents::{BatchEvidence, Keys, Listing};
use super::give_up::unfinished;
use super::history::previous;
use super::{Registry, ReviewContext, ReviewError, scanning};

/// Documents that are read at a time.
const READS_AT_ONCE: usize = 16;

/// What a review came to before anything was tuned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ranked {
    /// The review.
    pub review_id: Uuid,
    /// How many functions it has.
    pub functions: u64,
    /// The tunings to start, what has most at stake first.
    pub tunings: Vec<TuningToStart>,
    /// Why others are not to be started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A tuning that a review asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TuningToStart {
    /// The function.
    pub function: FunctionName,
    /// The input of an execution of the tuning's state machine.
    pub input: Box<RawValue>,
}

/// Judges, prices and ranks everything that was found out, compares it with the review before, and says which tunings to
/// start: of the functions with the most at stake those that are registered. What `advice` ignores is in no total, and not tuned.
///
/// A batch that nobody looked at to the end does not lack in the document: its functions are there, with what was known before.
///
/// # Errors
/// When what was found out can't be read, or the document can't be kept.
pub async fn rank(
    ctx: &ReviewContext,
    review_id: Uuid,
    registry: &Registry,
    advice: Option<&AdviceFile>,
    prices: &PriceTable,
) -> Result<Ranked, ReviewError> {
    let keys = Keys(review_id);
    let listing: Listing = ctx.expected(keys, &keys.listing()).await?;
    let looked: Vec<BatchEvidence> = stream::iter(&listing.batches)
        .map(|batch| found_out(ctx, keys, batch.number))
        .buffered(READS_AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    let mut warnings = listing.warnings.clone();
    let mut scanned: BTreeMap<String, u64> = BTreeMap::new();
    let mut queries = 0;
    let mut functions = Vec::with_capacity(listing.functions as usize);
    for (batch, found) in listing.batches.iter().zip(looked) {
        *scanned.entry(batch.region.clone()).or_default() += found.bytes_scanned;
        queries += found.queries;
        warnings.extend(found.warnings);
        functions.extend(
            found
                .functions
                .into_iter()
                .map(|known| (known.function, known.evidence)),
        );
    }
    let (previous, problem) = previous(ctx, &listing).await?;
    warnings.extend(problem);
    let gathered = Gathered {
        review_id,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: listing.started_at,
        finished_at: ctx.clock.now(),
        account: listing.account,
        window: Some(listing.window),
        regions: listing.regions,
        functions,
        scan: Some(scanning::done(listing.scan, &scanned, queries, prices)),
        warnings: distinct(warnings),
    };
    let mut review = MemoryReview::new(gathered, prices, Fallback::default(), previous.as_ref());
    if let Some(advice) = advice {
        review = review.with_advice_file(advice);
    }
    if let Some(by) = &listing.request.group_by {
        review = review.grouped_by(by);
    }
    // What is ignored is not tuned either.
    let (tunings, notes) = tunings(
        &review,
        registry,
        listing.request.tune,
        listing.request.role_arn.as_deref(),
    );
    review.warnings.extend(notes.iter().cloned());
    for function in review.functions.iter_mut().filter(|f| f.tuning_sizes().is_some()) {
        function.payload = registry.payload_of(function);
    }
    ctx.keep(&keys.ranked(), &review).await?;
    ctx.keep(&keys.review(), &review).await?;
    Ok(Ranked {
        review_id,
        functions: review.functions.len() as u64,
        tunings,
        notes,
    })
}

/// What was found out of a batch, or what was known before.
async fn found_out(ctx: &ReviewContext, keys: Keys, number: u32) -> Result<BatchEvidence, ReviewError> {
    // What can't be read is as good as missing.
    if let Ok(Some(evidence)) = ctx.kept(keys, &keys.evidence(number)).await {
        return Ok(evidence);
    }
    unfinished(ctx, keys, number, &format!("batch {number} of this review failed")).await
}

/// Each of them once, in order.
fn distinct(texts: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts.into_iter().filter(|text| seen.insert(text.clone())).collect()
}

/// The first `most` tunings that are worth it and allowed, and why others are not.
fn tunings(
    review: &MemoryReview,
    registry: &Registry,
    most: u32,
    role_arn: Option<&str>,
) -> (Vec<TuningToStart>, Vec<String>) {
    let mut tunings = Vec::new();
    let mut notes = Vec::new();
    let mut unregistered = 0;
    for function in review.worth_tuning() {
        if tunings.len() >= most as usize {
            break;
        }
        match registry.input_for(function, role_arn) {
            Ok(Some(input)) => tunings.push(TuningToStart {
                function: function.function.name.clone(),
                input,
            }),
            Ok(None) => unregistered += 1,
            Err(error) => notes.push(format!("{} was not tuned: {error}", function.function.name)),
        }
    }
    if most > 0 && unregistered > 0 {
        let (functions, were, them) = match unregistered {
            1 => ("function", "was", "it"),
            _ => ("functions", "were", "them"),
        };
        notes.push(format!(
            "{unregistered} {functions} with more at stake {were} not tuned, since no payload is registered for {them}; name {them} in the registry, or give {them} the tag {}",
            super::PAYLOAD_TAG
        ));
    }
    (tunings, notes)
}
