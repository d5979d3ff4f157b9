//! Which log groups are read, and over how many days, so that reading them stays within a budget.
//!
//! CloudWatch Logs Insights charges for every byte of the time that is looked at, not only for reports: a chatty function
//! that costs nothing itself can be the dearest to look at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scan;
use crate::pricing::Money;

/// A log group that could be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupToScan {
    /// Its name.
    pub log_group: String,
    /// Where it is.
    pub region: String,
    /// What was written to it, in bytes, uncompressed; `None` if that is not known.
    pub stored_bytes: Option<u64>,
    /// Over how many days that was written.
    pub stored_days: f64,
    /// What the functions that log there cost in a month, roughly, in any one currency.
    pub monthly_spend: f64,
    /// What scanning a GB costs there; `None` if it is not known.
    pub price_per_gb: Option<Money>,
}

/// What is to be read of a log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupScan {
    /// Its name.
    pub log_group: String,
    /// Where it is.
    pub region: String,
    /// Over how many days, back from the end of the window; 0: it is left out.
    pub days: u32,
    /// What that scans, in bytes, as far as can be told.
    pub estimated_bytes: u64,
    /// What that costs; absent if the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost: Option<Money>,
}

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ScanPlan {
    /// What is read, in the order given.
    pub read: Vec<GroupScan>,
    /// What is not, for want of budget.
    pub left_out: Vec<GroupScan>,
    /// Sums over what is read: estimated bytes and cost, and the budget.
    pub scan: Scan,
}

impl ScanPlan {
    /// Over how many days logs are read; 0 if none are.
    pub fn days(&self) -> u32 {
        self.read.iter().map(|group| group.days).max().unwrap_or(0)
    }
}

/// What CloudWatch bills as a GB is not documented to the byte; this is the reading that costs more.
const BYTES_PER_GB: f64 = 1e9;

/// Plans to read `groups` over `days` (at least 1), for no more than `budget` in all; no limit without one.
///
/// All groups are read over the same time if that fits; else over fewer days, all of them the same, so that functions can
/// be compared. If a day of each is too much, those are left out whose functions cost least for what reading them costs.
///
/// A group of unknown price or size counts as nothing: the sum is a lower bound then, and has no cost if no price is known.
/// A budget in another currency than a group's price leaves that group out: the two can't be compared.
pub fn plan(groups: &[GroupToScan], days: u32, budget: Option<Money>) -> ScanPlan {
    let days = days.max(1);
    let comparable = |group: &GroupToScan| match (group.price_per_gb, budget) {
        (Some(price), Some(budget)) => price.currency == budget.currency,
        _ => true,
    };
    let mut wanted: Vec<bool> = groups.iter().map(comparable).collect();
    let cost = |wanted: &[bool], days: u32| -> f64 {
        let chosen = groups.iter().zip(wanted).filter(|&(_, &wanted)| wanted);
        chosen
            .map(|(group, _)| group.cost(days).map_or(0.0, |money| money.amount))
            .sum()
    };
    let fits = |wanted: &[bool], days: u32| budget.is_none_or(|budget| cost(wanted, days) <= budget.amount);
    let longest = (1..=days).rev().find(|&days| fits(&wanted, days));
    if longest.is_none() {
        for index in by_value(groups) {
            if fits(&wanted, 1) {
                break;
            }
            // What costs nothing to read is no relief.
            if groups[index].cost(1).is_some_and(|money| money.amount > 0.0) {
                wanted[index] = false;
            }
        }
    }
    // What was left out may have made room for more days of the others.
    let days = (1..=days).rev().find(|&days| fits(&wanted, days)).unwrap_or(1);
    let mut plan = ScanPlan::default();
    for (group, &wanted) in groups.iter().zip(&wanted) {
        match wanted {
            true => plan.read.push(group.over(days)),
            false => plan.left_out.push(GroupScan {
                days: 0,
                ..group.over(1)
            }),
        }
    }
    let costs = plan.read.iter().filter_map(|group| group.estimated_cost);
    plan.scan = Scan {
        estimated_bytes: Some(plan.read.iter().map(|group| group.estimated_bytes).sum()),
        estimated_cost: Money::checked_sum(costs).ok().flatten(),
        budget,
        ..Scan::default()
    };
    plan
}

