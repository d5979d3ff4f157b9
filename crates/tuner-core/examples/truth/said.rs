//! What a decision says, as statements that are true or false: the one place that reads its fields. It follows the words of
//! the report, which are made of the same fields.

use tuner_core::analysis::Findings;
use tuner_core::{Constraint, Decision, Estimate, Verdict};

/// Everything said.
#[derive(Debug, Clone)]
pub struct Said {
    pub answer: Answer,
    pub chosen_mb: Option<u32>,
    /// Said without a probability.
    pub statements: Vec<Statement>,
    /// Of the next best size: how likely it is to be better than the one chosen.
    pub runner_up: Option<(u32, f64)>,
    /// Change of mean duration and of mean cost from the present size to the one chosen, as ratios.
    pub changes: Option<(Estimate, Estimate)>,
    pub figures: Vec<Figures>,
    /// Sizes that may be chosen, in MB, as far as they were measured.
    pub considered: Vec<u32>,
    /// Said with a probability: that the size chosen is better than the present one; that a size keeps its limit.
    pub better: Option<f64>,
    pub limits: Vec<(u32, Constraint, f64)>,
}

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Another size than the present one, which was measured.
    Moves,
    /// The present size, for being the best, or because none is shown to be better.
    Keeps,
    /// A size; the present one is not known, or was not measured.
    Chooses,
    /// No size keeps the limit.
    NoSize,
    /// Nothing is concluded.
    Nothing,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Score,
    Cost,
    Duration,
}

/// Said without a probability, or with an interval that leaves no doubt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statement {
    /// The first size has less of it than the second.
    Less(By, u32, u32),
    /// So it looks: the second is no alternative to the first. Nothing is said of how sure that is.
    NoBetter(u32, u32),
    /// No size that was measured and may be chosen is better.
    Best(u32),
    /// The two have as much of it as each other.
    Same(By, u32, u32),
    /// This size keeps the limit.
    Kept(u32, Constraint),
    /// This size does not.
    Broken(u32, Constraint),
    /// No size does; or if not all, none of those tried.
    NoneKeeps { all: bool },
}

/// Numbers shown of one size.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub mb: u32,
    /// Mean duration, in ms.
    pub ms: Estimate,
    /// Mean cost of an invocation, in USD.
    pub cost: Estimate,
    /// The same in the other tables and documents.
    pub elsewhere: Option<(f64, f64)>,
    pub bimodal: bool,
}

/// A runner-up that is less likely to be better than this is said not to be.
const SURE: f64 = 0.025;

impl Said {
    pub fn of(findings: &Findings, present_mb: Option<u32>, constraint: Option<Constraint>) -> Self {
        let decision = &findings.decision;
        let answer = match decision.verdict {
            Verdict::Move => Answer::Moves,
            Verdict::Keep | Verdict::NoClearWinner => Answer::Keeps,
            Verdict::Choose => Answer::Chooses,
            Verdict::ConstraintNotMet => Answer::NoSize,
            _ => Answer::Nothing,
        };
        Self {
            answer,
            chosen_mb: decision.memory_size_mb,
            statements: statements(decision, present_mb, constraint),
            runner_up: decision
                .runner_up
                .as_ref()
                .map(|r| (r.memory_size_mb, r.probability_better)),
            changes: decision.duration_change.zip(decision.cost_change),
            considered: decision
                .compared
                .iter()
                .map(|c| c.memory_size_mb)
                .filter(|mb| decision.excluded.iter().all(|e| e.memory_size_mb != *mb))
                .collect(),
            better: None,
            limits: Vec::new(),
            figures: decision
                .compared
                .iter()
                .map(|c| {
                    let size = findings.sizes.iter().find(|s| s.memory_size_mb == c.memory_size_mb);
                    let series = size.and_then(|s| s.series(decision.start?));
                    Figures {
                        mb: c.memory_size_mb,
                        ms: c.duration_ms,
                        cost: c.cost,
                        elsewhere: series
                            .and_then(|s| Some((s.duration_ms.mean.value, s.cost.as_ref()?.per_invocation.value))),
                        bimodal: c.bimodal,
                    }
                })
                .collect(),
        }
    }

    pub fn figures(&self, mb: u32) -> Option<&Figures> {
        self.figures.iter().find(|f| f.mb == mb)
    }
}

fn statements(decision: &Decision, present_mb: Option<u32>, constraint: Option<Constraint>) -> Vec<Statement> {
    let mut said = Vec::new();
    if decision.verdict == Verdict::ConstraintNotMet {
        said.push(Statement::NoneKeeps { all: true });
    }
    for excluded in &decision.excluded {
        if let Some(constraint) = constraint.filter(|_| excluded.reason.contains("above the limit")) {
            said.push(Statement::Broken(excluded.memory_size_mb, constraint));
        }
    }
    let Some(chosen) = decision.memory_size_mb else {
        return said;
    };
    said.extend(constraint.map(|constraint| Statement::Kept(chosen, constraint)));
    if matches!(decision.verdict, Verdict::Keep | Verdict::Choose) {
        said.push(Statement::Best(chosen));
    }
    let is_excluded = |mb: u32| decision.excluded.iter().any(|e| e.memory_size_mb == mb);
    for other in decision.compared.iter().map(|c| c.memory_size_mb) {
        if other == chosen || is_excluded(other) {
            continue;
        }
        if decision.tied_mb.contains(&other) {
            said.push(Statement::Same(By::Score, chosen, other));
        } else if decision.verdict == Verdict::Move && Some(other) == present_mb {
            said.push(Statement::Less(By::Score, chosen, other));
        } else if !matches!(&decision.runner_up, Some(r) if r.memory_size_mb == other && r.probability_better > SURE) {
            said.push(Statement::NoBetter(chosen, other));
        }
    }
    if let Some(present) = present_mb {
        for (by, change) in [
            (By::Duration, decision.duration_change),
            (By::Cost, decision.cost_change),
        ] {
            let Some(Estimate {
                low: Some(low),
                high: Some(high),
                ..
            }) = change
            else {
                continue;
            };
            if high < 0.0 {
                said.push(Statement::Less(by, chosen, present));
            } else if low > 0.0 {
                said.push(Statement::Less(by, present, chosen));
            }
        }
    }
    said
}
