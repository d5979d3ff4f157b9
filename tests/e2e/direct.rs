//! `tuner run --direct` against `tuner local serve`: what it finds, and that the function is afterwards as it was before.

use serde_json::json;

use crate::support::{Place, Server, measuring};

pub(crate) const RUN: [&str; 7] = [
    "run",
    "--direct",
    "--yes",
    "--num",
    "5",
    "--payload",
    r#"{"blocks":3,"ms":3}"#,
];

#[test]
fn a_tuning_leaves_the_function_as_it_was() {
    let _alone = measuring();
    let server = Server::start(&[
        "--function",
        "example:hash",
        "--env",
        "COLOUR=green",
        "--present-memory",
        "640",
    ]);
    server.put(
        "hash/configuration",
        json!({ "Description": "hashes é things", "Timeout": 9 }),
    );
    server.until_updated("hash");
    let version = server.post("hash/versions", json!({ "Description": "the user's own" }));
    server.post(
        "hash/aliases",
        json!({ "Name": "live", "FunctionVersion": version["Version"] }),
    );
    let before = server.all_of("hash");

    let place = Place::new();
    let done = server
        .tuner(&place, &RUN)
        .args(&["--function", "hash", "--memory", "512,1769"])
        .run()
        .exits(0)
        .says(&[
            "Plan for arn:aws:lambda:us-east-1:000000000000:function:hash",
            "640 MB",
            "publishes",
            "spends",
        ]);
    let tuning = done.tuning();
    assert_eq!(
        tuning["environment"]["kind"], "local",
        "the local Lambda says what it is"
    );
    done.prints(&["Measured locally, not in Lambda"]);
    assert_eq!(tuning["function"]["memory_size_mb"], 640);
    assert_eq!(tuning["leftovers"], json!([]));
    assert_eq!(server.all_of("hash"), before);

    // By the address on the command line, and a qualifier whose code is that of $LATEST.
    place
        .tuner(&RUN)
        .args(&["--function", "hash:live", "--memory", "1769", "--region", "us-east-1"])
        .args(&["--endpoint-url", server.endpoint()])
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .run()
        .exits(0);
    assert_eq!(server.all_of("hash"), before);
    server.stop().exits(0);
}

/// 250 characters leave no room for the mark, whose rest goes to a variable and back.
#[test]
fn a_long_description_comes_back_whole() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:wait"]);
    let text = "é".repeat(250);
    server.put("wait/configuration", json!({ "Description": text }));
    server.until_updated("wait");
    let before = server.all_of("wait");
    let place = Place::new();
    server
        .tuner(&place, &RUN)
        .args(&["--function", "wait", "--memory", "512,1769"])
        .run()
        .exits(0);
    assert_eq!(server.all_of("wait"), before);
    assert_eq!(before["configuration"]["Description"], text);
}

#[test]
fn failing_sizes_leave_the_function_as_it_was() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:flaky", "--function", "example:memory"]);
    let before = (server.all_of("flaky"), server.all_of("memory"));
    let place = Place::new();
    let run = ["run", "--direct", "--yes", "--num", "5"];
    let always = r#"{"failures_in_100":100}"#;
    let done = server
        .tuner(&place, &run)
        .args(&["--function", "flaky", "--memory", "512,1769", "--payload", always])
        .run()
        .exits(6);
    assert_eq!(done.tuning()["decision"]["verdict"], "all_failed");
    server
        .tuner(&place, &run)
        .args(&[
            "--function",
            "memory",
            "--memory",
            "128,1024",
            "--payload",
            r#"{"mb":150}"#,
        ])
        .run()
        .exits(0);
    assert_eq!((server.all_of("flaky"), server.all_of("memory")), before);
}

