use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LocalReading, Outcome, StartKind};

/// What one invocation of the function under test did, as its REPORT says; the raw material of a tuning.
///
/// Everything that the REPORT did not say is absent, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvocationRecord {
    /// Memory size that the invoked version has, in MB.
    pub memory_size_mb: u32,
    /// Version that was invoked, where a size has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Lambda's ID of the request; empty when the call was refused before it got one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Cold, warm or restored. Absent when there was no REPORT to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartKind>,
    /// Time in the handler, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// What is billed, in ms; it already holds billed init and restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_duration_ms: Option<u64>,
    /// Time to come up, in ms; only on a cold start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_duration_ms: Option<f64>,
    /// Time to restore a snapshot, in ms; only with SnapStart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_duration_ms: Option<f64>,
    /// Largest memory use of this execution environment so far, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_used_mb: Option<u32>,
    /// Name of the error, such as `Runtime.ExitError` or the class the handler raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// The function's own message, shortened. Absent when payloads are not to be logged, since messages quote them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Which of the weighted payloads was sent, from 0. Absent when there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_index: Option<u32>,
    /// How often Lambda answered 429 before this call went through; nothing ran and nothing was billed for those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub throttles: u32,
    /// What a local Lambda says of it besides its REPORT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalReading>,
    /// Left out of all figures, since others had the processor for much of its time; planners ask for another one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub set_aside: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
const fn is_false(yes: &bool) -> bool {
    !*yes
}

impl InvocationRecord {
    /// A record of which nothing is known but how it ended.
    pub fn bare(memory_size_mb: u32, outcome: Outcome) -> Self {
        Self {
            memory_size_mb,
            version: None,
            request_id: String::new(),
            outcome,
            start: None,
            duration_ms: None,
            billed_duration_ms: None,
            init_duration_ms: None,
            restore_duration_ms: None,
            max_memory_used_mb: None,
            error_type: None,
            error_message: None,
            payload_index: None,
            throttles: 0,
            local: None,
            set_aside: false,
        }
    }

    /// What a caller waits for, in ms: duration plus init or restore.
    ///
    /// Cost is another matter: the billed duration already holds what of these is billed.
    pub fn performance_ms(&self) -> Option<f64> {
        Some(self.duration_ms? + self.init_duration_ms.unwrap_or(0.0) + self.restore_duration_ms.unwrap_or(0.0))
    }

    /// Share of its duration in which others had the processor, if that is known.
    pub fn waited_share(&self) -> Option<f64> {
        let (waited, duration) = (self.local?.waited_ms?, self.duration_ms?);
        (duration > 0.0).then(|| (waited / duration).clamp(0.0, 1.0))
    }

    /// Whether it counts as a measurement: it succeeded, a REPORT says what it took, and it was not set aside.
    pub fn is_measured(&self) -> bool {
        !self.set_aside
            && self.outcome == Outcome::Success
            && self.duration_ms.is_some()
            && self.billed_duration_ms.is_some()
    }

    /// Whether Lambda ran, and so billed, anything.
    pub fn is_billed(&self) -> bool {
        self.outcome != Outcome::Throttled
    }
}
