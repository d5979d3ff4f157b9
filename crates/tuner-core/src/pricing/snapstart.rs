use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Money, PriceQuote, PriceUnknown, PricedItem};

/// A snapshot is charged for at least this long, in seconds: 3 hours.
pub const SNAPSTART_MINIMUM_CACHE_S: u64 = 3 * 3600;

/// Whether a runtime pays for SnapStart's cache and restores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnapStartBilling {
    /// Java.
    Free,
    /// Python and .NET.
    Charged,
}

impl SnapStartBilling {
    /// What holds for a runtime as the Lambda API names it (`java21`, `python3.13`, `dotnet8`); `None` for a runtime
    /// whose rule is not known, such as a container image.
    pub fn of_runtime(runtime: &str) -> Option<Self> {
        if runtime.starts_with("java") {
            Some(Self::Free)
        } else if runtime.starts_with("python") || runtime.starts_with("dotnet") {
            Some(Self::Charged)
        } else {
            None
        }
    }
}

impl PriceQuote {
    /// What it costs to keep the snapshot of one published version of `memory_mb` for `cached_s` seconds, from
    /// publishing to deleting; never less than 3 hours.
    ///
    /// # Errors
    /// When it is charged and the price is not known.
    pub fn snapstart_cache(
        &self,
        billing: SnapStartBilling,
        memory_mb: u32,
        cached_s: u64,
    ) -> Result<Money, PriceUnknown> {
        let charged_s = cached_s.max(SNAPSTART_MINIMUM_CACHE_S) as f64;
        self.snapstart_cache_of(billing, f64::from(memory_mb) / 1024.0 * charged_s)
    }

    /// What `restores` restored starts at `memory_mb` cost.
    ///
    /// # Errors
    /// When they are charged and the price is not known.
    pub fn snapstart_restore(
        &self,
        billing: SnapStartBilling,
        memory_mb: u32,
        restores: u64,
    ) -> Result<Money, PriceUnknown> {
        self.snapstart_restore_of(billing, f64::from(memory_mb) / 1024.0 * restores as f64)
    }

    pub(super) fn snapstart_cache_of(&self, billing: SnapStartBilling, gb_seconds: f64) -> Result<Money, PriceUnknown> {
        match billing {
            SnapStartBilling::Free => Ok(self.money(0.0)),
            SnapStartBilling::Charged => {
                self.charge(self.snapstart_cache_gb_second, PricedItem::SnapStartCache, gb_seconds)
            }
        }
    }

    pub(super) fn snapstart_restore_of(&self, billing: SnapStartBilling, gb: f64) -> Result<Money, PriceUnknown> {
        match billing {
            SnapStartBilling::Free => Ok(self.money(0.0)),
            SnapStartBilling::Charged => self.charge(self.snapstart_restore_gb, PricedItem::SnapStartRestore, gb),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;
    use crate::pricing::PriceTable;

    #[test]
    fn a_python_version_pays_three_hours_of_cache_however_soon_it_is_deleted() {
        let quote = PriceTable::embedded().quote("us-east-1", Architecture::X86_64).unwrap();
        // 1 GB x 10,800 s x 0.0000015046 = 0.01624968.
        let a_minute = quote.snapstart_cache(SnapStartBilling::Charged, 1024, 60).unwrap();
        assert!((a_minute.amount - 0.016_249_68).abs() < 1e-12);
        assert_eq!(
            quote.snapstart_cache(SnapStartBilling::Charged, 1024, 10_800),
            Ok(a_minute)
        );
        // 2 GB for a day: 2 x 86,400 x 0.0000015046 = 0.25999488.
        let a_day = quote.snapstart_cache(SnapStartBilling::Charged, 2048, 86_400).unwrap();
        assert!((a_day.amount - 0.259_994_88).abs() < 1e-12);
        // 0.5 GB x 1,000 restores x 0.0001397998 = 0.0698999.
        let restores = quote.snapstart_restore(SnapStartBilling::Charged, 512, 1_000).unwrap();
        assert!((restores.amount - 0.069_899_9).abs() < 1e-12);
    }

    #[test]
    fn java_is_free_everywhere_and_others_unknown_elsewhere() {
        let quote = PriceTable::embedded().quote("eu-west-1", Architecture::X86_64).unwrap();
        assert_eq!(
            quote.snapstart_cache(SnapStartBilling::Free, 1024, 60),
            Ok(Money::usd(0.0))
        );
        assert_eq!(
            quote.snapstart_restore(SnapStartBilling::Free, 1024, 60),
            Ok(Money::usd(0.0))
        );
        assert_eq!(
            quote.snapstart_restore(SnapStartBilling::Charged, 1024, 1),
            Err(PriceUnknown::Figure {
                region: "eu-west-1".into(),
                figure: PricedItem::SnapStartRestore
            })
        );
    }

    #[test]
    fn runtimes_know_their_rule() {
        assert_eq!(SnapStartBilling::of_runtime("java21"), Some(SnapStartBilling::Free));
        assert_eq!(
            SnapStartBilling::of_runtime("python3.13"),
            Some(SnapStartBilling::Charged)
        );
        assert_eq!(SnapStartBilling::of_runtime("dotnet8"), Some(SnapStartBilling::Charged));
        assert_eq!(SnapStartBilling::of_runtime("provided.al2023"), None);
    }
}
