use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the sizes to measure, and how often, are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// As few invocations as will do.
    Frugal,
    /// A good choice for few invocations.
    #[default]
    Standard,
    /// More invocations, for a surer choice.
    Thorough,
    /// The same number of invocations at every size of a list.
    Grid,
}

impl Preset {
    /// All of them, from the fewest invocations to the most.
    pub const ALL: [Self; 4] = [Self::Frugal, Self::Standard, Self::Thorough, Self::Grid];

    /// The effort of an adaptive preset; `None` for the grid.
    pub const fn effort(self) -> Option<Effort> {
        let standard = Effort {
            opening: 2,
            glance: 2,
            guard: 2,
            calls: 32,
            tolerance: 0.0035,
            refinements: 1,
            most_per_size: 12,
        };
        match self {
            Self::Frugal => Some(Effort {
                glance: 1,
                guard: 1,
                calls: 18,
                tolerance: 0.02,
                refinements: 0,
                ..standard
            }),
            Self::Standard => Some(standard),
            Self::Thorough => Some(Effort {
                opening: 3,
                glance: 3,
                guard: 2,
                calls: 60,
                tolerance: 0.0025,
                refinements: 1,
                most_per_size: 20,
            }),
            Self::Grid => None,
        }
    }
}

impl Preset {
    /// Whether sizes and numbers of invocations are chosen on the way.
    pub const fn is_adaptive(self) -> bool {
        !matches!(self, Self::Grid)
    }

    /// Warm invocations at one size at most when all goes well, if a grid makes `of_grid`.
    pub fn most_per_size(self, of_grid: u32) -> u32 {
        self.effort().map_or(of_grid, |effort| effort.most_per_size)
    }
}

/// What an adaptive preset spends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Warm invocations at a size before anything is concluded from it.
    pub opening: u32,
    /// After so many of them a size may turn out to be surely worse than those before it, where only cost counts.
    pub glance: u32,
    /// The same at a size that is only there to see that the last one was no accident.
    pub guard: u32,
    /// Calls after which nothing is refined any more; the way up from size to size may take more.
    pub calls: u32,
    /// Expected loss by choosing wrongly, as a share of the lowest cost, that is not worth another invocation. It is up to four
    /// times that as far as duration counts, which varies more than a cost with its fixed charge for the request, and is
    /// measured at larger sizes.
    pub tolerance: f64,
    /// Sizes that are tried where the model expects a better one.
    pub refinements: u32,
    /// Warm invocations at one size at most.
    pub most_per_size: u32,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frugal => "frugal",
            Self::Standard => "standard",
            Self::Thorough => "thorough",
            Self::Grid => "grid",
        })
    }
}

/// The text names no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown preset `{0}`; use frugal, standard, thorough or grid")]
pub struct UnknownPreset(String);

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.to_string() == text)
            .ok_or_else(|| UnknownPreset(text.to_owned()))
    }
}
