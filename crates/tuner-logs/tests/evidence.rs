//! Evidence for a memory review, from inputs as exports leave them.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
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

/// JSON logs tell in their initStart that environments are kept ready; nothing else in a log does.
#[test]
fn invocations_in_environments_that_are_kept_ready_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let init = |kind: &str| {
        format!(
            "{{\"time\":\"2026-10-01T00:00:00.000Z\",\"type\":\"platform.initStart\",\"record\":{{\"initializationType\":\"{kind}\",\"phase\":\"init\"}}}}\n"
        )
    };
    let call = |n: u32| {
        let id = ID.replace("276a", &format!("{n:04}"));
        format!(
            "{{\"time\":\"2026-10-01T00:00:01.000Z\",\"type\":\"platform.start\",\"record\":{{\"requestId\":\"{id}\",\"version\":\"7\"}}}}\n\
             {{\"time\":\"2026-10-01T00:00:02.000Z\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{id}\",\"metrics\":{{\"durationMs\":9.5,\
             \"billedDurationMs\":10,\"memorySizeMB\":512,\"maxMemoryUsedMB\":64}},\"status\":\"success\"}}}}\n"
        )
    };
    let path = |name: &str| folder.path().join(format!("aws/lambda/{name}/task/{STREAM}/000000.gz"));
    write_gz(
        &path("kept"),
        &format!("{}{}{}", init("provisioned-concurrency"), call(1), call(2)),
    );
    write_gz(&path("on-demand"), &format!("{}{}", init("on-demand"), call(1)));
    // What began before the file is of an environment that nothing tells of.
    write_gz(
        &path("older"),
        &format!("{}{}{}", call(1), init("provisioned-concurrency"), call(2)),
    );
    let (evidence, _) = gathered(folder.path());
    let told: BTreeMap<_, _> = evidence
        .functions
        .iter()
        .map(|of| (of.name.as_deref().unwrap(), of.sizes[0].provisioned_invocations))
        .collect();
    assert_eq!(
        told,
        [("kept", 2), ("older", 0), ("on-demand", 0)]
            .into_iter()
            .collect::<BTreeMap<_, _>>()
    );
}

/// A time-out and a crash of the older style whose reports are not in the export are failures of their function all the same.
#[test]
fn failures_without_a_report_are_of_their_function() {
    let folder = tempfile::tempdir().unwrap();
    let timed_out =
        format!("2026-10-01T00:00:09.000Z 2026-10-01T00:00:09.000Z {ID} Task timed out after 3.00 seconds\n\n");
    let killed = format!(
        "2026-10-01T00:00:09.000Z RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"
    );
    let path = |name: &str| folder.path().join(format!("aws/lambda/{name}/task/{STREAM}/000000.gz"));
    write_gz(&path("only-fails"), &format!("{timed_out}{killed}"));
    let well = exported("2026-10-01T00:00:01.000Z", 10.5, 128, "").replace(ID, "0b2f3c52-11a7-4b68-b42e-de11b5f419e3");
    write_gz(&path("works"), &format!("{well}{timed_out}"));
    let (evidence, _) = gathered(folder.path());
    let told: Vec<_> = evidence
        .functions
        .iter()
        .map(|of| {
            (
                of.name.as_deref().unwrap(),
                of.reports(),
                of.unreported.timeouts,
                of.unreported.crashes,
            )
        })
        .collect();
    assert_eq!(told, [("only-fails", 0, 1, 1), ("works", 1, 1, 0)]);
    assert_eq!(evidence.unattributed_failures, 0);
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

#[test]
fn functions_of_one_name_in_two_regions_are_two_and_export_tasks_name_what_they_exported() {
    let folder = tempfile::tempdir().unwrap();
    let log = |n: usize| exported("2026-10-01T00:00:00.000Z", 10.0, 128, "").repeat(n);
    write_gz(
        &folder.path().join(format!("us-east-1/aws-lambda-pay/{STREAM}/0.gz")),
        &log(1),
    );
    write_gz(
        &folder.path().join(format!("eu-west-1/aws-lambda-pay/{STREAM}/0.gz")),
        &log(2),
    );
    write_gz(
        &folder.path().join(format!("aws/lambda/us-east-1.auth/{STREAM}/0.gz")),
        &log(3),
    );
    let task = "0198c8a0-61a7-4b68-b42e-de11b5f419e3";
    write_gz(
        &folder.path().join(format!("exportedlogs/{task}/{STREAM}/0.gz")),
        &log(4),
    );
    let mut options = Options::default();
    let tasks = serde_json::json!({ "exportTasks": [{ "taskId": task, "logGroupName": "/aws/lambda/ship" }] });
    assert_eq!(options.export_tasks.add(&tasks), 1);
    let (evidence, _) = gather(vec![Input::from(folder.path())], &options);
    let found: Vec<_> = evidence
        .functions
        .iter()
        .map(|f| {
            (
                f.name.as_deref().unwrap(),
                f.region.as_deref(),
                f.edge,
                f.reports(),
                f.files,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("auth", None, true, 3, 1),
            ("pay", Some("eu-west-1"), false, 2, 1),
            ("pay", Some("us-east-1"), false, 1, 1),
            ("ship", None, false, 4, 1),
        ]
    );
    // What a damaged file leaves unread is a share of the function's own bytes.
    let path = folder.path().join(format!("us-east-1/aws-lambda-pay/{STREAM}/1.gz"));
    write_gz(
        &path,
        &(0..5000)
            .map(|n| exported("2026-10-01T00:00:00.000Z", f64::from(n), 128, ""))
            .collect::<String>(),
    );
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0xff; 20_000]);
    fs::write(&path, &bytes).unwrap();
    let (evidence, coverage) = gather(vec![Input::from(folder.path())], &options);
    let pay = &evidence.functions[2];
    assert_eq!(
        (pay.complete, pay.files, pay.damaged_files, coverage.problems.len()),
        (false, 2, 1, 1)
    );
    assert!(
        pay.unread_share.unwrap() > 0.0 && pay.unread_share.unwrap() < 1.0,
        "{:?}",
        pay.unread_share
    );
    assert_eq!(evidence.functions[1].unread_share, Some(0.0));
    // Of one that is cut off nobody knows how much is missing.
    fs::write(&path, &bytes[..100]).unwrap();
    let (evidence, _) = gather(vec![Input::from(folder.path())], &options);
    assert_eq!(
        (evidence.functions[2].damaged_files, evidence.functions[2].unread_share),
        (1, None)
    );
}

