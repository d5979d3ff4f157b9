//! `tuner review` of exported logs with what Compute Optimizer exports beside them.

use serde_json::{Value, json};

use crate::review::{document, export, exported, findings, function, many, review};
use crate::support::{Place, repository};

/// In the columns of `aws compute-optimizer export-lambda-function-recommendations`; `rows` are what is said of each function:
/// its ARN, version, finding, the four reasons, present size, the size that it names, and the duration that it expects there.
fn csv(rows: &[[&str; 10]]) -> String {
    let mut text = "accountId,functionArn,functionVersion,finding,findingReasonCodes_IsMemoryOverprovisioned,\
         findingReasonCodes_IsMemoryUnderprovisioned,findingReasonCodes_IsInsufficientData,findingReasonCodes_IsInconclusive,\
         currentConfiguration_memorySize,recommendationOptions_1_configuration_memorySize,\
         recommendationOptions_1_projectedUtilizationMetrics_durationExpected\n"
        .to_owned();
    for row in rows {
        text += &format!("123456789012,{}\n", row.join(","));
    }
    text
}

fn arn(name: &str) -> String {
    format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}")
}

/// `pay` wastes by both, `ship` by us alone, and of `rare` it has too little data.
fn compose(place: &Place) {
    for (name, count) in [("pay", 4000), ("ship", 4000), ("rare", 60)] {
        export(place, "logs", name, &exported(10, 30, &many(count, 370.0, 1024, 200)));
    }
    let listed = ["pay", "ship", "rare"].map(|name| {
        json!({ "FunctionName": name, "FunctionArn": arn(name), "MemorySize": 1024, "Timeout": 30, "Runtime": "provided.al2023",
                "Architectures": ["x86_64"], "PackageType": "Zip" })
    });
    place.write("functions.json", json!({ "Functions": listed }).to_string());
    let [pay, ship, rare] = ["pay", "ship", "rare"].map(|name| format!("{}:$LATEST", arn(name)));
    let version = format!("{}:7", arn("pay"));
    let rows = [
        [
            &pay,
            "$LATEST",
            "NOT_OPTIMIZED",
            "true",
            "false",
            "false",
            "false",
            "1024",
            "512",
            "450.0",
        ],
        [
            &ship,
            "$LATEST",
            "OPTIMIZED",
            "false",
            "false",
            "false",
            "false",
            "1024",
            "",
            "",
        ],
        [
            &rare,
            "$LATEST",
            "UNAVAILABLE",
            "false",
            "false",
            "true",
            "false",
            "1024",
            "",
            "",
        ],
        // What is said of a published version is not said of the function.
        [
            &version,
            "7",
            "OPTIMIZED",
            "false",
            "false",
            "false",
            "false",
            "256",
            "",
            "",
        ],
    ];
    place.write("optimizer.csv", csv(&rows));
}

const INVENTORY: [&str; 4] = ["--inventory", "functions.json", "--inventory", "optimizer.csv"];

#[test]
fn its_finding_stands_beside_ours() {
    let place = Place::new();
    compose(&place);
    let done = review(&place, "logs", &INVENTORY).exits(0);
    let found = document(&done);
    let pay = function(&found, "pay");
    assert!(findings(pay).contains(&"memory_overprovisioned"), "{pay}");
    assert_eq!(
        pay["evidence"]["compute_optimizer"],
        json!({ "finding": "NotOptimized", "reasons": ["MemoryOverprovisioned"], "memory_size_mb": 512,
                "projected": { "expected_ms": 450.0 }, "current_memory_size_mb": 1024 })
    );
    // Nothing was measured yet, so nobody was nearer.
    assert_eq!(pay.get("beside"), None);
    let read = |name: &str| std::fs::read_to_string(place.path().join("out").join(name)).unwrap();
    let page = read("report.html");
    // Of three; the same of pay, something else of ship, no answer for rare.
    for words in [
        "Compute Optimizer beside this",
        "has a finding for 3 of these functions",
        "the same of 1, something else of 1, and has no answer for 1",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("NotOptimized (MemoryOverprovisioned), suggests 512 MB for 1,024 MB, expecting 450 ms"));
    assert!(read("report.md").contains("ship: Compute Optimizer says otherwise: Optimized"));
}

#[test]
fn after_measuring_it_is_said_whose_estimate_was_nearer() {
    let place = Place::new();
    compose(&place);
    // 368 ms at 1,024 MB and 739 at 512: twice as long.
    let text = std::fs::read_to_string(repository().join("reports/hash/tuning.json")).unwrap();
    let mut tuning: Value = serde_json::from_str(&text).unwrap();
    tuning["function"]["name"] = json!(arn("pay"));
    tuning["function"]["region"] = json!("eu-west-1");
    tuning["function"]["memory_size_mb"] = json!(1024);
    place.write("tuning.json", tuning.to_string());
    let more: Vec<&str> = INVENTORY.into_iter().chain(["--inventory", "tuning.json"]).collect();
    let found = document(&review(&place, "logs", &more).exits(0));
    let beside = &function(&found, "pay")["beside"];
    let of = |key: &str| beside[key].as_f64().unwrap();
    assert_eq!(beside["memory_size_mb"], json!(512));
    assert!((of("measured") - 739.361 / 368.285).abs() < 1e-3, "{beside}");
    assert!((of("theirs") - 450.0 / 370.0).abs() < 1e-9, "{beside}");
    // With one size seen, no more is known than between as fast and twice as slow.
    assert!(
        (of("ours_at_least") - 1.0).abs() < 1e-9 && (of("ours_at_most") - 2.0).abs() < 1e-9,
        "{beside}"
    );
    let page = std::fs::read_to_string(place.path().join("out/report.html")).unwrap();
    assert!(
        page.contains("Compute Optimizer expected +22 %, this review 0 % to +100 %: this review was nearer"),
        "{page}"
    );
    assert!(page.contains("its estimate of the duration was nearer for 0, that of this review for 1"));
}

#[test]
fn what_is_no_export_is_refused() {
    let place = Place::new();
    compose(&place);
    place.write("broken.csv", "functionArn,finding\nno such thing,Optimized\n");
    review(&place, "logs", &["--inventory", "broken.csv"])
        .exits(2)
        .says(&["broken.csv", "row 2"]);
}
