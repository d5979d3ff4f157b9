//! Events as Lambda writes them, text with its tabs and JSON: the one writer, of the local Lambda as of the tests.
//!
//! Text has two decimals for durations, so a report survives writing and reading unchanged if its durations have no
//! more; JSON keeps them as they are. Reading back is what the tests check.

use std::fmt::Display;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{InitReport, Report, RestoreReport, RuntimeVersion, Status, XRay};

/// `REPORT RequestId: ..` with its newline, and the XRAY line if there is a trace.
///
/// A tab follows the last figure, and none follows a status or an error type.
pub fn report_text(report: &Report) -> String {
    let [status, error_type] = ending(report.status.as_ref(), report.error_type.as_deref());
    let is_plain = status.is_none() && error_type.is_none();
    let mut text = line([
        field("REPORT RequestId", Some(&report.request_id), ""),
        field("Duration", Some(two_decimals(report.duration_ms)), " ms"),
        field("Billed Duration", report.billed_duration_ms, " ms"),
        field("Memory Size", report.memory_size_mb, " MB"),
        field("Max Memory Used", report.max_memory_used_mb, " MB"),
        field("Restore Duration", report.restore_duration_ms.map(two_decimals), " ms"),
        field("Billed Restore Duration", report.billed_restore_duration_ms, " ms"),
        field("Init Duration", report.init_duration_ms.map(two_decimals), " ms"),
        status,
        error_type,
    ]);
    text.push_str(if is_plain { "\t\n" } else { "\n" });
    if let Some(xray) = &report.xray {
        let fields = line([
            field("XRAY TraceId", xray.trace_id.as_ref(), ""),
            field("SegmentId", xray.segment_id.as_ref(), ""),
            field("Sampled", xray.sampled, ""),
        ]);
        // What only JSON has leaves no line.
        if !fields.is_empty() {
            text = text + &fields + "\t\n";
        }
    }
    text
}

/// `INIT_REPORT Init Duration: ..`, as printed when init fails.
pub fn init_report_text(report: &InitReport) -> String {
    let duration = Some(two_decimals(report.init_duration_ms));
    let [status, error_type] = ending(report.status.as_ref(), report.error_type.as_deref());
    let fields = [
        field("INIT_REPORT Init Duration", duration, " ms"),
        field("Phase", report.phase.as_ref(), ""),
        status,
        error_type,
    ];
    line(fields) + "\n"
}

/// `RESTORE_REPORT Restore Duration: ..`
pub fn restore_report_text(report: &RestoreReport) -> String {
    let duration = report.restore_duration_ms.map(two_decimals);
    let [status, error_type] = ending(report.status.as_ref(), report.error_type.as_deref());
    let fields = [field("Restore Duration", duration, " ms"), status, error_type];
    format!("RESTORE_REPORT {}\n", line(fields))
}

/// `START RequestId: .. Version: ..`
pub fn start_text(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}\n")
}

/// `END RequestId: ..`; there is no such event in JSON logs.
pub fn end_text(request_id: &str) -> String {
    format!("END RequestId: {request_id}\n")
}

/// `INIT_START Runtime Version: ..`
pub fn init_start_text(started: &RuntimeVersion) -> String {
    let fields = [
        field("Runtime Version", started.runtime_version.as_ref(), ""),
        field("Runtime Version ARN", started.runtime_version_arn.as_ref(), ""),
    ];
    format!("INIT_START {}\n", line(fields))
}

/// `<time> <request id> Task timed out after 3.00 seconds`, with the blank line that Lambda adds.
pub fn timed_out_text(time: Timestamp, request_id: &str, timeout_seconds: f64) -> String {
    format!("{time:.3} {request_id} Task timed out after {timeout_seconds:.2} seconds\n\n")
}

/// `RequestId: .. Error: Runtime exited with error: signal: killed` and the error type below it.
pub fn runtime_error_text(request_id: &str, message: &str, error_type: &str) -> String {
    format!("RequestId: {request_id} Error: {message}\n{error_type}\n")
}

