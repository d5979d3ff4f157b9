//! What can't be done is said in one message that names the thing, with the exit code that fits, and leaves nothing behind.

use std::path::Path;
use std::process::Command;

use crate::support::{Place, Server, measuring, repository};

const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:m:e";
const EXAMPLE: [&str; 4] = ["run", "--local", "--function", "example:hash"];

#[test]
fn command_lines_that_make_no_sense() {
    let place = Place::new();
    place.write("bad.json", "{\"a\": ");
    place.write("latin1.json", b"\"\xE9\"");
    place.write("prices.json", "{}");
    let huge = place.write("huge.json", format!("\"{}\"", "x".repeat(6_291_456)));
    let huge = huge.to_str().unwrap().to_owned();
    let before = place.names();
    let weights = r#"[{"payload":1,"weight":0},{"payload":2,"weight":1}]"#;
    let seldom = r#"[{"payload":1,"weight":1},{"payload":2,"weight":1000}]"#;
    let cases: &[(&[&str], &[&str])] = &[
        (&["--fast"], &["--fast"]),
        (&["--memory", "64"], &["64", "128 to 10240"]),
        (&["--memory", "127,512"], &["127", "128 to 10240"]),
        (&["--memory", "10241"], &["10241", "128 to 10240"]),
        (&["--memory", "512,big"], &["`big`", "--memory"]),
        (&["--memory", "512.5"], &["512.5"]),
        (&["--memory", "-128"], &["-1"]),
        (&["--memory", ""], &["--memory"]),
        (&["--num", "4"], &["num is 4", "at least 5"]),
        (&["--num", "many"], &["--num", "many"]),
        (&["--num", "10001"], &["10001", "10000"]),
        (&["--objective", "best"], &["`best`", "balanced:WEIGHT"]),
        (&["--objective", "balanced:2"], &["`2`", "balanced:0.5"]),
        (&["--trim", "0.5"], &["trim is 0.5"]),
        (&["--max-p95", "0"], &["max-p95"]),
        (&["--max-mean=-1"], &["--max-mean"]),
        (&["--max-concurrency", "0"], &["max-concurrency"]),
        (
            &["--preset", "quick"],
            &["`quick`", "frugal, standard, thorough or grid"],
        ),
        (
            &["--preset", "standard", "--num", "10"],
            &["--num", "grid", "--max-invocations"],
        ),
        (&["--preset", "frugal", "--trim", "0.1"], &["trim", "grid"]),
        (
            &["--preset", "frugal", "--only-cold-starts"],
            &["only-cold-starts", "grid"],
        ),
        (
            &["--preset", "grid", "--budget", "1"],
            &["budget", "frugal, standard and thorough"],
        ),
        (&["--budget", "0"], &["--budget"]),
        (&["--budget", "NaN"], &["--budget"]),
        (&["--max-invocations", "0"], &["--max-invocations"]),
        (&["--max-time", "5 days"], &["--max-time", "10m"]),
        (&["--cold-share", "1.5"], &["cold-share is 1.5"]),
        (&["--headroom", "0.05"], &["headroom is 0.05", "0.1"]),
        (&["--monthly-invocations=-5"], &["-5", "above 0"]),
        (&["--endpoint-url", "localhost:9001"], &["localhost:9001", "http://"]),
        (&["--region", "atlantis"], &["atlantis", "eu-west-1"]),
        (&["--timeout", "0"], &["--timeout"]),
        (&["--timeout", "901"], &["901"]),
        (&["--env", "NOVALUE"], &["NOVALUE", "NAME=VALUE"]),
        (&["--arch", "mips"], &["mips"]),
        (&["--format", "xml"], &["xml"]),
        (&["--apply", "--apply-alias", "live"], &["--apply"]),
        (&["--apply-alias", "live"], &["--local", "--apply-alias"]),
        (&["--apply"], &["--local", "--apply"]),
        (&["--direct"], &["--direct"]),
        (&["--payload", "{\"a\": "], &["--payload", "not JSON"]),
        (&["--payload", "bad.json"], &["bad.json", "not JSON"]),
        (&["--payload", "@none.json"], &["none.json", "No such file"]),
        (&["--payload", "none.json"], &["none.json", "hint"]),
        (&["--payload", "latin1.json"], &["latin1.json", "UTF-8"]),
        (&["--payload", &huge], &["huge.json", "6291456"]),
        // A folder is a corpus, and all of its events are read.
        (&["--payload", "."], &["./latin1.json", "UTF-8"]),
        (&["--payload", "none/"], &["`none/`", "a folder of .json files"]),
        (&["--payload", "-"], &["standard input"]),
        (&["--payload", weights], &["weight", "no number above 0"]),
        (&["--payload", seldom], &["too few", "501"]),
        (&["--payload", seldom, "--num", "10"], &["too few", "501"]),
        (&["--prices", "none.json"], &["none.json"]),
        (&["--prices", "prices.json"], &["prices.json", "tuner prices refresh"]),
        (&["--working-directory", "none"], &["none", "--working-directory"]),
    ];
    for (arguments, words) in cases {
        place.tuner(&EXAMPLE).args(arguments).run().refuses(2, words);
        assert_eq!(place.names(), before, "{arguments:?}");
    }
    for (arguments, words) in [
        (&["run"][..], &["--function"][..]),
        (&["tune"], &["tune"]),
        (
            &["run", "--direct", "--function", "f", "--apply-alias", "12"],
            &["`12`"],
        ),
        (&["run", "--local"], &["example:hash"]),
        (
            &["run", "--function", "f", "--state-machine", "a b"],
            &["`a b`", "stateMachine"],
        ),
        (
            &["run", "--direct", "--function", "f", "--state-machine", "m"],
            &["--direct", "--state-machine"],
        ),
        (
            &["run", "--direct", "--function", "f", "--no-wait"],
            &["--direct", "--no-wait"],
        ),
        (
            &["run", "--function", "f", "--follow", EXECUTION],
            &["--function", "--follow"],
        ),
        (
            &[
                "run",
                "--follow",
                "arn:aws:states:eu-west-1:123456789012:stateMachine:m",
            ],
            &["not the ARN of an execution"],
        ),
        (&["run", "--function", "f", "--state-machine", EXECUTION], &["--follow"]),
        (
            &[
                "run",
                "--local",
                "--function",
                "example:hash",
                "--payload-s3",
                "s3://bucket/key",
            ],
            &["--payload-s3", "--local"],
        ),
        (
            &["run", "--direct", "--function", "f", "--payload-s3", "bucket/key"],
            &["bucket/key", "s3://BUCKET/KEY"],
        ),
        (
            &["run", "--direct", "--function", "f", "--role-arn", "admin"],
            &["admin", "--role-arn", "arn:aws:iam"],
        ),
        (
            &["run", "--direct", "--function", "f", "--pre-processor", "a b"],
            &["`a b`", "--pre-processor"],
        ),
        (
            &["run", "--direct", "--function", "f", "--dry-run", "--apply"],
            &["--dry-run", "--apply"],
        ),
        (&["plan", "--follow", EXECUTION], &["--follow", "tuner run"]),
        (&["history", "--limit", "0"], &["--limit"]),
        (&["history", "--store", "none"], &["`none`"]),
        (
            &["history", "--store", "x", "--state-machine", "m"],
            &["--store", "--state-machine"],
        ),
        (
            &["run", "--local", "--function", "example:none"],
            &["example:none", "example:hash"],
        ),
        (&["run", "--local", "--function", "resize"], &["resize", "--direct"]),
        (
            &["run", "--direct", "--function", "example:hash"],
            &["example:hash", "--local"],
        ),
        (&["run", "--direct", "--function", "a b"], &["`a b`"]),
        (
            &["run", "--direct", "--function", "arn:aws:s3:::x"],
            &["arn:aws:s3:::x"],
        ),
        (&["local", "serve", "--function", "hash"], &["hash"]),
        (&["local", "serve", "--port", "65536"], &["65536"]),
        (&["logs", "--region", "nowhere"], &["nowhere"]),
        (&["prices", "--region", "xx-east-9"], &["xx-east-9"]),
        (&["prices", "refresh", "none.json"], &["none.json"]),
        (&["prices", "refresh", "prices.json"], &["prices.json", "download"]),
        (&["report", "none.json"], &["none.json"]),
        (&["report", "bad.json"], &["bad.json", "tuner run"]),
        (&["report", "prices.json"], &["prices.json", "tuner run"]),
        (&["generate", "completions", "dos"], &["dos"]),
    ] {
        place.tuner(arguments).run().refuses(2, words);
        assert_eq!(place.names(), before, "{arguments:?}");
    }
}

