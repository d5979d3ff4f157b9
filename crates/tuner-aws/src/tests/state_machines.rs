//! Step Functions.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::describe_state_machine::DescribeStateMachineOutput;
use aws_sdk_sfn::operation::get_execution_history::GetExecutionHistoryOutput;
use aws_sdk_sfn::operation::list_executions::ListExecutionsOutput;
use aws_sdk_sfn::operation::list_state_machines::ListStateMachinesOutput;
use aws_sdk_sfn::operation::list_tags_for_resource::{ListTagsForResourceError, ListTagsForResourceOutput};
use aws_sdk_sfn::operation::start_execution::{StartExecutionError, StartExecutionOutput};
use aws_sdk_sfn::operation::stop_execution::StopExecutionOutput;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types as sdk;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use jiff::Timestamp;
use tuner_engine::ports::PortErrorKind;

use super::metadata;
use crate::{ExecutionStatus, StateMachineError, StateMachines};

const MACHINE: &str = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:tuner";
const EXECUTION: &str = "arn:aws-cn:states:cn-north-1:123456789012:execution:tuner:x-1";

fn listed(name: &str) -> sdk::StateMachineListItem {
    sdk::StateMachineListItem::builder()
        .state_machine_arn(format!("arn:{name}"))
        .name(name)
        .r#type(sdk::StateMachineType::Standard)
        .creation_date(DateTime::from_secs(0))
        .build()
        .unwrap()
}

fn tagged(value: &str) -> ListTagsForResourceOutput {
    let tag = |key: &str, value: &str| sdk::Tag::builder().key(key).value(value).build();
    ListTagsForResourceOutput::builder()
        .tags(tag("team", "a"))
        .tags(tag("tuner", value))
        .build()
}

fn event(id: i64) -> sdk::builders::HistoryEventBuilder {
    sdk::HistoryEvent::builder()
        .id(id)
        .previous_event_id(id - 1)
        .timestamp(DateTime::from_secs_f64(1_795_263_702.251))
}

#[tokio::test]
async fn state_machines_are_found_by_tag_on_every_page() {
    let first = mock!(Client::list_state_machines)
        .match_requests(|r| r.next_token().is_none())
        .then_output(|| {
            ListStateMachinesOutput::builder()
                .state_machines(listed("other"))
                .state_machines(listed("tuner-2"))
                .state_machines(listed("deleted"))
                .next_token("n")
                .build()
                .unwrap()
        });
    let second = mock!(Client::list_state_machines)
        .match_requests(|r| r.next_token() == Some("n"))
        .then_output(|| {
            ListStateMachinesOutput::builder()
                .state_machines(listed("secret"))
                .state_machines(listed("tuner-1"))
                .build()
                .unwrap()
        });
    let tags = mock!(Client::list_tags_for_resource)
        .match_requests(|r| r.resource_arn().is_some_and(|arn| arn.starts_with("arn:tuner-")))
        .then_output(|| tagged("power-tuning"));
    let other = mock!(Client::list_tags_for_resource)
        .match_requests(|r| r.resource_arn() == Some("arn:other"))
        .then_output(|| tagged("memory-review"));
    let deleted = mock!(Client::list_tags_for_resource)
        .match_requests(|r| r.resource_arn() == Some("arn:deleted"))
        .then_error(|| ListTagsForResourceError::generic(metadata("ResourceNotFound", "gone")));
    let secret = mock!(Client::list_tags_for_resource)
        .match_requests(|r| r.resource_arn() == Some("arn:secret"))
        .then_error(|| ListTagsForResourceError::generic(metadata("AccessDeniedException", "no")));
    let rules = [&first, &second, &tags, &other, &deleted, &secret];
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, rules));
    let found = machines.find_by_tag("tuner", "power-tuning").await.unwrap();
    assert_eq!(
        found.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(),
        ["tuner-1", "tuner-2"]
    );
    // What may not be looked at might be the one that is looked for.
    let error = machines.find_by_tag("tuner", "something-else").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "not allowed to call `states:ListTagsForResource` on arn:secret: AccessDeniedException: no"
    );
}

