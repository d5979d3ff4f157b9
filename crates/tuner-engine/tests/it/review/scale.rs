//! Thousands of functions.

use std::collections::BTreeSet;
use std::sync::Arc;

use tuner_core::pricing::PriceTable;
use tuner_core::review::LogsBy;
use tuner_engine::review::{Keys, Listing, Regions, ReviewRequest, list};
use uuid::Uuid;

use super::account::{BYTES_PER_POLL, Sim, SimFunction, SimRegion, Use, read};
use crate::simulated::MemoryStore;

const REGIONS: [&str; 4] = ["eu-west-1", "us-east-1", "ap-northeast-1", "sa-east-1"];

fn account(functions: usize, stored_bytes: u64, scans_times: u64) -> Arc<Sim> {
    Sim::of(REGIONS.map(|region| {
        let of_region = (0..functions / REGIONS.len()).map(|n| {
            let function = SimFunction::new(region, &format!("f{n:05}"), 512);
            match n % 10 {
                0 => function.logs_to("shared/all").uses(&[Use {
                    memory_size_mb: 512,
                    invocations: 10,
                    duration_ms: 50.0,
                    used_mb: 100,
                }]),
                1 => function.uses(&[]),
                _ => function,
            }
        });
        let region_of = SimRegion {
            functions: of_region.collect(),
            stored_bytes,
            scans_times,
            written_times: 1.0,
            ..SimRegion::default()
        };
        (region, region_of)
    }))
}

fn everywhere() -> ReviewRequest {
    ReviewRequest {
        regions: Regions::Named(REGIONS.map(str::to_owned).to_vec()),
        ..ReviewRequest::default()
    }
}

#[tokio::test(start_paused = true)]
async fn two_thousand_functions_in_four_regions() {
    let sim = account(2_000, 1_000_000, 1);
    let (_, review) = sim.review(&everywhere()).await.unwrap();
    assert_eq!(review.totals.functions, 2_000);
    let names: BTreeSet<String> = review.functions.iter().map(|f| f.function.name.to_string()).collect();
    assert_eq!(names.len(), 2_000);
    let read = review.functions.iter().filter(|f| f.evidence.logs.is_some()).count();
    assert_eq!(read, 1_800, "all that were invoked");
    // 450 groups a region, 50 a query, and a few where a shared group did not fit.
    assert!(sim.count("StartQuery") <= 4 * 12, "{}", sim.count("StartQuery"));
    assert!(sim.count("GetMetricData") < 200, "{}", sim.count("GetMetricData"));
    let scan = review.scan.unwrap();
    assert_eq!(scan.bytes, sim.scanned());
    assert_eq!(scan.queries, sim.count("StartQuery") as u64);
}

/// What an account is asked in a second. Sources: "Lambda quotas" (15 control-plane calls a second together, 100 GetFunction),
/// "CloudWatch Logs quotas" (10 DescribeLogGroups, 5 of others), "CloudWatch quotas" (50 GetMetricData). Of those that others
/// use, too, we take a part.
fn documented(operation: &'static str) -> (&'static str, f64) {
    match operation {
        "ListFunctions"
        | "ListProvisionedConcurrencyConfigs"
        | "ListAliases"
        | "ListEventSourceMappings"
        | "GetPolicy" => ("lambda", 10.0),
        "GetFunction" => (operation, 60.0),
        "DescribeLogGroups" => (operation, 10.0),
        "GetMetricData" => (operation, 50.0),
        _ => (operation, 5.0),
    }
}

/// In simulated time, with the answers of each operation one behind the other at its rate.
#[tokio::test(start_paused = true)]
async fn two_thousand_functions_take_less_than_a_minute() {
    let functions = (0..2_000).map(|n| {
        let function = SimFunction::new("eu-west-1", &format!("f{n:05}"), 512);
        // One in ten is called by an alias, and some of those run at another size.
        match n % 10 {
            0 => function.served_by(7, if n % 20 == 0 { 512 } else { 256 }),
            _ => function,
        }
    });
    let sim = Sim::home(functions.collect());
    // An answer comes in one page, as there.
    sim.change(|region| region.rows_per_page = 10_000);
    *sim.rates.lock().unwrap() = Some(documented);
    let began = tokio::time::Instant::now();
    let (_, review) = sim.review(&ReviewRequest::default()).await.unwrap();
    let took = began.elapsed();
    assert_eq!(review.totals.functions, 2_000);
    assert_eq!(review.totals.unjudged.all(), 0);
    assert!(took.as_secs_f64() <= 60.0, "{took:?}");
    assert_eq!(sim.count("ListProvisionedConcurrencyConfigs"), 200);
}

