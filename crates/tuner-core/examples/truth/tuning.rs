//! A tuning by the planner and the decision that ship.

use std::collections::BTreeMap;

use tuner_core::analysis::{self, Findings, Terms};
use tuner_core::planning::{AdaptivePlanner, Budget, Candidates, Preset};
use tuner_core::pricing::{PriceQuote, Rate};
use tuner_core::{Constraint, InvocationRecord, MemorySize, Objective, Outcome, Planner, Progress, Question};

use crate::cases::RANGE_MB;
use crate::function::{Function, Invoked};
use crate::random::Random;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub objective: Objective,
    pub preset: Preset,
    pub present_mb: Option<u32>,
    pub constraint: Option<Constraint>,
}

/// What was done, and found.
#[derive(Debug, Clone)]
pub struct Tuned {
    pub records: Vec<InvocationRecord>,
    pub findings: Findings,
    pub question: Question,
}

/// Tunes `function`.
///
/// # Errors
/// When the planner does not end, or a thing is missing that a tuning needs.
pub fn tune(function: &Function, asked: Asked, quote: &PriceQuote, random: Random) -> Result<Tuned, String> {
    const TIMEOUT_MS: f64 = 120_000.0;
    const NO_END: usize = 3000;
    let payloads = function.payloads()?;
    let question = Question {
        present_memory_size_mb: asked.present_mb,
        constraints: asked.constraint.into_iter().collect(),
        payload_shares: payloads.shares(),
        ..Question::plain(asked.objective, Rate::of(quote, 512).ok_or("no price")?, RANGE_MB)
    };
    let mut planner = AdaptivePlanner {
        effort: asked.preset.effort().ok_or("a grid chooses no sizes")?,
        question: question.clone(),
        candidates: Candidates::Range(RANGE_MB.0, RANGE_MB.1),
        timeout_ms: Some(TIMEOUT_MS),
        budget: Budget::default(),
        elapsed_ms: 0.0,
        concurrency: 1,
        all_payloads: payloads.all_sent_after(),
    };
    let mut function = Invoked::new(function, random);
    let (mut progress, mut records) = (Progress::new(), Vec::<InvocationRecord>::new());
    loop {
        let batches = planner.next(&progress);
        if batches.is_empty() {
            break;
        }
        if records.len() > NO_END {
            return Err("the planner does not end".to_owned());
        }
        for batch in batches {
            let size = progress.entry(batch.memory_size).or_default();
            for _ in 0..batch.invocations {
                let made = size.outcomes.total();
                let turn = payloads.sequence(made as usize + 1).pop().unwrap_or_default();
                let record = function.invoke(batch.memory_size.mb(), turn, payloads.is_weighted());
                planner.elapsed_ms += record.performance_ms().unwrap_or_default();
                let failed = record.outcome != Outcome::Success;
                size.add(&record);
                records.push(record);
                // The engine asks again after a first invocation that failed.
                if failed && made == 0 {
                    break;
                }
            }
        }
    }
    let sizes: Vec<MemorySize> = progress.keys().copied().collect();
    let terms = Terms {
        price: Some(quote),
        ephemeral_storage_mb: 512,
        question: &question,
        trim_share: 0.0,
        only_cold_starts: false,
    };
    let findings = analysis::analyze(&sizes, &records, &BTreeMap::new(), &terms);
    Ok(Tuned {
        records,
        findings,
        question,
    })
}
