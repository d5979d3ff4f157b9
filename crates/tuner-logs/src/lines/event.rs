use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FunctionError, Report, Status, XRay};

/// One thing Lambda wrote to a function's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// REPORT, `platform.report`.
    Report(Report),
    /// INIT_REPORT, `platform.initReport`.
    InitReport(InitReport),
    /// RESTORE_REPORT, `platform.restoreReport`.
    RestoreReport(RestoreReport),
    /// INIT_START, `platform.initStart`.
    InitStart(RuntimeVersion),
    /// RESTORE_START, `platform.restoreStart`.
    RestoreStart(RuntimeVersion),
    /// START, `platform.start`.
    Start(Start),
    /// END, `platform.end`.
    End(End),
    /// `platform.runtimeDone`.
    RuntimeDone(RuntimeDone),
    /// `Task timed out after 3.00 seconds`.
    TimedOut(TimedOut),
    /// `RequestId: .. Error: Runtime exited with error: signal: killed`, and `platform.fault`.
    RuntimeError(RuntimeError),
    /// A runtime's own line of an error that a handler ended in.
    FunctionError(FunctionError),
    /// Any other `platform.*` event.
    Other(OtherEvent),
}

/// How an initialisation went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct InitReport {
    /// Time it took, in ms.
    pub init_duration_ms: f64,
    /// `init`, or `invoke` when a failed init was repeated inside the invocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// `on-demand`, `provisioned-concurrency`, `snap-start`, `lambda-managed-instances`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization_type: Option<String>,
    /// How it ended; text prints it on failure only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// When it was written (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// How a restore from a SnapStart snapshot went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RestoreReport {
    /// Time it took, in ms; a failure may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_duration_ms: Option<f64>,
    /// The billed part, in ms (early JSON only; otherwise REPORT has it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_restore_duration_ms: Option<u64>,
    /// How it ended; text prints it on failure only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// When it was written (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// What an environment is started with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeVersion {
    /// Such as `python:3.13.v11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_version: Option<String>,
    /// Its ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_version_arn: Option<String>,
    /// The function's name (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    /// The function's version (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_version: Option<String>,
    /// `on-demand` and so on (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization_type: Option<String>,
    /// `init` or `invoke` (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The memory of the environment, in MB (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_max_memory_mb: Option<u32>,
    /// When it was written (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// An invocation began.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Start {
    /// The invocation's request ID.
    pub request_id: String,
    /// The version that runs: a number or `$LATEST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The tenant, for functions with tenant isolation (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The X-Ray trace, if there was one (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xray: Option<Box<XRay>>,
    /// When it was written (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// An invocation ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// The invocation's request ID.
    pub request_id: String,
    /// When it was written (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// The runtime is done with an invocation; extensions may still be at work.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeDone {
    /// The invocation's request ID.
    pub request_id: String,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Time in the runtime, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Size of the answer, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub produced_bytes: Option<u64>,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// An invocation reached the function's timeout. In the older style this line is all that says so.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TimedOut {
    /// The invocation's request ID, if the line has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The timeout, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
}

/// The function's process ended. In the older style this line is all that says so.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeError {
    /// The invocation's request ID, if the line has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Such as `Runtime exited with error: signal: killed`.
    pub message: String,
    /// Such as `Runtime.ExitError`; it stands on the line below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// When it was written (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

impl RuntimeError {
    /// Whether the kernel killed the process, as it does when memory runs out.
    pub fn killed(&self) -> bool {
        self.message.contains("signal: killed")
    }
}

/// A platform event that says nothing about duration or cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct OtherEvent {
    /// Its `type`, such as `platform.logsDropped`.
    pub kind: String,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}
