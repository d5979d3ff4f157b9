use serde_json::json;
use tuner_core::pricing::Rate;
use tuner_core::{Axis, Objective};

use crate::Policy;
use crate::curves::Recorded;
use crate::ours::{Before, Claim};
use crate::random::Random;
use crate::statistics::{mean, median, percent, share};
use crate::truth::Truth;
use crate::world::{World, rate};

pub const OBJECTIVES: [Objective; 3] = [
    Objective::Cost,
    Objective::Speed,
    Objective::Balanced { cost_weight: 0.5 },
];

/// Invocations until the next tuning, for which totals are given.
pub const AHEAD: [f64; 3] = [1e4, 1e5, 1e6];

/// What is asked of every function.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub repetitions: u32,
    /// The memory size that every function has before, in MB; clamped to the range recorded.
    pub present_mb: Option<u32>,
    /// So many invocations of the present size are read from logs, for nothing.
    pub logged: u32,
}

/// How one policy did on one function with one objective.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub function: String,
    pub source: String,
    pub policy: Policy,
    pub objective: Objective,
    /// The memory size that it had before, in MB.
    pub present_mb: Option<u32>,
    pub runs: Vec<Run>,
}

/// One repetition.
#[derive(Debug, Clone)]
pub struct Run {
    pub invocations: f64,
    /// What they cost, in USD.
    pub exploration_usd: f64,
    /// What those that started cold cost, in USD.
    pub cold_usd: f64,
    /// Cost of all, in invocations at the cheapest size.
    pub best_invocations: f64,
    /// What invocations cost after choosing, which only confirm the answer, likewise.
    pub confirming: f64,
    /// How much worse the chosen size is than the best, in the objective's own terms, in %.
    pub regret_pct: f64,
    /// The size chosen, in MB.
    pub chosen_mb: u32,
    /// It has less than the head-room.
    pub tight: bool,
    /// The chosen size against the present one.
    pub raised: Option<Raised>,
    pub said: Option<Said>,
}

/// True figures at the chosen size against those at the present one, as ratios.
#[derive(Debug, Clone, Copy)]
pub struct Raised {
    pub cost: f64,
    pub score: f64,
    pub ms: f64,
}

impl Raised {
    /// A run counts as one that raises a figure where it does so by more than this.
    const SLIGHT: f64 = 1.01;
    /// Duration, as a ratio, that is worth a little more cost.
    const MUCH_FASTER: f64 = 0.9;

    pub fn raises_cost(self) -> bool {
        self.cost > Self::SLIGHT
    }

    pub fn raises_score(self) -> bool {
        self.score > Self::SLIGHT
    }

    /// It raises the cost, and is not even much faster.
    pub fn in_vain(self) -> bool {
        self.raises_cost() && self.ms > Self::MUCH_FASTER
    }
}

/// What was said of the chosen size, beside what is true.
#[derive(Debug, Clone)]
pub struct Said {
    /// Whether the interval of the mean duration, of the mean cost, and of the change (that the objective is about) holds the true one.
    pub ms_covered: Option<bool>,
    pub cost_covered: Option<bool>,
    pub change_covered: Option<bool>,
    /// How likely the next best size was said to be better, and whether it is.
    pub runner_up: Option<(f64, bool)>,
    /// Saving claimed less the true one, in points: of cost, or of duration where that alone counts.
    pub claimed_minus_true: Option<f64>,
}

impl Outcome {
    pub fn mean(&self, value: fn(&Run) -> f64) -> f64 {
        mean(self.runs.iter().map(value))
    }

    pub fn exploration_usd(&self) -> f64 {
        self.mean(|r| r.exploration_usd)
    }

    pub fn confirming(&self) -> f64 {
        self.mean(|r| r.confirming)
    }

    pub fn best_invocations(&self) -> f64 {
        self.mean(|r| r.best_invocations)
    }

    pub fn regret_pct(&self) -> f64 {
        self.mean(|r| r.regret_pct)
    }

    /// What was said in each run that says something.
    pub fn said(&self) -> impl Iterator<Item = &Said> {
        self.runs.iter().filter_map(|r| r.said.as_ref())
    }

    /// The size chosen most often, in MB.
    fn chosen_mb(&self) -> Option<u32> {
        let mut chosen: Vec<u32> = self.runs.iter().map(|r| r.chosen_mb).collect();
        chosen.sort_unstable();
        let runs = chosen.chunk_by(|a, b| a == b);
        runs.max_by_key(|run| run.len()).map(|run| run[0])
    }

