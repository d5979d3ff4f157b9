use std::time::Duration;

use tuner_core::Remedy;

/// A call that did not go through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct PortError {
    /// What kind of failure, which decides what is done about it.
    pub kind: PortErrorKind,
    /// The API operation, such as `UpdateFunctionConfiguration`.
    pub operation: &'static str,
    /// What the service said.
    pub message: String,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
}

impl PortError {
    /// A failure of `operation`.
    pub fn new(kind: PortErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            message: message.into(),
            retry_after: None,
        }
    }

    /// What the reader can do about it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self.kind {
            PortErrorKind::NotFound => Some(Remedy::CheckFunction),
            // Taking on a role is a call of its own, before the one that failed.
            PortErrorKind::Denied if self.message.to_ascii_lowercase().contains("sts:assumerole") => {
                Some(Remedy::AllowRole)
            }
            PortErrorKind::Denied => Some(Remedy::Allow {
                action: action(self.operation),
            }),
            PortErrorKind::NotSignedIn => Some(Remedy::SignIn),
            PortErrorKind::Throttled => Some(Remedy::LowerConcurrency),
            PortErrorKind::Unreachable | PortErrorKind::Network => Some(Remedy::CheckNetwork),
            PortErrorKind::MemoryQuota => Some(Remedy::LeaveOutLargerSizes),
            _ => None,
        }
    }
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortErrorKind {
    /// No such function, version or alias.
    NotFound,
    /// Credentials are expired or don't allow it.
    Denied,
    /// There are no credentials, or no region to use them in.
    NotSignedIn,
    /// The resource is busy with another change, or not ready yet: wait and try again.
    Conflict,
    /// Something else refers to the resource, such as an alias to a version.
    InUse,
    /// `RevisionId` is stale: somebody changed the function in between.
    Precondition,
    /// Too many requests.
    Throttled,
    /// The memory size is above what the account may use.
    MemoryQuota,
    /// The request is wrong in itself, and would be the next time.
    Invalid,
    /// The service failed; the call may or may not have had its effect.
    Service,
    /// No answer: the call may or may not have had its effect.
    Network,
    /// The endpoint can't be reached at all: the call had no effect.
    Unreachable,
}

impl PortErrorKind {
    /// Whether trying again may help.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Conflict | Self::Throttled | Self::Service | Self::Network | Self::Unreachable
        )
    }

    /// Whether the call may have had its effect all the same.
    pub const fn is_ambiguous(self) -> bool {
        matches!(self, Self::Service | Self::Network)
    }
}

/// What IAM calls the permission for an operation. Source: the service authorization reference of each service.
fn action(operation: &str) -> String {
    match operation {
        "Invoke" => "lambda:InvokeFunction".to_owned(),
        "GetMetricData" => "cloudwatch:GetMetricData".to_owned(),
        "GetLambdaFunctionRecommendations" => "compute-optimizer:GetLambdaFunctionRecommendations".to_owned(),
        "FilterLogEvents" | "DescribeLogGroups" | "StartQuery" | "GetQueryResults" | "StopQuery" => {
            format!("logs:{operation}")
        }
        _ => format!("lambda:{operation}"),
    }
}
