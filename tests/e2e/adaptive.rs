//! `tuner run` chooses sizes and numbers of invocations by itself, within limits and budgets. Which size it then chooses is a
//! matter of this machine's time, and tested where time is simulated.

use serde_json::Value;

use crate::support::{Done, Place, figure, measuring};

/// A function that waits costs least at the smallest size.
fn tune(place: &Place, more: &[&str]) -> Done {
    place
        .tuner(&[
            "run",
            "--local",
            "--function",
            "example:wait",
            "--payload",
            r#"{"ms":40}"#,
        ])
        .args(more)
        .run()
}

fn tried(tuning: &Value) -> Vec<u64> {
    let sizes = tuning["sizes"].as_array().into_iter().flatten();
    sizes.filter_map(|s| s["memory_size_mb"].as_u64()).collect()
}

/// That what is recommended was measured.
#[track_caller]
fn assert_chosen_among_tried(tuning: &Value) {
    let chosen = tuning["decision"]["memory_size_mb"].as_u64();
    assert!(
        chosen.is_none_or(|mb| tried(tuning).contains(&mb)),
        "{chosen:?} of {:?}",
        tried(tuning)
    );
}

#[test]
fn standard_is_what_happens_unless_a_grid_is_described() {
    let _alone = measuring();
    let place = Place::new();
    let tuning = tune(&place, &[]).exits(0).tuning();
    assert_eq!(tuning["request"]["preset"], "standard");
    assert_chosen_among_tried(&tuning);
    // From the smallest size up, and not all of them.
    let sizes = tried(&tuning);
    assert!(sizes.starts_with(&[128, 256]) && sizes.len() < 46, "{sizes:?}");
    let calls = tuning["records"].as_array().unwrap().len();
    assert!((6..=100).contains(&calls), "{calls}");
    let grid = tune(&place, &["--memory", "128,512", "--out", "grid"])
        .exits(0)
        .tuning();
    assert_eq!(grid["request"]["preset"], "grid");
    assert_eq!(grid["records"].as_array().unwrap().len(), 22);
}

#[test]
fn a_preset_keeps_to_the_sizes_given() {
    let _alone = measuring();
    let place = Place::new();
    let tuning = tune(&place, &["--preset", "frugal", "--memory", "512,1024,2048"])
        .exits(0)
        .tuning();
    assert_chosen_among_tried(&tuning);
    assert!(!tried(&tuning).is_empty());
    assert!(tried(&tuning).iter().all(|mb| [512, 1024, 2048].contains(mb)));
}

#[test]
fn budgets_are_kept() {
    let _alone = measuring();
    let place = Place::new();
    let done = tune(
        &place,
        &["--preset", "thorough", "--objective", "speed", "--max-invocations", "7"],
    );
    let tuning = done.tuning();
    assert!(tuning["records"].as_array().unwrap().len() <= 7);
    let warnings = tuning["warnings"].to_string();
    assert!(warnings.contains("budget of invocations"), "{warnings}");
}

#[test]
fn a_limit_that_no_size_keeps_names_the_closest() {
    let _alone = measuring();
    let place = Place::new();
    let done = tune(&place, &["--max-mean", "5"]).exits(3);
    let tuning = done.tuning();
    assert_eq!(tuning["decision"]["verdict"], "constraint_not_met");
    assert!(figure(&tuning, "/decision/closest/value") > 39.0);
}
