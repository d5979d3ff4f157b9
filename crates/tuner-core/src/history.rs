//! Past tunings in brief: what a list of them shows, and the service's index of them holds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::pricing::Money;
use crate::tuning::{MeasuringEnvironment, TuningStatus};
use crate::{Tuning, Verdict};

/// A past tuning in brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastTuning {
    /// UUIDv7 of the tuning, which orders them by the time they began.
    pub tuning_id: Uuid,
    /// As resolved; a full ARN when known.
    pub function: String,
    /// What it was called by the tuning, if something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When measuring was over.
    pub finished_at: Timestamp,
    /// How it ended.
    pub status: TuningStatus,
    /// What to do.
    pub verdict: Verdict,
    /// Memory size before the tuning, in MB; absent for a program on somebody's machine, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present_memory_size_mb: Option<u32>,
    /// The size to use, in MB; absent when there is none.
    #[serde(default)]
    pub recommended_memory_size_mb: Option<u32>,
    /// How much less an invocation costs at the recommended size than at the present one, in %; less than 0 when it costs
    /// more.
    #[serde(default)]
    pub saving_pct: Option<f64>,
    /// What the tuning itself cost; nothing on one's own machine.
    #[serde(default)]
    pub cost: Option<Money>,
    /// Whether the recommendation was applied.
    #[serde(default)]
    pub applied: bool,
    /// Where document and report are.
    #[serde(default)]
    pub store: String,
}

impl PastTuning {
    /// `tuning` in brief; its document is in `store`.
    pub fn of(tuning: &Tuning, store: &str) -> Self {
        let decision = &tuning.decision;
        Self {
            tuning_id: tuning.tuning_id,
            function: tuning.function.name.to_string(),
            name: tuning.request.options.name.clone(),
            finished_at: tuning.finished_at,
            status: tuning.status,
            verdict: decision.verdict,
            present_memory_size_mb: tuning.function.memory_size_mb,
            recommended_memory_size_mb: decision.memory_size_mb,
            saving_pct: decision.cost_change.map(|change| -100.0 * change.value),
            cost: match (&tuning.environment, tuning.machinery) {
                (MeasuringEnvironment::Local { .. }, _) => None,
                (MeasuringEnvironment::Aws, None) => tuning.exploration.total(),
                (MeasuringEnvironment::Aws, Some(_)) => tuning.cost(),
            },
            applied: tuning.applied.is_some(),
            store: store.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_service_wrote_is_read() {
        let text = r#"{"tuning_id": "01995b5e-0000-7000-8000-000000000000", "function": "f", "status": "succeeded",
            "finished_at": "2026-11-21T10:00:00Z", "verdict": "keep", "present_memory_size_mb": 128, "colour": "green"}"#;
        let past: PastTuning = serde_json::from_str(text).unwrap();
        assert_eq!((past.verdict, past.saving_pct), (Verdict::Keep, None));
        let again = serde_json::to_string(&past).unwrap();
        assert_eq!(serde_json::from_str::<PastTuning>(&again).unwrap(), past);
    }
}
