//! What is ignored is not told, and nothing is told to be well for it.

use tuner_core::pricing::{Currency, Money};
use tuner_core::review::{AdviceFile, Changes, FindingKind, FunctionReview, GroupBy, MemoryReview, Resized, Worse};
use tuner_report::{Format, review_headline};

use crate::review_cases::shown;
use crate::reviews::{self, Sample};

fn ignoring(review: MemoryReview, entries: &[(&str, &str)]) -> MemoryReview {
    let text: String = (entries.iter())
        .map(|(function, finding)| {
            format!(
                "[[ignore]]\nfunction = \"{function}\"\nfinding = \"{finding}\"\nuntil = 2027-01-01\nreason = \"known\"\n"
            )
        })
        .collect();
    review.with_advice_file(&AdviceFile::parse(&text).unwrap())
}

fn plain(format: Format, review: &MemoryReview) -> String {
    shown(format, review).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The start of a function's row in the page, and its last cell.
fn row(page: &str, name: &str) -> (String, String) {
    let row = (page.split("<tr id=\"f").skip(1))
        .find(|row| row.contains(&format!("<b>{name}</b>")))
        .unwrap();
    let class = row.split("class=\"").nth(1).unwrap().split('"').next().unwrap();
    (class.to_owned(), row.to_owned())
}

#[test]
fn nothing_found_is_not_said_of_what_is_ignored() {
    let before = review_headline(&reviews::one());
    assert!(before.money.contains("could be saved"), "{}", before.money);
    let review = ignoring(reviews::one(), &[("*", "memory_overprovisioned")]);
    let words = review_headline(&review);
    assert!(
        words.money.ends_with("nothing found to save but what is ignored"),
        "{}",
        words.money
    );
    assert_eq!(words.risks, "nothing found that may break");
    let page = shown(Format::Html, &review);
    let (class, row) = row(&page, "image-resize");
    assert!(
        row.contains("memory over-provisioned (ignored)") && !row.contains("nothing found"),
        "{row}"
    );
    assert!(!class.split(' ').any(|class| class == "f"), "{class}");
    assert!(page.contains("nothing found 0<"));
    assert!(plain(Format::Markdown, &review).contains("over-provisioned (ignored)"));
    let checkout = || {
        reviews::of(vec![
            Sample::new("checkout", 512, 498, 3_800_000, 96.0).under_provisioned(),
        ])
    };
    assert_eq!(review_headline(&checkout()).risks, "1 function may run out of memory");
    let review = ignoring(checkout(), &[("*", "memory_underprovisioned")]);
    assert_eq!(
        review_headline(&review).risks,
        "nothing found that may break but what is ignored"
    );
    // Of two that do not hold, one is ignored.
    let mixed = ignoring(
        reviews::mixed(),
        &[
            "memory_underprovisioned",
            "timeout_risk",
            "errors",
            "throttles",
            "regression",
        ]
        .map(|kind| ("*", kind)),
    );
    let risks = review_headline(&mixed).risks;
    assert!(risks.contains("nothing found that may break in the other"), "{risks}");
    assert!(risks.contains("functions but what is ignored"), "{risks}");
}

#[test]
fn what_could_not_be_judged_is_not_well_for_being_ignored() {
    let review = ignoring(
        reviews::mixed(),
        &[("*", "no_access"), ("*", "no_logs"), ("*", "not_enough_data")],
    );
    let page = shown(Format::Html, &review);
    for name in ["key-rotation", "json-at-warn"] {
        let (class, row) = row(&page, name);
        let classes: Vec<&str> = class.split(' ').collect();
        assert!(classes.contains(&"g") && !classes.contains(&"f"), "{row}");
    }
}

#[test]
fn to_ignore_is_no_other_opinion_than_compute_optimizers() {
    let about = |review: &MemoryReview| {
        let page = plain(Format::Html, review);
        let (_, text) = page.split_once("About memory it says").unwrap();
        text.split_once('.').unwrap().0.to_owned()
    };
    let before = reviews::mixed();
    let after = ignoring(
        reviews::mixed(),
        &[("*", "memory_overprovisioned"), ("*", "memory_underprovisioned")],
    );
    assert!(after.totals.ignored > 1);
    assert_eq!(about(&before), about(&after));
}

/// Became slower with less memory.
fn resized() -> FunctionReview {
    let mut function = Sample::new("invoices", 512, 301, 240_000, 4200.0).review();
    let after = function.evidence.sizes[0].clone();
    let mut before = after.clone();
    before.memory_size_mb = 1024;
    function.changes = Some(Changes {
        memory_size_mb: Some(1024),
        resized: Some(Box::new(Resized {
            before,
            after,
            duration_change: 1.4,
            cost_change: Some(0.2),
            worse: vec![Worse::Slower],
        })),
        ..Changes::default()
    });
    let kind = FindingKind::Regression;
    reviews::find(
        &mut function,
        kind,
        tuner_core::pricing::Confidence::High,
        "It is slower.",
        None,
    );
    function
}

#[test]
fn a_regression_that_is_ignored_is_not_shouted() {
    let review = || MemoryReview {
        previous: reviews::mixed().previous,
        ..reviews::of(vec![resized()])
    };
    for format in [Format::Terminal, Format::Markdown, Format::Html] {
        let told = plain(format, &review());
        assert!(told.contains("WORSE, it is slower:"), "{format}: {told}");
        let ignored = plain(format, &ignoring(review(), &[("invoices", "regression")]));
        assert!(
            ignored.contains("worse and ignored, it is slower:"),
            "{format}: {ignored}"
        );
        assert!(!ignored.contains("WORSE"), "{format}: {ignored}");
    }
}

#[test]
fn entries_are_told_in_sentences() {
    let file = "[[ignore]]\nfunction = \"checkout\"\nfinding = \"memory_underprovisioned\"\nuntil = 2027-01-01\nreason = \"known\"\n\
        [[accepted]]\nfunction = \"checkout\"\nfinding = \"memory_underprovisioned\"\non = 2026-11-01\n\
        [[accepted]]\nfunction = \"*thumbnails\"\nfinding = \"memory_overprovisioned\"\non = 2026-11-21\n\
        [[accepted]]\nfunction = \"*\"\nfinding = \"throttles\"\non = 2026-11-01\n\
        [[accepted]]\nfunction = \"image-resize\"\nfinding = \"errors\"\non = 2026-11-01\n";
    let review = reviews::mixed().with_advice_file(&AdviceFile::parse(file).unwrap());
    for format in [Format::Terminal, Format::Markdown] {
        let text = plain(format, &review).replace('\\', "");
        assert!(
            text.contains("until 2027-01-01, checkout may run out of memory: known"),
            "{text}"
        );
        assert!(
            text.contains("of `checkout` is ignored too, and that goes first"),
            "{text}"
        );
        // It was never found: nobody knows that it was done.
        assert!(
            text.contains("“fails” is not found of `image-resize`: the entry can go"),
            "{text}"
        );
    }
    let page = plain(Format::Html, &review);
    assert!(
        page.contains("agreed on 2026-11-21, after this review, to be done until"),
        "{page}"
    );
}

#[test]
fn lists_that_are_cut_say_so() {
    let functions: Vec<FunctionReview> = (0..60)
        .map(|n| Sample::new(&format!("resize-{n}"), 1024, 210, 2_400_000, 180.0).over_provisioned(512))
        .collect();
    let text: String = (0..60)
        .map(|n| {
            let of = |name: &str| {
                format!(
                    "[[ignore]]\nfunction = \"{name}-{n}\"\nfinding = \"memory_overprovisioned\"\nuntil = 2027-01-01\n\
                     reason = \"reason {n}\"\n"
                )
            };
            of("resize") + &of("nobody")
        })
        .collect();
    let review = reviews::of(functions).with_advice_file(&AdviceFile::parse(&text).unwrap());
    let page = plain(Format::Html, &review);
    assert!(page.contains("and 20 more, which are in the table of functions"));
    assert!(page.contains("</ul> <p class=\"muted\">and 20 more</p>"));
}

#[test]
fn costs_in_another_currency_are_known() {
    let abroad = reviews::in_currency(reviews::one(), Currency::Cny).functions.remove(0);
    let named = |name: &str, owner: &str| {
        let mut function = Sample::new(name, 1024, 210, 2_400_000, 180.0).over_provisioned(512);
        function.function.tags.insert("owner".to_owned(), owner.to_owned());
        function
    };
    let mut abroad = FunctionReview { ..abroad };
    abroad.function.tags.insert("owner".to_owned(), "beijing".to_owned());
    let review = reviews::of(vec![named("a", "dublin"), named("b", "dublin")]);
    let mut review = review;
    review.functions.push(abroad);
    let review = review
        .with_advice_file(&AdviceFile::default())
        .grouped_by(&GroupBy::Owner);
    assert_eq!(
        review.totals.monthly.map(|money: Money| money.currency),
        Some(Currency::Usd)
    );
    let money = review_headline(&review.of_group(&GroupBy::Owner, Some("beijing"))).money;
    assert_eq!(
        money,
        "beijing (owner): what 1 function costs is in CNY, and the sums are in another currency"
    );
    let text = plain(Format::Terminal, &review);
    assert!(text.contains("in CNY"), "{text}");
}
