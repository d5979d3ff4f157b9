use async_trait::async_trait;
use serde::Deserialize;
use std::sync::Arc;
use tuner_aws::StateMachines;
use tuner_engine::ports::{Store, Tunings};
use uuid::Uuid;

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
