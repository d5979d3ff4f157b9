//! What is put back, and what is said when it can't be.

use std::time::Duration;

use std::collections::BTreeMap;

use tuner_core::Remedy;
use tuner_core::tuning::{SizeStatus, TuningStatus};
use tuner_engine::TuningError;
use tuner_engine::marker::REST_VARIABLE;
use tuner_engine::ports::PortErrorKind as Kind;

use crate::simulated::{Fault, Foreign, Function, When, World, request};

#[tokio::test(start_paused = true)]
async fn a_version_that_an_alias_refers_to_is_kept_and_said() {
    let world = World::new(Function::new(256).with_history());
    let tuned = request(&[128, 512]);
    // Somebody points an alias to the newest version while it is measured.
    let (tuning, ()) = tokio::join!(world.tune(&tuned), async {
        while world.lambda.invoked().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.lambda.with(|f| f.create_alias("latest", 6).unwrap());
    });
    let tuning = tuning.unwrap().unwrap();
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    assert_eq!(tuning.decision.memory_size_mb, Some(512));
    let [words] = &tuning.leftovers[..] else {
        panic!("{:?}", tuning.leftovers)
    };
    assert!(words.contains("version 6") && words.contains("alias latest"), "{words}");
    assert_eq!(
        world.lambda.with(|f| f.versions.keys().copied().collect::<Vec<_>>()),
        [1, 2, 3, 6]
    );
}

#[tokio::test(start_paused = true)]
async fn results_are_returned_when_cleaning_up_is_refused() {
    let world = World::new(Function::new(256).with_history());
    let calls = {
        let trial = World::new(Function::new(256).with_history());
        trial.tune(&request(&[128, 512])).await.unwrap().unwrap();
        trial.lambda.calls().len() as u32
    };
    // The last two calls delete the two versions.
    world.lambda.inject(When::From(calls - 1), Fault::Before(Kind::Denied));
    let tuning = world.tune(&request(&[128, 512])).await.unwrap().unwrap();
    assert_eq!(tuning.decision.memory_size_mb, Some(512));
    // One sentence for both.
    assert_eq!(tuning.leftovers.len(), 1);
    assert!(
        tuning.leftovers[0].starts_with("versions 5-6 of"),
        "{:?}",
        tuning.leftovers
    );
    assert!(
        matches!(tuning.remedies[..], [Remedy::Restore { .. }]),
        "{:?}",
        tuning.remedies
    );
}

#[tokio::test(start_paused = true)]
async fn a_description_too_long_without_room_is_refused_before_anything_changes() {
    let mut function = Function::new(256);
    function.latest.description = "x".repeat(250);
    function.latest.variables = Some(BTreeMap::from([("A".to_owned(), "y".repeat(4090))]));
    let world = World::new(function);
    let before = world.lambda.with(|f| f.facts());
    let failure = world.tune(&request(&[128])).await.unwrap().unwrap_err();
    assert!(matches!(
        failure.error,
        TuningError::NoRoomForMarker { description: 250, .. }
    ));
    assert_eq!(world.lambda.with(|f| f.facts()), before);
    assert!(
        world
            .lambda
            .calls()
            .iter()
            .all(|c| c.operation != "UpdateFunctionConfiguration")
    );
}

#[tokio::test(start_paused = true)]
async fn an_existing_version_that_lambda_returns_is_measured_but_not_deleted() {
    // Version 3 has 1024 MB and is what $LATEST becomes at 1024 MB; Lambda here does not look at descriptions.
    let mut function = Function::new(256).with_history();
    function.rules.description_counts = false;
    let code = function.latest.code_sha256.clone();
    function.versions.get_mut(&3).unwrap().code_sha256 = code;
    let world = World::new(function);
    let before = world.lambda.with(|f| f.facts());
    let tuning = world.tune(&request(&[1024])).await.unwrap().unwrap();
    assert_eq!(tuning.status, TuningStatus::Succeeded);
    assert_eq!(world.lambda.with(|f| f.facts()), before);
    assert!(
        world
            .lambda
            .calls()
            .iter()
            .any(|c| c.operation == "Invoke" && c.target.ends_with(":3"))
    );
}

