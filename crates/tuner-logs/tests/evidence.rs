//! Evidence for a memory review, from inputs as exports leave them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use tuner_logs::{Coverage, FunctionLogs, Input, LogEvidence, Options, Problem, gather};

const ID: &str = "276a85b8-11a7-4b68-b42e-de11b5f419e3";
const STREAM: &str = "2026-10-01-[$LATEST]2f2faf726d06475489c93fe6f5a69d21";

/// A report as an export to S3 has it: the time, the event, and the newline of each.
fn exported(time: &str, duration_ms: f64, size_mb: u32, fields: &str) -> String {
    let billed = duration_ms.ceil();
    format!(
        "{time} REPORT RequestId: {ID}\tDuration: {duration_ms:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {size_mb} MB\tMax Memory Used: 64 MB\t{fields}\n\n"
    )
}

fn write_gz(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    fs::write(path, encoder.finish().unwrap()).unwrap();
}

/// What is gathered, on one thread and on several.
#[track_caller]
fn gathered(directory: &Path) -> (LogEvidence, Vec<Problem>) {
    let on = |threads| {
        let threads = NonZeroUsize::new(threads);
        let options = Options {
            threads,
            ..Options::default()
        };
        gather(vec![Input::from(directory)], &options)
    };
    let (one, Coverage { problems, .. }) = on(1);
    assert_eq!(on(3).0, one);
    (one, problems)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn an_export_gives_times_sums_and_sizes_per_function() {
    let folder = tempfile::tempdir().unwrap();
    let log = [
        "2026-10-01T00:00:00.000Z INIT_START Runtime Version: python:3.13.v1\n".into(),
        exported("2026-10-01T00:00:01.000Z", 10.5, 128, "Init Duration: 250.25 ms\t"),
        exported("2026-10-02T00:00:00.000Z", 29.5, 128, ""),
        // The size was raised; the export is not in order of time.
        exported("2026-10-09T00:00:00.000Z", 5.0, 256, ""),
        exported("2026-10-08T00:00:00.000Z", 7.0, 256, "Status: timeout\t"),
        exported(
            "2026-10-08T12:00:00.000Z",
            7.0,
            256,
            "Status: error\tError Type: Runtime.OutOfMemory\t",
        ),
    ];
    write_gz(
        &folder.path().join(format!("aws/lambda/pay/task/{STREAM}/000000.gz")),
        &log.concat(),
    );
    let (evidence, problems) = gathered(folder.path());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(evidence.bytes, log.concat().len() as u64);
    let window = evidence.window.unwrap();
    assert_eq!(
        (window.from, window.until),
        (time("2026-10-01T00:00:01Z"), time("2026-10-09T00:00:00Z"))
    );
    let [pay] = &evidence.functions[..] else {
        panic!("{evidence:?}")
    };
    assert_eq!(
        (pay.name.as_deref(), pay.complete, pay.sizeless),
        (Some("pay"), true, 0)
    );
    let [small, large] = &pay.sizes[..] else {
        panic!("{pay:?}")
    };
    assert_eq!(
        (small.memory_size_mb, small.invocations, small.cold_starts),
        (128, 2, 1)
    );
    assert_eq!(
        (small.duration.mean_ms, small.duration.max_ms, small.duration.p50_ms),
        (20.0, 29.5, 10.5)
    );
    assert_eq!(
        (small.init_sum_ms, small.billed_duration_ms, small.max_memory_used_mb),
        (250.25, 41, Some(64))
    );
    assert_eq!(
        (small.first_seen, small.last_seen),
        (Some(time("2026-10-01T00:00:01Z")), Some(time("2026-10-02T00:00:00Z")))
    );
    assert_eq!((large.timeouts, large.out_of_memory, large.errors), (1, 1, 0));
    assert_eq!(
        (large.first_seen, large.last_seen),
        (Some(time("2026-10-08T00:00:00Z")), Some(time("2026-10-09T00:00:00Z")))
    );
}

#[test]
fn functions_of_a_shared_group_are_told_apart_by_stream_and_by_json() {
    let folder = tempfile::tempdir().unwrap();
    let in_stream = |name: &str| {
        folder
            .path()
            .join(format!("exportedlogs/task/2026-10-01-{name}[3]ab/000000.gz"))
    };
    write_gz(&in_stream("pay"), &exported("2026-10-01T00:00:01.000Z", 10.0, 128, ""));
    let start = r#"{"time":"2026-10-01T00:00:00.000Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","functionName":"greet"}}"#;
    let report = format!(
        r#"{{"time":"2026-10-03T00:00:00.000Z","type":"platform.report","record":{{"requestId":"{ID}","metrics":{{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":512,"maxMemoryUsedMB":70,"initDurationMs":3.5}},"status":"success"}}}}"#
    );
    write_gz(
        &in_stream(""),
        &format!("2026-10-01T00:00:00.000Z {start}\n2026-10-03T00:00:00.000Z {report}\n"),
    );
    // Nothing tells whose this is; and of a Managed Instance there is no size.
    write_gz(
        &folder.path().join("some.gz"),
        &exported("2026-10-01T00:00:01.000Z", 10.0, 128, ""),
    );
    let managed = r#"{"time":"2026-10-01T00:00:00.000Z","type":"platform.report","record":{"requestId":"x","metrics":{"durationMs":1.1}}}"#;
    write_gz(&folder.path().join("aws/lambda/managed/000000.gz"), managed);
    let (evidence, problems) = gathered(folder.path());
    assert!(problems.is_empty());
    let found: Vec<_> = evidence
        .functions
        .iter()
        .map(|f| {
            (
                f.name.as_deref(),
                f.reports(),
                f.sizeless,
                f.sizes.first().map(|size| size.memory_size_mb),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (None, 1, 0, Some(128)),
            (Some("greet"), 1, 0, Some(512)),
            (Some("managed"), 1, 1, None),
            (Some("pay"), 1, 0, Some(128)),
        ]
    );
    assert_eq!(
        evidence.functions[1].sizes[0].last_seen,
        Some(time("2026-10-03T00:00:00Z"))
    );
}

#[test]
fn what_is_damaged_is_incomplete_and_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let log: String = (0..3000)
        .map(|n| exported("2026-10-01T00:00:01.000Z", f64::from(n), 128, ""))
        .collect();
    let file = |name: &str| folder.path().join(format!("aws-lambda-{name}/{STREAM}/000000.gz"));
    write_gz(&file("whole"), &log);
    write_gz(&file("cut"), &log);
    let bytes = fs::read(file("cut")).unwrap();
    fs::write(file("cut"), &bytes[..bytes.len() / 2]).unwrap();
    let complete = |evidence: &LogEvidence| {
        let of = |f: &FunctionLogs| (f.name.clone().unwrap(), f.complete, f.reports() == 3000);
        evidence.functions.iter().map(of).collect::<Vec<_>>()
    };
    let (evidence, problems) = gathered(folder.path());
    assert_eq!(problems.len(), 1);
    assert_eq!(
        complete(&evidence),
        [("cut".into(), false, false), ("whole".into(), true, true)]
    );
    // A file of which nobody knows whose it is may be that of any function that has no files of its own.
    fs::write(folder.path().join("broken.gz"), [0x1f, 0x8b, 0xff]).unwrap();
    let started = |name: &str, version: &str| {
        format!(
            "{{\"time\":\"2026-10-01T00:00:00.000Z\",\"type\":\"platform.initStart\",\"record\":{{\"initializationType\":\"on-demand\",\"phase\":\"init\",\"functionName\":\"{name}\",\"functionVersion\":\"{version}\"}}}}\n"
        )
    };
    fs::write(folder.path().join("all.log"), started("mixed", "$LATEST") + &log).unwrap();
    let (evidence, problems) = gathered(folder.path());
    assert_eq!(problems.len(), 2);
    assert_eq!(
        complete(&evidence),
        [
            ("cut".into(), false, false),
            ("mixed".into(), false, true),
            ("whole".into(), true, true)
        ]
    );
}

#[test]
fn a_time_before_lambda_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let log = exported("0001-01-01T00:00:00.000Z", 10.0, 128, "")
        + &exported("2026-10-01T00:00:00.000Z", 10.0, 128, "")
        + &exported("2026-10-02T00:00:00.000Z", 10.0, 128, "");
    write_gz(&folder.path().join("aws-lambda-f/x/0.gz"), &log);
    let (evidence, problems) = gathered(folder.path());
    assert!(problems.is_empty());
    assert_eq!((evidence.window.unwrap().days(), evidence.undated), (1.0, 1));
    assert_eq!(evidence.functions[0].reports(), 3);
}

