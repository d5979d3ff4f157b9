//! The index of past tunings and checks: one small object each, so that a list of them is quickly read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tuner_core::check::Check;
use tuner_core::{FunctionName, PastTuning};
use tuner_engine::ports::{Store, StoreError};
use uuid::Uuid;

/// Below this the index of tunings is.
pub(crate) const INDEX: &str = "history/";
/// Below this that of checks, of those that later ones may be compared with.
pub(crate) const CHECKS: &str = "check-history/";

/// A past check in brief.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PastCheck {
    pub(crate) check_id: Uuid,
    /// With the version or alias that was checked.
    pub(crate) function: FunctionName,
    pub(crate) finished_at: Timestamp,
}

impl PastCheck {
    pub(crate) fn of(check: &Check) -> Self {
        Self {
            check_id: check.check_id,
            function: check.function.clone(),
            finished_at: check.finished_at,
        }
    }
}

/// Adds to the index, or replaces what it says of this tuning. Keys ascend with time, since a UUIDv7 does.
pub(crate) async fn save(past: &PastTuning, history: &dyn Store) -> Result<(), StoreError> {
    put(past.tuning_id, past, history).await
}

/// The same for a check.
pub(crate) async fn save_check(past: &PastCheck, history: &dyn Store) -> Result<(), StoreError> {
    put(past.check_id, past, history).await
}

async fn put(id: Uuid, past: &impl Serialize, history: &dyn Store) -> Result<(), StoreError> {
    // Text and numbers can't fail to serialise.
    let bytes = serde_json::to_vec(past).unwrap_or_default();
    history.put(&format!("{id}.json"), &bytes).await.map(drop)
}
