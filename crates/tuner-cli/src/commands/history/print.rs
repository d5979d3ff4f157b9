use std::io::Write;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::tz::TimeZone;

use tuner_report::escape;

use super::entry::Entry;
use crate::cli::HistoryFormat;
use crate::error::CliError;
use crate::guarded;
use crate::terminal::{self, DIM};

/// Prints the list.
pub(super) fn print(format: HistoryFormat, entries: &[Entry]) -> Result<(), CliError> {
    let mut out = guarded::stdout();
    match format {
        HistoryFormat::Human => {
            if !entries.is_empty() {
                write!(
                    out,
                    "{}",
                    human(entries, &TimeZone::system(), terminal::colours_stdout())
                )?;
            }
        }
        HistoryFormat::Json => {
            let text = serde_json::to_string_pretty(entries)?;
            writeln!(out, "{}", escape::json(&text))?;
        }
        HistoryFormat::Csv => write!(out, "{}", csv(entries))?,
        HistoryFormat::Markdown => write!(out, "{}", markdown(entries))?,
    }
    Ok(())
}

/// What a person reads of an entry.
struct Row {
    when: String,
    function: String,
    size: String,
    saving: String,
    outcome: String,
    cost: String,
    place: String,
}

impl Row {
    const HEAD: [&str; 6] = ["when", "function", "MB", "saving", "outcome", "cost"];

    fn of(entry: &Entry, zone: &TimeZone) -> Self {
        let when = entry.at().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        // A line of the table is a line.
        let function = escape::line(&entry.label());
        match entry {
            Entry::Tuning(tuning) => Self {
                when,
                function,
                size: match tuning.recommended_memory_size_mb {
                    Some(mb) => match tuning.present_memory_size_mb {
                        Some(now) if now != mb => format!("{now} → {mb}"),
                        _ => mb.to_string(),
                    },
                    None => number(tuning.present_memory_size_mb),
                },
                saving: tuning.saving_pct.map(percent).unwrap_or_default(),
                outcome: match tuning.applied {
                    true => format!("{}, applied", words(&tuning.verdict)),
                    false => words(&tuning.verdict),
                },
                cost: tuning.cost.map(|cost| cost.display().to_string()).unwrap_or_default(),
                place: escape::line(&tuning.store),
            },
            Entry::Execution(execution) => Self {
                when,
                function,
                size: String::new(),
                saving: String::new(),
                outcome: match (&execution.error, execution.is_over()) {
                    (Some(error), true) => escape::line(error),
                    (None, true) => execution.status.to_lowercase().replace('_', " "),
                    (_, false) => "under way".to_owned(),
                },
                cost: String::new(),
                place: escape::line(&execution.execution_arn),
            },
        }
    }

    fn cells(self) -> [String; 6] {
        [
            self.when,
            self.function,
            self.size,
            self.saving,
            self.outcome,
            self.cost,
        ]
    }
}

/// As the documents spell it, in words.
fn words(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_value(value).unwrap_or_default();
    text.as_str().unwrap_or_default().replace('_', " ")
}

fn percent(pct: f64) -> String {
    let rounded = pct.round();
    match rounded < 0.0 {
        true => format!("−{} %", -rounded),
        false => format!("{} %", rounded.abs()),
    }
}

fn human(entries: &[Entry], zone: &TimeZone, colour: bool) -> String {
    let mut grid = Table::new();
    grid.load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(Row::HEAD);
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let row = Row::of(entry, zone);
        places.push(row.place.clone());
        grid.add_row(row.cells());
    }
    for column in [2, 3, 5] {
        if let Some(column) = grid.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for column in grid.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    let mut line = |line: &str, dim: bool| {
        match dim && colour {
            true => text.push_str(&format!("{DIM}{line}{DIM:#}")),
            false => text.push_str(line),
        }
        text.push('\n');
    };
    for (index, row) in grid.lines().enumerate() {
        line(row.trim_end(), index == 0);
        // On a line of its own: it is longer than all the rest, and is copied as a whole.
        if let Some(place) = index.checked_sub(1).and_then(|index| places.get(index)) {
            line(&format!("  {place}"), true);
        }
    }
    text
}

fn markdown(entries: &[Entry]) -> String {
    let mut text = format!("| {} | where |\n", Row::HEAD.join(" | "));
    text.push_str("|---|---|--:|--:|---|--:|---|\n");
    for entry in entries {
        let row = Row::of(entry, &TimeZone::UTC);
        let place = format!("`{}`", row.place.replace(['`', '|'], " "));
        let cells = row.cells().map(|cell| cell.replace('|', "\\|"));
        text.push_str(&format!("| {} | {place} |\n", cells.join(" | ")));
    }
    text
}

