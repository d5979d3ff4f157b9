//! `tuner run --local -- COMMAND`: Python and Node functions on AWS's own runtime interface clients.
//!
//! TUNER_PYTHON        an interpreter with awslambdaric
//! TUNER_NODE_MODULES  where aws-lambda-ric is installed

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Done, Place, figure, measuring, repository};

/// What an environment variable names, or a word on what is skipped.
fn given(variable: &str) -> Option<PathBuf> {
    let value = std::env::var_os(variable).map(PathBuf::from);
    if value.is_none() {
        eprintln!("skipped: {variable} is not set; tests/run sets it");
    }
    value
}

fn tune(place: &Place, language: &str, more: &[&str], command: &[&str], input: &str) -> Done {
    let folder = repository().join("tests/functions").join(language);
    place
        .tuner(&[
            "run",
            "--local",
            "--num",
            "5",
            "--memory",
            "512,1769",
            "--handler",
            "handler.handle",
        ])
        .args(&["--working-directory", folder.to_str().unwrap(), "--timeout", "10"])
        .args(more)
        .args(&["--"])
        .args(command)
        .input(input)
        .run()
}

#[track_caller]
fn assert_measured(done: Done) -> Value {
    let tuning = done.exits(0).tuning();
    for size in tuning["sizes"].as_array().unwrap() {
        // What other programs of this machine disturb is made again.
        assert!(size["outcomes"]["success"].as_u64() >= Some(6), "{size}");
        assert_eq!(size["cold"]["duration_ms"]["count"], 1, "{size}");
        assert_eq!(size["warm"]["duration_ms"]["count"], 5, "{size}");
    }
    tuning
}

fn every_way(language: &str, command: &[&str]) {
    let place = Place::new();
    place.write("event.json", "\u{feff}{\"from\": \"a file\"}");
    let weighted = r#"[{"payload": {"a": 1}, "weight": 4}, {"payload": {"b": 2}, "weight": 1}]"#;
    let tuning = assert_measured(tune(
        &place,
        language,
        &["--payload", weighted, "--env", "COLOUR=green"],
        command,
        "",
    ));
    assert_eq!(tuning["request"]["payloads"]["count"], 2);
    let tuning = assert_measured(tune(
        &place,
        language,
        &["--payload", "event.json", "--arch", "arm64"],
        command,
        "",
    ));
    assert_eq!(tuning["function"]["architecture"], "arm64");
    assert_eq!(tuning["price"]["architecture"], "arm64");
    assert_measured(tune(
        &place,
        language,
        &["--payload", "-"],
        command,
        r#"{"from": "standard input"}"#,
    ));

    let error = ["--payload", r#"{"error": "as asked"}"#];
    let done = tune(&place, language, &error, command, "").exits(6);
    assert!(done.tuning().to_string().contains("as asked"), "the reason is not kept");
    let hidden = [&error[..], &["--hide-messages"]].concat();
    let done = tune(&place, language, &hidden, command, "").exits(6);
    assert!(!done.tuning().to_string().contains("as asked"), "the message is kept");
    assert_eq!(done.tuning()["leftovers"], json!([]));
}

#[test]
fn python() {
    let Some(python) = given("TUNER_PYTHON") else { return };
    let _alone = measuring();
    every_way(
        "python",
        &[python.to_str().unwrap(), "-m", "awslambdaric", "handler.handle"],
    );
}

#[test]
fn node() {
    let Some(modules) = given("TUNER_NODE_MODULES") else {
        return;
    };
    let _alone = measuring();
    let client = modules.join("aws-lambda-ric/index.mjs");
    every_way("node", &["node", client.to_str().unwrap(), "handler.handle"]);
}

/// A variable reaches the function, and a handler slower than the timeout is a time-out.
#[test]
fn variables_and_the_timeout_reach_the_function() {
    let Some(python) = given("TUNER_PYTHON") else { return };
    let _alone = measuring();
    let place = Place::new();
    place.write(
        "app.py",
        "import os, time\ndef handle(event, context):\n    time.sleep(float(os.environ['NAP_S']))\n    return context.get_remaining_time_in_millis()\n",
    );
    let run = |nap: &str| {
        place
            .tuner(&[
                "run",
                "--local",
                "--num",
                "5",
                "--memory",
                "1769",
                "--timeout",
                "1",
                "--env",
                nap,
                "--",
            ])
            .args(&[python.to_str().unwrap(), "-m", "awslambdaric", "app.handle"])
            .run()
    };
    let tuning = run("NAP_S=0.02").exits(0).tuning();
    let mean = figure(&tuning, "/sizes/0/warm/duration_ms/mean/value");
    // It took its nap, and not that of the next run.
    assert!((20.0..1000.0).contains(&mean), "{mean}");
    let tuning = run("NAP_S=3").exits(6).tuning();
    assert_eq!(tuning["sizes"][0]["outcomes"]["timeout"], 1, "{tuning}");
}
