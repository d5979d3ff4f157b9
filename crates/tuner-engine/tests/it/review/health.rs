//! Health is claimed of what was seen to be well, and of nothing else: whatever call is denied, throttled, empty or slow.
//!
//! In this account nothing is well. Of each function it is known what a review must find; where it does not, it has to say that
//! the function could not be judged.

use std::sync::Arc;
use std::time::Duration;

use tuner_core::review::{FindingKind, FunctionReview, Judged, MemoryReview};
use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::review::{ReviewError, ReviewRequest};
use tuner_report::review_headline;

use super::account::{HOME, Sim, SimFunction, Use};
use crate::simulated::When;

fn used(memory_size_mb: u32, used_mb: u32) -> Use {
    Use {
        memory_size_mb,
        invocations: 1_000,
        duration_ms: 100.0,
        used_mb,
    }
}

/// What is wrong with a function stands in its name.
fn account() -> Arc<Sim> {
    let function = |name: &str| SimFunction::new(HOME, name, 512);
    let memory = |name| function(name).uses(&[used(512, 500)]);
    let failing = |name, what: fn(&mut SimFunction)| {
        let mut function = function(name);
        what(&mut function);
        function
    };
    let sim = Sim::home(vec![
        memory("memory-1"),
        memory("memory-2").logs_to("shared"),
        memory("memory-3").logs_to("shared"),
        failing("memory-4", |f| f.out_of_memory = 30),
        failing("errors-1", |f| f.errors = 100),
        failing("errors-2", |f| f.errors = 20),
        failing("throttles-1", |f| f.throttles = 200),
        failing("timeout-1", |f| f.timeouts = 42),
        function("timeout-2").uses(&[Use {
            duration_ms: 29_500.0,
            ..used(512, 60)
        }]),
        // `$LATEST` has enough.
        function("memory-5").served_by(7, 256).uses(&[used(256, 250)]),
        failing("timeout-3", |f| {
            *f = f.clone().served_by(3, 256).uses(&[used(256, 60)]);
            f.timeouts = 86;
        }),
    ]);
    sim.change(|region| region.functions_per_page = 8);
    sim
}

fn wrong_with(of: &FunctionReview) -> FindingKind {
    match of.function.name.name().split('-').next() {
        Some("memory") => FindingKind::MemoryUnderprovisioned,
        Some("errors") => FindingKind::Errors,
        Some("throttles") => FindingKind::Throttles,
        Some("timeout") => FindingKind::TimeoutRisk,
        other => panic!("{other:?}"),
    }
}

/// Those of which nothing wrong was found, and which count as judged all the same.
fn taken_for_healthy(review: &MemoryReview) -> Vec<String> {
    // Where all that could tell says that nothing was called, that is what is said.
    let is_idle = review.totals.unjudged.not_called == review.totals.functions;
    let is_taken =
        |of: &&FunctionReview| of.finding(wrong_with(of)).is_none() && of.judged() == Judged::Fully && !is_idle;
    let of = review.functions.iter().filter(is_taken);
    of.map(|of| of.function.name.name().to_owned()).collect()
}

fn check(reviewed: Result<MemoryReview, ReviewError>, what: &str) {
    let review = match reviewed {
        Ok(review) => review,
        Err(error) => return assert!(matches!(error, ReviewError::NothingListed { .. }), "{what}: {error:?}"),
    };
    let healthy = taken_for_healthy(&review);
    assert!(healthy.is_empty(), "{what}: {healthy:?} count as judged");
    let headline = review_headline(&review);
    let (said, unknown) = (headline.risks, headline.unknown.unwrap_or_default());
    let missed = review
        .functions
        .iter()
        .filter(|of| of.finding(wrong_with(of)).is_none())
        .count();
    if review.totals.unjudged.not_called > 0 {
        assert!(said.starts_with("nothing could be seen to break"), "{what}: {said}");
    } else if missed > 0 {
        assert!(said.contains("could not be judged"), "{what}: {missed} missed: {said}");
    }
    if missed == review.functions.len() && missed > 0 && review.totals.unjudged.not_called == 0 {
        assert!(
            said.starts_with(&format!("{missed} of {missed} functions could not be judged")),
            "{what}: {said}"
        );
    }
    if review.functions.len() < 11 {
        let told = unknown.contains("could not be read, or not wholly");
        assert!(
            told || review.functions.is_empty() && said == "nothing to judge",
            "{what}: {said} {unknown}"
        );
    }
    // What is denied is named, so that it can be allowed.
    let denied = review.functions.iter().flat_map(|of| &of.evidence.gaps);
    let mut denied = denied
        .filter_map(|gap| gap.call.as_deref())
        .filter(|call| review.totals.unjudged.calls.contains(*call));
    assert!(denied.all(|call| said.contains(call)), "{what}: {said}");
}

