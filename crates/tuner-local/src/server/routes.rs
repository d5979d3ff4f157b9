//! From HTTP to operations: one table of what is offered, and one way that every call goes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use bytes::Bytes;

use super::call::Call;
use super::control::{self, Operation};
use super::deploy;
use super::error::{ApiError, ErrorKind};
use super::faults::{Fault, service_error};
use super::invoke::{invoke, request_id};
use super::logs;
use super::name::Target;
use super::state::Server;
use crate::listening::{BODY_WITHIN, Foreign};

/// Where an operation is found (as in the API model, version of the API first), its name, and what does it.
type Route = (MethodFilter, &'static str, &'static str, Option<Operation>);

/// Invoke is the one operation that waits; it has no function here.
const ROUTES: [Route; 22] = [
    (
        MethodFilter::GET,
        "/2015-03-31/functions",
        "ListFunctions",
        Some(control::list_functions),
    ),
    (
        MethodFilter::POST,
        "/2015-03-31/functions",
        "CreateFunction",
        Some(deploy::create_function),
    ),
    (
        MethodFilter::GET,
        "/2015-03-31/functions/{function}",
        "GetFunction",
        Some(control::get_function),
    ),
    (
        MethodFilter::DELETE,
        "/2015-03-31/functions/{function}",
        "DeleteFunction",
        Some(control::delete_function),
    ),
    (
        MethodFilter::GET,
        "/2015-03-31/functions/{function}/configuration",
        "GetFunctionConfiguration",
        Some(control::get_function_configuration),
    ),
    (
        MethodFilter::PUT,
        "/2015-03-31/functions/{function}/configuration",
        "UpdateFunctionConfiguration",
        Some(control::update_function_configuration),
    ),
    (
        MethodFilter::PUT,
        "/2015-03-31/functions/{function}/code",
        "UpdateFunctionCode",
        Some(deploy::update_function_code),
    ),
    (
        MethodFilter::POST,
        "/2015-03-31/functions/{function}/versions",
        "PublishVersion",
        Some(control::publish_version),
    ),
    (
        MethodFilter::GET,
        "/2015-03-31/functions/{function}/versions",
        "ListVersionsByFunction",
        Some(control::list_versions_by_function),
    ),
    (
        MethodFilter::POST,
        "/2015-03-31/functions/{function}/aliases",
        "CreateAlias",
        Some(control::create_alias),
    ),
    (
        MethodFilter::GET,
        "/2015-03-31/functions/{function}/aliases",
        "ListAliases",
        Some(control::list_aliases),
    ),
    (
        MethodFilter::GET,
        "/2015-03-31/functions/{function}/aliases/{alias}",
        "GetAlias",
        Some(control::get_alias),
    ),
    (
        MethodFilter::PUT,
        "/2015-03-31/functions/{function}/aliases/{alias}",
        "UpdateAlias",
        Some(control::update_alias),
    ),
    (
        MethodFilter::DELETE,
        "/2015-03-31/functions/{function}/aliases/{alias}",
        "DeleteAlias",
        Some(control::delete_alias),
    ),
    (
        MethodFilter::POST,
        "/2015-03-31/functions/{function}/invocations",
        "Invoke",
        None,
    ),
    (
        MethodFilter::GET,
        "/2016-08-19/account-settings",
        "GetAccountSettings",
        Some(control::get_account_settings),
    ),
    (
        MethodFilter::GET,
        "/2019-09-30/functions/{function}/concurrency",
        "GetFunctionConcurrency",
        Some(control::get_function_concurrency),
    ),
    (
        MethodFilter::PUT,
        "/2017-10-31/functions/{function}/concurrency",
        "PutFunctionConcurrency",
        Some(control::put_function_concurrency),
    ),
    (
        MethodFilter::DELETE,
        "/2017-10-31/functions/{function}/concurrency",
        "DeleteFunctionConcurrency",
        Some(control::delete_function_concurrency),
    ),
    (
        MethodFilter::GET,
        "/2017-03-31/tags/{resource}",
        "ListTags",
        Some(control::list_tags),
    ),
    (
        MethodFilter::POST,
        "/2017-03-31/tags/{resource}",
        "TagResource",
        Some(control::tag_resource),
    ),
    (
        MethodFilter::DELETE,
        "/2017-03-31/tags/{resource}",
        "UntagResource",
        Some(control::untag_resource),
    ),
];

/// What brings programs to be run; offered only where [`LocalLambdaOptions::deployments`](super::LocalLambdaOptions)
/// says so.
const BRING_CODE: [&str; 2] = ["CreateFunction", "UpdateFunctionCode"];

/// Larger bodies are not even read. Lambda takes packages of 50 MB, in base64.
const LARGEST_BODY: usize = 72 * 1024 * 1024;

pub(super) fn router(server: Arc<Server>) -> Router {
    let mut router = Router::new();
    let offered = |name: &str| server.options.deployments || !BRING_CODE.contains(&name);
    for (method, path, name, operation) in ROUTES.into_iter().filter(|(_, _, name, _)| offered(name)) {
        let handler = move |server: State<Arc<Server>>, path: Path<HashMap<String, String>>, query, request| {
            serve(name, operation, server, path, query, request)
        };
        router = router.route(path, on(method, handler));
        if !path.contains('{') {
            // Older SDKs end these paths with a slash.
            router = router.route(&format!("{path}/"), on(method, handler));
        }
    }
    router = router.route("/", on(MethodFilter::POST, by_target));
    router
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::disable())
        .with_state(server)
}

