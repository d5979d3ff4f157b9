//! What each role of a tuning does around its step.

use std::collections::{BTreeSet, HashSet};

use lambda_runtime::{Context as LambdaContext, Diagnostic};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tuner_core::machinery::{self, Machinery, Work};
use tuner_core::planning::Preset;
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::{MeasuringEnvironment, SizeStatus, TuningStatus};
use tuner_core::{
    Architecture, Batch, ControlCalls, FunctionName, MemorySize, PastTuning, Payloads, Tuning, gb_seconds,
};
use tuner_engine::execution::{ExecutionInput, ExecutionOutput, OutputOptions, PayloadSource, ReportPlaces};
use tuner_engine::steps::{self, Next, Restored};
use tuner_engine::{Context, Prices, TuningError, TuningRequest, TuningState, records};
use tuner_report::{Options, Reader};
use uuid::Uuid;

use crate::call::{Call, Caught, Group, Held, Measured};
use crate::cause::{Ending, left};
use crate::check;
use crate::failure::{Failed, named, of_step, of_store};
use crate::groups::{Places, groups};
use crate::history;
use crate::kept::{Kept, document, keep_document};
use crate::payloads;
use crate::role::Step;
use crate::world::World;

pub(crate) async fn run(role: Step, world: &World, lambda: &LambdaContext, call: Call) -> Failed<Value> {
    if role == Step::Initialize {
        return initialize(world, lambda, &call).await;
    }
    let held: Held = parse(call.input.get())?;
    if held.check {
        return check::run(role, world, lambda, &call, held).await;
    }
    let tuning_id = call.id();
    let mut ctx = world.context(tuning_id, lambda, None, None).await?;
    let loaded = Kept::load(&ctx).await;
    if let (Step::Restore, Some(error), Err(_) | Ok(None)) = (role, &held.error, &loaded) {
        return restore_blindly(world, lambda, tuning_id, &held, error).await;
    }
    let mut kept = loaded?.ok_or_else(|| named("Tuner.Store", format!("the store holds no tuning {tuning_id}")))?;
    let request = &kept.state.request;
    let function = kept.state.function().clone();
    ctx = world
        .context(tuning_id, lambda, Some(&function), request.options.role_arn.as_deref())
        .await?;
    kept.counted = ctx.control.calls();
    let place = Travelling {
        tuning_id,
        function: function.to_string(),
        role_arn: request.options.role_arn.clone(),
        store: world.store(&format!("tunings/{tuning_id}/"))?.1,
    };
    match role {
        Step::Initialize => Ok(Value::Null),
        Step::Plan => plan(&ctx, &mut kept, held, &place).await,
        Step::Publish => publish(&ctx, &mut kept, &place).await,
        Step::Sample => sample(world, &ctx, &mut kept, held.group).await,
        Step::Restore => restore(world, &ctx, &mut kept, &held, &place).await,
        Step::Analyze => analyze(&ctx, &kept, &place).await,
        Step::Apply => apply(&ctx, &mut kept, &place).await,
        Step::Report => report(world, &ctx, &kept, &place).await,
    }
}

/// What every state holds, so that a person who looks at an execution finds the rest.
#[derive(Serialize)]
struct Travelling {
    tuning_id: Uuid,
    function: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    store: String,
}

impl Travelling {
    /// With what one step adds.
    fn with(&self, more: Value) -> Failed<Value> {
        together(self, more)
    }
}

async fn initialize(world: &World, lambda: &LambdaContext, call: &Call) -> Failed<Value> {
    let tuning_id = call.id();
    let input = ExecutionInput::parse(call.input.get(), &world.defaults).map_err(|e| named("Tuner.Input", e))?;
    let text = payload_text(world, &input.payload).await?;
    if let Some(asked) = &input.check {
        return check::initialize(world, lambda, call, (&input, asked), &text).await;
    }
    let request = input.request;
    let payloads = check_payload(&text, &request)?;
    let role = request.options.role_arn.clone();
    let ctx = world
        .context(tuning_id, lambda, Some(&request.function), role.as_deref())
        .await?;
    let mut state = steps::initialize(&ctx, &request, &payloads, Prices::of(PriceTable::embedded()), tuning_id)
        .await
        .map_err(|e| of_step(&e))?;
    state.warnings.extend(input.warnings);
    let place = Travelling {
        tuning_id,
        function: state.function().to_string(),
        role_arn: role,
        store: world.store(&format!("tunings/{tuning_id}/"))?.1,
    };
    let sizes: Vec<u32> = request.options.memory_sizes.iter().map(|size| size.mb()).collect();
    let more = json!({
        "memory_size_mb": state.original.present_memory_size_mb,
        "memory_sizes_mb": sizes,
        "preset": request.options.preset,
        "invocations": state.planner(0.0).usual_calls(),
        "estimate": estimated(&state).priced(PriceTable::embedded(), self::place(world)),
        "next": "plan",
    });
    let mut kept = Kept {
        execution: call.execution.clone(),
        state,
        include_output_results: input.include_output_results,
        restored: None,
        rounds: 0,
        throttled_rounds: 0,
        fruitless_rounds: 0,
        not_applied: None,
        counted: ControlCalls::default(),
    };
    kept.save(&ctx).await?;
    // After the state, by which whoever tidies knows whose it is.
    let kept_payloads = payloads::Kept::of(world)?;
    kept_payloads.keep(tuning_id, &text).await?;
    if let Some(tunings) = &ctx.tunings {
        kept_payloads.tidy(tuning_id, &**tunings).await;
    }
    place.with(more)
}

