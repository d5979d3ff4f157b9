//! What must not get worse while a candidate has traffic, and what takes it back.
//!
//! A guard is asked at every look, from the first invocation on. Those that count rates compare with the control in the same
//! look, so that an outage of something behind the function, which hits both, cancels out. What can have but one reason (out of
//! memory below the control's size, a process that does not come up) needs no statistics.

mod p95;
mod rate;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use p95::P95Guard;
pub use rate::{RateGuard, Rates};

use super::evidence::Evidence;
use super::look::{Arm, FailureKind, Look};
use super::verdict::FIRST_OF_COST;
use crate::stats::Estimate;

/// How often each guard may take a harmless candidate back over a whole run.
const ALPHA: f64 = 0.01;
/// Evidence that breaks a guard: Ville's inequality bounds by its inverse how often it is ever reached by chance.
const BREAKS: f64 = 1.0 / ALPHA;
/// Environments of a candidate in which one process that does not come up, or ends, is enough.
const FIRST_ENVIRONMENTS: usize = 3;
/// Time-outs that are enough where the control has none.
const TIMEOUTS: u64 = 2;

/// What guards hold the candidate to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Whether the candidate has less memory than the control.
    pub smaller: bool,
    /// Its p95 may be this many times the control's. A cheaper candidate is expected to be slower: a limit of the user's, or
    /// what was predicted, says by how much.
    pub p95_factor: f64,
    /// Its cost per invocation may be this many times the control's.
    pub cost_factor: f64,
    /// This share of calls may be throttled in a look, or twice the highest share of any look before.
    pub throttled_share: f64,
}

impl Limits {
    /// p95 by no more than a quarter above the control's, cost not above it, 1 % of calls throttled.
    pub const fn new(smaller: bool) -> Self {
        Self {
            smaller,
            p95_factor: 1.25,
            cost_factor: 1.0,
            throttled_share: 0.01,
        }
    }
}

/// A guard that is broken, and by how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "guard", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Broken {
    /// More invocations fail (time-outs apart).
    Errors(Rates),
    /// More invocations time out.
    Timeouts(Rates),
    /// The candidate, with less memory, ran out of it, and the control did not.
    OutOfMemory {
        /// How often.
        count: u64,
    },
    /// The process of one of its first environments did not come up, or ended; none of the control's did.
    Startup {
        /// Environments it failed in.
        environments: u32,
    },
    /// It timed out, and the control never did.
    FirstTimeouts {
        /// How often.
        count: u64,
    },
    /// More of its durations are above the limit than a twentieth.
    P95 {
        /// Warm invocations above the limit.
        above: u64,
        /// All that were compared.
        compared: u64,
        /// The limit in units of the control's p95 at equal age.
        factor: f64,
    },
    /// It costs more than it may.
    Cost {
        /// The change of cost per invocation; its lower bound is above the limit.
        change: Estimate,
        /// How many times the control's cost it may have.
        factor: f64,
    },
    /// More calls are throttled than may be, or were before.
    Throttles {
        /// In this look.
        share: f64,
        /// What may be.
        limit: f64,
    },
    /// An alarm that was to be watched is in the state ALARM.
    Alarms {
        /// Their names.
        names: Vec<String>,
    },
}

/// All guards of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guards {
    limits: Limits,
    errors: RateGuard,
    timeouts: RateGuard,
    p95: P95Guard,
    /// By arm, of all looks.
    out_of_memory: [u64; 2],
    timed_out: [u64; 2],
    /// Processes of the control that did not come up, or ended.
    control_stops: u64,
    /// Of the candidate's first environments.
    early_stops: BTreeSet<u64>,
    /// The candidate's environments, no more than are asked for.
    first: BTreeSet<u64>,
    throttled: f64,
    throttled_before: f64,
    alarms: Vec<String>,
}

