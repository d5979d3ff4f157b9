//! What reports say, from whichever source there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use tuner_core::pricing::PriceTable;
use tuner_core::review::{LogsBy, Missing, ProvisionedConcurrency, Why};
use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::review::ports::LogClass;
use tuner_engine::review::{BatchEvidence, Keys, Known, ReviewContext, ReviewError, ReviewRequest, list, look};
use uuid::Uuid;

use super::account::{HOME, Sim, SimFunction, Use, read};
use crate::simulated::MemoryStore;

struct Look {
    ctx: ReviewContext,
    store: Arc<MemoryStore>,
    id: Uuid,
}

impl Look {
    async fn at(sim: &Arc<Sim>) -> Self {
        Self::with(sim, &ReviewRequest::default()).await
    }

    async fn with(sim: &Arc<Sim>, request: &ReviewRequest) -> Self {
        let store = Arc::new(MemoryStore::default());
        let (ctx, id) = (sim.context(&store), Uuid::now_v7());
        list(&ctx, request, PriceTable::embedded(), id).await.unwrap();
        Self { ctx, store, id }
    }

    async fn evidence(&self) -> BatchEvidence {
        assert!(look(&self.ctx, self.id, 1).await.unwrap().finished);
        read(&self.store, &Keys(self.id).evidence(1)).await
    }
}

async fn looked(sim: &Arc<Sim>) -> BTreeMap<String, Known> {
    let evidence = Look::at(sim).await.evidence().await;
    evidence
        .functions
        .into_iter()
        .map(|known| (known.function.name.name().to_owned(), known))
        .collect()
}

fn at(memory_size_mb: u32, invocations: u64) -> Use {
    Use {
        memory_size_mb,
        invocations,
        duration_ms: 51_200.0 / f64::from(memory_size_mb),
        used_mb: 90,
    }
}

#[tokio::test(start_paused = true)]
async fn aliases_are_asked_for_where_traffic_runs_at_another_size() {
    for budget_usd in [1.0, 0.0] {
        let sim = Sim::home(vec![
            SimFunction::new(HOME, "moved", 384)
                .served_by(7, 256)
                .uses(&[at(256, 900)]),
            SimFunction::new(HOME, "same", 256)
                .served_by(7, 256)
                .uses(&[at(256, 900)]),
            SimFunction::new(HOME, "latest", 256).uses(&[at(128, 900), at(256, 900)]),
        ]);
        let request = ReviewRequest {
            budget_usd,
            ..ReviewRequest::default()
        };
        let (_, review) = sim.review(&request).await.unwrap();
        assert_eq!(sim.count("ListAliases"), 1);
        let of = |name: &str| {
            let mut functions = review.functions.iter();
            functions.find(|f| f.function.name.name() == name).unwrap()
        };
        assert_eq!(of("moved").function.aliases.as_ref().unwrap()[0].name, "live");
        assert_eq!(
            (of("moved").memory_size_mb(), of("moved").function.memory_size_mb),
            (Some(256), Some(384))
        );
        assert_eq!(of("moved").function.versions[0].timeout_s, Some(3));
        assert!(of("same").function.aliases.is_none() && of("latest").function.versions.is_empty());
        assert_eq!(of("latest").memory_size_mb(), Some(256));
    }
}

