use std::str::FromStr;
use std::time::Instant;

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::{Value, value::RawValue};

use crate::call::Call;
use crate::failure::{Failed, named};
use crate::world::World;
use crate::{review, steps};

/// Which step this function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Of a tuning.
    Tuning(Step),
    /// Of a memory review.
    Review(ReviewStep),
}

/// The steps of a tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Initialize,
    Publish,
    Plan,
    Sample,
    Restore,
    Analyze,
    Apply,
    Report,
}

/// The steps of a memory review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReviewStep {
    List,
    Look,
    Rank,
    Tune,
    Report,
}

const ROLES: [(&str, Role); 13] = [
    ("initialize", Role::Tuning(Step::Initialize)),
    ("publish", Role::Tuning(Step::Publish)),
    ("plan", Role::Tuning(Step::Plan)),
    ("sample", Role::Tuning(Step::Sample)),
    ("restore", Role::Tuning(Step::Restore)),
    ("analyze", Role::Tuning(Step::Analyze)),
    ("apply", Role::Tuning(Step::Apply)),
    ("report", Role::Tuning(Step::Report)),
    ("review-list", Role::Review(ReviewStep::List)),
    ("review-look", Role::Review(ReviewStep::Look)),
    ("review-rank", Role::Review(ReviewStep::Rank)),
    ("review-tune", Role::Review(ReviewStep::Tune)),
    ("review-report", Role::Review(ReviewStep::Report)),
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
    /// As the handler is named.
    fn name(self) -> &'static str {
        ROLES
            .iter()
            .find(|(_, role)| *role == self)
            .map_or("", |(name, _)| name)
    }

    pub(crate) async fn handle(self, world: &World, event: LambdaEvent<Box<RawValue>>) -> Failed<Value> {
        let LambdaEvent { payload, context } = event;
        let begun = Instant::now();
        let call: Call = serde_json::from_str(payload.get())
            .map_err(|e| named("Tuner.Setup", format!("this step is called by its state machine: {e}")))?;
        let (id, execution) = (call.id(), call.execution.clone());
        let step = self.name();
        let result = match self {
            Self::Tuning(step) => steps::run(step, world, &context, call).await,
            Self::Review(step) => review::run(step, world, &context, call).await,
        };
        let ms = begun.elapsed().as_millis() as u64;
        match &result {
            Ok(_) => tracing::info!(%id, execution, step, ms, "the step ended"),
            Err(e) => {
                tracing::error!(%id, execution, step, ms, error = e.error_type, cause = e.error_message, "the step failed");
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_the_name_of_its_handler() {
        for (name, role) in ROLES {
            assert_eq!(name.parse::<Role>().unwrap(), role);
            assert_eq!(role.name(), name);
        }
        let error = "reviewlist".parse::<Role>().unwrap_err();
        assert!(error.error_message.contains("`reviewlist`") && error.error_message.contains("review-list"));
    }
}
