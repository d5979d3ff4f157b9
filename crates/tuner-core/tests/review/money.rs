//! What a month costs.

use jiff::SignedDuration;
use tuner_core::Architecture;
use tuner_core::pricing::{Confidence, Currency, PriceTable};
use tuner_core::review::{
    Evidence, Fallback, ListedFunction, LogsBy, MemoryReview, ProvisionedConcurrency, SizeEvidence, Window,
};

use super::fixture::*;

#[test]
fn a_months_bill_by_hand() {
    let bill = one(listed("f"), usual()).monthly.unwrap().bill;
    // 100,000 x 1 GB x 0.1 s x 0.0000166667, and 100,000 x 0.0000002.
    close(bill.duration.amount, 0.166_667);
    close(bill.requests.amount, 0.02);
    close(bill.total.amount, 0.186_667);
}

#[test]
fn a_week_is_scaled_to_a_month() {
    let mut evidence = usual();
    let window = Window {
        until: month().from + SignedDuration::from_hours(24 * 7),
        ..month()
    };
    evidence.metrics.as_mut().unwrap().window = window;
    let monthly = one(listed("f"), evidence).monthly.unwrap();
    close(monthly.invocations, 100_000.0 * 365.25 / 12.0 / 7.0);
}

#[test]
fn without_metrics_complete_logs_are_counted_and_samples_are_not() {
    let mut evidence = usual();
    evidence.metrics = None;
    close(
        one(listed("f"), evidence.clone()).monthly.unwrap().invocations,
        100_000.0,
    );
    evidence.logs.as_mut().unwrap().complete = false;
    let function = one(listed("f"), evidence);
    assert!(function.monthly.is_none());
    assert!(function.cost_unknown.unwrap().contains("were not read in full"));
}

/// Files that were read in part, with nothing else to count by.
fn damaged(unread_share: Option<f64>) -> Evidence {
    let mut evidence = usual();
    evidence.metrics = None;
    let logs = evidence.logs.as_mut().unwrap();
    (logs.source, logs.complete, logs.unread_share) = (LogsBy::Files, false, unread_share);
    evidence
}

#[test]
fn a_damaged_file_makes_a_cost_a_range() {
    let whole = one(listed("f"), usual()).monthly.unwrap();
    assert_eq!(whole.at_most, None);
    let review = review(vec![(listed("f"), damaged(Some(0.2))), (listed("g"), usual())]);
    let function = review.functions.iter().find(|f| f.function.name.name() == "f").unwrap();
    let monthly = function.monthly.unwrap();
    close(monthly.invocations, 100_000.0);
    close(monthly.bill.total.amount, whole.bill.total.amount);
    // A fifth is missing: five quarters of what was read.
    close(monthly.at_most.unwrap().amount, whole.bill.total.amount * 1.25);
    assert!(function.cost_unknown.as_ref().unwrap().contains("20 % of its logs"));
    close(review.totals.monthly.unwrap().amount, whole.bill.total.amount * 2.0);
    close(
        review.totals.monthly_at_most.unwrap().amount,
        whole.bill.total.amount * 2.25,
    );
}

#[test]
fn where_it_is_not_known_how_much_is_missing_there_is_a_least() {
    for share in [None, Some(0.0), Some(1.0), Some(f64::NAN)] {
        let function = one(listed("f"), damaged(share));
        let monthly = function.monthly.unwrap();
        assert!(
            monthly.at_most.is_none() && monthly.bill.total.amount > 0.0,
            "{share:?}"
        );
        assert!(function.cost_unknown.unwrap().contains("the least"), "{share:?}");
    }
    // What CloudWatch counted is all of it.
    let mut evidence = damaged(Some(0.2));
    evidence.metrics = usual().metrics;
    assert_eq!(one(listed("f"), evidence).cost_unknown, None);
    // Nothing of it could be read.
    let mut evidence = damaged(Some(1.0));
    evidence.sizes.clear();
    assert!(one(listed("f"), evidence).monthly.is_none());
}

#[test]
fn a_sample_of_reports_is_priced_by_the_count_of_the_metrics() {
    let mut evidence = usual();
    evidence.sizes[0] = at(1024, 1_000, 250.0);
    evidence.logs.as_mut().unwrap().complete = false;
    let monthly = one(listed("f"), evidence).monthly.unwrap();
    close(monthly.gb_seconds, 100_000.0 * 0.25);
    assert!(monthly.billed);
}

#[test]
fn the_present_size_is_what_a_month_costs() {
    // 100,000 invocations of which most ran at 3,008 MB, before the change.
    let mut evidence = evidence(vec![at(1024, 20_000, 100.0), at(3008, 80_000, 40.0)]);
    close(one(listed("f"), evidence.clone()).monthly.unwrap().gb_seconds, 10_000.0);
    // Nine reports are too few for a mean of their own: what the mix costs.
    evidence.sizes[0] = at(1024, 9, 100.0);
    let mixed = one(listed("f"), evidence).monthly.unwrap();
    let mean = (9.0 * 0.1 + 80_000.0 * 0.04 * 3008.0 / 1024.0) / 80_009.0;
    close(mixed.gb_seconds, 100_000.0 * mean);
}

