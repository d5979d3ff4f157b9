//! The table in the picture: the present size, the one to compare it with, and the change; or what failed where.

use super::panel::Rect;
use super::pen::{Anchor, Pen, Px};
use super::text;
use crate::comparison::{self, Comparison};
use crate::view::View;

const ROW: f64 = 23.0;
/// Sizes listed when there is nothing to compare.
const MOST_FAILURES: usize = 12;

/// How high it will be; for the list of failures, which stands alone, it does not matter.
pub(super) fn height(view: &View<'_>) -> f64 {
    comparison::of_view(view).map_or(0.0, |table| 26.0 + ROW * table.lines.len() as f64)
}

/// Draws at the top of `rect`; returns the pixel below.
pub(super) fn draw(pen: &Pen, view: &View<'_>, rect: Rect) -> f64 {
    match comparison::of_view(view) {
        Some(table) => compare(pen, rect, &table),
        None if view.measured().next().is_none() => failures(pen, view, rect),
        None => rect.top,
    }
}

fn compare(pen: &Pen, rect: Rect, table: &Comparison) -> f64 {
    let columns = match table.second {
        Some(_) => [
            rect.left,
            rect.left + rect.width() * 0.58,
            rect.left + rect.width() * 0.82,
            rect.right,
        ],
        None => [rect.left, rect.right, rect.right, rect.right],
    };
    let change = if table.second.is_some() { "change" } else { "" };
    let mut y = rect.top + 16.0;
    write(
        pen,
        &columns,
        y,
        ["", table.first, table.second.unwrap_or_default(), change],
        "b ",
    );
    for line in &table.lines {
        y += ROW;
        rule(pen, rect, y - 16.0);
        write(
            pen,
            &columns,
            y,
            [&line.name, &line.first, &line.second, &line.change],
            "",
        );
    }
    y + 10.0
}

fn failures(pen: &Pen, view: &View<'_>, rect: Rect) -> f64 {
    let columns = [rect.left, rect.left, rect.left + 80.0, rect.right];
    let mut y = rect.top + 16.0;
    pen.text((columns[0], y), Anchor::Start, "b f-ink", "memory size");
    pen.text((columns[2] + 20.0, y), Anchor::Start, "b f-ink", "what happened");
    for row in view.rows.iter().take(MOST_FAILURES) {
        y += ROW;
        rule(pen, rect, y - 16.0);
        let words = match (row.failure_count(), row.skipped()) {
            (Some((failed, of)), _) => format!("{}: {failed} of {of}", row.failure().map_or("", |o| o.words())),
            (None, Some(reason)) => format!("not run: {reason}"),
            (None, None) => "no comparable measurement".to_owned(),
        };
        pen.text((columns[2], y), Anchor::End, "f-ink", &format!("{} MB", row.mb));
        let room = rect.right - columns[2] - 20.0;
        pen.text(
            (columns[2] + 20.0, y),
            Anchor::Start,
            "f-bad",
            &text::cut(&words, 12.0, false, room),
        );
    }
    if view.rows.len() > MOST_FAILURES {
        y += ROW;
        pen.text(
            (columns[0], y),
            Anchor::Start,
            "f-muted",
            &format!("and {} more", view.rows.len() - MOST_FAILURES),
        );
    }
    y + 10.0
}

fn write(pen: &Pen, columns: &[f64; 4], y: f64, cells: [&str; 4], class: &str) {
    let room = columns[1] - columns[0] - text::width(cells[1], 12.0, true) - 8.0;
    pen.text(
        (columns[0], y),
        Anchor::Start,
        "f-muted",
        &text::cut(cells[0], 12.0, false, room),
    );
    for (words, x) in cells.iter().zip(columns).skip(1).filter(|(words, _)| !words.is_empty()) {
        pen.text((*x, y), Anchor::End, &format!("{class}f-ink"), words);
    }
}

fn rule(pen: &Pen, rect: Rect, y: f64) {
    pen.write(format_args!(
        "<path d=\"M{} {}H{}\" class=\"s s-grid\"/>",
        Px(rect.left),
        Px(y),
        Px(rect.right)
    ));
}
