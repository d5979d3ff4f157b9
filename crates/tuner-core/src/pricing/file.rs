//! The price file: what `data/prices.json` and a user's own file hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use super::price::Price;
use super::{Confidence, Currency, FreeAllowance, PriceTier, QuotedPrice, TierError, Tiers};
use crate::Architecture;

/// The format this program reads and writes.
pub(super) const FORMAT: u32 = 1;

/// A misspelt field would read as an unknown price, so no field is ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    #[serde(deserialize_with = "known_format")]
    pub(super) format: u32,
    pub(super) collected: String,
    pub(super) source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) free_tier: Option<FreeAllowance>,
    pub(super) regions: BTreeMap<String, RegionPrices>,
    #[serde(default)]
    pub(super) regions_without_prices: BTreeSet<String>,
    #[serde(default)]
    pub(super) state_transition: BTreeMap<String, RegionFigure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) free_state_transitions_per_month: Option<u64>,
    #[serde(default)]
    pub(super) log_ingest_gb: BTreeMap<String, RegionFigure>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionPrices {
    pub(super) currency: Currency,
    pub(super) confidence: Confidence,
    /// When it differs from the file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) collected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) x86_64: Option<ArchitecturePrices>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arm64: Option<ArchitecturePrices>,
}

impl RegionPrices {
    pub(super) const fn of(&self, architecture: Architecture) -> Option<&ArchitecturePrices> {
        match architecture {
            Architecture::X86_64 => self.x86_64.as_ref(),
            Architecture::Arm64 => self.arm64.as_ref(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchitecturePrices {
    pub(super) gb_second: FileTiers,
    // What is absent is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ephemeral_storage_gb_second: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provisioned_concurrency_gb_second: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provisioned_duration_gb_second: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) snapstart_cache_gb_second: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) snapstart_restore_gb: Option<Figure>,
}

impl ArchitecturePrices {
    /// The prices beside the GB-second's, by the words for people.
    pub(super) fn named(&self) -> [(&'static str, &Option<Figure>); 6] {
        [
            ("request", &self.request),
            ("ephemeral storage", &self.ephemeral_storage_gb_second),
            ("provisioned concurrency", &self.provisioned_concurrency_gb_second),
            ("provisioned duration", &self.provisioned_duration_gb_second),
            ("SnapStart cache", &self.snapstart_cache_gb_second),
            ("SnapStart restore", &self.snapstart_restore_gb),
        ]
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figure {
    pub(super) price: Price,
    /// How it was derived, if it was not read from AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) estimated: Option<String>,
}

impl Figure {
    pub(super) const fn exact(price: Price) -> Self {
        Self { price, estimated: None }
    }

    pub(super) const fn quoted(&self) -> QuotedPrice {
        QuotedPrice {
            price: self.price.amount(),
            estimated: self.estimated.is_some(),
        }
    }
}

/// A figure outside a region's block, with its own currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionFigure {
    pub(super) currency: Currency,
    pub(super) price: Price,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) estimated: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileTier {
    pub(super) from_gb_seconds: u64,
    pub(super) price: Price,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) estimated: Option<String>,
}

/// Tiers as the file has them, beside the checked form that is calculated with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<FileTier>", into = "Vec<FileTier>")]
pub(super) struct FileTiers {
    tiers: Tiers,
    written: Vec<FileTier>,
}

impl FileTiers {
    pub(super) const fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    pub(super) fn written(&self) -> &[FileTier] {
        &self.written
    }
}

impl TryFrom<Vec<FileTier>> for FileTiers {
    type Error = TierError;

    fn try_from(written: Vec<FileTier>) -> Result<Self, TierError> {
        let tiers = written.iter().map(|tier| PriceTier {
            from_gb_seconds: tier.from_gb_seconds,
            price: tier.price.amount(),
            estimated: tier.estimated.is_some(),
        });
        Ok(Self {
            tiers: Tiers::new(tiers.collect())?,
            written,
        })
    }
}

impl From<FileTiers> for Vec<FileTier> {
    fn from(tiers: FileTiers) -> Self {
        tiers.written
    }
}

fn known_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        FORMAT => Ok(FORMAT),
        other => Err(serde::de::Error::custom(format_args!(
            "price file format {other} is not known; this reads {FORMAT}"
        ))),
    }
}
