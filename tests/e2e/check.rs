//! `tuner check`: real functions, and logs, against limits that they keep or break.

use serde_json::{Value, json};

use crate::support::{Done, Place, Server, figure, measuring, repository};

fn check(place: &Place, payload: &str, more: &[&str]) -> Done {
    let call = [
        "check",
        "--local",
        "--function",
        "example:wait",
        "--present-memory",
        "512",
        "--out",
        "out",
    ];
    place.tuner(&call).args(&["--payload", payload]).args(more).run()
}

fn document(place: &Place) -> Value {
    serde_json::from_slice(&std::fs::read(place.path().join("out/check.json")).unwrap()).unwrap()
}

fn verdicts(check: &Value) -> Vec<&str> {
    let limits = check["limits"].as_array().unwrap();
    limits.iter().map(|limit| limit["verdict"].as_str().unwrap()).collect()
}

#[track_caller]
fn assert_valid(check: &Value) {
    let schema = repository().join("reports/schema/check.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(check)
        .map(|e| format!("{e} at {}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn limits_are_kept_or_broken_with_as_few_calls_as_that_takes() {
    let _alone = measuring();
    let place = Place::new();
    let kept = check(
        &place,
        r#"{"ms":5}"#,
        &["--max-mean", "1000", "--max-p95", "2000", "--min-success", "95"],
    )
    .exits(0);
    kept.prints(&[
        "wait at 512 MB keeps 3 limits",
        "p95 <= 2,000 ms",
        "success >= 95 %",
        "kept",
    ]);
    let document_kept = document(&place);
    assert_valid(&document_kept);
    assert_eq!(verdicts(&document_kept), ["kept"; 3]);
    // 59 warm invocations without a miss, and the cold one before them.
    let calls = document_kept["records"].as_array().unwrap().len();
    assert!((60..=80).contains(&calls), "{calls}");
    assert_eq!(figure(&document_kept, "/outcomes/success"), calls as f64);
    assert_eq!(document_kept["memory_size_mb"], 512);

    let broken = check(
        &place,
        r#"{"ms":40}"#,
        &["--max-mean", "10", "--max-p50", "20", "--max-p95", "2000"],
    )
    .exits(3);
    broken.prints(&["wait at 512 MB breaks mean <= 10 ms, p50 <= 20 ms", "broken", "kept"]);
    assert_eq!(verdicts(&document(&place)), ["broken", "broken", "kept"]);
}

#[test]
fn what_cannot_be_told_is_said_and_let_pass_if_asked() {
    let _alone = measuring();
    let place = Place::new();
    let few = ["--max-p99", "2000", "--max-invocations", "20", "--junit", "junit.xml"];
    check(&place, r#"{"ms":1}"#, &few).exits(4).prints(&[
        "cannot tell yet whether wait at 512 MB keeps p99 <= 2,000 ms",
        "299 calls without a miss",
    ]);
    let junit = std::fs::read_to_string(place.path().join("junit.xml")).unwrap();
    assert!(
        junit.contains(r#"tests="1" failures="0" errors="1" skipped="0""#),
        "{junit}"
    );
    assert!(junit.contains(r#"name="p99 &lt;= 2,000 ms""#), "{junit}");
    check(&place, r#"{"ms":1}"#, &[&few[..], &["--undecided", "pass"]].concat())
        .exits(0)
        .prints(&["let pass"]);
    let junit = std::fs::read_to_string(place.path().join("junit.xml")).unwrap();
    assert!(junit.contains(r#"errors="0" skipped="1""#), "{junit}");
}

#[test]
fn a_function_that_fails_breaks_success_and_is_not_called_for_ever() {
    let _alone = measuring();
    let place = Place::new();
    let fails = |more: &[&str]| {
        let call = [
            "check",
            "--local",
            "--function",
            "example:flaky",
            "--out",
            "out",
            "--payload",
            r#"{"failures_in_100":100}"#,
        ];
        place.tuner(&call).args(more).run()
    };
    fails(&["--min-success", "95"])
        .exits(3)
        .prints(&["breaks success >= 95 %"]);
    let calls = document(&place)["records"].as_array().unwrap().len();
    assert!(calls < 10, "{calls}");
}

#[test]
fn the_guide_is_a_list_of_limits_and_cold_starts_are_for_logs() {
    let _alone = measuring();
    let place = Place::new();
    let done = check(&place, r#"{"ms":2}"#, &["--limits", "guide", "--format", "markdown"]).exits(0);
    done.prints(&["### ✅", "| success", "not measured", "known from logs only"]);
    assert_eq!(verdicts(&document(&place)), ["kept", "kept", "kept", "not_measured"]);
}

#[test]
fn a_dry_run_says_how_many_calls_a_verdict_takes() {
    let place = Place::new();
    check(&place, "{}", &["--limits", "guide", "--max-p99", "900", "--dry-run"])
        .exits(0)
        .prints(&[
            "check of wait on this machine: 512 MB",
            "publishes and changes nothing",
            "p95 <= 5,000 ms: 59 calls without a miss",
            "success >= 95 %: 59 calls without a miss",
            "p99 <= 900 ms: 299 calls without a miss",
            "cold-starts <= 20 %: from logs only",
        ]);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_baseline_is_the_last_check_that_broke_nothing() {
    let _alone = measuring();
    let place = Place::new();
    let here = |payload: &str, more: &[&str]| {
        let call = [
            "check",
            "--local",
            "--function",
            "example:wait",
            "--payload",
            payload,
            "--max-invocations",
            "80",
        ];
        place.tuner(&call).args(more).run()
    };
    here(r#"{"ms":20}"#, &["--baseline", "last"])
        .exits(0)
        .says(&["no earlier check or tuning"]);
    // Three times as long.
    let slower = here(r#"{"ms":60}"#, &["--baseline", "last", "--fail-on", "mean>+50%"]).exits(3);
    slower.prints(&[
        "breaks mean <= baseline + 50 %",
        "baseline: the check",
        "the baseline has",
    ]);
    // It broke its limit, and is no baseline.
    here(r#"{"ms":60}"#, &["--baseline", "last", "--fail-on", "mean>+50%"]).exits(3);
    let folder = std::fs::read_dir(place.path().join("tuner-out"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let file = folder.path().join("check.json");
    let named = ["--baseline", file.to_str().unwrap(), "--fail-on", "mean>+900%"];
    here(r#"{"ms":20}"#, &named).exits(0);
}

/// A check whose every call failed has nothing to compare with: the good one before it stays the baseline.
#[test]
fn what_failed_is_no_baseline_and_what_cannot_be_compared_does_not_pass() {
    let _alone = measuring();
    let place = Place::new();
    let here = |out: &str, more: &[&str]| {
        let call = [
            "check",
            "--local",
            "--function",
            "example:wait",
            "--payload",
            "{\"ms\":2}",
        ];
        let limits = ["--max-invocations", "20", "--out", out];
        place.tuner(&call).args(&limits).args(more).run()
    };
    let read = |out: &str| -> Value {
        let file = place.path().join(out).join("check.json");
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    };
    here("good", &["--baseline", "last"])
        .exits(0)
        .prints(&["nothing to compare it with yet"]);
    let mut failed = read("good");
    failed["check_id"] = json!("0193ab00-0000-7000-8000-000000000001");
    failed["finished_at"] = json!("2999-01-01T00:00:00Z");
    failed["verdict"] = json!("cannot_tell");
    failed["outcomes"]["function_error"] = failed["outcomes"]["success"].take();
    failed["outcomes"]["success"] = json!(0);
    failed["figures"] = json!([{ "metric": "success", "value": 0.0, "unit": "percent", "calls": 20 }]);
    std::fs::create_dir_all(place.path().join("tuner-out/failed")).unwrap();
    place.write("tuner-out/failed/check.json", serde_json::to_vec(&failed).unwrap());
    here("next", &["--baseline", "last"]).says(&["next/check.json"]);
    assert_eq!(read("next")["baseline"]["id"], read("good")["check_id"]);
    // Nothing of it can be compared: what else is kept does not make it pass.
    for more in [&[][..], &["--max-p50", "9000", "--undecided", "pass"]] {
        let named = [&["--baseline", "tuner-out/failed/check.json"], more].concat();
        here("none", &named)
            .exits(4)
            .prints(&["cannot tell whether", "the baseline has none of the"]);
        assert_eq!(read("none")["verdict"], "cannot_tell");
    }
}

#[test]
fn a_version_and_an_alias_are_checked_as_they_are_and_nothing_changes() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:wait", "--present-memory", "640"]);
    let version = server.post("wait/versions", json!({ "Description": "one" }));
    server.post(
        "wait/aliases",
        json!({ "Name": "live", "FunctionVersion": version["Version"] }),
    );
    let before = (server.get("wait/configuration"), server.all_of("wait"));
    let place = Place::new();
    for function in ["wait", "wait:1", "wait:live"] {
        let call = [
            "check",
            "--function",
            function,
            "--payload",
            r#"{"ms":2}"#,
            "--max-p50",
            "900",
            "--yes",
        ];
        let done = server.tuner(&place, &call).args(&["--out", "out"]).run().exits(0);
        let done = done.says(&["publishes and changes nothing", "p50 <= 900 ms: 5 calls without a miss"]);
        done.prints(&[&format!("{function} at 640 MB keeps p50 <= 900 ms")]);
    }
    assert_eq!(
        (server.get("wait/configuration"), server.all_of("wait")),
        before,
        "RevisionId included"
    );
    // Invoking has effects: without a yes nothing is invoked.
    server
        .tuner(&place, &["check", "--function", "wait", "--max-p50", "900"])
        .run()
        .exits(2)
        .says(&["invokes a function", "--yes"]);
}

fn report(id: usize, ms: f64, init: Option<f64>) -> String {
    let init = init.map_or_else(String::new, |ms| format!("\tInit Duration: {ms:.2} ms"));
    format!(
        "REPORT RequestId: 00000000-0000-4000-8000-{id:012}\tDuration: {ms:.2} ms\tBilled Duration: {} ms\tMemory Size: 512 MB\tMax \
         Memory Used: 90 MB{init}\t\n",
        ms.ceil()
    )
}

#[test]
fn logs_say_what_production_did() {
    let place = Place::new();
    let log: String = (0..1_000)
        .map(|i| report(i, 100.0 + (i % 50) as f64, (i % 10 == 0).then_some(250.0)))
        .chain((1_000..1_040).map(|i| report(i, 3_000.0, None)))
        .collect();
    place.write("app.log", log);
    let call = [
        "check",
        "--function",
        "app",
        "--from-logs",
        "app.log",
        "--out",
        "out",
        "--limits",
        "guide",
    ];
    let done = place
        .tuner(&call)
        .args(&["--max-p95", "1000", "--max-p99", "1000", "--max-memory-used", "50"])
        .run()
        .exits(3);
    done.prints(&[
        "app at 512 MB breaks p99 <= 1,000 ms",
        "1,040 invocations of production",
        "cold-starts <= 20 %",
    ]);
    let document = document(&place);
    assert_valid(&document);
    let limits = document["limits"].as_array().unwrap();
    let of = |metric: &str| limits.iter().find(|l| l["limit"]["metric"] == metric).unwrap();
    assert_eq!(of("p99")["verdict"], "broken");
    assert_eq!(of("p99")["missed"], 40);
    assert_eq!(of("cold_starts")["verdict"], "kept");
    assert_eq!(of("memory_used")["verdict"], "kept");
    assert_eq!(of("success")["verdict"], "kept");
    assert_eq!(document["records"], Value::Null);
    // Of nobody's logs nothing can be told.
    let other = [
        "check",
        "--function",
        "arn:aws:lambda:eu-west-1:123456789012:function:b",
        "--from-logs",
        "nothing.log",
    ];
    place.write("nothing.log", "nothing here\n");
    place
        .tuner(&other)
        .args(&["--max-p95", "9"])
        .run()
        .exits(4)
        .says(&["hold no report"]);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_invoked() {
    let place = Place::new();
    place.write("review.json", r#"{"schema_version":1,"review_id":"x"}"#);
    place.write("old.json", r#"{"schema_version":99,"check_id":"x"}"#);
    place.write("cut.json", r#"{"schema_version":1,"check_id":"019"#);
    for (more, words) in [
        (&["--max-p95", "0"][..], "a time above 0"),
        (&["--max-p95", "nan"], "a time above 0"),
        (&["--min-success", "100"], "cannot be shown"),
        (&["--fail-on", "p95>800MB"], "a time above 0"),
        (&["--fail-on", "p97>1"], "no figure `p97`"),
        (&["--fail-on", "p95>+20%"], "--baseline"),
        (&[], "no limit to check"),
        (&["--baseline", "gone.json"], "cannot read the baseline `gone.json`"),
        (&["--baseline", "review.json"], "is a review"),
        (&["--baseline", "old.json"], "form 99"),
        (&["--baseline", "cut.json"], "`cut.json`"),
    ] {
        check(&place, "{}", more).exits(2).says(&[words]);
        assert!(!place.path().join("out").exists(), "{more:?}");
    }
}
