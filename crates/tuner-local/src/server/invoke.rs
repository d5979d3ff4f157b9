//! Invoke: admission, the execution environment, the answer; and asynchronous invocations with their retries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;
use tuner_core::Architecture;
use uuid::Uuid;

use crate::environment::{Answer, Environment, EnvironmentSpec, Event, LogFormat, StartError};

use super::error::{ApiError, ErrorKind, ThrottleReason};
use super::function::{Snapshot, log_group};
use super::name::Target;
use super::state::Server;

/// Lambda's limits of a payload, in bytes.
const SYNCHRONOUS_LIMIT: usize = 6 * 1024 * 1024;
const ASYNCHRONOUS_LIMIT: usize = 1024 * 1024;
/// How much of the log `LogType: Tail` returns, in bytes.
const TAIL: usize = 4096;
/// How long Lambda goes on trying an asynchronous invocation that is throttled.
const LONGEST_EVENT_AGE: Duration = Duration::from_secs(6 * 3600);

/// An invocation and what it ran.
struct Done {
    answer: Answer,
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
            server.account().find(&target, Instant::now())?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        "Event" => {
            server.account().find(&target, Instant::now())?;
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

fn answer(done: Done, with_tail: bool) -> Response {
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
    response
}

/// A place in the account's concurrency, given back when dropped.
struct Admission {
    server: Arc<Server>,
    snapshot: Arc<Snapshot>,
    invoked_arn: String,
}

impl Admission {
    fn enter(server: &Arc<Server>, target: &Target) -> Result<Self, ApiError> {
        let admitted = server.account().enter(target, Instant::now())?;
        Ok(Self {
            server: Arc::clone(server),
            snapshot: admitted.snapshot,
            invoked_arn: admitted.invoked_arn,
        })
    }

    /// Runs the event in a warm environment, or in a new one if none is idle.
    async fn run(self, event: Event) -> Done {
        let server = &self.server;
        let version = self.snapshot.version_text();
        let started = Instant::now();
        let environment = match server.pool.take(&self.snapshot) {
            Some(warm) => Ok(warm),
            None => Environment::start(self.spec(), Arc::clone(&server.confinement)).await,
        };
        let answer = match environment {
            Err(error) => not_started(&self.snapshot, &event, &error, started.elapsed()),
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
            handler: settings.handler.clone(),
            variables: settings.variables.clone(),
            memory_size_mb: settings.memory_size_mb,
            timeout: Duration::from_secs(settings.timeout_seconds.into()),
            init_timeout: self.server.options.init_timeout,
            architecture: settings.architecture.parse().unwrap_or(Architecture::X86_64),
            region: self.server.options.region.clone(),
            log_group: log_group(&self.snapshot),
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

/// What Lambda answers when the program can't be started at all.
fn not_started(snapshot: &Snapshot, event: &Event, error: &StartError, took: Duration) -> Answer {
    const TYPE: &str = "Runtime.InvalidEntrypoint";
    let id = &event.request_id;
    let ms = took.as_secs_f64() * 1000.0;
    let (billed, size) = (ms.ceil(), snapshot.settings.memory_size_mb);
    let log = if snapshot.settings.logging.log_format == "JSON" {
        let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let report = json!({ "time": time, "type": "platform.report", "record": {
            "requestId": id, "status": "error", "errorType": TYPE,
            "metrics": { "durationMs": ms, "billedDurationMs": billed, "memorySizeMB": size, "maxMemoryUsedMB": 0 },
        }});
        format!("{report}\n")
    } else {
        let version = snapshot.version_text();
        format!(
            "START RequestId: {id} Version: {version}\nRequestId: {id} Error: {error}\n{TYPE}\nEND RequestId: {id}\n\
             REPORT RequestId: {id}\tDuration: {ms:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {size} MB\tMax \
             Memory Used: 0 MB\tStatus: error\tError Type: {TYPE}\t\n"
        )
    };
    let payload = json!({ "errorType": TYPE, "errorMessage": format!("RequestId: {id} Error: {error}") });
    Answer {
        payload: payload.to_string().into(),
        function_error: Some("Unhandled".to_owned()),
        log: log.into_bytes(),
        reusable: false,
    }
}

/// An asynchronous invocation: a failing one is tried again after each of the configured delays (on Lambda twice, after
/// one and two minutes), a throttled one until it is six hours old.
async fn retry(server: Arc<Server>, target: Target, mut event: Event) {
    let born = Instant::now();
    let mut delays = server.options.event_retry_delays.clone().into_iter();
    let mut back_off = Duration::from_secs(1);
    loop {
        let pause = match Admission::enter(&server, &target) {
            Ok(admission) => {
                event.invoked_function_arn.clone_from(&admission.invoked_arn);
                let done = admission.run(event.clone()).await;
                if done.answer.function_error.is_none() {
                    return;
                }
                let Some(delay) = delays.next() else {
                    tracing::warn!(
                        function = target.name,
                        request_id = event.request_id,
                        "asynchronous invocation failed for good"
                    );
                    return;
                };
                delay
            }
            Err(error) if throttled(&error) && born.elapsed() < LONGEST_EVENT_AGE => {
                let pause = back_off;
                back_off = (back_off * 2).min(Duration::from_secs(300));
                pause
            }
            Err(error) => {
                tracing::warn!(function = target.name, request_id = event.request_id, %error, "asynchronous invocation dropped");
                return;
            }
        };
        tokio::time::sleep(pause).await;
    }
}

fn throttled(error: &ApiError) -> bool {
    matches!(
        error.kind,
        ErrorKind::TooManyRequests(
            ThrottleReason::ConcurrentInvocationLimitExceeded
                | ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded
        )
    )
}

/// A fresh request ID.
pub(super) fn request_id() -> String {
    Uuid::new_v4().to_string()
}
