//! Several reviews together.

use jiff::{SignedDuration, Timestamp};
use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    ChangeCause, DAYS_PER_MONTH, Evidence, Fallback, Gathered, ListedFunction, MemoryReview, NoTrend, ReviewTrend,
    TrendWarning, Window,
};
use uuid::Uuid;

use super::fixture::*;

const MASKED: &str = "************";
/// Of x86_64 in us-east-1.
const GB_SECOND: f64 = 0.000_016_666_7;

/// `time`, so many months later.
fn later(time: Timestamp, months: u32) -> Timestamp {
    let seconds = DAYS_PER_MONTH * 86_400.0 * f64::from(months);
    time + SignedDuration::from_secs(seconds as i64)
}

/// Reviews of one month after the other, each compared with the one before.
fn months(all: Vec<Vec<(ListedFunction, Evidence)>>) -> Vec<MemoryReview> {
    let mut reviews: Vec<MemoryReview> = Vec::new();
    for (n, mut functions) in (0..).zip(all) {
        let window = Window {
            from: later(month().from, n),
            until: later(month().until, n),
        };
        for (_, evidence) in &mut functions {
            if let Some(metrics) = &mut evidence.metrics {
                metrics.window = window;
            }
            if let Some(logs) = &mut evidence.logs {
                logs.window = Some(window);
            }
        }
        for size in functions.iter_mut().flat_map(|(_, evidence)| &mut evidence.sizes) {
            size.first_seen = size.first_seen.map(|time| later(time, n));
            size.last_seen = size.last_seen.map(|time| later(time, n));
        }
        let gathered = Gathered {
            review_id: Uuid::from_u128(u128::from(n) + 1),
            finished_at: later(month().until, n),
            window: Some(window),
            ..gathered(functions)
        };
        let review = MemoryReview::new(gathered, PriceTable::embedded(), Fallback::default(), reviews.last());
        reviews.push(review);
    }
    reviews
}

fn sized(name: &str, mb: u32, calls: u64, mean_ms: f64) -> (ListedFunction, Evidence) {
    let function = ListedFunction {
        memory_size_mb: Some(mb),
        ..listed(name)
    };
    let mut evidence = evidence(vec![at(mb, calls, mean_ms)]);
    evidence.sizes[0].max_memory_used_mb = Some(200);
    (function, evidence)
}

fn trend(reviews: &[MemoryReview]) -> ReviewTrend {
    ReviewTrend::of(reviews, MASKED).unwrap()
}

#[test]
fn the_parts_sum_to_the_change_of_the_totals_every_month() {
    let mut cold = sized("cold", 512, 80_000, 40.0);
    cold.1.sizes[0].cold_starts = 8_000;
    cold.1.sizes[0].init_sum_ms = 8_000.0 * 900.0;
    cold.1.sizes[0].billed_duration_ms += 8_000 * 900;
    let mut arm = sized("arm", 1024, 300_000, 80.0);
    arm.0.architecture = Some(tuner_core::Architecture::Arm64);
    let reviews = months(vec![
        vec![
            sized("busy", 1024, 100_000, 100.0),
            sized("resized", 1024, 500_000, 70.0),
            sized("cold", 512, 80_000, 40.0),
            sized("arm", 1024, 300_000, 80.0),
            sized("gone", 512, 50_000, 30.0),
        ],
        vec![
            sized("busy", 1024, 350_000, 100.0),
            sized("resized", 512, 500_000, 110.0),
            cold,
            arm,
            sized("new", 2048, 10_000, 500.0),
        ],
        vec![
            sized("busy", 1024, 50_000, 180.0),
            sized("resized", 512, 480_000, 105.0),
        ],
    ]);
    let trend = trend(&reviews);
    assert_eq!(trend.reviews[0].change, None);
    for pair in [0, 1] {
        let change = trend.reviews[pair + 1].change.as_ref().unwrap();
        let totals = |n: usize| reviews[n].totals.monthly.unwrap().amount;
        close(change.before.amount, totals(pair));
        close(change.after.amount, totals(pair + 1));
        close(change.by.values().sum::<f64>(), totals(pair + 1) - totals(pair));
    }
    let first = trend.reviews[1].change.as_ref().unwrap();
    let part = |cause| first.part(cause).amount;
    // By hand: 250,000 more calls of busy, at 0.1 GB-seconds and a request each; nothing else has to do with calls.
    close(part(ChangeCause::Calls), 250_000.0 * (0.1 * GB_SECOND + 0.000_000_2));
    // 8,000 cold starts of 0.9 s at half a GB.
    close(part(ChangeCause::ColdStarts), 8_000.0 * 0.9 * 0.5 * GB_SECOND);
    // 300,000 x 0.08 GB-seconds at the other price.
    close(part(ChangeCause::Price), 24_000.0 * (0.000_013_333_4 - GB_SECOND));
    close(part(ChangeCause::Added), 10_000.0 * (GB_SECOND + 0.000_000_2));
    close(
        part(ChangeCause::Removed),
        -50_000.0 * (0.015 * GB_SECOND + 0.000_000_2),
    );
    // Half the size (-0.5 GB) at the mean of both durations, 40 ms more at the mean of both sizes.
    close(part(ChangeCause::Size), -500_000.0 * 0.5 * 0.09 * GB_SECOND);
    close(part(ChangeCause::Duration), 500_000.0 * 0.75 * 0.04 * GB_SECOND);
    assert!(!first.by.contains_key(&ChangeCause::NotKnown), "{first:?}");
    // Told are those of the last month, the largest first.
    let told: Vec<f64> = trend
        .movers
        .iter()
        .map(|mover| mover.change.total().amount.abs())
        .collect();
    assert!(told.is_sorted_by(|a, b| a >= b) && told.len() == 5, "{told:?}");
}

