//! `tuner history` of tunings on this machine. That of the service is with the tests of the service.

use serde_json::Value;

use crate::support::{Place, measuring};

const HISTORY: [&str; 3] = ["history", "--store", "tuner-out"];

/// A place with two tunings in it.
fn tuned() -> Place {
    let place = Place::new();
    for example in ["wait", "hash"] {
        let function = format!("example:{example}");
        let run = ["run", "--local", "--quiet", "--function", &function, "--memory", "512"];
        let quick = ["--num", "5", "--payload", r#"{"ms":1,"blocks":1}"#];
        place.tuner(&run).args(&quick).run().exits(0);
    }
    place
}

#[test]
fn what_was_tuned_here_is_listed() {
    let _alone = measuring();
    let place = tuned();
    let done = place.tuner(&HISTORY).args(&["--format", "json"]).run().exits(0);
    let listed: Vec<Value> = serde_json::from_str(&done.stdout).unwrap();
    let functions: Vec<_> = listed
        .iter()
        .map(|tuning| tuning["function"].as_str().unwrap())
        .collect();
    let names: Vec<_> = functions.iter().map(|arn| arn.rsplit(':').next().unwrap()).collect();
    assert_eq!(names, ["hash", "wait"], "newest first");
    for tuning in &listed {
        assert_eq!(tuning.get("present_memory_size_mb"), None, "a local program has none");
        assert_eq!(tuning["recommended_memory_size_mb"], 512);
        let document = place.path().join(tuning["store"].as_str().unwrap()).join("tuning.json");
        let document: Value = serde_json::from_slice(&std::fs::read(document).unwrap()).unwrap();
        assert_eq!(document["tuning_id"], tuning["tuning_id"]);
        // It ran on this machine.
        assert_eq!(tuning["cost"], Value::Null);
    }

    let done = place.tuner(&HISTORY).run().exits(0).prints(&["512", "choose"]);
    assert_eq!(done.stdout.lines().count(), 1 + 2 * 2);
    let done = place.tuner(&HISTORY).args(&["--function", "wait"]).run().exits(0);
    assert!(
        done.stdout.contains("wait") && !done.stdout.contains("hash"),
        "{}",
        done.stdout
    );
    let done = place
        .tuner(&HISTORY)
        .args(&["--limit", "1", "--format", "csv"])
        .run()
        .exits(0);
    assert_eq!(done.stdout.lines().count(), 2, "{}", done.stdout);
    place
        .tuner(&HISTORY)
        .args(&["--format", "markdown"])
        .run()
        .exits(0)
        .prints(&["| hash | 512 |"]);

    // What can't be read is said, and no reason to list nothing.
    place.write("tuner-out/broken/tuning.json", "{");
    place.write("tuner-out/history/1.json", "\"\u{1b}[2J");
    place.write("tuner-out/empty/other.json", "{}");
    let done = place.tuner(&HISTORY).run().exits(0).prints(&["hash", "wait"]);
    let done = done.says(&[
        "not listed: `tuner-out/broken/tuning.json`",
        "not listed: `tuner-out/history/1.json`",
    ]);
    assert_eq!(done.stderr.lines().count(), 2, "{}", done.stderr);
    // The configuration may say where they are, from further down too.
    place.write(
        "tuner.toml",
        format!("store = \"{}/tuner-out\"", place.path().display()),
    );
    let done = place.tuner(&["history"]).run().exits(0);
    assert_eq!(done.stdout.lines().count(), 1 + 2 * 2);
}

/// Results may go anywhere: where they went is known to the user's later calls, from any directory.
#[test]
fn runs_with_a_place_of_their_own_are_listed() {
    let _alone = measuring();
    let place = Place::new();
    let run = [
        "run",
        "--local",
        "--quiet",
        "--function",
        "example:wait",
        "--memory",
        "512",
    ];
    let elsewhere = ["--num", "5", "--payload", r#"{"ms":1}"#, "--out", "results/today"];
    place.tuner(&run).args(&elsewhere).run().exits(0);
    std::fs::create_dir(place.path().join("below")).unwrap();
    let history = |within: &str| {
        let history = place.tuner(&["history", "--format", "json"]).within(within);
        let away = history
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "us-east-1");
        let listed: Vec<Value> = serde_json::from_str(&away.run().exits(0).stdout).unwrap();
        listed
    };
    for within in [".", "below"] {
        let listed = history(within);
        assert_eq!(listed.len(), 1, "{listed:#?}");
        let store = listed[0]["store"].as_str().unwrap();
        assert!(store.starts_with('/') && store.ends_with("results/today"), "{store}");
    }
    // What is gone is gone.
    std::fs::remove_dir_all(place.path().join("results")).unwrap();
    assert_eq!(history("."), [Value::Null; 0]);
}

#[test]
fn nothing_to_list_is_a_sentence() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("tuner-out")).unwrap();
    let done = place
        .tuner(&HISTORY)
        .run()
        .exits(0)
        .says(&["no past tuning in tuner-out"]);
    assert_eq!(done.stdout, "");
    let of_one = place.tuner(&HISTORY).args(&["--function", "resize"]).run().exits(0);
    of_one.says(&["no past tuning of resize"]);
    let json = place.tuner(&HISTORY).args(&["--format", "json"]).run().exits(0);
    assert_eq!(json.stdout.trim(), "[]");
}

/// Without a word about a service there need not be one.
#[test]
fn a_service_that_nobody_named_may_be_missing() {
    let place = Place::new();
    let done = place
        .tuner(&["history"])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "us-east-1")
        .run();
    done.exits(0).says(&["--state-machine", "no past tuning in tuner-out"]);
    let done = place
        .tuner(&["history", "--state-machine", "tuner"])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "us-east-1")
        .run();
    done.refuses(5, &["cannot look for the state machine", "sign in"]);
}
