//! Errors as Lambda words and encodes them.

use std::io;
use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::confinement::ConfinementError;

/// Why a call was refused: the exceptions of the Lambda API that the local Lambda can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A field is outside what the API model allows (400).
    Validation,
    /// A value that Lambda itself refuses (400).
    InvalidParameterValue,
    /// The same, as CloudWatch Logs names it (400).
    InvalidParameter,
    /// The payload of an invocation is not JSON (400).
    InvalidRequestContent,
    /// The caller may not do this (403): a web page, a host that is not ours, or fault injection.
    AccessDenied,
    /// No signature where one is asked for (403).
    MissingAuthenticationToken,
    /// Signed with another access key (403).
    UnrecognizedClient,
    /// A signature that is not that of this request (403).
    InvalidSignature,
    /// The request was not sent to its end in time (408).
    RequestTimeout,
    /// No such function, version or alias (404).
    ResourceNotFound,
    /// An operation that the local Lambda does not offer (404).
    UnknownOperation,
    /// An update is under way, or the thing exists or is in use (409).
    ResourceConflict,
    /// `RevisionId` is not the current one (412).
    PreconditionFailed,
    /// The body is above the limit (413).
    RequestTooLarge,
    /// Throttled; the reason says by which limit (429).
    TooManyRequests(ThrottleReason),
    /// The service failed (500); only by fault injection.
    Service,
}

/// The limit that a throttled call ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleReason {
    /// Too many control-plane calls in a second.
    CallerRateLimitExceeded,
    /// The account's unreserved concurrency is used up.
    ConcurrentInvocationLimitExceeded,
    /// The function's reserved concurrency is used up.
    ReservedFunctionConcurrentInvocationLimitExceeded,
}

impl ThrottleReason {
    /// The word in the field `Reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallerRateLimitExceeded => "CallerRateLimitExceeded",
            Self::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            Self::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
        }
    }
}

impl ErrorKind {
    /// The exception's name, as in the header `X-Amzn-ErrorType`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Validation => "ValidationException",
            Self::InvalidParameterValue => "InvalidParameterValueException",
            Self::InvalidParameter => "InvalidParameterException",
            Self::InvalidRequestContent => "InvalidRequestContentException",
            Self::AccessDenied => "AccessDeniedException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::InvalidSignature => "InvalidSignatureException",
            Self::RequestTimeout => "RequestTimeoutException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::ResourceConflict => "ResourceConflictException",
            Self::PreconditionFailed => "PreconditionFailedException",
            Self::RequestTooLarge => "RequestTooLargeException",
            Self::TooManyRequests(_) => "TooManyRequestsException",
            Self::Service => "ServiceException",
        }
    }

    /// The HTTP status it is answered with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Validation | Self::InvalidParameterValue | Self::InvalidParameter | Self::InvalidRequestContent => {
                StatusCode::BAD_REQUEST
            }
            Self::AccessDenied
            | Self::MissingAuthenticationToken
            | Self::UnrecognizedClient
            | Self::InvalidSignature => StatusCode::FORBIDDEN,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::ResourceNotFound | Self::UnknownOperation => StatusCode::NOT_FOUND,
            Self::ResourceConflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Service => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The API model spells the member `Message` in some exceptions and `message` in the others.
    const fn message_field(self) -> &'static str {
        match self {
            Self::ResourceNotFound | Self::Service | Self::AccessDenied => "Message",
            _ => "message",
        }
    }
}

/// A call refused, in Lambda's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.code())]
pub struct ApiError {
    /// Which exception.
    pub kind: ErrorKind,
    /// What it says.
    pub message: String,
}

impl ApiError {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParameterValue, message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ResourceConflict, message)
    }

    pub(super) fn function_not_found(arn: &str) -> Self {
        Self::new(ErrorKind::ResourceNotFound, format!("Function not found: {arn}"))
    }

    pub(super) fn stale_revision() -> Self {
        Self::new(
            ErrorKind::PreconditionFailed,
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
             retrieve the latest Revision Id",
        )
    }

    pub(super) fn throttled(reason: ThrottleReason) -> Self {
        Self::new(ErrorKind::TooManyRequests(reason), "Rate Exceeded.")
    }

    /// A field outside the API model, worded as the service's front door does.
    pub(super) fn constraint(field: &str, value: impl std::fmt::Display, rule: impl std::fmt::Display) -> Self {
        Self::new(
            ErrorKind::Validation,
            format!(
                "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must \
                 {rule}"
            ),
        )
    }
}

impl ApiError {
    /// As services answer that are called by the header `X-Amz-Target`: always 400 where the caller is to blame, and the exception's
    /// name in the body (AWS JSON 1.1 protocol of Smithy).
    pub(super) fn into_target_response(self) -> Response {
        let status = match self.kind.status() {
            status if status.is_server_error() => status,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "__type": self.kind.code(), "message": self.message });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-amz-json-1.1"),
        );
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.kind.code()));
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let side = if status.is_server_error() { "Service" } else { "User" };
        let mut body = json!({ "Type": side, self.kind.message_field(): self.message });
        let mut response = Response::new(Body::empty());
        if let ErrorKind::TooManyRequests(reason) = self.kind {
            body["Reason"] = reason.as_str().into();
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.kind.code()));
        *response.body_mut() = Body::from(body.to_string());
        response
    }
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program listens there.
    #[error(
        "{address} is already in use; stop the program that listens there, or choose another port (0 picks a free one)"
    )]
    AddressInUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The operating system refused for another reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The means of confinement that was asked for is not possible here.
    #[error(transparent)]
    Confinement(#[from] ConfinementError),
}
