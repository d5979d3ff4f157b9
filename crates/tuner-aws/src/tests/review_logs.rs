//! What a memory review asks of logs, and what is made of recorded shapes of answers.

use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryError, StartQueryOutput};
use aws_sdk_cloudwatchlogs::operation::stop_query::StopQueryOutput;
use aws_sdk_cloudwatchlogs::types::{
    FilteredLogEvent, LogGroup as SdkLogGroup, LogGroupClass, QueryStatistics, QueryStatus as SdkStatus, ResultField,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tuner_engine::ports::PortErrorKind;
use tuner_engine::review::ports::{LogClass, LogGroups, QueryStatus, Reports};

use super::metadata;
use super::review::window;
use crate::pace::Pace;
use crate::review::{AwsLogGroups, AwsReports, QUERY};

#[tokio::test]
async fn log_groups_with_what_they_hold() {
    let rule = mock!(aws_sdk_cloudwatchlogs::Client::describe_log_groups)
        .match_requests(|r| r.log_group_name_prefix() == Some("/aws/lambda/") && r.limit() == Some(50))
        .then_output(|| {
            let group = |name: &str| SdkLogGroup::builder().log_group_name(name);
            DescribeLogGroupsOutput::builder()
                .log_groups(
                    group("/aws/lambda/a")
                        .stored_bytes(1_000)
                        .creation_time(1_772_323_200_000)
                        .retention_in_days(14)
                        .log_group_class(LogGroupClass::InfrequentAccess)
                        .build(),
                )
                .log_groups(group("/aws/lambda/b").log_group_class(LogGroupClass::Delivery).build())
                .log_groups(group("/aws/lambda/c").build())
                .next_token("t")
                .build()
        });
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule]);
    let page = AwsLogGroups::new(client, Pace::unlimited())
        .log_groups("/aws/lambda/", None)
        .await
        .unwrap();
    let classes: Vec<LogClass> = page.items.iter().map(|group| group.class).collect();
    assert_eq!(
        classes,
        [LogClass::InfrequentAccess, LogClass::Delivery, LogClass::Standard]
    );
    let a = &page.items[0];
    assert_eq!((a.stored_bytes, a.retention_days), (Some(1_000), Some(14)));
    assert_eq!(a.created, Some("2026-03-01T00:00:00Z".parse().unwrap()));
    assert_eq!(page.next.as_deref(), Some("t"));
}

/// What the query is, to the letter: a change of it is a change of what the account is asked, and is to be looked at.
#[test]
fn the_query_is_what_was_agreed_on() {
    assert!(QUERY.len() <= 10_000, "StartQuery takes no more");
    let lines: Vec<&str> = QUERY.lines().collect();
    assert_eq!(
        lines[0],
        r#"filter @message like /^REPORT RequestId: |"platform\.report"|^\S+ \S+ Task timed out after |^RequestId: \S+ Error: Runtime exited with error: signal: killed/"#
    );
    assert_eq!(
        lines[1],
        r"| parse @logStream /^\d+\/\d+\/\d+\/(?<streamFunction>[^\[]+)\[/"
    );
    assert_eq!(lines[2], r"| parse @logStream /\[(?<streamVersion>[$A-Z0-9]+)\]/");
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("| parse @message /"))
            .count(),
        12
    );
    assert_eq!(
        lines[15],
        "| fields coalesce(textMs, jsonMs) as ms, coalesce(textBilledMs, jsonBilledMs) as billedMs, \
         coalesce(textSizeMb, jsonSizeMb) as sizeMb, coalesce(textUsedMb, jsonUsedMb) as usedMb, \
         coalesce(textInitMs, jsonInitMs) as initMs, coalesce(textRestoreMs, jsonRestoreMs) as restoreMs"
    );
    assert_eq!(
        lines[16],
        "| stats count(ms) as reports, latest(streamVersion) as lastVersion, min(@timestamp) as firstSeen, max(@timestamp) as lastSeen, avg(ms * 1) as meanMs, \
         pct(ms * 1, 50) as p50Ms, pct(ms * 1, 95) as p95Ms, pct(ms * 1, 99) as p99Ms, max(ms * 1) as maxMs, \
         sum(billedMs * 1) as billedSumMs, count(billedMs) as billed, count(initMs) as coldStarts, \
         sum(initMs * 1) as initSumMs, count(restoreMs) as restored, max(usedMb * 1) as maxUsedMb, \
         count(timedOut) as timeouts, count(outOfMemory) as outOfMemories, count(failed) as failures \
         by @log, streamFunction, sizeMb"
    );
    assert_eq!(lines[17], format!("| limit {}", tuner_engine::review::MOST_ROWS));
    assert_eq!(lines.len(), 18);
}

