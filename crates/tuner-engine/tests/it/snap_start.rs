//! What SnapStart costs: every version that is published is cached, and charged for three hours at least.

use tuner_core::planning::{Budget, Preset};
use tuner_engine::{TuningError, TuningRequest, steps};

use crate::simulated::{Fault, Function, When, World, adaptive, request};
use tuner_engine::ports::PortErrorKind as Kind;

fn function(runtime: Option<&str>) -> Function {
    let mut function = Function::new(256);
    function.latest.arn = "arn:aws:lambda:us-east-1:123456789012:function:resize".parse().unwrap();
    function.latest.snap_start = true;
    function.latest.runtime = runtime.map(str::to_owned);
    function
}

#[tokio::test(start_paused = true)]
async fn versions_are_part_of_what_a_tuning_costs() {
    let world = World::new(function(Some("python3.13")));
    let tuning = world.tune(&request(&[512, 1024])).await.unwrap().unwrap();
    let used = tuning.exploration.snap_start.unwrap();
    assert_eq!((used.versions, used.cached_gb_seconds), (2, 1.5 * 10_800.0));
    // 1.5 GB x 10,800 s x 0.0000015046.
    assert!((used.cost.unwrap().amount - 0.024_374_52).abs() < 1e-9);
    let all = tuning.exploration.total().unwrap().amount;
    assert!(all > 0.024_374_52 + tuning.exploration.cost.unwrap().amount - 1e-9);

    let java = World::new(function(Some("java21")));
    let tuning = java.tune(&request(&[512])).await.unwrap().unwrap();
    assert_eq!(tuning.exploration.snap_start.unwrap().cost.unwrap().amount, 0.0);

    let plain = World::new(Function::new(256));
    let tuning = plain.tune(&request(&[512])).await.unwrap().unwrap();
    assert_eq!(tuning.exploration.snap_start, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_said_and_bounded_by_no_budget() {
    let world = World::new(function(None));
    let tuning = world.tune(&request(&[512])).await.unwrap().unwrap();
    assert_eq!(tuning.exploration.total(), None);
    assert!(tuning.exploration.cost.is_some());
    let said = tuning
        .warnings
        .iter()
        .any(|warning| warning.contains("SnapStart costs here is not known"));
    assert!(said, "{:?}", tuning.warnings);
    let asked = adaptive(Preset::Frugal, &[]).with(|o| {
        o.budget = Budget {
            cost: Some(1.0),
            ..Budget::default()
        }
    });
    let failure = World::new(function(None)).tune(&asked).await.unwrap().unwrap_err();
    assert!(matches!(failure.error, TuningError::Untunable { .. }), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn no_version_is_published_that_exceeds_the_budget() {
    for budget in [0.001, 0.01, 0.05] {
        let asked = adaptive(Preset::Frugal, &[]).with(|o| {
            o.budget = Budget {
                cost: Some(budget),
                ..Budget::default()
            }
        });
        let world = World::new(function(Some("python3.13")));
        let before = world.lambda.with(|f| f.facts());
        let tuning = world.tune(&asked).await.unwrap().unwrap();
        let spent = tuning.exploration.total().unwrap().amount;
        assert!(spent <= budget, "{spent} of {budget}: {:?}", tuning.warnings);
        assert_eq!(world.lambda.with(|f| f.facts()), before);
    }
}

/// The first thing that a person waits for.
#[tokio::test(start_paused = true)]
async fn one_refusal_in_passing_does_not_end_the_first_look() {
    for asked in ["resize", "resize:live"] {
        for call in 1..=2 {
            for fault in [Fault::Before(Kind::Throttled), Fault::Before(Kind::Service)] {
                let world = World::new(Function::new(256).deployed());
                world.lambda.inject(When::At(call), fault);
                let request = TuningRequest::new(asked.parse().unwrap());
                let seen = steps::look(&world.context(), &request).await.unwrap();
                assert_eq!(seen.latest.version, "$LATEST");
            }
        }
    }
    // Where nothing listens nobody waits a minute to hear it.
    let world = World::new(Function::new(256));
    world.lambda.inject(When::From(1), Fault::Before(Kind::Unreachable));
    let request = TuningRequest::new("resize".parse().unwrap());
    steps::look(&world.context(), &request).await.unwrap_err();
    assert_eq!(world.lambda.calls().len(), 1);
}
