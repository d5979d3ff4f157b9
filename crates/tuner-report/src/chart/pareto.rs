//! Duration against cost: what a size gives for what it takes.

use tuner_core::Axis;

use super::cost::{axis_name, highest};
use super::duration::on_axis;
use super::panel::{Drawn, LinearLog, Marker, Rect, linear_log};
use super::pen::{Anchor, Pen};
use super::style::Role;
use super::{labels, text, ticks};
use crate::ReportError;
use crate::numbers;
use crate::view::{Measured, View};

/// With more sizes than these, those that are beaten have no label.
const MOST_NAMED: usize = 10;

/// What the indifference curve of a balanced objective is called.
const CURVE: &str = "equal score";

/// Costs and durations of a line.
type Line = Vec<(f64, f64)>;

/// One size: its place, and whether another is both cheaper and faster.
struct Point {
    mb: u32,
    cost: f64,
    ms: f64,
    dominated: bool,
    is_chosen: bool,
    is_present: bool,
}

pub(super) fn draw(pen: &Pen, view: &View<'_>, rect: Rect) -> Drawn {
    let points = points(view);
    let (low, high) = points
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(l, h), p| (l.min(p.ms), h.max(p.ms)));
    let middle = (low * high).sqrt();
    let stretch = (high / low).max(1.5).sqrt() * 1.25;
    let (low, high) = (middle / stretch, middle * stretch);
    let most = highest(view);
    let panel = linear_log(pen, rect, (0.0, most), (low, high));
    panel.y_grid(&ticks::log_ticks(low, high, 5), 0.0)?;
    x_ticks(&panel, most, high)?;
    pen.text(
        (rect.middle_x(), rect.bottom + 34.0),
        Anchor::Middle,
        "f-muted",
        &axis_name(view),
    );

    let curve = indifference(&panel, view, (low, high), most)?;
    let mut front: Vec<(f64, f64)> = points.iter().filter(|p| !p.dominated).map(|p| (p.cost, p.ms)).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    panel.line(&front, Role::Muted, 1.2)?;
    for point in &points {
        let state = if point.dominated {
            ", another size is both cheaper and faster"
        } else {
            ""
        };
        let title = format!(
            "{} MB: {} ms mean, {} {}{state}",
            point.mb,
            numbers::ms(point.ms),
            view.unit.show(point.cost),
            axis_name(view)
        );
        let at = (point.cost, point.ms);
        pen.group("mark", &title, || {
            if point.is_chosen {
                panel.marker(at, Marker::Diamond, 6.0, Role::Chosen, point.dominated)
            } else {
                panel.marker(at, Marker::Circle, 4.5, Role::Ink, point.dominated)
            }
        })?;
    }
    label(&panel, &points, &front, &curve);
    panel.baseline()
}

fn points(view: &View<'_>) -> Vec<Point> {
    let at = |m: &Measured<'_>| (m.cost.value, on_axis(m.mean.value));
    view.measured()
        .map(|(row, m)| {
            let (cost, ms) = at(m);
            let better = |other: (f64, f64)| other.0 <= cost && other.1 <= ms && other != (cost, ms);
            Point {
                mb: row.mb,
                cost,
                ms,
                dominated: view.measured().any(|(_, other)| better(at(other))),
                is_chosen: row.is_chosen,
                is_present: row.is_present,
            }
        })
        .collect()
}

fn x_ticks(panel: &LinearLog, most: f64, any_ms: f64) -> Drawn {
    let Rect { top, bottom, .. } = panel.rect;
    panel.pen.group("grid", "", || {
        for tick in ticks::linear_ticks(0.0, most, 4) {
            let (x, _) = panel.at(tick, any_ms);
            panel.pixel_line(&[(x, top), (x, bottom)], Role::Grid, 1.0)?;
            let words = numbers::plain(tick);
            // One at the edge must not stand out over it.
            let x = x.min(panel.rect.right - text::width(&words, 12.0, false) / 2.0);
            panel.pen.text((x, bottom + 17.0), Anchor::Middle, "f-muted", &words);
        }
        Ok(())
    })
}

