//! Whether a mean is within its limit, told from values that are never negative, and valid at every look.
//!
//! Evidence is what bets on the values would have won (Waudby-Smith and Ramdas, "Estimating means of bounded random variables
//! by betting", 2021). That a mean is *above* a limit is shown without any assumption: a bet on higher values loses no more
//! than its stake, whatever the tail. That it is *below* can't be shown without one, since a rare and huge value may never
//! have come. Two things keep it safe: a bet loses all its stake at a value far above the limit, and one such value is taken
//! to have been there, unseen.

use std::collections::BTreeMap;

use super::Shown;

/// Evidence from which something is shown: it is reached by chance in at most one of 20 checks, at whatever look.
const SHOWN: f64 = 20.0;
/// Stakes on higher values as shares of what is left, and how much is bet with each of them.
const HIGHER: [(f64, f64); BETS] = [
    (0.85, 0.05),
    (0.6, 0.12),
    (0.45, 0.18),
    (0.33, 0.22),
    (0.22, 0.17),
    (0.12, 0.12),
    (0.04, 0.09),
    (0.008, 0.05),
];
/// Those on lower values. None is large: the value that was not seen would take all of it.
const LOWER: [(f64, f64); BETS] = [
    (0.42, 0.2),
    (0.36, 0.2),
    (0.3, 0.2),
    (0.22, 0.14),
    (0.14, 0.1),
    (0.07, 0.08),
    (0.025, 0.05),
    (0.006, 0.03),
];
const BETS: usize = 8;
/// The value that is taken to have been among the calls unseen, in limits.
const UNSEEN: f64 = 3.0;

/// Values whose mean is compared with a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanTest {
    limit: f64,
    count: u64,
    sum: f64,
    /// Logarithms of what the bets on higher, and on lower values have made.
    higher: [f64; BETS],
    lower: [f64; BETS],
}

impl MeanTest {
    /// No value yet; `limit` is more than 0.
    pub fn new(limit: f64) -> Self {
        let mut test = Self {
            limit,
            count: 0,
            sum: 0.0,
            higher: [0.0; BETS],
            lower: [0.0; BETS],
        };
        for (won, (stake, _)) in test.lower.iter_mut().zip(LOWER) {
            *won = lower_bet(stake, UNSEEN);
        }
        test
    }

    /// The same of values that are there already.
    pub fn of(limit: f64, values: &[f64]) -> Self {
        let mut test = Self::new(limit);
        values.iter().for_each(|&value| test.add(value));
        test
    }

    /// Takes one value, which is not negative.
    pub fn add(&mut self, value: f64) {
        self.add_times(value, 1);
    }

    /// Takes a value that came `times` times.
    pub fn add_times(&mut self, value: f64, times: u64) {
        let many = times as f64;
        self.count += times;
        self.sum += many * value;
        let ratio = value / self.limit;
        for (won, (stake, _)) in self.higher.iter_mut().zip(HIGHER) {
            *won += many * (1.0 + stake * (ratio - 1.0)).ln();
        }
        for (won, (stake, _)) in self.lower.iter_mut().zip(LOWER) {
            *won += many * lower_bet(stake, ratio);
        }
    }

    /// Values so far.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// What the values so far show.
    pub fn shown(&self) -> Shown {
        if self.count == 0 {
            Shown::Open
        } else if ln_mixed(&self.higher, &HIGHER) >= SHOWN.ln() {
            Shown::Broken
        } else if ln_mixed(&self.lower, &LOWER) >= SHOWN.ln() {
            Shown::Kept
        } else {
            Shown::Open
        }
    }

