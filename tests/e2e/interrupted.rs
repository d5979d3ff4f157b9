//! A tuning that is stopped or killed, and `tuner restore`.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::direct::RUN;
use crate::support::{Place, Running, Server, assert_no_cgroups_of, measuring};

/// Seventeen sizes: time enough to be met while publishing.
fn publishing(server: &Server, place: &Place) -> Running {
    let run = server
        .tuner(place, &RUN)
        .args(&["--function", "hash", "--memory", "all"]);
    let mut running = run.start();
    running.wait_for("192 MB: published as version");
    running
}

#[test]
fn stopped_while_publishing() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:hash"]);
    let before = server.all_of("hash");
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let place = Place::new();
        let running = publishing(&server, &place);
        running.signal(signal);
        running
            .finish()
            .exits(130)
            .says(&["interrupted", "is as it was before"]);
        assert_eq!(server.all_of("hash"), before, "{signal}");
        assert_eq!(place.names(), [""; 0], "{signal}");
    }
}

#[test]
fn stopped_while_measuring() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:wait"]);
    let before = server.all_of("wait");
    let place = Place::new();
    let mut running = server
        .tuner(
            &place,
            &["run", "--direct", "--yes", "--function", "wait", "--memory", "512,1769"],
        )
        .args(&["--num", "200", "--payload", r#"{"ms":200}"#])
        .start();
    running.wait_for("configuration put back to 128 MB");
    std::thread::sleep(std::time::Duration::from_millis(400));
    running.signal(Signal::SIGINT);
    running
        .finish()
        .exits(130)
        .says(&["interrupted", "is as it was before"]);
    assert_eq!(server.all_of("wait"), before);
}

#[test]
fn a_local_run_stopped_leaves_no_process() {
    let _alone = measuring();
    let place = Place::new();
    let run = ["run", "--local", "--function", "example:wait", "--memory", "512,1769"];
    let slow = ["--num", "200", "--payload", r#"{"ms":200}"#];
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut running = place.tuner(&run).args(&slow).start();
        running.wait_for("measuring");
        std::thread::sleep(std::time::Duration::from_millis(400));
        running.signal(signal);
        // finish() looks for processes and cgroups.
        running.finish().exits(130).says(&["interrupted"]);
    }
    // Killed it can't clean up, but its functions end with it.
    let mut running = place.tuner(&run).args(&slow).start();
    running.wait_for("measuring");
    std::thread::sleep(std::time::Duration::from_millis(400));
    let killed = running.id();
    running.signal(Signal::SIGKILL);
    assert_eq!(running.finish().code, None);
    // The next run removes the cgroups that it left.
    let next = [
        "run",
        "--local",
        "--function",
        "example:wait",
        "--memory",
        "512",
        "--num",
        "5",
    ];
    place.tuner(&next).args(&["--payload", r#"{"ms":1}"#]).run().exits(0);
    assert_no_cgroups_of(killed);
}

#[test]
fn killed_and_restored() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:hash", "--env", "COLOUR=green"]);
    server.put("hash/configuration", json!({ "Description": "é".repeat(230) }));
    server.until_updated("hash");
    let before = server.all_of("hash");
    let place = Place::new();
    let running = publishing(&server, &place);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.finish().code, None);
    let after_kill = server.all_of("hash");
    assert_ne!(after_kill, before);

    // The mark keeps the next one out.
    let next = ["--function", "hash", "--memory", "512"];
    server
        .tuner(&place, &RUN)
        .args(&next)
        .run()
        .refuses(5, &["carries the mark of tuning", "tuner restore --function"]);
    // Without agreement nothing happens.
    let restore = ["restore", "--function", "hash"];
    server
        .tuner(&place, &restore)
        .run()
        .refuses(2, &["puts back  128 MB", "deletes    version 1", "--yes"]);
    // Another tuning's ID is not this one's.
    server
        .tuner(&place, &restore)
        .args(&["--yes", "--tuning", "00000000-0000-7000-8000-000000000000"])
        .run()
        .exits(0)
        .says(&["nothing to restore"]);
    server.until_updated("hash");
    assert_eq!(
        server.configuration("hash")["Description"],
        after_kill["configuration"]["Description"]
    );

    server
        .tuner(&place, &restore)
        .args(&["--yes"])
        .run()
        .exits(0)
        .says(&["done: "]);
    assert_eq!(server.all_of("hash"), before);
    server
        .tuner(&place, &restore)
        .args(&["--yes"])
        .run()
        .exits(0)
        .says(&["nothing to restore"]);
    assert_eq!(server.all_of("hash"), before);
    server.tuner(&place, &RUN).args(&next).run().exits(0);
    assert_eq!(server.all_of("hash"), before);
}

/// Put back already when it is killed: only versions are left.
#[test]
fn killed_while_measuring_and_restored() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:wait"]);
    let before = server.all_of("wait");
    let place = Place::new();
    let mut running = server
        .tuner(
            &place,
            &["run", "--direct", "--yes", "--function", "wait", "--memory", "512,1769"],
        )
        .args(&["--num", "200", "--payload", r#"{"ms":200}"#])
        .start();
    running.wait_for("configuration put back to 128 MB");
    running.signal(Signal::SIGKILL);
    assert_eq!(running.finish().code, None);
    assert_eq!(server.all_of("wait")["configuration"], before["configuration"]);
    assert_eq!(server.get("wait/versions")["Versions"].as_array().unwrap().len(), 3);
    let done = server
        .tuner(&place, &["restore", "--function", "wait", "--yes"])
        .run()
        .exits(0);
    done.says(&["done: 2 versions deleted"]);
    assert_eq!(server.all_of("wait"), before);
}
