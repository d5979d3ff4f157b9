use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{ArchitecturePrices, Figure, PriceFile, RegionFigure, RegionPrices};
use super::{Confidence, Currency, Money, Partition, PriceQuote, PriceTier, PriceUnknown, PricedItem, QuotedPrice};
use crate::Architecture;

/// What Insights charges for a GB scanned, as a share of what a GB ingested costs: 0.005 of 0.50 US dollars in us-east-1, 0.0076 of
/// 0.76 in ap-northeast-1.
const SCANNED_OF_INGESTED: f64 = 0.01;

static EMBEDDED: LazyLock<PriceTable> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the file is part of the program, and every test of this module reads it"
    )]
    PriceTable::from_json(include_str!("../../data/prices.json")).expect("the embedded price file is valid")
});

/// Prices by region and architecture, with the date they were collected.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceTable(pub(super) PriceFile);

/// The text is no price file.
#[derive(Debug, thiserror::Error)]
#[error("the price file cannot be read: {0}")]
pub struct PriceTableError(#[from] serde_json::Error);

/// A single price, outside a function's own quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitPrice {
    /// Of one unit.
    pub price: Money,
    /// Whether it is derived instead of read from AWS.
    pub estimated: bool,
    /// How it was derived; for a footnote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A line of `tuner prices`: every figure that is used. A price that is `None` (absent in JSON) is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceRow {
    /// Such as `eu-west-1`.
    pub region: String,
    /// What the prices are for.
    pub architecture: Architecture,
    /// Of every price here.
    pub currency: Currency,
    /// Of a GB-second, in the first tier.
    pub gb_second: f64,
    /// Of a GB-second by monthly volume, the first tier too.
    pub tiers: Vec<PriceTier>,
    /// Of one invocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<f64>,
    /// Of a GB-second of ephemeral storage above 512 MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage_gb_second: Option<f64>,
    /// Of a GB-second of provisioned concurrency, kept ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_concurrency_gb_second: Option<f64>,
    /// Of a GB-second of duration in provisioned environments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_duration_gb_second: Option<f64>,
    /// Of a GB-second of a cached SnapStart snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapstart_cache_gb_second: Option<f64>,
    /// Of a GB restored from a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapstart_restore_gb: Option<f64>,
    /// Of a state transition of a Standard workflow of Step Functions, in the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_transition: Option<f64>,
    /// Of a GB ingested by CloudWatch Logs, in the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_ingest_gb: Option<f64>,
    /// Of a GB scanned by CloudWatch Logs Insights, in the region: what the budget of a review is counted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_scan_gb: Option<f64>,
    /// How far the figures are to be trusted.
    pub confidence: Confidence,
    /// Whether one of the prices here is derived.
    pub estimated: bool,
    /// When they were collected.
    pub collected: String,
}

impl PriceTable {
    /// The table built into the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads a price file: the format of `data/prices.json`, which [`to_json`](Self::to_json) writes.
    ///
    /// # Errors
    /// When the text is not JSON, has a field that is not known, or a price that is none; it says in which line.
    pub fn from_json(text: &str) -> Result<Self, PriceTableError> {
        Ok(Self(serde_json::from_str(text)?))
    }

    /// The table as a price file.
    ///
    /// # Errors
    /// None that is known; serialising is fallible by its interface.
    pub fn to_json(&self) -> Result<String, PriceTableError> {
        Ok(serde_json::to_string_pretty(&self.0)? + "\n")
    }

    /// When the figures were collected: `2026-11` or `2026-11-21`. A refreshed region has its own date in its quote.
    pub fn collected(&self) -> &str {
        &self.0.collected
    }

    /// Where the figures come from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// What Lambda costs in `region` on `architecture`, at tier 1 ([`PriceQuote::at_volume`] for others).
    ///
    /// # Errors
    /// When it is not known. The answer is never another region's price.
    pub fn quote(&self, region: &str, architecture: Architecture) -> Result<PriceQuote, PriceUnknown> {
        let found = self.0.regions.get(region).ok_or_else(|| self.unknown_region(region))?;
        let prices = found.of(architecture).ok_or_else(|| PriceUnknown::Architecture {
            region: region.to_owned(),
            architecture,
        })?;
        Ok(self.quote_of(region, architecture, found, prices))
    }

