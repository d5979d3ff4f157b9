//! A company of a dozen functions of which is known what is wrong with them, and what became of it.

use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Action, AdviceFile, AdviceList, Evidence, Fallback, FindingKind, FunctionReview, Gathered, ListedFunction,
    MemoryReview, RegionReview, Unused, Window,
};

use super::fixture::*;

/// Wastes memory: 1,024 MB, of which 200 are used.
pub fn wasteful(name: &str) -> (ListedFunction, Evidence) {
    let mut evidence = usual();
    evidence.sizes[0].max_memory_used_mb = Some(200);
    (listed(name), evidence)
}

/// Runs out of memory.
pub fn tight(name: &str) -> (ListedFunction, Evidence) {
    let mut evidence = usual();
    evidence.sizes[0].max_memory_used_mb = Some(1020);
    (listed(name), evidence)
}

pub fn fine(name: &str) -> (ListedFunction, Evidence) {
    (listed(name), usual())
}

pub fn company() -> Vec<(ListedFunction, Evidence)> {
    vec![
        wasteful("batch-import"),
        wasteful("batch-export"),
        wasteful("resize"),
        tight("checkout"),
        tight("pay-card"),
        fine("pay-invoice"),
        fine("search"),
        fine("report"),
        wasteful("report-daily"),
        fine("login"),
        fine("logout"),
        wasteful("thumbnails"),
    ]
}

fn with(file: &str) -> MemoryReview {
    review(company()).with_advice_file(&AdviceFile::parse(file).unwrap())
}

fn ignore(function: &str, finding: &str, until: &str) -> String {
    format!("[[ignore]]\nfunction = \"{function}\"\nfinding = \"{finding}\"\nuntil = {until}\nreason = \"we know\"\n")
}

fn accepted(function: &str, finding: &str, more: &str) -> String {
    format!("[[accepted]]\nfunction = \"{function}\"\nfinding = \"{finding}\"\n{more}\n")
}

fn function<'a>(review: &'a MemoryReview, name: &str) -> &'a FunctionReview {
    review
        .functions
        .iter()
        .find(|f| f.function.name.name() == name)
        .unwrap()
}

const OVER: FindingKind = FindingKind::MemoryOverprovisioned;
const UNDER: FindingKind = FindingKind::MemoryUnderprovisioned;

// The reviews of the fixture are over on 2026-10-31.

#[test]
fn what_is_ignored_is_in_no_total_and_is_told_apart() {
    let before = review(company());
    let after = with(&ignore("batch-*", "memory_overprovisioned", "2026-10-31"));
    assert_eq!((before.totals.findings[&OVER], after.totals.findings[&OVER]), (5, 3));
    assert_eq!(after.totals.ignored, 2);
    let saving = |review: &MemoryReview| review.totals.saving_at_best.unwrap().amount;
    close(
        saving(&before),
        saving(&after) + after.totals.ignored_at_best.unwrap().amount,
    );
    let import = function(&after, "batch-import");
    assert!(import.finding(OVER).is_none() && import.savings().next().is_none());
    assert_eq!(
        (import.ignored.len(), import.ignored[0].reason.as_str()),
        (1, "we know")
    );
    assert!(import.advice.iter().all(|advice| advice.about != OVER));
    assert!(
        !after
            .worth_tuning()
            .any(|f| f.function.name.name().starts_with("batch"))
    );
    // What it costs is spent all the same.
    assert_eq!(before.totals.monthly, after.totals.monthly);
    assert!(after.advice_file.as_ref().unwrap().unused.is_empty());
}

#[test]
fn a_risk_that_is_ignored_does_not_go_before_others() {
    let after = with(&ignore("checkout", "memory_underprovisioned", "2027-01-01"));
    assert_eq!(after.functions[0].function.name.name(), "pay-card");
    assert_eq!(after.totals.findings[&UNDER], 1);
    assert!(!function(&after, "checkout").may_break());
}

#[test]
fn the_day_after_it_is_told_again_and_says_so() {
    let after = with(&ignore("resize", "memory_overprovisioned", "2026-10-30"));
    let resize = function(&after, "resize");
    assert!(resize.finding(OVER).is_some() && resize.ignored.is_empty());
    let expired = resize.decided_about(OVER).unwrap().expired.as_ref().unwrap();
    assert_eq!(
        (expired.until.to_string(), expired.reason.as_str()),
        ("2026-10-30".into(), "we know")
    );
    assert_eq!((after.totals.expired, after.totals.ignored), (1, 0));
}

