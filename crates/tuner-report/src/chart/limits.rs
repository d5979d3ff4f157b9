//! Constraints as labelled lines across a panel.

use plotters::coord::ranged1d::Ranged;
use tuner_core::Estimate;

use super::panel::{Drawn, Panel, Rect};
use super::pen::Anchor;
use super::style::Role;
use super::text;
use crate::view::Row;

/// Height of a line of text, and what it keeps away from the edges.
const LINE: f64 = 14.0;
const EDGE: f64 = 6.0;

/// One constraint: what it says, and where it is.
pub(super) struct Limit {
    pub(super) words: String,
    pub(super) value: f64,
}

/// Draws `limits` between the values `y`, with their names where they hide least of `marks` and nothing of `texts`; those
/// outside are named at the edge beyond which they are.
pub(super) fn draw<X, Y>(
    panel: &Panel<X, Y>,
    limits: &[Limit],
    y: (f64, f64),
    mut marks: Vec<Rect>,
    texts: &[Rect],
) -> Drawn
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let Rect {
        left,
        right,
        top,
        bottom,
    } = panel.rect;
    for limit in limits.iter().filter(|limit| (y.0..=y.1).contains(&limit.value)) {
        // Where it is across does not matter to a level line.
        let (_, at) = panel.at(1.0, limit.value);
        panel.pixel_line(&[(left, at), (right, at)], Role::Limit, 1.5)?;
        marks.push(Rect::new(left, at - 1.0, right - left, 2.0));
    }
    let mut texts = texts.to_vec();
    for limit in limits {
        let (words, baselines) = if limit.value > y.1 {
            let words = format!("limit: {} (above this chart)", limit.words);
            (words, [top + LINE, top + 2.0 * LINE])
        } else if limit.value < y.0 {
            let words = format!("limit: {} (below this chart)", limit.words);
            (words, [bottom - 5.0, bottom - 5.0 - LINE])
        } else {
            let (_, at) = panel.at(1.0, limit.value);
            (format!("limit: {}", limit.words), [at - 5.0, at + LINE])
        };
        let width = text::width(&words, 11.0, false);
        // Near its line, or as much farther as it hides less there.
        let places = (0..4_usize).flat_map(|step| {
            let shift = step as f64 * LINE;
            let baselines = [baselines[0] - shift, baselines[1] + shift];
            let starts = [right - EDGE - width, left + EDGE];
            baselines
                .into_iter()
                .flat_map(move |y| starts.map(|x| (step, Rect::new(x, y - LINE + 3.0, width, LINE))))
        });
        let inside = |(_, place): &(usize, Rect)| place.top >= top && place.bottom <= bottom;
        let price = |(step, place): &(usize, Rect)| {
            let hidden = |what: &[Rect]| what.iter().filter(|other| other.overlaps(place)).count();
            (hidden(&texts), step + hidden(&marks))
        };
        // Of equal ones the first.
        let Some((_, place)) = places.filter(inside).min_by_key(price) else {
            continue;
        };
        let at = (place.left, place.bottom - 3.0);
        panel.pen.text(at, Anchor::Start, "t11 f-bad halo", &words);
        texts.push(place);
    }
    Ok(())
}

/// What is around marks and between neighbours.
pub(super) fn around<'v, 'a: 'v, X, Y>(
    panel: &Panel<X, Y>,
    marks: impl Iterator<Item = (&'v Row<'a>, Estimate)>,
) -> Vec<Rect>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    const HALF: f64 = 6.0;
    const STEPS: u32 = 6;
    let mut places = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for (row, mean) in marks {
        let at = |value: f64| panel.at(row.mb.into(), value);
        let (x, y) = at(mean.value);
        let (high, low) = (
            at(mean.high.unwrap_or(mean.value)).1,
            at(mean.low.unwrap_or(mean.value)).1,
        );
        places.push(Rect {
            left: x - HALF,
            right: x + HALF,
            top: high.min(y - HALF),
            bottom: low.max(y + HALF),
        });
        if let Some((x0, y0)) = before {
            let share = |step: u32| f64::from(step) / f64::from(STEPS);
            let spot = |step: u32| (x0 + share(step) * (x - x0), y0 + share(step) * (y - y0));
            places.extend((1..STEPS).map(|step| Rect::new(spot(step).0 - 1.0, spot(step).1 - 1.0, 2.0, 2.0)));
        }
        before = Some((x, y));
    }
    places
}
