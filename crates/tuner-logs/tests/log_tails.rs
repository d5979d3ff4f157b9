//! Edge cases of the `LogResult` tail: 4 KB, usually cut at the front, text or JSON or both.

use tuner_core::{Outcome, StartKind};
use tuner_logs::lines::{Status, parse_line, parse_tail};

const REPORT: &str = "REPORT RequestId: id-1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t\n";
const JSON: &str = r#"{"time":"2026-10-08T06:53:49.256Z","type":"platform.report","record":{"requestId":"id-1","metrics":{"durationMs":12.34,"billedDurationMs":13,"memorySizeMB":128,"maxMemoryUsedMB":40},"status":"success"}}"#;

#[track_caller]
fn duration(tail: &str) -> Option<f64> {
    let with_id = parse_tail(tail.as_bytes(), Some("id-1"))
        .report
        .map(|report| report.duration_ms);
    let without = parse_tail(tail.as_bytes(), None)
        .report
        .map(|report| report.duration_ms);
    assert_eq!(with_id, without);
    with_id
}

#[test]
fn json_reports_without_the_optional_fields_are_read() {
    let start = |extra: &str| {
        let json = JSON.replace(r#""maxMemoryUsedMB":40"#, &format!(r#""maxMemoryUsedMB":40{extra}"#));
        let report = parse_tail(json.as_bytes(), None).report.unwrap();
        (report.start_kind(), report.performance_ms(), report.billed_duration_ms)
    };
    assert_eq!(start(""), (StartKind::Warm, 12.34, Some(13)));
    assert_eq!(start(r#","initDurationMs":100.0"#), (StartKind::Cold, 112.34, Some(13)));
    assert_eq!(
        start(r#","restoreDurationMs":50"#),
        (StartKind::Restored, 62.34, Some(13))
    );
    assert_eq!(
        start(r#","restoreDurationMs":50,"billedRestoreDurationMs":5"#),
        (StartKind::Restored, 62.34, Some(13))
    );
}

#[test]
fn durations_without_decimals_are_read() {
    assert_eq!(duration(&REPORT.replace("12.34", "5")), Some(5.0));
}

#[test]
fn no_report_is_none_and_never_zero() {
    for tail in [
        "",
        "\n\n",
        "{",
        "{}",
        "[]",
        "just words",
        "REPORT invalid report log line",
        "START RequestId: id-1 Version: 1\n",
    ] {
        assert_eq!(duration(tail), None, "{tail}");
        assert_eq!(parse_tail(tail.as_bytes(), None).outcome(), None, "{tail}");
    }
}

#[test]
fn an_application_line_that_speaks_of_durations_does_not_win() {
    assert_eq!(
        duration(&format!("query\tDuration: 9999.00 ms\tBilled Duration: 1 ms\n{REPORT}")),
        Some(12.34)
    );
    assert_eq!(duration("query\tDuration: 9999.00 ms\n"), None);
}

#[test]
fn a_forged_report_does_not_win() {
    let forged = REPORT.replace("id-1", "id-0").replace("12.34", "1.00");
    let of = |tail: String| {
        parse_tail(tail.as_bytes(), Some("id-1"))
            .report
            .map(|report| report.duration_ms)
    };
    assert_eq!(of(format!("{REPORT}{forged}")), Some(12.34));
    // An application that knows its own request ID still writes before Lambda does.
    assert_eq!(of(format!("{}{REPORT}", REPORT.replace("12.34", "1.00"))), Some(12.34));
    assert_eq!(of(forged), None);
    let json_log = format!(
        "{}\n",
        serde_json::json!({ "level": "INFO", "message": REPORT.replace('\t', " ") })
    );
    assert_eq!(of(json_log), None);
}

#[test]
fn text_that_begins_with_a_brace_is_text() {
    assert_eq!(duration(&format!("{{ not json\n{REPORT}")), Some(12.34));
    assert_eq!(duration(&format!("{{\"an\":\"object\"}}\n{REPORT}")), Some(12.34));
    assert_eq!(duration(&format!("{{\n{REPORT}}}\n")), Some(12.34));
}

#[test]
fn a_cut_first_line_does_no_harm() {
    let json = format!("{JSON}\n{JSON}\n");
    let text = format!("{REPORT}{REPORT}");
    for cut in 0..JSON.len() {
        assert_eq!(duration(&json[cut..]), Some(12.34), "{}", &json[cut..]);
    }
    for cut in 0..REPORT.len() {
        assert_eq!(duration(&text[cut..]), Some(12.34), "{}", &text[cut..]);
    }
    // Cut, and nothing below: unmeasured.
    assert_eq!(duration(&JSON[1..]), None);
}

#[test]
fn a_report_cut_at_the_end_has_what_it_has_and_no_half_numbers() {
    for end in 0..REPORT.len() {
        let report = parse_tail(&REPORT.as_bytes()[..end], None).report;
        let Some(report) = report else { continue };
        assert_eq!(report.duration_ms, 12.34);
        assert!(
            report.billed_duration_ms.is_none_or(|billed| billed == 13),
            "{report:?}"
        );
        assert!(report.memory_size_mb.is_none_or(|size| size == 128), "{report:?}");
        assert!(report.max_memory_used_mb.is_none_or(|used| used == 40), "{report:?}");
    }
}

#[test]
fn lines_of_no_interest_are_passed_over() {
    let noise = "WARN: platform.report is late\n\n{\"type\":\"platform.report\"}\n{\"type\":\"mine\",\"record\":{\"durationMs\":7}}\n";
    assert_eq!(duration(&format!("{noise}{JSON}\n{noise}")), Some(12.34));
}

#[test]
fn pretty_printed_objects_arrays_and_json_lines_are_read() {
    let value: serde_json::Value = serde_json::from_str(JSON).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let start = r#"{"time":"2026-10-08T06:53:49.200Z","type":"platform.start","record":{"requestId":"id-1"}}"#;
    assert_eq!(duration(&pretty), Some(12.34));
    assert_eq!(duration(&format!("[{start},{JSON}]")), Some(12.34));
    assert_eq!(duration(&format!("[\n{pretty},\n{start}\n]\n")), Some(12.34));
    assert_eq!(duration(&format!("{start}\n{JSON}\n{start}\n")), Some(12.34));
    assert_eq!(duration(&format!("hello\n{pretty}\nbye")), Some(12.34));
}

#[test]
fn an_object_of_the_application_is_not_searched() {
    let wrapped = serde_json::json!({ "seen": serde_json::from_str::<serde_json::Value>(JSON).unwrap() });
    assert_eq!(duration(&serde_json::to_string_pretty(&wrapped).unwrap()), None);
}

#[test]
fn lines_after_report_do_no_harm_and_xray_is_kept() {
    let tail =
        format!("{REPORT}XRAY TraceId: 1-2-3\tSegmentId: 4\tSampled: true\t\nEXTENSION done in Duration: 1 ms\n");
    assert_eq!(duration(&tail), Some(12.34));
    let xray = parse_tail(tail.as_bytes(), None).report.unwrap().xray.unwrap();
    assert_eq!(
        (xray.trace_id.as_deref(), xray.segment_id.as_deref(), xray.sampled),
        (Some("1-2-3"), Some("4"), Some(true))
    );
}

#[test]
fn old_style_failures_are_told_by_the_lines_beside_report() {
    let outcome = |tail: String| parse_tail(tail.as_bytes(), Some("id-1")).outcome();
    let timed_out = "2024-03-04T17:22:38.033Z id-1 Task timed out after 3.00 seconds\n\n";
    let killed = "RequestId: id-1 Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n";
    let full = REPORT.replace("40 MB", "127 MB");
    assert_eq!(outcome(format!("{REPORT}{timed_out}")), Some(Outcome::Timeout));
    assert_eq!(outcome(format!("{full}{killed}")), Some(Outcome::OutOfMemory));
    assert_eq!(outcome(format!("{killed}{full}")), Some(Outcome::OutOfMemory));
    assert_eq!(outcome(format!("{REPORT}{killed}")), Some(Outcome::FunctionError));
    assert_eq!(
        outcome(format!("{REPORT}{}", timed_out.replace("id-1", "id-2"))),
        Some(Outcome::Success)
    );
    assert_eq!(outcome(timed_out.to_owned()), Some(Outcome::Timeout));
    let error = parse_tail(killed.as_bytes(), None).runtime_error.unwrap();
    assert_eq!(error.error_type.as_deref(), Some("Runtime.ExitError"));
}

#[test]
fn a_failed_init_is_told_apart_from_the_report() {
    let tail = format!("INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout\n{REPORT}");
    let tail = parse_tail(tail.as_bytes(), None);
    let init = tail.init_report.unwrap();
    assert_eq!((init.init_duration_ms, init.status), (9999.79, Some(Status::Timeout)));
    assert_eq!(tail.report.unwrap().start_kind(), StartKind::Warm);
}

#[test]
fn any_white_space_separates_fields() {
    for blank in [" ", "\t", "   ", " \t ", "\r\n\t"] {
        let line = REPORT.replace(['\t', ' '], blank);
        assert!(parse_line(line.as_bytes()).is_some(), "{line:?}");
    }
}
