//! A check by invocations: nothing is changed, nothing is paid for twice, and nothing is said of two functions at once.

use std::collections::BTreeSet;

use tuner_core::Payloads;
use tuner_core::check::{Condition, Gate, Judge, LimitVerdict, Terms};
use tuner_engine::TuningError;
use tuner_engine::ports::Clock;
use tuner_engine::steps::check::{CheckOrder, Checked, SoFar, check, present};

use crate::simulated::{Answer, Call, Fault, Foreign, Function, When, World};

const READS_AND_INVOKES: [&str; 2] = ["GetFunction", "Invoke"];

fn world(ms: f64) -> World {
    World::with_law(Function::new(256), Box::new(move |_: &Call| Answer::Done(ms)))
}

fn gate(limits: &str) -> Gate {
    let limit = |text: &str| text.parse::<Condition>().unwrap().limit(None).unwrap();
    Gate::absolute(limits.split(',').map(limit).collect())
}

fn judge(gate: &Gate) -> Judge {
    let terms = Terms {
        price: None,
        ephemeral_storage_mb: 512,
        of_production: false,
    };
    Judge::new(&gate.limits, terms)
}

fn order(max_invocations: u32, concurrency: u32) -> CheckOrder {
    CheckOrder {
        function: "resize".parse().unwrap(),
        max_invocations,
        max_time_ms: None,
        concurrency,
        pause_ms: 0,
        allowed_errors: Vec::new(),
        keep_messages: true,
        all: false,
    }
}

/// One process with so much time, which knows what is in the store.
async fn round(world: &World, gate: &Gate, order: &CheckOrder, each_s: i64) -> Result<Checked, TuningError> {
    let ctx = world.context_for(each_s);
    let function = present(&ctx, &order.function).await?;
    let so_far = SoFar::read(&ctx, &function, world.clock.now()).await?;
    check(&ctx, order, &function, &Payloads::single("{}"), judge(gate), so_far).await
}

fn operations(world: &World) -> BTreeSet<&'static str> {
    world.lambda.calls().iter().map(|call| call.operation).collect()
}

#[tokio::test(start_paused = true)]
async fn a_check_in_rounds_comes_to_what_one_does() {
    for concurrency in [1, 3] {
        let gate = gate("p95>5s,success<95%,mean>1s");
        let order = order(80, concurrency);
        let whole = world(2000.0);
        let before = whole.lambda.with(|function| function.facts());
        let at_once = round(&whole, &gate, &order, 100_000).await.unwrap();
        let cut = world(2000.0);
        let mut rounds = 0;
        let in_rounds = loop {
            let checked = round(&cut, &gate, &order, 20).await.unwrap();
            rounds += 1;
            assert!(rounds < 100, "it does not end");
            if checked.is_over {
                break checked;
            }
        };
        assert!(rounds > 3, "{rounds}");
        let verdicts = |checked: &Checked| -> Vec<LimitVerdict> {
            checked.judge.results().iter().map(|result| result.verdict).collect()
        };
        assert_eq!(
            verdicts(&in_rounds),
            [LimitVerdict::Kept, LimitVerdict::Kept, LimitVerdict::Broken]
        );
        assert_eq!(verdicts(&at_once), verdicts(&in_rounds));
        let made: u32 = cut.lambda.invoked().values().sum();
        assert_eq!(
            in_rounds.records.len() as u32,
            made,
            "each that was paid for is there, once"
        );
        assert_eq!(operations(&cut), BTreeSet::from(READS_AND_INVOKES));
        assert_eq!(cut.lambda.with(|function| function.facts()), before);
    }
}

/// Even with less time than one invocation may take it goes on, and comes to an end.
#[tokio::test(start_paused = true)]
async fn too_little_time_is_one_call_each() {
    let (world, gate, order) = (world(4000.0), gate("p99>60s"), order(5, 1));
    for made in 1..=5 {
        let checked = round(&world, &gate, &order, 5).await.unwrap();
        assert_eq!((checked.records.len(), checked.is_over), (made, made == 5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_by_somebody_else_ends_it() {
    for foreign in [Foreign::Memory, Foreign::Code, Foreign::Settings] {
        let (world, gate) = (world(10.0), gate("p99>60s"));
        world.lambda.inject(When::At(8), Fault::Foreign(foreign));
        let ended = round(&world, &gate, &order(20, 1), 1000).await;
        assert!(
            matches!(ended, Err(TuningError::ChangedWhileChecked { .. })),
            "{foreign:?}: {ended:?}"
        );
        assert_eq!(operations(&world), BTreeSet::from(READS_AND_INVOKES));
    }
    // What the platform does by itself changes nothing that was measured.
    let (world, gate) = (world(10.0), gate("success<80%"));
    world.lambda.inject(When::At(5), Fault::Foreign(Foreign::RevisionOnly));
    assert!(round(&world, &gate, &order(20, 1), 1000).await.unwrap().is_over);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_a_tuning_holds_is_not_what_is_deployed() {
    let world = world(10.0);
    world.lambda.with(|function| {
        function.latest.description = "[tuner 01995b5e-0000-7000-8000-000000000000 256>512] resize".to_owned();
    });
    let ended = round(&world, &gate("success<80%"), &order(20, 1), 1000).await;
    assert!(
        matches!(ended, Err(TuningError::Marked { original_mb: 256, .. })),
        "{ended:?}"
    );
    assert!(world.lambda.invoked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_throttled_all_the_time_is_handed_back() {
    let world = world(10.0);
    world.lambda.limit_concurrency(0);
    let checked = round(&world, &gate("success<80%"), &order(20, 1), 30).await.unwrap();
    assert!(
        !checked.is_over && checked.records.is_empty() && checked.throttled > 0,
        "{checked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_measured_is_not_paid_for_a_hundred_times() {
    let world = World::with_law(Function::new(256), Box::new(|_: &Call| Answer::Unreported));
    let checked = round(&world, &gate("p95>1s"), &order(100, 1), 1000).await.unwrap();
    assert_eq!((checked.is_over, checked.records.len()), (true, 5));
    assert_eq!(checked.judge.results()[0].verdict, LimitVerdict::NotMeasured);
    let [warning] = checked.warnings.as_slice() else {
        panic!("{:?}", checked.warnings)
    };
    assert!(
        warning.contains("none of 5 invocations") && warning.contains("REPORT"),
        "{warning}"
    );
}
