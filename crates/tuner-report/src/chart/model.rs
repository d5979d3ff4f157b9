//! The fitted curve, apart from the points: solid between measured sizes, dashed where it is a guess.

use tuner_core::curve::Fit;

use super::duration::on_axis;
use super::memory_axis::MemoryAxis;
use super::panel::{Drawn, LogLog};
use super::style::Role;
use crate::view::View;
use crate::words::model;

/// Points that a curve is drawn through.
const STEPS: u32 = 64;

/// Pieces of one curve.
#[derive(Default)]
struct Pieces {
    known: Vec<Vec<(f64, f64)>>,
    guessed: Vec<Vec<(f64, f64)>>,
}

/// Draws it, if there is one, between the durations `y`.
pub(super) fn draw(panel: &LogLog, view: &View<'_>, axis: &MemoryAxis, y: (f64, f64)) -> Drawn {
    let (Some(fit), Some(words)) = (model::fit(view), model::of_view(view)) else {
        return Ok(());
    };
    let pieces = pieces(view, axis, fit, y);
    let title = format!("{}. {}", words.equation, words.sentences());
    panel.pen.group("mark", &title, || {
        for piece in &pieces.known {
            panel.line(piece, Role::Model, 1.6)?;
        }
        for piece in &pieces.guessed {
            panel.line(piece, Role::Guess, 1.6)?;
        }
        Ok(())
    })
}

/// Where the curve ends at the largest measured size, and so has its name.
pub(super) fn end(view: &View<'_>) -> Option<f64> {
    let (last, _) = view.measured().last()?;
    Some(on_axis(model::fit(view)?.model.at(last.mb.into())))
}

/// The curve from edge to edge, in pieces: a new one begins where trust in it does or ends, and none is where a size failed
/// or the curve is outside the panel.
fn pieces(view: &View<'_>, axis: &MemoryAxis, fit: &Fit, y: (f64, f64)) -> Pieces {
    let mut pieces = Pieces::default();
    let sizes = || view.measured().map(|(row, _)| f64::from(row.mb));
    let (Some(first), Some(last)) = (sizes().next(), sizes().last()) else {
        return pieces;
    };
    let failed: Vec<(f64, f64)> = view
        .rows
        .iter()
        .filter(|row| row.measured.is_none())
        .map(|row| axis.slot(row.mb))
        .collect();
    let point = |mb: f64| {
        let (ms, x) = (fit.model.at(mb), axis.x(mb));
        let inside = (y.0..=y.1).contains(&ms) && !failed.iter().any(|&(from, to)| from < x && x < to);
        inside.then_some((mb, ms))
    };
    let mut before: Option<(f64, f64)> = None;
    let mut was_known = false;
    for mb in steps(axis.bounds, [first, last, fit.model.levels_off_mb]) {
        let at = point(mb);
        if let (Some(from), Some(to)) = (before, at) {
            let known = fit.is_trusted() && from.0 >= first && to.0 <= last;
            let kind = if known { &mut pieces.known } else { &mut pieces.guessed };
            match kind
                .last_mut()
                .filter(|piece| known == was_known && piece.last() == Some(&from))
            {
                Some(piece) => piece.push(to),
                None => kind.push(vec![from, to]),
            }
            was_known = known;
        }
        before = at;
    }
    pieces
}

/// Memory sizes from edge to edge, evenly apart on a log axis, with those where something changes.
fn steps((low, high): (f64, f64), special: [f64; 3]) -> Vec<f64> {
    let step = |i: u32| low * (high / low).powf(f64::from(i) / f64::from(STEPS));
    let inside = special.into_iter().filter(|mb| (low..=high).contains(mb));
    let mut steps: Vec<f64> = (0..=STEPS).map(step).chain(inside).collect();
    steps.sort_by(f64::total_cmp);
    steps
}
