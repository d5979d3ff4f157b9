//! What a size had to keep, in words.

use tuner_core::decision::Closest;
use tuner_core::{Constraint, Statistic};

use super::effect::joined;
use crate::numbers;
use crate::view::{CostUnit, View};

/// "p95 ≤ 200 ms", "cost within 10 % of the cheapest", "cost ≤ $3.00 per million".
pub(crate) fn words(view: &View<'_>, constraint: Constraint) -> String {
    match constraint {
        Constraint::Duration { statistic, max_ms } => format!("{statistic} ≤ {} ms", numbers::plain(max_ms)),
        Constraint::CostAboveCheapest { max_pct } => {
            format!("cost within {} % of the cheapest", numbers::plain(max_pct))
        }
        Constraint::CostPerMillion { max } => match view.unit {
            CostUnit::Money(_) => format!("cost ≤ {} per million", view.unit.show(max)),
            CostUnit::GbSeconds => format!("cost ≤ {} GB-seconds per million", view.unit.show(max)),
        },
    }
}

/// All of them: "p95 ≤ 200 ms and cost within 10 % of the cheapest"; `None` if nothing was asked.
pub(crate) fn all(view: &View<'_>) -> Option<String> {
    let constraints = &view.tuning.request.options.constraints;
    let words: Vec<String> = constraints.iter().map(|&c| words(view, c)).collect();
    (!words.is_empty()).then(|| joined(&words))
}

/// "1769 MB with 230 ms at p95".
pub(super) fn closest(view: &View<'_>, closest: &Closest) -> String {
    let mb = closest.memory_size_mb;
    match closest.constraint {
        Constraint::Duration { statistic, .. } => {
            let ms = numbers::ms(closest.value);
            match statistic {
                Statistic::Mean => format!("{mb} MB with a mean of {ms} ms"),
                percentile => match view.at(mb).filter(|(_, m)| m.is_few()) {
                    Some((_, m)) => format!(
                        "{mb} MB with about {ms} ms at {percentile}, as far as {} invocations tell",
                        m.duration.count
                    ),
                    None => format!("{mb} MB with {ms} ms at {percentile}"),
                },
            }
        }
        Constraint::CostAboveCheapest { max_pct } => {
            // The limit is the cheapest with what it may be above it.
            let above = closest.value / closest.limit * (1.0 + max_pct / 100.0) - 1.0;
            format!("{mb} MB at {} more than the cheapest", numbers::percent(above))
        }
        Constraint::CostPerMillion { .. } => format!("{mb} MB at {} per million", view.unit.show(closest.value)),
    }
}
