//! `tuner run --local` with every example.

use serde_json::{Value, json};

use crate::support::{Done, Place, figure, measuring, repository};

fn tune(place: &Place, example: &str, more: &[&str]) -> Done {
    let function = format!("example:{example}");
    place
        .tuner(&["run", "--local", "--function", &function, "--num", "5"])
        .args(more)
        .run()
}

fn size(tuning: &Value, mb: u32) -> &Value {
    let sizes = tuning["sizes"].as_array().into_iter().flatten();
    let found = sizes.into_iter().find(|s| s["memory_size_mb"] == mb);
    found.unwrap_or_else(|| panic!("{mb} MB is not among {:#}", tuning["sizes"]))
}

#[track_caller]
fn assert_valid(tuning: &Value) {
    let schema = repository().join("reports/schema/tuning.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(tuning)
        .map(|e| format!("{} at {}", e, e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn examples_are_measured_decided_and_reported() {
    let _alone = measuring();
    for (example, payload) in [
        ("hash", r#"{"blocks":5}"#),
        ("parallel", r#"{"blocks":8,"threads":2}"#),
        ("wait", r#"{"ms":5}"#),
        ("memory", r#"{"mb":20}"#),
        ("mixed", r#"{"ms":2,"blocks":1}"#),
    ] {
        let place = Place::new();
        let done = tune(&place, example, &["--memory", "512,1769", "--payload", payload]).exits(0);
        let files = done.files();
        let names: Vec<_> = files.iter().map(|f| f.file_name().unwrap()).collect();
        assert_eq!(names, ["tuning.json", "report.svg", "report.html"], "{example}");
        assert!(files.iter().all(|f| f.metadata().unwrap().len() > 1000), "{example}");
        assert_eq!(place.names(), ["tuner-out"], "{example}");
        let tuning = done.tuning();
        assert_valid(&tuning);
        assert_eq!(tuning["status"], "succeeded", "{example}");
        let arn = tuning["function"]["name"].as_str().unwrap();
        assert!(arn.ends_with(&format!(":function:{example}")), "{arn}");
        assert_eq!(tuning["leftovers"], json!([]));
        // One cold start, five warm ones, at each size. What others on this machine disturb is set aside and made again.
        let records = tuning["records"].as_array().unwrap();
        let set_aside = |mb: u32| {
            let of_size = records.iter().filter(|r| r["memory_size_mb"] == mb);
            of_size.filter(|r| r["set_aside"] == true).count()
        };
        assert_eq!(records.len(), 12 + set_aside(512) + set_aside(1769), "{example}");
        for mb in [512, 1769] {
            assert_eq!(size(&tuning, mb)["outcomes"]["success"], 6 + set_aside(mb), "{example}");
            assert_eq!(size(&tuning, mb)["warm"]["duration_ms"]["count"], 5, "{example}");
            assert_eq!(size(&tuning, mb)["cold"]["init_duration_ms"]["count"], 1, "{example}");
        }
        // The sentence, the table, on standard output; progress and files on the other.
        let chosen = tuning["decision"]["memory_size_mb"]
            .as_u64()
            .unwrap_or_else(|| panic!("{example}: {:#}", tuning["decision"]));
        let head = done.stdout.lines().next().unwrap();
        assert!(
            head.starts_with(example) && head.contains(&format!("{chosen} MB")),
            "{head}"
        );
        let rows: Vec<&str> = done
            .stdout
            .lines()
            .filter(|l| l.starts_with([' ', '*']) && l.contains('$'))
            .collect();
        assert!(
            rows.iter()
                .any(|r| r.starts_with('*') && r.contains(&chosen.to_string())),
            "{}",
            done.stdout
        );
        assert!(
            !done.stdout.contains("wrote ") && !done.stdout.contains("published"),
            "{}",
            done.stdout
        );
        let done = done.says(&["of 6 invocations measured", "measuring"]);
        // A program has no size that it had before.
        assert!(!done.stderr.contains("put back"), "{}", done.stderr);
    }
}

/// Work for one processor takes longer where there is less of it. How much longer is tested with the instrument.
#[test]
fn less_memory_is_less_processor() {
    let _alone = measuring();
    let place = Place::new();
    let done = tune(
        &place,
        "hash",
        &["--memory", "256,1769", "--payload", r#"{"blocks":40}"#],
    )
    .exits(0);
    let tuning = done.tuning();
    if tuning["environment"]["cpu_limited"] != true {
        eprintln!("skipped: no right to limit the processor time here");
        return;
    }
    let quickest = |mb| figure(size(&tuning, mb), "/warm/duration_ms/min");
    let ratio = quickest(256) / quickest(1769);
    // On a busy machine the larger one gets no more than a part of a processor either, the smaller one what it may have.
    assert!(ratio > 1.5, "{ratio}; 1769/256 is 6.9");
}

#[test]
fn a_size_without_enough_memory_is_a_row() {
    let _alone = measuring();
    let place = Place::new();
    let done = tune(&place, "memory", &["--memory", "128,512", "--payload", r#"{"mb":200}"#]).exits(0);
    let tuning = done.tuning();
    assert_valid(&tuning);
    if tuning["environment"]["memory_limited"] != true {
        eprintln!("skipped: no right to limit memory here");
        return;
    }
    assert_eq!(tuning["status"], "partial");
    assert_eq!(size(&tuning, 128)["outcomes"]["out_of_memory"], 1);
    assert_eq!(size(&tuning, 128)["status"]["kind"], "failed");
    assert_eq!(tuning["decision"]["memory_size_mb"], 512);
    done.prints(&["use 512 MB", "out of memory"]);
}

#[test]
fn failing_at_every_size_has_its_own_exit_code_and_a_report() {
    let _alone = measuring();
    let place = Place::new();
    let always = r#"{"failures_in_100":100}"#;
    let done = tune(&place, "flaky", &["--memory", "512,1769", "--payload", always]).exits(6);
    let tuning = done.tuning();
    assert_valid(&tuning);
    assert_eq!(tuning["decision"]["verdict"], "all_failed");
    assert_eq!(tuning["decision"].get("memory_size_mb"), None);
    assert_eq!(done.files().len(), 3);
    done.prints(&["flaky: failed at every size"]);
}

#[test]
fn failures_now_and_then_are_counted_and_left_out() {
    let _alone = measuring();
    let place = Place::new();
    // None of 82 fails, or the first five all do, once in 10,000 runs.
    let some = r#"{"failures_in_100":12}"#;
    let more = ["--memory", "1024,1769", "--payload", some, "--num", "40"];
    let done = place
        .tuner(&["run", "--local", "--function", "example:flaky"])
        .args(&more)
        .run()
        .exits(0);
    let tuning = done.tuning();
    assert_valid(&tuning);
    let count = |mb, outcome: &str| size(&tuning, mb)["outcomes"][outcome].as_u64().unwrap_or(0);
    assert!(
        count(1024, "function_error") + count(1769, "function_error") > 0,
        "{tuning}"
    );
    for mb in [1024, 1769] {
        assert!(count(mb, "success") > 0, "{}", size(&tuning, mb));
        // Their first one, which is cold, may be the only success.
        let measured = size(&tuning, mb)["warm"]["duration_ms"]["count"].as_u64().unwrap_or(0);
        assert!(measured <= count(mb, "success"), "a failure counted as a duration");
    }
}

#[test]
fn an_allowed_error_is_a_sample() {
    let _alone = measuring();
    let place = Place::new();
    let always = r#"{"failures_in_100":100}"#;
    let done = tune(
        &place,
        "flaky",
        &[
            "--memory",
            "1024",
            "--payload",
            always,
            "--allow-error",
            "DownstreamUnavailable",
        ],
    )
    .exits(0);
    let tuning = done.tuning();
    assert_eq!(size(&tuning, 1024)["warm"]["duration_ms"]["count"], 5);
    // Every view says that these samples are failures.
    assert_eq!(size(&tuning, 1024)["allowed_errors"]["DownstreamUnavailable"], 6);
    let told = "6 of 6 samples at 1024 MB ended in the allowed error DownstreamUnavailable";
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line(&done.stdout).contains(told), "{}", done.stdout);
    let html = done
        .files()
        .into_iter()
        .find(|f| f.extension().is_some_and(|e| e == "html"));
    assert!(one_line(&std::fs::read_to_string(html.unwrap()).unwrap()).contains(told));
}

#[test]
fn slow_starts_are_kept_apart() {
    let _alone = measuring();
    let place = Place::new();
    // Built for debugging its work in init could take the 10 s of an init: it waits for 0.8 s, and works a little.
    let little = ["--payload", r#"{"blocks":1}"#, "--env", "INIT_BLOCKS=1"];
    let done = tune(&place, "slow-init", &[&["--memory", "1769"][..], &little[..]].concat()).exits(0);
    let tuning = done.tuning();
    let at = size(&tuning, 1769);
    let init = figure(at, "/cold/init_duration_ms/mean/value");
    assert!((800.0..10_000.0).contains(&init), "{init}");
    // The quickest: a busy machine makes some slow.
    let warm = figure(at, "/warm/duration_ms/min");
    assert!(warm < init, "{warm} holds the init of {init}");
    // A cold start takes its init and its handler's time.
    let cold = figure(at, "/cold/duration_ms/mean/value");
    assert!(cold > init, "{cold} lacks the init of {init}");
}
