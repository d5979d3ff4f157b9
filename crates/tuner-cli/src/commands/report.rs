//! `tuner report`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tuner_core::Tuning;
use tuner_core::check::Check;
use tuner_core::review::MemoryReview;
use tuner_core::tuning::SCHEMA_VERSION;
use tuner_report::{Format, Options};

use super::{check, read_document, review, trend, write_file};
use crate::cli::ReportArgs;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{self, DIM, RESET};

/// Renders a document again, or several reviews together.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, CliError> {
    match &args.documents[..] {
        [document] if !document.is_dir() => of_document(args, document),
        places => trend::report(args, places),
    }
}

/// Refuses to write where a document stands.
pub(super) fn must_not_replace(document: &Path, args: &ReportArgs) -> Result<(), CliError> {
    let place = |path: &Path| path.canonicalize().ok();
    let out = args.out.as_deref().and_then(place);
    match out.is_some() && out == place(document) {
        false => Ok(()),
        true => Err(CliError::usage(format!(
            "`{}` would be overwritten with its own report",
            document.display()
        ))
        .hint("choose another file with --out")),
    }
}

fn of_document(args: &ReportArgs, document: &Path) -> Result<Exit, CliError> {
    let name = document.display().to_string();
    let text = read_document(document)?;
    must_not_replace(document, args)?;
    let options = Options {
        show_account_ids: args.show_account_ids,
        document: (name != "-").then(|| name.clone()),
        ..Options::default()
    };
    let mut bytes = Vec::new();
    let kind = Kind::of(&text);
    if kind == Kind::Check && is_of_review(args) {
        return Err(no_review(&name));
    }
    if kind == Kind::Check {
        render_check(&check::parse::check(&text, &name)?, args, &options, &mut bytes)?;
        return deliver(args, &bytes);
    }
    let parsed = match Document::of(kind, &text, &name)? {
        Document::Review(review) => Document::Review(Box::new(as_asked(*review, args, &options)?)),
        Document::Tuning(_) if is_of_review(args) => return Err(no_review(&name)),
        tuning @ Document::Tuning(_) => tuning,
    };
    if let (Document::Review(review), Some(folder)) = (&parsed, &args.out)
        && review.groups.is_some()
        && folder.is_dir()
    {
        return into_folder(review, args, &options, folder);
    }
    match (args.format, &args.out) {
        (Format::Terminal, None) => {
            let style = terminal::style(None);
            match &parsed {
                Document::Tuning(tuning) => tuner_report::terminal(tuning, &options, &style, &mut bytes)?,
                Document::Review(review) => tuner_report::review_terminal(review, &options, &style, &mut bytes)?,
            }
        }
        (format, _) => match &parsed {
            Document::Tuning(tuning) => tuner_report::render(format, tuning, &options, &mut bytes)?,
            Document::Review(review) => tuner_report::render_review(format, review, &options, &mut bytes)?,
        },
    }
    deliver(args, &bytes)
}

/// Whether something is asked for that only a review has.
const fn is_of_review(args: &ReportArgs) -> bool {
    args.advice.is_some() || args.group_by.is_some()
}

fn no_review(name: &str) -> CliError {
    CliError::usage(format!(
        "`{name}` is no review, and only a review has advice and groups"
    ))
    .hint("leave out --advice, --group-by and --group")
}

/// The review with what was decided, and its groups.
pub(super) fn as_asked(
    mut review: MemoryReview,
    args: &ReportArgs,
    options: &Options,
) -> Result<MemoryReview, CliError> {
    // Without a file, what was known then stands; with one, owners that tuner.toml names are as they are for a review.
    if let Some(file) = &args.advice
        && let Some(advice) = review::advice::find(Some(file), &Config::load()?)?
    {
        review = review.with_advice_file(&advice);
    }
    let Some(by) = &args.group_by else {
        return Ok(review);
    };
    let grouped = review.grouped_by(by);
    let Some(wanted) = &args.group else {
        return Ok(grouped);
    };
    let name = Some(wanted.trim()).filter(|name| !name.is_empty());
    let groups = grouped.groups.iter().flat_map(|groups| &groups.groups);
    let names: Vec<Option<&str>> = groups.map(|group| group.name.as_deref()).collect();
    if !names.contains(&name) {
        let refused = CliError::usage(format!("no function of the review is in a group `{wanted}` by {by}"));
        return Err(refused.hint(groups_there_are(grouped, options)?));
    }
    Ok(grouped.of_group(by, name))
}