    pub fn json(&self) -> String {
        let totals: Vec<f64> = AHEAD
            .into_iter()
            .map(|n| self.best_invocations() + n * self.regret_pct() / 100.0)
            .collect();
        let covered = |of: fn(&Said) -> Option<bool>| percent(share(self.said().filter_map(of)));
        let raised = |is: fn(Raised) -> bool| percent(share(self.runs.iter().filter_map(|r| r.raised).map(is)));
        json!({
            "function": self.function,
            "source": self.source,
            "policy": self.policy.name(),
            "objective": self.objective.to_string(),
            "invocations": self.mean(|r| r.invocations),
            "exploration_usd": self.exploration_usd(),
            "best_invocations": self.best_invocations(),
            "confirming_best_invocations": self.confirming(),
            "regret_pct": self.regret_pct(),
            "chosen_mb": self.chosen_mb(),
            "present_mb": self.present_mb,
            "total_1e4": totals[0],
            "total_1e5": totals[1],
            "total_1e6": totals[2],
            "cold_usd": self.mean(|r| r.cold_usd),
            "no_headroom_pct": percent(share(self.runs.iter().map(|r| r.tight))),
            "raises_cost_pct": raised(Raised::raises_cost),
            "raises_cost_in_vain_pct": raised(Raised::in_vain),
            "raises_score_pct": raised(Raised::raises_score),
            "covered_duration_pct": covered(|s| s.ms_covered),
            "covered_cost_pct": covered(|s| s.cost_covered),
            "covered_change_pct": covered(|s| s.change_covered),
            "runner_up_said_pct": percent(mean_of(self.said().filter_map(|s| Some(s.runner_up?.0)))),
            "runner_up_is_better_pct": percent(share(self.said().filter_map(|s| Some(s.runner_up?.1)))),
            "claimed_minus_true_points": median(self.said().filter_map(|s| s.claimed_minus_true)),
        })
        .to_string()
    }
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| mean(values.into_iter()))
}

/// Lets `policy` choose as often as asked.
pub fn score(recorded: &Recorded, policy: Policy, objective: Objective, asked: &Asked) -> Outcome {
    let rate = rate().unwrap_or(Rate::GB_SECONDS);
    let truth = Truth::of(recorded, rate);
    let range = recorded.range();
    let before = Before {
        present_mb: asked.present_mb.map(|mb| mb.clamp(range.0, range.1)),
        logged: asked.logged,
    };
    let runs = (0..asked.repetitions).map(|repetition| {
        // The same draws for every policy and objective.
        let random = Random::seeded(&format!("{} {repetition}", recorded.function));
        let mut world = World::new(recorded, rate, random);
        let (size, claim) = policy.choose(&mut world, objective, before);
        // One that finds nothing leaves the function at the largest size.
        let chosen_mb = size.unwrap_or(range.1);
        let chosen = truth.at(chosen_mb);
        let above_best = truth.score(objective, &chosen) / truth.best(objective) - 1.0;
        Run {
            invocations: f64::from(world.invocations),
            exploration_usd: world.cost_usd,
            cold_usd: world.cold_cost_usd,
            best_invocations: world.explored_usd.unwrap_or(world.cost_usd) / truth.best(Objective::Cost),
            confirming: (world.cost_usd - world.explored_usd.unwrap_or(world.cost_usd)) / truth.best(Objective::Cost),
            // A size without head-room may be better than the best that has it, which is no merit.
            regret_pct: 100.0 * if chosen.roomy { above_best } else { above_best.max(0.0) },
            chosen_mb,
            tight: !chosen.roomy,
            raised: before.present_mb.map(|mb| {
                let present = truth.at(mb);
                Raised {
                    cost: chosen.cost / present.cost,
                    score: truth.score(objective, &chosen) / truth.score(objective, &present),
                    ms: chosen.ms / present.ms,
                }
            }),
            said: claim.map(|claim| said(&claim, chosen_mb, &truth, objective, before.present_mb)),
        }
    });
    Outcome {
        function: recorded.function.clone(),
        source: recorded.source.clone(),
        policy,
        objective,
        present_mb: before.present_mb,
        runs: runs.collect(),
    }
}

fn said(claim: &Claim, chosen_mb: u32, truth: &Truth<'_>, objective: Objective, present_mb: Option<u32>) -> Said {
    let chosen = truth.at(chosen_mb);
    let change = claim.changes.zip(present_mb).map(|((ms, cost), present_mb)| {
        let present = truth.at(present_mb);
        match objective.axis() {
            Axis::Duration => (ms, chosen.ms / present.ms - 1.0),
            Axis::Cost | Axis::Both { .. } => (cost, chosen.cost / present.cost - 1.0),
        }
    });
    Said {
        ms_covered: claim.ms.map(|ms| ms.contains(chosen.ms)),
        cost_covered: claim.cost.map(|cost| cost.contains(chosen.cost)),
        change_covered: change.map(|(said, is)| said.contains(is)),
        runner_up: claim.runner_up.map(|(mb, probability)| {
            let better = truth.score(objective, &truth.at(mb)) < truth.score(objective, &chosen);
            (probability, better)
        }),
        claimed_minus_true: change.map(|(said, is)| 100.0 * (is - said.value)),
    }
}