#[tokio::test]
async fn an_execution_is_started_by_name_and_stopped_with_a_reason() {
    let start = mock!(Client::start_execution)
        .match_requests(|r| {
            (r.state_machine_arn(), r.name(), r.input()) == (Some(MACHINE), Some("x-1"), Some(r#"{"a":1}"#))
        })
        .then_output(|| {
            StartExecutionOutput::builder()
                .execution_arn(EXECUTION)
                .start_date(DateTime::from_secs(1))
                .build()
                .unwrap()
        });
    let stop = mock!(Client::stop_execution)
        .match_requests(|r| {
            (r.execution_arn(), r.error(), r.cause())
                == (Some(EXECUTION), Some("Tuner.Interrupted"), Some("by the user"))
        })
        .then_output(|| {
            StopExecutionOutput::builder()
                .stop_date(DateTime::from_secs(2))
                .build()
                .unwrap()
        });
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&start, &stop]));
    assert_eq!(machines.start(MACHINE, "x-1", r#"{"a":1}"#).await.unwrap(), EXECUTION);
    machines
        .stop(EXECUTION, "Tuner.Interrupted", "by the user")
        .await
        .unwrap();
    assert_eq!(stop.num_calls(), 1);
}

async fn starting_fails_with(code: &'static str) -> StateMachineError {
    let rule =
        mock!(Client::start_execution).then_error(move || StartExecutionError::generic(metadata(code, "The reason")));
    let client = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&rule], |config| config
        .retry_config(RetryConfig::disabled()));
    StateMachines::from_client(client)
        .start(MACHINE, "x-1", "{}")
        .await
        .unwrap_err()
}

#[tokio::test]
async fn failures_are_told_apart_and_say_what_to_do() {
    for (code, says, transient) in [
        ("ExecutionAlreadyExists", "an execution named `x-1` already", false),
        (
            "StateMachineDoesNotExist",
            "there is no state machine `arn:aws-cn:states:",
            false,
        ),
        (
            "StateMachineDeleting",
            "there is no state machine `arn:aws-cn:states:",
            false,
        ),
        (
            "AccessDeniedException",
            "not allowed to call `states:StartExecution` on arn:aws-cn:states:",
            false,
        ),
        (
            "ExpiredTokenException",
            "the credentials have expired; sign in again",
            false,
        ),
        (
            "InvalidExecutionInput",
            "StartExecution: InvalidExecutionInput: The reason",
            false,
        ),
        (
            "UnrecognizedClientException",
            "StartExecution: UnrecognizedClientException",
            false,
        ),
        ("ThrottlingException", "StartExecution: ThrottlingException", true),
        ("ExecutionLimitExceeded", "StartExecution: ExecutionLimitExceeded", true),
    ] {
        let error = starting_fails_with(code).await;
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.is_transient(), transient, "{code}");
    }
    let rule = mock!(Client::describe_execution)
        .then_error(|| DescribeExecutionError::generic(metadata("ExecutionDoesNotExist", "no")));
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&rule]));
    let error = machines.execution(EXECUTION).await.unwrap_err();
    assert_eq!(
        error,
        StateMachineError::NoSuchExecution {
            arn: EXECUTION.to_owned()
        }
    );
}

#[tokio::test]
async fn a_failing_service_is_asked_again_and_is_transient() {
    let rule = mock!(Client::describe_execution)
        .sequence()
        .http_status(503, None)
        .times(3)
        .build();
    let client = mock_client!(aws_sdk_sfn, RuleMode::Sequential, [&rule], |config| config
        .retry_config(
            RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1))
        ));
    let error = StateMachines::from_client(client)
        .execution(EXECUTION)
        .await
        .unwrap_err();
    assert_eq!(rule.num_calls(), 3);
    assert!(error.is_transient(), "{error:?}");
    assert!(matches!(error, StateMachineError::Call(e) if e.kind == PortErrorKind::Service));
}

