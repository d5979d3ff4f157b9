//! What is sent for what is typed, which is what LPT sends.

use tuner_core::Payloads;
use tuner_engine::execution::{Defaults, ExecutionInput, PayloadSource};

/// What is sent for `payload`, with weights.
fn sent(payload: &str) -> Vec<(String, f64)> {
    let text = format!(r#"{{"lambdaARN": "resize", "num": 100, "payload": {payload}}}"#);
    let input = ExecutionInput::parse(&text, &Defaults::default()).unwrap();
    let PayloadSource::Inline(inline) = input.payload else {
        panic!("{text} has no payload")
    };
    assert_eq!(inline, payload);
    let payloads = Payloads::parse(&inline, "payload").unwrap();
    let body = |entry: &tuner_core::payload::Weighted| (String::from_utf8(entry.body.clone()).unwrap(), entry.weight);
    payloads.entries().iter().map(body).collect()
}

fn one(payload: &str) -> String {
    match &sent(payload)[..] {
        [(body, _)] => body.clone(),
        several => panic!("{payload} is sent as {several:?}"),
    }
}

#[test]
fn json_goes_out_as_typed() {
    for payload in [
        r#"{"b": 1.50,  "a": 12345678901234567890123}"#,
        r#"{"body": "{\"a\": 1}"}"#,
        "[null]",
        "[]",
        "[1, [2]]",
        "[[1,2],[3,4]]",
        r#"[{"size": 1}]"#,
        "null",
        "0",
        "false",
        r#""hello""#,
        r#""""#,
        r#""{broken""#,
    ] {
        assert_eq!(one(payload), payload);
    }
}

#[test]
fn a_text_that_is_json_is_not_encoded_twice() {
    for (payload, body) in [
        (r#""{\"a\": 1}""#, r#"{"a": 1}"#),
        (r#""\"hello\"""#, r#""hello""#),
        (r#""5""#, "5"),
        (r#""[{\"payload\":1,\"weight\":2}]""#, r#"[{"payload":1,"weight":2}]"#),
    ] {
        assert_eq!(one(payload), body);
    }
}

#[test]
fn a_weighted_list_is_one_whatever_its_payloads() {
    let list = r#"[{"payload": 0, "weight": 5}, {"weight": 15, "payload": ""}, {"payload": null, "weight": 30.5}]"#;
    let expected = [("0", 5.0), (r#""""#, 15.0), ("null", 30.5)];
    assert_eq!(sent(list), expected.map(|(body, weight)| (body.to_owned(), weight)));
}

#[test]
fn entries_of_a_weighted_list_may_be_texts_of_json_and_have_remarks() {
    let list = r#"[{"payload": "{\"a\":1}", "weight": 1}, {"payload": {"b": 1.0}, "weight": 2, "name": "usual"}]"#;
    let expected = [(r#"{"a":1}"#, 1.0), (r#"{"b": 1.0}"#, 2.0)];
    assert_eq!(sent(list), expected.map(|(body, weight)| (body.to_owned(), weight)));
}

#[test]
fn none_null_and_an_object_are_told_apart() {
    let payload = |fields: &str| {
        let text = format!(r#"{{"lambdaARN": "resize"{fields}}}"#);
        ExecutionInput::parse(&text, &Defaults::default()).unwrap().payload
    };
    assert_eq!(payload(""), PayloadSource::None);
    assert_eq!(
        payload(r#", "payload": null"#),
        PayloadSource::Inline("null".to_owned())
    );
    let object = "s3://bucket/a/b.json".parse().unwrap();
    assert_eq!(
        payload(r#", "payload": null, "payloadS3": "s3://bucket/a/b.json""#),
        PayloadSource::S3(object)
    );
}

#[test]
fn a_dry_run_needs_no_invocation_for_every_weight() {
    let list = r#"[{"payload": 1, "weight": 1}, {"payload": 2, "weight": 100}]"#;
    let text = format!(r#"{{"lambdaARN": "resize", "dryRun": true, "payload": {list}}}"#);
    assert!(ExecutionInput::parse(&text, &Defaults::default()).is_ok());
}