impl Guards {
    /// Nothing was seen yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            errors: RateGuard::default(),
            timeouts: RateGuard::default(),
            p95: P95Guard::default(),
            out_of_memory: [0; 2],
            timed_out: [0; 2],
            control_stops: 0,
            early_stops: BTreeSet::new(),
            first: BTreeSet::new(),
            throttled: 0.0,
            throttled_before: 0.0,
            alarms: Vec::new(),
        }
    }

    /// Takes a look from before the candidate had traffic: what the control does by itself is no harm of the candidate's.
    pub fn before(&mut self, look: &Look) {
        self.count(look, Arm::Control);
        self.throttled_before = self.throttled_before.max(throttled_share(look));
    }

    /// Takes a look. `evidence` has it already.
    pub fn fold(&mut self, look: &Look, evidence: &Evidence) {
        let environments_before = self.first.len();
        self.count(look, Arm::Control);
        self.count(look, Arm::Candidate);
        for failure in look.failures.iter().filter(|f| f.arm == Arm::Candidate) {
            if stops(failure.kind) && environments_before < FIRST_ENVIRONMENTS {
                self.early_stops.insert(failure.stream);
            }
        }
        let observed = look.observations.iter().filter(|o| o.arm == Arm::Candidate);
        let failed = look.failures.iter().filter(|f| f.arm == Arm::Candidate);
        for stream in observed.map(|o| o.stream).chain(failed.map(|f| f.stream)) {
            if self.first.len() >= FIRST_ENVIRONMENTS {
                break;
            }
            self.first.insert(stream);
        }
        let arms = [Arm::Control, Arm::Candidate];
        let invocations = arms.map(|arm| look.invocations(arm));
        let timeouts = arms.map(|arm| look.failures(arm, |kind| kind == FailureKind::Timeout));
        let errors = arms.map(|arm| look.failures(arm, |kind| kind != FailureKind::Timeout));
        self.errors.add(invocations, errors);
        self.timeouts.add(invocations, timeouts);
        self.p95.add(look, evidence.control(), self.limits.p95_factor);
        self.throttled = throttled_share(look);
        self.alarms.clone_from(&look.alarms);
    }

    fn count(&mut self, look: &Look, arm: Arm) {
        let of = |is: fn(FailureKind) -> bool| look.failures(arm, is);
        self.out_of_memory[arm as usize] += of(|kind| kind == FailureKind::OutOfMemory);
        self.timed_out[arm as usize] += of(|kind| kind == FailureKind::Timeout);
        if arm == Arm::Control {
            self.control_stops += of(stops);
        }
    }

    /// What is broken by now, the surest first; empty as long as all hold.
    pub fn broken(&self, evidence: &Evidence) -> Vec<Broken> {
        let mut broken = Vec::new();
        if !self.alarms.is_empty() {
            broken.push(Broken::Alarms {
                names: self.alarms.clone(),
            });
        }
        let [control, candidate] = self.out_of_memory;
        if self.limits.smaller && candidate > 0 && control == 0 {
            broken.push(Broken::OutOfMemory { count: candidate });
        }
        if self.control_stops == 0 && !self.early_stops.is_empty() {
            broken.push(Broken::Startup {
                environments: self.early_stops.len() as u32,
            });
        }
        let [control, candidate] = self.timed_out;
        if control == 0 && candidate >= TIMEOUTS {
            broken.push(Broken::FirstTimeouts { count: candidate });
        }
        broken.extend(self.errors.broken().map(Broken::Errors));
        broken.extend(self.timeouts.broken().map(Broken::Timeouts));
        if self.p95.is_broken() {
            broken.push(Broken::P95 {
                above: self.p95.above,
                compared: self.p95.compared,
                factor: self.limits.p95_factor,
            });
        }
        broken.extend(self.cost(evidence));
        let limit = self.limits.throttled_share.max(2.0 * self.throttled_before);
        if self.throttled > limit {
            broken.push(Broken::Throttles {
                share: self.throttled,
                limit,
            });
        }
        broken
    }

    /// One side of the interval of cost.
    fn cost(&self, evidence: &Evidence) -> Option<Broken> {
        let compared = evidence
            .cost(2.0 * ALPHA)
            .filter(|cost| cost.matched >= FIRST_OF_COST)?;
        let low = compared.change.low?;
        (low > self.limits.cost_factor - 1.0).then_some(Broken::Cost {
            change: compared.change,
            factor: self.limits.cost_factor,
        })
    }

    /// Rates of failures other than time-outs.
    pub const fn errors(&self) -> &RateGuard {
        &self.errors
    }

    /// Rates of time-outs.
    pub const fn timeouts(&self) -> &RateGuard {
        &self.timeouts
    }

    /// Durations above the limit.
    pub const fn p95(&self) -> &P95Guard {
        &self.p95
    }
}