#[test]
fn logs_without_times_cost_what_they_hold() {
    let mut function = ListedFunction::named("f".parse().unwrap());
    function.memory_size_mb = None;
    let mut evidence = usual();
    evidence.metrics = None;
    let logs = evidence.logs.as_mut().unwrap();
    (logs.source, logs.window) = (LogsBy::Files, None);
    let mut gathered = gathered(vec![(function, evidence)]);
    gathered.window = None;
    let fallback = Fallback {
        region: Some("us-east-1".into()),
        architecture: Architecture::Arm64,
    };
    let review = MemoryReview::new(gathered.clone(), PriceTable::embedded(), fallback, None);
    let bill = review.functions[0].monthly.unwrap().bill;
    close(bill.duration.amount, 10_000.0 * 0.000_013_333_4);
    // Without a region there is no price, and that is listed.
    let review = MemoryReview::new(gathered, PriceTable::embedded(), Fallback::default(), None);
    assert_eq!((review.totals.monthly, review.totals.without_cost), (None, 1));
    assert!(
        review.functions[0]
            .cost_unknown
            .as_ref()
            .unwrap()
            .contains("its region is not known")
    );
}

#[test]
fn one_functions_hour_in_a_month_of_files_is_an_hour_of_a_month() {
    let mut evidence = usual();
    evidence.metrics = None;
    let logs = evidence.logs.as_mut().unwrap();
    let hour = Window {
        until: month().from + SignedDuration::from_hours(1),
        ..month()
    };
    (logs.source, logs.window) = (LogsBy::Files, Some(hour));
    close(one(listed("f"), evidence).monthly.unwrap().invocations, 100_000.0);
}

#[test]
fn tiers_are_walked_by_the_volume_of_the_account() {
    // Twice 5e9 GB-s on x86: 6e9 at tier 1, 4e9 at tier 2. On arm64, 5e9 at its tier 1.
    let heavy = |name: &str, architecture| {
        let function = ListedFunction {
            architecture: Some(architecture),
            ..listed(name)
        };
        (function, evidence(vec![at(1024, 5_000_000_000, 1_000.0)]))
    };
    let (x86, arm64) = (Architecture::X86_64, Architecture::Arm64);
    let review = review(vec![heavy("a", x86), heavy("b", x86), heavy("c", arm64)]);
    let cost = |name: &str| {
        let mut functions = review.functions.iter();
        functions
            .find(|f| f.function.name.name() == name)
            .unwrap()
            .monthly
            .unwrap()
            .bill
            .duration
            .amount
    };
    let both = 6e9 * 0.000_016_666_7 + 4e9 * 0.000_015;
    close(cost("a"), both / 2.0);
    close(cost("b"), both / 2.0);
    close(cost("c"), 5e9 * 0.000_013_333_4);
}

#[test]
fn provisioned_concurrency_is_paid_for_whether_used_or_not() {
    let mut evidence = usual();
    let metrics = evidence.metrics.as_mut().unwrap();
    (metrics.provisioned_invocations, metrics.provisioned_utilization_max) = (Some(60_000), Some(0.9));
    let provisioned = vec![ProvisionedConcurrency {
        qualifier: "live".into(),
        environments: 2,
    }];
    let bill = one(
        ListedFunction {
            provisioned,
            ..listed("f")
        },
        evidence,
    )
    .monthly
    .unwrap()
    .bill;
    close(bill.duration.amount, 4_000.0 * 0.000_016_666_7);
    close(
        bill.provisioned_concurrency.amount,
        2.0 * 2_629_800.0 * 0.000_004_166_7 + 6_000.0 * 0.000_009_722_2,
    );
    close(bill.requests.amount, 0.02);
}

#[test]
fn a_price_that_is_not_known_is_left_out_and_said() {
    // SnapStart of Python has no known price outside us-east-1.
    let elsewhere = ListedFunction {
        snap_start: true,
        region: Some("eu-west-1".into()),
        ..ListedFunction::named("arn:aws:lambda:eu-west-1:123456789012:function:f".parse().unwrap())
    };
    let function = ListedFunction {
        region: elsewhere.region.clone(),
        name: elsewhere.name,
        snap_start: true,
        ..listed("f")
    };
    let function = one(function, usual());
    close(function.monthly.unwrap().bill.total.amount, 0.186_667);
    assert!(
        function
            .cost_unknown
            .unwrap()
            .starts_with("not in the sum: the SnapStart cache price in region `eu-west-1`")
    );
    // No price at all: never another region's.
    let function = one(
        ListedFunction {
            region: Some("mx-central-1".into()),
            ..listed("f")
        },
        usual(),
    );
    assert!(function.monthly.is_none() && function.cost_unknown.unwrap().contains("mx-central-1"));
}

