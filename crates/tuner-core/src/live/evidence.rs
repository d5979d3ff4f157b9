//! What looks show so far of cost and duration, whatever the share, the hour and the age of environments were.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::age::{BANDS, band, class};
use super::look::{Arm, Look};
use super::present::{Present, Strata};
use super::quantiles::Quantiles;
use super::ratio::{Measure, Ratio};
use super::sequence;
use super::spread::Within;
use super::starts::{Started, Starts};
use crate::stats::Estimate;

/// A candidate against the control, folded look by look. Its size grows with the environments that were seen, not with their
/// invocations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The control, with its history.
    control: Present,
    /// Relative variances of the history: what is seen since counts as no less.
    least_within: [Option<f64>; 2],
    /// Since the candidate is there, by arm and measure.
    within: [[Within; 2]; 2],
    ratios: [Ratio; 2],
    /// Weight of each environment's invocations, by arm and measure.
    masses: [BTreeMap<u64, [f64; 2]>; 2],
    started: Started,
    /// As in [`Present`], of the candidate.
    relative: [Quantiles; BANDS],
    matched: u64,
}

/// The candidate in units of the control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Relative change: -0.2 is a fifth less. A bound that is absent is open.
    pub change: Estimate,
    /// One over the variance of its logarithm.
    pub information: f64,
    /// Warm invocations of the candidate that had some of the control beside them, in the same look at the same age.
    pub matched: u64,
    /// Whether starts are in it; they are no part of durations.
    pub starts: Starts,
}

/// How much invocations and environments differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Coefficient of variation of warm invocations of equal look and age.
    pub cv: f64,
    /// The same of environments.
    pub environments_cv: f64,
    /// Share of the control's invocations that start an environment.
    pub start_share: f64,
}

/// The 95th percentile of warm durations, of both arms at the candidate's mix of ages, at the level of the last look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct P95 {
    /// Of the control, in ms.
    pub control_ms: f64,
    /// Of the candidate, in ms.
    pub candidate_ms: Estimate,
}

/// The farthest that a bound is told, as a logarithm: a factor of a million.
const FARTHEST: f64 = 13.8;

impl Evidence {
    /// Nothing of a candidate yet, and what is known of the present size.
    pub fn new(history: Present) -> Self {
        let least_within = Measure::ALL.map(|measure| history.within(measure));
        Self {
            control: history,
            least_within,
            within: Default::default(),
            ratios: Measure::ALL.map(Ratio::new),
            masses: Default::default(),
            started: Started::default(),
            relative: Default::default(),
            matched: 0,
        }
    }

    /// Takes a look.
    pub fn fold(&mut self, look: &Look) {
        let strata = Strata::of(look);
        self.control.take(look, &strata);
        let levels = Measure::ALL.map(|measure| self.control.level(measure));
        let [level_cost, level_ln] = levels;
        if let (Some(level_cost), Some(level_ln)) = (level_cost, level_ln) {
            self.compare(look, &strata, [level_cost, level_ln]);
        }
        for observation in look.observations.iter().filter(|o| o.arm == Arm::Candidate) {
            self.started
                .add(observation.start, level_cost.map(|level| observation.cost / level));
            if let Some(level) = level_ln.filter(|_| observation.is_warm()) {
                self.relative[band(observation.age)].add(observation.ln_duration - level);
            }
        }
    }

    /// Compares warm invocations of a look with these levels of the control. Where those are not known, the control has too few to
    /// compare anything with.
    fn compare(&mut self, look: &Look, strata: &Strata, levels: [f64; 2]) {
        for measure in Measure::ALL {
            let (place, level) = (measure as usize, levels[measure as usize]);
            let own = strata.candidate_level(measure).unwrap_or(level);
            for (control, candidate) in strata.cells(measure) {
                self.within[Arm::Control as usize][place].add(control, level, measure.unit(level));
                if control.n > 0.0 && candidate.n > 0.0 {
                    self.ratios[place].add(control, candidate, level);
                    self.within[Arm::Candidate as usize][place].add(candidate, own, measure.unit(level));
                }
            }
        }
        for observation in look.observations.iter().filter(|o| o.is_warm()) {
            let class = class(observation.age);
            let sums = |arm| strata.cell(class, arm, Measure::Cost);
            let (control, candidate) = (sums(Arm::Control), sums(Arm::Candidate));
            if control.n == 0.0 || candidate.n == 0.0 {
                continue;
            }
            self.matched += u64::from(observation.arm == Arm::Candidate);
            let mass = self.masses[observation.arm as usize]
                .entry(observation.stream)
                .or_default();
            for measure in Measure::ALL {
                let place = measure as usize;
                mass[place] += self.ratios[place].weight(observation.arm, control, candidate, levels[place]);
            }
        }
    }

    /// Warm invocations of the candidate that had some of the control beside them.
    pub const fn matched(&self) -> u64 {
        self.matched
    }

    /// Invocations of the candidate, warm or not.
    pub const fn invocations(&self) -> u64 {
        self.started.invocations()
    }

