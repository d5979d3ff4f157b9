//! What the caller is answered when the function fails.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::log_lines::Status;
use super::runtime_api::{MAX_RESPONSE_BYTES, Reported, Verdict};
use super::sandbox::exit_words;

/// A failed invocation or init: the payload of the answer, and what REPORT says of it.
pub(super) struct Failure {
    pub payload: Bytes,
    pub status: Status,
    /// A line for the log, in Lambda's words.
    pub message: Option<String>,
}

impl Failure {
    fn new(error_type: &str, message: &str, status: Status) -> Self {
        let payload = json!({"errorType": error_type, "errorMessage": message}).to_string();
        Self {
            payload: payload.into(),
            status,
            message: None,
        }
    }

    fn of_runtime(error_type: &str, message: String) -> Self {
        let status = Status::Error(error_type.to_owned());
        Self {
            message: Some(message.clone()),
            ..Self::new(error_type, &message, status)
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
        Self::of_runtime(
            error_type,
            format!("RequestId: {request_id} Error: {}", exit_words(status)),
        )
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
            message: hint,
            ..Self::new("Sandbox.Timedout", &message, Status::Timeout)
        }
    }

    /// The process reported that it can't start.
    pub(super) fn init_error(error: Reported) -> Self {
        Self {
            payload: error.payload,
            status: Status::Error(error.error_type),
            message: None,
        }
    }

    /// The process could not be started a second time.
    pub(super) fn not_started(request_id: &str, reason: &str) -> Self {
        Self::of_runtime(
            "Runtime.InvalidEntrypoint",
            format!("RequestId: {request_id} Error: {reason}"),
        )
    }

    /// What the process answered, if that is a failure; else the result.
    pub(super) fn of_response(verdict: Verdict, request_id: &str) -> Result<Bytes, Self> {
        match verdict {
            Verdict::Result(payload) => Ok(payload),
            Verdict::Error(Reported { payload, error_type }) => Err(Self {
                payload,
                status: Status::FunctionError(error_type),
                message: None,
            }),
            Verdict::TooLarge => {
                let message = format!(
                    "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
                );
                let error_type = "Function.ResponseSizeTooLarge";
                Err(Self::new(
                    error_type,
                    &message,
                    Status::FunctionError(error_type.to_owned()),
                ))
            }
            Verdict::Truncated => {
                let message = format!("RequestId: {request_id} Error: the response broke off");
                Err(Self::of_runtime("Runtime.TruncatedResponse", message))
            }
        }
    }
}
