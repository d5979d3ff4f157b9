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
        assert_eq!(published["MemorySize"], 512);
        let description = published["Description"].as_str().unwrap();
        assert!(description.starts_with("[512 MB by tuner "), "{description}");
        assert_eq!(server.configuration("wait"), changed(&before, 512));
    }
}

#[test]
fn an_alias_with_weighted_routing_is_refused_before_anything_is_measured() {
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
    tune(&server, &place, &["--apply-alias", "live"]).refuses(2, &["weighted routing"]);
    assert_eq!(server.all_of("wait"), before);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn an_alias_that_runs_something_else_is_refused_unless_that_is_meant() {
    let _alone = measuring();
    let (server, place) = (server(), Place::new());
    let variables = |value: &str| json!({ "Environment": { "Variables": { "TABLE": value, value: "1" } } });
    server.put("wait/configuration", variables("hunter1"));
    server.until_updated("wait");
    let live = server.post("wait/versions", json!({}));
    server.post(
        "wait/aliases",
        json!({ "Name": "live", "FunctionVersion": live["Version"] }),
    );
    server.put("wait/configuration", variables("hunter2"));
    server.until_updated("wait");
    server.put("wait/configuration", json!({ "Timeout": 21, "Description": "newer" }));
    server.until_updated("wait");
    let before = server.all_of("wait");
    let words = [
        "version 1, which alias live points to",
        "TABLE (another value), hunter2 (only in $LATEST), hunter1 (not in $LATEST)",
        "the time-out (21 s, not",
        "--from-latest",
        "nothing was changed",
    ];
    for command in [&RUN[..], &["plan", "--direct"]] {
        let call = server
            .tuner(&place, command)
            .args(&["--function", "wait", "--memory", "512"]);
        call.args(&["--apply-alias", "live"]).run().refuses(2, &words);
    }
    assert_eq!(server.all_of("wait"), before);
    tune(&server, &place, &["--apply-alias", "live", "--from-latest"]).exits(0);
    assert_ne!(server.get("wait/aliases/live")["FunctionVersion"], live["Version"]);
}

#[test]
fn a_stop_while_the_versions_are_deleted_leaves_the_function_as_it_was() {
    let _alone = measuring();
    let (server, place) = (server(), Place::new());
    let before = server.all_of("wait");
    // Two versions more than it has: the first is gone when it is asked to stop.
    let run = server
        .tuner(&place, &RUN)
        .args(&["--function", "wait", "--apply", "-v"]);
    let mut running = run.args(&["--memory", "128,256,512,768,1536,1769,2048,3008"]).start();
    running.wait_for("version 1 deleted");
    running.signal(nix::sys::signal::Signal::SIGINT);
    let done = running.finish();
    if server.configuration("wait")["MemorySize"] == before["configuration"]["MemorySize"] {
        let leftovers = done.tuning()["leftovers"].to_string();
        assert!(leftovers.contains("not applied: interrupted"), "{leftovers}");
        done.exits(130);
        assert_eq!(server.all_of("wait"), before);
    } else {
        // It was quicker than the signal: then it was applied, and that is what it says.
        done.exits(0);
    }
}
