use tuner_core::{FunctionName, MemorySize};

use crate::context::Event;
use crate::marker::{Carried, Marker, version_description};
use crate::ports::{ConfigurationChange, FunctionConfiguration, PortError, PortErrorKind, VersionInfo};
use crate::retry::retrying_if;
use crate::steps::ready::until_ready;
use crate::steps::restore::restore_configuration;
use crate::{Context, PublishedSize, TuningError, TuningState};

/// Publishes a version at every size that has none yet, then puts the configuration back, on failure too: from then on
/// the function is as it was, since published versions are immutable.
///
/// A size that the account may not use is skipped with the reason.
///
/// # Errors
/// When nothing could be published, the function was changed by somebody else, or Lambda refuses. The configuration has
/// been put back as far as possible.
pub async fn publish(ctx: &Context, state: &mut TuningState) -> Result<(), TuningError> {
    let published = publish_all(ctx, state).await;
    // Whatever happened, and even if somebody asked to stop.
    let restored = restore_configuration(ctx, state.function(), Some(state.tuning_id)).await;
    published?;
    for note in restored?.notes {
        state.warnings.push(note);
    }
    ctx.tell(Event::Restored {
        memory_size_mb: state.original.latest.memory_size_mb,
    });
    await_versions(ctx, state).await
}

async fn publish_all(ctx: &Context, state: &mut TuningState) -> Result<(), TuningError> {
    let mut current = state.original.latest.clone();
    let mut first_refusal = None;
    let wanted: Vec<MemorySize> = state
        .progress
        .iter()
        .filter(|(size, p)| p.skipped.is_none() && !state.versions.contains_key(size))
        .map(|(&size, _)| size)
        .collect();
    for size in wanted {
        ctx.check()?;
        match publish_one(ctx, state, &current, size).await {
            Ok((after, version)) => {
                current = after;
                let ours = version.version > state.original.last_version;
                state.versions.insert(
                    size,
                    PublishedSize {
                        version: version.version,
                        ours,
                    },
                );
                ctx.tell(Event::Published {
                    size,
                    version: version.version,
                });
            }
            Err(TuningError::Port(e)) if e.kind == PortErrorKind::MemoryQuota => {
                let reason = format!(
                    "above what this account may use ({}); ask AWS for a higher quota",
                    e.message
                );
                first_refusal.get_or_insert((size, e.message));
                skip(ctx, state, size, reason);
            }
            Err(e) => return Err(e),
        }
    }
    match first_refusal {
        Some((size, reason)) if state.versions.is_empty() => Err(TuningError::NothingPublished { size, reason }),
        _ => Ok(()),
    }
}

async fn publish_one(
    ctx: &Context,
    state: &TuningState,
    current: &FunctionConfiguration,
    size: MemorySize,
) -> Result<(FunctionConfiguration, VersionInfo), TuningError> {
    let function = state.function();
    let original = &state.original.latest;
    let marker = Marker {
        tuning_id: state.tuning_id,
        original_mb: original.memory_size_mb,
        set_mb: size.mb(),
    };
    let Some(Carried { description, variables }) = marker.put_on(&original.description, original.variables.as_ref())
    else {
        return Err(TuningError::NoRoomForMarker {
            function: function.to_string(),
            description: original.description.chars().count(),
        });
    };
    let change = ConfigurationChange {
        memory_size_mb: size.mb(),
        description,
        variables,
    };
    update(ctx, function, &change, current).await?;
    let ready = until_ready(ctx, function).await?;
    // Between the update and this read somebody may have deployed; the version would be of their code.
    unchanged_but_for(original, &ready, &change)?;
    let label = version_description(state.tuning_id, size.mb());
    let version = publish_version(ctx, function, &label, &ready).await?;
    let after = until_ready(ctx, function).await?;
    unchanged_but_for(original, &after, &change)?;
    Ok((after, version))
}