/// What may be asked for, as it may be shown: names of groups may hold account IDs.
fn groups_there_are(grouped: MemoryReview, options: &Options) -> Result<String, CliError> {
    const MOST: usize = 20;
    let shown = tuner_report::masked_review(grouped, options)?;
    let groups = shown.groups.iter().flat_map(|groups| &groups.groups);
    let names: Vec<&str> = groups.filter_map(|group| group.name.as_deref()).collect();
    let first = names[..names.len().min(MOST)].join(", ");
    Ok(match names.len().saturating_sub(MOST) {
        _ if names.is_empty() => "every function is in none: leave out --group".to_owned(),
        0 => format!("there are {first}"),
        more => format!("there are {first} and {more} more"),
    })
}

fn report_in(folder: &Path, format: Format) -> PathBuf {
    folder.join(format!("report.{}", format.extension()))
}

/// The report, and what `tuner review` writes of its groups.
fn into_folder(review: &MemoryReview, args: &ReportArgs, options: &Options, folder: &Path) -> Result<Exit, CliError> {
    let linking = Options {
        group_pages: Some(review::finish::GROUPS.to_owned()),
        ..options.clone()
    };
    let file = report_in(folder, args.format);
    for document in &args.documents {
        must_not_overwrite(document, &file, folder)?;
    }
    let mut bytes = Vec::new();
    tuner_report::render_review(args.format, review, &linking, &mut bytes)?;
    write_file(&file, &bytes)?;
    let _ = writeln!(guarded::stderr(), "{DIM}wrote{RESET} {}", file.display());
    review::finish::write_groups(review, options, folder)?;
    Ok(Exit::Done)
}

/// Refuses a document that stands where the report or something of the groups is to be written.
fn must_not_overwrite(document: &Path, report: &Path, folder: &Path) -> Result<(), CliError> {
    let place = |path: &Path| path.canonicalize().ok();
    let Some(document_at) = place(document) else {
        return Ok(());
    };
    let is_page = document_at.parent().map(Path::to_owned) == place(&folder.join(review::finish::GROUPS));
    let written = [report.to_owned(), folder.join(review::finish::GROUPS_TABLE)];
    if is_page || written.iter().any(|file| place(file).as_ref() == Some(&document_at)) {
        return Err(CliError::usage(format!(
            "`{}` would be overwritten with its own report",
            document.display()
        ))
        .hint("choose another directory with --out"));
    }
    Ok(())
}

pub(super) fn deliver(args: &ReportArgs, bytes: &[u8]) -> Result<Exit, CliError> {
    if let Some(folder) = args.out.as_ref().filter(|out| out.is_dir()) {
        let file = report_in(folder, args.format);
        return Err(CliError::usage(format!(
            "`{}` is a directory, and this report is one file",
            folder.display()
        ))
        .hint(format!("name the file, such as {}", file.display())));
    }
    match &args.out {
        Some(file) => write_file(file, bytes)?,
        None => anstream::stdout().lock().write_all(bytes)?,
    }
    Ok(Exit::Done)
}

fn render_check(check: &Check, args: &ReportArgs, options: &Options, out: &mut Vec<u8>) -> Result<(), CliError> {
    match args.format {
        Format::Terminal => {
            let style = terminal::style(args.out.as_deref());
            tuner_report::check_terminal(check, options, &style, out)?;
        }
        Format::Markdown => tuner_report::check_markdown(check, options, out)?,
        Format::Json => tuner_report::check_json(check, out)?,
        Format::Html => tuner_report::check_html(check, options, out)?,
        other => {
            return Err(CliError::usage(format!("a check has no form `{}`", other.as_str()))
                .hint("use terminal, markdown, html or json"));
        }
    }
    Ok(())
}