/// What the state machine itself will take, if an invocation takes a second.
fn estimated(state: &TuningState) -> Work {
    let request = &state.request;
    let adaptive = request.options.preset.is_adaptive();
    Work::estimate(&machinery::Plan {
        sizes: match request.options.memory_sizes.len() as u32 {
            // As many as the way up usually has.
            0 => 6,
            sizes if adaptive => sizes.min(6),
            sizes => sizes,
        },
        invocations: state.planner(0.0).usual_calls().saturating_sub(1),
        concurrency: request.options.concurrency,
        // One step measures all sizes by turns.
        max_concurrency: if adaptive { 1 } else { request.options.max_concurrency },
        pause_ms: request.options.pause_ms,
        duration_ms: 1000.0,
        own_memory_mb: own_memory_mb(),
    })
}

/// The payloads as [`Payloads::parse`] takes them.
async fn payload_text(world: &World, source: &PayloadSource) -> Failed<String> {
    match source {
        PayloadSource::None => Ok("{}".to_owned()),
        PayloadSource::Inline(text) => Ok(text.clone()),
        PayloadSource::S3(object) => {
            let location = object.to_string();
            // A weighted list may hold several of the largest there are.
            const MOST: usize = 64 << 20;
            let bytes = world
                .home
                .objects()
                .read(&location, MOST)
                .await
                .map_err(|e| named("Tuner.Input", format!("payloadS3: {e}")))?;
            let wrong = |what: &dyn std::fmt::Display| named("Tuner.Input", format!("payloadS3: {location} {what}"));
            let text = String::from_utf8(bytes).map_err(|e| wrong(&format_args!("is not text: {e}")))?;
            Ok(match serde_json::from_str::<&RawValue>(&text) {
                Ok(_) => text,
                // Plain text is sent as a JSON text, as aws-lambda-power-tuning does.
                Err(_) => json!(text).to_string(),
            })
        }
    }
}

fn check_payload(text: &str, request: &TuningRequest) -> Failed<Payloads> {
    let wrong = |e: &dyn std::fmt::Display| named("Tuner.Input", e);
    let payloads = Payloads::parse(text, "payload").map_err(|e| wrong(&e))?;
    if !request.options.dry_run {
        let each = request.options.preset.most_per_size(request.options.invocations);
        payloads.check(each).map_err(|e| wrong(&e))?;
    }
    Ok(payloads)
}

/// A round of ten groups takes about 90 events of an execution's history, which ends with no way to clean up at 25,000.
/// Source: Step Functions quotas.
pub(crate) const MOST_ROUNDS: u32 = 250;

/// After so many rounds in which everything was throttled, measuring is given up.
pub(crate) const MOST_FRUITLESS: u32 = 5;

