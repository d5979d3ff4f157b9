//! How long a comparison takes at this traffic, and when it cannot end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::{Compared, Noise};
use super::sequence::information_for;
use super::verdict::Terms;

/// Hours that an environment without calls lives on. AWS says nothing of it; ten minutes is what is seen most.
const IDLE_HOURS: f64 = 1.0 / 6.0;
/// Fewer warm invocations or environments of the candidate show nothing.
const FEWEST_WARM: f64 = 100.0;
const FEWEST_ENVIRONMENTS: f64 = 3.0;
/// The largest share that is proposed: from there on the control is what is short.
const LARGEST_SHARE: f64 = 0.5;
/// Longer is never: a year.
const NEVER_HOURS: f64 = 8_760.0;
/// Changes that the outlook tells the time for.
const CHANGES: [f64; 5] = [0.03, 0.05, 0.1, 0.2, 0.5];

/// What an alias has to do, from its history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Invocations in an hour, of the alias.
    pub per_hour: f64,
    /// Environments that are busy at once, on average.
    pub concurrency: f64,
    /// How much invocations and environments differ, and how many start cold.
    pub noise: Noise,
}

/// What a candidate gets of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    /// The candidate's share of traffic.
    pub share: f64,
    /// Warm invocations in an hour.
    pub warm_per_hour: f64,
    /// How many of its invocations start an environment. At a small share of little traffic that is far more than of the
    /// control's, and not what the size would have at full traffic.
    pub start_share: f64,
    /// What it takes to tell a change from none, by the size of the change.
    pub effects: Vec<Effect>,
}

/// What it takes to tell a change of this size from none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// As a share: 0.2 is a fifth up or down.
    pub change: f64,
    /// One over the variance of the logarithm at which it is told half of the time.
    pub information: f64,
    /// Warm invocations of the candidate, if there were no end of environments.
    pub invocations: f64,
    /// Environments of the candidate, if each had no end of invocations.
    pub environments: f64,
    /// Hours until both together are enough; absent where they never are (within a year).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<f64>,
}

/// A comparison that cannot end within its window, and what else could be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error(
    "within {window_hours} h the candidate would have {warm:.0} warm invocations in {environments:.1} environments"
)]
pub struct LittleTraffic {
    /// How long it might have taken.
    pub window_hours: f64,
    /// Warm invocations of the candidate in it.
    pub warm: f64,
    /// Its environments.
    pub environments: f64,
    /// What would work.
    pub alternatives: Vec<Alternative>,
}

/// What to do where traffic is too little.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "do")]
#[non_exhaustive]
pub enum Alternative {
    /// Take longer, at this share.
    Longer {
        /// The least hours that would do.
        hours: f64,
    },
    /// Give the candidate more, in this window.
    LargerShare {
        /// The least share that would do.
        share: f64,
    },
    /// Measure by invoking it with payloads.
    Invoke,
    /// Shift the traffic under guards alone: what is much worse is taken back, and nothing is said of what is better.
    GuardsOnly,
}

/// What one arm gets in so many hours.
#[derive(Clone, Copy)]
struct Part {
    per_hour: f64,
    start_share: f64,
    concurrency: f64,
}

impl Part {
    fn of(traffic: &Traffic, share: f64) -> Self {
        let whole = |x: f64| if x.is_finite() { x.max(0.0) } else { 0.0 };
        let per_hour = whole(traffic.per_hour).min(1e12) * share;
        // One that waits for its next call longer than environments live starts cold; calls come as a Poisson process.
        let alone = (-per_hour * IDLE_HOURS).exp();
        Self {
            per_hour,
            start_share: whole(traffic.noise.start_share).min(1.0).max(alone),
            concurrency: (whole(traffic.concurrency).min(1e6) * share).max(1.0),
        }
    }

    fn warm(self, hours: f64) -> f64 {
        self.per_hour * (1.0 - self.start_share) * hours
    }

