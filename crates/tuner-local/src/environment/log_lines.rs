//! The lines Lambda itself writes into a function's log, as text or JSON.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EnvironmentSpec, LogFormat};

/// How an invocation or an init ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    /// The handler returned an error: a word in JSON, but an ordinary REPORT in text.
    FunctionError(String),
    Timeout,
    /// The process failed, with the error type.
    Error(String),
}

/// Which init an INIT_REPORT is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InitPhase {
    /// Before the first event.
    Init,
    /// The repetition of a failed init, inside the invocation.
    Invoke,
}

impl InitPhase {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Invoke => "invoke",
        }
    }
}

/// The figures of a REPORT.
#[derive(Debug, Clone)]
pub(super) struct Report<'a> {
    pub request_id: &'a str,
    pub duration: Duration,
    pub init: Option<Duration>,
    pub memory_size_mb: u32,
    pub max_memory_used_mb: u32,
    pub status: Status,
}

impl Report<'_> {
    /// Duration and init duration are added first and rounded up once, as Lambda does since August 2025. What is added
    /// is what is printed: hundredths of a millisecond.
    fn billed_ms(&self) -> u128 {
        (rounded(self.duration) + rounded(self.init.unwrap_or_default()))
            .as_nanos()
            .div_ceil(1_000_000)
    }
}

/// Rounds to the hundredth of a millisecond that is printed.
fn rounded(duration: Duration) -> Duration {
    Duration::from_micros((duration.as_nanos() as u64).saturating_add(5_000) / 10_000 * 10)
}

fn ms(duration: Duration) -> f64 {
    rounded(duration).as_secs_f64() * 1e3
}

/// The log of one invocation while it is being written.
pub(super) struct LogLines<'a> {
    spec: &'a EnvironmentSpec,
    bytes: Vec<u8>,
}

