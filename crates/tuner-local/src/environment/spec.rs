//! What an execution environment is made from, what it is given, and what comes of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tuner_core::{Architecture, LocalReading};

/// How a function's log lines are written (`LoggingConfig.LogFormat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// START, END and REPORT lines.
    #[default]
    Text,
    /// `platform.start`, `platform.report` and the like as JSON objects.
    Json,
}

/// Everything that an execution environment is made from. It never changes during its life.
#[derive(Debug, Clone)]
pub struct EnvironmentSpec {
    /// Plain name of the function.
    pub function_name: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// Program and arguments; started without a shell.
    pub command: Vec<String>,
    /// Where it is started (`LAMBDA_TASK_ROOT`); the current directory if none.
    pub working_directory: Option<PathBuf>,
    /// `_HANDLER`.
    pub handler: String,
    /// What its runtime sets for the process; the user's variables go before them.
    pub runtime_variables: BTreeMap<String, String>,
    /// The user's variables (`Environment.Variables`).
    pub variables: BTreeMap<String, String>,
    /// Memory size in MB; CPU follows from it.
    pub memory_size_mb: u32,
    /// The function's timeout.
    pub timeout: Duration,
    /// How long init may take before it is stopped: 10 s on Lambda.
    pub init_timeout: Duration,
    /// Reported to the process and in the configuration; nothing is emulated.
    pub architecture: Architecture,
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_LAMBDA_LOG_GROUP_NAME`.
    pub log_group: String,
    /// Text or JSON log lines.
    pub log_format: LogFormat,
}

/// One event to handle.
#[derive(Debug, Clone)]
pub struct Event {
    /// `Lambda-Runtime-Aws-Request-Id`, also in the REPORT.
    pub request_id: String,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub invoked_function_arn: String,
    /// The body, as sent.
    pub payload: Bytes,
    /// `Lambda-Runtime-Client-Context`, if the caller sent one.
    pub client_context: Option<String>,
}

/// What came of an event, as Lambda would answer the caller. A failure of the function is an outcome, never an `Err`.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The response of the handler, or the error object (`errorMessage`, `errorType`, `stackTrace`).
    pub payload: Bytes,
    /// `X-Amz-Function-Error`: `Unhandled` when the invocation failed.
    pub function_error: Option<String>,
    /// Every log line of this invocation (init included when it happened in it), REPORT last.
    pub log: Vec<u8>,
    /// The log stream of the environment it ran in, such as `2026/11/28/[9]0f0e...`; no two have the same.
    pub log_stream: String,
    /// Whether the environment may handle another event. After a timeout, crash or out of memory it may not.
    pub reusable: bool,
    /// What the instrument knows of it besides, and Lambda would not say.
    pub reading: LocalReading,
}

/// The process could not be started.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot start `{program}`: {reason}")]
pub struct StartError {
    /// The program, as given.
    pub program: String,
    /// What the operating system said.
    pub reason: String,
}