/// A pre-processor's answer is what is sent; one that fails ends the tuning and is named.
#[test]
fn processors_are_called_around_each_invocation() {
    let _alone = measuring();
    let server = Server::start(&[
        "--function",
        "example:flaky",
        "--function",
        "example:wait",
        "--present-memory",
        "1769",
    ]);
    let before = server.all_of("flaky");
    let place = Place::new();
    let run = [
        "run",
        "--direct",
        "--yes",
        "--function",
        "flaky",
        "--memory",
        "512",
        "--num",
        "5",
    ];
    // `flaky` is asked to fail always. What `wait` answers asks for nothing, so that it fails now and then.
    let payload = ["--payload", r#"{"failures_in_100":100,"ms":1}"#];
    let successes = |more: &[&str]| {
        let done = server.tuner(&place, &run).args(&payload).args(more).run();
        let outcomes = done.tuning()["sizes"][0]["outcomes"].clone();
        outcomes["success"].as_u64().unwrap_or(0)
    };
    assert_eq!(successes(&["--post-processor", "wait"]), 0);
    // All six fail once in a million runs.
    assert!(successes(&["--pre-processor", "wait"]) > 0);
    for which in ["pre", "post"] {
        let done = server
            .tuner(&place, &run)
            .args(&[&format!("--{which}-processor"), "nobody"]);
        done.run().refuses(
            5,
            &[&format!("the {which}-processor nobody failed"), "is as it was before"],
        );
    }
    assert_eq!(server.all_of("flaky"), before);
}

#[test]
fn a_dry_run_invokes_each_size_once() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:wait"]);
    let before = server.all_of("wait");
    let place = Place::new();
    let run = [
        "run",
        "--direct",
        "--yes",
        "--dry-run",
        "--function",
        "wait",
        "--memory",
        "512,1769",
    ];
    let done = server.tuner(&place, &run).run().exits(0).says(&["once at each size"]);
    let done = done.prints(&["wait: works at both sizes"]);
    assert_eq!(done.tuning()["records"].as_array().unwrap().len(), 2);
    assert_eq!(server.all_of("wait"), before);
}