const fn stops(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::InitError | FailureKind::RuntimeExit)
}

fn throttled_share(look: &Look) -> f64 {
    let [control, candidate, throttled] = [
        look.invocations(Arm::Control),
        look.invocations(Arm::Candidate),
        look.throttles,
    ]
    .map(|count| count as f64);
    throttled / (control + candidate + throttled).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StartKind;
    use crate::live::{Failure, Observation, Present};

    fn failure(arm: Arm, stream: u64, kind: FailureKind) -> Failure {
        Failure { arm, stream, kind }
    }

    fn look(failures: &[Failure]) -> Look {
        Look {
            failures: failures.to_vec(),
            invocations: [950, 50],
            ..Look::default()
        }
    }

    fn guards(smaller: bool, looks: &[Look]) -> Vec<Broken> {
        let mut evidence = Evidence::new(Present::default());
        let mut guards = Guards::new(Limits::new(smaller));
        for look in looks {
            evidence.fold(look);
            guards.fold(look, &evidence);
        }
        guards.broken(&evidence)
    }

    #[test]
    fn one_out_of_memory_below_the_control_s_size_is_enough() {
        let of = |arm| failure(arm, 1, FailureKind::OutOfMemory);
        let broken = guards(true, &[look(&[]), look(&[of(Arm::Candidate)])]);
        assert_eq!(broken, [Broken::OutOfMemory { count: 1 }]);
        assert_eq!(guards(false, &[look(&[of(Arm::Candidate)])]), []);
        assert_eq!(
            guards(true, &[look(&[of(Arm::Control)]), look(&[of(Arm::Candidate)])]),
            []
        );
    }

    #[test]
    fn a_process_that_ends_in_one_of_the_first_environments_is_enough() {
        let exit = |arm, stream| failure(arm, stream, FailureKind::RuntimeExit);
        let broken = guards(false, &[look(&[exit(Arm::Candidate, 3)])]);
        assert_eq!(broken, [Broken::Startup { environments: 1 }]);
        let calm = |stream| Observation::new(Arm::Candidate, stream, 1, StartKind::Warm, 5.0, 1e-6).unwrap();
        let settled = Look {
            observations: vec![calm(1), calm(2), calm(3)],
            ..look(&[])
        };
        assert_eq!(guards(false, &[settled, look(&[exit(Arm::Candidate, 4)])]), []);
        let both = look(&[exit(Arm::Control, 9), exit(Arm::Candidate, 1)]);
        assert_eq!(guards(false, &[both]), []);
    }

    #[test]
    fn two_timeouts_where_there_were_none() {
        let out = failure(Arm::Candidate, 1, FailureKind::Timeout);
        assert_eq!(guards(false, &[look(&[out])]), []);
        let broken = guards(false, &[look(&[out]), look(&[]), look(&[out])]);
        assert!(broken.contains(&Broken::FirstTimeouts { count: 2 }), "{broken:?}");
    }

    #[test]
    fn throttles_are_compared_with_before_and_alarms_break_as_long_as_they_ring() {
        let throttled = |throttles| Look { throttles, ..look(&[]) };
        assert!(matches!(
            guards(false, &[throttled(20)])[..],
            [Broken::Throttles { .. }]
        ));
        assert_eq!(guards(false, &[throttled(5)]), []);
        let mut before = Guards::new(Limits::new(false));
        let evidence = Evidence::new(Present::default());
        before.before(&throttled(20));
        before.fold(&throttled(30), &evidence);
        assert_eq!(before.broken(&evidence), []);
        let rings = Look {
            alarms: vec!["p99".into()],
            ..look(&[])
        };
        assert!(matches!(
            guards(false, std::slice::from_ref(&rings))[..],
            [Broken::Alarms { .. }]
        ));
        assert_eq!(guards(false, &[rings, look(&[])]), []);
    }

    #[test]
    fn an_outage_that_hits_both_breaks_nothing() {
        let mut failures = vec![failure(Arm::Control, 1, FailureKind::FunctionError); 475];
        failures.extend([failure(Arm::Candidate, 2, FailureKind::FunctionError); 25]);
        assert_eq!(guards(false, &[look(&[]), look(&failures), look(&[])]), []);
    }
}
