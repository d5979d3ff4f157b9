//! The end of a check: printed, written, and as an exit code.

use std::io::Write;
use std::path::Path;

use tuner_core::check::{Check, CheckVerdict};
use tuner_report::{JunitSuite, Options};

use super::baseline::DOCUMENT;
use super::parse::Measured;
use crate::cli::{CheckArgs, CheckFormat};
use crate::commands::out_folder::OutFolder;
use crate::commands::several::Part;
use crate::commands::write_file;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{self, DIM, RESET};

/// Name of the page beside it.
pub(in crate::commands) const PAGE: &str = "report.html";

/// Prints the result and writes its files.
pub(super) fn finish(args: &CheckArgs, check: &Check, folder: &OutFolder, part: &Part<'_>) -> Result<Exit, CliError> {
    part.keep(|| Measured::Check(Box::new(check.clone())));
    let printed = match part.is_one_of_several() {
        true => Ok(()),
        false => print(args.format, check),
    };
    let mut json = Vec::new();
    tuner_report::check_json(check, &mut json)?;
    let file = folder.path.join(DOCUMENT);
    write_file(&file, &json)?;
    let mut html = Vec::new();
    tuner_report::check_html(check, &Options::default(), &mut html)?;
    let page = folder.path.join(PAGE);
    write_file(&page, &html)?;
    folder.remember();
    if !part.is_one_of_several() {
        for file in [&file, &page] {
            let _ = writeln!(guarded::stderr(), "{DIM}wrote{RESET} {}", file.display());
        }
        if let Some(file) = &args.junit {
            let name = args.name.as_deref();
            junit(args, &[JunitSuite::Checked { name, check }], file)?;
        }
    }
    printed?;
    Ok(exit_of(check))
}

/// Refuses a place where the verdicts could not be written in the end, before anything is measured.
pub(super) fn refuse_unwritable(file: &Path) -> Result<(), CliError> {
    let refused = |cause: std::io::Error| {
        CliError::usage(format!("the file of --junit cannot be written: `{}`", file.display()))
            .cause(cause)
            .hint("name a file in a folder that is there and can be written to")
    };
    if file.is_dir() {
        return Err(refused(std::io::ErrorKind::IsADirectory.into()));
    }
    // A pipe is opened by whoever writes, once.
    if file.exists() && !file.is_file() {
        return Ok(());
    }
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // It is replaced as a whole, by one beside it.
    tempfile::tempfile_in(folder).map(drop).map_err(refused)
}

/// Writes the verdicts for a CI system.
pub(in crate::commands) fn junit(args: &CheckArgs, suites: &[JunitSuite<'_>], file: &Path) -> Result<(), CliError> {
    let mut xml = Vec::new();
    tuner_report::check_junit(suites, &Options::default(), args.undecided.into(), &mut xml)?;
    write_file(file, &xml)?;
    let _ = writeln!(guarded::stderr(), "{DIM}wrote{RESET} {}", file.display());
    Ok(())
}

fn print(format: CheckFormat, check: &Check) -> Result<(), CliError> {
    let options = Options::default();
    let mut out = anstream::stdout().lock();
    match format {
        CheckFormat::Human => {
            let style = terminal::style(None);
            tuner_report::check_terminal(check, &options, &style, &mut out)?;
        }
        CheckFormat::Json => tuner_report::check_json(check, &mut out)?,
        CheckFormat::Markdown => tuner_report::check_markdown(check, &options, &mut out)?,
    }
    Ok(())
}

fn exit_of(check: &Check) -> Exit {
    let ran = check.outcomes.total() - check.outcomes.of(tuner_core::Outcome::Throttled);
    match check.verdict {
        CheckVerdict::Kept => Exit::Done,
        CheckVerdict::Broken => Exit::GateNotMet,
        CheckVerdict::CannotTell | CheckVerdict::NotMeasured if ran > 0 && check.outcomes.failures() == ran => {
            Exit::FunctionFailed
        }
        // There was no baseline yet: this is the first.
        CheckVerdict::NotMeasured if check.limits.is_empty() && check.outcomes.success > 0 => Exit::Done,
        CheckVerdict::CannotTell | CheckVerdict::NotMeasured => Exit::NotEnoughEvidence,
    }
}
