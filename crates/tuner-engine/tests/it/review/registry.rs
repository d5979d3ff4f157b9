//! Which functions may be invoked, and with what.

use serde_json::{Value, json};
use tuner_core::review::{Action, Advice, Evidence, FindingKind, FunctionReview};
use tuner_engine::execution::{Defaults, ExecutionInput};
use tuner_engine::review::{Registry, RegistryError};

use super::account::{HOME, SimFunction};

fn function(name: &str, tags: &[(&str, &str)]) -> FunctionReview {
    let mut function = SimFunction::new(HOME, name, 512).listed;
    function.tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    FunctionReview {
        function,
        evidence: Evidence::default(),
        monthly: None,
        cost_unknown: None,
        findings: Vec::new(),
        advice: vec![Advice {
            about: FindingKind::MemoryOverprovisioned,
            action: Action::Tune {
                memory_sizes_mb: vec![256, 512],
            },
        }],
        tuned: None,
        changes: None,
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
