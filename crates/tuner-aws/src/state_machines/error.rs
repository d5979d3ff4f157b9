use std::error::Error;

use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tuner_engine::ports::{PortError, PortErrorKind};

use crate::errors::{EXPIRED, has_expired, port_error};

/// A call to Step Functions that did not go through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateMachineError {
    /// There is no such execution (any more).
    #[error("there is no execution `{arn}`; check account and region, and that it ended less than 90 days ago")]
    NoSuchExecution {
        /// As it was asked for.
        arn: String,
    },
    /// There is no such state machine, or it is being deleted.
    #[error("there is no state machine `{arn}`; check account and region")]
    NoSuchStateMachine {
        /// As it was asked for.
        arn: String,
    },
    /// An execution of that name has another input, or has ended.
    #[error("there is an execution named `{name}` already, which has ended or has another input; choose another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Not allowed.
    #[error("not allowed to call `{action}` on {resource}: {message}")]
    Denied {
        /// The action of IAM, such as `states:StartExecution`.
        action: String,
        /// On what.
        resource: String,
        /// What the service said.
        message: String,
    },
    /// The credentials were good once.
    #[error("{EXPIRED} ({message})")]
    Expired {
        /// What the service said.
        message: String,
    },
    /// Any other failure.
    #[error(transparent)]
    Call(#[from] PortError),
}

impl StateMachineError {
    /// Whether the same call may go through later: no answer, an overloaded or failing service.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Call(error) if error.kind.is_transient())
    }
}

/// Translates a failure of `operation` on `resource`: an ARN, or a name for a new execution.
pub(super) fn failed<E>(operation: &'static str, resource: &str, error: SdkError<E, HttpResponse>) -> StateMachineError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let has_answer = error.raw_response().is_some();
    let error = port_error(operation, error);
    let arn = resource.to_owned();
    match code.as_str() {
        "ExecutionDoesNotExist" => StateMachineError::NoSuchExecution { arn },
        "StateMachineDoesNotExist" | "StateMachineDeleting" => StateMachineError::NoSuchStateMachine { arn },
        code if has_expired(code) => StateMachineError::Expired { message: error.message },
        _ if error.kind == PortErrorKind::Denied && has_answer => StateMachineError::Denied {
            action: format!("states:{operation}"),
            resource: arn,
            message: error.message,
        },
        _ => error.into(),
    }
}