#[test]
fn programs_that_are_no_functions() {
    let _alone = measuring();
    let place = Place::new();
    place.write("data.txt", "not a program");
    let silent = place.script("silent.sh", "exec sleep 300");
    let gone = place.script("gone.sh", "echo cannot find module >&2; exit 3");
    let broken = place.write("broken", "\u{7f}ELF and nothing more");
    std::fs::set_permissions(&broken, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let before = place.names();
    let cases: [(&str, i32, &[&str]); 6] = [
        ("./missing", 2, &["./missing"]),
        ("no-such-program-anywhere", 2, &["no-such-program-anywhere"]),
        ("./data.txt", 2, &["./data.txt", "chmod +x"]),
        ("./broken", 2, &["./broken"]),
        (&gone, 2, &["gone.sh"]),
        (&silent, 2, &["silent.sh", "Runtime API"]),
    ];
    for (program, code, words) in cases {
        let run = [
            "run",
            "--local",
            "--quiet",
            "--timeout",
            "2",
            "--memory",
            "512",
            "--num",
            "5",
            "--",
            program,
        ];
        place.tuner(&run).run().refuses(code, words);
        assert_eq!(place.names(), before, "{program}");
    }
}

#[test]
fn an_output_directory_that_cannot_be_written() {
    let place = Place::new();
    place.write("file", "");
    let before = place.names();
    for out in ["file", "file/below", "/proc/none"] {
        place
            .tuner(&EXAMPLE)
            .args(&["--quiet", "--memory", "512", "--out", out])
            .run()
            .refuses(2, &[out, "--out"]);
        assert_eq!(place.names(), before);
    }
}

/// A tiny file system that is full at once.
struct FullDisk<'a>(&'a Path);

