//! What an execution answers.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};
use tuner_core::Floor;
use tuner_core::SnapStartUse;
use tuner_core::floor::{Need, Sighting, Source};
use tuner_core::machinery::{Place, Work};
use tuner_core::pricing::{Currency, Money, PriceTable};
use tuner_core::tuning::{SizeStatus, TuningStatus};
use tuner_core::{Architecture, Decision, Outcome, Remedy, Tuning, Verdict};
use tuner_engine::execution::{ExecutionOutput, OutputOptions, ReportPlaces};

use super::schema::schema;

const VIEWER: &str = "https://lambda-power-tuning.show/";

/// A recorded tuning of the gallery.
fn recorded(name: &str) -> Tuning {
    let path = format!("../../reports/{name}/tuning.json");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn machinery(region: &str) -> tuner_core::Machinery {
    let work = Work {
        counted: true,
        state_transitions: 40,
        requests: 30,
        gb_seconds: 8.0,
    };
    let architecture = Architecture::Arm64;
    work.priced(PriceTable::embedded(), Place { region, architecture })
}

fn output(tuning: &Tuning, include_output_results: bool) -> Value {
    let place = |name: &str| format!("s3://tuner-store/tunings/{}/{name}", tuning.tuning_id);
    let options = OutputOptions {
        report: ReportPlaces {
            document: place("tuning.json"),
            html: place("report.html"),
            svg: place("report.svg"),
        },
        visualization_base: Some(VIEWER),
        include_output_results,
    };
    serde_json::to_value(ExecutionOutput::new(tuning, &options)).unwrap()
}

/// Nothing works, at any size.
fn all_failed() -> Tuning {
    let mut tuning = recorded("hash");
    tuning.status = TuningStatus::Failed;
    tuning.decision = Decision::none(Verdict::AllFailed);
    tuning.price = None;
    tuning.exploration.cost = None;
    for size in &mut tuning.sizes {
        size.status = SizeStatus::Failed {
            outcome: Outcome::OutOfMemory,
        };
        size.first_failure = Some("Runtime exited: signal: killed".to_owned());
    }
    tuning
}

/// The most there can be: 17 sizes, and everything has far too much to say.
fn verbose() -> Tuning {
    let mut tuning = recorded("hash");
    let words = "\u{1}\"\\\n\u{1f}é<script>".repeat(10_000);
    let size = tuning.sizes[0].clone();
    tuning.sizes = (1..=17)
        .map(|i| {
            let mut size = size.clone();
            size.memory_size_mb = 600 * i;
            size.first_failure = Some("\"".repeat(100_000));
            size
        })
        .collect();
    tuning.warnings = vec!["\\".repeat(100_000); 500];
    tuning.leftovers = vec!["\"".repeat(100_000); 500];
    let allow = Remedy::Allow {
        action: "\"".repeat(100_000),
    };
    tuning.remedies = vec![allow; 500];
    tuning.warnings.insert(0, words.clone());
    tuning.floor = Floor {
        memory_size_mb: Some(600),
        needs: vec![Need {
            seen: Sighting::MemoryUsed {
                max_memory_used_mb: 500,
                invocations: u64::MAX,
            },
            source: Source::Logs,
            at: None,
        }],
        unknown: vec!["\"".repeat(100_000); 500],
        ..Floor::default()
    };
    tuning.applied = Some(words);
    tuning.machinery = Some(machinery("eu-west-1"));
    tuning.exploration.snap_start = Some(SnapStartUse {
        versions: 17,
        cached_gb_seconds: 1.0,
        restores: 3,
        cost: None,
    });
    tuning
}

fn validator() -> Validator {
    let schema = schema("output");
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn lpt_s_fields_are_where_lpt_has_them() {
    let mut tuning = recorded("mixed");
    tuning.machinery = Some(machinery("us-east-1"));
    let chosen = tuning.decision.memory_size_mb.unwrap();
    let size = tuning.sizes.iter().find(|size| size.memory_size_mb == chosen).unwrap();
    let series = size.warm.as_ref().unwrap();
    let out = output(&tuning, true);
    // LPT's README shows a text, but what it gives is a number.
    assert_eq!(out["power"], json!(chosen));
    assert_eq!(out["cost"], json!(series.cost.unwrap().per_invocation.value));
    assert_eq!(out["duration"], json!(series.duration_ms.mean.value));
    assert_eq!(out["stateMachine"]["executionCost"], json!(40.0 * 0.000_025));
    assert_eq!(
        out["stateMachine"]["lambdaCost"],
        json!(tuning.exploration.cost.unwrap().amount)
    );
    let link = out["stateMachine"]["visualization"].as_str().unwrap();
    assert!(link.starts_with(VIEWER) && link.contains('#'), "{link}");
    let stats = out["stats"].as_array().unwrap();
    let measured = tuning
        .sizes
        .iter()
        .filter(|size| size.status == SizeStatus::Measured)
        .count();
    assert_eq!(stats.len(), measured);
    let of_chosen = stats.iter().find(|stat| stat["value"] == chosen).unwrap();
    assert_eq!(
        (&of_chosen["averagePrice"], &of_chosen["averageDuration"]),
        (&out["cost"], &out["duration"])
    );
    assert!(output(&tuning, false).get("stats").is_none());
}

#[test]
fn our_fields_say_what_was_found_and_where_it_is() {
    let mut tuning = recorded("mixed");
    tuning.warnings = vec!["one".to_owned(), "two\nlines".to_owned()];
    tuning.machinery = Some(machinery("us-east-1"));
    let out = output(&tuning, false);
    assert_eq!(out["tuningId"], json!(tuning.tuning_id));
    assert_eq!(out["presentMemorySizeMb"], json!(tuning.function.memory_size_mb));
    assert_eq!(out["currency"], "USD");
    let sentence = out["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with(&tuner_report::headline(&tuning).decision),
        "{sentence}"
    );
    assert_eq!(out["sizes"].as_array().unwrap().len(), tuning.sizes.len());
    assert_eq!(out["warnings"], json!(["one", "two lines"]));
    assert_eq!(
        out["report"]["html"],
        json!(format!("s3://tuner-store/tunings/{}/report.html", tuning.tuning_id))
    );
    assert_eq!(out["applied"], Value::Null);
    let cost = &out["costOfThisTuning"];
    assert_eq!(cost["function"]["invocations"], json!(tuning.exploration.invocations));
    assert_eq!(cost["stateMachine"]["stateTransitions"], 40);
    assert_eq!(cost["stateMachine"]["counted"], true);
    let sum = tuning.exploration.cost.unwrap().amount + cost["stateMachine"]["cost"]["amount"].as_f64().unwrap();
    assert!((cost["total"]["amount"].as_f64().unwrap() - sum).abs() < 1e-12);
}

/// Edge cases 16 and 17.
#[test]
fn what_failed_is_there_with_its_class_and_nothing_is_recommended_where_nothing_works() {
    let out = output(&all_failed(), true);
    for field in ["power", "cost", "duration", "currency", "applied"] {
        assert!(out[field].is_null(), "{field}: {out}");
    }
    for field in ["executionCost", "lambdaCost", "visualization"] {
        assert!(out["stateMachine"][field].is_null(), "{field}: {out}");
    }
    assert_eq!(
        (&out["status"], &out["verdict"]),
        (&json!("failed"), &json!("all_failed"))
    );
    assert_eq!(out["stats"], json!([]));
    assert_eq!(
        out["sizes"][0],
        json!({"memorySizeMb": 128, "status": "failed", "invocations": 0, "allowedErrors": 0,
               "failure": "out of memory: Runtime exited: signal: killed"})
    );
}

/// Edge case 61.
#[test]
fn dollars_and_yuan_are_not_added() {
    let mut tuning = recorded("hash");
    tuning.machinery = Some(machinery("cn-north-1"));
    let out = output(&tuning, false);
    let cost = &out["costOfThisTuning"];
    assert_eq!(cost["function"]["cost"]["currency"], "USD");
    assert_eq!(cost["stateMachine"]["cost"]["currency"], "CNY");
    assert!(cost["total"].is_null(), "{cost}");
    tuning.exploration.cost = Some(Money::new(1.0, Currency::Cny));
    assert_eq!(output(&tuning, false)["costOfThisTuning"]["total"]["currency"], "CNY");
}

#[test]
fn the_output_stays_small_whatever_there_is_to_say() {
    let out = output(&verbose(), true);
    let bytes = out.to_string().len();
    assert!(bytes < 32 * 1024, "{bytes}");
    let warnings = out["warnings"].as_array().unwrap();
    assert_eq!(warnings.last().unwrap(), "and 491 more; the document has them");
}

/// Edge case 80.
#[test]
fn every_output_is_what_the_schema_says() {
    let validator = validator();
    let mut tunings: Vec<Tuning> = ["flaky", "hash", "memory", "mixed", "parallel", "slow-init", "wait"]
        .map(recorded)
        .into();
    tunings.extend([all_failed(), verbose()]);
    let mut partial = recorded("memory");
    partial.sizes[1].status = SizeStatus::Skipped {
        reason: "above the account's quota".to_owned(),
    };
    partial.machinery = Some(machinery("eu-nowhere-1"));
    partial.function.memory_size_mb = None;
    tunings.push(partial);
    for tuning in &tunings {
        for include in [false, true] {
            let out = output(tuning, include);
            if let Some(error) = validator.iter_errors(&out).next() {
                panic!("{error} at {}: {out:#}", error.instance_path());
            }
        }
    }
}

/// The words of the document, which is generated from the code.
#[test]
fn the_schema_knows_every_verdict_and_status() {
    let ours = schema("output");
    let document = tuner_report::tuning_schema();
    for (field, kind) in [("verdict", "Verdict"), ("status", "TuningStatus")] {
        let of_code = document["$defs"][kind]["oneOf"].as_array().unwrap();
        let words: Vec<Value> = of_code.iter().map(|one| one["const"].clone()).collect();
        let known = &ours["properties"][field];
        assert_eq!(known["enum"], json!(words), "{field}");
        for word in words {
            let explained = format!("{}: ", word.as_str().unwrap());
            assert!(
                known["description"].as_str().unwrap().contains(&explained),
                "{explained}"
            );
        }
    }
}

#[test]
fn the_schema_knows_every_field_and_explains_it() {
    fn explained(schema: &Value, at: &str) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            let said = property.get("$ref").is_some()
                || ["title", "description"].iter().all(|word| property[word].is_string());
            assert!(said, "{at} is not explained");
            explained(property, &at);
            explained(&property["items"], &at);
        }
    }
    fn same_fields(schema: &Value, out: &Value, at: &str) {
        let schema = match schema.get("$ref") {
            Some(_) => return,
            None => schema,
        };
        if let (Some(fields), Some(known)) = (out.as_object(), schema["properties"].as_object()) {
            let fields: Vec<_> = fields.keys().collect();
            assert_eq!(fields, known.keys().collect::<Vec<_>>(), "{at}");
            for field in fields {
                same_fields(&known[field], &out[field], &format!("{at}.{field}"));
            }
        }
        if let Some(first) = out.as_array().and_then(|list| list.first()) {
            same_fields(&schema["items"], first, &format!("{at}[0]"));
        }
    }
    let schema = schema("output");
    explained(&schema, "output");
    // Everything there can be, in the same order.
    same_fields(&schema, &output(&verbose(), true), "output");
}
