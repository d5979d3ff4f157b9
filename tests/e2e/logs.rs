//! `tuner logs`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::{Place, repository};

fn report_lines() -> Vec<u8> {
    std::fs::read(repository().join("crates/tuner-logs/tests/data/report-lines.txt")).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn however_it_comes_it_says_the_same() {
    let place = Place::new();
    let lines = report_lines();
    place.write("plain.txt", &lines);
    place.write("packed.gz", gzip(&lines));
    place.write("folder/below/app.log", &lines);
    place.write("packed-folder/app.log.gz", gzip(&lines));
    let plain = place.tuner(&["logs", "plain.txt"]).run().exits(0);
    for (arguments, input) in [
        (&["logs", "packed.gz"][..], &b""[..]),
        (&["logs", "folder"], b""),
        (&["logs", "packed-folder"], b""),
        (&["logs"], &lines),
        (&["logs", "-"], &lines),
        (&["logs", "plain.txt", "--threads", "1"], b""),
    ] {
        let done = place.tuner(arguments).input(input).run().exits(0);
        assert_eq!(done.stdout, plain.stdout, "{arguments:?}");
    }
    // A pipe may bring what is packed, too.
    let packed = place.tuner(&["logs"]).input(gzip(&lines)).run().exits(0);
    assert_eq!(packed.stdout, plain.stdout);
    plain
        .prints(&["count", "cold", "p95", "timed out", "out of memory", "init p50"])
        .says(&["cost: x86_64 in us-east-1"]);
}

#[test]
fn forms_agree() {
    let place = Place::new();
    place.write("all.txt", report_lines());
    let run = |form: &str| {
        place
            .tuner(&["logs", "all.txt", "--format", form])
            .run()
            .exits(0)
            .stdout
    };
    let summary: Value = serde_json::from_str(&run("json")).unwrap();
    let rows = summary["rows"].as_array().unwrap();
    let csv = run("csv");
    let table: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(table.len(), rows.len() + 1);
    for (line, row) in table[1..].iter().zip(rows) {
        assert_eq!(line.len(), table[0].len());
        assert_eq!(
            line[1],
            row["memory_size_mb"]
                .as_u64()
                .map_or(String::new(), |mb| mb.to_string())
        );
        assert_eq!(line[2], row["invocations"].to_string());
    }
    let records = run("records");
    let records: Vec<Value> = records
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_size = |mb: u64| {
        records
            .iter()
            .filter(|r| r["memory_size_mb"] == mb && r.get("duration_ms").is_some())
            .count()
    };
    for row in rows.iter().filter(|row| row["memory_size_mb"].is_u64()) {
        let mb = row["memory_size_mb"].as_u64().unwrap();
        assert_eq!(row["invocations"], of_size(mb), "{mb} MB");
    }
}

#[test]
fn prices_hold_for_region_and_architecture() {
    let place = Place::new();
    place.write("one.txt", "REPORT RequestId: a\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\tMemory Size: 1024 MB\tMax Memory Used: 9 MB\n");
    let cost = |more: &[&str]| {
        let done = place
            .tuner(&["logs", "one.txt", "--format", "json"])
            .args(more)
            .run()
            .exits(0);
        let summary: Value = serde_json::from_str(&done.stdout).unwrap();
        summary["rows"][0]["cost"].clone()
    };
    // AWS's published prices: a GB-second and a request.
    let usd = cost(&[])["amount"].as_f64().unwrap();
    assert!((usd - (0.000_016_666_7 + 0.000_000_2)).abs() < 1e-12, "{usd}");
    let arm = cost(&["--arch", "arm64"])["amount"].as_f64().unwrap();
    assert!((arm - (0.000_013_333_4 + 0.000_000_2)).abs() < 1e-12, "{arm}");
    assert_eq!(cost(&["--region", "cn-north-1"])["currency"], "CNY");
    // A region that may exist but has no known price: counted, and without a cost.
    let unknown = ["--region", "mars-north-1"];
    assert_eq!(cost(&unknown), Value::Null);
    place
        .tuner(&["logs", "one.txt"])
        .args(&unknown)
        .run()
        .exits(0)
        .says(&["mars-north-1"])
        .prints(&["unknown"]);
}

#[test]
fn nothing_to_count_is_said() {
    let place = Place::new();
    place.write("empty.txt", "");
    place.write("other.txt", "hello\nEND RequestId: x\n");
    for arguments in [&["logs"][..], &["logs", "empty.txt"], &["logs", "other.txt"]] {
        let done = place.tuner(arguments).run().exits(4).says(&["no REPORT found"]);
        assert_eq!(done.stdout, "", "{arguments:?}");
    }
    place
        .tuner(&["logs", "empty.txt", "--format", "json"])
        .run()
        .exits(4)
        .prints(&["\"rows\": []"]);
    for format in ["csv", "records"] {
        place.tuner(&["logs", "other.txt", "--format", format]).run().exits(4);
    }
}

/// Without the lines that an extension of another vendor begins like a REPORT, which no invocation can be read from.
fn readable_lines() -> Vec<u8> {
    let lines = String::from_utf8(report_lines()).unwrap();
    let foreign =
        |line: &&str| !(line.starts_with("REPORT") && line.contains("Runtime Duration: ") && line.contains(" Task "));
    lines
        .lines()
        .filter(foreign)
        .flat_map(|line| [line, "\n"])
        .collect::<String>()
        .into()
}

#[test]
fn inputs_that_cannot_be_read_are_named_and_the_others_counted() {
    let place = Place::new();
    place.write("good.txt", readable_lines());
    place.write("foreign.txt", report_lines());
    place
        .tuner(&["logs", "foreign.txt"])
        .run()
        .exits(0)
        .says(&["1 file could not be read in full", "`foreign.txt`: 2 REPORTs"]);
    let mut packed = gzip(&readable_lines());
    packed.truncate(packed.len() / 2);
    place.write("cut.gz", packed);
    place
        .tuner(&["logs", "good.txt", "none.txt"])
        .run()
        .refuses(2, &["none.txt", "No such file"]);
    let cut = place.tuner(&["logs", "cut.gz", "good.txt"]).run().exits(0);
    cut.says(&["1 file could not be read in full", "cut.gz"]);
    for format in ["human", "json", "csv", "records"] {
        let arguments = [
            "logs",
            "cut.gz",
            "good.txt",
            "--format",
            format,
            "--fail-on",
            "unreadable",
        ];
        place.tuner(&arguments).run().exits(3).says(&["cut.gz"]);
        place
            .tuner(&["logs", "good.txt", "--format", format, "--fail-on", "unreadable"])
            .run()
            .exits(0);
    }
    place
        .tuner(&["logs", "none.txt", "--format", "records"])
        .run()
        .refuses(2, &["none.txt"]);
}

#[test]
fn errors_of_runtimes_are_of_their_invocation() {
    let place = Place::new();
    let report = |id: &str| {
        format!(
            "REPORT RequestId: {id}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n"
        )
    };
    let start = |id: &str| format!("START RequestId: {id} Version: $LATEST\n");
    place.write(
        "app.log",
        [
            start("a"),
            "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 3\n".into(),
            report("a"),
            start("b"),
            "[ERROR]\t2025-10-01T10:00:00.000Z\tb\tcaught: KeyError\n".into(),
            report("b"),
            start("c"),
            "2025-10-01T10:00:00.000Z\tc\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"x\"}\n"
                .into(),
            report("c"),
        ]
        .concat(),
    );
    let done = place
        .tuner(&["logs", "app.log", "--format", "records", "--function", "pay"])
        .run()
        .exits(0);
    let told: Vec<String> = (done.stdout.lines())
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let word = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
            [
                word("function"),
                word("request_id"),
                word("outcome"),
                word("error_type"),
            ]
            .join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "pay a function_error KeyError",
            "pay b success -",
            "pay c function_error TypeError"
        ]
    );
    let json = place.tuner(&["logs", "app.log", "--format", "json"]).run().exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["rows"][0]["errors"], 2);
    assert_eq!(json["rows"][0]["function"], "unknown");
}
