//! Statistics of few, noisy measurements: every number comes with the interval it can be trusted to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, Continuous, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

/// Confidence of every interval in this crate.
pub const CONFIDENCE: f64 = 0.95;

/// A number and the 95 % interval around it. A bound is absent when there are too few values to give one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Lower bound of the 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper bound of the 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Estimate {
    /// A number of which no interval is known.
    pub const fn point(value: f64) -> Self {
        Self {
            value,
            low: None,
            high: None,
        }
    }

    /// The same multiplied by `factor` (not negative).
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            low: self.low.map(|x| x * factor),
            high: self.high.map(|x| x * factor),
        }
    }

    /// Whether `x` is inside the interval; an open side holds everything.
    pub fn contains(&self, x: f64) -> bool {
        self.low.is_none_or(|low| low <= x) && self.high.is_none_or(|high| x <= high)
    }
}

/// What a series of values looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// How many values.
    pub count: u32,
    /// Arithmetic mean, with a Student-t interval.
    pub mean: Estimate,
    /// Sample standard deviation; 0 for a single value.
    pub std_dev: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Median, with an order-statistic interval.
    pub p50: Estimate,
    /// 95th percentile, with an order-statistic interval.
    pub p95: Estimate,
    /// 99th percentile, with an order-statistic interval.
    pub p99: Estimate,
}

impl Distribution {
    /// Describes `values`; `None` if there are none. NaN is not allowed.
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        Some(Self {
            count: sorted.len() as u32,
            mean: mean(&sorted)?,
            std_dev: variance(&sorted).sqrt(),
            min,
            max,
            p50: quantile(&sorted, 0.50)?,
            p95: quantile(&sorted, 0.95)?,
            p99: quantile(&sorted, 0.99)?,
        })
    }
}

/// The values in ascending numerical order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The values without the `share` (0 to under 0.5) smallest and the `share` largest, sorted.
pub fn trimmed(values: &[f64], share: f64) -> Vec<f64> {
    let sorted = sorted(values);
    let cut = (sorted.len() as f64 * share.clamp(0.0, 0.499)).floor() as usize;
    sorted[cut..sorted.len() - cut].to_vec()
}

/// Arithmetic mean with the Student-t interval; no interval for a single value, `None` for none.
pub fn mean(values: &[f64]) -> Option<Estimate> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let value = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return Some(Estimate::point(value));
    }
    let half = t_quantile(n - 1.0) * (variance(values) / n).sqrt();
    // The mean of what is never negative is not either, however wide the interval.
    let floor = if values.iter().all(|&x| x >= 0.0) {
        0.0
    } else {
        f64::NEG_INFINITY
    };
    Some(Estimate {
        value,
        low: Some((value - half).max(floor)),
        high: Some(value + half),
    })
}

