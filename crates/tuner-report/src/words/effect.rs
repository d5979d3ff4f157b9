//! What a decision brings, or why there is none.

use tuner_core::assessment::Limit;
use tuner_core::decision::MARGIN;
use tuner_core::{Axis, Estimate, Objective, Outcome, Verdict};

use super::{constraints, planner};
use crate::numbers;
use crate::view::{CostUnit, Measured, View};

/// A sentence without its full stop, which may begin with a small letter.
pub(super) fn effect(view: &View<'_>) -> String {
    match view.tuning.decision.verdict {
        Verdict::Move => match (view.present(), view.chosen()) {
            (Some((_, before)), Some((_, after))) => {
                let (duration, cost) = (duration_effect(view, before, after), cost_effect(view, before, after));
                format!(
                    "{duration}, {cost}{}{}{}",
                    limits(view),
                    seems_cheaper(view),
                    alternative(view)
                )
            }
            _ => figures(view),
        },
        Verdict::Keep => keep(view),
        Verdict::NoClearWinner => no_clear_winner(view),
        Verdict::Choose => choose(view),
        Verdict::CannotTell => cannot_tell(view),
        Verdict::ConstraintNotMet => constraint_not_met(view),
        Verdict::NotEnoughEvidence => not_enough(view),
        Verdict::AllFailed => failures(view),
    }
}

fn duration_effect(view: &View<'_>, before: &Measured<'_>, after: &Measured<'_>) -> String {
    let (a, b) = (numbers::ms(before.mean.value), numbers::ms(after.mean.value));
    let estimate = view.tuning.decision.duration_change;
    let Some(change) = numbers::change(&a, &b) else {
        return format!("mean duration {a} → {b} ms");
    };
    let noise = is_noise(estimate);
    let change_words = match change {
        _ if noise || change == 0.0 => format!("duration {}", numbers::signed_percent(change)),
        c if c < 0.0 => format!("{} faster", numbers::percent(c)),
        c if c < 2.0 => format!("{} slower", numbers::percent(c)),
        c => format!("{}× the duration", numbers::decimal(c + 1.0, 1)),
    };
    let trust = match estimate {
        // The interval of a ratio that is itself shown as a factor.
        Some(e) if change >= 2.0 => interval_words(e, |x| numbers::decimal(x + 1.0, 1), "×"),
        estimate => trust(estimate),
    };
    format!("{change_words} ({a} → {b} ms, {trust})")
}

fn cost_effect(view: &View<'_>, before: &Measured<'_>, after: &Measured<'_>) -> String {
    let (a, b) = (view.unit.show(before.cost.value), view.unit.show(after.cost.value));
    let name = cost_name(view);
    let Some(change) = numbers::change(&a, &b) else {
        return format!("{name} {a} → {b} per million");
    };
    let trust = trust(view.tuning.decision.cost_change);
    format!(
        "{name} {} ({a} → {b} per million, {trust})",
        numbers::signed_percent(change)
    )
}

/// How far a change is to be trusted: its interval, and whether it is shown to be one at all.
fn trust(change: Option<Estimate>) -> String {
    match change {
        Some(e) if is_the_same(e) => format!("the same within {}", numbers::percent(MARGIN)),
        Some(e) if is_noise(change) => match signed_interval(e) {
            Some(interval) => format!("not shown to differ: 95 % CI {interval}"),
            None => NO_INTERVAL.to_owned(),
        },
        Some(e) => change_interval(e),
        None => NO_INTERVAL.to_owned(),
    }
}

/// Whether a change of more than the margin is excluded, either way.
fn is_the_same(change: Estimate) -> bool {
    change.low.is_some_and(|low| low >= -MARGIN) && change.high.is_some_and(|high| high <= MARGIN)
}

/// "−24 % to +7 %".
fn signed_interval(change: Estimate) -> Option<String> {
    let (low, high) = (change.low?, change.high?);
    Some(format!(
        "{} to {}",
        numbers::signed_percent(low),
        numbers::signed_percent(high)
    ))
}

const NO_INTERVAL: &str = "too few invocations for an interval";

/// Whether a change cannot be told from none.
pub(crate) fn is_noise(change: Option<Estimate>) -> bool {
    change.is_some_and(|e| e.low.is_some() && e.high.is_some() && e.contains(0.0))
}

/// The interval of a change as magnitudes, in ascending order: the words around it tell the direction.
fn change_interval(change: Estimate) -> String {
    // A narrow interval needs a decimal, or it reads "63–63 %".
    let width = change.high.zip(change.low).map_or(0.0, |(high, low)| high - low);
    let magnitude = |x: f64| numbers::decimal((x * 100.0).abs(), usize::from(width < 0.02));
    if change.value < 0.0 {
        let mirrored = Estimate {
            value: -change.value,
            low: change.high,
            high: change.low,
        };
        return interval_words(mirrored, magnitude, " %");
    }
    interval_words(change, magnitude, " %")
}

fn interval_words(estimate: Estimate, show: impl Fn(f64) -> String, unit: &str) -> String {
    match numbers::interval(estimate, show) {
        Some(interval) => format!("95 % CI {interval}{unit}"),
        None => NO_INTERVAL.to_owned(),
    }
}

