use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tuner_core::{Architecture, ControlCalls, FunctionName};

use super::{PortError, Settings};

/// Reads and changes the configuration of functions.
///
/// Every method is one API call, made once: retries are the caller's, who knows what may be repeated.
#[async_trait]
pub trait FunctionControl: Send + Sync {
    /// Calls through this port so far, as far as they are limited by the second; none where nothing limits them.
    fn calls(&self) -> ControlCalls {
        ControlCalls::default()
    }

    /// The configuration of a function, or of the version its qualifier names.
    async fn configuration(&self, function: &FunctionName) -> Result<FunctionConfiguration, PortError>;

    /// Changes `$LATEST`, if its revision is still `revision_id`.
    async fn update(
        &self,
        function: &FunctionName,
        change: &ConfigurationChange,
        revision_id: &str,
    ) -> Result<(), PortError>;

    /// Publishes `$LATEST` as a version, if its revision is still `revision_id`. An empty description keeps the
    /// function's own. When nothing changed since the last version, that one is returned.
    async fn publish_version(
        &self,
        function: &FunctionName,
        description: &str,
        revision_id: &str,
    ) -> Result<VersionInfo, PortError>;

    /// All published versions (without `$LATEST`).
    async fn versions(&self, function: &FunctionName) -> Result<Vec<VersionInfo>, PortError>;

    /// Deletes a published version.
    async fn delete_version(&self, function: &FunctionName, version: u64) -> Result<(), PortError>;

    /// What an alias points to; `None` if there is no such alias.
    async fn alias(&self, function: &FunctionName, alias: &str) -> Result<Option<AliasPointer>, PortError>;

    /// Creates an alias.
    async fn create_alias(&self, function: &FunctionName, alias: &str, version: u64) -> Result<(), PortError>;

    /// Points an alias to another version, if its revision is still `revision_id`.
    async fn update_alias(
        &self,
        function: &FunctionName,
        alias: &str,
        version: u64,
        revision_id: &str,
    ) -> Result<(), PortError>;

    /// How many executions the account has for this function, in its region.
    async fn concurrency(&self, function: &FunctionName) -> Result<Concurrency, PortError>;

    /// Lambda repeats a failed asynchronous invocation twice, which would be billed and not be seen: turns that off for
    /// the version that the qualifier names (PutFunctionEventInvokeConfig; it goes with the version).
    async fn without_async_retries(&self, function: &FunctionName) -> Result<(), PortError>;
}

/// How many executions may run at the same time in an account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// What is reserved for no function, and shared by all others.
    pub unreserved: u32,
    /// What is reserved for this function, if something is.
    pub reserved: Option<u32>,
}

/// What is to be different. What is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationChange {
    /// New memory size, in MB.
    pub memory_size_mb: u32,
    /// New description, at most 256 characters.
    pub description: String,
    /// All environment variables, if they are to change.
    pub variables: Option<BTreeMap<String, String>>,
}

/// The configuration of a function or version, as far as a tuning is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionConfiguration {
    /// Full ARN, without a qualifier.
    pub arn: FunctionName,
    /// `$LATEST` or a number.
    pub version: String,
    /// In MB.
    pub memory_size_mb: u32,
    /// In seconds.
    pub timeout_s: u32,
    /// At most 256 characters.
    pub description: String,
    /// Changes with every change of the configuration.
    pub revision_id: String,
    /// Hash of the code.
    pub code_sha256: Option<String>,
    /// Instruction set.
    pub architecture: Architecture,
    /// Managed runtime; absent for images.
    pub runtime: Option<String>,
    /// Size of /tmp, in MB.
    pub ephemeral_storage_mb: u32,
    /// Environment variables; `None` if there are some that the caller may not read. They are secrets often enough: they are
    /// never kept, and read again by whoever needs them.
    #[serde(skip)]
    pub variables: Option<BTreeMap<String, String>>,
    /// Whether published versions start from a snapshot.
    pub snap_start: bool,
    /// Whether log lines are JSON.
    pub json_logs: bool,
    /// The system log level of JSON logs hides reports of successful invocations.
    pub reports_hidden: bool,
    /// Where it logs: `LoggingConfig.LogGroup`, else `/aws/lambda/NAME`.
    pub log_group: String,
    /// Why it can't be tuned at all, such as Managed Instances.
    pub untunable: Option<String>,
    /// Whether it can be invoked and changed.
    pub state: FunctionState,
    /// How the last change is getting on.
    pub update_status: UpdateStatus,
    /// Everything else in the configuration, to notice changes made by others.
    pub settings: Settings,
}

impl FunctionConfiguration {
    /// Whether code and settings are those of `other`, apart from memory size, description and revision.
    pub fn same_settings(&self, other: &Self) -> bool {
        self.code_sha256 == other.code_sha256 && self.settings == other.settings
    }

    /// Its whole ARN, with the qualifier by which `asked` names it.
    pub fn arn_as(&self, asked: &FunctionName) -> FunctionName {
        match asked.qualifier() {
            Some(qualifier) => self.arn.at(qualifier),
            None => self.arn.clone(),
        }
    }
}

/// `State` of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FunctionState {
    /// Ready, or woken up by the next invocation.
    Active,
    /// Being made.
    Pending,
    /// Could not be made, and why.
    Failed(String),
}

/// `LastUpdateStatus` of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateStatus {
    /// Done.
    Successful,
    /// Under way.
    InProgress,
    /// Did not work, and why.
    Failed(String),
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionInfo {
    /// Its number.
    pub version: u64,
    /// Its description.
    pub description: String,
    /// In MB.
    pub memory_size_mb: u32,
    /// Whether it can be invoked at once; those with SnapStart or in a VPC take minutes to come up.
    #[serde(default)]
    pub active: bool,
}

/// What an alias points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasPointer {
    /// The version, as the API gives it.
    pub version: String,
    /// Changes with every change of the alias.
    pub revision_id: String,
    /// Whether part of the traffic goes to another version.
    pub weighted: bool,
}