async fn plan(ctx: &Context, kept: &mut Kept, held: Held, place: &Travelling) -> Failed<Value> {
    let state = &mut kept.state;
    let made = |state: &TuningState| -> u32 { state.progress.values().map(|size| size.outcomes.total()).sum() };
    let made_before = made(state);
    let begun = state.begun();
    records::progress(&*ctx.store, state, begun)
        .await
        .map_err(|e| of_store(&e))?;
    kept.rounds += u32::from(!held.measured.is_empty());
    let throttled: u32 = held.measured.iter().map(Measured::throttles).sum();
    kept.throttled_rounds += u32::from(throttled > 0);
    kept.fruitless_rounds = match throttled > 0 && made(state) == made_before {
        true => kept.fruitless_rounds + 1,
        false => 0,
    };
    let gives_up = kept.fruitless_rounds >= MOST_FRUITLESS;
    let mut is_over = false;
    for measured in held.measured {
        let is_throttled = measured.throttles() > 0;
        state.warnings.extend(measured.warnings);
        state.control_calls += measured.control_calls;
        for (size, reason) in measured.skipped {
            state.progress.entry(size).or_default().skipped = Some(reason);
        }
        let (Some(group), Some(error)) = (measured.group, measured.error) else {
            continue;
        };
        // Its turn comes when others have let go of their places.
        if is_throttled && !gives_up {
            continue;
        }
        let ending = Ending::of(&error);
        // A processor serves all sizes: when it fails, so does the tuning.
        if error.error == "Tuner.Processor" {
            return Err(named("Tuner.Processor", ending.cause));
        }
        // Sizes that were measured in full before that have nothing to fear. An adaptive planner has one group only: what
        // has ended that would end the next one too.
        let wanted = steps::wanted(ctx, state);
        let adaptive = state.request.options.preset.is_adaptive();
        is_over |= adaptive;
        let in_group = |batch: &&Batch| adaptive || group.batches.iter().any(|b| b.memory_size == batch.memory_size);
        for batch in wanted.iter().filter(in_group) {
            state.progress.entry(batch.memory_size).or_default().skipped = Some(ending.cause.clone());
        }
    }
    if gives_up {
        is_over |= state.request.options.preset.is_adaptive();
        for batch in steps::wanted(ctx, state) {
            state.progress.entry(batch.memory_size).or_default().skipped = Some(format!(
                "Lambda refused every invocation for {MOST_FRUITLESS} rounds, since too many run at the same time in this \
                 account: tune when there is less traffic, or reserve concurrency for the function"
            ));
        }
    }
    let mut seen = HashSet::new();
    state.warnings.retain(|warning| seen.insert(warning.clone()));
    let next = match steps::plan(ctx, state) {
        _ if is_over => Next::Restore,
        Next::Sample(_) if kept.rounds >= MOST_ROUNDS => {
            state.warnings.push(format!(
                "measuring ended after {MOST_ROUNDS} rounds, as many as an execution can hold: give the steps more time \
                 (total_execution_timeout), or ask for less"
            ));
            Next::Restore
        }
        next => next,
    };
    kept.save(ctx).await?;
    match next {
        Next::Publish => place.with(json!({ "next": "publish" })),
        Next::Sample(batches) => {
            let request = &kept.state.request;
            let places = Places::of(kept.state.concurrency, kept.throttled_rounds);
            let groups = groups(
                batches,
                request.options.max_concurrency,
                request.options.preset == Preset::Grid,
                places,
            );
            place.with(json!({ "next": "sample", "groups": groups }))
        }
        Next::Restore => place.with(json!({ "next": "restore" })),
    }
}

async fn publish(ctx: &Context, kept: &mut Kept, place: &Travelling) -> Failed<Value> {
    if kept.state.request.options.only_cold_starts {
        let begun = kept.state.begun();
        records::progress(&*ctx.store, &mut kept.state, begun)
            .await
            .map_err(|e| of_store(&e))?;
    }
    let published = steps::publish(ctx, &mut kept.state).await;
    // What was published is known even if the rest failed: putting things back needs it.
    kept.save(ctx).await?;
    published.map_err(|e| of_step(&e))?;
    let versions: usize = kept.state.versions.values().map(Vec::len).sum();
    place.with(json!({ "versions": versions, "next": "plan" }))
}

async fn sample(world: &World, ctx: &Context, kept: &mut Kept, group: Option<Group>) -> Failed<Value> {
    let group = group.ok_or_else(|| named("Tuner.Setup", "there is no group to measure"))?;
    let payloads = payloads::Kept::of(world)?.read(kept.state.tuning_id).await?;
    let state = &mut kept.state;
    state.request.options.max_concurrency = group.max_concurrency;
    let adaptive = state.request.options.preset.is_adaptive();
    let mut sizes: BTreeSet<MemorySize> = group.batches.iter().map(|batch| batch.memory_size).collect();
    if adaptive {
        sizes.extend(state.begun());
    }
    let known = state.warnings.len();
    let throttled = state.throttled;
    // Another attempt at this very call may have measured something already.
    records::progress(&*ctx.store, state, sizes.iter().copied())
        .await
        .map_err(|e| of_store(&e))?;
    if adaptive {
        // Its groups are small and follow one another: this step goes on by itself.
        steps::measure(ctx, state, &payloads).await.map_err(|e| of_step(&e))?;
        sizes.extend(state.progress.keys());
    } else {
        let mut batches = steps::wanted(ctx, state);
        batches.retain(|batch| sizes.contains(&batch.memory_size));
        steps::sample(ctx, state, &batches, &payloads)
            .await
            .map_err(|e| of_step(&e))?;
    }
    let made: Map<String, Value> = sizes
        .iter()
        .filter_map(|size| Some((size.mb().to_string(), json!(state.progress.get(size)?.outcomes.total()))))
        .collect();
    let mut result = json!({ "invocations": made });
    let calls = ctx.control.calls() - kept.counted;
    if !calls.is_empty() {
        result["control_calls"] = json!(calls);
    }
    if state.throttled > throttled {
        result["throttled"] = json!(state.throttled - throttled);
    }
    let skipped = state.skipped();
    if skipped.keys().any(|size| sizes.contains(size)) {
        result["skipped"] = json!(skipped);
    }
    if state.warnings.len() > known {
        result["warnings"] = json!(state.warnings[known..]);
    }
    Ok(result)
}

