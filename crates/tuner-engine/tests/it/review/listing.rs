//! What there is to look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use tuner_core::pricing::PriceTable;
use tuner_core::review::{Missing, OptimizerFinding, Why};
use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::review::ports::LogClass;
use tuner_engine::review::{Batch, Keys, Listing, Regions, ReviewError, ReviewRequest, list};
use uuid::Uuid;

use super::account::{HOME, Sim, SimFunction, SimRegion, read};
use crate::simulated::MemoryStore;

async fn listed(sim: &Arc<Sim>, request: &ReviewRequest) -> (Listing, Vec<Batch>) {
    let store = Arc::new(MemoryStore::default());
    let id = Uuid::now_v7();
    let listing = list(&sim.context(&store), request, PriceTable::embedded(), id)
        .await
        .unwrap();
    let mut batches = Vec::new();
    for batch in &listing.batches {
        batches.push(read(&store, &Keys(id).batch(batch.number)).await);
    }
    assert_eq!(read::<Listing>(&store, &Keys(id).listing()).await, listing);
    (listing, batches)
}

fn named(count: usize) -> Vec<SimFunction> {
    (0..count)
        .map(|n| SimFunction::new(HOME, &format!("f{n:04}"), 512))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_cut_into_batches_of_fifty() {
    let sim = Sim::home(named(120));
    let (listing, batches) = listed(&sim, &ReviewRequest::default()).await;
    assert_eq!(
        (listing.functions, listing.account.as_deref()),
        (120, Some("123456789012"))
    );
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.functions.len()).collect();
    assert_eq!(sizes, [50, 50, 20]);
    assert_eq!(batches[0].groups.len(), 50);
    // Never one by one: two kinds of counts for all, three for those that were invoked, a page of 150 figures each.
    // And one of what was written to the log groups.
    assert_eq!(sim.count("GetMetricData"), 4 + 5 + 1);
    let known = &batches[0].functions[0];
    let metrics = known.evidence.metrics.unwrap();
    assert_eq!((metrics.invocations, metrics.duration_sum_ms), (1_000, 100_000.0));
    assert_eq!(metrics.duration_max_ms, Some(100.0));
    assert!(listing.scan.estimated_cost.unwrap().amount > 0.0);
}

