//! What is not known is a row with its reason (edges 69, 70, 73).

use tuner_core::review::{
    Action, Evidence, FindingKind, FunctionVersion, Gap, ListedFunction, Missing, Unreported, Why,
};

use super::fixture::*;

fn without_logs(why: Why, text: &str) -> Evidence {
    Evidence {
        sizes: Vec::new(),
        logs: None,
        gaps: vec![Gap::new(Missing::Logs, why, text)],
        ..usual()
    }
}

#[test]
fn a_function_that_was_never_called_has_no_log_group_and_that_is_not_its_problem() {
    let mut evidence = without_logs(Why::NotFound, "its log group does not exist");
    evidence.metrics = Some(metrics(0, 0.0));
    let function = one(listed("f"), evidence);
    assert_eq!(kinds(&function), [FindingKind::NotEnoughData]);
    assert_eq!(function.findings[0].text, "It was not called in 30 days.");
    // It costs nothing, and that is known.
    assert_eq!(function.monthly.unwrap().bill.total.amount, 0.0);
    assert!(function.finding(FindingKind::Arm64Candidate).is_none());
}

#[test]
fn fewer_than_fifty_reports_say_nothing_of_memory() {
    let few = |n| {
        let mut evidence = evidence(vec![at(1024, n, 100.0)]);
        evidence.sizes[0].max_memory_used_mb = Some(100);
        one(listed("f"), evidence)
    };
    assert_eq!(kinds(&few(49)), [FindingKind::NotEnoughData]);
    assert_eq!(kinds(&few(50)), [FindingKind::MemoryOverprovisioned]);
    // A size that was changed just now has none yet.
    let mut before = at(512, 340, 100.0);
    before.versions = vec![of(FunctionVersion::Latest)];
    let changed = one(listed("f"), evidence(vec![before]));
    let text = &changed.finding(FindingKind::NotEnoughData).unwrap().text;
    assert_eq!(
        text,
        "There are 0 reports at 1024 MB, and 340 at other sizes; 50 are needed to say anything of its memory."
    );
}

#[test]
fn few_reports_are_enough_for_what_went_wrong() {
    let mut evidence = evidence(vec![at(1024, 3, 100.0)]);
    evidence.sizes[0].out_of_memory = 1;
    let function = one(listed("f"), evidence);
    assert_eq!(
        kinds(&function),
        [FindingKind::MemoryUnderprovisioned, FindingKind::NotEnoughData]
    );
}

/// Lines of the older style, whose reports are not in the logs.
#[test]
fn failures_without_a_report_are_failures() {
    let unreported = |sizes, timeouts, crashes| {
        let mut evidence = evidence(sizes);
        evidence.metrics = None;
        evidence.unreported = Unreported { timeouts, crashes };
        one(listed("f"), evidence)
    };
    let only = unreported(vec![], 3, 2);
    assert_eq!(
        kinds(&only),
        [
            FindingKind::TimeoutRisk,
            FindingKind::Errors,
            FindingKind::NotEnoughData
        ]
    );
    assert_eq!(only.findings[0].text, "The logs tell of 3 time-outs without a report.");
    assert_eq!(
        only.findings[1].text,
        "2 of 5 invocations failed (40 %), time-outs and a lack of memory not counted."
    );
    let beside = unreported(vec![at(1024, 95, 100.0)], 5, 0);
    assert_eq!(kinds(&beside), [FindingKind::TimeoutRisk]);
}

#[test]
fn a_missing_log_group_is_no_logs_and_the_cost_comes_from_metrics() {
    let function = one(listed("f"), without_logs(Why::NotFound, "/aws/lambda/f does not exist"));
    assert_eq!(kinds(&function), [FindingKind::NoLogs]);
    let monthly = function.monthly.unwrap();
    assert!(!monthly.billed);
    close(monthly.gb_seconds, 10_000.0);
}

#[test]
fn what_may_not_be_read_says_which_call_to_allow() {
    let function = one(listed("f"), without_logs(Why::NoAccess, "AccessDenied"));
    assert_eq!(kinds(&function), [FindingKind::NoAccess]);
    assert_eq!(
        actions(&function),
        [&Action::Allow {
            call: "logs:StartQuery".into()
        }]
    );
    let mut evidence = without_logs(Why::NoAccess, "No logs");
    evidence.metrics = None;
    evidence
        .gaps
        .push(Gap::new(Missing::Metrics, Why::NoAccess, "No metrics"));
    let function = one(listed("f"), evidence);
    assert_eq!(function.findings[0].text, "No metrics. No logs.");
    assert_eq!(function.advice.len(), 2);
    assert!(function.monthly.is_none() && function.cost_unknown.is_some());
}

#[test]
fn logs_at_level_warn_hold_failures_only_and_are_not_taken_for_all() {
    let hidden = ListedFunction {
        reports_hidden: true,
        json_logs: true,
        ..listed("f")
    };
    // Sixty failures of 29 s among 100,000 invocations of 100 ms.
    let mut evidence = usual();
    evidence.sizes = vec![at(1024, 60, 10_000.0)];
    evidence.sizes[0].max_memory_used_mb = Some(100);
    evidence.sizes[0].out_of_memory = 60;
    let function = one(hidden, evidence);
    assert_eq!(
        kinds(&function),
        [FindingKind::MemoryUnderprovisioned, FindingKind::NoLogs]
    );
    assert!(actions(&function).contains(&&Action::ShowReports));
    // 100 ms, not 10 s.
    close(function.monthly.unwrap().gb_seconds, 10_000.0);
}

#[test]
fn unsupported_failed_and_unread_are_told_apart() {
    let managed = ListedFunction {
        unsupported: Some("it runs on Managed Instances".into()),
        ..listed("f")
    };
    let function = one(managed, usual());
    assert_eq!(kinds(&function), [FindingKind::Unsupported]);
    assert!(function.monthly.is_none() && function.cost_unknown.unwrap().contains("Managed Instances"));
    assert_eq!(
        kinds(&one(listed("f"), without_logs(Why::Failed, "timed out"))),
        [FindingKind::Failed]
    );
    assert_eq!(
        kinds(&one(listed("f"), without_logs(Why::Budget, "too dear"))),
        [FindingKind::NotEnoughData]
    );
    assert_eq!(kinds(&one(listed("f"), Evidence::default())), [FindingKind::Failed]);
}

#[test]
fn no_compute_optimizer_is_no_finding() {
    let mut evidence = usual();
    evidence
        .gaps
        .push(Gap::new(Missing::ComputeOptimizer, Why::NoAccess, "not opted in"));
    assert_eq!(kinds(&one(listed("f"), evidence)), []);
}
