//! What the caller is answered when the function fails.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tuner_logs::lines::Status;

use super::runtime_api::{MAX_RESPONSE_BYTES, Reported, Verdict};
use super::sandbox::exit_words;

/// Why an invocation or an init failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// The handler returned an error, of this type; the process goes on.
    Handler(String),
    /// The process failed, with this error type.
    Process(String),
    /// Time was up.
    Timeout,
}

impl Cause {
    /// Status and error type, as in a REPORT.
    pub(super) fn words(&self) -> (Status, Option<String>) {
        match self {
            Self::Handler(error_type) | Self::Process(error_type) => (Status::Error, Some(error_type.clone())),
            Self::Timeout => (Status::Timeout, None),
        }
    }
}

/// A failed invocation or init: the payload of the answer, and what the log says of it.
pub(super) struct Failure {
    pub payload: Bytes,
    pub cause: Cause,
    /// What became of the process, in Lambda's words, if that has a line of its own.
    pub process_error: Option<String>,
    /// A line for a person who has made a mistake.
    pub hint: Option<String>,
}

impl Failure {
    fn new(error_type: &str, message: &str, cause: Cause) -> Self {
        let payload = json!({"errorType": error_type, "errorMessage": message}).to_string();
        Self {
            payload: payload.into(),
            cause,
            process_error: None,
            hint: None,
        }
    }

    fn of_process(error_type: &str, request_id: &str, error: String) -> Self {
        let message = format!("RequestId: {request_id} Error: {error}");
        Self {
            process_error: Some(error),
            ..Self::new(error_type, &message, Cause::Process(error_type.to_owned()))
        }
    }

    /// The process ended by itself, or was ended for want of memory. For the latter Lambda has had two ways; this is
    /// the present one, which names it: `Runtime.OutOfMemory`.
    pub(super) fn exited(request_id: &str, status: ExitStatus, out_of_memory: bool) -> Self {
        let error_type = if out_of_memory {
            "Runtime.OutOfMemory"
        } else {
            "Runtime.ExitError"
        };
        Self::of_process(error_type, request_id, exit_words(status))
    }

    /// Time was up. `never_called` names a program that hasn't once used the Runtime API, the likeliest mistake of a
    /// newcomer.
    pub(super) fn timed_out(request_id: &str, timeout: Duration, never_called: Option<&str>) -> Self {
        let seconds = timeout.as_secs_f64();
        let mut message = format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
        let hint = never_called.map(|program| {
            format!(
                "`{program}` never asked the Runtime API for an event (GET \
                 http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next); start it through a Lambda runtime \
                 client, such as `python3 -m awslambdaric` or a `bootstrap`"
            )
        });
        if let Some(hint) = &hint {
            message = format!("{message}: {hint}");
        }
        Self {
            hint,
            ..Self::new("Sandbox.Timedout", &message, Cause::Timeout)
        }
    }

    /// The process reported that it can't start.
    pub(super) fn init_error(error: Reported) -> Self {
        Self {
            payload: error.payload,
            cause: Cause::Process(error.error_type),
            process_error: None,
            hint: None,
        }
    }

    /// The process could not be started.
    pub(super) fn not_started(request_id: &str, reason: &str) -> Self {
        Self::of_process("Runtime.InvalidEntrypoint", request_id, reason.to_owned())
    }

    /// What the process answered, if that is a failure; else the result.
    pub(super) fn of_response(verdict: Verdict, request_id: &str) -> Result<Bytes, Self> {
        match verdict {
            Verdict::Result(payload) => Ok(payload),
            Verdict::Error(Reported { payload, error_type }) => Err(Self {
                payload,
                cause: Cause::Handler(error_type),
                process_error: None,
                hint: None,
            }),
            Verdict::TooLarge => {
                let message = format!(
                    "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
                );
                let error_type = "Function.ResponseSizeTooLarge";
                Err(Self::new(error_type, &message, Cause::Handler(error_type.to_owned())))
            }
            Verdict::Truncated => {
                let error = "the response broke off".to_owned();
                Err(Self::of_process("Runtime.TruncatedResponse", request_id, error))
            }
        }
    }
}
