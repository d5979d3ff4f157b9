//! What each role does where the input says `"check": true`: the function is measured as it is, and nothing of it is changed.
//!
//! Initialize finds the limits, plan and sample take turns until everything is decided, report writes the document and fails where
//! a limit is broken. No other role is entered, but restore after a failure, which has nothing to put back.

use jiff::Timestamp;
use lambda_runtime::Context as LambdaContext;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tuner_core::check::{Baseline, Check, CheckVerdict, Gate, Judge, Terms, Undecided, budget};
use tuner_core::pricing::{PriceQuote, PriceTable};
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, Outcome, Payloads};
use tuner_engine::execution::{BaselineChoice, CheckInput, CheckOutput, CheckPlaces, ExecutionInput};
use tuner_engine::ports::FunctionConfiguration;
use tuner_engine::steps::check::{About, CheckOrder, SoFar, check, present, report};
use tuner_engine::{Context, Prices};
use tuner_report::{check_headline, not_compared};
use uuid::Uuid;

use crate::call::{Call, Caught, Held};
use crate::cause::Ending;
use crate::failure::{Failed, named, of_step, of_store};
use crate::history::{self, PastCheck};
use crate::payloads;
use crate::role::Step;
use crate::steps::{MOST_FRUITLESS, MOST_ROUNDS, for_console, together, write};
use crate::tunings::Executions;
use crate::world::World;

const STATE: &str = "state.json";
const BROKEN: &str = "Tuner.LimitBroken";
const CANNOT_TELL: &str = "Tuner.CannotTell";
const ALL_FAILED: &str = "Tuner.EveryInvocationFailed";

/// What one step of a check leaves for those after it, in the store.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// ARN of the execution.
    execution: String,
    order: CheckOrder,
    /// The function as it was read at the beginning.
    present: FunctionConfiguration,
    gate: Gate,
    undecided: Undecided,
    started_at: Timestamp,
    /// How often something was measured.
    rounds: u32,
    /// Rounds, one after the other, in which nothing could be invoked.
    fruitless_rounds: u32,
    /// When measuring was over.
    finished_at: Option<Timestamp>,
    warnings: Vec<String>,
}

/// What every state of a check holds.
#[derive(Serialize)]
struct Travelling {
    check: bool,
    check_id: Uuid,
    function: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    store: String,
}

impl Travelling {
    fn of(world: &World, check_id: Uuid, function: &FunctionName, role_arn: Option<String>) -> Failed<Self> {
        Ok(Self {
            check: true,
            check_id,
            function: function.to_string(),
            role_arn,
            store: world.store(&format!("tunings/{check_id}/"))?.1,
        })
    }
}

/// What came of a round, on its way to the plan.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Round {
    /// Whether no more invocations are to be made.
    is_over: bool,
    /// Invocations made in it.
    invocations: u32,
    warnings: Vec<String>,
}

impl Kept {
    async fn load(ctx: &Context, check_id: Uuid) -> Failed<Self> {
        let bytes = ctx.store.get(STATE).await.map_err(|e| of_store(&e))?;
        let bytes = bytes.ok_or_else(|| named("Tuner.Store", format!("the store holds no check {check_id}")))?;
        serde_json::from_slice(&bytes)
            .map_err(|e| named("Tuner.Store", format!("{STATE} in the store can't be read: {e}")))
    }

    async fn save(&self, ctx: &Context) -> Failed<()> {
        let bytes = serde_json::to_vec(self).map_err(|e| named("Tuner.Store", e))?;
        ctx.store.put(STATE, &bytes).await.map(drop).map_err(|e| of_store(&e))
    }

    async fn so_far(&self, ctx: &Context) -> Failed<SoFar> {
        let so_far = SoFar::read(ctx, &self.present, self.started_at).await;
        so_far.map_err(|e| of_step(&e))
    }

    fn quote(&self) -> Option<PriceQuote> {
        Prices::of(PriceTable::embedded()).quote(&self.present).ok()
    }

    fn judge(&self) -> Judge {
        let terms = Terms {
            price: self.quote(),
            ephemeral_storage_mb: self.present.ephemeral_storage_mb,
            of_production: false,
        };
        Judge::new(&self.gate.limits, terms)
    }
}

/// A role other than initialize.
pub(crate) async fn run(role: Step, world: &World, lambda: &LambdaContext, call: &Call, held: Held) -> Failed<Value> {
    let check_id = call.id();
    if let (Step::Restore, Some(error)) = (role, &held.error) {
        return nothing_to_put_back(world, check_id, error).await;
    }
    let function: FunctionName = held
        .function
        .as_deref()
        .and_then(|function| function.parse().ok())
        .ok_or_else(|| named("Tuner.Setup", "the state names no function"))?;
    let role_arn = held.role_arn.clone();
    let ctx = world
        .context(check_id, lambda, Some(&function), role_arn.as_deref())
        .await?;
    let mut kept = Kept::load(&ctx, check_id).await?;
    let place = Travelling::of(world, check_id, &function, role_arn)?;
    match role {
        Step::Plan => plan(&ctx, &mut kept, held.round, &place).await,
        Step::Sample => sample(world, &ctx, &kept, &place).await,
        Step::Report => conclude(world, &ctx, kept, &place).await,
        _ => Err(named("Tuner.Setup", "this step is none of a check")),
    }
}

