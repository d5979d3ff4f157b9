//! CloudWatch Logs.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::{FilterLogEventsError, FilterLogEventsOutput};
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use jiff::Timestamp;
use tuner_engine::ports::{LogSource, PortErrorKind};

use super::metadata;
use crate::AwsLogs;

const REQUEST: &str = "5e1a5e4e-1111-2222-3333-444455556666";

fn event(at: i64, message: &str) -> FilteredLogEvent {
    FilteredLogEvent::builder().timestamp(at).message(message).build()
}

#[tokio::test]
async fn the_lines_of_a_request_from_all_pages_oldest_first() {
    let first = mock!(Client::filter_log_events)
        .match_requests(|r| {
            r.log_group_name() == Some("/aws/lambda/resize")
                && r.filter_pattern() == Some("\"5e1a5e4e-1111-2222-3333-444455556666\"")
                && r.start_time() == Some(1_700_000_000_123)
                && r.next_token().is_none()
        })
        .then_output(|| {
            FilterLogEventsOutput::builder()
                .events(event(30, "REPORT RequestId: r\tDuration: 1.00 ms\t\n"))
                .events(event(30, "XRAY TraceId: t\n"))
                .next_token("a")
                .build()
        });
    // A page may hold nothing and not be the last.
    let second = mock!(Client::filter_log_events)
        .match_requests(|r| r.next_token() == Some("a"))
        .then_output(|| FilterLogEventsOutput::builder().next_token("b").build());
    let third = mock!(Client::filter_log_events)
        .match_requests(|r| r.next_token() == Some("b"))
        .then_output(|| {
            FilterLogEventsOutput::builder()
                .events(event(10, r#"{"type":"platform.start"}"#))
                .build()
        });
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&first, &second, &third]);
    let since: Timestamp = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
    let lines = AwsLogs::from_client(client)
        .lines("/aws/lambda/resize", REQUEST, since)
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8(lines).unwrap(),
        "{\"type\":\"platform.start\"}\nREPORT RequestId: r\tDuration: 1.00 ms\t\nXRAY TraceId: t"
    );
}

#[tokio::test]
async fn nothing_yet_is_empty() {
    let rule = mock!(Client::filter_log_events).then_output(|| FilterLogEventsOutput::builder().build());
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule]);
    let lines = AwsLogs::from_client(client)
        .lines("g", REQUEST, Timestamp::UNIX_EPOCH)
        .await;
    assert_eq!(lines.unwrap(), b"");
}

#[tokio::test]
async fn failures_are_told_apart() {
    for (code, kind, says) in [
        ("ResourceNotFoundException", PortErrorKind::NotFound, "The reason"),
        ("ThrottlingException", PortErrorKind::Throttled, "The reason"),
        (
            "AccessDeniedException",
            PortErrorKind::Denied,
            "it takes `logs:FilterLogEvents` on log group `/aws/lambda/resize`",
        ),
        (
            "ExpiredTokenException",
            PortErrorKind::Denied,
            "ExpiredTokenException: The reason",
        ),
        ("InvalidParameterException", PortErrorKind::Invalid, "The reason"),
    ] {
        let rule = mock!(Client::filter_log_events)
            .then_error(move || FilterLogEventsError::generic(metadata(code, "The reason")));
        let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule], |config| config
            .retry_config(RetryConfig::disabled()));
        let error = AwsLogs::from_client(client)
            .lines("/aws/lambda/resize", REQUEST, Timestamp::UNIX_EPOCH)
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
        assert!(error.to_string().ends_with(says), "{error}");
    }
}
