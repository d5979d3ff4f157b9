//! Reports of invocations, from CloudWatch Logs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::types::{QueryStatus as SdkStatus, ResultField};
use jiff::Timestamp;
use jiff::civil::DateTime;
use tuner_core::review::Window;
use tuner_engine::ports::{PortError, PortErrorKind};
use tuner_engine::review::ports::{LoggedLine, Page, QueryPage, QueryStatus, ReportRow, Reports};

use crate::Connection;
use crate::connection::timeouts;
use crate::errors::{needs, port_error};
use crate::pace::Pace;

const CALL: Duration = Duration::from_secs(30);

/// What Insights is asked: one row for each log group, function and memory size.
///
/// Everything is taken out of the messages themselves. Insights discovers fields such as `@maxMemoryUsed` in log groups of
/// class Standard only, says of no field of restores, and is not documented to know JSON reports or groups that functions
/// share; `parse` works on all of them. Names are letters and digits, as groups of regular expressions want them.
///
/// * A text report is `REPORT RequestId: ...`, a JSON one has `"type":"platform.report"` and its figures in `metrics`.
/// * Time-outs and crashes of the older style stand in lines of their own. They have no size, and so a row of their own.
/// * `latest` is that of the event with the latest time: versions need no rows of their own, whose percentiles would not add
///   up.
/// * The log stream of a group that functions share is `YYYY/MM/DD/NAME[version]...`, that of others has no name.
/// * `parse` gives text: `* 1` makes a number of it, so that 97 is less than 128. Counts are of what was found at all.
pub(crate) const QUERY: &str = r#"filter @message like /^REPORT RequestId: |"platform\.report"|^\S+ \S+ Task timed out after |^RequestId: \S+ Error: Runtime exited with error: signal: killed/
| parse @logStream /^\d+\/\d+\/\d+\/(?<streamFunction>[^\[]+)\[/
| parse @logStream /\[(?<streamVersion>[$A-Z0-9]+)\]/
| parse @message /^REPORT RequestId: \S+\s+Duration: (?<textMs>[0-9.]+) ms\s+Billed Duration: (?<textBilledMs>[0-9.]+) ms\s+Memory Size: (?<textSizeMb>[0-9]+) MB\s+Max Memory Used: (?<textUsedMb>[0-9]+) MB/
| parse @message /Init Duration: (?<textInitMs>[0-9.]+) ms/
| parse @message /\sRestore Duration: (?<textRestoreMs>[0-9.]+) ms/
| parse @message /"metrics"\s*:\s*\{[^}]*"durationMs"\s*:\s*(?<jsonMs>[0-9.]+)/
| parse @message /"metrics"\s*:\s*\{[^}]*"billedDurationMs"\s*:\s*(?<jsonBilledMs>[0-9.]+)/
| parse @message /"metrics"\s*:\s*\{[^}]*"memorySizeMB"\s*:\s*(?<jsonSizeMb>[0-9.]+)/
| parse @message /"metrics"\s*:\s*\{[^}]*"maxMemoryUsedMB"\s*:\s*(?<jsonUsedMb>[0-9.]+)/
| parse @message /"metrics"\s*:\s*\{[^}]*"initDurationMs"\s*:\s*(?<jsonInitMs>[0-9.]+)/
| parse @message /"metrics"\s*:\s*\{[^}]*"restoreDurationMs"\s*:\s*(?<jsonRestoreMs>[0-9.]+)/
| parse @message /(?<timedOut>Status: timeout|"status"\s*:\s*"timeout"|Task timed out after )/
| parse @message /(?<outOfMemory>Runtime\.OutOfMemory|signal: killed)/
| parse @message /(?<failed>Status: error|Status: fail|"status"\s*:\s*"error"|"status"\s*:\s*"failure")/
| fields coalesce(textMs, jsonMs) as ms, coalesce(textBilledMs, jsonBilledMs) as billedMs, coalesce(textSizeMb, jsonSizeMb) as sizeMb, coalesce(textUsedMb, jsonUsedMb) as usedMb, coalesce(textInitMs, jsonInitMs) as initMs, coalesce(textRestoreMs, jsonRestoreMs) as restoreMs
| stats count(ms) as reports, latest(streamVersion) as lastVersion, min(@timestamp) as firstSeen, max(@timestamp) as lastSeen, avg(ms * 1) as meanMs, pct(ms * 1, 50) as p50Ms, pct(ms * 1, 95) as p95Ms, pct(ms * 1, 99) as p99Ms, max(ms * 1) as maxMs, sum(billedMs * 1) as billedSumMs, count(billedMs) as billed, count(initMs) as coldStarts, sum(initMs * 1) as initSumMs, count(restoreMs) as restored, max(usedMb * 1) as maxUsedMb, count(timedOut) as timeouts, count(outOfMemory) as outOfMemories, count(failed) as failures by @log, streamFunction, sizeMb
| limit 10000"#;

/// CloudWatch Logs: the reports in it.
#[derive(Debug)]
pub(crate) struct AwsReports {
    client: Client,
    /// StartQuery, GetQueryResults and FilterLogEvents have a rate each.
    start: Pace,
    poll: Pace,
    lines: Pace,
}

impl AwsReports {
    pub(crate) fn new(client: Client, pace: &Pace) -> Self {
        Self {
            client,
            start: pace.another(),
            poll: pace.another(),
            lines: pace.another(),
        }
    }

    /// For the region and role of `connection`; retries are the engine's.
    pub(crate) fn of(connection: &Connection) -> Arc<dyn Reports> {
        let config = (connection.config().clone().into_builder())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts().operation_attempt_timeout(CALL).build())
            .build();
        Arc::new(Self::new(Client::new(&config), &Pace::per_second(5)))
    }
}

#[async_trait]
impl Reports for AwsReports {
    async fn start(&self, groups: &[String], window: Window) -> Result<String, PortError> {
        const OPERATION: &str = "StartQuery";
        self.start.turn().await;
        let started = self
            .client
            .start_query()
            .set_log_group_names(Some(groups.to_vec()))
            .start_time(window.from.as_second())
            .end_time(window.until.as_second())
            .query_string(QUERY)
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        started
            .query_id()
            .map(str::to_owned)
            .ok_or_else(|| PortError::new(PortErrorKind::Service, OPERATION, "the answer holds no query ID"))
    }

    async fn poll(&self, query: &str, token: Option<&str>) -> Result<QueryPage, PortError> {
        const OPERATION: &str = "GetQueryResults";
        self.poll.turn().await;
        let page = self
            .client
            .get_query_results()
            .query_id(query)
            .set_next_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        let status = match page.status() {
            Some(SdkStatus::Complete) => QueryStatus::Complete,
            Some(SdkStatus::Scheduled | SdkStatus::Running | SdkStatus::UnknownValue) | None => QueryStatus::Running,
            Some(other) => QueryStatus::Ended(other.as_str().to_owned()),
        };
        let rows = match status {
            QueryStatus::Complete => page.results().iter().map(|row| read(row)).collect::<Option<Vec<_>>>(),
            // What is there before it is over is not all of it.
            _ => Some(Vec::new()),
        };
        Ok(QueryPage {
            status,
            rows: rows.ok_or_else(|| {
                let said = "the answer does not hold what was asked for: `stats` seems not to be understood";
                PortError::new(PortErrorKind::Invalid, OPERATION, said)
            })?,
            bytes_scanned: page.statistics().map_or(0, |s| s.bytes_scanned().max(0.0) as u64),
            next: page.next_token().map(str::to_owned),
        })
    }

    async fn stop(&self, query: &str) -> Result<(), PortError> {
        let stopped = self.client.stop_query().query_id(query).send().await;
        stopped.map(drop).map_err(|e| port_error("StopQuery", e))
    }

    async fn lines(
        &self,
        group: &str,
        json: bool,
        window: Window,
        token: Option<&str>,
    ) -> Result<Page<LoggedLine>, PortError> {
        self.lines.turn().await;
        let page = self
            .client
            .filter_log_events()
            .log_group_name(group)
            // A term of more than letters and digits is in quotes. Both match anywhere in the line.
            .filter_pattern(if json { "\"platform.report\"" } else { "REPORT" })
            .start_time(window.from.as_millisecond())
            .end_time(window.until.as_millisecond())
            .set_next_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| {
                let code = e.code().unwrap_or_default().to_owned();
                let resource = format!("log group `{group}`");
                needs(
                    "logs:FilterLogEvents",
                    &resource,
                    &code,
                    port_error("FilterLogEvents", e),
                )
            })?;
        let lines = page.events().iter().filter_map(|event| {
            Some(LoggedLine {
                at: event.timestamp().and_then(|ms| Timestamp::from_millisecond(ms).ok()),
                stream: event.log_stream_name().unwrap_or_default().to_owned(),
                message: event.message()?.trim_end_matches('\n').to_owned(),
            })
        });
        Ok(Page {
            items: lines.collect(),
            next: page.next_token().map(str::to_owned),
        })
    }
}