#[test]
fn currencies_are_not_added() {
    let china = |name: &str| {
        (
            ListedFunction {
                region: Some("cn-north-1".into()),
                ..listed(name)
            },
            usual(),
        )
    };
    let review = review(vec![(listed("a"), usual()), (listed("b"), usual()), china("c")]);
    let total = review.totals.monthly.unwrap();
    assert_eq!(total.currency, Currency::Usd);
    close(total.amount, 2.0 * 0.186_667);
    assert!(
        review.warnings.iter().any(|text| text.contains("1 in CNY")),
        "{:?}",
        review.warnings
    );
    assert_eq!(review.totals.without_cost, 0);
}

#[test]
fn a_short_window_is_warned_of() {
    let mut gathered = gathered(vec![(listed("f"), Evidence::default())]);
    gathered.window = Some(Window {
        until: month().from + SignedDuration::from_hours(3),
        ..month()
    });
    let review = MemoryReview::new(gathered, PriceTable::embedded(), Fallback::default(), None);
    assert!(review.warnings[0].starts_with("what was seen is 3.0 hours long"));
}

/// `size` seen in a part of the month, in days from its beginning.
fn seen(size: SizeEvidence, from: i64, until: i64) -> SizeEvidence {
    let at = |days: i64| Some(month().from + SignedDuration::from_hours(24 * days));
    SizeEvidence {
        first_seen: at(from),
        last_seen: at(until),
        ..size
    }
}

#[test]
fn what_was_billed_is_not_what_a_month_costs_after_a_change_of_size() {
    let sizes = vec![
        seen(at(1024, 20_000, 100.0), 20, 30),
        seen(at(3008, 80_000, 40.0), 0, 20),
    ];
    let review = review(vec![(listed("f"), evidence(sizes))]);
    let function = &review.functions[0];
    let billed = function.billed.unwrap();
    close(billed.gb_seconds, 20_000.0 * 0.1 + 80_000.0 * 0.04 * 3008.0 / 1024.0);
    close(billed.bill.duration.amount, billed.gb_seconds * 0.000_016_666_7);
    close(billed.bill.requests.amount, 0.02);
    assert_eq!(billed.confidence, Confidence::High);
    close(function.monthly.unwrap().gb_seconds, 10_000.0);
    close(review.totals.billed.unwrap().amount, billed.bill.total.amount);
}

#[test]
fn a_function_that_is_three_days_old_is_used_ten_times_as_much_in_a_month() {
    let young = |change: fn(&mut Evidence)| {
        let mut evidence = evidence(vec![seen(at(1024, 6_000, 100.0), 27, 30)]);
        change(&mut evidence);
        one(listed("f"), evidence)
    };
    let function = young(|_| ());
    let monthly = function.monthly.unwrap();
    let days = month().days();
    close(monthly.seen_days.unwrap(), days - 27.0);
    close(monthly.invocations, 6_000.0 * days / (days - 27.0));
    assert_eq!(monthly.confidence, Some(Confidence::Medium));
    assert_eq!(monthly.since, function.evidence.sizes[0].first_seen);
    // What was billed is what was billed.
    close(function.billed.unwrap().invocations, 6_000.0);
    close(function.billed.unwrap().gb_seconds, 600.0);
    // Nothing that is said of its memory is sure after three days.
    assert!(
        function.findings.iter().all(|f| f.confidence < Confidence::High),
        "{:?}",
        function.findings
    );
    // Logs of which only the last days were read do not say that it is new, nor do samples.
    let read_late = young(|e| {
        e.logs.as_mut().unwrap().window.as_mut().unwrap().from = month().from + SignedDuration::from_hours(24 * 27)
    });
    close(read_late.monthly.unwrap().invocations, 6_000.0);
    let sampled = young(|e| e.logs.as_mut().unwrap().complete = false);
    close(sampled.monthly.unwrap().invocations, 6_000.0);
}

#[test]
fn a_burst_and_a_function_that_is_called_no_more_are_not_stretched() {
    let invocations = |size| one(listed("f"), evidence(vec![size])).monthly.unwrap();
    // An hour of the last day is a day at least.
    let mut burst = at(1024, 500, 100.0);
    burst.first_seen = Some(month().until - SignedDuration::from_hours(1));
    let monthly = invocations(burst);
    close(monthly.invocations, 500.0 * month().days());
    assert_eq!(monthly.confidence, Some(Confidence::Low));
    // Called for three days in the middle: a month has them once.
    close(invocations(seen(at(1024, 6_000, 100.0), 10, 13)).invocations, 6_000.0);
    // A few calls at the end may be chance.
    close(invocations(seen(at(1024, 5, 100.0), 27, 30)).invocations, 5.0);
    // Rarely called, and silent for some days at first.
    close(invocations(seen(at(1024, 60, 100.0), 3, 30)).invocations, 60.0);
}
