//! What a month costs, at the prices that the whole account's volume gives.

use std::collections::BTreeMap;

use super::judge::words;
use super::usage::{Unread, Usage, Used};
use super::{Evidence, Fallback, ListedFunction, Missing, MonthlyCost, PackageType, PublishedVersion, WindowCost};
use crate::memory::gb_seconds;
use crate::pricing::{
    FREE_EPHEMERAL_STORAGE_MB, FreeTier, MonthlyBill, MonthlyUsage, PriceQuote, PriceTable, PriceTier, PriceUnknown,
    PricedItem, ProvisionedUsage, SnapStartBilling, SnapStartUsage, Tiers, ephemeral_storage_gb_seconds,
};
use crate::{Architecture, pricing::Money};

const SECONDS_PER_DAY: f64 = 86_400.0;

/// What a GB-second costs by region and architecture, on average over the account's volume there: AWS counts volume by
/// organisation, region and architecture, so that no function is in a tier of its own. Of an organisation's other accounts
/// nothing is known: with them the average may be lower.
pub(super) struct Prices<'a> {
    quotes: BTreeMap<(String, Architecture), PriceQuote>,
    table: &'a PriceTable,
    fallback: &'a Fallback,
}

/// What a function costs.
#[derive(Debug, Clone, Default)]
pub(super) struct Priced {
    pub(super) quote: Option<PriceQuote>,
    /// On arm64, in the same region.
    pub(super) on_arm64: Option<PriceQuote>,
    pub(super) cost: Option<MonthlyCost>,
    /// What was billed in the window.
    pub(super) billed: Option<WindowCost>,
    /// Keeping its provisioned environments ready, as a part of it.
    pub(super) allocation: Option<Money>,
    pub(super) unknown: Option<String>,
}

impl<'a> Prices<'a> {
    pub(super) fn of<'f>(
        functions: impl Iterator<Item = (&'f ListedFunction, &'f Result<Used, String>)>,
        table: &'a PriceTable,
        fallback: &'a Fallback,
    ) -> Self {
        let mut volumes: BTreeMap<(String, Architecture), f64> = BTreeMap::new();
        for (function, usage) in functions {
            if let (Some(region), Ok(Used { month, .. })) = (region(function, fallback), usage) {
                let place = (region.to_owned(), architecture(function, fallback));
                *volumes.entry(place).or_default() += month.gb_seconds * (1.0 - month.provisioned_share);
            }
        }
        let quotes = volumes.into_iter().filter_map(|((region, architecture), volume)| {
            let quote = table.quote(&region, architecture).ok()?;
            Some(((region, architecture), at_average(quote, volume)))
        });
        Self {
            quotes: quotes.collect(),
            table,
            fallback,
        }
    }

    /// What a month of `function` costs, and what was billed in the window; what is not known of that is said.
    pub(super) fn price(&self, function: &ListedFunction, evidence: &Evidence, usage: &Result<Used, String>) -> Priced {
        let Some(region) = region(function, self.fallback) else {
            return Priced::unknown("its region is not known; name it".to_owned());
        };
        let quote = match self.quote(region, architecture(function, self.fallback)) {
            Ok(quote) => quote,
            Err(unknown) => return Priced::unknown(unknown.to_string()),
        };
        let priced = match usage {
            Ok(used) => Priced {
                billed: used.window.and_then(|window| billed(&quote, function, &window)),
                ..bill(
                    &quote,
                    function,
                    &used.month,
                    unread_allocation(&quote, function, evidence),
                )
            },
            Err(why) => Priced::unknown(why.clone()),
        };
        Priced {
            on_arm64: self.quote(region, Architecture::Arm64).ok(),
            quote: Some(quote),
            ..priced
        }
    }

    fn quote(&self, region: &str, architecture: Architecture) -> Result<PriceQuote, PriceUnknown> {
        match self.quotes.get(&(region.to_owned(), architecture)) {
            Some(quote) => Ok(quote.clone()),
            None => self.table.quote(region, architecture),
        }
    }
}