/// The mean of values of several kinds, each with its share of all: the means of the kinds, weighted. Kinds without values
/// leave their share to the others. The interval has the degrees of freedom of Welch and Satterthwaite; none where a kind has
/// a single value, `None` where there are no values.
pub fn stratified_mean(strata: &[(f64, Vec<f64>)]) -> Option<Estimate> {
    let known = || strata.iter().filter(|(_, values)| !values.is_empty());
    let total: f64 = known().map(|(share, _)| share).sum();
    if total <= 0.0 {
        return None;
    }
    let value = known().map(|(share, values)| share / total * mean_of(values)).sum();
    if known().any(|(_, values)| values.len() < 2) {
        return Some(Estimate::point(value));
    }
    let parts: Vec<(f64, f64)> = known()
        .map(|(share, values)| {
            let n = values.len() as f64;
            ((share / total).powi(2) * variance(values) / n, n - 1.0)
        })
        .collect();
    let square: f64 = parts.iter().map(|p| p.0).sum();
    let freedom = square.powi(2) / parts.iter().map(|(part, freedom)| part.powi(2) / freedom).sum::<f64>();
    let half = if square > 0.0 {
        t_quantile(freedom) * square.sqrt()
    } else {
        0.0
    };
    let floor = match known().all(|(_, values)| values.iter().all(|&x| x >= 0.0)) {
        true => 0.0,
        false => f64::NEG_INFINITY,
    };
    Some(Estimate {
        value,
        low: Some((value - half).max(floor)),
        high: Some(value + half),
    })
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// mean(`b`) - mean(`a`) with Welch's interval for unequal variances (B. L. Welch, Biometrika 34, 1947).
///
/// No interval if either side has fewer than two values; `None` if either has none.
pub fn difference(a: &[f64], b: &[f64]) -> Option<Estimate> {
    let value = mean(b)?.value - mean(a)?.value;
    if a.len() < 2 || b.len() < 2 {
        return Some(Estimate::point(value));
    }
    let (na, nb) = (a.len() as f64, b.len() as f64);
    let (sa, sb) = (variance(a) / na, variance(b) / nb);
    if sa + sb == 0.0 {
        return Some(Estimate {
            value,
            low: Some(value),
            high: Some(value),
        });
    }
    let freedom = (sa + sb).powi(2) / (sa.powi(2) / (na - 1.0) + sb.powi(2) / (nb - 1.0));
    let half = t_quantile(freedom) * (sa + sb).sqrt();
    Some(Estimate {
        value,
        low: Some(value - half),
        high: Some(value + half),
    })
}

/// mean(`after`) / mean(`before`) - 1, with an interval by the delta method on Welch's standard error of the log ratio.
///
/// `None` if either side is empty or a mean is not positive.
pub fn relative_change(before: &[f64], after: &[f64]) -> Option<Estimate> {
    let (a, b) = (mean(before)?.value, mean(after)?.value);
    if a <= 0.0 || b <= 0.0 {
        return None;
    }
    let value = b / a - 1.0;
    if before.len() < 2 || after.len() < 2 {
        return Some(Estimate::point(value));
    }
    let (na, nb) = (before.len() as f64, after.len() as f64);
    let (ra, rb) = (variance(before) / na / (a * a), variance(after) / nb / (b * b));
    if ra + rb == 0.0 {
        return Some(Estimate {
            value,
            low: Some(value),
            high: Some(value),
        });
    }
    let freedom = (ra + rb).powi(2) / (ra.powi(2) / (na - 1.0) + rb.powi(2) / (nb - 1.0));
    let half = t_quantile(freedom) * (ra + rb).sqrt();
    Some(Estimate {
        value,
        low: Some(b / a * (-half).exp() - 1.0),
        high: Some(b / a * half.exp() - 1.0),
    })
}

/// Quantile `q` of ascending `sorted` values (linear interpolation, Hyndman and Fan's type 7), with the interval between
/// two order statistics whose ranks follow from the binomial distribution: exact without any assumption on shape.
///
/// A bound is absent when no order statistic reaches that far: "n too small". `None` if there are no values.
pub fn quantile(sorted: &[f64], q: f64) -> Option<Estimate> {
    let (n, last) = (sorted.len(), *sorted.last()?);
    let position = q * (n - 1) as f64;
    let below = position.floor() as usize;
    let next = sorted.get(below + 1).copied().unwrap_or(last);
    let value = sorted[below] + (position - below as f64) * (next - sorted[below]);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let binomial = Binomial::new(q, n as u64).ok()?;
    // P(X(l) > Q) = P(B <= l - 1), P(X(u) < Q) = P(B >= u) for B ~ Binomial(n, q): both at most 2.5 %.
    let low = (1..=n)
        .rev()
        .find(|&l| binomial.cdf(l as u64 - 1) <= tail)
        .map(|l| sorted[l - 1]);
    let high = (1..=n)
        .find(|&u| binomial.sf(u as u64 - 1) <= tail)
        .map(|u| sorted[u - 1]);
    // Far out in the tail of few values the interpolated point falls below what the ranks already rule out.
    let value = value.clamp(low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
    Some(Estimate { value, low, high })
}

/// Sample variance (n - 1); 0 for fewer than two values.
fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

/// The 97.5 % quantile of Student's t.
pub(crate) fn t_quantile(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + CONFIDENCE / 2.0))
}

/// The probability that a variable of Student's t with this many degrees of freedom is below `t`.
pub(crate) fn t_below(t: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(0.5, |distribution| distribution.cdf(t))
}

/// The standard error of the sum or difference of two independent numbers with these errors.
pub(crate) fn together(a: f64, b: f64) -> f64 {
    (a * a + b * b).sqrt()
}

/// `value` with the interval of a relative standard `error` on `freedom` degrees of freedom, on a logarithmic scale.
pub(crate) fn around(value: f64, error: f64, freedom: f64) -> Estimate {
    let half = t_quantile(freedom) * error;
    Estimate {
        value,
        low: Some(value * (-half).exp()),
        high: Some(value * half.exp()),
    }
}

/// The value that a standard normal variable is below with probability `q`.
pub(crate) fn normal_quantile(q: f64) -> f64 {
    Normal::standard().inverse_cdf(q)
}

