use std::collections::BTreeMap;
use std::time::Duration;

use tuner_core::pricing::SNAPSTART_MINIMUM_CACHE_S;
use tuner_core::{FunctionName, MemorySize};

use crate::context::Event;
use crate::marker::{self, Carried, Marker, version_description};
use crate::ports::{ConfigurationChange, FunctionConfiguration, PortError, PortErrorKind, UpdateStatus, VersionInfo};
use crate::retry::{had_no_effect, retrying, retrying_if};
use crate::steps::plan::{elapsed_ms, versions_missing};
use crate::steps::ready::until_ready;
use crate::steps::restore::{Held, restore_configuration};
use crate::{Context, TuningError, TuningState};

/// Publishes the versions that are missing, then puts the configuration back, on failure too: from then on the function is
/// as it was, since published versions are immutable.
///
/// A size that the account may not use is skipped with the reason. Past [`Context::hand_back_at`] it ends with what it has;
/// the next plan says what is still missing. It may be called again after it was cut off: versions that it had published
/// are taken over.
///
/// # Errors
/// When nothing could be published, the function was changed by somebody else, or Lambda refuses. The configuration has
/// been put back as far as possible.
pub async fn publish(ctx: &Context, state: &mut TuningState) -> Result<(), TuningError> {
    ctx.check()?;
    let (current, mut pending) = take_up(ctx, state).await?;
    let mut set_mb = None;
    let published = publish_all(ctx, state, current, &mut set_mb).await;
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
    pending.extend(published.map_err(|e| {
        if ctx.cancel.is_cancelled() {
            TuningError::Interrupted
        } else {
            e
        }
    })?);
    restored?;
    ctx.tell(Event::Restored {
        memory_size_mb: state.original.latest.memory_size_mb,
    });
    await_versions(ctx, state, pending).await
}

/// Reads the function as it is now, with its variables, which `state` does not hold: it must still be as it was. What an
/// attempt that was cut off has left is put back, and the versions it published are taken over; those that may not be active
/// yet are returned.
async fn take_up(
    ctx: &Context,
    state: &mut TuningState,
) -> Result<(FunctionConfiguration, Vec<(MemorySize, u64)>), TuningError> {
    let function = state.function().clone();
    let mut now = until_ready(ctx, &function).await?;
    let mark =
        |now: &FunctionConfiguration| Marker::read(&now.description, now.variables.as_ref()).map(|(mark, _)| mark);
    let left_by = mark(&now).map(|mark| mark.tuning_id);
    if let Some(tuning_id) = left_by.filter(|id| *id == state.tuning_id || state.broken_off.contains(id)) {
        let held = Held {
            original: &state.original.latest,
            set_mb: None,
        };
        let restored = restore_configuration(ctx, &function, Some(tuning_id), Some(held)).await?;
        state.warnings.extend(restored.notes);
        now = until_ready(ctx, &function).await?;
    }
    if let Some(mark) = mark(&now) {
        return Err(TuningError::marked(&function, &mark));
    }
    let original = &state.original.latest;
    let as_before = ConfigurationChange {
        memory_size_mb: original.memory_size_mb,
        description: original.description.clone(),
        variables: None,
    };
    unchanged_but_for(original, &now, &as_before)?;
    state.original.latest.variables = now.variables.clone();
    let mut pending = Vec::new();
    let versions = retrying(ctx, || ctx.control.versions(&function)).await?;
    for version in versions.iter().filter(|v| v.version > state.original.last_version) {
        if marker::version_owner(&version.description) == Some(state.tuning_id)
            && let Ok(size) = MemorySize::new(version.memory_size_mb)
        {
            let known = state.versions.entry(size).or_default();
            if !known.contains(&version.version) {
                known.push(version.version);
                if !version.active {
                    pending.push((size, version.version));
                }
            }
        }
    }
    Ok((now, pending))
}

/// How many versions are missing at which sizes: those of the next batches, then those of sizes that will probably follow.
fn to_publish(ctx: &Context, state: &TuningState) -> Vec<(MemorySize, u32)> {
    let planner = state.planner(elapsed_ms(ctx, state));
    let batches = planner.next(&state.progress);
    let next: Vec<(MemorySize, u32)> = batches
        .iter()
        .map(|batch| (batch.memory_size, versions_missing(state, batch)))
        .collect();
    let later = planner
        .soon(&state.progress)
        .into_iter()
        // A version that costs something is made when it is needed.
        .filter(|size| state.rate.publishing(size.mb()) == Some(0.0))
        .filter(|size| next.iter().all(|(known, _)| known != size) && state.usable_versions(*size).is_empty())
        .filter(|size| state.progress.get(size).is_none_or(|p| p.skipped.is_none()))
        .map(|size| (size, 1));
    next.iter().copied().chain(later).collect()
}

