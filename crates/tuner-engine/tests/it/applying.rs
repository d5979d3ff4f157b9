//! Applying the recommendation.

use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::{Apply, TuningRequest};

use crate::simulated::{Fault, Function, When, World, request};

fn applying(apply: Apply) -> TuningRequest {
    TuningRequest {
        apply,
        ..request(&[128, 512])
    }
}

async fn applied(world: &World, apply: Apply) -> Result<String, String> {
    let tuning = world.tune(&applying(apply)).await.unwrap().unwrap();
    tuning.applied.ok_or_else(|| tuning.leftovers.join("; "))
}

#[tokio::test(start_paused = true)]
async fn latest_gets_the_size_and_nothing_else() {
    let world = World::new(Function::new(128).with_history());
    let mut expected = world.lambda.with(|f| f.facts());
    expected.memory_size_mb = 512;
    assert_eq!(
        applied(&world, Apply::Latest).await.unwrap(),
        "$LATEST moved from 128 to 512 MB"
    );
    assert_eq!(world.lambda.with(|f| f.facts()), expected);
}

#[tokio::test(start_paused = true)]
async fn an_alias_is_created_or_moved_to_a_version_of_that_size() {
    for alias in ["live", "new"] {
        let world = World::new(Function::new(128).with_history());
        let words = applied(&world, Apply::Alias(alias.to_owned())).await.unwrap();
        let (version, mb) = world.lambda.with(|f| {
            let version = f.aliases[alias].version;
            (version, f.versions[&version].memory_size_mb)
        });
        assert!(
            words.ends_with(&format!("alias {alias} points to version {version}")),
            "{words}"
        );
        assert_eq!(mb, 512);
        assert_eq!(world.lambda.with(|f| f.versions.len()), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn weighted_routing_is_not_overwritten() {
    let mut function = Function::new(128).with_history();
    function.aliases.get_mut("live").unwrap().weighted = true;
    let world = World::new(function);
    let before = world.lambda.with(|f| f.facts());
    let words = applied(&world, Apply::Alias("live".to_owned())).await.unwrap_err();
    assert!(words.contains("weighted routing"), "{words}");
    assert_eq!(world.lambda.with(|f| f.facts()), before);
}

/// Whatever goes wrong while applying, what is said is what is there.
#[tokio::test(start_paused = true)]
async fn what_is_said_is_what_is_there() {
    let alias = || Apply::Alias("live".to_owned());
    let calls = {
        let world = World::new(Function::new(128).with_history());
        applied(&world, alias()).await.unwrap();
        world.lambda.calls()
    };
    let begin = calls.iter().position(|c| c.operation == "GetAlias").unwrap();
    for (call, made) in calls.iter().enumerate().skip(begin) {
        for fault in [
            Fault::Before(Kind::Throttled),
            Fault::Before(Kind::Service),
            Fault::Before(Kind::Denied),
            Fault::After(Kind::Network),
            Fault::Before(Kind::Precondition),
            Fault::CancelBefore,
        ] {
            let world = World::new(Function::new(128).with_history());
            world.lambda.inject(When::At(call as u32 + 1), fault);
            let result = applied(&world, alias()).await;
            let (latest_mb, alias_mb) = world.lambda.with(|f| {
                (
                    f.latest.memory_size_mb,
                    f.versions[&f.aliases["live"].version].memory_size_mb,
                )
            });
            let at = format!("{fault:?} at {} gave {result:?}", made.operation);
            match &result {
                Ok(_) => assert_eq!((latest_mb, alias_mb), (512, 512), "{at}"),
                Err(words) if words.contains("$LATEST moved") => assert_eq!(latest_mb, 512, "{at}"),
                Err(words) => {
                    assert!(words.contains("not applied"), "{at}");
                    assert_eq!(latest_mb, 128, "{at}");
                }
            }
            if fault == Fault::Before(Kind::Throttled) {
                assert!(result.is_ok(), "{at}");
            }
        }
    }
}
