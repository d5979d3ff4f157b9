use tuner_core::{FunctionName, Remedy, Tuning, Verdict};

use crate::marker::{self, Marker};
use crate::ports::{AliasPointer, ConfigurationChange, FunctionConfiguration, PortErrorKind, UpdateStatus};
use crate::retry::retrying;
use crate::steps::alias::{NotMoved, aim, move_alias};
use crate::steps::publish::{publish_version, update};
use crate::steps::ready::until_ready;
use crate::steps::restore::delete;
use crate::{Apply, Context, TuningError, TuningState};

/// Gives the recommended memory size to the function, if that was asked for and there is one. Says what was done. It may be
/// called again after it was cut off: a version that it had published is taken over.
///
/// # Errors
/// When the function is not the one that was measured any more, an alias has weighted routing or runs something else than
/// `$LATEST`, or Lambda refuses. What was measured is not touched by that.
pub async fn apply(ctx: &Context, state: &TuningState, tuning: &Tuning) -> Result<Option<String>, TuningError> {
    let Some(memory_size_mb) = tuning.decision.memory_size_mb else {
        return Ok(None);
    };
    if matches!(tuning.decision.verdict, Verdict::ConstraintNotMet | Verdict::CannotTell) {
        return Ok(None);
    }
    if state.request.options.apply != Apply::No {
        ctx.check()?;
        // The decision keeps to it too; whatever it came from, nothing below it goes into production unasked.
        if state.floor.forbids(memory_size_mb) {
            let floor_mb = state.floor.memory_size_mb.unwrap_or_default();
            return Err(TuningError::CannotApply {
                reason: format!("{memory_size_mb} MB is {}", state.floor.reason()),
                remedy: Some(Box::new(Remedy::StayAboveFloor { floor_mb })),
            });
        }
    }
    // Once begun it is brought to its end, so that what is said is what is there.
    let ctx = &ctx.unstoppable();
    match &state.request.options.apply {
        Apply::No => Ok(None),
        Apply::Latest => {
            let now = unchanged(ctx, state).await?;
            let (done, _) = apply_to_latest(ctx, state, memory_size_mb, now).await?;
            Ok(Some(done))
        }
        Apply::Alias { name, from_latest } => apply_to_alias(ctx, state, memory_size_mb, name, *from_latest)
            .await
            .map(Some),
    }
}

/// The function, which must be the one that was measured.
async fn unchanged(ctx: &Context, state: &TuningState) -> Result<FunctionConfiguration, TuningError> {
    let function = state.function();
    let now = until_ready(ctx, function).await?;
    if !now.same_settings(&state.original.latest) {
        return Err(cannot(
            "the function was changed since it was measured; run the tuning again",
        ));
    }
    if Marker::read(&now.description, now.variables.as_ref()).is_some() {
        return Err(TuningError::CannotApply {
            reason: "the function carries the mark of a tuning".to_owned(),
            remedy: Some(Box::new(Remedy::WaitOrRestore {
                function: function.clone(),
            })),
        });
    }
    Ok(now)
}

/// Gives `$LATEST` the size. Says what was done, and hands back `$LATEST` as it is then.
async fn apply_to_latest(
    ctx: &Context,
    state: &TuningState,
    memory_size_mb: u32,
    now: FunctionConfiguration,
) -> Result<(String, FunctionConfiguration), TuningError> {
    let function = state.function();
    if now.memory_size_mb == memory_size_mb {
        return Ok((format!("$LATEST has {memory_size_mb} MB already"), now));
    }
    let change = ConfigurationChange {
        memory_size_mb,
        description: now.description.clone(),
        variables: None,
    };
    let sent = update(ctx, function, &change, &now).await;
    let after = match (until_ready(ctx, function).await, &sent) {
        (Ok(after), _) => after,
        (Err(unread), Ok(())) => {
            return Err(cannot(&format!(
                "$LATEST was given {memory_size_mb} MB, but could not be read afterwards: {unread}"
            )));
        }
        (Err(unread), Err(failed)) => {
            return Err(cannot(&format!(
                "$LATEST may have moved from {} to {memory_size_mb} MB: {failed}, and it could not be read afterwards: {unread}",
                now.memory_size_mb
            )));
        }
    };
    let is = format!("$LATEST has {} MB", after.memory_size_mb);
    match sent {
        Err(TuningError::ForeignChange { .. }) => Err(cannot(&format!(
            "the function was changed by somebody else at this moment; {is}; run the tuning again"
        ))),
        Err(e) if after.memory_size_mb != memory_size_mb => Err(cannot(&format!("{is}: {e}"))),
        _ if after.memory_size_mb != memory_size_mb => Err(cannot(&format!("{is} instead"))),
        _ => match &after.update_status {
            UpdateStatus::Failed(reason) => Err(cannot(&format!("{is}, but the change ended as failed: {reason}"))),
            _ => Ok((
                format!("$LATEST moved from {} to {memory_size_mb} MB", now.memory_size_mb),
                after,
            )),
        },
    }
}