fn keep(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    let count = view.measured().count();
    let mut titles = Vec::new();
    if decision.cheapest_mb == decision.memory_size_mb {
        titles.push("cheapest");
    }
    if decision.fastest_mb == decision.memory_size_mb {
        titles.push("fastest");
    }
    let what = match (count, titles.is_empty()) {
        (1, _) => "the only size that was measured".to_owned(),
        (_, true) => format!("the best of {count} sizes by {}", objective_words(view)),
        (_, false) => format!("the {} of {count} sizes", titles.join(" and the ")),
    };
    format!(
        "{what}{}; {}{}{}",
        rival(view),
        figures(view),
        limits(view),
        alternative(view)
    )
}

/// " (512 MB may be better, with a probability of 26 %)".
fn rival(view: &View<'_>) -> String {
    view.tuning.decision.rival().map_or_else(String::new, |next| {
        format!(
            " ({} MB may be better, with a probability of {})",
            next.memory_size_mb,
            numbers::probability(next.probability_better)
        )
    })
}

/// "; or 1024 MB: 49 % faster (95 % CI 46–52 %) for 1.7 % more".
fn alternative(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    let (Some(other), true) = (decision.alternative, decision.verdict != Verdict::CannotTell) else {
        return String::new();
    };
    let mb = other.memory_size_mb;
    let (gain, price, word) = match view.tuning.request.options.objective.axis() {
        Axis::Cost => (other.duration_change, other.cost_change, "faster"),
        Axis::Duration | Axis::Both { .. } => (other.cost_change, other.duration_change, "cheaper"),
    };
    let what = match (word, price.value) {
        (_, change) if is_the_same(price) || numbers::percent(change) == "0 %" => "at the same ",
        ("faster", change) if change > 0.0 => "for more ",
        (_, change) if change > 0.0 => "at a longer ",
        _ => "at a smaller ",
    };
    let figure = if word == "faster" { "cost" } else { "duration" };
    let price = match signed_interval(price) {
        Some(interval) => format!(" ({}, 95 % CI {interval})", numbers::signed_percent(price.value)),
        None => format!(" ({})", numbers::signed_percent(price.value)),
    };
    format!(
        "; or {mb} MB: {} {word} ({}) {what}{figure}{price}",
        numbers::percent(gain.value),
        change_interval(gain)
    )
}

/// "; 1024 MB seems 2 % cheaper, which may be noise, and is 70 % slower": why the cheapest as measured is not the one to use.
fn seems_cheaper(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    let cheapest = decision.cheapest_mb.filter(|mb| decision.tied_mb.contains(mb));
    let (Some((row, other)), Some((_, chosen))) = (cheapest.and_then(|mb| view.at(mb)), view.chosen()) else {
        return String::new();
    };
    let is_for_cost = view.tuning.request.options.objective.axis() == Axis::Cost;
    let cheaper = numbers::change(&view.unit.show(chosen.cost.value), &view.unit.show(other.cost.value));
    let slower = numbers::change(&numbers::ms(chosen.mean.value), &numbers::ms(other.mean.value));
    match (cheaper, slower) {
        (Some(cheaper), Some(slower)) if is_for_cost && !row.is_chosen && cheaper < 0.0 && slower > 0.0 => format!(
            "; {} MB seems {} cheaper, which may be noise, and is {} slower",
            row.mb,
            numbers::percent(cheaper),
            numbers::percent(slower)
        ),
        _ => String::new(),
    }
}

/// ", p95 ≤ 300 ms kept with a probability of 97 %".
fn limits(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    decision
        .limits
        .iter()
        .map(|limit| format!(", {}", kept(view, limit)))
        .collect()
}

fn kept(view: &View<'_>, limit: &Limit) -> String {
    format!(
        "{} kept with a probability of {}",
        constraints::words(view, limit.constraint),
        numbers::probability(limit.probability_kept)
    )
}

fn no_clear_winner(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    let tied = &decision.tied_mb;
    let same = decision
        .compared
        .iter()
        .filter(|c| tied.contains(&c.memory_size_mb) && Some(c.memory_size_mb) != decision.memory_size_mb)
        .all(|c| c.above_chosen.is_some_and(is_the_same));
    let by = objective_words(view);
    let lead = match (tied.len(), same) {
        (0 | 1, _) => format!("no other size is better by {by} as far as was measured"),
        (_, true) => format!(
            "{} MB are the same by {by}, within {}",
            list(tied),
            numbers::percent(MARGIN)
        ),
        (_, false) => format!("{} MB are not shown to differ by {by}", list(tied)),
    };
    format!("{lead}; {}{}{}", figures(view), limits(view), alternative(view))
}

