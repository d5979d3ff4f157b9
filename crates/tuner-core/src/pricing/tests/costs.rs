//! Hand-worked numbers.

use super::{assert_close, quote};
use crate::Architecture::{Arm64, X86_64};
use crate::pricing::{
    Currency, FreeAllowance, FreeTier, Money, MonthlyUsage, PriceTable, PriceUnknown, PricedItem, ProvisionedUsage,
    SnapStartBilling, SnapStartUsage, ephemeral_storage_gb_seconds,
};

fn on_demand(invocations: u64, gb_seconds: f64) -> MonthlyUsage {
    MonthlyUsage {
        invocations: invocations as f64,
        gb_seconds,
        ..MonthlyUsage::default()
    }
}

/// Edge case 59: where other tools are off by 13 to 30 %.
#[test]
fn prices_that_other_tools_get_wrong() {
    for (region, architecture, gb_second, request) in [
        ("ap-east-1", Arm64, 0.000_018_3, 0.000_000_28),
        ("af-south-1", Arm64, 0.000_017_68, 0.000_000_27),
        ("eu-south-1", Arm64, 0.000_015_613_8, 0.000_000_23),
        ("me-south-1", Arm64, 0.000_016_533_4, 0.000_000_25),
        ("me-central-1", X86_64, 0.000_020_666_7, 0.000_000_25),
        ("ap-northeast-3", X86_64, 0.000_016_666_7, 0.000_000_2),
    ] {
        let quote = quote(region, architecture);
        assert_eq!(quote.gb_second_price(), Money::usd(gb_second), "{region}");
        assert_eq!(quote.request_charge(), Ok(Money::usd(request)), "{region}");
        assert!(!quote.estimated, "{region}");
    }
}

#[test]
fn an_invocation_is_duration_and_request() {
    // 512 MB, 1 s: 0.5 GB-s x 0.0000166667 = 0.00000833335, and a request of 0.0000002.
    let virginia = quote("us-east-1", X86_64);
    assert_close(virginia.invocation(512, 1_000, 512).unwrap().amount, 0.000_008_533_35);
    // 128 MB, 1 ms: 0.125 / 1000 x 0.0000166667 = 2.0833375e-9. There is no 100 ms step.
    assert_close(virginia.duration_charge(128, 1).amount, 2.083_337_5e-9);
    // arm64, 1024 MB, 3 ms: 0.003 x 0.0000133334 = 4.00002e-8.
    assert_close(quote("us-east-1", Arm64).duration_charge(1024, 3).amount, 4.000_02e-8);
    // Nothing ran, the call counts.
    assert_eq!(virginia.invocation(512, 0, 512), Ok(Money::usd(0.000_000_2)));
}

#[test]
fn ephemeral_storage_is_charged_above_512_mb() {
    let virginia = quote("us-east-1", X86_64);
    // 10,240 - 512 MB = 9.5 GB, 2 s: 19 GB-s x 0.0000000309 = 5.871e-7.
    assert_close(
        virginia.ephemeral_storage_charge(10_240, 2_000).unwrap().amount,
        5.871e-7,
    );
    assert_eq!(virginia.ephemeral_storage_charge(512, 2_000), Ok(Money::usd(0.0)));
    assert_eq!(virginia.ephemeral_storage_charge(0, 2_000), Ok(Money::usd(0.0)));
    let difference = virginia.invocation(1024, 2_000, 10_240).unwrap().amount
        - virginia.invocation(1024, 2_000, 512).unwrap().amount;
    assert!((difference - 5.871e-7).abs() < 1e-15);
}

#[test]
fn china_is_billed_in_yuan() {
    let beijing = quote("cn-north-1", X86_64);
    // 1 GB-s x 0.000113477 and a request of 0.00000136.
    let cost = beijing.invocation(1024, 1_000, 512).unwrap();
    assert_eq!(cost.currency, Currency::Cny);
    assert_close(cost.amount, 0.000_114_837);
    assert!(cost.checked_add(Money::usd(1.0)).is_err());
    assert_eq!((beijing.request_charge().unwrap() * 1e6).display().to_string(), "¥1.36");
    // One tier only.
    let price = beijing.gb_second_price();
    assert_eq!(beijing.at_volume(20_000_000_000).gb_second_price(), price);
}

