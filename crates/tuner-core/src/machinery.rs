//! What it takes to run a tuning as a state machine, beside the invocations of the function: state transitions, and the
//! tuner's own Lambdas.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pricing::{Money, PriceTable};
use crate::{Architecture, gb_seconds};

/// What the state machine itself took, before any free tier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machinery {
    /// What was used.
    #[serde(flatten)]
    pub work: Work,
    /// What the state transitions cost; absent when the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_transition_cost: Option<Money>,
    /// What the tuner's own Lambdas cost; absent when the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_cost: Option<Money>,
}

impl Machinery {
    /// All of it; `None` when a price is not known, or the two are in different currencies.
    pub fn cost(&self) -> Option<Money> {
        self.state_transition_cost?.checked_add(self.lambda_cost?).ok()
    }
}

/// What a state machine used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    /// Whether it was counted from the history of the execution; otherwise it is estimated.
    pub counted: bool,
    /// State transitions, retries included: each is charged.
    pub state_transitions: u64,
    /// Invocations of the tuner's own Lambdas.
    pub requests: u64,
    /// GB-seconds billed to them.
    pub gb_seconds: f64,
}

/// Where a state machine and its Lambdas run: not always where the function under test does.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Region of the state machine.
    pub region: &'a str,
    /// Instruction set of its Lambdas.
    pub architecture: Architecture,
}

/// A tuning that is to be run, as far as its machinery is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many memory sizes.
    pub sizes: u32,
    /// Invocations at each, beside the first one that every size begins with; 0 for a dry run.
    pub invocations: u32,
    /// Invocations of one size at the same time.
    pub concurrency: u32,
    /// Invocations of all sizes at the same time.
    pub max_concurrency: u32,
    /// Pause between invocations of one size, in ms.
    pub pause_ms: u64,
    /// How long an invocation of the function is expected to take, in ms.
    pub duration_ms: f64,
    /// Memory size of the tuner's own Lambdas, in MB.
    pub own_memory_mb: u32,
}

/// The most groups of sizes that are measured at the same time.
const MOST_GROUPS: u32 = 10;
/// Invocations that one of the tuner's Lambdas waits for at the same time without another one beside it.
const MOST_AT_ONCE: u32 = 8;
/// A step hands back what is left to do before Lambda's 15 minutes are over.
const STEP_MS: f64 = 840_000.0;
/// The rest are assumptions, from tunings of small functions. A handler that finds everything ready:
const HANDLER_MS: f64 = 300.0;
/// Change the memory size, wait, publish, wait.
const PUBLISH_MS: f64 = 6_000.0;
/// Delete one version.
const DELETE_MS: f64 = 200.0;
/// A call of the Invoke API beside the function's duration.
const CALL_MS: f64 = 15.0;

impl Work {
    /// What a tuning as `plan` says takes, before it is run: the state machine's own way through its states with no retry,
    /// and assumed durations of its Lambdas. While a function is measured one of them waits for it, and is billed too.
    pub fn estimate(plan: &Plan) -> Self {
        let (sizes, concurrency) = (plan.sizes.max(1), plan.concurrency.max(1));
        let at_once = plan.max_concurrency.min(sizes.saturating_mul(concurrency)).max(1);
        let groups = at_once.div_ceil(MOST_AT_ONCE).min(MOST_GROUPS).min(sizes);
        let in_a_row = 1 + plan.invocations.div_ceil(concurrency);
        let size_ms = f64::from(in_a_row) * (plan.duration_ms.max(0.0) + plan.pause_ms as f64 + CALL_MS);
        let group_ms = size_ms * f64::from(sizes.div_ceil((at_once / concurrency).clamp(1, sizes)));
        let publish_ms = PUBLISH_MS * f64::from(sizes);
        let publishes = 1 + (publish_ms / STEP_MS) as u64;
        let rounds = 1 + (group_ms / STEP_MS) as u64;
        // One before each of them, and the one that finds nothing left to do.
        let plans = publishes + rounds + 1;
        let sampled = rounds * u64::from(groups);
        // Read the function; put it back, analyze, apply, report.
        let once = 1 + 4;
        let requests = once + plans + publishes + sampled;
        let billed_ms =
            HANDLER_MS * requests as f64 + publish_ms + DELETE_MS * f64::from(sizes) + group_ms * f64::from(groups);
        Self {
            counted: false,
            // After each plan a choice, around each round a map.
            state_transitions: requests + plans + rounds,
            requests,
            gb_seconds: gb_seconds(plan.own_memory_mb, billed_ms),
        }
    }

