use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tuner_aws::StateMachines;
use tuner_core::check::{Baseline, Check};
use tuner_core::{FunctionName, PastTuning, Tuning};
use tuner_engine::ports::{Store, StoreError, Tunings};
use tuner_engine::steps::{DOCUMENT, check};
use uuid::Uuid;

use crate::history::{self, PastCheck};

/// Entries of the index that are looked through for a function's, the newest first.
const MOST_INDEXED: usize = 300;
/// Documents of a function that are read.
const MOST_DOCUMENTS: usize = 5;
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

impl Executions {
    /// What the index below `prefix` holds of a function, the newest first.
    async fn indexed<T: DeserializeOwned>(
        &self,
        prefix: &str,
        is_of_it: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, String> {
        let mut keys = self.store.list(prefix).await.map_err(said)?;
        // IDs ascend with time.
        keys.sort_unstable_by(|a, b| b.cmp(a));
        keys.truncate(MOST_INDEXED);
        let read = |key: String| async move { self.read(&key).await };
        let all: Vec<Option<T>> = stream::iter(keys).map(read).buffered(AT_ONCE).try_collect().await?;
        Ok(all.into_iter().flatten().filter(is_of_it).collect())
    }

    /// The documents of the first of these.
    async fn documents<T: DeserializeOwned>(&self, ids: Vec<Uuid>, name: &str) -> Result<Vec<T>, String> {
        let mut documents = Vec::new();
        for id in ids.into_iter().take(MOST_DOCUMENTS) {
            documents.extend(self.read(&format!("tunings/{id}/{name}")).await?);
        }
        Ok(documents)
    }

    /// What is there, if it can be read: what can't is of another version.
    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, String> {
        let bytes = self.store.get(key).await.map_err(said)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// What a check of `function`, which has `memory_size_mb` now, may be compared with, the latest first: checks of it, or of any
    /// of its versions and aliases where it names none, and tunings.
    pub(crate) async fn earlier(
        &self,
        function: &FunctionName,
        memory_size_mb: Option<u32>,
    ) -> Result<Vec<Baseline>, String> {
        let (name, qualifier) = (function.unqualified(), function.qualifier());
        let is_of_it = |past: &PastCheck| {
            past.function.unqualified() == name && (qualifier.is_none() || past.function.qualifier() == qualifier)
        };
        let checks = self.indexed(history::CHECKS, is_of_it).await?;
        let ids = checks.iter().map(|past| past.check_id).collect();
        let checks: Vec<Check> = self.documents(ids, check::DOCUMENT).await?;
        let tunings = self.of(&name).await?.into_iter();
        // A dry run compares nothing, and nothing is compared with it.
        let tunings = tunings.filter(|tuning| !tuning.request.options.dry_run);
        let mut all: Vec<Baseline> = (checks.iter().filter(|check| Baseline::may_be(check)))
            .map(Baseline::of_check)
            .chain(tunings.filter_map(|tuning| Baseline::of_tuning(&tuning, memory_size_mb)))
            .collect();
        all.sort_by_key(|baseline| std::cmp::Reverse(baseline.measured_at));
        Ok(all)
    }

    /// What the check or tuning with this ID measured; `None` if there is none, or it measured nothing.
    pub(crate) async fn baseline(&self, id: Uuid, memory_size_mb: Option<u32>) -> Result<Option<Baseline>, String> {
        if let Some(check) = self.read::<Check>(&format!("tunings/{id}/{}", check::DOCUMENT)).await? {
            return Ok(Some(Baseline::of_check(&check)));
        }
        let tuning = self.read::<Tuning>(&format!("tunings/{id}/{DOCUMENT}")).await?;
        Ok(tuning.and_then(|tuning| Baseline::of_tuning(&tuning, memory_size_mb)))
    }
}

fn said(error: StoreError) -> String {
    error.to_string()
}

#[async_trait]
impl Tunings for Executions {
    async fn of(&self, function: &FunctionName) -> Result<Vec<Tuning>, String> {
        let is_of_it = |past: &PastTuning| past.function == function.to_string();
        let found = self.indexed(history::INDEX, is_of_it).await?;
        let ids: Vec<Uuid> = found.iter().map(|past| past.tuning_id).collect();
        self.documents(ids, DOCUMENT).await
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
