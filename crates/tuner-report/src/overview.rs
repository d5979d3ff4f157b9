//! Views of an [`Overview`]: terminal text, Markdown, HTML and JSON.

use std::io::Write;

use anstyle::Style;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::overview::{Overview, OverviewCommand, OverviewRow, Unjudged};

use crate::escape::markdown as escaped;
use crate::masking::Document;
use crate::plain::{PlainCell, PlainPage, PlainRow, Tone};
use crate::terminal::{BAD, BOLD, GOOD, Page};
use crate::{Options, ReportError, TerminalStyle, escape, masking, numbers};

impl Document for Overview {
    fn account(&self) -> Option<&str> {
        None
    }
}

/// Writes the document itself, indented, with accounts in ARNs masked as `options` say.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn overview_json(overview: &Overview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let overview = masking::shown(overview, options)?;
    let text = serde_json::to_string_pretty(overview.as_ref())?;
    Ok(writeln!(out, "{}", escape::json(&text))?)
}

/// The JSON Schema (2020-12) of the `Overview` document; it is checked in as `reports/schema/overview.schema.json`.
pub fn overview_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Overview>()
        .into()
}

/// Writes how it ended in a sentence, and a line or two for every function.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn overview_terminal(
    overview: &Overview,
    options: &Options,
    style: &TerminalStyle,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let overview = masking::shown(overview, options)?;
    let mut page = Page::new(style);
    page.paragraph(BOLD, "", &headline(&overview));
    page.text.push('\n');
    let widest = overview.functions.iter().map(|row| row.name.chars().count()).max();
    let widest = widest.unwrap_or(0).min(style.width / 3);
    for row in &overview.functions {
        let lead = format!("{:>3}  {:widest$}  ", row.exit_code, row.name);
        let style = match tone(row) {
            Tone::Good => GOOD,
            Tone::Bad => BAD,
            Tone::Plain => Style::new(),
        };
        for (index, text) in result(row).iter().enumerate() {
            match index {
                0 => page.paragraph(style, &lead, text),
                _ => page.paragraph(Style::new(), &" ".repeat(lead.chars().count()), text),
            }
        }
    }
    Ok(out.write_all(page.text.as_bytes())?)
}

/// Writes how it ended, and a row for every function. With `links` names lead to the functions' pages, which is of use only in a
/// file beside those; a comment on a pull request has nothing they could lead to.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn overview_markdown(
    overview: &Overview,
    options: &Options,
    links: bool,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let overview = masking::shown(overview, options)?;
    let mut md = format!(
        "### {}\n\n| Function | Result | Exit code |\n|---|---|--:|\n",
        escaped(&headline(&overview))
    );
    for row in &overview.functions {
        let text: Vec<String> = result(row).iter().map(|text| escaped(text)).collect();
        let mut text = text.join("<br>");
        if tone(row) == Tone::Bad {
            text = format!("❌ {text}");
        }
        let name = match &row.page {
            Some(page) if links => format!("[{}]({page})", escaped(&row.name)),
            _ => escaped(&row.name),
        };
        md.push_str(&format!("| {name} | {text} | {} |\n", row.exit_code));
    }
    Ok(out.write_all(md.as_bytes())?)
}

/// Writes one page that leads to those of the functions.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn overview_html(overview: &Overview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let overview = masking::shown(overview, options)?;
    let row = |row: &OverviewRow| PlainRow {
        tone: tone(row),
        cells: vec![
            PlainCell {
                text: row.name.clone(),
                href: row.page.clone(),
            },
            result(row).join(" ").into(),
            row.exit_code.to_string().into(),
        ],
    };
    let page = PlainPage {
        title: headline(&overview),
        tone: match overview.exit_code {
            0 if overview.functions.iter().all(|row| row.unjudged.is_none()) => Tone::Good,
            0 | 4 => Tone::Plain,
            _ => Tone::Bad,
        },
        lines: vec![format!(
            "From {} to {} (UTC), by tuner {}.",
            overview.started_at.strftime("%Y-%m-%d %H:%M:%S"),
            overview.finished_at.strftime("%Y-%m-%d %H:%M:%S"),
            overview.tool_version
        )],
        head: vec!["Function", "Result", "Exit code"],
        rows: overview.functions.iter().map(row).collect(),
        ..PlainPage::default()
    };
    page.write(out)
}

/// How it ended, in one line.
fn headline(overview: &Overview) -> String {
    let of = overview.functions.len();
    let count = |code: u8| overview.functions.iter().filter(|row| row.exit_code == code).count();
    let unjudged = |why: Unjudged| {
        let has = |row: &&OverviewRow| row.exit_code == 0 && row.unjudged == Some(why);
        overview.functions.iter().filter(has).count()
    };
    let good_rows = |row: &&OverviewRow| row.exit_code == 0 && row.unjudged.is_none();
    let passed = overview.functions.iter().filter(good_rows).count();
    let others = overview
        .functions
        .iter()
        .filter(|row| !matches!(row.exit_code, 0 | 3 | 4 | 130))
        .count();
    let [good, broken] = match overview.command {
        OverviewCommand::Check => [
            ["keeps its limits", "keep their limits"],
            ["breaks a limit", "break a limit"],
        ],
        OverviewCommand::Run => [
            ["has a recommendation", "have a recommendation"],
            [
                "has no size that keeps the limits",
                "have no size that keeps the limits",
            ],
        ],
    };
    let parts = [
        (count(3), broken),
        (count(4), ["cannot be told"; 2]),
        (others, ["failed"; 2]),
        (
            count(130),
            ["was interrupted or not begun", "were interrupted or not begun"],
        ),
        (
            unjudged(Unjudged::NothingToCompare),
            ["measured, nothing to compare with yet"; 2],
        ),
        (unjudged(Unjudged::LetPass), ["let pass though it cannot be told"; 2]),
        (unjudged(Unjudged::DryRun), ["tried by a dry run"; 2]),
        (passed, good),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, [one, several])| format!("{} {}", numbers::count(n as u64), if n == 1 { one } else { several }))
        .collect();
    let interrupted = if overview.interrupted { "interrupted; " } else { "" };
    let functions = if of == 1 { "function" } else { "functions" };
    format!(
        "{interrupted}of {} {functions}, {}",
        numbers::count(of as u64),
        parts.join(", ")
    )
}

fn tone(row: &OverviewRow) -> Tone {
    match row.exit_code {
        0 if row.unjudged.is_none() => Tone::Good,
        0 | 4 => Tone::Plain,
        _ => Tone::Bad,
    }
}

/// What is said of a function, in a line or several.
fn result(row: &OverviewRow) -> Vec<String> {
    let found = [&row.finding, &row.effect].into_iter().flatten().cloned();
    let warnings = row.warnings.iter().map(|text| format!("({text})"));
    found.chain(warnings).chain(row.error.clone()).collect()
}
