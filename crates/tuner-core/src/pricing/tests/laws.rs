use proptest::prelude::*;
use proptest::sample::select;

use super::quote;
use crate::Architecture::{self, Arm64, X86_64};
use crate::pricing::{FreeTier, MonthlyUsage, PriceQuote, PriceRow, PriceTable};

fn any_quote() -> impl Strategy<Value = PriceQuote> {
    let all: Vec<(String, Architecture)> = PriceTable::embedded()
        .rows()
        .map(|row: PriceRow| (row.region, row.architecture))
        .collect();
    (select(all), 0u64..30_000_000_000)
        .prop_map(|((region, architecture), volume)| quote(&region, architecture).at_volume(volume))
}

proptest! {
    #[test]
    fn longer_larger_or_with_more_storage_never_costs_less(
        quote in any_quote(),
        (mb, more_mb) in (128u32..=10_240, 0u32..1_000),
        (ms, more_ms) in (0u64..=900_000, 0u64..1_000),
        (storage, more_storage) in (512u32..=10_240, 0u32..1_000),
    ) {
        prop_assert!(quote.duration_charge(mb, ms + more_ms).amount >= quote.duration_charge(mb, ms).amount);
        prop_assert!(quote.duration_charge(mb + more_mb, ms).amount >= quote.duration_charge(mb, ms).amount);
        if let Ok(cost) = quote.invocation(mb, ms, storage) {
            let larger = quote.invocation(mb + more_mb, ms + more_ms, storage + more_storage).unwrap();
            prop_assert!(larger.amount >= cost.amount && cost.amount > 0.0);
            prop_assert!(cost.checked_cmp(quote.duration_charge(mb, ms)).unwrap().is_gt());
        } else {
            prop_assert!(quote.request.is_none() || quote.ephemeral_storage_gb_second.is_none());
        }
    }

    #[test]
    fn a_month_inside_a_tier_is_the_sum_of_its_invocations(mb in 128u32..=10_240, ms in 1u64..=900_000, n in 1u64..1_000) {
        let quote = quote("eu-central-1", Arm64);
        let usage = MonthlyUsage {
            invocations: n as f64,
            gb_seconds: crate::gb_seconds(mb, ms as f64) * n as f64,
            ..MonthlyUsage::default()
        };
        let month = quote.monthly(&usage, FreeTier::Exclude).unwrap().total.amount;
        let sum = quote.invocation(mb, ms, 512).unwrap().amount * n as f64;
        prop_assert!((month - sum).abs() <= 1e-9 * sum, "{month} != {sum}");
    }

    #[test]
    fn the_free_tier_never_costs_and_never_pays(invocations in 0u64..5_000_000, gb_seconds in 0f64..2e6) {
        let quote = quote("us-east-1", X86_64);
        let usage = MonthlyUsage { invocations: invocations as f64, gb_seconds, ..MonthlyUsage::default() };
        let with = quote.monthly(&usage, FreeTier::Include).unwrap();
        let without = quote.monthly(&usage, FreeTier::Exclude).unwrap();
        prop_assert!(with.total.amount >= 0.0 && with.total.amount <= without.total.amount);
        // 400,000 x 0.0000166667 + 1,000,000 x 0.0000002.
        prop_assert!(without.total.amount - with.total.amount <= 6.866_68 + 1e-9);
    }

    #[test]
    fn a_quote_survives_serialising(quote in any_quote()) {
        let json = serde_json::to_string(&quote).unwrap();
        prop_assert_eq!(serde_json::from_str::<PriceQuote>(&json).unwrap(), quote);
    }

    #[test]
    fn no_text_panics_the_readers(text in ".{0,200}") {
        prop_assert!(PriceTable::from_json(&text).is_err());
        prop_assert!(PriceTable::from_bulk_price_list(&text).is_err());
    }
}
