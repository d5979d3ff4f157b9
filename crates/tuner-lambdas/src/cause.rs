//! From what a state catches to the error and the one line that a person reads.

use serde::{Deserialize, Serialize};

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
            "States.Timeout" | "Sandbox.Timedout" | "Sandbox.Timeout" => killed("did not end in time"),
            name if name.starts_with("Runtime.") => killed("was killed"),
            "Lambda.TooManyRequestsException" => ("Tuner.Throttled", said),
            "Lambda.AccessDeniedException" | "States.Permissions" => ("Tuner.Denied", said),
            name => (name, said),
        };
        Self {
            error: error.to_owned(),
            cause,
        }
    }

    /// Adds what could not be put back.
    pub(crate) fn with_leftovers(mut self, leftovers: &[String]) -> Self {
        if !leftovers.is_empty() {
            self.cause = format!("{}; left behind: {}", self.cause, leftovers.join("; "));
        }
        self
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
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
    fn what_is_left_behind_is_said() {
        let e = ending("Tuner.Denied", "no").with_leftovers(&["version 7 is kept".to_owned()]);
        assert_eq!(e.cause, "no; left behind: version 7 is kept");
    }
}
