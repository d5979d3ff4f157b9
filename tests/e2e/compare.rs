//! `tuner compare`: two documents side by side.

use serde_json::Value;

use crate::support::{Done, Place, measuring, repository};

fn gallery(name: &str) -> String {
    repository()
        .join("reports")
        .join(name)
        .join("tuning.json")
        .display()
        .to_string()
}

fn compare(place: &Place, base: &str, head: &str, more: &[&str]) -> Done {
    place.tuner(&["compare", base, head]).args(more).run()
}

/// The same tuning, with all durations and costs multiplied.
fn slower(place: &Place, name: &str, factor: f64) -> String {
    fn scale(value: &mut Value, factor: f64) {
        match value {
            Value::Number(number) => {
                let scaled = number.as_f64().unwrap() * factor;
                *value = serde_json::json!(scaled);
            }
            Value::Object(map) => map
                .iter_mut()
                .filter(|(key, _)| *key != "count")
                .for_each(|(_, v)| scale(v, factor)),
            _ => {}
        }
    }
    let mut tuning: Value = serde_json::from_str(&std::fs::read_to_string(gallery(name)).unwrap()).unwrap();
    for size in tuning["sizes"].as_array_mut().unwrap() {
        for series in ["warm", "cold"] {
            for figure in ["duration_ms", "billed_duration_ms"] {
                if let Some(figure) = size.pointer_mut(&format!("/{series}/{figure}")) {
                    scale(figure, factor);
                }
            }
        }
    }
    for compared in tuning["decision"]["compared"].as_array_mut().unwrap() {
        scale(&mut compared["duration_ms"], factor);
    }
    place.write("slower.json", tuning.to_string()).display().to_string()
}

#[test]
fn what_differs_is_shown_with_intervals_in_every_form() {
    let place = Place::new();
    let (base, head) = (gallery("hash"), slower(&place, "hash", 1.5));
    compare(&place, &base, &head, &[]).exits(0).prints(&[
        "worse: ",
        "mean +50 %",
        "p50",
        "95 % interval",
        "BASE",
        "HEAD",
    ]);
    compare(&place, &base, &head, &["--format", "markdown"])
        .exits(0)
        .prints(&["### hash", "Before | Now | Change", "+50 %"]);
    let json = compare(&place, &base, &head, &["--format", "json"]).exits(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let mean = &json["chosen"]["changes"][0];
    assert_eq!((&mean["metric"], &mean["verdict"]), (&"mean".into(), &"worse".into()));
    assert!(mean["change_pct"]["low"].as_f64().unwrap() < 50.0 && mean["change_pct"]["high"].as_f64().unwrap() > 50.0);
    assert!(mean["probability_higher"].as_f64().unwrap() > 0.99);
    assert!(json["sizes"].as_array().unwrap().len() > 1);
    // Against itself nothing differs, and nobody says that it is the same.
    let same = compare(&place, &base, &base, &[]).exits(0);
    let same = same.prints(&["not shown to differ"]);
    assert!(!same.stdout.contains("the same"), "{}", same.stdout);
}

#[test]
fn conditions_end_with_their_codes() {
    let place = Place::new();
    let (base, head) = (gallery("hash"), slower(&place, "hash", 1.5));
    let code = |conditions: &str, code: i32| compare(&place, &base, &head, &["--fail-on", conditions]).exits(code);
    code("mean>+20%", 3).prints(&["mean at most 20 % more than before: broken"]);
    code("mean>+200%,p50>+200%", 0).prints(&["kept"]);
    code("mean>+50%", 4).prints(&["cannot tell"]);
    compare(&place, &base, &head, &["--fail-on", "mean>+50%", "--undecided", "pass"]).exits(0);
    code("success<95%", 2).says(&["not compared"]);
}

#[test]
fn the_last_one_of_a_function_can_be_base() {
    let _alone = measuring();
    let place = Place::new();
    let check = [
        "check",
        "--local",
        "--function",
        "example:wait",
        "--payload",
        r#"{"ms":3}"#,
        "--max-p50",
        "500",
    ];
    place.tuner(&check).args(&["--out", "second"]).run().exits(0);
    let head = place.path().join("second/check.json").display().to_string();
    compare(&place, "last", &head, &[])
        .exits(0)
        .says(&["no earlier check or tuning"]);
    place.tuner(&check).run().exits(0);
    compare(&place, "last", &head, &[])
        .exits(0)
        .prints(&["BASE: check", "HEAD: check"]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let place = Place::new();
    let whole = std::fs::read_to_string(gallery("hash")).unwrap();
    let cut = place.write("cut.json", &whole[..whole.len() / 2]).display().to_string();
    let mut later: Value = serde_json::from_str(&whole).unwrap();
    let mut edited = later.clone();
    later["schema_version"] = 7.into();
    let old = place.write("old.json", later.to_string()).display().to_string();
    let size = edited["sizes"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|s| s["warm"].is_object())
        .unwrap();
    size["warm"]["duration_ms"]["mean"]["value"] = 1.0e9.into();
    let edited = place.write("edited.json", edited.to_string()).display().to_string();
    let review = repository().join("reports/review/review.json").display().to_string();
    let base = gallery("hash");
    for (head, words) in [
        (cut.as_str(), "`"),
        (&old, "form 7"),
        (&edited, "do not fit together"),
        (&review, "is a review"),
        ("gone.json", "cannot read"),
    ] {
        compare(&place, &base, head, &[]).exits(2).says(&[words]);
        compare(&place, head, &base, &[]).exits(2).says(&[words]);
    }
    compare(&place, &base, &base, &["--fail-on", "mean>+20"])
        .exits(2)
        .says(&["+20%"]);
}
