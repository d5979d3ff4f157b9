//! What each role of a memory review does around its step.

mod output;
mod tunings;

use lambda_runtime::Context as LambdaContext;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tuner_core::pricing::PriceTable;
use tuner_core::review::AdviceFile;
use tuner_engine::review::{self, Keys, Listing, Registry, ReviewContext, ReviewRequest};
use tuner_report::{Options, review_summary};
use uuid::Uuid;

use self::output::{Output, shortened};
use self::tunings::Tunings;
use crate::call::{Call, Caught};
use crate::cause::Ending;
use crate::failure::{Failed, named, of_review, of_store};
use crate::role::ReviewStep;
use crate::steps::{parse, together, write};
use crate::world::World;

/// Batches that are looked at at the same time: `MaxConcurrency` of the state machine's Map.
const BATCHES_AT_ONCE: u32 = 10;
/// How often a batch is taken up again before it is given up: half a day, by a Lambda function of a quarter of an hour.
const MOST_ROUNDS: u32 = 48;
/// Bytes of a message that travel to the topic. It takes 256 KiB, the state of an execution too.
const LONGEST_MESSAGE: usize = 16 * 1024;

pub(crate) async fn run(step: ReviewStep, world: &World, lambda: &LambdaContext, call: Call) -> Failed<Value> {
    if step == ReviewStep::List {
        return list(world, lambda, &call).await;
    }
    let held: Held = parse(call.input.get())?;
    if let (ReviewStep::Report, Some(error)) = (step, &held.error) {
        return failure(world, error);
    }
    let review_id = held
        .review_id
        .ok_or_else(|| named("Tuner.Setup", "the state names no review"))?;
    if step == ReviewStep::Look {
        return look(world, lambda, review_id, &held).await;
    }
    let ctx = world.review_context(review_id, lambda, None, 1)?;
    let place = Travelling {
        review_id,
        store: world.store(&Keys(review_id).of(""))?.1,
    };
    match step {
        ReviewStep::Rank => rank(world, &ctx, &place).await,
        ReviewStep::Tune => tune(world, &ctx, &place).await,
        ReviewStep::Report => report(world, &ctx, &place).await,
        ReviewStep::List | ReviewStep::Look => Ok(Value::Null),
    }
}

/// What the state that called holds, as far as a step needs it.
#[derive(Deserialize, Default)]
struct Held {
    review_id: Option<Uuid>,
    /// The batch to look at.
    batch: Option<u32>,
    /// How often it was looked at before.
    #[serde(default)]
    rounds: u32,
    /// What went wrong.
    error: Option<Caught>,
}

/// What every state holds, so that a person who looks at an execution finds the rest.
#[derive(Serialize)]
struct Travelling {
    review_id: Uuid,
    store: String,
}

impl Travelling {
    /// With what one step adds.
    fn with(&self, more: Value) -> Failed<Value> {
        together(self, more)
    }
}

async fn list(world: &World, lambda: &LambdaContext, call: &Call) -> Failed<Value> {
    let review_id = call.id();
    let request = ReviewRequest::parse(call.input.get()).map_err(|e| named("Tuner.Input", e))?;
    // One that can't be used is to be known before anything is paid for.
    registry(world, &request).await?;
    advice(world, &request).await?;
    let ctx = world.review_context(review_id, lambda, request.role_arn.as_deref(), 1)?;
    let listing = review::list(&ctx, &request, PriceTable::embedded(), review_id)
        .await
        .map_err(|e| of_review(&e))?;
    let place = Travelling {
        review_id,
        store: world.store(&Keys(review_id).of(""))?.1,
    };
    let batches: Vec<u32> = listing.batches.iter().map(|batch| batch.number).collect();
    place.with(json!({
        "functions": listing.functions,
        "regions": listing.regions.len(),
        "regions_failed": listing.regions.iter().filter(|region| region.problem.is_some()).count(),
        "estimated_scan_cost": listing.scan.estimated_cost,
        "batches": batches,
    }))
}

/// Who may be tuned; nobody beside those that tags register, if nothing is asked for.
async fn registry(world: &World, request: &ReviewRequest) -> Failed<Registry> {
    let Some(location) = request.payloads.as_deref().filter(|_| request.tune > 0) else {
        return Ok(Registry::default());
    };
    let text = read(world, "payloads", location).await?;
    Registry::parse(&text).map_err(|e| named("Tuner.Input", format!("payloads: {location}: {e}")))
}

/// What people decided about advice, if they did.
async fn advice(world: &World, request: &ReviewRequest) -> Failed<Option<AdviceFile>> {
    let Some(location) = request.advice.as_deref() else {
        return Ok(None);
    };
    let text = read(world, "advice", location).await?;
    let file = AdviceFile::parse(&text).map_err(|e| named("Tuner.Input", format!("advice: {location}: {e}")))?;
    Ok(Some(file))
}

/// The text of an object that a field of the input names.
async fn read(world: &World, field: &str, location: &str) -> Failed<String> {
    const MOST: usize = 16 << 20;
    let bytes = world.home.objects().read(location, MOST).await;
    let bytes = bytes.map_err(|e| named("Tuner.Input", format!("{field}: {e}")))?;
    String::from_utf8(bytes).map_err(|e| named("Tuner.Input", format!("{field}: {location}: {e}")))
}

