//! `tuner review` of exported logs.

use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{Done, Place, Server, measuring};

const STREAM: &str = "2026-10-01-[$LATEST]2f2faf726d06475489c93fe6f5a69d21";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A report as Lambda prints it.
fn report(duration_ms: f64, size_mb: u32, used_mb: u32) -> String {
    format!(
        "REPORT RequestId: 276a85b8-11a7-4b68-b42e-de11b5f419e3\tDuration: {duration_ms:.2} ms\tBilled Duration: {} ms\tMemory Size: {size_mb} MB\tMax Memory Used: {used_mb} MB\t\n",
        duration_ms.ceil()
    )
}

/// Events as an export to S3 has them, evenly over `days` of a month of 2025, the first at its beginning and the last at the
/// end.
pub(crate) fn exported(month: u32, days: u32, events: &[String]) -> String {
    let seconds = f64::from(days) * 86_400.0;
    let mut text = String::new();
    for (number, event) in events.iter().enumerate() {
        let at = (seconds * number as f64 / (events.len() - 1) as f64) as u32;
        let (day, second) = (at / 86_400 + 1, at % 86_400);
        text += &format!(
            "2025-{month:02}-{day:02}T{:02}:{:02}:{:02}.000Z {event}\n",
            second / 3600,
            second / 60 % 60,
            second % 60
        );
    }
    text
}

pub(crate) fn export(place: &Place, folder: &str, function: &str, text: &str) -> PathBuf {
    place.write(
        &format!("{folder}/aws/lambda/{function}/{STREAM}/000000.gz"),
        gzip(text),
    )
}

pub(crate) fn many(count: usize, duration_ms: f64, size_mb: u32, used_mb: u32) -> Vec<String> {
    vec![report(duration_ms, size_mb, used_mb); count]
}

/// A review, without history unless it is asked for.
pub(crate) fn review(place: &Place, folder: &str, more: &[&str]) -> Done {
    let fixed = ["review", "--from-logs", folder, "--out", "out", "--format", "json"];
    place.tuner(&fixed).args(more).run()
}

pub(crate) fn document(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap()
}

pub(crate) fn function<'a>(review: &'a Value, name: &str) -> &'a Value {
    let functions = review["functions"].as_array().unwrap();
    let named = |f: &&Value| f["function"]["name"].as_str().unwrap().ends_with(name);
    functions
        .iter()
        .find(named)
        .unwrap_or_else(|| panic!("{name}: {review}"))
}

pub(crate) fn findings(function: &Value) -> Vec<&str> {
    let all = function["findings"].as_array();
    all.into_iter().flatten().map(|f| f["kind"].as_str().unwrap()).collect()
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!(
        (value - expected).abs() <= expected.abs() * 1e-9,
        "{value} instead of {expected}"
    );
}

#[test]
fn figures_are_those_of_the_logs() {
    let place = Place::new();
    export(&place, "logs", "pay", &exported(10, 30, &many(3001, 99.5, 1024, 100)));
    export(&place, "logs", "tight", &exported(10, 30, &many(301, 20.0, 128, 127)));
    let done = review(&place, "logs", &[]).exits(0);
    let document = document(&done);
    let pay = function(&document, "pay");
    let size = &pay["evidence"]["sizes"][0];
    assert_eq!(
        (&size["memory_size_mb"], &size["invocations"]),
        (&json!(1024), &json!(3001))
    );
    assert_eq!(
        (&size["billed_duration_ms"], &size["max_memory_used_mb"]),
        (&json!(300_100), &json!(100))
    );
    near(&size["duration"]["mean_ms"], 99.5);
    near(&size["duration"]["max_ms"], 99.5);
    // 30 days of logs, at 100 ms and 1 GB each, for an average month; first-tier prices of us-east-1, x86_64.
    let invocations = 3001.0 * (365.25 / 12.0) / 30.0;
    near(&pay["monthly"]["invocations"], invocations);
    near(&pay["monthly"]["gb_seconds"], invocations * 0.1);
    near(
        &pay["monthly"]["bill"]["duration"]["amount"],
        invocations * 0.1 * 0.000_016_666_7,
    );
    near(&pay["monthly"]["bill"]["requests"]["amount"], invocations * 0.2e-6);
    assert!(findings(pay).contains(&"memory_overprovisioned"), "{pay}");
    assert!(findings(function(&document, "tight")).contains(&"memory_underprovisioned"));
    // Nothing says where these functions are.
    done.says(&["wrote"]).prints(&["us-east-1, x86_64"]);
}

