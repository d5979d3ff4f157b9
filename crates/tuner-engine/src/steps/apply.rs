use tuner_core::{FunctionName, Tuning, Verdict};

use crate::marker::Marker;
use crate::ports::{AliasPointer, ConfigurationChange, PortErrorKind};
use crate::retry::{had_no_effect, retrying, retrying_if};
use crate::steps::ready::until_ready;
use crate::{Apply, Context, TuningError, TuningState};

/// Gives the recommended memory size to the function, if that was asked for and there is one. Says what was done.
///
/// # Errors
/// When the function is not the one that was measured any more, an alias has weighted routing, or Lambda refuses. What
/// was measured is not touched by that.
pub async fn apply(ctx: &Context, state: &TuningState, tuning: &Tuning) -> Result<Option<String>, TuningError> {
    let Some(memory_size_mb) = tuning.decision.memory_size_mb else {
        return Ok(None);
    };
    if matches!(tuning.decision.verdict, Verdict::ConstraintNotMet | Verdict::CannotTell) {
        return Ok(None);
    }
    if state.request.apply != Apply::No {
        ctx.check()?;
    }
    // Once begun it is brought to its end, so that what is said is what is there.
    let ctx = &ctx.unstoppable();
    match &state.request.apply {
        Apply::No => Ok(None),
        Apply::Latest => apply_to_latest(ctx, state, memory_size_mb).await.map(Some),
        Apply::Alias(alias) => apply_to_alias(ctx, state, memory_size_mb, alias).await.map(Some),
    }
}

async fn apply_to_latest(ctx: &Context, state: &TuningState, memory_size_mb: u32) -> Result<String, TuningError> {
    let function = state.function();
    let now = until_ready(ctx, function).await?;
    if !now.same_settings(&state.original.latest) {
        return Err(cannot(
            "the function was changed since it was measured; run the tuning again",
        ));
    }
    if Marker::read(&now.description, now.variables.as_ref()).is_some() {
        return Err(cannot(&format!(
            "the function carries the mark of a tuning; run `tuner restore --function {function}` first"
        )));
    }
    if now.memory_size_mb == memory_size_mb {
        return Ok(format!("$LATEST has {memory_size_mb} MB already"));
    }
    let change = ConfigurationChange {
        memory_size_mb,
        description: now.description.clone(),
        variables: None,
    };
    let sent = retrying_if(ctx, had_no_effect, || {
        ctx.control.update(function, &change, &now.revision_id)
    })
    .await;
    let moved = format!("$LATEST moved from {} to {memory_size_mb} MB", now.memory_size_mb);
    let outcome = match sent {
        Ok(_) => moved.as_str(),
        // Whether it had its effect shows in what is read next.
        Err(e) if e.kind.is_ambiguous() => "$LATEST may have moved",
        Err(e) if e.kind == PortErrorKind::Precondition => {
            return Err(cannot(
                "the function was changed by somebody else at this moment; run the tuning again",
            ));
        }
        Err(e) => return Err(e.into()),
    };
    let after = until_ready(ctx, function)
        .await
        .map_err(|e| cannot(&format!("{outcome}, but it could not be read afterwards: {e}")))?;
    if after.memory_size_mb != memory_size_mb {
        return Err(cannot(&format!("$LATEST has {} MB instead", after.memory_size_mb)));
    }
    Ok(moved)
}

async fn apply_to_alias(
    ctx: &Context,
    state: &TuningState,
    memory_size_mb: u32,
    alias: &str,
) -> Result<String, TuningError> {
    let function: &FunctionName = state.function();
    let pointer = retrying(ctx, || ctx.control.alias(function, alias)).await?;
    if pointer.as_ref().is_some_and(|p| p.weighted) {
        return Err(cannot(&format!(
            "alias {alias} sends part of its traffic to another version; remove its weighted routing first"
        )));
    }
    let latest = apply_to_latest(ctx, state, memory_size_mb).await?;
    match point(ctx, state, memory_size_mb, alias, pointer).await {
        Ok(version) => Ok(format!("{latest}; alias {alias} points to version {version}")),
        // Half of it is done, and must be said.
        Err(e) => Err(cannot(&format!(
            "{latest}, but alias {alias} was not pointed to it: {e}"
        ))),
    }
}

/// Publishes `$LATEST` and points the alias to it. Returns the version.
async fn point(
    ctx: &Context,
    state: &TuningState,
    memory_size_mb: u32,
    alias: &str,
    pointer: Option<AliasPointer>,
) -> Result<u64, TuningError> {
    let function = state.function();
    let ready = until_ready(ctx, function).await?;
    if ready.memory_size_mb != memory_size_mb || !ready.same_settings(&state.original.latest) {
        return Err(cannot("the function was changed by somebody else at this moment"));
    }
    let version = retrying_if(ctx, had_no_effect, || {
        ctx.control.publish_version(function, "", &ready.revision_id)
    })
    .await?
    .version;
    until_ready(ctx, &function.at(&version.to_string())).await?;
    match &pointer {
        Some(pointer) => {
            retrying_if(ctx, had_no_effect, || {
                ctx.control.update_alias(function, alias, version, &pointer.revision_id)
            })
            .await?;
        }
        None => {
            retrying_if(ctx, had_no_effect, || {
                ctx.control.create_alias(function, alias, version)
            })
            .await?
        }
    }
    Ok(version)
}

fn cannot(reason: &str) -> TuningError {
    TuningError::CannotApply {
        reason: reason.to_owned(),
    }
}
