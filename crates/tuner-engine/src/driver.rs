//! The steps in a loop, in one process.

use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{Payloads, Remedy, Tuning};
use uuid::Uuid;

use crate::steps::{self, Leftovers, Next, Restored};
use crate::{Context, Prices, TuningError, TuningRequest, TuningState};

/// What a tuning is measured with and judged by.
pub struct Setting<'a> {
    /// Prices.
    pub prices: Prices<'a>,
    /// Where it is measured.
    pub environment: MeasuringEnvironment,
}

/// A tuning that ended without a result.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// Why.
    #[source]
    pub error: TuningError,
    /// What could not be put back. Empty means that the function is as it was.
    pub leftovers: Leftovers,
    /// What to do about what is left, each once; the error has its own.
    pub remedies: Vec<Remedy>,
    /// What the reader should know of the function, such as a change that somebody else made.
    pub notes: Vec<String>,
    /// Whether a tuning was begun, so that the function may have been changed.
    pub touched: bool,
}

/// A tuning with a result.
#[derive(Debug)]
pub struct Ended {
    /// The document.
    pub tuning: Tuning,
    /// Why the recommendation was not applied, if it was to be; among the document's leftovers in words.
    pub not_applied: Option<TuningError>,
}

/// Runs a tuning from request to document. However it ends, the function is put back first.
///
/// # Errors
/// When there is no result; see [`Failure::leftovers`] for what is left of it.
pub async fn run(
    ctx: &Context,
    request: &TuningRequest,
    payloads: &Payloads,
    setting: Setting<'_>,
) -> Result<Ended, Failure> {
    let untouched = |error| Failure {
        error,
        leftovers: Vec::new(),
        remedies: Vec::new(),
        notes: Vec::new(),
        touched: false,
    };
    let Setting { prices, environment } = setting;
    let before = ctx.control.calls();
    let mut state = steps::initialize(ctx, request, payloads, prices, Uuid::now_v7())
        .await
        .map_err(untouched)?;
    let begun_with = state.warnings.len();
    let measured = measure(ctx, &mut state, payloads).await;
    let restored = steps::restore(ctx, &state).await;
    let failed = |error, restored: Restored| Failure {
        error,
        leftovers: restored.leftovers,
        remedies: restored.remedies,
        notes: restored.notes,
        touched: true,
    };
    if let Err(error) = measured {
        // What was noticed while publishing is among the warnings.
        let known = state.warnings.split_off(begun_with);
        let notes = known.into_iter().chain(restored.notes).collect();
        return Err(failed(error, Restored { notes, ..restored }));
    }
    if restored.is_gone {
        let function = Box::new(state.function().clone());
        return Err(failed(TuningError::Deleted { function }, restored));
    }
    let leftovers = restored.clone();
    state.control_calls += ctx.control.calls() - before;
    let mut tuning = steps::analyze(ctx, &state, prices, environment, restored)
        .await
        .map_err(|error| failed(error, leftovers))?;
    // The measurements were paid for and stand on their own.
    let not_applied = match steps::apply(ctx, &state, &tuning).await {
        Ok(applied) => {
            tuning.applied = applied;
            None
        }
        Err(error) => {
            tuning.leftovers.push(match &error {
                TuningError::CannotApply { .. } => error.to_string(),
                _ => format!("the recommendation was not applied: {error}"),
            });
            Remedy::add(&mut tuning.remedies, error.remedy());
            Some(error)
        }
    };
    tuning.exploration.control_calls = ctx.control.calls() - before;
    Ok(Ended { tuning, not_applied })
}

async fn measure(ctx: &Context, state: &mut TuningState, payloads: &Payloads) -> Result<(), TuningError> {
    loop {
        match steps::measure(ctx, state, payloads).await? {
            Next::Publish => steps::publish(ctx, state).await?,
            Next::Sample(_) => {}
            Next::Restore => return Ok(()),
        }
    }
}
