//! Every fault at every call: what is transient leaves no trace, what lasts is said, and no function is lost.

use std::sync::Arc;

use tuner_core::review::{FunctionReview, MemoryReview};
use tuner_engine::ports::PortErrorKind as Kind;
use tuner_engine::review::{ReviewError, ReviewRequest};

use super::account::{HOME, Sim, SimFunction};
use crate::simulated::When;

fn account() -> Arc<Sim> {
    let mut functions: Vec<SimFunction> = (0..14)
        .map(|n| SimFunction::new(HOME, &format!("f{n:02}"), 512))
        .collect();
    functions[1].details.tags.insert("team".into(), "media".into());
    functions[2] = SimFunction::new(HOME, "shared-1", 256).logs_to("shared");
    functions[3] = SimFunction::new(HOME, "shared-2", 256).logs_to("shared");
    let sim = Sim::home(functions);
    sim.change(|region| region.functions_per_page = 9);
    sim
}

/// All that does not depend on how long it took.
fn facts(review: &MemoryReview) -> Vec<FunctionReview> {
    review.functions.clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_transient_leaves_no_trace() {
    let sim = account();
    let (_, undisturbed) = sim.review(&ReviewRequest::default()).await.unwrap();
    assert_eq!(undisturbed.functions.len(), 14);
    let calls = sim.calls.lock().unwrap().len() as u32;
    for call in 1..=calls {
        for kind in [Kind::Throttled, Kind::Service, Kind::Network] {
            let sim = account();
            *sim.fault.lock().unwrap() = Some((When::At(call), kind));
            let (_, review) = sim.review(&ReviewRequest::default()).await.unwrap();
            assert!(facts(&review) == facts(&undisturbed), "call {call}, {kind:?}");
            assert_eq!(
                (&review.warnings, &review.regions),
                (&undisturbed.warnings, &undisturbed.regions)
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_lasts_is_said_and_no_function_is_lost() {
    let sim = account();
    sim.review(&ReviewRequest::default()).await.unwrap();
    let calls = sim.calls.lock().unwrap().len() as u32;
    for call in 1..=calls {
        for (when, kind) in [
            (When::At(call), Kind::Denied),
            (When::At(call), Kind::Invalid),
            (When::At(call), Kind::NotFound),
            (When::From(call), Kind::Throttled),
            (When::From(call), Kind::Denied),
            (When::From(call), Kind::Unreachable),
        ] {
            let sim = account();
            *sim.fault.lock().unwrap() = Some((when, kind));
            match sim.review(&ReviewRequest::default()).await {
                Ok((_, review)) => {
                    // Two pages of functions; the second one may have been lost, which is said.
                    let problem = review.regions[0].problem.as_deref();
                    assert!(review.functions.len() == 14 || problem.is_some(), "{when:?} {kind:?}");
                    let unknown = |f: &FunctionReview| f.evidence.logs.is_none() && f.evidence.gaps.is_empty();
                    assert!(!review.functions.iter().any(unknown), "{when:?} {kind:?}");
                }
                Err(error) => {
                    assert_eq!(call, 1, "{when:?} {kind:?}: {error}");
                    assert!(matches!(error, ReviewError::NothingListed { .. }), "{error:?}");
                }
            }
        }
    }
}

/// What is not read is not health: the headline says of how many functions, and what to allow.
#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_said_in_the_headline() {
    for (operations, call) in [
        (&["GetMetricData"][..], "cloudwatch:GetMetricData"),
        (&["StartQuery", "FilterLogEvents"], "logs:StartQuery"),
    ] {
        let sim = account();
        sim.change(|region| {
            region
                .refused
                .extend(operations.iter().map(|&operation| (operation, Kind::Denied)))
        });
        let (_, review) = sim.review(&ReviewRequest::default()).await.unwrap();
        assert_eq!(review.totals.unjudged.all(), 14, "{operations:?}");
        assert!(review.is_blind());
        let said = tuner_report::review_headline(&review).risks;
        assert!(said.starts_with("14 of 14 functions could not be judged"), "{said}");
        assert!(said.contains(call) && !said.starts_with("nothing"), "{said}");
    }
    let (_, whole) = account().review(&ReviewRequest::default()).await.unwrap();
    assert_eq!(whole.totals.unjudged.all(), 0);
    assert!(!whole.is_blind());
}
