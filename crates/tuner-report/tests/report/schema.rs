use std::fs;

use serde_json::Value;
use tuner_report::{check_schema, comparison_schema, overview_schema, review_schema, trend_schema, tuning_schema};

use crate::{cases, gallery, review_cases};

#[test]
fn the_schema_is_as_checked_in() {
    for (name, schema) in [
        ("tuning", tuning_schema()),
        ("review", review_schema()),
        ("trend", trend_schema()),
        ("check", check_schema()),
        ("comparison", comparison_schema()),
        ("overview", overview_schema()),
    ] {
        let path = gallery::reports().join(format!("schema/{name}.schema.json"));
        let checked_in: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert!(
            checked_in == schema,
            "{name}: run `cargo run -p tuner-report --example gallery`"
        );
    }
}

/// Edge case 80.
#[test]
fn documents_are_what_the_schema_says() {
    let validator = jsonschema::validator_for(&tuning_schema()).unwrap();
    let complain = |name: &str, document: &Value| {
        if let Some(error) = validator.iter_errors(document).next() {
            panic!("{name}: {error} at {}", error.instance_path());
        }
    };
    for (name, document) in gallery::documents() {
        complain(&name, &serde_json::from_str(&document).unwrap());
    }
    for (name, tuning) in cases::all() {
        complain(name, &serde_json::to_value(tuning).unwrap());
    }
}

#[test]
fn reviews_are_what_their_schema_says_and_read_back() {
    let validator = jsonschema::validator_for(&review_schema()).unwrap();
    for (name, review) in review_cases::all() {
        let mut document = serde_json::to_value(review).unwrap();
        if let Some(error) = validator.iter_errors(&document).next() {
            panic!("{name}: {error} at {}", error.instance_path());
        }
        let back: tuner_core::review::MemoryReview = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(&back, review, "{name}");
        document.as_object_mut().unwrap().remove("totals");
        assert!(!validator.is_valid(&document), "{name}");
    }
}

#[test]
fn the_schema_is_not_content_with_anything() {
    let validator = jsonschema::validator_for(&tuning_schema()).unwrap();
    let mut document = serde_json::to_value(cases::moved().run()).unwrap();
    assert!(validator.is_valid(&document));
    document["sizes"][0]["memory_size_mb"] = "big".into();
    assert!(!validator.is_valid(&document));
    document.as_object_mut().unwrap().remove("decision");
    assert!(!validator.is_valid(&document));
}

/// What is no number would be null in the document, which nobody could read again.
#[test]
fn documents_read_back() {
    for (name, tuning) in cases::all() {
        let document = serde_json::to_value(tuning).unwrap();
        let back: tuner_core::Tuning = serde_json::from_value(document.clone())
            .unwrap_or_else(|e| panic!("{name}: {e}\n{}", document["decision"]));
        assert_eq!(serde_json::to_value(back).unwrap(), document, "{name}");
    }
}