#[tokio::test(start_paused = true)]
async fn who_calls_a_function_is_asked_where_it_runs_out_of_time() {
    let queue = "arn:aws:sqs:eu-west-1:123456789012:orders";
    let api = "apigateway.amazonaws.com";
    let mut slow = SimFunction::new(HOME, "slow", 256)
        .served_by(7, 512)
        .uses(&[at(512, 900)]);
    slow.timeouts = 3;
    slow.event_sources = vec![queue.to_owned(), queue.replace("sqs", "kinesis")];
    slow.callers = [
        (String::new(), [api.to_owned()].into()),
        ("live".to_owned(), ["events.amazonaws.com".to_owned()].into()),
    ]
    .into();
    let quick = SimFunction::new(HOME, "quick", 256);
    let sim = Sim::home(vec![slow, quick]);
    let known = looked(&sim).await;
    let slow = &known["slow"].function;
    assert_eq!(slow.queues(), Some(vec!["orders"]));
    let callers = slow.callers.as_ref().unwrap();
    assert_eq!(callers.iter().collect::<Vec<_>>(), [api, "events.amazonaws.com"]);
    let quick = &known["quick"].function;
    assert_eq!((quick.queues(), &quick.callers), (Some(vec![]), &None));
    assert_eq!(sim.count("GetPolicy"), 2);
    // What may not be read is not known, and takes nothing else away.
    for denied in ["ListEventSourceMappings", "GetPolicy"] {
        sim.change(|region| region.refused = [(denied, Kind::Denied)].into());
        let slow = looked(&sim).await.remove("slow").unwrap();
        assert_eq!(slow.function.queues().is_none(), denied == "ListEventSourceMappings");
        assert_eq!(slow.function.callers.is_none(), denied == "GetPolicy");
        assert_eq!(slow.evidence.gaps, []);
    }
}

