//! What stands under the figures: what is in them, what is not, and how far they go.

use tuner_core::decision::Compared;
use tuner_core::pricing::{Money, asynchronous_requests};
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{Constraint, Floor, StartKind, Statistic, Tuning};

use crate::numbers;
use crate::review::words::capitalised;
use crate::view::{Measured, NOT_MEASURED, Row, View, start_word};
use crate::words::exclusion::exclusion;
use crate::words::machine::memory;
use crate::words::{joined, list, objective, options};

/// One sentence each, the most important first.
pub(crate) fn notes(view: &View<'_>) -> Vec<String> {
    let mut notes = vec![counted(view)];
    notes.extend(view.rows.iter().filter_map(|row| {
        let reason = row.skipped()?;
        Some(format!("{} MB was not run: {reason}.", row.mb))
    }));
    notes.extend(options::unusual(view.tuning));
    notes.extend(allowed_errors(view));
    notes.extend(floor(&view.tuning.floor));
    notes.extend(few(view));
    notes.extend(excluded(view));
    notes.extend(runner_up(view));
    notes.extend(odd_shapes(view));
    notes.extend(beyond_host(view));
    notes.extend(memory(view));
    notes.extend(
        view.tuning
            .price_unknown
            .as_ref()
            .map(|why| format!("GB-seconds are shown instead of money: {why}.")),
    );
    if view.measured().next().is_some() {
        notes.push(cost_basis(view));
        notes.extend(asynchronous(view));
    }
    notes.extend(cost_of_this_tuning(view.tuning));
    notes.extend(own_calls(view.tuning));
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
    let set_aside = view.tuning.records.iter().filter(|r| r.set_aside).count() as u64;
    if set_aside > 0 {
        apart.push(format!(
            "{} × disturbed by other work left out",
            numbers::count(set_aside)
        ));
    }
    let trim = view.tuning.request.options.trim_share;
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

/// Errors that count as samples, so that a function which fails quickly is not taken for a fast one.
fn allowed_errors(view: &View<'_>) -> Option<String> {
    let told: Vec<String> = view
        .rows
        .iter()
        .flat_map(|row| {
            let samples = numbers::count(row.size.samples());
            row.size.allowed_errors.iter().map(move |(error, &n)| {
                let (n, mb) = (numbers::count(n.into()), row.mb);
                format!("{n} of {samples} samples at {mb} MB ended in the allowed error {error}")
            })
        })
        .collect();
    (!told.is_empty()).then(|| format!("{}; they are in all figures.", joined(&told)))
}

/// The least memory that may be used, and what it rests on.
fn floor(floor: &Floor) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(mb) = floor.memory_size_mb {
        let because: Vec<String> = floor.needs.iter().take(3).map(ToString::to_string).collect();
        let because = because.join("; ");
        let mb = numbers::count(mb.into());
        notes.push(match floor.risk_accepted {
            true => format!("What is known asks for {mb} MB and more, and going below was allowed: {because}."),
            false => format!("No size below {mb} MB was tried: {because}."),
        });
    }
    notes.extend(floor.unknown.iter().map(|unknown| format!("{}.", capitalised(unknown))));
    notes
}

/// A percentile of few invocations is not what its name says.
fn few(view: &View<'_>) -> Option<String> {
    let is_few = |(_, m): (&Row<'_>, &Measured<'_>)| m.is_few();
    if !view.measured().any(is_few) {
        return None;
    }
    let mut constraints = view.tuning.request.options.constraints.iter();
    let is_tail = |c: &Constraint| {
        matches!(
            c,
            Constraint::Duration {
                statistic: Statistic::P95 | Statistic::P99,
                ..
            }
        )
    };
    let limit = if constraints.any(is_tail) {
        "; how sure it is that a limit is kept is told by a probability"
    } else {
        ""
    };
    Some(format!(
        "Fewer than 20 invocations are too few for a p95, and fewer than 100 for a p99: none is shown{limit}."
    ))
}

/// Sizes left out of the decision, together where the reason is the same.
fn excluded(view: &View<'_>) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<u32>)> = Vec::new();
    for excluded in &view.tuning.decision.excluded {
        let words = exclusion(excluded.memory_size_mb, &excluded.reason);
        match reasons.iter_mut().find(|(reason, _)| *reason == words) {
            Some((_, sizes)) => sizes.push(excluded.memory_size_mb),
            None => reasons.push((words, vec![excluded.memory_size_mb])),
        }
    }
    let sentence = |(reason, sizes): (String, Vec<u32>)| {
        let were = if sizes.len() == 1 { "was" } else { "were" };
        format!("{} MB {were} not considered: {reason}.", list(&sizes))
    };
    reasons.into_iter().map(sentence).collect()
}

fn runner_up(view: &View<'_>) -> Option<String> {
    let decision = &view.tuning.decision;
    let next = decision.runner_up.as_ref()?;
    Some(format!(
        "Runner-up is {} MB: better than {} MB by {} with a probability of {}.",
        next.memory_size_mb,
        decision.memory_size_mb?,
        objective(view.tuning.request.options.objective),
        numbers::probability(next.probability_better)
    ))
}

