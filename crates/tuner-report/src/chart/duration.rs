//! Duration by memory size, on a log axis: ratios are what matters there, and "twice the memory, half the time" is a
//! straight line.

use tuner_core::{Constraint, Estimate, vcpus};

use super::limits::{self, Limit};
use super::memory_axis::MemoryAxis;
use super::panel::{Drawn, LogLog, Marker, Rect, log_log};
use super::pen::{Anchor, Pen, Px};
use super::style::Role;
use super::{failed, labels, model, text, ticks};
use crate::view::{Measured, Row, View};
use crate::{ReportError, numbers, words};

/// Below any duration that Lambda reports (0.01 ms), so that a zero can stand on a log axis.
pub(super) const SHORTEST_MS: f64 = 0.005;

/// Above any duration there can be (15 minutes), so that a number from elsewhere has an end.
pub(super) const LONGEST_MS: f64 = 1e9;

/// More single invocations than this are not drawn one by one: the picture would grow and show less.
const MOST_DOTS: usize = 600;

/// A constraint farther than this from what was measured is named, not drawn: it would flatten the curve.
const LIMIT_REACH: f64 = 4.0;

pub(super) fn draw(pen: &Pen, view: &View<'_>, axis: &MemoryAxis, rect: Rect) -> Drawn {
    let y = bounds(view);
    let panel = log_log(pen, rect, axis.bounds, y);
    axis.draw_behind(&panel, view)?;
    if view.measured().next().is_some() {
        panel.y_grid(&ticks::log_ticks(y.0, y.1, 6), axis.bounds.0)?;
    }
    let taken = landmarks(&panel, view, axis)?;
    for run in runs(view) {
        band(&panel, &run)?;
    }
    let names = names(&panel, view, &taken);
    let mut words = taken;
    words.extend(names.iter().map(|name| name.place));
    let marks = view.measured().map(|(row, m)| (row, m.mean));
    limits::draw(&panel, &asked(view), y, limits::around(&panel, marks), &words)?;
    axis.draw_decision(&panel, view)?;
    for run in runs(view) {
        let means: Vec<_> = run
            .iter()
            .map(|(r, m)| (f64::from(r.mb), on_axis(m.mean.value)))
            .collect();
        panel.line(&means, Role::Duration, 1.2)?;
    }
    model::draw(&panel, view, axis, y)?;
    let dots = view
        .measured()
        .map(|(row, _)| view.raw_durations(row.mb).count())
        .sum::<usize>()
        <= MOST_DOTS;
    for (row, m) in view.measured() {
        pen.group("mark", &title(row, m), || mark(&panel, view, row, m, dots))?;
    }
    for name in &names {
        let (at, class) = (
            (name.place.left, name.place.middle_y() + 4.0),
            format!("t11 {} halo", name.class),
        );
        pen.text(at, Anchor::Start, &class, name.words);
    }
    failed::draw_labels(pen, view, axis, rect);
    panel.baseline()
}

/// Measured sizes without a size between them that could not be measured: a line must not run across one.
pub(super) fn runs<'v, 'a>(view: &'v View<'a>) -> Vec<Vec<(&'v Row<'a>, &'v Measured<'a>)>> {
    view.rows
        .chunk_by(|a, b| a.measured.is_some() == b.measured.is_some())
        .map(|chunk| {
            chunk
                .iter()
                .filter_map(|row| Some((row, row.measured.as_ref()?)))
                .collect::<Vec<_>>()
        })
        .filter(|run| !run.is_empty())
        .collect()
}

pub(super) fn on_axis(ms: f64) -> f64 {
    ms.clamp(SHORTEST_MS, LONGEST_MS)
}

fn bounds(view: &View<'_>) -> (f64, f64) {
    let mut values: Vec<f64> = Vec::new();
    for (row, m) in view.measured() {
        let d = m.duration;
        values.extend([d.min, d.max, d.p95.value, m.mean.value]);
        values.extend([m.mean.low, m.mean.high].into_iter().flatten());
        values.extend(view.raw_durations(row.mb));
    }
    if values.is_empty() {
        return (1.0, 10.0);
    }
    let low = on_axis(values.iter().copied().fold(f64::INFINITY, f64::min));
    let high = on_axis(values.iter().copied().fold(0.0, f64::max));
    let near = |limit: &f64| *limit > low / LIMIT_REACH && *limit < high * LIMIT_REACH;
    let (low, high) = asked(view)
        .into_iter()
        .map(|limit| limit.value)
        .filter(near)
        .fold((low, high), |(low, high), limit| (low.min(limit), high.max(limit)));
    // Room above and below, and never so near that noise fills the panel.
    let (low, high) = (low / 1.15, high * 1.15);
    if high / low < 2.0 {
        let middle = (low * high).sqrt();
        return (middle / 2_f64.sqrt(), middle * 2_f64.sqrt());
    }
    (low, high)
}