async fn apply_to_alias(
    ctx: &Context,
    state: &TuningState,
    memory_size_mb: u32,
    alias: &str,
    from_latest: bool,
) -> Result<String, TuningError> {
    let now = unchanged(ctx, state).await?;
    let aimed = aim(ctx, &now, alias, from_latest).await.map_err(|e| match e {
        TuningError::Port(_) => e,
        e => cannot(&e.to_string()),
    })?;
    let (done, latest) = apply_to_latest(ctx, state, memory_size_mb, now).await?;
    let pointer = match aimed {
        Some(aimed) if aimed.version.memory_size_mb == memory_size_mb && is_number(&aimed.pointer.version) => {
            if crate::differences(&latest, &aimed.version).is_empty() {
                return Ok(format!(
                    "{done}; alias {alias} points to version {} already, which has {memory_size_mb} MB",
                    aimed.pointer.version
                ));
            }
            Some(aimed.pointer)
        }
        aimed => aimed.map(|aimed| aimed.pointer),
    };
    // Half of it is done, and must be said.
    let half = |Undone { why, remedy }| TuningError::CannotApply {
        reason: format!("{done}, but {why}"),
        remedy: remedy.map(Box::new),
    };
    let published = published(ctx, state, memory_size_mb, &latest)
        .await
        .map_err(|undone| half(undone.after(&format!("alias {alias} was not pointed to it: "))))?;
    match move_there(ctx, state.function(), alias, &published, pointer).await {
        Ok(()) => Ok(format!("{done}; alias {alias} points to version {}", published.version)),
        Err(undone) => Err(half(undone)),
    }
}

fn is_number(version: &str) -> bool {
    version.parse::<u64>().is_ok()
}

/// Why the second half was not done, and what to do about what it left.
struct Undone {
    why: String,
    remedy: Option<Remedy>,
}

impl Undone {
    fn after(self, before: &str) -> Self {
        Self {
            why: format!("{before}{}", self.why),
            ..self
        }
    }
}

impl From<String> for Undone {
    fn from(why: String) -> Self {
        Self { why, remedy: None }
    }
}

/// The version that the alias is to point to.
struct Published {
    version: u64,
    /// The tuning that made it, if Lambda did not answer with one that was there before.
    made_by: Option<uuid::Uuid>,
}

/// Publishes `$LATEST`, under a description that names this tuning, and waits until that can be used.
async fn published(
    ctx: &Context,
    state: &TuningState,
    memory_size_mb: u32,
    latest: &FunctionConfiguration,
) -> Result<Published, Undone> {
    let function = state.function();
    let ours = |description: &str| marker::applied_by(description) == Some(state.tuning_id);
    // An attempt that was cut off may have published it.
    let versions = retrying(ctx, || ctx.control.versions(function))
        .await
        .map_err(|e| Undone::from(e.to_string()))?;
    let known = versions
        .iter()
        .rev()
        .find(|v| ours(&v.description) && v.memory_size_mb == memory_size_mb);
    let version = match known {
        Some(known) => known.version,
        None => {
            let label = marker::applied_description(state.tuning_id, memory_size_mb, &latest.description);
            let as_is = ConfigurationChange {
                memory_size_mb,
                description: latest.description.clone(),
                variables: None,
            };
            let published = publish_version(ctx, latest, &as_is, &label, latest).await;
            published.map_err(|e| unpublished(state, &e))?.version
        }
    };
    let made = until_ready(ctx, &function.at(&version.to_string())).await;
    let wrong = match made {
        Ok(made) if made.memory_size_mb == memory_size_mb && made.same_settings(latest) => {
            return Ok(Published {
                version,
                made_by: ours(&made.description).then_some(state.tuning_id),
            });
        }
        Ok(made) => format!("version {version} came out otherwise, with {} MB", made.memory_size_mb),
        Err(e) => format!("version {version} can't be used: {e}"),
    };
    let of_ours = Published {
        version,
        made_by: Some(state.tuning_id),
    };
    Err(removed(ctx, function, &of_ours).await.after(&wrong))
}

/// Why there is no version, or none that is known of.
fn unpublished(state: &TuningState, error: &TuningError) -> Undone {
    match error {
        // Where the answer was lost it may be there; what was called next could not find it.
        TuningError::Port(e) if e.operation != "PublishVersion" || e.kind.is_ambiguous() => Undone {
            why: format!("{error}; a version may have been published for it all the same"),
            remedy: Some(delete_applied(state.function(), state.tuning_id)),
        },
        _ => error.to_string().into(),
    }
}

fn delete_applied(function: &FunctionName, tuning_id: uuid::Uuid) -> Remedy {
    Remedy::DeleteApplied {
        function: function.clone(),
        tuning_id,
    }
}

/// Points the alias to what was published. A version that was published for nothing goes again, or is named.
async fn move_there(
    ctx: &Context,
    function: &FunctionName,
    alias: &str,
    published: &Published,
    pointer: Option<AliasPointer>,
) -> Result<(), Undone> {
    let version = published.version;
    match move_alias(ctx, function, alias, version, pointer).await {
        Ok(()) => Ok(()),
        Err(NotMoved::Elsewhere(why)) => Err(removed(ctx, function, published)
            .await
            .after(&format!("alias {alias} was not pointed to it: {why}"))),
        Err(NotMoved::Unknown(why)) => Err(format!(
            "alias {alias} may have been pointed to version {version}: it could not be read afterwards ({why})"
        )
        .into()),
    }
}

/// Deletes a version that nothing points to if it is ours, and says so. Lambda refuses where an alias points to it.
async fn removed(ctx: &Context, function: &FunctionName, published: &Published) -> Undone {
    let version = published.version;
    let Some(tuning_id) = published.made_by else {
        return String::new().into();
    };
    match delete(ctx, function, version).await {
        Ok(_) => format!("; version {version}, published for it, was deleted again").into(),
        Err(e) if e.kind == PortErrorKind::InUse => format!(
            "; version {version}, published for it, is kept, since something refers to it ({})",
            e.message
        )
        .into(),
        Err(e) => Undone {
            why: format!("; version {version}, published for it, is left ({e})"),
            remedy: Some(delete_applied(function, tuning_id)),
        },
    }
}

fn cannot(reason: &str) -> TuningError {
    TuningError::CannotApply {
        reason: reason.to_owned(),
        remedy: None,
    }
}
