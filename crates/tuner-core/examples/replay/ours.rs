//! The planners and the decision that ship.

use tuner_core::analysis::{self, Terms};
use tuner_core::planning::{AdaptivePlanner, Budget, Candidates, Preset, SizeProgress};
use tuner_core::{InvocationRecord, Objective, Planner, Progress, Question, StartKind};

use crate::world::World;

pub fn choose(world: &mut World<'_>, preset: Preset, objective: Objective, present: Option<u32>) -> Option<u32> {
    let range = world.range();
    let question = Question {
        present_memory_size_mb: present.map(|mb| mb.clamp(range.0, range.1)),
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
    loop {
        let batches = planner.next(&progress);
        if batches.is_empty() {
            break;
        }
        for batch in batches {
            let size: &mut SizeProgress = progress.entry(batch.memory_size).or_default();
            for _ in 0..batch.invocations {
                let start = match size.outcomes.total() {
                    0 => StartKind::Cold,
                    _ => StartKind::Warm,
                };
                let record = world.record(batch.memory_size.mb(), start);
                size.add(&record);
                records.push(record);
            }
        }
    }
    let sizes: Vec<_> = progress.keys().copied().collect();
    let terms = Terms {
        price: None,
        ephemeral_storage_mb: 512,
        question: &question,
        trim_share: 0.0,
        only_cold_starts: false,
    };
    analysis::analyze(&sizes, &records, &Default::default(), &terms)
        .decision
        .memory_size_mb
}
