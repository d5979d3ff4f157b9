//! The steps as Lambda functions, called one after the other as a state machine would, on the local Lambda; and the same
//! function tuned by the in-process driver: both come to the same answer, and both leave the function as it was.

#![allow(clippy::unwrap_used, reason = "a test: what goes wrong is its result")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tuner_aws::AwsLambda;
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{MemorySize, Payloads, Tuning};
use tuner_engine::driver::{self, Setting};
use tuner_engine::ports::Invoker;
use tuner_engine::{Backoff, CancellationToken, Context, DirectoryStore, Silent, SystemClock, TuningRequest};
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
            timeout: Duration::from_secs(60),
            variables: variables.into(),
            ..FunctionSpec::new(role, vec![env!("CARGO_BIN_EXE_bootstrap").to_owned()])
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

/// Invokes a step; panics with the step's own words if it failed.
async fn step(client: &AwsLambda, role: &str, input: &Value) -> Value {
    let reply = client
        .invoke(&role.parse().unwrap(), &serde_json::to_vec(input).unwrap())
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&reply.payload).into_owned();
    assert!(reply.function_error.is_none(), "{role}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn request() -> TuningRequest {
    TuningRequest {
        memory_sizes: [128, 512].map(|mb| MemorySize::new(mb).unwrap()).to_vec(),
        invocations: 5,
        max_concurrency: 1,
        ..TuningRequest::new("target".parse().unwrap())
    }
}

async fn by_steps(client: &AwsLambda) -> Tuning {
    let mut now = step(
        client,
        "initialize",
        &json!({ "request": request(), "payload": { "n": 1.50 } }),
    )
    .await;
    now = step(client, "publish", &now).await;
    for _round in 0..20 {
        now = step(client, "plan", &now).await;
        if now["done"] == true {
            break;
        }
        now = step(client, "sample", &now).await;
        assert!(
            now.to_string().len() < 32 * 1024,
            "the state travels and must stay small"
        );
    }
    assert_eq!(now["done"], true);
    now = step(client, "restore", &now).await;
    let verdict = step(client, "analyze", &now).await;
    let places = step(client, "report", &now).await;
    assert!(places.to_string().contains("report.svg"), "{places}");
    let document = std::fs::read_to_string(verdict["document"].as_str().unwrap()).unwrap();
    serde_json::from_str(&document).unwrap()
}

async fn by_driver(client: Arc<AwsLambda>, store: &Path) -> Tuning {
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
        tunings: None,
    };
    let setting = Setting {
        prices: PriceTable::embedded(),
        price_region: None,
        environment: MeasuringEnvironment::Aws,
    };
    driver::run(&ctx, &request(), &Payloads::single(r#"{"n":1.50}"#), setting)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_drivers_give_the_same_answer_and_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let lambda = local(folder.path()).await;
    let client = Arc::new(AwsLambda::local(&lambda.endpoint(), "us-east-1"));
    let before = lambda.configuration("target").unwrap();
    let trace = |lambda: &LocalLambda| {
        let mut now = serde_json::to_value(lambda.configuration("target").unwrap()).unwrap();
        for moves_on in ["RevisionId", "LastModified"] {
            now.as_object_mut().unwrap().remove(moves_on);
        }
        now
    };
    let untouched = trace(&lambda);
    assert_eq!(untouched["Description"], "sleeps for 20 ms");

    let by_steps = by_steps(&client).await;
    assert_eq!(trace(&lambda), untouched);
    let by_driver = by_driver(client, &folder.path().join("driver")).await;
    assert_eq!(trace(&lambda), untouched);
    assert!(
        lambda.versions("target").unwrap().len() <= 1,
        "versions are left: {:?}",
        lambda.versions("target")
    );

    for tuning in [&by_steps, &by_driver] {
        // The same time at a quarter of the memory.
        assert_eq!(tuning.decision.memory_size_mb, Some(128));
        assert!(tuning.leftovers.is_empty(), "{:?}", tuning.leftovers);
        assert_eq!(tuning.function.name, by_driver.function.name);
    }
    assert_eq!(by_steps.decision.verdict, by_driver.decision.verdict);
    let rows = |t: &Tuning| {
        t.sizes
            .iter()
            .map(|s| (s.memory_size_mb, s.outcomes))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&by_steps), rows(&by_driver));
    drop(before);
    lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_a_stable_name_and_a_readable_cause() {
    let folder = tempfile::tempdir().unwrap();
    let lambda = local(folder.path()).await;
    let client = AwsLambda::local(&lambda.endpoint(), "us-east-1");
    let ask = async |input: Value| {
        let reply = client
            .invoke(&"initialize".parse().unwrap(), &serde_json::to_vec(&input).unwrap())
            .await
            .unwrap();
        assert!(reply.function_error.is_some());
        serde_json::from_slice::<Value>(&reply.payload).unwrap()
    };
    let nobody = TuningRequest {
        function: "nobody".parse().unwrap(),
        ..request()
    };
    let error = ask(json!({ "request": nobody })).await;
    assert_eq!(error["errorType"], "Tuner.NotFound");
    assert!(error["errorMessage"].as_str().unwrap().contains("nobody"), "{error}");
    let few = TuningRequest {
        invocations: 2,
        ..request()
    };
    let error = ask(json!({ "request": few })).await;
    assert_eq!(error["errorType"], "Tuner.Input");
    assert_eq!(ask(json!({ "request": 1 })).await["errorType"], "Tuner.Input");
    lambda.shutdown().await;
}