fn row(fields: &[(&str, &str)]) -> Vec<ResultField> {
    let field = |(name, value): &(&str, &str)| ResultField::builder().field(*name).value(*value).build();
    fields.iter().map(field).collect()
}

fn statistics(bytes_scanned: f64) -> QueryStatistics {
    QueryStatistics::builder()
        .records_matched(2.0)
        .records_scanned(900.0)
        .bytes_scanned(bytes_scanned)
        .build()
}

#[tokio::test]
async fn a_query_from_start_to_answer() {
    let start = mock!(aws_sdk_cloudwatchlogs::Client::start_query)
        .match_requests(|r| {
            r.log_group_names() == ["a", "b"]
                && r.start_time() == Some(1_772_323_200)
                && r.end_time() == Some(1_774_953_000)
                && r.query_string() == Some(QUERY)
        })
        .then_output(|| StartQueryOutput::builder().query_id("q-1").build());
    let running = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
        .match_requests(|r| r.query_id() == Some("running"))
        .then_output(|| {
            GetQueryResultsOutput::builder()
                .status(SdkStatus::Running)
                .statistics(statistics(123.0))
                // Of the part that was scanned so far.
                .results(row(&[("@log", "123456789012:a"), ("reports", "1")]))
                .build()
        });
    let first = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
        .match_requests(|r| r.query_id() == Some("q-1") && r.next_token().is_none())
        .then_output(|| {
            let of_text = row(&[
                ("@log", "123456789012:/aws/lambda/resize"),
                ("sizeMb", "512"),
                ("reports", "1200"),
                ("firstSeen", "2026-03-01 08:15:30.123"),
                ("lastSeen", "1.774951200000E12"),
                ("meanMs", "101.5"),
                ("p50Ms", "99"),
                ("p95Ms", "180.25"),
                ("p99Ms", "250"),
                ("maxMs", "3000"),
                ("billedSumMs", "1.218E5"),
                ("billed", "1200"),
                ("coldStarts", "12"),
                ("initSumMs", "2400.5"),
                ("restored", "0"),
                ("maxUsedMb", "128"),
                ("timeouts", "1"),
                ("outOfMemories", "2"),
                ("failures", "5"),
            ]);
            GetQueryResultsOutput::builder()
                .status(SdkStatus::Complete)
                .statistics(statistics(5e9))
                .results(of_text)
                .next_token("t")
                .build()
        });
    let second = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
        .match_requests(|r| r.next_token() == Some("t"))
        .then_output(|| {
            // Fields that no line had are left out: old time-outs in a shared group, which have no size.
            let of_lines = row(&[
                ("@log", "123456789012:shared/all"),
                ("streamFunction", "resize"),
                ("reports", "0"),
                ("timeouts", "3"),
                ("billedSumMs", ""),
            ]);
            GetQueryResultsOutput::builder()
                .status(SdkStatus::Complete)
                .results(of_lines)
                .build()
        });
    let client = mock_client!(
        aws_sdk_cloudwatchlogs,
        RuleMode::MatchAny,
        [&start, &running, &first, &second]
    );
    let reports = AwsReports::new(client, &Pace::unlimited());
    let id = reports.start(&["a".into(), "b".into()], window()).await.unwrap();
    let page = reports.poll("running", None).await.unwrap();
    assert_eq!(
        (page.status, page.rows.len(), page.bytes_scanned),
        (QueryStatus::Running, 0, 123)
    );
    let page = reports.poll(&id, None).await.unwrap();
    assert_eq!(
        (page.status, page.bytes_scanned),
        (QueryStatus::Complete, 5_000_000_000)
    );
    let row = &page.rows[0];
    assert_eq!(
        (row.group.as_str(), row.function.as_deref()),
        ("/aws/lambda/resize", None)
    );
    assert_eq!((row.memory_size_mb, row.invocations), (Some(512), 1200));
    assert_eq!(row.first_seen, Some("2026-03-01T08:15:30.123Z".parse().unwrap()));
    assert_eq!(row.last_seen, Some("2026-03-31T10:00:00Z".parse().unwrap()));
    assert_eq!(
        (row.mean_ms, row.p95_ms, row.max_ms),
        (Some(101.5), Some(180.25), Some(3000.0))
    );
    assert_eq!((row.billed_duration_ms, row.billed_invocations), (121_800.0, 1200));
    assert_eq!((row.cold_starts, row.init_sum_ms), (12, 2400.5));
    assert_eq!((row.max_memory_used_mb, row.timeouts), (Some(128.0), 1));
    assert_eq!((row.out_of_memory, row.errors), (2, 3));
    let page = reports.poll(&id, page.next.as_deref()).await.unwrap();
    let row = &page.rows[0];
    assert_eq!(
        (row.group.as_str(), row.function.as_deref()),
        ("shared/all", Some("resize"))
    );
    assert_eq!(
        (row.memory_size_mb, row.max_ms, row.invocations, row.timeouts),
        (None, None, 0, 3)
    );
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn queries_that_end_otherwise() {
    for (status, expected) in [
        (SdkStatus::Scheduled, QueryStatus::Running),
        (SdkStatus::UnknownValue, QueryStatus::Running),
        (SdkStatus::Failed, QueryStatus::Ended("Failed".into())),
        (SdkStatus::Timeout, QueryStatus::Ended("Timeout".into())),
        (SdkStatus::Cancelled, QueryStatus::Ended("Cancelled".into())),
    ] {
        let rule = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
            .then_output(move || GetQueryResultsOutput::builder().status(status.clone()).build());
        let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule]);
        let page = AwsReports::new(client, &Pace::unlimited())
            .poll("q", None)
            .await
            .unwrap();
        assert_eq!(page.status, expected);
    }
    // An emulator that passes over `stats` gives the lines themselves; AWS never does.
    let raw = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results).then_output(|| {
        GetQueryResultsOutput::builder()
            .status(SdkStatus::Complete)
            .results(row(&[
                ("@timestamp", "2026-03-01 08:15:30.123"),
                ("@message", "REPORT RequestId: r"),
            ]))
            .build()
    });
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&raw]);
    let error = AwsReports::new(client, &Pace::unlimited())
        .poll("q", None)
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert!(error.to_string().contains("`stats`"), "{error}");
    let stop = mock!(aws_sdk_cloudwatchlogs::Client::stop_query)
        .match_requests(|r| r.query_id() == Some("q"))
        .then_output(|| StopQueryOutput::builder().success(true).build());
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&stop]);
    AwsReports::new(client, &Pace::unlimited()).stop("q").await.unwrap();
}

