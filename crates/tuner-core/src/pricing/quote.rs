use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Currency, FreeAllowance, Money, PriceUnknown, PricedItem, Tiers};
use crate::{Architecture, gb_seconds};

/// Ephemeral storage up to this is part of the GB-second's price, in MB.
pub const FREE_EPHEMERAL_STORAGE_MB: u32 = 512;

/// How far a figure is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One source, or derived.
    Low,
    /// A good source without a second one.
    Medium,
    /// AWS's own list, or several sources that agree.
    High,
}

/// A price, and whether it was read or derived.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuotedPrice {
    /// In the quote's currency.
    pub price: f64,
    /// Whether the price is derived instead of read from AWS.
    #[serde(default)]
    pub estimated: bool,
}

/// What Lambda costs in one region on one architecture. A price that is `None` (absent in JSON) is not known.
///
/// From [`PriceTable::quote`](super::PriceTable::quote). It is kept with what was calculated from it, so that a report
/// can say which prices it used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceQuote {
    /// Such as `eu-west-1`.
    pub region: String,
    /// What the prices are for.
    pub architecture: Architecture,
    /// Of every price here.
    pub currency: Currency,
    /// Of a GB-second of billed duration, by monthly volume.
    pub gb_second: Tiers,
    /// The GB-seconds a month that the account uses in this region and architecture anyway; it decides in which tier
    /// an invocation falls. 0, tier 1, unless [`at_volume`](Self::at_volume) said otherwise.
    #[serde(default)]
    pub volume_gb_seconds_per_month: u64,
    /// Of one invocation, on top of its duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<QuotedPrice>,
    /// Of a GB-second of ephemeral storage above 512 MB, during billed duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage_gb_second: Option<QuotedPrice>,
    /// Of a GB-second of allocated provisioned concurrency, used or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_concurrency_gb_second: Option<QuotedPrice>,
    /// Of a GB-second of billed duration under provisioned concurrency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_duration_gb_second: Option<QuotedPrice>,
    /// Of a GB-second of a cached SnapStart snapshot (Python and .NET; Java is free).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapstart_cache_gb_second: Option<QuotedPrice>,
    /// Of a GB restored from a SnapStart snapshot (Python and .NET; Java is free).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapstart_restore_gb: Option<QuotedPrice>,
    /// What is free each month in the region's partition, over all its regions and both architectures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_tier: Option<FreeAllowance>,
    /// How far the region's figures are to be trusted.
    pub confidence: Confidence,
    /// Whether a price that an invocation is calculated with is derived: the one of the tier in force, the request's
    /// or the ephemeral storage's. Tiers not reached do not count; `note` lists them.
    pub estimated: bool,
    /// What is derived, and how; for a footnote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the prices were collected: `2026-11` or `2026-11-21`.
    pub collected: String,
}

impl PriceQuote {
    /// The same prices for an account that uses `volume_gb_seconds_per_month` in this region and architecture anyway:
    /// invocations are priced in the tier that the next GB-second falls into.
    #[must_use]
    pub fn at_volume(mut self, volume_gb_seconds_per_month: u64) -> Self {
        self.volume_gb_seconds_per_month = volume_gb_seconds_per_month;
        self.estimated = self.is_estimated();
        self
    }

    pub(super) fn is_estimated(&self) -> bool {
        self.gb_second.marginal(self.volume_gb_seconds_per_month).estimated
            || [self.request, self.ephemeral_storage_gb_second]
                .iter()
                .flatten()
                .any(|price| price.estimated)
    }

    /// The price of a GB-second in the tier in force.
    pub fn gb_second_price(&self) -> Money {
        self.money(self.gb_second.marginal(self.volume_gb_seconds_per_month).price)
    }

