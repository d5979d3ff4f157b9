//! How full each size was: a small column per size, under the memory axis.

use tuner_core::Question;

use super::memory_axis::MemoryAxis;
use super::panel::Rect;
use super::pen::{Anchor, Pen, Px};
use super::text;
use crate::numbers;
use crate::view::{Row, View};

const COLUMN: f64 = 24.0;
/// Height of the strip with its title and figures.
pub(super) const HEIGHT: f64 = 62.0;

/// Draws nothing if no use of memory is known.
pub(super) fn is_known(view: &View<'_>) -> bool {
    view.rows.iter().any(|row| row.memory_share().is_some())
}

pub(super) fn draw(pen: &Pen, view: &View<'_>, axis: &MemoryAxis, rect: Rect) {
    pen.text(
        (rect.left, rect.top + 12.0),
        Anchor::Start,
        "t11 f-muted",
        "Memory used at most, share of the size",
    );
    let (top, bottom) = (rect.top + 20.0, rect.top + 20.0 + COLUMN);
    let words = |row: &Row<'_>| row.memory_share().map_or_else(String::new, numbers::percent);
    let labelled = axis.labelled(view, |mb| {
        view.rows
            .iter()
            .find(|r| r.mb == mb)
            .map_or(0.0, |row| text::width(&words(row), 11.0, false))
    });
    for row in &view.rows {
        let Some(share) = row.memory_share() else { continue };
        let (from, to) = axis.slot(row.mb);
        let x = axis.x(row.mb.into());
        let half = ((to - from) / 2.0 - 1.0).clamp(1.5, 7.0);
        let role = if share * (1.0 + Question::DEFAULT_HEADROOM) > 1.0 {
            "bad"
        } else {
            "muted"
        };
        let title = format!(
            "{} MB: {} MB used at most",
            row.mb,
            row.size.max_memory_used_mb.unwrap_or(0)
        );
        pen.group("mark", &title, || {
            let column = |y: f64, class: &str| {
                pen.write(format_args!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{class}\"/>",
                    Px(x - half),
                    Px(y),
                    Px(half * 2.0),
                    Px(bottom - y)
                ));
            };
            column(top, "f-grid");
            column(bottom - COLUMN * share.clamp(0.0, 1.0), &format!("f-{role}"));
            if labelled.contains(&row.mb) {
                pen.text(
                    (x, bottom + 13.0),
                    Anchor::Middle,
                    &format!("t11 f-{role}"),
                    &words(row),
                );
            }
        });
    }
}
