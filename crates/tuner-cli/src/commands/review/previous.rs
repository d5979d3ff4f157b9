//! The review that a new one is compared with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tuner_core::review::{Gathered, MemoryReview};
use tuner_report::MASKED_ACCOUNT;

use super::{DOCUMENT, parse};
use crate::commands::out_folder::OUT;
use crate::commands::read_text;
use crate::error::CliError;

/// What is given for no comparison at all.
const NONE: &str = "none";

/// The one that was asked for; else the last one of an earlier time in the output directory or beside it in `tuner-out`,
/// of the same account as far as that can be told, with a function in common. Where it is, too.
pub(super) fn find(
    asked: Option<&Path>,
    out: Option<&Path>,
    gathered: &Gathered,
) -> Result<Option<(MemoryReview, PathBuf)>, CliError> {
    match asked {
        Some(file) if file.as_os_str() == NONE => Ok(None),
        Some(file) => {
            let review = parse(&read_text(file, "review")?, &file.display().to_string())?;
            Ok(Some((review, file.to_owned())))
        }
        None => {
            let mut known: Vec<(MemoryReview, PathBuf)> = places(out)
                .into_iter()
                .filter_map(|file| {
                    let text = std::fs::read_to_string(&file).ok()?;
                    let review = parse(&text, &file.display().to_string()).ok()?;
                    is_before(&review, gathered).then_some((review, file))
                })
                .collect();
            known.sort_by_key(|(review, _)| (is_earlier(review, gathered), end(review), review.review_id));
            Ok(known.pop())
        }
    }
}

/// Where reviews may be.
fn places(out: Option<&Path>) -> Vec<PathBuf> {
    let mut files = inside(Path::new(OUT));
    files.extend(out.into_iter().flat_map(inside));
    files.sort();
    files.dedup();
    files
}

/// The documents of reviews in a directory: its own, those of its directories, as results are put there, and those of a store.
pub(in crate::commands) fn inside(folder: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path().join(DOCUMENT)).collect()
    };
    let mut files = vec![folder.join(DOCUMENT)];
    files.extend(below(folder));
    files.extend(below(&folder.join("reviews")));
    files.retain(|file| file.is_file());
    files.sort();
    files
}

/// Whether it may be the last review of what was gathered.
fn is_before(review: &MemoryReview, gathered: &Gathered) -> bool {
    // Documents are written with masked accounts unless asked otherwise: such a one may be of any.
    let known = |account: &Option<String>| account.clone().filter(|account| account != MASKED_ACCOUNT);
    let differ = (known(&review.account).zip(known(&gathered.account))).is_some_and(|(then, now)| then != now);
    let names: BTreeSet<&str> = review.functions.iter().map(|f| f.function.name.name()).collect();
    let shared = gathered
        .functions
        .iter()
        .any(|(function, _)| names.contains(function.name.name()));
    let later = review
        .window
        .zip(gathered.window)
        .is_some_and(|(then, now)| then.until > now.until);
    !differ && shared && !later && review.review_id < gathered.review_id
}

/// Whether it is of an earlier time, and not of the same logs read once more.
fn is_earlier(review: &MemoryReview, gathered: &Gathered) -> bool {
    review.window != gathered.window || review.window.is_none()
}

fn end(review: &MemoryReview) -> jiff::Timestamp {
    review.window.map_or(review.finished_at, |window| window.until)
}
