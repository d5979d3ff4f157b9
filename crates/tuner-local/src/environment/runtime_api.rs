//! The Runtime API that the function's process talks to: one server for each process, on a loopback port of its own.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// 6 MB and 100 bytes, the figure in Lambda's own message.
pub(super) const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// The server and what it knows of the process.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// An event with the headers it is handed out with.
pub(super) struct Delivery {
    pub request_id: String,
    pub headers: HeaderMap,
    pub payload: Bytes,
}

/// What the process said about an event.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// The handler's result.
    Result(Bytes),
    /// The handler's error, as posted, and its type.
    Error(Reported),
    /// A result of more than [`MAX_RESPONSE_BYTES`].
    TooLarge,
    /// The upload broke off.
    Truncated,
}

/// An error object posted by the process.
#[derive(Debug, Clone)]
pub(super) struct Reported {
    pub payload: Bytes,
    pub error_type: String,
}

/// An event that was handed out.
#[derive(Debug, Clone, Default)]
pub(super) struct Handled {
    /// When it was handed out.
    pub started: Option<Instant>,
    /// What the process answered, and when the answer was complete.
    pub response: Option<(Verdict, Instant)>,
    /// When the process asked for the next event, which is when it is done with this one.
    pub finished: Option<Instant>,
}

#[derive(Default)]
struct Shared {
    progress: Mutex<Progress>,
    /// There is one listener: whoever handles the event.
    changed: Notify,
}

#[derive(Default)]
struct Progress {
    first_next: Option<Instant>,
    init_error: Option<Reported>,
    waiting: Vec<oneshot::Sender<Delivery>>,
    current: Option<(String, Handled)>,
}

