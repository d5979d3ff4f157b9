//! A change of what a month costs, split by what caused it.
//!
//! What a month of a function costs is `N (m (w + c) p + r) + k`: `N` invocations, of `m` GB, billed for `w` seconds of work and
//! `c` of init on average, at `p` a GB-second and `r` a request; `k` is what is charged apart. The change from one month to the
//! next is split by Shapley's value (Shorrocks, "Decomposition procedures for distributional analysis", 2013): each cause is
//! changed alone, in every order, and what that changes is averaged. The parts sum to the change, and none depends on an order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{FunctionReview, MonthlyCost};
use crate::pricing::{Currency, Money};

/// What a cost changed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeCause {
    /// More or fewer invocations.
    Calls,
    /// Longer or shorter ones, init aside.
    Duration,
    /// Another memory size.
    Size,
    /// More or fewer cold starts, or longer ones.
    ColdStarts,
    /// Other prices, another architecture, or another volume tier.
    Price,
    /// What is charged apart from invocations: provisioned concurrency, SnapStart's cache, ephemeral storage.
    Ready,
    /// Functions that were not there before.
    Added,
    /// Functions that are there no more.
    Removed,
    /// The cost was not known in one of both reviews, or nothing tells what changed it.
    NotKnown,
}

impl ChangeCause {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Calls,
        Self::Duration,
        Self::Size,
        Self::ColdStarts,
        Self::Price,
        Self::Ready,
        Self::Added,
        Self::Removed,
        Self::NotKnown,
    ];
}

/// A change of what a month costs; more than 0 is dearer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostChange {
    /// What a month cost before, of what is in this change.
    pub before: Money,
    /// What it costs now.
    pub after: Money,
    /// How much of the change is whose; they sum to it. Absent is nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by: BTreeMap<ChangeCause, f64>,
}

impl CostChange {
    /// All of it.
    pub fn total(&self) -> Money {
        Money::new(self.after.amount - self.before.amount, self.after.currency)
    }

    /// The part of one cause.
    pub fn part(&self, cause: ChangeCause) -> Money {
        Money::new(self.by.get(&cause).copied().unwrap_or(0.0), self.after.currency)
    }

    /// From one cost to another by one cause alone.
    pub(super) fn whole(before: f64, after: f64, currency: Currency, cause: ChangeCause) -> Self {
        let by = [(cause, after - before)];
        Self {
            before: Money::new(before, currency),
            after: Money::new(after, currency),
            by: by.into_iter().filter(|(_, part)| *part != 0.0).collect(),
        }
    }

    /// All of `changes` together.
    pub(super) fn sum<'a>(changes: impl Iterator<Item = &'a Self>, currency: Currency) -> Self {
        let mut sum = Self::whole(0.0, 0.0, currency, ChangeCause::NotKnown);
        for change in changes {
            sum.before.amount += change.before.amount;
            sum.after.amount += change.after.amount;
            for (cause, part) in &change.by {
                *sum.by.entry(*cause).or_default() += part;
            }
        }
        sum
    }

    /// Of a function whose cost is known in both reviews, in one currency.
    pub(super) fn between(then: &FunctionReview, now: &FunctionReview, costs: (&MonthlyCost, &MonthlyCost)) -> Self {
        let (before, after) = (costs.0.bill.total, costs.1.bill.total);
        let (Some(from), Some(to)) = (Factors::of(then, costs.0), Factors::of(now, costs.1)) else {
            return Self::whole(before.amount, after.amount, after.currency, ChangeCause::NotKnown);
        };
        let (from, to) = from.comparable(to);
        let mut by: BTreeMap<ChangeCause, f64> = BTreeMap::new();
        // Where environments are kept, a GB-second on demand and one in them are two prices: what moves from one to the other is
        // no change of prices.
        let has_ready = |cost: &MonthlyCost| cost.bill.provisioned_concurrency.amount != 0.0;
        let of_price = match has_ready(costs.0) || has_ready(costs.1) {
            true => ChangeCause::Ready,
            false => ChangeCause::Price,
        };
        let causes = [
            ChangeCause::Calls,
            ChangeCause::Duration,
            ChangeCause::Size,
            ChangeCause::ColdStarts,
            of_price,
        ];
        for (cause, part) in causes.into_iter().zip(from.shares(&to)) {
            *by.entry(cause).or_default() += part;
        }
        *by.entry(ChangeCause::Ready).or_default() += to.apart - from.apart;
        // Less is what binary fractions leave over.
        let least = 1e-12 * before.amount.abs().max(after.amount.abs());
        by.retain(|_, part| part.abs() > least);
        Self { before, after, by }
    }
}

/// What a month's cost is made of.
#[derive(Debug, Clone, Copy)]
struct Factors {
    invocations: f64,
    gb: f64,
    /// Billed seconds of an invocation, of which `cold_s` are init; absent where no report tells.
    billed_s: f64,
    cold_s: Option<f64>,
    gb_second: f64,
    request: f64,
    apart: f64,
}

/// How many change on their own.
const CAUSES: usize = 5;