impl Priced {
    fn unknown(why: String) -> Self {
        Self {
            unknown: Some(why),
            ..Self::default()
        }
    }
}

fn region<'a>(function: &'a ListedFunction, fallback: &'a Fallback) -> Option<&'a str> {
    (function.region.as_deref())
        .or_else(|| function.name.region())
        .or(fallback.region.as_deref())
}

fn architecture(function: &ListedFunction, fallback: &Fallback) -> Architecture {
    function.architecture.unwrap_or(fallback.architecture)
}

/// `quote` with the one price that `volume` GB-seconds cost on average.
fn at_average(quote: PriceQuote, volume: f64) -> PriceQuote {
    let whole = MonthlyUsage {
        gb_seconds: volume,
        ..MonthlyUsage::default()
    };
    let average = quote.monthly(&whole, FreeTier::Exclude).ok().and_then(|bill| {
        let tier = PriceTier {
            from_gb_seconds: 0,
            price: bill.duration.amount / volume,
            estimated: bill.estimated,
        };
        Tiers::new(vec![tier]).ok()
    });
    match average {
        Some(gb_second) => PriceQuote { gb_second, ..quote }.at_volume(0),
        None => quote,
    }
}

/// What is to be said where environments are kept ready, and nothing tells how many: their price is not in the sum, and may
/// be most of it.
fn unread_allocation(quote: &PriceQuote, function: &ListedFunction, evidence: &Evidence) -> Option<String> {
    if !function.provisioned.is_empty() || function.unsupported.is_some() {
        return None;
    }
    let logged: u64 = evidence.sizes.iter().map(|size| size.provisioned_invocations).sum();
    let gap = evidence.gap(Missing::ProvisionedConcurrency);
    let why = match (logged, gap) {
        (0, None) => return None,
        (0, Some(gap)) => gap.text.clone(),
        (logged, _) => {
            let ran = words::counted(logged, "invocation");
            format!(
                "its logs show {ran} in provisioned environments, and how many are kept is not known; give what \
                 `aws lambda list-provisioned-concurrency-configs --function-name {}` prints as an inventory",
                if function.nameless {
                    "NAME"
                } else {
                    function.name.name()
                }
            )
        }
    };
    let each = function.memory_size_mb.and_then(|mb| {
        let month = allocated_gb_seconds(mb, 1, super::DAYS_PER_MONTH);
        Some(format!(
            " (one of {mb} MB costs {} a month)",
            allocation(quote, month)?.display()
        ))
    });
    Some(format!("keeping environments ready{}: {why}", each.unwrap_or_default()))
}

fn bill(quote: &PriceQuote, function: &ListedFunction, usage: &Usage, not_in_it: Option<String>) -> Priced {
    let mut used = monthly_usage(function, usage);
    let mut unknown: Vec<String> = not_in_it.into_iter().collect();
    unknown.extend(unread_snapshots(quote, function, usage.memory_size_mb));
    let mut left_out: Vec<PricedItem> = Vec::new();
    loop {
        match quote.monthly(&used, FreeTier::Exclude) {
            Ok(bill) => {
                let allocated = used
                    .provisioned
                    .map_or(0.0, |provisioned| provisioned.allocated_gb_seconds);
                let at_most = usage
                    .at_most()
                    .and_then(|most| total(quote, function, &most, &left_out));
                unknown.extend(usage.unread.map(words_of_unread));
                return Priced {
                    cost: Some(cost(usage, at_most, bill)),
                    allocation: allocation(quote, allocated),
                    unknown: (!unknown.is_empty()).then(|| format!("not in the sum: {}", unknown.join("; "))),
                    ..Priced::default()
                };
            }
            Err(PriceUnknown::Figure { region, figure }) if leave_out(&mut used, figure) => {
                left_out.push(figure);
                unknown.push(PriceUnknown::Figure { region, figure }.to_string());
            }
            Err(why) => return Priced::unknown(why.to_string()),
        }
    }
}

