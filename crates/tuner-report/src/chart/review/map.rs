//! Memory used against cost: at the right what may run out, at the upper left what wastes.

use crate::chart::layout::Shape;
use crate::chart::panel::{Drawn, LinearLog, Marker, Rect, linear_log};
use crate::chart::pen::{Anchor, Pen, Px};
use crate::chart::style::Role;
use crate::chart::{labels, text, ticks};
use crate::numbers;
use crate::review::view::{RISKY_SHARE, Row, View};

/// A little more than all of the memory: a report can say that.
const MOST_SHARE: f64 = 1.04;
/// Functions that a pointer resting on them explains; further ones are dots.
const MOST_EXPLAINED: usize = 150;
/// Names of each kind.
const MOST_NAMED: usize = 6;
const LONGEST_NAME: f64 = 150.0;
/// Costs further apart than this share one edge of the map.
const WIDEST: f64 = 1e5;
/// Below and above what a function can cost in a month, so that a number from elsewhere has a place.
const COSTS: (f64, f64) = (1e-9, 1e12);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Risk,
    Saves,
    Fine,
}

/// A function with a place on the map.
pub(super) struct Point<'v, 'a> {
    row: &'v Row<'a>,
    share: f64,
    cost: f64,
    kind: Kind,
}

impl Point<'_, '_> {
    /// What a month may lose: all of it where something may break.
    fn stake(&self) -> f64 {
        match self.kind {
            Kind::Saves => self.row.saving.map_or(0.0, |saving| saving.at_best.amount),
            Kind::Risk | Kind::Fine => self.cost,
        }
    }
}

/// All that have a place, in the sums' currency.
pub(super) fn points<'v, 'a>(view: &'v View<'a>) -> Vec<Point<'v, 'a>> {
    let currency = view.currency();
    view.rows
        .iter()
        .filter_map(|row| {
            let cost = row.cost.filter(|cost| cost.amount > 0.0 && cost.amount.is_finite())?;
            (Some(cost.currency) == currency).then_some(())?;
            Some(Point {
                row,
                share: row.share?,
                cost: cost.amount.clamp(COSTS.0, COSTS.1),
                kind: match (row.is_risk(), row.saves()) {
                    (true, _) => Kind::Risk,
                    (_, true) => Kind::Saves,
                    _ => Kind::Fine,
                },
            })
        })
        .collect()
}

pub(super) fn draw(pen: &Pen, view: &View<'_>, points: &[Point<'_, '_>], rect: Rect, shape: Shape) -> Drawn {
    let (low, high) = edges(points);
    let panel = linear_log(pen, rect, (0.0, MOST_SHARE), (low, high));
    let (risk, _) = panel.at(RISKY_SHARE, low);
    panel.pixel_rect(Rect { left: risk, ..rect }, Role::Shade)?;
    grid(&panel, view, (low, high))?;
    panel.pixel_line(&[(risk, rect.top), (risk, rect.bottom)], Role::Limit, 1.0)?;
    pen.text(
        (risk - 5.0, rect.top + 13.0),
        Anchor::End,
        "t11 f-bad halo",
        "90 %: may run out \u{2192}",
    );

    let mut explained: Vec<&Point<'_, '_>> = points.iter().collect();
    // The most at stake is explained, and drawn last, on top.
    explained.sort_by(|a, b| {
        (a.kind == Kind::Fine)
            .cmp(&(b.kind == Kind::Fine))
            .then(b.stake().total_cmp(&a.stake()))
    });
    let plain = explained.split_off(explained.len().min(MOST_EXPLAINED));
    dots(&panel, &plain);
    for point in explained.iter().rev() {
        mark(&panel, view, point, shape)?;
    }
    name(&panel, &explained);
    panel.baseline()
}

/// Costs at the edges, with room around the outermost.
fn edges(points: &[Point<'_, '_>]) -> (f64, f64) {
    let (low, high) = points
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(l, h), p| (l.min(p.cost), h.max(p.cost)));
    let low = low.max(high / WIDEST);
    let room = (high / low).max(10.0).powf(0.06);
    let middle = (low * high).sqrt();
    let half = (high / low).max(10.0).sqrt() * room;
    (middle / half, middle * half)
}

fn grid(panel: &LinearLog, view: &View<'_>, (low, high): (f64, f64)) -> Drawn {
    let Rect {
        left,
        right,
        top,
        bottom,
    } = panel.rect;
    let symbol = view.currency().map_or("", |currency| currency.symbol());
    panel.pen.group("grid", "", || {
        for tick in ticks::log_ticks(low, high, 7) {
            let (_, y) = panel.at(0.0, tick);
            panel.pixel_line(&[(left, y), (right, y)], Role::Grid, 1.0)?;
            panel
                .pen
                .text((left - 8.0, y + 4.0), Anchor::End, "f-muted", &label(symbol, tick));
        }
        for share in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
            let (x, _) = panel.at(share, low);
            panel.pixel_line(&[(x, top), (x, bottom)], Role::Grid, 1.0)?;
            let words = format!("{} %", share * 100.0);
            // The last must not stand out over the edge.
            let x = x.min(right - text::width(&words, 12.0, false) / 2.0);
            panel.pen.text((x, bottom + 17.0), Anchor::Middle, "f-muted", &words);
        }
        Drawn::Ok(())
    })?;
    let words = "memory used at most, of its size";
    panel
        .pen
        .text((panel.rect.middle_x(), bottom + 34.0), Anchor::Middle, "f-muted", words);
    Ok(())
}