#[tokio::test(start_paused = true)]
async fn functions_that_share_a_group_stay_together() {
    let mut functions = named(45);
    functions.extend((0..70).map(|n| SimFunction::new(HOME, &format!("s{n}"), 128).logs_to("shared/all")));
    let (_, batches) = listed(&Sim::home(functions), &ReviewRequest::default()).await;
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.functions.len()).collect();
    assert_eq!(sizes, [45, 70]);
    assert_eq!(batches[1].groups.keys().collect::<Vec<_>>(), ["shared/all"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_said_and_not_read() {
    let mut hidden = SimFunction::new(HOME, "hidden", 128);
    (hidden.listed.json_logs, hidden.listed.reports_hidden) = (true, true);
    let mut managed = SimFunction::new(HOME, "managed", 128);
    managed.listed.unsupported = Some("it runs on Managed Instances".into());
    let functions = vec![
        hidden,
        managed,
        SimFunction::new(HOME, "idle", 128).uses(&[]),
        SimFunction::new(HOME, "missing", 128),
        SimFunction::new(HOME, "delivered", 128),
        SimFunction::new(HOME, "plain", 128),
    ];
    let sim = Sim::home(functions);
    sim.change(|region| {
        region.missing_groups.insert("/aws/lambda/missing".into());
        region
            .classes
            .insert("/aws/lambda/delivered".into(), LogClass::Delivery);
    });
    let (_, batches) = listed(&sim, &ReviewRequest::default()).await;
    assert_eq!(batches[0].groups.keys().collect::<Vec<_>>(), ["/aws/lambda/plain"]);
    let gaps: BTreeMap<&str, Option<Why>> = batches[0]
        .functions
        .iter()
        .map(|known| {
            (
                known.function.name.name(),
                known.evidence.gap(Missing::Logs).map(|gap| gap.why),
            )
        })
        .collect();
    assert_eq!(
        gaps,
        BTreeMap::from([
            ("hidden", Some(Why::Hidden)),
            ("managed", None),
            ("idle", None),
            ("missing", Some(Why::NotFound)),
            ("delivered", Some(Why::Unreadable)),
            ("plain", None),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn a_region_or_a_service_that_is_denied_stops_nothing() {
    let finding = OptimizerFinding {
        finding: "Optimized".into(),
        reasons: Vec::new(),
        memory_size_mb: None,
        projected: None,
        current_memory_size_mb: Some(512),
    };
    let mut known = SimFunction::new("eu-north-1", "known", 512);
    known.optimizer = Some(finding.clone());
    let denied = |operation| SimRegion {
        functions: named(1),
        refused: BTreeMap::from([(operation, Kind::Denied)]),
        ..SimRegion::default()
    };
    let sim = Sim::of([
        ("eu-central-1", denied("ListFunctions")),
        ("eu-west-1", denied("GetMetricData")),
        ("eu-west-2", denied("GetLambdaFunctionRecommendations")),
        ("eu-west-3", denied("GetLambdaFunctionRecommendations")),
        ("eu-south-1", denied("DescribeLogGroups")),
        (
            "eu-north-1",
            SimRegion {
                functions: vec![known],
                ..SimRegion::default()
            },
        ),
    ]);
    let regions = sim
        .regions
        .lock()
        .unwrap()
        .keys()
        .cloned()
        .chain(["ap-east-1".into()])
        .collect();
    let request = ReviewRequest {
        regions: Regions::Named(regions),
        ..ReviewRequest::default()
    };
    let (listing, batches) = listed(&sim, &request).await;
    let problems: Vec<(&str, u64, bool)> = listing
        .regions
        .iter()
        .map(|region| (region.region.as_str(), region.functions, region.problem.is_some()))
        .collect();
    assert_eq!(
        problems,
        [
            ("ap-east-1", 0, true),
            ("eu-central-1", 0, true),
            ("eu-north-1", 1, false),
            ("eu-south-1", 1, false),
            ("eu-west-1", 1, false),
            ("eu-west-2", 1, false),
            ("eu-west-3", 1, false),
        ]
    );
    // Said once for both regions.
    let of_optimizer: Vec<&String> = listing
        .warnings
        .iter()
        .filter(|w| w.contains("Compute Optimizer"))
        .collect();
    assert_eq!(of_optimizer.len(), 1, "{:?}", listing.warnings);
    assert!(
        of_optimizer[0].starts_with("eu-west-2, eu-west-3: "),
        "{of_optimizer:?}"
    );
    let batch = |region: &str| batches.iter().find(|batch| batch.region == region).unwrap();
    let evidence = |region: &str| &batch(region).functions[0].evidence;
    assert_eq!(evidence("eu-north-1").compute_optimizer, Some(finding));
    assert_eq!(evidence("eu-west-1").gap(Missing::Metrics).unwrap().why, Why::NoAccess);
    // A group of unknown size is not scanned, which might cost anything, but sampled.
    let readings: Vec<bool> = batch("eu-south-1")
        .groups
        .values()
        .map(|reading| reading.scanned)
        .collect();
    assert_eq!(readings, [false]);
}

#[tokio::test(start_paused = true)]
async fn nothing_at_all_is_an_error_that_names_the_regions() {
    let sim = Sim::of([]);
    let store = Arc::new(MemoryStore::default());
    let request = ReviewRequest {
        regions: Regions::Named(vec!["eu-west-1".into(), "eu-west-2".into()]),
        ..ReviewRequest::default()
    };
    let error = list(&sim.context(&store), &request, PriceTable::embedded(), Uuid::now_v7())
        .await
        .unwrap_err();
    assert!(matches!(&error, ReviewError::NothingListed { .. }), "{error:?}");
    assert!(error.to_string().contains("eu-west-1, eu-west-2"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_region_is_no_error() {
    let (listing, batches) = listed(&Sim::home(Vec::new()), &ReviewRequest::default()).await;
    assert_eq!((listing.functions, batches.len()), (0, 0));
    assert_eq!(listing.regions[0].problem, None);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_keeps_what_it_has() {
    let sim = Sim::home(named(80));
    // The second page.
    *sim.fault.lock().unwrap() = Some((crate::simulated::When::At(2), Kind::Denied));
    let (listing, _) = listed(&sim, &ReviewRequest::default()).await;
    assert_eq!(listing.functions, 50);
    assert!(listing.regions[0].problem.as_deref().unwrap().contains("only a part"));
}