/// Lines and words that explain the axis; returns the places of the words.
fn landmarks(panel: &LogLog, view: &View<'_>, axis: &MemoryAxis) -> Result<Vec<Rect>, ReportError> {
    const LINE: f64 = 14.0;
    let Rect { top, bottom, right, .. } = panel.rect;
    let mut places: Vec<Rect> = Vec::new();
    if let Some((from, to)) = view.largest_distinct_mb().and_then(|largest| axis.beyond(largest)) {
        let cpus = vcpus(view.largest_distinct_mb().unwrap_or_default()).round();
        let wordings = [format!("over this machine's {cpus} CPUs"), format!("over {cpus} CPUs")];
        let width = |words: &str| text::width(words, 11.0, false);
        let [long, short] = wordings;
        let words = if width(&long) + 12.0 <= to - from { long } else { short };
        let width = width(&words);
        panel
            .pen
            .text((to - 6.0, bottom - 7.0), Anchor::End, "t11 f-muted halo", &words);
        places.push(Rect::new(to - 6.0 - width, bottom - 5.0 - LINE, width, LINE));
    }
    let Some(x) = axis.one_vcpu() else { return Ok(places) };
    panel.pixel_line(&[(x, top), (x, bottom)], Role::Landmark, 1.5)?;
    let words = "1 vCPU";
    let width = text::width(words, 11.0, false);
    // Beside its line, which others may share: at the bottom, one line higher, or at the top, where nothing is in the way.
    let lefts = if x + width + 4.0 > right {
        [x - 4.0 - width; 2]
    } else {
        [x + 4.0, x - 4.0 - width]
    };
    let tops = [bottom - 5.0 - LINE, bottom - 5.0 - 2.0 * LINE, top + 4.0];
    let all = || {
        tops.into_iter()
            .flat_map(|top| lefts.map(|left| Rect::new(left, top, width, LINE)))
    };
    let curves = curves(panel, view);
    let is_free = |place: &Rect| !places.iter().any(|other| other.overlaps(place));
    let is_clear = |place: &Rect| is_free(place) && !curves.iter().any(|curve| labels::passes(curve, place, 5.0));
    let place = all().find(is_clear).or_else(|| all().find(is_free));
    let place = place.unwrap_or(Rect::new(lefts[0], tops[0], width, LINE));
    panel.pen.text(
        (place.left, place.bottom - 2.0),
        Anchor::Start,
        "t11 f-muted halo",
        words,
    );
    places.push(place);
    Ok(places)
}

/// The lines that are drawn through what was measured, in pixels.
fn curves(panel: &LogLog, view: &View<'_>) -> Vec<Vec<(f64, f64)>> {
    let of = |value: fn(&Measured<'_>) -> f64| {
        runs(view).into_iter().map(move |run| {
            let points = run.iter().map(|(row, m)| panel.at(row.mb.into(), on_axis(value(m))));
            points.collect()
        })
    };
    of(|m| m.mean.value)
        .chain(of(|m| m.duration.p50.value))
        .chain(of(|m| m.upper()))
        .collect()
}

fn band(panel: &LogLog, run: &[(&Row<'_>, &Measured<'_>)]) -> Drawn {
    let at = |r: &Row<'_>, ms: f64| (f64::from(r.mb), on_axis(ms));
    let upper: Vec<_> = run.iter().map(|(r, m)| at(r, m.upper())).collect();
    if let [(x, high)] = upper[..] {
        // A single size has no area: a bar as wide as a finger.
        let low = on_axis(run[0].1.duration.p50.value);
        let ((px, bottom), (_, top)) = (panel.at(x, low), panel.at(x, high));
        return panel.pixel_rect(
            Rect {
                left: px - 8.0,
                right: px + 8.0,
                top,
                bottom,
            },
            Role::Band,
        );
    }
    let lower = run.iter().rev().map(|(r, m)| at(r, m.duration.p50.value));
    let outline: Vec<_> = upper.iter().copied().chain(lower).collect();
    panel.area(&outline, Role::Band)?;
    panel.line(&upper, Role::Duration, 0.8)
}

/// Constraints on a duration.
fn asked(view: &View<'_>) -> Vec<Limit> {
    let constraints = view.tuning.request.options.constraints.iter();
    let limits = constraints.filter_map(|&constraint| match constraint {
        Constraint::Duration { max_ms, .. } => Some(Limit {
            words: words::constraint(view, constraint),
            value: max_ms,
        }),
        Constraint::CostAboveCheapest { .. } | Constraint::CostPerMillion { .. } => None,
    });
    limits.collect()
}

