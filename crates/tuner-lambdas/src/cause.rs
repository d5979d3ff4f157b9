//! From what a state catches to the error and the one line that a person reads.

use serde::{Deserialize, Serialize};
use tuner_engine::steps::Restored;
use tuner_report::{Reader, remedies};

use crate::call::Caught;

/// How a failed execution ends.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Ending {
    /// A stable name.
    pub(crate) error: String,
    /// One line.
    pub(crate) cause: String,
}

/// The object that Lambda gives as the cause of an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LambdaError {
    error_message: Option<String>,
}

impl Ending {
    pub(crate) fn of(caught: &Caught) -> Self {
        let said = serde_json::from_str::<LambdaError>(&caught.cause)
            .ok()
            .and_then(|object| object.error_message)
            .unwrap_or_else(|| caught.cause.clone());
        let said = one_line(&said);
        let killed = |what: &str| {
            let why = if said.is_empty() {
                caught.error.clone()
            } else {
                said.clone()
            };
            ("Tuner.Killed", format!("a step of the tuner {what}: {why}"))
        };
        let (error, cause) = match caught.error.as_str() {
            "Runtime.InvalidEntrypoint" => wrong_architecture(),
            _ if caught.cause.contains("exec format error") => wrong_architecture(),
            "States.Timeout" | "Sandbox.Timedout" | "Sandbox.Timeout" => killed("did not end in time"),
            name if name.starts_with("Runtime.") => killed("was killed"),
            "Lambda.TooManyRequestsException" => (
                "Tuner.Throttled",
                format!(
                    "Lambda did not start a step of the tuner, since too many functions run at the same time in this account: \
                     {said}"
                ),
            ),
            "Lambda.AccessDeniedException" | "States.Permissions" => (
                "Tuner.Denied",
                format!(
                    "the state machine may not invoke one of its steps; the policy of its role, the permissions boundary and \
                     the policies of the organization must allow lambda:InvokeFunction: {said}"
                ),
            ),
            "Lambda.ResourceNotFoundException" => (
                "Tuner.Setup",
                format!(
                    "the Lambda function of a step of the tuner is not there any more; deploy the tuner again: {said}"
                ),
            ),
            name => (name, said),
        };
        Self {
            error: error.to_owned(),
            cause,
        }
    }

    /// Adds what could not be put back.
    pub(crate) fn with_leftovers(mut self, restored: &Restored) -> Self {
        if !restored.leftovers.is_empty() {
            self.cause = format!("{}; left behind: {}", self.cause, left(restored));
        }
        self
    }
}

/// What could not be put back, and what to do about it.
pub(crate) fn left(restored: &Restored) -> String {
    let what_to_do = remedies(&restored.remedies, Reader::Console);
    let all: Vec<&str> = (restored.leftovers.iter().map(String::as_str))
        .chain(what_to_do.as_deref())
        .collect();
    all.join("; ")
}

fn wrong_architecture() -> (&'static str, String) {
    let cause = "a step of the tuner can't start, since its package is for another processor architecture than its Lambda \
                 function has (or holds no bootstrap); deploy package and architecture together";
    ("Tuner.Setup", cause.to_owned())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use tuner_core::Remedy;

    use super::*;

    fn ending(error: &str, cause: &str) -> Ending {
        Ending::of(&Caught {
            error: error.to_owned(),
            cause: cause.to_owned(),
        })
    }

    #[test]
    fn a_cause_is_one_line_in_words() {
        let e = ending(
            "Tuner.NotFound",
            r#"{"errorType":"Tuner.NotFound","errorMessage":"no function\n`x`","stackTrace":[]}"#,
        );
        assert_eq!(
            (e.error.as_str(), e.cause.as_str()),
            ("Tuner.NotFound", "no function `x`")
        );
    }

    #[test]
    fn a_killed_step_has_a_stable_name() {
        assert_eq!(
            ending("Runtime.ExitError", r#"{"errorMessage":"signal: killed"}"#).cause,
            "a step of the tuner was killed: signal: killed"
        );
        assert_eq!(ending("States.Timeout", "").error, "Tuner.Killed");
    }

    #[test]
    fn a_step_that_cannot_start_is_said_in_words() {
        let exec =
            r#"{"errorType":"Runtime.ExitError","errorMessage":"fork/exec /var/task/bootstrap: exec format error"}"#;
        for error in ["Runtime.InvalidEntrypoint", "Runtime.ExitError"] {
            let e = ending(error, exec);
            assert_eq!(e.error, "Tuner.Setup");
            assert!(e.cause.contains("architecture"), "{}", e.cause);
        }
        let denied = "no permissions boundary allows the lambda:InvokeFunction action";
        let e = ending("Lambda.AccessDeniedException", denied);
        assert!(e.error == "Tuner.Denied" && e.cause.contains("boundary") && e.cause.contains("lambda:InvokeFunction"));
        let e = ending(
            "Lambda.ResourceNotFoundException",
            "Function not found: arn:aws:lambda:eu-west-1:1:function:x",
        );
        assert!(
            e.error == "Tuner.Setup" && e.cause.contains("function:x"),
            "{}",
            e.cause
        );
    }

    #[test]
    fn what_is_left_behind_is_said() {
        let restored = Restored {
            leftovers: vec!["version 7 is kept".to_owned()],
            remedies: vec![Remedy::Restore {
                function: "x".parse().unwrap(),
            }],
            ..Restored::default()
        };
        let e = ending("Tuner.Denied", "no").with_leftovers(&restored);
        assert!(
            e.cause.starts_with("no; left behind: version 7 is kept; "),
            "{}",
            e.cause
        );
        assert!(!e.cause.contains("--"), "{}", e.cause);
    }
}
