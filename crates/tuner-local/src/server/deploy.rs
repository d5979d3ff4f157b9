//! Operations that bring code: CreateFunction and UpdateFunctionCode.

use std::collections::BTreeMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::code::Code;
use super::control::in_progress;
use super::error::ApiError;
use super::function::PublishRequest;
use super::name::{Qualifier, Target};
use super::settings::{Changes, Settings};
use super::state::Server;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateRequest {
    function_name: String,
    code: CodeRequest,
    role: Option<String>,
    runtime: Option<String>,
    package_type: Option<String>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CodeRequest {
    zip_file: Option<String>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
    architectures: Option<Value>,
}

impl CodeRequest {
    fn unpack(&self) -> Result<Code, ApiError> {
        let Some(base64) = &self.zip_file else {
            return Err(ApiError::invalid(
                "The local Lambda takes code as ZipFile only; code in S3 and container images are not offered.",
            ));
        };
        let package = STANDARD
            .decode(base64)
            .map_err(|e| ApiError::invalid(format!("ZipFile is not base64: {e}")))?;
        Code::unpack(&package)
    }
}

pub(super) fn create_function(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.json()?;
    let changes: Changes = call.json()?;
    if request.package_type.as_deref().is_some_and(|kind| kind != "Zip") {
        return Err(ApiError::invalid(
            "The local Lambda runs functions of package type Zip only.",
        ));
    }
    if !request.runtime.as_deref().unwrap_or_default().starts_with("provided") {
        return Err(ApiError::invalid(
            "The local Lambda has no managed runtimes: use provided.al2023 with a bootstrap in the package, or register \
             a command that brings its runtime interface client.",
        ));
    }
    let Some(role) = request.role else {
        return Err(ApiError::constraint("role", "null", "not be null"));
    };
    let name = Target::parse(&call.place, &request.function_name, None)?.unqualified()?;
    let code = request.code.unpack()?;
    let now = Instant::now();
    let mut account = server.account();
    let function = account.create(&name, &Settings::new(role), changes, code, now)?;
    function.tags = request.tags;
    let mut shown = function.describe(&call.place, None, now)?;
    if request.publish {
        function.hasten(now);
        let number = account.publish(&name, PublishRequest::default(), now)?;
        shown = account
            .function(&name, now)?
            .describe(&call.place, Some(&Qualifier::Version(number)), now)?;
    }
    Reply::created(shown)
}

pub(super) fn update_function_code(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let request: CodeRequest = call.json()?;
    let changes = serde_json::from_value(json!({ "Architectures": request.architectures }))
        .map_err(|e| ApiError::invalid(format!("Architectures: {e}")))?;
    let code = request.unpack()?;
    let now = Instant::now();
    let mut account = server.account();
    if request.dry_run {
        let mut shown = account.describe(&Target { name, qualifier: None }, now)?;
        shown.code_sha256 = code.sha256.clone();
        shown.code_size = code.size;
        return Reply::ok(shown);
    }
    account.update_code(&name, request.revision_id.as_deref(), changes, code, now)?;
    if !request.publish {
        return Reply::ok(in_progress(&mut account, call, &name, now)?);
    }
    account.function_unsettled(&name)?.hasten(now);
    let number = account.publish(&name, PublishRequest::default(), now)?;
    Reply::ok(
        account
            .function(&name, now)?
            .describe(&call.place, Some(&Qualifier::Version(number)), now)?,
    )
}
