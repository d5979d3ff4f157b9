//! The schema of a review's input says what the code does.

use std::collections::BTreeSet;
use std::fs;

use jsonschema::Validator;
use serde_json::{Value, json};
use tuner_engine::review::{REVIEW_FIELDS, ReviewRequest};

use super::schema::statemachine;

fn schema() -> Value {
    let path = statemachine().join("memory-review.input.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_sample_is_accepted_by_both_and_one_has_every_option() {
    let validator = validator();
    let mut samples = 0;
    for entry in fs::read_dir(statemachine().join("samples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if !name.starts_with("review-") {
            continue;
        }
        samples += 1;
        let text = fs::read_to_string(&path).unwrap();
        ReviewRequest::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let sample: Value = serde_json::from_str(&text).unwrap();
        assert!(validator.is_valid(&sample), "{name}");
        if name == "review-every-option" {
            let given: BTreeSet<&str> = sample.as_object().unwrap().keys().map(String::as_str).collect();
            assert!(REVIEW_FIELDS.iter().all(|field| given.contains(field)), "{given:?}");
        }
    }
    assert!(samples >= 4, "{samples}");
}

#[test]
fn both_know_the_same_fields_and_defaults() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    let known: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    let read: BTreeSet<&str> = REVIEW_FIELDS.into_iter().chain(["$schema", "comment"]).collect();
    assert_eq!(known, read);
    for (name, property) in properties {
        assert!(
            property["title"].is_string() && property["description"].is_string(),
            "{name}"
        );
        if let Some(default) = property.get("default") {
            let given = ReviewRequest::parse(&json!({ name: default }).to_string()).unwrap();
            assert_eq!(given, ReviewRequest::default(), "{name}");
        }
        for example in property.get("examples").and_then(Value::as_array).into_iter().flatten() {
            ReviewRequest::parse(&json!({ name: example }).to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn what_one_refuses_the_other_does_too() {
    let validator = validator();
    for wrong in [
        json!([]),
        json!({ "region": "eu-west-1" }),
        json!({ "regions": "Ireland" }),
        json!({ "regions": [7] }),
        json!({ "days": 0 }),
        json!({ "days": 91 }),
        json!({ "days": 1.5 }),
        json!({ "budgetUsd": -1 }),
        json!({ "tune": 101 }),
        json!({ "payloads": "registry.json" }),
        json!({ "advice": "advice.toml" }),
        json!({ "groupBy": "team" }),
        json!({ "groupBy": "tag:" }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
        assert!(ReviewRequest::parse(&wrong.to_string()).is_err(), "{wrong}");
    }
}
