//! Two thousand functions of known truth: how many findings are right, and how much is found.
//!
//! The floors are a few percent below what was reached when this was written; `cargo test -p tuner-core --test review
//! two_thousand -- --nocapture` prints the table.

use tuner_core::pricing::PriceTable;
use tuner_core::review::{Fallback, FindingKind as K, MemoryReview, SavingBasis};

#[path = "../../examples/account/score.rs"]
#[allow(unreachable_pub, missing_docs, dead_code, reason = "a module of the example")]
mod score;
#[path = "../../examples/account/simulated/mod.rs"]
mod simulated;

use score::Scores;
use simulated::Account;

#[test]
fn two_thousand_functions_are_judged_well() {
    let account = Account::new(2_000, 5_000, 1);
    let prices = PriceTable::embedded();
    let before = MemoryReview::new(account.month_before().gathered(), prices, Fallback::default(), None);
    let review = MemoryReview::new(account.gathered(), prices, Fallback::default(), Some(&before));
    let scores = Scores::of(&review, &account);
    println!("{scores}");
    let floors = [
        (K::MemoryUnderprovisioned, 0.95, 0.97),
        (K::TimeoutRisk, 0.80, 0.75),
        (K::Errors, 0.97, 0.80),
        (K::Throttles, 0.97, 0.60),
        (K::Regression, 0.95, 0.95),
        (K::MemoryOverprovisioned, 0.97, 0.97),
        (K::InitHeavy, 0.90, 0.80),
        (K::ProvisionedConcurrencyUnused, 0.90, 0.85),
        (K::Arm64Candidate, 1.0, 1.0),
        (K::NotEnoughData, 1.0, 1.0),
        (K::NoLogs, 1.0, 1.0),
        (K::NoAccess, 1.0, 1.0),
        (K::Unsupported, 1.0, 1.0),
        (K::Failed, 1.0, 1.0),
    ];
    for (kind, precision, recall) in floors {
        let score = scores.kinds[&kind];
        assert!(score.precision() >= Some(precision), "{kind:?}: {score:?}");
        assert!(score.recall() >= Some(recall), "{kind:?}: {score:?}");
    }
    // A guess where nothing but a long duration speaks for it, and sound where two sizes do.
    assert!(
        scores.cpu_bound_seen.precision() >= Some(0.9),
        "{:?}",
        scores.cpu_bound_seen
    );
    // What memory alone says of a saving is a bound, not an estimate; chance may fool what was seen.
    let (all, held) = scores.ranges[&SavingBasis::Bounds];
    assert!(all > 400 && held == all, "{held} of {all}");
    let (all, held) = scores.ranges[&SavingBasis::SeenAtBothSizes];
    assert!(all > 20 && f64::from(held) >= 0.95 * f64::from(all), "{held} of {all}");
    assert_eq!(review.totals.functions, 2_000);
}