#[tokio::test]
async fn an_execution_says_how_it_ended() {
    let rule = mock!(Client::describe_execution).then_output(|| {
        DescribeExecutionOutput::builder()
            .execution_arn(EXECUTION)
            .state_machine_arn(MACHINE)
            .status(sdk::ExecutionStatus::Failed)
            .start_date(DateTime::from_secs_f64(1_795_263_702.251))
            .stop_date(DateTime::from_secs_f64(1_795_263_703.5))
            .input("{}")
            .error("Tuner.EverySizeFailed")
            .cause("every size failed")
            .build()
            .unwrap()
    });
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&rule]));
    let execution = machines.execution(EXECUTION).await.unwrap();
    assert_eq!(
        (execution.name.as_str(), execution.input.as_deref()),
        ("x-1", Some("{}"))
    );
    assert!(execution.status.is_over());
    assert_eq!(execution.status.to_string(), "FAILED");
    assert_eq!(execution.error.as_deref(), Some("Tuner.EverySizeFailed"));
    // Milliseconds, although 1795263702.251 is not a number in binary.
    assert_eq!(
        execution.started_at,
        Timestamp::from_millisecond(1_795_263_702_251).unwrap()
    );
    assert_eq!(
        execution.stopped_at,
        Timestamp::from_millisecond(1_795_263_703_500).ok()
    );
}

#[test]
fn a_status_that_aws_adds_later_is_kept() {
    let status = ExecutionStatus::from(&sdk::ExecutionStatus::from("SUSPENDED"));
    assert_eq!(status, ExecutionStatus::Other("SUSPENDED".to_owned()));
    assert!(!status.is_over());
    assert_eq!(
        ExecutionStatus::from(&sdk::ExecutionStatus::from("PENDING_REDRIVE")),
        ExecutionStatus::PendingRedrive
    );
}

