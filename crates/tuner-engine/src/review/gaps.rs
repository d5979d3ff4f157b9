use serde::{Deserialize, Serialize};
use tuner_core::review::{Evidence, Gap, Missing, Why};

use crate::ports::{PortError, PortErrorKind};

/// The gap that a failed call leaves; `what` is missing because of it, and `call` has to be allowed.
pub(super) fn failed(missing: Missing, what: &str, call: &str, error: &PortError) -> Gap {
    match error.kind {
        PortErrorKind::Denied => Gap::new(
            missing,
            Why::NoAccess,
            format!("{what} may not be read ({error}); allow {call}"),
        )
        .for_want_of(call),
        PortErrorKind::NotFound => Gap::new(missing, Why::NotFound, format!("{what} could not be found ({error})")),
        _ => Gap::new(
            missing,
            Why::Failed,
            format!("{what} could not be read ({error}); try again later"),
        ),
    }
}

/// Why the reports of a log group could not be counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotCounted {
    pub(super) why: String,
    /// What would have to be allowed.
    pub(super) call: Option<String>,
}

impl NotCounted {
    pub(super) fn because(why: String) -> Self {
        Self { why, call: None }
    }

    pub(super) fn denied(why: String) -> Self {
        Self {
            why,
            call: Some("logs:StartQuery".to_owned()),
        }
    }
}

/// The gap of a function whose reports were sampled, since they could not be counted.
pub(super) fn sampled(group: &str, not_counted: &NotCounted) -> Gap {
    let why = &not_counted.why;
    let text = |way_out: &str| format!("of the log group {group} a sample was read only, since {why}; {way_out}");
    match &not_counted.call {
        Some(call) => Gap::new(Missing::Logs, Why::NoAccess, text(&format!("allow {call}"))).for_want_of(call.as_str()),
        None => Gap::new(Missing::Logs, Why::Failed, text("review it again")),
    }
}

/// The gap of a function of a region where CloudWatch has no figure of any. Until its logs were read, nobody knows whether it
/// was called.
pub(super) fn silent_metrics() -> Gap {
    Gap::new(
        Missing::Metrics,
        Why::Empty,
        "CloudWatch has no figure of any function of its region, so that its errors and throttles are not known",
    )
}

/// The gap of a function of which CloudWatch counted the invocations only.
pub(super) fn metrics_in_part() -> Gap {
    Gap::new(
        Missing::Metrics,
        Why::Empty,
        "CloudWatch counted its invocations, and has no figure of their errors; review it again",
    )
}

/// What logs make of silent metrics: they are silent, too, and it was not called; or they tell of invocations, and the metrics
/// are not known.
pub(super) fn settle_silence(evidence: &mut Evidence) {
    let is_silent = evidence.metrics.is_some_and(|metrics| metrics.invocations == 0);
    if !is_silent || evidence.gap(Missing::Metrics).is_none() {
        return;
    }
    let is_nothing = |gap: &Gap| matches!(gap.why, Why::Empty | Why::NotFound);
    let logs_are_silent = match evidence.gap(Missing::Logs) {
        Some(gap) => is_nothing(gap),
        None => evidence.logs.is_some(),
    };
    if evidence.sizes.is_empty() && logs_are_silent {
        let of_either = |gap: &Gap| matches!(gap.missing, Missing::Metrics | Missing::Logs);
        evidence.gaps.retain(|gap| !of_either(gap));
    } else {
        evidence.metrics = None;
    }
}

/// The gap of a function of whose tags GetFunction does not tell.
pub(super) fn tags(problem: &str) -> Gap {
    Gap::new(
        Missing::Configuration,
        Why::NoAccess,
        format!("its tags may not be read ({problem}); allow lambda:ListTags"),
    )
    .for_want_of("lambda:ListTags")
}

/// The gap of a function that was invoked and of which `group` holds no report. `why` says why the group was not scanned.
pub(super) fn nothing_read(group: &str, complete: bool, why: Option<&str>) -> Gap {
    match (complete, why) {
        (true, _) => Gap::new(
            Missing::Logs,
            Why::Empty,
            format!(
                "the log group {group} holds no report of it; allow the function's role logs:CreateLogStream and logs:PutLogEvents"
            ),
        ),
        (false, Some(why)) => Gap::new(
            Missing::Logs,
            Why::Failed,
            format!("a sample of the log group {group} holds no report of it, and {why}"),
        ),
        (false, None) => Gap::new(
            Missing::Logs,
            Why::Budget,
            format!(
                "a sample of the log group {group} holds no report of it, and scanning it would cost more than the budget"
            ),
        ),
    }
}

/// The gap of a function whose log group can't even be sampled.
pub(super) fn logs_unreadable(group: &str, why: Option<&str>, error: &PortError) -> Gap {
    let gap = failed(
        Missing::Logs,
        &format!("the log group {group}"),
        "logs:StartQuery and logs:FilterLogEvents",
        error,
    );
    match why {
        Some(why) => Gap {
            text: format!("{}; {why}", gap.text),
            ..gap
        },
        None => gap,
    }
}
