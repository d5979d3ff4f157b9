//! How long execution environments and the server live.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tuner_local::confinement::ConfinementChoice;
use tuner_local::server::{FunctionSpec, LocalLambda, LocalLambdaOptions, ServeError};

use super::client::{Client, FUNCTIONS, processes_with, specimen_command, until};

/// Registers the specimen as `marked`, with a variable by which its processes can be counted.
fn register(client: &Client, mark: &str) -> String {
    let mut spec = FunctionSpec::new("marked", specimen_command());
    spec.variables = BTreeMap::from([("SPECIMEN_MARK".to_owned(), mark.to_owned())]);
    spec.timeout = Duration::from_secs(30);
    client.lambda.create_function(spec).unwrap();
    format!("SPECIMEN_MARK={mark}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_function_starts_anew_and_its_old_processes_end() {
    let client = Client::start(|_| {}).await;
    let mark = register(&client, "changed");
    client.post("marked/versions", json!({})).await;
    client.invoke("marked", "{}").await;
    client.invoke("marked:1", "{}").await;
    assert_eq!(processes_with(&mark), 2);
    client.put("marked/configuration", json!({"Timeout": 20})).await;
    assert!(client.invoke("marked", "{}").await.log().contains("Init Duration"));
    assert!(
        !client.invoke("marked:1", "{}").await.log().contains("Init Duration"),
        "the version has not changed"
    );
    until("the old process of $LATEST is gone", || processes_with(&mark) == 2).await;
    assert_eq!(client.delete("marked:1").await.status, 204);
    until("the process of the deleted version is gone", || {
        processes_with(&mark) == 1
    })
    .await;
    assert_eq!(client.delete("marked").await.status, 204);
    until("no process is left", || processes_with(&mark) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_used_last_is_used_again() {
    let client = Client::start(|_| {}).await;
    let slow = r#"{"sleep_ms": 1000}"#;
    tokio::join!(client.invoke("f", slow), client.invoke("f", slow));
    assert_eq!(client.lambda.idle_environments(), 2);
    let mut streams = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let variables = client.invoke("f", r#"{"environment": true}"#).await.json();
        streams.insert(variables["AWS_LAMBDA_LOG_STREAM_NAME"].as_str().unwrap().to_owned());
    }
    assert_eq!(streams.len(), 1, "{streams:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_environments_end_after_their_time() {
    let client = Client::start(|options| options.idle_timeout = Duration::from_millis(200)).await;
    let mark = register(&client, "idle");
    client.invoke("marked", "{}").await;
    until("the idle process is gone", || processes_with(&mark) == 0).await;
    assert_eq!(client.lambda.idle_environments(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_set_number_stay_idle() {
    let client = Client::start(|options| options.max_idle_environments = 1).await;
    let mark = register(&client, "most");
    let slow = r#"{"sleep_ms": 1000}"#;
    tokio::join!(client.invoke("marked", slow), client.invoke("marked", slow));
    until("one process is left", || processes_with(&mark) == 1).await;
    assert_eq!(client.lambda.idle_environments(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_goes_on_when_its_caller_hangs_up() {
    let client = Client::start(|_| {}).await;
    let path = format!("{FUNCTIONS}/f/invocations");
    let gone = client
        .try_call(
            "POST",
            &path,
            &[],
            r#"{"sleep_ms": 2000}"#,
            // Enough for the call to arrive.
            Some(Duration::from_millis(700)),
        )
        .await;
    assert!(gone.is_err());
    until("the environment is idle", || client.lambda.idle_environments() == 1).await;
    assert!(!client.invoke("f", "{}").await.log().contains("Init Duration"));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_ends_every_process_also_busy_ones() {
    let client = Client::start(|_| {}).await;
    let mark = register(&client, "shutdown");
    client.invoke("marked", "{}").await;
    let busy = tokio::spawn({
        let path = format!("{}{FUNCTIONS}/marked/invocations", client.lambda.endpoint());
        async move { tokio::task::spawn_blocking(move || ureq::post(&path).send(r#"{"sleep_ms": 20000}"#)).await }
    });
    until("the warm process is busy", || client.lambda.idle_environments() == 0).await;
    let second = client.invoke("marked", "{}").await;
    assert_eq!((second.status, processes_with(&mark)), (200, 2));
    let (address, before) = (client.lambda.endpoint(), std::time::Instant::now());
    client.lambda.shutdown().await;
    assert!(
        before.elapsed() < Duration::from_secs(10),
        "the busy one was not waited for"
    );
    until("no process is left", || processes_with(&mark) == 0).await;
    assert!(busy.await.unwrap().unwrap().is_err());
    assert!(std::net::TcpStream::connect(address.trim_start_matches("http://")).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_ends_the_processes_too() {
    let client = Client::start(|_| {}).await;
    let mark = register(&client, "dropped");
    client.invoke("marked", "{}").await;
    drop(client);
    until("no process is left", || processes_with(&mark) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let client = Client::start(|_| {}).await;
    let port: u16 = client.lambda.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let refused = LocalLambda::start(LocalLambdaOptions {
        port,
        ..LocalLambdaOptions::default()
    })
    .await;
    let error = refused.err().unwrap();
    assert!(matches!(error, ServeError::AddressInUse { .. }));
    let message = error.to_string();
    assert!(
        message.contains(&port.to_string()) && message.contains("another port"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_a_thousand_environments_starting_ends_in_seconds() {
    // A thousand duty cycles are more than two processors can keep: to start them would take a minute.
    for (confinement, environments) in [
        (ConfinementChoice::Auto, 1000),
        (ConfinementChoice::DutyCycle, 200),
        (ConfinementChoice::None, 1000),
    ] {
        let client = Client::start(|options| {
            options.confinement = confinement;
            // None of them comes to ask for an event.
            options.init_timeout = Duration::from_secs(600);
        })
        .await;
        let mark = format!("thousand{confinement:?}");
        let mut spec = FunctionSpec::new("starting", vec!["sleep".to_owned(), "600".to_owned()]);
        spec.variables = BTreeMap::from([("SPECIMEN_MARK".to_owned(), mark.clone())]);
        client.lambda.create_function(spec).unwrap();
        let mark = format!("SPECIMEN_MARK={mark}");
        let asynchronous = [("X-Amz-Invocation-Type", "Event")];
        let path = format!("{FUNCTIONS}/starting/invocations");
        for _ in 0..environments {
            assert_eq!(client.call("POST", &path, &asynchronous, "{}").await.status, 202);
        }
        let before = std::time::Instant::now();
        client.lambda.shutdown().await;
        let took = before.elapsed();
        assert!(took < Duration::from_secs(10), "{confinement:?}: {took:?}");
        until("no process is left", || processes_with(&mark) == 0).await;
    }
}
