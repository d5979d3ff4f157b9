//! The schemas say what the code does: whoever has checked an input with one is not refused, and the other way round.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use tuner_engine::execution::{Defaults, ExecutionInput, FIELDS, InputErrors, input_schema};

use super::input::WRONG;

pub(super) fn statemachine() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../statemachine")
}

pub(super) fn schema(name: &str) -> Value {
    let path = statemachine().join(format!("power-tuning.{name}.schema.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn validator() -> Validator {
    let schema = schema("input");
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn parse(text: &str) -> Result<ExecutionInput, InputErrors> {
    ExecutionInput::parse(text, &Defaults::default())
}

/// The fields that only a check has.
const OF_A_CHECK: [&str; 4] = ["failOn", "limits", "baseline", "undecided"];

/// With a preset that goes with it, or in a check.
fn input_with(field: &str, value: &Value) -> String {
    if OF_A_CHECK.contains(&field) {
        return checked(field, value);
    }
    beside(
        if field.starts_with("budget") {
            "standard"
        } else {
            "grid"
        },
        field,
        value,
    )
}

fn beside(preset: &str, field: &str, value: &Value) -> String {
    let mut input = Map::new();
    input.insert("lambdaARN".to_owned(), json!("resize"));
    input.insert("preset".to_owned(), json!(preset));
    input.insert(field.to_owned(), value.clone());
    Value::Object(input).to_string()
}

/// In a check that has a limit and a baseline besides.
fn checked(field: &str, value: &Value) -> String {
    let mut input = Map::new();
    for (name, value) in [
        ("lambdaARN", json!("resize")),
        ("check", json!(true)),
        ("maxP95Ms", json!(500)),
    ] {
        input.insert(name.to_owned(), value);
    }
    if field == "failOn" {
        input.insert("baseline".to_owned(), json!("last"));
    }
    input.insert(field.to_owned(), value.clone());
    Value::Object(input).to_string()
}

/// Name and text of every sample; those of reviews are another input.
pub(super) fn samples() -> Vec<(String, String)> {
    let entries = fs::read_dir(statemachine().join("samples")).unwrap();
    let mut samples: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .filter(|(name, _)| !name.starts_with("review-"))
        .collect();
    samples.sort();
    assert!(samples.len() >= 9, "{samples:?}");
    samples
}

#[test]
fn every_sample_is_accepted_by_both_and_nothing_in_it_is_idle() {
    let validator = validator();
    for (name, text) in samples() {
        let input = parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(input.warnings.is_empty(), "{name}: {:?}", input.warnings);
        let sample = serde_json::from_str(&text).unwrap();
        if let Some(error) = validator.iter_errors(&sample).next() {
            panic!("{name}: {error} at {}", error.instance_path());
        }
    }
}

#[test]
fn one_sample_has_every_option_of_the_grid_and_one_those_of_the_other_presets() {
    let samples = samples();
    let missing = |name: &str| -> Vec<&str> {
        let (_, text) = samples.iter().find(|(known, _)| known == name).unwrap();
        let sample: Map<String, Value> = serde_json::from_str(text).unwrap();
        FIELDS
            .into_iter()
            .filter(|&field| !sample.contains_key(field))
            .collect()
    };
    // A payload is in one place only.
    let of_grid = missing("every-option");
    assert_eq!(
        of_grid,
        [
            &["payloadS3", "budgetInvocations", "budgetCost", "budgetSeconds"][..],
            &OF_A_CHECK
        ]
        .concat()
    );
    let of_adaptive = missing("adaptive-every-option");
    assert_eq!(
        of_adaptive,
        [
            &["num", "payloadS3", "dryRun"][..],
            &OF_A_CHECK,
            &["discardTopBottom", "onlyColdStarts"]
        ]
        .concat()
    );
    let of_check = missing("check");
    assert!(!OF_A_CHECK.iter().any(|field| of_check.contains(field)), "{of_check:?}");
}

#[test]
fn the_schema_that_is_shipped_is_that_of_the_table() {
    let path = statemachine().join("power-tuning.input.schema.json");
    let of_table = format!("{}\n", serde_json::to_string_pretty(&input_schema().unwrap()).unwrap());
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, &of_table).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == of_table,
        "statemachine/power-tuning.input.schema.json is old; INSTA_UPDATE=always writes it"
    );
}

#[test]
fn both_know_the_same_fields_and_the_schema_explains_each() {
    let schema = schema("input");
    let properties = schema["properties"].as_object().unwrap();
    let known: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    let read: BTreeSet<&str> = FIELDS.iter().copied().chain(["$schema", "comment"]).collect();
    assert_eq!(known, read);
    for (name, property) in properties {
        for word in ["title", "description"] {
            assert!(
                property[word].as_str().is_some_and(|text| !text.is_empty()),
                "{name} has no {word}"
            );
        }
    }
}

#[test]
fn defaults_and_examples_of_the_schema_are_the_parser_s() {
    let schema = schema("input");
    let smallest = parse(r#"{"lambdaARN": "resize"}"#).unwrap();
    let mut seen = (0, 0);
    for (name, property) in schema["properties"].as_object().unwrap() {
        if let Some(default) = property.get("default") {
            let with_default = parse(&input_with(name, default)).unwrap();
            assert_eq!(with_default.request, smallest.request, "{name}");
            seen.0 += 1;
        }
        for example in property["examples"].as_array().into_iter().flatten() {
            let read = parse(&input_with(name, example));
            assert!(read.is_ok(), "{name}: {example}: {read:?}");
            seen.1 += 1;
        }
    }
    for example in schema["examples"].as_array().unwrap() {
        parse(&example.to_string()).unwrap();
    }
    assert!(seen.0 >= 10 && seen.1 >= 15, "{seen:?}");
}

#[test]
fn what_one_refuses_the_other_refuses_too() {
    let validator = validator();
    for (fields, _) in WRONG {
        // A number that is none in JSON's own terms has no value to check.
        let Ok(input) = serde_json::from_str(&format!(r#"{{"lambdaARN": "resize", {fields}}}"#)) else {
            assert!(fields.contains("1e999"), "{fields}");
            continue;
        };
        assert!(!validator.is_valid(&input), "{fields}");
    }
    for text in [
        "[]",
        "null",
        "7",
        "{}",
        r#"{"lambdaARN": ""}"#,
        r#"{"lambdaARN": null}"#,
        r#"{"lambdaARN": 5}"#,
    ] {
        assert!(!validator.is_valid(&serde_json::from_str(text).unwrap()), "{text}");
        assert!(parse(text).is_err(), "{text}");
    }
}

/// Values that are right for some field, or nearly.
fn values() -> Vec<Value> {
    let words = [
        "",
        " ",
        "ALL",
        "all",
        "Alle",
        "cost",
        "speed",
        "balanced",
        "Cost",
        "resize",
        "resize:live",
        "resize:$LATEST",
        "resize:",
        "a b",
        "123456789012:function:resize",
        "12345:function:resize",
        "function:resize",
        " resize\n",
        "arn:aws:lambda:eu-west-1:123456789012:function:resize:7",
        "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:x",
        "arn:aws:lambda:europe:123456789012:function:x",
        "arn:aws:s3:::x",
        "arn:aws:lambda:eu-west-1:123456789012:layer:x",
        "s3://bucket/key",
        "s3://bucket",
        "s3://bucket/",
        "s3://b/key",
        "s3://bu_C.k-et/a b%20c",
        "s3://bucket/a\u{7}",
        "s3://bu ket/a",
        "arn:aws:iam::123456789012:role/x",
        "arn:aws-cn:iam::123456789012:role/path/x",
        "arn:aws:iam::1:role/x",
        "arn:aws:iam::123456789012:user/x",
        "arn:aws:iam::123456789012:role/",
        "arn:AWS:iam::123456789012:role/x",
        "prod",
        "7",
        "7a",
        "-",
        "a.b",
        "0",
        "4",
        "5",
        "05",
        "999",
        "1000",
        "1001",
        "10000",
        "10001",
        "600000",
        "600001",
        "5.0",
        "+5",
        "true",
        "false",
    ];
    let bounds = [
        0,
        1,
        4,
        5,
        9,
        10,
        99,
        100,
        127,
        128,
        129,
        130,
        138,
        139,
        199,
        200,
        999,
        1000,
        1001,
        9999,
        10_000,
        10_001,
        10_199,
        10_200,
        10_239,
        10_240,
        10_241,
        99_999,
        100_000,
        599_999,
        600_000,
        600_001,
        4_294_967_296_i64,
        -1,
    ];
    let fractions = [-0.0, 5.0, 128.0, 1e-9, 0.1, 0.4, 0.41, 0.5, 1.01, 5.5, 128.5, 1e300];
    let lengths = [64, 65, 128, 129, 256, 257, 576, 577, 1024, 1025];
    let mut values = vec![
        json!(null),
        json!(true),
        json!(false),
        json!({}),
        json!([]),
        json!({"payload": 1, "weight": 1}),
        json!({"payload": null, "weight": 0}),
        json!({"payload": "x", "weight": "1"}),
        json!({"payload": "x", "weight": 1.5, "name": "x"}),
    ];
    values.extend(words.map(Value::from));
    values.extend(bounds.map(Value::from));
    values.extend(bounds.map(|n| Value::from(n.to_string())));
    values.extend(fractions.map(Value::from));
    for length in lengths {
        let name = "x".repeat(length);
        values.extend(
            ["", "s3://bucket/", "arn:aws:iam::123456789012:role/", "resize:"]
                .map(|start| json!(format!("{start}{name}"))),
        );
    }
    let listed: Vec<Value> = values.iter().map(|value| json!([value])).collect();
    let longer = [50, 51, 64, 65]
        .into_iter()
        .flat_map(|n| [json!(vec![512; n]), json!(vec!["x"; n])]);
    let mixed = [
        json!([{"payload": 1, "weight": 1}, null]),
        json!([{"payload": 1, "wieght": 1}]),
        json!([{"weight": 1}]),
        json!([{"wieght": 1}]),
        json!([["payload", "weight"]]),
        json!([512, "x"]),
        json!([[]]),
    ];
    values.into_iter().chain(listed).chain(longer).chain(mixed).collect()
}

#[test]
fn both_accept_the_same_value_for_every_field() {
    let validator = validator();
    let (mut right, mut wrong) = (0, 0);
    for field in FIELDS {
        for value in values() {
            for text in [
                beside("grid", field, &value),
                beside("standard", field, &value),
                checked(field, &value),
            ] {
                let read = parse(&text);
                let valid = validator.is_valid(&serde_json::from_str(&text).unwrap());
                assert_eq!(read.is_ok(), valid, "{text}: {read:?}");
                *if valid { &mut right } else { &mut wrong } += 1;
            }
        }
    }
    assert!(right > 2000 && wrong > 2000, "{right} right, {wrong} wrong");
}

#[test]
fn both_take_a_payload_from_one_place_only() {
    let validator = validator();
    for payload in [json!(null), json!(""), json!({}), json!(0)] {
        for place in [json!(null), json!(""), json!("s3://bucket/key")] {
            let input = json!({"lambdaARN": "resize", "payload": payload, "payloadS3": place});
            let read = parse(&input.to_string());
            assert_eq!(read.is_ok(), validator.is_valid(&input), "{input}: {read:?}");
        }
    }
}
