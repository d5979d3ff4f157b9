//! AWS's bulk price list of Lambda (`AWSLambda/current/REGION/index.json`).
//!
//! Products are told by `group` and `regionCode`; where the group is not one of those that are known, by `usagetype` without its
//! region prefix (`USE2-Lambda-SnapStart-Cached-GB-S`). Public tables of the prefixes contradict each other, and units vary by
//! row and year, so neither is matched on. Free allowances are listed as products with a price
//! of zero; taking one for the price would make Lambda free.

use std::collections::{BTreeMap, BTreeSet};

use super::bulk_shape::{Attributes, BulkList};
use super::file::{ArchitecturePrices, FORMAT, Figure, FileTier, FileTiers, PriceFile, RegionPrices};
use super::price::Price;
use super::{Confidence, Currency, PriceTable};
use crate::Architecture;

/// A bulk price list that cannot be read, or that this program would misread.
#[derive(Debug, thiserror::Error)]
pub enum BulkPriceListError {
    /// Not JSON, or not of the list's shape.
    #[error("the price list cannot be read: {0}; is it the index.json of offer AWSLambda?")]
    Json(#[from] serde_json::Error),
    /// There is no price of a GB-second in it.
    #[error("the price list holds no price of a Lambda GB-second; is it the index.json of offer AWSLambda?")]
    NoPrices,
    /// Two products give different prices for the same thing.
    #[error(
        "the price list has two prices for group `{group}` in region `{region}`; its shape has changed, please report it"
    )]
    Contradiction {
        /// Of both products.
        region: String,
        /// Of both products.
        group: String,
    },
    /// The ranges of a product leave a gap or overlap, or a number is none.
    #[error("product {sku} of the price list cannot be read: {reason}; its shape has changed, please report it")]
    Product {
        /// AWS's key of the product.
        sku: String,
        /// What is wrong.
        reason: String,
    },
}

/// What a product prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Duration,
    Request,
    EphemeralStorage,
    ProvisionedConcurrency,
    ProvisionedDuration,
    SnapStartCache,
    SnapStartRestore,
}

impl Item {
    /// What a row is about, and for which architectures its price holds.
    fn of(attributes: &Attributes) -> Option<(Self, &'static [Architecture])> {
        Self::of_group(&attributes.group).or_else(|| Self::of_usage_type(&attributes.usagetype))
    }

    fn of_usage_type(usage_type: &str) -> Option<(Self, &'static [Architecture])> {
        // Prefixes of regions are capital letters and digits: `USE2-`, `APN1-`, `EU-`.
        let is_prefix =
            |text: &str| text.len() >= 2 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let name = match usage_type.split_once('-') {
            Some((prefix, name)) if is_prefix(prefix) => name,
            _ => usage_type,
        };
        let (name, architectures) = by_architecture(name);
        let item = match name {
            "Lambda-GB-Second" => Self::Duration,
            "Request" => Self::Request,
            "Lambda-Storage-GB-Second" => Self::EphemeralStorage,
            "Lambda-Provisioned-Concurrency" => Self::ProvisionedConcurrency,
            "Lambda-Provisioned-GB-Second" => Self::ProvisionedDuration,
            // These name no architecture, and hold for both unless a row of its own says otherwise.
            "Lambda-SnapStart-Cached-GB-S" => return Some((Self::SnapStartCache, either(architectures))),
            "Lambda-SnapStart-Restored-GB" => return Some((Self::SnapStartRestore, either(architectures))),
            _ => return None,
        };
        Some((item, architectures))
    }

    fn of_group(group: &str) -> Option<(Self, &'static [Architecture])> {
        let (name, architectures) = by_architecture(group);
        let item = match name {
            "AWS-Lambda-Duration" => Self::Duration,
            "AWS-Lambda-Requests" => Self::Request,
            "AWS-Lambda-Storage-Duration" => Self::EphemeralStorage,
            "AWS-Lambda-Provisioned-Concurrency" => Self::ProvisionedConcurrency,
            "AWS-Lambda-Duration-Provisioned" => Self::ProvisionedDuration,
            _ => return None,
        };
        Some((item, architectures))
    }
}

const ARM64: &[Architecture] = &[Architecture::Arm64];
const X86_64: &[Architecture] = &[Architecture::X86_64];
const BOTH: &[Architecture] = &[Architecture::X86_64, Architecture::Arm64];

fn by_architecture(name: &str) -> (&str, &'static [Architecture]) {
    match name.strip_suffix("-ARM") {
        Some(name) => (name, ARM64),
        None => (name, X86_64),
    }
}