#[test]
fn the_most_exact_entry_counts_and_the_other_is_told_if_it_is_for_nobody() {
    let both = |exact_until: &str| {
        let file = ignore("res*", "memory_overprovisioned", "2027-01-01")
            + &ignore("resize", "memory_overprovisioned", exact_until);
        with(&file)
    };
    assert_eq!(both("2026-01-01").totals.expired, 1);
    let review = both("2027-06-01");
    assert_eq!(function(&review, "resize").ignored[0].until.to_string(), "2027-06-01");
    let unused = &review.advice_file.unwrap().unused;
    assert_eq!((unused[0].line, &unused[0].why), (1, &Unused::Overruled));
}

#[test]
fn accepted_is_due_after_thirty_days_or_on_its_own_day() {
    for (more, due, overdue) in [
        ("on = 2026-10-01", "2026-10-31", false),
        ("on = 2026-09-30", "2026-10-30", true),
        ("on = 2026-09-30\nuntil = 2026-12-24", "2026-12-24", false),
        ("on = 9999-12-20", "9999-12-31", false),
    ] {
        let review = with(&accepted("resize", "memory_overprovisioned", more));
        let accepted = function(&review, "resize")
            .decided_about(OVER)
            .unwrap()
            .accepted
            .clone()
            .unwrap();
        assert_eq!(
            (accepted.due.to_string().as_str(), accepted.overdue),
            (due, overdue),
            "{more}"
        );
        assert_eq!((review.totals.accepted, review.totals.overdue), (1, u64::from(overdue)));
        // It is to be done, and so in every total.
        assert_eq!(review.totals.findings[&OVER], 5);
    }
    let review = with(&format!(
        "overdue_after_days = 90\n{}",
        accepted("resize", "memory_overprovisioned", "on = 2026-08-02")
    ));
    assert_eq!(review.totals.overdue, 0);
}

#[test]
fn what_is_ignored_is_not_urged() {
    let file = ignore("resize", "memory_overprovisioned", "2027-01-01")
        + &accepted("resize", "memory_overprovisioned", "on = 2026-01-01");
    let review = with(&file);
    assert_eq!(
        (review.totals.ignored, review.totals.accepted, review.totals.overdue),
        (1, 0, 0)
    );
    // Which of the two goes is told.
    let unused = review.advice_file.unwrap().unused;
    let found: Vec<_> = unused.iter().map(|entry| (entry.list, entry.why.clone())).collect();
    assert_eq!(found, [(AdviceList::Accepted, Unused::Ignored)]);
}

#[test]
fn of_an_entry_for_several_it_is_not_told_that_it_is_done_where_another_entry_has_the_finding() {
    // Of `report` nothing is found, and it is ranked behind those that waste.
    for glob in ["re*", "report*", "*"] {
        let file = accepted(glob, "memory_overprovisioned", "on = 2026-10-01")
            + &["resize", "report-daily", "batch-import", "batch-export", "thumbnails"]
                .map(|name| accepted(name, "memory_overprovisioned", "on = 2026-10-01"))
                .concat();
        let unused = with(&file).advice_file.unwrap().unused;
        let found: Vec<_> = unused.iter().map(|entry| (entry.line, entry.why.clone())).collect();
        assert_eq!(found, [(1, Unused::Overruled)], "{glob}");
    }
}

#[test]
fn what_is_ignored_as_not_known_is_not_known() {
    let mut few = company();
    few[2].1 = evidence(vec![at(1024, 3, 100.0)]);
    let plain = review(few);
    let gaps: Vec<FindingKind> = function(&plain, "resize").findings.iter().map(|f| f.kind).collect();
    assert!(gaps.iter().any(|kind| kind.is_gap()), "{gaps:?}");
    let file: String = (gaps.iter().map(|kind| ignore("resize", &kind.spelling(), "2027-01-01"))).collect::<String>()
        + &accepted("resize", "timeout_risk", "on = 2026-10-01")
        + &ignore("resize", "throttles", "2027-01-01");
    let review = plain.with_advice_file(&AdviceFile::parse(&file).unwrap());
    assert!(function(&review, "resize").findings.is_empty());
    let unused = review.advice_file.unwrap().unused;
    assert_eq!(unused.len(), 2, "{unused:?}");
    assert!(unused.iter().all(|entry| entry.why == Unused::CannotTell), "{unused:?}");
}