impl Factors {
    fn of(function: &FunctionReview, cost: &MonthlyCost) -> Option<Self> {
        let mb = function.memory_size_mb()?;
        let bill = &cost.bill;
        let gb = f64::from(mb) / 1024.0;
        let each = |amount: f64, of: f64| if of > 0.0 { amount / of } else { 0.0 };
        let billed_s = each(cost.gb_seconds, cost.invocations * gb);
        let cold_s = function.evidence.at(mb).map(|size| {
            let mean_s = size.init_sum_ms / 1000.0 / size.invocations.max(1) as f64;
            mean_s.min(billed_s)
        });
        Some(Self {
            invocations: cost.invocations,
            gb,
            billed_s,
            cold_s,
            gb_second: each(bill.duration.amount, cost.gb_seconds),
            request: each(bill.requests.amount, cost.invocations),
            apart: bill.total.amount - bill.duration.amount - bill.requests.amount,
        })
    }

    /// Both with what can be compared: init is told apart only where it is in both, and what a function that was not called would
    /// have taken is what it takes in the other.
    fn comparable(mut self, mut to: Self) -> (Self, Self) {
        if self.invocations <= 0.0 {
            self = Self {
                invocations: 0.0,
                apart: self.apart,
                ..to
            };
        } else if to.invocations <= 0.0 {
            to = Self {
                invocations: 0.0,
                apart: to.apart,
                ..self
            };
        }
        if self.cold_s.is_none() || to.cold_s.is_none() {
            (self.cold_s, to.cold_s) = (None, None);
        }
        (self, to)
    }

    /// What invocations cost, with the factors of `to` for which `changed` has a bit.
    fn cost(&self, to: &Self, changed: usize) -> f64 {
        let of = |index: usize| if changed & (1 << index) == 0 { self } else { to };
        let cold_s = of(3).cold_s.unwrap_or(0.0);
        let work_s = of(1).billed_s - of(1).cold_s.unwrap_or(0.0);
        let prices = of(4);
        of(0).invocations * (of(2).gb * (work_s + cold_s) * prices.gb_second + prices.request)
    }

    /// How much each of the causes changes the cost, by Shapley's value.
    fn shares(&self, to: &Self) -> [f64; CAUSES] {
        let factorial = |n: usize| (1..=n).product::<usize>() as f64;
        let costs: Vec<f64> = (0..1 << CAUSES).map(|changed| self.cost(to, changed)).collect();
        std::array::from_fn(|cause| {
            let others = (0..1_usize << CAUSES).filter(|changed| changed & (1 << cause) == 0);
            others
                .map(|changed| {
                    let before = changed.count_ones() as usize;
                    let orders = factorial(before) * factorial(CAUSES - 1 - before) / factorial(CAUSES);
                    orders * (costs[changed | 1 << cause] - costs[changed])
                })
                .sum()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STILL: Factors = Factors {
        invocations: 1_000_000.0,
        gb: 1.0,
        billed_s: 0.5,
        cold_s: Some(0.1),
        gb_second: 0.000_016_666_7,
        request: 0.000_000_2,
        apart: 0.0,
    };

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    }

    #[test]
    fn one_cause_alone_has_all_of_it() {
        let changed = [
            Factors {
                invocations: 2e6,
                ..STILL
            },
            Factors { billed_s: 0.7, ..STILL },
            Factors { gb: 2.0, ..STILL },
            Factors {
                billed_s: 0.6,
                cold_s: Some(0.2),
                ..STILL
            },
            Factors {
                gb_second: 0.000_013_333_4,
                ..STILL
            },
        ];
        for (cause, to) in changed.iter().enumerate() {
            let shares = STILL.shares(to);
            let whole = STILL.cost(to, 31) - STILL.cost(to, 0);
            for (index, share) in shares.iter().enumerate() {
                assert!(
                    near(*share, if index == cause { whole } else { 0.0 }),
                    "{cause}: {shares:?}"
                );
            }
        }
    }

    /// By hand: twice the calls and half the size, of duration alone, change nothing; each has half of both orders.
    #[test]
    fn two_causes_share_what_they_do_together() {
        let from = Factors {
            request: 0.0,
            cold_s: None,
            gb_second: 1.0,
            invocations: 1.0,
            billed_s: 1.0,
            ..STILL
        };
        let to = Factors {
            invocations: 2.0,
            gb: 0.5,
            ..from
        };
        // Calls: alone +1, after the size +0.5. Size: alone -0.5, after the calls -1.
        let shares = from.shares(&to);
        assert!(near(shares[0], 0.75) && near(shares[2], -0.75), "{shares:?}");
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_change(
            a in prop::array::uniform6(0.0_f64..1e4), b in prop::array::uniform6(0.0_f64..1e4),
            cold in prop::array::uniform2(0.0_f64..1.0), told in any::<bool>(),
        ) {
            let of = |f: [f64; 6], cold: f64| Factors {
                invocations: f[0] * 1e3, gb: f[1] / 1e3, billed_s: f[2] / 1e3, cold_s: told.then_some(f[2] / 1e3 * cold),
                gb_second: f[3] / 1e8, request: f[4] / 1e10, apart: f[5] / 1e2,
            };
            let (from, to) = of(a, cold[0]).comparable(of(b, cold[1]));
            let sum: f64 = from.shares(&to).iter().sum();
            let whole = from.cost(&to, 31) - from.cost(&to, 0);
            let scale = from.cost(&to, 31).max(from.cost(&to, 0)).max(1e-12);
            prop_assert!((sum - whole).abs() <= 1e-11 * scale, "{sum} of {whole}");
        }
    }
}
