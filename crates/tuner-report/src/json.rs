use std::io::Write;

use tuner_core::Tuning;

use crate::{ReportError, escape};

/// Writes the document itself, indented. Nothing is masked: it is what other commands read.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn json(tuning: &Tuning, out: &mut impl Write) -> Result<(), ReportError> {
    let text = serde_json::to_string_pretty(tuning)?;
    Ok(writeln!(out, "{}", escape::json(&text))?)
}
