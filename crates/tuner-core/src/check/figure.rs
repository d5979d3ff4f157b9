//! What was measured of one metric, with the interval that holds at every look.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MeanTest, Metric, MetricUnit, ShareTest, Shown};
use crate::stats;

/// A measured figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// Which.
    pub metric: Metric,
    /// What `value`, `low` and `high` are counted in.
    pub unit: MetricUnit,
    /// The figure of the calls that were measured.
    pub value: f64,
    /// Lower bound of the 95 % interval that is valid at every look; absent where too few calls give none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper bound of the same interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Calls that it is of.
    pub calls: u64,
}

impl Figure {
    /// A mean, of values that are not negative.
    pub(super) fn mean(metric: Metric, values: &[f64]) -> Option<Self> {
        let value = stats::mean(values)?.value;
        let (low, high) = MeanTest::interval(values).map_or((None, None), |(low, high)| (Some(low), high));
        Some(Self {
            metric,
            unit: metric.unit(),
            value,
            low,
            high,
            calls: values.len() as u64,
        })
    }

    /// The value that this share of `values` is above; `None` of so few that no value would be: fewer than 20 tell no p95.
    pub(super) fn quantile(metric: Metric, values: &[f64], share_above: f64) -> Option<Self> {
        const ROUNDING: f64 = 1e-9;
        if values.len() as f64 * share_above < 1.0 - ROUNDING {
            return None;
        }
        let sorted = stats::sorted(values);
        let value = stats::quantile(&sorted, 1.0 - share_above)?.value;
        let calls = sorted.len() as u64;
        // Whether the quantile is shown to be above (or at most) the value at this rank.
        let shown = |rank: usize| {
            let above = (sorted.len() - sorted.partition_point(|&other| other <= sorted[rank])) as u64;
            ShareTest::of(share_above, calls, above, above).shown()
        };
        let ranks: Vec<usize> = (0..sorted.len()).collect();
        let below = ranks.partition_point(|&rank| shown(rank) == Shown::Broken);
        let kept = ranks.partition_point(|&rank| shown(rank) != Shown::Kept);
        let low = below.checked_sub(1).map(|rank| sorted[rank]);
        let high = sorted.get(kept).copied();
        Some(Self {
            metric,
            unit: metric.unit(),
            value: value.clamp(low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY)),
            low,
            high,
            calls,
        })
    }

    /// The share of `calls` that are `counted`, in %.
    pub(super) fn share(metric: Metric, calls: u64, counted: u64) -> Option<Self> {
        if calls == 0 {
            return None;
        }
        // Of what should be many it is the few others that are counted, as the limit's own test does.
        let (low, high) = match metric.is_least() {
            true => {
                let (low, high) = ShareTest::of(0.5, calls, calls - counted, calls - counted).interval();
                (1.0 - high, 1.0 - low)
            }
            false => ShareTest::of(0.5, calls, counted, counted).interval(),
        };
        Some(Self {
            metric,
            unit: metric.unit(),
            value: 100.0 * counted as f64 / calls as f64,
            low: Some(100.0 * low),
            high: Some(100.0 * high),
            calls,
        })
    }

    /// A figure that is a fact, such as a largest one.
    pub(super) fn fact(metric: Metric, value: f64, calls: u64) -> Self {
        Self {
            metric,
            unit: metric.unit(),
            value,
            low: None,
            high: None,
            calls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_success_agrees_with_its_limit() {
        let success = Figure::share(Metric::Success, 59, 59).unwrap();
        assert!(success.value == 100.0 && success.low.unwrap() >= 94.99, "{success:?}");
        assert_eq!(Figure::share(Metric::Timeouts, 0, 0), None);
    }

    #[test]
    fn few_values_have_no_upper_bound_of_their_tail() {
        let values: Vec<f64> = (0..20).map(f64::from).collect();
        let p95 = Figure::quantile(Metric::P95, &values, 0.05).unwrap();
        assert_eq!(p95.high, None);
        assert_eq!(Figure::quantile(Metric::P95, &values[1..], 0.05), None);
        assert!(p95.low.unwrap() >= 10.0, "{p95:?}");
        let p50 = Figure::quantile(Metric::P50, &values, 0.5).unwrap();
        assert!(p50.low.unwrap() < p50.value && p50.value < p50.high.unwrap(), "{p50:?}");
    }
}
