//! `tuner check`: whether what is deployed keeps its limits. Publishes and changes nothing.

pub(super) mod baseline;
pub(super) mod finish;
mod invoked;
mod logs;
pub(super) mod parse;

use std::io::Write;
use std::sync::Arc;

use tuner_core::check::{Baseline, Bound, CheckVerdict, Limit, LimitResult, Undecided};
use tuner_report::plan_of_limits;

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

/// What is to be kept, and what relative limits were made of.
struct Asked {
    /// Those that are relative come last.
    limits: Vec<Limit>,
    /// By how much the last of them may be worse than the baseline, in %.
    relative: Vec<f64>,
    baseline: Option<Baseline>,
    warnings: Vec<String>,
}

impl Asked {
    /// The limits of `args`, with those that are relative made absolute by a baseline, if there is one.
    fn of(args: &CheckArgs, baseline: Option<Baseline>) -> Self {
        let mut asked = Self {
            limits: args.limits.absolute(),
            relative: Vec::new(),
            baseline: None,
            warnings: Vec::new(),
        };
        let Some(baseline) = baseline else { return asked };
        let relative = baseline::conditions(args);
        for condition in relative {
            match (baseline::limit(&condition, &baseline), condition.bound) {
                (Some(limit), Bound::Worse(percent)) => {
                    asked.limits.push(limit);
                    asked.relative.push(percent);
                }
                _ => asked
                    .warnings
                    .push(format!("the baseline has no {}: it is not compared", condition.metric)),
            }
        }
        asked.baseline = Some(baseline);
        asked
    }

    /// The same with what was found for `--baseline`.
    fn found(args: &CheckArgs, found: Found) -> Self {
        match found {
            Found::NotAsked => Self::of(args, None),
            Found::None => {
                let mut asked = Self::of(args, None);
                asked.warnings.push(baseline::FIRST.to_owned());
                asked
            }
            Found::Baseline(baseline) => Self::of(args, Some(baseline)),
        }
    }

    /// Whether there is a baseline, and none of its figures can be compared.
    fn compares_nothing(&self) -> bool {
        self.baseline.is_some() && self.relative.is_empty()
    }

    /// What the results together come to.
    fn verdict(&self, results: &[LimitResult], undecided: Undecided) -> CheckVerdict {
        let verdict = CheckVerdict::of(results, undecided);
        match self.compares_nothing() {
            true => verdict.without_comparison(),
            false => verdict,
        }
    }

    /// The results, with what the baseline measured beside the limits that were made of it.
    fn beside_baseline(&self, mut results: Vec<LimitResult>) -> Vec<LimitResult> {
        let absolute = self.limits.len() - self.relative.len();
        if let Some(baseline) = &self.baseline {
            for (result, percent) in results.iter_mut().skip(absolute).zip(&self.relative) {
                result.baseline = baseline.figure(result.limit.metric);
                result.worse_pct = Some(*percent);
            }
        }
        results
    }
}

/// Prints how many calls a verdict takes.
fn show_plan(lines: &[String], asked: &Asked, of_production: bool, out: &mut impl Write) -> std::io::Result<()> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    if !asked.limits.is_empty() {
        writeln!(out, "calls that a verdict takes:")?;
    }
    for line in plan_of_limits(&asked.limits, of_production) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