async fn unknown(method: Method, uri: Uri) -> ApiError {
    let path = uri.path();
    ApiError::new(
        ErrorKind::UnknownOperation,
        format!("the local Lambda does not offer {method} {path}"),
    )
}

/// Services whose operations have no paths, but a header.
async fn by_target(server: State<Arc<Server>>, request: Request) -> Response {
    let header = request.headers().get("x-amz-target");
    let target = header
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let Some((_, name, operation)) = logs::OPERATIONS.into_iter().find(|(known, ..)| *known == target) else {
        let what = format!("the local Lambda does not offer the operation `{target}`");
        return ApiError::new(ErrorKind::UnknownOperation, what).into_target_response();
    };
    serve(
        name,
        Some(operation),
        server,
        Path(HashMap::new()),
        Query(Vec::new()),
        request,
    )
    .await
}

async fn serve(
    name: &'static str,
    operation: Option<Operation>,
    State(server): State<Arc<Server>>,
    Path(path): Path<HashMap<String, String>>,
    Query(query): Query<Vec<(String, String)>>,
    request: Request,
) -> Response {
    let id = request_id();
    let is_by_target = request.headers().contains_key("x-amz-target");
    let mut closing = server.closing.subscribe();
    let answered = async {
        let (parts, body) = request.into_parts();
        if let Some(key) = &server.options.access_key {
            key.admits(&parts.headers)?;
        }
        let body = read(body).await?;
        if let Some(key) = &server.options.access_key {
            key.verify(&parts, &body, SystemTime::now())?;
        }
        let call = Call {
            place: server.account().place.clone(),
            path,
            query,
            body,
        };
        with_faults(name, operation, &server, call, &parts.headers, &id).await
    };
    let mut response = tokio::select! {
        answered = answered => match answered {
            Ok(response) => response,
            Err(error) if is_by_target => error.into_target_response(),
            Err(error) => error.into_response(),
        },
        _ = closing.wait_for(|closing| *closing) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    if name == "GetFunction" {
        say(&mut response, ENVIRONMENT, &server.confinement.environment());
    }
    server.end_retired();
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// For `tuner` itself, beside what Lambda answers: where functions run here.
const ENVIRONMENT: &str = "x-tuner-local-environment";

/// Puts what is no part of Lambda's answer into a header.
pub(super) fn say(response: &mut Response, name: &'static str, what: &impl serde::Serialize) {
    let text = serde_json::to_string(what).ok();
    if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(name, value);
    }
}

async fn read(body: Body) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(cause)) => Err(ApiError::new(
            ErrorKind::RequestTooLarge,
            format!("the body could not be read: {cause}"),
        )),
        Err(_) => Err(ApiError::new(
            ErrorKind::RequestTimeout,
            format!("the body was not sent to its end within {} s", BODY_WITHIN.as_secs()),
        )),
    }
}

/// How a caller that may not call is answered.
pub(super) fn refuse(foreign: Foreign) -> Response {
    let way_out = match &foreign {
        Foreign::WebPage { .. } => "",
        Foreign::Host(_) => {
            "; `tuner local serve --allow-host NAME` takes another name, such as that which a container has for its host"
        }
    };
    let message = format!("the local Lambda: {foreign}{way_out}");
    ApiError::new(ErrorKind::AccessDenied, message).into_response()
}

/// Records the call, and does it unless the fault hook decides otherwise.
async fn with_faults(
    name: &'static str,
    operation: Option<Operation>,
    server: &Arc<Server>,
    call: Call,
    headers: &HeaderMap,
    id: &str,
) -> Result<Response, ApiError> {
    let target = call.target().ok();
    let qualifier = target
        .as_ref()
        .and_then(|t| t.qualifier.as_ref())
        .map(ToString::to_string);
    let alias = call.path.get("alias").cloned();
    let seen = server.calls.record(name, target.map(|t| t.name), qualifier.or(alias));
    let fault = server.options.faults.as_ref().and_then(|decide| decide(&seen));
    if let Some(fault) = &fault {
        let arn = call.place.arn(seen.function.as_deref().unwrap_or("*"));
        if let Some(error) = fault.refusal(&seen, &arn) {
            return Err(error);
        }
    }
    match &fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay(pause)) => tokio::time::sleep(*pause).await,
        _ => {}
    }
    let done = perform(operation, name, server, call, headers, id).await;
    match fault {
        Some(Fault::AfterEffect500) => Err(service_error()),
        Some(Fault::AfterEffectHang) => std::future::pending().await,
        _ => done,
    }
}

async fn perform(
    operation: Option<Operation>,
    name: &'static str,
    server: &Arc<Server>,
    call: Call,
    headers: &HeaderMap,
    id: &str,
) -> Result<Response, ApiError> {
    server.admit_control_call(name)?;
    match operation {
        Some(operation) => Ok(operation(server, &call)?.into_response()),
        None => {
            let target: Target = call.target()?;
            let payload: Bytes = call.body;
            invoke(server, target, id.to_owned(), headers, payload).await
        }
    }
}
