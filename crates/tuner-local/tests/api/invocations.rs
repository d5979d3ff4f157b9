//! Invoke in all its forms.

use std::time::Duration;

use serde_json::json;
use tuner_local::server::FunctionSpec;

use super::client::{Client, FUNCTIONS, specimen_command, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_is_cold_the_second_warm_and_both_are_reported() {
    let client = Client::start(|_| {}).await;
    let cold = client.invoke("f", "{}").await;
    assert_eq!((cold.status, cold.text().as_str()), (200, r#""done""#));
    assert_eq!(cold.header("x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(cold.header("x-amz-function-error"), None);
    let id = cold.header("x-amzn-requestid").unwrap();
    let last = cold.log().trim_end().lines().last().unwrap().to_owned();
    assert!(last.starts_with(&format!("REPORT RequestId: {id}\t")), "{last}");
    assert!(
        last.contains("\tMemory Size: 128 MB\t") && last.contains("Init Duration: "),
        "{last}"
    );
    let warm = client.invoke("f", "{}").await;
    assert!(!warm.log().contains("Init Duration"), "{}", warm.log());
    assert_eq!(client.lambda.idle_environments(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_runs_what_it_was_published_with() {
    let client = Client::start(|_| {}).await;
    client.publish_at(256).await;
    client.publish_at(512).await;
    client.put("f/configuration", json!({"MemorySize": 1024})).await;
    for (function, version, size) in [
        ("f:1", "1", "256"),
        ("f/invocations?Qualifier=2#", "2", "512"),
        (
            "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af%3A1",
            "1",
            "256",
        ),
        ("000000000000:function:f:2", "2", "512"),
        ("f", "$LATEST", "1024"),
        ("f:%24LATEST", "$LATEST", "1024"),
    ] {
        let path = match function.strip_suffix('#') {
            Some(path) => format!("{FUNCTIONS}/{path}"),
            None => format!("{FUNCTIONS}/{function}/invocations"),
        };
        let answer = client.call("POST", &path, &[], r#"{"environment": true}"#).await;
        assert_eq!(
            answer.header("x-amz-executed-version"),
            Some(version),
            "{function}: {}",
            answer.text()
        );
        let variables = answer.json();
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_VERSION"], version);
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], size);
    }
    let headers = client.invoke("f:1", r#"{"headers": true}"#).await.json();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f:1";
    assert_eq!(headers["lambda-runtime-invoked-function-arn"], arn);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_shares_invocations_between_two_versions() {
    let client = Client::start(|_| {}).await;
    client.publish_at(256).await;
    client.publish_at(512).await;
    let weights = json!({"AdditionalVersionWeights": {"2": 0.25}});
    let alias = json!({"Name": "live", "FunctionVersion": "1", "RoutingConfig": weights});
    assert_eq!(client.post("f/aliases", alias).await.status, 201);
    let mut ran = Vec::new();
    for _ in 0..8 {
        ran.push(
            client
                .invoke("f:live", "")
                .await
                .header("x-amz-executed-version")
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(ran.iter().filter(|version| *version == "2").count(), 2, "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_is_answered_with_200() {
    let client = Client::start(|_| {}).await;
    let failed = client.invoke("f", r#"{"error": "Order.NotFound"}"#).await;
    assert_eq!(
        (failed.status, failed.header("x-amz-function-error")),
        (200, Some("Unhandled"))
    );
    assert_eq!(failed.json()["errorType"], "Order.NotFound");
    assert_eq!(
        client.lambda.idle_environments(),
        1,
        "an error of the handler leaves the environment usable"
    );
    let crashed = client.invoke("f", r#"{"exit": 3}"#).await;
    assert_eq!(
        (crashed.status, crashed.header("x-amz-function-error")),
        (200, Some("Unhandled"))
    );
    assert_eq!(crashed.json()["errorType"], "Runtime.ExitError");
    assert_eq!(client.lambda.idle_environments(), 0, "a crash does not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_an_invalid_entrypoint() {
    let client = Client::start(|_| {}).await;
    client
        .lambda
        .create_function(FunctionSpec::new("gone", vec!["/no/such/program".into()]))
        .unwrap();
    let failed = client.invoke("gone", "{}").await;
    assert_eq!(
        (failed.status, failed.header("x-amz-function-error")),
        (200, Some("Unhandled"))
    );
    assert_eq!(failed.json()["errorType"], "Runtime.InvalidEntrypoint");
    let message = failed.json()["errorMessage"].as_str().unwrap().to_owned();
    assert!(message.contains("/no/such/program"), "{message}");
    let log = failed.log();
    assert!(
        log.lines()
            .last()
            .unwrap()
            .contains("\tStatus: error\tError Type: Runtime.InvalidEntrypoint"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_is_the_last_four_kilobytes() {
    let client = Client::start(|_| {}).await;
    let long = "0123456789abcde\n".repeat(1000);
    let answer = client.invoke("f", json!({ "print": long }).to_string()).await;
    assert_eq!(answer.tail().len(), 4096);
    assert!(
        answer.log().trim_end().lines().last().unwrap().starts_with("REPORT "),
        "{}",
        answer.log()
    );
    let without = client
        .call("POST", &format!("{FUNCTIONS}/f/invocations"), &[], "{}")
        .await;
    assert_eq!(without.header("x-amz-log-result"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_have_to_be_json_of_at_most_six_megabytes() {
    let client = Client::start(|_| {}).await;
    assert_eq!(client.invoke("f", "").await.status, 200);
    for bad in ["{", "text", "{} {}", "\u{feff}{}"] {
        let refused = client.invoke("f", bad).await;
        refused.assert_refused(
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: ",
        );
    }
    let of_size = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(client.invoke("f", of_size(6_291_456)).await.status, 200);
    let says = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
    client
        .invoke("f", of_size(6_291_457))
        .await
        .assert_refused(413, "RequestTooLargeException", says);
    let path = format!("{FUNCTIONS}/f/invocations");
    let event = [("X-Amz-Invocation-Type", "Event")];
    let refused = client.call("POST", &path, &event, of_size(1_048_577)).await;
    refused.assert_refused(413, "RequestTooLargeException", "1048576 bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_runs_nothing() {
    let client = Client::start(|_| {}).await;
    let dry = |name: &str| {
        let path = format!("{FUNCTIONS}/{name}/invocations");
        let client = &client;
        async move {
            client
                .call("POST", &path, &[("X-Amz-Invocation-Type", "DryRun")], "{}")
                .await
        }
    };
    assert_eq!(dry("f").await.status, 204);
    assert_eq!(dry("nobody").await.status, 404);
    assert_eq!(client.lambda.idle_environments(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_invocation_that_fails_is_tried_twice_more() {
    let client = Client::start(|options| options.event_retry_delays = vec![Duration::from_millis(10); 2]).await;
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    // Every try crashes, and so every try is a start that leaves a line.
    let note = format!("echo started >> {}; exec \"$@\"", starts.display());
    let command = [vec!["sh".into(), "-c".into(), note, "sh".into()], specimen_command()].concat();
    client
        .lambda
        .create_function(FunctionSpec::new("noted", command))
        .unwrap();
    let path = format!("{FUNCTIONS}/noted/invocations");
    let event = [("X-Amz-Invocation-Type", "Event")];
    let answer = client.call("POST", &path, &event, r#"{"exit": 1}"#).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let count = || std::fs::read_to_string(&starts).unwrap_or_default().lines().count();
    until("three tries were made", || count() == 3).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrency_beyond_the_limit_is_throttled() {
    let client = Client::start(|options| options.concurrency_limit = 2).await;
    let slow = r#"{"sleep_ms": 1500}"#;
    let (a, b, third) = tokio::join!(client.invoke("f", slow), client.invoke("f", slow), async {
        until("two invocations are under way", || {
            client.lambda.concurrent_executions() == 2
        })
        .await;
        client.invoke("f", "{}").await
    });
    assert_eq!((a.status, b.status), (200, 200));
    third.assert_refused(429, "TooManyRequestsException", "Rate Exceeded.");
    assert_eq!(third.json()["Reason"], "ConcurrentInvocationLimitExceeded");
    assert!(third.header("retry-after").is_some());
    assert_eq!(
        client.lambda.idle_environments(),
        2,
        "two ran at once, each in an environment of its own"
    );
    assert_eq!(client.invoke("f", "{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn reserving_nothing_stops_a_function() {
    let client = Client::start(|_| {}).await;
    let path = "/2017-10-31/functions/f/concurrency";
    let set = client
        .call("PUT", path, &[], r#"{"ReservedConcurrentExecutions": 0}"#)
        .await;
    assert_eq!(set.json(), json!({"ReservedConcurrentExecutions": 0}));
    let refused = client.invoke("f", "{}").await;
    assert_eq!(
        refused.json()["Reason"],
        "ReservedFunctionConcurrentInvocationLimitExceeded"
    );
    let shown = client.call("GET", "/2019-09-30/functions/f/concurrency", &[], "").await;
    assert_eq!(shown.json(), json!({"ReservedConcurrentExecutions": 0}));
    assert_eq!(client.call("DELETE", path, &[], "").await.status, 204);
    assert_eq!(client.invoke("f", "{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_function_version_or_alias_is_not_found() {
    let client = Client::start(|_| {}).await;
    for (name, arn) in [("g", "g"), ("f:9", "f:9"), ("f:live", "f:live")] {
        let says = format!("Function not found: arn:aws:lambda:us-east-1:000000000000:function:{arn}");
        client
            .invoke(name, "{}")
            .await
            .assert_refused(404, "ResourceNotFoundException", &says);
    }
}
