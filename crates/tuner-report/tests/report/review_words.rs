//! What the headline of a review says, and what is sent when one is done.

use tuner_core::pricing::{Currency, Money};
use tuner_core::review::FindingKind;
use tuner_report::{Options, review_headline, review_summary};

use crate::review_cases::{self, from_logs};
use crate::reviews;

#[test]
fn the_headline_is_money_and_risk() {
    let mut review = reviews::mixed();
    review.totals.monthly = Some(Money::usd(412.3));
    review.totals.saving_at_best = Some(Money::usd(120.0));
    review.totals.saving_at_worst = Some(Money::usd(38.0));
    review.totals.findings = [(FindingKind::MemoryUnderprovisioned, 3), (FindingKind::Errors, 2)].into();
    let words = review_headline(&review);
    assert_eq!(words.money, "$412 a month, $38–$120 of it could be saved");
    assert_eq!(words.risks, "3 functions may run out of memory and 2 fail");
    assert_eq!(
        words.unknown.unwrap(),
        "1 function has no known cost and is not in these sums; region ap-east-1 could not be read, or not wholly."
    );
    assert_eq!(
        words.provenance,
        "13 functions · eu-west-1, us-east-1, ap-east-1 · account 123456789012 · 30 days to 2026-11-20 · \
         reviewed 2026-11-20 · tuner 0.1.0"
    );
}

/// What nobody knows is not said to be nothing.
#[test]
fn the_headline_is_honest() {
    let money = |name: &str| {
        let (_, review) = review_cases::all().iter().find(|(case, _)| *case == name).unwrap();
        review_headline(review).money
    };
    assert_eq!(money("empty"), "No function was found in eu-west-1");
    assert_eq!(money("no-region"), "No function was found: eu-west-1 could not be read");
    assert_eq!(money("nothing-known"), "What 1 function costs is not known");
    assert_eq!(money("dearer"), "$15.83 a month, nothing found to save");
    assert!(
        money("yuan").starts_with("¥248 a month, ¥83–¥111 of it"),
        "{}",
        money("yuan")
    );
    assert!(!money("yuan").contains('$'));
    let logs = review_headline(&from_logs());
    assert!(
        logs.money.contains(" in these logs") && !logs.money.contains("month"),
        "{}",
        logs.money
    );
    assert!(logs.unknown.unwrap().contains("not of a month"));
}

#[test]
fn a_summary_fits_where_it_is_sent() {
    for (name, review) in review_cases::all() {
        let summary = review_summary(review, &Options::default()).unwrap();
        assert!(
            summary.subject.len() <= 100 && summary.subject.is_ascii(),
            "{name}: {}",
            summary.subject
        );
        assert!(!summary.subject.contains(['\n', '\u{1b}']), "{name}");
        // SNS: 256 KiB at most.
        assert!(summary.message.len() < 20_000, "{name}: {}", summary.message.len());
        assert!(!summary.message.contains(['\u{1b}', '\u{202e}']), "{name}");
        assert!(!summary.message.contains(reviews::ACCOUNT), "{name}");
    }
    let summary = review_summary(&reviews::mixed(), &Options::default()).unwrap();
    assert!(
        summary
            .subject
            .starts_with("Memory review: $248 a month, $83-$111 of it"),
        "{}",
        summary.subject
    );
    for part in [
        "  checkout: may run out of memory\n",
        "  video-thumbnails: up to $28.19 a month\n    tuner run --function video-thumbnails --region eu-west-1",
        "Since the review of 2026-10-20: ",
    ] {
        assert!(summary.message.contains(part), "{part}\n{}", summary.message);
    }
    let yuan = review_summary(
        &reviews::in_currency(reviews::mixed(), Currency::Cny),
        &Options::default(),
    )
    .unwrap();
    assert!(
        yuan.subject.starts_with("Memory review: CNY 248 a month"),
        "{}",
        yuan.subject
    );
}
