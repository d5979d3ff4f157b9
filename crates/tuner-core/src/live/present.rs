//! What is known of the size that the alias has: from its history before anything is routed, and then as the control.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::age::{BANDS, CLASSES, SETTLED, band, class};
use super::look::{Arm, Look};
use super::quantiles::Quantiles;
use super::ratio::Measure;
use super::spread::{Between, Sums, Within};
use super::starts::Started;

/// Warm invocations of one look by arm, measure and class of age.
pub(super) struct Strata {
    cells: Vec<[[Sums; 2]; 2]>,
    /// Those of settled environments of the control, all ages together.
    settled: [Sums; 2],
    /// Logarithms of all ages together, by arm and measure.
    all: [[Sums; 2]; 2],
}

impl Strata {
    pub(super) fn of(look: &Look) -> Self {
        let mut strata = Self {
            cells: vec![[[Sums::default(); 2]; 2]; CLASSES],
            settled: [Sums::default(); 2],
            all: [[Sums::default(); 2]; 2],
        };
        for observation in look.observations.iter().filter(|o| o.is_warm()) {
            let cell = &mut strata.cells[class(observation.age)][observation.arm as usize];
            for measure in Measure::ALL {
                let value = measure.of(observation);
                cell[measure as usize].add(value);
                strata.all[observation.arm as usize][measure as usize].add(measure.ln(observation));
                if observation.arm == Arm::Control && observation.age > SETTLED {
                    strata.settled[measure as usize].add(value);
                }
            }
        }
        strata
    }

    pub(super) fn cell(&self, class: usize, arm: Arm, measure: Measure) -> &Sums {
        &self.cells[class][arm as usize][measure as usize]
    }

    /// What is typical of the candidate in this look, as far as its invocations say.
    pub(super) fn candidate_level(&self, measure: Measure) -> Option<f64> {
        let all = &self.all[Arm::Candidate as usize][measure as usize];
        (all.n > 0.0).then(|| match measure {
            Measure::Cost => all.mean.exp(),
            Measure::Duration => all.mean,
        })
    }

    /// Classes of age with the sums of both arms, some of which may be empty.
    pub(super) fn cells(&self, measure: Measure) -> impl Iterator<Item = (&Sums, &Sums)> {
        self.cells.iter().map(move |cell| {
            let [control, candidate] = cell;
            (&control[measure as usize], &candidate[measure as usize])
        })
    }
}

/// What the control typically cost and took of late: of this look where it has many invocations, else of those before as well.
/// Means of logarithms: one huge value must not make all others of its look look small.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Level {
    n: f64,
    ln_cost: f64,
    ln_duration: f64,
}

impl Level {
    /// From so many on a look says its level by itself.
    const MANY: f64 = 30.0;
    /// From fewer no level is known.
    const FEWEST: f64 = 10.0;

    fn add(&mut self, all: &[Sums; 2]) {
        let [ln_cost, ln_duration] = all;
        let kept = (1.0 - ln_cost.n / Self::MANY).max(0.0);
        self.n = self.n * kept + ln_cost.n;
        self.ln_cost = self.ln_cost * kept + ln_cost.total();
        self.ln_duration = self.ln_duration * kept + ln_duration.total();
    }
}

/// The present size, look by look. Fold its history into one of these first (some 20,000 invocations will do): without it, a
/// heavy tail that has not shown itself yet makes false alarms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Present {
    within: [Within; 2],
    /// Each environment's settled invocations, relative to those of all in the same look.
    streams: BTreeMap<u64, [Sums; 2]>,
    pub(super) started: Started,
    /// Cost of warm invocations, relative to their look's level.
    warm_cost: Sums,
    /// Logarithms of durations relative to their look's, warm, by band of age.
    pub(super) relative: [Quantiles; BANDS],
    level: Level,
}

impl Present {
    /// Takes a look at the present size. What else is in the look is left out.
    pub fn fold(&mut self, look: &Look) {
        self.take(look, &Strata::of(look));
    }

    pub(super) fn take(&mut self, look: &Look, strata: &Strata) {
        self.level.add(&strata.all[Arm::Control as usize]);
        let (level_cost, level_ln) = (self.cost_level(), self.ln_duration_level());
        for measure in Measure::ALL {
            if let Some(level) = self.level(measure) {
                for (control, _) in strata.cells(measure) {
                    self.within[measure as usize].add(control, level, measure.unit(level));
                }
            }
        }
        for observation in look.observations.iter().filter(|o| o.arm == Arm::Control) {
            self.started
                .add(observation.start, level_cost.map(|level| observation.cost / level));
            if !observation.is_warm() {
                continue;
            }
            if let Some(level) = level_cost {
                self.warm_cost.add(observation.cost / level);
            }
            if let Some(level) = level_ln {
                self.relative[band(observation.age)].add(observation.ln_duration - level);
            }
            if observation.age > SETTLED {
                let stream = self.streams.entry(observation.stream).or_default();
                for measure in Measure::ALL {
                    let level = strata.settled[measure as usize].mean;
                    stream[measure as usize].add(measure.relative(measure.of(observation), level));
                }
            }
        }
    }

    /// Invocations so far.
    pub const fn invocations(&self) -> u64 {
        self.started.invocations()
    }

    /// Share of invocations that started an environment.
    pub fn start_share(&self) -> f64 {
        self.started.share()
    }

    /// Coefficient of variation of warm invocations of equal look and age, where some were seen.
    pub fn cv(&self, measure: Measure) -> Option<f64> {
        Some(self.within(measure)?.sqrt() / self.mean_per_level(measure))
    }

    /// The mean of warm invocations, in units of the level.
    pub(super) fn mean_per_level(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Cost if self.warm_cost.n > 0.0 => self.warm_cost.mean,
            _ => 1.0,
        }
    }

    /// The variance of warm invocations of equal look and age, in units of the level.
    pub(super) fn within(&self, measure: Measure) -> Option<f64> {
        let Within { squares, freedom } = self.within[measure as usize];
        (freedom > 0.0).then(|| squares / freedom)
    }

    pub(super) fn between(&self, measure: Measure) -> Between {
        Between::of(self.streams.values().map(|stream| &stream[measure as usize]))
    }

    /// One of both levels.
    pub(super) fn level(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Cost => self.cost_level(),
            Measure::Duration => self.ln_duration_level(),
        }
    }

    /// What a warm invocation typically costs of late.
    pub(super) fn cost_level(&self) -> Option<f64> {
        (self.level.n >= Level::FEWEST).then(|| (self.level.ln_cost / self.level.n).exp())
    }

    /// How long one takes of late, as a logarithm.
    pub(super) fn ln_duration_level(&self) -> Option<f64> {
        (self.level.n >= Level::FEWEST).then(|| self.level.ln_duration / self.level.n)
    }
}
