use std::collections::BTreeMap;

use tuner_core::{FunctionName, MemorySize};

use crate::context::Event;
use crate::marker::{self, Carried, Marker, version_description};
use crate::ports::{ConfigurationChange, FunctionConfiguration, PortError, PortErrorKind, UpdateStatus, VersionInfo};
use crate::retry::{had_no_effect, retrying, retrying_if};
use crate::steps::ready::until_ready;
use crate::steps::restore::{Held, restore_configuration};
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
    let mut set_mb = None;
    let published = publish_all(ctx, state, &mut set_mb).await;
    // Whatever happened, and even if somebody asked to stop.
    let held = Held {
        original: &state.original.latest,
        set_mb,
    };
    let restored = restore_configuration(ctx, state.function(), Some(state.tuning_id), Some(held)).await;
    if let Ok(restored) = &restored {
        state.warnings.extend(restored.notes.iter().cloned());
    }
    // A call that was given up because somebody asked to stop fails with its own error.
    published.map_err(|e| {
        if ctx.cancel.is_cancelled() {
            TuningError::Interrupted
        } else {
            e
        }
    })?;
    restored?;
    ctx.tell(Event::Restored {
        memory_size_mb: state.original.latest.memory_size_mb,
    });
    await_versions(ctx, state).await
}

/// `set_mb` is the memory size that the function is known to have been given, in MB.
async fn publish_all(ctx: &Context, state: &mut TuningState, set_mb: &mut Option<u32>) -> Result<(), TuningError> {
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
        match publish_one(ctx, state, &current, size, set_mb).await {
            Ok((after, version)) => {
                current = after;
                let ours = marker::version_owner(&version.description) == Some(state.tuning_id);
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
    set_mb: &mut Option<u32>,
) -> Result<(FunctionConfiguration, VersionInfo), TuningError> {
    let function = state.function();
    let original = &state.original.latest;
    let marker = Marker {
        tuning_id: state.tuning_id,
        original_mb: original.memory_size_mb,
        set_mb: size.mb(),
    };
    let Some(Carried {
        description, variables, ..
    }) = marker.put_on(&original.description, original.variables.as_ref())
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
    *set_mb = Some(size.mb());
    let ready = until_ready(ctx, function).await?;
    if let UpdateStatus::Failed(reason) = &ready.update_status {
        return Err(TuningError::NotReady {
            function: function.to_string(),
            waited_s: 0,
            reason: format!("the change to {size} failed: {reason}"),
        });
    }
    // Between the update and this read somebody may have deployed; the version would be of their code.
    unchanged_but_for(original, &ready, &change)?;
    ctx.check()?;
    let label = version_description(state.tuning_id, size.mb());
    let version = publish_version(ctx, original, &change, &label, &ready).await?;
    if version.memory_size_mb != size.mb() {
        let what = format!(
            "version {} came out with {} MB instead of {size}",
            version.version, version.memory_size_mb
        );
        return Err(foreign(function, &what));
    }
    let after = until_ready(ctx, function).await?;
    unchanged_but_for(original, &after, &change)?;
    Ok((after, version))
}

/// How often a change is sent whose outcome was open, or whose revision was stale for no reason that can be seen.
const ATTEMPTS: u32 = 5;

/// One change, guarded by the revision. A failure that leaves open whether it took effect is resolved by reading: a blind
/// repetition would only meet its own new revision.
async fn update(
    ctx: &Context,
    function: &FunctionName,
    change: &ConfigurationChange,
    current: &FunctionConfiguration,
) -> Result<(), TuningError> {
    let mut revision_id = current.revision_id.clone();
    let mut attempt = 0;
    loop {
        let sent = retrying_if(ctx, had_no_effect, || {
            ctx.control.update(function, change, &revision_id)
        })
        .await;
        let error = match sent {
            Ok(_) => return Ok(()),
            Err(e) if is_open(e.kind) => e,
            Err(e) => return Err(e.into()),
        };
        let now = until_ready(ctx, function).await?;
        if now.memory_size_mb == change.memory_size_mb && now.description == change.description {
            return Ok(());
        }
        if now.memory_size_mb != current.memory_size_mb
            || now.description != current.description
            || others(current.variables.as_ref(), now.variables.as_ref())
            || !now.same_settings(current)
        {
            return Err(foreign(function, &error.message));
        }
        // Nothing but the revision differs: the call had no effect, or Lambda itself moved the revision on.
        revision_id = now.revision_id;
        again(ctx, &mut attempt, error).await?;
    }
}

/// Publishes what `ready` says, under `label`.
async fn publish_version(
    ctx: &Context,
    original: &FunctionConfiguration,
    change: &ConfigurationChange,
    label: &str,
    ready: &FunctionConfiguration,
) -> Result<VersionInfo, TuningError> {
    let function = &original.arn;
    let mut revision_id = ready.revision_id.clone();
    let mut attempt = 0;
    loop {
        let sent = retrying_if(ctx, had_no_effect, || {
            ctx.control.publish_version(function, label, &revision_id)
        })
        .await;
        let error = match sent {
            Ok(version) => return Ok(version),
            Err(e) if is_open(e.kind) => e,
            Err(e) => return Err(e.into()),
        };
        let versions = retrying(ctx, || ctx.control.versions(function)).await?;
        if let Some(version) = versions.into_iter().find(|v| v.description == label) {
            return Ok(version);
        }
        let now = until_ready(ctx, function).await?;
        unchanged_but_for(original, &now, change)?;
        revision_id = now.revision_id;
        again(ctx, &mut attempt, error).await?;
    }
}

const fn is_open(kind: PortErrorKind) -> bool {
    kind.is_ambiguous() || matches!(kind, PortErrorKind::Precondition)
}

/// Waits before a change is sent again, or gives up with `error`.
async fn again(ctx: &Context, attempt: &mut u32, error: PortError) -> Result<(), TuningError> {
    if *attempt + 1 >= ATTEMPTS {
        return Err(error.into());
    }
    ctx.unless_cancelled(ctx.clock.sleep(ctx.backoff.wait(*attempt, None)))
        .await?;
    *attempt += 1;
    Ok(())
}

fn unchanged_but_for(
    original: &FunctionConfiguration,
    now: &FunctionConfiguration,
    change: &ConfigurationChange,
) -> Result<(), TuningError> {
    let variables = change.variables.as_ref().or(original.variables.as_ref());
    let what = if now.code_sha256 != original.code_sha256 {
        "its code is another"
    } else if now.memory_size_mb != change.memory_size_mb || now.description != change.description {
        "its memory size or description is another"
    } else if others(variables, now.variables.as_ref()) {
        "its environment variables are others"
    } else if !now.same_settings(original) {
        "its settings are others"
    } else {
        return Ok(());
    };
    Err(foreign(&now.arn, what))
}

/// Whether variables are known to differ; some can't be read.
fn others(before: Option<&BTreeMap<String, String>>, now: Option<&BTreeMap<String, String>>) -> bool {
    matches!((before, now), (Some(before), Some(now)) if before != now)
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