/// AWS's own first example: 512 MB, 3 million invocations of 1 s.
#[test]
fn aws_example_of_512_mb() {
    let bill = quote("us-east-1", X86_64)
        .monthly(&on_demand(3_000_000, 1_500_000.0), FreeTier::Include)
        .unwrap();
    // 1.5 M - 0.4 M = 1.1 M GB-s; 3 M - 1 M = 2 M requests.
    assert_eq!(bill.duration.display().to_string(), "$18.33");
    assert_eq!(bill.requests.display().to_string(), "$0.40");
    assert_eq!(bill.total.display().to_string(), "$18.73");
    assert_close(bill.total.amount, 18.733_37);
    assert_eq!(
        bill.free_tier_left,
        Some(FreeAllowance {
            requests_per_month: 0,
            gb_seconds_per_month: 0.0
        }),
    );
    assert!(!bill.estimated);
    // Without the allowance: 1.5 M x 0.0000166667 = 25.00005 and 0.60.
    let whole = quote("us-east-1", X86_64)
        .monthly(&on_demand(3_000_000, 1_500_000.0), FreeTier::Exclude)
        .unwrap();
    assert_close(whole.total.amount, 25.600_05);
    assert_eq!(whole.free_tier_left, None);
}

/// AWS's mobile back end: 1,536 MB, 3 million invocations of 120 ms, 2.73 dollars.
#[test]
fn aws_example_of_a_mobile_back_end() {
    let gb_seconds = 3e6 * crate::gb_seconds(1536, 120.0);
    assert_close(gb_seconds, 540_000.0);
    let bill = quote("us-east-1", X86_64)
        .monthly(&on_demand(3_000_000, gb_seconds), FreeTier::Include)
        .unwrap();
    assert_eq!(bill.duration.display().to_string(), "$2.33");
    assert_eq!(bill.total.display().to_string(), "$2.73");
}

#[test]
fn one_allowance_for_both_architectures() {
    let x86 = quote("us-east-1", X86_64)
        .monthly(&on_demand(600_000, 300_000.0), FreeTier::Include)
        .unwrap();
    assert_eq!(x86.total, Money::usd(0.0));
    let left = x86.free_tier_left.unwrap();
    assert_eq!(
        left,
        FreeAllowance {
            requests_per_month: 400_000,
            gb_seconds_per_month: 100_000.0
        }
    );
    // 300,000 - 100,000 = 200,000 GB-s x 0.0000133334 = 2.66668; 600,000 - 400,000 = 200,000 requests = 0.04.
    let arm = quote("us-east-1", Arm64)
        .monthly(&on_demand(600_000, 300_000.0), FreeTier::Remaining(left))
        .unwrap();
    assert_close(arm.total.amount, 2.706_68);
}

#[test]
fn a_month_crosses_into_tier_two() {
    // 7e9 GB-s: 100,000.20 + 15,000.
    let usage = on_demand(0, 7e9);
    let bill = quote("us-east-1", X86_64).monthly(&usage, FreeTier::Exclude).unwrap();
    assert_close(bill.total.amount, 115_000.2);
    assert!(!bill.estimated);
    // Frankfurt's tier 2 is derived, and reached.
    let frankfurt = quote("eu-central-1", X86_64);
    assert!(frankfurt.monthly(&usage, FreeTier::Exclude).unwrap().estimated);
    assert!(
        !frankfurt
            .monthly(&on_demand(0, 6e9), FreeTier::Exclude)
            .unwrap()
            .estimated
    );
    assert!(
        frankfurt
            .at_volume(6_000_000_000)
            .monthly(&on_demand(0, 1.0), FreeTier::Exclude)
            .unwrap()
            .estimated
    );
}

