//! From the SDK's description of a function to the engine's.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use aws_sdk_lambda::types::{
    FunctionConfiguration as Sdk, LastUpdateStatus, LogFormat, SnapStartApplyOn, State, SystemLogLevel,
};
use tuner_core::{Architecture, FunctionName};
use tuner_engine::ports::{
    FunctionConfiguration, FunctionState, PortError, PortErrorKind, Setting, UpdateStatus, VersionInfo,
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

/// A digest of every setting that a tuning does not change and a deployment may. Variables count by name and value.
fn settings(sdk: &Sdk) -> BTreeMap<Setting, String> {
    let variables: BTreeMap<_, _> = sdk
        .environment()
        .and_then(|e| e.variables())
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != tuner_engine::marker::REST_VARIABLE)
        .collect();
    let all: [(Setting, &dyn Debug); 19] = [
        (Setting::Runtime, &sdk.runtime()),
        (Setting::Handler, &sdk.handler()),
        (Setting::Timeout, &sdk.timeout()),
        (Setting::Variables, &variables),
        (Setting::Layers, &sdk.layers()),
        (Setting::Role, &sdk.role()),
        (Setting::Network, &sdk.vpc_config()),
        (Setting::Architecture, &sdk.architectures()),
        (Setting::EphemeralStorage, &sdk.ephemeral_storage()),
        (Setting::FileSystems, &sdk.file_system_configs()),
        (Setting::DeadLetters, &sdk.dead_letter_config()),
        (Setting::Key, &sdk.kms_key_arn()),
        (Setting::Tracing, &sdk.tracing_config()),
        (Setting::PackageType, &sdk.package_type()),
        (Setting::Image, &sdk.image_config_response()),
        (Setting::Logging, &sdk.logging_config()),
        // The rest of it says how far the snapshot is.
        (Setting::SnapStart, &sdk.snap_start().and_then(|s| s.apply_on())),
        (Setting::Durable, &sdk.durable_config()),
        (Setting::Tenancy, &sdk.tenancy_config()),
    ];
    all.into_iter()
        .map(|(setting, value)| (setting, digest(value)))
        .collect()
}

fn digest(value: &dyn Debug) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{value:?}").hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
