//! The table of all sizes, in words and figures.

use serde::Serialize;
use tuner_core::decision::{Compared, MARGIN};
use tuner_core::{Estimate, StartKind};

use crate::numbers;
use crate::view::{Measured, Row, View};

/// One memory size as it is shown. Figures are empty where nothing was measured, intervals where there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SizeRow {
    pub(crate) mb: u32,
    /// `>` present, `*` chosen, `>*` both, `x` failed.
    pub(crate) mark: &'static str,
    /// Class of the row: `chosen`, `present`, `failed`, `plain`.
    pub(crate) class: &'static str,
    pub(crate) invocations: String,
    pub(crate) mean: Figure,
    pub(crate) p50: Figure,
    pub(crate) p95: Figure,
    pub(crate) p99: Figure,
    pub(crate) cost: Figure,
    /// Cost as a share of the highest, 0 to 8 eighths; absent where nothing was measured.
    pub(crate) cost_eighths: Option<u8>,
    /// "60 MB (47 %)".
    pub(crate) memory_used: String,
    /// In a few words.
    pub(crate) verdict: String,
}

/// A figure and its 95 % interval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Figure {
    pub(crate) value: String,
    pub(crate) interval: String,
}

/// Cold or restored starts at one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ColdRow {
    pub(crate) mb: u32,
    pub(crate) start: &'static str,
    pub(crate) starts: String,
    pub(crate) init_p50: Figure,
    pub(crate) init_max: String,
    pub(crate) duration_p50: Figure,
}

pub(crate) fn sizes(view: &View<'_>) -> Vec<SizeRow> {
    let highest = view.measured().map(|(_, m)| m.cost.value).fold(0.0, f64::max);
    view.rows.iter().map(|row| size(view, row, highest)).collect()
}

fn size(view: &View<'_>, row: &Row<'_>, highest: f64) -> SizeRow {
    let ms = |estimate: Option<Estimate>| figure(estimate, numbers::ms);
    let m = row.measured.as_ref();
    let d = m.map(|m| m.duration);
    SizeRow {
        mb: row.mb,
        mark: match (row.is_present, row.is_chosen) {
            _ if row.failure().is_some() => "x",
            (true, true) => ">*",
            (true, false) => ">",
            (false, true) => "*",
            _ => "",
        },
        class: match (row.is_present, row.is_chosen) {
            _ if row.measured.is_none() => "failed",
            (_, true) => "chosen",
            (true, _) => "present",
            _ => "plain",
        },
        invocations: d.map_or_else(String::new, |d| numbers::count(d.count.into())),
        mean: ms(m.map(|m| m.mean)),
        p50: percentile(d.map(|d| d.p50)),
        p95: percentile(m.and_then(Measured::p95)),
        p99: percentile(m.and_then(Measured::p99)),
        cost: figure(m.map(|m| m.cost), |x| view.unit.show(x)),
        cost_eighths: m
            .filter(|_| highest > 0.0)
            .map(|m| (m.cost.value / highest * 8.0).round().clamp(0.0, 8.0) as u8),
        memory_used: match (row.size.max_memory_used_mb, row.memory_share()) {
            (Some(used), Some(share)) => format!("{used} MB ({})", numbers::percent(share)),
            _ => String::new(),
        },
        verdict: verdict(view, row),
    }
}

fn figure(estimate: Option<Estimate>, show: impl Fn(f64) -> String) -> Figure {
    estimate.map_or_else(Figure::default, |e| Figure {
        value: show(e.value),
        interval: numbers::interval(e, show).unwrap_or_default(),
    })
}

/// Always with what is known of its interval, which may be that there are too few values for one.
fn percentile(estimate: Option<Estimate>) -> Figure {
    estimate.map_or_else(Figure::default, |e| Figure {
        value: numbers::ms(e.value),
        interval: numbers::bounds(e, numbers::ms),
    })
}

fn verdict(view: &View<'_>, row: &Row<'_>) -> String {
    if let Some((failed, of)) = row.failure_count() {
        let class = row.failure().map_or("failed", |outcome| outcome.words());
        let now = if row.is_present { "now, " } else { "" };
        return format!("{now}{class}: {failed} of {of}");
    }
    if row.skipped().is_some() {
        return "not run".to_owned();
    }
    let decision = &view.tuning.decision;
    let is = |mb: Option<u32>| mb == Some(row.mb);
    let mut words: Vec<&str> = Vec::new();
    if row.is_present {
        words.push("now");
    }
    if row.is_chosen {
        words.push("chosen");
    }
    if decision.cheapest_mb == Some(row.mb) {
        words.push("cheapest");
    }
    if decision.fastest_mb == Some(row.mb) {
        words.push("fastest");
    }
    if !row.is_chosen && decision.tied_mb.contains(&row.mb) {
        words.push(if row.compared.is_some_and(is_the_same) {
            "as good"
        } else {
            "may be as good"
        });
    }
    if !row.is_chosen
        && !decision.tied_mb.contains(&row.mb)
        && is(decision.runner_up.as_ref().map(|r| r.memory_size_mb))
    {
        words.push("runner-up");
    }
    if is(decision.closest.as_ref().map(|c| c.memory_size_mb)) {
        words.push("closest");
    } else if decision.excluded.iter().any(|e| e.memory_size_mb == row.mb) {
        words.push("ruled out");
    }
    if view.largest_distinct_mb().is_some_and(|largest| row.mb > largest) {
        words.push("beyond this CPU");
    }
    if row.compared.is_some_and(|c| c.bimodal) {
        words.push("bimodal");
    }
    if row.compared.is_some_and(|c| c.heavy_tailed) {
        words.push("heavy tail");
    }
    let failures = row.failures();
    let failed = format!("{} of {} failed", failures.0, failures.1);
    if failures.0 > 0 {
        words.push(&failed);
    }
    words.join(", ")
}

/// Whether a size is shown to serve the objective as well as the size to use: a larger difference than the margin is excluded.
fn is_the_same(compared: &Compared) -> bool {
    let within = |bound: f64| bound.abs() <= MARGIN;
    compared
        .above_chosen
        .is_some_and(|above| above.low.is_some_and(within) && above.high.is_some_and(within))
}

/// Cold and restored starts by size, if any were measured.
pub(crate) fn cold(view: &View<'_>) -> Vec<ColdRow> {
    let of = |start: StartKind| {
        view.rows.iter().filter_map(move |row| {
            let series = row.size.series(start)?;
            let init = series.init_duration_ms.as_ref()?;
            Some(ColdRow {
                mb: row.mb,
                start: crate::view::start_word(start),
                starts: numbers::count(init.count.into()),
                init_p50: figure(Some(init.p50), numbers::ms),
                init_max: numbers::ms(init.max),
                duration_p50: figure(Some(series.duration_ms.p50), numbers::ms),
            })
        })
    };
    of(StartKind::Cold).chain(of(StartKind::Restored)).collect()
}