impl<'a> LogLines<'a> {
    pub(super) fn new(spec: &'a EnvironmentSpec) -> Self {
        Self {
            spec,
            bytes: Vec::new(),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Adds what the process wrote, byte for byte, and ends its last line.
    pub(super) fn output(&mut self, written: &[u8]) {
        self.bytes.extend_from_slice(written);
        if self.bytes.last().is_some_and(|&b| b != b'\n') {
            self.bytes.push(b'\n');
        }
    }

    pub(super) fn init_start(&mut self) {
        let arn = format!("arn:aws:lambda:{}::runtime:local", self.spec.region);
        match self.spec.log_format {
            LogFormat::Text => self.line(&format!(
                "INIT_START Runtime Version: local\tRuntime Version ARN: {arn}\t"
            )),
            LogFormat::Json => self.event(
                "platform.initStart",
                json!({
                    "initializationType": "on-demand", "phase": "init", "runtimeVersion": "local",
                    "runtimeVersionArn": arn, "functionName": self.spec.function_name,
                    "functionVersion": self.spec.version,
                }),
            ),
        }
    }

    /// Lambda writes it only for an init that failed.
    pub(super) fn init_report(&mut self, duration: Duration, phase: InitPhase, status: &Status) {
        let (word, error_type) = words(status);
        match self.spec.log_format {
            LogFormat::Text => {
                let error = error_type.map(|t| format!("\tError Type: {t}")).unwrap_or_default();
                let (ms, phase) = (ms(duration), phase.as_str());
                self.line(&format!(
                    "INIT_REPORT Init Duration: {ms:.2} ms\tPhase: {phase}\tStatus: {word}{error}"
                ));
            }
            LogFormat::Json => {
                let mut record = json!({
                    "initializationType": "on-demand", "phase": phase.as_str(), "status": word,
                    "metrics": {"durationMs": ms(duration)},
                });
                if let Some(error_type) = error_type {
                    record["errorType"] = error_type.into();
                }
                self.event("platform.initReport", record);
            }
        }
    }

    pub(super) fn start(&mut self, request_id: &str) {
        let version = &self.spec.version;
        match self.spec.log_format {
            LogFormat::Text => self.line(&format!("START RequestId: {request_id} Version: {version}")),
            LogFormat::Json => self.event("platform.start", json!({"requestId": request_id, "version": version})),
        }
    }

    /// `2024-03-04T17:22:38.033Z b70435cc-... Task timed out after 3.00 seconds`; JSON has the status only.
    pub(super) fn timed_out(&mut self, request_id: &str, timeout: Duration) {
        if self.spec.log_format == LogFormat::Text {
            let seconds = timeout.as_secs_f64();
            self.line(&format!(
                "{} {request_id} Task timed out after {seconds:.2} seconds",
                now()
            ));
        }
    }

    /// What became of the process: `RequestId: ... Error: Runtime exited with error: signal: killed`.
    pub(super) fn runtime_error(&mut self, message: &str) {
        if self.spec.log_format == LogFormat::Text {
            self.line(message);
        }
    }

    /// END and REPORT, the last lines of every invocation.
    pub(super) fn report(&mut self, report: &Report<'_>) {
        let (word, error_type) = words(&report.status);
        let billed_ms = report.billed_ms();
        match self.spec.log_format {
            LogFormat::Text => {
                self.line(&format!("END RequestId: {}", report.request_id));
                let mut line = format!(
                    "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {billed_ms} ms\tMemory Size: {} MB\t\
                     Max Memory Used: {} MB\t",
                    report.request_id,
                    ms(report.duration),
                    report.memory_size_mb,
                    report.max_memory_used_mb,
                );
                if let Some(init) = report.init {
                    line += &format!("Init Duration: {:.2} ms\t", ms(init));
                }
                if let Status::Timeout | Status::Error(_) = report.status {
                    line += &format!("Status: {word}");
                    line += &error_type.map(|t| format!("\tError Type: {t}")).unwrap_or_default();
                }
                self.line(&line);
            }
            LogFormat::Json => {
                let mut record = json!({
                    "requestId": report.request_id,
                    "metrics": {
                        "durationMs": ms(report.duration), "billedDurationMs": billed_ms as u64,
                        "memorySizeMB": report.memory_size_mb, "maxMemoryUsedMB": report.max_memory_used_mb,
                    },
                    "status": word,
                });
                if let Some(init) = report.init {
                    record["metrics"]["initDurationMs"] = ms(init).into();
                }
                if let Some(error_type) = error_type {
                    record["errorType"] = error_type.into();
                }
                self.event("platform.report", record);
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.output(line.as_bytes());
    }

    fn event(&mut self, kind: &str, record: Value) {
        let line = json!({"time": now(), "type": kind, "record": record}).to_string();
        self.line(&line);
    }
}

fn words(status: &Status) -> (&'static str, Option<&str>) {
    match status {
        Status::Success => ("success", None),
        Status::FunctionError(error_type) => ("error", Some(error_type)),
        Status::Timeout => ("timeout", None),
        Status::Error(error_type) => ("error", Some(error_type)),
    }
}

fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use super::*;

    fn report(duration_us: u64, init_us: Option<u64>, status: Status) -> Report<'static> {
        Report {
            request_id: "r",
            duration: Duration::from_micros(duration_us),
            init: init_us.map(Duration::from_micros),
            memory_size_mb: 128,
            max_memory_used_mb: 73,
            status,
        }
    }

    fn written(format: LogFormat, write: impl FnOnce(&mut LogLines<'_>)) -> String {
        let mut spec = spec(&["true"]);
        spec.log_format = format;
        let mut lines = LogLines::new(&spec);
        write(&mut lines);
        String::from_utf8(lines.into_bytes()).unwrap()
    }

    #[test]
    fn billed_is_the_sum_rounded_up_once() {
        // Figures of real lines, before and after rounding once or twice would differ.
        assert_eq!(report(80_300, Some(488_910), Status::Success).billed_ms(), 570);
        assert_eq!(report(1_830, Some(208_270), Status::Success).billed_ms(), 211);
        assert_eq!(report(3_000_000, None, Status::Timeout).billed_ms(), 3000);
        assert_eq!(report(3_000_000, Some(402_040), Status::Timeout).billed_ms(), 3403);
        // 2.004 ms prints as 2.00 and is billed as printed.
        assert_eq!(report(2_004, None, Status::Success).billed_ms(), 2);
    }

    #[test]
    fn report_lines_read_as_those_of_lambda() {
        let timeout = written(LogFormat::Text, |l| {
            l.report(&report(3_000_000, Some(402_040), Status::Timeout))
        });
        assert_eq!(
            timeout,
            "END RequestId: r\nREPORT RequestId: r\tDuration: 3000.00 ms\tBilled Duration: 3403 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 73 MB\tInit Duration: 402.04 ms\tStatus: timeout\n"
        );
        let plain = written(LogFormat::Text, |l| {
            l.report(&report(74_590, None, Status::FunctionError("E".into())))
        });
        assert!(
            plain.ends_with("Billed Duration: 75 ms\tMemory Size: 128 MB\tMax Memory Used: 73 MB\t\n"),
            "{plain}"
        );
    }

    #[test]
    fn a_json_report_has_numbers_and_a_status() {
        let status = Status::Error("Runtime.OutOfMemory".into());
        let line = written(LogFormat::Json, |l| l.report(&report(1_802, Some(60_644), status)));
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["type"], "platform.report");
        assert_eq!(event["record"]["status"], "error");
        assert_eq!(event["record"]["errorType"], "Runtime.OutOfMemory");
        assert_eq!(event["record"]["metrics"]["billedDurationMs"], 63);
        assert_eq!(event["record"]["metrics"]["initDurationMs"], 60.64);
    }

    #[test]
    fn output_keeps_its_bytes_and_ends_its_last_line() {
        let log = written(LogFormat::Text, |l| {
            l.output(b"no newline");
            l.init_report(
                Duration::from_micros(150_790),
                InitPhase::Init,
                &Status::Error("E".into()),
            );
        });
        let expected = "no newline\nINIT_REPORT Init Duration: 150.79 ms\tPhase: init\tStatus: error\tError Type: E\n";
        assert_eq!(log, expected);
    }
}