#[tokio::test(start_paused = true)]
async fn one_query_tells_of_every_function_and_size() {
    let mut functions: Vec<SimFunction> = (0..9).map(|n| SimFunction::new(HOME, &format!("f{n}"), 512)).collect();
    functions[0] = SimFunction::new(HOME, "f0", 512).uses(&[at(256, 40), at(512, 60)]);
    functions[1].details.tags.insert("team".into(), "media".into());
    functions[1].details.reserved_concurrency = Some(7);
    functions[2] = SimFunction::new(HOME, "f2", 512).served_by(9, 512);
    functions[2].provisioned = vec![
        ProvisionedConcurrency {
            qualifier: "live".into(),
            environments: 4,
        },
        ProvisionedConcurrency {
            qualifier: "9".into(),
            environments: 1,
        },
    ];
    let sim = Sim::home(functions);
    let known = looked(&sim).await;
    assert_eq!(sim.count("StartQuery"), 1);
    let sizes: Vec<(u32, u64, f64)> = known["f0"]
        .evidence
        .sizes
        .iter()
        .map(|size| (size.memory_size_mb, size.invocations, size.duration.p95_ms))
        .collect();
    assert_eq!(sizes, [(256, 40, 200.0), (512, 60, 100.0)]);
    assert_eq!(known["f0"].evidence.sizes[0].billed_duration_ms, 8_000);
    let logs = known["f0"].evidence.logs.as_ref().unwrap();
    assert!(logs.source == LogsBy::Insights && logs.complete);
    assert_eq!(known["f1"].function.owner(), Some("media"));
    assert_eq!(known["f1"].function.reserved_concurrency, Some(7));
    assert_eq!(known["f2"].function.provisioned_environments(), 5);
    let metrics = known["f2"].evidence.metrics.unwrap();
    // Half of 1,000 for each of the two qualifiers.
    assert_eq!(metrics.provisioned_invocations, Some(1_000));
    assert_eq!(metrics.provisioned_utilization_max, Some(0.25));
    assert!(known.values().all(|known| known.evidence.gaps.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn functions_of_a_shared_group_are_told_apart_by_their_streams() {
    let functions = vec![
        SimFunction::new(HOME, "a", 128).logs_to("shared").uses(&[at(128, 10)]),
        SimFunction::new(HOME, "b", 256).logs_to("shared").uses(&[at(256, 20)]),
        // Its own group is the one that another chose to log to.
        SimFunction::new(HOME, "c", 512).uses(&[at(512, 30)]),
        SimFunction::new(HOME, "d", 512)
            .logs_to("/aws/lambda/c")
            .uses(&[at(512, 40)]),
    ];
    let known = looked(&Sim::home(functions)).await;
    let reports: Vec<u64> = known.values().map(|known| known.evidence.reports()).collect();
    assert_eq!(reports, [10, 20, 30, 40]);
}

#[tokio::test(start_paused = true)]
async fn classes_are_queried_apart() {
    let sim = Sim::home(vec![SimFunction::new(HOME, "a", 128), SimFunction::new(HOME, "b", 128)]);
    sim.change(|region| {
        region
            .classes
            .insert("/aws/lambda/b".into(), LogClass::InfrequentAccess);
    });
    let known = looked(&sim).await;
    assert_eq!(sim.count("StartQuery"), 2);
    assert!(known.values().all(|known| known.evidence.reports() == 1_000));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_denied_or_gone_does_not_keep_the_others_from_being_read() {
    let mut functions: Vec<SimFunction> = (0..20)
        .map(|n| SimFunction::new(HOME, &format!("f{n:02}"), 512))
        .collect();
    functions[7] = SimFunction::new(HOME, "f07", 512).served_by(9, 512);
    functions[7].refused = Some(Kind::Denied);
    let sim = Sim::home(functions);
    let look_at = Look::at(&sim).await;
    // Deleted since it was listed.
    sim.change(|region| {
        region.missing_groups.insert("/aws/lambda/f13".into());
        region.functions.retain(|f| f.listed.name.name() != "f13");
    });
    let evidence = look_at.evidence().await;
    for known in &evidence.functions {
        let why = |missing| known.evidence.gap(missing).map(|gap| gap.why);
        match known.function.name.name() {
            "f07" => {
                assert_eq!(why(Missing::Configuration), Some(Why::NoAccess));
                assert_eq!(why(Missing::ProvisionedConcurrency), Some(Why::NoAccess));
                assert_eq!(why(Missing::Logs), Some(Why::NoAccess));
            }
            "f13" => {
                assert_eq!(why(Missing::Configuration), Some(Why::NotFound));
                assert_eq!(why(Missing::Logs), Some(Why::NotFound));
            }
            name => {
                assert_eq!(known.evidence.reports(), 1_000, "{name}");
                assert!(known.evidence.gaps.is_empty(), "{name}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_insights_reports_are_sampled() {
    let mut json = SimFunction::new(HOME, "json", 512).logs_to("shared");
    json.listed.json_logs = true;
    let functions = vec![
        SimFunction::new(HOME, "few", 512).uses(&[at(512, 30)]),
        SimFunction::new(HOME, "text", 512).logs_to("shared"),
        json,
        SimFunction::new(HOME, "many", 512),
    ];
    for (operation, kind) in [
        ("StartQuery", Kind::Denied),
        ("StartQuery", Kind::Invalid),
        ("GetQueryResults", Kind::Invalid),
    ] {
        let sim = Sim::home(functions.clone());
        sim.change(|region| {
            region.refused.insert(operation, kind);
        });
        let known = looked(&sim).await;
        for (name, reports) in [("few", 30), ("text", 200), ("json", 200), ("many", 200)] {
            let evidence = &known[name].evidence;
            assert_eq!(evidence.reports(), reports, "{name} {operation}");
            let logs = evidence.logs.as_ref().unwrap();
            assert_eq!(logs.source, LogsBy::FilterLogEvents);
            assert!(evidence.gap(Missing::Logs).is_none());
            assert_eq!(evidence.sizes[0].duration.p50_ms, 100.0);
        }
        // All there was, in one page.
        assert!(known["few"].evidence.logs.as_ref().unwrap().complete);
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_region_that_may_not_be_queried_is_not_tried_group_by_group() {
    let functions = (0..50)
        .map(|n| SimFunction::new(HOME, &format!("f{n:02}"), 512))
        .collect();
    let sim = Sim::home(functions);
    sim.change(|region| {
        region.refused.insert("StartQuery", Kind::Denied);
        region.refused.insert("FilterLogEvents", Kind::Denied);
    });
    let known = looked(&sim).await;
    assert!(sim.count("StartQuery") < 20, "{}", sim.count("StartQuery"));
    for known in known.values() {
        let gap = known.evidence.gap(Missing::Logs).unwrap();
        assert_eq!(gap.why, Why::NoAccess);
        assert!(gap.text.contains("allow logs:StartQuery"), "{}", gap.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_that_ends_without_an_answer_is_made_up_for_by_a_sample() {
    for how in ["Failed", "Timeout", "Cancelled"] {
        let sim = Sim::home(vec![SimFunction::new(HOME, "f", 512)]);
        sim.change(|region| region.queries_end = Some(how));
        let look_at = Look::at(&sim).await;
        let evidence = look_at.evidence().await;
        assert_eq!(evidence.functions[0].evidence.reports(), 200, "{how}");
        // What it scanned is charged all the same.
        assert!(evidence.bytes_scanned > 0 && evidence.queries == 1, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn invoked_but_not_logged_is_said() {
    let silent = SimFunction::new(HOME, "silent", 512);
    let sim = Sim::home(vec![silent, SimFunction::new(HOME, "f", 512)]);
    let look_at = Look::at(&sim).await;
    sim.change(|region| region.functions.retain(|f| f.listed.name.name() != "silent"));
    let evidence = look_at.evidence().await;
    let silent = evidence
        .functions
        .iter()
        .find(|k| k.function.name.name() == "silent")
        .unwrap();
    assert_eq!(silent.evidence.gap(Missing::Logs).unwrap().why, Why::Empty);
}

#[tokio::test(start_paused = true)]
async fn looking_again_changes_nothing() {
    let sim = Sim::home(vec![SimFunction::new(HOME, "f", 512)]);
    let look_at = Look::at(&sim).await;
    let first = look_at.evidence().await;
    let calls = sim.calls.lock().unwrap().len();
    assert_eq!(look_at.evidence().await, first);
    assert_eq!(sim.calls.lock().unwrap().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hands_back_or_is_cut_off_goes_on_where_it_was() {
    let functions = || {
        let mut functions: Vec<SimFunction> = (0..40)
            .map(|n| SimFunction::new(HOME, &format!("f{n:02}"), 512))
            .collect();
        functions[3].refused = Some(Kind::Denied);
        functions
    };
    let of = |functions| {
        let sim = Sim::home(functions);
        // 6 GB: a query of several polls.
        sim.change(|region| region.stored_bytes = 150_000_000);
        sim
    };
    let sim = of(functions());
    let undisturbed = Look::at(&sim).await.evidence().await;
    let queries = sim.count("StartQuery");

    let sim = of(functions());
    let mut look_at = Look::at(&sim).await;
    let mut rounds = 0;
    loop {
        look_at.ctx.hand_back_at = Some(look_at.ctx.clock.now() + SignedDuration::from_millis(1500));
        rounds += 1;
        if look(&look_at.ctx, look_at.id, 1).await.unwrap().finished {
            break;
        }
        assert!(rounds < 100);
    }
    assert!(rounds > 2, "{rounds}");
    let handed_back: BatchEvidence = read(&look_at.store, &Keys(look_at.id).evidence(1)).await;
    assert_eq!(handed_back, undisturbed);
    assert_eq!(sim.count("StartQuery"), queries, "nothing is paid for twice");

    let sim = of(functions());
    let look_at = Look::at(&sim).await;
    for _ in 0..3 {
        // The process ends while the query runs.
        let cut_off = tokio::time::timeout(
            std::time::Duration::from_millis(2500),
            look(&look_at.ctx, look_at.id, 1),
        );
        assert!(cut_off.await.is_err());
    }
    assert_eq!(look_at.evidence().await, undisturbed);
    assert_eq!(sim.count("StartQuery"), queries, "nothing is paid for twice");
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_a_look_stops_its_query() {
    let sim = Sim::home(vec![SimFunction::new(HOME, "f", 512)]);
    sim.change(|region| region.stored_bytes = 20_000_000_000);
    let look_at = Look::at(&sim).await;
    let cancel = look_at.ctx.cancel.clone();
    let stop = async {
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        cancel.cancel();
    };
    let (looked, ()) = tokio::join!(look(&look_at.ctx, look_at.id, 1), stop);
    assert!(matches!(looked, Err(ReviewError::Interrupted)));
    assert_eq!(*sim.stopped.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_there_is_named() {
    let look_at = Look::at(&Sim::home(Vec::new())).await;
    let error = look(&look_at.ctx, look_at.id, 7).await.unwrap_err().to_string();
    assert!(
        error.contains("batches/0007.json") && error.contains("begin the review again"),
        "{error}"
    );
}
