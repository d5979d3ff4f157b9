//! How sizes and numbers of invocations were chosen, and what that was not to exceed.

use super::effect::joined;
use crate::numbers;
use crate::view::{CostUnit, View, start_word};

/// "20 warm invocations per size", or where the planner chose how many: "31 warm invocations, 2 to 12 per size".
pub(super) fn invocations(view: &View<'_>) -> String {
    let start = start_word(view.start);
    if let Some(n) = view.tuning.request.options.asked_per_size() {
        return match n {
            0 => "a dry run, 1 invocation per size".to_owned(),
            1 => format!("1 {start} invocation per size"),
            n => format!("{} {start} invocations per size", numbers::count(n.into())),
        };
    }
    let counts = || view.measured().map(|(_, m)| u64::from(m.duration.count));
    let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let each = match (least, most) {
        _ if counts().count() < 2 => String::new(),
        (least, most) if least == most => format!(", {} per size", numbers::count(most)),
        _ => format!(", {} to {} per size", numbers::count(least), numbers::count(most)),
    };
    match counts().sum() {
        0 => "nothing was measured".to_owned(),
        1 => format!("1 {start} invocation"),
        n => format!("{} {start} invocations{each}", numbers::count(n)),
    }
}

/// "planner standard, at most 40 invocations and 2 min".
pub(super) fn planner(view: &View<'_>) -> String {
    let name = view.tuning.request.options.planner_name();
    match budget(view) {
        Some(budget) => format!("planner {name}, {budget}"),
        None => format!("planner {name}"),
    }
}

/// "at most 40 invocations, $0.05 and 2 min"; `None` if nothing was limited.
pub(crate) fn budget(view: &View<'_>) -> Option<String> {
    let budget = &view.tuning.request.options.budget;
    let mut limits = Vec::new();
    limits.extend(budget.invocations.map(|n| match n {
        1 => "1 invocation".to_owned(),
        n => format!("{} invocations", numbers::count(n.into())),
    }));
    limits.extend(budget.cost.map(|cost| match view.unit {
        CostUnit::Money(_) => view.unit.show(cost),
        CostUnit::GbSeconds => format!("{} GB-seconds", view.unit.show(cost)),
    }));
    limits.extend(budget.time_ms.map(time));
    (!limits.is_empty()).then(|| format!("at most {}", joined(&limits)))
}

/// Whether the budget did not allow a single invocation.
pub(super) fn is_too_small(view: &View<'_>) -> bool {
    view.tuning.exploration.invocations == 0 && budget(view).is_some()
}

fn time(ms: u64) -> String {
    let seconds = ms as f64 / 1000.0;
    if seconds < 120.0 {
        format!("{} s", numbers::plain(seconds))
    } else {
        format!("{} min", numbers::plain((seconds / 6.0).round() / 10.0))
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_short() {
        assert_eq!(
            [500, 90_000, 120_000, 150_000].map(time),
            ["0.5 s", "90 s", "2 min", "2.5 min"]
        );
    }
}
