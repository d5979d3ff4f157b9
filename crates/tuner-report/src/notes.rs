//! What stands under the figures: what is in them, what is not, and how far they go.

use tuner_core::pricing::Money;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{StartKind, Tuning};

use crate::numbers;
use crate::view::{NOT_MEASURED, View, start_word};
use crate::words::list;

/// One sentence each, the most important first.
pub(crate) fn notes(view: &View<'_>) -> Vec<String> {
    let mut notes = vec![counted(view)];
    notes.extend(view.rows.iter().filter_map(|row| {
        let reason = row.skipped()?;
        Some(format!("{} MB was not run: {reason}.", row.mb))
    }));
    notes.extend(
        view.tuning
            .decision
            .excluded
            .iter()
            .map(|e| format!("{} MB was not considered: {}.", e.memory_size_mb, e.reason)),
    );
    notes.extend(beyond_host(view));
    notes.extend(
        view.tuning
            .price_unknown
            .as_ref()
            .map(|why| format!("GB-seconds are shown instead of money: {why}.")),
    );
    if view.measured().next().is_some() {
        notes.push(cost_basis(view));
    }
    notes.extend(cost_of_this_tuning(view.tuning));
    notes.extend(view.tuning.applied.as_ref().map(|what| format!("Applied: {what}.")));
    notes.push(honesty(view));
    notes
}

fn counted(view: &View<'_>) -> String {
    let measured: u64 = view.measured().map(|(_, m)| u64::from(m.duration.count)).sum();
    let mut apart = Vec::new();
    for start in [StartKind::Cold, StartKind::Warm, StartKind::Restored] {
        let counts = view
            .rows
            .iter()
            .filter_map(|r| Some(r.size.series(start)?.billed_duration_ms.count));
        let n: u64 = counts.map(u64::from).sum();
        if start != view.start && n > 0 {
            let are = if n == 1 { "start is" } else { "starts are" };
            apart.push(format!("{} {} {are} kept apart", numbers::count(n), start_word(start)));
        }
    }
    for outcome in NOT_MEASURED {
        let n: u64 = view.rows.iter().map(|r| r.ended(outcome)).sum();
        if n > 0 {
            apart.push(format!("{} × {outcome} left out", numbers::count(n)));
        }
    }
    let trim = view.tuning.request.trim_share;
    apart.push(if trim > 0.0 {
        format!(
            "as asked, the {} shortest and longest durations of each size are left out, but not of cost",
            numbers::percent(trim)
        )
    } else {
        "outliers are kept, none is trimmed".to_owned()
    });
    let lead = match measured {
        0 => "No invocation is in the figures".to_owned(),
        1 => format!("1 {} invocation is in the figures", start_word(view.start)),
        n => format!(
            "{} {} invocations are in the figures",
            numbers::count(n),
            start_word(view.start)
        ),
    };
    format!("{lead}; {}.", apart.join(", "))
}

fn beyond_host(view: &View<'_>) -> Option<String> {
    let largest = view.largest_distinct_mb()?;
    let beyond: Vec<u32> = view.rows.iter().map(|r| r.mb).filter(|&mb| mb > largest).collect();
    let MeasuringEnvironment::Local { host_cpus, .. } = view.tuning.environment else {
        return None;
    };
    (!beyond.is_empty()).then(|| {
        format!(
            "{} MB would have more than the {} CPUs of this machine: sizes above {largest} MB cannot be told apart by CPU here.",
            list(&beyond),
            numbers::decimal(host_cpus, usize::from(host_cpus.fract() > 0.049)),
        )
    })
}

fn cost_basis(view: &View<'_>) -> String {
    let free = "before any free tier or savings plan";
    match view.price() {
        Some(p) => format!(
            "Cost is the mean of what each invocation is billed, request charge included, at the {} prices of {} {free}.",
            p.architecture, p.region
        ),
        None => "Cost is the mean of billed GB-seconds.".to_owned(),
    }
}

/// What the function's invocations and the state machine took together, if there was one.
fn cost_of_this_tuning(tuning: &Tuning) -> Option<String> {
    let machinery = tuning.machinery?;
    let (function, work) = (&tuning.exploration, machinery.work);
    let total = function
        .cost
        .zip(machinery.cost())
        .and_then(|(invocations, machine)| invocations.checked_add(machine).ok());
    let shown = |money: Option<Money>| {
        money.map_or_else(String::new, |m| {
            format!("{} for ", numbers::money(m.amount, m.currency))
        })
    };
    let total = total.map_or_else(String::new, |m| {
        format!(", together {}", numbers::money(m.amount, m.currency))
    });
    Some(format!(
        "Cost of this tuning: {}{} invocations of the function ({} GB-seconds) and {}{} state transitions and {} requests of the \
         tuner's own Lambdas ({} GB-seconds{}){total}.",
        shown(function.cost),
        numbers::count(function.invocations.into()),
        numbers::gb_seconds(function.gb_seconds),
        shown(machinery.cost()),
        numbers::count(work.state_transitions),
        numbers::count(work.requests),
        numbers::gb_seconds(work.gb_seconds),
        if work.counted { "" } else { "; estimated" },
    ))
}

fn honesty(view: &View<'_>) -> String {
    let t = view.tuning;
    let payloads = match t.request.payloads {
        0 | 1 => "one payload".to_owned(),
        n => format!("{n} payloads"),
    };
    format!(
        "Measured with {payloads} from {} UTC on, by tuner {}: other inputs and other days may differ. Tuning {}.",
        t.started_at.strftime("%Y-%m-%d %H:%M"),
        t.tool_version,
        t.tuning_id
    )
}
