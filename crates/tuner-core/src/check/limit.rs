//! Limits of a check, and the words they are typed in.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of a function that can have a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Mean duration, in ms.
    Mean,
    /// Median of the duration, in ms.
    P50,
    /// 95th percentile of the duration, in ms.
    P95,
    /// 99th percentile of the duration, in ms.
    P99,
    /// Mean cost of a million invocations, in the currency of the region's prices.
    CostPerMillion,
    /// Invocations that succeed, in % of all.
    Success,
    /// Median time to come up or to restore a snapshot, in ms; cold starts only.
    Init,
    /// Largest memory use of an environment, in % of the memory size.
    MemoryUsed,
    /// Invocations that run into the time-out, in % of all.
    Timeouts,
    /// Invocations that start cold, in % of all; known from logs only.
    ColdStarts,
}

/// What the figures of a metric are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricUnit {
    /// Milliseconds.
    Ms,
    /// Per cent.
    Percent,
    /// The currency of the region's prices.
    Money,
}

impl Metric {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::Success,
        Self::Mean,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::CostPerMillion,
        Self::Init,
        Self::MemoryUsed,
        Self::Timeouts,
        Self::ColdStarts,
    ];

    /// As it is typed and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::CostPerMillion => "cost",
            Self::Success => "success",
            Self::Init => "init",
            Self::MemoryUsed => "memory",
            Self::Timeouts => "timeouts",
            Self::ColdStarts => "cold-starts",
        }
    }

    /// What its figures are counted in.
    pub const fn unit(self) -> MetricUnit {
        match self {
            Self::Mean | Self::P50 | Self::P95 | Self::P99 | Self::Init => MetricUnit::Ms,
            Self::CostPerMillion => MetricUnit::Money,
            Self::Success | Self::MemoryUsed | Self::Timeouts | Self::ColdStarts => MetricUnit::Percent,
        }
    }

    /// Whether more is better.
    pub const fn is_least(self) -> bool {
        matches!(self, Self::Success)
    }

    /// The share of durations that may be above a limit of this percentile.
    pub const fn share_above(self) -> Option<f64> {
        match self {
            Self::P50 | Self::Init => Some(0.5),
            Self::P95 => Some(0.05),
            Self::P99 => Some(0.01),
            _ => None,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A figure and what it must keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// Which figure.
    pub metric: Metric,
    /// At most this, of `success` at least this, in `unit`.
    pub limit: f64,
    /// What `limit` is counted in.
    pub unit: MetricUnit,
}

impl Limit {
    /// A limit in the metric's own unit.
    pub const fn new(metric: Metric, limit: f64) -> Self {
        Self {
            metric,
            limit,
            unit: metric.unit(),
        }
    }

    /// The limits of `--limits guide`: success >= 95 %, mean <= 2 s, p95 <= 5 s, cold starts <= 20 %.
    pub const GUIDE: [Self; 4] = [
        Self::new(Metric::Success, 95.0),
        Self::new(Metric::Mean, 2_000.0),
        Self::new(Metric::P95, 5_000.0),
        Self::new(Metric::ColdStarts, 20.0),
    ];

    /// The share of calls that may miss it; `None` where it is not a share.
    pub fn share(&self) -> Option<f64> {
        match self.metric {
            Metric::Mean | Metric::CostPerMillion => None,
            Metric::Success => Some(1.0 - self.limit / 100.0),
            Metric::Timeouts | Metric::ColdStarts => Some(self.limit / 100.0),
            // Of the memory used the largest counts: none may be above, and 19 of 20 calls without one are taken as shown.
            Metric::MemoryUsed => Some(0.05),
            Metric::P50 | Metric::P95 | Metric::P99 | Metric::Init => self.metric.share_above(),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.metric.is_least() { ">=" } else { "<=" };
        let name = self.metric.name();
        let number = short(self.limit);
        match self.unit {
            MetricUnit::Ms => write!(f, "{name} {sign} {number} ms"),
            MetricUnit::Percent => write!(f, "{name} {sign} {number} %"),
            MetricUnit::Money => write!(f, "{name} {sign} {number} per million"),
        }
    }
}

/// At most six decimals, and none that say nothing; thousands separated.
fn short(number: f64) -> String {
    let text = format!("{number:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = crate::thousands(whole);
    fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}"))
}

/// What is typed for `--fail-on`: what must not be, absolute or against a baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Which figure.
    pub metric: Metric,
    /// From where on it fails.
    pub bound: Bound,
}

/// From where on a condition fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Beyond this, in the metric's own unit.
    Absolute(f64),
    /// This much worse than the baseline, in %: `+20%` is a fifth.
    Worse(f64),
}

