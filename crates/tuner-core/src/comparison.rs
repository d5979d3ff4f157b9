//! What differs between two measurements, of one function or of two: `tuner compare`.
//!
//! Durations and cost are compared as ratios, on a logarithmic scale, with the error of both sides: that of a mean is what its
//! own interval says. Nothing is called better or worse that is not shown to be, and nothing equal that could be further
//! apart than the margin.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::check::{BaselineOf, Bound, Check, CheckSource, Condition, LimitVerdict, Metric, MetricUnit};
use crate::pricing::Currency;
use crate::stats::{self, Estimate};
use crate::tuning::MeasuringEnvironment;
use crate::{Architecture, FunctionName, StartKind, Tuning};

/// Version of the document's form.
pub const COMPARISON_SCHEMA_VERSION: u32 = 1;
/// Differences up to this are of no account, in %.
pub const MARGIN_PCT: f64 = 3.0;

/// Two measurements side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Form of this document, see [`COMPARISON_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What was before.
    pub base: Side,
    /// What is now.
    pub head: Side,
    /// Differences up to this are of no account, in %.
    pub margin_pct: f64,
    /// The size that counts on either side: recommended by a tuning, deployed when a check was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Pair>,
    /// Every size that was measured on both sides, ascending.
    pub sizes: Vec<Pair>,
    /// What was not to be exceeded, and what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionResult>,
    /// What the reader should know before trusting the differences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// One of the two measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// What kind of document it is.
    pub of: BaselineOf,
    /// Its ID.
    pub id: Uuid,
    /// The function.
    pub function: FunctionName,
    /// Instruction set.
    pub architecture: Architecture,
    /// When measuring was over.
    pub measured_at: Timestamp,
    /// The size that counts, in MB; absent where none could be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// What its cost is counted in; absent where the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

/// A size of one side beside one of the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    /// Before, in MB.
    pub base_memory_size_mb: u32,
    /// Now, in MB.
    pub head_memory_size_mb: u32,
    /// What differs, by figure.
    pub changes: Vec<Change>,
}

/// How a figure changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Which figure.
    pub metric: Metric,
    /// What `base` and `head` are counted in.
    pub unit: MetricUnit,
    /// Before, with its 95 % interval.
    pub base: Estimate,
    /// Now, with its 95 % interval.
    pub head: Estimate,
    /// By how much it changed, in %, with a 95 % interval; without bounds where one side has none.
    pub change_pct: Estimate,
    /// How likely it is more now than before, from 0 to 1; absent without an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability_higher: Option<f64>,
    /// What that comes to.
    pub verdict: Difference,
}

/// What the change of a figure comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It is shown to be better.
    Better,
    /// It is shown to be worse.
    Worse,
    /// A difference above the margin is excluded.
    Same,
    /// It is not shown to differ, and could by more than the margin.
    CannotTell,
}

/// A condition that HEAD had to meet against BASE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConditionResult {
    /// Which figure.
    pub metric: Metric,
    /// At most this much worse, in %; absent where the limit is absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worse_pct: Option<f64>,
    /// At most this, in the figure's own unit; absent where it is relative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What is shown of it.
    pub verdict: LimitVerdict,
}

