//! `--baseline`: a document that was named, or the last one of the function on this machine.

use std::path::Path;

use tuner_core::FunctionName;
use tuner_core::check::{Baseline, Check, Condition};
use tuner_engine::ports::Tunings;
use uuid::Uuid;

use super::parse::{self, Measured};
use crate::cli::CheckArgs;
use crate::commands::history::is_function;
use crate::commands::out_folder::{self, OUT};
use crate::commands::prior::LocalTunings;
use crate::commands::{out_runs, read_text};
use crate::error::CliError;

/// Name of the document.
pub(in crate::commands) const DOCUMENT: &str = "check.json";
pub(in crate::commands) const LAST: &str = "last";

/// The conditions that are relative to it: those that were given, else the usual ones.
pub(super) fn conditions(args: &CheckArgs) -> Vec<Condition> {
    let given: Vec<Condition> = args.limits.relative().copied().collect();
    match given.is_empty() {
        false => given,
        true => Baseline::usual_conditions(),
    }
}

/// What is said where there is none yet.
pub(super) const FIRST: &str = "there is no earlier check or tuning of this function on this machine that could be a baseline: nothing is compared, and this \
     one is the baseline of the next, unless it fails or breaks a limit";

/// What was found for `--baseline`.
pub(super) enum Found {
    /// It was not asked for.
    NotAsked,
    /// There is none yet.
    None,
    /// This.
    Baseline(Baseline),
}

/// The baseline of a function that has `memory_size_mb` now.
pub(super) async fn of(
    args: &CheckArgs,
    function: &FunctionName,
    memory_size_mb: Option<u32>,
) -> Result<Found, CliError> {
    match args.baseline.as_deref() {
        None => Ok(Found::NotAsked),
        Some(LAST) => {
            let usable = earlier(function, None).await;
            let usable = (usable.iter()).filter_map(|measured| baseline(measured, memory_size_mb));
            Ok(Baseline::choose(usable, &conditions(args)).map_or(Found::None, Found::Baseline))
        }
        Some(file) => {
            let text = read_text(Path::new(file), "baseline")?;
            baseline(&Measured::parse(&text, file)?, memory_size_mb)
                .map(Found::Baseline)
                .ok_or_else(|| CliError::usage(format!("`{file}` measured nothing that could be a baseline")))
        }
    }
}

fn baseline(measured: &Measured, memory_size_mb: Option<u32>) -> Option<Baseline> {
    match measured {
        Measured::Check(check) => Some(Baseline::of_check(check)),
        Measured::Tuning(tuning) => Baseline::of_tuning(tuning, memory_size_mb),
    }
}

/// The latest check that broke no limit and had a success, or tuning, of the function: whichever is later, and not the one with
/// the ID `except`.
pub(in crate::commands) async fn last(function: &FunctionName, except: Option<Uuid>) -> Option<Measured> {
    earlier(function, except).await.into_iter().next()
}

/// All of those, the latest first.
async fn earlier(function: &FunctionName, except: Option<Uuid>) -> Vec<Measured> {
    let mut folders = out_folder::below(Path::new(OUT));
    folders.extend(out_runs::folders());
    let checks = folders.iter().filter_map(|folder| check(folder, function));
    let checks = checks.map(|check| Measured::Check(Box::new(check)));
    let tunings = LocalTunings.of(function).await.unwrap_or_default().into_iter();
    // A dry run compares nothing, and nothing is compared with it.
    let tunings = tunings.filter(|tuning| !tuning.request.options.dry_run);
    let tunings = tunings.map(|tuning| Measured::Tuning(Box::new(tuning)));
    let mut found: Vec<Measured> = checks
        .chain(tunings)
        .filter(|measured| Some(measured.id()) != except)
        .collect();
    found.sort_by_key(|measured| std::cmp::Reverse(measured.measured_at()));
    found
}

fn check(folder: &Path, function: &FunctionName) -> Option<Check> {
    let file = folder.join(DOCUMENT);
    let text = std::fs::read_to_string(&file).ok()?;
    let check = parse::check(&text, &file.display().to_string()).ok()?;
    let same_version = check.function.qualifier() == function.qualifier() || function.qualifier().is_none();
    (Baseline::may_be(&check) && same_version && is_function(&check.function.to_string(), function)).then_some(check)
}
