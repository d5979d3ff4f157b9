use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use tuner_aws::StateMachines;
use tuner_core::{FunctionName, PastTuning, Tuning};
use tuner_engine::ports::{Store, StoreError, Tunings};
use tuner_engine::steps::DOCUMENT;
use uuid::Uuid;

use crate::history;

/// Entries of the index that are looked through for a function's, the newest first.
const MOST_INDEXED: usize = 300;
/// Tunings of a function that are read.
const MOST_TUNINGS: usize = 5;
/// Objects read at the same time.
const AT_ONCE: usize = 16;

/// The tunings whose state is in the store, each of which is an execution.
pub(crate) struct Executions {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) state_machines: StateMachines,
}

/// Of the state of a tuning, all that matters to another one.
#[derive(Deserialize)]
struct State {
    execution: String,
}

#[async_trait]
impl Tunings for Executions {
    async fn of(&self, function: &FunctionName) -> Result<Vec<Tuning>, String> {
        let said = |e: StoreError| e.to_string();
        let mut keys = self.store.list(history::INDEX).await.map_err(said)?;
        // IDs ascend with time.
        keys.sort_unstable_by(|a, b| b.cmp(a));
        keys.truncate(MOST_INDEXED);
        let arn = function.to_string();
        let arn = arn.as_str();
        let of_function = |key: String| async move {
            let bytes = self.store.get(&key).await.map_err(said)?;
            // What can't be read is of another version.
            let past = bytes.and_then(|bytes| serde_json::from_slice::<PastTuning>(&bytes).ok());
            Ok::<_, String>(past.filter(|past| past.function == arn))
        };
        let found: Vec<Option<PastTuning>> = stream::iter(keys)
            .map(of_function)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut tunings = Vec::new();
        for past in found.into_iter().flatten().take(MOST_TUNINGS) {
            let key = format!("tunings/{}/{DOCUMENT}", past.tuning_id);
            let bytes = self.store.get(&key).await.map_err(said)?;
            tunings.extend(bytes.and_then(|bytes| serde_json::from_slice::<Tuning>(&bytes).ok()));
        }
        Ok(tunings)
    }

    async fn is_over(&self, tuning_id: Uuid) -> bool {
        let key = format!("tunings/{tuning_id}/state.json");
        let Ok(Some(bytes)) = self.store.get(&key).await else {
            return false;
        };
        let Ok(State { execution }) = serde_json::from_slice(&bytes) else {
            return false;
        };
        match self.state_machines.execution(&execution).await {
            Ok(execution) => execution.status.is_over(),
            Err(error) => {
                tracing::warn!(execution, %error, "cannot tell whether a tuning is over");
                false
            }
        }
    }
}