    /// What that costs in `place`.
    pub fn priced(self, prices: &PriceTable, place: Place<'_>) -> Machinery {
        let transition = prices.state_transition(place.region).ok();
        let lambda = prices.quote(place.region, place.architecture).ok();
        Machinery {
            work: self,
            state_transition_cost: transition.map(|unit| unit.price * self.state_transitions as f64),
            lambda_cost: lambda.and_then(|quote| {
                let requests = quote.request_charge().ok()? * self.requests as f64;
                (quote.gb_second_price() * self.gb_seconds).checked_add(requests).ok()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::Currency;

    const SIX_SIZES: Plan = Plan {
        sizes: 6,
        invocations: 10,
        concurrency: 1,
        max_concurrency: 10,
        pause_ms: 0,
        duration_ms: 100.0,
        own_memory_mb: 256,
    };

    #[test]
    fn six_sizes_by_hand() {
        let work = Work::estimate(&SIX_SIZES);
        // Read, publish, put back, analyze, apply, report: 6. Plans: before publishing, before measuring, at the end: 3.
        // One sample waits for all sizes at the same time.
        assert_eq!(work.requests, 6 + 3 + 1);
        // The same, and a choice after each plan, and a map.
        assert_eq!(work.state_transitions, 10 + 3 + 1);
        // 10 x 0.3 s + 6 x (6 + 0.2) s + 11 x 0.115 s at a quarter of a GB.
        let seconds = 10.0 * 0.3 + 6.0 * 6.2 + 11.0 * 0.115;
        assert!((work.gb_seconds - seconds / 4.0).abs() < 1e-9, "{work:?}");
        assert!(!work.counted);
    }

    #[test]
    fn more_takes_more() {
        let base = Work::estimate(&SIX_SIZES);
        for (what, plan) in [
            ("sizes", Plan { sizes: 17, ..SIX_SIZES }),
            // 11 x 14 minutes in series: no step could sit that out.
            (
                "duration",
                Plan {
                    duration_ms: 840_000.0,
                    ..SIX_SIZES
                },
            ),
            (
                "pause",
                Plan {
                    pause_ms: 600_000,
                    ..SIX_SIZES
                },
            ),
            (
                "invocations",
                Plan {
                    invocations: 10_000,
                    ..SIX_SIZES
                },
            ),
        ] {
            let work = Work::estimate(&plan);
            assert!(work.state_transitions > base.state_transitions, "{what}: {work:?}");
            assert!(work.gb_seconds > base.gb_seconds, "{what}: {work:?}");
        }
        let few_at_once = Plan {
            max_concurrency: 2,
            ..SIX_SIZES
        };
        assert_eq!(Work::estimate(&few_at_once).requests, 6 + 3 + 1);
        let many_at_once = Plan {
            concurrency: 4,
            max_concurrency: 100,
            ..SIX_SIZES
        };
        assert_eq!(Work::estimate(&many_at_once).requests, 6 + 3 + 3);
        let dry_run = Plan {
            invocations: 0,
            ..SIX_SIZES
        };
        assert_eq!(Work::estimate(&dry_run).requests, 6 + 3 + 1);
    }

    #[test]
    fn it_is_priced_where_the_state_machine_runs() {
        let work = Work {
            counted: true,
            state_transitions: 1000,
            requests: 1_000_000,
            gb_seconds: 1.0,
        };
        let at = |region| {
            let architecture = Architecture::Arm64;
            work.priced(PriceTable::embedded(), Place { region, architecture })
        };
        let virginia = at("us-east-1");
        assert_eq!(virginia.state_transition_cost, Some(Money::usd(0.000_025 * 1000.0)));
        let lambda = virginia.lambda_cost.unwrap().amount;
        assert!((lambda - (0.000_013_333_4 + 0.2)).abs() < 1e-9, "{lambda}");
        assert!((virginia.cost().unwrap().amount - (0.025 + lambda)).abs() < 1e-12);
        let beijing = at("cn-north-1");
        assert_eq!(beijing.state_transition_cost.unwrap().currency, Currency::Cny);
        assert_eq!(at("eu-nowhere-1").cost(), None);
    }

    #[test]
    fn dollars_and_yuan_have_no_sum() {
        let machinery = Machinery {
            work: Work::estimate(&SIX_SIZES),
            state_transition_cost: Some(Money::usd(1.0)),
            lambda_cost: Some(Money::new(1.0, Currency::Cny)),
        };
        assert_eq!(machinery.cost(), None);
    }
}
