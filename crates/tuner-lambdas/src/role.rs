use std::str::FromStr;

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{Batch, Decision, Tuning};
use tuner_engine::steps::{self, DOCUMENT, Restored};
use tuner_engine::{TuningRequest, TuningState};
use uuid::Uuid;

use crate::failure::{named, of_step};
use crate::world::{World, parse_payloads};

/// Which step this function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Initialize,
    Publish,
    Plan,
    Sample,
    Restore,
    Analyze,
    Apply,
    Report,
}

impl FromStr for Role {
    type Err = Diagnostic;

    fn from_str(handler: &str) -> Result<Self, Self::Err> {
        Ok(match handler {
            "initialize" => Self::Initialize,
            "publish" => Self::Publish,
            "plan" => Self::Plan,
            "sample" => Self::Sample,
            "restore" => Self::Restore,
            "analyze" => Self::Analyze,
            "apply" => Self::Apply,
            "report" => Self::Report,
            other => {
                return Err(named(
                    "Tuner.Setup",
                    format!(
                        "there is no step `{other}`; set the handler to initialize, publish, plan, sample, restore, analyze, apply or report"
                    ),
                ));
            }
        })
    }
}

#[derive(Deserialize)]
struct Asked {
    request: TuningRequest,
    #[serde(default)]
    payload: Option<Box<RawValue>>,
}

/// What every step but the first is given and gives back.
#[derive(Deserialize, Serialize)]
struct Step {
    state: TuningState,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    batches: Vec<Batch>,
    #[serde(default)]
    done: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored: Option<Restored>,
}

impl Step {
    fn after(state: TuningState) -> Self {
        Self {
            state,
            batches: Vec::new(),
            done: false,
            restored: None,
        }
    }
}

/// What a tuning came to, without its records.
#[derive(Serialize)]
struct Verdict {
    tuning_id: Uuid,
    decision: Decision,
    document: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<String>,
}

impl Role {
    pub(crate) async fn handle(self, world: &World, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Diagnostic> {
        let LambdaEvent {
            payload,
            context: lambda,
        } = event;
        if self == Self::Initialize {
            let asked: Asked = read(&payload)?;
            return initialize(world, &lambda, asked).await;
        }
        let mut step: Step = read(&payload)?;
        let ctx = world
            .context(step.state.tuning_id, &lambda)?
            .leaving(step.state.original.latest.timeout_s);
        let state = &mut step.state;
        match self {
            Self::Initialize => {}
            Self::Publish => steps::publish(&ctx, state).await.map_err(|e| of_step(&e))?,
            Self::Plan => {
                step.batches = steps::plan(&ctx, &state.request.planner(), state);
                step.done = step.batches.is_empty();
            }
            Self::Sample => {
                let payloads = World::payloads(&ctx).await?;
                steps::sample(&ctx, state, &step.batches, &payloads)
                    .await
                    .map_err(|e| of_step(&e))?;
                step.batches.clear();
            }
            Self::Restore => step.restored = Some(steps::restore(&ctx, state).await),
            Self::Analyze => {
                let payloads = World::payloads(&ctx).await?.entries().len() as u32;
                let restored = step.restored.take().unwrap_or_default();
                let (prices, place) = (PriceTable::embedded(), MeasuringEnvironment::Aws);
                let tuning = steps::analyze(&ctx, state, prices, None, payloads, place, restored)
                    .await
                    .map_err(|e| of_step(&e))?;
                return keep(&ctx, &tuning).await;
            }
            Self::Apply => {
                let mut tuning = document(&ctx).await?;
                tuning.applied = steps::apply(&ctx, state, &tuning).await.map_err(|e| of_step(&e))?;
                return keep(&ctx, &tuning).await;
            }
            Self::Report => {
                let places = steps::report(&*ctx.store, &document(&ctx).await?)
                    .await
                    .map_err(|e| of_step(&e))?;
                return write(&places);
            }
        }
        write(&step)
    }
}

async fn initialize(world: &World, lambda: &lambda_runtime::Context, asked: Asked) -> Result<Value, Diagnostic> {
    let request = asked.request.checked().map_err(|e| named("Tuner.Input", e))?;
    let text = asked.payload.as_ref().map_or("{}", |payload| payload.get());
    parse_payloads(text)?
        .check(request.invocations)
        .map_err(|e| named("Tuner.Input", e))?;
    // The state names its tuning only when there is one; reading a function writes nothing.
    let state = steps::initialize(&world.context(Uuid::nil(), lambda)?, &request)
        .await
        .map_err(|e| of_step(&e))?;
    World::keep_payloads(&world.context(state.tuning_id, lambda)?, text).await?;
    write(&Step::after(state))
}

async fn keep(ctx: &tuner_engine::Context, tuning: &Tuning) -> Result<Value, Diagnostic> {
    let bytes = serde_json::to_vec(tuning).map_err(|e| named("Tuner.Output", e))?;
    let document = ctx.store.put(DOCUMENT, &bytes).await.map_err(|e| of_step(&e.into()))?;
    write(&Verdict {
        tuning_id: tuning.tuning_id,
        decision: tuning.decision.clone(),
        document,
        applied: tuning.applied.clone(),
    })
}

async fn document(ctx: &tuner_engine::Context) -> Result<Tuning, Diagnostic> {
    let bytes = ctx.store.get(DOCUMENT).await.map_err(|e| of_step(&e.into()))?;
    let bytes = bytes.ok_or_else(|| named("Tuner.Input", "this tuning has not been analyzed yet"))?;
    serde_json::from_slice(&bytes).map_err(|e| named("Tuner.Input", e))
}

fn read<T: DeserializeOwned>(payload: &RawValue) -> Result<T, Diagnostic> {
    serde_json::from_str(payload.get()).map_err(|e| named("Tuner.Input", e))
}

fn write(value: &impl Serialize) -> Result<Value, Diagnostic> {
    serde_json::to_value(value).map_err(|e| named("Tuner.Output", e))
}