/// A `platform.report` event on one line, without newline. `report.time` is used, or `now` if it has none.
pub fn report_json(report: &Report, now: Timestamp) -> String {
    let mut metrics = Map::new();
    metrics.insert("durationMs".into(), json!(report.duration_ms));
    put(&mut metrics, "billedDurationMs", report.billed_duration_ms);
    put(&mut metrics, "memorySizeMB", report.memory_size_mb);
    put(&mut metrics, "maxMemoryUsedMB", report.max_memory_used_mb);
    put(&mut metrics, "initDurationMs", report.init_duration_ms);
    put(&mut metrics, "restoreDurationMs", report.restore_duration_ms);
    put(
        &mut metrics,
        "billedRestoreDurationMs",
        report.billed_restore_duration_ms,
    );
    let mut record = Map::new();
    record.insert("requestId".into(), json!(report.request_id));
    record.insert("metrics".into(), metrics.into());
    if let Some(xray) = &report.xray {
        record.insert("tracing".into(), tracing(xray));
    }
    put(&mut record, "status", report.status.as_ref().map(Status::as_str));
    put(&mut record, "errorType", report.error_type.as_deref());
    put(&mut record, "tenantId", report.tenant_id.as_deref());
    platform_json("report", report.time.unwrap_or(now), record)
}

/// A `platform.initReport` event on one line, without newline.
pub fn init_report_json(report: &InitReport, now: Timestamp) -> String {
    let mut record = Map::new();
    put(&mut record, "initializationType", report.initialization_type.as_deref());
    put(&mut record, "phase", report.phase.as_deref());
    put(&mut record, "status", report.status.as_ref().map(Status::as_str));
    put(&mut record, "errorType", report.error_type.as_deref());
    record.insert("metrics".into(), json!({ "durationMs": report.init_duration_ms }));
    platform_json("initReport", report.time.unwrap_or(now), record)
}

/// A `platform.initStart` event on one line, without newline. `started.time` is used, or `now` if it has none.
pub fn init_start_json(started: &RuntimeVersion, now: Timestamp) -> String {
    let mut record = Map::new();
    put(
        &mut record,
        "initializationType",
        started.initialization_type.as_deref(),
    );
    put(&mut record, "phase", started.phase.as_deref());
    put(&mut record, "runtimeVersion", started.runtime_version.as_deref());
    put(&mut record, "runtimeVersionArn", started.runtime_version_arn.as_deref());
    put(&mut record, "functionName", started.function_name.as_deref());
    put(&mut record, "functionVersion", started.function_version.as_deref());
    put(&mut record, "instanceMaxMemory", started.instance_max_memory_mb);
    platform_json("initStart", started.time.unwrap_or(now), record)
}

/// A `platform.start` event on one line, without newline.
pub fn start_json(time: Timestamp, request_id: &str, version: &str) -> String {
    let mut record = Map::new();
    record.insert("requestId".into(), json!(request_id));
    record.insert("version".into(), json!(version));
    platform_json("start", time, record)
}

/// Any platform event on one line, without newline; `name` is the part of its type after `platform.`.
pub fn platform_json(name: &str, time: Timestamp, record: Map<String, Value>) -> String {
    let [time, kind, record] = [
        json!(format!("{time:.3}")),
        json!(format!("platform.{name}")),
        Value::from(record),
    ];
    // By hand, so that `time` and `type` come first as in Lambda's own lines.
    format!(r#"{{"time":{time},"type":{kind},"record":{record}}}"#)
}

/// The fields that are there, between tabs.
fn line<const N: usize>(fields: [Option<String>; N]) -> String {
    fields.into_iter().flatten().collect::<Vec<_>>().join("\t")
}

fn field(label: &str, value: Option<impl Display>, unit: &str) -> Option<String> {
    value.map(|value| format!("{label}: {value}{unit}"))
}

/// Status and error type; text never says "success".
fn ending(status: Option<&Status>, error_type: Option<&str>) -> [Option<String>; 2] {
    [
        field("Status", status.filter(|status| status.is_failure()), ""),
        field("Error Type", error_type, ""),
    ]
}

fn two_decimals(ms: f64) -> String {
    format!("{ms:.2}")
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

fn tracing(xray: &XRay) -> Value {
    let sampled = xray.sampled.map(|sampled| if sampled { "1" } else { "0" });
    let value: Vec<String> = [
        ("Root", xray.trace_id.as_deref()),
        ("Parent", xray.parent_id.as_deref()),
        ("Sampled", sampled),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some(format!("{key}={}", value?)))
    .collect();
    let mut tracing = Map::new();
    put(&mut tracing, "spanId", xray.span_id.as_deref());
    tracing.insert("type".into(), "X-Amzn-Trace-Id".into());
    tracing.insert("value".into(), value.join(";").into());
    tracing.into()
}