#[test]
fn every_form_is_written_and_can_be_rendered_again() {
    let place = Place::new();
    for name in ["pay", "ship"] {
        export(&place, "logs", name, &exported(10, 30, &many(400, 50.0, 1024, 100)));
    }
    let done = review(&place, "logs", &[]).exits(0);
    let files = std::fs::read_dir(place.path().join("out")).unwrap();
    let mut files: Vec<_> = files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(
        files,
        ["report.csv", "report.html", "report.md", "report.svg", "review.json"]
    );
    let read = |name: &str| std::fs::read_to_string(place.path().join("out").join(name)).unwrap();
    assert_eq!(read("review.json"), done.stdout);
    for (form, file) in [
        ("csv", "report.csv"),
        ("markdown", "report.md"),
        ("html", "report.html"),
        ("svg", "report.svg"),
    ] {
        let again = place
            .tuner(&["report", "out/review.json", "--format", form])
            .run()
            .exits(0);
        assert_eq!(again.stdout, read(file), "{form}");
    }
    assert_eq!(read("report.csv").lines().count(), 3);
    place
        .tuner(&["report", "out/review.json"])
        .run()
        .exits(0)
        .prints(&["pay", "ship"]);
    place.tuner(&["generate", "schemas", "--out", "schemas"]).run().exits(0);
    let schema: Value =
        serde_json::from_slice(&std::fs::read(place.path().join("schemas/review.schema.json")).unwrap()).unwrap();
    jsonschema::validate(&schema, &document(&done)).unwrap();
    // A later form is not guessed at.
    place.write(
        "later.json",
        read("review.json").replacen("\"schema_version\": 1", "\"schema_version\": 999", 1),
    );
    place
        .tuner(&["report", "later.json"])
        .run()
        .refuses(2, &["999", "update tuner"]);
}

#[test]
fn an_inventory_tells_what_is_configured_and_what_was_never_called() {
    let place = Place::new();
    export(&place, "logs", "pay", &exported(10, 30, &many(400, 2_900.0, 512, 100)));
    let arn = |name: &str| format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
    let listed = json!({ "Functions": [
        { "FunctionName": "pay", "FunctionArn": arn("pay"), "MemorySize": 512, "Timeout": 3, "Architectures": ["arm64"], "Runtime": "python3.13" },
        { "FunctionName": "idle", "FunctionArn": arn("idle"), "MemorySize": 256, "Timeout": 3, "Architectures": ["x86_64"] },
    ]});
    place.write("functions.json", listed.to_string());
    let done = review(&place, "logs", &["--inventory", "functions.json"]).exits(0);
    let document = document(&done);
    let pay = function(&document, ":pay");
    assert_eq!(pay["function"]["memory_size_mb"], 512);
    assert_eq!(
        (&pay["function"]["region"], &pay["function"]["architecture"]),
        (&json!("eu-west-1"), &json!("arm64"))
    );
    assert!(findings(pay).contains(&"timeout_risk"), "{pay}");
    assert_eq!(findings(function(&document, ":idle")), ["no_logs"]);
    // The account is masked unless it is asked for.
    assert!(!done.stdout.contains("123456789012"));
    let shown = review(&place, "logs", &["--inventory", "functions.json", "--show-account-ids"]).exits(0);
    assert!(shown.stdout.contains("123456789012"));
    place.write("functions.json", "no");
    review(&place, "logs", &["--inventory", "functions.json"]).refuses(2, &["`functions.json`", "list-functions"]);
}

