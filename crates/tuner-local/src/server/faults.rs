//! Calls of the HTTP API as tests see them: recorded, and broken on request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::{ApiError, ErrorKind, ThrottleReason};

/// One call of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCall {
    /// The operation's name in the API model, such as `UpdateFunctionConfiguration`.
    pub operation: &'static str,
    /// Its place among all calls since the start, from 1.
    pub number: u64,
    /// The function's plain name, when the call is about one and names it well.
    pub function: Option<String>,
    /// Version or alias, from the query string or the name.
    pub qualifier: Option<String>,
    /// When it arrived.
    pub at: Instant,
}

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 429, the concurrency limit for Invoke, the caller's rate limit for others.
    Throttle,
    /// 500, and nothing was done.
    ServiceError,
    /// 409: an update is in progress.
    Conflict,
    /// 412: the RevisionId is stale.
    PreconditionFailed,
    /// 403.
    AccessDenied,
    /// The call is done, and then answered with 500: the caller can't know.
    AfterEffect500,
    /// The call is done after this time.
    Delay(Duration),
    /// Nothing is done and no answer ever comes.
    Hang,
    /// The call is done, and no answer ever comes.
    AfterEffectHang,
    /// This error, and nothing was done.
    Answer(ApiError),
}

/// Decides, before a call is done, whether and how it goes wrong.
pub type FaultHook = Arc<dyn Fn(&ApiCall) -> Option<Fault> + Send + Sync>;

impl Fault {
    /// The error of a fault that keeps the call from being done.
    pub(super) fn refusal(&self, call: &ApiCall, arn: &str) -> Option<ApiError> {
        Some(match self {
            Self::Throttle if call.operation == "Invoke" => {
                ApiError::throttled(ThrottleReason::ConcurrentInvocationLimitExceeded)
            }
            Self::Throttle => ApiError::throttled(ThrottleReason::CallerRateLimitExceeded),
            Self::ServiceError => service_error(),
            Self::Conflict => ApiError::conflict(format!(
                "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            )),
            Self::PreconditionFailed => ApiError::stale_revision(),
            Self::AccessDenied => ApiError::new(
                ErrorKind::AccessDenied,
                format!(
                    "User is not authorized to perform: lambda:{0} on resource: {arn} because no identity-based policy \
                     allows the lambda:{0} action",
                    if call.operation == "Invoke" {
                        "InvokeFunction"
                    } else {
                        call.operation
                    }
                ),
            ),
            Self::Answer(error) => error.clone(),
            Self::AfterEffect500 | Self::Delay(_) | Self::Hang | Self::AfterEffectHang => return None,
        })
    }
}

pub(super) fn service_error() -> ApiError {
    ApiError::new(
        ErrorKind::Service,
        "Service encountered an internal error; the call may or may not have been done.",
    )
}

/// The last calls, in order of arrival.
#[derive(Default)]
pub(super) struct CallLog(Mutex<VecDeque<ApiCall>>);

/// More than the largest tuning makes; a server that runs for weeks must not grow without end.
const KEPT_CALLS: usize = 100_000;

impl CallLog {
    pub(super) fn record(
        &self,
        operation: &'static str,
        function: Option<String>,
        qualifier: Option<String>,
    ) -> ApiCall {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = calls.back().map_or(1, |last| last.number + 1);
        let call = ApiCall {
            operation,
            number,
            function,
            qualifier,
            at: Instant::now(),
        };
        if calls.len() == KEPT_CALLS {
            calls.pop_front();
        }
        calls.push_back(call.clone());
        call
    }

    pub(super) fn all(&self) -> Vec<ApiCall> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
