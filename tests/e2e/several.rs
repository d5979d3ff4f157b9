//! Several functions in one command: names of `tuner.toml`, and all of them.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Done, Place, Server, measuring, repository, tuner};

/// Three functions of which one keeps its limits, one breaks them, and one has none.
fn three(place: &Place) {
    let program = tuner();
    let wait = format!("command = [{program:?}, \"example-function\", \"wait\"]\npresent_memory = 512\n");
    place.write(
        "tuner.toml",
        format!(
            "[function.quick]\n{wait}payload = {{ ms = 2 }}\nlimits = \"p50>900ms\"\n\n[function.slow]\n{wait}payload = '{{\"ms\": 40}}'\n\
             limits = [\"mean>10ms\", \"p95>9s\"]\n\n[function.none]\n{wait}\n"
        ),
    );
}

fn index(place: &Place) -> Value {
    serde_json::from_slice(&fs::read(place.path().join("out/index.json")).unwrap()).unwrap()
}

#[track_caller]
fn assert_valid(index: &Value) {
    let schema = repository().join("reports/schema/overview.schema.json");
    let schema = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(index).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn codes(index: &Value) -> Vec<(&str, u64)> {
    let of = |row: &'_ Value| row["exit_code"].as_u64().unwrap();
    let rows = index["functions"].as_array().unwrap();
    rows.iter()
        .map(|row| (row["name"].as_str().unwrap(), of(row)))
        .collect()
}

fn check(place: &Place, more: &[&str]) -> Done {
    place.tuner(&["check"]).args(more).args(&["--out", "out"]).run()
}

#[test]
fn all_are_checked_one_that_fails_stops_no_other_and_the_worst_counts() {
    let _alone = measuring();
    let place = Place::new();
    three(&place);
    let done = check(&place, &["--all", "--junit", "junit.xml"]).exits(3);
    done.prints(&[
        "of 3 functions, 1 breaks a limit, 1 failed, 1 keeps its limits",
        "quick at 512 MB keeps p50 <= 900 ms",
        "slow at 512 MB breaks mean <= 10 ms",
        "there is no limit to check",
    ]);
    let index = index(&place);
    assert_valid(&index);
    assert_eq!(index["exit_code"], 3);
    assert_eq!(codes(&index), [("none", 2), ("quick", 0), ("slow", 3)]);
    for row in index["functions"].as_array().unwrap() {
        let is_measured = row["name"] != "none";
        assert_eq!(row["finding"].is_string(), is_measured, "{row}");
        assert_eq!(row["error"].is_string(), !is_measured, "{row}");
        for key in ["page", "document"] {
            assert_eq!(row[key].is_string(), is_measured, "{row}");
            if let Some(path) = row[key].as_str() {
                assert!(place.path().join("out").join(path).is_file(), "{path}");
            }
        }
    }
    let page = fs::read_to_string(place.path().join("out/index.html"))
        .unwrap()
        .replace("&#x2f;", "/");
    assert!(page.contains("<a href=\"quick/report.html\">quick</a>"), "{page}");
    let page = fs::read_to_string(place.path().join("out/slow/report.html")).unwrap();
    assert!(page.contains("breaks mean &lt;= 10 ms"), "{page}");
    let markdown = fs::read_to_string(place.path().join("out/index.md")).unwrap();
    assert!(markdown.contains("| [quick](quick/report.html) |"), "{markdown}");
    let junit = fs::read_to_string(place.path().join("junit.xml")).unwrap();
    assert!(
        junit.contains(r#"<testsuites tests="4" failures="1" errors="1" skipped="0""#),
        "{junit}"
    );
    assert!(junit.contains(r#"<testsuite name="tuner check none""#), "{junit}");
}

#[test]
fn some_are_named_and_what_is_typed_goes_before() {
    let _alone = measuring();
    let place = Place::new();
    three(&place);
    // The mean of the file is replaced, its p95 stays.
    let done = check(
        &place,
        &["slow", "none", "slow", "--max-mean", "900", "--format", "json"],
    )
    .exits(0);
    let index: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(codes(&index), [("slow", 0), ("none", 0)]);
    let check_of_slow: Value =
        serde_json::from_slice(&fs::read(place.path().join("out/slow/check.json")).unwrap()).unwrap();
    let limits = check_of_slow["limits"].as_array().unwrap();
    let limits: Vec<(&str, f64)> = limits
        .iter()
        .map(|l| {
            (
                l["limit"]["metric"].as_str().unwrap(),
                l["limit"]["limit"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(limits, [("mean", 900.0), ("p95", 9_000.0)]);
    // One alone is as any other.
    check(&place, &["quick"]).exits(0).prints(&["keeps p50"]);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_begun() {
    let place = Place::new();
    check(&place, &["--all"]).refuses(2, &["[function.NAME]"]);
    three(&place);
    check(&place, &["quick", "quikc"]).refuses(2, &["no function `quikc`", "none, quick, slow"]);
    check(&place, &["quick", "slow", "--payload", "-"]).refuses(2, &["standard input"]);
    check(&place, &["--all", "quick"]).refuses(2, &["--all"]);
    let run = |more: &[&str]| place.tuner(&["run"]).args(more).args(&["--out", "out"]).run();
    // Not after everything was measured.
    check(&place, &["--all", "--junit", "gone/junit.xml"]).refuses(2, &["--junit", "gone/junit.xml"]);
    check(&place, &["quick", "--junit", "."]).refuses(2, &["--junit"]);
    run(&["--all", "quick"]).refuses(2, &["--all"]);
    run(&["quick", "slow", "--name", "x"]).refuses(2, &["--name"]);
    run(&["quick", "slow", "--format", "csv"]).refuses(2, &["csv"]);
    assert_eq!(place.names(), ["tuner.toml"]);
    place.write("tuner.toml", "[function.quick]\nlimits = \"p97>1\"\n");
    check(&place, &["--all"]).refuses(2, &["[function.quick]", "p97"]);
}

#[test]
fn a_dry_run_of_all_says_what_each_takes() {
    let place = Place::new();
    three(&place);
    let done = check(&place, &["--all", "--dry-run"]).exits(2);
    done.prints(&["check of", "p50 <= 900 ms: 5 calls", "mean <= 10 ms"]);
    assert_eq!(place.names(), ["tuner.toml"]);
}

/// Two entries of one program are two functions, and what was only tried or had nothing to be compared with has not passed.
#[test]
fn entries_of_one_program_are_kept_apart_and_the_first_of_each_is_no_pass() {
    let _alone = measuring();
    let place = Place::new();
    let program = tuner();
    let entry = |name: &str, ms: u32| {
        format!(
            "[function.{name}]\ncommand = [{program:?}, \"example-function\", \"wait\"]\npayload = {{ ms = {ms} }}\nmemory = [512]\n\
             present_memory = 512\nbaseline = \"last\"\n"
        )
    };
    place.write("tuner.toml", entry("first", 1) + &entry("second", 2));
    let read = |file: &str| -> Value { serde_json::from_slice(&fs::read(place.path().join(file)).unwrap()).unwrap() };
    let plan = place.tuner(&["plan", "--all"]).run().exits(0);
    plan.prints(&["Plan for first\n", "Plan for second\n"]);
    let run = place
        .tuner(&["run", "--all", "--dry-run", "--out", "out"])
        .run()
        .exits(0);
    run.prints(&["of 2 functions, 2 tried by a dry run"]);
    let unjudged = |index: &Value| {
        let rows = index["functions"].as_array().unwrap().iter();
        rows.map(|row| row["unjudged"].clone()).collect::<Vec<_>>()
    };
    assert_valid(&index(&place));
    assert_eq!(unjudged(&index(&place)), ["dry_run", "dry_run"]);
    for name in ["first", "second"] {
        let tuning = read(&format!("out/{name}/tuning.json"));
        let of = tuning["function"]["name"].as_str().unwrap();
        assert!(of.ends_with(name), "{of}");
    }
    // That was a dry run: it is no baseline.
    let done = check(
        &place,
        &[
            "first",
            "second",
            "--max-invocations",
            "20",
            "--junit",
            "junit.xml",
            "--format",
            "markdown",
        ],
    )
    .exits(0);
    let done = done.prints(&[
        "of 2 functions, 2 measured, nothing to compare with yet",
        "there is no earlier check or tuning",
        "| first |",
    ]);
    assert!(!done.stdout.contains("report.html"), "{}", done.stdout);
    let index = index(&place);
    assert_valid(&index);
    assert_eq!(unjudged(&index), ["nothing_to_compare", "nothing_to_compare"]);
    let junit = fs::read_to_string(place.path().join("junit.xml")).unwrap();
    for words in ["\"tuner check first\"", "\"tuner check second\"", "skipped=\"2\""] {
        assert!(junit.contains(words), "{words}: {junit}");
    }
    let of = |name: &str| read(&format!("out/{name}/check.json"));
    for name in ["first", "second"] {
        let function = of(name)["function"].as_str().unwrap().to_owned();
        assert!(function.ends_with(name), "{function}");
    }
    // Each is compared with its own, and not with the later one of the other.
    let before = of("first")["check_id"].clone();
    let next = ["check", "first", "--max-invocations", "20", "--out", "next"];
    place.tuner(&next).run().says(&["next/check.json"]);
    assert_eq!(read("next/check.json")["baseline"]["id"], before);
}

/// They are asked about once, and measured beside each other.
#[test]
fn functions_in_aws_are_checked_and_tuned_after_one_yes() {
    let _alone = measuring();
    let server = Server::start(&[
        "--function",
        "example:wait",
        "--function",
        "example:flaky",
        "--present-memory",
        "512",
    ]);
    let before = [server.all_of("wait"), server.all_of("flaky")];
    let place = Place::new();
    let entry = |name: &str, limits: &str| {
        format!(
            "[function.{name}-prod]\nfunction = \"{name}\"\npayload = {{ ms = 2 }}\n{limits}memory = [512, 1024]\n\n"
        )
    };
    place.write(
        "tuner.toml",
        entry("wait", "limits = \"p50>900ms\"\n")
            + &entry("flaky", "max_p50 = 9000\n")
            + &entry("gone", "max_p50 = 900\n"),
    );
    // Nobody is there to agree: nothing is invoked, and no folder is left.
    let call = ["check", "--all", "--out", "out"];
    server.tuner(&place, &call).run().exits(2).says(&[
        "check of wait",
        "check of flaky",
        "invokes a function",
        "--yes",
    ]);
    assert_eq!(place.names(), ["tuner.toml"]);
    server.tuner(&place, &call).args(&["--yes"]).run().exits(5).prints(&[
        "wait at 512 MB keeps p50",
        "flaky at 512 MB keeps p50",
        "cannot check gone",
    ]);
    assert_eq!(
        codes(&index(&place)),
        [("flaky-prod", 0), ("gone-prod", 5), ("wait-prod", 0)]
    );
    let call = [
        "run",
        "wait-prod",
        "flaky-prod",
        "--direct",
        "--num",
        "5",
        "--yes",
        "--out",
        "out",
    ];
    let done = server.tuner(&place, &call).run().exits(0);
    done.prints(&["of 2 functions, 2 have a recommendation"]);
    let page = fs::read_to_string(place.path().join("out/index.html"))
        .unwrap()
        .replace("&#x2f;", "/");
    assert!(page.contains("<a href=\"wait-prod/report.html\">"), "{page}");
    assert!(place.path().join("out/flaky-prod/tuning.json").is_file());
    assert_eq!([server.all_of("wait"), server.all_of("flaky")], before);
}

#[test]
fn ctrl_c_begins_nothing_more_and_says_how_far_each_came() {
    let _alone = measuring();
    let place = Place::new();
    let program = tuner();
    let wait =
        |ms: u32| format!("command = [{program:?}, \"example-function\", \"wait\"]\npayload = {{ ms = {ms} }}\n");
    place.write(
        "tuner.toml",
        format!(
            "[function.a]\n{}max_p50 = 900\n[function.b]\n{}max_p99 = 90000\n[function.c]\n{}max_p50 = 900\n",
            wait(1),
            wait(300),
            wait(1)
        ),
    );
    let mut running = place.tuner(&["check", "--all", "--out", "out"]).start();
    running.wait_for("b: running");
    running.signal(Signal::SIGINT);
    let done = running.finish().exits(130);
    done.prints(&[
        "interrupted; of 3 functions",
        "a at",
        "keeps p50",
        "interrupted before it was begun",
    ]);
    let index = index(&place);
    assert_valid(&index);
    assert_eq!(codes(&index), [("a", 0), ("b", 130), ("c", 130)]);
    assert_eq!(index["interrupted"], true);
}
