//! Whole inputs: files, directories, gzip, streams, damaged ones; on one thread and on several.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tuner_core::{Outcome, StartKind};
use tuner_logs::{Coverage, Input, Options, Problem, Record, Summary, for_each_record, summarize};

fn report(id: impl std::fmt::Display, duration: u32, size: u32) -> String {
    format!(
        "REPORT RequestId: {id}\tDuration: {duration}.00 ms\tBilled Duration: {duration} ms\tMemory Size: {size} MB\tMax Memory Used: 64 MB\t\n"
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn threads(count: usize) -> Options {
    Options {
        threads: NonZeroUsize::new(count),
        ..Options::default()
    }
}

/// The summary of a directory, which must not depend on the number of threads.
#[track_caller]
fn summary_of(directory: &Path) -> (Summary, Vec<Problem>) {
    let (summary, Coverage { problems, .. }) = summarize(vec![Input::from(directory)], &threads(1));
    for count in [2, 3, 16] {
        let (
            other,
            Coverage {
                problems: other_problems,
                ..
            },
        ) = summarize(vec![Input::from(directory)], &threads(count));
        let rows = |summary: &Summary| {
            summary
                .rows
                .iter()
                .map(|row| format!("{:?}", (&row.function, row.invocations, row.duration, row.timeouts)))
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&other), rows(&summary));
        assert_eq!(other_problems.len(), problems.len());
    }
    (summary, problems)
}

fn records_of(inputs: Vec<Input>, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    let coverage = for_each_record(inputs, &threads(count), |record| {
        records.push(record.clone());
        Ok::<_, ()>(())
    });
    assert!(coverage.unwrap().problems.is_empty());
    records
}

#[test]
fn an_exported_directory_is_summed_up_by_function_and_memory_size() {
    let directory = tempfile::tempdir().unwrap();
    let stream = directory.path().join("aws/lambda/pay/2026-01-31-stream");
    fs::create_dir_all(&stream).unwrap();
    let first: String = (1..=100).map(|number| report(number, number, 128)).collect();
    fs::write(stream.join("000000.gz"), gzip(&first)).unwrap();
    // A plain file under a name that says otherwise.
    fs::write(stream.join("000001.gz"), report("x", 500, 256)).unwrap();
    fs::write(directory.path().join("other.log"), report("y", 7, 128)).unwrap();

    let (summary, problems) = summary_of(directory.path());
    assert!(problems.is_empty());
    let rows: Vec<_> = summary
        .rows
        .iter()
        .map(|row| (row.function.as_str(), row.memory_size_mb, row.invocations))
        .collect();
    assert_eq!(
        rows,
        [
            ("pay", Some(128), 100),
            ("pay", Some(256), 1),
            ("unknown", Some(128), 1)
        ]
    );
    let pay = &summary.rows[0];
    let percentiles = pay.duration.unwrap();
    assert_eq!(
        (percentiles.p50_ms, percentiles.p95_ms, percentiles.p99_ms),
        (50.0, 95.0, 99.0)
    );
    assert_eq!((pay.billed_duration_ms, pay.max_memory_used_mb), (5050, Some(64)));
    assert!((pay.gb_seconds - 5.05 / 8.0).abs() < 1e-12);
    assert_eq!((pay.cold_starts, pay.init_duration), (0, None));
}

#[test]
fn starts_and_outcomes_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let with = |id: &str, fields: &str| report(id, 10, 128).replace("64 MB\t\n", &format!("64 MB\t{fields}\t\n"));
    let log = [
        with("a", "Init Duration: 100.00 ms"),
        with("b", "Restore Duration: 200.00 ms\tBilled Restore Duration: 5 ms"),
        with("c", "Status: timeout"),
        with("d", "Status: error\tError Type: Runtime.OutOfMemory"),
        with("e", "Status: error\tError Type: Runtime.ExitError"),
        // The older style, line before and after, and lines that belong to nothing here.
        report("f", 3003, 128) + "2026-01-01T00:00:00.000Z f Task timed out after 3.00 seconds\n\n",
        "RequestId: g Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n".to_owned() + &report("g", 9, 128),
        "2026-01-01T00:00:00.000Z z Task timed out after 3.00 seconds\n\n".into(),
        "RequestId: z Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n".into(),
        "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout\n".into(),
        // An asynchronous retry: the same ID, billed again.
        report("h", 10, 128) + &report("h", 10, 128),
        r#"{"time":"2025-09-19T19:36:50.881Z","type":"platform.report","record":{"requestId":"i","metrics":{"durationMs":1.148}}}"#.to_owned() + "\n",
    ];
    fs::write(directory.path().join("log"), log.concat()).unwrap();
    let (summary, _) = summary_of(directory.path());
    let [managed, row] = &summary.rows[..] else {
        panic!("{summary:?}")
    };
    assert_eq!(
        (managed.memory_size_mb, managed.unbilled_invocations, managed.gb_seconds),
        (None, 1, 0.0)
    );
    assert_eq!((row.invocations, row.cold_starts, row.restored_starts), (9, 1, 1));
    assert_eq!((row.timeouts, row.out_of_memory, row.errors), (2, 1, 2));
    assert!((row.cold_start_share - 1.0 / 9.0).abs() < 1e-12);
    assert_eq!(row.init_duration.unwrap().p50_ms, 100.0);
    assert_eq!(row.restore_duration.unwrap().p99_ms, 200.0);
    assert_eq!(
        (
            summary.failed_inits,
            summary.unattributed_timeouts,
            summary.unattributed_crashes
        ),
        (1, 1, 1)
    );
}

