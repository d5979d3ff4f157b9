//! The table of several functions: printed, and written beside their folders.

use std::io::Write;

use tuner_core::overview::Overview;
use tuner_report::Options;

use crate::commands::out_folder::{INDEX, OutFolder};
use crate::commands::write_file;
use crate::error::CliError;
use crate::guarded;
use crate::terminal::{self, DIM, RESET};

/// What is printed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Human,
    Json,
    Markdown,
}

/// Prints the table and writes the index pages.
pub(super) fn finish(overview: &Overview, folder: &OutFolder, form: Form) -> Result<(), CliError> {
    let options = Options::default();
    let mut out = anstream::stdout().lock();
    let printed = match form {
        Form::Human => tuner_report::overview_terminal(overview, &options, &terminal::style(None), &mut out),
        Form::Json => tuner_report::overview_json(overview, &options, &mut out),
        // What is printed goes into a comment, from where the folder cannot be reached.
        Form::Markdown => tuner_report::overview_markdown(overview, &options, false, &mut out),
    };
    let [mut json, mut markdown, mut html] = [Vec::new(), Vec::new(), Vec::new()];
    tuner_report::overview_json(overview, &options, &mut json)?;
    tuner_report::overview_markdown(overview, &options, true, &mut markdown)?;
    tuner_report::overview_html(overview, &options, &mut html)?;
    for (name, bytes) in [(INDEX, json), ("index.md", markdown), ("index.html", html)] {
        let file = folder.path.join(name);
        write_file(&file, &bytes)?;
        let _ = writeln!(guarded::stderr(), "{DIM}wrote{RESET} {}", file.display());
    }
    Ok(printed?)
}
