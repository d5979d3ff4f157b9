//! How a review's end is told: printed, written, and as a gate.

use std::io::Write;
use std::path::Path;

use tuner_core::review::{FunctionReview, Judged, MemoryReview};
use tuner_report::{Format, GROUP_FORMATS, Options, group_pages, render_review, review_groups_csv, review_terminal};

use super::DOCUMENT;
use crate::cli::{ReviewArgs, ReviewFormat, ReviewGate};
use crate::commands::out_folder::OutFolder;
use crate::commands::write_file_by;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{self, DIM, RESET};
use crate::units::plural;

/// The files of a review, the document first.
const FILES: [(&str, Format); 5] = [
    (DOCUMENT, Format::Json),
    ("report.html", Format::Html),
    ("report.svg", Format::Svg),
    ("report.md", Format::Markdown),
    ("report.csv", Format::Csv),
];

/// The review as it may be shown: made once for all forms of it.
pub(super) fn as_shown(args: &ReviewArgs, review: MemoryReview) -> Result<MemoryReview, CliError> {
    let options = Options {
        show_account_ids: args.show_account_ids,
        ..Options::default()
    };
    Ok(tuner_report::masked_review(review, &options)?)
}

/// Prints the review, then writes its files: what was found is shown even on a full disk.
pub(super) fn tell(args: &ReviewArgs, review: &MemoryReview, folder: &OutFolder) -> Result<(), CliError> {
    let options = Options {
        show_account_ids: args.show_account_ids,
        ..Options::default()
    };
    // Files may be passed on to people with other profiles.
    let mine = Options {
        profile: args.account.profile.clone(),
        ..options.clone()
    };
    let printed = print(args.format, review, &mine);
    let linking = Options {
        group_pages: review.groups.as_ref().map(|_| GROUPS.to_owned()),
        ..options.clone()
    };
    for (name, format) in FILES {
        let file = folder.path.join(name);
        write_file_by(&file, |mut out| {
            render_review(format, review, &linking, &mut out).map_err(std::io::Error::other)
        })?;
        let _ = writeln!(guarded::stderr(), "{DIM}wrote{RESET} {}", file.display());
    }
    write_groups(review, &options, &folder.path)?;
    printed
}

/// The pages of groups, below the results.
pub(in crate::commands) const GROUPS: &str = "groups";
/// The sums of every group, beside the results.
pub(in crate::commands) const GROUPS_TABLE: &str = "groups.csv";

/// Writes the sums of every group into `folder`, and a page for each in every form of it; nothing where there are no groups.
pub(in crate::commands) fn write_groups(
    review: &MemoryReview,
    options: &Options,
    folder: &Path,
) -> Result<(), CliError> {
    if review.groups.is_none() {
        return Ok(());
    }
    // The names of groups may hold account IDs: pages are called by what is shown.
    let shown = tuner_report::masked_review(review.clone(), options)?;
    let Some(groups) = &shown.groups else { return Ok(()) };
    let table = folder.join(GROUPS_TABLE);
    let before = pages_before(&table);
    write_file_by(&table, |mut out| {
        review_groups_csv(&shown, options, &mut out).map_err(std::io::Error::other)
    })?;
    let pages = group_pages(&shown);
    let inside = folder.join(GROUPS);
    std::fs::create_dir_all(&inside).map_err(|e| {
        CliError::usage(format!("cannot make the directory `{}`", inside.display()))
            .cause(e)
            .hint("choose another place with --out")
    })?;
    for page in &pages {
        let of_group = shown.of_group(&groups.by, page.name.as_deref());
        for format in GROUP_FORMATS {
            let file = inside.join(format!("{}.{}", page.stem, format.extension()));
            write_file_by(&file, |mut out| {
                render_review(format, &of_group, options, &mut out).map_err(std::io::Error::other)
            })?;
        }
    }
    // Nobody is to read the page of a group that is not there any more. What the last table does not name is not ours.
    let now: Vec<&str> = pages.iter().map(|page| page.stem.as_str()).collect();
    for stem in before.iter().filter(|stem| !now.contains(&stem.as_str())) {
        for format in GROUP_FORMATS {
            let _ = std::fs::remove_file(inside.join(format!("{stem}.{}", format.extension())));
        }
    }
    let mut err = guarded::stderr();
    let _ = writeln!(err, "{DIM}wrote{RESET} {}", table.display());
    let pages = plural(pages.len() as u64, "group");
    let _ = writeln!(err, "{DIM}wrote{RESET} pages of {pages} in {}", inside.display());
    Ok(())
}

/// The pages that the last table of groups names, as far as they are called as we call them.
fn pages_before(table: &Path) -> Vec<String> {
    let Ok(mut rows) = csv::Reader::from_path(table) else {
        return Vec::new();
    };
    let is_ours = |head: &csv::StringRecord| head.get(0) == Some("grouped_by");
    let column = rows.headers().ok().filter(|head| is_ours(head));
    let Some(column) = column.and_then(|head| head.iter().position(|name| name == "page")) else {
        return Vec::new();
    };
    let is_safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let stems = rows
        .records()
        .filter_map(|row| row.ok()?.get(column).map(str::to_owned));
    stems
        .filter(|stem| !stem.is_empty() && stem.chars().all(is_safe))
        .collect()
}

fn print(format: ReviewFormat, review: &MemoryReview, options: &Options) -> Result<(), CliError> {
    let mut out = std::io::BufWriter::new(anstream::stdout().lock());
    let format = match format {
        ReviewFormat::Human => {
            let style = terminal::style(None);
            review_terminal(review, options, &style, &mut out)?;
            return Ok(out.flush()?);
        }
        ReviewFormat::Json => Format::Json,
        ReviewFormat::Markdown => Format::Markdown,
        ReviewFormat::Csv => Format::Csv,
    };
    render_review(format, review, options, &mut out)?;
    Ok(out.flush()?)
}

/// Fails if there are findings that must not be there.
pub(super) fn gate(args: &ReviewArgs, review: &MemoryReview) -> Result<(), CliError> {
    let found: Vec<String> = (args.fail_on.iter())
        .filter_map(|gate| {
            let named = |wanted: &dyn Fn(&FunctionReview) -> bool| -> Vec<&str> {
                let of = review.functions.iter().filter(|f| wanted(f));
                of.map(|f| f.function.name.name()).collect()
            };
            let (words, of) = match gate {
                ReviewGate::Finding(kind) => (kind.words(), named(&|f| f.finding(*kind).is_some())),
                ReviewGate::Unjudged => {
                    let unread = review.regions.iter().filter(|region| region.problem.is_some());
                    let mut of: Vec<&str> = unread.map(|region| region.region.as_str()).collect();
                    of.extend(named(&|f| f.judged() != Judged::Fully));
                    ("could not be judged in full", of)
                }
                ReviewGate::Unreadable => return None,
            };
            (!of.is_empty()).then(|| format!("{words}: {}", some_of(&of)))
        })
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    let error = CliError::new(Exit::GateNotMet, "there are findings that --fail-on names");
    Err(found.iter().fold(error, CliError::cause))
}

/// The first names, and how many more there are.
fn some_of(names: &[&str]) -> String {
    const MOST: usize = 10;
    let shown = names[..names.len().min(MOST)].join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
