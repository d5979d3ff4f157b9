//! Which functions may be invoked, and with what.

use serde_json::{Value, json};
use tuner_core::review::{
    Action, Advice, Durations, Evidence, FindingKind, FunctionReview, LogsBy, LogsRead, RegisteredPayload, SizeEvidence,
};
use tuner_engine::execution::{Defaults, ExecutionInput};
use tuner_engine::review::{Registry, RegistryError};

use super::account::{HOME, SimFunction};

fn function(name: &str, tags: &[(&str, &str)]) -> FunctionReview {
    let mut function = SimFunction::new(HOME, name, 512).listed;
    function.tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    FunctionReview {
        advice: vec![Advice {
            about: FindingKind::MemoryOverprovisioned,
            action: Action::Tune {
                memory_sizes_mb: vec![256, 512],
            },
        }],
        ..FunctionReview::new(function, Evidence::default())
    }
}

fn input(registry: &Registry, function: &FunctionReview) -> Option<Value> {
    let input = registry.input_for(function, None).unwrap()?;
    ExecutionInput::parse(input.get(), &Defaults::default()).unwrap();
    Some(serde_json::from_str(input.get()).unwrap())
}

fn parse(text: &str) -> Registry {
    Registry::parse(text).unwrap()
}

#[test]
fn nobody_is_registered_by_accident() {
    for text in [r#"{"functions": {}}"#, r#"{"functions": {"resize": {"payload": {}}}}"#] {
        let registry = parse(text);
        assert_eq!(input(&registry, &function("other", &[])), None);
        assert_eq!(
            input(&registry, &function("resize-2", &[("tuner:objective", "cost")])),
            None
        );
    }
    assert_eq!(input(&Registry::default(), &function("resize", &[])), None);
}

#[test]
fn an_entry_is_the_input_of_a_tuning() {
    let registry = parse(
        r#"{"$schema": "x", "functions": {"resize": {"payload": {"id": 12345678901234567890123}, "strategy": "speed",
            "preProcessorARN": "before", "maxP95Ms": 500}}}"#,
    );
    let resize = function("resize", &[]);
    let found = registry
        .input_for(&resize, Some("arn:aws:iam::123456789012:role/reader"))
        .unwrap()
        .unwrap();
    // Digits as they were typed.
    assert!(found.get().contains("12345678901234567890123"), "{}", found.get());
    let found: Value = serde_json::from_str(found.get()).unwrap();
    assert_eq!(found["lambdaARN"], json!(resize.function.name.to_string()));
    assert_eq!(found["powerValues"], json!([256, 512]));
    assert_eq!(found["roleARN"], json!("arn:aws:iam::123456789012:role/reader"));
    assert_eq!(found["preProcessorARN"], json!("before"));
}

#[test]
fn sizes_and_presets_that_are_registered_stand() {
    let registry = parse(
        r#"{"functions": {"a": {"payload": {}, "powerValues": [128, 1024]}, "b": {"payload": {}, "preset": "frugal"}}}"#,
    );
    assert_eq!(
        input(&registry, &function("a", &[])).unwrap()["powerValues"],
        json!([128, 1024])
    );
    assert_eq!(input(&registry, &function("b", &[])).unwrap().get("powerValues"), None);
}

#[test]
fn the_most_exact_name_counts() {
    let registry = parse(
        r#"{"functions": {
            "*": {"payload": 0}, "report-*": {"payload": 1}, "report-to-?": {"payload": 2}, "report-to-b": {"payload": 3},
            "arn:aws:lambda:eu-west-1:123456789012:function:report-to-c": {"payload": 4},
            "report-to-board": null, "*:us-east-1:*": {"payload": 5}}}"#,
    );
    let payload = |name: &str| {
        input(&registry, &function(name, &[("tuner:payload", "empty")])).map(|input| input["payload"].clone())
    };
    assert_eq!(payload("other"), Some(json!(0)));
    assert_eq!(payload("report-x"), Some(json!(1)));
    assert_eq!(payload("report-to-a"), Some(json!(2)));
    assert_eq!(payload("report-to-b"), Some(json!(3)));
    assert_eq!(payload("report-to-c"), Some(json!(4)));
    // Never, whatever its tags say.
    assert_eq!(payload("report-to-board"), None);
}

