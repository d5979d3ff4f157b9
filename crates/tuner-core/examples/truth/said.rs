//! What a decision says, as statements that are true or false: the one place that reads its fields. It follows the words of
//! the report, which are made of the same fields.

use tuner_core::analysis::Findings;
use tuner_core::decision::MARGIN;
use tuner_core::{Constraint, Decision, Estimate, ExclusionReason, Verdict};

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
    /// A size would be the best, but whether it keeps the limit is not known yet.
    CannotTell,
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

impl Said {
    pub fn of(findings: &Findings, present_mb: Option<u32>, constraint: Option<Constraint>) -> Self {
        let decision = &findings.decision;
        let answer = match decision.verdict {
            Verdict::Move => Answer::Moves,
            Verdict::Keep | Verdict::NoClearWinner => Answer::Keeps,
            Verdict::Choose => Answer::Chooses,
            Verdict::ConstraintNotMet => Answer::NoSize,
            Verdict::CannotTell => Answer::CannotTell,
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
            better: decision.probability_better,
            limits: chosen_limits(decision),
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

fn chosen_limits(decision: &Decision) -> Vec<(u32, Constraint, f64)> {
    let chosen = decision.memory_size_mb;
    let limits = decision.limits.iter();
    limits
        .filter_map(|limit| Some((chosen?, limit.constraint, limit.probability_kept)))
        .collect()
}

fn statements(decision: &Decision, present_mb: Option<u32>, constraint: Option<Constraint>) -> Vec<Statement> {
    let mut said = Vec::new();
    if decision.verdict == Verdict::ConstraintNotMet {
        said.push(Statement::NoneKeeps { all: false });
    }
    for excluded in &decision.excluded {
        if let Some(constraint) = constraint.filter(|_| matches!(excluded.reason, ExclusionReason::AboveLimit { .. })) {
            said.push(Statement::Broken(excluded.memory_size_mb, constraint));
        }
    }
    let Some(chosen) = decision.memory_size_mb else {
        return said;
    };
    let kept = decision.limits.iter().filter(|limit| limit.is_kept());
    said.extend(kept.map(|limit| Statement::Kept(chosen, limit.constraint)));
    // Where another may well be better, its probability stands in the same sentence.
    if matches!(decision.verdict, Verdict::Keep | Verdict::Choose) && decision.rival().is_none() {
        said.push(Statement::Best(chosen));
    }
    let is_excluded = |mb: u32| decision.excluded.iter().any(|e| e.memory_size_mb == mb);
    for other in decision
        .compared
        .iter()
        .filter(|c| c.memory_size_mb != chosen && !is_excluded(c.memory_size_mb))
    {
        let Some(above) = other.above_chosen else { continue };
        if is_the_same(above) {
            said.push(Statement::Same(By::Score, chosen, other.memory_size_mb));
        } else if above.low.is_some_and(|low| low > 0.0) {
            said.push(Statement::NoBetter(chosen, other.memory_size_mb));
        }
    }
    let mut change = |by: By, to: u32, from: u32, change: Option<Estimate>| match change {
        Some(e) if is_the_same(e) => said.push(Statement::Same(by, from, to)),
        Some(e) if e.high.is_some_and(|high| high < 0.0) => said.push(Statement::Less(by, to, from)),
        Some(e) if e.low.is_some_and(|low| low > 0.0) => said.push(Statement::Less(by, from, to)),
        _ => {}
    };
    if let Some(present) = present_mb {
        change(By::Duration, chosen, present, decision.duration_change);
        change(By::Cost, chosen, present, decision.cost_change);
    }
    if let Some(other) = decision.alternative.filter(|_| decision.verdict != Verdict::CannotTell) {
        change(By::Duration, other.memory_size_mb, chosen, Some(other.duration_change));
        change(By::Cost, other.memory_size_mb, chosen, Some(other.cost_change));
    }
    said
}

/// Whether a change of more than the margin is excluded, either way: then the words are "the same".
fn is_the_same(change: Estimate) -> bool {
    change.low.is_some_and(|low| low >= -MARGIN) && change.high.is_some_and(|high| high <= MARGIN)
}