/// What a document says of itself that it is; what says nothing is taken for a tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tuning,
    Review,
    Check,
}

impl Kind {
    pub(super) fn of(text: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct Said {
            review_id: Option<serde::de::IgnoredAny>,
            check_id: Option<serde::de::IgnoredAny>,
        }
        match serde_json::from_str(text) {
            Ok(Said { review_id: Some(_), .. }) => Self::Review,
            Ok(Said { check_id: Some(_), .. }) => Self::Check,
            _ => Self::Tuning,
        }
    }
}

/// A document that recommends something.
pub(super) enum Document {
    Tuning(Box<Tuning>),
    Review(Box<MemoryReview>),
}

impl Document {
    pub(super) fn parse(text: &str, name: &str) -> Result<Self, CliError> {
        Self::of(Kind::of(text), text, name)
    }

    fn of(kind: Kind, text: &str, name: &str) -> Result<Self, CliError> {
        match kind {
            Kind::Review => Ok(Self::Review(Box::new(review::parse(text, name)?))),
            Kind::Tuning | Kind::Check => Ok(Self::Tuning(Box::new(parse(text, name)?))),
        }
    }
}

/// A tuning document; `name` is what messages call it.
pub(super) fn parse(text: &str, name: &str) -> Result<Tuning, CliError> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema_version: u32,
    }
    let hint = "give the tuning.json that `tuner run` wrote, or the review.json of `tuner review`";
    let none = |e: serde_json::Error| {
        CliError::usage(format!("`{name}` is neither a tuning nor a review"))
            .cause(not_finite(text, &e).unwrap_or_else(|| e.to_string()))
            .hint(hint)
    };
    let version: Version = serde_json::from_str(text).map_err(none)?;
    if version.schema_version > SCHEMA_VERSION {
        return Err(CliError::usage(format!(
            "`{name}` has form {} and this tuner knows forms up to {SCHEMA_VERSION}",
            version.schema_version
        ))
        .hint("update tuner"));
    }
    serde_json::from_str(text).map_err(none)
}

/// JSON has no infinite numbers, and none that are not a number; some programs write them all the same.
pub(super) fn not_finite(text: &str, error: &serde_json::Error) -> Option<String> {
    let at = error.line();
    if error.to_string().starts_with("number out of range") {
        return Some(format!(
            "a number in line {at} is too large: figures are at most 1.8e308"
        ));
    }
    let line = text.lines().nth(at.checked_sub(1)?)?;
    let rest = line.get(error.column().saturating_sub(2)..)?;
    let word: String = rest
        .chars()
        .skip_while(|c| !c.is_alphabetic())
        .take_while(|c| c.is_alphabetic())
        .collect();
    let is_none = ["nan", "inf", "infinity"].contains(&word.to_lowercase().as_str());
    is_none.then(|| format!("`{word}` in line {at} is no figure: a document holds finite numbers only"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_called_that() {
        for (number, word) in [
            ("NaN", "`NaN`"),
            ("Infinity", "`Infinity`"),
            ("-Infinity", "`Infinity`"),
            ("inf", "`inf`"),
        ] {
            let text = format!("{{\n \"schema_version\": 1,\n \"a\": [ {number}, 1 ] }}");
            let error = parse(&text, "x.json").unwrap_err().in_a_line();
            assert!(error.contains(word) && error.contains("line 3"), "{error}");
        }
        let error = parse("{ \"schema_version\": 1e999 }", "x.json")
            .unwrap_err()
            .in_a_line();
        assert!(error.contains("too large"), "{error}");
        let error = parse("{ \"schema_version\": nothing }", "x.json")
            .unwrap_err()
            .in_a_line();
        assert!(!error.contains("figure"), "{error}");
    }
}
