use serde_json::json;
use tuner_core::Objective;
use tuner_core::pricing::Rate;

use crate::Policy;
use crate::curves::Recorded;
use crate::random::Random;
use crate::world::{World, rate};

pub const OBJECTIVES: [Objective; 3] = [
    Objective::Cost,
    Objective::Speed,
    Objective::Balanced { cost_weight: 0.5 },
];

/// How one policy did on one function with one objective: means over repetitions.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub function: String,
    pub source: String,
    pub policy: Policy,
    pub objective: Objective,
    pub invocations: f64,
    /// What they cost, in USD.
    pub exploration_usd: f64,
    /// The same, in invocations at the cheapest size.
    pub best_invocations: f64,
    /// How much worse the chosen size is than the best, in the objective's own terms, in %.
    pub regret_pct: f64,
    /// The size chosen most often, in MB.
    pub chosen_mb: Option<u32>,
}

impl Outcome {
    pub fn json(&self) -> String {
        json!({
            "function": self.function,
            "source": self.source,
            "policy": self.policy.name(),
            "objective": self.objective.to_string(),
            "invocations": self.invocations,
            "exploration_usd": self.exploration_usd,
            "best_invocations": self.best_invocations,
            "regret_pct": self.regret_pct,
            "chosen_mb": self.chosen_mb,
        })
        .to_string()
    }
}

/// What is true of a function: cost and duration by memory size.
struct Truth {
    sizes: Vec<(u32, f64, f64)>,
    cost_max: f64,
    ms_max: f64,
}

impl Truth {
    /// At every size measured, and every 64 MB between them.
    fn of(recorded: &Recorded, rate: &Rate) -> Self {
        let (first, last) = recorded.range();
        let between = (first.div_ceil(64)..=last / 64).map(|k| k * 64);
        let sizes: Vec<(u32, f64, f64)> = recorded
            .sizes
            .keys()
            .copied()
            .chain(between)
            .map(|mb| Self::at(recorded, rate, mb))
            .collect();
        let largest = |value: fn(&(u32, f64, f64)) -> f64| sizes.iter().map(value).fold(0.0, f64::max);
        Self {
            cost_max: largest(|s| s.1),
            ms_max: largest(|s| s.2),
            sizes,
        }
    }

    fn at(recorded: &Recorded, rate: &Rate, mb: u32) -> (u32, f64, f64) {
        let (measured, factor) = recorded.nearest(mb);
        let durations = &recorded.sizes[&measured];
        (mb, rate.cost(mb, durations.billed(factor)), durations.mean() * factor)
    }

    fn score(&self, objective: Objective, size: &(u32, f64, f64)) -> f64 {
        match objective {
            Objective::Cost => size.1,
            Objective::Speed => size.2,
            Objective::Balanced { cost_weight } => {
                cost_weight * size.1 / self.cost_max + (1.0 - cost_weight) * size.2 / self.ms_max
            }
        }
    }

    fn best(&self, objective: Objective) -> f64 {
        let scores = self.sizes.iter().map(|size| self.score(objective, size));
        scores.fold(f64::INFINITY, f64::min)
    }
}

/// Lets `policy` choose `repetitions` times.
pub fn score(
    recorded: &Recorded,
    policy: Policy,
    objective: Objective,
    repetitions: u32,
    present: Option<u32>,
) -> Outcome {
    let rate = rate().unwrap_or(Rate::GB_SECONDS);
    let truth = Truth::of(recorded, &rate);
    let (best, cheapest) = (truth.best(objective), truth.best(Objective::Cost));
    let (mut invocations, mut cost, mut regret) = (0.0, 0.0, 0.0);
    let mut chosen: Vec<u32> = Vec::new();
    for repetition in 0..repetitions {
        // The same draws for every policy and objective.
        let random = Random::seeded(&format!("{} {repetition}", recorded.function));
        let mut world = World::new(recorded, rate, random);
        let size = policy.choose(&mut world, objective, present);
        invocations += f64::from(world.invocations);
        cost += world.cost_usd;
        // One that finds nothing leaves the function at the largest size.
        let mb = size.unwrap_or(recorded.range().1);
        regret += truth.score(objective, &Truth::at(recorded, &rate, mb)) / best - 1.0;
        chosen.push(mb);
    }
    let n = f64::from(repetitions);
    chosen.sort_unstable();
    let most_often = chosen
        .chunk_by(|a, b| a == b)
        .max_by_key(|run| run.len())
        .map(|run| run[0]);
    Outcome {
        function: recorded.function.clone(),
        source: recorded.source.clone(),
        policy,
        objective,
        invocations: invocations / n,
        exploration_usd: cost / n,
        best_invocations: cost / n / cheapest,
        regret_pct: 100.0 * regret / n,
        chosen_mb: most_often,
    }
}