#[test]
fn done_is_what_was_there_before() {
    let file = AdviceFile::parse(
        &(accepted("resize", "memory_overprovisioned", "on = 2026-10-01")
            + &accepted("search", "memory_overprovisioned", "on = 2026-10-01")),
    )
    .unwrap();
    let october = review(company()).with_advice_file(&file);
    let mut functions = company();
    functions[2] = fine("resize");
    let unused = next(functions, &october)
        .with_advice_file(&file)
        .advice_file
        .unwrap()
        .unused;
    let found: Vec<_> = unused
        .iter()
        .map(|entry| (entry.function.as_str(), entry.why.clone()))
        .collect();
    assert_eq!(found, [("resize", Unused::Resolved), ("search", Unused::NotFound)]);
}

#[test]
fn entries_about_nothing_are_named() {
    let file = ignore("resise", "memory_overprovisioned", "2027-01-01")
        + &ignore("nobody-knows-*", "errors", "2027-01-01")
        + &ignore("login", "errors", "2027-01-01")
        + &accepted("search", "memory_overprovisioned", "on = 2026-10-01")
        + "[[owner]]\nfunction = \"serch\"\nowner = \"a\"\n";
    let unused = with(&file).advice_file.unwrap().unused;
    let found: Vec<_> = unused
        .iter()
        .map(|entry| (entry.line, entry.list, entry.why.clone()))
        .collect();
    let near = |name: &str| Unused::UnknownFunction {
        nearest: Some(name.into()),
    };
    assert_eq!(
        found,
        [
            (1, AdviceList::Ignore, near("resize")),
            (6, AdviceList::Ignore, Unused::UnknownFunction { nearest: None }),
            (11, AdviceList::Ignore, Unused::NotFound),
            (16, AdviceList::Accepted, Unused::NotFound),
            (20, AdviceList::Owner, near("search")),
        ]
    );
}

#[test]
fn what_cannot_be_looked_at_is_not_done() {
    let mut blind = company();
    blind[2].1 = Evidence::default();
    let file = AdviceFile::parse(&accepted("resize", "memory_overprovisioned", "on = 2026-10-01")).unwrap();
    let unused = review(blind).with_advice_file(&file).advice_file.unwrap().unused;
    assert_eq!(unused[0].why, Unused::CannotTell);
}