/// What is known of the limits at the best size, and which size is shown to keep them.
fn cannot_tell(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    let mb = decision.memory_size_mb.unwrap_or_default();
    let unsure: Vec<String> = decision
        .limits
        .iter()
        .filter(|limit| !limit.is_kept())
        .map(|limit| kept(view, limit))
        .collect();
    let count = view.chosen().map_or(0, |(_, m)| u64::from(m.duration.count));
    let lead = format!(
        "after {} invocations at {mb} MB {}",
        numbers::count(count),
        joined(&unsure)
    );
    let safe = match decision.alternative {
        Some(safe) => format!(
            "; {} MB is shown to keep it, at {} cost and {} duration",
            safe.memory_size_mb,
            numbers::signed_percent(safe.cost_change.value),
            numbers::signed_percent(safe.duration_change.value)
        ),
        None => "; no size that was tried is shown to keep it".to_owned(),
    };
    format!("{lead}{safe}; more invocations would tell")
}

fn choose(view: &View<'_>) -> String {
    let why = |now: u32| match view.rows.iter().find(|r| r.is_present) {
        Some(row) => match (row.failure(), row.skipped()) {
            (Some(outcome), _) => format!("{outcome} at {now} MB"),
            (_, Some(reason)) => format!("the present {now} MB was not run ({reason})"),
            _ => format!("the present {now} MB has no measurement"),
        },
        None => format!("the present {now} MB was not measured"),
    };
    let why = (view.tuning.function.memory_size_mb).map_or_else(String::new, |now| format!("; {}", why(now)));
    let count = view.measured().count();
    let best = match count {
        1 => "the only size that was measured".to_owned(),
        _ if !seems_cheaper(view).is_empty() => {
            format!("the fastest of those that may be the cheapest of {count} sizes")
        }
        _ => format!("the best of {count} sizes by {}{}", objective_words(view), rival(view)),
    };
    format!(
        "{best}, {}{}{}{}{why}",
        figures(view),
        limits(view),
        seems_cheaper(view),
        alternative(view)
    )
}

fn constraint_not_met(view: &View<'_>) -> String {
    match &view.tuning.decision.closest {
        Some(closest) => format!("the closest is {}", constraints::closest(view, closest)),
        None if view.measured().next().is_none() => "no size was measured".to_owned(),
        None => "each size breaks one".to_owned(),
    }
}

fn not_enough(view: &View<'_>) -> String {
    let unmeasured: u64 = view.rows.iter().map(|r| r.ended(Outcome::Unmeasured)).sum();
    if unmeasured > 0 {
        return format!("{unmeasured} invocations succeeded without a REPORT line: nothing is known of what they took");
    }
    if let (true, Some(budget)) = (planner::is_too_small(view), planner::budget(view)) {
        return format!(
            "nothing was invoked: one invocation could take more than {budget} if it ran into its time-out of {} s",
            view.tuning.function.timeout_s
        );
    }
    "no kind of start was measured at every size, so sizes cannot be compared".to_owned()
}

/// Every class of failure with the sizes it was met at: "out of memory at 128 and 256 MB; timeout at 512 MB".
pub(crate) fn failures(view: &View<'_>) -> String {
    let mut classes: Vec<(String, Vec<u32>)> = Vec::new();
    for row in &view.rows {
        let class = match (row.failure(), row.skipped()) {
            (Some(outcome), _) => outcome.words().to_owned(),
            (None, Some(reason)) => format!("not run ({reason})"),
            _ => continue,
        };
        match classes.iter_mut().find(|(c, _)| *c == class) {
            Some((_, sizes)) => sizes.push(row.mb),
            None => classes.push((class, vec![row.mb])),
        }
    }
    if classes.is_empty() {
        return "nothing was run".to_owned();
    }
    let parts: Vec<String> = classes
        .iter()
        .map(|(class, sizes)| format!("{class} at {} MB", list(sizes)))
        .collect();
    parts.join("; ")
}

/// "152 ms mean (95 % CI 150–154), $2.10 per million" of the size that was chosen.
fn figures(view: &View<'_>) -> String {
    let Some((_, m)) = view.chosen() else {
        return "no figures".to_owned();
    };
    let mean = m.mean;
    let interval =
        numbers::interval(mean, numbers::ms).map_or_else(String::new, |interval| format!(" (95 % CI {interval})"));
    format!(
        "{} ms mean{interval}, {} {} per million",
        numbers::ms(mean.value),
        cost_name(view),
        view.unit.show(m.cost.value)
    )
}

/// What the figure is: cost, estimated cost, or GB-seconds.
fn cost_name(view: &View<'_>) -> &'static str {
    match view.unit {
        CostUnit::GbSeconds => "GB-seconds",
        CostUnit::Money(_) if view.is_estimate() => "estimated cost",
        CostUnit::Money(_) => "cost",
    }
}

fn objective_words(view: &View<'_>) -> String {
    objective(view.tuning.request.options.objective)
}

/// What sizes are compared by.
pub(crate) fn objective(objective: Objective) -> String {
    match objective.axis() {
        Axis::Duration => "duration".to_owned(),
        Axis::Cost => "cost".to_owned(),
        Axis::Both { .. } => format!("the {objective} objective"),
    }
}

/// "128", "128 and 256", "128, 256 and 512".
pub(crate) fn list(sizes: &[u32]) -> String {
    joined(&sizes.iter().map(u32::to_string).collect::<Vec<_>>())
}

/// The same of any words.
pub(crate) fn joined(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}
