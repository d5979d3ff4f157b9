//! How a tuning's end is told: printed, written, and as an exit code.

use std::io::Write;

use tuner_core::{Remedy, Tuning, Verdict};
use tuner_engine::driver::Failure;
use tuner_engine::ports::PortErrorKind;
use tuner_engine::{TuningError, TuningRequest, steps};
use tuner_report::{Format, Options, Reader, remedies};

use super::check::parse::Measured;
use super::out_folder::OutFolder;
use super::several::Part;
use crate::cli::RunFormat;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::reach::hint;
use crate::terminal::{self, DIM, RESET};

/// Prints the result, then writes its files, the document first: what was paid for is shown even on a full disk.
/// Of one of several functions only the files are written.
/// `not_applied` says why the recommendation was not applied from here, if it was to be.
pub(super) async fn finish(
    format: RunFormat,
    tuning: &Tuning,
    not_applied: Option<&TuningError>,
    dry_run: bool,
    folder: &OutFolder,
    part: &Part<'_>,
) -> Result<Exit, CliError> {
    part.keep(|| Measured::Tuning(Box::new(tuning.clone())));
    let options = Options {
        document: Some(folder.path.join(steps::DOCUMENT).display().to_string()),
        ..Options::default()
    };
    let printed = match part.is_one_of_several() {
        true => Ok(()),
        false => print(format, tuning, &options),
    };
    let written = steps::report(&folder.store, tuning, &Options::default()).await;
    if written.is_ok() {
        folder.remember();
    }
    for file in written.iter().flatten().filter(|_| !part.is_one_of_several()) {
        let _ = writeln!(guarded::stderr(), "{DIM}wrote{RESET} {file}");
    }
    // A function that could not be put back is what a script must hear of first.
    if !tuning.leftovers.is_empty() {
        let only_interrupted = tuning.leftovers.len() == 1 && matches!(not_applied, Some(TuningError::Interrupted));
        let error = match only_interrupted {
            true => CliError::new(
                Exit::Interrupted,
                "interrupted: the tuning is done and the function is as it was before",
            ),
            false => CliError::new(
                Exit::Refused,
                "the tuning is done, but not everything that was to follow",
            ),
        };
        let error = tuning.leftovers.iter().fold(error, CliError::cause);
        return Err(error.maybe_hint(remedies(&tuning.remedies, Reader::CommandLine)));
    }
    written.map_err(|e| {
        CliError::new(
            exit_of_error(&e),
            "the tuning is done, but its files could not be written",
        )
        .cause(&e)
        .maybe_hint(hint(&e))
    })?;
    printed?;
    Ok(match exit_of(tuning.decision.verdict) {
        // It was not to decide anything.
        Exit::NotEnoughEvidence | Exit::GateNotMet if dry_run => Exit::Done,
        exit => exit,
    })
}

fn print(format: RunFormat, tuning: &Tuning, options: &Options) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    let format = match format {
        RunFormat::Human => {
            let style = terminal::style(None);
            tuner_report::terminal(tuning, options, &style, &mut out)?;
            return Ok(());
        }
        RunFormat::Json => Format::Json,
        RunFormat::Markdown => Format::Markdown,
        RunFormat::Csv => Format::Csv,
    };
    tuner_report::render(format, tuning, options, &mut out)?;
    Ok(())
}

/// The exit code a verdict stands for.
pub(super) const fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Move | Verdict::Keep | Verdict::NoClearWinner | Verdict::Choose => Exit::Done,
        Verdict::ConstraintNotMet => Exit::GateNotMet,
        Verdict::CannotTell | Verdict::NotEnoughEvidence => Exit::NotEnoughEvidence,
        Verdict::AllFailed => Exit::FunctionFailed,
    }
}

/// A tuning without a result: why, and how the function is now.
pub(super) fn failed(request: &TuningRequest, failure: &Failure) -> CliError {
    let function = &request.function;
    let exit = match &failure.error {
        _ if !failure.leftovers.is_empty() => Exit::Refused,
        // Usage means that nothing was changed.
        TuningError::Port(e) if e.kind == PortErrorKind::Invalid && failure.touched => Exit::Refused,
        error => exit_of_error(error),
    };
    let error = match &failure.error {
        TuningError::Interrupted => CliError::new(exit, "interrupted"),
        error => CliError::new(exit, format!("cannot tune {function}")).cause(error),
    };
    let is_now = match (failure.touched, failure.leftovers.is_empty()) {
        (false, _) => Some("nothing was changed".to_owned()),
        (true, true) if !failure.notes.is_empty() => None,
        (true, true) if matches!(failure.error, TuningError::ForeignChange { .. }) => {
            Some(format!("nothing of this tuning is left on {function}"))
        }
        (true, true) => Some(format!("{function} is as it was before")),
        (true, false) => None,
    };
    let notes = failure.notes.iter().chain(&failure.leftovers).cloned().chain(is_now);
    let mut all: Vec<Remedy> = failure.error.remedy().into_iter().collect();
    Remedy::add(&mut all, failure.remedies.iter().cloned());
    notes
        .fold(error, CliError::note)
        .maybe_hint(remedies(&all, Reader::CommandLine))
}

/// The exit code an error of the engine stands for.
pub(super) fn exit_of_error(error: &TuningError) -> Exit {
    match error {
        TuningError::Port(e) if e.kind == PortErrorKind::Invalid => Exit::Usage,
        TuningError::Untunable { .. }
        | TuningError::BelowFloor { .. }
        | TuningError::NoRoomForMarker { .. }
        | TuningError::AliasDiffers { .. }
        | TuningError::AliasWeighted { .. } => Exit::Usage,
        TuningError::Store(_) | TuningError::Report(_) => Exit::Unexpected,
        TuningError::Interrupted => Exit::Interrupted,
        TuningError::ChangedWhileChecked { .. } => Exit::NotEnoughEvidence,
        _ => Exit::Refused,
    }
}
