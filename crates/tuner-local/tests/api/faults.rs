//! Calls that go wrong on request, as the tests of the safety protocol need them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tuner_local::server::{ApiCall, ApiError, ErrorKind, Fault};

use super::client::{Client, FUNCTIONS};

/// A server whose UpdateFunctionConfiguration goes wrong.
async fn broken(fault: Fault) -> Client {
    Client::start(|options| {
        options.faults = Some(Arc::new(move |call: &ApiCall| {
            (call.operation == "UpdateFunctionConfiguration").then(|| fault.clone())
        }));
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_has_no_effect() {
    let teapot = ApiError::new(ErrorKind::InvalidParameterValue, "custom");
    for (fault, status, exception) in [
        (Fault::Throttle, 429, "TooManyRequestsException"),
        (Fault::ServiceError, 500, "ServiceException"),
        (Fault::Conflict, 409, "ResourceConflictException"),
        (Fault::PreconditionFailed, 412, "PreconditionFailedException"),
        (Fault::AccessDenied, 403, "AccessDeniedException"),
        (Fault::Answer(teapot), 400, "InvalidParameterValueException"),
    ] {
        let client = broken(fault).await;
        let before = client.lambda.configuration("f").unwrap();
        client
            .put("f/configuration", json!({"MemorySize": 512}))
            .await
            .assert_refused(status, exception, "");
        assert_eq!(client.lambda.configuration("f").unwrap(), before);
        assert_eq!(client.get("f").await.status, 200, "other calls work");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_be_done_although_the_answer_says_otherwise() {
    let client = broken(Fault::AfterEffect500).await;
    client
        .put("f/configuration", json!({"MemorySize": 512}))
        .await
        .assert_refused(500, "ServiceException", "");
    assert_eq!(client.lambda.configuration("f").unwrap().memory_size, 512);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_never_be_answered() {
    for (fault, size) in [(Fault::Hang, 128), (Fault::AfterEffectHang, 512)] {
        let client = broken(fault).await;
        let path = format!("{FUNCTIONS}/f/configuration");
        let timeout = Some(Duration::from_secs(1));
        assert!(
            client
                .try_call("PUT", &path, &[], r#"{"MemorySize": 512}"#, timeout)
                .await
                .is_err()
        );
        assert_eq!(client.lambda.configuration("f").unwrap().memory_size, size);
        client.lambda.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_recorded_with_what_they_were_about() {
    let client = Client::start(|options| {
        options.faults = Some(Arc::new(|call: &ApiCall| (call.number == 2).then_some(Fault::Throttle)));
    })
    .await;
    client.get("f").await;
    assert_eq!(
        client.invoke("f:1", "{}").await.json()["Reason"],
        "ConcurrentInvocationLimitExceeded"
    );
    client.post("f/versions", json!({})).await;
    client.get("f/configuration?Qualifier=1").await;
    client.delete("f/aliases/live").await;
    let calls = client.lambda.calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|c| (c.number, c.operation, c.function.as_deref(), c.qualifier.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (1, "GetFunction", Some("f"), None),
            (2, "Invoke", Some("f"), Some("1")),
            (3, "PublishVersion", Some("f"), None),
            (4, "GetFunctionConfiguration", Some("f"), Some("1")),
            (5, "DeleteAlias", Some("f"), Some("live")),
        ]
    );
}