#[test]
fn a_volume_prices_invocations_in_its_tier() {
    let busy = quote("us-east-1", Arm64).at_volume(8_000_000_000);
    assert_eq!(busy.gb_second_price(), Money::usd(0.000_012_000_1));
    assert_close(busy.duration_charge(1024, 1_000).amount, 0.000_012_000_1);
    assert!(!busy.estimated);
    let dublin = quote("eu-west-1", X86_64);
    assert!(!dublin.estimated);
    assert!(dublin.note.as_deref().unwrap().contains("tier 2 (0.9 x tier 1"));
    let busy = dublin.at_volume(6_000_000_000);
    assert!(busy.estimated);
    assert_eq!(busy.gb_second_price(), Money::usd(0.000_015));
    assert!(!busy.at_volume(0).estimated);
}

#[test]
fn provisioned_concurrency_is_allocation_duration_and_requests() {
    // 1 GB x 100 environments x 2 h = 720,000 GB-s x 0.0000041667 = 3.000024; 500,000 x 1 s x 1 GB x 0.0000097222 =
    // 4.8611; 500,000 requests = 0.10.
    let usage = MonthlyUsage {
        provisioned: Some(ProvisionedUsage {
            allocated_gb_seconds: 720_000.0,
            gb_seconds: 500_000.0,
            invocations: 500_000.0,
        }),
        ..MonthlyUsage::default()
    };
    let virginia = quote("us-east-1", X86_64);
    let bill = virginia.monthly(&usage, FreeTier::Exclude).unwrap();
    assert_close(bill.provisioned_concurrency.amount, 7.861_124);
    assert_close(bill.total.amount, 7.961_124);
    // The free tier is not for it.
    assert_eq!(virginia.monthly(&usage, FreeTier::Include).unwrap().total, bill.total);
    // Nor is us-east-1's price another region's.
    assert_eq!(
        quote("eu-west-1", Arm64).monthly(&usage, FreeTier::Exclude),
        Err(PriceUnknown::Figure {
            region: "eu-west-1".into(),
            figure: PricedItem::ProvisionedConcurrency
        })
    );
}

#[test]
fn a_month_with_everything() {
    let usage = MonthlyUsage {
        invocations: 1_000_000.0,
        gb_seconds: 1_000_000.0,
        ephemeral_storage_gb_seconds: ephemeral_storage_gb_seconds(10_240, 1_000.0) * 1e6,
        provisioned: None,
        snapstart: Some(SnapStartUsage {
            billing: SnapStartBilling::Charged,
            cached_gb_seconds: 10_800.0,
            restored_gb: 1_000.0,
        }),
    };
    let bill = quote("us-east-1", X86_64).monthly(&usage, FreeTier::Exclude).unwrap();
    assert_close(bill.duration.amount, 16.666_7);
    assert_close(bill.requests.amount, 0.2);
    // 9.5 M GB-s x 0.0000000309.
    assert_close(bill.ephemeral_storage.amount, 0.293_55);
    // 0.01624968 + 0.1397998.
    assert_close(bill.snapstart.amount, 0.156_049_48);
    assert_close(bill.total.amount, 17.316_299_48);
}

#[test]
fn step_functions_and_logs() {
    let table = PriceTable::embedded();
    let virginia = table.state_transition("us-east-1").unwrap();
    assert_eq!((virginia.price, virginia.estimated), (Money::usd(0.000_025), false));
    assert_eq!(
        table.state_transition("sa-east-1").unwrap().price,
        Money::usd(0.000_037_5)
    );
    assert_eq!(
        table.state_transition("cn-north-1").unwrap().price,
        Money::new(0.000_189_1, Currency::Cny)
    );
    assert!(table.state_transition("eu-west-1").unwrap().estimated);
    assert_eq!(table.free_state_transitions_per_month(), Some(4_000));
    assert_eq!(table.log_ingest_gb("us-east-1").unwrap().price, Money::usd(0.5));
    assert_eq!(
        table.log_ingest_gb("eu-west-1"),
        Err(PriceUnknown::Figure {
            region: "eu-west-1".into(),
            figure: PricedItem::LogIngest
        })
    );
}