#[test]
fn a_large_file_gives_the_same_records_in_order_on_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.log");
    let mut log = String::new();
    for number in 0..12_000u32 {
        log.push_str(&format!(
            "2026-01-01T00:00:00.000Z an application's line of some length, {}\n",
            "to fill chunks with".repeat(8)
        ));
        // As long as a real one.
        let id = format!("{number:036}");
        log.push_str(&report(&id, number, 128));
        if number % 1000 == 0 {
            log.push_str(&format!(
                "2026-01-01T00:00:00.000Z {id} Task timed out after 3.00 seconds\n\n"
            ));
        }
    }
    fs::write(&path, &log).unwrap();
    for count in [1, 4] {
        let records = records_of(vec![Input::from(path.as_path())], count);
        assert!(
            records
                .iter()
                .map(|record| record.report.duration_ms as u32)
                .eq(0..12_000)
        );
        assert_eq!(
            records
                .iter()
                .filter(|record| record.outcome == Outcome::Timeout)
                .count(),
            12
        );
    }
    summary_of(directory.path());
    let reader = Input::Reader {
        name: "stream".into(),
        reader: Box::new(std::io::Cursor::new(gzip(&log))),
    };
    assert_eq!(records_of(vec![reader], 2).len(), 12_000);
}

#[test]
fn the_function_is_taken_from_init_start_stream_or_group() {
    let start = r#"{"time":"2024-04-25T17:35:59.944Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","functionName":"greet"}}"#;
    let json = r#"{"time":"2026-10-08T06:53:49.256Z","type":"platform.report","record":{"requestId":"a","metrics":{"durationMs":1.5,"initDurationMs":2}}}"#;
    let filtered = serde_json::json!({ "events": [
        { "logStreamName": "2026/01/31/pay[$LATEST]ab", "message": report("a", 1, 128) },
        { "logStreamName": "2026/01/31/ship[7]cd", "message": json },
    ] });
    // In the order in which CloudWatch writes the fields.
    let subscription = format!(
        r#"{{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/bill","logStream":"2026/01/31/[7]cd","logEvents":[{{"id":"1","timestamp":1,"message":{}}}]}}"#,
        serde_json::json!(report("b", 1, 128))
    );
    let read = |text: String| {
        let reader = Box::new(std::io::Cursor::new(text.into_bytes()));
        let records = records_of(
            vec![Input::Reader {
                name: "test".into(),
                reader,
            }],
            1,
        );
        records
            .iter()
            .map(|record| (record.function.to_string(), record.start))
            .collect::<Vec<_>>()
    };
    let pair = |name: &str, start| (name.to_owned(), start);
    assert_eq!(
        read(format!("{json}\n{start}\n{json}\n")),
        [pair("unknown", StartKind::Cold), pair("greet", StartKind::Cold)]
    );
    for filtered in [filtered.to_string(), serde_json::to_string_pretty(&filtered).unwrap()] {
        assert_eq!(
            read(filtered),
            [pair("pay", StartKind::Warm), pair("ship", StartKind::Cold)]
        );
    }
    assert_eq!(read(subscription), [pair("bill", StartKind::Warm)]);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let compressed = gzip(&(0..5000).map(|number| report(number, number, 128)).collect::<String>());
    fs::write(directory.path().join("a-cut.gz"), &compressed[..compressed.len() / 2]).unwrap();
    fs::write(directory.path().join("b-fine.log"), report("fine", 1, 512)).unwrap();
    let mut damaged = compressed.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    fs::write(directory.path().join("c-damaged.gz"), damaged).unwrap();
    fs::write(directory.path().join("d-empty.log"), "").unwrap();

    let missing = directory.path().join("missing.log");
    let inputs = || vec![Input::from(missing.as_path()), Input::from(directory.path())];
    let (summary, Coverage { problems, .. }) = summarize(inputs(), &threads(2));
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(messages[0].starts_with("cannot open `") && messages[0].contains("missing.log"));
    assert!(messages[1].contains("a-cut.gz") && messages[1].contains("cut off"));
    assert!(messages[2].contains("c-damaged.gz"));
    assert!(summary.rows.iter().any(|row| row.memory_size_mb == Some(512)));
    // Half of the cut file and something of the damaged one were still there.
    assert!(summary.rows[0].invocations > 2000, "{}", summary.rows[0].invocations);
}