    fn environments(self, hours: f64) -> f64 {
        // No more than one for each call.
        let calls = self.per_hour * hours;
        (self.concurrency + calls * self.start_share).min(calls)
    }

    fn is_enough(self, hours: f64) -> bool {
        self.warm(hours) >= FEWEST_WARM && self.environments(hours) >= FEWEST_ENVIRONMENTS
    }
}

/// What `share` of `traffic` shows within `window_hours`.
///
/// # Errors
/// [`LittleTraffic`] where that is under 100 warm invocations or under three environments of the candidate.
pub fn outlook(traffic: &Traffic, share: f64, window_hours: f64, terms: &Terms) -> Result<Outlook, LittleTraffic> {
    let share = share.clamp(0.0, 1.0);
    let candidate = Part::of(traffic, share);
    if !candidate.is_enough(window_hours) {
        return Err(little(traffic, share, window_hours, candidate));
    }
    let control = Part::of(traffic, 1.0 - share);
    let variances = (traffic.noise.cv.powi(2), traffic.noise.environments_cv.powi(2));
    let variance = |hours: f64| {
        let parts = [candidate, control].map(|part| {
            variances.0 / part.warm(hours).max(f64::MIN_POSITIVE)
                + variances.1 / part.environments(hours).max(f64::MIN_POSITIVE)
        });
        parts[0] + parts[1]
    };
    let effects = CHANGES.map(|change| {
        let information = information_for(change, terms.alpha());
        let is_told =
            |hours: f64| variance(hours) * information <= 1.0 && candidate.warm(hours) >= terms.first() as f64;
        Effect {
            change,
            information,
            invocations: (information * variances.0 / (1.0 - share).max(1e-9)).max(terms.first() as f64),
            environments: information * variances.1,
            hours: least(0.0, NEVER_HOURS, is_told),
        }
    });
    Ok(Outlook {
        share,
        warm_per_hour: candidate.warm(1.0),
        start_share: candidate.start_share,
        effects: effects.to_vec(),
    })
}

/// Hours more until `compared` tells its change from none, or none from a margin, if traffic goes on as in the `hours` so far;
/// `None` where that is over a year.
pub fn hours_more(compared: &Compared, terms: &Terms, hours: f64) -> Option<f64> {
    let ln = compared.change.value.ln_1p().abs();
    let half = ln.max(terms.margin.ln_1p() - ln);
    let needed = information_for(half, terms.alpha());
    let more = hours * (needed / compared.information - 1.0).max(0.0);
    (more <= NEVER_HOURS).then_some(more)
}

fn little(traffic: &Traffic, share: f64, window_hours: f64, candidate: Part) -> LittleTraffic {
    let longer = least(0.0, NEVER_HOURS, |hours| candidate.is_enough(hours));
    let larger = least(share, LARGEST_SHARE, |share| {
        Part::of(traffic, share).is_enough(window_hours)
    });
    let alternatives = [
        longer.map(|hours| Alternative::Longer { hours }),
        larger.map(|share| Alternative::LargerShare { share }),
        Some(Alternative::Invoke),
        Some(Alternative::GuardsOnly),
    ];
    LittleTraffic {
        window_hours,
        warm: candidate.warm(window_hours),
        environments: candidate.environments(window_hours),
        alternatives: alternatives.into_iter().flatten().collect(),
    }
}

