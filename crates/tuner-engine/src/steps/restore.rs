//! Putting things back: from a tuning's own state, or from the function alone.

use std::collections::BTreeMap;

use tuner_core::{FunctionName, Remedy};
use uuid::Uuid;

use crate::context::Event;
use crate::marker::{self, Marker};
use crate::ports::{ConfigurationChange, FunctionConfiguration, PortError, PortErrorKind, VersionInfo};
use crate::retry::{had_no_effect, retrying, retrying_if};
use crate::steps::ready::until_ready;
use crate::{Context, TuningError, TuningState};

/// What could not be removed or put back, a sentence each.
pub type Leftovers = Vec<String>;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Restored {
    /// Memory size that was put back, in MB; absent if the function carried no mark.
    pub memory_size_mb: Option<u32>,
    /// Versions that were deleted.
    pub deleted: Vec<u64>,
    /// What could not be done.
    pub leftovers: Leftovers,
    /// What to do about that, each once.
    #[serde(default)]
    pub remedies: Vec<Remedy>,
    /// Whether the configuration is not back for a reason that may pass.
    #[serde(default)]
    pub try_again: bool,
    /// Whether the function was deleted meanwhile.
    #[serde(default)]
    pub is_gone: bool,
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
    /// Versions that tunings made for measuring.
    pub versions: Vec<VersionInfo>,
    /// Versions that tunings published to apply what they recommended: they are meant to stay.
    pub applied: Vec<VersionInfo>,
}

/// What a tuning under way knows beyond what the function says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    /// The function as it was before.
    pub(crate) original: &'a FunctionConfiguration,
    /// Memory size that the tuning is known to have set and not put back yet, in MB.
    pub(crate) set_mb: Option<u32>,
}

/// Puts the configuration back if need be, and deletes the versions of this tuning. Never stops half-way because somebody
/// asked to stop, and does no harm when called again.
///
/// # Errors
/// Never: what could not be done is among the leftovers, so that results are not lost with it.
pub async fn restore(ctx: &Context, state: &TuningState) -> Restored {
    let held = Held {
        original: &state.original.latest,
        set_mb: None,
    };
    let ours = Share {
        tuning_id: Some(state.tuning_id),
        above_version: state.original.last_version,
        applied: true,
    };
    let mut restored = put_back(ctx, state.function(), ours, Some(held)).await;
    for &broken_off in &state.broken_off {
        let theirs = Share {
            tuning_id: Some(broken_off),
            above_version: 0,
            applied: false,
        };
        let other = put_back(ctx, state.function(), theirs, None).await;
        restored.deleted.extend(other.deleted);
        restored.leftovers.extend(other.leftovers);
        Remedy::add(&mut restored.remedies, other.remedies);
    }
    restored
}

/// Puts back what tunings left on a function, from the function alone: of one tuning, or of all. A version that was published
/// to apply a recommendation goes only with the tuning that is named, and if no alias points to it.
///
/// # Errors
/// Never, see [`restore`].
pub async fn restore_function(
    ctx: &Context,
    function: &FunctionName,
    tuning_id: Option<Uuid>,
    above_version: u64,
) -> Restored {
    let share = Share {
        tuning_id,
        above_version,
        applied: tuning_id.is_some(),
    };
    put_back(ctx, &function.unqualified(), share, None).await
}

/// What tunings left on a function. Changes nothing.
///
/// # Errors
/// When the function can't be read.
pub async fn remains(ctx: &Context, function: &FunctionName) -> Result<Remains, TuningError> {
    let function = function.unqualified();
    let configuration = retrying(ctx, || ctx.control.configuration(&function)).await?;
    let (versions, applied) = versions_of_tunings(ctx, &function).await?;
    Ok(Remains {
        marker: Marker::read(&configuration.description, configuration.variables.as_ref()).map(|(marker, _)| marker),
        memory_size_mb: configuration.memory_size_mb,
        versions,
        applied,
    })
}

/// Those made for measuring, and those published to apply something.
async fn versions_of_tunings(
    ctx: &Context,
    function: &FunctionName,
) -> Result<(Vec<VersionInfo>, Vec<VersionInfo>), PortError> {
    let all = retrying(ctx, || ctx.control.versions(function)).await?;
    let (applied, mut others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|v| marker::applied_by(&v.description).is_some());
    others.retain(|v| marker::version_owner(&v.description).is_some());
    Ok((others, applied))
}

