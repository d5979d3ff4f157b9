//! What a tuning found out, in words: the one place where they are made.

mod constraints;
mod dry_run;
mod effect;
pub(crate) mod exclusion;
pub(crate) mod machine;
pub(crate) mod model;
mod next_step;
pub(crate) mod options;
mod planner;
mod remedy;

use serde::Serialize;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{Tuning, Verdict};

use crate::numbers;
use crate::view::View;
pub(crate) use constraints::{all as constraints, words as constraint};
pub(crate) use effect::{joined, list, objective};
pub(crate) use next_step::{NextStep, next_step};
pub(crate) use planner::budget;
pub use remedy::{remedies, remedy};

/// The words every view begins with. Plain text: whoever shows it escapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// What to do: "image-resize: move from 128 MB to 512 MB".
    pub decision: String,
    /// What that brings, or why nothing is to be done, with intervals.
    pub effect: String,
    /// What was measured where, and with which prices.
    pub provenance: String,
    /// What the numbers are not, if that must be said: those of a local run are not Lambda's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caveat: Option<String>,
}

/// The words for `tuning`.
pub fn headline(tuning: &Tuning) -> Headline {
    of_view(&View::new(tuning))
}

pub(crate) fn of_view(view: &View<'_>) -> Headline {
    Headline {
        decision: format!(
            "{}: {}",
            view.tuning.display_name(),
            dry_run::decision(view).unwrap_or_else(|| decision(view))
        ),
        effect: sentence(dry_run::effect(view).unwrap_or_else(|| effect::effect(view))),
        provenance: provenance(view),
        caveat: caveat(view),
    }
}

fn decision(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    let now = view.tuning.function.memory_size_mb;
    let chosen = decision.memory_size_mb.or(now).unwrap_or_default();
    match decision.verdict {
        Verdict::Move => match now {
            Some(now) => format!("move from {now} MB to {chosen} MB{}", likely(view)),
            None => format!("use {chosen} MB"),
        },
        Verdict::Keep => format!("keep {chosen} MB"),
        Verdict::NoClearWinner => format!("no clear winner: keep {chosen} MB"),
        // There is no present size, or it failed or was not among those measured: it cannot be compared.
        Verdict::Choose => match view.rows.iter().find(|r| r.is_present && r.failure().is_some()) {
            Some(row) => format!("move from {} MB, where it fails, to {chosen} MB", row.mb),
            None => format!("use {chosen} MB"),
        },
        Verdict::CannotTell => format!(
            "cannot tell yet whether {chosen} MB keeps {}",
            constraints(view).unwrap_or_else(|| "the limits".to_owned())
        ),
        Verdict::ConstraintNotMet => format!(
            "{} keeps {}",
            tried(view),
            constraints(view).unwrap_or_else(|| "the limits".to_owned())
        ),
        Verdict::NotEnoughEvidence if planner::is_too_small(view) => {
            "the budget is too small for one invocation".to_owned()
        }
        Verdict::NotEnoughEvidence => "not enough evidence to choose a size".to_owned(),
        Verdict::AllFailed => "failed at every size".to_owned(),
    }
}

/// ": likely better (81 %)", where it is not shown to be better in any respect.
fn likely(view: &View<'_>) -> String {
    let decision = &view.tuning.decision;
    let shown = [decision.cost_change, decision.duration_change]
        .into_iter()
        .flatten()
        .any(|change| change.high.is_some_and(|high| high < 0.0));
    match decision.probability_better {
        Some(p) if !shown => format!(", likely better ({})", numbers::probability(p)),
        _ => String::new(),
    }
}

/// "none of the sizes tried (128 to 512 MB)".
fn tried(view: &View<'_>) -> String {
    let mut sizes = view.measured().map(|(row, _)| row.mb);
    match (sizes.next(), sizes.last()) {
        (Some(first), Some(last)) => format!("none of the sizes tried ({first} to {last} MB)"),
        (Some(only), None) => format!("the only size tried ({only} MB) is not one that"),
        _ => "no size that was tried".to_owned(),
    }
}

fn provenance(view: &View<'_>) -> String {
    let t = view.tuning;
    let mut parts = vec![t.function.architecture.to_string()];
    parts.extend(t.function.runtime.clone());
    parts.extend(
        t.function
            .region
            .clone()
            .or_else(|| t.function.name.region().map(str::to_owned)),
    );
    parts.push(planner::invocations(view));
    parts.push(planner::planner(view));
    parts.push(match constraints(view) {
        Some(words) => format!("objective {}, {words}", t.request.options.objective),
        None => format!("objective {}", t.request.options.objective),
    });
    parts.extend(
        view.cold_share()
            .map(|share| format!("{} cold starts counted in", numbers::percent(share))),
    );
    parts.push(match view.price() {
        Some(p) => {
            let mark = if p.estimated { ", estimated" } else { "" };
            format!("{} prices of {} ({}{mark})", p.architecture, p.region, p.currency)
        }
        None => "price unknown".to_owned(),
    });
    parts.push(t.started_at.strftime("%Y-%m-%d").to_string());
    parts.join(" · ")
}

fn caveat(view: &View<'_>) -> Option<String> {
    let MeasuringEnvironment::Local {
        host_cpus,
        confinement,
        cpu_limited,
        network,
        ..
    } = &view.tuning.environment
    else {
        return None;
    };
    let cpus = numbers::decimal(*host_cpus, usize::from(host_cpus.fract() > 0.049));
    let plural = if cpus == "1" { "CPU" } else { "CPUs" };
    let limited = if *cpu_limited {
        ""
    } else {
        "; CPU was not limited, so sizes differ by memory alone"
    };
    let money = match view.unit {
        crate::view::CostUnit::Money(currency) => format!("; {} figures are estimates", currency.code()),
        crate::view::CostUnit::GbSeconds => String::new(),
    };
    let network = match network {
        Some(means) => format!(
            " Bandwidth was limited as Lambda's is by memory size, by {means}: what does not use HTTP_PROXY was not limited."
        ),
        None => String::new(),
    };
    let disturbance = machine::disturbance(view).map_or_else(String::new, |sentence| format!(" {sentence}"));
    Some(format!(
        "Measured locally, not in Lambda: durations are this machine's processor's ({cpus} {plural}, {confinement})\
         {limited}{money}.{network}{disturbance}"
    ))
}

fn sentence(text: String) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => text,
    }
}
