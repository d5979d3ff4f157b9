use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What "best" means.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Objective {
    /// Lowest cost per invocation.
    #[default]
    Cost,
    /// Shortest duration.
    Speed,
    /// A weighted mean of both, each relative to what it is at the ends of the allowed range.
    Balanced {
        /// Weight of cost: 0 is speed alone, 1 is cost alone.
        cost_weight: f64,
    },
}

impl Objective {
    /// Weight of cost in a balanced objective when none is given.
    pub const DEFAULT_COST_WEIGHT: f64 = 0.5;

    /// By what sizes are compared: a balance with all the weight on one side is that side.
    pub const fn axis(self) -> Axis {
        match self {
            Self::Cost => Axis::Cost,
            Self::Speed => Axis::Duration,
            Self::Balanced { cost_weight } if cost_weight >= 1.0 => Axis::Cost,
            Self::Balanced { cost_weight } if cost_weight <= 0.0 => Axis::Duration,
            Self::Balanced { cost_weight } => Axis::Both { cost_weight },
        }
    }
}

/// By what sizes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Axis {
    /// Cost per invocation.
    Cost,
    /// Duration.
    Duration,
    /// Both, each relative to what it is at the ends of the allowed range.
    Both {
        /// Weight of cost, more than 0 and less than 1.
        cost_weight: f64,
    },
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost => f.write_str("cost"),
            Self::Speed => f.write_str("speed"),
            Self::Balanced { cost_weight } if *cost_weight == Self::DEFAULT_COST_WEIGHT => f.write_str("balanced"),
            Self::Balanced { cost_weight } => write!(f, "balanced:{cost_weight}"),
        }
    }
}

/// The text names no objective.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectiveError {
    /// No such word.
    #[error("unknown objective `{0}`; use cost, speed, balanced or balanced:WEIGHT (0 is speed, 1 is cost)")]
    Unknown(String),
    /// A weight that is none.
    #[error("`{0}` is no weight; use a number from 0 (speed alone) to 1 (cost alone), as in balanced:0.5")]
    Weight(String),
}

impl FromStr for Objective {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().split_once(':') {
            None => match text.trim() {
                "cost" => Ok(Self::Cost),
                "speed" => Ok(Self::Speed),
                "balanced" => Ok(Self::Balanced {
                    cost_weight: Self::DEFAULT_COST_WEIGHT,
                }),
                _ => Err(ObjectiveError::Unknown(text.to_owned())),
            },
            Some(("balanced", weight)) => match weight.parse::<f64>() {
                Ok(cost_weight) if (0.0..=1.0).contains(&cost_weight) => Ok(Self::Balanced { cost_weight }),
                _ => Err(ObjectiveError::Weight(weight.to_owned())),
            },
            Some(_) => Err(ObjectiveError::Unknown(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_the_weight_on_one_side_is_that_side() {
        let axis = |text: &str| text.parse::<Objective>().unwrap().axis();
        assert_eq!((axis("balanced:1"), axis("balanced:0")), (Axis::Cost, Axis::Duration));
        assert_eq!((axis("cost"), axis("speed")), (Axis::Cost, Axis::Duration));
        assert_eq!(axis("balanced:0.7"), Axis::Both { cost_weight: 0.7 });
    }

    #[test]
    fn words_and_weights() {
        assert_eq!("cost".parse(), Ok(Objective::Cost));
        assert_eq!("balanced".parse(), Ok(Objective::Balanced { cost_weight: 0.5 }));
        assert_eq!("balanced:0.3".parse::<Objective>().unwrap().to_string(), "balanced:0.3");
        let error = "fast".parse::<Objective>().unwrap_err().to_string();
        assert!(error.contains("cost, speed, balanced"), "{error}");
        for weight in ["balanced:2", "balanced:-1", "balanced:x", "balanced:NaN"] {
            assert!(
                matches!(weight.parse::<Objective>(), Err(ObjectiveError::Weight(_))),
                "{weight}"
            );
        }
    }
}
