//! `tuner run` through the service, as far as it goes without one: what it looks for, asks and refuses. The rest is with the
//! tests of the service.

use crate::support::{Call, Place, Server};

const MACHINE: &str = "arn:aws:states:eu-west-1:000000000000:stateMachine:tuner-power-tuning";

fn signed_out(place: &Place, arguments: &[&str]) -> Call {
    place
        .tuner(arguments)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "us-east-1")
}

#[test]
fn without_credentials_the_way_in_is_named() {
    let place = Place::new();
    signed_out(&place, &["run", "--function", "resize"])
        .run()
        .refuses(5, &["cannot look for the state machine", "aws sso login", "--local"]);
    assert_eq!(place.names(), [""; 0]);
}

/// Port 1 of this machine refuses every connection.
#[test]
fn without_a_network_the_service_is_not_found() {
    let place = Place::new();
    signed_out(&place, &["run", "--function", "resize", "--state-machine", "tuner"])
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_ENDPOINT_URL_SFN", "http://127.0.0.1:1")
        .run()
        .refuses(5, &["cannot look for the state machine", "ListStateMachines"]);
}

#[test]
fn the_plan_names_the_state_machine_and_waits_for_consent() {
    let server = Server::start(&["--function", "example:wait"]);
    let before = server.all_of("wait");
    let place = Place::new();
    let run = [
        "run",
        "--function",
        "wait",
        "--memory",
        "512,1769",
        "--state-machine",
        MACHINE,
    ];
    let done = server.tuner(&place, &run).args(&["--region", "us-east-1"]).run();
    done.refuses(
        2,
        &[
            // The region that was asked for, in the account of the state machine.
            "Plan for arn:aws:lambda:us-east-1:000000000000:function:wait",
            "by         state machine tuner-power-tuning in eu-west-1",
            "publishes  2 versions",
            "the service's own steps included",
            "--yes",
        ],
    );
    let plan = [
        "plan",
        "--function",
        "wait",
        "--only-cold-starts",
        "--num",
        "25",
        "--memory",
        "512,1769",
    ];
    server
        .tuner(&place, &plan)
        .args(&["--region", "us-east-1"])
        .env("TUNER_STATE_MACHINE", MACHINE)
        .run()
        .exits(0)
        .prints(&[
            "tuner-power-tuning in eu-west-1",
            "about 50 times: 25 cold starts",
            "6 versions",
        ]);
    let absent = [
        "run",
        "--yes",
        "--function",
        "nobody",
        "--region",
        "us-east-1",
        "--state-machine",
        MACHINE,
    ];
    server
        .tuner(&place, &absent)
        .run()
        .refuses(5, &["nobody", "check the name"]);
    assert_eq!(server.all_of("wait"), before);
    assert_eq!(place.names(), [""; 0]);
}

/// The service has permissions of its own: that the function can't be read from here is no reason not to start.
#[test]
fn a_function_that_may_not_be_read_is_left_to_the_service() {
    let place = Place::new();
    let run = ["run", "--function", "resize", "--state-machine", MACHINE];
    let done = signed_out(&place, &run).env("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1");
    done.run().refuses(
        2,
        &[
            "Plan for arn:aws:lambda:eu-west-1:000000000000:function:resize",
            "the service reads it",
            "not known here",
            "--yes",
        ],
    );
}

#[test]
fn a_payload_that_no_execution_takes() {
    let place = Place::new();
    place.write("large.json", format!("\"{}\"", "x".repeat(300_000)));
    let run = [
        "run",
        "--function",
        "resize",
        "--state-machine",
        MACHINE,
        "--payload",
        "large.json",
    ];
    signed_out(&place, &run).run().refuses(2, &["300", "--payload-s3"]);
}

#[test]
fn the_configuration_is_found_further_up_and_its_mistakes_are_named() {
    let server = Server::start(&["--function", "example:wait"]);
    let place = Place::new();
    std::fs::create_dir_all(place.path().join("a/b")).unwrap();
    // Started further down, as from a subdirectory of a project.
    let plan = || {
        let plan = ["plan", "--function", "wait", "--region", "us-east-1"];
        server.tuner(&place, &plan).within("a/b")
    };
    place.write("tuner.toml", format!("state_machine = \"{MACHINE}\"\n"));
    plan().run().exits(0).prints(&["tuner-power-tuning in eu-west-1"]);
    // The nearer one counts, and the user's own says the rest.
    place.write("a/tuner.toml", format!("state_machine = \"{MACHINE}-2\"\n"));
    place.write(
        ".config/tuner/config.toml",
        format!("state_machine = \"{MACHINE}-3\"\n"),
    );
    plan().run().exits(0).prints(&["tuner-power-tuning-2 in eu-west-1"]);
    place.write("a/tuner.toml", "region = \"eu-west-1\"\n");
    plan().run().exits(0).prints(&["tuner-power-tuning-3 in eu-west-1"]);
    for (text, words) in [
        ("statemachine = \"x\"", ["line 1", "`statemachine`"]),
        ("region = \"eu-west-1\"\nregion = \"\"", ["line 2", "duplicate"]),
        ("region = \"atlantis\"", ["`atlantis`", "eu-west-1"]),
        ("state_machine = \"a b\"", ["`a b`", "`state_machine`"]),
    ] {
        place.write("a/tuner.toml", text);
        plan().run().refuses(2, &words);
        if !text.starts_with("state_machine") {
            plan().run().refuses(2, &["a/tuner.toml"]);
        }
    }
}
