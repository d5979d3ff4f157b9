//! Views of a [`ReviewTrend`]: several reviews of an account together.
//!
//! [`tables`] has the figures as rows and [`words`] the sentences; the rest are the forms.

mod csv;
mod tables;
pub(crate) mod words;

use std::io::Write;

use anstyle::Style;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::review::ReviewTrend;

pub use csv::trend_csv;

pub use crate::chart::trend_svg;
use crate::chart::{Shape, trend_element};
use crate::escape::markdown as escaped;
use crate::plain::{PlainPage, PlainPicture, PlainSection, Tone};
use crate::terminal::{BOLD, DIM, Page, WARN};
use crate::{Format, Options, ReportError, TerminalStyle, escape, masking};

/// Writes `trend` in `format`.
///
/// # Errors
/// When `out` refuses the bytes; all else is a defect.
pub fn render_trend(
    format: Format,
    trend: &ReviewTrend,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    match format {
        Format::Svg => trend_svg(trend, options, out),
        Format::Html => trend_html(trend, options, out),
        Format::Markdown => trend_markdown(trend, options, out),
        Format::Csv => trend_csv(trend, options, out),
        Format::Terminal => trend_terminal(trend, options, &TerminalStyle::default(), out),
        Format::Json => trend_json(trend, options, out),
    }
}

/// Writes the document itself, indented, with account IDs masked as `options` say.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn trend_json(trend: &ReviewTrend, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(trend, options)?;
    let text = serde_json::to_string_pretty(shown.as_ref())?;
    Ok(writeln!(out, "{}", escape::json(&text))?)
}

/// The JSON Schema (2020-12) of the `ReviewTrend` document; it is checked in as `reports/schema/trend.schema.json`.
pub fn trend_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<ReviewTrend>()
        .into()
}

/// Writes sentences and tables.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn trend_terminal(
    trend: &ReviewTrend,
    options: &Options,
    style: &TerminalStyle,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let shown = masking::shown(trend, options)?;
    let mut page = Page::new(style);
    let (first, further) = words::headline(&shown);
    page.paragraph(BOLD, "", &first);
    for line in further {
        page.paragraph(Style::new(), "", &line);
    }
    for warning in words::warnings(&shown) {
        page.paragraph(WARN, "warning: ", &warning);
    }
    for table in tables::all(&shown) {
        page.text.push('\n');
        page.paragraph(BOLD, "", &table.title);
        for line in &table.lines {
            page.paragraph(Style::new(), "", line);
        }
        if !table.rows.is_empty() {
            let rows = table.rows.into_iter().map(|row| (Style::new(), row));
            page.rows(table.head, rows, table.figures);
        }
    }
    page.text.push('\n');
    for note in words::NOTES {
        page.paragraph(DIM, "", note);
    }
    Ok(out.write_all(page.text.as_bytes())?)
}

/// Writes the same for a comment or a wiki.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn trend_markdown(trend: &ReviewTrend, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(trend, options)?;
    let (first, further) = words::headline(&shown);
    let mut md = format!("### {}\n\n", escaped(&first));
    for line in further {
        md.push_str(&format!("{}\n\n", escaped(&line)));
    }
    for warning in words::warnings(&shown) {
        md.push_str(&format!("> **Warning:** {}\n\n", escaped(&warning)));
    }
    for table in tables::all(&shown) {
        md.push_str(&format!("#### {}\n\n", escaped(&table.title)));
        for line in &table.lines {
            md.push_str(&format!("{}\n\n", escaped(line)));
        }
        if table.rows.is_empty() {
            continue;
        }
        let sides = (0..table.head.len()).map(|column| if table.figures.contains(&column) { "--:" } else { "---" });
        md.push_str(&format!(
            "| {} |\n|{}|\n",
            table.head.join(" | "),
            sides.collect::<Vec<_>>().join("|")
        ));
        for row in &table.rows {
            let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            md.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        md.push('\n');
    }
    for note in words::NOTES {
        md.push_str(&format!("{}\n\n", escaped(note)));
    }
    Ok(out.write_all(format!("{}\n", md.trim_end()).as_bytes())?)
}

/// Writes one page around the picture: no script, no request.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn trend_html(trend: &ReviewTrend, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(trend, options)?;
    let (title, lines) = words::headline(&shown);
    let section = |table: tables::Table| PlainSection {
        title: table.title,
        lines: table.lines,
        head: table.head,
        rows: table.rows,
    };
    let page = PlainPage {
        title,
        tone: Tone::Plain,
        lines,
        warnings: words::warnings(&shown),
        sections: tables::all(&shown).into_iter().map(section).collect(),
        notes: words::NOTES.map(str::to_owned).to_vec(),
        picture: Some(PlainPicture {
            wide: trend_element(&shown, Shape::Page)?,
            narrow: trend_element(&shown, Shape::Phone)?,
        }),
        ..PlainPage::default()
    };
    page.write(out)
}
