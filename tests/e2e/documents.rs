//! `plan`, `prices`, `report`, `generate`: what they print, and that they touch nothing.

use serde_json::Value;

use crate::support::{Place, Server, repository};

#[test]
fn a_plan_touches_nothing() {
    let server = Server::start(&["--function", "example:hash"]);
    let before = server.get("hash/configuration");
    let place = Place::new();
    let plan = [
        "plan",
        "--direct",
        "--function",
        "hash",
        "--memory",
        "512,1769",
        "--num",
        "20",
        "--apply",
    ];
    server.tuner(&place, &plan).run().exits(0).prints(&[
        "Plan for arn:aws:lambda:us-east-1:000000000000:function:hash",
        "512, 1769 MB",
        "20 warm invocations",
        "publishes  2 versions",
        "spends     at most $",
        "applies",
    ]);
    let small = ["plan", "--direct", "--function", "hash", "--budget", "0.00000001"];
    server
        .tuner(&place, &small)
        .run()
        .exits(0)
        .prints(&["BUT", "too small for one invocation", "128 MB"]);
    assert_eq!(server.get("hash/configuration"), before, "RevisionId included");
    let local = ["plan", "--local", "--function", "example:hash"];
    place
        .tuner(&local)
        .run()
        .exits(0)
        .prints(&["chosen on the way (standard)", "runs on this machine"]);
    let grid = ["plan", "--local", "--function", "example:hash", "--preset", "grid"];
    place
        .tuner(&grid)
        .run()
        .exits(0)
        .prints(&["128, 256, 512, 1024, 1769, 3008 MB", "10 warm invocations"]);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn prices_in_every_form() {
    let place = Place::new();
    let all = place.tuner(&["prices", "--format", "json"]).run().exits(0);
    let rows: Value = serde_json::from_str(&all.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 60, "{}", rows.len());
    let csv = place.tuner(&["prices", "--format", "csv"]).run().exits(0);
    assert_eq!(csv.stdout.lines().count(), rows.len() + 1);
    let one = place.tuner(&["prices", "--region", "eu-west-1"]).run().exits(0);
    one.prints(&["eu-west-1", "arm64", "$0.0000166667", "collected"]);
}

/// What a sum was made of can be looked up, in whatever form.
#[test]
fn every_figure_that_is_used_is_listed() {
    let place = Place::new();
    let of = |form: &str| {
        let arguments = ["prices", "--region", "us-east-1", "--format", form];
        place.tuner(&arguments).run().exits(0).stdout
    };
    let rows: Value = serde_json::from_str(&of("json")).unwrap();
    let (text, csv) = (of("human"), of("csv"));
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    for row in rows.as_array().unwrap() {
        let named: Vec<&String> = row.as_object().unwrap().keys().filter(|key| *key != "tiers").collect();
        for key in named {
            assert!(header.contains(&key.as_str()), "{key} is in JSON and not in CSV");
            let Some(price) = row[key].as_f64() else { continue };
            let decimal = format!("{price:.11}");
            let decimal = decimal.trim_end_matches('0').trim_end_matches('.');
            assert!(text.contains(decimal), "{key} {decimal} is not in the text:\n{text}");
        }
    }
    // Provisioned concurrency of arm64 is known in two regions.
    place
        .tuner(&["prices", "--region", "us-east-2"])
        .run()
        .exits(0)
        .prints(&["0.0000033334", "unknown", "6,000,000,000"]);
}

#[test]
fn a_price_list_of_aws_becomes_a_price_file() {
    let place = Place::new();
    let list = repository().join("crates/tuner-core/data/fixtures/bulk-price-list-composed.json");
    let refresh = ["prices", "refresh", list.to_str().unwrap(), "--out", "mine.json"];
    place.tuner(&refresh).run().exits(0).says(&["mine.json"]);
    let listed = place
        .tuner(&["prices", "--prices", "mine.json", "--format", "json"])
        .run()
        .exits(0);
    let inside = place.tuner(&["prices", "--format", "json"]).run().exits(0);
    assert_ne!(listed.stdout, inside.stdout, "the list says nothing new");
    // And where prices are used, it is taken.
    let plan = ["plan", "--local", "--function", "example:hash", "--prices", "mine.json"];
    place.tuner(&plan).run().exits(0);
}

#[test]
fn a_document_is_not_overwritten_with_its_own_report() {
    let place = Place::new();
    let document = std::fs::read_to_string(repository().join("reports/hash/tuning.json")).unwrap();
    std::fs::write(place.path().join("t.json"), &document).unwrap();
    let done = place.tuner(&["report", "t.json", "--out", "./t.json"]).run().exits(2);
    assert!(done.stderr.contains("overwritten"), "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(place.path().join("t.json")).unwrap(), document);
}

#[test]
fn reports_from_a_document() {
    let place = Place::new();
    let document = repository().join("reports/hash/tuning.json");
    let document = document.to_str().unwrap();
    for (format, sign) in [
        ("terminal", "hash: "),
        ("json", "\"schema_version\""),
        ("csv", "memory_size_mb,"),
        ("markdown", "| "),
        ("svg", "<svg"),
        ("html", "<!doctype html>"),
    ] {
        let done = place.tuner(&["report", document, "--format", format]).run().exits(0);
        assert!(done.stdout.to_lowercase().contains(sign), "{format}: {}", done.stdout);
        place
            .tuner(&["report", document, "--format", format, "--out", "file"])
            .run()
            .exits(0);
        let written = std::fs::read_to_string(place.path().join("file")).unwrap();
        assert!(written.to_lowercase().contains(sign), "{format}");
        // The same from standard input.
        let piped = place
            .tuner(&["report", "-", "--format", format])
            .input(std::fs::read(document).unwrap());
        assert_eq!(piped.run().exits(0).stdout, done.stdout, "{format}");
    }
}

#[test]
fn a_document_of_a_later_form_is_refused() {
    let place = Place::new();
    place.write("later.json", r#"{"schema_version": 99, "new": true}"#);
    place
        .tuner(&["report", "later.json"])
        .run()
        .refuses(2, &["later.json", "99", "update tuner"]);
}

#[test]
fn account_numbers_are_masked_unless_asked_for() {
    let place = Place::new();
    let document = std::fs::read_to_string(repository().join("reports/hash/tuning.json")).unwrap();
    let mut document: Value = serde_json::from_str(&document).unwrap();
    document["function"]["name"] = "arn:aws:lambda:us-east-1:123456789012:function:hash".into();
    place.write("tuning.json", document.to_string());
    for format in ["html", "markdown", "svg", "csv"] {
        let run = ["report", "tuning.json", "--format", format];
        let done = place.tuner(&run).run().exits(0);
        assert!(!done.stdout.contains("123456789012"), "{format}");
    }
    let shown = place
        .tuner(&["report", "tuning.json", "--format", "csv", "--show-account-ids"])
        .run()
        .exits(0);
    shown.prints(&["123456789012"]);
}

#[test]
fn what_is_generated() {
    let place = Place::new();
    for (shell, sign) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef tuner"),
        ("fish", "complete -c tuner"),
    ] {
        place
            .tuner(&["generate", "completions", shell])
            .run()
            .exits(0)
            .prints(&[sign]);
    }
    place
        .tuner(&["generate", "man"])
        .run()
        .exits(0)
        .prints(&[".TH tuner 1"]);
    place.tuner(&["generate", "man", "--out", "man"]).run().exits(0);
    for page in ["tuner.1", "tuner-run.1", "tuner-local-serve.1"] {
        assert!(place.path().join("man").join(page).exists(), "{page}");
    }
    let schemas = place.tuner(&["generate", "schemas"]).run().exits(0).stdout;
    place.tuner(&["generate", "schemas", "--out", "schemas"]).run().exits(0);
    // As values: the order of keys depends on the features that serde_json was built with.
    let printed: Value = serde_json::from_str(&schemas).unwrap();
    for document in ["tuning", "review"] {
        let name = format!("{document}.schema.json");
        let read = |folder: std::path::PathBuf| -> Value {
            serde_json::from_str(&std::fs::read_to_string(folder.join(&name)).unwrap()).unwrap()
        };
        let schema = &printed[document];
        assert!(
            *schema == read(repository().join("reports/schema")),
            "{name}: make it anew: tuner generate schemas --out reports/schema"
        );
        assert!(*schema == read(place.path().join("schemas")), "{name}");
    }
    let all: Vec<&str> = printed.as_object().unwrap().keys().map(String::as_str).collect();
    for name in ["check", "comparison", "config", "power-tuning.input"] {
        assert!(all.contains(&name), "{name}: {all:?}");
    }
}

#[test]
fn help_and_version() {
    let place = Place::new();
    place.tuner(&["--version"]).run().exits(0).prints(&["tuner 0."]);
    place
        .tuner(&["--help"])
        .run()
        .exits(0)
        .prints(&["Exit codes:", "130", "plan", "restore"]);
    for command in [
        &["run"][..],
        &["logs"],
        &["report"],
        &["restore"],
        &["local", "serve"],
        &["prices"],
    ] {
        place
            .tuner(command)
            .args(&["--help"])
            .run()
            .exits(0)
            .prints(&["Usage: tuner"]);
    }
}