/// What of the things that tunings left is to go.
#[derive(Clone, Copy)]
struct Share {
    /// Of one tuning, or of all.
    tuning_id: Option<Uuid>,
    /// Versions with higher numbers only.
    above_version: u64,
    /// Versions that were published to apply something as well, if no alias points to them.
    applied: bool,
}

async fn put_back(ctx: &Context, function: &FunctionName, share: Share, held: Option<Held<'_>>) -> Restored {
    let Share {
        tuning_id,
        above_version,
        ..
    } = share;
    let ctx = &ctx.unstoppable();
    let configuration = restore_configuration(ctx, function, tuning_id, held).await;
    let versions = versions_of_tunings(ctx, function).await;
    if let (Err(TuningError::Port(first)), Err(second), Some(_)) = (&configuration, &versions, tuning_id)
        && [first.kind, second.kind] == [PortErrorKind::NotFound; 2]
    {
        return Restored {
            is_gone: true,
            notes: vec![format!(
                "{function} was deleted during the tuning, with all that was on it"
            )],
            ..Restored::default()
        };
    }
    let may_pass = |e: &TuningError| matches!(e, TuningError::Port(e) if e.kind.is_transient());
    let mut restored = configuration.unwrap_or_else(|e| Restored {
        try_again: may_pass(&e) || matches!(e, TuningError::NotReady { .. }),
        leftovers: vec![format!("the configuration of {function} could not be put back ({e})")],
        remedies: vec![by_hand(function)],
        ..Restored::default()
    });
    match versions {
        Ok((versions, applied)) => {
            let ours = |v: &&VersionInfo| tuning_id.is_none() || marker::version_owner(&v.description) == tuning_id;
            let mut kept = BTreeMap::new();
            for version in versions.iter().filter(|v| v.version > above_version).filter(ours) {
                let number = version.version;
                match delete(ctx, function, number).await {
                    Ok(true) => restored.deleted.push(number),
                    Ok(false) => {}
                    Err(e) => {
                        // What differs is the version only.
                        let said = e.message.replace(&format!(":{number}"), "");
                        let key = (e.kind == PortErrorKind::InUse, said);
                        kept.entry(key).or_insert_with(Vec::new).push(number);
                    }
                }
            }
            if !kept.is_empty() {
                Remedy::add(&mut restored.remedies, [by_hand(function)]);
            }
            restored
                .leftovers
                .extend(kept.into_iter().map(|((in_use, said), numbers)| {
                let (versions, are, them) = match numbers.len() {
                    1 => (format!("version {}", numbers[0]), "is", "it"),
                    _ => (format!("versions {}", ranges(&numbers)), "are", "them"),
                };
                if in_use {
                    format!(
                        "{versions} of {function} {are} kept, since something refers to {them} ({said}); point that \
                         elsewhere first"
                    )
                } else {
                    format!("{versions} of {function} could not be deleted ({said})")
                }
            }));
            let published = applied.iter().filter(|v| v.version > above_version);
            for version in published {
                if let Some(owner) = marker::applied_by(&version.description)
                    && share.applied
                    && tuning_id == Some(owner)
                {
                    take_back(ctx, function, version.version, owner, &mut restored).await;
                }
            }
        }
        Err(e) => {
            let leftover = format!("the versions of {function} could not be listed ({e})");
            restored.leftovers.push(leftover);
            Remedy::add(&mut restored.remedies, [by_hand(function)]);
        }
    }
    restored
}

/// Deletes a version that was published to apply a recommendation, unless it was applied.
async fn take_back(ctx: &Context, function: &FunctionName, version: u64, owner: Uuid, restored: &mut Restored) {
    let what = format!("version {version} of {function}, published to apply the recommendation,");
    match delete(ctx, function, version).await {
        Ok(true) => restored.deleted.push(version),
        Ok(false) => {}
        Err(e) if e.kind == PortErrorKind::InUse => {
            restored
                .notes
                .push(format!("{what} stays: it is in use ({})", e.message));
        }
        Err(e) => {
            restored.leftovers.push(format!("{what} could not be deleted ({e})"));
            let remedy = Remedy::DeleteApplied {
                function: function.clone(),
                tuning_id: owner,
            };
            Remedy::add(&mut restored.remedies, [remedy]);
        }
    }
}

fn by_hand(function: &FunctionName) -> Remedy {
    Remedy::Restore {
        function: function.clone(),
    }
}