/// A round amount: `$0.01`, `$500`, `$20k`.
fn label(symbol: &str, amount: f64) -> String {
    if amount >= 1e4 || amount == 0.0 {
        return format!("{symbol}{}", numbers::short_count(amount));
    }
    // Longer ones would stand out over the edge.
    if amount < 1e-4 {
        return format!("{symbol}{amount:.0e}");
    }
    format!("{symbol}{}", numbers::plain(amount))
}

/// Many functions as one path of round dots: a picture of 2,000 stays small.
fn dots(panel: &LinearLog, points: &[&Point<'_, '_>]) {
    for (kind, role) in [(Kind::Fine, "dots"), (Kind::Saves, "cost"), (Kind::Risk, "bad")] {
        let mut path = String::new();
        for point in points.iter().filter(|p| p.kind == kind) {
            let (x, y) = panel.at(point.share, point.cost);
            path.push_str(&format!("M{} {}h0", Px(x), Px(y)));
        }
        if !path.is_empty() {
            panel.pen.write(format_args!(
                "<path d=\"{path}\" class=\"s s-{role}\" stroke-width=\"5\" stroke-linecap=\"round\"/>\n"
            ));
        }
    }
}

fn mark(panel: &LinearLog, view: &View<'_>, point: &Point<'_, '_>, shape: Shape) -> Drawn {
    let at = (point.share, point.cost);
    let row = point.row;
    let mut words = format!(
        "{}: {} {}, {} of {} MB used",
        row.name(),
        row.cost_words(view.scale).unwrap_or_default(),
        view.period(),
        numbers::percent(point.share),
        row.mb.map_or_else(|| "?".to_owned(), |mb| numbers::count(mb.into())),
    );
    if let Some(saving) = row.saving.filter(|saving| saving.at_best.amount > 0.0) {
        words.push_str(&format!(", {} could be saved", view.scale.saving(&saving)));
    }
    for finding in row.of.findings.iter().filter(|finding| finding.kind.is_risk()) {
        words.push_str(&format!(", {}", finding.kind.words()));
    }
    let linked = shape != Shape::Picture;
    if linked {
        panel.pen.write(format_args!("<a href=\"#f{}\">", row.rank));
    }
    let drawn = panel.pen.group("mark", &words, || match point.kind {
        Kind::Risk => panel.marker(at, Marker::Triangle, 5.0, Role::Bad, false),
        Kind::Saves => panel.marker(at, Marker::Circle, 4.5, Role::Cost, false),
        Kind::Fine => panel.marker(at, Marker::Circle, 3.0, Role::Muted, false),
    });
    if linked {
        panel.pen.write(format_args!("</a>"));
    }
    drawn
}

/// The dearest of those that may break, then those that save most, where there is room.
fn name(panel: &LinearLog, points: &[&Point<'_, '_>]) {
    let mut taken: Vec<Rect> = points
        .iter()
        .map(|p| {
            let (x, y) = panel.at(p.share, p.cost);
            Rect::new(x - 5.0, y - 5.0, 10.0, 10.0)
        })
        .collect();
    // The name of the zone has its place already.
    let (risk, _) = panel.at(RISKY_SHARE, 1.0);
    taken.push(Rect::new(risk - 130.0, panel.rect.top, 130.0, 17.0));
    let risks = points.iter().filter(|p| p.kind == Kind::Risk).take(MOST_NAMED);
    let mut saves: Vec<&&Point<'_, '_>> = points
        .iter()
        .filter(|p| p.kind != Kind::Risk && p.row.saves())
        .collect();
    let most = |p: &Point<'_, '_>| p.row.saving.map_or(0.0, |saving| saving.at_best.amount);
    saves.sort_by(|a, b| most(b).total_cmp(&most(a)));
    for point in risks.chain(saves.into_iter().take(MOST_NAMED)) {
        let words = text::cut(point.row.name(), 11.0, false, LONGEST_NAME);
        let size = (text::width(&words, 11.0, false), 12.0);
        let Some(place) = labels::place(panel.at(point.share, point.cost), size, 7.0, &panel.rect, &taken, &[]) else {
            continue;
        };
        taken.push(place);
        panel.pen.text(
            (place.left, place.bottom - 3.0),
            Anchor::Start,
            "t11 f-ink halo",
            &words,
        );
    }
}
