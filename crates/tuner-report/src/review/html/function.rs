//! One function of the table. There may be thousands: markup is short, and what it looks like is in the style sheet.

use std::fmt::Write as _;

use crate::escape::xml;
use crate::numbers;
use crate::review::view::{Row, View, confidence_word};
use crate::review::{actions, facts};

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
        ("f", row.of.findings.is_empty()),
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
    let region = row.of.function.region.as_deref().filter(|_| !view.one_region());
    let beside: Vec<&str> = owner.into_iter().chain(region).collect();
    if !beside.is_empty() {
        let _ = write!(out, "<small>{}</small>", xml(&beside.join(" · ")));
    }
    out.push_str("</td><td>");
    out.push_str(&row.mb.map_or_else(dash, |mb| numbers::count(mb.into())));
    out.push_str("</td><td>");
    match row.share {
        Some(share) => {
            let _ = write!(
                out,
                "{}<i style=\"--w:{}%\"></i>",
                numbers::percent(share),
                whole(share * 100.0)
            );
        }
        None => out.push('–'),
    }
    let cost = row.cost.map_or_else(dash, |cost| view.scale.amount(cost));
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

/// The last cell: what was found, and what stands behind it.
pub(super) fn end(out: &mut String, row: &Row<'_>, details: Option<&str>) {
    let words: Vec<&str> = row.of.findings.iter().map(|finding| finding.kind.words()).collect();
    let words = if words.is_empty() {
        "nothing found".to_owned()
    } else {
        words.join(", ")
    };
    let _ = match details {
        Some(details) => write!(
            out,
            "<td><details><summary>{}</summary>{details}</details></td></tr>\n",
            xml(&words)
        ),
        None => write!(out, "<td>{}</td></tr>\n", xml(&words)),
    };
}

/// Evidence, charts and what to do.
pub(super) fn details(view: &View<'_>, row: &Row<'_>) -> String {
    let mut out = String::new();
    if !row.of.findings.is_empty() {
        out.push_str("<ul>");
        for finding in &row.of.findings {
            let _ = write!(
                out,
                "<li><b>{}</b> {} <small>{} confidence</small></li>",
                xml(finding.kind.words()),
                xml(&finding.text),
                confidence_word(finding.confidence)
            );
        }
        out.push_str("</ul>");
    }
    charts(&mut out, view, row);
    for to_do in actions::all(row.of) {
        let _ = write!(out, "<p>{}:</p>", xml(&to_do.words));
        if let Some(command) = &to_do.command {
            let _ = write!(out, "<pre>{}</pre>", xml(command));
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
    let facts = facts::all(view, row);
    if !facts.is_empty() {
        out.push_str("<dl>");
        for (name, text) in facts {
            let _ = write!(out, "<dt>{name}</dt><dd>{}</dd>", xml(&text));
        }
        out.push_str("</dl>");
    }
    out
}

/// Bars: memory used, durations against the timeout, what the cost is made of.
fn charts(out: &mut String, view: &View<'_>, row: &Row<'_>) {
    if let (Some(size), Some(share)) = (row.present, row.share) {
        let used = size
            .max_memory_used_mb
            .map_or_else(String::new, |mb| numbers::count(mb.into()));
        let _ = write!(
            out,
            "<div class=\"c\"><span>memory</span><u class=\"m\"><i style=\"width:{}%\"></i></u><span>{used} of {} MB used</span></div>",
            whole(share * 100.0),
            numbers::count(size.memory_size_mb.into())
        );
    }
    if let Some(size) = row.present.filter(|size| size.duration.p50_ms > 0.0) {
        let d = size.duration;
        let timeout = row.of.function.timeout_s.map(|s| f64::from(s) * 1000.0);
        let end = timeout.unwrap_or(d.max_ms).max(SHORTEST_MS * 10.0);
        let at = |ms: f64| whole(100.0 * ((ms / SHORTEST_MS).max(1.0).ln() / (end / SHORTEST_MS).ln()));
        let (from, to) = (at(d.p50_ms), at(d.p99_ms));
        let _ = write!(
            out,
            "<div class=\"c\"><span>duration</span><u class=\"d\"><i style=\"left:{from}%;width:{}%\"></i><b style=\"left:{}%\"></b></u>\
             <span>p50 {}, p99 {}, longest {} ms",
            to.saturating_sub(from).max(1),
            at(d.max_ms).min(99),
            numbers::ms(d.p50_ms),
            numbers::ms(d.p99_ms),
            numbers::ms(d.max_ms)
        );
        if let Some(s) = row.of.function.timeout_s {
            let _ = write!(out, "; timeout {} s", numbers::count(s.into()));
        }
        out.push_str("</span></div>");
    }
    let parts = facts::cost_parts(row);
    if !parts.is_empty() {
        out.push_str("<div class=\"c\"><span>cost</span><u>");
        for part in &parts {
            let class = part.name.chars().next().unwrap_or('x');
            let _ = write!(
                out,
                "<i class=\"{class}\" style=\"width:{}%\"></i>",
                whole(part.share * 100.0)
            );
        }
        let words: Vec<String> = parts
            .iter()
            .map(|part| format!("{} {}", part.name, view.scale.amount(part.money)))
            .collect();
        let _ = write!(out, "</u><span>{}</span></div>", xml(&words.join(", ")));
    }
}

/// Per cent, as far as a bar can show it.
fn whole(percent: f64) -> u8 {
    percent.round().clamp(0.0, 100.0) as u8
}

fn dash() -> String {
    "–".to_owned()
}