#[test]
fn only_cold_starts() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:wait"]);
    let before = server.all_of("wait");
    let place = Place::new();
    let run = [
        "run",
        "--direct",
        "--yes",
        "--only-cold-starts",
        "--function",
        "wait",
        "--memory",
        "512,1769",
    ];
    let done = server
        .tuner(&place, &run)
        .args(&["--num", "5", "--payload", r#"{"ms":1}"#])
        .run()
        .exits(0);
    let tuning = done.tuning();
    for size in tuning["sizes"].as_array().unwrap() {
        assert!(size["cold"]["duration_ms"]["count"].as_u64().unwrap() >= 5, "{size}");
    }
    assert_eq!(server.all_of("wait"), before);
}

#[test]
fn without_agreement_nothing_is_touched() {
    let server = Server::start(&["--function", "example:hash"]);
    let before = server.get("hash/configuration");
    let place = Place::new();
    let run = ["run", "--direct", "--function", "hash", "--memory", "512"];
    server
        .tuner(&place, &run)
        .run()
        .refuses(2, &["Plan for arn:aws:lambda", "--yes"]);
    // Standard input that is no terminal agrees to nothing, whatever it says.
    server.tuner(&place, &run).input("y\n").run().refuses(2, &["--yes"]);
    assert_eq!(server.get("hash/configuration"), before, "RevisionId included");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_marked_function_is_refused() {
    let server = Server::start(&["--function", "example:hash"]);
    let mark = "[tuner 01a1fd7f-9e75-74a5-8f8c-1aa5c3ca0def 128>1024] as it was";
    server.put("hash/configuration", json!({ "Description": mark, "MemorySize": 1024 }));
    server.until_updated("hash");
    let before = server.get("hash/configuration");
    let place = Place::new();
    server
        .tuner(&place, &RUN)
        .args(&["--function", "hash", "--memory", "512"])
        .run()
        .refuses(
            5,
            &[
                "01a1fd7f-9e75-74a5-8f8c-1aa5c3ca0def",
                "tuner restore --function",
                "nothing was changed",
            ],
        );
    assert_eq!(server.get("hash/configuration"), before, "RevisionId included");
    assert_eq!(place.names(), [""; 0]);

    server
        .tuner(&place, &["restore", "--function", "hash", "--yes"])
        .run()
        .exits(0);
    let after = server.configuration("hash");
    assert_eq!(
        (&after["Description"], &after["MemorySize"]),
        (&json!("as it was"), &json!(128))
    );
}

#[test]
fn a_change_by_somebody_else_stays() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:hash"]);
    let place = Place::new();
    let mut running = server
        .tuner(&place, &RUN)
        .args(&["--function", "hash", "--memory", "all"])
        .start();
    running.wait_for("published as version 3");
    // A deployment in the middle, in the way deployments are made: whatever the revision. While Lambda is at work on the
    // tuning's own change it is refused, so it is tried until it is taken.
    while server.try_put(
        "hash/configuration",
        &json!({ "Description": "deployed", "MemorySize": 2222 }),
    ) == 409
    {}
    let done = running.finish().exits(5);
    assert!(done.stderr.contains("changed by somebody else"), "{}", done.stderr);
    let after = server.configuration("hash");
    assert_eq!(
        (&after["Description"], &after["MemorySize"]),
        (&json!("deployed"), &json!(2222))
    );
    let versions = server.get("hash/versions");
    assert_eq!(versions["Versions"].as_array().unwrap().len(), 1, "{versions}");
}

#[test]
fn a_function_that_is_not_there() {
    let server = Server::start(&[]);
    let place = Place::new();
    server
        .tuner(&place, &RUN)
        .args(&["--function", "nobody"])
        .run()
        .refuses(5, &["nobody", "check the name"]);
    server
        .tuner(&place, &["plan", "--direct", "--function", "nobody"])
        .run()
        .refuses(5, &["nobody", "check the name"]);
    server
        .tuner(&place, &["restore", "--function", "nobody", "--yes"])
        .run()
        .refuses(5, &["nobody", "check the name"]);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn an_address_where_nobody_listens() {
    let place = Place::new();
    // A port that was free a moment ago may be another test's now. This one is nobody's.
    let endpoint = "http://127.0.0.1:1";
    place
        .tuner(&RUN)
        .args(&[
            "--function",
            "hash",
            "--region",
            "us-east-1",
            "--endpoint-url",
            endpoint,
        ])
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .run()
        .refuses(5, &["hash", "hint"]);
}

#[test]
fn without_credentials_it_says_how_to_sign_in() {
    let place = Place::new();
    place
        .tuner(&RUN)
        .args(&["--function", "hash", "--region", "us-east-1"])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .run()
        .refuses(5, &["hash", "aws sso login"]);
}

/// The profile that was asked for and no other account, whatever the environment holds.
#[test]
fn a_profile_goes_before_the_environment() {
    let server = Server::start(&["--function", "example:hash"]);
    let place = Place::new();
    let plan = ["plan", "--direct", "--function", "hash", "--profile", "other"];
    server.tuner(&place, &plan).run().refuses(5, &["hash", "other"]);
    place.write(
        ".aws/config",
        "[profile other]\ncredential_process = ./credentials.sh\n",
    );
    place.script(
        "credentials.sh",
        "touch asked; echo '{\"Version\": 1, \"AccessKeyId\": \"other\", \"SecretAccessKey\": \"other\"}'",
    );
    server.tuner(&place, &plan).run().exits(0);
    assert!(place.path().join("asked").exists(), "other credentials were used");
}

/// What exported logs show to be used bounds a tuning from here: what is left out, and why, is in the plan and the document.
#[test]
fn nothing_below_what_production_uses_is_measured() {
    let _alone = measuring();
    let server = Server::start(&["--function", "example:hash", "--present-memory", "2048"]);
    let place = Place::new();
    let report = |used: u32| {
        format!(
            "REPORT RequestId: 276a85b8-11a7-4b68-b42e-de11b5f419e3\tDuration: 74.59 ms\tBilled Duration: 75 ms\tMemory Size: \
             2048 MB\tMax Memory Used: {used} MB\t\n"
        )
    };
    let logs = place.write("hash.log", [report(800), report(1150), report(900)].concat());
    let logs = logs.to_str().unwrap();
    let function = ["--function", "hash", "--memory", "512,1408,2048", "--from-logs", logs];
    let done = server.tuner(&place, &RUN).args(&function).run().exits(0).says(&[
        "measures   1408, 2048 MB",
        "leaves out 512 MB, below the floor",
        "1,408 MB: 1,150 MB were used at most in 3 invocations",
    ]);
    let tuning = done.tuning();
    assert_eq!(tuning["floor"]["memory_size_mb"], 1408);
    assert_eq!(tuning["sizes"][0]["status"]["kind"], "skipped");
    assert!(
        tuning["records"]
            .as_array()
            .unwrap()
            .iter()
            .all(|r| r["memory_size_mb"].as_u64() >= Some(1408))
    );
    done.prints(&["No size below 1,408 MB was tried"]);
    // Of nothing else there is nothing to measure, and the way out is named.
    let too_small = ["--function", "hash", "--memory", "128,512", "--from-logs", logs];
    server.tuner(&place, &RUN).args(&too_small).run().exits(2).says(&[
        "below the floor of 1,408 MB",
        "--risk-failures-below-floor",
        "nothing was changed",
    ]);
    let other = place.write("other.log", "no report\n");
    server
        .tuner(&place, &RUN)
        .args(&["--function", "hash", "--from-logs", other.to_str().unwrap()])
        .run()
        .exits(2)
        .says(&["hold no report of hash"]);
}
