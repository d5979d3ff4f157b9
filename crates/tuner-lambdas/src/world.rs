use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::{Context as LambdaContext, Diagnostic};
use tuner_aws::{AwsLambda, AwsOptions};
use tuner_core::Payloads;
use tuner_engine::{Backoff, CancellationToken, Context, DirectoryStore, Silent, SystemClock};
use uuid::Uuid;

use crate::failure::{named, of_step};

/// Before its own time-out a handler needs this much to write records and answer.
const MARGIN: Duration = Duration::from_secs(10);
const PAYLOADS: &str = "payload.json";

/// What all invocations of a function share.
pub(crate) struct World {
    lambda: Arc<AwsLambda>,
    store: PathBuf,
}

impl World {
    pub(crate) async fn connect() -> Result<Self, Diagnostic> {
        let store = std::env::var_os("TUNER_STORE").ok_or_else(|| {
            named(
                "Tuner.Setup",
                "TUNER_STORE is not set; it names the directory for records",
            )
        })?;
        Ok(Self {
            lambda: Arc::new(AwsLambda::connect(AwsOptions::default()).await),
            store: store.into(),
        })
    }

    /// The world of one tuning, for a handler with this much time.
    pub(crate) fn context(&self, tuning_id: Uuid, lambda: &LambdaContext) -> Result<Context, Diagnostic> {
        let store = DirectoryStore::create(self.store.join(tuning_id.to_string())).map_err(|e| of_step(&e.into()))?;
        Ok(Context {
            control: self.lambda.clone(),
            processors: self.lambda.clone(),
            invoker: self.lambda.clone(),
            store: Arc::new(store),
            clock: Arc::new(SystemClock),
            observer: Arc::new(Silent),
            cancel: CancellationToken::new(),
            backoff: Backoff::default(),
            hand_back_at: hand_back_at(lambda.deadline),
            logs: None,
        })
    }

    /// Keeps the payloads: they may be too large, or too secret, to travel.
    pub(crate) async fn keep_payloads(ctx: &Context, text: &str) -> Result<(), Diagnostic> {
        ctx.store
            .put(PAYLOADS, text.as_bytes())
            .await
            .map(drop)
            .map_err(|e| of_step(&e.into()))
    }

    pub(crate) async fn payloads(ctx: &Context) -> Result<Payloads, Diagnostic> {
        let bytes = ctx.store.get(PAYLOADS).await.map_err(|e| of_step(&e.into()))?;
        parse_payloads(&String::from_utf8_lossy(&bytes.unwrap_or_else(|| b"{}".to_vec())))
    }
}

pub(crate) fn parse_payloads(text: &str) -> Result<Payloads, Diagnostic> {
    Payloads::parse(text, "payload").map_err(|e| named("Tuner.Input", e))
}

/// `deadline_ms` is when Lambda ends this invocation, in ms since 1970.
fn hand_back_at(deadline_ms: u64) -> Option<Timestamp> {
    let deadline = Timestamp::from_millisecond(i64::try_from(deadline_ms).ok()?).ok()?;
    deadline.checked_sub(MARGIN).ok()
}
