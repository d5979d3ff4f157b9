//! Goals, and whether they are met.

use crate::statistics::share;
use crate::table::{Done, wrong_share};

/// What must hold, in % of the runs it is about.
#[derive(Debug, Clone, Copy)]
pub struct Goals {
    pub wrong_at_most: f64,
    pub decided_at_least: f64,
    /// Of each interval: of the mean duration, the mean cost, and changes.
    pub covered_at_least: f64,
    /// Shown means that are not those of what was measured, or differ from view to view.
    pub other_means_at_most: f64,
}

/// What is wanted.
pub const GOALS: Goals = Goals {
    wrong_at_most: 2.0,
    decided_at_least: 90.0,
    covered_at_least: 90.0,
    other_means_at_most: 0.0,
};

impl Goals {
    /// What is missed, a line each.
    pub fn missed(&self, done: &[Done]) -> Vec<String> {
        use crate::judge::{Judged, Wrong};
        let all: Vec<&Done> = done.iter().collect();
        let judged = || done.iter().map(|(_, judged)| judged);
        let is = |kinds: &'static [Wrong]| move |j: &Judged| j.wrong.iter().any(|(wrong, _)| kinds.contains(wrong));
        let mut missed = Vec::new();
        let mut check = |what: &str, found: Option<f64>, limit: f64, at_most: bool| {
            let Some(found) = found.map(|share| 100.0 * share) else {
                return;
            };
            let is_met = if at_most { found <= limit } else { found >= limit };
            if !is_met {
                let bound = if at_most { "most" } else { "least" };
                missed.push(format!("{what}: {found:.1} %, which must be at {bound} {limit} %"));
            }
        };
        check(
            "runs that say something false",
            wrong_share(&all),
            self.wrong_at_most,
            true,
        );
        let decided = share(judged().filter_map(|j| j.decided));
        check(
            "runs that decide where a size is 10 % better",
            decided,
            self.decided_at_least,
            false,
        );
        let means = share(judged().map(is(&[Wrong::Mean, Wrong::Views])));
        check(
            "runs with means that were not measured",
            means,
            self.other_means_at_most,
            true,
        );
        let covered: [(&str, Option<f64>); 3] = [
            (
                "intervals of the mean duration that hold it",
                share(judged().filter_map(|j| j.ms_covered)),
            ),
            (
                "intervals of the mean cost that hold it",
                share(judged().filter_map(|j| j.cost_covered)),
            ),
            (
                "intervals of changes that hold them",
                share(judged().flat_map(|j| j.changes_covered.iter().copied())),
            ),
        ];
        for (what, found) in covered {
            check(what, found, self.covered_at_least, false);
        }
        missed
    }
}

/// What holds today, with something to spare for the few tunings of a test.
#[cfg(test)]
pub const HELD: Goals = Goals {
    wrong_at_most: 55.0,
    decided_at_least: 84.0,
    covered_at_least: 68.0,
    other_means_at_most: 16.0,
};
