//! `tuner local serve`.

use serde_json::json;

use crate::support::{Place, Server, measuring};

#[test]
fn it_offers_examples_and_commands_and_ends_when_asked() {
    let _alone = measuring();
    let server = Server::start(&[
        "--function",
        "example:hash",
        "--function",
        "example:wait",
        "--timeout",
        "7",
    ]);
    let listed = server.get("");
    let mut names: Vec<_> = listed["Functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["FunctionName"].clone())
        .collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, [json!("hash"), json!("wait")]);
    assert_eq!(server.get("hash/configuration")["Timeout"], 7);
    let answer = server.post("wait/invocations", json!({ "ms": 1 }));
    assert_eq!(answer, json!({ "waited": true }));
    // stop() looks for processes and cgroups.
    let done = server.stop().exits(0);
    assert_eq!(
        done.stdout.lines().count(),
        1,
        "the endpoint is the output: {}",
        done.stdout
    );
    done.says(&["AWS_ACCESS_KEY_ID", "Ctrl-C", "hash (CPU-bound"]);
}

#[test]
fn a_command_is_served_under_a_name() {
    let place = Place::new();
    let program = place.script("anything.sh", "exit 1");
    let program = place.path().join(program).display().to_string();
    let server = Server::start(&[
        "--name",
        "mine",
        "--env",
        "COLOUR=green",
        "--handler",
        "x.y",
        "--",
        &program,
        "argument",
    ]);
    let configuration = server.get("mine/configuration");
    assert_eq!(configuration["Environment"]["Variables"], json!({ "COLOUR": "green" }));
    assert_eq!(configuration["Handler"], "x.y");
}
