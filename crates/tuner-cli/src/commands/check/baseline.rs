//! `--baseline`: a document that was named, or the last one of the function on this machine.

use std::path::Path;

use tuner_core::FunctionName;
use tuner_core::check::{Baseline, Bound, Check, CheckVerdict, Condition};
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
        true => Baseline::USUAL
            .map(|metric| Condition {
                metric,
                bound: Bound::Worse(Baseline::USUAL_MARGIN_PCT),
            })
            .to_vec(),
    }
}

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
            let found = last(function, None).await;
            let baseline = found.and_then(|measured| baseline(&measured, memory_size_mb));
            Ok(baseline.map_or(Found::None, Found::Baseline))
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

/// The latest check that broke no limit, or tuning, of the function: whichever is later, and not the one with the ID `except`.
pub(in crate::commands) async fn last(function: &FunctionName, except: Option<Uuid>) -> Option<Measured> {
    let mut folders = out_folder::below(Path::new(OUT));
    folders.extend(out_runs::folders());
    let checks = folders.iter().filter_map(|folder| check(folder, function));
    let checks = checks.map(|check| Measured::Check(Box::new(check)));
    let tunings = LocalTunings.of(function).await.unwrap_or_default().into_iter();
    let tunings = tunings.map(|tuning| Measured::Tuning(Box::new(tuning)));
    checks
        .chain(tunings)
        .filter(|measured| Some(measured.id()) != except)
        .max_by_key(Measured::measured_at)
}

fn check(folder: &Path, function: &FunctionName) -> Option<Check> {
    let file = folder.join(DOCUMENT);
    let text = std::fs::read_to_string(&file).ok()?;
    let check = parse::check(&text, &file.display().to_string()).ok()?;
    let same_version = check.function.qualifier() == function.qualifier() || function.qualifier().is_none();
    let counts = check.verdict != CheckVerdict::Broken && !check.figures.is_empty();
    (counts && same_version && is_function(&check.function.to_string(), function)).then_some(check)
}
