//! What a function is configured to, and the rules Lambda checks it by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::rules::{at_most, check_logging, check_variables, in_model};

/// The settings of a function that a caller can change, with Lambda's defaults.
///
/// Two equal settings with the same code are one version: publishing again is a no-op.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub(super) runtime: String,
    pub(super) role: String,
    pub(super) handler: String,
    pub(super) description: String,
    pub(super) timeout_seconds: u32,
    pub(super) memory_size_mb: u32,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) architecture: String,
    pub(super) ephemeral_storage_mb: u32,
    pub(super) logging: LoggingConfig,
    /// Settings that are kept and shown but change nothing here (`TracingConfig`, `VpcConfig` and the like).
    pub(super) kept: BTreeMap<&'static str, serde_json::Value>,
}

/// `LoggingConfig` of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoggingConfig {
    /// `Text` or `JSON`.
    #[serde(default = "text")]
    pub log_format: String,
    /// The least level of the function's own lines; JSON only. Kept, not applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_log_level: Option<String>,
    /// The least level of Lambda's lines; JSON only. Kept, not applied: every line is always printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_log_level: Option<String>,
    /// `/aws/lambda/NAME` unless named otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}

fn text() -> String {
    "Text".to_owned()
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self {
            log_format: text(),
            application_log_level: None,
            system_log_level: None,
            log_group: None,
        }
    }
}

/// The changes of UpdateFunctionConfiguration, and of CreateFunction beyond name and code.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Changes {
    runtime: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Variables>,
    architectures: Option<Vec<String>>,
    ephemeral_storage: Option<EphemeralStorage>,
    logging_config: Option<LoggingConfig>,
    snap_start: Option<SnapStart>,
    layers: Option<Vec<String>>,
    image_config: Option<serde_json::Value>,
    vpc_config: Option<serde_json::Value>,
    dead_letter_config: Option<serde_json::Value>,
    #[serde(rename = "KMSKeyArn")]
    kms_key_arn: Option<serde_json::Value>,
    tracing_config: Option<serde_json::Value>,
    file_system_configs: Option<serde_json::Value>,
    pub(super) revision_id: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Variables {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    #[serde(default)]
    apply_on: Option<String>,
}

impl Settings {
    /// Lambda's defaults.
    pub(super) fn new(role: String) -> Self {
        Self {
            runtime: "provided.al2023".to_owned(),
            role,
            handler: "bootstrap".to_owned(),
            description: String::new(),
            timeout_seconds: 3,
            memory_size_mb: 128,
            variables: BTreeMap::new(),
            architecture: "x86_64".to_owned(),
            ephemeral_storage_mb: 512,
            logging: LoggingConfig::default(),
            kept: BTreeMap::from([("TracingConfig", serde_json::json!({ "Mode": "PassThrough" }))]),
        }
    }

    /// These settings with `changes`, checked. What is not named stays.
    pub(super) fn changed(&self, changes: Changes, memory_quota_mb: u32) -> Result<Self, ApiError> {
        let mut new = self.clone();
        if let Some(size) = changes.memory_size {
            new.memory_size_mb = in_model("memorySize", size, 128, 32_768)?;
            // The model's maximum is for Managed Instances; the account's quota is worded differently.
            if new.memory_size_mb > memory_quota_mb {
                return Err(ApiError::invalid(format!(
                    "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to \
                     {memory_quota_mb}"
                )));
            }
        }
        if let Some(timeout) = changes.timeout {
            new.timeout_seconds = in_model("timeout", timeout, 1, 900)?;
        }
        if let Some(storage) = changes.ephemeral_storage {
            new.ephemeral_storage_mb = in_model("ephemeralStorage.size", storage.size, 512, 10_240)?;
        }
        if let Some(description) = changes.description {
            at_most("description", &description, 256)?;
            new.description = description;
        }
        if let Some(handler) = changes.handler {
            at_most("handler", &handler, 128)?;
            new.handler = handler;
        }
        if let Some(role) = changes.role {
            if tuner_core::arn::check_role(&role).is_err() {
                return Err(ApiError::constraint(
                    "role",
                    role,
                    "satisfy regular expression pattern: \
                     arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
                ));
            }
            new.role = role;
        }
        if let Some(environment) = changes.environment {
            check_variables(&environment.variables)?;
            new.variables = environment.variables;
        }
        if let Some(architectures) = changes.architectures {
            match architectures.as_slice() {
                [one] if one == "x86_64" || one == "arm64" => new.architecture.clone_from(one),
                other => {
                    let given = format!("[{}]", other.join(", "));
                    return Err(ApiError::constraint(
                        "architectures",
                        given,
                        "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]",
                    ));
                }
            }
        }
        if let Some(logging) = changes.logging_config {
            check_logging(&logging)?;
            new.logging = logging;
        }
        if let Some(runtime) = changes.runtime {
            new.runtime = runtime;
        }
        if changes
            .snap_start
            .and_then(|s| s.apply_on)
            .is_some_and(|on| on != "None")
        {
            return Err(not_here("SnapStart"));
        }
        if changes.layers.is_some_and(|layers| !layers.is_empty()) {
            return Err(not_here("Layers"));
        }
        if changes.image_config.is_some() {
            return Err(not_here("ImageConfig"));
        }
        for (field, value) in [
            ("VpcConfig", changes.vpc_config),
            ("DeadLetterConfig", changes.dead_letter_config),
            ("KMSKeyArn", changes.kms_key_arn),
            ("TracingConfig", changes.tracing_config),
            ("FileSystemConfigs", changes.file_system_configs),
        ] {
            if let Some(value) = value {
                new.kept.insert(field, value);
            }
        }
        Ok(new)
    }
}

