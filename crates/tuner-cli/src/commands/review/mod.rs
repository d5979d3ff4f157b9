//! `tuner review`.

mod encoding;
mod finish;
mod inventory;
mod live;
mod offline;
mod previous;
mod progress;
mod tunings;

use std::io::Write;

use tuner_core::review::{Fallback, Gathered, MemoryReview, REVIEW_SCHEMA_VERSION};
use tuner_logs::Problem;

use super::out_folder::{OutFolder, stamped};
use super::price_table;
use crate::cli::ReviewArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::terminal::{DIM, RESET};

/// Name of the document in its directory.
const DOCUMENT: &str = "review.json";
/// Where functions are taken to be of which that is not known, as `tuner logs` takes them.
const USUAL_REGION: &str = "us-east-1";

pub(super) use live::of_account;

/// Reviews what exported logs tell of.
pub(super) fn of_logs(args: &ReviewArgs) -> Result<Exit, CliError> {
    let prices = price_table(args.prices.as_deref())?;
    let (gathered, problems) = offline::gather(args)?;
    if gathered.functions.is_empty() {
        return nothing_found(&problems);
    }
    let reports: u64 = gathered.functions.iter().map(|(_, evidence)| evidence.reports()).sum();
    let previous = previous::find(args.previous.as_deref(), args.out.as_deref(), &gathered)?;
    if let Some((_, file)) = &previous {
        let _ = writeln!(anstream::stderr(), "{DIM}compared with{RESET} {}", file.display());
    }
    let folder = OutFolder::create(args.out.as_deref(), &stamped("review"))?;
    let review = made(gathered, args, &prices, previous.as_ref().map(|(review, _)| review));
    finish::tell(args, &review, &folder)?;
    if let Err(gate) = finish::gate(args, &review) {
        return Err(named(&problems, gate));
    }
    match (&problems[..], reports) {
        ([], 0) => Ok(Exit::NotEnoughEvidence),
        ([], _) => Ok(Exit::Done),
        _ => Err(partly_read(&problems)),
    }
}

fn made(
    gathered: Gathered,
    args: &ReviewArgs,
    prices: &tuner_core::pricing::PriceTable,
    previous: Option<&MemoryReview>,
) -> MemoryReview {
    let fallback = Fallback {
        region: Some(args.account.region.clone().unwrap_or_else(|| USUAL_REGION.to_owned())),
        architecture: args.arch,
    };
    MemoryReview::new(gathered, prices, fallback, previous)
}

fn nothing_found(problems: &[Problem]) -> Result<Exit, CliError> {
    if problems.is_empty() {
        return Err(CliError::new(
            Exit::NotEnoughEvidence,
            "no REPORT found, and so no function to say anything of",
        )
        .hint("give log files of Lambda functions (JSON logs need system log level INFO)"));
    }
    Err(named(problems, CliError::usage("nothing could be read")))
}

fn partly_read(problems: &[Problem]) -> CliError {
    named(
        problems,
        CliError::usage("not everything could be read; the rest is counted"),
    )
}

fn named(problems: &[Problem], error: CliError) -> CliError {
    problems.iter().fold(error, CliError::cause)
}

/// A review document; `name` is what messages call it.
pub(super) fn parse(text: &str, name: &str) -> Result<MemoryReview, CliError> {
    let no_review = |e: serde_json::Error| {
        CliError::usage(format!("`{name}` is no memory review"))
            .cause(e)
            .hint("give the review.json that `tuner review` wrote")
    };
    #[derive(serde::Deserialize)]
    struct Form {
        schema_version: u32,
    }
    let form: Form = serde_json::from_str(text).map_err(no_review)?;
    if form.schema_version > REVIEW_SCHEMA_VERSION {
        return Err(CliError::usage(format!(
            "`{name}` has form {} and this tuner knows forms of reviews up to {REVIEW_SCHEMA_VERSION}",
            form.schema_version
        ))
        .hint("update tuner"));
    }
    serde_json::from_str(text).map_err(no_review)
}
