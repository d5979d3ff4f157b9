//! What a review found, over the time of all of them.

use jiff::Timestamp;
use tuner_core::review::{ReviewInBrief, ReviewTrend};

use crate::chart::panel::{Drawn, Linear, Marker, Rect, linear};
use crate::chart::pen::{Anchor, Pen};
use crate::chart::style::Role;
use crate::chart::{text, ticks};
use crate::numbers;
use crate::trend::words;

/// Reviews beyond this have no mark of their own.
const MOST_MARKED: usize = 60;

type Value = fn(&ReviewInBrief) -> Option<f64>;

/// Something that each review has a figure of.
pub(super) struct Line {
    pub(super) title: &'static str,
    pub(super) how: &'static str,
    value: Value,
    /// Down to here an area hangs from the line.
    down_to: Option<Value>,
    role: Role,
    words: fn(&ReviewTrend, f64) -> String,
}

/// Those of which something is known.
pub(super) fn all(trend: &ReviewTrend) -> Vec<Line> {
    let lines = [
        Line {
            title: "Cost a month",
            how: "area: what could be saved at best",
            value: |review| Some(review.monthly?.amount),
            down_to: Some(|review| Some(review.monthly?.amount - review.saving_at_best?.amount)),
            role: Role::Cost,
            words: |trend, value| {
                let known = trend.reviews.iter().rev().find_map(|review| review.monthly);
                known.map_or_else(
                    || numbers::plain(value),
                    |money| axis_amount(money.currency.symbol(), value),
                )
            },
        },
        Line {
            title: "Functions that may break",
            how: "",
            value: |review| Some(review.may_break as f64),
            down_to: None,
            role: Role::Bad,
            words: |_, value| numbers::plain(value),
        },
        Line {
            title: "Calls a month",
            how: "",
            value: |review| Some(review.invocations),
            down_to: None,
            role: Role::Duration,
            words: |_, value| numbers::short_count(value),
        },
    ];
    let is_known = |line: &Line| trend.reviews.iter().any(|review| (line.value)(review).is_some());
    lines.into_iter().filter(is_known).collect()
}

/// A round amount: `$500`, `$20k`, `$0.05`.
fn axis_amount(symbol: &str, value: f64) -> String {
    match value >= 1e4 {
        true => format!("{symbol}{}", numbers::short_count(value)),
        false => format!("{symbol}{}", numbers::plain(value)),
    }
}

fn time(review: &ReviewInBrief) -> f64 {
    let end: Timestamp = review.window.map_or(review.finished_at, |window| window.until);
    end.as_second() as f64
}

pub(super) fn draw(pen: &Pen, trend: &ReviewTrend, line: &Line, rect: Rect) -> Drawn {
    let times: Vec<f64> = trend.reviews.iter().map(time).collect();
    let (first, last) = (
        times.first().copied().unwrap_or(0.0),
        times.last().copied().unwrap_or(1.0),
    );
    let points: Vec<(f64, &ReviewInBrief, f64)> = times
        .iter()
        .zip(&trend.reviews)
        .filter_map(|(time, review)| Some((*time, review, (line.value)(review).filter(|value| value.is_finite())?)))
        .collect();
    let highest = points
        .iter()
        .map(|(.., value)| *value)
        .fold(f64::MIN_POSITIVE, f64::max);
    // Counts of few things have no halves.
    let top = if line.role == Role::Bad {
        highest.max(4.0)
    } else {
        highest
    } * if line.down_to.is_some() { 1.08 } else { 1.25 };
    let panel = linear(pen, rect, (first, last.max(first + 1.0)), (0.0, top));
    grid(&panel, trend, line, top)?;
    days(&panel, trend, &times);
    for part in unbroken(trend, line) {
        let at: Vec<(f64, f64)> = part.iter().map(|(time, _, value)| (*time, *value)).collect();
        if let Some(down_to) = line.down_to {
            let below = part
                .iter()
                .rev()
                .map(|(time, review, value)| (*time, down_to(review).unwrap_or(*value)));
            let outline: Vec<(f64, f64)> = at.iter().copied().chain(below).collect();
            panel.area(&outline, Role::Band)?;
        }
        panel.line(&at, line.role, 2.0)?;
    }
    for (index, (time, review, value)) in points.iter().enumerate() {
        let is_last = index + 1 == points.len();
        let figure = (line.words)(trend, *value);
        if points.len() <= MOST_MARKED || is_last {
            let told = format!("{}: {}", words::day(review), told(line, review, *value));
            pen.group("mark", &told, || {
                panel.marker((*time, *value), Marker::Circle, 3.5, line.role, false)
            })?;
        }
        // The first and the last are told.
        if is_last || index == 0 {
            let (x, y) = panel.at(*time, *value);
            let (x, anchor) = if is_last && index > 0 {
                (x, Anchor::End)
            } else {
                (x + 2.0, Anchor::Start)
            };
            let told = review
                .monthly
                .filter(|_| line.down_to.is_some())
                .map_or(figure, words::amount);
            pen.text((x, (y - 9.0).max(rect.top + 4.0)), anchor, "b f-ink halo", &told);
        }
    }
    panel.baseline()
}

fn told(line: &Line, review: &ReviewInBrief, value: f64) -> String {
    match (line.down_to, review.monthly) {
        (Some(_), Some(money)) => {
            let saving = review.saving_at_best.map_or_else(String::new, |saving| {
                format!(", of which {} could be saved at best", words::amount(saving))
            });
            format!("{}{saving}", words::amount(money))
        }
        _ => numbers::decimal(value, 0),
    }
}

/// The points of the line in runs; a review of which the figure is not known parts them.
fn unbroken<'t>(trend: &'t ReviewTrend, line: &Line) -> Vec<Vec<(f64, &'t ReviewInBrief, f64)>> {
    let mut runs: Vec<Vec<(f64, &ReviewInBrief, f64)>> = vec![Vec::new()];
    for review in &trend.reviews {
        match ((line.value)(review).filter(|value| value.is_finite()), runs.last_mut()) {
            (Some(value), Some(run)) => run.push((time(review), review, value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

fn grid(panel: &Linear, trend: &ReviewTrend, line: &Line, top: f64) -> Drawn {
    let rect = panel.rect;
    let most = if rect.bottom - rect.top > 150.0 { 5 } else { 3 };
    panel.pen.group("grid", "", || {
        for tick in ticks::linear_ticks(0.0, top, most) {
            let (_, y) = panel.at(0.0, tick);
            panel.pixel_line(&[(rect.left, y), (rect.right, y)], Role::Grid, 1.0)?;
            let words = (line.words)(trend, tick);
            panel
                .pen
                .text((rect.left - 8.0, y + 4.0), Anchor::End, "f-muted", &words);
        }
        Ok(())
    })
}

/// Days of reviews below the axis, from the last one backwards, as far as there is room.
fn days(panel: &Linear, trend: &ReviewTrend, times: &[f64]) {
    let rect = panel.rect;
    let mut free_until = rect.right + 8.0;
    for (review, time) in trend.reviews.iter().zip(times).rev() {
        let words = words::day(review);
        let width = text::width(&words, 11.0, false);
        let (x, _) = panel.at(*time, 0.0);
        let left = (x - width / 2.0).clamp(rect.left - 20.0, rect.right + 8.0 - width);
        if left + width > free_until {
            continue;
        }
        free_until = left - 10.0;
        panel
            .pen
            .text((left, rect.bottom + 16.0), Anchor::Start, "t11 f-muted", &words);
    }
}
