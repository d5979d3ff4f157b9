//! Words over the sizes that could not be measured: which class of failure, how often.

use super::memory_axis::MemoryAxis;
use super::panel::Rect;
use super::pen::{Anchor, Pen};
use super::text;
use crate::view::{Row, View};

/// Neighbours that failed in the same way share a label.
pub(super) fn draw_labels(pen: &Pen, view: &View<'_>, axis: &MemoryAxis, rect: Rect) {
    let unmeasured = |row: &Row<'_>| row.measured.is_none();
    for chunk in view.rows.chunk_by(|a, b| unmeasured(a) == unmeasured(b) && a.failure() == b.failure()) {
        let [first, .., last] = chunk else {
            if let [only] = chunk {
                label(pen, axis, rect, only, only, chunk);
            }
            continue;
        };
        label(pen, axis, rect, first, last, chunk);
    }
}

fn label(pen: &Pen, axis: &MemoryAxis, rect: Rect, first: &Row<'_>, last: &Row<'_>, chunk: &[Row<'_>]) {
    if first.measured.is_some() {
        return;
    }
    let (left, right) = (axis.slot(first.mb).0, axis.slot(last.mb).1);
    let (class, words) = match first.failure() {
        Some(outcome) => {
            let (failed, of) = chunk
                .iter()
                .filter_map(Row::failure_count)
                .fold((0, 0), |(failed, of), (f, o)| (failed + f, of + o));
            ("b f-bad halo", format!("{outcome}: {failed} of {of}"))
        }
        None => ("f-muted halo", "not run".to_owned()),
    };
    let middle = (left + right) / 2.0;
    if text::width(&words, 12.0, true) + 12.0 <= right - left {
        pen.text((middle, rect.middle_y() + 4.0), Anchor::Middle, class, &words);
    } else {
        let words = text::cut(&words, 12.0, true, rect.bottom - rect.top - 16.0);
        pen.text_upwards((middle + 4.0, rect.middle_y()), class, &words);
    }
}
