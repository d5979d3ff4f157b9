//! The routes of the Runtime API, version 2018-06-01.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::json;

use crate::listening::Foreign;

use super::runtime_api::{MAX_RESPONSE_BYTES, Reported, Shared, Verdict};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(shared)
}

/// A call out of turn, as Lambda refuses it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refused {
    /// Not the event in hand.
    RequestId,
    /// Not now: from which state to which.
    Transition(&'static str, &'static str),
    /// More than Lambda takes.
    TooLarge,
    /// The environment is being ended.
    Shutdown,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error_type, message) = match self {
            Self::RequestId => (
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "Invalid request ID".to_owned(),
            ),
            Self::Transition(from, to) => (
                StatusCode::FORBIDDEN,
                "InvalidStateTransition",
                format!(
                    "State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"
                ),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."),
            ),
            Self::Shutdown => (
                StatusCode::GONE,
                "Runtime.Shutdown",
                "the execution environment is shutting down".to_owned(),
            ),
        };
        (status, Json(json!({"errorType": error_type, "errorMessage": message}))).into_response()
    }
}

/// How somebody who is not the function's process is answered.
pub(super) fn refuse(foreign: Foreign) -> Response {
    let error = json!({"errorType": "AccessDenied", "errorMessage": foreign.to_string()});
    (StatusCode::FORBIDDEN, Json(error)).into_response()
}

async fn next(State(shared): State<Arc<Shared>>) -> Result<Response, Refused> {
    let event = shared.ask(Instant::now())?;
    let delivery = event.await.map_err(|_| Refused::Shutdown)?;
    let response = (delivery.headers, delivery.payload).into_response();
    shared.starts();
    Ok(response)
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Body) -> Result<Response, Refused> {
    shared.may_answer(&id)?;
    match read_all(body).await {
        Ok(Some(payload)) => shared.answer(&id, Verdict::Result(payload))?,
        Ok(None) => {
            shared.answer(&id, Verdict::TooLarge)?;
            return Err(Refused::TooLarge);
        }
        Err(_) => shared.answer(&id, Verdict::Truncated)?,
    }
    Ok(accepted())
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    shared.may_answer(&id)?;
    let verdict = match read_all(body).await {
        Ok(Some(payload)) => Verdict::Error(reported(&headers, payload, "Function.Unknown")),
        Ok(None) => Verdict::TooLarge,
        Err(_) => Verdict::Truncated,
    };
    shared.answer(&id, verdict)?;
    Ok(accepted())
}

async fn init_error(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Result<Response, Refused> {
    let payload = read_all(body).await.ok().flatten().unwrap_or_default();
    shared.init_failed(reported(&headers, payload, "Runtime.Unknown"))?;
    Ok(accepted())
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

/// Reads the body to its end, also when it is too large to keep (`None`): a client that is cut off while sending would
/// see a broken connection instead of the answer.
async fn read_all(mut body: Body) -> Result<Option<Bytes>, axum::Error> {
    let mut kept = Vec::new();
    let mut total = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame?.into_data() {
            total += data.len();
            if total <= MAX_RESPONSE_BYTES {
                kept.extend_from_slice(&data);
            }
        }
    }
    Ok((total <= MAX_RESPONSE_BYTES).then(|| kept.into()))
}

/// The error type comes with its own header; older runtimes have it in the body only.
fn reported(headers: &HeaderMap, payload: Bytes, otherwise: &str) -> Reported {
    let header = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let in_body = || {
        let body: serde_json::Value = serde_json::from_slice(&payload).ok()?;
        body.get("errorType")?.as_str().map(str::to_owned)
    };
    let error_type = header.or_else(in_body).filter(|t| !t.is_empty());
    // It goes into a log line whose fields are told apart by tabs.
    let error_type = error_type.map(|t| t.replace(['\t', '\n', '\r'], " "));
    Reported {
        error_type: error_type.unwrap_or_else(|| otherwise.to_owned()),
        payload,
    }
}