#[test]
fn names_of_two_places_are_both_and_an_arn_is_one() {
    let mut functions = company();
    let elsewhere = "arn:aws:lambda:eu-west-1:123456789012:function:resize";
    let other = ListedFunction {
        name: elsewhere.parse().unwrap(),
        region: Some("eu-west-1".into()),
        ..functions[2].0.clone()
    };
    functions.push((other, functions[2].1.clone()));
    let ignored = |function: &str| {
        let file = AdviceFile::parse(&ignore(function, "memory_overprovisioned", "2027-01-01")).unwrap();
        let review = review(functions.clone()).with_advice_file(&file);
        let all = review.functions.iter().filter(|f| !f.ignored.is_empty());
        all.map(|f| f.function.region.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ignored("resize").len(), 2);
    assert_eq!(ignored(elsewhere), ["eu-west-1"]);
    assert_eq!(ignored("arn:aws:lambda:us-*:*:function:resize"), ["us-east-1"]);
}

#[test]
fn what_a_file_did_is_taken_back_by_the_next() {
    let plain = review(company());
    let file = ignore("*", "memory_overprovisioned", "2027-01-01")
        + &ignore("*", "memory_underprovisioned", "2027-01-01")
        + "[[owner]]\nfunction = \"*\"\nowner = \"a\"\n";
    let once = plain.clone().with_advice_file(&AdviceFile::parse(&file).unwrap());
    assert_ne!(once.totals.findings, plain.totals.findings);
    let mut back = once.with_advice_file(&AdviceFile::default());
    back.advice_file = None;
    assert_eq!(back, plain);
}

/// The next month, with the same evidence a month later.
fn next(functions: Vec<(ListedFunction, Evidence)>, then: &MemoryReview) -> MemoryReview {
    let window = Window {
        from: month().until,
        until: month().until + (month().until - month().from),
    };
    let gathered = Gathered {
        finished_at: window.until,
        regions: vec![RegionReview {
            region: "us-east-1".into(),
            functions: functions.len() as u64,
            problem: None,
        }],
        ..gathered(functions)
    };
    MemoryReview::new(gathered, PriceTable::embedded(), Fallback::default(), Some(then))
}

#[test]
fn an_expired_one_is_not_new_and_an_ignored_one_is_not_resolved() {
    let file = AdviceFile::parse(
        &(ignore("resize", "memory_overprovisioned", "2026-11-15")
            + &ignore("thumbnails", "memory_overprovisioned", "2027-06-01")),
    )
    .unwrap();
    let october = review(company()).with_advice_file(&file);
    assert_eq!((october.totals.ignored, october.totals.new_findings), (2, 0));
    let mut functions = company();
    // One begins to waste, one comes, one goes.
    functions[6] = wasteful("search");
    functions.push(wasteful("brand-new"));
    functions.remove(9);
    let november = next(functions, &october).with_advice_file(&file);
    let new = |review: &MemoryReview, name: &str| {
        let kinds = function(review, name).new_findings().map(|f| f.kind);
        kinds.filter(|&kind| kind == OVER).count()
    };
    assert_eq!((november.totals.ignored, november.totals.expired), (1, 1));
    for (name, is_new) in [
        ("resize", 0),
        ("thumbnails", 0),
        ("search", 1),
        ("brand-new", 1),
        ("batch-import", 0),
    ] {
        assert_eq!(new(&november, name), is_new, "{name}");
        let resolved = &function(&november, name).changes.as_ref().unwrap().resolved;
        assert!(resolved.is_empty(), "{name}");
    }
    let gone = AdviceFile::parse(&ignore("login", "errors", "2027-06-01")).unwrap();
    let unused = november.with_advice_file(&gone).advice_file.unwrap().unused;
    assert_eq!(unused[0].why, Unused::FunctionGone);
}

#[test]
fn sizes_that_another_finding_wants_measured_stay() {
    // The least used memory, and durations that shrink with memory: both findings.
    let mut functions = company();
    let mut slow = vec![at(512, 50_000, 200.0), at(1024, 100_000, 100.0)];
    slow.iter_mut().for_each(|size| size.max_memory_used_mb = Some(100));
    functions[2].1 = evidence(slow);
    let plain = review(functions);
    let before = function(&plain, "resize");
    let sizes = before.tuning_sizes().unwrap().to_vec();
    assert!(
        before.finding(OVER).is_some() && before.finding(FindingKind::CpuBound).is_some(),
        "{before:?}"
    );
    assert!(sizes[0] < 1024 && sizes[sizes.len() - 1] > 1024, "{sizes:?}");
    let larger: Vec<u32> = sizes.iter().copied().filter(|&mb| mb >= 1024).collect();
    let smaller: Vec<u32> = sizes.iter().copied().filter(|&mb| mb <= 1024).collect();
    for (ignored, left, wanted) in [
        ("memory_overprovisioned", FindingKind::CpuBound, larger),
        ("cpu_bound", OVER, smaller),
    ] {
        let file = AdviceFile::parse(&ignore("resize", ignored, "2027-01-01")).unwrap();
        let after = plain.clone().with_advice_file(&file);
        let function = function(&after, "resize");
        assert_eq!(function.tuning_sizes(), Some(&wanted[..]));
        let about = function
            .advice
            .iter()
            .find(|a| matches!(a.action, Action::Tune { .. }))
            .unwrap()
            .about;
        assert_eq!(about, left);
        let mut back = after.with_advice_file(&AdviceFile::default());
        back.advice_file = None;
        assert_eq!(back, plain);
    }
}

#[test]
fn the_document_is_read_back_as_it_was() {
    let file = ignore("batch-*", "memory_overprovisioned", "2027-01-01")
        + &accepted("resize", "memory_overprovisioned", "on = 2026-01-01\nby = \"jo\"")
        + &ignore("nobody", "errors", "2027-01-01");
    let review = with(&file);
    let json = serde_json::to_string(&review).unwrap();
    assert_eq!(serde_json::from_str::<MemoryReview>(&json).unwrap(), review);
}