#[test]
fn lines_without_a_time_are_counted_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let dated = exported("2026-10-01T00:00:01.000Z", 10.0, 128, "");
    fs::write(
        folder.path().join("log"),
        format!("{}{dated}", &dated["2026-10-01T00:00:01.000Z ".len()..]),
    )
    .unwrap();
    let (evidence, _) = gathered(folder.path());
    assert_eq!((evidence.undated, evidence.functions[0].reports()), (1, 2));
    assert_eq!(evidence.window.unwrap().days(), 0.0);
    fs::write(folder.path().join("log"), "nothing\n").unwrap();
    let (evidence, problems) = gathered(folder.path());
    assert_eq!(
        (evidence.functions.len(), evidence.window, problems.len()),
        (0, None, 0)
    );
}

#[test]
fn a_file_given_twice_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("aws-lambda-f/x/0.gz");
    write_gz(&file, &exported("2026-10-01T00:00:00.000Z", 10.0, 128, ""));
    let around = folder.path().join("aws-lambda-f/../aws-lambda-f");
    let inputs = vec![Input::from(folder.path()), Input::from(file), Input::from(around)];
    let (evidence, Coverage { problems, .. }) = gather(inputs, &Options::default());
    assert!(problems.is_empty());
    assert_eq!(evidence.functions[0].reports(), 1);
}
