use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tuner_core::{Batch, ControlCalls, MemorySize};
use uuid::{Builder, Uuid};

use crate::check::Round;

/// What the state machine calls a step with.
#[derive(Deserialize)]
pub(crate) struct Call {
    /// ARN of the execution.
    pub(crate) execution: String,
    /// When the execution was started.
    started_at: Time,
    /// What the state was entered with.
    pub(crate) input: Box<RawValue>,
}

/// A time as an engine gives it: RFC 3339, as Step Functions does, or seconds since 1970.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Rfc3339(Timestamp),
    Seconds(f64),
}

impl Call {
    /// UUIDv7 of the tuning or review that this execution is, the same in all of its steps and however often one is repeated.
    pub(crate) fn id(&self) -> Uuid {
        let ms = match self.started_at {
            Time::Rfc3339(at) => at.as_millisecond(),
            Time::Seconds(s) => (s * 1000.0) as i64,
        };
        let digest = Sha256::digest(self.execution.as_bytes());
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        Builder::from_unix_timestamp_millis(ms.max(0) as u64, &random).into_uuid()
    }
}

/// What the state that called holds, as far as a step needs it.
#[derive(Deserialize, Default)]
pub(crate) struct Held {
    /// ARN of the function under test.
    pub(crate) function: Option<String>,
    /// Role by which it is reached.
    pub(crate) role_arn: Option<String>,
    /// Results of the groups that were measured, for the plan.
    #[serde(default)]
    pub(crate) measured: Vec<Measured>,
    /// What is to be measured, for a sample.
    pub(crate) group: Option<Group>,
    /// Whether the execution checks the function as it is, in place of tuning it.
    #[serde(default)]
    pub(crate) check: bool,
    /// What came of a round of a check, for the plan.
    pub(crate) round: Option<Round>,
    /// What went wrong, for putting things back after a failure.
    pub(crate) error: Option<Caught>,
}

/// Sizes that are measured by one call.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub(crate) struct Group {
    pub(crate) batches: Vec<Batch>,
    /// Invocations of all its sizes together made at the same time.
    pub(crate) max_concurrency: u32,
}

/// What came of a group.
#[derive(Deserialize)]
pub(crate) struct Measured {
    pub(crate) group: Option<Group>,
    pub(crate) error: Option<Caught>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    /// Invocations that Lambda refused, since too many ran at the same time.
    #[serde(default)]
    pub(crate) throttled: u32,
    /// The step's own limited calls.
    #[serde(default)]
    pub(crate) control_calls: ControlCalls,
    /// Sizes that can't be measured any more, and why.
    #[serde(default)]
    pub(crate) skipped: BTreeMap<MemorySize, String>,
}

impl Measured {
    /// How often something was refused, since too many ran at the same time: invocations, or the step itself.
    pub(crate) fn throttles(&self) -> u32 {
        let of_step = |error: &Caught| matches!(&*error.error, "Lambda.TooManyRequestsException" | "Tuner.Throttled");
        self.throttled + u32::from(self.error.as_ref().is_some_and(of_step))
    }
}

/// An error as a state catches it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Caught {
    #[serde(rename = "Error")]
    pub(crate) error: String,
    #[serde(rename = "Cause", default)]
    pub(crate) cause: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(started_at: &str) -> Call {
        serde_json::from_str(&format!(
            r#"{{"execution": "arn:aws:states:eu-west-1:1:execution:m:e", "started_at": {started_at}, "input": {{}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn an_id_is_made_of_the_execution() {
        let id = call("\"2026-11-21T10:00:00.123Z\"").id();
        assert_eq!(id, call("\"2026-11-21T10:00:00.123Z\"").id());
        assert_eq!(id, call("1795255200.123").id());
        assert_eq!(id.get_version_num(), 7);
        assert_ne!(id, call("\"2026-11-21T10:00:01.123Z\"").id());
    }
}
