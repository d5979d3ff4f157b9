//! Decisions and groups as a reader gets them.

use tuner_core::review::{GroupBy, MemoryReview};
use tuner_report::{
    Format, GROUP_FORMATS, Options, group_pages, render_review, review_groups_csv, review_headline, review_summary,
};

use crate::review_cases::{decided, decided_hostile, shown};
use crate::reviews;
use crate::text_views::records;

fn groups_csv(review: &MemoryReview) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    review_groups_csv(review, &Options::default(), &mut out).unwrap();
    records(&String::from_utf8(out).unwrap())
}

#[test]
fn what_was_decided_stands_first_in_every_form() {
    let review = decided();
    let headline = review_headline(&review).decided.unwrap();
    assert!(headline.starts_with("1 finding is overdue"), "{headline}");
    assert!(
        headline.contains("ignored until 2026-12-31, and in no figure"),
        "{headline}"
    );
    for format in [Format::Terminal, Format::Markdown, Format::Html] {
        let text = shown(format, &review);
        let place = |what: &str| {
            let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
            plain.find(what).unwrap_or_else(|| panic!("{format}: {what}: {text}"))
        };
        assert!(
            place("Overdue and new")
                < place(if format == Format::Html {
                    "What to do first"
                } else {
                    "What may break"
                })
        );
        place("agreed on 2026-09-01 by kim, to be done until 2026-10-01");
        place("was ignored until 2026-11-01: known");
        place("moves to containers");
        place("no function of this review is called");
        place("By owner");
        place("(nobody)");
    }
    let summary = review_summary(&review, &Options::default()).unwrap().message;
    assert!(
        summary.contains("Overdue and new:") && summary.contains("By owner, a month:"),
        "{summary}"
    );
}

#[test]
fn what_is_ignored_is_advised_nowhere() {
    let review = decided();
    let ignored: Vec<&str> = (review.functions.iter())
        .filter(|f| !f.ignored.is_empty())
        .map(|f| f.function.name.name())
        .collect();
    assert!(!ignored.is_empty());
    let csv = records(&shown(Format::Csv, &review));
    let column = |name: &str| csv[0].iter().position(|head| head == name).unwrap();
    for row in &csv[1..] {
        if ignored.contains(&row[column("function")].as_str()) {
            assert_eq!(row[column("ignored_findings")], "memory_overprovisioned");
            assert!(!row[column("findings")].contains("memory_overprovisioned"));
            assert!(row[column("ignored_because")].contains("moves to containers"));
        }
    }
    assert_eq!(
        csv.iter()
            .filter(|row| row[column("overdue_findings")] == "memory_overprovisioned")
            .count(),
        1
    );
}

#[test]
fn rows_of_groups_add_up_to_the_review() {
    for review in [decided(), reviews::many(400).grouped_by(&GroupBy::Owner)] {
        let rows = groups_csv(&review);
        let sum = |name: &str| -> f64 {
            let column = rows[0].iter().position(|head| head == name).unwrap();
            rows[1..].iter().filter_map(|row| row[column].parse::<f64>().ok()).sum()
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{a} is not {b}");
        near(sum("functions"), review.functions.len() as f64);
        near(sum("monthly_cost"), review.totals.monthly.unwrap().amount);
        near(sum("saving_at_best"), review.totals.saving_at_best.unwrap().amount);
        near(sum("ignored_findings"), review.totals.ignored as f64);
        let risky = review.functions.iter().filter(|f| f.may_break()).count();
        near(sum("functions_that_may_break"), risky as f64);
        // The rows of functions say the same, by what stands in them.
        let csv = records(&shown(Format::Csv, &review));
        let column = |name: &str| csv[0].iter().position(|head| head == name).unwrap();
        let group = rows[0].iter().position(|head| head == "group").unwrap();
        let cost = rows[0].iter().position(|head| head == "monthly_cost").unwrap();
        for row in &rows[1..] {
            let of = csv[1..].iter().filter(|f| f[column("group")] == row[group]);
            let costs: f64 = of.filter_map(|f| f[column("monthly_cost")].parse::<f64>().ok()).sum();
            near(costs, row[cost].parse().unwrap_or(0.0));
        }
    }
}

#[test]
fn a_page_of_a_group_holds_its_functions_only() {
    let review = decided();
    let pages = group_pages(&review);
    assert_eq!(pages.last().unwrap().stem, "_nobody");
    for page in &pages {
        let alone = review.of_group(&GroupBy::Owner, page.name.as_deref());
        assert!(!alone.functions.is_empty());
        for format in GROUP_FORMATS {
            let text = shown(format, &alone);
            for function in &review.functions {
                let name = function.function.name.name();
                let is_own = function.function.owner() == page.name.as_deref();
                let named = text.contains(name);
                assert_eq!(named, is_own, "{format} {page:?}: {name}");
            }
        }
        // A title with nothing below it tells nothing.
        let terminal = shown(Format::Terminal, &alone);
        let since = terminal.split("Since the review of").nth(1);
        assert!(
            since.is_none_or(|text| !text.trim_start_matches(|c: char| c != '\n').starts_with("\n\n")),
            "{terminal}"
        );
        let head = review_headline(&alone).money;
        let expected = page
            .name
            .as_ref()
            .map_or("Functions without an owner: ".to_owned(), |name| {
                format!("{name} (owner): ")
            });
        assert!(head.starts_with(&expected), "{head}");
    }
}

#[test]
fn pages_are_linked_where_there_are_some() {
    let review = decided();
    let mut out = Vec::new();
    let options = Options {
        group_pages: Some("groups".to_owned()),
        ..Options::default()
    };
    render_review(Format::Html, &review, &options, &mut out).unwrap();
    let html = String::from_utf8(out).unwrap();
    for page in group_pages(&review) {
        assert!(
            html.contains(&format!("href=\"groups/{}.html\"", page.stem)),
            "{page:?}"
        );
    }
    assert!(!shown(Format::Html, &review).contains("href=\"groups/"));
}

#[test]
fn hostile_owners_are_text_and_no_path() {
    let review = decided_hostile();
    for page in group_pages(&review) {
        assert!(
            page.stem
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
            "{page:?}"
        );
    }
    for row in groups_csv(&review) {
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '@', '\t', '\r']), "{cell}");
            assert!(!cell.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{cell:?}");
        }
    }
    let html = shown(Format::Html, &review);
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    let markdown = shown(Format::Markdown, &review);
    assert!(!markdown.contains("<script") && !markdown.contains("<b>"));
}
