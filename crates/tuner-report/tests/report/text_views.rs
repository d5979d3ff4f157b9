//! Terminal, CSV and Markdown.

use tuner_core::Tuning;
use tuner_report::{Format, Options, TerminalStyle, terminal};
use unicode_width::UnicodeWidthStr;

use crate::cases::{self, shown};

fn on_terminal(tuning: &Tuning, width: usize, colour: bool) -> String {
    let mut out = Vec::new();
    terminal(tuning, &Options::default(), &TerminalStyle { width, colour }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (name, tuning) in cases::all() {
        for width in [120, 80, 60, 40] {
            for line in on_terminal(tuning, width, false).lines() {
                assert!(line.width() <= width, "{name} at {width}: {line}");
            }
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, tuning) in cases::all() {
        let mut plain = String::new();
        let coloured = on_terminal(tuning, 80, true);
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert_eq!(plain, on_terminal(tuning, 80, false), "{name}");
        assert!(coloured.contains('\u{1b}'), "{name}");
    }
}

#[test]
fn rows_are_marked_as_now_chosen_and_failed() {
    let text = shown(
        Format::Terminal,
        &crate::common::Study {
            needs_mb: 200,
            present_mb: 256,
            ..cases::moved()
        }
        .run(),
    );
    let row = |mb: &str| {
        text.lines()
            .find(|l| l.split_whitespace().nth(1) == Some(mb))
            .unwrap_or_else(|| panic!("no row of {mb} MB in\n{text}"))
    };
    assert!(
        row("128").starts_with('x') && row("128").ends_with("out of memory: 1 of 1"),
        "{text}"
    );
    assert!(row("256").starts_with("> "), "{text}");
    assert!(
        row("1769").starts_with("* ") && row("1769").contains("chosen"),
        "{text}"
    );
}

/// A reader of RFC 4180, to read back what was written.
pub(crate) fn records(csv: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            c => cell.push(c),
        }
    }
    assert!(!quoted && cell.is_empty(), "the last record is not ended");
    records
}

#[test]
fn csv_reads_back_and_runs_no_formula() {
    for (name, tuning) in cases::all() {
        let records = records(&shown(Format::Csv, tuning));
        let (head, rows) = records.split_first().unwrap();
        let column = |wanted: &str| head.iter().position(|name| name == wanted).unwrap();
        assert!(rows.iter().all(|row| row.len() == head.len()), "{name}");
        assert!(
            rows.iter()
                .flatten()
                .all(|cell| cell.parse::<f64>().is_ok() || !cell.starts_with(['=', '+', '-', '@', '\t'])),
            "{name}"
        );
        let sizes: std::collections::BTreeSet<&String> =
            rows.iter().map(|row| &row[column("memory_size_mb")]).collect();
        assert_eq!(sizes.len(), tuning.sizes.len(), "{name}");
        for row in rows.iter().filter(|row| row[column("start")] == "warm") {
            let mb: u32 = row[column("memory_size_mb")].parse().unwrap();
            let size = tuning.sizes.iter().find(|size| size.memory_size_mb == mb).unwrap();
            let mean: f64 = row[column("mean_duration_ms")].parse().unwrap();
            assert_eq!(mean, size.warm.as_ref().unwrap().duration_ms.mean.value, "{name}");
        }
    }
}

#[test]
fn the_comment_has_direction_and_money_in_its_heading() {
    let text = shown(Format::Markdown, &cases::moved().run());
    let heading = text.lines().next().unwrap();
    assert!(
        heading.starts_with("### image-resize: move from 128 MB to 1024 MB (−$"),
        "{heading}"
    );
    assert!(heading.ends_with(" a month)"), "{heading}");
    assert!(
        text.contains("<details>\n<summary>All memory sizes</summary>\n\n|"),
        "{text}"
    );
}

#[test]
fn every_row_of_a_markdown_table_has_as_many_cells() {
    for (name, tuning) in cases::all() {
        let mut cells = None;
        for line in shown(Format::Markdown, tuning).lines() {
            let count = line.replace("\\|", "").matches('|').count();
            match (line.starts_with('|'), cells) {
                (true, Some(expected)) => assert_eq!(count, expected, "{name}: {line}"),
                (true, None) => cells = Some(count),
                (false, _) => cells = None,
            }
        }
    }
}
