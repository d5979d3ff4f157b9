//! Cost by memory size, on a linear axis from zero: money is added.

use tuner_core::Constraint;

use super::duration::runs;
use super::limits::{self, Limit};
use super::memory_axis::MemoryAxis;
use super::panel::{Drawn, LogLinear, Marker, Rect, log_linear};
use super::pen::Pen;
use super::style::Role;
use super::ticks;
use crate::view::{Measured, Row, View};
use crate::{numbers, words};

pub(super) fn draw(pen: &Pen, view: &View<'_>, axis: &MemoryAxis, rect: Rect) -> Drawn {
    let high = highest(view);
    let panel = log_linear(pen, rect, axis.bounds, (0.0, high));
    axis.draw_behind(&panel, view)?;
    if view.measured().next().is_some() {
        panel.y_grid(&ticks::linear_ticks(0.0, high, 4), axis.bounds.0)?;
    }
    axis.draw_decision(&panel, view)?;
    for run in runs(view) {
        let means: Vec<_> = run.iter().map(|(r, m)| (f64::from(r.mb), m.cost.value)).collect();
        panel.line(&means, Role::Cost, 1.5)?;
    }
    let marks = view.measured().map(|(row, m)| (row, m.cost));
    limits::draw(&panel, &asked(view), (0.0, high), limits::around(&panel, marks), &[])?;
    for (row, m) in view.measured() {
        pen.group("mark", &title(view, row, m), || mark(&panel, row, m))?;
    }
    panel.baseline()
}

/// Constraints on cost, per million invocations.
fn asked(view: &View<'_>) -> Vec<Limit> {
    let constraints = view.tuning.request.options.constraints.iter();
    let limits = constraints.filter_map(|&constraint| {
        let value = match constraint {
            Constraint::Duration { .. } => return None,
            Constraint::CostAboveCheapest { max_pct } => view.lowest_cost()? * (1.0 + max_pct / 100.0),
            Constraint::CostPerMillion { max } => max,
        };
        Some(Limit {
            words: words::constraint(view, constraint),
            value,
        })
    });
    limits.collect()
}

/// Above any cost there can be, so that a number from elsewhere has an end.
const HIGHEST: f64 = 1e12;

/// Below any cost there can be but none (a million of the shortest invocations of the smallest size are cents): an axis
/// that ended here would have no figures.
const LOWEST: f64 = 1e-6;

/// Upper end of a cost axis: everything measured, with some room.
pub(super) fn highest(view: &View<'_>) -> f64 {
    let high = view
        .measured()
        .map(|(_, m)| m.cost.high.unwrap_or(0.0).max(m.cost.value))
        .fold(0.0, f64::max);
    if high > LOWEST { (high * 1.12).min(HIGHEST) } else { 1.0 }
}

/// As in "cost in USD per million invocations (estimate)".
pub(super) fn axis_name(view: &View<'_>) -> String {
    let estimate = if view.is_estimate() { " (estimate)" } else { "" };
    format!("{} per million invocations{estimate}", view.unit.name())
}

fn title(view: &View<'_>, row: &Row<'_>, m: &Measured<'_>) -> String {
    let interval = numbers::interval(m.cost, |x| view.unit.show(x)).map_or_else(String::new, |i| format!(" ({i})"));
    format!(
        "{} MB: {}{interval} {}",
        row.mb,
        view.unit.show(m.cost.value),
        axis_name(view)
    )
}

fn mark(panel: &LogLinear, row: &Row<'_>, m: &Measured<'_>) -> Drawn {
    let mb = f64::from(row.mb);
    if let (Some(low), Some(high)) = (m.cost.low, m.cost.high) {
        panel.interval(mb, (low.max(0.0), high), Role::Cost, 1.8);
    }
    if row.is_chosen {
        panel.marker((mb, m.cost.value), Marker::Diamond, 5.5, Role::Chosen, false)
    } else {
        panel.marker((mb, m.cost.value), Marker::Triangle, 4.8, Role::Cost, false)
    }
}
