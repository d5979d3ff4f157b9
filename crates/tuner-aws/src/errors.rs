//! From the SDK's errors to the engine's kinds of failure.

use std::error::Error;
use std::time::Duration;

use aws_sdk_lambda::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tuner_engine::ports::{PortError, PortErrorKind};

/// Translates a failure of `operation`.
pub(crate) fn port_error<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match &error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let code = service.err().code().unwrap_or_default();
            // Lambda quotes all environment variables when they are too long; secrets do not belong on a screen.
            let message = service.err().message().unwrap_or_default();
            let message = message.split("String measured:").next().unwrap_or_default().trim_end();
            let said = match (code, message) {
                ("", "") => format!("HTTP status {status}"),
                (code, message) => said_by(code, message),
            };
            PortError {
                retry_after: retry_after(service.raw()),
                ..PortError::new(kind(operation, code, message, status), operation, said)
            }
        }
        SdkError::TimeoutError(_) => PortError::new(PortErrorKind::Network, operation, chain(&error)),
        SdkError::DispatchFailure(failure) => {
            let text = chain(&error);
            let otherwise = if failure.is_user() {
                PortErrorKind::Invalid
            } else {
                PortErrorKind::Network
            };
            PortError::new(before_an_answer(&text).unwrap_or(otherwise), operation, text)
        }
        SdkError::ConstructionFailure(_) => {
            let text = chain(&error);
            let kind = before_an_answer(&text).unwrap_or(PortErrorKind::Invalid);
            PortError::new(kind, operation, text)
        }
        _ => PortError::new(PortErrorKind::Network, operation, chain(&error)),
    }
}

/// Adds to a denial what would have been needed.
pub(crate) fn needs(action: &str, resource: &str, code: &str, error: PortError) -> PortError {
    if !is_denial(code) {
        return error;
    }
    PortError {
        message: format!("{}; it takes `{action}` on {resource}", error.message),
        ..error
    }
}

/// Whether an error code says that good credentials do not allow a call.
pub(crate) fn is_denial(code: &str) -> bool {
    code.contains("AccessDenied")
}

/// What to do about credentials that are no longer good.
pub(crate) const EXPIRED: &str = "the credentials have expired; sign in again, such as with `aws sso login`";

/// Whether an error code says that credentials are no longer good.
pub(crate) fn has_expired(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired")
}

fn kind(operation: &str, code: &str, message: &str, status: u16) -> PortErrorKind {
    match code {
        "ResourceNotFoundException" => PortErrorKind::NotFound,
        "ResourceConflictException" if operation == "DeleteFunction" && message.contains("alias") => {
            PortErrorKind::InUse
        }
        "ResourceConflictException" | "SnapStartNotReadyException" | "ResourceNotReadyException" => {
            PortErrorKind::Conflict
        }
        "PreconditionFailedException" => PortErrorKind::Precondition,
        "TooManyRequestsException" | "EC2ThrottledException" | "ExecutionLimitExceeded" | "SlowDown"
        // So many queries of CloudWatch Logs are under way.
        | "LimitExceededException" => {
            PortErrorKind::Throttled
        }
        "InvalidParameterValueException" | "ValidationException" if over_memory_quota(message) => {
            PortErrorKind::MemoryQuota
        }
        code if code.contains("Throttl") => PortErrorKind::Throttled,
        code if is_denial(code)
            || code.contains("Token")
            || code.contains("Signature")
            || code == "UnrecognizedClientException"
            // A region, or Compute Optimizer, is not enabled for the account.
            || code == "OptInRequired"
            || code == "OptInRequiredException" =>
        {
            PortErrorKind::Denied
        }
        _ => match status {
            403 | 401 => PortErrorKind::Denied,
            404 => PortErrorKind::NotFound,
            412 => PortErrorKind::Precondition,
            429 => PortErrorKind::Throttled,
            500.. => PortErrorKind::Service,
            _ => PortErrorKind::Invalid,
        },
    }
}

/// New accounts may use up to 3,008 MB: "'MemorySize' value failed to satisfy constraint: Member must have value less than
/// or equal to 3008".
fn over_memory_quota(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("memorysize") && message.contains("less than or equal to")
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    response
        .headers()
        .get("retry-after")?
        .parse::<u64>()
        .ok()
        .map(Duration::from_secs)
}

/// The error and its causes in words; the SDK's own rendering adds a dump of the structure.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = match error.downcast_ref::<ErrorMetadata>() {
            Some(said) => said_by(said.code().unwrap_or_default(), said.message().unwrap_or_default()),
            None => error.to_string(),
        };
        // Five lines about the places where there are no credentials would hide that there are none.
        let text = text.split(". Attempted:").next().unwrap_or_default().to_owned();
        // Wrappers often say nothing of their own, or repeat what they wrap.
        let is_noise = matches!(
            text.as_str(),
            "dispatch failure" | "other" | "service error" | "unhandled error"
        ) || text.starts_with("unhandled error (");
        if !is_noise && !words.iter().any(|known| known.contains(&text)) {
            words.push(text);
        }
        next = error.source();
    }
    if words.is_empty() {
        return error.to_string();
    }
    words.join(": ")
}

fn said_by(code: &str, message: &str) -> String {
    match (code, message) {
        (code, "") => code.to_owned(),
        ("", message) => message.to_owned(),
        (code, message) => format!("{code}: {message}"),
    }
}

/// Why a call got no answer, where the words say so. Credentials may take a call of their own, which fails like any other.
fn before_an_answer(text: &str) -> Option<PortErrorKind> {
    let text = text.to_ascii_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    if says(&["no credentials found in chain"]) {
        Some(PortErrorKind::NotSignedIn)
    } else if says(&[
        // No connection came about, for any reason: no TLS with it, for one.
        "client error (connect)",
        "tls handshake failed",
        "tcp connect error",
        "dns error",
        "connection refused",
        "failed to lookup",
        "connect timeout",
    ]) {
        Some(PortErrorKind::Unreachable)
    } else if says(&["sts:assumerole", "expiredtoken"]) {
        Some(PortErrorKind::Denied)
    } else if says(&["credential", "identity", "region"]) {
        Some(PortErrorKind::NotSignedIn)
    } else {
        None
    }
}
