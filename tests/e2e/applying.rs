//! `--apply` and `--apply-alias`.

use serde_json::{Value, json};

use crate::direct::RUN;
use crate::support::{Done, Place, Server, measuring};

/// At 1024 MB now, measured at one size, so that this one is recommended.
fn tune(server: &Server, place: &Place, more: &[&str]) -> Done {
    let run = server.tuner(place, &RUN);
    run.args(&["--function", "wait", "--memory", "512"]).args(more).run()
}

fn server() -> Server {
    Server::start(&["--function", "example:wait", "--present-memory", "1024"])
}

fn changed(before: &Value, memory_size_mb: u32) -> Value {
    let mut expected = before.clone();
    expected["MemorySize"] = memory_size_mb.into();
    expected
}

#[test]
fn the_function_gets_the_recommended_size_and_nothing_else() {
    let _alone = measuring();
    let (server, place) = (server(), Place::new());
    let before = server.configuration("wait");
    let done = tune(&server, &place, &["--apply"]).exits(0);
    assert_eq!(server.configuration("wait"), changed(&before, 512));
    assert_eq!(server.get("wait/versions")["Versions"].as_array().unwrap().len(), 1);
    let applied = done.tuning()["applied"].clone();
    assert!(applied.as_str().unwrap().contains("from 1024 to 512 MB"), "{applied}");
}

#[test]
fn an_alias_is_made_or_moved() {
    let _alone = measuring();
    let (server, place) = (server(), Place::new());
    let before = server.configuration("wait");
    let first = server.post("wait/versions", json!({}));
    server.post(
        "wait/aliases",
        json!({ "Name": "live", "FunctionVersion": first["Version"] }),
    );
    for alias in ["live", "new"] {
        tune(&server, &place, &["--apply-alias", alias]).exits(0);
        let version = server.get(&format!("wait/aliases/{alias}"))["FunctionVersion"].clone();
        assert_ne!(version, first["Version"]);
        let published = server.get(&format!("wait/configuration?Qualifier={}", version.as_str().unwrap()));
        assert_eq!(
            (&published["MemorySize"], &published["Description"]),
            (&json!(512), &json!(""))
        );
        assert_eq!(server.configuration("wait"), changed(&before, 512));
    }
}

#[test]
fn an_alias_with_weighted_routing_is_refused_and_the_results_are_kept() {
    let _alone = measuring();
    let (server, place) = (server(), Place::new());
    let first = server.post("wait/versions", json!({}));
    server.put("wait/configuration", json!({ "Timeout": 20 }));
    server.until_updated("wait");
    let second = server.post("wait/versions", json!({}));
    let weights = json!({ second["Version"].as_str().unwrap(): 0.5 });
    server.post(
        "wait/aliases",
        json!({ "Name": "live", "FunctionVersion": first["Version"],
                "RoutingConfig": { "AdditionalVersionWeights": weights } }),
    );
    let before = server.all_of("wait");
    let done = tune(&server, &place, &["--apply-alias", "live"]).exits(5);
    assert_eq!(server.all_of("wait"), before);
    let leftovers = done.tuning()["leftovers"].to_string();
    assert!(leftovers.contains("weighted routing"), "{leftovers}");
    assert!(done.stdout.contains("weighted routing"), "{}", done.stdout);
    assert_eq!(done.tuning()["decision"]["memory_size_mb"], 512);
}
