//! What is different from the last review, and what came of its advice.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::{ENOUGH, words};
use super::noise::{BEYOND_NOISE, billed_error, duration_error};
use super::{
    Action, Advice, Beside, Changes, Evidence, Finding, FindingKind, Followed, FunctionReview, ListedFunction, LogsBy,
    MemoryReview, PreviousReview, Resized, SizeEvidence, carried,
};
use crate::pricing::{Confidence, Money};
use crate::thousands;

/// A function that takes or costs this much more at the same size got worse.
const WORSE: f64 = 0.2;

/// What earlier reviews have seen of the functions is evidence too.
pub(super) fn carry(functions: &mut [(ListedFunction, Evidence)], previous: &MemoryReview) {
    let then: BTreeMap<_, &FunctionReview> = previous.functions.iter().map(|f| (key(&f.function), f)).collect();
    for (function, evidence) in functions {
        if let Some(then) = then.get(&key(function)) {
            evidence.earlier = carried::earlier_sizes(&evidence.sizes, then);
        }
    }
}

/// Compares `review` with `previous`: changes per function, advice followed, regressions.
pub(super) fn compare(review: &mut MemoryReview, previous: &MemoryReview) {
    let then: BTreeMap<_, &FunctionReview> = previous.functions.iter().map(|f| (key(&f.function), f)).collect();
    // What some logs without times cost is no month's cost, nor that of other such logs.
    let months = is_of_a_month(review) && is_of_a_month(previous);
    let (mut advised, mut followed, mut saved) = (0, 0, Vec::new());
    for function in &mut review.functions {
        let changes = match then.get(&key(&function.function)) {
            Some(then) => Changes {
                monthly: then.monthly.filter(|_| months).map(|monthly| monthly.bill.total),
                ..changes(function, then)
            },
            None => Changes {
                is_new: true,
                ..Changes::default()
            },
        };
        if let Some(advice) = &changes.advice {
            advised += 1;
            followed += u64::from(advice.followed);
            saved.extend(advice.saved);
        }
        function.changes = Some(changes);
        if let Some(then) = then.get(&key(&function.function)) {
            carried::take_over_tuning(function, then, previous.finished_at);
            function.beside = Beside::of(function);
        }
    }
    let now: BTreeSet<_> = review.functions.iter().map(|f| key(&f.function)).collect();
    let gone = (previous.functions.iter())
        .filter(|function| !now.contains(&key(&function.function)) && was_looked_for(review, function))
        .map(|function| function.function.name.clone())
        .collect();
    let currency = saved.first().map(|money| money.currency);
    saved.retain(|money| Some(money.currency) == currency);
    review.previous = Some(PreviousReview {
        review_id: previous.review_id,
        finished_at: previous.finished_at,
        window: previous.window,
        monthly: previous.totals.monthly.filter(|_| months),
        gone,
        advised,
        followed,
        saved: Money::checked_sum(saved).ok().flatten(),
    });
}

/// Whether its costs are those of a month, and not of the logs that were read.
pub(super) fn is_of_a_month(review: &MemoryReview) -> bool {
    review.window.is_some_and(|window| window.per_month().is_some())
}

/// By which a function is found again.
pub(super) fn key(function: &ListedFunction) -> (Option<String>, String) {
    let region = function
        .region
        .clone()
        .or_else(|| function.name.region().map(str::to_owned));
    (region, function.name.name().to_owned())
}

/// Whether it would have been found if it were still there: its region was asked for, and could be read. Exported logs may be
/// of some functions only, where no inventory lists all of them.
fn was_looked_for(review: &MemoryReview, gone: &FunctionReview) -> bool {
    let is_of_files = |of: &FunctionReview| {
        of.evidence
            .logs
            .as_ref()
            .is_some_and(|logs| logs.source == LogsBy::Files)
    };
    let is_listed = |of: &FunctionReview| of.function.memory_size_mb.is_some();
    if review.functions.iter().any(is_of_files) && !review.functions.iter().all(is_listed) {
        return false;
    }
    match key(&gone.function).0 {
        Some(region) => review
            .regions
            .iter()
            .any(|asked| asked.region == region && asked.problem.is_none()),
        None => true,
    }
}