impl<'a> FullDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32k", "tmpfs"])
            .arg(at)
            .output();
        mount.is_ok_and(|m| m.status.success()).then_some(Self(at))
    }
}

impl Drop for FullDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[test]
fn a_full_disk() {
    let _alone = measuring();
    let place = Place::new();
    let disk = place.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let Some(_mounted) = FullDisk::mount(&disk) else {
        eprintln!("skipped: no right to mount a small file system");
        return;
    };
    std::fs::write(disk.join("filler"), vec![0; 24 << 10]).unwrap();
    let server = Server::start(&["--function", "example:wait"]);
    let before = server.all_of("wait");
    let done = server
        .tuner(
            &place,
            &[
                "run",
                "--direct",
                "--yes",
                "--function",
                "wait",
                "--payload",
                r#"{"ms":1}"#,
            ],
        )
        .args(&["--memory", "512,1769", "--num", "20", "--out", "disk/out"])
        .run()
        .exits(1)
        .says(&["disk/out", "No space left", "--out"]);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    assert_eq!(server.all_of("wait"), before);
}

/// A file is written whole or not at all: the old one stays.
#[test]
fn a_full_disk_keeps_the_report_that_was_there() {
    let place = Place::new();
    let disk = place.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let Some(_mounted) = FullDisk::mount(&disk) else {
        eprintln!("skipped: no right to mount a small file system");
        return;
    };
    std::fs::write(disk.join("report.html"), "the old one").unwrap();
    std::fs::write(disk.join("filler"), vec![0; 20 << 10]).unwrap();
    let document = repository().join("reports/hash/tuning.json");
    place
        .tuner(&[
            "report",
            document.to_str().unwrap(),
            "--format",
            "html",
            "--out",
            "disk/report.html",
        ])
        .run()
        .refuses(1, &["disk/report.html", "No space left", "--out"]);
    assert_eq!(
        std::fs::read_to_string(disk.join("report.html")).unwrap(),
        "the old one"
    );
    let left: Vec<_> = std::fs::read_dir(&disk)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_port_in_use() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    place
        .tuner(&["local", "serve", "--port", &port])
        .run()
        .refuses(2, &[&port, "in use"]);
}

/// `tuner ... | head -1` is the reader's choice, not an error.
#[test]
fn a_reader_that_has_seen_enough() {
    let place = Place::new();
    for arguments in [
        &["prices"][..],
        &["prices", "--format", "json"],
        &["generate", "schemas"],
        &["generate", "man"],
        &["generate", "completions", "bash"],
        &["run", "--help"],
    ] {
        let (status, stderr) = place.tuner(arguments).run_into_head();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