/// The least number between both at which it is so, if it is so from there on; `None` if not even at `high`.
fn least(mut low: f64, mut high: f64, is: impl Fn(f64) -> bool) -> Option<f64> {
    if low >= high || !is(high) {
        return None;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        match is(middle) {
            true => high = middle,
            false => low = middle,
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Objective;

    fn traffic(per_hour: f64) -> Traffic {
        Traffic {
            per_hour,
            concurrency: per_hour / 36_000.0,
            noise: Noise {
                cv: 0.6,
                environments_cv: 0.05,
                start_share: 0.01,
            },
        }
    }

    const TERMS: Terms = Terms::new(Objective::Cost, 1);

    /// 10 an hour at 5 %: one in two hours, 92 % cold, 2,500 h to 100 warm; at 50 % 35 h.
    #[test]
    fn little_traffic_is_refused_with_what_would_do() {
        let refused = outlook(&traffic(10.0), 0.05, 24.0, &TERMS).unwrap_err();
        assert!(refused.warm < 1.0 && refused.environments > 3.0, "{refused}");
        let hours = |alternative: &Alternative| match alternative {
            Alternative::Longer { hours } => Some(*hours),
            _ => None,
        };
        let longer = refused.alternatives.iter().find_map(hours).unwrap();
        assert!((longer / 2_500.0 - 1.0).abs() < 0.03, "{longer}");
        assert!(
            !refused
                .alternatives
                .iter()
                .any(|a| matches!(a, Alternative::LargerShare { .. }))
        );
        let half = outlook(&traffic(10.0), 0.5, 24.0, &TERMS).unwrap_err();
        let longer = half.alternatives.iter().find_map(hours).unwrap();
        assert!((longer / 35.4 - 1.0).abs() < 0.03, "{longer}");
        assert!(half.alternatives.contains(&Alternative::GuardsOnly));
        let larger = outlook(&traffic(60.0), 0.05, 24.0, &TERMS).unwrap_err();
        let share = larger.alternatives.iter().find_map(|alternative| match alternative {
            Alternative::LargerShare { share } => Some(*share),
            _ => None,
        });
        assert!(share.is_some_and(|share| share > 0.05 && share < 0.3), "{larger:?}");
    }

    #[test]
    fn at_a_few_calls_an_hour_most_start_cold() {
        let at = |per_hour, share| Part::of(&traffic(per_hour), share).start_share;
        assert!((at(60.0, 0.05) - 0.61).abs() < 0.01 && (at(10.0, 0.05) - 0.92).abs() < 0.01);
        assert_eq!(at(1e6, 0.05), 0.01);
    }

    #[test]
    fn smaller_changes_take_longer_and_busy_functions_less_long() {
        let of = |per_hour| outlook(&traffic(per_hour), 0.1, 240.0, &TERMS).unwrap();
        let busy = of(100_000.0);
        let hours: Vec<f64> = busy.effects.iter().map(|effect| effect.hours.unwrap()).collect();
        assert!(hours.is_sorted_by(|a, b| a >= b), "{hours:?}");
        // 254 x 0.36 / 0.9 is less than the 300 from which on anything is decided.
        assert!((busy.effects[3].information / 254.0 - 1.0).abs() < 0.01);
        assert_eq!(busy.effects[3].invocations, 300.0);
        assert!((busy.effects[0].environments - 30.0).abs() < 1.0);
        let calm = of(1_000.0);
        assert!(calm.effects[3].hours > busy.effects[3].hours);
    }

    /// One environment that never ends shows no change under 15 %.
    #[test]
    fn one_environment_never_shows_a_small_change() {
        let mut lone = traffic(100_000.0);
        lone.noise.start_share = 2.0 / 1e6;
        lone.concurrency = 1.0;
        let within = outlook(&lone, 0.5, 100.0, &TERMS).unwrap();
        let three = within.effects[0].hours;
        let half = within.effects[4].hours;
        assert!(
            three.is_none_or(|hours| hours > 200.0) && half.is_some_and(|hours| hours < 1.0),
            "{within:?}"
        );
    }

    #[test]
    fn nonsense_in_is_no_nonsense_out() {
        for per_hour in [f64::NAN, -1.0, 0.0, f64::INFINITY] {
            let refused = outlook(&traffic(per_hour), 0.05, 24.0, &TERMS).unwrap_err();
            assert!(refused.warm == 0.0 && refused.environments == 0.0, "{refused:?}");
            assert_eq!(refused.alternatives, [Alternative::Invoke, Alternative::GuardsOnly]);
        }
        assert!(outlook(&traffic(1e300), 0.05, 24.0, &TERMS).is_ok());
    }
}
