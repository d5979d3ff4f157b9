use serde_json::Value;

use super::quote;
use crate::Architecture::{Arm64, X86_64};
use crate::pricing::{BulkPriceListError, Confidence, Currency, Money, PriceTable, Tiers};

const LIST: &str = include_str!("../../../data/fixtures/bulk-price-list-composed.json");
const CHINA: &str = include_str!("../../../data/fixtures/bulk-price-list-china-composed.json");

#[test]
fn the_list_gives_the_prices_of_the_table() {
    let list = PriceTable::from_bulk_price_list(LIST).unwrap();
    for architecture in [X86_64, Arm64] {
        let (read, known) = (
            list.quote("us-east-1", architecture).unwrap(),
            quote("us-east-1", architecture),
        );
        assert_eq!(read.gb_second, known.gb_second);
        assert_eq!(read.request, known.request);
        assert_eq!(read.ephemeral_storage_gb_second, known.ephemeral_storage_gb_second);
        assert_eq!(
            read.provisioned_concurrency_gb_second,
            known.provisioned_concurrency_gb_second
        );
        assert_eq!(
            read.provisioned_duration_gb_second,
            known.provisioned_duration_gb_second
        );
        assert_eq!(
            (read.confidence, read.collected.as_str()),
            (Confidence::High, "2026-09-19")
        );
    }
    let tokyo = list.quote("ap-northeast-1", X86_64).unwrap();
    assert_eq!(tokyo.request_charge(), Ok(Money::usd(0.000_000_2)));
    assert!(list.quote("ap-northeast-1", Arm64).is_err());
    assert_eq!(list.regions().collect::<Vec<_>>(), ["ap-northeast-1", "us-east-1"]);
}

#[test]
fn china_s_free_tier_is_not_the_price() {
    let beijing = PriceTable::from_bulk_price_list(CHINA)
        .unwrap()
        .quote("cn-north-1", X86_64)
        .unwrap();
    assert_eq!(beijing.gb_second_price(), Money::new(0.000_113_477, Currency::Cny));
    assert_eq!(beijing.request_charge(), Ok(Money::new(0.000_001_36, Currency::Cny)));
    assert_eq!(beijing.gb_second.iter().count(), 1);
}

/// Allowances are told by what they are called, not only by their price of zero.
#[test]
fn rows_of_allowances_are_not_read() {
    for list in [LIST, CHINA] {
        let odd = list.replace("\"0.0000000000\"", "\"0.0000000001\"");
        assert_ne!(odd, list);
        let (read, expected) = (
            PriceTable::from_bulk_price_list(&odd),
            PriceTable::from_bulk_price_list(list),
        );
        assert_eq!(read.unwrap(), expected.unwrap());
    }
}

#[test]
fn a_refresh_replaces_a_region_and_keeps_what_the_list_does_not_hold() {
    let mut table = PriceTable::embedded().clone();
    let before = table.quote("eu-west-1", X86_64).unwrap();
    table.merge(PriceTable::from_bulk_price_list(&LIST.replace("0.0000166667", "0.0000200000")).unwrap());
    let virginia = table.quote("us-east-1", X86_64).unwrap();
    assert_eq!(virginia.gb_second_price(), Money::usd(0.000_02));
    assert_eq!(virginia.collected, "2026-09-19");
    // SnapStart is not in the list as far as its names are known; the figure's age is said.
    let cache = virginia.snapstart_cache_gb_second.unwrap();
    assert!(cache.price == 0.000_001_504_6 && cache.estimated && !virginia.estimated);
    assert!(virginia.note.unwrap().contains("SnapStart cache (as of 2026-11)"));
    assert_eq!(table.quote("eu-west-1", X86_64).unwrap(), before);
    // An arm64 price of Tokyo that the newer list lacks is not carried on.
    assert!(table.quote("ap-northeast-1", Arm64).is_err());
    assert!(table.state_transition("us-east-1").is_ok());
    assert!(virginia.free_tier.is_some());
    assert_eq!(PriceTable::from_json(&table.to_json().unwrap()).unwrap(), table);
}

#[test]
fn a_refresh_can_bring_a_region_that_had_no_figure() {
    let mut table = PriceTable::embedded().clone();
    table.merge(PriceTable::from_bulk_price_list(&LIST.replace("ap-northeast-1", "mx-central-1")).unwrap());
    assert!(table.quote("mx-central-1", X86_64).is_ok());
    assert!(table.regions_without_prices().all(|region| region != "mx-central-1"));
}

/// The list, changed at `pointer`.
fn changed(pointer: &str, value: Value) -> Result<PriceTable, BulkPriceListError> {
    let mut list: Value = serde_json::from_str(LIST).unwrap();
    *list.pointer_mut(pointer).unwrap() = value;
    PriceTable::from_bulk_price_list(&list.to_string())
}

const TOKYO: &str = "/terms/OnDemand/3BE8DYKG4FYSZGDW/3BE8DYKG4FYSZGDW.JRTCKXETXF/priceDimensions/\
                     3BE8DYKG4FYSZGDW.JRTCKXETXF.6YS6EN2CT7";

#[test]
fn a_price_of_zero_is_unknown_not_free() {
    let table = changed(&format!("{TOKYO}/pricePerUnit/USD"), "0.0000000000".into()).unwrap();
    assert!(table.quote("ap-northeast-1", X86_64).unwrap().request_charge().is_err());
}