/// The probability that a standard normal variable is below `z`.
pub(crate) fn normal_below(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// By how much a normal variable with mean `mean` and standard deviation `sd` is expected to be above 0, counting nothing
/// below it: what is to be gained (or lost) on average by something uncertain that is only taken when it is good.
pub(crate) fn expected_excess(mean: f64, sd: f64) -> f64 {
    if sd <= 0.0 {
        return mean.max(0.0);
    }
    let z = mean / sd;
    sd * Normal::standard().pdf(z) + mean * normal_below(z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mean_of_four_has_the_textbook_interval() {
        // mean 5, s = 2.582, t(0.975, 3) = 3.182: 5 ± 4.108.
        let e = mean(&[2.0, 4.0, 6.0, 8.0]).unwrap();
        assert_eq!(e.value, 5.0);
        assert!((e.high.unwrap() - 9.108).abs() < 1e-3 && (e.low.unwrap() - 0.892).abs() < 1e-3);
        assert_eq!(mean(&[7.0]).unwrap(), Estimate::point(7.0));
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn a_mix_weighs_by_shares_not_by_counts() {
        // Three of four take 20 ms, one takes 800: 215 ms, though half of the values are of the second kind.
        let mix = [(0.75, vec![19.0, 21.0]), (0.25, vec![790.0, 810.0])];
        let e = stratified_mean(&mix).unwrap();
        assert!(
            (e.value - 215.0).abs() < 1e-9 && e.low.unwrap() > 180.0 && e.high.unwrap() < 250.0,
            "{e:?}"
        );
        assert_eq!(
            stratified_mean(&[(0.5, vec![]), (0.5, vec![7.0])]),
            Some(Estimate::point(7.0))
        );
        assert_eq!(stratified_mean(&[(0.5, vec![])]), None);
    }

    #[test]
    fn trimming_sorts_numbers_not_text() {
        assert_eq!(trimmed(&[100.0, 9.0, 10.0], 0.34), [10.0]);
        assert_eq!(trimmed(&[100.0, 9.0, 10.0], 0.0), [9.0, 10.0, 100.0]);
    }

    #[test]
    fn median_of_ten_lies_between_the_second_and_ninth() {
        // The textbook ranks for n = 10 at 95 %: 2 and 9 (coverage 97.9 %).
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(
            quantile(&values, 0.5).unwrap(),
            Estimate {
                value: 5.5,
                low: Some(2.0),
                high: Some(9.0)
            }
        );
    }

    #[test]
    fn p95_of_ten_has_no_upper_bound() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let p95 = quantile(&values, 0.95).unwrap();
        assert_eq!(p95.high, None);
        assert!(p95.low.is_some_and(|low| low < p95.value));
        // P(max < p95) = 0.95^73 = 2.4 %: the first n that has one.
        let values: Vec<f64> = (1..=73).map(f64::from).collect();
        assert_eq!(quantile(&values, 0.95).unwrap().high, Some(73.0));
    }

    #[test]
    fn difference_and_ratio_agree_on_the_sign() {
        let (a, b) = ([100.0, 102.0, 98.0, 101.0], [80.0, 79.0, 82.0, 81.0]);
        let d = difference(&a, &b).unwrap();
        assert!((d.value + 19.75).abs() < 1e-9 && !d.contains(0.0));
        let r = relative_change(&a, &b).unwrap();
        assert!((r.value - (80.5 / 100.25 - 1.0)).abs() < 1e-12 && !r.contains(0.0) && r.contains(-0.2));
    }

    /// 2,000 simulated series of skewed (log-normal) durations: the intervals hold the truth about as often as they say.
    #[test]
    fn intervals_cover_the_truth() {
        let mut state = 42_u64;
        let mut uniform = move || {
            // SplitMix64 (Steele, Lea, Flood 2014).
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut normal =
            move || (-2.0 * uniform().max(1e-300).ln()).sqrt() * (2.0 * std::f64::consts::PI * uniform()).cos();
        let sigma = 0.3_f64;
        let (true_mean, true_median, true_p95) = ((sigma * sigma / 2.0).exp(), 1.0, (1.644_853_6 * sigma).exp());
        let (mut mean_hits, mut median_hits, mut p95_hits) = (0, 0, 0);
        for _ in 0..2000 {
            let values = sorted(&(0..20).map(|_| (sigma * normal()).exp()).collect::<Vec<_>>());
            mean_hits += u32::from(mean(&values).unwrap().contains(true_mean));
            median_hits += u32::from(quantile(&values, 0.5).unwrap().contains(true_median));
            p95_hits += u32::from(quantile(&values, 0.95).unwrap().contains(true_p95));
        }
        assert!(mean_hits > 1840, "mean: {mean_hits} of 2000");
        assert!(median_hits > 1890, "median: {median_hits} of 2000");
        assert!(p95_hits > 1890, "p95: {p95_hits} of 2000");
    }

    proptest! {
        #[test]
        fn order_is_kept(values in prop::collection::vec(0.01_f64..1e6, 1..60)) {
            let d = Distribution::of(&values).unwrap();
            prop_assert!(d.min <= d.p50.value && d.p50.value <= d.p95.value);
            prop_assert!(d.p95.value <= d.p99.value && d.p99.value <= d.max);
            prop_assert!(d.mean.value >= d.min - 1e-9 && d.mean.value <= d.max + 1e-9);
            for e in [d.mean, d.p50, d.p95, d.p99] {
                prop_assert!(e.low.is_none_or(|low| low <= e.value + 1e-9));
                prop_assert!(e.high.is_none_or(|high| high >= e.value - 1e-9));
            }
        }
    }
}
