//! From the SDK's description of a function to the engine's.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::{
    FunctionConfiguration as Sdk, LastUpdateStatus, LogFormat, SnapStartApplyOn, State, SystemLogLevel,
};
use serde_json::{Value, json};
use tuner_core::{Architecture, FunctionName};
use tuner_engine::ports::{
    FunctionConfiguration, FunctionState, PortError, PortErrorKind, Setting, Settings, UpdateStatus, VersionInfo,
};

/// Lambda's defaults, for what an answer leaves out.
const DEFAULT_MEMORY_MB: u32 = 128;
const DEFAULT_TIMEOUT_S: u32 = 3;
const DEFAULT_EPHEMERAL_MB: u32 = 512;

pub(crate) fn translate(operation: &'static str, sdk: &Sdk) -> Result<FunctionConfiguration, PortError> {
    let malformed = |what: String| PortError::new(PortErrorKind::Invalid, operation, what);
    let arn = sdk.function_arn().or(sdk.function_name()).unwrap_or_default();
    let arn: FunctionName = arn.parse().map_err(|e| malformed(format!("{e}")))?;
    let logging = sdk.logging_config();
    let json_logs = logging.and_then(|l| l.log_format()) == Some(&LogFormat::Json);
    let level = logging.and_then(|l| l.system_log_level());
    Ok(FunctionConfiguration {
        arn: arn.unqualified(),
        version: sdk.version().unwrap_or("$LATEST").to_owned(),
        memory_size_mb: number(sdk.memory_size(), DEFAULT_MEMORY_MB),
        timeout_s: number(sdk.timeout(), DEFAULT_TIMEOUT_S),
        description: sdk.description().unwrap_or_default().to_owned(),
        revision_id: sdk.revision_id().unwrap_or_default().to_owned(),
        code_sha256: sdk.code_sha256().map(str::to_owned),
        architecture: match sdk.architectures().first().map(|a| a.as_str()) {
            Some("arm64") => Architecture::Arm64,
            _ => Architecture::X86_64,
        },
        runtime: sdk.runtime().map(|r| r.as_str().to_owned()),
        ephemeral_storage_mb: sdk
            .ephemeral_storage()
            .map_or(DEFAULT_EPHEMERAL_MB, |e| number(Some(e.size()), 512)),
        variables: match sdk.environment() {
            Some(environment) if environment.error().is_some() => None,
            environment => Some(
                environment
                    .and_then(|e| e.variables())
                    .map(|v| {
                        v.iter()
                            .map(|(k, v)| (k.clone(), v.clone()))
                            .collect::<BTreeMap<_, _>>()
                    })
                    .unwrap_or_default(),
            ),
        },
        snap_start: sdk.snap_start().and_then(|s| s.apply_on()) == Some(&SnapStartApplyOn::PublishedVersions),
        json_logs,
        reports_hidden: json_logs && level == Some(&SystemLogLevel::Warn),
        log_group: logging
            .and_then(|l| l.log_group())
            .map_or_else(|| format!("/aws/lambda/{}", arn.name()), str::to_owned),
        untunable: untunable(sdk),
        state: match sdk.state() {
            Some(State::Pending) => FunctionState::Pending,
            Some(State::Failed) => FunctionState::Failed(reason(sdk.state_reason())),
            // Inactive functions wake up with the next invocation.
            _ => FunctionState::Active,
        },
        update_status: match sdk.last_update_status() {
            Some(LastUpdateStatus::InProgress) => UpdateStatus::InProgress,
            Some(LastUpdateStatus::Failed) => UpdateStatus::Failed(reason(sdk.last_update_status_reason())),
            _ => UpdateStatus::Successful,
        },
        settings: settings(sdk),
    })
}

pub(crate) fn version(operation: &'static str, sdk: &Sdk) -> Result<VersionInfo, PortError> {
    let number = sdk.version().unwrap_or_default();
    Ok(VersionInfo {
        version: number.parse().map_err(|_| {
            PortError::new(
                PortErrorKind::Invalid,
                operation,
                format!("`{number}` is no version number"),
            )
        })?,
        description: sdk.description().unwrap_or_default().to_owned(),
        memory_size_mb: self::number(sdk.memory_size(), DEFAULT_MEMORY_MB),
        active: sdk.state() == Some(&State::Active)
            && matches!(sdk.last_update_status(), None | Some(LastUpdateStatus::Successful)),
    })
}