/// Both, for what does not say that it is arm64's.
fn either(architectures: &'static [Architecture]) -> &'static [Architecture] {
    if architectures == ARM64 { ARM64 } else { BOTH }
}

type Items = BTreeMap<Item, (Currency, Vec<FileTier>)>;
type Found = BTreeMap<(String, Architecture), Items>;

impl PriceTable {
    /// Reads AWS's bulk price list of Lambda, of one region or of all;
    /// [`bulk_price_list_url`](super::bulk_price_list_url) says where it is. The result has Lambda's prices only;
    /// [`merge`](Self::merge) puts them into a whole table.
    ///
    /// # Errors
    /// When it is not such a list, or not in the shape that is known.
    pub fn from_bulk_price_list(text: &str) -> Result<Self, BulkPriceListError> {
        let list: BulkList = serde_json::from_str(text)?;
        let collected = list.publication_date.split('T').next().unwrap_or_default().to_owned();
        let mut regions: BTreeMap<String, RegionPrices> = BTreeMap::new();
        for ((region, architecture), mut items) in list.found()? {
            let Some((currency, tiers)) = items.remove(&Item::Duration) else {
                continue;
            };
            let gb_second = FileTiers::try_from(tiers).map_err(|error| BulkPriceListError::Product {
                sku: region.clone(),
                reason: error.to_string(),
            })?;
            let prices = architecture_prices(gb_second, items);
            let entry = regions.entry(region).or_insert_with(|| RegionPrices {
                currency,
                confidence: Confidence::High,
                collected: Some(collected.clone()),
                x86_64: None,
                arm64: None,
            });
            match architecture {
                Architecture::X86_64 => entry.x86_64 = Some(prices),
                Architecture::Arm64 => entry.arm64 = Some(prices),
            }
        }
        if regions.is_empty() {
            return Err(BulkPriceListError::NoPrices);
        }
        Ok(Self(PriceFile {
            format: FORMAT,
            source: format!("AWS price list AWSLambda, version {}", list.version),
            collected,
            free_tier: None,
            regions,
            regions_without_prices: BTreeSet::new(),
            state_transition: BTreeMap::new(),
            free_state_transitions_per_month: None,
            log_ingest_gb: BTreeMap::new(),
        }))
    }
}

impl BulkList {
    fn found(&self) -> Result<Found, BulkPriceListError> {
        let mut found = Found::new();
        for (sku, product) in &self.products {
            let attributes = &product.attributes;
            let Some((item, architectures)) = Item::of(attributes) else {
                continue;
            };
            if attributes.is_free_allowance() {
                continue;
            }
            let Some((currency, tiers)) = self.tiers(sku)? else {
                continue;
            };
            let region = &attributes.region_code;
            for &architecture in architectures {
                let items = found.entry((region.clone(), architecture)).or_default();
                // What names its architecture holds before what names none.
                if architectures.len() > 1 && items.contains_key(&item) && architecture == Architecture::Arm64 {
                    continue;
                }
                let other = items.insert(item, (currency, tiers.clone()));
                let overruled = architectures == ARM64 && matches!(item, Item::SnapStartCache | Item::SnapStartRestore);
                if !overruled && other.is_some_and(|other| other != (currency, tiers.clone())) {
                    return Err(BulkPriceListError::Contradiction {
                        region: region.clone(),
                        group: match attributes.group.is_empty() {
                            true => attributes.usagetype.clone(),
                            false => attributes.group.clone(),
                        },
                    });
                }
            }
        }
        Ok(found)
    }

    /// The price of a product by volume; `None` when it has no on-demand term, or a band of it is free: an allowance
    /// that is named in no way known, whose price is then not known either.
    fn tiers(&self, sku: &str) -> Result<Option<(Currency, Vec<FileTier>)>, BulkPriceListError> {
        let wrong = |reason: String| BulkPriceListError::Product {
            sku: sku.to_owned(),
            reason,
        };
        let Some(term) = self.terms.on_demand.get(sku).and_then(|terms| terms.values().next()) else {
            return Ok(None);
        };
        let mut bands = Vec::with_capacity(term.price_dimensions.len());
        let mut currencies = BTreeSet::new();
        for dimension in term.price_dimensions.values() {
            let (currency, text) = dimension
                .price()
                .ok_or_else(|| wrong("it has no price in USD, CNY or EUR".into()))?;
            if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
                return Ok(None);
            }
            let price = Price::parse(text).map_err(|error| wrong(error.to_string()))?;
            let begin = dimension.begin_range.parse::<u64>();
            let from_gb_seconds =
                begin.map_err(|_| wrong(format!("its range begins at `{}`", dimension.begin_range)))?;
            currencies.insert(currency);
            bands.push((
                FileTier {
                    from_gb_seconds,
                    price,
                    estimated: None,
                },
                dimension.end_range.as_str(),
            ));
        }
        bands.sort_by_key(|(tier, _)| tier.from_gb_seconds);
        for (index, (tier, end)) in bands.iter().enumerate() {
            let next = bands
                .get(index + 1)
                .map_or("Inf".to_owned(), |(next, _)| next.from_gb_seconds.to_string());
            if *end != next {
                return Err(wrong(format!(
                    "the range from {} ends at `{end}`, not at {next}",
                    tier.from_gb_seconds
                )));
            }
        }
        match (currencies.pop_first(), currencies.is_empty()) {
            (Some(currency), true) => Ok(Some((currency, bands.into_iter().map(|(tier, _)| tier).collect()))),
            (Some(_), false) => Err(wrong("it has prices in several currencies".into())),
            (None, _) => Ok(None),
        }
    }
}

/// Beside the GB-second, each figure has one price at any volume. Were AWS to give one of them tiers, it would be
/// unknown until this program knows them.
fn architecture_prices(gb_second: FileTiers, mut items: Items) -> ArchitecturePrices {
    let mut single = |item| match items.remove(&item)?.1.as_slice() {
        [only] => Some(Figure::exact(only.price)),
        _ => None,
    };
    ArchitecturePrices {
        gb_second,
        request: single(Item::Request),
        ephemeral_storage_gb_second: single(Item::EphemeralStorage),
        provisioned_concurrency_gb_second: single(Item::ProvisionedConcurrency),
        provisioned_duration_gb_second: single(Item::ProvisionedDuration),
        snapstart_cache_gb_second: single(Item::SnapStartCache),
        snapstart_restore_gb: single(Item::SnapStartRestore),
    }
}
