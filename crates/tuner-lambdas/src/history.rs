//! The index of past tunings: one small object each, so that a list of them is quickly read.

use jiff::Timestamp;
use serde::Serialize;
use tuner_core::tuning::TuningStatus;
use tuner_core::{Tuning, Verdict};
use tuner_engine::ports::{Store, StoreError};
use uuid::Uuid;

/// One past tuning.
#[derive(Serialize)]
pub(crate) struct Entry<'a> {
    tuning_id: Uuid,
    function: String,
    finished_at: Timestamp,
    status: TuningStatus,
    verdict: Verdict,
    present_memory_size_mb: u32,
    recommended_memory_size_mb: Option<u32>,
    applied: bool,
    /// Where document and report are.
    store: &'a str,
}

impl<'a> Entry<'a> {
    pub(crate) fn of(tuning: &Tuning, store: &'a str) -> Self {
        Self {
            tuning_id: tuning.tuning_id,
            function: tuning.function.name.to_string(),
            finished_at: tuning.finished_at,
            status: tuning.status,
            verdict: tuning.decision.verdict,
            present_memory_size_mb: tuning.function.memory_size_mb,
            recommended_memory_size_mb: tuning.decision.memory_size_mb,
            applied: tuning.applied.is_some(),
            store,
        }
    }

    /// Keys ascend with time, since a UUIDv7 does.
    pub(crate) async fn save(&self, history: &dyn Store) -> Result<(), StoreError> {
        // Text and numbers can't fail to serialise.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        history.put(&format!("{}.json", self.tuning_id), &bytes).await.map(drop)
    }
}