#[test]
fn the_last_review_is_found_though_its_account_is_masked() {
    let place = Place::new();
    let list = |account: &str| {
        let arn = format!("arn:aws:lambda:eu-west-1:{account}:function:pay");
        let pay = json!({ "FunctionName": "pay", "FunctionArn": arn, "MemorySize": 512, "Tags": null });
        place.write("functions.json", json!({ "Functions": [pay] }).to_string());
    };
    for (folder, month) in [("before", 9), ("now", 10)] {
        export(&place, folder, "pay", &exported(month, 30, &many(400, 50.0, 512, 400)));
    }
    let inventory = ["--inventory", "functions.json"];
    list("123456789012");
    let before = document(&review(&place, "before", &inventory).exits(0));
    let now = document(&review(&place, "now", &[&inventory[..], &["--show-account-ids"]].concat()).exits(0));
    assert_eq!(now["previous"]["review_id"], before["review_id"]);
    // That one is known to be of another account.
    list("210987654321");
    let other = document(&review(&place, "now", &inventory).exits(0));
    assert!(other["previous"].is_null(), "{}", other["previous"]);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_counted() {
    let place = Place::new();
    place.write("empty/nothing.log", "START of something else\n");
    review(&place, "empty", &[]).refuses(4, &["no REPORT found"]);
    assert!(
        !place.path().join("out").exists(),
        "nothing was found, and nothing is written"
    );
    review(&place, "missing", &[]).refuses(2, &["nothing could be read", "`missing`"]);

    export(&place, "logs", "whole", &exported(10, 30, &many(400, 50.0, 1024, 100)));
    let events: Vec<String> = (0..4000).map(|n| report(f64::from(n), 512, 80)).collect();
    let cut = export(&place, "logs", "cut", &exported(10, 30, &events));
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let done = review(&place, "logs", &[])
        .exits(0)
        .says(&["1 file could not be read in full", "000000.gz"]);
    let document = document(&done);
    assert_eq!(function(&document, "whole")["evidence"]["sizes"][0]["invocations"], 400);
    assert!(
        document["warnings"].to_string().contains("000000.gz"),
        "{}",
        document["warnings"]
    );
    let cut = function(&document, "cut");
    assert_eq!(cut["evidence"]["logs"]["complete"], false);
    assert!(cut["evidence"]["sizes"][0]["invocations"].as_u64().unwrap() > 100);
    assert!(
        cut["monthly"]["bill"]["total"]["amount"].as_f64().unwrap() > 0.0 && cut["cost_unknown"].is_string(),
        "it costs so much at least: {cut}"
    );
    review(&place, "logs", &["--fail-on", "unreadable"])
        .exits(3)
        .says(&["000000.gz"]);
}

#[test]
fn logs_that_name_no_function_are_named_and_have_no_command_without() {
    let place = Place::new();
    place.write("logs/app.log", many(400, 50.0, 1024, 100).concat());
    let human = ["review", "--from-logs", "logs", "--out", "people"];
    let done = place.tuner(&human).run().exits(0);
    let all = done.stdout.clone() + &done.stderr;
    for command in ["--function unknown", "--function-name unknown"] {
        assert!(!all.contains(command), "{all}");
    }
    let bare = document(&review(&place, "logs", &[]).exits(0));
    assert_eq!(bare["functions"][0]["function"]["nameless"], true);
    let named = document(&review(&place, "logs", &["--function", "pay", "--previous", "none"]).exits(0));
    assert_eq!(named["functions"][0]["function"]["name"], "pay");
    assert!(named["functions"][0]["function"]["nameless"].is_null());
}

#[test]
fn logs_without_times_are_of_a_month_only_if_one_says_so() {
    let place = Place::new();
    place.write("logs/aws/lambda/pay/app.log", many(400, 50.0, 1024, 100).concat());
    let done = review(&place, "logs", &[]).exits(0).prints(&["--days"]);
    let bare = document(&done);
    assert!(bare["window"].is_null());
    near(&function(&bare, "pay")["monthly"]["invocations"], 400.0);
    let done = review(&place, "logs", &["--days", "10", "--previous", "none"]).exits(0);
    near(
        &function(&document(&done), "pay")["monthly"]["invocations"],
        400.0 * (365.25 / 12.0) / 10.0,
    );
    // A burst is not a month either.
    place.write(
        "burst/aws/lambda/pay/app.log",
        format!(
            "2025-10-01T00:00:00.000Z {0}\n2025-10-01T00:00:09.000Z {0}\n",
            report(5.0, 128, 60)
        ),
    );
    let done = review(&place, "burst", &["--previous", "none"])
        .exits(0)
        .prints(&["9.00 s", "--days"]);
    assert!(document(&done)["window"].is_null());
    // Nor is what reaches into the future.
    place.write(
        "wrong-clock/aws/lambda/pay/app.log",
        format!(
            "2025-10-01T00:00:00.000Z {0}\n9998-10-01T00:00:09.000Z {0}\n",
            report(5.0, 128, 60)
        ),
    );
    let done = review(&place, "wrong-clock", &["--previous", "none"])
        .exits(0)
        .prints(&["still to come", "--days"]);
    assert!(document(&done)["window"].is_null());
    review(&place, "logs", &["--days", "0"]).refuses(2, &["--days"]);
    review(&place, "logs", &["--days", "1e300"]).refuses(2, &["--days 1e300"]);
}

#[test]
fn the_next_review_says_what_came_of_the_last_one() {
    let place = Place::new();
    export(
        &place,
        "september",
        "shrunk",
        &exported(9, 29, &many(1000, 50.0, 1024, 100)),
    );
    export(
        &place,
        "september",
        "slow",
        &exported(9, 29, &many(1000, 50.0, 512, 400)),
    );
    export(
        &place,
        "september",
        "gone",
        &exported(9, 29, &many(1000, 50.0, 512, 400)),
    );
    export(
        &place,
        "october",
        "shrunk",
        &exported(10, 30, &many(1000, 50.0, 512, 100)),
    );
    export(
        &place,
        "october",
        "slow",
        &exported(10, 30, &many(1000, 75.0, 512, 400)),
    );
    let first = place
        .tuner(&["review", "--from-logs", "september", "--quiet"])
        .run()
        .exits(0);
    assert!(!first.stderr.contains("compared with"), "{}", first.stderr);
    // Found by itself in tuner-out.
    let month = ["review", "--from-logs", "october", "--format", "json"];
    let done = place.tuner(&month).run().exits(0).says(&["compared with"]);
    let second = document(&done);
    let slow = function(&second, "slow");
    near(&slow["changes"]["duration_change"], 0.5);
    assert!(findings(slow).contains(&"regression"), "{slow}");
    let shrunk = &function(&second, "shrunk")["changes"];
    assert_eq!(
        (&shrunk["memory_size_mb"], &shrunk["advice"]["followed"]),
        (&json!(1024), &json!(true))
    );
    assert!(shrunk["advice"]["saved"]["amount"].as_f64().unwrap() > 0.0, "{shrunk}");
    // Logs without an inventory may be some of the account's: what is not among them may be there still.
    assert!(second["previous"]["gone"].is_null(), "{}", second["previous"]);
    // September comes before October, whichever is reviewed later.
    let done = place
        .tuner(&[
            "review",
            "--from-logs",
            "september",
            "--format",
            "json",
            "--out",
            "elsewhere",
        ])
        .run()
        .exits(0);
    let again = document(&done);
    assert_eq!(again["previous"]["review_id"], {
        let first: Vec<_> = first
            .files()
            .into_iter()
            .filter(|f| f.ends_with("review.json"))
            .collect();
        let read =
            |file: &Path| serde_json::from_slice::<Value>(&std::fs::read(place.path().join(file)).unwrap()).unwrap();
        read(&first[0])["review_id"].clone()
    });
    place.tuner(&month).args(&["--previous", "none"]).run().exits(0);
    place
        .tuner(&month)
        .args(&["--previous", "elsewhere/review.json", "--fail-on", "regression"])
        .run()
        .exits(3)
        .says(&["--fail-on", "slow"]);
    place
        .tuner(&month)
        .args(&["--previous", "nowhere.json"])
        .run()
        .refuses(2, &["nowhere.json"]);
}

#[test]
fn hostile_names_are_listed_under_harmless_ones() {
    let place = Place::new();
    let hostile = [
        "<script>alert(1)</script>",
        "../../../etc/passwd",
        "=cmd|' /C calc'!A0",
        "\u{1b}[31mred",
        &"x".repeat(3000),
    ];
    for (number, name) in hostile.into_iter().enumerate() {
        let mut log = String::new();
        log += &json!({"time": "2025-10-01T00:00:00.000Z", "type": "platform.initStart", "record": {"functionName": name}}).to_string();
        log.push('\n');
        for second in 0..60 {
            log += &json!({"time": format!("2025-10-01T0{}:00:{second:02}.000Z", second % 10), "type": "platform.report", "record": {
                "requestId": "276a85b8-11a7-4b68-b42e-de11b5f419e3", "status": "success",
                "metrics": {"durationMs": 1.5, "billedDurationMs": 2, "memorySizeMB": 512, "maxMemoryUsedMB": 70}}}).to_string();
            log.push('\n');
        }
        // Of one function each: where several are named, and no stream, nobody knows whose a report is.
        place.write(&format!("logs/{number}.log"), log);
    }
    let done = review(&place, "logs", &[]).exits(0);
    let document = document(&done);
    let listed = document["functions"].as_array().unwrap();
    assert_eq!(listed.len(), hostile.len());
    assert!(
        listed.iter().all(|f| f["evidence"]["sizes"][0]["invocations"] == 60),
        "{listed:?}"
    );
    let html = std::fs::read_to_string(place.path().join("out/report.html")).unwrap();
    assert!(!html.contains("<script>alert"));
    let csv = std::fs::read_to_string(place.path().join("out/report.csv")).unwrap();
    assert!(
        !csv.contains("\n=") && !csv.contains(",=") && !csv.contains('\u{1b}'),
        "{csv}"
    );
    let human = place
        .tuner(&["review", "--from-logs", "logs", "--out", "out"])
        .run()
        .exits(0);
    assert!(!human.stdout.contains('\u{1b}'), "{}", human.stdout);
}

#[test]
fn functions_of_a_shared_group_are_told_apart() {
    let place = Place::new();
    for (name, size) in [("pay", 512), ("ship", 1024)] {
        let file = format!("logs/exportedlogs/0198c8a0/2026-10-01-{name}[3]2f2faf726d06475489c93fe6f5a69d21/000000.gz");
        place.write(&file, gzip(&exported(10, 30, &many(60, 5.0, size, 100))));
    }
    let document = document(&review(&place, "logs", &[]).exits(0));
    for (name, size) in [("pay", 512), ("ship", 1024)] {
        assert_eq!(
            function(&document, name)["evidence"]["sizes"][0]["memory_size_mb"],
            size
        );
    }
}

/// Invokes a function of the local Lambda and gives the tail of its log.
fn tail(server: &Server, function: &str) -> String {
    let request = ureq::http::Request::builder()
        .method("POST")
        .uri(format!(
            "{}/2015-03-31/functions/{function}/invocations",
            server.endpoint()
        ))
        .header("x-amz-log-type", "Tail")
        .body(r#"{"ms":1}"#.to_owned())
        .unwrap();
    let response = ureq::agent().run(request).unwrap();
    let log = response.headers()["x-amz-log-result"].to_str().unwrap();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(log).unwrap()).unwrap()
}

#[test]
fn logs_of_functions_that_really_ran_are_reviewed() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:wait"]);
    let mut tails = Vec::new();
    for size in [512, 1024] {
        server.put("wait/configuration", json!({ "MemorySize": size }));
        server.until_updated("wait");
        tails.extend((0..60).map(|_| tail(&server, "wait")));
    }
    let place = Place::new();
    place.write("functions.json", server.get("").to_string());
    export(&place, "logs", "wait", &exported(10, 30, &tails));
    let done = review(&place, "logs", &["--inventory", "functions.json"]).exits(0);
    let document = document(&done);
    let wait = function(&document, "wait");
    assert_eq!(wait["function"]["memory_size_mb"], 1024);
    let sizes = wait["evidence"]["sizes"].as_array().unwrap();
    let seen: Vec<_> = sizes
        .iter()
        .map(|s| (s["memory_size_mb"].clone(), s["invocations"].clone()))
        .collect();
    assert_eq!(seen, [(json!(512), json!(60)), (json!(1024), json!(60))]);
    // What the reports say, added up by hand.
    let billed: u64 = tails
        .iter()
        .map(|tail| {
            let behind = tail.split_once("Billed Duration: ").unwrap().1;
            behind.split(' ').next().unwrap().parse::<u64>().unwrap()
        })
        .sum();
    let summed: u64 = sizes.iter().map(|s| s["billed_duration_ms"].as_u64().unwrap()).sum();
    assert_eq!(summed, billed);
    let cold = tails.iter().filter(|tail| tail.contains("Init Duration")).count() as u64;
    let colds: u64 = sizes.iter().filter_map(|s| s["cold_starts"].as_u64()).sum();
    assert!(cold > 0);
    assert_eq!(colds, cold);
    assert!(findings(wait).contains(&"memory_overprovisioned"), "{wait}");
}

