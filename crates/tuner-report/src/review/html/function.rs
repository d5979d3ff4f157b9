//! One function of the table. There may be thousands: markup is short, and what it looks like is in the style sheet.

use std::fmt::Write as _;

use tuner_core::review::Finding;

use crate::escape::xml;
use crate::numbers;
use crate::review::actions::{self, ToDo};
use crate::review::facts;
use crate::review::view::{RISKY_SHARE, Row, View, confidence_word};

/// Milliseconds at the left end of the bar of durations.
const SHORTEST_MS: f64 = 1.0;

/// The figures: all of a row but its last cell.
pub(super) fn head(view: &View<'_>, row: &Row<'_>) -> String {
    let mut out = String::with_capacity(320);
    let mut classes = String::new();
    for (class, is) in [
        ("r", row.is_risk()),
        ("s", row.saves()),
        ("g", row.is_gap()),
        ("f", row.is_fine()),
    ] {
        if is {
            classes.push_str(if classes.is_empty() { "" } else { " " });
            classes.push_str(class);
        }
    }
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<tr id=\"f{}\" class=\"{classes}\"><td>{}</td><td><b>{}</b>",
        row.rank,
        row.rank,
        xml(row.name())
    );
    let owner = row.of.function.owner();
    let region = row.of.function.region.as_deref().filter(|_| !view.is_one_region);
    let beside: Vec<&str> = owner.into_iter().chain(region).collect();
    if !beside.is_empty() {
        let _ = write!(out, "<small>{}</small>", xml(&beside.join(" · ")));
    }
    out.push_str("</td><td>");
    out.push_str(&row.mb.map_or_else(dash, |mb| numbers::count(mb.into())));
    out.push_str("</td><td>");
    match row.share {
        Some(share) => {
            let high = if share >= RISKY_SHARE { " class=\"h\"" } else { "" };
            let (words, width) = (numbers::percent(share), whole(share * 100.0));
            let _ = write!(out, "{words}<i{high} style=\"--w:{width}%\"></i>");
        }
        None => out.push('–'),
    }
    let cost = row.cost_words(view.scale).unwrap_or_else(dash);
    let saving = row.saving.map_or_else(dash, |saving| view.scale.saving(&saving));
    let confidence = row.confidence().map_or("–", confidence_word);
    let _ = write!(
        out,
        "</td><td>{}</td><td>{}</td><td>{confidence}</td>",
        xml(&cost),
        xml(&saving)
    );
    out
}

/// What [`end`] adds to what it is given.
pub(super) fn end_bytes(row: &Row<'_>) -> usize {
    let mut text = String::new();
    end(&mut text, row, "-");
    text.len()
}

/// The last cell: what was found, and what stands behind it.
pub(super) fn end(out: &mut String, row: &Row<'_>, inside: &str) {
    let words = row.found();
    let words = match words.is_empty() {
        true => "nothing found".to_owned(),
        false => words.join(", "),
    };
    let words = xml(&words);
    let _ = match inside.is_empty() {
        true => writeln!(out, "<td>{words}</td></tr>"),
        false => writeln!(
            out,
            "<td><details><summary>{words}</summary>{inside}</details></td></tr>"
        ),
    };
}

/// How much is told of a function; each has what is before it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Telling {
    Charts,
    /// What was found, and what to do.
    Findings,
    /// What else is known.
    Facts,
}

impl Telling {
    pub(super) const ALL: [Self; 3] = [Self::Charts, Self::Findings, Self::Facts];
}

/// What stands behind a row. `told`: what to do with it that stands at the top already.
pub(super) fn details(view: &View<'_>, row: &Row<'_>, telling: Telling, told: &[&ToDo]) -> String {
    let mut out = String::new();
    if telling >= Telling::Findings {
        evidence(&mut out, &row.of.findings);
    }
    charts(&mut out, view, row);
    if telling >= Telling::Findings {
        to_dos(&mut out, row, telling, told);
    }
    let facts = match telling {
        Telling::Facts => facts::all(view, row),
        _ => Vec::new(),
    };
    if !facts.is_empty() {
        out.push_str("<dl>");
        for (name, text) in facts {
            let _ = write!(out, "<dt>{name}</dt><dd>{}</dd>", xml(&text));
        }
        out.push_str("</dl>");
    }
    out
}

