use std::io::Write;

use tuner_core::check::{Check, CheckVerdict, LimitVerdict};

use super::words;
use crate::plain::{PlainCell, PlainPage, PlainRow, Tone};
use crate::{Options, ReportError, masking};

/// Writes one page that needs nothing else: the finding, a row for every limit, and where the figures come from.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn check_html(check: &Check, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let check = masking::shown(check, options)?;
    let row = |row: &words::Row| {
        let cells = [&row.limit, &row.measured, &row.interval, &row.calls, &row.reason];
        let cells = cells.into_iter().cloned().chain([row.verdict.to_owned()]);
        PlainRow {
            tone: match row.of {
                LimitVerdict::Kept => Tone::Good,
                LimitVerdict::Broken => Tone::Bad,
                LimitVerdict::CannotTell | LimitVerdict::NotMeasured => Tone::Plain,
            },
            cells: cells.map(PlainCell::from).collect(),
        }
    };
    let page = PlainPage {
        title: words::check_headline(&check),
        tone: match check.verdict {
            CheckVerdict::Kept => Tone::Good,
            CheckVerdict::Broken => Tone::Bad,
            CheckVerdict::CannotTell | CheckVerdict::NotMeasured => Tone::Plain,
        },
        lines: std::iter::once(words::provenance(&check))
            .chain(check.baseline.as_ref().map(words::baseline))
            .map(|line| format!("{line}."))
            .collect(),
        warnings: check.warnings.clone(),
        head: vec!["Limit", "Measured", "95 % interval", "Calls", "", "Verdict"],
        rows: words::rows(&check).iter().map(row).collect(),
        notes: words::others(&check).into_iter().collect(),
        ..PlainPage::default()
    };
    page.write(out)
}
