use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Context as LambdaContext;
use tuner_aws::{AwsOptions, Connection};
use tuner_core::FunctionName;
use tuner_engine::execution::Defaults;
use tuner_engine::ports::Store;
use tuner_engine::review::ReviewContext;
use tuner_engine::{Backoff, CancellationToken, Context, DirectoryStore, SystemClock};
use uuid::Uuid;

use crate::failure::{Failed, named, of_store};
use crate::log::Log;
use crate::tunings::Executions;

/// Before its own time-out a handler needs this much to write records and answer, but never more than a fifth of it.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// What all invocations of a function share.
pub(crate) struct World {
    pub(crate) home: Connection,
    place: Place,
    pub(crate) defaults: Defaults,
    /// Where LPT's viewer is, if results are to have a link to it.
    pub(crate) visualization_base: Option<String>,
    /// ARN of the state machine that reviews start tunings with.
    pub(crate) tuning_machine: Option<String>,
    /// ARN of the topic that is told of reviews.
    pub(crate) review_topic: Option<String>,
}

/// Where the store is.
enum Place {
    Bucket(String),
    Directory(PathBuf),
}

impl World {
    pub(crate) async fn connect() -> Failed<Self> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let store = set("TUNER_STORE").ok_or_else(|| {
            named(
                "Tuner.Setup",
                "TUNER_STORE is not set; give it s3://BUCKET, or a directory",
            )
        })?;
        let defaults = match set("TUNER_DEFAULT_MEMORY_SIZES") {
            Some(sizes) => sizes
                .parse()
                .map_err(|e| named("Tuner.Setup", format!("TUNER_DEFAULT_MEMORY_SIZES: {e}")))?,
            None => Defaults::default(),
        };
        let control_plane_rate = match set("TUNER_CONTROL_PLANE_RATE") {
            Some(calls) => Some(calls.parse::<NonZeroU32>().map(NonZeroU32::get).map_err(|_| {
                let wrong = format!("TUNER_CONTROL_PLANE_RATE is {calls}, but must be calls a second, such as 10");
                named("Tuner.Setup", wrong)
            })?),
            None => None,
        };
        Ok(Self {
            home: Connection::load(AwsOptions {
                control_plane_rate,
                ..AwsOptions::default()
            })
            .await,
            place: match store.strip_prefix("s3://") {
                Some(bucket) => Place::Bucket(bucket.trim_end_matches('/').to_owned()),
                None => Place::Directory(store.into()),
            },
            defaults,
            tuning_machine: set("TUNER_STATE_MACHINE"),
            review_topic: set("TUNER_REVIEW_TOPIC"),
            visualization_base: set("TUNER_VISUALIZATION_URL"),
        })
    }

    /// The store below `prefix`, and where that is, as people find it.
    pub(crate) fn store(&self, prefix: &str) -> Failed<(Arc<dyn Store>, String)> {
        match &self.place {
            Place::Bucket(bucket) => {
                let store = self.home.store(bucket, prefix);
                let location = store.location();
                Ok((Arc::new(store), location))
            }
            Place::Directory(root) => {
                let folder = root.join(prefix);
                let location = folder.display().to_string();
                let store = DirectoryStore::create(folder).map_err(|e| of_store(&e))?;
                Ok((Arc::new(store), location))
            }
        }
    }

    /// The world of one tuning, for a handler with this much time. `function` says where the function under test is,
    /// `role_arn` as whom it is reached.
    pub(crate) async fn context(
        &self,
        tuning_id: Uuid,
        lambda: &LambdaContext,
        function: Option<&FunctionName>,
        role_arn: Option<&str>,
    ) -> Failed<Context> {
        let there = self
            .home
            .elsewhere(function.and_then(FunctionName::region), role_arn)
            .await;
        let client = Arc::new(there.lambda());
        Ok(Context {
            control: client.clone(),
            invoker: client,
            processors: Arc::new(self.home.anywhere()),
            logs: Some(Arc::new(there.logs())),
            reports: Some(there.reports()),
            tunings: Some(Arc::new(Executions {
                store: self.store("")?.0,
                state_machines: self.home.state_machines(),
            })),
            store: self.store(&format!("tunings/{tuning_id}/"))?.0,
            clock: Arc::new(SystemClock),
            observer: Arc::new(Log(tuning_id)),
            cancel: CancellationToken::new(),
            backoff: Backoff::default(),
            hand_back_at: hand_back_at(lambda.deadline),
        })
    }

    /// The world of one review, for a handler with this much time; the account is read as `role_arn`, by as many handlers
    /// at the same time.
    pub(crate) fn review_context(
        &self,
        review_id: Uuid,
        lambda: &LambdaContext,
        role_arn: Option<&str>,
        sharing: u32,
    ) -> Failed<ReviewContext> {
        Ok(ReviewContext {
            account: Arc::new(self.home.account(role_arn).shared_by(sharing)),
            store: self.store("")?.0,
            clock: Arc::new(SystemClock),
            observer: Arc::new(Log(review_id)),
            cancel: CancellationToken::new(),
            backoff: Backoff::default(),
            hand_back_at: hand_back_at(lambda.deadline),
        })
    }
}

/// `deadline_ms` is when Lambda ends this invocation, in ms since 1970.
fn hand_back_at(deadline_ms: u64) -> Option<Timestamp> {
    let deadline = Timestamp::from_millisecond(i64::try_from(deadline_ms).ok()?).ok()?;
    let time_left = deadline.duration_since(Timestamp::now());
    deadline.checked_sub(MARGIN.min(time_left / 5)).ok()
}
