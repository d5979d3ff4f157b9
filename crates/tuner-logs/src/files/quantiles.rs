/// Up to so many values are kept as they are, and their percentiles are exact.
const EXACT: usize = 512;
/// The largest relative error of a percentile beyond that.
const RELATIVE_ERROR: f64 = 0.005;
/// Each bucket's upper bound is this times its lower one (as in DDSketch), which bounds the relative error.
const GROWTH: f64 = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);
/// Values are clamped to this range, in ms: below a microsecond, and above 11 days, no duration of Lambda's lies.
const RANGE_MS: (f64, f64) = (1e-3, 1e9);

/// The distribution of durations in bounded memory (at most 22 KB), mergeable in any order.
///
/// Up to 512 values percentiles are exact; beyond, they are off by 0.5 % at most.
#[derive(Debug, Clone, Default)]
pub struct Quantiles {
    values: Vec<f64>,
    /// Counts by bucket, the first being that of `offset`.
    buckets: Vec<u64>,
    offset: usize,
    count: u64,
}

impl Quantiles {
    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds a duration in ms.
    pub fn add(&mut self, value_ms: f64) {
        self.count += 1;
        if self.buckets.is_empty() && self.values.len() < EXACT {
            self.values.push(value_ms);
        } else {
            self.fill_buckets();
            self.add_to_bucket(bucket_of(value_ms), 1);
        }
    }

    /// Adds all values of another one.
    pub fn merge(&mut self, other: &Self) {
        for value in &other.values {
            self.add(*value);
        }
        if !other.buckets.is_empty() {
            self.fill_buckets();
            for (index, count) in other.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
                self.add_to_bucket(other.offset + index, *count);
                self.count += count;
            }
        }
    }

    /// The value below or at which the share `p` (0 to 1) of all values lies, by nearest rank; `None` if there is none.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let rank = ((p * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        if self.buckets.is_empty() {
            let mut sorted = self.values.clone();
            sorted.sort_by(f64::total_cmp);
            return sorted.get(rank as usize - 1).copied();
        }
        let mut seen = 0;
        let index = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(middle_of(self.offset + index))
    }

    fn fill_buckets(&mut self) {
        for value in std::mem::take(&mut self.values) {
            self.add_to_bucket(bucket_of(value), 1);
        }
    }

    fn add_to_bucket(&mut self, bucket: usize, count: u64) {
        if self.buckets.is_empty() {
            self.offset = bucket;
        }
        if bucket < self.offset {
            let more = self.offset - bucket;
            self.buckets.splice(0..0, std::iter::repeat_n(0, more));
            self.offset = bucket;
        }
        let index = bucket - self.offset;
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, 0);
        }
        self.buckets[index] += count;
    }
}

fn bucket_of(value_ms: f64) -> usize {
    let value = value_ms.clamp(RANGE_MS.0, RANGE_MS.1);
    ((value / RANGE_MS.0).ln() / GROWTH.ln()).ceil() as usize
}

/// The value that is off by the same share from both bounds of the bucket.
fn middle_of(bucket: usize) -> f64 {
    let upper = RANGE_MS.0 * GROWTH.powi(i32::try_from(bucket).unwrap_or(i32::MAX));
    upper * 2.0 / (1.0 + GROWTH)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(values: &[f64], p: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[((p * values.len() as f64).ceil() as usize).max(1) - 1]
    }

    #[test]
    fn few_values_are_exact() {
        let mut quantiles = Quantiles::default();
        assert_eq!(quantiles.quantile(0.5), None);
        (1..=100).rev().for_each(|value| quantiles.add(f64::from(value)));
        assert_eq!(
            [0.5, 0.95, 0.99, 1.0].map(|p| quantiles.quantile(p)),
            [50.0, 95.0, 99.0, 100.0].map(Some)
        );
    }

    proptest! {
        #[test]
        fn many_values_are_within_half_a_percent(
            values in prop::collection::vec(0.01..900_000.0f64, 1..3000),
            split in any::<prop::sample::Index>(),
        ) {
            let (left, right) = values.split_at(split.index(values.len()));
            let sketch = |values: &[f64]| {
                let mut quantiles = Quantiles::default();
                values.iter().for_each(|value| quantiles.add(*value));
                quantiles
            };
            let mut merged = sketch(left);
            merged.merge(&sketch(right));
            for quantiles in [merged, sketch(&values)] {
                prop_assert_eq!(quantiles.count(), values.len() as u64);
                for p in [0.0, 0.5, 0.95, 0.99, 1.0] {
                    let (near, true_value) = (quantiles.quantile(p).unwrap(), exact(&values, p));
                    prop_assert!((near - true_value).abs() <= true_value * (RELATIVE_ERROR + 1e-9), "{} {} {}", p, near, true_value);
                }
            }
        }
    }
}
