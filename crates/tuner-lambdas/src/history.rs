//! The index of past tunings: one small object each, so that a list of them is quickly read.

use tuner_core::PastTuning;
use tuner_engine::ports::{Store, StoreError};

/// Below this the index is.
pub(crate) const INDEX: &str = "history/";

/// Adds to the index, or replaces what it says of this tuning. Keys ascend with time, since a UUIDv7 does.
pub(crate) async fn save(past: &PastTuning, history: &dyn Store) -> Result<(), StoreError> {
    // Text and numbers can't fail to serialise.
    let bytes = serde_json::to_vec(past).unwrap_or_default();
    history.put(&format!("{}.json", past.tuning_id), &bytes).await.map(drop)
}
