//! The price table says what the collected figures say: nothing lost, nothing made up. This reads the source itself, so
//! it holds whatever the generator did.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Architecture::{self, Arm64, X86_64};
use crate::pricing::{Money, Partition, PriceQuote, PriceTable, QuotedPrice};

fn source() -> Value {
    serde_json::from_str(include_str!("../../../data/sources/prices-2026-11.json")).unwrap()
}

/// The number a figure holds, or a bare decimal string is.
fn number(figure: &Value) -> Option<f64> {
    figure
        .get("value")
        .unwrap_or(figure)
        .as_str()
        .map(|text| text.parse().unwrap())
}

fn exact(quoted: Option<QuotedPrice>) -> Option<f64> {
    quoted.map(|quoted| {
        assert!(!quoted.estimated);
        quoted.price
    })
}

#[test]
fn every_figure_of_a_region() {
    let (source, table) = (source(), PriceTable::embedded());
    assert_eq!(table.collected(), source["collected"].as_str().unwrap());
    let regions = source["lambda"]["regions"].as_object().unwrap();
    assert_eq!(
        table.regions().collect::<BTreeSet<_>>(),
        regions.keys().map(String::as_str).collect()
    );
    for (name, region) in regions {
        assert_eq!(Partition::of_region(name).as_str(), region["partition"], "{name}");
        for architecture in [X86_64, Arm64] {
            let quote = table.quote(name, architecture).unwrap();
            assert_eq!(quote.currency.code(), region["currency"], "{name}");
            assert_eq!(
                serde_json::to_value(quote.confidence).unwrap(),
                region["confidence"],
                "{name}"
            );
            check_figures(&quote, region, architecture);
            check_tiers(&quote, region, &source["lambda"]["tier_rule"]);
        }
    }
}

fn check_figures(quote: &PriceQuote, region: &Value, architecture: Architecture) {
    let prices = &region[architecture.as_str()];
    let snapstart = |name: &str| {
        if architecture == X86_64 {
            number(&region[name])
        } else {
            None
        }
    };
    for (quoted, collected) in [
        (quote.request, number(&region["request"])),
        (
            quote.ephemeral_storage_gb_second,
            number(&region["ephemeral_storage_gb_second"]),
        ),
        (
            quote.provisioned_concurrency_gb_second,
            number(&prices["provisioned_concurrency_gb_second"]),
        ),
        (
            quote.provisioned_duration_gb_second,
            number(&prices["provisioned_duration_gb_second"]),
        ),
        (quote.snapstart_cache_gb_second, snapstart("snapstart_cache_gb_second")),
        (quote.snapstart_restore_gb, snapstart("snapstart_restore_gb")),
    ] {
        assert_eq!(exact(quoted), collected, "{} {architecture}", quote.region);
    }
}

fn check_tiers(quote: &PriceQuote, region: &Value, rule: &Value) {
    let prices = &region[quote.architecture.as_str()];
    let tiers: Vec<_> = quote.gb_second.iter().collect();
    let derived = number(&prices["gb_second_estimate"]).or(number(&prices["gb_second_approx"]));
    let collected = number(&prices["gb_second"]);
    assert_eq!(tiers[0].price, collected.or(derived).unwrap(), "{}", quote.region);
    assert_eq!(quote.estimated, collected.is_none(), "{}", quote.region);
    if let Some(read) = prices["tiers"].as_array() {
        assert_eq!(tiers.len(), read.len());
        for (tier, read) in tiers.iter().zip(read) {
            assert_eq!(Some(tier.from_gb_seconds), read["begin_gb_seconds"].as_u64());
            assert_eq!((Some(tier.price), tier.estimated), (number(&read["price"]), false));
        }
    } else if quote.currency.code() == "CNY" {
        assert_eq!(tiers.len(), 1);
    } else {
        let bounds = &rule[format!("{}_gb_seconds", quote.architecture)];
        assert_eq!(tiers.len(), 3);
        for (index, share) in [(1, 0.9), (2, 0.8)] {
            assert_eq!(Some(tiers[index].from_gb_seconds), bounds[index - 1].as_u64());
            assert!(tiers[index].estimated);
            // Rounded to AWS's ten decimals.
            assert!(
                (tiers[index].price - tiers[0].price * share).abs() <= 0.500_001e-10,
                "{}",
                quote.region
            );
        }
    }
}

#[test]
fn every_figure_outside_the_regions() {
    let (source, table) = (source(), PriceTable::embedded());
    let free = &source["lambda"]["free_tier"];
    let allowance = table.quote("us-east-1", Arm64).unwrap().free_tier.unwrap();
    assert_eq!(Some(allowance.requests_per_month), free["requests_per_month"].as_u64());
    assert_eq!(
        Some(allowance.gb_seconds_per_month),
        free["gb_seconds_per_month"].as_f64()
    );

    let transitions = source["step_functions"]["standard_per_state_transition"]
        .as_object()
        .unwrap();
    for region in table.regions() {
        let priced = table.state_transition(region).unwrap();
        let own = transitions.get(region);
        assert_eq!(
            Some(priced.price.amount),
            number(own.unwrap_or(&transitions["default"])),
            "{region}"
        );
        assert_eq!(priced.estimated, own.is_none() && region != "us-east-1", "{region}");
        assert_eq!(
            priced.price.currency,
            table.quote(region, X86_64).unwrap().currency,
            "{region}"
        );
    }
    for region in transitions.keys().filter(|name| *name != "default") {
        assert!(table.state_transition(region).is_ok(), "{region}");
    }
    let ingest = number(&source["cloudwatch_logs"]["us_east_1"]["ingest_standard_gb"]).unwrap();
    assert_eq!(table.log_ingest_gb("us-east-1").unwrap().price, Money::usd(ingest));
}

#[test]
fn every_region_without_a_figure() {
    let source = source();
    let without = source["lambda"]["regions_without_data"].as_array().unwrap();
    for name in without
        .iter()
        .map(|name| name.as_str().unwrap().split(' ').next().unwrap())
    {
        let region = name.replace("aws-iso*", "us-iso-east-1");
        let unknown = PriceTable::embedded().quote(&region, X86_64).unwrap_err();
        assert_eq!(unknown, crate::pricing::PriceUnknown::Region { region, exists: true });
    }
    assert_eq!(
        PriceTable::embedded().regions_without_prices().count() + 1,
        without.len()
    );
}
