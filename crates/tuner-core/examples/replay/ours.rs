//! The planners and the decision that ship, and what the decision says, in the one place that reads it.

use tuner_core::analysis::{self, Terms};
use tuner_core::planning::{AdaptivePlanner, Budget, Candidates, Effort, Preset, SizeProgress};
use tuner_core::{Decision, Estimate, InvocationRecord, MemorySize, Objective, Planner, Progress, Question};

use crate::world::World;

/// What is known and asked before.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// The present memory size, in MB.
    pub present_mb: Option<u32>,
    /// So many invocations of the present size are read from logs, for nothing.
    pub logged: u32,
}

/// What is said of the size chosen.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Mean duration, in ms.
    pub ms: Option<Estimate>,
    /// Mean cost, in USD.
    pub cost: Option<Estimate>,
    /// The next best size, in MB, and how likely it is to be better.
    pub runner_up: Option<(u32, f64)>,
    /// Change of mean duration and of mean cost against the present size, as ratios.
    pub changes: Option<(Estimate, Estimate)>,
}

impl Claim {
    fn of(decision: &Decision) -> Self {
        let chosen = decision
            .compared
            .iter()
            .find(|c| Some(c.memory_size_mb) == decision.memory_size_mb);
        Self {
            ms: chosen.map(|c| c.duration_ms),
            cost: chosen.map(|c| c.cost),
            runner_up: decision
                .runner_up
                .as_ref()
                .map(|r| (r.memory_size_mb, r.probability_better)),
            changes: decision.duration_change.zip(decision.cost_change),
        }
    }
}

pub fn choose(
    world: &mut World<'_>,
    preset: Preset,
    objective: Objective,
    before: Before,
) -> Option<(Option<u32>, Claim)> {
    let range = world.range();
    let question = Question {
        present_memory_size_mb: before.present_mb,
        ..Question::plain(objective, *world.rate(), range)
    };
    let planner = AdaptivePlanner {
        effort: preset.effort()?,
        question: question.clone(),
        candidates: Candidates::Range(range.0, range.1),
        timeout_ms: None,
        budget: Budget::default(),
        elapsed_ms: 0.0,
        concurrency: 1,
        all_payloads: 1,
    };
    let mut progress = Progress::new();
    let mut records: Vec<InvocationRecord> = Vec::new();
    if let Some(mb) = before.present_mb {
        // To the planner of today they are like its own.
        for _ in 0..before.logged {
            add(&mut progress, &mut records, world.logged(mb));
        }
    }
    // A planner knows nothing but what was measured: what it invokes only to confirm the answer is what it wants once one
    // that confirms nothing is content.
    let exploring = AdaptivePlanner {
        effort: Effort {
            confirmed: 0,
            ..planner.effort
        },
        ..planner.clone()
    };
    let mut measure = |planner: &AdaptivePlanner, world: &mut World<'_>| {
        loop {
            let batches = planner.next(&progress);
            if batches.is_empty() {
                break;
            }
            for batch in batches {
                for _ in 0..batch.invocations {
                    add(&mut progress, &mut records, world.record(batch.memory_size.mb()));
                }
            }
        }
    };
    measure(&exploring, world);
    world.explored();
    measure(&planner, world);
    let sizes: Vec<_> = progress.keys().copied().collect();
    let terms = Terms {
        price: None,
        ephemeral_storage_mb: 512,
        question: &question,
        trim_share: 0.0,
        only_cold_starts: false,
    };
    let decision = analysis::analyze(&sizes, &records, &Default::default(), &terms).decision;
    Some((decision.memory_size_mb, Claim::of(&decision)))
}

fn add(progress: &mut Progress, records: &mut Vec<InvocationRecord>, record: InvocationRecord) {
    if let Ok(memory_size) = MemorySize::new(record.memory_size_mb) {
        let size: &mut SizeProgress = progress.entry(memory_size).or_default();
        size.add(&record);
        records.push(record);
    }
}
