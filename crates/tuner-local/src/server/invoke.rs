//! Invoke: admission, the execution environment, the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tuner_core::Architecture;
use uuid::Uuid;

use crate::environment::{Answer, Environment, EnvironmentSpec, Event, LogFormat};

use super::asynchronous::retry;
use super::error::{ApiError, ErrorKind};
use super::logs::Written;
use super::name::Target;
use super::routes::say;
use super::snapshot::Snapshot;
use super::state::Server;

/// Lambda's limits of a payload, in bytes.
const SYNCHRONOUS_LIMIT: usize = 6 * 1024 * 1024;
const ASYNCHRONOUS_LIMIT: usize = 1024 * 1024;
/// How much of the log `LogType: Tail` returns, in bytes.
const TAIL: usize = 4096;

/// An invocation and what it ran.
pub(super) struct Done {
    pub(super) answer: Answer,
    version: String,
}

/// Answers the operation Invoke.
pub(super) async fn invoke(
    server: &Arc<Server>,
    target: Target,
    request_id: String,
    headers: &HeaderMap,
    payload: Bytes,
) -> Result<Response, ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = header("x-amz-invocation-type").unwrap_or("RequestResponse");
    let log_type = header("x-amz-log-type").unwrap_or("None");
    if !matches!(log_type, "None" | "Tail") {
        return Err(ApiError::constraint(
            "logType",
            log_type,
            "satisfy enum value set: [Tail, None]",
        ));
    }
    let limit = match kind {
        "RequestResponse" | "DryRun" => SYNCHRONOUS_LIMIT,
        "Event" => ASYNCHRONOUS_LIMIT,
        other => {
            return Err(ApiError::constraint(
                "invocationType",
                other,
                "satisfy enum value set: [Event, RequestResponse, DryRun]",
            ));
        }
    };
    if payload.len() > limit {
        return Err(ApiError::new(
            ErrorKind::RequestTooLarge,
            format!("Request must be smaller than {limit} bytes for the InvokeFunction operation"),
        ));
    }
    let payload = checked(payload)?;
    let client_context = header("x-amz-client-context").map(str::to_owned);
    let event = |arn: String, client_context| Event {
        request_id: request_id.clone(),
        invoked_function_arn: arn,
        payload: payload.clone(),
        client_context,
    };
    match kind {
        "DryRun" => {
            server.account().check(&target, Instant::now())?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        "Event" => {
            server.account().check(&target, Instant::now())?;
            // Lambda passes the client context to synchronous invocations only.
            let event = event(String::new(), None);
            let retrying = Arc::clone(server);
            server.spawn(async move { retry(retrying, target, event).await });
            Ok(empty(StatusCode::ACCEPTED))
        }
        _ => {
            let admission = Admission::enter(server, &target)?;
            let event = event(admission.invoked_arn.clone(), client_context);
            // In a task of its own: on Lambda too, an invocation goes on when its caller hangs up.
            let (send, receive) = tokio::sync::oneshot::channel();
            server.spawn(async move {
                let done = admission.run(event).await;
                let _ = send.send(done);
            });
            let done = receive.await.map_err(|_| super::faults::service_error())?;
            Ok(answer(done, log_type == "Tail"))
        }
    }
}

/// An empty payload is an empty object; anything else has to be JSON.
fn checked(payload: Bytes) -> Result<Bytes, ApiError> {
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(cause) => Err(ApiError::new(
            ErrorKind::InvalidRequestContent,
            format!("Could not parse request body into json: {cause}"),
        )),
    }
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// For `tuner` itself, beside what Lambda answers: how far the invocation's figures can be trusted.
const READING: &str = "x-tuner-local-reading";

fn answer(done: Done, with_tail: bool) -> Response {
    let reading = done.answer.reading;
    let mut response = Response::new(Body::from(done.answer.payload));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut add = |name: &'static str, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    add("x-amz-executed-version", done.version);
    if let Some(error) = done.answer.function_error {
        add("x-amz-function-error", error);
    }
    if with_tail {
        let log = &done.answer.log;
        add(
            "x-amz-log-result",
            STANDARD.encode(&log[log.len().saturating_sub(TAIL)..]),
        );
    }
    say(&mut response, READING, &reading);
    response
}

/// A place in the account's concurrency, given back when dropped.
pub(super) struct Admission {
    server: Arc<Server>,
    snapshot: Arc<Snapshot>,
    pub(super) invoked_arn: String,
}

impl Admission {
    pub(super) fn enter(server: &Arc<Server>, target: &Target) -> Result<Self, ApiError> {
        let admitted = server.account().enter(target, Instant::now())?;
        Ok(Self {
            server: Arc::clone(server),
            snapshot: admitted.snapshot,
            invoked_arn: admitted.invoked_arn,
        })
    }

    /// Runs the event in a warm environment, or in a new one if none is idle.
    pub(super) async fn run(self, event: Event) -> Done {
        let server = &self.server;
        let version = self.snapshot.version_text();
        let (started, began_ms) = (Instant::now(), now_ms());
        let environment = match server.pool.take(&self.snapshot) {
            Some(warm) => Ok(warm),
            None => Environment::start(self.spec(), Arc::clone(&server.confinement)).await,
        };
        let answer = match environment {
            Err(error) => Environment::not_started(&self.spec(), &event, &error, started.elapsed()),
            Ok(mut environment) => {
                let answer = environment.handle(event).await;
                let ended = if answer.reusable {
                    server.pool.give_back(&self.snapshot, environment)
                } else {
                    Some(environment)
                };
                if let Some(ended) = ended {
                    ended.shutdown().await;
                }
                answer
            }
        };
        server.logs().take(&Written {
            group: &self.snapshot.log_group(),
            stream: &answer.log_stream,
            began_ms,
            ended_ms: now_ms(),
            log: &answer.log,
        });
        Done { answer, version }
    }

    fn spec(&self) -> EnvironmentSpec {
        let Snapshot {
            settings,
            code,
            function,
            ..
        } = &*self.snapshot;
        EnvironmentSpec {
            function_name: function.clone(),
            version: self.snapshot.version_text(),
            command: code.command.clone(),
            working_directory: code.working_directory.clone(),
            runtime_variables: code.runtime_variables.clone(),
            handler: settings.handler.clone(),
            variables: settings.variables.clone(),
            memory_size_mb: settings.memory_size_mb,
            timeout: Duration::from_secs(settings.timeout_seconds.into()),
            init_timeout: self.server.options.init_timeout,
            architecture: settings.architecture.parse().unwrap_or(Architecture::X86_64),
            region: self.server.options.region.clone(),
            log_group: self.snapshot.log_group(),
            log_format: if settings.logging.log_format == "JSON" {
                LogFormat::Json
            } else {
                LogFormat::Text
            },
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.server.account().leave(&self.snapshot.function);
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A fresh request ID.
pub(super) fn request_id() -> String {
    Uuid::new_v4().to_string()
}