fn to_dos(out: &mut String, row: &Row<'_>, telling: Telling, told: &[&ToDo]) {
    for to_do in actions::all(row.of) {
        let is_same = |told: &&ToDo| told.command.is_some() && told.command == to_do.command || **told == to_do;
        if told.iter().any(is_same) {
            let _ = write!(out, "<p>{} (<a href=\"#first\">at the top</a>)</p>", xml(&to_do.words));
            continue;
        }
        // In short, a command speaks for itself.
        if telling >= Telling::Facts || to_do.command.is_none() {
            let _ = write!(out, "<p>{}:</p>", xml(&to_do.words));
        }
        if let Some(command) = &to_do.command {
            let _ = write!(out, "<pre>{}</pre>", xml(command));
        }
        if let Some(note) = to_do.note.as_ref().filter(|_| telling >= Telling::Facts) {
            let _ = write!(out, "<p>{}</p>", xml(note));
        }
        let lines = [("Terraform", &to_do.terraform), ("SAM", &to_do.sam)];
        let lines: Vec<String> = lines
            .iter()
            .filter_map(|(name, line)| Some(format!("{name} <code>{}</code>", xml(line.as_deref()?))))
            .collect();
        if !lines.is_empty() {
            let _ = write!(out, "<p>{}</p>", lines.join(" · "));
        }
    }
}

/// One finding needs no name: the row has it already.
fn evidence(out: &mut String, findings: &[Finding]) {
    let sure = |finding: &Finding| format!("<small>{} confidence</small>", confidence_word(finding.confidence));
    match findings {
        [] => {}
        [only] => {
            let _ = write!(out, "<p>{} {}</p>", xml(&only.text), sure(only));
        }
        several => {
            out.push_str("<ul>");
            for finding in several {
                let (kind, text) = (finding.kind.words(), xml(&finding.text));
                let _ = write!(out, "<li><b>{}</b> {text} {}</li>", xml(kind), sure(finding));
            }
            out.push_str("</ul>");
        }
    }
}

/// Bars: memory used, durations against the timeout, what the cost is made of. The style sheet draws them from the
/// numbers, and names them.
fn charts(out: &mut String, view: &View<'_>, row: &Row<'_>) {
    if let (Some(size), Some(share)) = (row.present, row.share) {
        let used = size
            .max_memory_used_mb
            .map_or_else(String::new, |mb| numbers::count(mb.into()));
        let (share, of) = (whole(share * 100.0), numbers::count(size.memory_size_mb.into()));
        let _ = write!(
            out,
            "<p class=\"m\"><i style=\"--w:{share}%\"></i>{used} of {of} MB</p>"
        );
    }
    if let Some(size) = row.present.filter(|size| size.duration.p50_ms > 0.0) {
        let d = size.duration;
        let timeout = row.of.function.timeout_s.map(|s| f64::from(s) * 1000.0);
        let end = timeout.unwrap_or(d.max_ms).max(SHORTEST_MS * 10.0);
        let at = |ms: f64| whole(100.0 * ((ms / SHORTEST_MS).max(1.0).ln() / (end / SHORTEST_MS).ln()));
        let (from, to) = (at(d.p50_ms), at(d.p99_ms));
        let [p50, p99, longest] = [d.p50_ms, d.p99_ms, d.max_ms].map(numbers::ms);
        let _ = write!(
            out,
            "<p class=\"d\"><i style=\"--a:{from}%;--b:{}%;--w:{}%\"></i>p50 {p50}, p99 {p99}, longest {longest} ms",
            to.max(from.saturating_add(1)),
            at(d.max_ms).min(99),
        );
        if let Some(s) = row.of.function.timeout_s {
            let _ = write!(out, "; timeout {} s", numbers::count(s.into()));
        }
        out.push_str("</p>");
    }
    let parts = facts::cost_parts(row);
    if !parts.is_empty() {
        let to = |names: &[&str]| {
            let share: f64 = parts
                .iter()
                .filter(|part| names.contains(&part.name))
                .map(|part| part.share)
                .sum();
            whole(share * 100.0)
        };
        let (duration, init) = (to(&["duration"]), to(&["duration", "init"]));
        let requests = to(&["duration", "init", "requests"]);
        // What is less than a hundredth of it is not seen in the bar either.
        let words: Vec<String> = parts
            .iter()
            .filter(|part| part.share >= 0.01)
            .map(|part| format!("{} {}", part.name, view.scale.amount(part.money)))
            .collect();
        let _ = write!(
            out,
            "<p class=\"k\"><i style=\"--a:{duration}%;--b:{init}%;--w:{requests}%\"></i>{}</p>",
            xml(&words.join(", "))
        );
    }
}

/// Per cent, as far as a bar can show it.
fn whole(percent: f64) -> u8 {
    percent.round().clamp(0.0, 100.0) as u8
}

fn dash() -> String {
    "–".to_owned()
}
