//! Reviews at the edges of what there can be.

use std::sync::LazyLock;

use tuner_core::pricing::{Confidence, Currency, Money};
use tuner_core::review::{
    Action, AdviceFile, FindingKind, Gap, GroupBy, ListedFunction, MemoryReview, Missing, OptimizerFinding,
    RegionReview, SavingBasis, Unused, Why,
};
use tuner_report::{Format, Options, render_review};

use crate::reviews::{self, Sample, advise, find, saving};

/// Every case with its name.
pub(crate) fn all() -> &'static [(&'static str, MemoryReview)] {
    static ALL: LazyLock<Vec<(&'static str, MemoryReview)>> = LazyLock::new(|| {
        vec![
            ("empty", reviews::empty()),
            ("one", reviews::one()),
            ("mixed", reviews::mixed()),
            ("yuan", reviews::in_currency(reviews::mixed(), Currency::Cny)),
            ("many", reviews::many(400)),
            ("from-logs", from_logs()),
            ("nothing-known", nothing_known()),
            ("no-region", no_region()),
            ("dearer", dearer()),
            ("hostile", hostile()),
            ("decided", decided()),
            ("decided-hostile", decided_hostile()),
            ("group", decided().of_group(&GroupBy::Owner, Some("media"))),
            ("nobody", decided().of_group(&GroupBy::Owner, None)),
        ]
    });
    &ALL
}

pub(crate) fn shown(format: Format, review: &MemoryReview) -> String {
    let mut out = Vec::new();
    render_review(format, review, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Exported logs without times: nothing is of a month.
pub(crate) fn from_logs() -> MemoryReview {
    let mut function = Sample::new("resize", 1024, 210, 120, 80.0).over_provisioned(512);
    function.function = ListedFunction::named("resize".parse().unwrap());
    let mut review = reviews::of(vec![function]);
    review.window = None;
    review.account = None;
    review.regions.clear();
    review
}

/// Functions of which no cost is known.
pub(crate) fn nothing_known() -> MemoryReview {
    let mut function = Sample::new("resize", 1024, 210, 120, 80.0).review();
    function.monthly = None;
    function.cost_unknown = Some("the price of x86_64 in xx-north-9 is not known".to_owned());
    function.evidence.sizes.clear();
    reviews::of(vec![function])
}

fn no_region() -> MemoryReview {
    let mut review = reviews::empty();
    review.regions = vec![RegionReview {
        region: "eu-west-1".to_owned(),
        functions: 0,
        problem: Some("lambda:ListFunctions is not allowed".to_owned()),
    }];
    review
}

/// Findings ignored, accepted, overdue and ignored no longer; sums by owner.
pub(crate) fn decided() -> MemoryReview {
    let file = "[[ignore]]\nfunction = \"*-resize\"\nfinding = \"memory_overprovisioned\"\nuntil = 2026-12-31\n\
        reason = \"moves to containers\"\nby = \"jo\"\n\
        [[ignore]]\nfunction = \"checkout\"\nfinding = \"memory_underprovisioned\"\nuntil = 2026-11-01\n\
        reason = \"known\"\n\
        [[accepted]]\nfunction = \"*thumbnails\"\nfinding = \"memory_overprovisioned\"\non = 2026-09-01\nby = \"kim\"\n\
        [[ignore]]\nfunction = \"chekout\"\nfinding = \"errors\"\nuntil = 2027-01-01\nreason = \"x\"\n";
    let file = AdviceFile::parse(file).unwrap();
    reviews::mixed().with_advice_file(&file).grouped_by(&GroupBy::Owner)
}

/// Markup and formulas in owners, and in everything that the advice file quotes.
pub(crate) fn decided_hostile() -> MemoryReview {
    let mut review = decided();
    for function in &mut review.functions {
        for (key, value) in &mut function.function.tags {
            if key == "team" {
                *value = format!("={MARKUP}{value}");
            }
        }
        for ignored in &mut function.ignored {
            (ignored.reason, ignored.by) = (format!("={MARKUP}"), Some(MARKUP.to_owned()));
        }
        for of in function.decided.values_mut() {
            if let Some(expired) = &mut of.expired {
                expired.reason = format!("={MARKUP}");
            }
            if let Some(accepted) = &mut of.accepted {
                accepted.by = Some(MARKUP.to_owned());
            }
        }
    }
    for entry in review.advice_file.iter_mut().flat_map(|file| &mut file.unused) {
        entry.function = MARKUP.to_owned();
        entry.why = Unused::UnknownFunction {
            nearest: Some(MARKUP.to_owned()),
        };
    }
    review.grouped_by(&GroupBy::Owner)
}

/// A tuning says that the smaller size costs more.
pub(crate) fn dearer() -> MemoryReview {
    let mut function = Sample::new("resize", 1024, 210, 9_000_000, 80.0).over_provisioned(512);
    function.findings[0].saving = Some(saving(-3.2, -3.2, SavingBasis::Measured));
    reviews::of(vec![function])
}

pub(crate) const MARKUP: &str =
    "<script>alert(1)</script><b>|`=cmd()`\u{1b}[2J\u{9b}\u{202e}\u{2067}\u{200b}]]>\"'&amp;\n# x";

/// Markup, formulas and control characters wherever text comes from outside.
pub(crate) fn hostile() -> MemoryReview {
    let mut function = Sample::new("resize", 1024, 1000, 9_000_000, 80.0).under_provisioned();
    function.function.region = Some(MARKUP.to_owned());
    function.function.tags.insert("owner".to_owned(), format!("={MARKUP}"));
    function.function.runtime = Some(MARKUP.to_owned());
    function.function.log_group = Some(MARKUP.to_owned());
    function.function.unsupported = Some(MARKUP.to_owned());
    function.cost_unknown = Some(MARKUP.to_owned());
    find(&mut function, FindingKind::Errors, Confidence::Low, MARKUP, None);
    let over = FindingKind::MemoryOverprovisioned;
    find(
        &mut function,
        over,
        Confidence::Low,
        MARKUP,
        Some(saving(3.0, -1.0, SavingBasis::Bounds)),
    );
    for action in [
        Action::SetProvisionedConcurrency {
            qualifier: MARKUP.to_owned(),
            environments: 3,
        },
        Action::Allow {
            call: MARKUP.to_owned(),
        },
        Action::ShowReports,
        Action::Investigate,
    ] {
        advise(&mut function, FindingKind::Errors, action);
    }
    function.evidence.gaps = vec![Gap::new(Missing::Logs, Why::Failed, MARKUP)];
    function.evidence.compute_optimizer = Some(OptimizerFinding {
        finding: MARKUP.to_owned(),
        reasons: vec![MARKUP.to_owned()],
        memory_size_mb: Some(512),
        projected: None,
        current_memory_size_mb: None,
    });
    let mut review = reviews::mixed();
    review.functions.push(function);
    review.totals = reviews::totals(&review.functions);
    review.totals.monthly = Some(Money::usd(1e9));
    review.regions[0].problem = Some(MARKUP.to_owned());
    review.regions[0].region = MARKUP.to_owned();
    review.warnings = vec![MARKUP.to_owned()];
    review.tool_version = MARKUP.to_owned();
    review
}
