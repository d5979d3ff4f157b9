//! `tuner compare`: what differs between two measurements.

use std::io::Write;
use std::path::Path;

use tuner_core::check::LimitVerdict;
use tuner_core::comparison::Comparison;
use tuner_report::Options;

use super::check::baseline::{LAST, last};
use super::check::parse::Measured;
use super::{read_document, write_file};
use crate::cli::{CheckFormat, CompareArgs, UndecidedArg};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{guarded, terminal};

/// Compares, prints, and judges.
pub(super) async fn compare(args: CompareArgs) -> Result<Exit, CliError> {
    if let Some(condition) = args.fail_on.iter().find(|c| !Comparison::METRICS.contains(&c.metric)) {
        return Err(CliError::usage(format!("{} is not compared", condition.metric))
            .hint("use mean, p50, p95, cost, init or memory here; `tuner check` has limits for the others"));
    }
    let head = read(&args.head)?;
    let base = match args.base.as_os_str() == LAST {
        false => read(&args.base)?,
        true => match last(head.function(), Some(head.id())).await {
            Some(base) => base,
            None => {
                let _ = writeln!(
                    guarded::stderr(),
                    "there is no earlier check or tuning of {} on this machine: nothing is compared",
                    head.function()
                );
                return Ok(Exit::Done);
            }
        },
    };
    let comparison = Comparison::of(base.as_measurement(), head.as_measurement(), &args.fail_on);
    print(&args, &comparison)?;
    Ok(exit_of(&comparison, args.undecided))
}

fn read(file: &Path) -> Result<Measured, CliError> {
    Measured::parse(&read_document(file)?, &file.display().to_string())
}

fn print(args: &CompareArgs, comparison: &Comparison) -> Result<(), CliError> {
    let options = Options {
        show_account_ids: args.show_account_ids,
        ..Options::default()
    };
    let mut bytes = Vec::new();
    match args.format {
        CheckFormat::Human => {
            let style = terminal::style(args.out.as_deref());
            tuner_report::comparison_terminal(comparison, &options, &style, &mut bytes)?;
        }
        CheckFormat::Json => tuner_report::comparison_json(comparison, &mut bytes)?,
        CheckFormat::Markdown => tuner_report::comparison_markdown(comparison, &options, &mut bytes)?,
    }
    match &args.out {
        Some(file) => write_file(file, &bytes),
        None => Ok(anstream::stdout().lock().write_all(&bytes)?),
    }
}

fn exit_of(comparison: &Comparison, undecided: UndecidedArg) -> Exit {
    let has = |wanted: &[LimitVerdict]| {
        comparison
            .conditions
            .iter()
            .any(|result| wanted.contains(&result.verdict))
    };
    let is_open = has(&[LimitVerdict::CannotTell, LimitVerdict::NotMeasured]) && undecided == UndecidedArg::Fail;
    let is_of_nothing = comparison.sizes.is_empty() && comparison.chosen.is_none();
    if has(&[LimitVerdict::Broken]) {
        Exit::GateNotMet
    } else if is_open || is_of_nothing {
        Exit::NotEnoughEvidence
    } else {
        Exit::Done
    }
}
