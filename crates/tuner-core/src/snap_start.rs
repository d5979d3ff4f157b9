//! What SnapStart takes of a tuning: every version that is published is cached, whether it is invoked or not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pricing::{Money, PriceQuote, SNAPSTART_MINIMUM_CACHE_S, SnapStartBilling};
use crate::{InvocationRecord, StartKind};

/// What SnapStart took, and cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapStartUse {
    /// Versions that were published.
    pub versions: u32,
    /// GB-seconds of cache that are charged for, or would be: 3 hours for each version at least.
    pub cached_gb_seconds: f64,
    /// Starts from a snapshot.
    pub restores: u32,
    /// What cache and restores cost; absent when the price is not known, as for container images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl SnapStartUse {
    /// That of versions of these memory sizes in MB, kept for `cached_s`, and of what was invoked.
    pub fn of(
        versions_mb: impl IntoIterator<Item = u32>,
        cached_s: u64,
        records: &[InvocationRecord],
        price: Option<&PriceQuote>,
        runtime: Option<&str>,
    ) -> Self {
        let billing = runtime.and_then(SnapStartBilling::of_runtime);
        let mut used = Self {
            versions: 0,
            cached_gb_seconds: 0.0,
            restores: 0,
            cost: price.map(|quote| Money::zero(quote.currency)),
        };
        let add = |cost: Option<Money>, more: Option<Money>| cost?.checked_add(more?).ok();
        for mb in versions_mb {
            used.versions += 1;
            used.cached_gb_seconds += f64::from(mb) / 1024.0 * cached_s.max(SNAPSTART_MINIMUM_CACHE_S) as f64;
            let cache = price
                .zip(billing)
                .and_then(|(quote, billing)| quote.snapstart_cache(billing, mb, cached_s).ok());
            used.cost = add(used.cost, cache);
        }
        for record in records.iter().filter(|r| r.start == Some(StartKind::Restored)) {
            used.restores += 1;
            let restore = price
                .zip(billing)
                .and_then(|(quote, billing)| quote.snapstart_restore(billing, record.memory_size_mb, 1).ok());
            used.cost = add(used.cost, restore);
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::PriceTable;
    use crate::{Architecture, Outcome};

    fn used(region: &str, runtime: Option<&str>) -> SnapStartUse {
        let quote = PriceTable::embedded().quote(region, Architecture::X86_64).unwrap();
        let restored = InvocationRecord {
            start: Some(StartKind::Restored),
            ..InvocationRecord::bare(1024, Outcome::Success)
        };
        SnapStartUse::of([1024, 512], 60, &[restored], Some(&quote), runtime)
    }

    #[test]
    fn versions_cost_three_hours_and_restores_their_memory() {
        let python = used("us-east-1", Some("python3.13"));
        assert_eq!(
            (python.versions, python.restores, python.cached_gb_seconds),
            (2, 1, 16_200.0)
        );
        // 1.5 GB x 10,800 s x 0.0000015046 + 1 GB x 0.0001397998.
        assert!((python.cost.unwrap().amount - (0.024_374_52 + 0.000_139_799_8)).abs() < 1e-12);
        assert_eq!(used("us-east-1", Some("java21")).cost.unwrap().amount, 0.0);
    }

    #[test]
    fn what_is_not_known_is_not_free() {
        assert_eq!(used("us-east-1", None).cost, None);
        assert_eq!(used("eu-west-1", Some("python3.13")).cost, None);
    }
}
