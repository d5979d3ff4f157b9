//! A server with the specimen registered as `f`, and plain HTTP to it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tuner_local::server::{FunctionSpec, LocalLambda, LocalLambdaOptions};

pub(crate) struct Client {
    pub(crate) lambda: LocalLambda,
    agent: ureq::Agent,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) const FUNCTIONS: &str = "/2015-03-31/functions";

/// This binary as a function.
pub(crate) fn specimen_command() -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    let arguments = ["act_as_function", "--exact", "--nocapture", "--test-threads=1"];
    [vec![program], arguments.map(String::from).to_vec()].concat()
}

impl Client {
    pub(crate) async fn start(change: impl FnOnce(&mut LocalLambdaOptions)) -> Self {
        let mut options = LocalLambdaOptions {
            update_delay: Duration::ZERO,
            ..LocalLambdaOptions::default()
        };
        change(&mut options);
        let lambda = LocalLambda::start(options).await.unwrap();
        lambda
            .create_function(FunctionSpec::new("f", specimen_command()))
            .unwrap();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { lambda, agent }
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Response {
        self.try_call(method, path, headers, body, None).await.unwrap()
    }

    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
        timeout: Option<Duration>,
    ) -> Result<Response, ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.lambda.endpoint()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let agent = self.agent.clone();
        tokio::task::spawn_blocking(move || {
            let request = agent
                .configure_request(request)
                .timeout_global(timeout)
                .allow_non_standard_methods(true)
                .build();
            let mut response = agent.run(request)?;
            let body = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
            Ok(Response {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body,
            })
        })
        .await
        .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.call("GET", &format!("{FUNCTIONS}/{path}"), &[], "").await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Response {
        self.call("PUT", &format!("{FUNCTIONS}/{path}"), &[], body.to_string())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.call("POST", &format!("{FUNCTIONS}/{path}"), &[], body.to_string())
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.call("DELETE", &format!("{FUNCTIONS}/{path}"), &[], "").await
    }

    /// Invokes with the log's tail.
    pub(crate) async fn invoke(&self, function: &str, payload: impl Into<Vec<u8>>) -> Response {
        let path = format!("{FUNCTIONS}/{function}/invocations");
        self.call("POST", &path, &[("X-Amz-Log-Type", "Tail")], payload).await
    }

    /// Sets the memory size and publishes.
    pub(crate) async fn publish_at(&self, memory_size_mb: u32) -> Value {
        let updated = self
            .put("f/configuration", serde_json::json!({"MemorySize": memory_size_mb}))
            .await;
        assert_eq!(updated.status, 200, "{}", updated.text());
        let published = self.post("f/versions", serde_json::json!({})).await;
        assert_eq!(published.status, 201, "{}", published.text());
        published.json()
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The log's tail.
    pub(crate) fn tail(&self) -> Vec<u8> {
        STANDARD.decode(self.header("x-amz-log-result").unwrap()).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.tail()).into_owned()
    }

    /// Status, exception, and message of a refusal.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let json = self.json();
        let message = json
            .get("message")
            .or(json.get("Message"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        (
            self.status,
            self.header("x-amzn-errortype").unwrap_or_default().to_owned(),
            message.to_owned(),
        )
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, exception: &str, says: &str) {
        let (was, code, message) = self.refusal();
        assert_eq!((was, code.as_str()), (status, exception), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

/// How many processes have `mark` in their environment.
pub(crate) fn processes_with(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok())
        .filter(|environment| environment.windows(mark.len()).any(|window| window == mark.as_bytes()))
        .count()
}

/// Waits until `holds`, which must become true by itself.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("after a minute still not so: {what}");
}
