//! `tuner report` of several reviews.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tuner_core::review::{MemoryReview, NoTrend, ReviewTrend};
use tuner_report::{Format, MASKED_ACCOUNT, Options};

use super::report::{Kind, as_asked, deliver, must_not_replace};
use super::{read_document, review};
use crate::cli::ReportArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{self, DIM, RESET};

/// Renders the trend over the reviews at `places`, which are files and directories.
pub(super) fn report(args: &ReportArgs, places: &[PathBuf]) -> Result<Exit, CliError> {
    let options = Options {
        show_account_ids: args.show_account_ids,
        ..Options::default()
    };
    let mut reviews = Vec::new();
    for place in places {
        match place.is_dir() {
            true => reviews.extend(of_folder(place, args)?),
            false => {
                must_not_replace(place, args)?;
                reviews.push(read(place)?);
            }
        }
    }
    let reviews: Vec<MemoryReview> = reviews
        .into_iter()
        .map(|review| as_asked(review, args, &options))
        .collect::<Result<_, _>>()?;
    let trend = ReviewTrend::of(&reviews, MASKED_ACCOUNT).map_err(|error| {
        let hint = match error {
            NoTrend::Accounts(_) => "give the reviews of one account",
            _ => "give more reviews, or one document alone to see that",
        };
        CliError::usage(error).hint(hint)
    })?;
    let mut bytes = Vec::new();
    match (args.format, &args.out) {
        (Format::Terminal, None) => {
            tuner_report::trend_terminal(&trend, &options, &terminal::style(None), &mut bytes)?;
        }
        (format, _) => tuner_report::render_trend(format, &trend, &options, &mut bytes)?,
    }
    deliver(args, &bytes)
}

fn read(file: &Path) -> Result<MemoryReview, CliError> {
    let name = file.display().to_string();
    let text = read_document(file)?;
    if Kind::of(&text) != Kind::Review {
        return Err(CliError::usage(format!(
            "`{name}` is no review, and several documents make a trend of reviews"
        ))
        .hint("give review.json files, directories with some, or one document alone"));
    }
    review::parse(&text, &name)
}

/// All reviews in a directory. One that cannot be read is named, and the others are told of.
fn of_folder(folder: &Path, args: &ReportArgs) -> Result<Vec<MemoryReview>, CliError> {
    let files = review::previous::inside(folder);
    if files.is_empty() {
        return Err(CliError::usage(format!("there is no review in `{}`", folder.display()))
            .hint("give a directory that holds review.json, or directories with one each, as tuner-out does"));
    }
    let mut reviews = Vec::new();
    for file in files {
        must_not_replace(&file, args)?;
        match read(&file) {
            Ok(review) => reviews.push(review),
            Err(error) => {
                let _ = writeln!(guarded::stderr(), "{DIM}left out{RESET} {}", error.in_a_line());
            }
        }
    }
    Ok(reviews)
}
