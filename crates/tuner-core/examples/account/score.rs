//! How well findings meet the truth.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tuner_core::review::{FindingKind, MemoryReview};

use super::simulated::Account;

/// What was found of one kind.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Score {
    pub found_rightly: u32,
    pub found_wrongly: u32,
    pub missed: u32,
}

impl Score {
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

/// By kind of finding.
#[derive(Debug, Serialize)]
pub struct Scores(pub BTreeMap<FindingKind, Score>);

impl Scores {
    /// Of `review` against what is true of `account`.
    pub fn of(review: &MemoryReview, account: &Account) -> Self {
        let truth = account.truth();
        let mut scores: BTreeMap<FindingKind, Score> = BTreeMap::new();
        for function in &review.functions {
            let Some(truth) = truth.get(function.function.name.name()) else {
                continue;
            };
            for kind in FindingKind::ALL {
                let score = scores.entry(kind).or_default();
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
        Self(scores)
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| finding | true | found | precision | recall |")?;
        writeln!(f, "|---|---:|---:|---:|---:|")?;
        for (kind, score) in &self.0 {
            let percent =
                |share: Option<f64>| share.map_or_else(|| "-".into(), |share| format!("{:.0} %", share * 100.0));
            let (truly, found) = (
                score.found_rightly + score.missed,
                score.found_rightly + score.found_wrongly,
            );
            let (precision, recall) = (percent(score.precision()), percent(score.recall()));
            writeln!(f, "| {} | {truly} | {found} | {precision} | {recall} |", kind.words())?;
        }
        Ok(())
    }
}