/// One change, guarded by the revision. A failure that leaves open whether it took effect is resolved by reading: a blind
/// repetition would only meet its own new revision.
async fn update(
    ctx: &Context,
    function: &FunctionName,
    change: &ConfigurationChange,
    current: &FunctionConfiguration,
) -> Result<(), TuningError> {
    let mut revision_id = current.revision_id.clone();
    for _attempt in 0..5 {
        let sent = retrying_if(ctx, safe_to_repeat, || {
            ctx.control.update(function, change, &revision_id)
        })
        .await;
        match sent {
            Ok(_) => return Ok(()),
            Err(e) if e.kind.is_ambiguous() || e.kind == PortErrorKind::Precondition => {
                let now = until_ready(ctx, function).await?;
                if now.memory_size_mb == change.memory_size_mb && now.description == change.description {
                    return Ok(());
                }
                if now.memory_size_mb != current.memory_size_mb
                    || now.description != current.description
                    || !now.same_settings(current)
                {
                    return Err(foreign(function, &e.message));
                }
                // Nothing but the revision differs: the call had no effect, or Lambda itself moved the revision on.
                revision_id = now.revision_id;
            }
            Err(e) => return Err(e.into()),
        }
    }
    Err(foreign(function, "its revision keeps changing"))
}

async fn publish_version(
    ctx: &Context,
    function: &FunctionName,
    label: &str,
    ready: &FunctionConfiguration,
) -> Result<VersionInfo, TuningError> {
    let sent = retrying_if(ctx, safe_to_repeat, || {
        ctx.control.publish_version(function, label, &ready.revision_id)
    })
    .await;
    match sent {
        Ok(version) => Ok(version),
        Err(e) if e.kind.is_ambiguous() => match find_version(ctx, function, label).await? {
            Some(version) => Ok(version),
            None => {
                let now = until_ready(ctx, function).await?;
                Ok(ctx.control.publish_version(function, label, &now.revision_id).await?)
            }
        },
        Err(e) if e.kind == PortErrorKind::Precondition => Err(foreign(function, &e.message)),
        Err(e) => Err(e.into()),
    }
}

async fn find_version(ctx: &Context, function: &FunctionName, label: &str) -> Result<Option<VersionInfo>, PortError> {
    let versions = crate::retry::retrying(ctx, || ctx.control.versions(function)).await?;
    Ok(versions.into_iter().find(|v| v.description == label))
}

const fn safe_to_repeat(kind: PortErrorKind) -> bool {
    kind.is_transient() && !kind.is_ambiguous()
}

fn unchanged_but_for(
    original: &FunctionConfiguration,
    now: &FunctionConfiguration,
    change: &ConfigurationChange,
) -> Result<(), TuningError> {
    let what = if now.code_sha256 != original.code_sha256 {
        "its code is another"
    } else if now.memory_size_mb != change.memory_size_mb || now.description != change.description {
        "its memory size or description is another"
    } else if !now.same_settings(original) {
        "its settings are others"
    } else {
        return Ok(());
    };
    Err(foreign(&now.arn, what))
}

fn foreign(function: &FunctionName, what: &str) -> TuningError {
    TuningError::ForeignChange {
        function: function.to_string(),
        what: what.to_owned(),
    }
}

fn skip(ctx: &Context, state: &mut TuningState, size: MemorySize, reason: String) {
    ctx.tell(Event::Skipped { size, reason: &reason });
    if let Some(progress) = state.progress.get_mut(&size) {
        progress.skipped = Some(reason);
    }
}

/// Versions with SnapStart or in a VPC take minutes to become active, all at the same time.
async fn await_versions(ctx: &Context, state: &mut TuningState) -> Result<(), TuningError> {
    let waits = state.versions.iter().map(|(&size, published)| {
        let qualified = state.function().at(&published.version.to_string());
        async move { (size, ctx.unless_cancelled(until_ready(ctx, &qualified)).await) }
    });
    for (size, result) in futures::future::join_all(waits).await {
        match result? {
            Ok(_) => {}
            Err(TuningError::NotReady { reason, .. }) => {
                skip(ctx, state, size, format!("its version did not come up: {reason}"));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