    /// Every region and architecture with a price, by region's name.
    pub fn rows(&self) -> impl Iterator<Item = PriceRow> + '_ {
        self.0.regions.iter().flat_map(move |(region, found)| {
            [Architecture::X86_64, Architecture::Arm64]
                .into_iter()
                .filter_map(move |architecture| {
                    let prices = found.of(architecture)?;
                    let amount = |price: Result<UnitPrice, PriceUnknown>| price.ok().map(|unit| unit.price.amount);
                    Some(PriceRow {
                        state_transition: amount(self.state_transition(region)),
                        log_ingest_gb: amount(self.log_ingest_gb(region)),
                        log_scan_gb: amount(self.log_scan_gb(region)),
                        ..PriceRow::from(self.quote_of(region, architecture, found, prices))
                    })
                })
        })
    }

    /// The regions with prices, by name.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.0.regions.keys().map(String::as_str)
    }

    /// The regions that exist but have no public figure, by name.
    pub fn regions_without_prices(&self) -> impl Iterator<Item = &str> {
        self.0.regions_without_prices.iter().map(String::as_str)
    }

    /// What a state transition of a Standard workflow of Step Functions costs in `region`; a retry is one, too.
    ///
    /// # Errors
    /// When it is not known.
    pub fn state_transition(&self, region: &str) -> Result<UnitPrice, PriceUnknown> {
        self.unit_price(self.0.state_transition.get(region), region, PricedItem::StateTransition)
    }

    /// How many state transitions a month are free.
    pub const fn free_state_transitions_per_month(&self) -> Option<u64> {
        self.0.free_state_transitions_per_month
    }

    /// What CloudWatch Logs (class Standard) charges for a GB ingested in `region`.
    ///
    /// # Errors
    /// When it is not known.
    pub fn log_ingest_gb(&self, region: &str) -> Result<UnitPrice, PriceUnknown> {
        self.unit_price(self.0.log_ingest_gb.get(region), region, PricedItem::LogIngest)
    }

    /// What CloudWatch Logs Insights charges for a GB scanned in `region`.
    ///
    /// # Errors
    /// When it is not known.
    pub fn log_scan_gb(&self, region: &str) -> Result<UnitPrice, PriceUnknown> {
        let ingested = self.log_ingest_gb(region)?;
        Ok(UnitPrice {
            price: ingested.price * SCANNED_OF_INGESTED,
            ..ingested
        })
    }

    fn unit_price(
        &self,
        found: Option<&RegionFigure>,
        region: &str,
        figure: PricedItem,
    ) -> Result<UnitPrice, PriceUnknown> {
        match found {
            Some(found) => Ok(UnitPrice {
                price: Money::new(found.price.amount(), found.currency),
                estimated: found.estimated.is_some(),
                note: found.estimated.clone(),
            }),
            None if self.0.regions.contains_key(region) => Err(PriceUnknown::Figure {
                region: region.to_owned(),
                figure,
            }),
            None => Err(self.unknown_region(region)),
        }
    }

    fn unknown_region(&self, region: &str) -> PriceUnknown {
        let listed = self.0.regions_without_prices.contains(region);
        let exists = listed || Partition::of_region(region) == Partition::AwsIso;
        PriceUnknown::Region {
            region: region.to_owned(),
            exists,
        }
    }

    fn quote_of(
        &self,
        region: &str,
        architecture: Architecture,
        found: &RegionPrices,
        prices: &ArchitecturePrices,
    ) -> PriceQuote {
        let quoted = |figure: &Option<Figure>| -> Option<QuotedPrice> { figure.as_ref().map(Figure::quoted) };
        // The allowance is the commercial partition's; China and GovCloud have rules of their own, which are not known.
        let commercial = Partition::of_region(region) == Partition::Aws;
        PriceQuote {
            region: region.to_owned(),
            architecture,
            currency: found.currency,
            gb_second: prices.gb_second.tiers().clone(),
            volume_gb_seconds_per_month: 0,
            request: quoted(&prices.request),
            ephemeral_storage_gb_second: quoted(&prices.ephemeral_storage_gb_second),
            provisioned_concurrency_gb_second: quoted(&prices.provisioned_concurrency_gb_second),
            provisioned_duration_gb_second: quoted(&prices.provisioned_duration_gb_second),
            snapstart_cache_gb_second: quoted(&prices.snapstart_cache_gb_second),
            snapstart_restore_gb: quoted(&prices.snapstart_restore_gb),
            free_tier: self.0.free_tier.filter(|_| commercial),
            confidence: found.confidence,
            estimated: false,
            note: note(prices),
            collected: found.collected.as_ref().unwrap_or(&self.0.collected).clone(),
        }
        // Sets `estimated` by the tier in force.
        .at_volume(0)
    }
}

/// "estimated: GB-second, tier 2 (0.9 x tier 1 ...); request (...)", or nothing.
fn note(prices: &ArchitecturePrices) -> Option<String> {
    let tiers = prices
        .gb_second
        .written()
        .iter()
        .enumerate()
        .filter_map(|(index, tier)| {
            tier.estimated
                .as_ref()
                .map(|how| format!("GB-second, tier {} ({how})", index + 1))
        });
    let figures = prices
        .named()
        .into_iter()
        .filter_map(|(name, figure)| figure.as_ref()?.estimated.as_ref().map(|how| format!("{name} ({how})")));
    let all: Vec<String> = tiers.chain(figures).collect();
    (!all.is_empty()).then(|| format!("estimated: {}", all.join("; ")))
}

impl From<PriceQuote> for PriceRow {
    fn from(quote: PriceQuote) -> Self {
        Self {
            gb_second: quote.gb_second.first().price,
            tiers: quote.gb_second.iter().copied().collect(),
            request: quote.request.map(|quoted| quoted.price),
            ephemeral_storage_gb_second: quote.ephemeral_storage_gb_second.map(|quoted| quoted.price),
            provisioned_concurrency_gb_second: quote.provisioned_concurrency_gb_second.map(|quoted| quoted.price),
            provisioned_duration_gb_second: quote.provisioned_duration_gb_second.map(|quoted| quoted.price),
            snapstart_cache_gb_second: quote.snapstart_cache_gb_second.map(|quoted| quoted.price),
            snapstart_restore_gb: quote.snapstart_restore_gb.map(|quoted| quoted.price),
            state_transition: None,
            log_ingest_gb: None,
            log_scan_gb: None,
            region: quote.region,
            architecture: quote.architecture,
            currency: quote.currency,
            confidence: quote.confidence,
            estimated: quote.estimated,
            collected: quote.collected,
        }
    }
}
