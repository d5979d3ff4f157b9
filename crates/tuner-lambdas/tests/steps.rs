//! The steps as Lambda functions, called one after the other as a state machine would, on the local Lambda; and the same
//! function tuned by the in-process driver: both keep to the same protocol, and both leave the function as it was.
//!
//! What is measured here is the time of this machine, busy or not: no decision is compared. That both drivers decide the same
//! is tested where time is simulated, in `tuner-engine`.

#![allow(clippy::unwrap_used, reason = "a test: what goes wrong is its result")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tuner_aws::AwsLambda;
use tuner_core::planning::Preset;
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::{MeasuringEnvironment, SizeStatus, TuningStatus};
use tuner_core::{MemorySize, Payloads, Tuning};
use tuner_engine::driver::{self, Setting};
use tuner_engine::ports::Invoker;
use tuner_engine::{Backoff, CancellationToken, Context, DirectoryStore, Prices, Silent, SystemClock, TuningRequest};
use tuner_local::server::{FunctionSpec, LocalLambda, LocalLambdaOptions};

const ROLES: [&str; 8] = [
    "initialize",
    "publish",
    "plan",
    "sample",
    "restore",
    "analyze",
    "apply",
    "report",
];
const ACT: &str = "TUNER_TEST_ACT_AS_FUNCTION";

/// Not a test: this binary, started again by the local Lambda, is the function under test.
#[test]
fn act_as_function() {
    if std::env::var_os(ACT).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let handler = |event: LambdaEvent<Value>| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok::<_, Error>(event.payload)
    };
    runtime.block_on(lambda_runtime::run(service_fn(handler))).unwrap();
}