/// What was billed in the window, as far as the prices are known.
fn billed(quote: &PriceQuote, function: &ListedFunction, usage: &Usage) -> Option<WindowCost> {
    let mut used = monthly_usage(function, usage);
    let bill = loop {
        match quote.monthly(&used, FreeTier::Exclude) {
            Ok(bill) => break bill,
            Err(PriceUnknown::Figure { figure, .. }) if leave_out(&mut used, figure) => {}
            Err(_) => return None,
        }
    };
    Some(WindowCost {
        days: usage.days,
        invocations: usage.invocations,
        gb_seconds: usage.gb_seconds,
        bill,
        confidence: usage.confidence,
    })
}

/// What `usage` costs without the figures that have no price.
fn total(quote: &PriceQuote, function: &ListedFunction, usage: &Usage, left_out: &[PricedItem]) -> Option<Money> {
    let mut used = monthly_usage(function, usage);
    for figure in left_out {
        leave_out(&mut used, *figure);
    }
    Some(quote.monthly(&used, FreeTier::Exclude).ok()?.total)
}

fn words_of_unread(unread: Unread) -> String {
    match unread {
        Unread::Share(share) => format!(
            "{} of its logs could not be read, and the most that it costs is with as many invocations there as in the rest",
            percent(share)
        ),
        Unread::Some => "a part of its logs could not be read, so that this is the least that it costs".to_owned(),
    }
}

/// `3 %`, and never 0 or 100.
fn percent(share: f64) -> String {
    match share * 100.0 {
        x if x < 1.0 => "less than 1 %".to_owned(),
        x => format!("{:.0} %", x.min(99.0)),
    }
}

fn cost(usage: &Usage, at_most: Option<Money>, bill: MonthlyBill) -> MonthlyCost {
    MonthlyCost {
        at_most,
        invocations: usage.invocations,
        gb_seconds: usage.gb_seconds,
        bill,
        billed: usage.billed,
        since: usage.since,
        seen_days: (usage.seen_days > 0.0).then_some(usage.seen_days),
        confidence: Some(usage.confidence),
    }
}

/// What keeping environments ready costs.
pub(super) fn allocation(quote: &PriceQuote, allocated_gb_seconds: f64) -> Option<Money> {
    let price = quote.provisioned_concurrency_gb_second?.price;
    (allocated_gb_seconds > 0.0).then(|| Money::new(price * allocated_gb_seconds, quote.currency))
}

/// GB-seconds for which `environments` of `memory_size_mb` are kept ready in a month.
pub(super) fn allocated_gb_seconds(memory_size_mb: u32, environments: u32, days: f64) -> f64 {
    gb_seconds(memory_size_mb, days * SECONDS_PER_DAY * 1000.0) * f64::from(environments)
}

/// Whether snapshots of it are kept: of what is published now, or was before SnapStart was turned off.
fn has_snapshots(function: &ListedFunction) -> bool {
    function.snap_start || function.versions.iter().any(|version| version.snap_start)
}

/// GB-seconds for which the snapshot of a version is kept in a month; `mb` where its size was not listed.
pub(super) fn snapshot_gb_seconds(version: &PublishedVersion, mb: u32) -> f64 {
    allocated_gb_seconds(version.memory_size_mb.unwrap_or(mb), 1, super::DAYS_PER_MONTH)
}

/// Those of all of its versions.
fn snapshots_gb_seconds(function: &ListedFunction, mb: u32) -> f64 {
    let snapshots = function.versions.iter().filter(|version| version.snap_start);
    snapshots.map(|version| snapshot_gb_seconds(version, mb)).sum()
}

