//! What was asked for, option by option. An option that is added is shown without being named here.

use serde_json::Value;
use tuner_core::tuning::{RequestRecord, Withheld};
use tuner_core::{Tuning, TuningOptions};

use crate::numbers;

/// Options that other words of every view say already, in their own way.
const SAID: [&str; 14] = [
    "name",
    "preset",
    "memory_sizes_mb",
    "invocations",
    "objective",
    "constraints",
    "cold_share",
    "budget",
    "concurrency",
    "max_concurrency",
    "trim_share",
    "monthly_invocations",
    "apply",
    "dry_run",
];

/// "Asked for besides: head-room 0.5, allowed errors A and B."; `None` where that is what is usual.
pub(crate) fn unusual(tuning: &Tuning) -> Option<String> {
    let usual = pairs(&TuningOptions::default());
    let asked: Vec<String> = pairs(&tuning.request.options)
        .into_iter()
        .filter(|(name, value)| !SAID.contains(&name.as_str()) && !usual.iter().any(|(n, v)| n == name && v == value))
        .map(|(name, value)| in_words(&name, &value))
        .collect();
    (!asked.is_empty()).then(|| format!("Asked for besides: {}.", asked.join(", ")))
}

/// Every option and its value, and what is known of what was sent.
pub(crate) fn all(request: &RequestRecord) -> Vec<(String, String)> {
    if request.incomplete {
        return vec![(
            "Options".to_owned(),
            "an older version of this tool measured; it did not keep all of them".to_owned(),
        )];
    }
    let chooses = request.options.preset.is_adaptive();
    let mut all: Vec<(String, String)> = pairs(&request.options)
        .into_iter()
        .filter(|(name, _)| !(chooses && name == "invocations"))
        .filter(|(_, value)| *value != Value::Array(Vec::new()) && *value != Value::Object(serde_json::Map::new()))
        .map(|(name, value)| (named(&name), shown(&value)))
        .collect();
    all.push(("payloads".to_owned(), withheld(&request.payloads)));
    all.extend(
        request
            .variables
            .as_ref()
            .map(|some| ("environment variables".to_owned(), withheld(some))),
    );
    all
}

fn withheld(values: &Withheld) -> String {
    let count = numbers::count(values.count.into());
    match (values.bytes, &values.keyed_sha256) {
        (Some(bytes), Some(sha)) => format!("{count}, {} bytes, keyed SHA-256 {sha}", numbers::count(bytes)),
        _ => count,
    }
}

fn pairs(options: &TuningOptions) -> Vec<(String, Value)> {
    match serde_json::to_value(options) {
        Ok(Value::Object(fields)) => fields.into_iter().collect(),
        // Options are an object of plain values.
        _ => Vec::new(),
    }
}

fn in_words(name: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) => named(name),
        Value::Bool(false) => format!("{} off", named(name)),
        value => format!("{} {}", named(name), shown(value)),
    }
}

fn named(name: &str) -> String {
    name.replace('_', " ").replace("headroom", "head-room")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let told = fields.iter().map(|(name, value)| match name.as_str() {
                "kind" => shown(value),
                name => format!("{} {}", named(name), shown(value)),
            });
            told.collect::<Vec<_>>().join(", ")
        }
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::Null => String::new(),
    }
}