impl RuntimeApi {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::clone(&shared));
        // Small answers must not wait for acknowledgements.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = tokio::spawn(async move {
            if let Err(e) = axum::serve(listener, app).await {
                tracing::error!("the Runtime API on {address} ended: {e}");
            }
        });
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the process ever asked for an event or reported an init error.
    pub(super) fn was_spoken_to(&self) -> bool {
        let progress = self.shared.lock();
        progress.first_next.is_some() || progress.init_error.is_some()
    }

    /// Waits until init is over: when the process first asked for an event, or what it reported instead.
    pub(super) async fn initialized(&self) -> Result<Instant, Reported> {
        self.shared
            .wait_until(|progress| match (&progress.init_error, progress.first_next) {
                (Some(error), _) => Some(Err(error.clone())),
                (None, Some(at)) => Some(Ok(at)),
                (None, None) => None,
            })
            .await
    }

    /// Hands out the event as soon as the process asks for one, and waits until the process is done with it.
    pub(super) async fn hand_out(&self, delivery: Delivery) -> Handled {
        self.shared.lock().current = Some((delivery.request_id.clone(), Handled::default()));
        let mut delivery = Some(delivery);
        self.shared
            .wait_until(|progress| {
                while let Some(event) = delivery.take() {
                    match progress.waiting.pop() {
                        Some(asking) => delivery = asking.send(event).err(),
                        None => {
                            delivery = Some(event);
                            return None;
                        }
                    }
                }
                progress
                    .current
                    .as_ref()
                    .filter(|(_, handled)| handled.finished.is_some())
                    .map(|(_, h)| h.clone())
            })
            .await
    }

    /// What is known of the event handed out last.
    pub(super) fn handled(&self) -> Handled {
        self.shared
            .lock()
            .current
            .as_ref()
            .map(|(_, handled)| handled.clone())
            .unwrap_or_default()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_until<T>(&self, mut ready: impl FnMut(&mut Progress) -> Option<T>) -> T {
        loop {
            if let Some(value) = ready(&mut self.lock()) {
                return value;
            }
            self.changed.notified().await;
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let arrived = Instant::now();
    let asked = {
        let mut progress = shared.lock();
        match &mut progress.current {
            Some((_, handled)) if handled.started.is_some() && handled.response.is_none() => {
                return invalid_transition("Running", "Ready");
            }
            // Not started: the event is on its way to an earlier call, or will be taken by this one.
            Some((_, handled)) if handled.started.is_some() => {
                handled.finished.get_or_insert(arrived);
            }
            _ => {}
        }
        progress.first_next.get_or_insert(arrived);
        progress.waiting.retain(|asking| !asking.is_closed());
        let (sender, receiver) = oneshot::channel();
        progress.waiting.push(sender);
        receiver
    };
    shared.changed.notify_one();
    let Ok(delivery) = asked.await else {
        return refusal(
            StatusCode::GONE,
            "Runtime.Shutdown",
            "the execution environment is shutting down",
        );
    };
    let response = (StatusCode::OK, delivery.headers, delivery.payload).into_response();
    let mut progress = shared.lock();
    if let Some((_, handled)) = &mut progress.current {
        handled.started = Some(Instant::now());
    }
    drop(progress);
    response
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Body) -> Response {
    if let Err(refused) = shared.may_answer(&id) {
        return refused;
    }
    let answer = match read_all(body).await {
        Ok(Some(payload)) => Verdict::Result(payload),
        Ok(None) => Verdict::TooLarge,
        Err(_) => Verdict::Truncated,
    };
    let too_large = matches!(answer, Verdict::TooLarge);
    match shared.answer(&id, answer) {
        Ok(()) if too_large => refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            &format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."),
        ),
        Ok(()) => accepted(),
        Err(refused) => refused,
    }
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    if let Err(refused) = shared.may_answer(&id) {
        return refused;
    }
    let answer = match read_all(body).await {
        Ok(Some(payload)) => Verdict::Error(reported(&headers, payload, "Function.Unknown")),
        Ok(None) => Verdict::TooLarge,
        Err(_) => Verdict::Truncated,
    };
    shared
        .answer(&id, answer)
        .map_or_else(|refused| refused, |()| accepted())
}

async fn init_error(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    if shared.lock().first_next.is_some() {
        return invalid_transition("Ready", "InitError");
    }
    let payload = read_all(body).await.ok().flatten().unwrap_or_default();
    shared
        .lock()
        .init_error
        .get_or_insert(reported(&headers, payload, "Runtime.Unknown"));
    shared.changed.notify_one();
    accepted()
}

impl Shared {
    /// Whether the process may answer the event `id` now: it must be the one in hand, and unanswered.
    fn may_answer(&self, id: &str) -> Result<(), Response> {
        match &self.lock().current {
            Some((current, handled)) if current == id && handled.started.is_some() => match handled.response {
                None => Ok(()),
                Some(_) => Err(invalid_transition("Ready", "InvocationResponse")),
            },
            _ => Err(refusal(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "Invalid request ID",
            )),
        }
    }

    fn answer(&self, id: &str, answer: Verdict) -> Result<(), Response> {
        let complete = Instant::now();
        // Checked again: reading the body took a while, in which another answer may have come.
        self.may_answer(id)?;
        let mut progress = self.lock();
        // A process with several loops may already be asking for more.
        progress.waiting.retain(|asking| !asking.is_closed());
        let asking = !progress.waiting.is_empty();
        if let Some((_, handled)) = &mut progress.current {
            handled.response = Some((answer, complete));
            handled.finished = asking.then_some(complete);
        }
        drop(progress);
        self.changed.notify_one();
        Ok(())
    }
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

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (status, Json(json!({"errorType": error_type, "errorMessage": message}))).into_response()
}

fn invalid_transition(from: &str, to: &str) -> Response {
    let message =
        format!("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed");
    refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", &message)
}

/// The headers of an event. A value that can't be a header (a line break in a client context) is left out.
pub(super) fn headers<const N: usize>(values: [(&'static str, Option<String>); N]) -> HeaderMap {
    let present = values
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value?).ok()?)));
    present.collect()
}