async fn local(store: &Path) -> LocalLambda {
    let lambda = LocalLambda::start(LocalLambdaOptions::default()).await.unwrap();
    let me = std::env::current_exe().unwrap().display().to_string();
    let target = FunctionSpec {
        memory_size_mb: 512,
        description: "sleeps for 20 ms".to_owned(),
        variables: BTreeMap::from([(ACT.to_owned(), "1".to_owned())]),
        ..FunctionSpec::new(
            "target",
            vec![me, "act_as_function".into(), "--exact".into(), "--nocapture".into()],
        )
    };
    lambda.create_function(target).unwrap();
    for role in ROLES {
        let variables = [
            ("TUNER_STORE", store.display().to_string()),
            ("AWS_ENDPOINT_URL", lambda.endpoint()),
            // Lambda gives a function the credentials of its role; here any will do.
            (
                "AWS_SHARED_CREDENTIALS_FILE",
                store.join("credentials").display().to_string(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let step = FunctionSpec {
            handler: role.to_owned(),
            memory_size_mb: 512,
            timeout: Duration::from_secs(300),
            variables: variables.into(),
            ..FunctionSpec::new(role, vec![env!("CARGO_BIN_EXE_tuning").to_owned()])
        };
        lambda.create_function(step).unwrap();
    }
    std::fs::write(
        store.join("credentials"),
        "[default]\naws_access_key_id = local\naws_secret_access_key = local\n",
    )
    .unwrap();
    lambda
}

/// An execution of the state machine, as far as the steps see it.
struct Execution<'a> {
    client: &'a AwsLambda,
    name: &'a str,
}

impl Execution<'_> {
    /// Calls a step; gives its answer, or its error object.
    async fn call(&self, role: &str, input: &Value) -> Result<Value, Value> {
        let event = json!({
            "execution": format!("arn:aws:states:us-east-1:123456789012:execution:tuner:{}", self.name),
            "started_at": "2026-11-21T10:00:00.123Z",
            "input": input,
        });
        let reply = self
            .client
            .invoke(
                &role.parse().unwrap(),
                &serde_json::to_vec(&event).unwrap(),
                Duration::from_secs(60),
            )
            .await
            .unwrap();
        let answer: Value = serde_json::from_slice(&reply.payload).unwrap();
        assert!(
            answer.to_string().len() < 32 * 1024,
            "what travels must stay small: {answer}"
        );
        match reply.function_error {
            None => Ok(answer),
            Some(_) => Err(answer),
        }
    }

    async fn step(&self, role: &str, input: &Value) -> Value {
        self.call(role, input).await.unwrap_or_else(|e| panic!("{role}: {e}"))
    }

    /// The way of the state machine.
    async fn run(&self, input: &Value) -> Value {
        let mut now = self.step("initialize", input).await;
        for _round in 0..20 {
            now = self.step("plan", &now).await;
            match now["next"].as_str().unwrap() {
                "publish" => now = self.step("publish", &now).await,
                "sample" => {
                    let mut measured = Vec::new();
                    for group in now["groups"].as_array().unwrap() {
                        measured.push(self.step("sample", &json!({ "group": group })).await);
                    }
                    now["measured"] = measured.into();
                }
                next => {
                    assert_eq!(next, "restore");
                    break;
                }
            }
        }
        for role in ["restore", "analyze", "apply", "report"] {
            now = self.step(role, &now).await;
        }
        now
    }
}

fn request() -> TuningRequest {
    TuningRequest::new("target".parse().unwrap()).with(|o| {
        o.memory_sizes = [128, 512].map(|mb| MemorySize::new(mb).unwrap()).to_vec();
        o.invocations = 5;
        o.max_concurrency = 1;
    })
}

/// The same in the words of an execution.
fn input() -> Value {
    json!({
        "lambdaARN": "target", "powerValues": [128, 512], "num": 5, "maxConcurrency": 1, "discardTopBottom": 0,
        "payload": { "n": 1.50 },
    })
}

/// Sizes and numbers of invocations are chosen by what was measured.
fn adaptive_request() -> TuningRequest {
    TuningRequest::new("target".parse().unwrap()).with(|o| {
        o.preset = Preset::Standard;
        o.max_concurrency = 1;
        o.memory_sizes = Vec::new();
    })
}

fn adaptive_input() -> Value {
    json!({ "lambdaARN": "target", "preset": "standard", "maxConcurrency": 1, "payload": { "n": 1.50 } })
}

fn read(path: &Path) -> Tuning {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn by_steps(client: &AwsLambda, store: &Path, input: &Value) -> Tuning {
    let execution = Execution { client, name: "one" };
    let output = execution.run(input).await;
    let tunings: Vec<_> = std::fs::read_dir(store.join("tunings")).unwrap().collect();
    assert_eq!(tunings.len(), 1);
    let folder = tunings[0].as_ref().unwrap().path();
    assert!(folder.join("report.svg").exists());
    let payloads = std::fs::read_dir(store.join("payloads")).unwrap();
    assert_eq!(payloads.count(), 0, "payloads are forgotten");
    assert_eq!(std::fs::read_dir(store.join("history")).unwrap().count(), 1);
    let tuning = read(&folder.join("tuning.json"));
    assert_eq!(output["power"], json!(tuning.decision.memory_size_mb), "{output}");
    tuning
}

async fn by_driver(client: Arc<AwsLambda>, store: &Path, request: &TuningRequest) -> Tuning {
    let ctx = Context {
        control: client.clone(),
        processors: client.clone(),
        invoker: client,
        store: Arc::new(DirectoryStore::create(store).unwrap()),
        clock: Arc::new(SystemClock),
        observer: Arc::new(Silent),
        cancel: CancellationToken::new(),
        backoff: Backoff::default(),
        hand_back_at: None,
        logs: None,
        reports: None,
        tunings: None,
    };
    let setting = Setting {
        prices: Prices::of(PriceTable::embedded()),
        environment: MeasuringEnvironment::Aws,
    };
    driver::run(&ctx, request, &Payloads::single(r#"{"n":1.50}"#), setting)
        .await
        .unwrap()
        .tuning
}

/// What both drivers come to, that of the steps first. Each leaves the function as it was.
async fn both(input: &Value, request: &TuningRequest) -> [Tuning; 2] {
    let folder = tempfile::tempdir().unwrap();
    let lambda = local(folder.path()).await;
    let client = Arc::new(AwsLambda::local(&lambda.endpoint(), "us-east-1"));
    let trace = |lambda: &LocalLambda| {
        let mut now = serde_json::to_value(lambda.configuration("target").unwrap()).unwrap();
        for moves_on in ["RevisionId", "LastModified"] {
            now.as_object_mut().unwrap().remove(moves_on);
        }
        now
    };
    let untouched = trace(&lambda);
    assert_eq!(untouched["Description"], "sleeps for 20 ms");

    let by_steps = by_steps(&client, folder.path(), input).await;
    assert_eq!(trace(&lambda), untouched);
    let by_driver = by_driver(client, &folder.path().join("driver"), request).await;
    assert_eq!(trace(&lambda), untouched);
    assert!(
        lambda.versions("target").unwrap().len() <= 1,
        "versions are left: {:?}",
        lambda.versions("target")
    );
    for tuning in [&by_steps, &by_driver] {
        assert!(tuning.leftovers.is_empty(), "{:?}", tuning.leftovers);
        assert_eq!(tuning.function.name, by_driver.function.name);
        assert_sound(tuning);
    }
    lambda.shutdown().await;
    [by_steps, by_driver]
}

/// What holds whatever was measured.
fn assert_sound(tuning: &Tuning) {
    let sizes = || tuning.sizes.iter().filter(|s| s.status == SizeStatus::Measured);
    let measured: Vec<u32> = sizes().map(|s| s.memory_size_mb).collect();
    assert_eq!(tuning.status, TuningStatus::Succeeded, "{:?}", tuning.warnings);
    assert!(
        tuning.decision.memory_size_mb.is_none_or(|mb| measured.contains(&mb)),
        "{:?} of {measured:?}",
        tuning.decision
    );
    let counted: u32 = tuning.sizes.iter().map(|s| s.outcomes.total()).sum();
    assert_eq!(counted as usize, tuning.records.len());
    // It sleeps for 20 ms.
    for size in sizes() {
        let warm = size.warm.as_ref().unwrap_or_else(|| panic!("{size:?}"));
        assert!(warm.duration_ms.min >= 19.0, "{size:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_drivers_measure_the_same_and_leave_no_trace() {
    let rows = both(&input(), &request()).await.map(|tuning| {
        // What other programs of a busy machine disturbed is set aside and made again.
        let kept = |mb: u32| {
            let records = tuning.records.iter().filter(move |r| r.memory_size_mb == mb);
            records.filter(|r| !r.set_aside).map(|r| r.outcome).collect::<Vec<_>>()
        };
        let rows = tuning.sizes.iter().map(|s| (s.memory_size_mb, kept(s.memory_size_mb)));
        rows.collect::<Vec<_>>()
    });
    assert_eq!(rows[0], rows[1]);
    assert!(rows[0].iter().all(|(_, kept)| kept.len() == 6), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_drivers_choose_what_to_measure_and_leave_no_trace() {
    for tuning in both(&adaptive_input(), &adaptive_request()).await {
        assert_eq!(
            (
                tuning.request.options.planner_name().as_str(),
                tuning.request.options.asked_per_size()
            ),
            ("standard", None)
        );
        let measured: Vec<u32> = tuning.sizes.iter().map(|s| s.memory_size_mb).collect();
        // The smallest and the present one; what else is a matter of noise.
        assert!(measured.starts_with(&[128]) && measured.contains(&512), "{measured:?}");
        // More than once at each, and no grid of all sizes.
        let made = tuning.records.len();
        assert!(
            made > measured.len() && made < 100,
            "{made} invocations at {measured:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_a_stable_name_and_a_readable_cause() {
    let folder = tempfile::tempdir().unwrap();
    let lambda = local(folder.path()).await;
    let client = AwsLambda::local(&lambda.endpoint(), "us-east-1");
    let mut number = 0;
    let mut ask = async |input: Value| {
        number += 1;
        let name = number.to_string();
        let execution = Execution {
            client: &client,
            name: &name,
        };
        let error = execution.call("initialize", &input).await.unwrap_err();
        // As the state machine goes on: nothing was touched, and the cause is one line.
        let caught = json!({ "error": { "Error": error["errorType"], "Cause": error.to_string() } });
        let ending = execution.step("restore", &caught).await;
        assert_eq!(ending["error"], error["errorType"]);
        (
            ending["error"].as_str().unwrap().to_owned(),
            ending["cause"].as_str().unwrap().to_owned(),
        )
    };
    let (error, cause) = ask(json!({ "lambdaARN": "nobody" })).await;
    assert_eq!(error, "Tuner.NotFound");
    assert!(cause.contains("nobody") && !cause.contains('\n'), "{cause}");
    let (error, cause) = ask(json!({ "lambdaARN": "target", "num": 2, "powerValue": [128] })).await;
    assert_eq!(error, "Tuner.Input");
    assert!(cause.contains("num is 2") && cause.contains("powerValues"), "{cause}");
    let (error, cause) = ask(json!({ "lambdaARN": "target", "payloadS3": "nowhere" })).await;
    assert_eq!(error, "Tuner.Input");
    assert!(cause.contains("payloadS3"), "{cause}");
    lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adaptive_step_that_is_repeated_repeats_nothing_that_it_had_come_to() {
    let folder = tempfile::tempdir().unwrap();
    let lambda = local(folder.path()).await;
    let client = AwsLambda::local(&lambda.endpoint(), "us-east-1");
    let execution = Execution {
        client: &client,
        name: "again",
    };
    let mut now = execution.step("initialize", &adaptive_input()).await;
    now = execution.step("plan", &now).await;
    now = execution.step("publish", &now).await;
    now = execution.step("plan", &now).await;
    let groups = now["groups"].as_array().unwrap().clone();
    assert_eq!(groups.len(), 1);
    // It goes from size to size by itself.
    let first = execution.step("sample", &json!({ "group": groups[0] })).await;
    let sizes = first["invocations"].as_object().unwrap_or_else(|| panic!("{first}"));
    assert!(sizes.len() >= 2, "{first}");
    let second = execution.step("sample", &json!({ "group": groups[0] })).await;
    assert_eq!(first, second);
    // Those after it know what it has come to, though the first answer never reached them.
    now["measured"] = json!([second]);
    now = execution.step("plan", &now).await;
    assert_ne!(now["next"], "sample", "{now}");
    now = execution.step("restore", &now).await;
    assert_eq!(now["leftovers"], json!([]));
    lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_repeated_repeats_nothing_it_has_paid_for() {
    let folder = tempfile::tempdir().unwrap();
    let lambda = local(folder.path()).await;
    let client = AwsLambda::local(&lambda.endpoint(), "us-east-1");
    let execution = Execution {
        client: &client,
        name: "again",
    };
    execution.step("initialize", &input()).await;
    let mut now = execution.step("initialize", &input()).await;
    now = execution.step("plan", &now).await;
    now = execution.step("publish", &now).await;
    let versions = lambda.versions("target").unwrap().len();
    execution.step("publish", &now).await;
    assert_eq!(lambda.versions("target").unwrap().len(), versions);
    now = execution.step("plan", &now).await;
    let groups = now["groups"].as_array().unwrap().clone();
    let first = execution.step("sample", &json!({ "group": groups[0] })).await;
    let second = execution.step("sample", &json!({ "group": groups[0] })).await;
    assert_eq!(first, second);
    assert_eq!(first["invocations"]["128"], json!(6));
    now = execution.step("restore", &now).await;
    execution.step("restore", &now).await;
    assert!(lambda.versions("target").unwrap().len() <= 1);
    lambda.shutdown().await;
}
