//! The shapes in which the API shows functions and aliases.

use std::collections::BTreeMap;

use serde::Serialize;

use super::settings::LoggingConfig;

/// `FunctionConfiguration` of the API: a function or one of its versions, as callers see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionConfiguration {
    /// Plain name.
    pub function_name: String,
    /// With the qualifier that was asked for.
    pub function_arn: String,
    /// As given; any program that speaks the Runtime API is run, whatever it says here.
    pub runtime: String,
    /// As given; nothing is allowed or refused by it here.
    pub role: String,
    /// `_HANDLER`.
    pub handler: String,
    /// Of the program or package, in bytes.
    pub code_size: u64,
    /// At most 256 characters.
    pub description: String,
    /// In seconds.
    pub timeout: u32,
    /// In MB.
    pub memory_size: u32,
    /// `2026-01-31T12:00:00.000+0000`.
    pub last_modified: String,
    /// Base64.
    pub code_sha256: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// The user's variables; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentResponse>,
    /// Changes with every change.
    pub revision_id: String,
    /// Absent in lists, as on Lambda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why it is not active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<&'static str>,
    /// The same as a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<&'static str>,
    /// Absent in lists, as on Lambda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_update_status: Option<LastUpdateStatus>,
    /// Why an update is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason: Option<&'static str>,
    /// The same as a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason_code: Option<&'static str>,
    /// Always `Zip`.
    pub package_type: &'static str,
    /// One.
    pub architectures: [String; 1],
    /// In MB.
    pub ephemeral_storage: EphemeralStorage,
    /// Where and how log lines are written.
    pub logging_config: LoggingConfig,
    /// Never on.
    pub snap_start: SnapStart,
    /// Settings that are kept and shown but change nothing here.
    #[serde(flatten)]
    pub kept: BTreeMap<&'static str, serde_json::Value>,
}

/// `EnvironmentResponse` of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvironmentResponse {
    /// The user's variables.
    pub variables: BTreeMap<String, String>,
}

/// `EphemeralStorage` of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EphemeralStorage {
    /// In MB. Reported, not limited.
    pub size: u32,
}

/// `SnapStart` of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnapStart {
    /// `None`.
    pub apply_on: &'static str,
    /// `Off`.
    pub optimization_status: &'static str,
}

/// Whether a function can be invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum State {
    /// Being made.
    Pending,
    /// Ready.
    Active,
}

/// How the last update of a function went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum LastUpdateStatus {
    /// Done.
    Successful,
    /// Under way; another one is refused, and invocations still run the settings before it.
    InProgress,
}

/// `AliasConfiguration` of the API.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasConfiguration {
    /// ARN with the alias as qualifier.
    pub alias_arn: String,
    /// The alias.
    pub name: String,
    /// `$LATEST` or a number.
    pub function_version: String,
    /// At most 256 characters.
    pub description: String,
    /// A second version and its share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_config: Option<RoutingConfig>,
    /// Changes with every change.
    pub revision_id: String,
}

/// `AliasRoutingConfiguration` of the API.
#[derive(Debug, Clone, Default, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoutingConfig {
    /// Version to share of the invocations, 0 to 1; at most one.
    #[serde(default)]
    pub additional_version_weights: BTreeMap<String, f64>,
}
