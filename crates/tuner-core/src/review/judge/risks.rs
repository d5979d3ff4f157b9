//! What breaks or may break apart from memory: timeouts, errors, throttles.

use super::super::{Action, FindingKind, SizeEvidence};
use super::words::{count, counted, ms, percent, sentence};
use super::{Case, ENOUGH, Judged};
use crate::memory::gb_seconds;
use crate::pricing::{Confidence, Money};

/// From this share of the timeout on, a slower day is enough.
const CLOSE_TO_TIMEOUT: f64 = 0.8;
/// The timeout that is advised leaves the longest invocation this much of it.
const TIMEOUT_HEAD_ROOM: f64 = 1.5;
/// After time-outs, how long it would have taken is not known: twice as long, then look again.
const AFTER_TIMEOUTS: u32 = 2;
/// The longest timeout. Source: Lambda quotas.
const LONGEST_TIMEOUT_S: u32 = 900;
/// From this timeout on, in seconds, a call that hangs costs something, ...
const LONG_TIMEOUT_S: u32 = 60;
/// ... and one so many times as long as the longest invocation was is not needed.
const FAR_ABOVE: f64 = 100.0;
/// The timeout that is advised instead is so many times as long as the longest, and not less than what Lambda gives a new
/// function, in seconds.
const AMPLE: f64 = 10.0;
const LEAST_TIMEOUT_S: u32 = 3;
/// From this share of invocations on, and so many of them, errors are more than accidents.
const ERROR_SHARE: f64 = 0.01;
const ERRORS: u64 = 2;
/// Fewer may still be chance.
const MANY_ERRORS: u64 = 5;
/// The same for throttles. They are retried, if at all, by the caller: one in a thousand is felt.
const THROTTLE_SHARE: f64 = 0.001;
const THROTTLES: u64 = 5;

/// It timed out, or comes close.
pub(super) fn timeout(case: &Case<'_>) -> Option<Judged> {
    let told = reported_timeout(case);
    let unreported = case.evidence.unreported.timeouts;
    if unreported == 0 {
        return told;
    }
    let text = format!(
        "The logs tell of {}{} without a report.",
        if told.is_some() { "another " } else { "" },
        counted(unreported, "time-out")
    );
    Some(match told {
        Some(mut told) => {
            told.finding.text = format!("{} {text}", told.finding.text);
            told
        }
        None => {
            let judged = Judged::new(FindingKind::TimeoutRisk, Confidence::Medium, text);
            match case.function.timeout_s.filter(|s| *s < LONGEST_TIMEOUT_S) {
                Some(timeout_s) => judged.advise(set_timeout(case, timeout_s * AFTER_TIMEOUTS)),
                None => judged.advise(Action::Investigate),
            }
        }
    })
}

/// The same by reports.
fn reported_timeout(case: &Case<'_>) -> Option<Judged> {
    let timed_out = |size: &&SizeEvidence| size.timeouts > 0;
    let now = case
        .serving
        .now
        .iter()
        .copied()
        .filter(timed_out)
        .max_by_key(|size| size.timeouts);
    let before: Vec<&SizeEvidence> = case.serving.replaced.iter().copied().filter(timed_out).collect();
    if let Some(size) = now {
        return Some(times_out(case, size, &before));
    }
    let close = close_to_timeout(case);
    if before.is_empty() {
        return close;
    }
    let told = |size: &&SizeEvidence| {
        let of = case.seen(size);
        let (timeouts, since) = (count(size.timeouts), case.since(size));
        format!("{timeouts} of {of} timed out at {} MB, {since}.", size.memory_size_mb)
    };
    let text = before.iter().map(told).collect::<Vec<_>>().join(" ");
    Some(match close {
        Some(mut close) => {
            close.finding.text = format!("{} {text}", close.finding.text);
            close
        }
        None => Judged::new(FindingKind::TimeoutRisk, Confidence::Low, text),
    })
}

