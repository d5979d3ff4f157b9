//! What is known of a function before it is measured keeps a tuning from going below it: planner, decision and apply.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use tuner_core::floor::{Known, Need, Sighting, Source};
use tuner_core::planning::Preset;
use tuner_core::review::Window;
use tuner_core::tuning::{SizeStatus, TuningStatus};
use tuner_core::{MemorySize, Remedy, Tuning};
use tuner_engine::ports::{PortError, PortErrorKind as Kind};
use tuner_engine::review::ports::{LoggedLine, Page, QueryPage, QueryStatus, ReportRow, Reports};
use tuner_engine::steps::MOST_SCANNED_BYTES;
use tuner_engine::{Apply, TuningError, TuningRequest, steps};
use tuner_logs::lines::{Report, format};

use crate::simulated::{Answer, Function, World, adaptive, initialize, request};

/// Logs of production.
#[derive(Debug)]
struct Production {
    /// Memory used by each invocation, in MB; the last one is the oldest.
    used_mb: Vec<u32>,
    memory_size_mb: u32,
    /// Lines of a page.
    page: usize,
    denied: Option<Kind>,
    /// What a query finds, or how it is refused.
    query: Result<u32, Kind>,
    /// Bytes that it scans between two looks.
    scans: u64,
    calls: Mutex<Vec<&'static str>>,
}

impl Production {
    fn new(memory_size_mb: u32, used_mb: &[u32]) -> Self {
        Self {
            used_mb: used_mb.to_vec(),
            memory_size_mb,
            page: 10_000,
            denied: None,
            query: Err(Kind::Denied),
            scans: 0,
            calls: Mutex::default(),
        }
    }

    fn calls(&self, name: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| **call == name).count()
    }

    fn line(&self, used_mb: u32) -> LoggedLine {
        let report = Report {
            request_id: "276a85b8-11a7-4b68-b42e-de11b5f419e3".to_owned(),
            duration_ms: 100.0,
            billed_duration_ms: Some(100),
            memory_size_mb: Some(self.memory_size_mb),
            max_memory_used_mb: Some(used_mb),
            ..Report::default()
        };
        LoggedLine {
            at: Some("2026-11-27T12:00:00Z".parse().unwrap()),
            stream: "2026/11/27/[$LATEST]abc".to_owned(),
            message: format::report_text(&report),
        }
    }
}

#[async_trait]
impl Reports for Production {
    async fn start(&self, groups: &[String], window: Window) -> Result<String, PortError> {
        assert!(groups == ["/aws/lambda/resize"] && (13.9..14.1).contains(&window.days()));
        self.calls.lock().unwrap().push("start");
        let refused = |kind| PortError::new(kind, "StartQuery", "not authorized to perform: logs:StartQuery");
        self.query.map(|_| "query".to_owned()).map_err(refused)
    }

    async fn poll(&self, _query: &str, _token: Option<&str>) -> Result<QueryPage, PortError> {
        self.calls.lock().unwrap().push("poll");
        let polls = self.calls("poll") as u64;
        let over = polls >= 4;
        let row = ReportRow {
            group: "/aws/lambda/resize".to_owned(),
            memory_size_mb: Some(self.memory_size_mb),
            invocations: 1_000_000,
            max_ms: Some(900.0),
            max_memory_used_mb: self.query.ok().map(f64::from),
            last_seen: Some("2026-11-27T12:00:00Z".parse().unwrap()),
            ..ReportRow::default()
        };
        Ok(QueryPage {
            status: if over {
                QueryStatus::Complete
            } else {
                QueryStatus::Running
            },
            rows: if over { vec![row] } else { Vec::new() },
            bytes_scanned: polls * self.scans,
            next: None,
        })
    }

    async fn stop(&self, _query: &str) -> Result<(), PortError> {
        self.calls.lock().unwrap().push("stop");
        Ok(())
    }

