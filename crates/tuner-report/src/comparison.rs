//! The present size beside the one it is best compared with: the table a reader decides by.

use serde::Serialize;

use crate::numbers;
use crate::view::{Measured, Row, View};

/// Two sizes side by side; one alone if there is nothing to compare it with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Comparison {
    /// What the first column is: "now".
    pub(crate) first: &'static str,
    /// What the second column is, if there is one: "chosen".
    pub(crate) second: Option<&'static str>,
    /// One figure each.
    pub(crate) lines: Vec<Line>,
}

/// One figure of both sizes. Strings are empty where there is nothing to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) first: String,
    pub(crate) second: String,
    pub(crate) change: String,
}

/// `None` if nothing was measured at the present size, nor chosen.
pub(crate) fn of_view(view: &View<'_>) -> Option<Comparison> {
    let first = view.present().or_else(|| view.chosen())?;
    let second = view.compared().filter(|(row, _)| row.mb != first.0.mb);
    Some(Comparison {
        first: heading(view, first.0, second.is_some()),
        second: second.map(|(row, _)| heading(view, row, true)),
        lines: lines(view, first, second),
    })
}

fn heading(view: &View<'_>, row: &Row<'_>, compared: bool) -> &'static str {
    match (row.is_present, row.is_chosen) {
        (true, true) if !compared => "now and chosen",
        (true, _) => "now",
        (_, true) => "chosen",
        _ if view.tuning.decision.closest.is_some() => "closest",
        _ => "alternative",
    }
}

type At<'v, 'a> = (&'v Row<'a>, &'v Measured<'a>);

fn lines(view: &View<'_>, first: At<'_, '_>, second: Option<At<'_, '_>>) -> Vec<Line> {
    // The sizes are what is compared, not a figure: they have no change.
    let mut lines = vec![Line {
        name: "memory size, MB".to_owned(),
        first: first.0.mb.to_string(),
        second: second.map_or_else(String::new, |(row, _)| row.mb.to_string()),
        change: String::new(),
    }];
    let mut add = |name: String, value: &dyn Fn(At<'_, '_>) -> String| {
        let (first, second) = (value(first), second.map_or_else(String::new, value));
        let change = numbers::change(&first, &second).map_or_else(String::new, numbers::signed_percent);
        lines.push(Line {
            name,
            first,
            second,
            change,
        });
    };
    let mean = match view.cold_share() {
        Some(share) => format!("mean, ms ({} cold)", numbers::percent(share)),
        None => "mean duration, ms".to_owned(),
    };
    add(mean, &|(_, m)| numbers::ms(m.mean.value));
    add("p50, ms".to_owned(), &|(_, m)| numbers::ms(m.duration.p50.value));
    if !first.1.is_few() && !second.is_some_and(|(_, m)| m.is_few()) {
        add("p95, ms".to_owned(), &|(_, m)| numbers::ms(m.duration.p95.value));
    }
    let (unit, estimate) = (view.unit.name(), if view.is_estimate() { " (est.)" } else { "" });
    add(format!("{unit} per million{estimate}"), &|(_, m)| {
        view.unit.show(m.cost.value)
    });
    if let Some(n) = view.tuning.request.options.monthly_invocations {
        add(
            format!("{unit} a month at {}{estimate}", numbers::short_count(n)),
            &|(_, m)| {
                view.monthly(m.cost.value)
                    .map_or_else(String::new, |cost| view.unit.show(cost))
            },
        );
    }
    lines
}
