use serde::{Deserialize, Serialize};

use super::{PriceQuote, SnapStartBilling};
use crate::gb_seconds;

/// What an invocation costs as a function of memory size and billed duration: a [`PriceQuote`] for one function, small
/// enough to travel and to calculate with a million times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Of a GB-second of billed duration.
    pub gb_second: f64,
    /// Of a second of billed duration at any memory size: ephemeral storage above 512 MB.
    pub second: f64,
    /// Of an invocation.
    pub request: f64,
    /// Of a GB of memory size, for each version that is published: the three hours of cache that SnapStart charges for at
    /// least. 0 without SnapStart and where it is free; `None` where the price is not known.
    #[serde(default = "free")]
    pub version_gb: Option<f64>,
}

const fn free() -> Option<f64> {
    Some(0.0)
}

impl Rate {
    /// Counts GB-seconds, where no price is known.
    pub const GB_SECONDS: Self = Self {
        gb_second: 1.0,
        second: 0.0,
        request: 0.0,
        version_gb: free(),
    };

    /// The prices of `quote` for a function with this much ephemeral storage; `None` when one of them is not known.
    pub fn of(quote: &PriceQuote, ephemeral_storage_mb: u32) -> Option<Self> {
        const SECOND_MS: u64 = 1000;
        Some(Self {
            gb_second: quote.gb_second_price().amount,
            second: quote
                .ephemeral_storage_charge(ephemeral_storage_mb, SECOND_MS)
                .ok()?
                .amount,
            request: quote.request_charge().ok()?.amount,
            version_gb: free(),
        })
    }

    /// The same for a function that uses SnapStart on this runtime (`None` for a container image); `quote` is absent where no
    /// price is known.
    #[must_use]
    pub fn with_snap_start(self, quote: Option<&PriceQuote>, runtime: Option<&str>) -> Self {
        const GB_MB: u32 = 1024;
        let version_gb = match runtime.and_then(SnapStartBilling::of_runtime) {
            Some(SnapStartBilling::Free) => free(),
            Some(billing) => quote.and_then(|quote| Some(quote.snapstart_cache(billing, GB_MB, 0).ok()?.amount)),
            None => None,
        };
        Self { version_gb, ..self }
    }

    /// What publishing one version of a memory size costs at least; `None` where that is not known.
    pub fn publishing(&self, memory_size_mb: u32) -> Option<f64> {
        Some(self.version_gb? * f64::from(memory_size_mb) / 1024.0)
    }

    /// Cost of one invocation.
    pub fn cost(&self, memory_size_mb: u32, billed_ms: f64) -> f64 {
        self.request + self.gb_second * gb_seconds(memory_size_mb, billed_ms) + self.second * billed_ms / 1000.0
    }

    /// What invocations cost that take `ms` on average: rounding up to a millisecond adds half of one.
    pub fn expected(&self, memory_size_mb: u32, ms: f64) -> f64 {
        self.cost(memory_size_mb, ms + 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;
    use crate::pricing::PriceTable;

    #[test]
    fn it_says_what_the_quote_says() {
        let quote = PriceTable::embedded().quote("us-east-1", Architecture::X86_64).unwrap();
        for storage in [512, 4096] {
            let rate = Rate::of(&quote, storage).unwrap();
            let exact = quote.invocation(1769, 123, storage).unwrap().amount;
            assert!((rate.cost(1769, 123.0) / exact - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn publishing_costs_three_hours_of_cache_where_snapstart_is_charged() {
        let table = PriceTable::embedded();
        let quote = table.quote("us-east-1", Architecture::X86_64).unwrap();
        let plain = Rate::of(&quote, 512).unwrap();
        assert_eq!(plain.publishing(3008), Some(0.0));
        let python = plain.with_snap_start(Some(&quote), Some("python3.13"));
        // Six usual sizes once: (128 + 256 + 512 + 1024 + 1769 + 3008) / 1024 GB x 10,800 s x 0.0000015046 = 0.10627.
        let six: f64 = [128, 256, 512, 1024, 1769, 3008]
            .iter()
            .map(|&mb| python.publishing(mb).unwrap())
            .sum();
        assert!((six - 0.106_27).abs() < 5e-6, "{six}");
        assert_eq!(
            plain.with_snap_start(Some(&quote), Some("java21")).publishing(3008),
            Some(0.0)
        );
        // Unknown is not free: container images, and regions without a price.
        assert_eq!(plain.with_snap_start(Some(&quote), None).publishing(3008), None);
        let elsewhere = table.quote("eu-west-1", Architecture::X86_64).unwrap();
        let elsewhere = plain.with_snap_start(Some(&elsewhere), Some("dotnet8"));
        assert_eq!(elsewhere.publishing(3008), None);
        assert_eq!(plain.with_snap_start(None, Some("python3.13")).publishing(128), None);
    }

    #[test]
    fn a_rate_of_before_snapstart_was_counted_is_read() {
        let rate: Rate = serde_json::from_str(r#"{"gb_second":1.0,"second":0.0,"request":0.0}"#).unwrap();
        assert_eq!(rate, Rate::GB_SECONDS);
    }
}