/// Ascending numbers in few words: `5, 7-9`.
fn ranges(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let words = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Deletes a version; false if it is not there any more.
pub(super) async fn delete(ctx: &Context, function: &FunctionName, version: u64) -> Result<bool, PortError> {
    let attempt = || retrying(ctx, || ctx.control.delete_version(function, version));
    let mut result = attempt().await;
    if matches!(&result, Err(e) if e.kind == PortErrorKind::Conflict) {
        // One that is still coming up, for minutes with SnapStart, can't be deleted before.
        let _ = until_ready(ctx, &function.at(&version.to_string())).await;
        result = attempt().await;
    }
    match result {
        Ok(()) => {
            ctx.tell(Event::Deleted { version });
            Ok(true)
        }
        Err(e) if e.kind == PortErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Puts memory size, description and variables back if the function carries a mark (of `tuning_id`, if given), whoever
/// asks to stop.
///
/// Only what is still as the tuning set it is changed: a memory size that somebody else has set since stays.
///
/// # Errors
/// When it can't be read or changed.
pub(crate) async fn restore_configuration(
    ctx: &Context,
    function: &FunctionName,
    tuning_id: Option<Uuid>,
    held: Option<Held<'_>>,
) -> Result<Restored, TuningError> {
    const ATTEMPTS: u32 = 10;
    let ctx = &ctx.unstoppable();
    let mut restored = Restored::default();
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        let now = until_ready(ctx, function).await?;
        let Some(Way { change, note }) = way_back(&now, tuning_id, held)? else {
            return Ok(restored);
        };
        match retrying_if(ctx, had_no_effect, || {
            ctx.control.update(function, &change, &now.revision_id)
        })
        .await
        {
            Ok(_) => {
                restored.memory_size_mb = Some(change.memory_size_mb);
                restored.notes.extend(note);
                // The loop reads again and ends when nothing is left to put back.
            }
            // Somebody changed the function since the read, or the outcome is open: read again.
            Err(e) if e.kind == PortErrorKind::Precondition || e.kind.is_ambiguous() => {
                last = Some(e);
                ctx.clock.sleep(ctx.backoff.wait(attempt, None)).await;
            }
            Err(e) => return Err(e.into()),
        }
    }
    Err(last
        .unwrap_or_else(|| {
            PortError::new(
                PortErrorKind::Precondition,
                "UpdateFunctionConfiguration",
                "somebody keeps setting the mark again",
            )
        })
        .into())
}

struct Way {
    change: ConfigurationChange,
    note: Option<String>,
}

/// The change that puts a function back, if there is anything to put back.
fn way_back(
    now: &FunctionConfiguration,
    tuning_id: Option<Uuid>,
    held: Option<Held<'_>>,
) -> Result<Option<Way>, TuningError> {
    let function = &now.arn;
    let Some((mark, before)) = Marker::read(&now.description, now.variables.as_ref()) else {
        return Ok(without_mark(now, held));
    };
    if tuning_id.is_some_and(|id| id != mark.tuning_id) {
        return Ok(None);
    }
    let mut notes = Vec::new();
    let memory_size_mb = mark.before(now.memory_size_mb);
    if now.memory_size_mb != mark.set_mb {
        notes.push(format!(
            "somebody set the memory size of {function} to {} MB during the tuning; it was left at that",
            now.memory_size_mb
        ));
    }
    let description = match held {
        _ if !before.cut => before.description,
        Some(held) => held.original.description.clone(),
        None if now.variables.is_none() => {
            return Err(PortError::new(
                PortErrorKind::Denied,
                "GetFunction",
                "the environment variables can't be read, and one of them holds the end of the description",
            )
            .into());
        }
        None => {
            notes.push(format!(
                "somebody removed the environment variable {} of {function}, which held the end of its description; the \
                 description now ends early",
                marker::REST_VARIABLE
            ));
            before.description
        }
    };
    Ok(Some(Way {
        change: ConfigurationChange {
            memory_size_mb,
            description,
            variables: before.variables,
        },
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }))
}

/// Somebody who sets another description takes the mark away, but not the memory size that came with it.
fn without_mark(now: &FunctionConfiguration, held: Option<Held<'_>>) -> Option<Way> {
    let ours = held.and_then(|h| Some((h.set_mb?, h.original.memory_size_mb)));
    let memory_size_mb = match ours {
        Some((set, original)) if set == now.memory_size_mb => original,
        _ => now.memory_size_mb,
    };
    let variables = marker::without_rest(now.variables.as_ref());
    (memory_size_mb != now.memory_size_mb || variables.is_some()).then(|| Way {
        note: Some(format!(
            "somebody took the mark off {} during the tuning; its memory size is {memory_size_mb} MB",
            now.arn
        )),
        change: ConfigurationChange {
            memory_size_mb,
            description: now.description.clone(),
            variables,
        },
    })
}