const ADVICE: &str = "[[ignore]]\nfunction = \"pay\"\nfinding = \"memory_overprovisioned\"\nuntil = 2999-12-31\n\
    reason = \"moves\"\n[[owner]]\nfunction = \"ship\"\nowner = \"../Logistics\"\n";

/// Two functions that waste memory.
fn wasting(place: &Place) {
    for name in ["pay", "ship"] {
        export(place, "logs", name, &exported(10, 30, &many(400, 900.0, 1024, 100)));
    }
}

#[test]
fn decisions_and_owners_are_of_a_file() {
    let place = Place::new();
    wasting(&place);
    place.write("advice.toml", ADVICE);
    place.write(
        "tuner.toml",
        "advice = \"advice.toml\"\n[function.pay]\nowner = \"payments\"\n",
    );
    let gate = ["--fail-on", "memory_overprovisioned"];
    // One is ignored, the other is not.
    let refused = review(&place, "logs", &gate);
    assert!(refused.stderr.contains("over-provisioned: ship"), "{}", refused.stderr);
    let done = review(&place, "logs", &["--group-by", "owner"]).exits(0);
    let document = document(&done);
    assert!(!findings(function(&document, "pay")).contains(&"memory_overprovisioned"));
    assert!(findings(function(&document, "ship")).contains(&"memory_overprovisioned"));
    assert_eq!(document["totals"]["ignored"], 1);
    let groups = document["groups"]["groups"].as_array().unwrap();
    let names: Vec<&str> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"payments") && names.contains(&"../Logistics"),
        "{names:?}"
    );
    let functions: u64 = groups
        .iter()
        .map(|group| group["totals"]["functions"].as_u64().unwrap())
        .sum();
    assert_eq!(functions, 2);
    let inside = std::fs::read_dir(place.path().join("out/groups")).unwrap();
    let mut files: Vec<String> = inside.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files.len(), 6, "{files:?}");
    assert!(files.iter().any(|file| file == "payments.html"), "{files:?}");
    let page = std::fs::read_to_string(place.path().join("out/groups/payments.csv")).unwrap();
    assert!(page.contains("pay") && !page.contains("ship"), "{page}");
    assert!(place.path().join("out/groups.csv").is_file());
    // A stored review, with and without what was decided.
    let text = place.tuner(&["report", "out/review.json"]).run().exits(0).stdout;
    assert!(text.contains("By owner") && text.contains("Ignored"), "{text}");
    place.write("none.toml", "");
    let plain = place
        .tuner(&["report", "out/review.json", "--advice", "none.toml"])
        .run()
        .exits(0)
        .stdout;
    assert!(!plain.contains("Ignored"), "{plain}");
    let grouped = [
        "report",
        "out/review.json",
        "--group-by",
        "owner",
        "--group",
        "payments",
    ];
    let alone = place.tuner(&grouped).run().exits(0).stdout;
    assert!(alone.contains("payments (owner)") && !alone.contains("ship"), "{alone}");
    let unknown = ["report", "out/review.json", "--group-by", "owner", "--group", "payment"];
    place.tuner(&unknown).run().refuses(2, &["payment", "there are"]);
    std::fs::create_dir(place.path().join("again")).unwrap();
    let again = [
        "report",
        "out/review.json",
        "--group-by",
        "stack",
        "--format",
        "html",
        "--out",
        "again",
    ];
    place.tuner(&again).run().exits(0);
    assert!(place.path().join("again/report.html").is_file() && place.path().join("again/groups/_nobody.md").is_file());
    let none = ["report", "out/review.json", "--group-by", "stack", "--group", "x"];
    let refused = place
        .tuner(&none)
        .run()
        .refuses(2, &["every function is in none", "--group"]);
    assert!(!refused.stderr.contains("there are"), "{}", refused.stderr);
    // Owners of tuner.toml count beside another file's.
    let owners = [
        "report",
        "out/review.json",
        "--advice",
        "none.toml",
        "--group-by",
        "owner",
    ];
    let text = place.tuner(&owners).run().exits(0).stdout;
    assert!(text.contains("payments"), "{text}");
}

