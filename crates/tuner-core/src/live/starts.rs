//! What cold starts cost, and how seldom they are at full traffic.
//!
//! How many of the candidate's invocations start cold is an effect of its share: with 5 % of 60 invocations an hour most do.
//! At full traffic it would have the control's. A size is therefore priced with the control's share of cold starts, each at
//! what the candidate's own were billed.

use serde::{Deserialize, Serialize};

use super::spread::Sums;
use crate::StartKind;

/// From fewer starts of a kind its cost is not known.
pub const FEWEST_STARTS: u32 = 20;
/// Starts that make up less of the control's cost than this are of no account.
const OF_NO_ACCOUNT: f64 = 0.01;
/// How an environment can start; a mean of both kinds would be none of either.
const KINDS: [StartKind; 2] = [StartKind::Cold, StartKind::Restored];

/// How environments of one version started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Started {
    /// Invocations, warm ones among them.
    all: u64,
    kinds: [OfKind; 2],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct OfKind {
    count: u64,
    /// Cost in units of what a warm invocation of the control typically cost then.
    cost: Sums,
}

/// Whether what starts cost is in a comparison of cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Starts {
    /// They are, at the control's share.
    Priced,
    /// They are not: they make up less than 1 % of the control's cost.
    OfNoAccount,
    /// They are not, and would count: the candidate had too few.
    Unknown {
        /// Which kind is missing.
        kind: StartKind,
        /// The candidate's.
        seen: u32,
    },
}

/// A ratio of costs and its relative variance, starts included.
pub(super) struct Priced {
    pub(super) ln: f64,
    pub(super) variance: f64,
    pub(super) starts: Starts,
}

impl Started {
    pub(super) fn add(&mut self, start: StartKind, relative_cost: Option<f64>) {
        self.all += 1;
        if let Some(place) = KINDS.iter().position(|&kind| kind == start) {
            self.kinds[place].count += 1;
            if let Some(cost) = relative_cost {
                self.kinds[place].cost.add(cost);
            }
        }
    }

    pub(super) const fn invocations(&self) -> u64 {
        self.all
    }

    /// Share of invocations that started an environment.
    pub(super) fn share(&self) -> f64 {
        let started: u64 = self.kinds.iter().map(|kind| kind.count).sum();
        started as f64 / self.all.max(1) as f64
    }

    /// The ratio of costs at full traffic, of warm invocations whose ratio is known, and of starts at the control's share.
    /// `warm` is the mean cost of the control's warm invocations in the units of the starts'.
    pub(super) fn price(control: &Self, candidate: &Self, warm: f64, ln_warm: f64, variance: f64) -> Priced {
        let warm_only = |starts| Priced {
            ln: ln_warm,
            variance,
            starts,
        };
        let ratio = ln_warm.exp();
        let mean = |kind: &OfKind| kind.cost.mean / warm;
        let all = control.all.max(1) as f64;
        let warm_share = 1.0 - control.share();
        let costs = |kind: &OfKind| kind.count as f64 / all * mean(kind);
        let of_control = warm_share + control.kinds.iter().map(costs).sum::<f64>();
        let mut of_candidate = warm_share * ratio;
        let mut counted = Vec::new();
        for (place, (own, other)) in control.kinds.iter().zip(&candidate.kinds).enumerate() {
            if own.count == 0 {
                continue;
            }
            let known = own.cost.n >= 2.0;
            if known && costs(own) / of_control < OF_NO_ACCOUNT && other.cost.n < f64::from(FEWEST_STARTS) {
                // They would cost the candidate what all else does.
                of_candidate += costs(own) * ratio;
                continue;
            }
            if !known || other.cost.n < f64::from(FEWEST_STARTS) {
                return warm_only(Starts::Unknown {
                    kind: KINDS[place],
                    seen: other.cost.n as u32,
                });
            }
            of_candidate += own.count as f64 / all * mean(other);
            counted.push((own, other));
        }
        if counted.is_empty() {
            return warm_only(Starts::OfNoAccount);
        }
        if of_control <= 0.0 || of_candidate <= 0.0 {
            return warm_only(Starts::OfNoAccount);
        }
        // The delta method, part by part: warm, each kind's cost on either side, and how often it is.
        let mut sum = (warm_share * ratio / of_candidate).powi(2) * variance;
        for (own, other) in counted {
            let share = own.count as f64 / all;
            let relative =
                |sums: &Sums| sums.variance().unwrap_or(0.0) / (sums.mean * sums.mean).max(f64::MIN_POSITIVE);
            // Few starts of the candidate may look more alike than they are.
            let scatter = relative(&own.cost);
            sum += (share * mean(own) / of_control).powi(2) * scatter / own.cost.n;
            sum += (share * mean(other) / of_candidate).powi(2) * relative(&other.cost).max(scatter) / other.cost.n;
            let by_share = (mean(other) - ratio) / of_candidate - (mean(own) - 1.0) / of_control;
            sum += by_share.powi(2) * share * (1.0 - share) / all;
        }
        Priced {
            ln: (of_candidate / of_control).ln(),
            variance: sum,
            starts: Starts::Priced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(warm: u64, cold: u64, cost: f64) -> Started {
        let mut started = Started::default();
        (0..warm).for_each(|_| started.add(StartKind::Warm, None));
        (0..cold).for_each(|i| started.add(StartKind::Cold, Some(cost + if i % 2 == 0 { 0.1 } else { -0.1 })));
        started
    }

    /// 10 % cold at 5 times the cost: 0.9 + 0.5 = 1.4. The candidate: warm 0.8, cold 6: 0.72 + 0.6 = 1.32, though 50 % of its
    /// invocations were cold.
    #[test]
    fn starts_count_by_the_share_that_the_control_has() {
        let priced = Started::price(
            &started(900, 100, 5.0),
            &started(50, 50, 6.0),
            1.0,
            0.8_f64.ln(),
            0.0001,
        );
        assert_eq!(priced.starts, Starts::Priced);
        assert!((priced.ln.exp() - 1.32 / 1.4).abs() < 1e-9, "{}", priced.ln.exp());
        assert!(priced.variance > 0.0001 * (0.72_f64 / 1.32).powi(2));
    }

    #[test]
    fn starts_that_count_and_were_not_seen_are_unknown_and_few_are_of_no_account() {
        let price = |control, candidate| Started::price(&control, &candidate, 1.0, -0.1, 0.01);
        let few = price(started(900, 100, 5.0), started(50, 19, 6.0));
        assert_eq!(
            few.starts,
            Starts::Unknown {
                kind: StartKind::Cold,
                seen: 19
            }
        );
        let seldom = price(started(10_000, 10, 5.0), started(50, 3, 6.0));
        assert_eq!((seldom.starts, seldom.ln), (Starts::OfNoAccount, -0.1));
        assert_eq!(
            price(started(100, 0, 5.0), started(50, 50, 6.0)).starts,
            Starts::OfNoAccount
        );
    }
}
