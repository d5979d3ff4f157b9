use std::fmt;

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types as sdk;
use jiff::Timestamp;

/// An execution of a state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its ARN, which is what the state machine knows as `$$.Execution.Id`.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Of which state machine.
    pub state_machine_arn: String,
    /// How it is getting on.
    pub status: ExecutionStatus,
    /// JSON; absent in a list of executions.
    pub input: Option<String>,
    /// JSON; only of one that succeeded, and absent in a list of executions.
    pub output: Option<String>,
    /// Name of the error that ended it.
    pub error: Option<String>,
    /// What that error says.
    pub cause: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended, if it has.
    pub stopped_at: Option<Timestamp>,
}

/// `status` of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// Under way.
    Running,
    /// Ended as it should.
    Succeeded,
    /// Ended by an error.
    Failed,
    /// Took longer than the state machine allows.
    TimedOut,
    /// Stopped by somebody.
    Aborted,
    /// Waits to be taken up again.
    PendingRedrive,
    /// One that AWS added later, as AWS spells it.
    Other(String),
}

impl ExecutionStatus {
    /// Whether there is more to come.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::TimedOut | Self::Aborted)
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::PendingRedrive => "PENDING_REDRIVE",
            Self::Other(name) => name,
        })
    }
}

impl From<&sdk::ExecutionStatus> for ExecutionStatus {
    fn from(status: &sdk::ExecutionStatus) -> Self {
        match status {
            sdk::ExecutionStatus::Running => Self::Running,
            sdk::ExecutionStatus::Succeeded => Self::Succeeded,
            sdk::ExecutionStatus::Failed => Self::Failed,
            sdk::ExecutionStatus::TimedOut => Self::TimedOut,
            sdk::ExecutionStatus::Aborted => Self::Aborted,
            sdk::ExecutionStatus::PendingRedrive => Self::PendingRedrive,
            other => Self::Other(other.as_str().to_owned()),
        }
    }
}

impl From<DescribeExecutionOutput> for Execution {
    fn from(sdk: DescribeExecutionOutput) -> Self {
        Self {
            name: sdk.name.unwrap_or_else(|| name(&sdk.execution_arn).to_owned()),
            arn: sdk.execution_arn,
            state_machine_arn: sdk.state_machine_arn,
            status: (&sdk.status).into(),
            input: sdk.input,
            output: sdk.output,
            error: sdk.error,
            cause: sdk.cause,
            started_at: timestamp(&sdk.start_date),
            stopped_at: sdk.stop_date.as_ref().map(timestamp),
        }
    }
}

impl From<sdk::ExecutionListItem> for Execution {
    fn from(sdk: sdk::ExecutionListItem) -> Self {
        Self {
            arn: sdk.execution_arn,
            name: sdk.name,
            state_machine_arn: sdk.state_machine_arn,
            status: (&sdk.status).into(),
            input: None,
            output: None,
            error: None,
            cause: None,
            started_at: timestamp(&sdk.start_date),
            stopped_at: sdk.stop_date.as_ref().map(timestamp),
        }
    }
}

/// `arn:PARTITION:states:REGION:ACCOUNT:execution:STATE_MACHINE:NAME`.
fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Times of the service are in the years that a timestamp can hold.
pub(super) fn timestamp(time: &DateTime) -> Timestamp {
    let nanos = i32::try_from(time.subsec_nanos()).unwrap_or_default();
    Timestamp::new(time.secs(), nanos).unwrap_or(Timestamp::UNIX_EPOCH)
}