#[test]
fn tags_register_too() {
    let none = Registry::default();
    let tagged = function(
        "f",
        &[("tuner:payload", "s3://bucket/f.json"), ("tuner:objective", "speed")],
    );
    let found = input(&none, &tagged).unwrap();
    assert_eq!(
        (&found["payloadS3"], &found["strategy"]),
        (&json!("s3://bucket/f.json"), &json!("speed"))
    );
    assert_eq!(
        input(&none, &function("f", &[("tuner:payload", "empty")])).unwrap()["payload"],
        json!({})
    );
    for (tags, says) in [
        (
            vec![("tuner:payload", "{}")],
            "tuner:payload is `{}`, but must be s3://BUCKET/KEY",
        ),
        (vec![("tuner:payload", "s3://b")], "payloadS3"),
        (
            vec![("tuner:payload", "empty"), ("tuner:objective", "fastest")],
            "strategy is \"fastest\"",
        ),
    ] {
        let error = none.input_for(&function("f", &tags), None).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_is_wrong_names_the_entry() {
    for (text, says) in [
        ("", "is not JSON"),
        ("[]", "the registry is a list"),
        ("{}", "has no `functions`"),
        (r#"{"function": {}}"#, "has a field `function`"),
        (r#"{"functions": []}"#, "is a list"),
        (r#"{"functions": {"a": 7}}"#, "has a number for `a`"),
        (
            r#"{"functions": {"a b": {}}}"#,
            "`a b` in the registry names no function",
        ),
        (
            r#"{"functions": {"a:live": {}}}"#,
            "`a:live` in the registry names no function",
        ),
        (r#"{"functions": {"a": {}, "a": {}}}"#, "`a` is in the registry twice"),
        (
            r#"{"functions": {"a": {"lambdaARN": "b"}}}"#,
            "`a` in the registry has a lambdaARN",
        ),
        (
            r#"{"functions": {"a-*": {"pay": {}}}}"#,
            "`a-*` in the registry: there is no field pay",
        ),
        (r#"{"functions": {"a": {"num": 1}}}"#, "`a` in the registry: num is 1"),
    ] {
        let error = Registry::parse(text).unwrap_err();
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
    assert!(matches!(
        Registry::parse(r#"{"functions": {"a": {"payload": "{\"secret\": 1", "num": "x"}}}"#),
        Err(RegistryError::Entry { .. })
    ));
}

#[test]
fn what_logs_show_goes_with_the_tuning_that_is_started() {
    let registry = parse(
        r#"{"functions": {"resize": {"payload": {"secret": 1}, "autoOptimize": true, "powerValues": [128, 2048]},
            "report": {"payloadS3": "s3://bucket/report.json"}, "ping": {"payload": {}}}}"#,
    );
    let mut resize = function("resize", &[]);
    resize.evidence.sizes = vec![size(2048, 2_000, 1150)];
    resize.evidence.earlier = vec![size(3008, 100, 1300)];
    // Nothing was read: the tuning looks itself.
    assert_eq!(input(&registry, &resize).unwrap().get("known"), None);
    resize.evidence.logs = Some(LogsRead {
        source: LogsBy::Insights,
        window: None,
        complete: true,
        unread_share: None,
    });
    let input = input(&registry, &resize).unwrap();
    let used: Vec<(u64, &str)> = input["known"]["needs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|need| {
            (
                need["max_memory_used_mb"].as_u64().unwrap(),
                need["source"]["kind"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(used, [(1150, "logs"), (1300, "review")]);
    // And commands know with what a function may be invoked, without what is secret.
    let payload = |name: &str| registry.payload_of(&function(name, &[]));
    assert_eq!(payload("resize"), Some(RegisteredPayload::InRegistry));
    let uri = "s3://bucket/report.json".to_owned();
    assert_eq!(payload("report"), Some(RegisteredPayload::S3 { uri }));
    assert_eq!(payload("ping"), Some(RegisteredPayload::Empty));
    assert_eq!(payload("other"), None);
}

fn size(memory_size_mb: u32, invocations: u64, used_mb: u32) -> SizeEvidence {
    SizeEvidence {
        memory_size_mb,
        invocations,
        versions: Vec::new(),
        first_seen: None,
        last_seen: None,
        duration: Durations {
            mean_ms: 100.0,
            p50_ms: 100.0,
            p95_ms: 100.0,
            p99_ms: 100.0,
            max_ms: 100.0,
        },
        billed_duration_ms: 100 * invocations,
        unbilled_invocations: 0,
        cold_starts: 0,
        init_sum_ms: 0.0,
        restored_starts: 0,
        max_memory_used_mb: Some(used_mb),
        p99_memory_used_mb: None,
        memory_growth_mb: None,
        provisioned_invocations: 0,
        timeouts: 0,
        out_of_memory: 0,
        errors: 0,
    }
}