async fn restore(world: &World, ctx: &Context, kept: &mut Kept, held: &Held, place: &Travelling) -> Failed<Value> {
    let restored: Restored = steps::restore(ctx, &kept.state).await;
    if held.error.is_some() {
        passing(&restored)?;
    } else if restored.is_gone {
        let function = Box::new(kept.state.function().clone());
        return Err(of_step(&TuningError::Deleted { function }));
    }
    let leftovers = restored.leftovers.clone();
    kept.restored = Some(restored.clone());
    match &held.error {
        None => {
            kept.save(ctx).await?;
            place.with(json!({ "leftovers": leftovers }))
        }
        Some(error) => {
            // The function is back; that its payloads could not be deleted too is no reason to say otherwise.
            let tidied = async {
                kept.save(ctx).await?;
                payloads::Kept::of(world)?.forget(kept.state.tuning_id).await
            };
            if let Err(e) = tidied.await {
                tracing::warn!(cause = e.error_message, "the store could not be tidied");
            }
            write(&Ending::of(error).with_leftovers(&restored))
        }
    }
}

/// Puts back what this tuning has done when there is no state of it to be had: the function itself says what it was. One
/// that was not even read was not touched.
async fn restore_blindly(
    world: &World,
    lambda: &LambdaContext,
    tuning_id: Uuid,
    held: &Held,
    error: &Caught,
) -> Failed<Value> {
    if let Ok(payloads) = payloads::Kept::of(world)
        && let Err(e) = payloads.forget(tuning_id).await
    {
        tracing::warn!(cause = e.error_message, "the store could not be tidied");
    }
    let function = held.function.as_deref().filter(|function| function.starts_with("arn:"));
    let Some(function) = function.and_then(|function| function.parse::<FunctionName>().ok()) else {
        return write(&Ending::of(error));
    };
    let ctx = world
        .context(tuning_id, lambda, Some(&function), held.role_arn.as_deref())
        .await?;
    let restored = steps::restore::restore_function(&ctx, &function, Some(tuning_id), 0).await;
    passing(&restored)?;
    write(&Ending::of(error).with_leftovers(&restored))
}

/// A configuration that is not back for a reason that may pass is worth another attempt: the state machine makes it.
fn passing(restored: &Restored) -> Failed<()> {
    match restored.try_again {
        true => Err(named("Tuner.Service", left(restored))),
        false => Ok(()),
    }
}

async fn analyze(ctx: &Context, kept: &Kept, place: &Travelling) -> Failed<Value> {
    let restored = kept.restored.clone().unwrap_or_default();
    let (prices, environment) = (Prices::of(PriceTable::embedded()), MeasuringEnvironment::Aws);
    let tuning = steps::analyze(ctx, &kept.state, prices, environment, restored)
        .await
        .map_err(|e| of_step(&e))?;
    keep_document(ctx, &tuning).await?;
    place.with(json!({
        "status": tuning.status,
        "verdict": tuning.decision.verdict,
        "recommended_memory_size_mb": tuning.decision.memory_size_mb,
    }))
}

async fn apply(ctx: &Context, kept: &mut Kept, place: &Travelling) -> Failed<Value> {
    let mut tuning = document(ctx).await?;
    if kept.state.request.options.dry_run {
        return place.with(json!({}));
    }
    match steps::apply(ctx, &kept.state, &tuning).await {
        Ok(None) => return place.with(json!({})),
        Ok(applied) => tuning.applied = applied,
        // The measurements were paid for: they are reported first, then this is said.
        Err(error) => {
            let diagnostic: Diagnostic = of_step(&error);
            tuning.leftovers.push(diagnostic.error_message.clone());
            kept.not_applied = Some(diagnostic.error_message);
            kept.save(ctx).await?;
        }
    }
    kept.count_calls(ctx);
    tuning.exploration.control_calls = kept.state.control_calls;
    keep_document(ctx, &tuning).await?;
    place.with(json!({ "applied": tuning.applied, "not_applied": kept.not_applied }))
}

