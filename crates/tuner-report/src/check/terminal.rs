use std::io::Write;

use anstyle::Style;
use tuner_core::check::{Check, CheckVerdict, LimitVerdict};

use super::words::{self, Row};
use crate::terminal::{BAD, BOLD, DIM, GOOD, Page, WARN};
use crate::{Options, ReportError, TerminalStyle, masking};

/// Writes the finding in a sentence, a row for every limit, and where the figures come from.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn check_terminal(
    check: &Check,
    options: &Options,
    style: &TerminalStyle,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let check = masking::shown(check, options)?;
    let mut page = Page::new(style);
    let head = match check.verdict {
        CheckVerdict::Kept => GOOD,
        CheckVerdict::Broken => BAD,
        CheckVerdict::CannotTell | CheckVerdict::NotMeasured => BOLD,
    };
    page.paragraph(head, "", &words::check_headline(&check));
    page.paragraph(DIM, "", &words::provenance(&check));
    if let Some(baseline) = &check.baseline {
        page.paragraph(DIM, "", &words::baseline(baseline));
    }
    let rows = words::rows(&check);
    if !rows.is_empty() {
        page.text.push('\n');
        table(&mut page, &rows);
    }
    page.text.push('\n');
    for row in rows
        .iter()
        .filter(|row| row.of != LimitVerdict::Kept && !row.reason.is_empty())
    {
        page.paragraph(Style::new(), &format!("{}: ", row.limit), &row.reason);
    }
    if let Some(others) = words::others(&check) {
        page.paragraph(DIM, "", &others);
    }
    for warning in &check.warnings {
        page.paragraph(WARN, "warning: ", warning);
    }
    Ok(out.write_all(page.text.as_bytes())?)
}

fn table(page: &mut Page, rows: &[Row]) {
    let styled = rows.iter().map(|row| {
        let cells = [&row.limit, &row.measured, &row.interval, &row.calls];
        let [limit, measured, interval, calls] = cells.map(|cell| cell.clone());
        (
            style_of(row.of),
            [limit, measured, interval, calls, row.verdict.to_owned()],
        )
    });
    page.rows(["limit", "measured", "95 % interval", "calls", ""], styled, 1..4);
}

/// How a verdict stands out.
pub(crate) const fn style_of(verdict: LimitVerdict) -> Style {
    match verdict {
        LimitVerdict::Kept => GOOD,
        LimitVerdict::Broken => BAD,
        LimitVerdict::CannotTell | LimitVerdict::NotMeasured => Style::new(),
    }
}