async fn look(world: &World, lambda: &LambdaContext, review_id: Uuid, held: &Held) -> Failed<Value> {
    let number = held
        .batch
        .ok_or_else(|| named("Tuner.Setup", "the state names no batch"))?;
    let ctx = world.review_context(review_id, lambda, None, BATCHES_AT_ONCE)?;
    if let Some(error) = &held.error {
        let ending = Ending::of(error);
        review::give_up(&ctx, review_id, number, &shortened(&ending.cause))
            .await
            .map_err(|e| of_review(&e))?;
        let error = json!({ "Error": ending.error, "Cause": ending.cause });
        return Ok(json!({ "review_id": review_id, "batch": number, "error": error }));
    }
    let role_arn = listing(&ctx, review_id).await?.request.role_arn;
    let ctx = world.review_context(review_id, lambda, role_arn.as_deref(), BATCHES_AT_ONCE)?;
    let looked = review::look(&ctx, review_id, number).await.map_err(|e| of_review(&e))?;
    let rounds = held.rounds + 1;
    if !looked.finished && rounds >= MOST_ROUNDS {
        return Err(named(
            "Tuner.NoEnd",
            "its logs were read for half a day, and there were still more; look back on fewer days",
        ));
    }
    let next = if looked.finished { "done" } else { "look" };
    Ok(json!({ "review_id": review_id, "batch": number, "rounds": rounds, "next": next }))
}

async fn listing(ctx: &ReviewContext, review_id: Uuid) -> Failed<Listing> {
    let key = Keys(review_id).listing();
    let bytes = ctx.store.get(&key).await.map_err(|e| of_store(&e))?;
    let bytes = bytes.ok_or_else(|| named("Tuner.Broken", format!("the store holds no {key}")))?;
    serde_json::from_slice(&bytes).map_err(|e| named("Tuner.Broken", format!("{key} can't be read: {e}")))
}

async fn rank(world: &World, ctx: &ReviewContext, place: &Travelling) -> Failed<Value> {
    let request = listing(ctx, place.review_id).await?.request;
    let registry = registry(world, &request).await?;
    let advice = advice(world, &request).await?;
    let ranked = review::rank(ctx, place.review_id, &registry, advice.as_ref(), PriceTable::embedded())
        .await
        .map_err(|e| of_review(&e))?;
    let functions = ranked.functions;
    let tunings = Tunings::of(ranked.tunings);
    let next = if tunings.is_empty() { "report" } else { "tune" };
    let count = tunings.len();
    tunings.save(ctx, place.review_id).await?;
    place.with(json!({ "functions": functions, "tunings": count, "next": next }))
}

async fn tune(world: &World, ctx: &ReviewContext, place: &Travelling) -> Failed<Value> {
    let machine = world.tuning_machine.as_deref().ok_or_else(|| {
        named(
            "Tuner.Setup",
            "TUNER_STATE_MACHINE is not set; give it the ARN of the state machine that tunes functions",
        )
    })?;
    let mut tunings = Tunings::load(ctx, place.review_id).await?;
    let went = tunings.go_on(world, machine, place.review_id).await;
    // What was started is known even if the rest failed.
    tunings.save(ctx, place.review_id).await?;
    went?;
    let next = if tunings.is_over() { "report" } else { "wait" };
    place.with(json!({ "tunings": tunings.len(), "ended": tunings.ended(), "next": next }))
}

async fn report(world: &World, ctx: &ReviewContext, place: &Travelling) -> Failed<Value> {
    let tunings = Tunings::load(ctx, place.review_id).await?;
    let concluded = review::conclude(ctx, place.review_id, tunings.into_tuned())
        .await
        .map_err(|e| of_review(&e))?;
    let summary = review_summary(&concluded.review, &Options::default()).map_err(|e| named("Tuner.Report", e))?;
    let message = format!("{}\nThe report: {}\n", within(&summary.message), concluded.reports.html);
    let output = Output::of(concluded);
    let mut result = place.with(json!({ "output": output }))?;
    result["tell"] = tell(world, &summary.subject, &message);
    Ok(without_null(result))
}

/// The end of a failed review.
fn failure(world: &World, error: &Caught) -> Failed<Value> {
    let ending = Ending::of(error);
    let message = format!("{}: {}\n", ending.error, within(&ending.cause));
    let mut result = write(&ending)?;
    result["tell"] = tell(world, "Memory review: it failed", &message);
    Ok(without_null(result))
}

/// Whom to tell, and what; null for nobody.
fn tell(world: &World, subject: &str, message: &str) -> Value {
    match &world.review_topic {
        Some(topic) => json!({ "topic": topic, "subject": subject, "message": message }),
        None => Value::Null,
    }
}

/// The state machine asks whether there is a field.
fn without_null(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// As much of a text as may travel, cut at a line.
fn within(text: &str) -> &str {
    if text.len() <= LONGEST_MESSAGE {
        return text;
    }
    let end = text.floor_char_boundary(LONGEST_MESSAGE);
    let cut = &text[..end];
    &cut[..cut.rfind('\n').unwrap_or(end)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_at_a_line() {
        assert_eq!(within("short"), "short");
        let long = "ä line\n".repeat(LONGEST_MESSAGE);
        let cut = within(&long);
        assert!(cut.len() <= LONGEST_MESSAGE && cut.ends_with("ä line"));
        let single = "ä".repeat(LONGEST_MESSAGE);
        assert_eq!(within(&single).len(), LONGEST_MESSAGE);
    }
}