#[test]
fn a_report_into_a_directory_takes_nothing_else_with_it() {
    let place = Place::new();
    wasting(&place);
    place.write("tuner.toml", "[function.pay]\nowner = \"payments\"\n");
    review(&place, "logs", &[]).exits(0);
    std::fs::create_dir(place.path().join("dir")).unwrap();
    let document = std::fs::read_to_string(place.path().join("out/review.json")).unwrap();
    // The document stands where its report would be.
    place.write("dir/report.json", &document);
    let report = |document: &str, by: &str, more: &[&str]| {
        let args = [&["report", document, "--group-by", by, "--out", "dir"], more].concat();
        place.tuner(&args).run()
    };
    let itself = report("dir/report.json", "owner", &["--format", "json"]);
    itself.refuses(2, &["`dir/report.json` would be overwritten", "--out"]);
    assert_eq!(
        std::fs::read_to_string(place.path().join("dir/report.json")).unwrap(),
        document
    );
    assert!(!place.path().join("dir/groups.csv").exists());
    let done = report("dir/report.json", "owner", &["--format", "html"]).exits(0);
    assert!(done.stderr.contains("dir/report.html"), "{}", done.stderr);
    assert!(place.path().join("dir/groups/payments.html").is_file());
    // Pages of another grouping go; what is somebody else's stays.
    place.write("dir/groups/mine.html", "mine");
    report("out/review.json", "stack", &["--format", "html"]).exits(0);
    assert!(!place.path().join("dir/groups/payments.html").exists());
    assert!(place.path().join("dir/groups/_nobody.html").is_file());
    assert!(place.path().join("dir/groups/mine.html").is_file());
    let one = report("out/review.json", "owner", &["--group", "payments"]);
    let one = one.refuses(2, &["`dir` is a directory", "name the file"]);
    assert!(!one.stderr.contains("room on the disk"), "{}", one.stderr);
}

#[test]
fn a_wrong_advice_file_is_refused_before_anything_is_read() {
    let place = Place::new();
    wasting(&place);
    place.write(
        "advice.toml",
        "[[ignore]]\nfunction = \"pay\"\nfinding = \"memory_overprovisoned\"\nuntil = \"soon\"\n",
    );
    let done = place
        .tuner(&["review", "--from-logs", "logs", "--advice", "advice.toml"])
        .run();
    done.refuses(
        2,
        &[
            "advice.toml",
            "line 3",
            "ignore.finding",
            "did you mean `memory_overprovisioned`",
            "line 4",
            "line 1",
            "ignore.reason",
        ],
    );
    place
        .tuner(&["review", "--from-logs", "logs", "--group-by", "team"])
        .run()
        .refuses(2, &["tag:team"]);
}
