//! What scanning logs may cost, and how the budget is shared out.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use tuner_core::gb_seconds;
use tuner_core::pricing::{Money, PriceTable};
use tuner_core::review::scan::{self, GroupToScan};
use tuner_core::review::{ListedFunction, Metrics, Scan, Window};

use super::documents::{Known, Reading};
use super::list::{Found, group_to_read};
use super::ports::LogGroup;

const BYTES_PER_GB: f64 = 1e9;

/// Taken for the price of a GB scanned where none is known, in US dollars: twice that of us-east-1, so that the budget is
/// kept.
const AT_MOST_PER_GB: f64 = 0.01;

/// The share of the budget that is planned to be spent: days are not all alike.
const PLANNED: f64 = 0.8;

/// How much larger logs are than what is told of them as stored, which is compressed; Insights charges for what is not. Seen:
/// 5 to 7 times.
const COMPRESSED: f64 = 7.0;

/// What is scanned.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By region and log group.
    pub(super) readings: BTreeMap<(String, String), Planned>,
    /// What is expected.
    pub(super) scan: Scan,
}

/// What is scanned of a log group.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) reading: Reading,
    /// Its part of the budget, in bytes.
    pub(super) most_bytes: u64,
}

/// What a GB scanned costs in `region`, if known.
fn price_per_gb(prices: &PriceTable, region: &str) -> Option<Money> {
    Some(prices.log_scan_gb(region).ok()?.price)
}

/// In US dollars, and not less than it is.
fn price_to_plan_with(prices: &PriceTable, region: &str) -> Money {
    let known = price_per_gb(prices, region).filter(|price| price.currency == Money::usd(0.0).currency);
    known.unwrap_or(Money::usd(AT_MOST_PER_GB))
}

/// Plans what is scanned of the log groups of everything found, for no more than `budget_usd`. What does not fit into it is
/// sampled, which is free.
pub(super) fn plan(found: &[Found], window: Window, budget_usd: f64, prices: &PriceTable) -> Plan {
    let mut wanted: BTreeMap<(String, String), f64> = BTreeMap::new();
    for found in found {
        for known in &found.functions {
            // What has a gap already can't be read.
            if let Some(group) = group_to_read(known)
                && known.evidence.gap(tuner_core::review::Missing::Logs).is_none()
            {
                *wanted.entry((found.region.clone(), group)).or_default() += spend(known);
            }
        }
    }
    let described: BTreeMap<(&str, &str), &LogGroup> = found
        .iter()
        .flat_map(|found| {
            let region = found.region.as_str();
            found
                .groups
                .values()
                .map(move |group| ((region, group.name.as_str()), group))
        })
        .collect();
    let group_of = |region: &str, name: &str| described.get(&(region, name)).copied();
    let candidates: Vec<GroupToScan> = wanted
        .iter()
        .filter_map(|((region, name), spend)| {
            // What it would take to scan a group of unknown size is not known either.
            let group = group_of(region, name)?;
            let (bytes, days) = written(group, window)?;
            Some(GroupToScan {
                log_group: name.clone(),
                region: region.clone(),
                stored_bytes: Some(bytes),
                stored_days: days,
                monthly_spend: *spend,
                price_per_gb: Some(price_to_plan_with(prices, region)),
            })
        })
        .filter(|_| budget_usd > 0.0)
        .collect();
    let days = window.days().ceil() as u32;
    let mut planned = scan::plan(&candidates, days, Some(Money::usd(budget_usd * PLANNED)));
    planned.scan.budget = Some(Money::usd(budget_usd));
    let mut readings: BTreeMap<(String, String), Planned> = wanted
        .into_keys()
        .map(|key| {
            let group = group_of(&key.0, &key.1);
            let reading = Reading {
                window: kept(window, group),
                scanned: false,
                class: group.map(|group| group.class).unwrap_or_default(),
            };
            (key, Planned { reading, most_bytes: 0 })
        })
        .collect();
    // A megabyte each on top: what a group holds is told with a delay of hours.
    let weight = |bytes: u64| bytes as f64 + 1e6;
    let all: f64 = planned.read.iter().map(|group| weight(group.estimated_bytes)).sum();
    for group in planned.read {
        let Some(planned) = readings.get_mut(&(group.region.clone(), group.log_group.clone())) else {
            continue;
        };
        let share_usd = budget_usd * weight(group.estimated_bytes) / all;
        planned.most_bytes = (share_usd / price_to_plan_with(prices, &group.region).amount * BYTES_PER_GB) as u64;
        planned.reading.scanned = true;
        if group.days < days {
            let back = SignedDuration::from_hours(24 * i64::from(group.days));
            let from = window.until.checked_sub(back).unwrap_or(window.from);
            planned.reading.window.from = planned.reading.window.from.max(from);
        }
    }
    Plan {
        readings,
        scan: planned.scan,
    }
}

/// The window, without the time of which nothing is kept any more.
fn kept(window: Window, group: Option<&LogGroup>) -> Window {
    let retention = group.and_then(|group| group.retention_days);
    let oldest = retention.and_then(|days| {
        let back = SignedDuration::from_hours(24 * i64::from(days));
        window.until.checked_sub(back).ok()
    });
    Window {
        from: oldest.map_or(window.from, |oldest| window.from.max(oldest)),
        until: window.until,
    }
}

/// How many bytes were written to the group, uncompressed, and over how many days; `None` where nothing tells.
fn written(group: &LogGroup, window: Window) -> Option<(u64, f64)> {
    match (group.incoming_bytes, group.stored_bytes) {
        (Some(bytes), _) => Some((bytes, window.days())),
        (None, Some(stored)) => Some(((stored as f64 * COMPRESSED) as u64, stored_days(group, window))),
        (None, None) => None,
    }
}

/// Over how many days the group was written to: its age, but no longer than it keeps anything.
fn stored_days(group: &LogGroup, window: Window) -> f64 {
    let age = group.created.map(|created| {
        Window {
            from: created,
            until: window.until,
        }
        .days()
    });
    let retention = group.retention_days.map(f64::from);
    match (age, retention) {
        (Some(age), Some(retention)) => age.min(retention),
        (Some(days), None) | (None, Some(days)) => days,
        (None, None) => window.days(),
    }
}

/// What a function costs, roughly: GB-seconds of the window, and a little for every function so that none counts as nothing.
fn spend(known: &Known) -> f64 {
    let used = |function: &ListedFunction, metrics: Metrics| {
        gb_seconds(function.memory_size_mb.unwrap_or(128), metrics.duration_sum_ms)
    };
    1e-6 + known
        .evidence
        .metrics
        .map_or(0.0, |metrics| used(&known.function, metrics))
}

/// What was scanned in each region, summed up.
pub(super) fn done(mut scan: Scan, scanned: &BTreeMap<String, u64>, queries: u64, prices: &PriceTable) -> Scan {
    scan.bytes = scanned.values().sum();
    scan.queries = queries;
    let costs: Option<Vec<Money>> = scanned
        .iter()
        .filter(|(_, bytes)| **bytes > 0)
        .map(|(region, bytes)| Some(price_per_gb(prices, region)? * (*bytes as f64 / BYTES_PER_GB)))
        .collect();
    scan.cost = costs.and_then(|costs| Money::checked_sum(costs).ok().flatten());
    scan
}
