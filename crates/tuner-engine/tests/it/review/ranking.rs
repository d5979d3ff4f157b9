//! From what was found out to the document, and to the tunings to start.

use std::sync::Arc;

use tuner_core::pricing::PriceTable;
use tuner_core::review::{MemoryReview, Missing, Why};
use tuner_engine::review::{Keys, Registry, ReviewError, ReviewRequest, driver, list, look, rank};
use uuid::Uuid;

use super::account::{HOME, Sim, SimFunction, Use, kept_review, read};
use crate::simulated::MemoryStore;

fn functions(count: usize) -> Vec<SimFunction> {
    (0..count)
        .map(|n| SimFunction::new(HOME, &format!("f{n:03}"), 512))
        .collect()
}

/// Uses a tenth of its memory, and costs something.
fn wasteful(name: &str, invocations: u64) -> SimFunction {
    SimFunction::new(HOME, name, 3008).uses(&[Use {
        memory_size_mb: 3008,
        invocations,
        duration_ms: 2_000.0,
        used_mb: 200,
    }])
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_failed_is_rows_with_a_gap() {
    let sim = Sim::home(functions(120));
    let store = Arc::new(MemoryStore::default());
    let (ctx, id) = (sim.context(&store), Uuid::now_v7());
    list(&ctx, &ReviewRequest::default(), PriceTable::embedded(), id)
        .await
        .unwrap();
    for batch in [1, 3] {
        look(&ctx, id, batch).await.unwrap();
    }
    let ranked = rank(&ctx, id, &Registry::default(), None, PriceTable::embedded())
        .await
        .unwrap();
    assert_eq!(ranked.functions, 120);
    let review: MemoryReview = read(&store, &Keys(id).review()).await;
    let failed: Vec<&str> = review
        .functions
        .iter()
        .filter(|f| f.evidence.gap(Missing::Logs).is_some_and(|gap| gap.why == Why::Failed))
        .map(|f| f.function.name.name())
        .collect();
    assert_eq!(failed.len(), 50);
    // What was known before is there.
    let known = review.functions.iter().filter(|f| f.evidence.metrics.is_some()).count();
    assert_eq!(known, 120);
}

#[tokio::test(start_paused = true)]
async fn only_registered_functions_are_to_be_tuned_the_dearest_first() {
    let mut tagged = wasteful("tagged", 300_000);
    tagged.details.tags.insert("tuner:payload".into(), "empty".into());
    let mut wrong = wasteful("wrong", 400_000);
    wrong.details.tags.insert("tuner:payload".into(), "{}".into());
    let sim = Sim::home(vec![
        wasteful("unregistered", 900_000),
        wrong,
        tagged,
        wasteful("named", 500_000),
        wasteful("also-named", 100_000),
    ]);
    let registry = Registry::parse(r#"{"functions": {"*named": {"payload": {"id": 7}}}}"#).unwrap();
    let request = |tune| ReviewRequest {
        tune,
        ..ReviewRequest::default()
    };
    let store = Arc::new(MemoryStore::default());
    let (ranked, review) = sim.review_in(&request(2), &store, &registry).await.unwrap();
    let names: Vec<&str> = ranked.tunings.iter().map(|tuning| tuning.function.name()).collect();
    assert_eq!(names, ["named", "tagged"]);
    assert!(ranked.tunings[0].input.get().contains("\"id\": 7"));
    assert!(
        ranked.notes.iter().any(|note| note.contains("wrong was not tuned")),
        "{:?}",
        ranked.notes
    );
    assert!(
        ranked
            .notes
            .iter()
            .any(|note| note.starts_with("1 function with more at stake was not tuned")),
        "{:?}",
        ranked.notes
    );
    assert!(ranked.notes.iter().all(|note| review.warnings.contains(note)));
    let (ranked, _) = sim.review_in(&request(0), &store, &registry).await.unwrap();
    assert!(ranked.tunings.is_empty() && ranked.notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_review_is_compared_with_the_last_one_of_the_same_regions() {
    let sim = Sim::home(functions(3));
    let store = Arc::new(MemoryStore::default());
    let none = Registry::default();
    let (first, review) = sim.review_in(&ReviewRequest::default(), &store, &none).await.unwrap();
    assert_eq!(review.previous, None);
    // IDs are of the real time, in milliseconds.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let elsewhere = ReviewRequest {
        regions: tuner_engine::review::Regions::Named(vec![HOME.into(), "eu-west-2".into()]),
        ..ReviewRequest::default()
    };
    let (_, other) = sim.review_in(&elsewhere, &store, &none).await.unwrap();
    assert_eq!(other.previous, None, "of other regions");
    std::thread::sleep(std::time::Duration::from_millis(2));
    let (second, review) = sim.review_in(&ReviewRequest::default(), &store, &none).await.unwrap();
    assert_eq!(review.previous.as_ref().unwrap().review_id, first.review_id);
    assert_eq!(kept_review(&store, &second).await, review);
    // The document of the last one is gone.
    store.objects.lock().unwrap().remove(&Keys(second.review_id).review());
    std::thread::sleep(std::time::Duration::from_millis(2));
    let (_, review) = sim.review_in(&ReviewRequest::default(), &store, &none).await.unwrap();
    assert_eq!(review.previous, None);
    assert!(
        review.warnings.iter().any(|w| w.contains("is not there any more")),
        "{:?}",
        review.warnings
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_scanned_without_consent() {
    let sim = Sim::home(functions(3));
    let store = Arc::new(MemoryStore::default());
    let ctx = sim.context(&store);
    let refused = driver::review(
        &ctx,
        &ReviewRequest::default(),
        (&Registry::default(), None),
        PriceTable::embedded(),
        async |listing| {
            assert_eq!(listing.functions, 3);
            assert!(listing.scan.estimated_bytes.unwrap() > 0);
            false
        },
    )
    .await;
    assert!(matches!(refused, Err(ReviewError::Declined)));
    assert_eq!(sim.count("StartQuery") + sim.count("GetFunction"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_named() {
    let sim = Sim::home(functions(3));
    let store = Arc::new(MemoryStore::default());
    *store.broken.lock().unwrap() = true;
    let error = sim
        .review_in(&ReviewRequest::default(), &store, &Registry::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no space left on device"), "{error}");
}
