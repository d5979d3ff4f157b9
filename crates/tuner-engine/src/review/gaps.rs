use tuner_core::review::{Gap, Missing, Why};

use crate::ports::{PortError, PortErrorKind};

/// The gap that a failed call leaves; `what` is missing because of it, and `call` has to be allowed.
pub(super) fn failed(missing: Missing, what: &str, call: &str, error: &PortError) -> Gap {
    match error.kind {
        PortErrorKind::Denied => Gap::new(
            missing,
            Why::NoAccess,
            format!("{what} may not be read ({error}); allow {call}"),
        ),
        PortErrorKind::NotFound => Gap::new(missing, Why::NotFound, format!("{what} could not be found ({error})")),
        _ => Gap::new(
            missing,
            Why::Failed,
            format!("{what} could not be read ({error}); try again later"),
        ),
    }
}

/// The gap of a function of whose tags GetFunction does not tell.
pub(super) fn tags(problem: &str) -> Gap {
    Gap::new(
        Missing::Configuration,
        Why::NoAccess,
        format!("its tags may not be read ({problem}); allow lambda:ListTags"),
    )
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
    let Gap {
        missing,
        why: kind,
        text,
    } = failed(
        Missing::Logs,
        &format!("the log group {group}"),
        "logs:StartQuery and logs:FilterLogEvents",
        error,
    );
    match why {
        Some(why) => Gap::new(missing, kind, format!("{text}; {why}")),
        None => Gap::new(missing, kind, text),
    }
}