#[tokio::test]
async fn the_history_is_read_to_its_end_with_data() {
    let first = mock!(Client::get_execution_history)
        .match_requests(|r| {
            r.next_token().is_none()
                && r.include_execution_data() == Some(true)
                && r.reverse_order() == Some(false)
                && r.max_results() == Some(1000)
        })
        .then_output(|| {
            let entered = sdk::StateEnteredEventDetails::builder()
                .name("Plan")
                .input("{}")
                .build()
                .unwrap();
            let scheduled = sdk::TaskScheduledEventDetails::builder()
                .resource_type("lambda")
                .resource("invoke")
                .region("cn-north-1")
                .parameters(r#"{"FunctionName":"f"}"#)
                .build()
                .unwrap();
            GetExecutionHistoryOutput::builder()
                .events(
                    event(1)
                        .r#type(sdk::HistoryEventType::TaskStateEntered)
                        .state_entered_event_details(entered)
                        .build()
                        .unwrap(),
                )
                .events(
                    event(2)
                        .r#type(sdk::HistoryEventType::TaskScheduled)
                        .task_scheduled_event_details(scheduled)
                        .build()
                        .unwrap(),
                )
                .next_token("n")
                .build()
                .unwrap()
        });
    let second = mock!(Client::get_execution_history)
        .match_requests(|r| r.next_token() == Some("n"))
        .then_output(|| {
            let failed = sdk::TaskFailedEventDetails::builder()
                .resource_type("lambda")
                .resource("invoke")
                .error("Tuner.Denied")
                .cause("no")
                .build()
                .unwrap();
            let succeeded = sdk::TaskSucceededEventDetails::builder()
                .resource_type("lambda")
                .resource("invoke")
                .output("[1]")
                .build()
                .unwrap();
            let exited = sdk::StateExitedEventDetails::builder()
                .name("Plan")
                .output("[2]")
                .build()
                .unwrap();
            GetExecutionHistoryOutput::builder()
                .events(
                    event(3)
                        .r#type(sdk::HistoryEventType::TaskFailed)
                        .task_failed_event_details(failed)
                        .build()
                        .unwrap(),
                )
                .events(
                    event(4)
                        .r#type(sdk::HistoryEventType::TaskSucceeded)
                        .task_succeeded_event_details(succeeded)
                        .build()
                        .unwrap(),
                )
                .events(
                    event(5)
                        .r#type(sdk::HistoryEventType::TaskStateExited)
                        .state_exited_event_details(exited)
                        .build()
                        .unwrap(),
                )
                .events(
                    event(6)
                        .r#type(sdk::HistoryEventType::from("SomethingNew"))
                        .build()
                        .unwrap(),
                )
                .build()
                .unwrap()
        });
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&first, &second]));
    let events = machines.history(EXECUTION).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "TaskStateEntered",
            "TaskScheduled",
            "TaskFailed",
            "TaskSucceeded",
            "TaskStateExited",
            "SomethingNew"
        ]
    );
    assert_eq!((events[2].id, events[2].previous_id), (3, 2));
    assert_eq!(events[0].at, Timestamp::from_millisecond(1_795_263_702_251).unwrap());
    assert_eq!(
        (events[0].state.as_deref(), events[0].input.as_deref()),
        (Some("Plan"), Some("{}"))
    );
    assert_eq!(events[1].input.as_deref(), Some(r#"{"FunctionName":"f"}"#));
    assert_eq!(
        (events[2].error.as_deref(), events[2].cause.as_deref()),
        (Some("Tuner.Denied"), Some("no"))
    );
    assert_eq!(events[3].output.as_deref(), Some("[1]"));
    assert_eq!(
        (events[4].state.as_deref(), events[4].output.as_deref()),
        (Some("Plan"), Some("[2]"))
    );
}

#[tokio::test]
async fn the_newest_events_come_first_and_no_more_than_asked_for() {
    let rule = mock!(Client::get_execution_history)
        .match_requests(|r| {
            r.reverse_order() == Some(true) && r.max_results() == Some(2) && r.include_execution_data() == Some(false)
        })
        .then_output(|| {
            let one = |id| event(id).r#type(sdk::HistoryEventType::TaskStarted).build().unwrap();
            GetExecutionHistoryOutput::builder()
                .events(one(9))
                .events(one(8))
                .next_token("n")
                .build()
                .unwrap()
        });
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&rule]));
    let events = machines.recent(EXECUTION, 2).await.unwrap();
    assert_eq!(events.iter().map(|e| e.id).collect::<Vec<_>>(), [9, 8]);
    assert_eq!(rule.num_calls(), 1, "a page was read that nobody asked for");
}

#[tokio::test]
async fn executions_are_listed_up_to_a_number() {
    let rule = mock!(Client::list_executions).then_output(|| {
        let item = |name: &str| {
            sdk::ExecutionListItem::builder()
                .execution_arn(format!("arn:{name}"))
                .state_machine_arn(MACHINE)
                .name(name)
                .status(sdk::ExecutionStatus::Running)
                .start_date(DateTime::from_secs(1))
                .build()
                .unwrap()
        };
        ListExecutionsOutput::builder()
            .executions(item("b"))
            .executions(item("a"))
            .next_token("n")
            .build()
            .unwrap()
    });
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&rule]));
    let found = machines.executions(MACHINE, 3).await.unwrap();
    assert_eq!(
        found.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(),
        ["b", "a", "b"]
    );
    assert_eq!(
        (&found[0].status, found[0].stopped_at),
        (&ExecutionStatus::Running, None)
    );
}

#[tokio::test]
async fn a_state_machine_is_described() {
    let rule = mock!(Client::describe_state_machine).then_output(|| {
        DescribeStateMachineOutput::builder()
            .state_machine_arn(MACHINE)
            .name("tuner")
            .r#type(sdk::StateMachineType::Express)
            .definition("{}")
            .role_arn("arn:role")
            .creation_date(DateTime::from_secs(1))
            .build()
            .unwrap()
    });
    let machines = StateMachines::from_client(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&rule]));
    let found = machines.describe(MACHINE).await.unwrap();
    assert_eq!((found.kind.as_str(), found.definition.as_str()), ("EXPRESS", "{}"));
}
