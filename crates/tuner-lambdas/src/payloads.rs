//! What is sent to functions under test, kept apart from the rest of a tuning: it may be too large to travel and too secret to
//! be seen in an execution's history, and it stays no longer than it is needed.

use std::sync::Arc;

use tuner_core::Payloads;
use tuner_engine::execution::{PAYLOADS, payload_key, payload_owner};
use tuner_engine::ports::{Store, Tunings};
use uuid::Uuid;

use crate::failure::{Failed, named, of_store};
use crate::world::World;

/// A tuning that was stopped by force has left its payloads. So many of others are looked at when one begins, the oldest first.
const MOST_LOOKED_AT: usize = 20;

/// The payloads of all tunings under way.
pub(crate) struct Kept {
    store: Arc<dyn Store>,
}

impl Kept {
    pub(crate) fn of(world: &World) -> Failed<Self> {
        Ok(Self {
            store: world.store("")?.0,
        })
    }

    pub(crate) async fn keep(&self, tuning_id: Uuid, text: &str) -> Failed<()> {
        let kept = self.store.put(&payload_key(tuning_id), text.as_bytes()).await;
        kept.map(drop).map_err(|e| of_store(&e))
    }

    pub(crate) async fn read(&self, tuning_id: Uuid) -> Failed<Payloads> {
        let key = payload_key(tuning_id);
        let bytes = self.store.get(&key).await.map_err(|e| of_store(&e))?;
        let text = bytes.ok_or_else(|| named("Tuner.Store", format!("there is no {key} in the store")))?;
        Payloads::parse(&String::from_utf8_lossy(&text), "payload").map_err(|e| named("Tuner.Input", e))
    }

    pub(crate) async fn forget(&self, tuning_id: Uuid) -> Failed<()> {
        self.store
            .delete(&payload_key(tuning_id))
            .await
            .map_err(|e| of_store(&e))
    }

    /// Deletes what tunings that are over have left. That it can't be done is no reason not to begin another one.
    pub(crate) async fn tidy(&self, ours: Uuid, tunings: &dyn Tunings) {
        let keys = match self.store.list(PAYLOADS).await {
            Ok(keys) => keys,
            Err(error) => return tracing::warn!(%error, "payloads of other tunings could not be listed"),
        };
        let others = keys
            .iter()
            .filter_map(|key| payload_owner(key))
            .filter(|id| *id != ours);
        for other in others.take(MOST_LOOKED_AT) {
            if tunings.is_over(other).await
                && let Err(error) = self.store.delete(&payload_key(other)).await
            {
                tracing::warn!(%other, %error, "the payload of a tuning that is over could not be deleted");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tuner_engine::DirectoryStore;

    use super::*;

    struct Over(Uuid);

    #[async_trait]
    impl Tunings for Over {
        async fn is_over(&self, tuning_id: Uuid) -> bool {
            tuning_id == self.0
        }

        async fn of(&self, _: &tuner_core::FunctionName) -> Result<Vec<tuner_core::Tuning>, String> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn what_a_tuning_that_is_over_has_left_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept {
            store: Arc::new(DirectoryStore::create(folder.path()).unwrap()),
        };
        let [over, running, ours] = [1, 2, 3].map(Uuid::from_u128);
        for id in [over, running, ours] {
            kept.keep(id, "{}").await.unwrap();
        }
        kept.tidy(ours, &Over(over)).await;
        assert!(kept.read(over).await.is_err());
        assert!(kept.read(running).await.is_ok() && kept.read(ours).await.is_ok());
        kept.forget(ours).await.unwrap();
        kept.forget(ours).await.unwrap();
        assert!(kept.read(ours).await.is_err());
    }
}
