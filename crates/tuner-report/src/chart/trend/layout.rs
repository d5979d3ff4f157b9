//! Where everything stands.

use tuner_core::review::ReviewTrend;

use super::{bars, lines};
use crate::chart::layout::Shape;
use crate::chart::panel::{Rect, title};
use crate::chart::pen::{Font, Pen};
use crate::trend::words;
use crate::{ReportError, numbers};

/// Room for the figures left of an axis.
const GUTTER: f64 = 58.0;
const GAP: f64 = 40.0;

/// Draws everything; returns the height it took.
pub(super) fn draw(pen: &Pen, trend: &ReviewTrend, shape: Shape) -> Result<f64, ReportError> {
    let margin = shape.margin();
    let whole = shape.width() - 2.0 * margin;
    let top = match shape {
        Shape::Picture => header(pen, trend, margin, whole) + 14.0,
        Shape::Page | Shape::Phone => margin,
    };
    let (left, right) = match shape {
        Shape::Phone => (whole, whole),
        Shape::Picture | Shape::Page => (whole * 0.54, whole * 0.46 - GAP),
    };
    let over_time = over_time(pen, trend, Rect::new(margin, top, left, 0.0))?;
    let beside = match shape {
        Shape::Phone => Rect::new(margin, over_time + 16.0, right, 0.0),
        Shape::Picture | Shape::Page => Rect::new(margin + left + GAP, top, right, 0.0),
    };
    let bottom = over_time.max(causes(pen, trend, beside));
    Ok(match shape {
        Shape::Picture => footer(pen, margin, bottom + 26.0, whole) + 4.0,
        Shape::Page | Shape::Phone => bottom + 8.0,
    })
}

fn header(pen: &Pen, trend: &ReviewTrend, x: f64, width: f64) -> f64 {
    let (first, further) = words::headline(trend);
    pen.group("headline", "", || {
        let mut y = pen.paragraph((x, x + 18.0), width, Font::bold(24.0), "t24 f-ink", &first);
        for line in further.iter().take(3) {
            y = pen.paragraph((x, y - 3.0), width, Font::regular(13.0), "t13 f-ink", line) + 3.0;
        }
        for line in words::warnings(trend).iter().take(3) {
            y = pen.paragraph(
                (x, y),
                width,
                Font::bold(12.0),
                "b f-muted",
                &format!("Warning: {line}"),
            );
        }
        y
    })
}

/// Cost, risks and calls, above each other over the same time.
fn over_time(pen: &Pen, trend: &ReviewTrend, room: Rect) -> Result<f64, ReportError> {
    let mut top = room.top;
    for (index, line) in lines::all(trend).iter().enumerate() {
        let height = if index == 0 { 220.0 } else { 96.0 };
        let at = title(pen, Rect { top, ..room }, line.title, line.how) + 8.0;
        let rect = Rect::new(room.left + GUTTER, at, room.width() - GUTTER - 8.0, height);
        pen.group("panel", "", || lines::draw(pen, trend, line, rect))?;
        top = rect.bottom + 40.0;
    }
    Ok(top - 18.0)
}

/// What moved the cost, which functions did, and what advice has saved.
fn causes(pen: &Pen, trend: &ReviewTrend, room: Rect) -> f64 {
    let mut y = room.top;
    for list in bars::all(trend) {
        y = title(pen, Rect { top: y, ..room }, &list.title, &list.how) + 8.0;
        y = pen.group("panel", "", || bars::draw(pen, &list, Rect { top: y, ..room }));
        if list.more > 0 {
            let words = format!("and {} more", numbers::count(list.more));
            y = pen.paragraph(
                (room.left, y + 13.0),
                room.width(),
                Font::regular(12.0),
                "f-muted",
                &words,
            ) - 10.0;
        }
        y += 22.0;
    }
    y
}

fn footer(pen: &Pen, x: f64, top: f64, width: f64) -> f64 {
    let mut y = top;
    for note in words::NOTES {
        y = pen.paragraph((x, y), width, Font::regular(11.0), "t11 f-muted", note);
    }
    y
}