/// Indices of groups, the one first whose functions cost least for what reading it costs.
fn by_value(groups: &[GroupToScan]) -> Vec<usize> {
    let value = |index: usize| {
        let cost = groups[index].cost(1).map_or(0.0, |money| money.amount);
        groups[index].monthly_spend / cost.max(f64::MIN_POSITIVE)
    };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|&a, &b| {
        value(a)
            .total_cmp(&value(b))
            .then_with(|| groups[a].log_group.cmp(&groups[b].log_group))
    });
    order
}

impl GroupToScan {
    /// Bytes written in `days`, if every day is like the others.
    fn bytes(&self, days: u32) -> f64 {
        let stored = self.stored_bytes.unwrap_or(0) as f64;
        // What was written over less than a day may all be of one day.
        stored * (f64::from(days) / self.stored_days.max(1.0)).min(1.0)
    }

    fn cost(&self, days: u32) -> Option<Money> {
        Some(self.price_per_gb? * (self.bytes(days) / BYTES_PER_GB))
    }

    fn over(&self, days: u32) -> GroupScan {
        GroupScan {
            log_group: self.log_group.clone(),
            region: self.region.clone(),
            days,
            estimated_bytes: self.bytes(days).round() as u64,
            estimated_cost: self.cost(days),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A GB a day for 30 days, at 0.005 a GB.
    fn group(name: &str, gb: f64, monthly_spend: f64) -> GroupToScan {
        GroupToScan {
            log_group: name.into(),
            region: "us-east-1".into(),
            stored_bytes: Some((gb * 1e9) as u64),
            stored_days: 30.0,
            monthly_spend,
            price_per_gb: Some(Money::usd(0.005)),
        }
    }

    #[test]
    fn what_fits_is_read_over_the_whole_time() {
        // 30 GB x 0.005 = 0.15 each.
        let plan = plan(
            &[group("a", 30.0, 1.0), group("b", 30.0, 2.0)],
            30,
            Some(Money::usd(0.31)),
        );
        assert_eq!((plan.days(), plan.left_out.len()), (30, 0));
        assert!((plan.scan.estimated_cost.unwrap().amount - 0.30).abs() < 1e-9);
        assert_eq!(plan.scan.estimated_bytes, Some(60_000_000_000));
    }

    #[test]
    fn less_budget_is_fewer_days_for_all_then_fewer_groups() {
        let groups = [group("a", 30.0, 1.0), group("b", 30.0, 2.0)];
        // A day of both costs 0.01, so 0.105 is ten days.
        let ten = plan(&groups, 30, Some(Money::usd(0.105)));
        assert_eq!((ten.days(), ten.left_out.len()), (10, 0));
        // Not even a day of both; what is left is spent on the dearer function, a day of it is 0.005.
        let one = plan(&groups, 30, Some(Money::usd(0.008)));
        assert_eq!((one.days(), one.left_out[0].log_group.as_str()), (1, "a"));
        let none = plan(&groups, 30, Some(Money::usd(0.0)));
        assert_eq!((none.days(), none.left_out.len()), (0, 2));
    }

    #[test]
    fn what_is_not_known_is_no_cost() {
        let unknown = GroupToScan {
            price_per_gb: None,
            ..group("a", 30.0, 1.0)
        };
        let plan = plan(&[unknown], 7, Some(Money::usd(0.01)));
        assert_eq!((plan.days(), plan.scan.estimated_cost), (7, None));
        assert_eq!(plan.scan.estimated_bytes, Some(7_000_000_000));
    }

    proptest! {
        #[test]
        fn the_budget_is_kept_and_nothing_is_lost(
            groups in prop::collection::vec((0.0..500.0_f64, 0.0..100.0_f64), 0..20),
            days in 1..60_u32,
            budget in 0.0..5.0_f64,
        ) {
            let groups: Vec<GroupToScan> =
                groups.iter().enumerate().map(|(i, &(gb, spend))| group(&format!("g{i}"), gb, spend)).collect();
            let plan = plan(&groups, days, Some(Money::usd(budget)));
            prop_assert_eq!(plan.read.len() + plan.left_out.len(), groups.len());
            let cost: f64 = plan.read.iter().map(|group| group.estimated_cost.unwrap().amount).sum();
            prop_assert!(cost <= budget + 1e-9);
            prop_assert!(plan.read.iter().all(|group| (1..=days).contains(&group.days) && group.days == plan.days()));
        }
    }
}
