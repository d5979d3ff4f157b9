//! A function that does not exist, tuned by the planner and the decision that ship.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test uses some of it"
)]

use std::collections::BTreeMap;

use tuner_core::analysis::{self, Findings, Terms};
use tuner_core::planning::{AdaptivePlanner, Budget, Candidates, Preset, Stopped};
use tuner_core::pricing::Rate;
use tuner_core::{InvocationRecord, MemorySize, Objective, Outcome, Progress, Question, StartKind};

/// x86 in us-east-1.
pub const RATE: Rate = Rate {
    gb_second: 0.000_016_666_7,
    second: 0.0,
    request: 0.000_000_2,
    version_gb: Some(0.0),
};

#[path = "../../examples/replay/random.rs"]
mod random;
pub use random::Random;

/// What the function does at a memory size in its n-th invocation there (from 0).
pub type Behaviour<'a> = dyn FnMut(u32, u32) -> InvocationRecord + 'a;

pub fn planner(objective: Objective) -> AdaptivePlanner {
    AdaptivePlanner {
        effort: Preset::Standard.effort().unwrap(),
        question: Question::plain(objective, RATE, (128, 10_240)),
        candidates: Candidates::Range(128, 10_240),
        timeout_ms: Some(60_000.0),
        budget: Budget::default(),
        elapsed_ms: 0.0,
        concurrency: 1,
        all_payloads: 1,
    }
}

pub fn success(mb: u32, call: u32, ms: f64) -> InvocationRecord {
    let cold = call == 0;
    InvocationRecord {
        start: Some(if cold { StartKind::Cold } else { StartKind::Warm }),
        duration_ms: Some(ms),
        billed_duration_ms: Some(ms.ceil().max(1.0) as u64),
        max_memory_used_mb: Some(60),
        ..InvocationRecord::bare(mb, Outcome::Success)
    }
}

pub fn failure(mb: u32, outcome: Outcome, billed_ms: f64) -> InvocationRecord {
    InvocationRecord {
        start: Some(StartKind::Warm),
        duration_ms: Some(billed_ms),
        billed_duration_ms: Some(billed_ms.ceil() as u64),
        ..InvocationRecord::bare(mb, outcome)
    }
}

pub struct Run {
    pub records: Vec<InvocationRecord>,
    pub progress: Progress,
    /// Memory sizes in the order in which they were asked for.
    pub asked: Vec<u32>,
    pub stopped: Option<Stopped>,
    pub findings: Findings,
    pub cost: f64,
    pub time_ms: f64,
}

impl Run {
    pub fn chosen(&self) -> Option<u32> {
        self.findings.decision.memory_size_mb
    }

    pub fn calls(&self, mb: u32) -> usize {
        self.records.iter().filter(|r| r.memory_size_mb == mb).count()
    }

    pub fn sizes(&self) -> Vec<u32> {
        let mut sizes = self.asked.clone();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }
}

/// Runs `planner` to its end, one invocation after another; `skipped` sizes can't be had.
pub fn run_with(mut planner: AdaptivePlanner, skipped: &[u32], behave: &mut Behaviour<'_>) -> Run {
    let mut progress = Progress::new();
    let mut records: Vec<InvocationRecord> = Vec::new();
    let (mut asked, mut stopped, mut cost) = (Vec::new(), None, 0.0);
    loop {
        assert!(asked.len() < 600, "no end: {asked:?}");
        let batches = match planner.plan(&progress) {
            Ok(batches) => batches,
            Err(why) => {
                stopped = Some(why);
                break;
            }
        };
        if batches.is_empty() {
            break;
        }
        for batch in batches {
            let mb = batch.memory_size.mb();
            asked.push(mb);
            let size = progress.entry(batch.memory_size).or_default();
            if skipped.contains(&mb) {
                size.skipped = Some("above the account's quota".to_owned());
                continue;
            }
            for _ in 0..batch.invocations {
                let record = behave(mb, size.outcomes.total());
                cost += match record.outcome {
                    Outcome::Throttled => 0.0,
                    _ => planner
                        .question
                        .rate
                        .cost(mb, record.billed_duration_ms.unwrap_or(0) as f64),
                };
                planner.elapsed_ms += record.performance_ms().unwrap_or(0.0);
                let failed = record.outcome != Outcome::Success;
                size.add(&record);
                records.push(record);
                // The engine asks again after a first invocation that failed.
                if failed && size.outcomes.total() == 1 {
                    break;
                }
            }
        }
    }
    let sizes: Vec<MemorySize> = progress.keys().copied().collect();
    let reasons: BTreeMap<MemorySize, String> = progress
        .iter()
        .filter_map(|(size, p)| Some((*size, p.skipped.clone()?)))
        .collect();
    let terms = Terms {
        price: None,
        ephemeral_storage_mb: 512,
        question: &planner.question,
        trim_share: 0.0,
        only_cold_starts: false,
    };
    let findings = analysis::analyze(&sizes, &records, &reasons, &terms);
    Run {
        records,
        progress,
        asked,
        stopped,
        findings,
        cost,
        time_ms: planner.elapsed_ms,
    }
}

pub fn run(planner: AdaptivePlanner, behave: &mut Behaviour<'_>) -> Run {
    run_with(planner, &[], behave)
}

/// The same with durations of a law with this much noise.
pub fn tune(planner: AdaptivePlanner, noise: f64, seed: u64, law: impl Fn(u32) -> f64) -> Run {
    let mut random = Random(seed);
    run(planner, &mut |mb, call| {
        success(mb, call, law(mb) * random.noise(noise))
    })
}