/// What can be compared.
#[derive(Debug, Clone, Copy)]
pub enum Measurement<'a> {
    /// A tuning.
    Tuning(&'a Tuning),
    /// A check.
    Check(&'a Check),
}

impl Measurement<'_> {
    fn side(self) -> Side {
        match self {
            Self::Tuning(tuning) => Side {
                of: BaselineOf::Tuning,
                id: tuning.tuning_id,
                function: tuning.function.name.clone(),
                architecture: tuning.function.architecture,
                measured_at: tuning.finished_at,
                memory_size_mb: tuning.decision.memory_size_mb.or(tuning.function.memory_size_mb),
                currency: tuning.price.as_ref().map(|price| price.currency),
            },
            Self::Check(check) => Side {
                of: BaselineOf::Check,
                id: check.check_id,
                function: check.function.clone(),
                architecture: check.architecture,
                measured_at: check.finished_at,
                memory_size_mb: Some(check.memory_size_mb),
                currency: check.price.as_ref().map(|price| price.currency),
            },
        }
    }

    fn sizes(self) -> Vec<u32> {
        match self {
            Self::Tuning(tuning) => {
                let measured = |mb: &u32| tuning.mean_duration_ms(*mb).is_some();
                tuning
                    .sizes
                    .iter()
                    .map(|size| size.memory_size_mb)
                    .filter(measured)
                    .collect()
            }
            Self::Check(check) => vec![check.memory_size_mb],
        }
    }

    fn is_local(self) -> bool {
        let environment = match self {
            Self::Tuning(tuning) => Some(&tuning.environment),
            Self::Check(check) => match &check.source {
                CheckSource::Invoked { environment } => Some(environment),
                CheckSource::Logs { .. } => None,
            },
        };
        matches!(environment, Some(MeasuringEnvironment::Local { .. }))
    }

    /// Whether cold starts of production are among its figures.
    fn is_of_production(self) -> bool {
        matches!(self, Self::Check(check) if matches!(check.source, CheckSource::Logs { .. }))
    }

    fn figure(self, metric: Metric, mb: u32) -> Option<Estimate> {
        match self {
            Self::Check(check) if check.memory_size_mb == mb => check.figure(metric).map(|figure| Estimate {
                value: figure.value,
                low: figure.low,
                high: figure.high,
            }),
            Self::Check(_) => None,
            Self::Tuning(tuning) => {
                let size = tuning.sizes.iter().find(|size| size.memory_size_mb == mb)?;
                let series = size.series(tuning.start());
                let cold = || {
                    size.series(StartKind::Cold)
                        .or_else(|| size.series(StartKind::Restored))
                };
                match metric {
                    Metric::Mean => tuning.mean_duration_ms(mb),
                    Metric::P50 => Some(series?.duration_ms.p50),
                    Metric::P95 => Some(series?.duration_ms.p95),
                    Metric::P99 => Some(series?.duration_ms.p99),
                    Metric::CostPerMillion => tuning
                        .price
                        .as_ref()
                        .and_then(|_| tuning.mean_cost(mb))
                        .map(|c| c.scaled(1e6)),
                    Metric::Init => Some(cold()?.init_duration_ms.as_ref()?.p50),
                    Metric::MemoryUsed => {
                        let used = f64::from(size.max_memory_used_mb?);
                        Some(Estimate::point(100.0 * used / f64::from(mb)))
                    }
                    Metric::Success | Metric::Timeouts | Metric::ColdStarts => None,
                }
            }
        }
    }
}

impl Comparison {
    /// The figures that are compared, in the order shown.
    pub const METRICS: [Metric; 6] = [
        Metric::Mean,
        Metric::P50,
        Metric::P95,
        Metric::CostPerMillion,
        Metric::Init,
        Metric::MemoryUsed,
    ];

