use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Call, Done, Place, Running};

/// `tuner local serve` in a place of its own.
pub(crate) struct Server {
    running: Option<Running>,
    endpoint: String,
    _place: Place,
}

/// What Lambda itself changes with every call.
const CHANGING: [&str; 2] = ["RevisionId", "LastModified"];

impl Server {
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let place = Place::new();
        let mut running = place.tuner(&["local", "serve", "--port", "0"]).args(arguments).start();
        running.wait_until("endpoint", |r| r.stdout().ends_with('\n'));
        let endpoint = running.stdout().lines().next().unwrap().to_owned();
        Self {
            running: Some(running),
            endpoint,
            _place: place,
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A call of `tuner` against this server, with credentials.
    pub(crate) fn tuner(&self, place: &Place, arguments: &[&str]) -> Call {
        place
            .tuner(arguments)
            .env("AWS_ENDPOINT_URL_LAMBDA", &self.endpoint)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// Plain HTTP, no SDK: `path` is what follows `/2015-03-31/functions/`.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.call("GET", path, None).1
    }

    #[track_caller]
    pub(crate) fn put(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("PUT", path, Some(body));
        assert!(status < 300, "{answer}");
        answer
    }

    /// As [`put`](Self::put), but gives the status.
    pub(crate) fn try_put(&self, path: &str, body: &Value) -> u16 {
        self.call("PUT", path, Some(body.clone())).0
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, Some(body));
        assert!(status < 300, "{answer}");
        answer
    }

    fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/2015-03-31/functions/{path}", self.endpoint))
            .header("content-type", "application/json")
            .body(body.map(|b| b.to_string()).unwrap_or_default())
            .unwrap();
        let mut response = agent.run(request).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (response.status().as_u16(), value)
    }

    /// The function's configuration, without what changes with every call.
    pub(crate) fn configuration(&self, function: &str) -> Value {
        let mut configuration = self.get(&format!("{function}/configuration"));
        let fields = configuration.as_object_mut().unwrap();
        for name in CHANGING {
            assert!(fields.remove(name).is_some(), "{fields:?}");
        }
        configuration
    }

    /// Everything about a function that a tuning must leave as it is.
    pub(crate) fn all_of(&self, function: &str) -> Value {
        let mut versions = self.get(&format!("{function}/versions"));
        for version in versions["Versions"].as_array_mut().unwrap() {
            for name in CHANGING {
                version.as_object_mut().unwrap().remove(name);
            }
        }
        serde_json::json!({
            "configuration": self.configuration(function),
            "versions": versions,
            "aliases": self.get(&format!("{function}/aliases")),
        })
    }

    /// Waits until an update is over.
    #[track_caller]
    pub(crate) fn until_updated(&self, function: &str) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while self.get(&format!("{function}/configuration"))["LastUpdateStatus"] != "Successful" {
            assert!(std::time::Instant::now() < deadline);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Ends it as Ctrl-C does.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Done {
        let running = self.running.take().unwrap();
        running.signal(Signal::SIGINT);
        running.finish()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its functions end with it, also when it is killed.
        drop(self.running.take());
    }
}
