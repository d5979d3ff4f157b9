//! What a month costs, at the prices that the whole account's volume gives.

use std::collections::BTreeMap;

use super::usage::{Unread, Usage};
use super::{Fallback, ListedFunction, MonthlyCost};
use crate::memory::gb_seconds;
use crate::pricing::{
    FREE_EPHEMERAL_STORAGE_MB, FreeTier, MonthlyBill, MonthlyUsage, PriceQuote, PriceTable, PriceTier, PriceUnknown,
    PricedItem, ProvisionedUsage, SnapStartBilling, SnapStartUsage, Tiers, ephemeral_storage_gb_seconds,
};
use crate::{Architecture, pricing::Money};

const SECONDS_PER_DAY: f64 = 86_400.0;

/// What a GB-second costs by region and architecture, on average over the account's volume there: AWS counts volume by
/// account, region and architecture, so that no function is in a tier of its own.
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
    /// Keeping its provisioned environments ready, as a part of it.
    pub(super) allocation: Option<Money>,
    pub(super) unknown: Option<String>,
}

impl<'a> Prices<'a> {
    pub(super) fn of<'f>(
        functions: impl Iterator<Item = (&'f ListedFunction, &'f Result<Usage, String>)>,
        table: &'a PriceTable,
        fallback: &'a Fallback,
    ) -> Self {
        let mut volumes: BTreeMap<(String, Architecture), f64> = BTreeMap::new();
        for (function, usage) in functions {
            if let (Some(region), Ok(usage)) = (region(function, fallback), usage) {
                let place = (region.to_owned(), architecture(function, fallback));
                *volumes.entry(place).or_default() += usage.gb_seconds() * (1.0 - usage.provisioned_share);
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

    /// What a month of `function` costs; what is not known of that is said.
    pub(super) fn price(&self, function: &ListedFunction, usage: &Result<Usage, String>) -> Priced {
        let Some(region) = region(function, self.fallback) else {
            return Priced::unknown("its region is not known; say it with `--region`".to_owned());
        };
        let quote = match self.quote(region, architecture(function, self.fallback)) {
            Ok(quote) => quote,
            Err(unknown) => return Priced::unknown(unknown.to_string()),
        };
        let priced = match usage {
            Ok(usage) => bill(&quote, function, usage),
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

fn bill(quote: &PriceQuote, function: &ListedFunction, usage: &Usage) -> Priced {
    let mut used = monthly_usage(function, usage);
    let mut unknown: Vec<String> = Vec::new();
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
        gb_seconds: usage.gb_seconds(),
        bill,
        billed: usage.billed,
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

fn monthly_usage(function: &ListedFunction, usage: &Usage) -> MonthlyUsage {
    let (mb, share) = (usage.memory_size_mb, usage.provisioned_share);
    let storage_mb = function.ephemeral_storage_mb.unwrap_or(FREE_EPHEMERAL_STORAGE_MB);
    let environments = function.provisioned_environments();
    let provisioned_invocations = (usage.invocations * share).round();
    let snapstart = function
        .snap_start
        .then(|| SnapStartBilling::of_runtime(function.runtime.as_deref()?))
        .flatten();
    MonthlyUsage {
        invocations: (usage.invocations.round() - provisioned_invocations) as u64,
        gb_seconds: usage.gb_seconds() * (1.0 - share),
        ephemeral_storage_gb_seconds: ephemeral_storage_gb_seconds(storage_mb, usage.billed_ms) * usage.invocations,
        provisioned: (environments > 0 || share > 0.0).then(|| ProvisionedUsage {
            allocated_gb_seconds: allocated_gb_seconds(mb, environments, usage.days),
            gb_seconds: usage.gb_seconds() * share,
            invocations: provisioned_invocations as u64,
        }),
        snapstart: snapstart.map(|billing| SnapStartUsage {
            billing,
            // One version at least; how many there are is not known.
            cached_gb_seconds: allocated_gb_seconds(mb, 1, usage.days),
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
                .map_or(0, |p| std::mem::take(&mut p.invocations));
            std::mem::take(&mut used.invocations) + provisioned > 0
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