fn title(row: &Row<'_>, m: &Measured<'_>) -> String {
    let d = m.duration;
    let interval = numbers::interval(m.mean, numbers::ms).map_or_else(String::new, |i| format!(" ({i})"));
    let percentile = |e: Estimate| format!("{} ({})", numbers::ms(e.value), numbers::bounds(e, numbers::ms));
    let p95 = m
        .p95()
        .map_or_else(String::new, |p95| format!(", p95 {} ms", percentile(p95)));
    let mut title = format!(
        "{} MB: {} invocations, mean {}{interval} ms, p50 {} ms{p95}, {} to {} ms",
        row.mb,
        d.count,
        numbers::ms(m.mean.value),
        percentile(d.p50),
        numbers::ms(d.min),
        numbers::ms(d.max),
    );
    if row.compared.is_some_and(|c| c.bimodal) {
        title.push_str(", in two groups, far apart");
    }
    if row.compared.is_some_and(|c| c.heavy_tailed) {
        title.push_str(", a few many times the others");
    }
    title
}

fn mark(panel: &LogLog, view: &View<'_>, row: &Row<'_>, m: &Measured<'_>, dots: bool) -> Drawn {
    let mb = f64::from(row.mb);
    if dots {
        draw_dots(panel, mb, view.raw_durations(row.mb));
    }
    if let (Some(low), Some(high)) = (m.mean.low, m.mean.high) {
        panel.interval(mb, (on_axis(low), on_axis(high)), Role::Duration, 1.8);
    }
    let (x, y) = panel.at(mb, on_axis(m.duration.p50.value));
    panel.pixel_line(&[(x - 9.0, y), (x + 9.0, y)], Role::Duration, 1.8)?;
    let at = (mb, on_axis(m.mean.value));
    if row.is_chosen {
        panel.marker(at, Marker::Diamond, 5.5, Role::Chosen, false)
    } else {
        panel.marker(at, Marker::Circle, 4.5, Role::Duration, false)
    }
}

/// One path for all of them: a stroke of no length with a round cap is a dot.
fn draw_dots(panel: &LogLog, mb: f64, durations: impl Iterator<Item = f64>) {
    // The golden ratio spreads any number of points evenly, and the same way each time.
    const GOLDEN: f64 = 0.618_033_988_749_895;
    const SPREAD: f64 = 16.0;
    let mut path = String::new();
    for (index, ms) in durations.enumerate() {
        let (x, y) = panel.at(mb, on_axis(ms));
        let jitter = ((index as f64 * GOLDEN).fract() - 0.5) * SPREAD;
        path.push_str(&format!("M{} {}h0", Px(x + jitter), Px(y)));
    }
    if !path.is_empty() {
        panel.pen.write(format_args!(
            "<path d=\"{path}\" class=\"s s-dots\" stroke-width=\"3.2\"/>"
        ));
    }
}

/// The name of a series, where it stands.
struct Name {
    words: &'static str,
    class: &'static str,
    place: Rect,
}

/// The series are named where they end, not in a legend.
fn names(panel: &LogLog, view: &View<'_>, taken: &[Rect]) -> Vec<Name> {
    const LINE: f64 = 13.0;
    let Some((row, m)) = view.measured().last() else {
        return Vec::new();
    };
    let y = |ms: f64| panel.at(1.0, on_axis(ms)).1;
    let upper = if m.is_few() { "max" } else { "p95" };
    let mut names = vec![
        (y(m.duration.p50.value), "p50", "f-duration"),
        (y(m.mean.value), "mean", "f-duration"),
        (y(m.upper()), upper, "f-duration"),
    ];
    names.extend(model::end(view).map(|ms| (y(ms), "model", "f-model")));
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted: Vec<(f64, f64)> = names.iter().map(|(y, ..)| (*y, LINE)).collect();
    let x = panel.at(row.mb.into(), 1.0).0 + 13.0;
    // Between the words that stand there already.
    let there = taken.iter().filter(|place| place.right > x && place.left < x + 36.0);
    let (above, below): (Vec<&Rect>, Vec<&Rect>) = there.partition(|place| place.middle_y() < panel.rect.middle_y());
    let ceiling = above
        .iter()
        .map(|place| place.bottom)
        .fold(panel.rect.top + 4.0, f64::max);
    let floor = below
        .iter()
        .map(|place| place.top)
        .fold(panel.rect.bottom - 4.0, f64::min);
    let centres = labels::spread(&wanted, 0.0, (ceiling, floor));
    names
        .into_iter()
        .zip(centres)
        .map(|((_, words, class), y)| Name {
            words,
            class,
            place: Rect::new(x, y - LINE / 2.0, text::width(words, 11.0, false), LINE),
        })
        .collect()
}