/// Reads the function and finds its limits. Changes nothing.
pub(crate) async fn initialize(
    world: &World,
    lambda: &LambdaContext,
    call: &Call,
    (input, asked): (&ExecutionInput, &CheckInput),
    text: &str,
) -> Failed<Value> {
    let check_id = call.id();
    let request = &input.request;
    let payloads = Payloads::parse(text, "payload").map_err(|e| named("Tuner.Input", e))?;
    let role_arn = request.options.role_arn.clone();
    let ctx = world
        .context(check_id, lambda, Some(&request.function), role_arn.as_deref())
        .await?;
    let present = present(&ctx, &request.function).await.map_err(|e| of_step(&e))?;
    let function = present.arn_as(&request.function);
    let mut warnings = input.warnings.clone();
    warnings.extend(payloads.note());
    let mut gate = Gate::absolute(asked.absolute(request));
    let mut is_first = false;
    if let Some(choice) = asked.baseline {
        let found = baseline(world, choice, &function, &present, asked).await?;
        is_first = found.is_none();
        match found {
            Some(baseline) => gate = gate.against(baseline, &asked.relative()),
            None => warnings.push(
                "there is no earlier check or tuning of this function in the bucket that could be a baseline: nothing is \
                 compared, and this one is the baseline of the next, unless it fails or breaks a limit"
                    .to_owned(),
            ),
        }
    }
    warnings.extend(not_compared(&gate));
    // Not worth failing for: who may not read it finds out by being throttled.
    let most_at_once = match ctx.control.concurrency(&present.arn).await {
        Ok(known) => (known.reserved.unwrap_or(known.unreserved) / 2).max(1),
        Err(_) => u32::MAX,
    };
    let order = CheckOrder {
        function: function.clone(),
        max_invocations: asked.budget.invocations.unwrap_or_else(|| budget(&gate.limits)),
        max_time_ms: asked.budget.time_ms,
        concurrency: request.options.max_concurrency.min(most_at_once),
        pause_ms: request.options.pause_ms,
        allowed_errors: request.options.allowed_errors.clone(),
        keep_messages: request.options.keep_messages,
        // A first one is measured as a baseline must be, whatever limits it has.
        all: is_first || gate.limits.is_empty() || gate.compares_nothing(),
    };
    let place = Travelling::of(world, check_id, &function, role_arn)?;
    let limits: Vec<String> = gate.limits.iter().map(ToString::to_string).collect();
    let more = json!({
        "memory_size_mb": present.memory_size_mb,
        "limits": limits,
        "invocations_at_most": order.max_invocations,
        "next": "plan",
    });
    let kept = Kept {
        execution: call.execution.clone(),
        order,
        present,
        gate,
        undecided: asked.undecided,
        started_at: Timestamp::now(),
        rounds: 0,
        fruitless_rounds: 0,
        finished_at: None,
        warnings,
    };
    kept.save(&ctx).await?;
    let kept_payloads = payloads::Kept::of(world)?;
    kept_payloads.keep(check_id, text).await?;
    if let Some(tunings) = &ctx.tunings {
        kept_payloads.tidy(check_id, &**tunings).await;
    }
    together(&place, more)
}

/// The baseline that the input names; `None` where there is none yet.
async fn baseline(
    world: &World,
    choice: BaselineChoice,
    function: &FunctionName,
    present: &FunctionConfiguration,
    asked: &CheckInput,
) -> Failed<Option<Baseline>> {
    let documents = Executions {
        store: world.store("")?.0,
        state_machines: world.home.state_machines(),
    };
    let memory_size_mb = Some(present.memory_size_mb);
    match choice {
        BaselineChoice::Last => {
            let earlier = documents.earlier(function, memory_size_mb).await;
            let earlier = earlier.map_err(|e| named("Tuner.Store", format!("baseline: {e}")))?;
            Ok(Baseline::choose(earlier, &asked.relative()))
        }
        BaselineChoice::Id(id) => {
            let found = documents.baseline(id, memory_size_mb).await;
            let found = found.map_err(|e| named("Tuner.Store", format!("baseline: {e}")))?;
            found.map(Some).ok_or_else(|| {
                let why = "in the bucket there is no check or tuning with this ID that measured anything";
                named("Tuner.Input", format!("baseline {id}: {why}"))
            })
        }
    }
}

