//! What is true of a recorded function.

use tuner_core::pricing::Rate;
use tuner_core::{Objective, Question};

use crate::curves::Recorded;

/// Cost and duration by memory size: at every size measured, and every 64 MB between them.
pub struct Truth<'a> {
    recorded: &'a Recorded,
    rate: Rate,
    sizes: Vec<Figures>,
    cost_max: f64,
    ms_max: f64,
    /// No size has head-room, so that is no reason to choose one rather than another.
    any_will_do: bool,
}

/// What an invocation takes at one memory size, on average.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// In USD.
    pub cost: f64,
    pub ms: f64,
    /// Whether the memory use recorded leaves head-room.
    pub roomy: bool,
}

impl<'a> Truth<'a> {
    pub fn of(recorded: &'a Recorded, rate: Rate) -> Self {
        let mut truth = Self {
            recorded,
            rate,
            sizes: Vec::new(),
            cost_max: 0.0,
            ms_max: 0.0,
            any_will_do: false,
        };
        let (first, last) = recorded.range();
        let between = (first.div_ceil(64)..=last / 64).map(|k| k * 64);
        truth.sizes = recorded
            .sizes
            .keys()
            .copied()
            .chain(between)
            .map(|mb| truth.at(mb))
            .collect();
        let largest = |value: fn(&Figures) -> f64| truth.sizes.iter().map(value).fold(0.0, f64::max);
        (truth.cost_max, truth.ms_max) = (largest(|s| s.cost), largest(|s| s.ms));
        if !truth.sizes.iter().any(|s| s.roomy) {
            truth.any_will_do = true;
            truth.sizes.iter_mut().for_each(|s| s.roomy = true);
        }
        truth
    }

    pub fn at(&self, mb: u32) -> Figures {
        let (measured, factor) = self.recorded.nearest(mb);
        let durations = &self.recorded.sizes[&measured].warm;
        let asked = Question::plain(Objective::Cost, self.rate, self.recorded.range());
        let used = self.recorded.used_mb(mb);
        Figures {
            cost: self.rate.cost(mb, durations.billed(factor)),
            ms: durations.mean() * factor,
            roomy: self.any_will_do || used.is_none_or(|used| asked.least_memory_mb(used) <= mb),
        }
    }

    /// What the objective makes of a size: the lower the better.
    pub fn score(&self, objective: Objective, size: &Figures) -> f64 {
        match objective {
            Objective::Cost => size.cost,
            Objective::Speed => size.ms,
            Objective::Balanced { cost_weight } => {
                cost_weight * size.cost / self.cost_max + (1.0 - cost_weight) * size.ms / self.ms_max
            }
        }
    }

    /// The score of the best size that has head-room.
    pub fn best(&self, objective: Objective) -> f64 {
        let scores = self
            .sizes
            .iter()
            .filter(|s| s.roomy)
            .map(|size| self.score(objective, size));
        scores.fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::curves::{Durations, Size};

    #[test]
    fn a_size_without_head_room_is_not_the_best() {
        let size = |ms, used_mb| Size {
            warm: Durations::Mean(ms),
            used_mb: Some(used_mb),
        };
        let mut recorded = Recorded {
            function: "f".to_owned(),
            source: "s".to_owned(),
            sizes: BTreeMap::from([(128, size(100.0, 120)), (256, size(100.0, 120))]),
            colds: BTreeMap::new(),
        };
        let best = |recorded: &Recorded| Truth::of(recorded, Rate::GB_SECONDS).best(Objective::Cost) * 1000.0;
        assert!((best(&recorded) - 0.1005 * 187.5).abs() < 0.5, "{}", best(&recorded));
        // Where none has any, they are all alike.
        recorded.sizes.insert(256, size(100.0, 250));
        assert!((best(&recorded) - 0.1005 * 125.0).abs() < 0.5, "{}", best(&recorded));
    }
}
