//! The figures of several reviews, as rows.

use std::ops::Range;

use tuner_core::review::{FollowedAdvice, Mover, ReviewInBrief, ReviewTrend};

use super::words::{amount, by, day, signed};
use crate::numbers;
use crate::review::amounts::Scale;

/// A table with its title and what is said above it.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// The columns that hold figures.
    pub(super) figures: Range<usize>,
}

/// All of them, in the order of reading.
pub(super) fn all(trend: &ReviewTrend) -> Vec<Table> {
    let mut all = vec![reviews(trend)];
    all.extend(movers(trend));
    all.extend(followed(trend));
    all
}

const UNKNOWN: &str = "?";

fn reviews(trend: &ReviewTrend) -> Table {
    let row = |review: &ReviewInBrief| {
        let saving = review.saving_at_worst.zip(review.saving_at_best);
        vec![
            day(review),
            numbers::count(review.functions),
            numbers::short_count(review.invocations),
            review.monthly.map_or_else(|| UNKNOWN.to_owned(), amount),
            review
                .change
                .as_ref()
                .map_or_else(String::new, |change| signed(change.total())),
            saving.map_or_else(String::new, |(worst, best)| Scale::Month.range(worst, best)),
            numbers::count(review.may_break),
            numbers::count(review.unjudged),
        ]
    };
    Table {
        title: "Review by review, amounts a month".to_owned(),
        lines: Vec::new(),
        head: vec![
            "until",
            "functions",
            "calls",
            "cost",
            "change",
            "could save",
            "risks",
            "unjudged",
        ],
        rows: trend.reviews.iter().map(row).collect(),
        figures: 1..8,
    }
}

fn movers(trend: &ReviewTrend) -> Option<Table> {
    let [.., before, _] = &trend.reviews[..] else {
        return None;
    };
    let row = |mover: &Mover| {
        vec![
            mover.function.name().to_owned(),
            amount(mover.change.before),
            amount(mover.change.after),
            signed(mover.change.total()),
            by(&mover.change),
        ]
    };
    let more = match trend.more_movers {
        0 => Vec::new(),
        1 => vec!["The cost of 1 more function changed.".to_owned()],
        n => vec![format!("The cost of {} more functions changed.", numbers::count(n))],
    };
    // A change of less than a cent moves nothing.
    let told = trend
        .movers
        .iter()
        .filter(|mover| mover.change.total().amount.abs() >= 0.005);
    let rows: Vec<_> = told.map(row).collect();
    (!rows.is_empty()).then(|| Table {
        title: format!("What moved the cost since {}, a month", day(before)),
        lines: more,
        head: vec!["function", "then", "now", "change", "by"],
        rows,
        figures: 1..4,
    })
}

fn followed(trend: &ReviewTrend) -> Option<Table> {
    let row = |of: &FollowedAdvice| {
        let until = of
            .until
            .map_or_else(String::new, |until| format!(" to {}", until.strftime("%Y-%m-%d")));
        vec![
            of.function.name().to_owned(),
            format!(
                "{} \u{2192} {} MB",
                numbers::count(of.from_mb.into()),
                numbers::count(of.to_mb.into())
            ),
            format!("{}{until}", of.since.strftime("%Y-%m-%d")),
            of.to_date.map_or_else(|| UNKNOWN.to_owned(), amount),
            of.promised
                .as_ref()
                .map_or_else(String::new, |promised| Scale::Month.saving(promised)),
        ]
    };
    (!trend.realised.followed.is_empty()).then(|| Table {
        title: "What following advice has saved".to_owned(),
        lines: Vec::new(),
        head: vec!["function", "size", "since", "saved so far", "promised"],
        rows: trend.realised.followed.iter().map(row).collect(),
        figures: 3..5,
    })
}