#[tokio::test(start_paused = true)]
async fn sizes_above_the_quota_are_rows_that_say_so() {
    let mut function = Function::new(256).with_history();
    function.rules.memory_quota_mb = 3008;
    let world = World::new(function);
    let before = world.lambda.with(|f| f.facts());
    let tuning = world.tune(&request(&[512, 4096, 10_240])).await.unwrap().unwrap();
    assert_eq!(tuning.status, TuningStatus::Partial);
    assert_eq!(tuning.decision.memory_size_mb, Some(512));
    for size in &tuning.sizes[1..] {
        let SizeStatus::Skipped { reason } = &size.status else {
            panic!("{size:?}")
        };
        assert!(reason.contains("quota"), "{reason}");
    }
    assert_eq!(world.lambda.with(|f| f.facts()), before);

    let failure = world.tune_apart(&request(&[10_240])).await.unwrap_err();
    assert!(
        matches!(failure.error, TuningError::NothingPublished { .. }),
        "{failure}"
    );
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_does_not_come_up_is_a_row() {
    let mut function = Function::new(256).with_history();
    function.rules.broken_version_mb = Some(128);
    function.rules.polls_per_version = 200;
    let world = World::new(function);
    let before = world.lambda.with(|f| f.facts());
    let tuning = world.tune(&request(&[128, 512])).await.unwrap().unwrap();
    assert_eq!(tuning.status, TuningStatus::Partial);
    assert!(
        matches!(&tuning.sizes[0].status, SizeStatus::Skipped { reason } if reason.contains("snapshot")),
        "{:?}",
        tuning.sizes[0].status
    );
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_fails_ends_the_tuning_and_is_put_back() {
    let mut function = Function::new(256).with_history();
    function.rules.broken_update_mb = Some(512);
    let world = World::new(function);
    let before = world.lambda.with(|f| f.facts());
    let failure = world.tune(&request(&[128, 512])).await.unwrap().unwrap_err();
    assert!(failure.to_string().contains("KMS key is disabled"), "{failure}");
    assert_eq!(failure.leftovers, [""; 0]);
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_description_is_never_lost_without_a_word() {
    let wordy = || {
        let mut function = Function::new(256).with_history();
        function.latest.description = "x".repeat(250);
        function
    };
    let broken_off = || async {
        let world = World::new(wordy());
        world.lambda.inject(When::At(8), Fault::CrashAfter);
        assert!(world.tune(&request(&[128, 512])).await.is_none());
        world.lambda.heal();
        world
    };
    // Another person restores, who may not read the variables.
    let world = broken_off().await;
    world.lambda.with(|f| f.rules.variables_hidden = true);
    let restored = world.restore().await;
    assert!(restored.leftovers[0].contains("can't be read"), "{restored:?}");
    world.lambda.with(|f| f.rules.variables_hidden = false);
    assert_eq!(world.restore().await.memory_size_mb, Some(256));
    assert_eq!(world.lambda.with(|f| f.facts()), wordy().facts());

    // Somebody removed the variable.
    let world = broken_off().await;
    world.lambda.with(|f| {
        f.latest.variables.as_mut().unwrap().remove(REST_VARIABLE).unwrap();
    });
    let restored = world.restore().await;
    assert!(restored.notes[0].contains("ends early"), "{restored:?}");
    assert_eq!(world.lambda.with(|f| f.latest.memory_size_mb), 256);
}

#[tokio::test(start_paused = true)]
async fn functions_that_cannot_be_tuned_are_refused_with_the_reason() {
    let mut function = Function::new(256).with_history();
    function.latest.untunable = Some("it runs on Managed Instances".to_owned());
    let world = World::new(function);
    let failure = world.tune(&request(&[128])).await.unwrap().unwrap_err();
    assert!(
        !failure.touched && failure.to_string().contains("Managed Instances"),
        "{failure}"
    );

    // Alias `live` points to older code.
    let world = World::new(Function::new(256).with_history());
    let mut at_alias = request(&[128]);
    at_alias.function = "resize:live".parse().unwrap();
    let failure = world.tune(&at_alias).await.unwrap().unwrap_err();
    assert!(
        failure.to_string().contains("differs from version 2: the code"),
        "{failure}"
    );
}

/// There is nothing left to apply a recommendation to, or to be as it was before.
#[tokio::test(start_paused = true)]
async fn a_function_that_is_deleted_while_it_is_measured_is_no_success() {
    let calls = {
        let world = World::new(Function::new(256));
        world.tune(&request(&[128, 512])).await.unwrap().unwrap();
        world.lambda.calls()
    };
    let invoked: Vec<u32> = (1..)
        .zip(&calls)
        .filter_map(|(n, call)| (call.operation == "Invoke").then_some(n))
        .collect();
    for at in [invoked[0], invoked[invoked.len() / 2], *invoked.last().unwrap()] {
        let world = World::new(Function::new(256));
        world
            .lambda
            .inject(When::At(at), Fault::Foreign(Foreign::DeleteFunction));
        let failure = world.tune(&request(&[128, 512])).await.unwrap().unwrap_err();
        assert!(matches!(failure.error, TuningError::Deleted { .. }), "{failure}");
        assert!(failure.leftovers.is_empty() && failure.touched);
        assert!(
            failure.notes.iter().any(|note| note.contains("was deleted")),
            "{:?}",
            failure.notes
        );
    }
}