impl Condition {
    /// The limit it is, given what the baseline measured.
    pub fn limit(&self, baseline: Option<f64>) -> Option<Limit> {
        match self.bound {
            Bound::Absolute(limit) => Some(Limit::new(self.metric, limit)),
            Bound::Worse(percent) => {
                let change = if self.metric.is_least() { -percent } else { percent };
                baseline.map(|value| Limit::new(self.metric, value * (1.0 + change / 100.0)))
            }
        }
    }
}

/// As it is typed; what is read of it is the same.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.metric.is_least() { '<' } else { '>' };
        match self.bound {
            Bound::Absolute(limit) => {
                let unit = match self.metric.unit() {
                    MetricUnit::Ms => "ms",
                    MetricUnit::Percent => "%",
                    MetricUnit::Money => "",
                };
                write!(f, "{}{sign}{limit}{unit}", self.metric)
            }
            Bound::Worse(percent) => {
                let way = if self.metric.is_least() { '-' } else { '+' };
                write!(f, "{}{sign}{way}{percent}%", self.metric)
            }
        }
    }
}

/// A condition that makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConditionError {
    /// There is no such figure.
    #[error(
        "there is no figure `{0}`; use one of success, mean, p50, p95, p99, cost, init, memory, timeouts, cold-starts"
    )]
    Metric(String),
    /// Neither above nor below.
    #[error("`{0}` is no condition; use FIGURE>LIMIT, as in p95>800ms, success<95% or p95>+20%")]
    Form(String),
    /// The wrong side.
    #[error("{metric} fails when it is too {wrong}: use `{metric}{sign}{rest}`")]
    Side {
        /// Which figure.
        metric: Metric,
        /// `small` or `large`.
        wrong: &'static str,
        /// The sign that fits.
        sign: char,
        /// What follows it.
        rest: String,
    },
    /// A number with a unit of something else.
    #[error("`{typed}` is no limit of {metric}, which is {takes}")]
    Unit {
        /// Which figure.
        metric: Metric,
        /// As typed.
        typed: String,
        /// What fits.
        takes: &'static str,
    },
}

impl FromStr for Condition {
    type Err = ConditionError;

    /// `p95>800ms`, `mean>2s`, `success<95%`, `cost>3.5`, `p95>+20%`.
    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let text = text.trim();
        let form = || ConditionError::Form(text.to_owned());
        let at = text.find(['>', '<']).ok_or_else(form)?;
        let (name, rest) = text.split_at(at);
        let (sign, value) = rest.split_at(1);
        let value = value.trim_start_matches('=').trim();
        let metric = metric(name.trim())?;
        let wanted = if metric.is_least() { '<' } else { '>' };
        if !sign.starts_with(wanted) {
            return Err(ConditionError::Side {
                metric,
                wrong: if metric.is_least() { "small" } else { "large" },
                sign: wanted,
                rest: value.to_owned(),
            });
        }
        let bound = match value.strip_prefix(['+', '-', '\u{2212}']) {
            Some(change) => {
                let fits = if metric.is_least() {
                    value.starts_with(['-', '\u{2212}'])
                } else {
                    value.starts_with('+')
                };
                let percent = change.strip_suffix('%').map(str::trim).and_then(number);
                Bound::Worse(percent.filter(|_| fits).ok_or_else(|| ConditionError::Unit {
                    metric,
                    typed: value.to_owned(),
                    takes: match metric.is_least() {
                        true => "at most so many per cent lower than the baseline, as in -5%",
                        false => "at most so many per cent higher than the baseline, as in +20%",
                    },
                })?)
            }
            None => Bound::Absolute(absolute(metric, value)?),
        };
        Ok(Self { metric, bound })
    }
}

/// The limit that a number without a unit is for `metric`, as flags take it.
///
/// # Errors
/// When the number is none that the figure can have.
pub fn limit_of(metric: Metric, typed: &str) -> Result<Limit, ConditionError> {
    absolute(metric, typed).map(|limit| Limit::new(metric, limit))
}