/// It timed out at a size that serves; `before`: at those that were replaced, too.
fn times_out(case: &Case<'_>, reports: &SizeEvidence, before: &[&SizeEvidence]) -> Judged {
    let timeout_s = case.timeout_s(reports);
    let mut text = format!("{} of {} timed out", count(reports.timeouts), case.seen(reports));
    let others = case
        .serving
        .now
        .iter()
        .filter(|size| size.memory_size_mb != reports.memory_size_mb);
    let others: Vec<&&SizeEvidence> = others.chain(before).filter(|size| size.timeouts > 0).collect();
    if !others.is_empty() {
        text += &format!(" at {} MB", reports.memory_size_mb);
    }
    for other in others {
        text += &format!(
            ", {} of {} at {} MB",
            count(other.timeouts),
            case.seen(other),
            other.memory_size_mb
        );
    }
    if let Some(timeout_s) = timeout_s {
        text += &format!("; the timeout is {timeout_s} s");
    }
    // A time-out lasts as long as the limit: if the longest is far from it, the limit was another then.
    let raised = timeout_s.is_some_and(|s| reports.duration.max_ms < f64::from(s) * 1000.0 * CLOSE_TO_TIMEOUT);
    if raised {
        text += &format!(
            ", and the longest took {}: it seems to have been raised since",
            ms(reports.duration.max_ms)
        );
    }
    let confidence = if raised { Confidence::Low } else { Confidence::High };
    let judged = Judged::new(FindingKind::TimeoutRisk, confidence, text + "." + &case.whose(reports));
    match timeout_s {
        Some(timeout_s) if timeout_s < LONGEST_TIMEOUT_S && !raised => {
            judged.advise(set_timeout(case, timeout_s * AFTER_TIMEOUTS))
        }
        _ => judged.advise(Action::Investigate),
    }
}

/// What is configured and does not serve yet may be more.
fn set_timeout(case: &Case<'_>, timeout_s: u32) -> Action {
    let configured = case.function.timeout_s.unwrap_or(0);
    Action::SetTimeout {
        timeout_s: timeout_s.max(configured).min(LONGEST_TIMEOUT_S),
    }
}

/// It comes close to its time-out.
fn close_to_timeout(case: &Case<'_>) -> Option<Judged> {
    let reports = case.reports;
    let timeout_s = match reports {
        Some(reports) => case.timeout_s(reports),
        None => case.function.timeout_s,
    };
    let limit_ms = timeout_s.map(|s| f64::from(s) * 1000.0);
    let longest_ms = match reports {
        Some(reports) => Some(reports.duration.max_ms),
        None => case.evidence.metrics.and_then(|metrics| metrics.duration_max_ms),
    };
    let (limit_ms, longest_ms) = (limit_ms?, longest_ms?);
    let close = limit_ms * CLOSE_TO_TIMEOUT;
    let p99 = reports
        .filter(|r| r.invocations >= ENOUGH)
        .map(|r| r.duration.p99_ms)
        .filter(|&p99| p99 >= close);
    if longest_ms < close {
        return None;
    }
    let share = longest_ms / limit_ms;
    let mut text = format!(
        "the longest invocation took {}, {} of the timeout of {}",
        ms(longest_ms),
        percent(share),
        ms(limit_ms)
    );
    if let Some(p99) = p99 {
        text += &format!("; one in a hundred takes {} or more", ms(p99));
    }
    let confidence = match p99 {
        Some(_) => case
            .confidence(reports.map_or(0, |r| r.invocations))
            .max(Confidence::Medium),
        None => Confidence::Low,
    };
    let whose = reports.map_or_else(String::new, |reports| case.whose(reports));
    let judged = Judged::new(FindingKind::TimeoutRisk, confidence, sentence(&text) + &whose);
    let needed_s = ((longest_ms * TIMEOUT_HEAD_ROOM / 1000.0).ceil() as u32).min(LONGEST_TIMEOUT_S);
    Some(match timeout_s {
        Some(timeout_s) if needed_s > timeout_s => judged.advise(set_timeout(case, needed_s)),
        _ => judged.advise(Action::Investigate),
    })
}