#[test]
fn the_version_is_told_by_stream_start_path_and_document() {
    let versions = |log: &str, path: &str| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        write_gz(&folder.path().join(path), log);
        let (evidence, _) = gathered(folder.path());
        let seen = &evidence.functions[0].sizes[0].versions;
        seen.iter().map(|seen| seen.version.to_string()).collect()
    };
    let report = exported("2026-10-01T00:00:01.000Z", 10.5, 128, "");
    let own = "aws/lambda/pay/task/2026-10-01-[7]2f2f/000000.gz";
    assert_eq!(versions(&report, own), ["7"]);
    assert_eq!(
        versions(&report, &format!("aws/lambda/pay/task/{STREAM}/000000.gz")),
        ["$LATEST"]
    );
    let plain = "aws/lambda/pay.log.gz";
    assert_eq!(versions(&report, plain), [""; 0]);
    let start = |version: &str| format!("2026-10-01T00:00:00.000Z START RequestId: {ID} Version: {version}\n");
    assert_eq!(versions(&format!("{}{report}", start("12")), plain), ["12"]);
    assert_eq!(versions(&format!("{}{report}", start("$LATEST")), plain), ["$LATEST"]);
    let json = format!(
        "{{\"time\":\"2026-10-01T00:00:00.000Z\",\"type\":\"platform.start\",\"record\":{{\"requestId\":\"{ID}\",\"version\":\"4\"}}}}\n\
         {{\"time\":\"2026-10-01T00:00:01.000Z\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{ID}\",\"metrics\":\
         {{\"durationMs\":10.5,\"billedDurationMs\":11,\"memorySizeMB\":128,\"maxMemoryUsedMB\":64}},\"status\":\"success\"}}}}\n"
    );
    assert_eq!(versions(&json, plain), ["4"]);
    let event = serde_json::json!({"events": [{"logStreamName": "2026/10/01/[9]2f2f", "timestamp": 1_790_812_801_000_u64,
        "message": report[25..].trim_end()}]});
    assert_eq!(versions(&event.to_string(), plain), ["9"]);
    // The latest is the last.
    let both = format!(
        "{}{}{}{report}",
        start("7"),
        exported("2026-10-03T00:00:01.000Z", 10.5, 128, ""),
        start("6")
    );
    assert_eq!(versions(&both, plain), ["6", "7"]);
}
