//! What breaks or may break apart from memory: timeouts, errors, throttles.

use super::super::{Action, FindingKind};
use super::words::{count, counted, ms, percent, sentence};
use super::{Case, ENOUGH, Judged};
use crate::pricing::Confidence;

/// From this share of the timeout on, a slower day is enough.
const CLOSE_TO_TIMEOUT: f64 = 0.8;
/// The timeout that is advised leaves the longest invocation this much of it.
const TIMEOUT_HEAD_ROOM: f64 = 1.5;
/// After time-outs, how long it would have taken is not known: twice as long, then look again.
const AFTER_TIMEOUTS: u32 = 2;
/// The longest timeout. Source: Lambda quotas.
const LONGEST_TIMEOUT_S: u32 = 900;
/// From this share of invocations on, and so many of them, errors are more than accidents.
const ERROR_SHARE: f64 = 0.01;
const ERRORS: u64 = 5;
/// The same for throttles. They are retried, if at all, by the caller: one in a thousand is felt.
const THROTTLE_SHARE: f64 = 0.001;
const THROTTLES: u64 = 5;

/// It timed out, or comes close.
pub(super) fn timeout(case: &Case<'_>) -> Option<Judged> {
    let limit_ms = case.function.timeout_s.map(|s| f64::from(s) * 1000.0);
    let reports = case.reports;
    let timeouts = reports.map_or(0, |reports| reports.timeouts);
    let longest_ms = match reports {
        Some(reports) => Some(reports.duration.max_ms),
        None => case.evidence.metrics.and_then(|metrics| metrics.duration_max_ms),
    };
    if timeouts > 0 {
        let reports = reports?;
        let of = match case.function.reports_hidden {
            false => counted(reports.invocations, "invocation"),
            true => counted(reports.invocations, "reported failure"),
        };
        let mut text = format!("{} of {of} timed out", count(timeouts));
        if let Some(timeout_s) = case.function.timeout_s {
            text += &format!("; the timeout is {timeout_s} s");
        }
        // A time-out lasts as long as the limit: if the longest is far from it, the limit was another then.
        let raised = limit_ms.is_some_and(|limit| reports.duration.max_ms < limit * CLOSE_TO_TIMEOUT);
        if raised {
            text += &format!(
                ", and the longest took {}: it seems to have been raised since",
                ms(reports.duration.max_ms)
            );
        }
        let confidence = if raised { Confidence::Low } else { Confidence::High };
        let judged = Judged::new(FindingKind::TimeoutRisk, confidence, text + ".");
        return Some(match case.function.timeout_s {
            Some(timeout_s) if timeout_s < LONGEST_TIMEOUT_S && !raised => judged.advise(Action::SetTimeout {
                timeout_s: (timeout_s * AFTER_TIMEOUTS).min(LONGEST_TIMEOUT_S),
            }),
            _ => judged.advise(Action::Investigate),
        });
    }
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
    let judged = Judged::new(FindingKind::TimeoutRisk, confidence, sentence(&text));
    let needed_s = ((longest_ms * TIMEOUT_HEAD_ROOM / 1000.0).ceil() as u32).min(LONGEST_TIMEOUT_S);
    Some(match case.function.timeout_s {
        Some(timeout_s) if needed_s > timeout_s => judged.advise(Action::SetTimeout { timeout_s: needed_s }),
        _ => judged.advise(Action::Investigate),
    })
}

/// It fails often. CloudWatch counts every failure; logs show only those that leave a mark in a report.
pub(super) fn errors(case: &Case<'_>) -> Option<Judged> {
    let metrics = case.evidence.metrics.filter(|metrics| metrics.invocations > 0);
    let (errors, invocations) = match (metrics, case.reports) {
        (Some(metrics), _) => (metrics.errors, metrics.invocations),
        // Of hidden reports only failures are left: a share of them says nothing.
        (None, Some(reports)) if !case.function.reports_hidden => (
            reports.errors + reports.timeouts + reports.out_of_memory,
            reports.invocations,
        ),
        _ => return None,
    };
    let share = errors as f64 / invocations.max(1) as f64;
    if errors < ERRORS || share < ERROR_SHARE {
        return None;
    }
    let mut text = format!(
        "{} of {} failed ({})",
        count(errors),
        counted(invocations, "invocation"),
        percent(share)
    );
    let timeouts: u64 = case.evidence.sizes.iter().map(|size| size.timeouts).sum();
    let out_of_memory: u64 = case.evidence.sizes.iter().map(|size| size.out_of_memory).sum();
    if timeouts > 0 {
        text += &format!("; the logs show {}", counted(timeouts, "time-out"));
    }
    if out_of_memory > 0 {
        text += &format!("; in the logs, {} ran out of memory", count(out_of_memory));
    }
    let confidence = if metrics.is_some() {
        Confidence::High
    } else {
        case.confidence(invocations).max(Confidence::Medium)
    };
    Some(Judged::new(FindingKind::Errors, confidence, text + ".").advise(Action::Investigate))
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
