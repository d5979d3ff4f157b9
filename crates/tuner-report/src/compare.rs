//! Views of a [`Comparison`]: terminal text, Markdown and JSON.

use std::io::Write;

use anstyle::Style;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::check::{LimitVerdict, Metric, MetricUnit};
use tuner_core::comparison::{Change, Comparison, ConditionResult, Difference, Pair, Side};
use tuner_core::pricing::Currency;

use crate::check::style_of;
use crate::escape::markdown as escaped;
use crate::masking::Document;
use crate::terminal::{BAD, BOLD, DIM, GOOD, Page, WARN};
use crate::{Options, ReportError, TerminalStyle, escape, masking, numbers};

impl Document for Comparison {
    fn account(&self) -> Option<&str> {
        self.base.function.account().or_else(|| self.head.function.account())
    }
}

/// Writes the document itself, indented.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn comparison_json(comparison: &Comparison, out: &mut impl Write) -> Result<(), ReportError> {
    let text = serde_json::to_string_pretty(comparison)?;
    Ok(writeln!(out, "{}", escape::json(&text))?)
}

/// The JSON Schema (2020-12) of the `Comparison` document.
pub fn comparison_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Comparison>()
        .into()
}

/// Writes what differs in a sentence, and a table for the sizes that count and for every size that both sides measured.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn comparison_terminal(
    comparison: &Comparison,
    options: &Options,
    style: &TerminalStyle,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let comparison = masking::shown(comparison, options)?;
    let mut page = Page::new(style);
    page.paragraph(BOLD, "", &headline(&comparison));
    for (name, side) in [("BASE", &comparison.base), ("HEAD", &comparison.head)] {
        page.paragraph(DIM, "", &format!("{name}: {}", words_of(side)));
    }
    for warning in &comparison.warnings {
        page.paragraph(WARN, "warning: ", warning);
    }
    for pair in pairs(&comparison) {
        page.text.push('\n');
        page.paragraph(BOLD, "", &title(pair));
        table(&mut page, pair, currency(&comparison));
    }
    if !comparison.conditions.is_empty() {
        page.text.push('\n');
    }
    for result in &comparison.conditions {
        page.paragraph(style_of(result.verdict), "", &condition(result));
    }
    Ok(out.write_all(page.text.as_bytes())?)
}

/// Writes a comment for a pull request.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn comparison_markdown(
    comparison: &Comparison,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let comparison = masking::shown(comparison, options)?;
    let mut md = format!("### {}\n\n", escaped(&headline(&comparison)));
    for result in &comparison.conditions {
        md.push_str(&format!("- {}\n", escaped(&condition(result))));
    }
    for warning in &comparison.warnings {
        md.push_str(&format!("- **Warning:** {}\n", escaped(warning)));
    }
    for pair in pairs(&comparison) {
        md.push_str(&format!(
            "\n**{}**\n\n| | Before | Now | Change | 95 % interval | P(more) | |\n|---|--:|--:|--:|--:|--:|---|\n",
            escaped(&title(pair))
        ));
        for change in &pair.changes {
            let cells = cells(change, currency(&comparison)).map(|cell| escaped(&cell));
            md.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    md.push_str(&format!(
        "\n<sub>{} {}.</sub>\n",
        escaped(&format!("Before: {};", words_of(&comparison.base))),
        escaped(&format!("now: {}", words_of(&comparison.head)))
    ));
    Ok(out.write_all(md.as_bytes())?)
}

/// What differs between the sizes that count, in one line.
fn headline(comparison: &Comparison) -> String {
    let name = comparison.head.function.name();
    let Some(pair) = comparison.chosen.as_ref().or(comparison.sizes.first()) else {
        return format!("{name}: no figure was measured on both sides");
    };
    let of = |wanted: Difference| {
        let changes = pair
            .changes
            .iter()
            .filter(move |change| change.verdict == wanted && is_judged(change.metric));
        changes
            .map(|change| format!("{} {}", change.metric, percent(change.change_pct.value)))
            .collect::<Vec<_>>()
    };
    let (worse, better) = (of(Difference::Worse), of(Difference::Better));
    let size = match pair.base_memory_size_mb == pair.head_memory_size_mb {
        true => format!("at {} MB", numbers::count(u64::from(pair.head_memory_size_mb))),
        false => format!(
            "{} MB against {} MB",
            numbers::count(u64::from(pair.head_memory_size_mb)),
            numbers::count(u64::from(pair.base_memory_size_mb))
        ),
    };
    let parts = [("worse", worse), ("better", better)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, which)| !which.is_empty())
        .map(|(word, which)| format!("{word}: {}", which.join(", ")))
        .collect();
    match parts.is_empty() {
        true => format!("{name} {size}: not shown to differ"),
        false => format!("{name} {size}: {}", parts.join("; ")),
    }
}

