//! What came of the tunings, and what is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use tuner_core::pricing::PriceTable;
use tuner_core::review::{AdviceFile, GroupBy, Tuned};
use tuner_engine::ports::Store;
use tuner_engine::review::{HISTORY, Keys, PastReview, Registry, ReviewRequest, conclude, conclude_stopped, driver};

use super::account::{HOME, Sim, SimFunction, kept_review, read};
use crate::simulated::MemoryStore;

#[tokio::test(start_paused = true)]
async fn concluding_twice_is_the_same_as_once() {
    let sim = Sim::home(vec![SimFunction::new(HOME, "f", 512), SimFunction::new(HOME, "g", 512)]);
    let store = Arc::new(MemoryStore::default());
    let (ranked, before) = sim
        .review_in(&ReviewRequest::default(), &store, &Registry::default())
        .await
        .unwrap();
    let ctx = sim.context(&store);
    let name = before.functions[0].function.name.clone();
    let tuned = BTreeMap::from([(name.clone(), Tuned::failed("its payload could not be read"))]);
    let once = conclude(&ctx, ranked.review_id, tuned.clone()).await.unwrap();
    let function = once.review.functions.iter().find(|f| f.function.name == name).unwrap();
    assert_eq!(
        function.tuned.as_ref().unwrap().problem.as_deref(),
        Some("its payload could not be read")
    );
    assert_eq!(conclude(&ctx, ranked.review_id, tuned).await.unwrap(), once);
    assert_eq!(kept_review(&store, &ranked).await, once.review);
    let index = store.list(HISTORY).await.unwrap();
    assert_eq!(index, [Keys(ranked.review_id).history()]);
    let past: PastReview = read(&store, &index[0]).await;
    assert_eq!((past.functions, past.regions), (2, vec![HOME.to_owned()]));
    assert_eq!(past.report.as_ref(), Some(&once.reports.html));
    for (name, begins) in [("report.html", "<!"), ("report.svg", "<?xml"), ("report.md", "#")] {
        let report = store.get(&Keys(ranked.review_id).of(name)).await.unwrap().unwrap();
        let text = String::from_utf8(report).unwrap();
        assert!(
            text.trim_start().to_ascii_lowercase().starts_with(begins),
            "{name}: {}",
            &text[..80]
        );
        // Account IDs are masked in what is passed on, and kept in the document, with which the next one compares itself.
        assert!(!text.contains("123456789012"), "{name}");
    }
    assert!(past.account.as_deref() == Some("123456789012") && once.review.account == past.account);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_review_says_so_and_is_not_in_the_index() {
    let sim = Sim::home(vec![SimFunction::new(HOME, "f", 512)]);
    let store = Arc::new(MemoryStore::default());
    let ctx = sim.context(&store);
    let (request, registry) = (ReviewRequest::default(), Registry::default());
    let ranked = driver::review(&ctx, &request, (&registry, None), PriceTable::embedded(), async |_| {
        true
    })
    .await
    .unwrap();
    let stopped = conclude_stopped(&ctx, ranked.review_id).await.unwrap();
    assert!(stopped.review.warnings[0].contains("was stopped"));
    assert_eq!(stopped.review.functions.len(), 1);
    assert_eq!(kept_review(&store, &ranked).await, stopped.review);
    let page = Keys(ranked.review_id).of("report.html");
    assert!(store.get(&page).await.unwrap().is_some());
    assert_eq!(store.list(HISTORY).await.unwrap(), Vec::<String>::new());
    conclude(&ctx, ranked.review_id, BTreeMap::new()).await.unwrap();
    assert_eq!(store.list(HISTORY).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn groups_have_pages_in_the_store_and_what_is_ignored_is_not_tuned() {
    let sim = Sim::home(vec![SimFunction::new(HOME, "f", 512), SimFunction::new(HOME, "g", 512)]);
    let store = Arc::new(MemoryStore::default());
    let ctx = sim.context(&store);
    let advice = AdviceFile::parse("[[owner]]\nfunction = \"f\"\nowner = \"a/b\"\n").unwrap();
    let request = ReviewRequest {
        group_by: Some(GroupBy::Owner),
        ..ReviewRequest::default()
    };
    let given = (&Registry::default(), Some(&advice));
    let ranked = driver::review(&ctx, &request, given, PriceTable::embedded(), async |_| true)
        .await
        .unwrap();
    let review = conclude(&ctx, ranked.review_id, BTreeMap::new()).await.unwrap().review;
    assert!(review.advice_file.is_some());
    let groups = &review.groups.as_ref().unwrap().groups;
    assert!(
        groups.iter().any(|group| group.name.as_deref() == Some("a/b")),
        "{groups:?}"
    );
    let files = store.list(&Keys(ranked.review_id).of("groups")).await.unwrap();
    assert_eq!(files.len(), 1 + 3 * groups.len(), "{files:?}");
    assert!(files.iter().all(|file| !file.contains("a/b")), "{files:?}");
    // Ignored for all: there is nothing left to measure, and so nothing to start.
    let ignored = AdviceFile::parse(
        &["memory_overprovisioned", "cpu_bound"]
            .map(|kind| {
                format!("[[ignore]]\nfunction = \"*\"\nfinding = \"{kind}\"\nuntil = 9999-12-31\nreason = \"x\"\n")
            })
            .concat(),
    )
    .unwrap();
    let registry = Registry::parse(r#"{"functions": {"*": {"payload": {}}}}"#).unwrap();
    let request = ReviewRequest {
        tune: 5,
        ..ReviewRequest::default()
    };
    for (advice, starts) in [(None, true), (Some(&ignored), false)] {
        let ranked = driver::review(
            &ctx,
            &request,
            (&registry, advice),
            PriceTable::embedded(),
            async |_| true,
        )
        .await
        .unwrap();
        assert_eq!(!ranked.tunings.is_empty(), starts, "{:?}", ranked.notes);
    }
}