async fn plan(ctx: &Context, kept: &mut Kept, round: Option<Round>, place: &Travelling) -> Failed<Value> {
    let mut is_over = false;
    if let Some(round) = round {
        kept.rounds += 1;
        kept.fruitless_rounds = match round.invocations {
            0 => kept.fruitless_rounds + 1,
            _ => 0,
        };
        let new = (round.warnings.into_iter()).filter(|warning| !kept.warnings.contains(warning));
        let new: Vec<String> = new.collect();
        kept.warnings.extend(new);
        is_over = round.is_over;
        if !is_over && kept.fruitless_rounds >= MOST_FRUITLESS {
            return Err(named(
                "Tuner.Throttled",
                format!(
                    "Lambda refused every invocation for {MOST_FRUITLESS} rounds, since too many run at the same time in this \
                     account: check when there is less traffic, or reserve concurrency for the function"
                ),
            ));
        }
        if !is_over && kept.rounds >= MOST_ROUNDS {
            kept.warnings.push(format!(
                "measuring ended after {MOST_ROUNDS} rounds, as many as an execution can hold: give the steps more time \
                 (total_execution_timeout), or ask for less"
            ));
            is_over = true;
        }
    }
    if is_over {
        kept.finished_at = Some(Timestamp::now());
    }
    kept.save(ctx).await?;
    together(place, json!({ "next": if is_over { "report" } else { "check" } }))
}

async fn sample(world: &World, ctx: &Context, kept: &Kept, place: &Travelling) -> Failed<Value> {
    let payloads = payloads::Kept::of(world)?.read(place.check_id).await?;
    let so_far = kept.so_far(ctx).await?;
    let before = so_far.records.len();
    let checked = check(ctx, &kept.order, &kept.present, &payloads, kept.judge(), so_far)
        .await
        .map_err(|e| of_step(&e))?;
    let round = Round {
        is_over: checked.is_over,
        invocations: (checked.records.len() - before) as u32,
        warnings: checked.warnings,
    };
    together(place, json!({ "round": round }))
}

async fn conclude(world: &World, ctx: &Context, kept: Kept, place: &Travelling) -> Failed<Value> {
    let so_far = kept.so_far(ctx).await?;
    let (judge, price) = (kept.judge(), kept.quote());
    let check = so_far.judged(judge).document(About {
        check_id: place.check_id,
        started_at: kept.started_at,
        finished_at: kept.finished_at.unwrap_or_else(Timestamp::now),
        function: &kept.order.function,
        present: &kept.present,
        environment: MeasuringEnvironment::Aws,
        gate: kept.gate,
        undecided: kept.undecided,
        price,
        warnings: kept.warnings,
    });
    let [document, html] = report(&*ctx.store, &check, &for_console())
        .await
        .map_err(|e| of_step(&e))?;
    if Baseline::may_be(&check) {
        let index = world.store(history::CHECKS)?.0;
        let saved = history::save_check(&PastCheck::of(&check), &*index).await;
        saved.map_err(|e| of_store(&e))?;
    }
    payloads::Kept::of(world)?.forget(place.check_id).await?;
    match failure(&check) {
        Some(error) => Err(named(
            error,
            format!("{}; the report is in {}", said(&check), place.store),
        )),
        None => write(&CheckOutput::new(&check, CheckPlaces { document, html })),
    }
}

/// The error that the document ends an execution with, if it does, as the exit codes of `tuner check` have it.
fn failure(check: &Check) -> Option<&'static str> {
    let ran = check.outcomes.total() - check.outcomes.of(Outcome::Throttled);
    match check.verdict {
        CheckVerdict::Kept => None,
        CheckVerdict::Broken => Some(BROKEN),
        CheckVerdict::CannotTell | CheckVerdict::NotMeasured if ran > 0 && check.outcomes.failures() == ran => {
            Some(ALL_FAILED)
        }
        // There was no baseline yet: this is the first.
        CheckVerdict::NotMeasured if check.limits.is_empty() && check.outcomes.success > 0 => None,
        CheckVerdict::CannotTell | CheckVerdict::NotMeasured => Some(CANNOT_TELL),
    }
}

/// The verdict in one line; where nothing works, with what the function says.
fn said(check: &Check) -> String {
    let headline = check_headline(check);
    if failure(check) != Some(ALL_FAILED) {
        return headline;
    }
    let first = check.records.iter().find_map(|record| {
        let words = [record.error_type.as_deref(), record.error_message.as_deref()];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        (!words.is_empty()).then(|| format!("{}: {}", record.outcome, words.join(": ")))
    });
    let why = first.unwrap_or_else(|| "none says why".to_owned());
    format!(
        "every one of {} invocations failed ({why}); {headline}",
        check.outcomes.total()
    )
}

/// A check that failed has changed nothing; only its payloads go.
async fn nothing_to_put_back(world: &World, check_id: Uuid, error: &Caught) -> Failed<Value> {
    if let Err(e) = payloads::Kept::of(world)?.forget(check_id).await {
        tracing::warn!(cause = e.error_message, "the store could not be tidied");
    }
    let mut ending = Ending::of(error);
    if ![BROKEN, CANNOT_TELL, ALL_FAILED].contains(&ending.error.as_str()) {
        ending.cause = format!("{}; nothing was changed", ending.cause);
    }
    write(&ending)
}
