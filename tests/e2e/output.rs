//! Where `tuner run` says what, and in which form.

use serde_json::Value;

use crate::support::{Call, Place, measuring};

fn run(place: &Place) -> Call {
    sending(place, r#"{"ms":1}"#).args(&["--memory", "512,1769"])
}

fn sending(place: &Place, payload: &str) -> Call {
    place
        .tuner(&["run", "--local", "--function", "example:wait"])
        .args(&["--payload", payload, "--num", "5"])
}

#[test]
fn forms_for_programs_have_standard_output_to_themselves() {
    let _alone = measuring();
    let place = Place::new();
    let done = run(&place).args(&["--format", "json"]).run().exits(0);
    let printed: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(printed, done.tuning());

    let done = run(&place).args(&["--format", "csv"]).run().exits(0);
    let lines: Vec<&str> = done.stdout.lines().collect();
    // A head, and for each size a row of warm and one of cold starts.
    assert_eq!(lines.len(), 5, "{}", done.stdout);
    let columns = lines[0].split(',').count();
    assert!(columns > 5 && lines[0].contains("memory_size_mb"), "{}", lines[0]);
    assert!(
        lines.iter().all(|line| line.split(',').count() == columns),
        "{}",
        done.stdout
    );

    let done = run(&place).args(&["--format", "markdown"]).run().exits(0);
    assert!(
        done.stdout
            .lines()
            .any(|line| line.starts_with("| ") || line.starts_with("|-")),
        "{}",
        done.stdout
    );
}

#[test]
fn files_go_where_they_are_sent() {
    let _alone = measuring();
    let place = Place::new();
    let done = run(&place).args(&["--out", "a/b"]).run().exits(0);
    let files: Vec<_> = done
        .files()
        .iter()
        .map(|f| f.strip_prefix(place.path()).unwrap().to_owned())
        .collect();
    assert_eq!(
        files,
        ["a/b/tuning.json", "a/b/report.svg", "a/b/report.html"].map(std::path::PathBuf::from)
    );
    assert_eq!(place.names(), ["a"]);
    let mut names: Vec<_> = std::fs::read_dir(place.path().join("a/b"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["report.html", "report.svg", "tuning.json"],
        "parts written on the way are left"
    );
    // Again to the same place: it is written anew.
    run(&place).args(&["--out", "a/b"]).run().exits(0);
}

#[test]
fn quiet_says_only_what_was_found() {
    let _alone = measuring();
    let place = Place::new();
    let done = run(&place).args(&["--quiet"]).run().exits(0).prints(&["wait: "]);
    for noise in ["measured", "published", "running wait", "deleted"] {
        assert!(!done.stderr.contains(noise), "{}", done.stderr);
    }
}

#[test]
fn there_is_no_colour_and_no_moving_picture_off_a_terminal() {
    let _alone = measuring();
    let place = Place::new();
    for call in [
        run(&place).env("TERM", "xterm-256color"),
        run(&place).env("NO_COLOR", "1"),
    ] {
        let done = call.run().exits(0);
        for text in [&done.stdout, &done.stderr] {
            assert!(!text.contains(['\x1b', '\r']), "{text:?}");
        }
        assert!(done.stderr.lines().count() > 5, "{}", done.stderr);
    }
    // Nor in what is for whoever looks for a fault.
    let done = run(&place).args(&["-vv"]).run().exits(0);
    assert!(
        done.stderr.contains("TRACE") && !done.stderr.contains('\x1b'),
        "{}",
        done.stderr
    );
}

#[test]
fn a_constraint_that_no_size_meets_has_its_own_exit_code() {
    let _alone = measuring();
    let place = Place::new();
    let done = run(&place)
        .args(&["--payload", r#"{"ms":20}"#])
        .args(&["--max-p95", "2"]);
    // --payload twice is a mistake of the command line.
    done.run().refuses(2, &["--payload"]);
    let done = place
        .tuner(&[
            "run",
            "--local",
            "--function",
            "example:wait",
            "--payload",
            r#"{"ms":20}"#,
        ])
        .args(&["--num", "5", "--memory", "512,1769", "--max-p95", "2"])
        .run()
        .exits(3);
    assert_eq!(done.tuning()["decision"]["verdict"], "constraint_not_met");
}

#[test]
fn all_invocations_of_a_size_at_once() {
    let _alone = measuring();
    let place = Place::new();
    let done = run(&place).args(&["--parallel"]).run().exits(0);
    let tuning = done.tuning();
    assert_eq!(tuning["request"]["concurrency"], 5);
    for size in tuning["sizes"].as_array().unwrap() {
        assert_eq!(size["warm"]["duration_ms"]["count"], 5, "{size}");
    }
}

#[test]
fn sizes_given_twice_are_measured_once() {
    let _alone = measuring();
    let place = Place::new();
    let done = sending(&place, r#"{"ms":1}"#)
        .args(&["--memory", "1769,512,1769", "--memory", "512"])
        .run()
        .exits(0);
    assert_eq!(
        done.tuning()["request"]["memory_sizes_mb"],
        serde_json::json!([512, 1769])
    );
}

#[test]
fn a_name_is_what_the_function_is_called_everywhere() {
    let _alone = measuring();
    let place = Place::new();
    let done = run(&place).args(&["--name", "night / resize"]).run().exits(0);
    assert!(done.stdout.starts_with("night / resize: "), "{}", done.stdout);
    assert_eq!(done.tuning()["request"]["name"], "night / resize");
    let folder = done.files()[0].parent().unwrap().file_name().unwrap().to_owned();
    assert!(folder.to_string_lossy().starts_with("night---resize-"), "{folder:?}");
    let listed = place.tuner(&["history"]).run().exits(0);
    assert!(listed.stdout.contains("night / resize"), "{}", listed.stdout);
}

#[test]
fn variables_and_payloads_are_in_no_file_but_their_digests_are() {
    let _alone = measuring();
    let place = Place::new();
    let done = sending(&place, r#"{"ms":1,"note":"canary-of-payload"}"#)
        .args(&["--memory", "512,1769", "--env", "TOKEN=canary-of-variable"])
        .run()
        .exits(0);
    let request = &done.tuning()["request"];
    for (field, bytes) in [("payloads", 35), ("variables", 24)] {
        assert_eq!(
            (&request[field]["count"], &request[field]["bytes"]),
            (&1.into(), &bytes.into()),
            "{field}"
        );
        assert_eq!(
            request[field]["keyed_sha256"].as_str().map(str::len),
            Some(64),
            "{field}"
        );
    }
    let mut texts = vec![done.stdout.clone(), done.stderr.clone()];
    texts.extend(done.files().iter().map(|file| std::fs::read_to_string(file).unwrap()));
    assert!(texts.len() >= 5, "{:?}", done.files());
    for text in texts {
        assert!(!text.contains("canary"), "{text}");
    }
}