/// A time-out so long that a call which hangs is billed like thousands of usual ones.
pub(super) fn timeout_too_long(case: &Case<'_>) -> Option<Judged> {
    let (timeout_s, longest_ms) = match case.reports {
        Some(reports) => (case.timeout_s(reports)?, reports.duration.max_ms),
        None => (case.function.timeout_s?, case.evidence.metrics?.duration_max_ms?),
    };
    let seen = case
        .reports
        .map_or_else(|| case.invocations(), |reports| Some(reports.invocations))?;
    let times_out = case.evidence.all_sizes().any(|size| size.timeouts > 0);
    // What is rare may be long.
    let longest_ms = case
        .evidence
        .all_sizes()
        .map(|size| size.duration.max_ms)
        .fold(longest_ms, f64::max);
    let limit_ms = f64::from(timeout_s) * 1000.0;
    if timeout_s < LONG_TIMEOUT_S || limit_ms < longest_ms * FAR_ABOVE || longest_ms <= 0.0 {
        return None;
    }
    if times_out || case.function.reports_hidden || seen < super::MANY {
        return None;
    }
    let mut text = format!(
        "the timeout is {timeout_s} s, and the longest of {} took {}",
        counted(seen, "invocation"),
        ms(longest_ms)
    );
    if let (Some(quote), Some(mb), Some(usage)) = (&case.priced.quote, case.memory_size_mb, case.usage) {
        let hanging = quote.gb_second_price().amount * gb_seconds(mb, limit_ms);
        text += &format!(
            ": one call that hangs would cost {}, as much as {} usual ones",
            Money::new(hanging, quote.currency).display(),
            count((limit_ms / usage.billed_ms.max(1.0)).round() as u64)
        );
    }
    let needed_s = ((longest_ms * AMPLE / 1000.0).ceil() as u32).max(LEAST_TIMEOUT_S);
    let confidence = case.confidence(seen);
    Some(
        Judged::new(FindingKind::TimeoutTooLong, confidence, sentence(&text))
            .advise(Action::SetTimeout { timeout_s: needed_s }),
    )
}

/// It fails often, otherwise than by time-outs and for lack of memory, which have findings of their own. CloudWatch counts
/// every failure, and logs tell what it was; logs alone show only those that leave a mark.
pub(super) fn errors(case: &Case<'_>) -> Option<Judged> {
    let metrics = case.evidence.metrics.filter(|metrics| metrics.invocations > 0);
    let sum = |count: fn(&SizeEvidence) -> u64| case.evidence.sizes.iter().map(count).sum::<u64>();
    let unreported = case.evidence.unreported;
    let told = sum(|size| size.timeouts + size.out_of_memory) + unreported.timeouts;
    let (errors, invocations, told) = match metrics {
        Some(metrics) => {
            let told = (told as f64 * read_for(case, metrics.invocations)).round() as u64;
            (metrics.errors.saturating_sub(told), metrics.invocations, told)
        }
        // Of hidden reports only failures are left: a share of them says nothing.
        None if !case.function.reports_hidden => {
            let errors = sum(|size| size.errors) + unreported.crashes;
            (errors, case.evidence.reports() + unreported.all(), told)
        }
        None => return None,
    };
    let share = errors as f64 / invocations.max(1) as f64;
    if errors < ERRORS || share < ERROR_SHARE {
        return None;
    }
    let beside = match told {
        0 => "",
        _ => ", time-outs and a lack of memory not counted",
    };
    let text = format!(
        "{} of {} failed ({}){beside}.",
        count(errors),
        counted(invocations, "invocation"),
        percent(share)
    );
    let confidence = if errors < MANY_ERRORS {
        Confidence::Low
    } else if metrics.is_some() {
        Confidence::High
    } else {
        case.confidence(invocations).max(Confidence::Medium)
    };
    Some(Judged::new(FindingKind::Errors, confidence, text).advise(Action::Investigate))
}

/// How many invocations each report stands for. Of hidden reports those of failures are all there.
fn read_for(case: &Case<'_>, invocations: u64) -> f64 {
    let reports = case.evidence.reports();
    match case.function.reports_hidden || reports == 0 {
        true => 1.0,
        false => (invocations as f64 / reports as f64).max(1.0),
    }
}

/// It is turned away for lack of concurrency.
pub(super) fn throttles(case: &Case<'_>) -> Option<Judged> {
    let metrics = case.evidence.metrics?;
    let requests = metrics.invocations.saturating_add(metrics.throttles);
    let share = metrics.throttles as f64 / requests.max(1) as f64;
    if metrics.throttles < THROTTLES || share < THROTTLE_SHARE {
        return None;
    }
    let reserved = match case.function.reserved_concurrency {
        Some(reserved) => format!("; its reserved concurrency, the most it gets, is {reserved}"),
        None => String::new(),
    };
    let text = format!(
        "{} of {} were throttled ({}){reserved}.",
        count(metrics.throttles),
        counted(requests, "request"),
        percent(share)
    );
    Some(Judged::new(FindingKind::Throttles, Confidence::High, text).advise(Action::Investigate))
}
