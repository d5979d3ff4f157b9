use std::time::Instant;

use lambda_runtime::{Context as LambdaContext, Diagnostic, LambdaEvent};
use serde_json::{Value, value::RawValue};

use crate::call::Call;
use crate::failure::{self, Failed};
use crate::world::World;
use crate::{review, steps};

/// The steps of one program, of which each Lambda function is one.
pub(crate) trait Role: Copy + PartialEq + Send + Sync + 'static {
    /// As the handlers are named.
    const ALL: &'static [(&'static str, Self)];

    async fn run(self, world: &World, lambda: &LambdaContext, call: Call) -> Failed<Value>;
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

impl Role for Step {
    const ALL: &'static [(&'static str, Self)] = &[
        ("initialize", Self::Initialize),
        ("publish", Self::Publish),
        ("plan", Self::Plan),
        ("sample", Self::Sample),
        ("restore", Self::Restore),
        ("analyze", Self::Analyze),
        ("apply", Self::Apply),
        ("report", Self::Report),
    ];

    async fn run(self, world: &World, lambda: &LambdaContext, call: Call) -> Failed<Value> {
        Box::pin(steps::run(self, world, lambda, call)).await
    }
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

impl Role for ReviewStep {
    const ALL: &'static [(&'static str, Self)] = &[
        ("review-list", Self::List),
        ("review-look", Self::Look),
        ("review-rank", Self::Rank),
        ("review-tune", Self::Tune),
        ("review-report", Self::Report),
    ];

    async fn run(self, world: &World, lambda: &LambdaContext, call: Call) -> Failed<Value> {
        Box::pin(review::run(self, world, lambda, call)).await
    }
}

/// The step that a handler names.
pub(crate) fn named<R: Role>(handler: &str) -> Result<R, Diagnostic> {
    let known = R::ALL.iter().find(|(name, _)| *name == handler);
    known.map(|&(_, role)| role).ok_or_else(|| {
        let names: Vec<_> = R::ALL.iter().map(|(name, _)| *name).collect();
        failure::named(
            "Tuner.Setup",
            format!(
                "there is no step `{handler}` in this deployment package; set the handler to one of {}, or take the other \
                 package for it",
                names.join(", ")
            ),
        )
    })
}

pub(crate) async fn handle<R: Role>(role: R, world: &World, event: LambdaEvent<Box<RawValue>>) -> Failed<Value> {
    let LambdaEvent { payload, context } = event;
    let begun = Instant::now();
    let call: Call = serde_json::from_str(payload.get())
        .map_err(|e| failure::named("Tuner.Setup", format!("this step is called by its state machine: {e}")))?;
    let (id, execution) = (call.id(), call.execution.clone());
    let step = R::ALL.iter().find(|(_, one)| *one == role).map_or("", |(name, _)| name);
    let result = role.run(world, &context, call).await;
    let ms = begun.elapsed().as_millis() as u64;
    match &result {
        Ok(_) => tracing::info!(%id, execution, step, ms, "the step ended"),
        Err(e) => {
            tracing::error!(%id, execution, step, ms, error = e.error_type, cause = e.error_message, "the step failed");
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_names_a_step_of_its_own_package() {
        for &(name, step) in Step::ALL {
            assert_eq!(named::<Step>(name).unwrap(), step);
        }
        for &(name, step) in ReviewStep::ALL {
            assert_eq!(named::<ReviewStep>(name).unwrap(), step);
        }
        let error = named::<Step>("review-list").unwrap_err().error_message;
        assert!(
            error.contains("`review-list`") && error.contains("initialize, publish"),
            "{error}"
        );
        assert!(error.contains("the other package"), "{error}");
    }
}