async fn report(world: &World, ctx: &Context, kept: &Kept, place: &Travelling) -> Failed<Value> {
    let mut tuning = document(ctx).await?;
    match world.home.state_machines().bare_history(&kept.execution).await {
        Ok(events) => tuning.machinery = Some(counted(world, &events, &kept.state)),
        Err(error) => {
            let warning = format!("what the state machine itself took could not be counted: {error}");
            if !tuning.warnings.contains(&warning) {
                tuning.warnings.push(warning);
            }
        }
    }
    let [document, svg, html] = steps::report(&*ctx.store, &tuning, &for_console())
        .await
        .map_err(|e| of_step(&e))?;
    let report = ReportPlaces { document, html, svg };
    let history = world.store(history::INDEX)?.0;
    history::save(&PastTuning::of(&tuning, &place.store), &*history)
        .await
        .map_err(|e| of_store(&e))?;
    payloads::Kept::of(world)?.forget(kept.state.tuning_id).await?;
    if tuning.status == TuningStatus::Failed {
        return Err(named("Tuner.EverySizeFailed", every_size_failed(&tuning, place)));
    }
    if let Some(reason) = &kept.not_applied {
        return Err(named(
            "Tuner.CannotApply",
            format!("{reason}; the report is in {}", place.store),
        ));
    }
    let options = OutputOptions {
        report,
        visualization_base: world.visualization_base.as_deref(),
        include_output_results: kept.include_output_results,
    };
    write(&ExecutionOutput::new(&tuning, &options))
}

/// Reports of executions are read by those who start them.
pub(crate) fn for_console() -> Options {
    Options {
        reader: Reader::Console,
        ..Options::default()
    }
}

/// The first cause, in the function's own words.
fn every_size_failed(tuning: &Tuning, place: &Travelling) -> String {
    let first = tuning.sizes.iter().find_map(|size| {
        let line = size.first_failure.clone().or_else(|| skip_reason(&size.status))?;
        Some(format!("at {} MB: {line}", size.memory_size_mb))
    });
    let early = || tuning.warnings.last().cloned();
    let first = first
        .or_else(early)
        .unwrap_or_else(|| "nothing could be measured".to_owned());
    format!(
        "no memory size could be measured; {first}; the report is in {}",
        place.store
    )
}

fn skip_reason(status: &SizeStatus) -> Option<String> {
    match status {
        SizeStatus::Skipped { reason } => Some(reason.clone()),
        _ => None,
    }
}

/// Counted from the history so far, with what is still to come: the end of this very step.
fn counted(world: &World, events: &[tuner_aws::HistoryEvent], state: &TuningState) -> Machinery {
    let times = tuner_aws::lambda_time(events);
    let state_transitions = tuner_aws::transitions(events).into();
    if times.is_empty() {
        // An engine that does not tell when a task began (Step Functions does).
        let work = Work {
            state_transitions,
            ..estimated(state)
        };
        return work.priced(PriceTable::embedded(), place(world));
    }
    let billed_ms: u64 = times.iter().map(|(_, ms)| ms).sum();
    let work = Work {
        counted: true,
        state_transitions,
        // This step is under way, and so is not among those that have ended.
        requests: times.len() as u64 + 1,
        gb_seconds: gb_seconds(own_memory_mb(), billed_ms as f64),
    };
    work.priced(PriceTable::embedded(), place(world))
}

/// All steps have the same memory size.
fn own_memory_mb() -> u32 {
    let set = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok();
    set.and_then(|mb| mb.parse().ok()).unwrap_or(512)
}

fn place(world: &World) -> machinery::Place<'_> {
    machinery::Place {
        region: world.home.region().unwrap_or_default(),
        architecture: match std::env::consts::ARCH {
            "aarch64" => Architecture::Arm64,
            _ => Architecture::X86_64,
        },
    }
}

pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Failed<T> {
    serde_json::from_str(text)
        .map_err(|e| named("Tuner.Setup", format!("this step is called by its state machine: {e}")))
}

/// What every state holds, with what one step adds.
pub(crate) fn together(place: &impl Serialize, more: Value) -> Failed<Value> {
    let mut all = match write(place)? {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    if let Value::Object(more) = more {
        all.extend(more);
    }
    Ok(Value::Object(all))
}

pub(crate) fn write(value: &impl Serialize) -> Failed<Value> {
    serde_json::to_value(value).map_err(|e| named("Tuner.Setup", e))
}
