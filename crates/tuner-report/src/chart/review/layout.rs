//! Where everything stands.

use super::{counts, map, savings};
use crate::chart::layout::Shape;
use crate::chart::panel::{Rect, title};
use crate::chart::pen::{Font, Pen};
use crate::chart::text;
use crate::review::since;
use crate::review::view::View;
use crate::review::words;
use crate::{ReportError, numbers};

/// Room for the figures left of an axis.
const GUTTER: f64 = 58.0;
const MAP_HEIGHT: f64 = 430.0;
/// Pixels after which a line of the foot is cut: the page and the document have it whole.
const LONGEST_NOTE: f64 = 2400.0;

/// Draws everything; returns the height it took.
pub(super) fn draw(pen: &Pen, view: &View<'_>, shape: Shape) -> Result<f64, ReportError> {
    let margin = shape.margin();
    let whole = shape.width() - 2.0 * margin;
    let top = match shape {
        Shape::Picture => header(pen, view, margin, whole) + 14.0,
        Shape::Page | Shape::Phone => margin,
    };
    let bottom = match shape {
        Shape::Picture | Shape::Page => {
            let (left, gap) = (whole * 0.56, 40.0);
            let left_bottom = on_map(pen, view, Rect::new(margin, top, left, MAP_HEIGHT), shape)?;
            let right = Rect::new(margin + left + gap, top, whole - left - gap, 0.0);
            left_bottom.max(lists(pen, view, right))
        }
        Shape::Phone => {
            let bottom = on_map(pen, view, Rect::new(margin, top, whole, 330.0), shape)?;
            lists(pen, view, Rect::new(margin, bottom + 22.0, whole, 0.0))
        }
    };
    Ok(match shape {
        Shape::Picture => footer(pen, view, margin, bottom + 26.0, whole) + 4.0,
        Shape::Page | Shape::Phone => bottom + 8.0,
    })
}

/// Money, risks, what is not known, provenance.
fn header(pen: &Pen, view: &View<'_>, x: f64, width: f64) -> f64 {
    let words = words::of_view(view);
    pen.group("headline", "", || {
        let y = pen.paragraph((x, x + 18.0), width, Font::bold(24.0), "t24 f-ink", &words.money);
        let risks = words::capitalised(&words.risks);
        let mut y = pen.paragraph(
            (x, y - 3.0),
            width,
            Font::regular(16.0),
            "t16 f-ink",
            &format!("{risks}."),
        );
        if let Some(unknown) = &words.unknown {
            let cut = text::cut(unknown, 12.0, true, LONGEST_NOTE);
            y = pen.paragraph((x, y), width, Font::bold(12.0), "b f-muted", &cut);
        }
        pen.paragraph((x, y), width, Font::regular(12.0), "f-muted", &words.provenance)
    })
}

fn on_map(pen: &Pen, view: &View<'_>, room: Rect, shape: Shape) -> Result<f64, ReportError> {
    let points = map::points(view);
    if points.is_empty() {
        let words = "No function has both a known cost and a known use of memory, so there is no map.";
        return Ok(pen.paragraph(
            (room.left, room.top + 12.0),
            room.width(),
            Font::regular(12.0),
            "f-muted",
            words,
        ));
    }
    let how = "triangle: may break · disc: saves something · dot: neither";
    let top = title(pen, room, &format!("Cost {} by memory used", view.period()), how) + 8.0;
    let rect = Rect {
        left: room.left + GUTTER,
        top,
        right: room.right - 4.0,
        bottom: top + MAP_HEIGHT.min(room.bottom - room.top),
    };
    pen.group("panel map", "", || map::draw(pen, view, &points, rect, shape))?;
    let mut bottom = rect.bottom + 36.0;
    let missing = view.rows.len() - points.len();
    if missing > 0 {
        let words = match missing {
            1 => "1 function is not on it: its cost or its use of memory is not known.".to_owned(),
            n => format!(
                "{} functions are not on it: their cost or their use of memory is not known.",
                numbers::count(n as u64)
            ),
        };
        bottom = pen.paragraph(
            (rect.left, bottom + 14.0),
            rect.width(),
            Font::regular(11.0),
            "t11 f-muted",
            &words,
        ) - 10.0;
    }
    Ok(bottom + 6.0)
}

/// What could be saved, and how many functions each finding is about.
fn lists(pen: &Pen, view: &View<'_>, room: Rect) -> f64 {
    let mut y = room.top;
    let rows = view.by_saving();
    if !rows.is_empty() {
        let how = "bar: from the least to the most · diamond: one figure";
        y = title(
            pen,
            Rect { top: y, ..room },
            &format!("What could be saved {}", view.period()),
            how,
        ) + 6.0;
        y = pen.group("panel savings", "", || {
            savings::draw(pen, view, &rows, Rect { top: y, ..room })
        }) + 20.0;
    }
    if !view.review.totals.findings.is_empty() {
        y = title(pen, Rect { top: y, ..room }, "Findings", "number of functions") + 6.0;
        y = pen.group("panel findings", "", || {
            counts::draw(pen, view, Rect { top: y, ..room })
        });
    }
    y
}

/// What came of the last review, and what the reader should know.
fn footer(pen: &Pen, view: &View<'_>, x: f64, top: f64, width: f64) -> f64 {
    let mut y = top;
    let mut note = |class: &str, bold: bool, words: &str| {
        let font = if bold { Font::bold(11.0) } else { Font::regular(11.0) };
        y = pen.paragraph((x, y), width, font, class, &text::cut(words, 11.0, bold, LONGEST_NOTE));
    };
    pen.group("notes", "", || {
        if let Some(since) = since::of_view(view) {
            note(
                "t11 b f-ink",
                true,
                &format!("{}: {}", since.title, since.sentences.join(" ")),
            );
        }
        for warning in view.review.warnings.iter().take(3) {
            note("t11 b f-ink", true, &format!("Warning: {warning}"));
        }
        note("t11 f-muted", false, HONESTY);
    });
    y
}

/// What the range of a saving is.
pub(super) const HONESTY: &str = "A smaller memory size can make a function slower, and what it saves is a range until it was measured: the \
    most if its duration stays, the least if it grows as far as it can. A map shows what was seen, not what will be.";
