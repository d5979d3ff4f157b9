//! Quantiles of many values in little memory: a histogram on a logarithmic scale, as DDSketch is (Masson et al., VLDB 2019).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values that differ by less count as equal: 1 %.
const STEP: f64 = 0.01;

/// Logarithms of values, counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Quantiles {
    counts: BTreeMap<i32, u64>,
    pub(super) count: u64,
}

impl Quantiles {
    pub(super) fn add(&mut self, ln: f64) {
        *self.counts.entry((ln / STEP).round() as i32).or_default() += 1;
        self.count += 1;
    }

    /// The smallest value that at least a share of `q` is not above, as a logarithm; `None` without any.
    pub(super) fn ln_quantile(&self, q: f64) -> Option<f64> {
        Self::of_mix(&[(1.0, self)], q)
    }

    /// The same of a mixture, whose parts count by their weights.
    pub(super) fn of_mix(parts: &[(f64, &Self)], q: f64) -> Option<f64> {
        let parts = || parts.iter().filter(|(weight, part)| *weight > 0.0 && part.count > 0);
        let mut bins: BTreeMap<i32, f64> = BTreeMap::new();
        for (weight, part) in parts() {
            for (&bin, &count) in &part.counts {
                *bins.entry(bin).or_default() += weight * count as f64 / part.count as f64;
            }
        }
        let wanted = q * parts().map(|(weight, _)| weight).sum::<f64>();
        let mut below = 0.0;
        let reached = bins.iter().find(|(_, count)| {
            below += **count;
            // Sums of shares are off by their rounding.
            below >= wanted * (1.0 - 1e-9)
        });
        let found = reached.or_else(|| bins.iter().next_back());
        found.map(|(&bin, _)| f64::from(bin) * STEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_step() {
        let mut of = Quantiles::default();
        (1..=1_000).for_each(|i| of.add(f64::from(i).ln()));
        let p95 = of.ln_quantile(0.95).unwrap().exp();
        assert!((p95 / 950.0 - 1.0).abs() < 0.006, "{p95}");
        assert_eq!(Quantiles::default().ln_quantile(0.5), None);
    }

    #[test]
    fn a_mix_weighs_its_parts_not_their_counts() {
        let (mut low, mut high) = (Quantiles::default(), Quantiles::default());
        (0..1_000).for_each(|_| low.add(0.0));
        high.add(1.0);
        assert_eq!(Quantiles::of_mix(&[(0.5, &low), (0.5, &high)], 0.6), Some(1.0));
        assert_eq!(Quantiles::of_mix(&[(0.5, &low), (0.5, &high)], 0.4), Some(0.0));
    }
}
