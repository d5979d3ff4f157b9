//! `tuner report` of several reviews.

use serde_json::Value;

use crate::review::{export, exported, many};
use crate::support::Place;

/// Three months: `resize` follows advice in the second, `busy` is called more, `late` comes in the last.
fn compose(place: &Place) {
    for (month, resize, busy, late) in [
        (8, (1024, 50.0), 1000, 0),
        (9, (512, 60.0), 2000, 0),
        (10, (512, 60.0), 3000, 500),
    ] {
        let folder = format!("logs-{month}");
        let (mb, ms) = resize;
        export(place, &folder, "resize", &exported(month, 28, &many(4000, ms, mb, 100)));
        export(
            place,
            &folder,
            "busy",
            &exported(month, 28, &many(busy, 200.0, 2048, 1800)),
        );
        if late > 0 {
            export(
                place,
                &folder,
                "late",
                &exported(month, 28, &many(late, 20_000.0, 2048, 1800)),
            );
        }
        let out = format!("reviews/{month}");
        let arguments = [
            "review",
            "--from-logs",
            &folder,
            "--out",
            &out,
            "--quiet",
            "--format",
            "json",
        ];
        place.tuner(&arguments).run().exits(0);
    }
}

#[test]
fn several_reviews_are_shown_together() {
    let place = Place::new();
    compose(&place);
    let files = [8, 9, 10].map(|month| format!("reviews/{month}/review.json"));
    let all: Vec<&str> = std::iter::once("report")
        .chain(files.iter().map(String::as_str))
        .collect();
    let done = place.tuner(&all).run().exits(0);
    done.prints(&[
        "a month",
        "calls",
        "busy",
        "resize",
        "1,024 \u{2192} 512 MB",
        "late",
        "new functions",
        "Shapley",
    ]);
    // A directory with reviews is the same, in whatever order they are found.
    let of_folder = place.tuner(&["report", "reviews", "--format", "json"]).run().exits(0);
    let of_files = place.tuner(&all).args(&["--format", "json"]).run().exits(0);
    assert_eq!(of_folder.stdout, of_files.stdout);
    let trend: Value = serde_json::from_str(&of_folder.stdout).unwrap();
    let reviews = trend["reviews"].as_array().unwrap();
    for (n, pair) in reviews.windows(2).enumerate() {
        let monthly = |review: &Value| review["monthly"]["amount"].as_f64().unwrap();
        let by = pair[1]["change"]["by"].as_object().unwrap();
        let sum: f64 = by.values().map(|part| part.as_f64().unwrap()).sum();
        let whole = monthly(&pair[1]) - monthly(&pair[0]);
        assert!(
            (sum - whole).abs() <= 1e-9 * whole.abs().max(1e-3),
            "{n}: {sum} of {whole}"
        );
    }
    assert_eq!(trend["realised"]["followed"].as_array().unwrap().len(), 1, "{trend}");
    for (format, sign) in [
        ("html", "What moved the cost since"),
        ("svg", "Functions that moved it most"),
        ("markdown", "#### What following advice has saved"),
        ("csv", "change_by_cold_starts"),
    ] {
        let file = format!("trend.{format}");
        place
            .tuner(&["report", "reviews", "--format", format, "--out", &file])
            .run()
            .exits(0);
        let text = std::fs::read_to_string(place.path().join(&file)).unwrap();
        assert!(text.contains(sign), "{format}: {text}");
        assert!(!text.contains("<script"), "{format}");
    }
}

#[test]
fn what_makes_no_trend_is_refused() {
    let place = Place::new();
    compose(&place);
    let one = ["report", "reviews/8"];
    place
        .tuner(&one)
        .run()
        .refuses(2, &["two reviews of different times", "there is 1"]);
    place.write("empty/x.txt", "");
    place
        .tuner(&["report", "empty"])
        .run()
        .refuses(2, &["no review", "empty"]);
    place.write("other.json", "{}");
    let two = ["report", "reviews/8/review.json", "other.json"];
    place.tuner(&two).run().refuses(2, &["other.json", "no review"]);
    let itself = [
        "report",
        "reviews",
        "--format",
        "json",
        "--out",
        "reviews/9/review.json",
    ];
    let before = std::fs::read(place.path().join("reviews/9/review.json")).unwrap();
    place.tuner(&itself).run().refuses(2, &["overwritten"]);
    assert_eq!(
        std::fs::read(place.path().join("reviews/9/review.json")).unwrap(),
        before
    );
    // A broken one among others is named, and the rest is told.
    place.write("reviews/broken/review.json", "{\"review_id\": 1}");
    place
        .tuner(&["report", "reviews"])
        .run()
        .exits(0)
        .says(&["left out", "broken"]);
}
