//! Every line of `data/report-lines.txt` (136 lines from public sources) is read to exactly what it says.

use tuner_logs::lines::{Event, Report, Status, format, parse_line, scan};

const LINES: &str = include_str!("data/report-lines.txt");

/// The records, with the two-character `\n` of the file made a newline.
fn records() -> Vec<String> {
    LINES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            if line.starts_with('{') {
                line.to_owned()
            } else {
                line.replace("\\n", "\n")
            }
        })
        .collect()
}

fn reports() -> Vec<Report> {
    let report = |record: &String| match parse_line(record.as_bytes()) {
        Some(Event::Report(report)) => Some(report),
        _ => None,
    };
    records().iter().filter_map(report).collect()
}

/// The snapshot has each record above what was read from it, so that it can be checked by eye.
#[test]
fn each_record_is_read_to_what_it_says() {
    let mut table = String::new();
    for record in records() {
        let event = parse_line(record.as_bytes());
        let read = event.map_or("nothing".to_owned(), |event| serde_json::to_string(&event).unwrap());
        table.push_str(&format!(
            "{}\n  = {read}\n",
            record.replace('\n', "\\n").replace('\t', "→")
        ));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn there_are_136_records_and_three_say_nothing() {
    let records = records();
    assert_eq!(records.len(), 136);
    let nothing: Vec<_> = records
        .iter()
        .filter(|record| parse_line(record.as_bytes()).is_none())
        .collect();
    assert_eq!(
        nothing,
        [
            "REPORT invalid report log line",
            "REPORT RequestId: test-request-id Runtime Duration: 200.00 ms Task failed: RuntimeError",
            r#"{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"[INFO] Hello world, I am a function!"}"#,
        ]
    );
}

/// Since 2020-12 a billed duration is one of: ceil(duration), ceil(duration + init), ceil(duration) + billed restore,
/// or the timeout. Earlier ones are multiples of 100; fixtures made up by hand are named.
#[test]
fn billed_durations_follow_the_rules() {
    for report in reports() {
        let Some(billed) = report.billed_duration_ms.map(|billed| billed as f64) else {
            continue;
        };
        let (duration, init) = (report.duration_ms, report.init_duration_ms.unwrap_or(0.0));
        let restore = report.billed_restore_duration_ms.unwrap_or(0) as f64;
        let is = |expected: f64| (billed - expected).abs() <= 1.0;
        let billed_by_rule = is(duration.ceil()) || is((duration + init).ceil()) || is(duration.ceil() + restore);
        let timeout_billed = billed < duration && billed % 1000.0 == 0.0;
        let hundreds = billed % 100.0 == 0.0 && billed >= duration;
        let by_hand = [
            "6f7f0961f83442118a7af6fe80b88d56",
            "test-request-id",
            "2f98d5aa-c63b-41e8-a9d2-0d2c21d7410d",
        ]
        .contains(&report.request_id.as_str());
        // The documentation's own two timeouts bill a millisecond or so less than the sum.
        let documented = report.request_id.starts_with("b70435cc") || report.request_id.starts_with("527cb862");
        assert!(
            billed_by_rule || timeout_billed || hundreds || by_hand || documented,
            "{report:?}"
        );
    }
}

#[test]
fn billed_restore_is_already_in_billed_duration() {
    let restored: Vec<_> = reports()
        .into_iter()
        .filter(|report| report.billed_restore_duration_ms.is_some())
        .collect();
    assert_eq!(restored.len(), 6);
    let adds_up = |report: &&Report| {
        report.duration_ms.ceil() as u64 + report.billed_restore_duration_ms.unwrap()
            == report.billed_duration_ms.unwrap()
    };
    // The sixth is a fixture with numbers edited by hand.
    assert_eq!(restored.iter().filter(adds_up).count(), 5);
}

#[test]
fn every_report_is_written_as_it_was_read() {
    for mut report in reports() {
        let text = format::report_text(&report);
        let json = format::report_json(&report, "2026-01-01T00:00:00Z".parse().unwrap());
        if report.time.is_some() {
            assert_eq!(parse_line(json.as_bytes()), Some(Event::Report(report)), "{json}");
        } else if report.status != Some(Status::Success) {
            assert_eq!(
                parse_line(text.as_bytes()),
                Some(Event::Report(report.clone())),
                "{text}"
            );
            report.time = Some("2026-01-01T00:00:00Z".parse().unwrap());
            if report.xray.is_none() {
                assert_eq!(parse_line(json.as_bytes()), Some(Event::Report(report)), "{json}");
            }
        }
    }
}

/// The records that stand behind a comment which begins with `kind`.
fn records_of(kind: &str) -> Vec<String> {
    let lines: Vec<&str> = LINES.lines().collect();
    let follows = |pair: &[&str]| pair[0].starts_with(kind).then(|| pair[1].replace("\\n", "\n"));
    lines.windows(2).filter_map(follows).collect()
}

/// Byte for byte, where the source kept the tabs; only those at the end of an event are missing in some. The ends of the
/// lines before an XRAY line are there: a status or an error type has no tab behind it, a figure has.
#[test]
fn real_lines_of_text_are_written_as_lambda_wrote_them() {
    let mut written = 0;
    for record in records_of("# [real]") {
        let text = match parse_line(record.as_bytes()) {
            Some(Event::Report(report)) => format::report_text(&report),
            Some(Event::InitReport(report)) => format::init_report_text(&report),
            Some(Event::RestoreReport(report)) => format::restore_report_text(&report),
            Some(Event::InitStart(started)) => format::init_start_text(&started),
            _ => continue,
        };
        // Where authors changed the spacing, and a line of `sam logs`, there are blanks for tabs.
        let keeps_its_tabs = record.matches('\t').count() + 1 >= record.matches(": ").count();
        if record.starts_with('{') || record.contains("  ") || !keeps_its_tabs {
            continue;
        }
        assert_eq!(text.trim_end(), record.trim_end());
        written += 1;
    }
    assert_eq!(written, 37);
}

#[test]
fn real_reports_of_json_are_written_with_the_same_fields() {
    let mut written = 0;
    for record in records_of("# [real]") {
        let Some(Event::Report(report)) = parse_line(record.as_bytes()) else {
            continue;
        };
        if !record.starts_with('{') || record.contains("\"spans\"") {
            continue;
        }
        let json = format::report_json(&report, jiff::Timestamp::UNIX_EPOCH);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&json), value(&record));
        written += 1;
    }
    assert_eq!(written, 4);
}

/// The scanner over the whole file finds the same reports in the same order as reading record by record.
#[test]
fn the_scanner_finds_every_report_of_the_file() {
    let mut log = records().join("\n").into_bytes();
    log.push(b'\n');
    let mut found = Vec::new();
    scan(&log, |hit| {
        if let Event::Report(report) = hit.event {
            found.push(report);
        }
    });
    assert_eq!(found, reports());
}
