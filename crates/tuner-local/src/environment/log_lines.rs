//! The log of one invocation: what the process wrote, between the lines that Lambda itself writes.
//!
//! The lines are those of [`tuner_logs::lines::format`]; here is which of them an invocation has, and what it is billed.

use std::time::Duration;

use jiff::Timestamp;
use tuner_logs::lines::{InitReport, Report, RuntimeVersion, Status, format};

use super::failure::Cause;
use super::{EnvironmentSpec, LogFormat};

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

/// A duration in the hundredths of a millisecond that are printed.
fn rounded(duration: Duration) -> Duration {
    Duration::from_micros((duration.as_nanos() as u64).saturating_add(5_000) / 10_000 * 10)
}

/// In milliseconds, by one division: JSON prints the float as it is.
fn ms(duration: Duration) -> f64 {
    rounded(duration).as_micros() as f64 / 1e3
}

/// Duration and init duration are added first and rounded up once, as Lambda does since August 2025. What is added is
/// what is printed.
fn billed_ms(duration: Duration, init: Option<Duration>) -> u64 {
    let billed = rounded(duration) + rounded(init.unwrap_or_default());
    billed.as_nanos().div_ceil(1_000_000) as u64
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
        let started = RuntimeVersion {
            runtime_version: Some("local".to_owned()),
            runtime_version_arn: Some(format!("arn:aws:lambda:{}::runtime:local", self.spec.region)),
            function_name: Some(self.spec.function_name.clone()),
            function_version: Some(self.spec.version.clone()),
            initialization_type: Some("on-demand".to_owned()),
            phase: Some(InitPhase::Init.as_str().to_owned()),
            ..RuntimeVersion::default()
        };
        self.write(
            || format::init_start_text(&started),
            |now| format::init_start_json(&started, now),
        );
    }

    /// Lambda writes it only for an init that failed.
    pub(super) fn init_report(&mut self, duration: Duration, phase: InitPhase, cause: &Cause) {
        let (status, error_type) = cause.words();
        let report = InitReport {
            init_duration_ms: ms(duration),
            phase: Some(phase.as_str().to_owned()),
            initialization_type: Some("on-demand".to_owned()),
            status: Some(status),
            error_type,
            time: None,
        };
        self.write(
            || format::init_report_text(&report),
            |now| format::init_report_json(&report, now),
        );
    }

    pub(super) fn start(&mut self, request_id: &str) {
        let version = &self.spec.version;
        self.write(
            || format::start_text(request_id, version),
            |now| format::start_json(now, request_id, version),
        );
    }

    /// The line of a time-out; JSON has the status only.
    pub(super) fn timed_out(&mut self, request_id: &str) {
        if self.spec.log_format == LogFormat::Text {
            let seconds = self.spec.timeout.as_secs_f64();
            self.output(format::timed_out_text(Timestamp::now(), request_id, seconds).as_bytes());
        }
    }

    /// What became of the process, and the error type below it; JSON has the type only.
    pub(super) fn runtime_error(&mut self, request_id: &str, message: &str, error_type: &str) {
        if self.spec.log_format == LogFormat::Text {
            self.output(format::runtime_error_text(request_id, message, error_type).as_bytes());
        }
    }

    /// A line of the local Lambda's own, which tells a person what is wrong; in JSON logs it would be no event.
    pub(super) fn hint(&mut self, hint: &str) {
        if self.spec.log_format == LogFormat::Text {
            self.output(hint.as_bytes());
        }
    }

    /// END and REPORT, the last lines of every invocation.
    pub(super) fn report(
        &mut self,
        request_id: &str,
        duration: Duration,
        init: Option<Duration>,
        max_memory_used_mb: u32,
        cause: Option<&Cause>,
    ) {
        let (status, error_type) = match cause {
            // A handler's error leaves an ordinary REPORT in text.
            Some(Cause::Handler(_)) if self.spec.log_format == LogFormat::Text => (None, None),
            Some(cause) => {
                let (status, error_type) = cause.words();
                (Some(status), error_type)
            }
            None => (Some(Status::Success), None),
        };
        let report = Report {
            request_id: request_id.to_owned(),
            duration_ms: ms(duration),
            billed_duration_ms: Some(billed_ms(duration, init)),
            memory_size_mb: Some(self.spec.memory_size_mb),
            max_memory_used_mb: Some(max_memory_used_mb),
            init_duration_ms: init.map(ms),
            status,
            error_type,
            ..Report::default()
        };
        self.write(
            || format::end_text(request_id) + &format::report_text(&report),
            |now| format::report_json(&report, now),
        );
    }

    fn write(&mut self, text: impl FnOnce() -> String, json: impl FnOnce(Timestamp) -> String) {
        let lines = match self.spec.log_format {
            LogFormat::Text => text(),
            LogFormat::Json => json(Timestamp::now()),
        };
        self.output(lines.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use tuner_core::Outcome;
    use tuner_logs::lines::parse_tail;

    use super::super::tests::spec;
    use super::*;

    const US: fn(u64) -> Duration = Duration::from_micros;

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
        assert_eq!(billed_ms(US(80_300), Some(US(488_910))), 570);
        assert_eq!(billed_ms(US(1_830), Some(US(208_270))), 211);
        assert_eq!(billed_ms(US(3_000_000), None), 3000);
        assert_eq!(billed_ms(US(3_000_000), Some(US(402_040))), 3403);
        // 2.004 ms prints as 2.00 and is billed as printed.
        assert_eq!(billed_ms(US(2_004), None), 2);
    }

    #[test]
    fn report_lines_read_as_those_of_lambda() {
        let timeout = written(LogFormat::Text, |l| {
            l.report("r", US(3_000_000), Some(US(402_040)), 73, Some(&Cause::Timeout))
        });
        assert_eq!(
            timeout,
            "END RequestId: r\nREPORT RequestId: r\tDuration: 3000.00 ms\tBilled Duration: 3403 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 73 MB\tInit Duration: 402.04 ms\tStatus: timeout\n"
        );
        let plain = written(LogFormat::Text, |l| {
            l.report("r", US(74_590), None, 73, Some(&Cause::Handler("E".into())))
        });
        assert!(
            plain.ends_with("Billed Duration: 75 ms\tMemory Size: 128 MB\tMax Memory Used: 73 MB\t\n"),
            "{plain}"
        );
    }

    #[test]
    fn a_json_report_has_numbers_and_a_status() {
        let cause = Cause::Process("Runtime.OutOfMemory".into());
        let line = written(LogFormat::Json, |l| {
            l.report("r", US(1_802), Some(US(60_644)), 128, Some(&cause))
        });
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
            l.init_report(US(150_790), InitPhase::Init, &Cause::Process("E".into()));
        });
        let expected = "no newline\nINIT_REPORT Init Duration: 150.79 ms\tPhase: init\tStatus: error\tError Type: E\n";
        assert_eq!(log, expected);
    }

    fn cause() -> impl Strategy<Value = Option<Cause>> {
        prop_oneof![
            Just(None),
            Just(Some(Cause::Timeout)),
            "[A-Z][A-Za-z]{0,20}".prop_map(|word| Some(Cause::Handler(word))),
            prop_oneof![
                Just("Runtime.ExitError"),
                Just("Runtime.OutOfMemory"),
                Just("Runtime.InitError")
            ]
            .prop_map(|word| Some(Cause::Process(word.to_owned()))),
        ]
    }

    proptest! {
        /// What the reader makes of a log is what was put into it, in both forms.
        #[test]
        fn the_log_is_read_back(
            nanos in 0..900_000_000_000u64,
            init in proptest::option::of(0..10_000_000_000u64),
            used in 1..10_241u32,
            cause in cause(),
        ) {
            let (duration, init) = (Duration::from_nanos(nanos), init.map(Duration::from_nanos));
            for form in [LogFormat::Text, LogFormat::Json] {
                let log = written(form, |l| {
                    l.init_start();
                    l.start("r");
                    match &cause {
                        Some(Cause::Timeout) => l.timed_out("r"),
                        Some(Cause::Process(kind)) => l.runtime_error("r", "Runtime exited with error: signal: killed", kind),
                        _ => {}
                    }
                    l.report("r", duration, init, used, cause.as_ref());
                });
                let tail = parse_tail(log.as_bytes(), Some("r"));
                let expected = match &cause {
                    None => Outcome::Success,
                    // Text doesn't say it, as Lambda's doesn't.
                    Some(Cause::Handler(_)) if form == LogFormat::Text => Outcome::Success,
                    Some(Cause::Timeout) => Outcome::Timeout,
                    Some(Cause::Process(kind)) if kind == "Runtime.OutOfMemory" => Outcome::OutOfMemory,
                    Some(Cause::Process(kind)) if kind == "Runtime.InitError" => Outcome::InitError,
                    // A killed process that had used all memory was killed for that.
                    Some(Cause::Process(_)) if form == LogFormat::Text && used + 2 >= 128 => Outcome::OutOfMemory,
                    Some(_) => Outcome::FunctionError,
                };
                prop_assert_eq!(tail.outcome(), Some(expected), "{}", log);
                let report = tail.report.unwrap();
                prop_assert_eq!((report.duration_ms, report.init_duration_ms), (ms(duration), init.map(ms)), "{}", log);
                prop_assert_eq!(report.billed_duration_ms, Some((ms(duration) * 100.0 + init.map_or(0.0, ms) * 100.0).round() as u64).map(|h| h.div_ceil(100)));
                prop_assert_eq!((report.memory_size_mb, report.max_memory_used_mb), (Some(128), Some(used)));
                let error_type = match &cause {
                    Some(Cause::Process(kind)) => Some(kind.clone()),
                    Some(Cause::Handler(kind)) if form == LogFormat::Json => Some(kind.clone()),
                    _ => None,
                };
                prop_assert_eq!(report.error_type, error_type);
            }
        }
    }

    /// What beside a REPORT tells of a failure: the blank line of a time-out, and the error type below a crash.
    #[test]
    fn failures_have_the_lines_that_lambda_gives_them() {
        let log = written(LogFormat::Text, |l| {
            l.timed_out("r");
            l.runtime_error("r", "Runtime exited with error: signal: killed", "Runtime.OutOfMemory");
        });
        let (time, rest) = log.split_once(' ').unwrap();
        assert!(time.parse::<Timestamp>().is_ok(), "{log}");
        assert_eq!(
            rest,
            "r Task timed out after 3.00 seconds\n\nRequestId: r Error: Runtime exited with error: signal: killed\n\
             Runtime.OutOfMemory\n"
        );
        let json = written(LogFormat::Json, |l| {
            l.timed_out("r");
            l.runtime_error("r", "Runtime exited", "Runtime.ExitError");
            l.hint("a hint");
        });
        assert_eq!(json, "");
    }
}