/// A row; every value is a text, and what no line had is left out. `None` for what is no row of ours.
fn read(fields: &[ResultField]) -> Option<ReportRow> {
    let text = |name: &str| {
        let field = fields.iter().find(|field| field.field() == Some(name))?;
        field.value().filter(|value| !value.is_empty())
    };
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|n| n.is_finite());
    let count = |name: &str| number(name).map_or(0, |n| n.max(0.0) as u64);
    let log = text("@log")?;
    number("reports")?;
    Some(ReportRow {
        // `123456789012:/aws/lambda/resize`; the name itself has no colon.
        group: log.rsplit(':').next().unwrap_or(log).to_owned(),
        function: text("streamFunction").map(str::to_owned),
        memory_size_mb: number("sizeMb").filter(|mb| *mb >= 1.0).map(|mb| mb as u32),
        version: text("lastVersion").and_then(|version| version.parse().ok()),
        invocations: count("reports"),
        first_seen: text("firstSeen").and_then(time),
        last_seen: text("lastSeen").and_then(time),
        mean_ms: number("meanMs"),
        p50_ms: number("p50Ms"),
        p95_ms: number("p95Ms"),
        p99_ms: number("p99Ms"),
        max_ms: number("maxMs"),
        billed_duration_ms: number("billedSumMs").unwrap_or(0.0),
        billed_invocations: count("billed"),
        cold_starts: count("coldStarts"),
        init_sum_ms: number("initSumMs").unwrap_or(0.0),
        restored_starts: count("restored"),
        max_memory_used_mb: number("maxUsedMb"),
        timeouts: count("timeouts"),
        out_of_memory: count("outOfMemories"),
        // One that ran out of memory has failed, too.
        errors: count("failures").saturating_sub(count("outOfMemories")),
    })
}

/// Insights shows times as `2026-01-31 08:15:30.123` (UTC), and as milliseconds since 1970 where it calculates with them.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(ms) = text.parse::<f64>() {
        return Timestamp::from_millisecond(ms as i64).ok();
    }
    let shown: DateTime = text.parse().ok()?;
    shown
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}