    /// Compares `head` with `base`.
    pub fn of(base: Measurement<'_>, head: Measurement<'_>, conditions: &[Condition]) -> Self {
        let (before, after) = (base.side(), head.side());
        let mut warnings = Vec::new();
        let same_currency = before.currency == after.currency;
        if !same_currency {
            let name = |currency: Option<Currency>| currency.map_or("no price", Currency::code);
            warnings.push(format!(
                "cost is not compared: BASE has {}, HEAD has {}",
                name(before.currency),
                name(after.currency)
            ));
        }
        if base.is_local() != head.is_local() {
            warnings.push(
                "one side was measured on a machine of its own and the other in AWS: their processors differ, and so do durations"
                    .to_owned(),
            );
        }
        if base.is_of_production() != head.is_of_production() {
            warnings.push(
                "one side is what production did, cold starts and all events, the other invocations made for it"
                    .to_owned(),
            );
        }
        if before.function.name() != after.function.name() {
            warnings.push(format!(
                "two functions are compared: {} and {}",
                before.function.name(),
                after.function.name()
            ));
        }
        let pair = |a: u32, b: u32| Pair {
            base_memory_size_mb: a,
            head_memory_size_mb: b,
            changes: Self::METRICS
                .into_iter()
                .filter(|metric| same_currency || *metric != Metric::CostPerMillion)
                .filter_map(|metric| Change::of(metric, base.figure(metric, a)?, head.figure(metric, b)?))
                .collect(),
        };
        let of_head = head.sizes();
        let mut sizes: Vec<u32> = base.sizes().into_iter().filter(|mb| of_head.contains(mb)).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let chosen = before.memory_size_mb.zip(after.memory_size_mb).map(|(a, b)| pair(a, b));
        let chosen = chosen.filter(|pair| !pair.changes.is_empty());
        let judged = conditions.iter().map(|condition| {
            let change = chosen.as_ref().and_then(|pair| pair.change(condition.metric));
            ConditionResult::of(condition, change)
        });
        Self {
            schema_version: COMPARISON_SCHEMA_VERSION,
            margin_pct: MARGIN_PCT,
            sizes: sizes
                .into_iter()
                .map(|mb| pair(mb, mb))
                .filter(|pair| !pair.changes.is_empty())
                .collect(),
            conditions: judged.collect(),
            chosen,
            base: before,
            head: after,
            warnings,
        }
    }
}

impl Pair {
    /// How a figure changed.
    pub fn change(&self, metric: Metric) -> Option<&Change> {
        self.changes.iter().find(|change| change.metric == metric)
    }
}

impl Change {
    fn of(metric: Metric, base: Estimate, head: Estimate) -> Option<Self> {
        if base.value <= 0.0 || head.value <= 0.0 || !base.value.is_finite() || !head.value.is_finite() {
            return None;
        }
        let ratio = (head.value / base.value).ln();
        // Each bound has its own error: those of percentiles are not alike on both sides (Zou and Donner, Statistics in Medicine
        // 27, 2008).
        let below = |e: Estimate| e.low.filter(|low| *low > 0.0).map(|low| (e.value / low).ln());
        let above = |e: Estimate| e.high.map(|high| (high / e.value).ln());
        let bound = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| stats::together(a, b));
        let low = bound(below(head), above(base)).map(|error| ratio - error);
        let high = bound(above(head), below(base)).map(|error| ratio + error);
        let percent = |ln: f64| 100.0 * (ln.exp() - 1.0);
        let quantile = stats::normal_quantile(0.5 + stats::CONFIDENCE / 2.0);
        let toward = if ratio >= 0.0 { low } else { high };
        let error = toward.map(|bound| (ratio - bound).abs() / quantile);
        let probability_higher = error.map(|error| match error > 0.0 {
            true => stats::normal_below(ratio / error),
            false => f64::midpoint(1.0, ratio.signum() * f64::from(u8::from(ratio != 0.0))),
        });
        let margin = (1.0 + MARGIN_PCT / 100.0).ln();
        let verdict = match (low, high) {
            (Some(low), Some(high)) if low >= -margin && high <= margin => Difference::Same,
            (Some(low), _) if low > 0.0 => Difference::Worse,
            (_, Some(high)) if high < 0.0 => Difference::Better,
            _ => Difference::CannotTell,
        };
        Some(Self {
            metric,
            unit: metric.unit(),
            base,
            head,
            change_pct: Estimate {
                value: percent(ratio),
                low: low.map(percent),
                high: high.map(percent),
            },
            probability_higher,
            verdict,
        })
    }
}