fn untunable(sdk: &Sdk) -> Option<String> {
    if sdk.capacity_provider_config().is_some() {
        return Some(
            "it runs on Managed Instances, which are billed by instance and have no memory size to tune".to_owned(),
        );
    }
    if let Some(master) = sdk.master_arn() {
        return Some(format!("it is an edge replica; tune its master {master} instead"));
    }
    None
}

fn reason(text: Option<&str>) -> String {
    text.unwrap_or("no reason given").to_owned()
}

fn number(value: Option<i32>, default: u32) -> u32 {
    value.and_then(|v| u32::try_from(v).ok()).unwrap_or(default)
}

/// Every setting that a tuning does not change and a deployment may, by the names of Lambda's API. Fields are named one by one, so
/// that a newer SDK, which may know more of them, reads the same of the same function.
fn settings(sdk: &Sdk) -> Settings {
    let variables: serde_json::Map<String, Value> = sdk
        .environment()
        .and_then(|e| e.variables())
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != tuner_engine::marker::REST_VARIABLE)
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    let layers: Vec<_> = sdk.layers().iter().map(aws_sdk_lambda::types::Layer::arn).collect();
    let architectures: Vec<_> = sdk.architectures().iter().map(|a| a.as_str()).collect();
    let file_systems: Vec<_> = sdk
        .file_system_configs()
        .iter()
        .map(|f| json!({ "Arn": f.arn(), "LocalMountPath": f.local_mount_path() }))
        .collect();
    let image = sdk.image_config_response().and_then(|i| i.image_config()).map(
        |i| json!({ "EntryPoint": i.entry_point(), "Command": i.command(), "WorkingDirectory": i.working_directory() }),
    );
    let logging = sdk.logging_config().map(|l| {
        json!({
            "LogFormat": l.log_format().map(|f| f.as_str()),
            "ApplicationLogLevel": l.application_log_level().map(|level| level.as_str()),
            "SystemLogLevel": l.system_log_level().map(|level| level.as_str()),
            "LogGroup": l.log_group(),
        })
    });
    let network = sdk.vpc_config().map(|v| {
        json!({
            "SubnetIds": v.subnet_ids(),
            "SecurityGroupIds": v.security_group_ids(),
            "Ipv6AllowedForDualStack": v.ipv6_allowed_for_dual_stack(),
        })
    });
    let durable = sdk.durable_config().map(
        |d| json!({ "RetentionPeriodInDays": d.retention_period_in_days(), "ExecutionTimeout": d.execution_timeout() }),
    );
    Settings::read([
        (Setting::Runtime, json!(sdk.runtime().map(|r| r.as_str()))),
        (Setting::Handler, json!(sdk.handler())),
        (Setting::Timeout, json!(sdk.timeout())),
        (Setting::Variables, variables.into()),
        (Setting::Layers, json!(layers)),
        (Setting::Role, json!(sdk.role())),
        (Setting::Network, json!(network)),
        (Setting::Architecture, json!(architectures)),
        (
            Setting::EphemeralStorage,
            json!(sdk.ephemeral_storage().map(|e| e.size())),
        ),
        (Setting::FileSystems, json!(file_systems)),
        (
            Setting::DeadLetters,
            json!(sdk.dead_letter_config().and_then(|d| d.target_arn())),
        ),
        (Setting::Key, json!(sdk.kms_key_arn())),
        (
            Setting::Tracing,
            json!(sdk.tracing_config().and_then(|t| t.mode()).map(|mode| mode.as_str())),
        ),
        (
            Setting::PackageType,
            json!(sdk.package_type().map(|package| package.as_str())),
        ),
        (Setting::Image, json!(image)),
        (Setting::Logging, json!(logging)),
        // The rest of it says how far the snapshot is.
        (
            Setting::SnapStart,
            json!(sdk.snap_start().and_then(|s| s.apply_on()).map(|on| on.as_str())),
        ),
        (Setting::Durable, json!(durable)),
        (
            Setting::Tenancy,
            json!(sdk.tenancy_config().map(|t| t.tenant_isolation_mode().as_str())),
        ),
    ])
}