async fn reviewed(sim: &Arc<Sim>) -> Result<MemoryReview, ReviewError> {
    Ok(sim.review(&ReviewRequest::default()).await?.1)
}

async fn calls() -> u32 {
    let sim = account();
    let review = reviewed(&sim).await.unwrap();
    assert_eq!(review.functions.len(), 11);
    for of in &review.functions {
        assert!(of.finding(wrong_with(of)).is_some(), "{:?}", of.findings);
        assert_eq!(of.judged(), Judged::Fully);
    }
    sim.calls.lock().unwrap().len() as u32
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_for_healthy_whatever_call_is_refused() {
    let calls = calls().await;
    for call in 1..=calls {
        for kind in [
            Kind::Denied,
            Kind::Throttled,
            Kind::Service,
            Kind::NotFound,
            Kind::Invalid,
            Kind::Unreachable,
        ] {
            for when in [When::At(call), When::From(call)] {
                let sim = account();
                *sim.fault.lock().unwrap() = Some((when, kind));
                check(reviewed(&sim).await, &format!("{kind:?} {when:?}"));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_for_healthy_whatever_call_is_answered_with_nothing() {
    let calls = calls().await;
    for call in 1..=calls {
        for when in [When::At(call), When::From(call)] {
            let sim = account();
            *sim.empty.lock().unwrap() = Some(when);
            let review = reviewed(&sim).await;
            let operation = sim
                .calls
                .lock()
                .unwrap()
                .get(call as usize - 1)
                .cloned()
                .unwrap_or_default();
            // A page of functions that is empty is one, and says that there are no more.
            if operation == "ListFunctions" {
                continue;
            }
            check(review, &format!("empty {when:?} {operation}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_for_healthy_whatever_call_is_slow() {
    let calls = calls().await;
    for call in 1..=calls {
        for when in [When::At(call), When::From(call)] {
            let sim = account();
            *sim.slow.lock().unwrap() = Some((when, Duration::from_secs(600)));
            check(reviewed(&sim).await, &format!("slow {when:?}"));
        }
    }
}

/// One that is not over after an hour is given up, and the sample that is read instead is said to be one.
#[tokio::test(start_paused = true)]
async fn a_query_that_never_ends_is_given_up() {
    let sim = account();
    sim.change(|region| region.queries_stall = true);
    let review = reviewed(&sim).await.unwrap();
    assert!(*sim.stopped.lock().unwrap() > 0);
    check(Ok(review), "queries that never end");
}

/// An account where nothing is called is one, if its logs say so too; else CloudWatch is not believed.
#[tokio::test(start_paused = true)]
async fn an_account_without_a_figure_is_idle_only_if_its_logs_are() {
    let idle = || {
        let functions = ["a", "b"].map(|name| SimFunction::new(HOME, name, 512).uses(&[used(512, 60)]));
        let functions = functions.map(|f| SimFunction { uses: Vec::new(), ..f });
        Sim::home(functions.into())
    };
    let review = reviewed(&idle()).await.unwrap();
    assert_eq!(review.totals.unjudged.all(), 0, "{:?}", review.functions);
    assert_eq!(
        review_headline(&review).risks,
        "nothing could be seen to break: no call of 2 functions was counted"
    );
    let sim = idle();
    sim.change(|region| {
        region.refused.insert("StartQuery", Kind::Denied);
        region.refused.insert("FilterLogEvents", Kind::Denied);
    });
    let said = review_headline(&reviewed(&sim).await.unwrap()).risks;
    assert!(
        said.starts_with("2 of 2 functions could not be judged: allow logs:"),
        "{said}"
    );
}
