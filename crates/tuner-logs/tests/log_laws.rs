//! What must hold for any input: nothing panics, and what is written is read back as it was.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tuner_logs::lines::{
    End, Event, InitReport, Neighbours, Report, RestoreReport, RuntimeError, RuntimeVersion, Start, Status, TimedOut,
    XRay, format, parse_line, parse_tail, scan, scan_errors,
};

const LINES: &str = include_str!("data/report-lines.txt");

/// What errors of runtimes are made of.
const ERROR_PIECES: [&str; 24] = [
    "[ERROR] ",
    "KeyError",
    ": ",
    "\n",
    "Traceback (most recent call last):",
    "\tERROR\tInvoke Error \t{\"",
    "errorType",
    "\":\"",
    "\"",
    "{",
    "}",
    "e.A",
    "\tat ",
    "\tfail\t",
    "   at ",
    "2026/01/31 10:00:00 ",
    "{\"errorMessage\":\"\",\"",
    "thread 'main' ",
    "panicked at ",
    "user handler panicked",
    "requestId=\"",
    "goroutine 1 [running]:",
    "panic: ",
    "\u{e9}",
];

fn read_in_every_way(bytes: &[u8]) {
    if let Some(Event::Report(report)) = parse_line(bytes) {
        report.outcome(Neighbours::NONE);
        format::report_text(&report);
    }
    parse_tail(bytes, None).outcome();
    parse_tail(bytes, Some("id"));
    scan(bytes, |hit| assert!(hit.offset < bytes.len()));
    scan_errors(bytes, |told| assert!(told.offset < bytes.len()));
}

/// An index into the records, and edits: at a place, remove some bytes and insert others.
fn mutated_line() -> impl Strategy<Value = Vec<u8>> {
    let records: Vec<&'static str> = LINES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let edit = (any::<prop::sample::Index>(), 0..8usize, vec(any::<u8>(), 0..4));
    (prop::sample::select(records), vec(edit, 0..6)).prop_map(|(record, edits)| {
        let mut bytes = record.replace("\\n", "\n").into_bytes();
        for (place, removed, inserted) in edits {
            let from = place.index(bytes.len() + 1);
            let to = (from + removed).min(bytes.len());
            bytes.splice(from..to, inserted);
        }
        bytes
    })
}

fn hundredths() -> impl Strategy<Value = f64> {
    (0..100_000_000u32).prop_map(|value| f64::from(value) / 100.0)
}

fn word() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._-]{1,40}"
}

fn time() -> impl Strategy<Value = jiff::Timestamp> {
    (0..4_000_000_000_000i64).prop_filter_map("in range", |ms| jiff::Timestamp::from_millisecond(ms).ok())
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::Error), Just(Status::Failure), Just(Status::Timeout)]
}