/// A number; nothing where there is none.
fn number(value: Option<impl ToString>) -> String {
    value.map(|n| n.to_string()).unwrap_or_default()
}

const COLUMNS: &str = "finished_at,function,status,verdict,present_memory_size_mb,recommended_memory_size_mb,saving_pct,\
                       applied,cost,currency,tuning_id,place\n";

fn csv(entries: &[Entry]) -> String {
    let mut text = COLUMNS.to_owned();
    for entry in entries {
        let cells = match entry {
            Entry::Tuning(t) => [
                t.finished_at.to_string(),
                t.function.clone(),
                words(&t.status),
                words(&t.verdict),
                number(t.present_memory_size_mb),
                number(t.recommended_memory_size_mb),
                number(t.saving_pct),
                t.applied.to_string(),
                number(t.cost.map(|cost| cost.amount)),
                t.cost.map(|cost| cost.currency.to_string()).unwrap_or_default(),
                t.tuning_id.to_string(),
                t.store.clone(),
            ],
            Entry::Execution(e) => {
                let mut cells = [const { String::new() }; 12];
                cells[0] = e.finished_at.map(|at| at.to_string()).unwrap_or_default();
                cells[1] = e.function.clone();
                cells[2] = match &e.error {
                    Some(error) => format!("{} {error}", e.status),
                    None => e.status.clone(),
                };
                cells[11] = e.execution_arn.clone();
                cells
            }
        };
        text.push_str(&cells.map(|cell| quoted(&escape::visible(&cell))).join(","));
        text.push('\n');
    }
    text
}

/// RFC 4180.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tuner_core::PastTuning;

    use super::super::entry::PastExecution;
    use super::*;

    fn entries() -> Vec<Entry> {
        let tuning = |text: &str| -> PastTuning { serde_json::from_str(text).unwrap() };
        let moved = tuning(
            r#"{"tuning_id": "01995b5e-0000-7000-8000-000000000000", "status": "succeeded", "verdict": "move",
                "function": "arn:aws:lambda:eu-west-1:123456789012:function:resize", "finished_at": "2026-11-21T10:00:00Z",
                "present_memory_size_mb": 256, "recommended_memory_size_mb": 512, "saving_pct": 44.4, "applied": true,
                "cost": {"amount": 0.01234, "currency": "USD"}, "store": "s3://reports/tunings/1/"}"#,
        );
        let dearer = PastTuning {
            saving_pct: Some(-12.0),
            applied: false,
            cost: None,
            ..moved.clone()
        };
        let failed = PastExecution {
            execution_arn: "arn:aws:states:eu-west-1:123456789012:execution:m:e".to_owned(),
            function: "resize".to_owned(),
            started_at: "2026-11-20T10:00:00Z".parse().unwrap(),
            finished_at: Some("2026-11-20T10:01:00Z".parse().unwrap()),
            status: "FAILED".to_owned(),
            error: Some("Tuner.Marked".to_owned()),
        };
        let running = PastExecution {
            status: "RUNNING".to_owned(),
            finished_at: None,
            error: None,
            ..failed.clone()
        };
        let timed_out = PastExecution {
            status: "TIMED_OUT".to_owned(),
            error: None,
            ..failed.clone()
        };
        vec![
            Entry::Tuning(moved),
            Entry::Tuning(dearer),
            Entry::Execution(failed),
            Entry::Execution(running),
            Entry::Execution(timed_out),
        ]
    }

    #[test]
    fn what_comes_from_outside_is_one_line_and_steers_nothing() {
        let mut hostile = entries();
        hostile.truncate(3);
        for entry in &mut hostile {
            match entry {
                Entry::Tuning(tuning) => tuning.store = "a\u{1b}[2J\nb\u{202e}c".to_owned(),
                Entry::Execution(execution) => execution.error = Some("x\r\ny\u{9b}z".to_owned()),
            }
        }
        let table = human(&hostile, &TimeZone::UTC, false);
        assert_eq!(table.lines().count(), 1 + 2 * 3, "{table}");
        assert_eq!(markdown(&hostile).lines().count(), 2 + 3);
        for text in [table, markdown(&hostile), csv(&hostile)] {
            assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text}");
        }
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(human(&entries(), &TimeZone::UTC, false));
    }

    #[test]
    fn for_a_page() {
        insta::assert_snapshot!(markdown(&entries()));
    }

    #[test]
    fn for_spreadsheets() {
        let csv = csv(&entries());
        insta::assert_snapshot!(csv);
        let columns = |line: &str| line.split(',').count();
        assert!(csv.lines().all(|line| columns(line) == 12), "{csv}");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
