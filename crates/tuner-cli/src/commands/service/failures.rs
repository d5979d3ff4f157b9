//! What a failed call to the service, or a failed execution, means to the reader: exit code and way out.

use tuner_aws::{Execution, ExecutionStatus, StateMachineError};
use tuner_engine::ports::PortErrorKind;

use crate::error::CliError;
use crate::exit::Exit;
use crate::reach::Reach;
use crate::states_arn::ExecutionArn;

/// A call to Step Functions that did not go through.
pub(crate) fn of_call(what: &str, error: &StateMachineError, reach: &Reach) -> CliError {
    let exit = match error {
        StateMachineError::NoSuchStateMachine { .. } | StateMachineError::NoSuchExecution { .. } => Exit::Usage,
        StateMachineError::Call(e) if e.kind == PortErrorKind::Invalid => Exit::Usage,
        _ => Exit::Refused,
    };
    let told = CliError::new(exit, what).cause(error);
    match error {
        StateMachineError::Denied { action, .. } => told.hint(format!("allow {action} for these credentials")),
        StateMachineError::Call(e) if e.kind == PortErrorKind::NotSignedIn => told.hint(reach.sign_in()),
        error if error.is_transient() => {
            told.hint("check the network, the region and AWS_ENDPOINT_URL, then try again")
        }
        _ => told,
    }
}

/// Whether it takes a new sign-in to go on.
pub(super) fn is_signed_out(error: &StateMachineError) -> bool {
    match error {
        StateMachineError::Expired { .. } => true,
        StateMachineError::Call(e) => e.kind == PortErrorKind::NotSignedIn,
        _ => false,
    }
}

/// Whether the last word of an execution is that the function is as it was. A state machine cannot clean up when it is
/// stopped from outside, runs out of time, or meets an error that nothing catches (`States.Runtime`,
/// `States.DataLimitExceeded`): only errors of ours have been through "Put the function back after a failure".
pub(super) fn has_cleaned_up(execution: &Execution) -> bool {
    match execution.status {
        ExecutionStatus::Succeeded => true,
        ExecutionStatus::Failed => {
            let error = execution.error.as_deref().unwrap_or_default();
            error.starts_with("Tuner.") && error != NOT_RESTORED
        }
        _ => false,
    }
}

/// How the function is after an execution that failed and cleaned up. What it could not put back is in its cause.
pub(super) fn is_now(execution: &Execution, function: &str, may_have_changed: bool) -> Option<String> {
    let cause = execution.cause.as_deref().unwrap_or_default();
    match execution.error.as_deref() {
        _ if !may_have_changed => Some("nothing was changed".to_owned()),
        _ if cause.contains("left behind: ") => None,
        Some("Tuner.ForeignChange") => Some(format!("nothing of this tuning is left on {function}")),
        _ => Some(format!("{function} is as it was before")),
    }
}

/// The report was written and says it all.
pub(super) const EVERY_SIZE_FAILED: &str = "Tuner.EverySizeFailed";
const NOT_RESTORED: &str = "Tuner.NotRestored";

/// An execution that did not succeed.
pub(super) fn of_execution(execution: &Execution, function: &str, arn: &ExecutionArn) -> CliError {
    let told = match execution.status {
        ExecutionStatus::TimedOut => CliError::new(
            Exit::Refused,
            format!(
                "the execution took longer than the state machine allows, and was ended (TIMED_OUT); {function} was not tuned"
            ),
        ),
        ExecutionStatus::Aborted => CliError::new(
            Exit::Refused,
            format!("the execution was stopped from elsewhere (ABORTED); {function} was not tuned"),
        ),
        ref status => {
            let name = execution.error.as_deref().unwrap_or("an error without a name");
            CliError::new(exit_of(name), format!("cannot tune {function} ({status}): {name}"))
        }
    };
    let stopped_with = match execution.status {
        ExecutionStatus::Aborted | ExecutionStatus::TimedOut => execution.error.as_deref(),
        _ => None,
    };
    let words = [stopped_with, execution.cause.as_deref()];
    let words: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let told = match words.as_slice() {
        [] => told,
        words => told.cause(readable(&words.join(": "))),
    };
    let told = told.note(where_to_look(arn));
    told.maybe_hint(execution.error.as_deref().and_then(|name| hint(name, function)))
}

/// Where a person finds the execution.
pub(super) fn where_to_look(arn: &ExecutionArn) -> String {
    match arn.console() {
        Some(link) => format!("the execution: {link}"),
        None => format!("the execution: {arn}"),
    }
}

fn exit_of(error: &str) -> Exit {
    match error {
        "Tuner.Input" | "Tuner.Alias" => Exit::Usage,
        EVERY_SIZE_FAILED | "Tuner.EveryInvocationFailed" => Exit::FunctionFailed,
        "Tuner.LimitBroken" => Exit::GateNotMet,
        "Tuner.CannotTell" => Exit::NotEnoughEvidence,
        _ => Exit::Refused,
    }
}