impl ConditionResult {
    fn of(condition: &Condition, change: Option<&Change>) -> Self {
        let (worse_pct, limit) = match condition.bound {
            Bound::Worse(percent) => (Some(percent), None),
            Bound::Absolute(limit) => (None, Some(limit)),
        };
        let verdict = match change {
            None => LimitVerdict::NotMeasured,
            Some(change) => {
                let (low, high, most) = match condition.bound {
                    Bound::Worse(percent) => (change.change_pct.low, change.change_pct.high, percent),
                    Bound::Absolute(limit) => (change.head.low, change.head.high, limit),
                };
                if low.is_some_and(|low| low > most) {
                    LimitVerdict::Broken
                } else if high.is_some_and(|high| high <= most) {
                    LimitVerdict::Kept
                } else {
                    LimitVerdict::CannotTell
                }
            }
        };
        Self {
            metric: condition.metric,
            worse_pct,
            limit,
            verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate {
            value,
            low: Some(low),
            high: Some(high),
        }
    }

    fn change(base: Estimate, head: Estimate) -> Change {
        Change::of(Metric::Mean, base, head).unwrap()
    }

    #[test]
    fn what_is_shown_is_said_and_nothing_else() {
        let about = |value: f64, share: f64| estimate(value, value * (1.0 - share), value * (1.0 + share));
        let verdict = |a, b| change(a, b).verdict;
        assert_eq!(verdict(about(100.0, 0.05), about(130.0, 0.05)), Difference::Worse);
        assert_eq!(verdict(about(100.0, 0.05), about(70.0, 0.05)), Difference::Better);
        assert_eq!(verdict(about(100.0, 0.01), about(100.5, 0.01)), Difference::Same);
        assert_eq!(verdict(about(100.0, 0.05), about(103.0, 0.05)), Difference::CannotTell);
        // The same figure, and nothing known of either.
        assert_eq!(
            verdict(Estimate::point(100.0), Estimate::point(100.0)),
            Difference::CannotTell
        );
    }

    #[test]
    fn the_interval_holds_the_change_and_the_probability_its_side() {
        let c = change(estimate(100.0, 95.0, 105.0), estimate(110.0, 104.5, 115.5));
        assert!((c.change_pct.value - 10.0).abs() < 1e-9);
        let (low, high) = (c.change_pct.low.unwrap(), c.change_pct.high.unwrap());
        assert!(low > 2.0 && low < 4.0 && high > 16.0 && high < 19.0, "{low} {high}");
        assert!(c.probability_higher.unwrap() > 0.99);
        let even = change(estimate(100.0, 95.0, 105.0), estimate(100.0, 95.0, 105.0));
        assert!((even.probability_higher.unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(
            Change::of(Metric::Mean, Estimate::point(0.0), Estimate::point(1.0)),
            None
        );
    }

    #[test]
    fn one_bound_is_enough_for_one_side() {
        // Of few durations a 95th percentile has no upper bound.
        let open = |value: f64| Estimate {
            value,
            low: Some(value * 0.95),
            high: None,
        };
        let c = change(estimate(100.0, 95.0, 105.0), open(150.0));
        assert_eq!((c.verdict, c.change_pct.high), (Difference::Worse, None));
        let c = change(open(100.0), estimate(150.0, 140.0, 160.0));
        assert_eq!((c.verdict, c.change_pct.low), (Difference::CannotTell, None));
    }

    #[test]
    fn conditions_are_kept_broken_or_open() {
        let c = change(estimate(100.0, 98.0, 102.0), estimate(110.0, 108.0, 112.0));
        let of = |text: &str| ConditionResult::of(&text.parse().unwrap(), Some(&c)).verdict;
        assert_eq!(of("mean>+20%"), LimitVerdict::Kept);
        assert_eq!(of("mean>+5%"), LimitVerdict::Broken);
        assert_eq!(of("mean>+10%"), LimitVerdict::CannotTell);
        assert_eq!(of("mean>115"), LimitVerdict::Kept);
        assert_eq!(of("mean>100ms"), LimitVerdict::Broken);
        assert_eq!(
            ConditionResult::of(&"p95>+1%".parse().unwrap(), None).verdict,
            LimitVerdict::NotMeasured
        );
    }
}