    /// Environments of the candidate that count.
    pub fn environments(&self) -> usize {
        self.masses[Arm::Candidate as usize].len()
    }

    /// The control, with its history.
    pub const fn control(&self) -> &Present {
        &self.control
    }

    /// The change of cost per invocation at full traffic, in an interval that misses the truth with probability `alpha` at any
    /// look; `None` where nothing could be compared yet.
    pub fn cost(&self, alpha: f64) -> Option<Compared> {
        let (ln, variance) = self.estimate(Measure::Cost)?;
        let warm = self.control.mean_per_level(Measure::Cost);
        let priced = Started::price(&self.control.started, &self.started, warm, ln, variance);
        Some(self.compared(priced.ln, priced.variance, alpha, priced.starts))
    }

    /// The change of the typical duration of warm invocations; as [`Evidence::cost`].
    pub fn duration(&self, alpha: f64) -> Option<Compared> {
        let (ln, variance) = self.estimate(Measure::Duration)?;
        Some(self.compared(ln, variance, alpha, Starts::OfNoAccount))
    }

    /// One of both.
    pub fn of(&self, measure: Measure, alpha: f64) -> Option<Compared> {
        match measure {
            Measure::Cost => self.cost(alpha),
            Measure::Duration => self.duration(alpha),
        }
    }

    /// The 95th percentile, with a 95 % interval for one look; `None` with too little of the control at the candidate's ages.
    pub fn p95(&self) -> Option<P95> {
        let level = self.control.ln_duration_level()?;
        let candidate: Vec<(f64, &Quantiles)> = self.relative.iter().map(|band| (band.count as f64, band)).collect();
        let n: f64 = candidate.iter().map(|(count, _)| count).sum();
        let mix = || self.relative.iter().zip(&self.control.relative);
        if n == 0.0 || mix().any(|(own, control)| own.count > 0 && control.count == 0) {
            return None;
        }
        let control: Vec<(f64, &Quantiles)> = mix().map(|(own, control)| (own.count as f64, control)).collect();
        let ms = |ln: f64| (level + ln).exp();
        let at = |q: f64| Quantiles::of_mix(&candidate, q).map(ms);
        // Ranks of order statistics, by the normal approximation of the binomial distribution.
        let off = 1.96 * (0.05 * 0.95 / n).sqrt();
        Some(P95 {
            control_ms: ms(Quantiles::of_mix(&control, 0.95)?),
            candidate_ms: Estimate {
                value: at(0.95)?,
                low: at(0.95 - off).filter(|_| off < 0.95),
                high: at(0.95 + off).filter(|_| 0.95 + off + 1.0 / n <= 1.0),
            },
        })
    }

    /// How much invocations and environments differ, by what was seen so far.
    pub fn noise(&self, measure: Measure) -> Option<Noise> {
        let [control, candidate] = self.within_of(measure)?;
        Some(Noise {
            cv: control.max(candidate).sqrt() / self.control.mean_per_level(measure),
            environments_cv: self.control.between(measure).variance.sqrt(),
            start_share: self.control.start_share(),
        })
    }

    fn compared(&self, ln: f64, variance: f64, alpha: f64, starts: Starts) -> Compared {
        let information = 1.0 / variance.max(1e-100);
        let half = sequence::half_width(information, alpha);
        let bound = |ln: f64| (ln.abs() <= FARTHEST).then(|| ln.exp_m1());
        Compared {
            change: Estimate {
                value: ln.exp_m1(),
                low: bound(ln - half),
                high: bound(ln + half),
            },
            information,
            matched: self.matched,
            starts,
        }
    }

    /// Logarithm of the ratio of warm invocations, and its variance.
    fn estimate(&self, measure: Measure) -> Option<(f64, f64)> {
        let place = measure as usize;
        let ln = self.ratios[place].ln()?;
        let within = self.within_of(measure)?;
        let between = self.control.between(measure).variance;
        let squared_masses = self.masses.iter().flat_map(BTreeMap::values);
        let squared_masses = squared_masses.map(|mass| mass[place] * mass[place]).sum();
        Some((ln, self.ratios[place].variance(within, between, squared_masses)))
    }

    /// Relative variances of the control's and the candidate's invocations: pooled, since a tail shows itself in many only; not
    /// below what the history shows; and the candidate's own where that is larger, for at a small share it is most of the
    /// variance.
    fn within_of(&self, measure: Measure) -> Option<[f64; 2]> {
        let place = measure as usize;
        let [control, mut candidate] = self.within.map(|of_arm| of_arm[place]);
        if measure == Measure::Cost {
            let ratio = self.ratios[place].ln().unwrap_or(0.0).exp();
            candidate.squares /= ratio * ratio;
        }
        let of = |squares: f64, freedom: f64| (freedom > 0.0).then(|| squares / freedom);
        let pooled = of(control.squares + candidate.squares, control.freedom + candidate.freedom);
        let least = pooled.into_iter().chain(self.least_within[place]).reduce(f64::max)?;
        let own = of(candidate.squares, candidate.freedom).unwrap_or(0.0);
        Some([least, least.max(own)])
    }
}
