//! Words over the sizes that could not be measured: which class of failure, how often.

use super::memory_axis::MemoryAxis;
use super::panel::Rect;
use super::pen::{Anchor, Pen};
use super::text;
use crate::view::{Row, View};

/// What an upright line of text takes across.
const LINE: f64 = 16.0;

/// Neighbours that failed in the same way share a label. Where sizes stand closer than lines of text, some have none: the
/// tables have them all.
pub(super) fn draw_labels(pen: &Pen, view: &View<'_>, axis: &MemoryAxis, rect: Rect) {
    let mut taken = f64::NEG_INFINITY;
    let same = |a: &Row<'_>, b: &Row<'_>| a.measured.is_some() == b.measured.is_some() && a.failure() == b.failure();
    for rows in view.rows.chunk_by(same) {
        let ([first, ..], [.., last]) = (rows, rows) else {
            continue;
        };
        if first.measured.is_some() {
            continue;
        }
        let (left, right) = (axis.slot(first.mb).0, axis.slot(last.mb).1);
        let (class, words) = label(rows, first);
        let middle = (left + right) / 2.0;
        let width = text::width(&words, 12.0, true);
        let lies = width + 12.0 <= right - left;
        let half = if lies { width / 2.0 } else { LINE / 2.0 };
        if middle - half < taken {
            continue;
        }
        taken = middle + half;
        if lies {
            pen.text((middle, rect.middle_y() + 4.0), Anchor::Middle, class, &words);
        } else {
            let words = text::cut(&words, 12.0, true, rect.bottom - rect.top - 16.0);
            pen.text_upwards((middle + 4.0, rect.middle_y()), class, &words);
        }
    }
}

/// Class of failure and how many of how many invocations ended so.
fn label(rows: &[Row<'_>], first: &Row<'_>) -> (&'static str, String) {
    let Some(outcome) = first.failure() else {
        return ("f-muted halo", "not run".to_owned());
    };
    let counts = rows.iter().filter_map(Row::failure_count);
    let (failed, of) = counts.fold((0, 0), |(failed, of), (f, o)| (failed + f, of + o));
    ("b f-bad halo", format!("{outcome}: {failed} of {of}"))
}