#[test]
fn a_line_that_never_ends_does_not_hide_what_is_around_it() {
    let mut log = report("before", 1, 128).into_bytes();
    log.resize(log.len() + (5 << 20), b'x');
    log.push(b'\n');
    log.extend(report("after", 2, 128).into_bytes());
    let reader = Input::Reader {
        name: "long".into(),
        reader: Box::new(std::io::Cursor::new(log)),
    };
    assert_eq!(records_of(vec![reader], 2).len(), 2);
}

#[test]
fn a_huge_document_of_one_line_is_read() {
    let events: Vec<_> = (0..8_000)
        .map(|number| serde_json::json!({ "logStreamName": "2026/01/31/pay[1]a", "message": report(number, number, 128) }))
        .collect();
    let document = serde_json::json!({ "events": events }).to_string();
    let reader = Input::Reader {
        name: "document".into(),
        reader: Box::new(std::io::Cursor::new(document)),
    };
    let records = records_of(vec![reader], 2);
    assert!(
        records
            .iter()
            .map(|record| record.report.duration_ms as u32)
            .eq(0..8_000)
    );
    assert!(records.iter().all(|record| &*record.function == "pay"));
}

#[test]
fn the_first_error_of_the_consumer_stops_the_reading() {
    let log: String = (0..100).map(|number| report(number, number, 128)).collect();
    let reader = Input::Reader {
        name: "log".into(),
        reader: Box::new(std::io::Cursor::new(log)),
    };
    let mut taken = 0;
    let result = for_each_record(vec![reader], &threads(1), |_| {
        taken += 1;
        if taken == 3 { Err("full") } else { Ok(()) }
    });
    assert_eq!((result.unwrap_err(), taken), ("full", 3));
}

#[test]
fn a_record_is_one_flat_json_object() {
    let reader = Input::Reader {
        name: "log".into(),
        reader: Box::new(std::io::Cursor::new(report("a", 5, 128))),
    };
    let record = records_of(vec![reader], 1).remove(0);
    assert_eq!(
        serde_json::to_string(&record).unwrap(),
        r#"{"function":"unknown","start":"warm","outcome":"success","memory_exhausted":false,"request_id":"a","duration_ms":5.0,"billed_duration_ms":5,"memory_size_mb":128,"max_memory_used_mb":64}"#
    );
}

#[test]
fn an_input_with_a_memory_size_per_report_does_not_take_all_memory() {
    let directory = tempfile::tempdir().unwrap();
    let log: String = (1..=200_005).map(|size| report("a", 1, size)).collect();
    fs::write(directory.path().join("log"), log).unwrap();
    let (summary, problems) = summary_of(directory.path());
    assert_eq!(summary.rows.len(), 200_000);
    assert!(summary.rows.iter().all(|row| row.invocations == 1));
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert!(problem.to_string().contains("200000") && problem.to_string().contains(" 5 reports"));
}
