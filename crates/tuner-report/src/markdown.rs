use std::fmt::Write as _;
use std::io::Write;

use tuner_core::Tuning;

use crate::comparison::{self, Comparison};
use crate::escape::markdown as escaped;
use crate::notes::notes;
use crate::rows::{self, Figure, SizeRow};
use crate::view::View;
use crate::{Options, ReportError, masking, words};

/// Writes a comment for a pull request: the decision with its direction and money, one table to skim, all sizes folded.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn markdown(tuning: &Tuning, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(tuning, options)?;
    Ok(out.write_all(text(&View::new(&shown), options).as_bytes())?)
}

fn text(view: &View<'_>, options: &Options) -> String {
    let words = words::of_view(view);
    let mut md = String::new();
    let mut paragraph = |text: String| md.push_str(&format!("{text}\n\n"));
    let money = monthly(view).map_or_else(String::new, |money| format!(" ({money})"));
    paragraph(format!("### {}{}", escaped(&words.decision), escaped(&money)));
    paragraph(format!("{}.", escaped(&words.effect)));
    if let Some(table) = comparison::of_view(view) {
        paragraph(compared(&table));
    }
    if let Some(href) = &options.svg_href {
        paragraph(format!(
            "![{}]({})",
            escaped("Duration and cost by memory size"),
            address(href)
        ));
    }
    for leftover in &view.tuning.leftovers {
        paragraph(format!("**Left behind:** {}", escaped(leftover)));
    }
    for warning in &view.tuning.warnings {
        paragraph(format!("**Warning:** {}", escaped(warning)));
    }
    if let Some(what) = words::remedies(&view.tuning.remedies, options.reader) {
        paragraph(format!("**What to do:** {}", escaped(&what)));
    }
    paragraph(folded("All memory sizes", &all_sizes(view)));
    let cold = cold(view);
    if !cold.is_empty() {
        paragraph(folded("Cold starts", &cold));
    }
    if let Some(model) = words::model::of_view(view) {
        let lines =
            [&model.parts, &model.equation, &model.knee, model.use_of_it].map(|line| format!("- {}", escaped(line)));
        paragraph(folded("Model", &lines.join("\n")));
    }
    let caveat = words
        .caveat
        .map_or_else(String::new, |caveat| format!("{} ", escaped(&caveat)));
    paragraph(format!("<sub>{}</sub>", escaped(&words.provenance)));
    paragraph(format!("<sub>{caveat}{}</sub>", escaped(&notes(view).join(" "))));
    if let Some(step) = words::next_step(view.tuning, options) {
        paragraph(format!("**Next:** {}", escaped(&step.words)));
        paragraph(format!("```sh\n{}\n```", step.command));
    }
    md.truncate(md.trim_end().len());
    md.push('\n');
    md
}

/// "−$18.20 a month": what the decision changes, if the volume is known.
fn monthly(view: &View<'_>) -> Option<String> {
    let (_, before) = view.present()?;
    let (_, after) = view.chosen().filter(|(row, _)| !row.is_present)?;
    let change = view.monthly(after.cost.value)? - view.monthly(before.cost.value)?;
    let sign = if change > 0.0 { "+" } else { "" };
    let unit = match view.unit {
        crate::view::CostUnit::Money(_) => "",
        crate::view::CostUnit::GbSeconds => " GB-seconds",
    };
    let estimate = if view.is_estimate() { ", estimated" } else { "" };
    Some(format!("{sign}{}{unit} a month{estimate}", view.unit.show(change)))
}

fn compared(table: &Comparison) -> String {
    let mut md = String::new();
    let second = table.second;
    row(
        &mut md,
        [" ", table.first]
            .into_iter()
            .chain(second)
            .chain(second.map(|_| "change")),
    );
    row(
        &mut md,
        [":--", "--:"]
            .into_iter()
            .chain(second.map(|_| "--:"))
            .chain(second.map(|_| "--:")),
    );
    for line in &table.lines {
        let name = escaped(&line.name);
        let rest = [&line.second, &line.change]
            .map(String::as_str)
            .into_iter()
            .filter(|_| second.is_some());
        row(&mut md, [name.as_str(), &line.first].into_iter().chain(rest));
    }
    md.truncate(md.trim_end().len());
    md
}

fn all_sizes(view: &View<'_>) -> String {
    let mut md = String::new();
    let cost = escaped(&format!("{} per million", view.unit.name()));
    row(
        &mut md,
        [
            "memory, MB",
            "n",
            "mean, ms",
            "p50, ms",
            "p95, ms",
            &cost,
            "memory used",
            " ",
        ]
        .into_iter(),
    );
    row(
        &mut md,
        ["--:", "--:", "--:", "--:", "--:", "--:", "--:", ":--"].into_iter(),
    );
    for size in rows::sizes(view) {
        size_row(&mut md, &size);
    }
    md
}

fn size_row(md: &mut String, size: &SizeRow) {
    let memory = match size.class {
        "chosen" => format!("**{}**", size.mb),
        _ => size.mb.to_string(),
    };
    let cells = [
        memory,
        size.invocations.clone(),
        with_interval(&size.mean),
        with_interval(&size.p50),
        with_interval(&size.p95),
        with_interval(&size.cost),
        size.memory_used.clone(),
        escaped(&size.verdict),
    ];
    row(md, cells.iter().map(String::as_str));
}

fn cold(view: &View<'_>) -> String {
    let rows = rows::cold(view);
    if rows.is_empty() {
        return String::new();
    }
    let mut md = String::new();
    row(
        &mut md,
        [
            "memory, MB",
            "start",
            "n",
            "init p50, ms",
            "init max, ms",
            "whole p50, ms",
        ]
        .into_iter(),
    );
    row(&mut md, ["--:", ":--", "--:", "--:", "--:", "--:"].into_iter());
    for cold in rows {
        let memory = cold.mb.to_string();
        let (init, whole) = (with_interval(&cold.init_p50), with_interval(&cold.duration_p50));
        row(
            &mut md,
            [&memory, cold.start, &cold.starts, &init, &cold.init_max, &whole].into_iter(),
        );
    }
    md
}

fn with_interval(figure: &Figure) -> String {
    match (figure.value.is_empty(), figure.interval.is_empty()) {
        (true, _) => "–".to_owned(),
        (_, true) => figure.value.clone(),
        _ => format!("{} <sub>{}</sub>", figure.value, figure.interval),
    }
}

pub(crate) fn folded(summary: &str, table: &str) -> String {
    format!(
        "<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>",
        table.trim_end()
    )
}

pub(crate) fn row<'a>(md: &mut String, cells: impl Iterator<Item = &'a str>) {
    for cell in cells {
        // Writing to a string does not fail.
        let _ = write!(md, "| {cell} ");
    }
    md.push_str("|\n");
}

/// An address inside `( )`: nothing may end it early.
pub(crate) fn address(href: &str) -> String {
    let mut out = String::new();
    for c in href.chars() {
        match c {
            ' ' | '(' | ')' | '<' | '>' | '"' | '\\' => out.push_str(&format!("%{:02X}", u32::from(c))),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stays_inside_its_parentheses() {
        assert_eq!(address("a b(1).svg"), "a%20b%281%29.svg");
    }
}
