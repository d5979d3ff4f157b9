use aws_sdk_sfn::types as sdk;
use jiff::Timestamp;

use super::execution::timestamp;

/// Something that happened in an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// Its number, from 1.
    pub id: i64,
    /// The event that led to it, which in parallel branches is not the one before; 0 for the first.
    pub previous_id: i64,
    /// When.
    pub at: Timestamp,
    /// What, as AWS spells it: `TaskStateEntered`.
    pub kind: String,
    /// The state that was entered or exited.
    pub state: Option<String>,
    /// JSON that went in: into the execution or the state, or the parameters of the task.
    pub input: Option<String>,
    /// JSON that came out: of the execution, the state or the task.
    pub output: Option<String>,
    /// Name of the error.
    pub error: Option<String>,
    /// What the error says.
    pub cause: Option<String>,
}

/// Takes the first of several optional details that is there, and of that some fields.
macro_rules! details {
    ($event:ident: $($details:ident => ($($field:ident),+)),+ $(,)?) => {
        None$(.or_else(|| $event.$details.as_ref().map(|d| ($(d.$field.clone()),+))))+
    };
}

impl From<sdk::HistoryEvent> for HistoryEvent {
    fn from(event: sdk::HistoryEvent) -> Self {
        let state = details!(event:
            state_entered_event_details => (name),
            state_exited_event_details => (name),
            evaluation_failed_event_details => (state),
        );
        let input = details!(event:
            execution_started_event_details => (input),
            state_entered_event_details => (input),
            lambda_function_scheduled_event_details => (input),
            activity_scheduled_event_details => (input),
        )
        .flatten()
        .or_else(|| {
            event
                .task_scheduled_event_details
                .as_ref()
                .map(|d| d.parameters.clone())
        });
        let output = details!(event:
            execution_succeeded_event_details => (output),
            state_exited_event_details => (output),
            task_succeeded_event_details => (output),
            task_submitted_event_details => (output),
            lambda_function_succeeded_event_details => (output),
            activity_succeeded_event_details => (output),
        )
        .flatten();
        let failure = details!(event:
            execution_failed_event_details => (error, cause),
            execution_timed_out_event_details => (error, cause),
            execution_aborted_event_details => (error, cause),
            task_failed_event_details => (error, cause),
            task_timed_out_event_details => (error, cause),
            task_start_failed_event_details => (error, cause),
            task_submit_failed_event_details => (error, cause),
            lambda_function_failed_event_details => (error, cause),
            lambda_function_timed_out_event_details => (error, cause),
            lambda_function_start_failed_event_details => (error, cause),
            lambda_function_schedule_failed_event_details => (error, cause),
            activity_failed_event_details => (error, cause),
            activity_timed_out_event_details => (error, cause),
            activity_schedule_failed_event_details => (error, cause),
            map_run_failed_event_details => (error, cause),
            evaluation_failed_event_details => (error, cause),
        );
        let (error, cause) = failure.unwrap_or_default();
        Self {
            id: event.id,
            previous_id: event.previous_event_id,
            at: timestamp(&event.timestamp),
            kind: event.r#type.as_str().to_owned(),
            state,
            input,
            output,
            error,
            cause,
        }
    }
}