#[tokio::test]
async fn refusals_of_a_query_are_told_apart() {
    for (code, kind) in [
        ("ResourceNotFoundException", PortErrorKind::NotFound),
        ("AccessDeniedException", PortErrorKind::Denied),
        // A hundred queries are under way.
        ("LimitExceededException", PortErrorKind::Throttled),
        ("ThrottlingException", PortErrorKind::Throttled),
        ("MalformedQueryException", PortErrorKind::Invalid),
    ] {
        let rule = mock!(aws_sdk_cloudwatchlogs::Client::start_query)
            .then_error(move || StartQueryError::generic(metadata(code, "The reason")));
        let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule], |config| config
            .retry_config(aws_sdk_cloudwatchlogs::config::retry::RetryConfig::disabled()));
        let error = AwsReports::new(client, &Pace::unlimited())
            .start(&["a".into()], window())
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
    }
}

#[tokio::test]
async fn lines_are_asked_for_in_the_format_of_the_function() {
    for (json, pattern) in [(false, "REPORT"), (true, "\"platform.report\"")] {
        let rule = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
            .match_requests(move |r| {
                r.log_group_name() == Some("shared")
                    && r.filter_pattern() == Some(pattern)
                    && r.start_time() == Some(1_772_323_200_000)
                    && r.next_token() == Some("t")
            })
            .then_output(|| {
                let event = FilteredLogEvent::builder()
                    .timestamp(1_772_323_200_500)
                    .log_stream_name("2026/03/01/resize[$LATEST]0123")
                    .message("REPORT RequestId: r\tDuration: 1.00 ms\n");
                FilterLogEventsOutput::builder()
                    .events(event.build())
                    .next_token("u")
                    .build()
            });
        let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule]);
        let page = AwsReports::new(client, &Pace::unlimited())
            .lines("shared", json, window(), Some("t"))
            .await
            .unwrap();
        assert_eq!(page.items[0].message, "REPORT RequestId: r\tDuration: 1.00 ms");
        assert_eq!(page.items[0].stream, "2026/03/01/resize[$LATEST]0123");
        assert_eq!(page.items[0].at, Some("2026-03-01T00:00:00.5Z".parse().unwrap()));
        assert_eq!(page.next.as_deref(), Some("u"));
    }
}
