//! Where everything stands.

use super::memory_axis::MemoryAxis;
use super::panel::Rect;
use super::pen::{Anchor, Font, Pen};
use super::{cold, cost, duration, facts, headroom, pareto, text};
use crate::notes::notes;
use crate::view::{View, start_word};
use crate::{ReportError, numbers, words};

/// What the picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// To stand alone: two columns between words and notes.
    Picture,
    /// Two columns inside a page, which has the words and the notes.
    Page,
    /// One column, for a page on a phone.
    Phone,
}

const MARGIN: f64 = 24.0;
/// Room for the figures left of an axis.
const GUTTER: f64 = 58.0;
/// Warnings that stand in the picture itself.
const MOST_WARNINGS: usize = 4;
/// Pixels after which a warning and the notes are cut: the page and the document have them whole.
const LONGEST_WARNING: f64 = 2000.0;
const LONGEST_NOTES: f64 = 6600.0;

impl Shape {
    pub(super) const fn width(self) -> f64 {
        match self {
            Self::Picture | Self::Page => 1180.0,
            Self::Phone => 360.0,
        }
    }

    /// Inside a page the margin is the page's.
    pub(super) const fn margin(self) -> f64 {
        match self {
            Self::Picture => MARGIN,
            Self::Page | Self::Phone => 2.0,
        }
    }
}

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
            let (left, gap) = (whole * 0.645, 34.0);
            let left_bottom = by_size(pen, view, margin, top, left)?;
            let room = Rect {
                left: margin + left + gap,
                right: margin + whole,
                top,
                bottom: left_bottom,
            };
            let right_bottom = beside(pen, view, room)?;
            left_bottom.max(right_bottom)
        }
        Shape::Phone => {
            let bottom = by_size(pen, view, margin, top, whole)?;
            beside(pen, view, Rect::new(margin, bottom + 24.0, whole, 0.0))?
        }
    };
    Ok(match shape {
        Shape::Picture => footer(pen, view, margin, bottom + 28.0, whole) + 4.0,
        Shape::Page | Shape::Phone => bottom + 8.0,
    })
}

/// Decision, effect, provenance.
fn header(pen: &Pen, view: &View<'_>, x: f64, width: f64) -> f64 {
    let words = words::of_view(view);
    pen.group("headline", "", || {
        let y = pen.paragraph((x, x + 18.0), width, Font::bold(24.0), "t24 f-ink", &words.decision);
        let y = pen.paragraph((x, y - 3.0), width, Font::regular(16.0), "t16 f-ink", &words.effect);
        let mut y = pen.paragraph((x, y), width, Font::regular(12.0), "f-muted", &words.provenance);
        if let Some(caveat) = &words.caveat {
            y = pen.paragraph((x, y), width, Font::bold(12.0), "b f-muted", caveat);
        }
        y
    })
}

/// The panels over memory size.
fn by_size(pen: &Pen, view: &View<'_>, left: f64, top: f64, width: f64) -> Result<f64, ReportError> {
    let (x, width) = (left + GUTTER, width - GUTTER);
    let axis = MemoryAxis::new(view, x, width);
    let mut y = top;

    let what = format!("Duration of {} starts in ms (log scale)", start_word(view.start));
    y = panel_title(pen, left, y, width + GUTTER, &what, &how_to_read(view));
    axis.draw_decision_labels(pen, view, y + 14.0);
    y += 22.0;
    let rect = Rect::new(x, y, width, 270.0);
    pen.group("panel duration", "", || duration::draw(pen, view, &axis, rect))?;

    let mut rect = rect;
    if view.measured().next().is_some() {
        y = rect.bottom + 18.0;
        y = panel_title(
            pen,
            left,
            y,
            width + GUTTER,
            &sentence(&cost::axis_name(view)),
            "mean with 95 % interval",
        );
        rect = Rect::new(x, y + 8.0, width, 150.0);
        pen.group("panel cost", "", || cost::draw(pen, view, &axis, rect))?;
    }
    axis.draw_labels(pen, view, rect.bottom + 18.0);

    y = rect.bottom + 28.0;
    if headroom::is_known(view) {
        let rect = Rect::new(x, y, width, headroom::HEIGHT);
        pen.group("panel headroom", "", || headroom::draw(pen, view, &axis, rect));
        y = rect.bottom;
    }
    if let Some(start) = cold::shown(view) {
        let rect = Rect::new(x, y + 30.0, width, cold::PLOT);
        pen.group("panel cold", "", || cold::draw(pen, view, &axis, start, rect))?;
        y = rect.bottom;
    }
    Ok(y)
}

