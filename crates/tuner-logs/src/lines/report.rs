use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use tuner_core::StartKind;

use super::Status;

/// How close to the memory size "all memory used" may be, in MB: real out-of-memory reports show 1023 of 1024 and 126
/// of 128.
const MEMORY_SLACK_MB: u32 = 2;

/// One REPORT line or `platform.report` event: what one invocation took and was billed.
///
/// What the line does not say is `None`. Managed Instances report a duration and nothing else.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The invocation's request ID. An asynchronous retry keeps it: two reports of one ID are two billed invocations.
    pub request_id: String,
    /// Time in the handler, in ms. Init and restore are not in it, except an init that failed and was repeated.
    pub duration_ms: f64,
    /// What is billed, in ms. Holds init (for everyone since 2025-08-01) and the billed part of a restore already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_duration_ms: Option<u64>,
    /// The configured memory size, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// The most memory used by any invocation of this execution environment so far, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_used_mb: Option<u32>,
    /// Time to initialise the environment, in ms; present exactly on a cold start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_duration_ms: Option<f64>,
    /// Time to restore the SnapStart snapshot, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_duration_ms: Option<f64>,
    /// The billed part of the restore, in ms; already in the billed duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_restore_duration_ms: Option<u64>,
    /// How it ended; text prints it on failure only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why it failed, such as `Runtime.OutOfMemory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// The X-Ray trace, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xray: Option<Box<XRay>>,
    /// The tenant, for functions with tenant isolation, where the event itself says so (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// When the event was written, by itself (JSON) or by what stands before it in an export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// The X-Ray ids beside a REPORT.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct XRay {
    /// `XRAY TraceId` in text, `Root` in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The function's segment (text only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_id: Option<String>,
    /// `Parent` of the trace header (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The event's span (JSON only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Whether the trace was sampled, if the line says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<bool>,
}

impl Report {
    /// Cold exactly if there is an init duration, restored exactly if there is a restore duration.
    pub fn start_kind(&self) -> StartKind {
        if self.restore_duration_ms.is_some() {
            StartKind::Restored
        } else if self.init_duration_ms.is_some() {
            StartKind::Cold
        } else {
            StartKind::Warm
        }
    }

    /// What the caller waited for, in ms: duration + init + restore. This is for speed only; the cost is that of the
    /// billed duration alone.
    pub fn performance_ms(&self) -> f64 {
        self.duration_ms + self.init_duration_ms.unwrap_or(0.0) + self.restore_duration_ms.unwrap_or(0.0)
    }

    /// Whether all of the memory was used. With a timeout this means that the timeout is probably a lack of memory.
    pub fn memory_exhausted(&self) -> bool {
        matches!((self.max_memory_used_mb, self.memory_size_mb), (Some(used), Some(size)) if used >= size)
    }

    /// Whether memory was used up to within 2 MB of the memory size: under-provisioned, whatever the status.
    pub fn near_memory_size(&self) -> bool {
        self.max_memory_used_mb
            .zip(self.memory_size_mb)
            .is_some_and(|(used, size)| is_near(used, size))
    }
}

/// All memory used, to within 2 MB.
#[inline]
pub(super) fn is_near(used_mb: u32, size_mb: u32) -> bool {
    used_mb.saturating_add(MEMORY_SLACK_MB) >= size_mb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_kind_is_decided_by_the_fields() {
        let warm = Report {
            duration_ms: 10.0,
            ..Report::default()
        };
        let cold = Report {
            init_duration_ms: Some(5.0),
            ..warm.clone()
        };
        let restored = Report {
            restore_duration_ms: Some(7.0),
            ..warm.clone()
        };
        assert_eq!(
            [&warm, &cold, &restored].map(Report::start_kind),
            [StartKind::Warm, StartKind::Cold, StartKind::Restored]
        );
        assert_eq!(
            [&warm, &cold, &restored].map(Report::performance_ms),
            [10.0, 15.0, 17.0]
        );
    }

    #[test]
    fn memory_exhausted_is_at_the_size_and_near_it_two_below() {
        let of = |used| Report {
            memory_size_mb: Some(128),
            max_memory_used_mb: Some(used),
            ..Report::default()
        };
        assert!(of(128).memory_exhausted() && !of(127).memory_exhausted());
        assert!(of(126).near_memory_size() && !of(125).near_memory_size());
        assert!(!Report::default().near_memory_size());
    }
}