/// `set_mb` is the memory size that the function is known to have been given, in MB. Returns the versions that are not
/// active yet.
async fn publish_all(
    ctx: &Context,
    state: &mut TuningState,
    mut current: FunctionConfiguration,
    set_mb: &mut Option<u32>,
) -> Result<Vec<(MemorySize, u64)>, TuningError> {
    let mut first_refusal = None;
    let mut pending = Vec::new();
    // Whether publishing moves the function's own revision on, once that is known.
    let mut revision_moves = None;
    'sizes: for (size, missing) in to_publish(ctx, state) {
        for _ in 0..missing {
            ctx.check()?;
            if let Some(reason) = beyond_budget(state, size) {
                skip(ctx, state, size, reason);
                continue 'sizes;
            }
            // At least one each time, or a driver with too little time would go round for ever.
            if set_mb.is_some() && ctx.is_too_long(ROOM) {
                break 'sizes;
            }
            let ready = match prepare(ctx, state, &current, size, set_mb).await {
                Err(TuningError::Port(e)) if e.kind == PortErrorKind::MemoryQuota => {
                    let reason = format!(
                        "above what this account may use ({}); ask AWS for a higher quota",
                        e.message
                    );
                    first_refusal.get_or_insert((size, e.message));
                    skip(ctx, state, size, reason);
                    continue 'sizes;
                }
                ready => ready?,
            };
            let version = publish_one(ctx, state, &ready, size).await?;
            let known = state.versions.entry(size).or_default();
            if known.contains(&version.version) {
                let reason = format!("Lambda answered with version {} again", version.version);
                return Err(TuningError::NothingPublished { size, reason });
            }
            known.push(version.version);
            if !version.active {
                pending.push((size, version.version));
            }
            ctx.tell(Event::Published {
                size,
                version: version.version,
            });
            current = ready.function;
            if revision_moves != Some(false) {
                let after = until_ready(ctx, &current.arn).await?;
                unchanged_but_for(&state.original.latest, &after, &ready.change)?;
                revision_moves = Some(after.revision_id != current.revision_id);
                current = after;
            }
        }
    }
    match first_refusal {
        Some((size, reason)) if state.versions.is_empty() => Err(TuningError::NothingPublished { size, reason }),
        _ => Ok(pending),
    }
}

/// Why no version of a size may be published, if its price alone would exceed the budget of money.
fn beyond_budget(state: &TuningState, size: MemorySize) -> Option<String> {
    let (most, price) = (state.request.options.budget.cost?, state.rate.publishing(size.mb())?);
    (price > 0.0 && state.spent() + price > most).then(|| {
        format!(
            "a version of {size} would exceed the budget: SnapStart's cache of it is charged for {} hours at least",
            SNAPSTART_MINIMUM_CACHE_S / 3600
        )
    })
}

/// One version more takes at least this long where updates are slow, and the configuration is put back after it.
const ROOM: Duration = Duration::from_secs(60);

/// A function that has the memory size of the next version.
struct Prepared {
    function: FunctionConfiguration,
    change: ConfigurationChange,
    marker: Marker,
}

/// Gives the function the memory size and the mark of the next version of `size`.
async fn prepare(
    ctx: &Context,
    state: &TuningState,
    current: &FunctionConfiguration,
    size: MemorySize,
    set_mb: &mut Option<u32>,
) -> Result<Prepared, TuningError> {
    let function = state.function();
    let original = &state.original.latest;
    let marker = Marker {
        tuning_id: state.tuning_id,
        original_mb: original.memory_size_mb,
        set_mb: size.mb(),
        nth: state.versions.get(&size).map_or(0, Vec::len) as u32,
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
    Ok(Prepared {
        function: ready,
        change,
        marker,
    })
}

async fn publish_one(
    ctx: &Context,
    state: &TuningState,
    ready: &Prepared,
    size: MemorySize,
) -> Result<VersionInfo, TuningError> {
    let label = version_description(&ready.marker);
    let version = publish_version(ctx, &state.original.latest, &ready.change, &label, &ready.function).await?;
    if version.memory_size_mb != size.mb() {
        let what = format!(
            "version {} came out with {} MB instead of {size}",
            version.version, version.memory_size_mb
        );
        return Err(foreign(state.function(), &what));
    }
    Ok(version)
}

/// How often a change is sent whose outcome was open, or whose revision was stale for no reason that can be seen.
const ATTEMPTS: u32 = 5;

/// One change, guarded by the revision. A failure that leaves open whether it took effect is resolved by reading: a blind
/// repetition would only meet its own new revision.
pub(super) async fn update(
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

/// Publishes what `ready` says, under `label`. Nothing but `change` may be other than in `original`.
pub(super) async fn publish_version(
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
    state.progress.entry(size).or_default().skipped = Some(reason);
}

/// Versions with SnapStart or in a VPC take minutes to become active, all at the same time.
async fn await_versions(
    ctx: &Context,
    state: &mut TuningState,
    pending: Vec<(MemorySize, u64)>,
) -> Result<(), TuningError> {
    let function = state.function().clone();
    let waits = pending.into_iter().map(|(size, version)| {
        let qualified = function.at(&version.to_string());
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