/// What the marks of the duration panel are.
fn how_to_read(view: &View<'_>) -> String {
    let cold = view.cold_share().map_or_else(String::new, |share| {
        format!(" and {} cold starts", numbers::percent(share))
    });
    let few = view.measured().any(|(_, m)| m.is_few());
    let band = if few { "p95 or longest of few" } else { "p95" };
    format!("point: mean with 95 % interval{cold} · line: median · band: up to {band}")
}

/// What does not share the memory axis, as high as `room` if that is reasonable.
fn beside(pen: &Pen, view: &View<'_>, room: Rect) -> Result<f64, ReportError> {
    const BELOW: f64 = 58.0;
    let (left, width) = (room.left, room.width());
    let mut y = room.top;
    if view.measured().count() > 1 {
        y = panel_title(
            pen,
            left,
            y,
            width,
            "Mean duration in ms by cost",
            "hollow: beaten in both",
        ) + 8.0;
        let height = (room.bottom - y - BELOW - facts::height(view)).clamp(260.0, 400.0);
        let rect = Rect::new(left + GUTTER, y, width - GUTTER, height);
        pen.group("panel pareto", "", || pareto::draw(pen, view, rect))?;
        y = rect.bottom + BELOW;
    }
    Ok(pen.group("facts", "", || facts::draw(pen, view, Rect::new(left, y, width, 0.0))))
}

/// A title and, if there is room beside it, how to read what is below.
fn panel_title(pen: &Pen, x: f64, y: f64, width: f64, title: &str, how: &str) -> f64 {
    let baseline = y + 12.0;
    let taken = text::width(title, 13.0, true) + 12.0;
    pen.text((x, baseline), Anchor::Start, "t13 b f-ink", title);
    if taken + text::width(how, 11.0, false) <= width {
        pen.text((x + taken, baseline), Anchor::Start, "t11 f-muted", how);
        return baseline + 6.0;
    }
    pen.paragraph((x, baseline + 15.0), width, Font::regular(11.0), "t11 f-muted", how) - 9.0
}

/// Warnings and notes.
fn footer(pen: &Pen, view: &View<'_>, x: f64, top: f64, width: f64) -> f64 {
    let mut y = top;
    let mut note = |font: Font, class: &str, words: &str| {
        let longest = if font.bold { LONGEST_WARNING } else { LONGEST_NOTES };
        y = pen.paragraph((x, y), width, font, class, &text::cut(words, 11.0, font.bold, longest));
    };
    pen.group("notes", "", || {
        let t = view.tuning;
        for leftover in t.leftovers.iter().take(MOST_WARNINGS) {
            note(Font::bold(11.0), "t11 b f-bad", &format!("Left behind: {leftover}"));
        }
        for warning in t.warnings.iter().take(MOST_WARNINGS) {
            note(Font::bold(11.0), "t11 b f-ink", &format!("Warning: {warning}"));
        }
        let more = t.warnings.len().saturating_sub(MOST_WARNINGS) + t.leftovers.len().saturating_sub(MOST_WARNINGS);
        if more > 0 {
            note(
                Font::bold(11.0),
                "t11 b f-ink",
                &format!("{more} more are in the document."),
            );
        }
        if let Some(model) = words::model::of_view(view) {
            note(Font::regular(11.0), "t11 f-model", &model.sentences());
        }
        note(Font::regular(11.0), "t11 f-muted", &notes(view).join(" "));
    });
    y
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