    /// What one invocation is billed: duration, request, and ephemeral storage above 512 MB.
    ///
    /// `memory_mb` is the configured size, not what was used; `billed_ms` is the billed duration as REPORT gives it (it
    /// is rounded up to the millisecond and holds billed init and restore already). The free tier is not taken off.
    ///
    /// # Errors
    /// When the request price, or the storage price of a function that needs it, is not known.
    /// [`duration_charge`](Self::duration_charge) is always known.
    pub fn invocation(&self, memory_mb: u32, billed_ms: u64, ephemeral_storage_mb: u32) -> Result<Money, PriceUnknown> {
        let duration = self.duration_charge(memory_mb, billed_ms).amount;
        let storage = self.ephemeral_storage_charge(ephemeral_storage_mb, billed_ms)?.amount;
        Ok(self.money(duration + storage + self.request_charge()?.amount))
    }

    /// The part of an invocation's cost that its duration makes: GB (MB / 1024) x billed seconds x price.
    pub fn duration_charge(&self, memory_mb: u32, billed_ms: u64) -> Money {
        self.gb_second_price() * gb_seconds(memory_mb, billed_ms as f64)
    }

    /// The part that is charged for the invocation itself.
    ///
    /// # Errors
    /// When the price is not known.
    pub fn request_charge(&self) -> Result<Money, PriceUnknown> {
        self.known(self.request, PricedItem::Request)
    }

    /// The part that ephemeral storage above 512 MB makes; zero, known everywhere, up to 512 MB.
    ///
    /// # Errors
    /// When there is more than 512 MB and its price is not known.
    pub fn ephemeral_storage_charge(&self, ephemeral_storage_mb: u32, billed_ms: u64) -> Result<Money, PriceUnknown> {
        let charged = ephemeral_storage_gb_seconds(ephemeral_storage_mb, billed_ms as f64);
        self.storage_charge(charged)
    }

    pub(super) fn storage_charge(&self, gb_seconds: f64) -> Result<Money, PriceUnknown> {
        self.charge(
            self.ephemeral_storage_gb_second,
            PricedItem::EphemeralStorage,
            gb_seconds,
        )
    }

    /// `used` times the price; nothing used costs nothing, whether the price is known or not.
    pub(super) fn charge(&self, price: Option<QuotedPrice>, of: PricedItem, used: f64) -> Result<Money, PriceUnknown> {
        if used > 0.0 {
            Ok(self.known(price, of)? * used)
        } else {
            Ok(Money::zero(self.currency))
        }
    }

    fn known(&self, price: Option<QuotedPrice>, figure: PricedItem) -> Result<Money, PriceUnknown> {
        price
            .map(|known| self.money(known.price))
            .ok_or_else(|| self.unknown(figure))
    }

    pub(super) fn unknown(&self, figure: PricedItem) -> PriceUnknown {
        PriceUnknown::Figure {
            region: self.region.clone(),
            figure,
        }
    }

    pub(super) const fn money(&self, amount: f64) -> Money {
        Money::new(amount, self.currency)
    }
}

/// The GB-seconds of ephemeral storage that are charged: what is above 512 MB, during billed duration.
pub fn ephemeral_storage_gb_seconds(ephemeral_storage_mb: u32, billed_ms: f64) -> f64 {
    gb_seconds(
        ephemeral_storage_mb.saturating_sub(FREE_EPHEMERAL_STORAGE_MB),
        billed_ms,
    )
}

/// As how many requests an event of so many bytes is billed that is sent asynchronously: one, and one more for each 64 KB or part
/// of it above 256 KB. Source: "AWS Lambda Pricing", since asynchronous events may have up to 1 MB (October 2025).
pub const fn asynchronous_requests(bytes: u64) -> u64 {
    const FIRST: u64 = 256 * 1024;
    const EACH: u64 = 64 * 1024;
    1 + bytes.saturating_sub(FIRST).div_ceil(EACH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_asynchronous_event_is_several_requests() {
        const KB: u64 = 1024;
        for (bytes, requests) in [
            (0, 1),
            (256 * KB, 1),
            (256 * KB + 1, 2),
            (320 * KB, 2),
            (400 * KB, 4),
            (1024 * KB, 13),
        ] {
            assert_eq!(asynchronous_requests(bytes), requests, "{bytes}");
        }
    }
}
