use super::{assert_close, quote};
use crate::Architecture::{Arm64, X86_64};
use crate::Remedy;
use crate::pricing::{Confidence, FreeTier, MonthlyUsage, PriceTable, PriceUnknown, PricedItem};

#[test]
fn a_region_that_is_none() {
    let unknown = PriceTable::embedded().quote("eu-wset-1", X86_64).unwrap_err();
    assert_eq!(
        unknown,
        PriceUnknown::Region {
            region: "eu-wset-1".into(),
            exists: false
        }
    );
    let text = unknown.to_string();
    assert!(
        text.contains("`eu-wset-1`") && text.contains("check the spelling") && !text.contains("--"),
        "{text}"
    );
    assert_eq!(unknown.remedy(), Some(Remedy::GivePrices { published: true }));
    assert!(PriceTable::embedded().quote("", X86_64).is_err());
    assert!(PriceTable::embedded().quote("US-EAST-1", X86_64).is_err());
}

#[test]
fn a_region_without_a_public_figure() {
    let table = PriceTable::embedded();
    for region in [
        "ap-east-2",
        "ap-southeast-6",
        "ap-southeast-7",
        "mx-central-1",
        "eusc-de-east-1",
        "us-iso-east-1",
    ] {
        let unknown = PriceUnknown::Region {
            region: region.into(),
            exists: true,
        };
        assert_eq!(table.quote(region, X86_64), Err(unknown.clone()), "{region}");
        assert_eq!(table.state_transition(region), Err(unknown.clone()), "{region}");
        assert!(unknown.to_string().contains(region) && !unknown.to_string().contains("spelling"));
    }
    let isolated = table.quote("us-isob-east-1", Arm64).unwrap_err();
    assert!(isolated.to_string().contains("publishes none"), "{isolated}");
    assert_eq!(isolated.remedy(), Some(Remedy::GivePrices { published: false }));
}

#[test]
fn govcloud_knows_durations_but_not_requests() {
    let gov = quote("us-gov-west-1", X86_64);
    let request = PriceUnknown::Figure {
        region: "us-gov-west-1".into(),
        figure: PricedItem::Request,
    };
    assert_eq!(gov.invocation(1024, 1_000, 512), Err(request.clone()));
    assert_close(gov.duration_charge(1024, 1_000).amount, 0.000_016_666_7);
    let usage = MonthlyUsage {
        invocations: 1.0,
        gb_seconds: 1.0,
        ..MonthlyUsage::default()
    };
    assert_eq!(gov.monthly(&usage, FreeTier::Exclude), Err(request.clone()));
    assert!(
        request
            .to_string()
            .contains("the request price in region `us-gov-west-1` is not known")
    );
    assert!(gov.ephemeral_storage_charge(1024, 1).is_err());
    assert!(gov.ephemeral_storage_charge(512, 1).is_ok());
}

#[test]
fn the_free_tier_is_known_for_the_commercial_partition_only() {
    for region in ["cn-north-1", "us-gov-east-1"] {
        assert_eq!(
            quote(region, X86_64).monthly(&MonthlyUsage::default(), FreeTier::Include),
            Err(PriceUnknown::Figure {
                region: region.into(),
                figure: PricedItem::FreeTier
            })
        );
    }
}

#[test]
fn estimates_are_marked_and_explained() {
    for (region, architecture) in [
        ("il-central-1", Arm64),
        ("ap-south-2", Arm64),
        ("ca-west-1", Arm64),
        ("eu-south-2", Arm64),
        ("us-gov-east-1", Arm64),
        ("cn-northwest-1", X86_64),
    ] {
        let quote = quote(region, architecture);
        assert!(quote.estimated, "{region}");
        assert!(
            quote.note.unwrap().starts_with("estimated: GB-second, tier 1 ("),
            "{region}"
        );
    }
    let haifa = quote("il-central-1", Arm64);
    assert_close(haifa.gb_second_price().amount, 0.000_014);
    assert_eq!(haifa.confidence, Confidence::Low);
    let virginia = quote("us-east-1", Arm64);
    assert_eq!(
        (virginia.estimated, virginia.note, virginia.confidence),
        (false, None, Confidence::High)
    );
}