/// Where a mean is to be taken with care.
fn odd_shapes(view: &View<'_>) -> Vec<String> {
    let of = |odd: fn(&Compared) -> bool| -> Vec<u32> {
        let rows = view.rows.iter().filter(|row| row.compared.is_some_and(odd));
        rows.map(|row| row.mb).collect()
    };
    let mut notes = Vec::new();
    let bimodal = of(|c| c.bimodal);
    if !bimodal.is_empty() {
        notes.push(format!(
            "At {} MB durations fall into two groups, far apart: the mean is in neither of them, and depends on how many of \
             each were met.",
            list(&bimodal)
        ));
    }
    let heavy = of(|c| c.heavy_tailed);
    if !heavy.is_empty() {
        notes.push(format!(
            "At {} MB a few durations are many times the others. They are in the figures; only where sizes are compared, a single \
             one counts as four medians at most.",
            list(&heavy)
        ));
    }
    notes
}

fn beyond_host(view: &View<'_>) -> Option<String> {
    let largest = view.largest_distinct_mb()?;
    let beyond: Vec<u32> = view.rows.iter().map(|r| r.mb).filter(|&mb| mb > largest).collect();
    let MeasuringEnvironment::Local { host_cpus, .. } = view.tuning.environment else {
        return None;
    };
    (!beyond.is_empty()).then(|| {
        format!(
            "{} MB would have more than the {} CPUs of this machine: sizes above {largest} MB cannot be distinguished by CPU here.",
            list(&beyond),
            numbers::decimal(host_cpus, usize::from(host_cpus.fract() > 0.049)),
        )
    })
}

fn cost_basis(view: &View<'_>) -> String {
    let free = "before any free tier or savings plan";
    let cold = view.cold_share().map_or_else(String::new, |share| {
        format!(
            ", with {} cold starts counted in as in mean durations",
            numbers::percent(share)
        )
    });
    match view.price() {
        Some(p) => format!(
            "Cost is the mean of what each invocation is billed{cold}, request charge included, at the {} prices of {} {free}.",
            p.architecture, p.region
        ),
        None => format!("Cost is the mean of billed GB-seconds{cold}."),
    }
}

/// Every invocation counts one request; events that are sent asynchronously may be more, at any memory size.
fn asynchronous(view: &View<'_>) -> Option<String> {
    let bytes = view.tuning.request.payloads.largest_bytes?;
    let requests = asynchronous_requests(bytes);
    let more = view.tuning.price.as_ref()?.request_charge().ok()? * (requests - 1) as f64;
    (requests > 1).then(|| {
        format!(
            "An event of {} KB, the largest here, is billed as {requests} requests where it is sent asynchronously: {} more for each \
             invocation at every size, which the figures do not have.",
            numbers::count(bytes.div_ceil(1024)),
            more.display(),
        )
    })
}

/// What the function's invocations took together with what comes on top of them: SnapStart, and the state machine.
/// What the tuner's own calls waited for.
fn own_calls(tuning: &Tuning) -> Option<String> {
    let calls = tuning.exploration.control_calls;
    if calls.is_empty() {
        return None;
    }
    let limited = numbers::count(calls.limited.into());
    let of_tuner = match calls.limited {
        1 => "call of the tuner is",
        _ => "calls of the tuner are",
    };
    let paced = match calls.paced_ms {
        0 => String::new(),
        ms => format!(
            ", and waited {} s in all for their turn",
            numbers::decimal(ms as f64 / 1000.0, 1)
        ),
    };
    let throttled = match calls.throttled {
        0 => "none was throttled".to_owned(),
        n => format!("{} throttled", numbers::count(n.into())),
    };
    Some(format!(
        "{limited} {of_tuner} of the kind that Lambda limits by the second for the whole account{paced}; \
         {throttled}."
    ))
}

fn cost_of_this_tuning(tuning: &Tuning) -> Option<String> {
    let function = &tuning.exploration;
    if tuning.machinery.is_none() && function.snap_start.is_none() {
        return None;
    }
    let shown = |money: Option<Money>| {
        money.map_or_else(String::new, |m| {
            format!("{} for ", numbers::money(m.amount, m.currency))
        })
    };
    let mut parts = vec![format!(
        "{}{} invocations of the function ({} GB-seconds)",
        shown(function.cost),
        numbers::count(function.invocations.into()),
        numbers::gb_seconds(function.gb_seconds),
    )];
    parts.extend(function.snap_start.map(|used| {
        format!(
            "{}SnapStart's cache of {} versions and {} restores{}",
            shown(used.cost),
            numbers::count(used.versions.into()),
            numbers::count(used.restores.into()),
            if used.cost.is_some() {
                ""
            } else {
                " (its price is not known)"
            },
        )
    }));
    parts.extend(tuning.machinery.map(|machinery| {
        let work = machinery.work;
        format!(
            "{}{} state transitions and {} requests of the tuner's own Lambdas ({} GB-seconds{})",
            shown(machinery.cost()),
            numbers::count(work.state_transitions),
            numbers::count(work.requests),
            numbers::gb_seconds(work.gb_seconds),
            if work.counted { "" } else { "; estimated" },
        )
    }));
    let total = match tuning.machinery {
        Some(_) => tuning.cost(),
        None => function.total(),
    };
    let total = total.map_or_else(String::new, |m| {
        format!(", together {}", numbers::money(m.amount, m.currency))
    });
    let last = parts.pop().unwrap_or_default();
    Some(format!("Cost of this tuning: {} and {last}{total}.", parts.join(", ")))
}

fn honesty(view: &View<'_>) -> String {
    let t = view.tuning;
    let payloads = match t.request.payloads.count {
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
