//! The control plane over HTTP. The rules themselves are tested beside the code; here, that they arrive.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Client, FUNCTIONS};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_seen_in_progress_and_then_done() {
    // Long enough that the calls in between arrive during it.
    let client = Client::start(|options| options.update_delay = Duration::from_millis(1500)).await;
    let before = client.get("f").await.json()["Configuration"].clone();
    let request = json!({"MemorySize": 512, "RevisionId": before["RevisionId"]});
    let updated = client.put("f/configuration", request).await.json();
    assert_eq!(
        (&updated["LastUpdateStatus"], &updated["MemorySize"]),
        (&json!("InProgress"), &json!(512))
    );
    let says = format!("The operation cannot be performed at this time. An update is in progress for resource: {ARN}");
    client
        .put("f/configuration", json!({}))
        .await
        .assert_refused(409, "ResourceConflictException", &says);
    client
        .post("f/versions", json!({}))
        .await
        .assert_refused(409, "ResourceConflictException", &says);
    loop {
        let now = client.get("f").await.json()["Configuration"].clone();
        if now["LastUpdateStatus"] == "Successful" {
            assert_ne!(now["RevisionId"], updated["RevisionId"]);
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stale = client
        .put("f/configuration", json!({"RevisionId": updated["RevisionId"]}))
        .await;
    stale.assert_refused(
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_size_is_put_back_and_nothing_else_differs() {
    let client = Client::start(|_| {}).await;
    let everything = json!({"Description": "kept", "Timeout": 7, "Environment": {"Variables": {"KEY": "v"}},
        "TracingConfig": {"Mode": "Active"}, "EphemeralStorage": {"Size": 1024}, "LoggingConfig": {"LogFormat": "JSON"}});
    client.put("f/configuration", everything).await;
    let shown = |configuration: Value| {
        let mut fields = configuration.as_object().unwrap().clone();
        for changing in ["RevisionId", "LastModified"] {
            fields.remove(changing);
        }
        fields
    };
    let before = shown(client.get("f/configuration").await.json());
    assert_eq!(
        (&before["TracingConfig"]["Mode"], &before["Timeout"]),
        (&json!("Active"), &json!(7))
    );
    client.publish_at(1024).await;
    assert_ne!(shown(client.get("f/configuration").await.json()), before);
    client.put("f/configuration", json!({"MemorySize": 128})).await;
    assert_eq!(shown(client.get("f/configuration").await.json()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_worded_as_lambda_words_them() {
    let client = Client::start(|options| options.memory_quota_mb = 3008).await;
    let over_quota = client.put("f/configuration", json!({"MemorySize": 4096})).await;
    let says = "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008";
    over_quota.assert_refused(400, "InvalidParameterValueException", says);
    assert_eq!(over_quota.json()["Type"], "User");
    let below = client.put("f/configuration", json!({"MemorySize": 64})).await;
    below.assert_refused(
        400,
        "ValidationException",
        "Value '64' at 'memorySize' failed to satisfy constraint",
    );
    client
        .get("nobody")
        .await
        .assert_refused(404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:");
    client.get("f/aliases/x").await.assert_refused(
        404,
        "ResourceNotFoundException",
        &format!("Cannot find alias arn: {ARN}:x"),
    );
    client.put("f:1/configuration", json!({})).await.assert_refused(
        400,
        "InvalidParameterValueException",
        "version or alias 1",
    );
    let not_json = client
        .call("PUT", &format!("{FUNCTIONS}/f/configuration"), &[], "{")
        .await;
    not_json.assert_refused(400, "InvalidRequestContentException", "Could not parse request body");
    let unknown = client.call("GET", "/2015-03-31/event-source-mappings", &[], "").await;
    unknown.assert_refused(
        404,
        "UnknownOperationException",
        "GET /2015-03-31/event-source-mappings",
    );
    client
        .call("PATCH", FUNCTIONS, &[], "")
        .await
        .assert_refused(404, "UnknownOperationException", "PATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_come_in_pages() {
    let client = Client::start(|_| {}).await;
    for size in 129..=135 {
        client.publish_at(size).await;
    }
    let (mut seen, mut marker) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(&format!("f/versions?MaxItems=3&Marker={marker}"))
            .await
            .json();
        let versions = page["Versions"].as_array().unwrap();
        assert!(versions.len() <= 3);
        assert!(versions.iter().all(|v| v.get("State").is_none()), "lists show no state");
        seen.extend(versions.iter().map(|v| v["FunctionArn"].as_str().unwrap().to_owned()));
        match page["NextMarker"].as_str() {
            Some(next) => next.clone_into(&mut marker),
            None => break,
        }
    }
    let expected: Vec<_> = std::iter::once("$LATEST".to_owned())
        .chain((1..=7).map(|n| n.to_string()))
        .map(|q| format!("{ARN}:{q}"))
        .collect();
    assert_eq!(seen, expected);
    let all = client
        .call("GET", &format!("{FUNCTIONS}/?FunctionVersion=ALL"), &[], "")
        .await
        .json();
    assert_eq!(all["Functions"].as_array().unwrap().len(), 8);
    let names = client.call("GET", FUNCTIONS, &[], "").await.json();
    assert_eq!(names["Functions"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_bootstrap_is_run_and_a_deploy_replaces_it() {
    let client = Client::start(|_| {}).await;
    let package = |answer: &str| {
        // A whole runtime in a few lines of shell, if a slow one.
        let program = std::env::current_exe().unwrap();
        let script = format!(
            "#!/bin/sh\necho running {answer}\nexec {} act_as_function --exact --nocapture --test-threads=1\n",
            program.display()
        );
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("bootstrap", zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(&mut zip, script.as_bytes()).unwrap();
        STANDARD.encode(zip.finish().unwrap().into_inner())
    };
    let create = json!({"FunctionName": "up", "Runtime": "provided.al2023", "Handler": "any", "Publish": true,
        "Role": "arn:aws:iam::000000000000:role/r", "Code": {"ZipFile": package("one")}, "Tags": {"team": "a"}});
    let created = client.call("POST", FUNCTIONS, &[], create.to_string()).await;
    assert_eq!(
        (created.status, &created.json()["Version"]),
        (201, &json!("1")),
        "{}",
        created.text()
    );
    assert_eq!(client.get("up").await.json()["Tags"], json!({"team": "a"}));
    let first = client.invoke("up", r#"{"environment": true}"#).await;
    assert!(first.log().contains("running one"), "{}", first.log());
    let root = first.json()["LAMBDA_TASK_ROOT"].as_str().unwrap().to_owned();
    assert!(std::path::Path::new(&root).join("bootstrap").is_file(), "{root}");
    let before = client.get("up").await.json()["Configuration"].clone();
    let deployed = client.put("up/code", json!({"ZipFile": package("two")})).await.json();
    assert_ne!(deployed["CodeSha256"], before["CodeSha256"]);
    assert_ne!(deployed["RevisionId"], before["RevisionId"]);
    assert!(client.invoke("up", "{}").await.log().contains("running two"));
    assert!(client.invoke("up:1", "{}").await.log().contains("running one"));
    client.put("up/code", json!({"ZipFile": "AAAA"})).await.assert_refused(
        400,
        "InvalidParameterValueException",
        "unzip",
    );
    let managed = json!({"FunctionName": "py", "Runtime": "python3.13", "Role": "arn:aws:iam::000000000000:role/r",
        "Handler": "a.b", "Code": {"ZipFile": package("x")}});
    let refused = client.call("POST", FUNCTIONS, &[], managed.to_string()).await;
    refused.assert_refused(400, "InvalidParameterValueException", "no managed runtimes");
}

#[tokio::test(flavor = "multi_thread")]
async fn control_plane_calls_can_be_limited_as_on_lambda() {
    let client = Client::start(|options| options.control_plane_limit = Some(15)).await;
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(client.get("f/configuration").await);
    }
    let throttled: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!throttled.is_empty(), "40 calls took more than two seconds");
    assert_eq!(throttled[0].json()["Reason"], "CallerRateLimitExceeded");
    assert_eq!(client.get("f").await.status, 200, "GetFunction has a limit of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_tags() {
    let client = Client::start(|options| options.concurrency_limit = 10).await;
    let settings = client
        .call("GET", "/2016-08-19/account-settings/", &[], "")
        .await
        .json();
    assert_eq!(settings["AccountLimit"]["ConcurrentExecutions"], 10);
    assert_eq!(settings["AccountUsage"]["FunctionCount"], 1);
    let tags = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
    assert_eq!(
        client
            .call("POST", tags, &[], r#"{"Tags": {"a": "1", "b": "2", "c": "3"}}"#)
            .await
            .status,
        204
    );
    assert_eq!(
        client
            .call("DELETE", &format!("{tags}?tagKeys=a&tagKeys=c"), &[], "")
            .await
            .status,
        204
    );
    assert_eq!(
        client.call("GET", tags, &[], "").await.json(),
        json!({"Tags": {"b": "2"}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_are_kept_out() {
    let client = Client::start(|_| {}).await;
    let page = [("Origin", "https://example.org"), ("Content-Type", "text/plain")];
    let refused = client
        .call("POST", &format!("{FUNCTIONS}/f/invocations"), &page, "{}")
        .await;
    refused.assert_refused(403, "AccessDeniedException", "https://example.org");
    assert_eq!(client.lambda.idle_environments(), 0);
}
