//! How well findings meet the truth.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tuner_core::pricing::Confidence;
use tuner_core::review::{FindingKind, FunctionReview, MemoryReview, SavingBasis};

use super::simulated::{Account, SimulatedFunction};

/// What was found of one kind.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Score {
    pub found_rightly: u32,
    pub found_wrongly: u32,
    pub missed: u32,
}

impl Score {
    const fn count(&mut self, rightly: bool) {
        match rightly {
            true => self.found_rightly += 1,
            false => self.found_wrongly += 1,
        }
    }

    /// Share of what was found that is true.
    pub fn precision(&self) -> Option<f64> {
        share(self.found_rightly, self.found_rightly + self.found_wrongly)
    }

    /// Share of what is true that was found.
    pub fn recall(&self) -> Option<f64> {
        share(self.found_rightly, self.found_rightly + self.missed)
    }
}

fn share(part: u32, of: u32) -> Option<f64> {
    (of > 0).then(|| f64::from(part) / f64::from(of))
}

/// By kind of finding, and of those that were found, by how far they are to be trusted.
#[derive(Debug, Serialize)]
pub struct Scores {
    pub kinds: BTreeMap<FindingKind, Score>,
    pub confidence: BTreeMap<Confidence, Score>,
    /// Of CPU-bound ones, those that were seen at two sizes: with one, nobody can tell.
    pub cpu_bound_seen: Score,
    /// By what a range of savings rests on: how many, and how many of them hold what would truly be saved.
    pub ranges: BTreeMap<SavingBasis, (u32, u32)>,
}

/// So far off is noise: what was billed in a month is a sample of what the function does.
const NOISE: f64 = 0.03;

/// Whether the range of `review` holds the true saving at the size it is about; `None` if there is no range, or failures
/// and provisioned environments blur the truth.
fn range_holds(review: &FunctionReview, function: &SimulatedFunction) -> Option<(SavingBasis, bool)> {
    let saving = review.finding(FindingKind::MemoryOverprovisioned)?.saving?;
    let size = review.evidence.at(function.memory_size_mb)?;
    if function.provisioned > 0 || size.timeouts > 0 {
        return None;
    }
    let candidate_mb = *review.tuning_sizes()?.first()?;
    let duration = review.monthly?.bill.duration.amount;
    let truly = duration * (1.0 - function.gb_ms(candidate_mb) / function.gb_ms(function.memory_size_mb));
    let noise = duration * NOISE;
    let holds = saving.at_worst.amount - noise <= truly && truly <= saving.at_best.amount + noise;
    Some((saving.basis, holds))
}

impl Scores {
    /// Of `review` against what is true of `account`.
    pub fn of(review: &MemoryReview, account: &Account) -> Self {
        let truth = account.truth();
        let (mut scores, mut confidence) = (BTreeMap::<_, Score>::new(), BTreeMap::<_, Score>::new());
        let mut cpu_bound_seen = Score::default();
        let by_name: BTreeMap<&str, _> = account.functions.iter().map(|f| (f.name.as_str(), f)).collect();
        let mut ranges: BTreeMap<SavingBasis, (u32, u32)> = BTreeMap::new();
        for function in &review.functions {
            let simulated = by_name.get(function.function.name.name());
            if let Some((basis, holds)) = simulated.and_then(|simulated| range_holds(function, simulated)) {
                let (all, held) = ranges.entry(basis).or_default();
                *all += 1;
                *held += u32::from(holds);
            }
            let Some(truth) = truth.get(function.function.name.name()) else {
                continue;
            };
            for kind in FindingKind::ALL {
                let score = scores.entry(kind).or_default();
                if let Some(finding) = function.finding(kind) {
                    let trusted = confidence.entry(finding.confidence).or_default();
                    trusted.count(truth.contains(&kind));
                    if kind == FindingKind::CpuBound {
                        cpu_bound_seen.count(truth.contains(&kind));
                    }
                }
                let seen_twice = || {
                    (function.evidence.all_sizes())
                        .filter(|size| size.invocations >= 50)
                        .count()
                        > 1
                };
                if kind == FindingKind::CpuBound
                    && truth.contains(&kind)
                    && function.finding(kind).is_none()
                    && seen_twice()
                {
                    cpu_bound_seen.missed += 1;
                }
                match (function.finding(kind).is_some(), truth.contains(&kind)) {
                    (true, true) => score.found_rightly += 1,
                    (true, false) => score.found_wrongly += 1,
                    // Of too few invocations nobody can tell, and that is what is found.
                    (false, true) if truth.contains(&FindingKind::NotEnoughData) && !kind.is_gap() => {}
                    (false, true) => score.missed += 1,
                    (false, false) => {}
                }
            }
        }
        Self {
            kinds: scores,
            confidence,
            cpu_bound_seen,
            ranges,
        }
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| finding | true | found | precision | recall |")?;
        writeln!(f, "|---|---:|---:|---:|---:|")?;
        let percent = |share: Option<f64>| share.map_or_else(|| "-".into(), |share| format!("{:.0} %", share * 100.0));
        for (kind, score) in &self.kinds {
            let (truly, found) = (
                score.found_rightly + score.missed,
                score.found_rightly + score.found_wrongly,
            );
            let (precision, recall) = (percent(score.precision()), percent(score.recall()));
            writeln!(f, "| {} | {truly} | {found} | {precision} | {recall} |", kind.words())?;
        }
        let line = |score: &Score| {
            let found = score.found_rightly + score.found_wrongly;
            format!("{found} found, {} right", percent(score.precision()))
        };
        writeln!(
            f,
            "\nCPU-bound, seen at two sizes: {}, {} of what is true",
            line(&self.cpu_bound_seen),
            percent(self.cpu_bound_seen.recall())
        )?;
        for (confidence, score) in &self.confidence {
            writeln!(f, "{confidence:?} confidence: {}", line(score))?;
        }
        for (basis, (all, held)) in &self.ranges {
            writeln!(f, "range of savings by {basis:?}: {held} of {all} hold the true saving")?;
        }
        Ok(())
    }
}