#[test]
fn a_list_in_another_shape_is_refused() {
    for (end, value) in [
        ("pricePerUnit", serde_json::json!({"XAU": "1"})),
        ("beginRange", "half".into()),
        ("endRange", "7".into()),
    ] {
        let error = changed(&format!("{TOKYO}/{end}"), value).unwrap_err();
        assert!(
            matches!(&error, BulkPriceListError::Product { sku, .. } if sku == "3BE8DYKG4FYSZGDW"),
            "{error}"
        );
    }
    // Tokyo's request row claims to be Virginia's, at another price.
    let list = LIST
        .replace("\"ap-northeast-1\"", "\"us-east-1\"")
        .replacen("0.0000002000", "0.0000003000", 1);
    let error = PriceTable::from_bulk_price_list(&list).unwrap_err();
    assert!(
        matches!(&error, BulkPriceListError::Contradiction { region, .. } if region == "us-east-1"),
        "{error}"
    );
    let empty = r#"{"publicationDate":"2026-09-19T00:00:00Z","version":"1","products":{},"terms":{"OnDemand":{}}}"#;
    assert!(matches!(
        PriceTable::from_bulk_price_list(empty),
        Err(BulkPriceListError::NoPrices)
    ));
    assert!(matches!(
        PriceTable::from_bulk_price_list("<html>"),
        Err(BulkPriceListError::Json(_))
    ));
}

#[test]
fn tiers_are_sorted_by_volume_not_by_key() {
    let tiers: Tiers = PriceTable::from_bulk_price_list(LIST)
        .unwrap()
        .quote("us-east-1", X86_64)
        .unwrap()
        .gb_second;
    let volumes: Vec<u64> = tiers.iter().map(|tier| tier.from_gb_seconds).collect();
    assert_eq!(volumes, [0, 6_000_000_000, 15_000_000_000]);
}

/// A row as the list has it.
fn with_row(list: &str, sku: &str, region: &str, group: &str, usage_type: &str, price: &str) -> String {
    let mut list: Value = serde_json::from_str(list).unwrap();
    list["products"][sku] = serde_json::json!({
        "sku": sku,
        "attributes": {"group": group, "regionCode": region, "usagetype": usage_type, "groupDescription": ""},
    });
    list["terms"]["OnDemand"][sku] = serde_json::json!({
        "term": {"priceDimensions": {"rate": {"beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": price}}}},
    });
    list.to_string()
}

#[test]
fn snapstart_and_what_has_no_known_group_are_told_by_the_usage_type() {
    let mut list = LIST.to_owned();
    for (sku, region, usage_type, price) in [
        (
            "A",
            "ap-northeast-1",
            "APN1-Lambda-SnapStart-Cached-GB-S",
            "0.0000020000",
        ),
        (
            "B",
            "ap-northeast-1",
            "APN1-Lambda-SnapStart-Restored-GB",
            "0.0002000000",
        ),
        ("C", "us-east-1", "Lambda-SnapStart-Cached-GB-S", "0.0000015046"),
        ("D", "us-east-1", "Lambda-SnapStart-Cached-GB-S-ARM", "0.0000011000"),
        ("E", "ap-northeast-1", "APN1-Lambda-GB-Second-ARM", "0.0000133334"),
        (
            "F",
            "ap-northeast-1",
            "APN1-Lambda-Provisioned-Concurrency-ARM",
            "0.0000040000",
        ),
        (
            "G",
            "ap-northeast-1",
            "APN1-Lambda-Provisioned-GB-Second-ARM",
            "0.0000090000",
        ),
        // These are other things.
        ("H", "us-east-1", "Lambda-Edge-GB-Second", "0.0000500000"),
        ("I", "us-east-1", "Lambda-MicroVM-GB-Second", "0.0000300000"),
        (
            "J",
            "us-east-1",
            "Lambda-Managed-Instances-c8g.xlarge-Management-Hours",
            "0.0200000000",
        ),
    ] {
        list = with_row(&list, sku, region, "", usage_type, price);
    }
    let list = PriceTable::from_bulk_price_list(&list).unwrap();
    let price = |figure: Option<crate::pricing::QuotedPrice>| figure.map(|figure| figure.price);
    let tokyo = list.quote("ap-northeast-1", X86_64).unwrap();
    assert_eq!(price(tokyo.snapstart_cache_gb_second), Some(0.000_002));
    assert_eq!(price(tokyo.snapstart_restore_gb), Some(0.000_2));
    let arm = list.quote("ap-northeast-1", Arm64).unwrap();
    assert_eq!(price(arm.snapstart_cache_gb_second), Some(0.000_002));
    assert_eq!(price(arm.provisioned_concurrency_gb_second), Some(0.000_004));
    assert_eq!(price(arm.provisioned_duration_gb_second), Some(0.000_009));
    let virginia = |architecture| list.quote("us-east-1", architecture).unwrap();
    assert_eq!(price(virginia(X86_64).snapstart_cache_gb_second), Some(0.000_001_504_6));
    assert_eq!(price(virginia(Arm64).snapstart_cache_gb_second), Some(0.000_001_1));
    assert_eq!(virginia(X86_64).gb_second_price(), Money::usd(0.000_016_666_7));
    // What the list has is not marked with an age.
    let mut table = PriceTable::embedded().clone();
    table.merge(list);
    let refreshed = table.quote("us-east-1", X86_64).unwrap();
    assert!(!refreshed.snapstart_cache_gb_second.unwrap().estimated);
}