fn metric(name: &str) -> Result<Metric, ConditionError> {
    let wanted = name.to_lowercase().replace('_', "-");
    let wanted = match wanted.as_str() {
        "cost-per-million" => "cost",
        "memory-used" => "memory",
        "success-rate" => "success",
        "cold-share" | "cold" => "cold-starts",
        "median" => "p50",
        other => other,
    };
    let found = Metric::ALL.into_iter().find(|metric| metric.name() == wanted);
    found.ok_or_else(|| ConditionError::Metric(name.to_owned()))
}

/// A number with a unit that fits the figure, or without one.
fn absolute(metric: Metric, typed: &str) -> Result<f64, ConditionError> {
    let at = typed
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(typed.len());
    let (digits, unit) = typed.split_at(at);
    let factor = match (metric.unit(), unit.trim()) {
        (_, "") | (MetricUnit::Ms, "ms") | (MetricUnit::Percent, "%") => Some(1.0),
        (MetricUnit::Ms, "s") => Some(1_000.0),
        (MetricUnit::Ms, "us" | "µs") => Some(0.001),
        (MetricUnit::Money, "USD" | "CNY") => Some(1.0),
        _ => None,
    };
    let digits = match metric.unit() {
        MetricUnit::Money if digits.is_empty() => typed.trim_start_matches(['$', '¥']),
        _ => digits,
    };
    let factor = match metric.unit() {
        MetricUnit::Money if typed.starts_with(['$', '¥']) => Some(1.0),
        _ => factor,
    };
    let fits = |value: &f64| match metric.unit() {
        MetricUnit::Percent if metric == Metric::MemoryUsed => *value > 0.0,
        // That none or all do can be refuted, and never shown.
        MetricUnit::Percent => *value > 0.0 && *value < 100.0,
        _ => *value > 0.0,
    };
    let value = number(digits).zip(factor).map(|(number, factor)| number * factor);
    value.filter(fits).ok_or_else(|| ConditionError::Unit {
        metric,
        typed: typed.to_owned(),
        takes: match metric.unit() {
            MetricUnit::Ms => "a time above 0: 800, 800ms or 2s",
            MetricUnit::Percent => {
                "a share between 0 and 100 %: 95 or 95% (that none or all do cannot be shown by any number of calls)"
            }
            MetricUnit::Money => "money for a million invocations, above 0: 3.5 or $3.5",
        },
    })
}

fn number(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Condition {
        text.parse().unwrap()
    }

    #[test]
    fn conditions_are_read_in_every_unit_that_fits() {
        for (text, limit) in [
            ("p95>800ms", "p95 <= 800 ms"),
            ("mean > 2s", "mean <= 2,000 ms"),
            ("P50>0.5", "p50 <= 0.5 ms"),
            ("success<95%", "success >= 95 %"),
            ("cost_per_million>3.5", "cost <= 3.5 per million"),
            ("cost>$12", "cost <= 12 per million"),
            ("cold-starts>20%", "cold-starts <= 20 %"),
            ("timeouts>1", "timeouts <= 1 %"),
        ] {
            assert_eq!(parsed(text).limit(None).unwrap().to_string(), limit, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for text in [
            "p95>800ms",
            "mean>0.5ms",
            "success<99.9%",
            "cost>3.25",
            "timeouts>1%",
            "p95>+20%",
            "success<-0.5%",
        ] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_relative_needs_a_baseline() {
        let condition = parsed("p95>+20%");
        assert_eq!(condition.limit(None), None);
        assert_eq!(condition.limit(Some(500.0)).unwrap().to_string(), "p95 <= 600 ms");
        assert_eq!(
            parsed("success<-5%").limit(Some(98.0)).unwrap().to_string(),
            "success >= 93.1 %"
        );
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (text, words) in [
            ("p97>800", "p97"),
            ("p95", "no condition"),
            ("p95<800", "p95>800"),
            ("success>95%", "success<95%"),
            ("p95>800MB", "a time"),
            ("p95>80%", "a time"),
            ("success<95ms", "share"),
            ("success<120%", "share"),
            ("success<100%", "cannot be shown"),
            ("timeouts>0", "cannot be shown"),
            ("cost>3ms", "money"),
            ("mean>0", "a time"),
            ("mean>-20%", "+20%"),
            ("p95>+20", "+20%"),
            ("mean>1e999", "a time"),
            ("mean>", "a time"),
        ] {
            let error = text.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
