//! Putting things back: from a tuning's own state, or from the function alone.

use tuner_core::FunctionName;
use uuid::Uuid;

use crate::context::Event;
use crate::marker::{self, Marker};
use crate::ports::{ConfigurationChange, PortErrorKind, VersionInfo};
use crate::retry::{retrying, retrying_if};
use crate::steps::ready::until_ready;
use crate::{Context, TuningError, TuningState};

/// What could not be removed or put back, and how to do it by hand, a sentence each.
pub type Leftovers = Vec<String>;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Memory size that was put back, in MB; absent if the function carried no mark.
    pub memory_size_mb: Option<u32>,
    /// Versions that were deleted.
    pub deleted: Vec<u64>,
    /// What could not be done.
    pub leftovers: Leftovers,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// What a broken tuning left on a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remains {
    /// The mark the function carries.
    pub marker: Option<Marker>,
    /// Memory size it has now, in MB.
    pub memory_size_mb: u32,
    /// Versions that tunings made.
    pub versions: Vec<VersionInfo>,
}

/// Puts the configuration back if need be, and deletes the versions of this tuning. Never stops half-way because somebody
/// asked to stop, and does no harm when called again.
///
/// # Errors
/// Never: what could not be done is among the leftovers, so that results are not lost with it.
pub async fn restore(ctx: &Context, state: &TuningState) -> Restored {
    restore_function(
        ctx,
        state.function(),
        Some(state.tuning_id),
        state.original.last_version,
    )
    .await
}

/// Puts back what tunings left on a function, from the function alone: of one tuning, or of all.
///
/// # Errors
/// Never, see [`restore`].
pub async fn restore_function(
    ctx: &Context,
    function: &FunctionName,
    tuning_id: Option<Uuid>,
    above_version: u64,
) -> Restored {
    let mut restored = match restore_configuration(ctx, function, tuning_id).await {
        Ok(restored) => restored,
        Err(e) => Restored {
            leftovers: vec![format!(
                "the configuration of {function} could not be put back ({e}); run `tuner restore --function {function}`"
            )],
            ..Restored::default()
        },
    };
    match remains(ctx, function).await {
        Ok(remains) => {
            for version in remains.versions.iter().filter(|v| v.version > above_version) {
                if tuning_id.is_none() || marker::version_owner(&version.description) == tuning_id {
                    delete(ctx, function, version.version, &mut restored).await;
                }
            }
        }
        Err(e) => restored.leftovers.push(format!(
            "the versions of {function} could not be listed ({e}); run `tuner restore --function {function}`"
        )),
    }
    restored
}

/// What tunings left on a function. Changes nothing.
///
/// # Errors
/// When the function can't be read.
pub async fn remains(ctx: &Context, function: &FunctionName) -> Result<Remains, TuningError> {
    let configuration = retrying(ctx, || ctx.control.configuration(function)).await?;
    let versions = retrying(ctx, || ctx.control.versions(function)).await?;
    Ok(Remains {
        marker: Marker::read(&configuration.description, configuration.variables.as_ref()).map(|(marker, _)| marker),
        memory_size_mb: configuration.memory_size_mb,
        versions: versions
            .into_iter()
            .filter(|v| marker::version_owner(&v.description).is_some())
            .collect(),
    })
}

async fn delete(ctx: &Context, function: &FunctionName, version: u64, restored: &mut Restored) {
    match retrying(ctx, || ctx.control.delete_version(function, version)).await {
        Ok(()) => {
            ctx.tell(Event::Deleted { version });
            restored.deleted.push(version);
        }
        Err(e) if e.kind == PortErrorKind::NotFound => {}
        Err(e) if e.kind == PortErrorKind::InUse => restored.leftovers.push(format!(
            "version {version} of {function} is kept, since something refers to it ({}); point that elsewhere, then run `tuner restore --function {function}`",
            e.message
        )),
        Err(e) => restored.leftovers.push(format!(
            "version {version} of {function} could not be deleted ({}); run `tuner restore --function {function}`",
            e.message
        )),
    }
}

/// Puts memory size, description and variables back if the function carries a mark (of `tuning_id`, if given).
///
/// Only what is still as the tuning set it is changed: a memory size that somebody else has set since stays.
pub(crate) async fn restore_configuration(
    ctx: &Context,
    function: &FunctionName,
    tuning_id: Option<Uuid>,
) -> Result<Restored, TuningError> {
    const ATTEMPTS: u32 = 10;
    let mut restored = Restored::default();
    let mut last = None;
    for _attempt in 0..ATTEMPTS {
        let now = until_ready(ctx, function).await?;
        let Some((mark, before)) = Marker::read(&now.description, now.variables.as_ref()) else {
            return Ok(restored);
        };
        if tuning_id.is_some_and(|id| id != mark.tuning_id) {
            return Ok(restored);
        }
        let foreign_size = now.memory_size_mb != mark.set_mb;
        let memory_size_mb = if foreign_size {
            now.memory_size_mb
        } else {
            mark.original_mb
        };
        let change = ConfigurationChange {
            memory_size_mb,
            description: before.description,
            variables: before.variables,
        };
        let safe = |kind: PortErrorKind| kind.is_transient() && !kind.is_ambiguous();
        match retrying_if(ctx, safe, || ctx.control.update(function, &change, &now.revision_id)).await {
            Ok(_) => {
                restored.memory_size_mb = Some(memory_size_mb);
                if foreign_size {
                    restored.notes.push(format!(
                        "somebody set the memory size of {function} to {memory_size_mb} MB during the tuning; it was left at that"
                    ));
                }
                // The loop reads again and ends when the mark is really gone.
            }
            // Somebody changed the function since the read, or the outcome is open: read again.
            Err(e) if e.kind == PortErrorKind::Precondition || e.kind.is_ambiguous() => {
                last = Some(e);
                ctx.clock.sleep(ctx.backoff.wait(0, None)).await;
            }
            Err(e) => return Err(e.into()),
        }
    }
    match last {
        Some(e) => Err(e.into()),
        None => Ok(restored),
    }
}
