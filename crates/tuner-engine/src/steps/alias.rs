//! The alias that a recommendation is to be applied to.

use tuner_core::FunctionName;

use crate::difference::differences;
use crate::ports::{AliasPointer, FunctionConfiguration, PortError, PortErrorKind};
use crate::retry::{had_no_effect, retrying, retrying_if};
use crate::{Apply, Context, TuningError, TuningRequest};

/// An alias that is there.
pub(super) struct Aimed {
    pub(super) pointer: AliasPointer,
    /// What it points to.
    pub(super) version: FunctionConfiguration,
}

/// Whether applying to the alias that is asked for, if one is, would change its memory size and nothing else. An alias that is
/// not there yet is fine: nothing is in production under its name.
///
/// # Errors
/// When `latest` differs from what the alias points to and that is not said to be meant, when part of the alias's traffic goes
/// elsewhere, or when Lambda refuses.
pub async fn check_alias(
    ctx: &Context,
    request: &TuningRequest,
    latest: &FunctionConfiguration,
) -> Result<(), TuningError> {
    match &request.options.apply {
        Apply::No | Apply::Latest => Ok(()),
        Apply::Alias { name, from_latest } => aim(ctx, latest, name, *from_latest).await.map(drop),
    }
}

/// Reads the alias and what it points to; `None` if there is no such alias.
///
/// # Errors
/// As [`check_alias`].
pub(super) async fn aim(
    ctx: &Context,
    latest: &FunctionConfiguration,
    alias: &str,
    from_latest: bool,
) -> Result<Option<Aimed>, TuningError> {
    let function = &latest.arn;
    let Some(pointer) = retrying(ctx, || ctx.control.alias(function, alias)).await? else {
        return Ok(None);
    };
    if pointer.weighted {
        return Err(TuningError::AliasWeighted {
            alias: alias.to_owned(),
        });
    }
    let version = match pointer.version.as_str() {
        "$LATEST" => latest.clone(),
        number => {
            let version = function.at(number);
            retrying(ctx, || ctx.control.configuration(&version)).await?
        }
    };
    let differences = differences(latest, &version);
    if !from_latest && !differences.is_empty() {
        return Err(TuningError::AliasDiffers {
            alias: alias.to_owned(),
            version: pointer.version,
            differences,
        });
    }
    Ok(Some(Aimed { pointer, version }))
}

/// An alias that was not moved.
pub(super) enum NotMoved {
    /// It certainly points elsewhere.
    Elsewhere(String),
    /// It may have been moved: it can't be read.
    Unknown(PortError),
}

/// How often a change is sent whose outcome was open.
const ATTEMPTS: u32 = 5;

/// Points the alias to `version`, or creates it where there was none. A failure that leaves open whether it took effect is
/// resolved by reading.
pub(super) async fn move_alias(
    ctx: &Context,
    function: &FunctionName,
    alias: &str,
    version: u64,
    before: Option<AliasPointer>,
) -> Result<(), NotMoved> {
    let mut pointer = before;
    let mut attempt = 0;
    loop {
        let sent = match &pointer {
            Some(pointer) => {
                retrying_if(ctx, had_no_effect, || {
                    ctx.control.update_alias(function, alias, version, &pointer.revision_id)
                })
                .await
            }
            // A conflict means that it is there already: by an attempt of ours, or of somebody else.
            None => {
                let worth_it = |kind| had_no_effect(kind) && kind != PortErrorKind::Conflict;
                retrying_if(ctx, worth_it, || ctx.control.create_alias(function, alias, version)).await
            }
        };
        let Err(error) = sent else {
            return Ok(());
        };
        let is_open =
            error.kind.is_ambiguous() || matches!(error.kind, PortErrorKind::Precondition | PortErrorKind::Conflict);
        if !is_open {
            return Err(NotMoved::Elsewhere(error.to_string()));
        }
        let now = retrying(ctx, || ctx.control.alias(function, alias))
            .await
            .map_err(NotMoved::Unknown)?;
        if is_at(now.as_ref(), version) {
            return Ok(());
        }
        if target(now.as_ref()) != target(pointer.as_ref()) {
            return Err(NotMoved::Elsewhere(match &now {
                Some(now) => format!("somebody else pointed it to version {} at this moment", now.version),
                None => "somebody else deleted it at this moment".to_owned(),
            }));
        }
        attempt += 1;
        if attempt >= ATTEMPTS {
            // The last attempt had no effect that shows by now.
            return Err(NotMoved::Elsewhere(error.to_string()));
        }
        // Nothing but the revision differs.
        pointer = now;
        ctx.clock.sleep(ctx.backoff.wait(attempt, None)).await;
    }
}

fn is_at(pointer: Option<&AliasPointer>, version: u64) -> bool {
    pointer.is_some_and(|p| !p.weighted && p.version == version.to_string())
}

fn target(pointer: Option<&AliasPointer>) -> Option<(&str, bool)> {
    pointer.map(|p| (p.version.as_str(), p.weighted))
}
