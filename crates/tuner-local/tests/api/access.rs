//! Who may call.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use tuner_local::AccessKey;

use super::client::{Client, FUNCTIONS};

/// What is answered to these bytes; they are one request.
fn raw(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

fn address(client: &Client) -> String {
    client.lambda.endpoint().trim_start_matches("http://").to_owned()
}

/// As a browser sends it to a page's own name, which was made to mean this machine.
fn rebound(address: &str, path: &str) -> String {
    let port = address.rsplit(':').next().unwrap();
    raw(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_loopback_is_refused() {
    let client = Client::start(|_| {}).await;
    let path = format!("{FUNCTIONS}/f/configuration");
    let answer = rebound(&address(&client), &path);
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(
        answer.contains("evil.example") && answer.contains("--allow-host"),
        "{answer}"
    );
    assert!(rebound(&address(&client), "/nothing/here").starts_with("HTTP/1.1 403 "));

    let allowing = Client::start(|options| options.allowed_hosts = vec!["evil.example".to_owned()]).await;
    assert!(rebound(&address(&allowing), &path).starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_api_refuses_such_names_and_web_pages_too() {
    let client = Client::start(|_| {}).await;
    let variables = client.invoke("f", r#"{"environment": true}"#).await.json();
    let api = variables["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap();
    let path = "/2018-06-01/runtime/invocation/next";
    assert!(rebound(api, path).starts_with("HTTP/1.1 403 "));
    let page = format!("GET {path} HTTP/1.1\r\nHost: {api}\r\nSec-Fetch-Site: cross-site\r\n\r\n");
    assert!(raw(api, &page).starts_with("HTTP/1.1 403 "));
    assert_eq!(client.invoke("f", "{}").await.text(), r#""done""#, "it took no event");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_access_key_nobody_else_may_call() {
    let key = AccessKey::random();
    let client = Client::start(|options| options.access_key = Some(key.clone())).await;
    let invocations = format!("{FUNCTIONS}/f/invocations");
    let refused = client.call("POST", &invocations, &[], "{}").await;
    refused.assert_refused(403, "MissingAuthenticationTokenException", "access key");
    let authorization = |id: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20261128/us-east-1/lambda/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=00"
        )
    };
    let signed = [("Authorization", authorization("LOCALLOCALLOCALLOCAL"))];
    let signed = [(signed[0].0, signed[0].1.as_str())];
    let refused = client.call("POST", &invocations, &signed, "{}").await;
    refused.assert_refused(403, "UnrecognizedClientException", "not that of the local Lambda");
    let forged = authorization(key.id());
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let forged = [("Authorization", forged.as_str()), ("X-Amz-Date", now.as_str())];
    let refused = client.call("POST", &invocations, &forged, "{}").await;
    refused.assert_refused(403, "InvalidSignatureException", "does not match");
    assert_eq!(client.lambda.idle_environments(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_deployed_code_is_not_taken() {
    let client = Client::start(|options| options.deployments = false).await;
    let created = client
        .call("POST", FUNCTIONS, &[], json!({"FunctionName": "g"}).to_string())
        .await;
    created.assert_refused(404, "UnknownOperationException", "does not offer");
    let updated = client.put("f/code", json!({"ZipFile": ""})).await;
    updated.assert_refused(404, "UnknownOperationException", "does not offer");
    assert_eq!(client.invoke("f", "{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_half_sent_is_given_up() {
    let client = Client::start(|_| {}).await;
    let mut stream = TcpStream::connect(address(&client)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
        .write_all(b"GET /2015-03-31/functions HTTP/1.1\r\nHost: 127")
        .unwrap();
    let began = Instant::now();
    let ended = tokio::task::spawn_blocking(move || {
        let mut answer = Vec::new();
        stream
            .read_to_end(&mut answer)
            .is_ok_and(|_| !answer.starts_with(b"HTTP/1.1 200"))
    });
    assert!(ended.await.unwrap());
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
