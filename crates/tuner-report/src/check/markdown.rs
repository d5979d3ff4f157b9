use std::io::Write;

use tuner_core::check::{Check, CheckVerdict, LimitVerdict};

use super::words;
use crate::escape::markdown as escaped;
use crate::{Options, ReportError, masking};

/// Writes a comment for a pull request: the finding, a row for every limit, and where the figures come from.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn check_markdown(check: &Check, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let check = masking::shown(check, options)?;
    let sign = match check.verdict {
        CheckVerdict::Kept => "✅",
        CheckVerdict::Broken => "❌",
        CheckVerdict::CannotTell | CheckVerdict::NotMeasured => "❔",
    };
    let mut md = format!("### {sign} {}\n\n", escaped(&words::check_headline(&check)));
    let rows = words::rows(&check);
    if !rows.is_empty() {
        md.push_str("| Limit | Measured | 95 % interval | Calls | |\n|---|--:|--:|--:|---|\n");
        for row in &rows {
            let verdict = match row.of {
                LimitVerdict::Broken => format!("**{}**", row.verdict),
                _ => row.verdict.to_owned(),
            };
            let cells = [&row.limit, &row.measured, &row.interval, &row.calls].map(|cell| escaped(cell));
            md.push_str(&format!("| {} | {verdict} |\n", cells.join(" | ")));
        }
        md.push('\n');
    }
    for row in rows
        .iter()
        .filter(|row| row.of != LimitVerdict::Kept && !row.reason.is_empty())
    {
        md.push_str(&format!("- {}: {}\n", escaped(&row.limit), escaped(&row.reason)));
    }
    for warning in &check.warnings {
        md.push_str(&format!("- **Warning:** {}\n", escaped(warning)));
    }
    let notes = [
        Some(words::provenance(&check)),
        check.baseline.as_ref().map(words::baseline),
        words::others(&check),
    ];
    let notes: Vec<String> = notes.into_iter().flatten().map(|note| format!("{note}.")).collect();
    md.push_str(&format!("\n<sub>{}</sub>\n", escaped(&notes.join(" "))));
    Ok(out.write_all(md.as_bytes())?)
}
