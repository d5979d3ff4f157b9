use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StartKind;

/// One of the two versions between which an alias divides its traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The version that the alias has.
    Control,
    /// The one at another memory size.
    Candidate,
}

/// What one successful invocation took, and where in the life of its environment it stood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    pub(super) arm: Arm,
    pub(super) stream: u64,
    pub(super) age: u32,
    pub(super) start: StartKind,
    /// Logarithm of the duration in ms.
    pub(super) ln_duration: f64,
    pub(super) cost: f64,
}

/// A number that no invocation can have.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObservationError {
    /// The duration is negative or no number.
    #[error("a duration of {0} ms")]
    Duration(f64),
    /// The cost is negative or no number.
    #[error("a cost of {0}")]
    Cost(f64),
}

/// Durations in ms further out than Lambda could report (its resolution is 0.01, its limit 15 minutes) count as the nearest of
/// these, so that sums of squares of whatever is read stay finite.
const DURATIONS_MS: (f64, f64) = (0.001, 1e9);
/// The same of costs: the cheapest invocation costs 2e-7 dollars.
const COSTS: (f64, f64) = (1e-12, 1e6);

impl Observation {
    /// `stream` is any number that only this execution environment has, such as its log stream's ID cut short; `age` the
    /// number of invocations that it had before this one; `duration_ms` without init, `cost` as billed.
    ///
    /// # Errors
    /// Where a number is negative, infinite or none.
    pub fn new(
        arm: Arm,
        stream: u64,
        age: u32,
        start: StartKind,
        duration_ms: f64,
        cost: f64,
    ) -> Result<Self, ObservationError> {
        let is_sound = |x: f64| x.is_finite() && x >= 0.0;
        if !is_sound(duration_ms) {
            return Err(ObservationError::Duration(duration_ms));
        }
        if !is_sound(cost) {
            return Err(ObservationError::Cost(cost));
        }
        Ok(Self {
            arm,
            stream,
            age,
            start,
            ln_duration: duration_ms.clamp(DURATIONS_MS.0, DURATIONS_MS.1).ln(),
            cost: cost.clamp(COSTS.0, COSTS.1),
        })
    }

    /// Of which version.
    pub const fn arm(&self) -> Arm {
        self.arm
    }

    /// How long it took, in ms.
    pub fn duration_ms(&self) -> f64 {
        self.ln_duration.exp()
    }

    /// What it cost.
    pub const fn cost(&self) -> f64 {
        self.cost
    }

    pub(super) fn is_warm(&self) -> bool {
        self.start == StartKind::Warm
    }
}

/// How an invocation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The handler answered with an error.
    FunctionError,
    /// The process ended by itself (`Runtime.ExitError`).
    RuntimeExit,
    /// The process did not come up.
    InitError,
    /// The process was killed because it needed more than the memory size.
    OutOfMemory,
    /// The handler did not answer in time.
    Timeout,
}

/// An invocation that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Which version failed.
    pub arm: Arm,
    /// The execution environment, as in [`Observation::new`].
    pub stream: u64,
    /// How.
    pub kind: FailureKind,
}

/// What both arms did in one window of time that is closed: whatever started in it has ended.
///
/// Observations and failures are in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Invocations that succeeded and were read.
    pub observations: Vec<Observation>,
    /// Invocations that failed.
    pub failures: Vec<Failure>,
    /// All invocations of the control and of the candidate, as metrics count them: logs are read in part where there is much
    /// traffic. Fewer than were read count as those.
    pub invocations: [u64; 2],
    /// Calls that Lambda refused for want of concurrency. Metrics do not say of which version.
    pub throttles: u64,
    /// Alarms that were to be watched and are in the state ALARM.
    pub alarms: Vec<String>,
}

impl Look {
    /// All invocations of an arm.
    pub fn invocations(&self, arm: Arm) -> u64 {
        let read = self.observations.iter().filter(|o| o.arm == arm).count()
            + self.failures.iter().filter(|f| f.arm == arm).count();
        self.invocations[arm as usize].max(read as u64)
    }

    pub(super) fn failures(&self, arm: Arm, is: impl Fn(FailureKind) -> bool) -> u64 {
        self.failures.iter().filter(|f| f.arm == arm && is(f.kind)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_refused_and_what_is_absurd_is_brought_near() {
        let of = |ms, cost| Observation::new(Arm::Control, 1, 0, StartKind::Warm, ms, cost);
        assert!(matches!(of(f64::NAN, 1.0), Err(ObservationError::Duration(_))));
        assert!(matches!(of(-1.0, 1.0), Err(ObservationError::Duration(_))));
        assert!(matches!(of(1.0, f64::INFINITY), Err(ObservationError::Cost(_))));
        assert_eq!(of(0.0, 0.0), of(f64::MIN_POSITIVE / 2.0, 1e-300));
        assert_eq!(of(1e300, 1e300).unwrap().cost, 1e6);
    }

    #[test]
    fn metrics_count_no_fewer_than_were_read() {
        let mut look = Look::default();
        look.failures.push(Failure {
            arm: Arm::Candidate,
            stream: 1,
            kind: FailureKind::Timeout,
        });
        look.invocations = [7, 0];
        assert_eq!(
            (look.invocations(Arm::Control), look.invocations(Arm::Candidate)),
            (7, 1)
        );
    }
}