/// Where a balanced objective sees no difference from the chosen size: below and left of it would be better. Returns the
/// curve, which is empty for other objectives.
fn indifference(panel: &LinearLog, view: &View<'_>, (low, high): (f64, f64), most: f64) -> Result<Line, ReportError> {
    let (Axis::Both { cost_weight: w }, Some((_, chosen))) =
        (view.tuning.request.options.objective.axis(), view.chosen())
    else {
        return Ok(Vec::new());
    };
    let Some(worth) = worth_of_a_ms(view, w) else {
        return Ok(Vec::new());
    };
    let score = chosen.cost.value + worth * chosen.mean.value;
    const STEPS: u32 = 24;
    let curve: Line = (0..=STEPS)
        .map(|i| low * (high / low).powf(f64::from(i) / f64::from(STEPS)))
        .map(|ms| (score - worth * ms, ms))
        .filter(|(cost, _)| (0.0..=most).contains(cost))
        .collect();
    if curve.len() < 2 {
        return Ok(Vec::new());
    }
    let title = "as good as the chosen size by the balanced objective";
    panel
        .pen
        .group("mark", title, || panel.line(&curve, Role::Landmark, 1.5))?;
    Ok(curve)
}

/// What a balanced objective gives for a millisecond less, in cost per million invocations.
///
/// It weighs cost against duration by what both are at the ends of the range, which are not always measured. Any two scores
/// tell it all the same: a score is in proportion to cost + worth x duration.
fn worth_of_a_ms(view: &View<'_>, cost_weight: f64) -> Option<f64> {
    if !(cost_weight > 0.0 && cost_weight < 1.0) {
        return None;
    }
    let scored = || {
        let rows = view.rows.iter();
        rows.filter_map(|row| Some((row.compared?.score_above_best, row.measured.as_ref()?)))
    };
    let (_, best) = scored().min_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))?;
    let (above, other) = scored().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let ratio = 1.0 + above;
    let worth = (ratio * best.cost.value - other.cost.value) / (other.mean.value - ratio * best.mean.value);
    (worth.is_finite() && worth > 0.0).then_some(worth)
}

/// The chosen and the present size first, then the front, then whatever has room.
fn label(panel: &LinearLog, points: &[Point], front: &[(f64, f64)], curve: &[(f64, f64)]) {
    let spot = |p: &Point| panel.at(p.cost, p.ms);
    let mut taken: Vec<Rect> = points
        .iter()
        .map(|p| {
            let (x, y) = spot(p);
            Rect::new(x - 6.0, y - 6.0, 12.0, 12.0)
        })
        .collect();
    let in_pixels = |line: &[(f64, f64)]| -> Line { line.iter().map(|&(cost, ms)| panel.at(cost, ms)).collect() };
    let (front, drawn) = (in_pixels(front), in_pixels(curve));
    let lines: [&[(f64, f64)]; 2] = [&front, &drawn];
    let named = |p: &&Point| p.is_chosen || p.is_present || !p.dominated || points.len() <= MOST_NAMED;
    let mut by_rank: Vec<&Point> = points.iter().filter(named).collect();
    by_rank.sort_by_key(|p| (!p.is_chosen, !p.is_present, p.dominated, p.mb));
    for point in by_rank {
        let words = match (point.is_present, point.is_chosen) {
            (true, false) => format!("{} now", point.mb),
            _ => point.mb.to_string(),
        };
        let bold = point.is_chosen || point.is_present;
        let size = (text::width(&words, 12.0, bold), 13.0);
        let distance = if point.is_chosen { 10.5 } else { 8.0 };
        let Some(place) = labels::place(spot(point), size, distance, &panel.rect, &taken, &lines) else {
            continue;
        };
        taken.push(place);
        let class = match (point.is_chosen, point.is_present) {
            (true, _) => "b f-chosen halo",
            (_, true) => "b f-ink halo",
            _ => "f-ink halo",
        };
        panel
            .pen
            .text((place.left, place.bottom - 3.0), Anchor::Start, class, &words);
    }
    // The curve is named where its name finds room, or not at all.
    let size = (text::width(CURVE, 11.0, false), 12.0);
    let places = |&(cost, ms): &(f64, f64)| labels::place(panel.at(cost, ms), size, 6.0, &panel.rect, &taken, &lines);
    if let Some(place) = curve.iter().rev().find_map(places) {
        panel.pen.text(
            (place.left, place.bottom - 3.0),
            Anchor::Start,
            "t11 f-muted halo",
            CURVE,
        );
    }
}
