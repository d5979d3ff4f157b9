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
            opening: 3,
            glance: 2,
            guard: 3,
            calls: 32,
            refinements: 1,
            settling: 6,
            confirmed: 8,
            invocations_ahead: 1e4,
            most_calls: 100,
        };
        match self {
            Self::Frugal => Some(Effort {
                opening: 2,
                glance: 1,
                guard: 1,
                calls: 18,
                refinements: 0,
                invocations_ahead: 3e3,
                ..standard
            }),
            Self::Standard => Some(standard),
            Self::Thorough => Some(Effort {
                opening: 4,
                glance: 3,
                calls: 60,
                settling: 10,
                invocations_ahead: 1e5,
                most_calls: 300,
                ..standard
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
    pub const fn most_per_size(self, of_grid: u32) -> u32 {
        match self.is_adaptive() {
            true => super::MOST_SAMPLES as u32,
            false => of_grid,
        }
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
    /// Sizes that are tried where the model expects a better one.
    pub refinements: u32,
    /// Warm invocations at one size at most to see, on the way up, whether a difference is noise.
    pub settling: u32,
    /// The size to use and the present one have so many warm invocations in the end.
    pub confirmed: u32,
    /// So often the function will be invoked before it is tuned again, unless that is known: what is at stake. An invocation
    /// of the tuning is worth making while it can be expected to save more than it costs over all of these.
    pub invocations_ahead: f64,
    /// Invocations of the tuning at most, whatever is at stake, unless a budget says otherwise: functions have side effects.
    pub most_calls: u32,
}

impl Effort {
    /// Months until a function is tuned again.
    const MONTHS_AHEAD: f64 = 3.0;

    /// What measuring is worth with so many invocations ahead, in invocations at the cheapest size: the median of what the
    /// presets spent on recorded functions (`cargo run --release -p tuner-core --example replay -- --present none`, without
    /// the fresh ones of the end), in between by a power law.
    pub fn worth(self) -> f64 {
        const SPENT: [(f64, f64); 3] = [(3e3, 19.0), (1e4, 34.0), (1e5, 61.0)];
        let [few, some, many] = SPENT;
        let ((n0, e0), (n1, e1)) = if self.invocations_ahead < some.0 {
            (few, some)
        } else {
            (some, many)
        };
        let power = (e1 / e0).ln() / (n1 / n0).ln();
        (e0 * (self.invocations_ahead / n0).powf(power)).min(self.most_calls.into())
    }

    /// The same where the function is invoked so often a month.
    #[must_use]
    pub fn with_monthly_invocations(self, monthly: Option<f64>) -> Self {
        let known = monthly.filter(|n| n.is_finite() && *n >= 0.0);
        Self {
            invocations_ahead: known.map_or(self.invocations_ahead, |n| n * Self::MONTHS_AHEAD),
            ..self
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measuring_is_worth_more_where_more_is_ahead() {
        let worth = |preset: Preset, monthly| {
            preset
                .effort()
                .unwrap()
                .with_monthly_invocations(monthly)
                .worth()
                .round()
        };
        assert_eq!(worth(Preset::Frugal, None), 19.0);
        assert_eq!(worth(Preset::Standard, None), 34.0);
        assert_eq!(worth(Preset::Thorough, None), 61.0);
        assert_eq!(worth(Preset::Standard, Some(0.0)), 0.0);
        assert_eq!(worth(Preset::Standard, Some(1e12)), 100.0);
    }
}