prop_compose! {
    fn report()(
        request_id in word(),
        durations in (hundredths(), option::of(hundredths()), option::of(hundredths())),
        billed in (option::of(0..1_000_000u64), option::of(0..1_000_000u64)),
        memory in (option::of(128..10_241u32), option::of(1..10_241u32)),
        status in option::of(status()),
        error_type in option::of(word()),
        trace in option::of((word(), option::of(word()), option::of(any::<bool>()))),
    ) -> Report {
        Report {
            tenant_id: None,
            request_id,
            duration_ms: durations.0,
            billed_duration_ms: billed.0,
            memory_size_mb: memory.0,
            max_memory_used_mb: memory.1,
            init_duration_ms: durations.1,
            restore_duration_ms: durations.2,
            billed_restore_duration_ms: billed.1,
            status,
            error_type,
            xray: trace.map(|(trace_id, segment_id, sampled)| {
                Box::new(XRay { trace_id: Some(trace_id), segment_id, sampled, ..XRay::default() })
            }),
            time: None,
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        read_in_every_way(&bytes);
    }

    #[test]
    fn pieces_of_errors_never_panic(pieces in vec(prop::sample::select(&ERROR_PIECES[..]), 0..12)) {
        read_in_every_way(pieces.concat().as_bytes());
        read_in_every_way(serde_json::json!({ "message": pieces.concat() }).to_string().as_bytes());
    }

    #[test]
    fn mutated_lines_never_panic(lines in vec(mutated_line(), 1..4)) {
        read_in_every_way(&lines.join(&b'\n'));
        read_in_every_way(serde_json::json!({ "message": String::from_utf8_lossy(&lines.concat()) }).to_string().as_bytes());
    }

    #[test]
    fn text_is_read_back_as_it_was(report in report()) {
        let text = format::report_text(&report);
        let is_plain = report.status.is_none() && report.error_type.is_none();
        prop_assert_eq!(text.ends_with("\t\n"), is_plain || report.xray.is_some());
        prop_assert_eq!(parse_line(text.as_bytes()), Some(Event::Report(report.clone())));
        let mut found = Vec::new();
        scan(text.as_bytes(), |hit| found.push(hit.event));
        prop_assert_eq!(found, [Event::Report(report)]);
    }

    #[test]
    fn json_is_read_back_as_it_was(report in report(), time in time(), tenant_id in option::of(word())) {
        let mut report = Report { time: Some(time), tenant_id, ..report };
        for xray in report.xray.iter_mut() {
            (xray.parent_id, xray.segment_id) = (xray.segment_id.take(), None);
        }
        let json = format::report_json(&report, jiff::Timestamp::UNIX_EPOCH);
        prop_assert_eq!(parse_line(json.as_bytes()), Some(Event::Report(report)));
    }

    #[test]
    fn init_reports_are_read_back(ms in hundredths(), status in option::of(status()), error_type in option::of(word())) {
        let init = InitReport { init_duration_ms: ms, phase: Some("init".into()), status, error_type, ..InitReport::default() };
        prop_assert_eq!(parse_line(format::init_report_text(&init).as_bytes()), Some(Event::InitReport(init.clone())));
        let time = jiff::Timestamp::UNIX_EPOCH;
        let init = InitReport { time: Some(time), ..init };
        prop_assert_eq!(parse_line(format::init_report_json(&init, time).as_bytes()), Some(Event::InitReport(init)));
    }

    #[test]
    fn restore_reports_are_read_back(ms in hundredths(), status in option::of(status()), error_type in option::of(word())) {
        let restore = RestoreReport { restore_duration_ms: Some(ms), status, error_type, ..RestoreReport::default() };
        let text = format::restore_report_text(&restore);
        prop_assert_eq!(parse_line(text.as_bytes()), Some(Event::RestoreReport(restore)));
    }

    #[test]
    fn the_beginning_of_an_environment_is_read_back(words in (word(), word(), word(), word()), mb in 128..10_241u32, time in time()) {
        let (version, arn, name, number) = words;
        let started =
            RuntimeVersion { runtime_version: Some(version), runtime_version_arn: Some(arn), ..RuntimeVersion::default() };
        let text = format::init_start_text(&started);
        prop_assert_eq!(parse_line(text.as_bytes()), Some(Event::InitStart(started.clone())));
        let started = RuntimeVersion {
            function_name: Some(name),
            function_version: Some(number),
            initialization_type: Some("on-demand".into()),
            phase: Some("init".into()),
            instance_max_memory_mb: Some(mb),
            time: Some(time),
            ..started
        };
        let json = format::init_start_json(&started, jiff::Timestamp::UNIX_EPOCH);
        prop_assert_eq!(parse_line(json.as_bytes()), Some(Event::InitStart(started)));
    }

    #[test]
    fn start_and_end_are_read_back(request_id in word(), version in word(), time in time()) {
        let mut start = Start { request_id: request_id.clone(), version: Some(version.clone()), ..Start::default() };
        let text = format::start_text(&request_id, &version);
        prop_assert_eq!(parse_line(text.as_bytes()), Some(Event::Start(start.clone())));
        start.time = Some(time);
        let json = format::start_json(time, &request_id, &version);
        prop_assert_eq!(parse_line(json.as_bytes()), Some(Event::Start(start)));
        let end = End { request_id: request_id.clone(), time: None };
        prop_assert_eq!(parse_line(format::end_text(&request_id).as_bytes()), Some(Event::End(end)));
    }

    /// The line itself says no time that is read; a tail and an export find both events.
    #[test]
    fn time_outs_and_crashes_are_read_back(request_id in word(), seconds in 1..900u32, time in time(), kind in "[A-Za-z]{1,20}") {
        let timed_out = TimedOut { request_id: Some(request_id.clone()), timeout_seconds: Some(seconds.into()) };
        let text = format::timed_out_text(time, &request_id, seconds.into());
        prop_assert_eq!(parse_line(text.as_bytes()), Some(Event::TimedOut(timed_out.clone())));
        let error = RuntimeError {
            request_id: Some(request_id.clone()),
            message: "Runtime exited with error: signal: killed".into(),
            error_type: Some(format!("Runtime.{kind}")),
            time: None,
        };
        let crash = format::runtime_error_text(&request_id, &error.message, error.error_type.as_deref().unwrap_or_default());
        prop_assert_eq!(parse_line(crash.as_bytes()), Some(Event::RuntimeError(error.clone())));
        let tail = parse_tail((text + &crash).as_bytes(), Some(&request_id));
        prop_assert_eq!((tail.timed_out, tail.runtime_error), (Some(timed_out), Some(error)));
    }

    /// However an export wraps them, the scanner finds the same reports, and the time that the export adds.
    #[test]
    fn wrapping_changes_nothing(reports in vec(report(), 1..5)) {
        let texts: Vec<String> = reports.iter().map(format::report_text).collect();
        let events: Vec<_> = texts
            .iter()
            .map(|text| serde_json::json!({
                "logStreamName": "2026/01/31/pay[$LATEST]ab", "timestamp": 1_769_817_600_000_i64, "message": text, "eventId": "1"
            }))
            .collect();
        let document = serde_json::json!({ "events": events });
        let lines: Vec<String> = events.iter().map(|event| format!("{event}\n")).collect();
        let tailed: Vec<String> =
            texts.iter().map(|text| format!("2026-01-31T00:00:00.000Z 2026/01/31/pay[$LATEST]ab {text}")).collect();
        for wrapped in [document.to_string(), serde_json::to_string_pretty(&document).unwrap(), lines.concat(), tailed.concat()] {
            let mut found = Vec::new();
            scan(wrapped.as_bytes(), |hit| {
                assert_eq!(hit.origin.function, Some("pay"), "{wrapped}");
                found.push(hit.event);
            });
            let time = "2026-01-31T00:00:00Z".parse().ok();
            let dated = |report: &Report| Event::Report(Report { time, ..report.clone() });
            let expected: Vec<Event> = reports.iter().map(dated).collect();
            prop_assert_eq!(found, expected, "{}", wrapped);
        }
    }
}
