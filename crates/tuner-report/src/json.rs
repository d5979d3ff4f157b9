use std::io::Write;

use tuner_core::Tuning;

use crate::ReportError;

/// Writes the document itself, indented. Nothing is masked: it is what other commands read.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn json(tuning: &Tuning, out: &mut impl Write) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, tuning)?;
    Ok(out.write_all(b"\n")?)
}
