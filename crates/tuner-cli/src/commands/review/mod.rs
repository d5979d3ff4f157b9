//! `tuner review`.

pub(super) mod advice;
mod encoding;
pub(super) mod finish;
mod inventory;
mod live;
mod offline;
mod optimizer;
pub(super) mod previous;
mod progress;
mod serving;
mod tunings;

use std::collections::BTreeMap;
use std::io::Write;

use tuner_core::review::{Fallback, Gathered, MemoryReview, REVIEW_SCHEMA_VERSION, Tuned};
use tuner_core::{FunctionName, Tuning};

use super::out_folder::{OutFolder, stamped};
use super::{price_table, report, unread};
use crate::cli::{ReviewArgs, ReviewGate};
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{DIM, RESET};

/// Name of the document in its directory.
const DOCUMENT: &str = "review.json";
/// Where functions are taken to be of which that is not known, as `tuner logs` takes them.
const USUAL_REGION: &str = "us-east-1";

pub(super) use live::of_account;

/// Reviews what exported logs tell of.
pub(super) fn of_logs(args: &ReviewArgs) -> Result<Exit, CliError> {
    let prices = price_table(args.prices.as_deref())?;
    let advice = advice::find(args.advice.as_deref(), &Config::load()?)?;
    unread::must_exist(&args.from_logs)?;
    let (gathered, tunings, unread) = offline::gather(args)?;
    if gathered.functions.is_empty() {
        return Err(unread.nothing_found());
    }
    let reports: u64 = gathered.functions.iter().map(|(_, evidence)| evidence.reports()).sum();
    let previous = previous::find(args.previous.as_deref(), args.out.as_deref(), &gathered)?;
    if let Some((_, file)) = &previous {
        let _ = writeln!(guarded::stderr(), "{DIM}compared with{RESET} {}", file.display());
    }
    let folder = OutFolder::create(args.out.as_deref(), &stamped("review"))?;
    let mut review = made(gathered, args, &prices, previous.as_ref().map(|(review, _)| review));
    if !tunings.is_empty() {
        let tuned = tuned(&tunings, &review);
        review = review.with_tuned(tuned);
    }
    // What was measured is known before anything of it is ignored.
    if let Some(advice) = &advice {
        review = review.with_advice_file(advice);
    }
    if let Some(by) = &args.group_by {
        review = review.grouped_by(by);
    }
    let review = finish::as_shown(args, review)?;
    finish::tell(args, &review, &folder)?;
    unread.tell();
    finish::gate(args, &review)?;
    if args.fail_on.contains(&ReviewGate::Unreadable) {
        unread.gate()?;
    }
    Ok(match reports == 0 || review.is_blind() {
        true => Exit::NotEnoughEvidence,
        false => Exit::Done,
    })
}

/// What came of tunings, by the functions as the review calls them; of several of one function, the last.
fn tuned(tunings: &[Tuning], review: &MemoryReview) -> BTreeMap<FunctionName, Tuned> {
    let mut tunings: Vec<&Tuning> = tunings.iter().collect();
    tunings.sort_by_key(|tuning| tuning.finished_at);
    let as_reviewed = |tuning: &Tuning| {
        let name = &tuning.function.name;
        let mut functions = review.functions.iter();
        let known = functions.find(|of| offline::is_of(&of.function, name));
        known.map_or_else(|| name.unqualified(), |of| of.function.name.clone())
    };
    tunings
        .into_iter()
        .map(|tuning| (as_reviewed(tuning), Tuned::of(tuning, None)))
        .collect()
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

/// A review document; `name` is what messages call it.
pub(super) fn parse(text: &str, name: &str) -> Result<MemoryReview, CliError> {
    let no_review = |e: serde_json::Error| {
        CliError::usage(format!("`{name}` is no memory review"))
            .cause(report::not_finite(text, &e).unwrap_or_else(|| e.to_string()))
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
