//! Two tunings of one function at once: one is refused, or neither disturbs the other.

use std::time::Duration;

use tuner_core::Remedy;
use tuner_core::tuning::TuningStatus;
use tuner_engine::TuningError;

use crate::simulated::{Fault, Function, When, World, request};

/// Starts a second tuning when the first has made so many calls.
async fn second_after(calls: usize) -> (World, bool, bool) {
    let world = World::new(Function::new(256).with_history());
    let before = world.lambda.with(|f| f.facts());
    let first = request(&[128, 512]);
    let second = request(&[512, 1024]);
    let (first, second) = tokio::join!(world.tune_apart(&first), async {
        while world.lambda.calls().len() < calls {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.tune_apart(&second).await
    });
    for result in [&first, &second] {
        match result {
            Ok(tuning) => {
                assert_eq!(tuning.status, TuningStatus::Succeeded, "{calls}");
                assert_eq!(tuning.decision.memory_size_mb, Some(512), "{calls}");
                assert_eq!(tuning.leftovers, [""; 0], "{calls}");
            }
            Err(failure) => {
                assert!(
                    matches!(
                        failure.error,
                        TuningError::Marked { .. } | TuningError::ForeignChange { .. }
                    ),
                    "{calls}: {failure:?}"
                );
                assert_eq!(failure.leftovers, [""; 0], "{calls}");
            }
        }
    }
    assert_eq!(world.lambda.with(|f| f.facts()), before, "{calls}");
    (world, first.is_ok(), second.is_ok())
}

#[tokio::test(start_paused = true)]
async fn wherever_the_second_begins_one_goes_through() {
    let mut both = 0;
    for calls in 0..34 {
        let (_, first, second) = second_after(calls).await;
        assert!(first || second, "both failed when the second began at call {calls}");
        both += u32::from(first && second);
    }
    // While the first measures, the function is free.
    assert!(both > 5, "{both}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_off_tuning_holds_the_function_until_it_is_restored() {
    let world = World::new(Function::new(256).with_history());
    let before = world.lambda.with(|f| f.facts());
    // The eighth call is in the middle of publishing.
    world.lambda.inject(When::At(8), Fault::CrashAfter);
    assert!(world.tune(&request(&[128, 512])).await.is_none());
    let held = world.lambda.with(|f| f.facts());
    assert_ne!(held, before);

    let error = world.tune_apart(&request(&[1024])).await.unwrap_err().error;
    assert!(matches!(error, TuningError::Marked { original_mb: 256, .. }), "{error}");
    assert!(matches!(error.remedy(), Some(Remedy::WaitOrRestore { .. })));
    assert_eq!(world.lambda.with(|f| f.facts()), held);

    let restored = world.restore().await;
    assert_eq!(restored.memory_size_mb, Some(256));
    assert_eq!(world.lambda.with(|f| f.facts()), before);
    // Once more does no harm.
    assert_eq!(world.restore().await, Default::default());
    assert!(world.tune_apart(&request(&[512, 1024])).await.is_ok());
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}
