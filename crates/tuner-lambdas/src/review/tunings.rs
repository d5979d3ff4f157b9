//! The tunings of a review: executions of the state machine that tunes a function.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tuner_aws::{Execution, ExecutionStatus, StateMachineError, StateMachines};
use tuner_core::review::Tuned;
use tuner_core::{FunctionName, Tuning};
use tuner_engine::ports::PortErrorKind;
use tuner_engine::review::{Keys, ReviewContext, TuningToStart};
use uuid::Uuid;

use super::output::shortened;
use crate::call::Caught;
use crate::cause::Ending;
use crate::failure::{Failed, named, of_store, port_name};
use crate::world::World;

/// Tunings under way at the same time: each makes invocations and changes configurations, of which an account has a rate.
const AT_ONCE: usize = 3;
/// How often it is looked how tunings are getting on, a minute apart: a day. Three states each time are 13,000 events of the
/// 25,000 that an execution's history holds.
const MOST_ROUNDS: u32 = 1440;

/// The tunings that a review asks for, kept in the store.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Tunings {
    asked: Vec<Asked>,
    /// How often it was looked.
    #[serde(default)]
    rounds: u32,
}

/// A tuning of a function.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    function: FunctionName,
    /// Until it is started. It may hold a payload, which is kept no longer than it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Box<RawValue>>,
    /// ARN of its execution, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    execution: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tuned: Option<Tuned>,
}

/// Of the output of a tuning's execution, what leads to its document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TuningOutput {
    tuning_id: Uuid,
    report: Places,
}

#[derive(Deserialize)]
struct Places {
    html: String,
}

impl Tunings {
    pub(super) fn of(to_start: Vec<TuningToStart>) -> Self {
        let asked = to_start.into_iter().map(|TuningToStart { function, input }| Asked {
            function,
            input: Some(input),
            execution: None,
            tuned: None,
        });
        Self {
            asked: asked.collect(),
            rounds: 0,
        }
    }

    pub(super) async fn load(ctx: &ReviewContext, review_id: Uuid) -> Failed<Self> {
        let key = key(review_id);
        let Some(bytes) = ctx.store.get(&key).await.map_err(|e| of_store(&e))? else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&bytes).map_err(|e| named("Tuner.Broken", format!("{key} can't be read: {e}")))
    }

    pub(super) async fn save(&self, ctx: &ReviewContext, review_id: Uuid) -> Failed<()> {
        let bytes = serde_json::to_vec(self).map_err(|e| named("Tuner.Setup", e))?;
        let put = ctx.store.put(&key(review_id), &bytes).await;
        put.map(drop).map_err(|e| of_store(&e))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.asked.len()
    }

    pub(super) fn ended(&self) -> usize {
        self.asked.iter().filter(|asked| asked.tuned.is_some()).count()
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended() == self.len()
    }

    /// What came of each.
    pub(super) fn into_tuned(self) -> BTreeMap<FunctionName, Tuned> {
        let asked = self.asked.into_iter();
        asked.filter_map(|asked| Some((asked.function, asked.tuned?))).collect()
    }

    /// Looks how those under way are getting on, and starts as many as there is room for. To go on again after a failure
    /// starts nothing twice: the names of executions are those of the first time.
    pub(super) async fn go_on(&mut self, world: &World, machine: &str, review_id: Uuid) -> Failed<()> {
        let machines = world.home.state_machines();
        self.rounds += 1;
        for asked in self.asked.iter_mut().filter(|asked| asked.tuned.is_none()) {
            if let Some(arn) = &asked.execution {
                let execution = machines.execution(arn).await.map_err(|e| of_machines(&e))?;
                asked.tuned = tuned(world, &execution).await?;
            }
        }
        if self.rounds >= MOST_ROUNDS {
            self.end();
            return Ok(());
        }
        let under_way = |asked: &Asked| asked.execution.is_some() && asked.tuned.is_none();
        let mut room = AT_ONCE.saturating_sub(self.asked.iter().filter(|asked| under_way(asked)).count());
        for (number, asked) in self.asked.iter_mut().enumerate() {
            if room == 0 {
                break;
            }
            if asked.execution.is_none() && asked.tuned.is_none() {
                asked
                    .start(&machines, machine, &format!("review-{review_id}-{number}"))
                    .await?;
                room -= usize::from(asked.execution.is_some());
            }
        }
        Ok(())
    }

    /// Waits no more.
    fn end(&mut self) {
        for asked in self.asked.iter_mut().filter(|asked| asked.tuned.is_none()) {
            asked.input = None;
            asked.tuned = Some(Tuned::failed(match &asked.execution {
                Some(arn) => format!("its tuning did not end within a day; see the execution {arn}"),
                None => "its tuning did not begin within a day, since others took so long".to_owned(),
            }));
        }
    }
}

