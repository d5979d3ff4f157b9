//! Sizes and numbers of invocations chosen by what was measured: in one process, and by steps that know no more than what
//! the store and the state hold, as the Lambdas do.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::SignedDuration;
use tuner_core::planning::{Budget, Preset};
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::{MeasuringEnvironment, SizeStatus, TuningStatus};
use tuner_core::{Constraint, InvocationRecord, MemorySize, Objective, Payloads, Statistic, Tuning, Verdict};
use tuner_engine::marker::Marker;
use tuner_engine::ports::Clock;
use tuner_engine::steps::{self, Next};
use tuner_engine::{Context, Prices, TuningError, TuningRequest, TuningState, records};

use crate::simulated::{Answer, Call, Fault, Function, Lambda, Law, When, World, adaptive, initialize, usual};

const PRESETS: [Preset; 3] = [Preset::Frugal, Preset::Standard, Preset::Thorough];

fn world(law: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> World {
    World::with_law(Function::new(256).with_history(), Box::new(law))
}

/// Two per cent of noise that depends on the call only.
fn noisy(call: &Call, ms: f64) -> Answer {
    let noise = f64::from((call.earlier * 7919 + call.memory_size_mb) % 21) / 1000.0;
    Answer::Done(ms * (0.99 + noise))
}

/// Takes as long at any size.
fn waits(call: &Call) -> Answer {
    noisy(call, 800.0)
}

/// One processor's work: as fast as memory goes, up to 1,769 MB.
fn works(call: &Call) -> Answer {
    noisy(call, 250.0 * 1769.0 / f64::from(call.memory_size_mb.min(1769)))
}

/// As many processors as there are.
fn works_in_parallel(call: &Call) -> Answer {
    noisy(call, 50.0 + 400.0 * 1769.0 / f64::from(call.memory_size_mb))
}

/// Both, so that the cheapest size is in the middle.
fn works_and_grows(call: &Call) -> Answer {
    let mb = f64::from(call.memory_size_mb);
    noisy(call, 60.0 + 120_000.0 / mb + 2e7 / (mb * mb))
}

type Plain = fn(&Call) -> Answer;

const LAWS: [(&str, Plain); 5] = [
    ("usual", usual),
    ("waits", waits),
    ("works", works),
    ("works in parallel", works_in_parallel),
    ("works and grows", works_and_grows),
];

fn objectives() -> [Objective; 3] {
    let balanced = Objective::Balanced { cost_weight: 0.5 };
    [Objective::Cost, Objective::Speed, balanced]
}

/// What another process would know of `state`.
fn travelled(state: &TuningState) -> TuningState {
    serde_json::from_slice(&serde_json::to_vec(state).unwrap()).unwrap()
}

fn with_seconds(world: &World, seconds: i64) -> Context {
    let at = world.clock.now().checked_add(SignedDuration::from_secs(seconds));
    Context {
        hand_back_at: Some(at.unwrap()),
        ..world.context()
    }
}

/// What the Lambda `plan` begins with: the records in the store.
async fn known(ctx: &Context, state: &TuningState) -> TuningState {
    let mut state = travelled(state);
    let begun = state.begun();
    records::progress(&*ctx.store, &mut state, begun).await.unwrap();
    state
}

/// What the Lambda `sample` does. What it knows goes with it, but for the records in the store.
async fn sample(ctx: &Context, state: &TuningState, payloads: &Payloads) -> Result<Next, TuningError> {
    let mut state = known(ctx, state).await;
    steps::measure(ctx, &mut state, payloads).await
}

/// The rest of a tuning, every step in a process of its own with so much time. Returns how often something was measured.
async fn go_on(world: &World, mut state: TuningState, payloads: &Payloads, each_s: i64) -> (Tuning, u32) {
    for round in 0..200 {
        let ctx = with_seconds(world, each_s);
        state = known(&ctx, &state).await;
        // Another version is published while there is a minute left.
        let long = with_seconds(world, 600);
        let bytes = serde_json::to_vec(&state).unwrap().len();
        assert!(bytes < 32 * 1024, "{bytes}");
        match steps::plan(&ctx, &state) {
            Next::Publish => steps::publish(&long, &mut state).await.unwrap(),
            Next::Sample(_) => drop(sample(&ctx, &state, payloads).await.unwrap()),
            Next::Restore => {
                let restored = steps::restore(&ctx, &state).await;
                let prices = Prices::of(PriceTable::embedded());
                let environment = MeasuringEnvironment::Aws;
                let tuning = steps::analyze(&ctx, &state, prices, environment, restored).await;
                return (tuning.unwrap(), round);
            }
        }
    }
    panic!("the tuning does not end");
}

async fn by_steps(world: &World, asked: &TuningRequest, payloads: &Payloads, each_s: i64) -> (Tuning, u32) {
    let ctx = world.context();
    let prices = Prices::of(PriceTable::embedded());
    let state = steps::initialize(&ctx, asked, payloads, prices, uuid::Uuid::now_v7()).await;
    go_on(world, state.unwrap(), payloads, each_s).await
}

async fn tuned(world: &World, asked: &TuningRequest) -> Tuning {
    world.tune(asked).await.unwrap().unwrap_or_else(|e| panic!("{e}"))
}

/// How often the function was changed for a while: runs of changes with no invocation between.
fn bouts(world: &World) -> usize {
    let calls = world.lambda.calls();
    let changes: Vec<bool> = calls
        .iter()
        .filter_map(|call| match call.operation {
            "UpdateFunctionConfiguration" => Some(true),
            "Invoke" | "InvokeAsync" => Some(false),
            _ => None,
        })
        .collect();
    changes.chunk_by(|a, b| a == b).filter(|run| run[0]).count()
}

fn count(world: &World, operation: &str) -> usize {
    let calls = world.lambda.calls();
    calls.iter().filter(|call| call.operation == operation).count()
}

/// A world whose function can look at, or change, itself while it is invoked.
fn self_aware(function: Function, law: impl Fn(&Call, &Lambda) -> Answer + Send + Sync + 'static) -> World {
    let itself: Arc<OnceLock<Arc<Lambda>>> = Arc::default();
    let known = itself.clone();
    let law: Law = Box::new(move |call| law(call, known.get().unwrap()));
    let world = World::with_law(function, law);
    assert!(itself.set(world.lambda.clone()).is_ok());
    world
}

#[tokio::test(start_paused = true)]
async fn both_drivers_invoke_the_same_and_choose_the_same() {
    for (name, law) in LAWS {
        for (preset, objective) in PRESETS.into_iter().flat_map(|p| objectives().map(|o| (p, o))) {
            let asked = adaptive(preset, &[]).with(|o| o.objective = objective);
            let payloads = Payloads::single("{}");
            let (one, other) = (world(law), world(law));
            let before = one.lambda.with(|f| f.facts());
            let direct = tuned(&one, &asked).await;
            let (stepped, rounds) = by_steps(&other, &asked, &payloads, 33).await;
            let what = format!("{name}, {preset}, {objective:?}");
            assert_eq!(direct.status, TuningStatus::Succeeded, "{what}: {:?}", direct.warnings);
            assert_eq!(direct.decision, stepped.decision, "{what}");
            assert_eq!(one.lambda.invoked(), other.lambda.invoked(), "{what}");
            assert_eq!(direct.warnings, stepped.warnings, "{what}");
            assert!(rounds >= 2, "{what}: {rounds} rounds");
            for world in [&one, &other] {
                assert_eq!(world.lambda.with(|f| f.facts()), before, "{what}");
                // A size between the rungs comes after them.
                assert!(bouts(world) <= 3, "{what}: {} bouts", bouts(world));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_law_decides_which_size_wins() {
    for preset in PRESETS {
        let cost = adaptive(preset, &[]);
        let speed = cost.clone().with(|o| o.objective = Objective::Speed);
        assert_eq!(tuned(&world(waits), &cost).await.decision.memory_size_mb, Some(128));
        let fastest = tuned(&world(works), &speed).await.decision.memory_size_mb;
        assert_eq!(fastest, Some(1769), "{preset}");
        let middle = tuned(&world(works_and_grows), &cost).await.decision.memory_size_mb;
        assert!(
            middle.is_some_and(|mb| (384..=1024).contains(&mb)),
            "{preset}: {middle:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_sizes_of_the_way_up_are_published_together_and_the_function_is_back_while_it_is_measured() {
    let original = Function::new(640).with_history();
    let law = |call: &Call, lambda: &Lambda| {
        lambda.with(|f| {
            assert_eq!(f.latest.memory_size_mb, 640);
            assert_eq!(Marker::read(&f.latest.description, f.latest.variables.as_ref()), None);
        });
        waits(call)
    };
    let world = self_aware(original, law);
    let tuning = tuned(&world, &adaptive(Preset::Standard, &[])).await;
    assert_eq!(tuning.decision.memory_size_mb, Some(128));
    assert_eq!(bouts(&world), 1);
    // The present size and six rungs, each with one change; and one back.
    assert_eq!(count(&world, "PublishVersion"), 7);
    assert_eq!(count(&world, "UpdateFunctionConfiguration"), 8);
}

#[tokio::test(start_paused = true)]
async fn larger_sizes_are_published_once_they_are_needed() {
    let asked = adaptive(Preset::Standard, &[]).with(|o| o.objective = Objective::Speed);
    let world = world(works_in_parallel);
    let tuning = tuned(&world, &asked).await;
    assert!(tuning.decision.memory_size_mb > Some(3008), "{:?}", tuning.decision);
    assert_eq!(bouts(&world), 2);
    let by_steps_world = World::with_law(Function::new(256), Box::new(works_in_parallel));
    by_steps(&by_steps_world, &asked, &Payloads::single("{}"), 60).await;
    assert_eq!(bouts(&by_steps_world), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deploy_between_two_publishing_bouts_stops_the_tuning_and_stays() {
    let asked = adaptive(Preset::Standard, &[]).with(|o| o.objective = Objective::Speed);
    let law = |call: &Call, lambda: &Lambda| {
        if call.memory_size_mb == 3008 && call.earlier == 0 {
            lambda.with(|f| {
                f.latest.code_sha256 = Some("code-2".to_owned());
                f.touch();
            });
        }
        works_in_parallel(call)
    };
    let world = self_aware(Function::new(256).with_history(), law);
    let mut expected = world.lambda.with(|f| f.facts());
    expected.code = Some("code-2".to_owned());
    let failure = world.tune(&asked).await.unwrap().unwrap_err();
    assert!(
        matches!(failure.error, TuningError::ForeignChange { .. }),
        "{}",
        failure.error
    );
    assert_eq!(failure.leftovers, [""; 0]);
    assert_eq!(world.lambda.with(|f| f.facts()), expected);
    assert!(world.lambda.invoked().keys().all(|&mb| mb <= 3008));
}

/// Many accounts may use no more than 3,008 MB.
/// Source: Lambda quotas; new accounts have reduced concurrency and memory quotas.
#[tokio::test(start_paused = true)]
async fn a_memory_quota_ends_the_way_up() {
    for quota in [1000, 3008] {
        for objective in objectives() {
            let asked = adaptive(Preset::Standard, &[]).with(|o| o.objective = objective);
            let mut function = Function::new(256).with_history();
            function.rules.memory_quota_mb = quota;
            let world = World::with_law(function, Box::new(works_in_parallel));
            let before = world.lambda.with(|f| f.facts());
            let tuning = tuned(&world, &asked).await;
            let chosen = tuning.decision.memory_size_mb.unwrap();
            assert!(chosen <= quota, "{quota}: {chosen}");
            if objective == Objective::Speed {
                assert_eq!(chosen, if quota == 3008 { 3008 } else { 512 });
                let skipped: Vec<_> = tuning.sizes.iter().filter(|s| s.memory_size_mb > quota).collect();
                assert!(!skipped.is_empty());
                for size in skipped {
                    let SizeStatus::Skipped { reason } = &size.status else {
                        panic!("{:?}", size.status);
                    };
                    assert!(reason.contains("ask AWS for a higher quota"), "{reason}");
                }
            }
            assert!(bouts(&world) <= 3, "{} bouts", bouts(&world));
            assert_eq!(world.lambda.with(|f| f.facts()), before);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_present_size_is_measured_whether_it_is_a_rung_or_not() {
    for present in [128, 640, 3584] {
        let world = World::with_law(Function::new(present), Box::new(works_and_grows));
        let tuning = tuned(&world, &adaptive(Preset::Standard, &[])).await;
        let row = tuning.sizes.iter().find(|s| s.memory_size_mb == present).unwrap();
        assert_eq!(row.status, SizeStatus::Measured);
        assert!(tuning.decision.compared.iter().any(|c| c.memory_size_mb == present));
        let verdict = tuning.decision.verdict;
        assert!(
            matches!(verdict, Verdict::Move | Verdict::Keep | Verdict::NoClearWinner),
            "{present}: {verdict:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn only_sizes_of_the_list_are_invoked() {
    let world = world(usual);
    let list = [512, 1024, 2048];
    let tuning = tuned(&world, &adaptive(Preset::Thorough, &list)).await;
    assert!(world.lambda.invoked().keys().all(|mb| list.contains(mb)));
    // That in use, 256 MB, is none of them.
    assert_eq!(tuning.decision.verdict, Verdict::Choose);
    assert_eq!(tuning.decision.memory_size_mb, Some(512));
    assert_eq!(tuning.request.options.memory_sizes.len(), 3);
}

fn early_end(tuning: &Tuning) -> Vec<&String> {
    let early = tuning
        .warnings
        .iter()
        .filter(|w| w.starts_with("measuring ended early"));
    early.collect()
}

async fn within(budget: Budget, timeout_s: u32, law: Plain) -> [Tuning; 2] {
    let asked = adaptive(Preset::Thorough, &[]).with(|o| {
        o.budget = budget;
        o.objective = Objective::Speed;
    });
    let world = || {
        let mut function = Function::new(256).with_history();
        function.latest.timeout_s = timeout_s;
        World::with_law(function, Box::new(law))
    };
    let (one, other) = (world(), world());
    let tunings = [
        tuned(&one, &asked).await,
        by_steps(&other, &asked, &Payloads::single("{}"), 60).await.0,
    ];
    for (world, tuning) in [&one, &other].into_iter().zip(&tunings) {
        let invoked: u32 = world.lambda.invoked().values().sum();
        assert_eq!(invoked as usize, tuning.records.len());
    }
    tunings
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_invocations_is_kept() {
    for most in [3, 7, 12] {
        let budget = Budget {
            invocations: Some(most),
            ..Budget::default()
        };
        for tuning in within(budget, 30, works_in_parallel).await {
            assert!((2..=most).contains(&tuning.exploration.invocations), "{most}");
            let [words] = early_end(&tuning)[..] else {
                panic!("{most}: {:?}", tuning.warnings);
            };
            assert!(words.contains("budget of invocations"), "{words}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_money_is_kept() {
    // Nothing is known of the first invocations but that each ends at its time-out.
    let mut ended_early = 0;
    for most in [0.000_15, 0.000_2, 0.000_25, 0.000_5] {
        let budget = Budget {
            cost: Some(most),
            ..Budget::default()
        };
        for tuning in within(budget, 6, works_in_parallel).await {
            let cost = tuning.exploration.cost.unwrap().amount;
            assert!(cost > 0.0 && cost <= most, "{cost} of {most}");
            let words = early_end(&tuning);
            assert!(
                words.len() <= 1 && words.iter().all(|w| w.contains("budget of money")),
                "{words:?}"
            );
            ended_early += words.len();
        }
    }
    assert!(ended_early >= 2, "{ended_early}");
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_time_is_kept() {
    for seconds in [70, 85, 100] {
        let budget = Budget {
            time_ms: Some(seconds * 1000),
            ..Budget::default()
        };
        let slow = |call: &Call| noisy(call, 500.0 + 9_000.0 * 1769.0 / f64::from(call.memory_size_mb.max(512)));
        for tuning in within(budget, 60, slow).await {
            // What is left to do afterwards takes a moment too.
            let wall_ms = tuning.exploration.wall_ms;
            assert!(wall_ms <= seconds * 1000 + 3000, "{wall_ms} of {seconds} s");
            let [words] = early_end(&tuning)[..] else {
                panic!("{seconds}: {wall_ms} {:?}", tuning.warnings);
            };
            assert!(words.contains("budget of time"), "{words}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_too_small_for_a_single_size_invokes_nothing_and_says_so() {
    let budget = Budget {
        cost: Some(0.000_001),
        ..Budget::default()
    };
    for tuning in within(budget, 30, usual).await {
        assert_eq!(tuning.status, TuningStatus::Failed);
        assert_eq!(tuning.decision.verdict, Verdict::NotEnoughEvidence);
        assert_eq!(tuning.exploration.invocations, 0);
        assert_eq!(early_end(&tuning).len(), 1, "{:?}", tuning.warnings);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_everywhere_is_given_up_soon() {
    let raises = |_: &Call| Answer::Raised("ValueError", "no such table");
    for preset in PRESETS {
        let (one, other) = (world(raises), world(raises));
        let asked = adaptive(preset, &[]);
        let before = one.lambda.with(|f| f.facts());
        let (stepped, _) = by_steps(&other, &asked, &Payloads::single("{}"), 60).await;
        for tuning in [tuned(&one, &asked).await, stepped] {
            assert_eq!(tuning.status, TuningStatus::Failed);
            assert_eq!(tuning.decision.verdict, Verdict::AllFailed);
            // Three sizes, and five failures in a row at each.
            assert!(tuning.records.len() <= 15, "{preset}: {}", tuning.records.len());
            assert_eq!(early_end(&tuning).len(), 1, "{:?}", tuning.warnings);
        }
        assert_eq!(one.lambda.with(|f| f.facts()), before);
    }
}

/// Whether it is tried from the present size down or from there up.
#[tokio::test(start_paused = true)]
async fn sizes_that_are_too_small_cost_one_call_each_and_are_left_behind() {
    for (present, failure) in [128, 256, 1024]
        .into_iter()
        .flat_map(|mb| [(mb, Answer::OutOfMemory), (mb, Answer::Timeout)])
    {
        let answer = failure.clone();
        let law = move |call: &Call| match call.memory_size_mb {
            ..512 => answer.clone(),
            _ => waits(call),
        };
        let world = World::with_law(Function::new(present), Box::new(law));
        let tuning = tuned(&world, &adaptive(Preset::Standard, &[])).await;
        let what = format!("{present}, {failure:?}: {:?}", world.lambda.invoked());
        assert_eq!(tuning.decision.memory_size_mb, Some(512), "{what}");
        assert_eq!(tuning.status, TuningStatus::Partial, "{what}");
        let invoked = world.lambda.invoked();
        let failed: Vec<_> = invoked.range(..512).map(|(_, calls)| *calls).collect();
        // 128 and 256 MB, and one that has room for what was used where it ran out.
        assert!(
            (1..=3).contains(&failed.len()) && failed.iter().all(|&calls| calls == 1),
            "{what}"
        );
        assert!(bouts(&world) <= 2, "{what}: {} bouts", bouts(&world));
    }
}

#[tokio::test(start_paused = true)]
async fn every_payload_is_sent_at_every_size_and_counts_by_its_weight() {
    // Mostly it waits; one in four does work.
    let law = |call: &Call| match call.payload.as_str() {
        "1" => works(call),
        _ => noisy(call, 40.0),
    };
    let payloads = Payloads::parse(
        r#"[{"payload": 0, "weight": 3}, {"payload": 1, "weight": 1}]"#,
        "payload",
    )
    .unwrap();
    let (one, other) = (world(law), world(law));
    let asked = adaptive(Preset::Frugal, &[]);
    let direct = one.tune_with(&asked, &payloads).await.unwrap().unwrap();
    let (stepped, _) = by_steps(&other, &asked, &payloads, 60).await;
    assert_eq!(direct.decision, stepped.decision);
    assert_eq!(one.lambda.invoked(), other.lambda.invoked());
    assert_eq!(direct.request.payloads.count, 2);
    for size in direct.sizes.iter().filter(|s| s.status == SizeStatus::Measured) {
        let sent = |index| {
            let warm = direct.records.iter().filter(|r| {
                r.memory_size_mb == size.memory_size_mb
                    && r.payload_index == Some(index)
                    && r.init_duration_ms.is_none()
            });
            warm.count()
        };
        assert!(
            sent(0) >= 1 && sent(1) >= 1,
            "{}: {} and {}",
            size.memory_size_mb,
            sent(0),
            sent(1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_no_size_keeps_is_answered_with_the_closest() {
    let p95 = Constraint::Duration {
        statistic: Statistic::P95,
        max_ms: 10.0,
    };
    let asked = adaptive(Preset::Standard, &[]).with(|o| o.constraints = vec![p95]);
    let (one, other) = (world(works), world(works));
    let (stepped, _) = by_steps(&other, &asked, &Payloads::single("{}"), 60).await;
    for tuning in [tuned(&one, &asked).await, stepped] {
        assert_eq!(tuning.status, TuningStatus::Succeeded);
        assert_eq!(tuning.decision.verdict, Verdict::ConstraintNotMet);
        assert_eq!(tuning.decision.memory_size_mb, None);
        let closest = tuning.decision.closest.unwrap();
        assert!(closest.memory_size_mb >= 1769 && closest.value > 100.0, "{closest:?}");
        assert_eq!((closest.constraint, closest.limit), (p95, 10.0));
    }
}

/// Records before a step was killed are not paid for again, whatever the step had come to by itself.
#[tokio::test(start_paused = true)]
async fn a_step_that_is_killed_and_repeated_pays_for_nothing_twice() {
    let asked = adaptive(Preset::Standard, &[]);
    let payloads = Payloads::single("{}");
    let begin = async || {
        let world = world(works_and_grows);
        let ctx = world.context();
        let mut state = initialize(&ctx, &asked).await.unwrap();
        steps::publish(&ctx, &mut state).await.unwrap();
        (world, state)
    };
    let (undisturbed, state) = begin().await;
    let first = undisturbed.lambda.calls().len() as u32 + 1;
    let (expected, _) = go_on(&undisturbed, state, &payloads, 600).await;
    let invocations = count(&undisturbed, "Invoke") as u32;
    assert!(invocations > 12, "{invocations}");
    for call in first..first + invocations {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            let (world, state) = begin().await;
            world.lambda.inject(When::At(call), fault);
            let ctx = with_seconds(&world, 600);
            tokio::select! {
                biased;
                () = world.lambda.crashed.cancelled() => {}
                _ = sample(&ctx, &state, &payloads) => {}
            }
            world.lambda.heal();
            let kept = kept(&world, &state).await;
            let invoked = world.lambda.invoked();
            let lost: u32 = invoked
                .iter()
                .map(|(mb, calls)| calls - kept.get(mb).copied().unwrap_or(0))
                .sum();
            // No more than what one turn makes.
            assert!(lost <= 8, "{fault:?} at {call}: {invoked:?}, {kept:?}");
            let (tuning, _) = go_on(&world, state, &payloads, 600).await;
            // Of the one that was under way it is known that it may have run.
            let seen = |record: &&InvocationRecord| !record.request_id.is_empty();
            let records = tuning.records.iter().filter(seen).count() as u32;
            let invoked: u32 = world.lambda.invoked().values().sum();
            assert_eq!(invoked, records + lost, "{fault:?} at {call}");
            assert_eq!(
                tuning.decision.memory_size_mb, expected.decision.memory_size_mb,
                "{fault:?} at {call}"
            );
            assert_eq!(tuning.leftovers, [""; 0]);
        }
    }
}

/// Records in the store, by memory size.
async fn kept(world: &World, state: &TuningState) -> BTreeMap<u32, u32> {
    let mut kept = BTreeMap::new();
    for size in state.begun() {
        let records = records::read(&*world.store, size).await.unwrap();
        kept.insert(size.mb(), records.len() as u32);
    }
    kept
}

#[tokio::test(start_paused = true)]
async fn a_size_that_was_published_but_not_needed_is_no_row() {
    let world = world(waits);
    let (tuning, _) = by_steps(&world, &adaptive(Preset::Frugal, &[]), &Payloads::single("{}"), 60).await;
    assert!(count(&world, "PublishVersion") > tuning.sizes.len());
    assert!(
        tuning.sizes.iter().all(|s| s.status == SizeStatus::Measured),
        "{:?}",
        tuning.sizes
    );
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    let measured: Vec<u32> = tuning.sizes.iter().map(|s| s.memory_size_mb).collect();
    assert!(
        measured.contains(&MemorySize::MIN.mb()) && measured.contains(&256),
        "{measured:?}"
    );
}