fn changes(now: &mut FunctionReview, then: &FunctionReview) -> Changes {
    let size_then = then.memory_size_mb().filter(|&mb| Some(mb) != now.memory_size_mb());
    let at_same_size = same_size(now, then);
    let duration_change = at_same_size.as_ref().map(|compared| compared.duration_change);
    let cost_change = at_same_size.as_ref().and_then(|compared| compared.cost_change);
    let resized = Resized::of(now, then);
    let worse = resized.as_ref().and_then(|resized| resized.regression(now));
    let is_resized_worse = worse.is_some();
    let regression = worse.or_else(|| at_same_size.and_then(|compared| compared.regression()));
    if is_resized_worse {
        // The way back comes first; what else is advised of its size is of a size that it should not have.
        let of_size = |advice: &Advice| matches!(advice.action, Action::Tune { .. } | Action::SetMemorySize { .. });
        now.advice.retain(|advice| !of_size(advice));
    }
    if let Some((finding, advice)) = regression {
        let place = now
            .findings
            .iter()
            .position(|known| known.kind > finding.kind)
            .unwrap_or(now.findings.len());
        now.findings.insert(place, finding);
        now.advice.insert(advice_place(now), advice);
    }
    let kinds = |review: &FunctionReview| {
        review
            .findings
            .iter()
            // What was ignored then was there; when that is over, it is not new.
            .chain(review.ignored.iter().map(|ignored| &ignored.finding))
            .map(|f| f.kind)
            .collect::<BTreeSet<FindingKind>>()
    };
    let (kinds_now, kinds_then) = (kinds(now), kinds(then));
    // What can't be looked at any more is not mended.
    let blind = kinds_now.iter().any(|kind| kind.is_gap());
    Changes {
        is_new: false,
        memory_size_mb: size_then,
        resized: resized.map(Box::new),
        monthly: None,
        appeared: kinds_now.difference(&kinds_then).copied().collect(),
        resolved: kinds_then
            .difference(&kinds_now)
            .copied()
            .filter(|kind| !blind || kind.is_gap())
            .collect(),
        advice: followed(now, then),
        duration_change,
        cost_change,
    }
}

/// Behind the advice about what matters more.
fn advice_place(review: &FunctionReview) -> usize {
    let later = |advice: &Advice| advice.about > FindingKind::Regression;
    review.advice.iter().position(later).unwrap_or(review.advice.len())
}

/// One size in both reviews.
struct Compared<'a> {
    then: &'a SizeEvidence,
    now: &'a SizeEvidence,
    duration_change: f64,
    cost_change: Option<f64>,
}

fn same_size<'a>(now: &'a FunctionReview, then: &'a FunctionReview) -> Option<Compared<'a>> {
    let mb = now.memory_size_mb()?;
    let enough = |review: &'a FunctionReview| {
        let readable = !review.function.reports_hidden;
        review
            .evidence
            .at(mb)
            .filter(|size| readable && size.invocations >= ENOUGH)
    };
    let (then_at, now_at) = (enough(then)?, enough(now)?);
    let duration_change =
        (then_at.duration.mean_ms > 0.0).then(|| now_at.duration.mean_ms / then_at.duration.mean_ms - 1.0)?;
    // Prices that changed in between are not the function's doing: both at the present one.
    let cost_change = now.monthly.and_then(|monthly| {
        let (before, after) = (then_at.mean_billed_ms()?, now_at.mean_billed_ms()?);
        let present = monthly.gb_seconds.max(f64::MIN_POSITIVE);
        let duration = monthly.bill.duration.amount + monthly.bill.ephemeral_storage.amount;
        let gb_seconds = |ms: f64| crate::gb_seconds(mb, ms) * monthly.invocations;
        let cost = |billed_ms: f64| monthly.bill.requests.amount + duration * gb_seconds(billed_ms) / present;
        (cost(before) > 0.0).then(|| cost(after) / cost(before) - 1.0)
    });
    Some(Compared {
        then: then_at,
        now: now_at,
        duration_change,
        cost_change,
    })
}