impl Asked {
    async fn start(&mut self, machines: &StateMachines, machine: &str, name: &str) -> Failed<()> {
        let Some(input) = &self.input else {
            self.tuned = Some(Tuned::failed("its tuning has no input any more; review it again"));
            return Ok(());
        };
        match machines.start(machine, name, input.get()).await {
            Ok(arn) => self.execution = Some(arn),
            // It was started before, by a call that did not live to say so, and has ended since.
            Err(StateMachineError::NameTaken { .. }) => {
                self.execution = Some(format!(
                    "{}:{name}",
                    machine.replacen(":stateMachine:", ":execution:", 1)
                ));
            }
            Err(error) if error.is_transient() => return Err(of_machines(&error)),
            // Such as an input that is too large: nothing that concerns the others.
            Err(error) => self.tuned = Some(Tuned::failed(format!("its tuning could not be started: {error}"))),
        }
        self.input = None;
        Ok(())
    }
}

/// What came of a tuning, once it is over.
async fn tuned(world: &World, execution: &Execution) -> Failed<Option<Tuned>> {
    if !execution.status.is_over() {
        return Ok(None);
    }
    if execution.status != ExecutionStatus::Succeeded {
        let ending = Ending::of(&Caught {
            error: execution.error.clone().unwrap_or_else(|| execution.status.to_string()),
            cause: execution.cause.clone().unwrap_or_default(),
        });
        let why = if ending.cause.is_empty() {
            ending.error
        } else {
            ending.cause
        };
        return Ok(Some(Tuned::failed(shortened(&why))));
    }
    let output = execution.output.as_deref().unwrap_or_default();
    let Ok(output) = serde_json::from_str::<TuningOutput>(output) else {
        return Ok(Some(Tuned::failed(format!(
            "its tuning gave no result that this version knows; see the execution {}",
            execution.arn
        ))));
    };
    let store = world.store("")?.0;
    let key = format!("tunings/{}/tuning.json", output.tuning_id);
    let document = store.get(&key).await.map_err(|e| of_store(&e))?;
    let read = document.and_then(|bytes| serde_json::from_slice::<Tuning>(&bytes).ok());
    Ok(Some(match read {
        Some(tuning) => Tuned::of(&tuning, Some(output.report.html)),
        None => Tuned::failed(format!("its tuning ended, and {key} can't be read")),
    }))
}

fn key(review_id: Uuid) -> String {
    Keys(review_id).of("tunings.json")
}

fn of_machines(error: &StateMachineError) -> lambda_runtime::Diagnostic {
    let name = match error {
        StateMachineError::Denied { .. } | StateMachineError::Expired { .. } => "Tuner.Denied",
        StateMachineError::NoSuchExecution { .. } | StateMachineError::NoSuchStateMachine { .. } => "Tuner.NotFound",
        StateMachineError::NameTaken { .. } => port_name(PortErrorKind::Conflict),
        StateMachineError::Call(e) => port_name(e.kind),
    };
    named(name, error)
}