/// The cause of a failed Lambda function is the JSON of its error.
pub(super) fn readable(cause: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(cause)
        .ok()
        .and_then(|json| Some(json.get("errorMessage")?.as_str()?.to_owned()));
    message.unwrap_or_else(|| cause.to_owned())
}

/// What the reader can do about an execution that failed with `error`, as far as its cause does not say it.
fn hint(error: &str, function: &str) -> Option<String> {
    let text = match error {
        "Tuner.Denied" => {
            "the role of that step lacks a permission: which functions may be tuned is set where the service is deployed \
             (lambdaResource), and a function of another account takes --role-arn"
        }
        "Tuner.NotFound" => "a function of another account takes --role-arn",
        "Tuner.Conflict" => "run the tuning again when no deployment is under way",
        "Tuner.Service" => "try again later",
        "Tuner.Store" => "check that the report bucket of the service is there, and what its policy allows",
        "Tuner.NotReady" => {
            return Some(format!(
                "see what `aws lambda get-function-configuration --function-name {function}` says of its state"
            ));
        }
        "Tuner.NothingPublished" => "leave out the larger sizes, or ask AWS to raise the account's quota",
        EVERY_SIZE_FAILED => "invoke the function once with this payload, and see that it works",
        "Tuner.Processor" => "invoke the pre- or post-processor by itself, and see that it works",
        "Tuner.Setup" => "deploy the state machine and its Lambda functions from the same version",
        "Tuner.Killed" | "States.Timeout" => "the log of the step in CloudWatch Logs says more",
        NOT_RESTORED => return Some(format!("put things back with `tuner restore --function {function}`")),
        "States.Permissions" => {
            "the role of the state machine may not invoke its Lambda functions: deploy the service again"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn ended(status: ExecutionStatus, error: Option<&str>, cause: Option<&str>) -> Execution {
        Execution {
            arn: arn().to_string(),
            name: "e".to_owned(),
            state_machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:m".to_owned(),
            status,
            input: None,
            output: None,
            error: error.map(str::to_owned),
            cause: cause.map(str::to_owned),
            started_at: Timestamp::UNIX_EPOCH,
            stopped_at: None,
        }
    }

    fn arn() -> ExecutionArn {
        "arn:aws:states:eu-west-1:123456789012:execution:m:e".parse().unwrap()
    }

    #[test]
    fn each_end_has_its_exit_code_and_words() {
        use ExecutionStatus::{Aborted, Failed, TimedOut};
        for (status, error, exit, words) in [
            (Failed, Some("Tuner.Input"), Exit::Usage, "Tuner.Input"),
            (
                Failed,
                Some("Tuner.EverySizeFailed"),
                Exit::FunctionFailed,
                "with this payload",
            ),
            (Failed, Some("Tuner.Denied"), Exit::Refused, "lambdaResource"),
            (
                Failed,
                Some("Tuner.NotRestored"),
                Exit::Refused,
                "tuner restore --function resize",
            ),
            (Failed, Some("States.Runtime"), Exit::Refused, "States.Runtime"),
            (Failed, None, Exit::Refused, "FAILED"),
            (TimedOut, None, Exit::Refused, "TIMED_OUT"),
            (Aborted, Some("Stopped"), Exit::Refused, "Stopped: why so"),
        ] {
            let told = of_execution(&ended(status, error, Some("why so")), "resize", &arn());
            let text = told.to_string();
            assert_eq!(told.exit(), exit, "{text}");
            for word in [words, "why so", "console.aws.amazon.com"] {
                assert!(text.contains(word), "{word}: {text}");
            }
        }
    }

    #[test]
    fn a_cause_that_is_json_is_read() {
        let cause = r#"{"errorType":"Tuner.Setup","errorMessage":"there is no step `x`"}"#;
        assert_eq!(readable(cause), "there is no step `x`");
        assert_eq!(readable("plain {words}"), "plain {words}");
    }

    #[test]
    fn only_what_went_through_the_clean_up_is_clean() {
        use ExecutionStatus::{Aborted, Failed, Succeeded, TimedOut};
        for (status, error, clean) in [
            (Succeeded, None, true),
            (Failed, Some("Tuner.Denied"), true),
            (Failed, Some("Tuner.NotRestored"), false),
            (Failed, Some("States.Runtime"), false),
            (Failed, None, false),
            (Aborted, Some("Tuner.Interrupted"), false),
            (TimedOut, None, false),
        ] {
            let execution = ended(status, error, None);
            assert_eq!(has_cleaned_up(&execution), clean, "{execution:?}");
        }
    }
}
