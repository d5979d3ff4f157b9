//! What is invoked, what is counted, what is concluded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tuner_core::pricing::PriceTable;
use tuner_core::tuning::{MeasuringEnvironment, SizeStatus, TuningStatus};
use tuner_core::{Batch, InvocationRecord, MemorySize, Outcome, Payloads, StartKind, Tuning, Verdict};
use tuner_engine::ports::{Clock, PortErrorKind as Kind};
use tuner_engine::{TuningError, TuningRequest, steps};

use crate::simulated::{Answer, Call, Fault, Function, When, World, initialize, request, usual};

fn world(law: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> World {
    World::with_law(Function::new(256).with_history(), Box::new(law))
}

async fn tuned(world: &World, request: &TuningRequest) -> Tuning {
    let before = world.lambda.with(|f| f.facts());
    let tuning = world.tune(request).await.unwrap().unwrap();
    assert_eq!(world.lambda.with(|f| f.facts()), before);
    tuning
}

/// The records in the store.
fn stored(world: &World) -> Vec<InvocationRecord> {
    let objects = world.store.objects.lock().unwrap();
    objects
        .values()
        .flat_map(|bytes| {
            String::from_utf8(bytes.clone())
                .unwrap()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect::<Vec<InvocationRecord>>()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_size_that_fails_is_a_row_with_its_class() {
    for (answer, outcome, calls) in [
        (Answer::OutOfMemory, Outcome::OutOfMemory, 1),
        (Answer::Timeout, Outcome::Timeout, 1),
        (Answer::InitError, Outcome::InitError, 2),
        (Answer::Raised("ValueError", "no"), Outcome::FunctionError, 5),
        (Answer::Unreported, Outcome::Unmeasured, 3),
    ] {
        let at_128 = answer.clone();
        let world = world(move |call| match call.memory_size_mb {
            128 => at_128.clone(),
            _ => usual(call),
        });
        let tuning = tuned(&world, &request(&[128, 512, 1024])).await;
        assert_eq!(tuning.status, TuningStatus::Partial, "{answer:?}");
        assert_eq!(tuning.sizes[0].status, SizeStatus::Failed { outcome }, "{answer:?}");
        assert_eq!(world.lambda.invoked()[&128], calls, "{answer:?}");
        assert_eq!(tuning.decision.memory_size_mb, Some(512), "{answer:?}");
        assert_eq!(world.lambda.invoked()[&1024], 6);
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_sizes_fail_there_is_no_recommendation_but_a_reason() {
    let world = world(|_| Answer::Raised("KeyError", "no such table"));
    let tuning = tuned(&world, &request(&[128, 512])).await;
    assert_eq!(
        (tuning.status, tuning.decision.verdict),
        (TuningStatus::Failed, Verdict::AllFailed)
    );
    assert_eq!(tuning.decision.memory_size_mb, None);
    assert!(
        tuning.sizes[0]
            .first_failure
            .as_ref()
            .unwrap()
            .contains("no such table")
    );
}

#[tokio::test(start_paused = true)]
async fn cold_starts_are_told_apart_and_cost_nothing_else() {
    let tuning = tuned(&world(usual), &request(&[128, 512])).await;
    for size in &tuning.sizes {
        assert_eq!(size.cold.as_ref().unwrap().duration_ms.count, 1);
        assert_eq!(size.warm.as_ref().unwrap().duration_ms.count, 5);
    }
    assert_eq!(tuning.decision.start, Some(StartKind::Warm));
}

#[tokio::test(start_paused = true)]
async fn allowed_errors_are_samples() {
    let world = world(|call| match call.earlier % 2 {
        0 => Answer::Raised("NotThere", "nothing to do"),
        _ => usual(call),
    });
    let mut asked = request(&[128, 512]);
    asked.options.allowed_errors = vec!["NotThere".to_owned()];
    let tuning = tuned(&world, &asked).await;
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    assert_eq!(tuning.sizes[0].outcomes.success, 6);
}

#[tokio::test(start_paused = true)]
async fn messages_are_not_kept_unless_wanted() {
    for (keep, kept) in [(true, true), (false, false)] {
        let world = world(|_| Answer::Raised("E", "secret 42"));
        let mut asked = request(&[128]);
        asked.options.keep_messages = keep;
        let tuning = tuned(&world, &asked).await;
        let text = serde_json::to_string(&tuning).unwrap();
        let objects = world
            .store
            .objects
            .lock()
            .unwrap()
            .values()
            .flatten()
            .copied()
            .collect::<Vec<u8>>();
        assert_eq!(text.contains("secret 42"), kept);
        assert_eq!(String::from_utf8(objects).unwrap().contains("secret 42"), kept);
        assert!(!text.contains(REQUEST_PAYLOAD));
    }
}

const REQUEST_PAYLOAD: &str = "customer 7";

#[tokio::test(start_paused = true)]
async fn payloads_are_spread_by_weight_and_sent_as_written() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = seen.clone();
    let world = world(move |call| {
        log.lock().unwrap().push(call.payload.clone());
        usual(call)
    });
    let payloads = Payloads::parse(
        r#"[{"payload":"customer 7","weight":1},{"payload":{"n": 1.50},"weight":3}]"#,
        "p",
    )
    .unwrap();
    let mut asked = request(&[512]);
    asked.options.invocations = 8;
    let tuning = world.tune_with(&asked, &payloads).await.unwrap().unwrap();
    let warm = seen.lock().unwrap()[1..].to_vec();
    assert_eq!(warm.len(), 8);
    assert_eq!(warm.iter().filter(|p| *p == "\"customer 7\"").count(), 2);
    assert_eq!(warm.iter().filter(|p| *p == "{\"n\": 1.50}").count(), 6);
    assert_eq!(tuning.request.payloads.count, 2);
    assert!(tuning.records.iter().all(|r| r.payload_index.is_some()));
    assert!(!serde_json::to_string(&tuning).unwrap().contains(REQUEST_PAYLOAD));
}

#[tokio::test(start_paused = true)]
async fn throttles_are_counted_and_their_wait_is_in_no_duration() {
    let world = world(usual);
    world.lambda.limit_concurrency(1);
    world.lambda.hide_account();
    let mut asked = request(&[128, 512, 1024]);
    asked.options.concurrency = 3;
    let tuning = tuned(&world, &asked).await;
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    assert!(tuning.exploration.throttles > 0);
    assert_eq!(world.lambda.most_running(), 1);
    assert_eq!(
        tuning.sizes.iter().map(|s| s.throttles).sum::<u32>(),
        tuning.exploration.throttles
    );
    for record in &tuning.records {
        let most = match record.memory_size_mb {
            128 => 1020.0,
            512 => 204.0,
            _ => 153.0,
        };
        assert!(record.duration_ms.unwrap() <= most, "{record:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_allowed() {
    let world = world(usual);
    let mut asked = request(&[128, 512, 1024]);
    asked.options.concurrency = 5;
    asked.options.max_concurrency = 4;
    tuned(&world, &asked).await;
    assert_eq!(world.lambda.most_running(), 4);
}

#[tokio::test(start_paused = true)]
async fn endless_throttling_ends() {
    let world = world(usual);
    world.lambda.limit_concurrency(0);
    let tuning = tuned(&world, &request(&[128, 512])).await;
    assert_eq!(tuning.status, TuningStatus::Failed);
    assert_eq!(
        tuning.sizes[0].status,
        SizeStatus::Failed {
            outcome: Outcome::Throttled
        }
    );
    assert_eq!(tuning.exploration.invocations, 0);
    assert_eq!(tuning.exploration.cost.map(|c| c.amount), Some(0.0));
    // Two calls a size, each inside the budget of a minute and one last wait.
    assert!(
        tuning.exploration.wall_ms < 2 * 2 * 70_000,
        "{}",
        tuning.exploration.wall_ms
    );
}

#[tokio::test(start_paused = true)]
async fn sizes_take_turns() {
    let world = world(usual);
    let mut asked = request(&[128, 512, 1024]);
    asked.options.max_concurrency = 1;
    let tuning = tuned(&world, &asked).await;
    let versions: Vec<String> = world
        .lambda
        .calls()
        .iter()
        .filter(|call| call.operation == "Invoke")
        .map(|call| call.target.clone())
        .collect();
    assert!(versions.chunks(3).all(|turn| turn == &versions[..3]), "{versions:?}");
    // The document has them by size.
    let order: Vec<u32> = tuning.records.iter().map(|r| r.memory_size_mb).collect();
    assert!(order.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_made_between_the_invocations_of_a_size() {
    let world = world(|_| Answer::Done(1.0));
    let mut asked = request(&[128]);
    asked.options.pause_ms = 10_000;
    let tuning = tuned(&world, &asked).await;
    assert!(
        tuning.exploration.wall_ms >= 5 * 10_000,
        "{}",
        tuning.exploration.wall_ms
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_of_fourteen_minutes_is_waited_for() {
    let mut function = Function::new(256);
    function.latest.timeout_s = 900;
    let world = World::with_law(function, Box::new(|_| Answer::Done(840_000.0)));
    let mut asked = request(&[128]);
    asked.options.invocations = 10;
    let tuning = tuned(&world, &asked).await;
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    let hours = world
        .clock
        .now()
        .duration_since("2026-01-01T00:00:00Z".parse().unwrap())
        .as_hours();
    assert!(hours >= 2, "{hours}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stops_all_sizes_and_keeps_what_was_measured() {
    let world = world(usual);
    let mut asked = request(&[128, 512, 1024]);
    asked.options.invocations = 100;
    let ctx = world.context();
    let mut state = initialize(&ctx, &asked).await.unwrap();
    steps::publish(&ctx, &mut state).await.unwrap();
    let begun = world.lambda.calls().len() as u32;
    world.lambda.inject(When::At(begun + 20), Fault::Before(Kind::Denied));
    let batches: Vec<Batch> = asked
        .options
        .memory_sizes
        .iter()
        .map(|&memory_size| Batch {
            memory_size,
            invocations: 100,
            concurrency: 2,
        })
        .collect();
    let error = steps::sample(&ctx, &mut state, &batches, &Payloads::single("{}"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, TuningError::Port(e) if e.kind == Kind::Denied),
        "{error}"
    );
    let ran: u32 = world.lambda.invoked().values().sum();
    assert!((19..=26).contains(&ran), "{ran} of 300 ran");
    assert_eq!(stored(&world).len(), ran as usize);
    assert_eq!(state.progress.values().map(|p| p.outcomes.total()).sum::<u32>(), ran);
}

#[tokio::test(start_paused = true)]
async fn stopping_keeps_what_was_measured_and_puts_everything_back() {
    let world = world(usual);
    let before = world.lambda.with(|f| f.facts());
    let mut asked = request(&[128, 512]);
    asked.options.invocations = 100;
    asked.options.concurrency = 4;
    world.lambda.inject(When::At(80), Fault::CancelAfter);
    let failure = world.tune(&asked).await.unwrap().unwrap_err();
    assert!(matches!(failure.error, TuningError::Interrupted), "{failure}");
    assert_eq!(failure.leftovers, [""; 0]);
    assert_eq!(world.lambda.with(|f| f.facts()), before);
    let records = stored(&world).len() as u32;
    let ran: u32 = world.lambda.invoked().values().sum();
    // Those under way are given up; they are billed, but nobody waits for them.
    assert!(records > 0 && records < ran && ran - records <= 8, "{records} of {ran}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_named_and_the_function_is_put_back() {
    let world = world(usual);
    let before = world.lambda.with(|f| f.facts());
    *world.store.broken.lock().unwrap() = true;
    let failure = world.tune(&request(&[128])).await.unwrap().unwrap_err();
    assert!(failure.to_string().contains("no space left on device"), "{failure}");
    assert!(failure.error.remedy().is_some());
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}

#[tokio::test(start_paused = true)]
async fn the_state_stays_small_whatever_was_measured() {
    let mut function = Function::new(256).with_history();
    function.latest.description = "ö".repeat(256);
    function.latest.variables = Some([("A".to_owned(), "x".repeat(3500))].into());
    let world = World::with_law(
        function,
        Box::new(|call| match call.earlier % 7 {
            6 => Answer::Raised("Flaky", "the downstream service did not answer in time"),
            _ => usual(call),
        }),
    );
    let sizes: Vec<u32> = (1..=10).map(|n| n * 1000).collect();
    let mut asked = request(&sizes);
    asked.options.invocations = 1000;
    asked.options.concurrency = 10;
    let ctx = world.context();
    let mut state = initialize(&ctx, &asked).await.unwrap();
    loop {
        match steps::plan(&ctx, &state) {
            steps::Next::Publish => steps::publish(&ctx, &mut state).await.unwrap(),
            steps::Next::Sample(batches) => steps::sample(&ctx, &mut state, &batches, &Payloads::single("{}"))
                .await
                .unwrap(),
            steps::Next::Restore => break,
        }
    }
    assert!(world.lambda.invoked().values().sum::<u32>() >= 10_000);
    let bytes = serde_json::to_vec(&state).unwrap();
    assert!(bytes.len() < 32 * 1024, "{} bytes", bytes.len());
    // What travels as JSON goes on where it was, without the function's secrets.
    assert!(!String::from_utf8_lossy(&bytes).contains("xxxx"));
    state.original.latest.variables = None;
    assert_eq!(
        serde_json::from_slice::<tuner_engine::TuningState>(&bytes).unwrap(),
        state
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_price_compares_gb_seconds_and_says_so() {
    let mut function = Function::new(256);
    function.latest.arn = "arn:aws:lambda:xx-nowhere-9:123456789012:function:resize"
        .parse()
        .unwrap();
    let tuning = tuned(&World::new(function), &request(&[128, 512])).await;
    assert!(tuning.price.is_none() && tuning.price_unknown.is_some());
    assert!(tuning.sizes[0].warm.as_ref().unwrap().cost.is_none());
    assert_eq!(tuning.exploration.cost, None);
    assert_eq!(tuning.decision.memory_size_mb, Some(512));
}

#[tokio::test(start_paused = true)]
async fn china_is_priced_in_its_own_currency() {
    let mut function = Function::new(256);
    function.latest.arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:resize"
        .parse()
        .unwrap();
    let tuning = tuned(&World::new(function), &request(&[128, 512])).await;
    let cost = tuning.exploration.cost.unwrap();
    assert_eq!(format!("{:?}", cost.currency), "Cny");
    assert_eq!(
        tuning.sizes[0].warm.as_ref().unwrap().cost.unwrap().currency,
        cost.currency
    );
}

#[tokio::test(start_paused = true)]
async fn noise_is_no_reason_to_move() {
    // The same cost at 256 and 512 MB apart from noise of 30 %; 512 MB, which is in use, is also the faster.
    let noisy = |call: &Call| {
        let noise = f64::from((call.earlier * 7919 + call.memory_size_mb * 31) % 61) / 100.0;
        Answer::Done(100_000.0 / f64::from(call.memory_size_mb) * (0.7 + noise))
    };
    let world = World::with_law(Function::new(512), Box::new(noisy));
    let tuning = tuned(&world, &request(&[256, 512])).await;
    assert!(matches!(
        tuning.decision.verdict,
        Verdict::Keep | Verdict::NoClearWinner
    ));
    assert_eq!(tuning.decision.memory_size_mb, Some(512));
    // Were 256 MB in use, the same measurements would be a reason to move: as cheap, and clearly faster.
    let world = World::with_law(Function::new(256), Box::new(noisy));
    let tuning = tuned(&world, &request(&[256, 512])).await;
    assert_eq!(
        (tuning.decision.verdict, tuning.decision.memory_size_mb),
        (Verdict::Move, Some(512))
    );
}

#[tokio::test(start_paused = true)]
async fn sizes_given_twice_are_measured_once() {
    let world = world(usual);
    tuned(&world, &request(&[128, 128])).await;
    assert_eq!(world.lambda.invoked().into_iter().collect::<Vec<_>>(), [(128, 6)]);
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_waited_for_no_longer_than_the_budget() {
    let world = world(usual);
    let ctx = world.context();
    let asked = request(&[128]);
    let mut state = initialize(&ctx, &asked).await.unwrap();
    steps::publish(&ctx, &mut state).await.unwrap();
    let begun = world.clock.now();
    let calls = world.lambda.calls().len() as u32;
    world
        .lambda
        .inject(When::From(calls + 1), Fault::Before(Kind::Unreachable));
    let batch = Batch {
        memory_size: MemorySize::MIN,
        invocations: 3,
        concurrency: 1,
    };
    let error = steps::sample(&ctx, &mut state, &[batch], &Payloads::single("{}"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, TuningError::Port(e) if e.kind == Kind::Unreachable),
        "{error}"
    );
    let waited = world.clock.now().duration_since(begun).unsigned_abs();
    assert!(
        waited >= Duration::from_secs(60) && waited < Duration::from_secs(70),
        "{waited:?}"
    );
}

/// What is recommended from the sizes that were left says so.
#[tokio::test(start_paused = true)]
async fn sizes_that_were_lost_are_named_beside_the_recommendation() {
    use tuner_engine::Prices;
    let world = World::new(Function::new(256));
    let ctx = world.context();
    let mut state = initialize(&ctx, &request(&[128, 512, 1024])).await.unwrap();
    steps::publish(&ctx, &mut state).await.unwrap();
    let lost = MemorySize::new(512).unwrap();
    state.progress.get_mut(&lost).unwrap().skipped = Some("Lambda refused every invocation".to_owned());
    steps::measure(&ctx, &mut state, &Payloads::single("{}")).await.unwrap();
    let (prices, place) = (Prices::of(PriceTable::embedded()), MeasuringEnvironment::Aws);
    let tuning = steps::analyze(&ctx, &state, prices, place, Default::default())
        .await
        .unwrap();
    let said = "1 of 3 memory sizes could not be measured (512 MB): what is recommended was chosen without them";
    assert!(
        tuning.warnings.iter().any(|warning| warning == said),
        "{:?}",
        tuning.warnings
    );
}

/// A small account: half of it is left to others.
#[tokio::test(start_paused = true)]
async fn no_more_run_at_the_same_time_than_half_of_what_the_account_has() {
    let world = World::new(Function::new(256));
    world.lambda.limit_concurrency(10);
    let asked = request(&[128, 512, 1024]).with(|o| {
        o.concurrency = 8;
        o.max_concurrency = 100;
    });
    world.tune(&asked).await.unwrap().unwrap();
    assert_eq!(world.lambda.most_running(), 5);
}
