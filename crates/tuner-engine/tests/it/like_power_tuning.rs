//! How many invocations an input of aws-lambda-power-tuning makes here, beside how many it makes there, by its
//! `lambda/executor.js`: `num` at each size, cold ones among them, and one at each in a dry run. What
//! `docs/from-power-tuning.md` says of the difference is what is made.

use tuner_core::Tuning;
use tuner_engine::execution::{Defaults, ExecutionInput};

use crate::simulated::{Function, World, usual};

const SIZES: [u32; 3] = [128, 512, 1024];

async fn tune(world: &World, input: &str) -> Tuning {
    let input = ExecutionInput::parse(input, &Defaults::default()).unwrap();
    world.tune(&input.request).await.unwrap().unwrap()
}

fn world() -> World {
    World::with_law(Function::new(256), Box::new(usual))
}

fn warm(tuning: &Tuning) -> Vec<usize> {
    let warm =
        |size: &tuner_core::tuning::SizeResult| size.warm.as_ref().map_or(0, |w| w.billed_duration_ms.count as usize);
    tuning.sizes.iter().map(warm).collect()
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other_num_are_warm_and_one_more_is_cold() {
    for num in [5, 10, 50, 100] {
        let world = world();
        let input = format!(r#"{{"lambdaARN": "resize", "powerValues": [128, 512, 1024], "num": {num}}}"#);
        let tuning = tune(&world, &input).await;
        assert_eq!(warm(&tuning), [num as usize; 3]);
        assert_eq!(world.lambda.invoked(), SIZES.map(|mb| (mb, num + 1)).into(), "{num}");
        assert!(
            !tuning.warnings.iter().any(|w| w.contains("warm environment")),
            "{:?}",
            tuning.warnings
        );
    }
}

#[tokio::test(start_paused = true)]
async fn in_parallel_num_are_warm_and_no_more_than_a_fifth_and_one_are_cold() {
    for num in [5_u32, 10, 33, 50, 100, 350] {
        let world = world();
        let input = format!(
            r#"{{"lambdaARN": "resize", "powerValues": [128, 512, 1024], "num": {num}, "parallelInvocation": true}}"#
        );
        let tuning = tune(&world, &input).await;
        // A turn that is begun is ended, so that a few more may be warm than were asked for.
        assert!(
            warm(&tuning).iter().all(|&warm| warm >= num as usize),
            "{num}: {:?}",
            warm(&tuning)
        );
        let most = num + num.div_ceil(5).max(2) + 1;
        for (mb, made) in world.lambda.invoked() {
            assert!(made > num && made <= most, "{made} of {num} at {mb} MB");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_is_one_call_of_each_size_and_answers_no_size() {
    for parallel in [false, true] {
        let world = world();
        let input = format!(
            r#"{{"lambdaARN": "resize", "powerValues": [128, 512, 1024], "num": 50, "dryRun": true, "parallelInvocation": {parallel}}}"#
        );
        let tuning = tune(&world, &input).await;
        assert_eq!(world.lambda.invoked(), SIZES.map(|mb| (mb, 1)).into());
        assert_eq!(tuning.decision.memory_size_mb, None);
    }
}

#[tokio::test(start_paused = true)]
async fn where_fewer_are_warm_that_is_said_with_both_numbers() {
    let world = world();
    // Environments that do not come back after an invocation, but for a few: others take them away.
    world.lambda.keep_warm(12);
    let input = r#"{"lambdaARN": "resize", "powerValues": [128], "num": 50}"#;
    let tuning = tune(&world, input).await;
    assert_eq!(warm(&tuning), [12]);
    let warnings = tuning.warnings.join("; ");
    assert!(warnings.contains("12 of 50 at 128 MB"), "{warnings}");
    // It was tried again, but not for ever.
    assert!(
        world.lambda.invoked()[&128] <= 2 * 50 + 2,
        "{:?}",
        world.lambda.invoked()
    );
}
