//! Markdown, CSV, JSON and terminal text of a review.

use tuner_core::review::MemoryReview;
use tuner_report::{Format, Options, TerminalStyle, render_review, review_terminal};
use unicode_width::UnicodeWidthStr;

use crate::review_cases::{self, shown};
use crate::reviews;
use crate::text_views::records;

fn on_terminal(review: &MemoryReview, width: usize, colour: bool) -> String {
    let mut out = Vec::new();
    review_terminal(review, &Options::default(), &TerminalStyle { width, colour }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (name, review) in review_cases::all() {
        for width in [140, 80, 60, 40] {
            for line in on_terminal(review, width, false).lines() {
                // A word of a command is one, however long.
                let is_one_word = !line.trim().trim_end_matches(" \\").contains(' ');
                assert!(line.width() <= width || is_one_word, "{name} at {width}: {line}");
                assert!(!line.contains(['\u{1b}', '\u{202e}']), "{name}");
            }
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, review) in review_cases::all() {
        let coloured = on_terminal(review, 80, true);
        let mut parts = coloured.split('\u{1b}');
        let mut plain = parts.next().unwrap().to_owned();
        plain.extend(parts.map(|part| part.split_once('m').unwrap().1));
        assert_eq!(plain, on_terminal(review, 80, false), "{name}");
    }
}

#[test]
fn a_terminal_row_has_what_matters() {
    let text = on_terminal(&reviews::mixed(), 80, false);
    let row = |name: &str| {
        text.lines()
            .find(|line| line.split_whitespace().nth(1) == Some(name))
            .unwrap()
    };
    assert!(
        row("checkout").starts_with("x checkout") && row("checkout").contains("may run out"),
        "{text}"
    );
    assert!(row("video-thumbnails").contains("up to $28.19"), "{text}");
    assert!(row("key-rotation").starts_with("? "), "{text}");
    assert!(
        text.contains("\ntuner run --function video-thumbnails --region eu-west-1 --preset standard"),
        "{text}"
    );
}

#[test]
fn csv_has_every_function_and_runs_no_formula() {
    for (name, review) in review_cases::all() {
        let records = records(&shown(Format::Csv, review));
        let (head, rows) = records.split_first().unwrap();
        let column = |wanted: &str| head.iter().position(|name| name == wanted).unwrap();
        assert_eq!(rows.len(), review.functions.len(), "{name}");
        for (row, function) in rows.iter().zip(&review.functions) {
            assert_eq!(row.len(), head.len(), "{name}");
            for cell in row {
                let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(!is_formula || cell.parse::<f64>().is_ok(), "{name}: {cell}");
            }
            assert_eq!(row[column("function")], function.function.name.name());
            let cost = function.monthly.map(|monthly| monthly.bill.total.amount);
            assert_eq!(row[column("monthly_cost")].parse().ok(), cost, "{name}");
            let best = function
                .savings()
                .map(|saving| saving.at_best.amount)
                .reduce(|a, b| a + b);
            assert_eq!(row[column("saving_at_best")].parse().ok(), best, "{name}");
        }
    }
}

#[test]
fn csv_has_the_most_where_a_cost_is_a_range() {
    let mut review = reviews::mixed();
    let monthly = review.functions.iter_mut().find_map(|f| f.monthly.as_mut()).unwrap();
    let mut most = monthly.bill.total;
    most.amount = 2.0 * most.amount + 1.0;
    monthly.at_most = Some(most);
    let records = records(&shown(Format::Csv, &review));
    let (head, rows) = records.split_first().unwrap();
    let column = head.iter().position(|name| name == "monthly_cost_at_most").unwrap();
    let told: Vec<f64> = rows.iter().filter_map(|row| row[column].parse().ok()).collect();
    assert_eq!(told, [most.amount]);
}

#[test]
fn markdown_has_every_risk_and_whole_tables() {
    for (name, review) in review_cases::all() {
        let text = shown(Format::Markdown, review);
        let mut cells = None;
        for line in text.lines() {
            let count = line.replace("\\|", "").matches('|').count();
            match (line.starts_with('|'), cells) {
                (true, Some(expected)) => assert_eq!(count, expected, "{name}: {line}"),
                (true, None) => cells = Some(count),
                (false, _) => cells = None,
            }
        }
        let risks = review
            .functions
            .iter()
            .flat_map(|f| &f.findings)
            .filter(|f| f.kind.is_risk())
            .count();
        assert_eq!(
            text.lines().filter(|line| line.starts_with("- **")).count(),
            risks,
            "{name}"
        );
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{name}");
        // In code markup is text, and its fence is one that nothing from outside can close.
        let prose = text.split("```").step_by(2).collect::<String>();
        assert!(!prose.contains("<script"), "{name}");
        assert_eq!(
            text.lines().filter(|line| line.starts_with("```")).count() % 2,
            0,
            "{name}"
        );
    }
}

#[test]
fn accounts_are_masked_unless_asked_for() {
    for format in Format::ALL {
        assert!(!shown(format, &reviews::mixed()).contains(reviews::ACCOUNT), "{format}");
        let mut out = Vec::new();
        let options = Options {
            show_account_ids: true,
            ..Options::default()
        };
        render_review(format, &reviews::mixed(), &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(reviews::ACCOUNT), "{format}");
    }
}

#[test]
fn json_reads_back_and_the_same_document_gives_the_same_bytes() {
    for (name, review) in review_cases::all() {
        let options = Options {
            show_account_ids: true,
            ..Options::default()
        };
        let mut json = Vec::new();
        render_review(Format::Json, review, &options, &mut json).unwrap();
        assert_eq!(
            &serde_json::from_slice::<MemoryReview>(&json).unwrap(),
            review,
            "{name}"
        );
        for format in Format::ALL {
            assert_eq!(shown(format, review), shown(format, review), "{name} {format}");
        }
    }
}