    async fn lines(
        &self,
        _group: &str,
        _json: bool,
        _window: Window,
        token: Option<&str>,
    ) -> Result<Page<LoggedLine>, PortError> {
        self.calls.lock().unwrap().push("lines");
        if let Some(kind) = self.denied {
            return Err(PortError::new(kind, "FilterLogEvents", "not authorized"));
        }
        // All of them in the last hour.
        if token.is_none() && self.calls("lines") > 1 {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        let from = token.map_or(0, |token| token.parse::<usize>().unwrap());
        let until = (from + self.page).min(self.used_mb.len());
        Ok(Page {
            items: self.used_mb[from..until].iter().map(|&mb| self.line(mb)).collect(),
            next: (until < self.used_mb.len()).then(|| until.to_string()),
        })
    }
}

fn world(production: Production) -> (World, Arc<Production>) {
    let production = Arc::new(production);
    let mut world = World::new(Function::new(production.memory_size_mb).with_history());
    world.reports = Some(production.clone());
    (world, production)
}

fn measured(tuning: &Tuning) -> Vec<u32> {
    let mut sizes: Vec<u32> = tuning.records.iter().map(|record| record.memory_size_mb).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

#[tokio::test(start_paused = true)]
async fn a_preset_never_goes_below_what_production_uses() {
    for preset in [Preset::Frugal, Preset::Standard, Preset::Thorough] {
        let (world, _) = world(Production::new(2048, &[800, 1150, 900]));
        let request = adaptive(preset, &[]).with(|o| o.apply = Apply::Latest);
        let tuning = world.tune(&request).await.unwrap().unwrap();
        assert_eq!(tuning.floor.memory_size_mb, Some(1408));
        assert!(
            measured(&tuning).iter().all(|&mb| mb >= 1408),
            "{:?}",
            measured(&tuning)
        );
        assert!(tuning.decision.memory_size_mb.unwrap() >= 1408);
        assert!(world.lambda.with(|f| f.latest.memory_size_mb) >= 1408);
    }
}

#[tokio::test(start_paused = true)]
async fn sizes_of_a_list_that_are_too_small_have_a_row_that_says_why() {
    for asked in [
        request(&[128, 512, 1408, 2048]),
        adaptive(Preset::Standard, &[128, 512, 1408, 2048]),
    ] {
        let (world, production) = world(Production::new(2048, &[800, 1150, 900]));
        let tuning = world.tune(&asked).await.unwrap().unwrap();
        assert_eq!(measured(&tuning), [1408, 2048]);
        // Nothing failed.
        assert_eq!(tuning.status, TuningStatus::Succeeded);
        for size in &tuning.sizes[..2] {
            let SizeStatus::Skipped { reason } = &size.status else {
                panic!("{size:?}");
            };
            assert_eq!(
                reason,
                "below the floor of 1,408 MB: 1,150 MB were used at most in 3 invocations (its logs to 2026-11-27)"
            );
        }
        // All that there is was read for free.
        assert_eq!(production.calls("start"), 0);
        assert!(tuning.floor.unknown.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_nothing_but_too_small_sizes_is_refused_before_anything_is_changed() {
    let (world, _) = world(Production::new(2048, &[1150]));
    let failure = world.tune(&request(&[128, 512])).await.unwrap().unwrap_err();
    assert!(!failure.touched && matches!(failure.error, TuningError::BelowFloor { floor_mb: 1408, .. }));
    assert_eq!(failure.error.remedy(), Some(Remedy::StayAboveFloor { floor_mb: 1408 }));
}

#[tokio::test(start_paused = true)]
async fn the_risk_can_be_accepted_and_is_told() {
    let (world, _) = world(Production::new(2048, &[1150]));
    let asked = request(&[512, 2048]).with(|o| {
        o.risk_failures_below_floor = true;
        o.apply = Apply::Latest;
    });
    let tuning = world.tune(&asked).await.unwrap().unwrap();
    assert_eq!(tuning.decision.memory_size_mb, Some(512));
    assert!(tuning.applied.is_some());
    assert!(tuning.floor.risk_accepted && tuning.floor.memory_size_mb == Some(1408));
}

#[tokio::test(start_paused = true)]
async fn apply_refuses_what_is_below() {
    let (world, _) = world(Production::new(2048, &[1150]));
    let asked = request(&[1408, 2048]).with(|o| o.apply = Apply::Latest);
    let ctx = world.context();
    let state = initialize(&ctx, &asked).await.unwrap();
    let mut tuning = world.tune(&asked.with(|o| o.apply = Apply::No)).await.unwrap().unwrap();
    tuning.decision.memory_size_mb = Some(512);
    let error = steps::apply(&ctx, &state, &tuning).await.unwrap_err().to_string();
    assert!(error.contains("512 MB is below the floor of 1,408 MB"), "{error}");
    assert_eq!(world.lambda.with(|f| f.latest.memory_size_mb), 2048);
}

#[tokio::test(start_paused = true)]
async fn a_busy_function_is_asked_of_a_query_within_a_bound() {
    let busy = |query, scans| Production {
        used_mb: vec![700; 5_000],
        page: 100,
        query,
        scans,
        ..Production::new(2048, &[])
    };
    // The latest thousand used less than the one of last week.
    let (world, production) = self::world(busy(Ok(1150), 1_000_000));
    let tuning = world.tune(&request(&[512, 1408, 2048])).await.unwrap().unwrap();
    assert_eq!(
        (tuning.floor.memory_size_mb, tuning.floor.scanned_bytes),
        (Some(1408), 4_000_000)
    );
    assert!(production.calls("lines") <= 12, "{}", production.calls("lines"));
    // What may not be queried, or takes too much, leaves the sample.
    for (query, scans, why) in [
        (Err(Kind::Denied), 0, "logs:StartQuery is missing"),
        (Ok(1150), MOST_SCANNED_BYTES, "scanned too much"),
    ] {
        let (world, production) = self::world(busy(query, scans));
        let tuning = world.tune(&request(&[512, 1408, 2048])).await.unwrap().unwrap();
        assert_eq!(tuning.floor.memory_size_mb, Some(896));
        let [unknown] = &tuning.floor.unknown[..] else {
            panic!("{:?}", tuning.floor.unknown);
        };
        assert!(
            unknown.contains(why) && unknown.contains("only the latest"),
            "{unknown}"
        );
        assert_eq!(production.calls("stop"), usize::from(query.is_ok()));
        assert!(tuning.floor.scanned_bytes <= 3 * MOST_SCANNED_BYTES);
    }
}

#[tokio::test(start_paused = true)]
async fn logs_that_may_not_be_read_are_said_and_no_reason_to_fail() {
    let denied = Production {
        denied: Some(Kind::Denied),
        ..Production::new(2048, &[])
    };
    let (world, _) = world(denied);
    let tuning = world.tune(&request(&[512, 2048])).await.unwrap().unwrap();
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    assert_eq!(
        tuning.floor.unknown,
        ["memory used in production is not known: logs:FilterLogEvents is missing; logs:StartQuery is missing"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_tuning_found_counts() {
    let earlier = |code: Option<&str>| {
        let code = code.map(str::to_owned);
        async move {
            let law = |call: &crate::simulated::Call| match call.memory_size_mb {
                128 => Answer::OutOfMemory,
                256 => Answer::Timeout,
                mb => Answer::Done(100_000.0 / f64::from(mb)),
            };
            let world = World::with_law(Function::new(1024), Box::new(law));
            let mut tuning = world.tune(&request(&[128, 256, 512, 1024])).await.unwrap().unwrap();
            tuning.function.code_sha256 = code;
            tuning
        }
    };
    for (code, words) in [(None, ")"), (Some("other"), ", other code)")] {
        let world = World::new(Function::new(1024));
        let earlier = earlier(code).await;
        world.over.1.lock().unwrap().push(earlier);
        let tuning = world.tune(&request(&[128, 256, 512, 1024])).await.unwrap().unwrap();
        assert_eq!(measured(&tuning), [512, 1024]);
        let need = tuning.floor.needs[0].to_string();
        assert!(
            need.starts_with("1 of 1 invocation timed out at 256 MB (the tuning of "),
            "{need}"
        );
        assert!(need.ends_with(words), "{need}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_given_takes_the_place_of_reading() {
    let (world, production) = world(Production::new(2048, &[1150]));
    let need = Need {
        seen: Sighting::MemoryUsed {
            max_memory_used_mb: 400,
            invocations: 10,
        },
        source: Source::Logs,
        at: Some(Timestamp::UNIX_EPOCH),
    };
    let asked = TuningRequest {
        known: Some(Known {
            needs: vec![need],
            ..Known::default()
        }),
        ..request(&[256, 512])
    };
    let tuning = world.tune(&asked).await.unwrap().unwrap();
    assert_eq!(measured(&tuning), [512]);
    assert!(production.calls.lock().unwrap().is_empty());
    assert_eq!(
        MemorySize::new(512).ok().map(MemorySize::mb),
        tuning.decision.memory_size_mb
    );
}