/// What is written is several times what is said to be stored: the estimate is of what is written, so that the budget is kept
/// and something is read.
#[tokio::test(start_paused = true)]
async fn scans_are_planned_from_what_was_written() {
    let sim = Sim::home(
        (0..20)
            .map(|n| SimFunction::new("eu-west-1", &format!("f{n}"), 512))
            .collect(),
    );
    sim.change(|region| {
        // 20 groups of 10 GB stored, 60 GB written: 1,200 GB are 6 dollars.
        (region.stored_bytes, region.scans_times, region.written_times) = (10_000_000_000, 6, 6.0);
    });
    let (_, review) = sim.review(&ReviewRequest::default()).await.unwrap();
    let scan = review.scan.unwrap();
    // What a scan costs in this region is not known: it is planned with the dearest that is, a cent a GB.
    assert!(scan.bytes > 0 && scan.bytes <= 100_000_000_000, "{scan:?}");
    let read = |f: &&tuner_core::review::FunctionReview| {
        (f.evidence.logs.as_ref())
            .is_some_and(|logs| logs.source == LogsBy::Insights && logs.window.unwrap().days() < 8.0)
    };
    assert_eq!(review.functions.iter().filter(read).count(), 20);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_functions_are_a_listing_of_a_few_kilobytes() {
    let sim = account(10_000, 1_000_000, 1);
    let store = Arc::new(MemoryStore::default());
    let id = Uuid::now_v7();
    let listing = list(&sim.context(&store), &everywhere(), PriceTable::embedded(), id)
        .await
        .unwrap();
    assert_eq!(listing.functions, 10_000);
    // 200 of 50, but for the four shared groups.
    assert!(
        (150..=208).contains(&listing.batches.len()),
        "{}",
        listing.batches.len()
    );
    let kept: Listing = read(&store, &Keys(id).listing()).await;
    let bytes = serde_json::to_vec(&kept).unwrap().len();
    assert!(bytes < 32 * 1024, "{bytes}");
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_kept_even_where_groups_hold_more_than_they_say() {
    // 2,000 x 50 GB are 500 dollars to scan; what is really read is eight times that.
    let sim = account(2_000, 50_000_000_000, 8);
    let request = ReviewRequest {
        budget_usd: 2.0,
        ..everywhere()
    };
    let (_, review) = sim.review(&request).await.unwrap();
    let scan = review.scan.clone().unwrap();
    assert!(scan.estimated_cost.unwrap().amount <= 2.0);
    // At the least price of all regions; a query may go on for as long as nobody looks at it.
    let unseen = scan.queries * BYTES_PER_POLL;
    let dollars = (scan.bytes - unseen.min(scan.bytes)) as f64 / 1e9 * 0.005;
    assert!(dollars <= 2.0, "{dollars}");
    // What was not scanned was sampled.
    let sampled = |f: &&tuner_core::review::FunctionReview| {
        f.evidence
            .logs
            .as_ref()
            .is_some_and(|logs| logs.source == LogsBy::FilterLogEvents)
    };
    let sampled = review.functions.iter().filter(sampled).count();
    assert!(sampled > 1_000, "{sampled}");
    // And what no sample held is said: a page of a shared group may be full of others.
    let silent = |f: &&tuner_core::review::FunctionReview| {
        f.evidence.logs.is_none() && f.evidence.gaps.is_empty() && f.evidence.metrics.unwrap().invocations > 0
    };
    assert_eq!(review.functions.iter().filter(silent).count(), 0);
    let read = review.functions.iter().filter(|f| f.evidence.logs.is_some()).count();
    assert!((1_700..=1_800).contains(&read), "{read}");
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_nothing_makes_no_query() {
    let sim = account(200, 1_000_000, 1);
    let request = ReviewRequest {
        budget_usd: 0.0,
        ..everywhere()
    };
    let (_, review) = sim.review(&request).await.unwrap();
    assert_eq!(sim.count("StartQuery"), 0);
    assert_eq!(
        review.functions.iter().filter(|f| f.evidence.logs.is_some()).count(),
        180
    );
}
