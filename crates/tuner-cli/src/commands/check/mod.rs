//! `tuner check`: whether what is deployed keeps its limits. Publishes and changes nothing.

pub(super) mod baseline;
pub(super) mod finish;
mod invoked;
mod logs;
pub(super) mod parse;

use std::io::Write;
use std::sync::Arc;

use tuner_core::check::Gate;
use tuner_report::{not_compared, plan_of_limits};

use self::baseline::Found;
use super::named;
use super::several::{self, Part};
use crate::cli::{CheckArgs, GlobalArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;

/// Measures, or reads logs, and judges.
pub(super) async fn check(args: CheckArgs, global: GlobalArgs) -> Result<Exit, CliError> {
    if let Some(file) = &args.junit {
        finish::refuse_unwritable(file)?;
    }
    if let Some(functions) = named::several_checks(&args)? {
        return several::checks(&args, global, functions).await;
    }
    let args = named::resolved_check(args)?;
    one(&args, &Arc::new(Progress::new(global.quiet)), &Part::alone()).await
}

/// Checks one function.
pub(super) async fn one(args: &CheckArgs, progress: &Arc<Progress>, part: &Part<'_>) -> Result<Exit, CliError> {
    if args.baseline.is_none()
        && let Some(condition) = args.limits.relative().next()
    {
        return Err(CliError::usage(format!(
            "a limit of {} is relative, and there is no baseline",
            condition.metric
        ))
        .hint("name one with --baseline last or --baseline FILE"));
    }
    if args.limits.absolute().is_empty() && args.baseline.is_none() {
        return Err(CliError::usage("there is no limit to check").hint(
            "give some, such as --max-p95 800 or --min-success 99, take --limits guide, or compare with --baseline last",
        ));
    }
    match args.from_logs.is_empty() {
        true => invoked::check(args, progress, part).await,
        false => logs::check(args, part).await,
    }
}

/// The limits that `args` name, with those that a baseline makes, and what is to be said of that.
fn asked(args: &CheckArgs, found: Found) -> (Gate, Vec<String>) {
    let gate = Gate::absolute(args.limits.absolute());
    match found {
        Found::NotAsked => (gate, Vec::new()),
        Found::None => (gate, vec![baseline::FIRST.to_owned()]),
        Found::Baseline(baseline) => {
            let gate = gate.against(baseline, &baseline::conditions(args));
            let warnings = not_compared(&gate);
            (gate, warnings)
        }
    }
}

/// Prints how many calls a verdict takes.
fn show_plan(lines: &[String], gate: &Gate, of_production: bool, out: &mut impl Write) -> std::io::Result<()> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    if !gate.limits.is_empty() {
        writeln!(out, "calls that a verdict takes:")?;
    }
    for line in plan_of_limits(&gate.limits, of_production) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