/// What is to be said where snapshots are kept, and it is not known of how many versions, or at what price.
fn unread_snapshots(quote: &PriceQuote, function: &ListedFunction, mb: u32) -> Option<String> {
    if !has_snapshots(function) {
        return None;
    }
    if function.package == Some(PackageType::Image) {
        return Some("SnapStart of a container image, whose price is not known".to_owned());
    }
    let billing = SnapStartBilling::of_runtime(function.runtime.as_deref()?)?;
    if billing == SnapStartBilling::Free || !function.versions.is_empty() {
        return None;
    }
    let each = quote.snapstart_cache_gb_second?.price * allocated_gb_seconds(mb, 1, super::DAYS_PER_MONTH);
    Some(format!(
        "SnapStart's cache of more than one version, which costs {} a month for each published one until it is deleted; how many \
         there are was not listed (`aws lambda list-versions-by-function`)",
        Money::new(each, quote.currency).display()
    ))
}

fn monthly_usage(function: &ListedFunction, usage: &Usage) -> MonthlyUsage {
    let (mb, share) = (usage.memory_size_mb, usage.provisioned_share);
    let storage_mb = function.ephemeral_storage_mb.unwrap_or(FREE_EPHEMERAL_STORAGE_MB);
    let environments = function.provisioned_environments();
    let provisioned_invocations = usage.invocations * share;
    let snapstart = has_snapshots(function)
        .then(|| SnapStartBilling::of_runtime(function.runtime.as_deref()?))
        .flatten();
    MonthlyUsage {
        invocations: usage.invocations - provisioned_invocations,
        gb_seconds: usage.gb_seconds * (1.0 - share),
        ephemeral_storage_gb_seconds: ephemeral_storage_gb_seconds(storage_mb, usage.billed_ms) * usage.invocations,
        provisioned: (environments > 0 || share > 0.0).then(|| ProvisionedUsage {
            // Each at the size of its own version.
            allocated_gb_seconds: (function.provisioned.iter())
                .map(|kept| {
                    let mb = function.memory_size_of(&kept.qualifier).unwrap_or(mb);
                    allocated_gb_seconds(mb, kept.environments, usage.days)
                })
                .sum(),
            gb_seconds: usage.gb_seconds * share,
            invocations: provisioned_invocations,
        }),
        snapstart: snapstart.map(|billing| SnapStartUsage {
            billing,
            cached_gb_seconds: match function.versions.iter().any(|version| version.snap_start) {
                true => snapshots_gb_seconds(function, mb) * usage.days / super::DAYS_PER_MONTH,
                // One version at least; how many there are is not known, and said.
                false => allocated_gb_seconds(mb, 1, usage.days),
            },
            restored_gb: f64::from(mb) / 1024.0 * usage.restores,
        }),
    }
}

/// Leaves out what has no known price; `false` if there was nothing of it.
fn leave_out(used: &mut MonthlyUsage, figure: PricedItem) -> bool {
    fn clear(amount: &mut f64) -> bool {
        std::mem::take(amount) > 0.0
    }
    match figure {
        PricedItem::Request => {
            let provisioned = used
                .provisioned
                .as_mut()
                .map_or(0.0, |p| std::mem::take(&mut p.invocations));
            std::mem::take(&mut used.invocations) + provisioned > 0.0
        }
        PricedItem::EphemeralStorage => clear(&mut used.ephemeral_storage_gb_seconds),
        PricedItem::ProvisionedConcurrency => used
            .provisioned
            .as_mut()
            .is_some_and(|p| clear(&mut p.allocated_gb_seconds)),
        PricedItem::ProvisionedDuration => used.provisioned.as_mut().is_some_and(|p| clear(&mut p.gb_seconds)),
        PricedItem::SnapStartCache => used.snapstart.as_mut().is_some_and(|s| clear(&mut s.cached_gb_seconds)),
        PricedItem::SnapStartRestore => used.snapstart.as_mut().is_some_and(|s| clear(&mut s.restored_gb)),
        PricedItem::FreeTier | PricedItem::StateTransition | PricedItem::LogIngest => false,
    }
}
