//! Cold and restored starts, in a strip of their own: they are never mixed with warm ones.

use tuner_core::{Distribution, StartKind};

use super::duration::{LONGEST_MS, SHORTEST_MS};
use super::memory_axis::MemoryAxis;
use super::panel::{Drawn, Marker, Rect, log_linear};
use super::pen::{Anchor, Pen};
use super::style::Role;
use super::ticks;
use crate::numbers;
use crate::view::View;

/// Height of the plot itself; a title stands above it.
pub(super) const PLOT: f64 = 64.0;

/// The start whose time to come up is shown, if any was measured.
pub(super) fn shown(view: &View<'_>) -> Option<StartKind> {
    [StartKind::Cold, StartKind::Restored]
        .into_iter()
        .find(|&start| inits(view, start).next().is_some())
}

fn inits<'a>(view: &'a View<'_>, start: StartKind) -> impl Iterator<Item = (u32, &'a Distribution)> {
    view.rows
        .iter()
        .filter_map(move |row| Some((row.mb, row.size.series(start)?.init_duration_ms.as_ref()?)))
}

pub(super) fn draw(pen: &Pen, view: &View<'_>, axis: &MemoryAxis, start: StartKind, rect: Rect) -> Drawn {
    let name = match start {
        StartKind::Restored => "Restore duration in ms, restored starts (kept apart)",
        _ => "Init duration in ms, cold starts (kept apart)",
    };
    pen.text((rect.left, rect.top - 10.0), Anchor::Start, "t11 f-muted", name);
    let high = inits(view, start).map(|(_, d)| d.max).fold(0.0, f64::max);
    let high = if high > SHORTEST_MS {
        (high * 1.2).min(LONGEST_MS)
    } else {
        1.0
    };
    let panel = log_linear(pen, rect, axis.bounds, (0.0, high));
    panel.y_grid(&ticks::linear_ticks(0.0, high, 2), axis.bounds.0)?;
    for (mb, d) in inits(view, start) {
        let title = format!(
            "{mb} MB: {} starts, p50 {} ms, {} to {} ms",
            d.count,
            numbers::ms(d.p50.value),
            numbers::ms(d.min),
            numbers::ms(d.max)
        );
        pen.group("mark", &title, || {
            if d.count > 1 {
                panel.interval(mb.into(), (d.min, d.max), Role::Muted, 1.3);
            }
            panel.marker((mb.into(), d.p50.value), Marker::Circle, 3.5, Role::Muted, false)
        })?;
    }
    panel.baseline()
}
