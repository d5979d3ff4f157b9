use std::io::Write;

use ::csv::{Terminator, Writer, WriterBuilder};
use tuner_core::decision::Compared;
use tuner_core::tuning::{Series, SizeStatus};
use tuner_core::{Distribution, Estimate, Outcome, StartKind, Tuning};

use crate::view::{View, start_word};
use crate::{Options, ReportError, escape, masking};

/// Writes one row per memory size and kind of start, after a row of names with their units. Figures are not rounded.
/// Form: RFC 4180. Text that a spreadsheet would run as a formula begins with an apostrophe.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn csv(tuning: &Tuning, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(tuning, options)?;
    let view = View::new(&shown);
    let mut rows = rows(out);
    rows.write_record(HEAD)?;
    for row in &view.rows {
        let starts: Vec<(StartKind, &Series)> = [StartKind::Warm, StartKind::Cold, StartKind::Restored]
            .into_iter()
            .filter_map(|start| Some((start, row.size.series(start)?)))
            .collect();
        let lead = || {
            let (status, reason) = match &row.size.status {
                SizeStatus::Measured => ("measured", String::new()),
                SizeStatus::Failed { outcome } => ("failed", outcome.words().to_owned()),
                SizeStatus::Skipped { reason } => ("skipped", reason.clone()),
            };
            let mut cells = vec![
                words(&shown.function.name.to_string()),
                shown.tuning_id.to_string(),
                row.mb.to_string(),
                row.is_present.to_string(),
                row.is_chosen.to_string(),
                status.to_owned(),
                words(&reason),
                words(row.size.first_failure.as_deref().unwrap_or_default()),
            ];
            cells.extend(OUTCOMES.map(|outcome| row.size.outcomes.of(outcome).to_string()));
            cells.push(row.size.allowed_errors().to_string());
            cells.push(row.size.throttles.to_string());
            cells.push(
                row.size
                    .max_memory_used_mb
                    .map_or_else(String::new, |mb| mb.to_string()),
            );
            cells
        };
        if starts.is_empty() {
            rows.write_record(lead().into_iter().chain(series(None)).chain(compared(None)))?;
        }
        for start in starts {
            let went_by = row.compared.filter(|_| start.0 == view.start);
            let cells = lead().into_iter().chain(series(Some(start)));
            rows.write_record(cells.chain(compared(went_by)))?;
        }
    }
    Ok(rows.flush()?)
}

const OUTCOMES: [Outcome; 7] = [
    Outcome::Success,
    Outcome::FunctionError,
    Outcome::OutOfMemory,
    Outcome::Timeout,
    Outcome::Throttled,
    Outcome::InitError,
    Outcome::Unmeasured,
];

const HEAD: [&str; 51] = [
    "function",
    "tuning_id",
    "memory_size_mb",
    "is_present",
    "is_chosen",
    "status",
    "reason",
    "first_failure",
    "success_count",
    "function_error_count",
    "out_of_memory_count",
    "timeout_count",
    "throttled_count",
    "init_error_count",
    "unmeasured_count",
    "allowed_error_count",
    "throttle_answers_count",
    "max_memory_used_mb",
    "start",
    "duration_count",
    "mean_duration_ms",
    "mean_duration_low_ms",
    "mean_duration_high_ms",
    "p50_duration_ms",
    "p50_duration_low_ms",
    "p50_duration_high_ms",
    "p95_duration_ms",
    "p95_duration_low_ms",
    "p95_duration_high_ms",
    "p99_duration_ms",
    "min_duration_ms",
    "max_duration_ms",
    "mean_billed_duration_ms",
    "p50_init_duration_ms",
    "max_init_duration_ms",
    "gb_seconds",
    "gb_seconds_low",
    "gb_seconds_high",
    "cost_per_invocation",
    "cost_per_invocation_low",
    "cost_per_invocation_high",
    "currency",
    "compared_duration_ms",
    "compared_duration_low_ms",
    "compared_duration_high_ms",
    "compared_cost",
    "compared_cost_low",
    "compared_cost_high",
    "score_above_best",
    "bimodal",
    "heavy_tailed",
];

/// What the decision went by, in 9 cells; empty but for the kind of start that was compared.
fn compared(of: Option<&Compared>) -> Vec<String> {
    const CELLS: usize = 9;
    let Some(compared) = of else {
        return vec![String::new(); CELLS];
    };
    let mut cells: Vec<String> = [compared.duration_ms, compared.cost]
        .into_iter()
        .flat_map(|estimate| triple(Some(estimate)))
        .collect();
    cells.push(compared.score_above_best.to_string());
    cells.extend([compared.bimodal, compared.heavy_tailed].map(|odd| odd.to_string()));
    debug_assert_eq!(cells.len(), CELLS);
    cells
}

/// The 24 cells of one kind of start; empty if there was none.
fn series(of: Option<(StartKind, &Series)>) -> Vec<String> {
    const CELLS: usize = 24;
    let Some((start, series)) = of else {
        return vec![String::new(); CELLS];
    };
    let duration = &series.duration_ms;
    let mut cells = vec![start_word(start).to_owned(), duration.count.to_string()];
    for estimate in [duration.mean, duration.p50, duration.p95] {
        cells.extend(triple(Some(estimate)));
    }
    cells.extend([duration.p99.value, duration.min, duration.max].map(|x| x.to_string()));
    cells.push(series.billed_duration_ms.mean.value.to_string());
    let init = |of: fn(&Distribution) -> f64| series.init_duration_ms.as_ref().map(of);
    cells.extend([init(|d| d.p50.value), init(|d| d.max)].map(number));
    cells.extend(triple(Some(series.gb_seconds)));
    cells.extend(triple(series.cost.map(|c| c.per_invocation)));
    cells.push(series.cost.map_or_else(String::new, |c| c.currency.code().to_owned()));
    debug_assert_eq!(cells.len(), CELLS);
    cells
}

fn triple(estimate: Option<Estimate>) -> [String; 3] {
    [
        estimate.map(|e| e.value),
        estimate.and_then(|e| e.low),
        estimate.and_then(|e| e.high),
    ]
    .map(number)
}

pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |x| x.to_string())
}

/// Text from outside: a spreadsheet runs what begins with one of these (OWASP, "CSV Injection").
pub(crate) fn words(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = escape::visible(text);
    if runs { format!("'{text}") } else { text.into_owned() }
}

/// Rows as RFC 4180 has them.
pub(crate) fn rows<W: Write>(out: W) -> Writer<W> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_are_not_run() {
        let mut text = Vec::new();
        let cells = ["plain", "a,b", "say \"x\"", &words("=HYPERLINK(\"x\")"), "two\nlines"];
        rows(&mut text).write_record(cells).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "plain,\"a,b\",\"say \"\"x\"\"\",\"'=HYPERLINK(\"\"x\"\")\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn a_size_without_measurements_has_as_many_cells() {
        assert_eq!(
            series(None).len() + compared(None).len() + 11 + OUTCOMES.len(),
            HEAD.len()
        );
    }
}
