use crate::ports::{FunctionConfiguration, PortErrorKind};
use crate::retry::retrying_if;
use crate::{Context, TuningError, TuningRequest};

/// A function as it is at this moment.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The version or alias that was asked for.
    pub asked: FunctionConfiguration,
    /// `$LATEST`.
    pub latest: FunctionConfiguration,
}

/// Reads the function that is asked for. Changes nothing, and does not wait for a change that is under way.
///
/// # Errors
/// When it can't be read.
pub async fn look(ctx: &Context, request: &TuningRequest) -> Result<Seen, TuningError> {
    // Somebody waits for the answer: where nothing listens, they are told at once.
    let worth_it = |kind: PortErrorKind| kind.is_transient() && kind != PortErrorKind::Unreachable;
    let asked = retrying_if(ctx, worth_it, || ctx.control.configuration(&request.function)).await?;
    let latest = match asked.version.as_str() {
        "$LATEST" => asked.clone(),
        _ => {
            let function = request.function.unqualified();
            retrying_if(ctx, worth_it, || ctx.control.configuration(&function)).await?
        }
    };
    Ok(Seen { asked, latest })
}
