//! From REPORT and the lines beside it to an [`Outcome`].

use super::{Event, Report, RuntimeError, Status};
use tuner_core::Outcome;

/// What the lines beside a REPORT say of the same request. In the older style (still found in China and GovCloud)
/// REPORT has no status, and only these lines tell a timeout or a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Neighbours {
    /// A `Task timed out` line.
    pub timed_out: bool,
    /// A `Runtime exited` line.
    pub exited: bool,
    /// A `Runtime exited` line that says `signal: killed`.
    pub killed: bool,
}

impl Neighbours {
    /// Nothing beside the REPORT.
    pub const NONE: Self = Self {
        timed_out: false,
        exited: false,
        killed: false,
    };

    /// What one event adds; nothing unless it is a time-out or runtime error line.
    pub fn from_event(event: &Event) -> Self {
        match event {
            Event::TimedOut(_) => Self {
                timed_out: true,
                ..Self::NONE
            },
            Event::RuntimeError(error) => Self::from_error(error),
            _ => Self::NONE,
        }
    }

    pub(super) fn from_error(error: &RuntimeError) -> Self {
        Self {
            timed_out: false,
            exited: true,
            killed: error.killed(),
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            timed_out: self.timed_out || other.timed_out,
            exited: self.exited || other.exited,
            killed: self.killed || other.killed,
        }
    }
}

impl Report {
    /// What became of the invocation, as far as the log tells. A handler that throws leaves an ordinary REPORT: that is
    /// known from the answer to the Invoke call, not from here.
    pub fn outcome(&self, neighbours: Neighbours) -> Outcome {
        match (&self.status, self.error_type.as_deref()) {
            (Some(Status::Timeout), _)
            | (_, Some("Sandbox.Timedout" | "Sandbox.Timeout" | "Runtime.InvokeTimeout")) => Outcome::Timeout,
            (_, Some("Runtime.OutOfMemory")) => Outcome::OutOfMemory,
            (Some(status), error_type) if status.is_failure() => self.outcome_of_error(error_type, neighbours),
            (_, Some(error_type)) => self.outcome_of_error(Some(error_type), neighbours),
            _ => without_status(neighbours, self.billed_below_duration(), self.near_memory_size()),
        }
    }

    fn outcome_of_error(&self, error_type: Option<&str>, neighbours: Neighbours) -> Outcome {
        match error_type {
            Some("Runtime.ExitError") if neighbours.killed && self.near_memory_size() => Outcome::OutOfMemory,
            Some(error_type) if is_init_error(error_type) => Outcome::InitError,
            _ => Outcome::FunctionError,
        }
    }

    fn billed_below_duration(&self) -> bool {
        self.billed_duration_ms
            .is_some_and(|billed| is_below(billed, self.duration_ms))
    }
}

/// The outcome of a REPORT that does not say it.
#[inline]
pub(super) fn without_status(neighbours: Neighbours, billed_below_duration: bool, near_memory_size: bool) -> Outcome {
    if neighbours.timed_out || billed_below_duration {
        Outcome::Timeout
    } else if neighbours.killed && near_memory_size {
        Outcome::OutOfMemory
    } else if neighbours.exited {
        Outcome::FunctionError
    } else {
        Outcome::Success
    }
}

/// Billed time is rounded up, so it is below the duration only where the configured timeout was billed instead:
/// `Duration: 3003.16 ms Billed Duration: 3000 ms`.
#[inline]
pub(super) fn is_below(billed_ms: u64, duration_ms: f64) -> bool {
    (billed_ms as f64) < duration_ms
}

/// Error types of a process that never came to ask for an event.
pub(super) fn is_init_error(error_type: &str) -> bool {
    matches!(
        error_type,
        "Runtime.InitError"
            | "Runtime.ImportModuleError"
            | "Runtime.HandlerNotFound"
            | "Runtime.UserCodeSyntaxError"
            | "Runtime.InvalidEntrypoint"
            | "Runtime.InvalidWorkingDir"
            | "Runtime.InvalidTaskConfig"
            | "Extension.InitError"
            | "Extension.LaunchError"
            | "Extension.TooManyExtensions"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMED_OUT: Neighbours = Neighbours {
        timed_out: true,
        ..Neighbours::NONE
    };
    const EXITED: Neighbours = Neighbours {
        exited: true,
        ..Neighbours::NONE
    };
    const KILLED: Neighbours = Neighbours {
        exited: true,
        killed: true,
        timed_out: false,
    };

    fn report(used: u32, status: Option<Status>, error_type: Option<&str>) -> Report {
        Report {
            duration_ms: 99.5,
            billed_duration_ms: Some(100),
            memory_size_mb: Some(128),
            max_memory_used_mb: Some(used),
            status,
            error_type: error_type.map(str::to_owned),
            ..Report::default()
        }
    }

    #[test]
    fn new_style_tells_by_status_and_error_type() {
        let failed = |error_type| report(60, Some(Status::Error), Some(error_type)).outcome(Neighbours::NONE);
        assert_eq!(
            report(60, Some(Status::Timeout), None).outcome(Neighbours::NONE),
            Outcome::Timeout
        );
        assert_eq!(failed("Runtime.OutOfMemory"), Outcome::OutOfMemory);
        assert_eq!(failed("Runtime.ExitError"), Outcome::FunctionError);
        assert_eq!(failed("Runtime.ImportModuleError"), Outcome::InitError);
        assert_eq!(failed("Sandbox.Timedout"), Outcome::Timeout);
        assert_eq!(
            report(60, Some(Status::Success), None).outcome(Neighbours::NONE),
            Outcome::Success
        );
        assert_eq!(
            report(60, Some(Status::Failure), None).outcome(Neighbours::NONE),
            Outcome::FunctionError
        );
        assert_eq!(
            report(60, Some("odd".into()), None).outcome(Neighbours::NONE),
            Outcome::FunctionError
        );
    }

    #[test]
    fn old_style_tells_by_the_lines_beside_it() {
        assert_eq!(report(60, None, None).outcome(Neighbours::NONE), Outcome::Success);
        assert_eq!(report(60, None, None).outcome(TIMED_OUT), Outcome::Timeout);
        assert_eq!(report(60, None, None).outcome(EXITED), Outcome::FunctionError);
        assert_eq!(report(126, None, None).outcome(KILLED), Outcome::OutOfMemory);
        assert_eq!(report(125, None, None).outcome(KILLED), Outcome::FunctionError);
        assert_eq!(
            report(128, Some(Status::Error), Some("Runtime.ExitError")).outcome(KILLED),
            Outcome::OutOfMemory
        );
    }

    #[test]
    fn billed_below_duration_is_a_timeout_that_billed_the_limit() {
        let mut old = report(48, None, None);
        (old.duration_ms, old.billed_duration_ms) = (3003.16, Some(3000));
        assert_eq!(old.outcome(Neighbours::NONE), Outcome::Timeout);
    }

    #[test]
    fn a_timeout_with_all_memory_used_stays_a_timeout_and_says_so() {
        let full = report(128, Some(Status::Timeout), None);
        assert_eq!(full.outcome(Neighbours::NONE), Outcome::Timeout);
        assert!(full.memory_exhausted());
    }
}
