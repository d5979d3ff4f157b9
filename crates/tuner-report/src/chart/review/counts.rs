//! How many functions each finding is about.

use tuner_core::review::FindingKind;

use crate::chart::panel::Rect;
use crate::chart::pen::{Anchor, Pen, Px};
use crate::chart::text;
use crate::numbers;
use crate::review::view::View;

const STEP: f64 = 18.0;

/// Returns the bottom.
pub(super) fn draw(pen: &Pen, view: &View<'_>, room: Rect) -> f64 {
    let counts = &view.review.totals.findings;
    let most = counts.values().copied().max().unwrap_or(0).max(1) as f64;
    let names = counts
        .keys()
        .fold(0.0_f64, |w, kind| w.max(text::width(kind.words(), 12.0, false)));
    let left = room.left + names + 10.0;
    let longest = (room.right - left - 44.0).max(1.0);
    let mut baseline = room.top + 13.0;
    for (kind, &n) in counts.iter().filter(|(_, n)| **n > 0) {
        let width = (longest * n as f64 / most).max(2.0);
        pen.text((room.left, baseline), Anchor::Start, "f-ink", kind.words());
        pen.write(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"10\" rx=\"2\" class=\"f-{}\"/>",
            Px(left),
            Px(baseline - 9.0),
            Px(width),
            class(*kind)
        ));
        pen.text(
            (left + width + 6.0, baseline),
            Anchor::Start,
            "f-ink",
            &numbers::count(n),
        );
        baseline += STEP;
    }
    baseline - 13.0
}

const fn class(kind: FindingKind) -> &'static str {
    match kind {
        kind if kind.is_risk() => "bad",
        kind if kind.is_gap() => "muted",
        _ => "cost",
    }
}
