//! `tuner restore`.

use std::io::Write;
use std::sync::Arc;

use tuner_aws::AwsLambda;
use tuner_engine::steps::restore::{Remains, remains, restore_function};
use tuner_engine::{Backoff, CancellationToken, Context, DirectoryStore, SystemClock, TuningError, marker};
use tuner_report::{Reader, remedies};

use super::results::exit_of_error;
use super::service::forget_of;
use crate::cli::{GlobalArgs, RestoreArgs};
use crate::config::Config;
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::progress::Progress;
use crate::reach::Reach;

/// Puts back what tunings left on a function, from the function alone.
pub(super) async fn restore(args: RestoreArgs, global: GlobalArgs) -> Result<Exit, CliError> {
    let function = args.function.unqualified();
    let config = Config::load()?;
    let reach = Reach::new(&args.aws, &config);
    let lambda = reach.lambda(function.region(), None).await.lambda();
    let ctx = context(Arc::new(lambda), Arc::new(Progress::new(global.quiet)))?;
    let found = of_tuning(
        remains(&ctx, &function).await.map_err(|e| refused(&args, &e, &reach))?,
        args.tuning,
    );
    if found.marker.is_none() && found.versions.is_empty() && (args.tuning.is_none() || found.applied.is_empty()) {
        say(&format!(
            "nothing to restore: {function} carries no mark and no temporary version of a tuning"
        ))?;
        if let Some(line) = kept(&found, args.tuning) {
            say(&line)?;
        }
        if let Some(line) = forget_of(&function, &reach, &config).await {
            say(&line)?;
        }
        return Ok(Exit::Done);
    }
    describe(&mut guarded::stderr(), &function.to_string(), &found, args.tuning)?;
    consent::ask("Go ahead?", args.yes)?;
    let restored = restore_function(&ctx, &function, args.tuning, 0).await;
    let forgotten = forget_of(&function, &reach, &config).await;
    let mut err = guarded::stderr();
    if let Some(mb) = restored.memory_size_mb {
        writeln!(err, "{function} has {mb} MB and its own description again")?;
    }
    for note in restored.notes.iter().chain(&forgotten) {
        writeln!(err, "{note}")?;
    }
    if restored.leftovers.is_empty() {
        writeln!(
            err,
            "done: {} deleted",
            crate::units::plural(restored.deleted.len() as u64, "version")
        )?;
        return Ok(Exit::Done);
    }
    let error = CliError::new(Exit::Refused, format!("not everything on {function} could be put back"));
    let error = restored.leftovers.iter().fold(error, CliError::cause);
    Err(error.maybe_hint(remedies(&restored.remedies, Reader::CommandLine)))
}

/// The world of putting things back.
pub(super) fn context(lambda: Arc<AwsLambda>, progress: Arc<Progress>) -> Result<Context, CliError> {
    // Restoring writes nothing to the store.
    let store = DirectoryStore::create(std::env::temp_dir()).map_err(|e| {
        let error = TuningError::from(e);
        CliError::new(exit_of_error(&error), "there is no place for temporary files").cause(error)
    })?;
    Ok(Context {
        control: lambda.clone(),
        processors: lambda.clone(),
        invoker: lambda,
        store: Arc::new(store),
        clock: Arc::new(SystemClock),
        observer: progress,
        cancel: CancellationToken::new(),
        backoff: Backoff::default(),
        hand_back_at: None,
        logs: None,
        reports: None,
        tunings: None,
    })
}

fn of_tuning(mut found: Remains, tuning: Option<uuid::Uuid>) -> Remains {
    if let Some(id) = tuning {
        found.marker = found.marker.filter(|m| m.tuning_id == id);
        found
            .versions
            .retain(|v| marker::version_owner(&v.description) == Some(id));
        found.applied.retain(|v| marker::applied_by(&v.description) == Some(id));
    }
    found
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(guarded::stderr(), "{line}")
}

/// The versions that were published to apply a recommendation, and stay.
fn kept(found: &Remains, tuning: Option<uuid::Uuid>) -> Option<String> {
    if tuning.is_some() || found.applied.is_empty() {
        return None;
    }
    let listed = found.applied.iter().filter_map(|version| {
        let tuning_id = marker::applied_by(&version.description)?;
        Some(format!(
            "{} ({} MB, tuning {tuning_id})",
            version.version, version.memory_size_mb
        ))
    });
    Some(format!(
        "versions published to apply a recommendation stay: {}; --tuning ID deletes one that no alias points to",
        listed.collect::<Vec<_>>().join(", ")
    ))
}

fn describe(out: &mut impl Write, function: &str, found: &Remains, tuning: Option<uuid::Uuid>) -> std::io::Result<()> {
    writeln!(out, "Plan for {function}")?;
    if let Some(mark) = &found.marker {
        if found.memory_size_mb == mark.set_mb {
            writeln!(
                out,
                "  puts back  {} MB (now {} MB), set by tuning {}",
                mark.original_mb, mark.set_mb, mark.tuning_id
            )?;
        } else {
            writeln!(
                out,
                "  takes off  the mark of tuning {}; the memory size was changed by somebody else and stays {} MB",
                mark.tuning_id, found.memory_size_mb
            )?;
        }
    }
    for version in &found.versions {
        let owner = marker::version_owner(&version.description)
            .map(|id| id.to_string())
            .unwrap_or_default();
        writeln!(
            out,
            "  deletes    version {} ({} MB) of tuning {owner}",
            version.version, version.memory_size_mb
        )?;
    }
    for version in found.applied.iter().filter(|_| tuning.is_some()) {
        writeln!(
            out,
            "  deletes    version {} ({} MB), published to apply the recommendation, unless an alias points to it",
            version.version, version.memory_size_mb
        )?;
    }
    if let Some(line) = kept(found, tuning) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "  A tuning that is still under way would fail by this.")
}

fn refused(args: &RestoreArgs, error: &TuningError, reach: &Reach) -> CliError {
    CliError::new(exit_of_error(error), format!("cannot restore {}", args.function))
        .cause(error)
        .maybe_hint(reach.hint(error))
}