#[test]
fn what_was_saved_is_counted_from_the_change_to_the_end() {
    let calls = |mb, n, ms| vec![sized("f", mb, n, ms)];
    let reviews = months(vec![
        calls(1024, 100_000, 100.0),
        calls(512, 100_000, 120.0),
        calls(512, 200_000, 120.0),
    ]);
    let realised = trend(&reviews).realised;
    // 0.1 GB-seconds then, 0.06 now.
    let each = 0.04 * GB_SECOND;
    let followed = &realised.followed[0];
    assert_eq!((followed.from_mb, followed.to_mb, followed.until), (1024, 512, None));
    assert_eq!(followed.since, later(month().from, 1));
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} is not {b}");
    near(followed.each.unwrap().amount, each);
    near(realised.to_date.unwrap().amount, each * 300_000.0);
    near(realised.a_month_now.unwrap().amount, each * 200_000.0);
    // What was promised was for 100,000 invocations.
    let promised = reviews[0].functions[0]
        .findings
        .iter()
        .find_map(|finding| finding.saving)
        .unwrap();
    near(realised.promised_at_best.unwrap().amount, promised.at_best.amount * 3.0);
    assert_eq!(realised.not_measured, 0);
}

#[test]
fn a_change_that_was_undone_saves_no_more() {
    let calls = |mb, ms| vec![sized("f", mb, 100_000, ms)];
    let reviews = months(vec![
        calls(1024, 100.0),
        calls(512, 120.0),
        calls(1024, 100.0),
        calls(1024, 100.0),
    ]);
    let realised = trend(&reviews).realised;
    let followed = &realised.followed[0];
    assert_eq!(followed.until, Some(later(month().until, 1)));
    let saved = realised.to_date.unwrap().amount;
    assert!((saved / (0.04 * GB_SECOND * 100_000.0) - 1.0).abs() < 1e-6, "{saved}");
    assert_eq!(realised.a_month_now, None);
}

/// What could not be read is no change of the function's.
#[test]
fn a_cost_that_is_not_known_any_more_is_called_that() {
    let mut hidden = sized("f", 1024, 100_000, 100.0);
    hidden.1 = Evidence::default();
    let trend = trend(&months(vec![vec![sized("f", 1024, 100_000, 100.0)], vec![hidden]]));
    let change = &trend.movers[0].change;
    assert_eq!(
        change.by.keys().collect::<Vec<_>>(),
        [&ChangeCause::NotKnown],
        "{change:?}"
    );
}

#[test]
fn a_function_that_was_not_called_is_called_more() {
    let trend = trend(&months(vec![
        vec![sized("f", 1024, 100_000, 100.0), sized("g", 1024, 60, 100.0)],
        vec![sized("f", 1024, 100_000, 100.0), sized("g", 1024, 90_000, 100.0)],
    ]));
    let change = &trend.movers[0].change;
    assert_eq!(
        change.by.keys().collect::<Vec<_>>(),
        [&ChangeCause::Calls],
        "{change:?}"
    );
}

#[test]
fn one_review_and_two_accounts_make_no_trend() {
    let reviews = months(vec![
        vec![sized("f", 1024, 100, 10.0)],
        vec![sized("f", 1024, 100, 10.0)],
    ]);
    assert_eq!(ReviewTrend::of(&reviews[..1], MASKED), Err(NoTrend::TooFew(1)));
    // Given twice, it is one.
    let twice = [reviews[0].clone(), reviews[0].clone()];
    assert_eq!(ReviewTrend::of(&twice, MASKED), Err(NoTrend::TooFew(1)));
    let of = |account: &str, review: &MemoryReview| MemoryReview {
        account: Some(account.into()),
        ..review.clone()
    };
    let both = [of("111111111111", &reviews[0]), of("222222222222", &reviews[1])];
    assert!(matches!(ReviewTrend::of(&both, MASKED), Err(NoTrend::Accounts(_))));
    let masked = [of("111111111111", &reviews[0]), of(MASKED, &reviews[1])];
    assert!(ReviewTrend::of(&masked, MASKED).is_ok());
}

#[test]
fn doubts_are_named() {
    let mut reviews = months(vec![
        vec![sized("f", 1024, 100, 10.0)],
        vec![sized("f", 1024, 100, 10.0)],
        vec![sized("f", 1024, 100, 10.0)],
    ]);
    reviews[2].regions[0].region = "eu-west-1".into();
    let mut again = reviews[1].clone();
    again.review_id = Uuid::from_u128(99);
    again.finished_at = later(again.finished_at, 1);
    reviews.push(again);
    let trend = trend(&reviews);
    let ids: Vec<Uuid> = trend.reviews.iter().map(|review| review.review_id).collect();
    assert_eq!(ids, [1, 99, 3].map(Uuid::from_u128));
    assert!(
        matches!(
            &trend.warnings[..],
            [TrendWarning::SameTime { instead, .. }, TrendWarning::OtherRegions { more, fewer, .. }]
                if *instead == Uuid::from_u128(99) && more == &["eu-west-1"] && fewer == &["us-east-1"]
        ),
        "{:?}",
        trend.warnings
    );
}