impl Compared<'_> {
    /// A fifth slower or dearer, and not by chance.
    fn regression(&self) -> Option<(Finding, Advice)> {
        let worse = |change: f64, error: fn(&SizeEvidence) -> f64| {
            let noise = (error(self.then).powi(2) + error(self.now).powi(2)).sqrt() * BEYOND_NOISE;
            change >= WORSE && change > noise
        };
        let slower = worse(self.duration_change, duration_error);
        let dearer = self.cost_change.filter(|&change| worse(change, billed_error));
        if !slower && dearer.is_none() {
            return None;
        }
        let mut text = format!(
            "Mean duration at {} MB went from {} to {} ({:+.0} %) in {} and {} invocations",
            self.now.memory_size_mb,
            words::ms(self.then.duration.mean_ms),
            words::ms(self.now.duration.mean_ms),
            self.duration_change * 100.0,
            thousands(&self.then.invocations.to_string()),
            thousands(&self.now.invocations.to_string()),
        );
        if let Some(dearer) = dearer {
            text += &format!("; an invocation costs {:+.0} %", dearer * 100.0);
        }
        let about = FindingKind::Regression;
        let fewer = self.then.invocations.min(self.now.invocations);
        let finding = Finding {
            kind: about,
            confidence: if fewer >= 10 * ENOUGH {
                Confidence::High
            } else {
                Confidence::Medium
            },
            text: text + ".",
            saving: None,
            probability: None,
        };
        let action = Action::Investigate;
        Some((finding, Advice { about, action }))
    }
}

/// What came of the last review's advice about the memory size.
pub(super) fn followed(now: &FunctionReview, then: &FunctionReview) -> Option<Followed> {
    let (before, after) = (then.memory_size_mb()?, now.memory_size_mb()?);
    let (advice, advised_mb, followed) = then.advice.iter().find_map(|advice| match &advice.action {
        Action::SetMemorySize {
            memory_size_mb: advised,
        } => {
            let towards = advised.cmp(&before) == after.cmp(&before);
            Some((advice, Some(*advised), after != before && towards))
        }
        Action::Tune { memory_sizes_mb: sizes } => {
            let among =
                sizes.first().is_some_and(|&low| low <= after) && sizes.last().is_some_and(|&high| after <= high);
            Some((advice, None, after != before && among))
        }
        _ => None,
    })?;
    Some(Followed {
        advised_mb,
        followed,
        expected: then.finding(advice.about).and_then(|finding| finding.saving),
        saved: followed.then(|| saved(now, then, before, after)).flatten(),
    })
}

/// Cost of an invocation then less that now, times the present invocations of a month; if enough was seen of both sizes.
fn saved(now: &FunctionReview, then: &FunctionReview, before: u32, after: u32) -> Option<Money> {
    let each = |review: &FunctionReview, mb: u32| {
        review.evidence.at(mb).filter(|size| size.invocations >= ENOUGH)?;
        let monthly = review.monthly.filter(|monthly| monthly.invocations > 0.0)?;
        let bill = &monthly.bill;
        let parts = [
            bill.duration,
            bill.requests,
            bill.ephemeral_storage,
            bill.provisioned_concurrency,
        ];
        Some(Money::checked_sum(parts).ok()?? * (1.0 / monthly.invocations))
    };
    let difference = each(then, before)?.checked_sub(each(now, after)?).ok()?;
    Some(difference * now.monthly?.invocations)
}