fn not_here(what: &str) -> ApiError {
    ApiError::invalid(format!(
        "{what} is not offered by the local Lambda; leave it out, or use AWS for this function."
    ))
}

#[cfg(test)]
mod tests {
    use super::super::error::ErrorKind;
    use super::*;

    fn change(json: serde_json::Value) -> Result<Settings, ApiError> {
        let changes = serde_json::from_value(json).expect("changes");
        Settings::new("arn:aws:iam::000000000000:role/r".into()).changed(changes, 3008)
    }

    #[test]
    fn sizes_and_lengths_are_checked_at_their_edges() {
        for (good, bad, message) in [
            (
                serde_json::json!({"MemorySize": 128}),
                serde_json::json!({"MemorySize": 127}),
                "Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
            ),
            (
                serde_json::json!({"MemorySize": 3008}),
                serde_json::json!({"MemorySize": 3009}),
                "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008",
            ),
            (
                serde_json::json!({"Timeout": 900}),
                serde_json::json!({"Timeout": 901}),
                "Value '901' at 'timeout'",
            ),
            (
                serde_json::json!({"Timeout": 1}),
                serde_json::json!({"Timeout": 0}),
                "greater than or equal to 1",
            ),
            (
                serde_json::json!({"EphemeralStorage": {"Size": 10_240}}),
                serde_json::json!({"EphemeralStorage": {"Size": 511}}),
                "ephemeralStorage.size",
            ),
            (
                serde_json::json!({"Description": "é".repeat(256)}),
                serde_json::json!({"Description": "x".repeat(257)}),
                "length less than or equal to 256",
            ),
            (
                serde_json::json!({"Architectures": ["arm64"]}),
                serde_json::json!({"Architectures": ["riscv"]}),
                "architectures",
            ),
            (
                serde_json::json!({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN"}}),
                serde_json::json!({"LoggingConfig": {"SystemLogLevel": "WARN"}}),
                "JSON log format",
            ),
            (
                serde_json::json!({"Environment": {"Variables": {"KEY": "v".repeat(4086)}}}),
                serde_json::json!({"Environment": {"Variables": {"KEY": "v".repeat(4087)}}}),
                "exceeded the 4KB limit",
            ),
            (
                serde_json::json!({"Environment": {}}),
                serde_json::json!({"Environment": {"Variables": {"AWS_REGION": "x"}}}),
                "reserved keys",
            ),
        ] {
            change(good).expect("accepted");
            let error = change(bad).expect_err("refused");
            assert!(error.message.contains(message), "{error}");
            assert!(matches!(
                error.kind,
                ErrorKind::Validation | ErrorKind::InvalidParameterValue
            ));
        }
    }

    #[test]
    fn what_is_not_named_stays() {
        let first =
            change(serde_json::json!({"Environment": {"Variables": {"KEY": "v"}}, "Timeout": 30})).expect("first");
        let second = first
            .changed(
                serde_json::from_value(serde_json::json!({"MemorySize": 512})).expect("changes"),
                10_240,
            )
            .expect("second");
        assert_eq!(
            second,
            Settings {
                memory_size_mb: 512,
                ..first
            }
        );
    }
}
