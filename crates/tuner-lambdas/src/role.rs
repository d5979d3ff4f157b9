use std::str::FromStr;
use std::time::Instant;

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::{Value, value::RawValue};

use crate::call::Call;
use crate::failure::{Failed, named};
use crate::steps;
use crate::world::World;

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

const ROLES: [(&str, Role); 8] = [
    ("initialize", Role::Initialize),
    ("publish", Role::Publish),
    ("plan", Role::Plan),
    ("sample", Role::Sample),
    ("restore", Role::Restore),
    ("analyze", Role::Analyze),
    ("apply", Role::Apply),
    ("report", Role::Report),
];

impl FromStr for Role {
    type Err = Diagnostic;

    fn from_str(handler: &str) -> Result<Self, Self::Err> {
        let known = ROLES.iter().find(|(name, _)| *name == handler);
        known.map(|&(_, role)| role).ok_or_else(|| {
            let names = ROLES.map(|(name, _)| name).join(", ");
            named(
                "Tuner.Setup",
                format!("there is no step `{handler}`; set the handler to one of {names}"),
            )
        })
    }
}

impl Role {
    pub(crate) async fn handle(self, world: &World, event: LambdaEvent<Box<RawValue>>) -> Failed<Value> {
        let LambdaEvent { payload, context } = event;
        let begun = Instant::now();
        let call: Call = serde_json::from_str(payload.get())
            .map_err(|e| named("Tuner.Setup", format!("this step is called by its state machine: {e}")))?;
        let (tuning_id, execution) = (call.tuning_id(), call.execution.clone());
        let step = format!("{self:?}").to_lowercase();
        let result = steps::run(self, world, &context, call).await;
        let ms = begun.elapsed().as_millis() as u64;
        match &result {
            Ok(_) => tracing::info!(%tuning_id, execution, step, ms, "the step ended"),
            Err(e) => {
                tracing::error!(%tuning_id, execution, step, ms, error = e.error_type, cause = e.error_message, "the step failed");
            }
        }
        result
    }
}