    /// The means that `values` do not rule out, at every look at once; an upper one is missing where there are too few.
    pub fn interval(values: &[f64]) -> Option<(f64, Option<f64>)> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        if values.is_empty() || mean <= 0.0 {
            return None;
        }
        let counted = counted(values);
        let is = |limit: f64, wanted: Shown| {
            let mut test = Self::new(limit);
            counted.iter().for_each(|&(value, times)| test.add_times(value, times));
            test.shown() == wanted
        };
        let search = |mut near: f64, mut far: f64, wanted: Shown| {
            for _ in 0..24 {
                let middle = (near * far).sqrt();
                match is(middle, wanted) {
                    true => far = middle,
                    false => near = middle,
                }
            }
            far
        };
        let (least, most) = (mean / 1e3, mean * 1e3);
        let low = match is(least, Shown::Broken) {
            true => search(mean, least, Shown::Broken),
            false => 0.0,
        };
        let high = is(most, Shown::Kept).then(|| search(mean, most, Shown::Kept));
        Some((low, high))
    }

    /// How many values that all are `share` of the limit show that it is kept; `None` if a million do not.
    pub fn fewest(share: f64) -> Option<u64> {
        let mut test = Self::new(1.0);
        (1..=1_000_000).find(|_| {
            test.add(share);
            test.shown() == Shown::Kept
        })
    }
}

/// Values with how often they came. Of many, those that differ by less than 0.05 % are one, so that millions take no time.
fn counted(values: &[f64]) -> Vec<(f64, u64)> {
    const MANY: usize = 5_000;
    const STEP: f64 = 0.0005;
    if values.len() <= MANY {
        return values.iter().map(|&value| (value, 1)).collect();
    }
    let mut groups: BTreeMap<i64, (f64, u64)> = BTreeMap::new();
    for &value in values {
        let key = if value > 0.0 {
            (value.ln() / STEP).floor() as i64
        } else {
            i64::MIN
        };
        let (sum, count) = groups.entry(key).or_default();
        *sum += value;
        *count += 1;
    }
    groups
        .into_values()
        .map(|(sum, count)| (sum / count as f64, count))
        .collect()
}

/// Logarithm of what a bet on lower values makes of its stake at a value in limits; nothing far above.
fn lower_bet(stake: f64, ratio: f64) -> f64 {
    let left = 1.0 - stake * (ratio - 1.0);
    if left > 0.0 { left.ln() } else { f64::NEG_INFINITY }
}

/// Logarithm of the mean of what all bets have made.
fn ln_mixed(won: &[f64; BETS], bets: &[(f64, f64); BETS]) -> f64 {
    let most = won.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    let sum: f64 = won
        .iter()
        .zip(bets)
        .map(|(won, (_, part))| part * (won - most).exp())
        .sum();
    most + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_stakes_are_all() {
        for bets in [HIGHER, LOWER] {
            assert!((bets.iter().map(|bet| bet.1).sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn steady_values_are_told_from_few() {
        let shown = |value: f64, count: usize| MeanTest::of(100.0, &vec![value; count]).shown();
        assert_eq!(shown(200.0, 12), Shown::Broken);
        assert_eq!(shown(125.0, 50), Shown::Broken);
        assert_eq!(shown(50.0, 40), Shown::Kept);
        assert_eq!(shown(75.0, 3), Shown::Open);
        assert_eq!(shown(75.0, 100), Shown::Kept);
        assert_eq!(shown(100.0, 100_000), Shown::Open);
        assert_eq!(MeanTest::of(100.0, &[]).shown(), Shown::Open);
    }

    #[test]
    fn one_huge_value_undoes_the_bets_that_were_large() {
        let mut values = vec![50.0; 60];
        assert_eq!(MeanTest::of(100.0, &values).shown(), Shown::Kept);
        values.push(2_000.0);
        assert_eq!(MeanTest::of(100.0, &values).shown(), Shown::Open);
    }

    #[test]
    fn the_interval_is_around_the_mean_and_agrees_with_the_test() {
        let values: Vec<f64> = (0..200).map(|i| 80.0 + f64::from(i % 41)).collect();
        let (low, high) = MeanTest::interval(&values).unwrap();
        let high = high.unwrap();
        assert!(
            low < 100.0 && high > 100.0 && low > 80.0 && high < 125.0,
            "{low} {high}"
        );
        assert_eq!(MeanTest::of(high * 1.01, &values).shown(), Shown::Kept);
        assert_eq!(MeanTest::of(low * 0.99, &values).shown(), Shown::Broken);
        assert_eq!(MeanTest::interval(&[]), None);
        assert_eq!(MeanTest::interval(&[5.0]).unwrap().1, None);
    }
}