/// The largest memory use is a fact without an interval: it is shown and not judged.
fn is_judged(metric: Metric) -> bool {
    metric != Metric::MemoryUsed
}

fn words_of(side: &Side) -> String {
    let kind = match side.of {
        tuner_core::check::BaselineOf::Tuning => "tuning",
        tuner_core::check::BaselineOf::Check => "check",
    };
    format!(
        "{kind} {} of {} on {}, {}",
        side.id,
        side.function.name(),
        side.architecture,
        side.measured_at.strftime("%Y-%m-%d %H:%M UTC")
    )
}

/// The sizes that count, and all that both sides measured, each pair once.
fn pairs(comparison: &Comparison) -> impl Iterator<Item = &Pair> {
    let chosen = comparison.chosen.as_ref();
    let same = move |pair: &&Pair| chosen.is_none_or(|chosen| chosen != *pair);
    chosen.into_iter().chain(comparison.sizes.iter().filter(same))
}

fn title(pair: &Pair) -> String {
    let mb = |mb: u32| numbers::count(u64::from(mb));
    match pair.base_memory_size_mb == pair.head_memory_size_mb {
        true => format!("{} MB", mb(pair.head_memory_size_mb)),
        false => format!(
            "{} MB -> {} MB",
            mb(pair.base_memory_size_mb),
            mb(pair.head_memory_size_mb)
        ),
    }
}

fn currency(comparison: &Comparison) -> Currency {
    comparison.head.currency.unwrap_or(Currency::Usd)
}

fn cells(change: &Change, currency: Currency) -> [String; 7] {
    let shown = |value: f64| match change.unit {
        MetricUnit::Ms => format!("{} ms", numbers::ms(value)),
        MetricUnit::Percent => format!("{} %", numbers::decimal(value, 1)),
        MetricUnit::Money => numbers::money(value, currency),
    };
    let interval = match (change.change_pct.low, change.change_pct.high) {
        (Some(low), Some(high)) => format!("{} to {}", percent(low), percent(high)),
        (Some(low), None) => format!("≥ {}", percent(low)),
        (None, Some(high)) => format!("≤ {}", percent(high)),
        (None, None) => String::new(),
    };
    [
        change.metric.to_string(),
        shown(change.base.value),
        shown(change.head.value),
        percent(change.change_pct.value),
        interval,
        change.probability_higher.map_or_else(String::new, likely),
        verdict(change),
    ]
}

fn verdict(change: &Change) -> String {
    match change.verdict {
        Difference::Better => "better".to_owned(),
        Difference::Worse => "worse".to_owned(),
        Difference::Same => format!("within {} %", numbers::plain(tuner_core::comparison::MARGIN_PCT)),
        Difference::CannotTell if !is_judged(change.metric) => "largest seen".to_owned(),
        Difference::CannotTell => "not shown to differ".to_owned(),
    }
}

/// A probability in a narrow column, never as certainty.
fn likely(p: f64) -> String {
    match p * 100.0 {
        percent if percent < 1.0 => "< 1 %".to_owned(),
        percent if percent > 99.0 => "> 99 %".to_owned(),
        percent => format!("{} %", numbers::decimal(percent, 0)),
    }
}

fn percent(percent: f64) -> String {
    numbers::signed_percent(percent / 100.0)
}

fn condition(result: &ConditionResult) -> String {
    let what = match (result.worse_pct, result.limit) {
        (Some(worse), _) => format!("{} at most {} % more than before", result.metric, numbers::plain(worse)),
        (None, Some(limit)) => tuner_core::check::Limit::new(result.metric, limit).to_string(),
        (None, None) => result.metric.to_string(),
    };
    let verdict = match result.verdict {
        LimitVerdict::NotMeasured => "not measured on both sides",
        told => crate::check::verdict(told),
    };
    format!("{what}: {verdict}")
}

fn table(page: &mut Page, pair: &Pair, currency: Currency) {
    let rows = pair.changes.iter().map(|change| {
        let style = match change.verdict {
            Difference::Better => GOOD,
            Difference::Worse => BAD,
            Difference::Same | Difference::CannotTell => Style::new(),
        };
        (style, cells(change, currency))
    });
    page.rows(
        ["", "before", "now", "change", "95 % interval", "P(more)", ""],
        rows,
        1..6,
    );
}
