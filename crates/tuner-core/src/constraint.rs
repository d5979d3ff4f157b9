use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of the durations at one memory size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Median.
    P50,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

impl Statistic {
    /// The share of durations below it; `None` for the mean.
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::Mean => None,
            Self::P50 => Some(0.50),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        })
    }
}

/// What a memory size must keep to be chosen, whatever the objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Constraint {
    /// The duration, in one of its figures, is at most this.
    Duration {
        /// Which figure.
        statistic: Statistic,
        /// At most this, in ms.
        max_ms: f64,
    },
    /// The mean cost is at most this much above that of the cheapest size.
    CostAboveCheapest {
        /// At most this, in % (10 is a tenth more).
        max_pct: f64,
    },
    /// The mean cost is at most this.
    CostPerMillion {
        /// At most this for a million invocations, in the currency of the region's prices.
        max: f64,
    },
}

impl Constraint {
    /// The number it was given: ms, % or money.
    pub const fn limit(&self) -> f64 {
        match self {
            Self::Duration { max_ms, .. } => *max_ms,
            Self::CostAboveCheapest { max_pct } => *max_pct,
            Self::CostPerMillion { max } => *max,
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration { statistic, max_ms } => write!(f, "{statistic} <= {max_ms} ms"),
            Self::CostAboveCheapest { max_pct } => write!(f, "cost within {max_pct} % of the cheapest"),
            Self::CostPerMillion { max } => write!(f, "cost <= {max} per million"),
        }
    }
}
