//! What a check is asked to keep: limits, and those that a baseline makes of conditions that are relative to it.

use serde::{Deserialize, Serialize};

use super::{Baseline, Bound, Check, CheckVerdict, Condition, Limit, LimitResult, Metric, Undecided};

/// The limits of one check.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// All of them; those that are relative come last.
    pub limits: Vec<Limit>,
    /// What the last of them are relative to.
    pub baseline: Option<Baseline>,
    /// Figures that were to be compared, and that the baseline does not have.
    pub not_compared: Vec<Metric>,
    /// By how much the last limits may be worse than the baseline, in %.
    relative: Vec<f64>,
}

impl Gate {
    /// A gate without a baseline.
    pub const fn absolute(limits: Vec<Limit>) -> Self {
        Self {
            limits,
            baseline: None,
            not_compared: Vec::new(),
            relative: Vec::new(),
        }
    }

    /// The same with what `conditions` are by `baseline`; those that are not relative to it count for nothing here.
    #[must_use]
    pub fn against(mut self, baseline: Baseline, conditions: &[Condition]) -> Self {
        for condition in conditions {
            match (baseline.limit(condition), condition.bound) {
                (Some(limit), Bound::Worse(percent)) => {
                    self.limits.push(limit);
                    self.relative.push(percent);
                }
                _ => self.not_compared.push(condition.metric),
            }
        }
        self.baseline = Some(baseline);
        self
    }

    /// Whether there is a baseline, and none of its figures can be compared.
    pub fn compares_nothing(&self) -> bool {
        self.baseline.is_some() && self.relative.is_empty()
    }

    /// What the results of all limits together come to.
    pub fn verdict(&self, results: &[LimitResult], undecided: Undecided) -> CheckVerdict {
        let verdict = CheckVerdict::of(results, undecided);
        match self.compares_nothing() {
            true => verdict.without_comparison(),
            false => verdict,
        }
    }

    /// The results, with what the baseline measured beside the limits that were made of it.
    #[must_use]
    pub fn beside_baseline(&self, mut results: Vec<LimitResult>) -> Vec<LimitResult> {
        let absolute = self.limits.len() - self.relative.len();
        if let Some(baseline) = &self.baseline {
            for (result, percent) in results.iter_mut().skip(absolute).zip(&self.relative) {
                result.baseline = baseline.figure(result.limit.metric);
                result.worse_pct = Some(*percent);
            }
        }
        results
    }
}

impl Baseline {
    /// Whether later checks may be compared with this one. One that broke a limit is nothing to go by, and of one whose every call
    /// failed there is nothing to compare.
    pub fn may_be(check: &Check) -> bool {
        check.verdict != CheckVerdict::Broken && check.outcomes.success > 0
    }

    /// What is compared where nothing else is asked for.
    pub fn usual_conditions() -> Vec<Condition> {
        let usual = |metric| Condition {
            metric,
            bound: Bound::Worse(Self::USUAL_MARGIN_PCT),
        };
        Self::USUAL.map(usual).to_vec()
    }

    /// The limit that a condition is, where the baseline measured what it is relative to.
    pub fn limit(&self, condition: &Condition) -> Option<Limit> {
        condition.limit(self.figure(condition.metric).filter(|value| *value > 0.0))
    }

    /// The first of `baselines`, the latest first, that has a figure to compare; else the first. A later one that has none of the
    /// figures does not stand before one that has them.
    pub fn choose(baselines: impl IntoIterator<Item = Self>, conditions: &[Condition]) -> Option<Self> {
        let mut all: Vec<Self> = baselines.into_iter().collect();
        let compares = |baseline: &Self| conditions.iter().any(|condition| baseline.limit(condition).is_some());
        let place = all.iter().position(compares).unwrap_or(0);
        (place < all.len()).then(|| all.swap_remove(place))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::check::{BaselineOf, LimitVerdict};

    fn baseline(id: u128, figures: &[(Metric, f64)]) -> Baseline {
        Baseline {
            of: BaselineOf::Check,
            id: Uuid::from_u128(id),
            measured_at: Timestamp::UNIX_EPOCH,
            function: "f".parse().unwrap(),
            memory_size_mb: 512,
            figures: figures.to_vec(),
        }
    }

    fn result(limit: Limit, verdict: LimitVerdict) -> LimitResult {
        LimitResult {
            limit,
            verdict,
            calls: 100,
            missed: None,
            baseline: None,
            worse_pct: None,
        }
    }

    #[test]
    fn relative_limits_stand_beside_the_figures_they_were_made_of() {
        let before = baseline(1, &[(Metric::Mean, 100.0)]);
        let gate =
            Gate::absolute(vec![Limit::new(Metric::Success, 95.0)]).against(before, &Baseline::usual_conditions());
        assert_eq!(gate.limits[1].to_string(), "mean <= 120 ms");
        assert_eq!(gate.not_compared, [Metric::P95, Metric::CostPerMillion]);
        assert!(!gate.compares_nothing());
        let results = gate
            .limits
            .iter()
            .map(|&limit| result(limit, LimitVerdict::Kept))
            .collect();
        let results = gate.beside_baseline(results);
        assert_eq!((results[0].baseline, results[0].worse_pct), (None, None));
        assert_eq!((results[1].baseline, results[1].worse_pct), (Some(100.0), Some(20.0)));
    }

    #[test]
    fn where_nothing_can_be_compared_it_cannot_be_told() {
        let gate = Gate::absolute(vec![Limit::new(Metric::Success, 95.0)]);
        let kept = [result(gate.limits[0], LimitVerdict::Kept)];
        assert_eq!(gate.verdict(&kept, Undecided::CannotTell), CheckVerdict::Kept);
        let gate = gate.against(baseline(1, &[(Metric::P50, 1.0)]), &Baseline::usual_conditions());
        assert_eq!(gate.verdict(&kept, Undecided::CannotTell), CheckVerdict::CannotTell);
        assert_eq!(gate.verdict(&kept, Undecided::Pass), CheckVerdict::CannotTell);
    }

    #[test]
    fn the_latest_baseline_that_compares_is_chosen() {
        let [latest, before] = [
            baseline(2, &[(Metric::Success, 100.0)]),
            baseline(1, &[(Metric::Mean, 90.0)]),
        ];
        let chosen = Baseline::choose([latest.clone(), before.clone()], &Baseline::usual_conditions());
        assert_eq!(chosen, Some(before));
        let chosen = Baseline::choose([latest.clone()], &Baseline::usual_conditions());
        assert_eq!(chosen, Some(latest));
        assert_eq!(Baseline::choose([], &Baseline::usual_conditions()), None);
    }
}
