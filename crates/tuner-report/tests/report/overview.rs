//! The table of several functions, and the page of a check.

use tuner_core::overview::{OVERVIEW_SCHEMA_VERSION, Overview, OverviewCommand, OverviewRow, Unjudged};
use tuner_report::{
    JunitSuite, Options, TerminalStyle, check_html, check_junit, overview_html, overview_json, overview_markdown,
    overview_terminal,
};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:x";

fn row(name: &str, exit_code: u8, finding: Option<&str>, error: Option<&str>) -> OverviewRow {
    OverviewRow {
        name: name.to_owned(),
        exit_code,
        finding: finding.map(str::to_owned),
        unjudged: None,
        effect: None,
        warnings: Vec::new(),
        error: error.map(str::to_owned),
        page: finding.map(|_| format!("{name}/report.html")),
        document: None,
    }
}

fn overview() -> Overview {
    Overview {
        schema_version: OVERVIEW_SCHEMA_VERSION,
        tool_version: "0.1.0".to_owned(),
        command: OverviewCommand::Check,
        started_at: "2026-11-21T09:30:00Z".parse().unwrap(),
        finished_at: "2026-11-21T09:31:00Z".parse().unwrap(),
        interrupted: false,
        exit_code: 5,
        functions: vec![
            row("resize", 0, Some("resize at 512 MB keeps p95 <= 800 ms"), None),
            row("orders", 3, Some("orders at 256 MB breaks mean <= 10 ms"), None),
            row(
                "<b>",
                5,
                None,
                Some(&format!("cannot check {ARN}: denied | by @somebody")),
            ),
        ],
    }
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_view_has_every_function_and_no_account() {
    let (overview, options) = (overview(), Options::default());
    let views = [
        text(|out| {
            overview_terminal(
                &overview,
                &options,
                &TerminalStyle {
                    width: 100,
                    colour: false,
                },
                out,
            )
            .unwrap()
        }),
        text(|out| overview_markdown(&overview, &options, true, out).unwrap()),
        text(|out| overview_html(&overview, &options, out).unwrap()),
        text(|out| overview_json(&overview, &options, out).unwrap()),
    ];
    for view in &views {
        for words in [
            "resize at 512 MB keeps p95",
            "breaks mean",
            "cannot check",
            "000000000000",
        ] {
            assert!(view.contains(words), "{words}: {view}");
        }
        assert!(!view.contains("123456789012"), "{view}");
    }
    for view in &views[..3] {
        let words = "of 3 functions, 1 breaks a limit, 1 failed, 1 keeps its limits";
        assert!(view.contains(words), "{view}");
    }
    let [_, markdown, html, _] = &views;
    let html = html.replace("&#x2f;", "/");
    assert!(
        markdown.contains("| [resize](resize/report.html) | resize at 512 MB"),
        "{markdown}"
    );
    let comment = text(|out| overview_markdown(&overview, &options, false, out).unwrap());
    assert!(
        comment.contains("| resize | resize at 512 MB") && !comment.contains("report.html"),
        "{comment}"
    );
    assert!(markdown.contains("denied \\| by &#64;somebody | 5 |"), "{markdown}");
    assert!(html.contains("<a href=\"resize/report.html\">resize</a>"), "{html}");
    assert!(!html.contains("<b>") && html.contains("&lt;b&gt;"), "{html}");
}

#[test]
fn what_passed_nothing_is_counted_by_itself() {
    let with = |name: &str, unjudged: Option<Unjudged>, warning: &str| OverviewRow {
        unjudged,
        warnings: vec![warning.to_owned()],
        ..row(name, 0, Some(&format!("{name} was measured")), None)
    };
    let overview = Overview {
        exit_code: 0,
        functions: vec![
            with("a", Some(Unjudged::NothingToCompare), "there is no earlier check"),
            with("b", Some(Unjudged::LetPass), "too few calls"),
            with("c", Some(Unjudged::DryRun), "once each"),
            with("d", None, "no cost"),
        ],
        ..overview()
    };
    let options = Options::default();
    let markdown = text(|out| overview_markdown(&overview, &options, false, out).unwrap());
    assert!(
        markdown.contains(
            "of 4 functions, 1 measured, nothing to compare with yet, 1 let pass though it cannot be told, 1 tried by a dry \
             run, 1 keeps its limits"
        ),
        "{markdown}"
    );
    assert!(
        markdown.contains("| a | a was measured<br>(there is no earlier check) | 0 |"),
        "{markdown}"
    );
    let page = text(|out| overview_html(&overview, &options, out).unwrap());
    assert!(!page.contains("<h1 class=\"good\">"), "{page}");
}

fn measured(function: &str, limits: serde_json::Value) -> tuner_core::check::Check {
    serde_json::from_value(serde_json::json!({
        "schema_version": 1, "check_id": "0193ab00-0000-7000-8000-000000000001", "tool_version": "0.1.0",
        "started_at": "2026-11-21T09:30:00Z", "finished_at": "2026-11-21T09:31:00Z",
        "function": function, "architecture": "x86_64", "memory_size_mb": 512,
        "source": {"kind": "logs"}, "verdict": "not_measured", "limits": limits, "figures": [],
        "outcomes": {"success": 40, "function_error": 0, "out_of_memory": 0, "timeout": 0, "throttled": 0, "init_error": 0, "unmeasured": 0},
    }))
    .unwrap()
}

/// Two entries of one function are two suites, and one that compared nothing has a case that did not pass.
#[test]
fn suites_of_several_have_the_names_they_were_asked_for_by() {
    let mut check = measured("orders", serde_json::json!([]));
    let junit = |check: &tuner_core::check::Check| {
        let suites = ["orders-live", "orders-next"].map(|name| JunitSuite::Checked {
            name: Some(name),
            check,
        });
        text(|out| check_junit(&suites, &Options::default(), tuner_core::check::Undecided::Pass, out).unwrap())
    };
    let first = junit(&check);
    for words in [
        "<testsuites tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"2\"",
        "<testsuite name=\"tuner check orders-live\"",
        "<testsuite name=\"tuner check orders-next\"",
        "classname=\"tuner check orders-next\" name=\"no worse than the baseline\"",
        "nothing to compare it with yet",
    ] {
        assert!(first.contains(words), "{words}: {first}");
    }
    check.baseline = Some(tuner_core::check::Baseline::of_check(&check));
    check.verdict = check.verdict.without_comparison();
    let none = junit(&check);
    for words in [
        "errors=\"2\" skipped=\"0\"",
        "cannot tell whether orders at 512 MB got worse: the baseline has none",
    ] {
        assert!(none.contains(words), "{words}: {none}");
    }
}

#[test]
fn one_that_could_not_be_checked_is_an_error_of_its_own() {
    let message = format!("denied for {ARN}");
    let suites = [JunitSuite::Failed {
        name: "a<b",
        message: &message,
    }];
    let junit = text(|out| {
        check_junit(&suites, &Options::default(), tuner_core::check::Undecided::Pass, out).unwrap();
    });
    assert!(
        junit.contains("<testsuites tests=\"1\" failures=\"0\" errors=\"1\""),
        "{junit}"
    );
    assert!(
        junit.contains("tuner check a&lt;b") && !junit.contains("123456789012"),
        "{junit}"
    );
}

#[test]
fn the_page_of_a_check_has_every_limit() {
    let check: tuner_core::check::Check = serde_json::from_value(serde_json::json!({
        "schema_version": 1, "check_id": "0193ab00-0000-7000-8000-000000000001", "tool_version": "0.1.0",
        "started_at": "2026-11-21T09:30:00Z", "finished_at": "2026-11-21T09:31:00Z",
        "function": ARN, "architecture": "x86_64", "memory_size_mb": 512,
        "source": {"kind": "logs"}, "verdict": "broken",
        "limits": [
            {"limit": {"metric": "p95", "limit": 800.0, "unit": "ms"}, "verdict": "broken", "calls": 40, "missed": 12},
            {"limit": {"metric": "cold_starts", "limit": 20.0, "unit": "percent"}, "verdict": "not_measured", "calls": 0}
        ],
        "figures": [{"metric": "p95", "value": 950.0, "unit": "ms", "low": 900.0, "high": 1000.0, "calls": 40}],
        "outcomes": {"success": 40, "function_error": 0, "out_of_memory": 0, "timeout": 0, "throttled": 0, "init_error": 0, "unmeasured": 0},
        "warnings": ["the logs have <gaps>"]
    }))
    .unwrap();
    let page = text(|out| check_html(&check, &Options::default(), out).unwrap());
    for words in [
        "<h1 class=\"bad\">x at 512 MB breaks p95 &lt;= 800 ms</h1>",
        "<td>broken</td>",
        "<td>950 ms</td>",
        "not measured",
        "&lt;gaps&gt;",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("123456789012") && !page.contains("<script"), "{page}");
}
