use std::io::{self, Write};

use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::review::MemoryReview;

use crate::{Options, ReportError, escape, masking};

/// Writes the document itself, indented; account IDs are masked unless `options` show them.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_json(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(review, options)?;
    // Of tens of thousands of functions it is too long to be held as a text.
    serde_json::to_writer_pretty(Escaped(&mut *out), shown.as_ref())?;
    Ok(writeln!(out)?)
}

/// Writes JSON so that it is safe to look at.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The serializer writes whole characters.
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_all(escape::json(text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The JSON Schema (2020-12) of the `MemoryReview` document; it is checked in as `reports/schema/review.schema.json`.
pub fn review_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<MemoryReview>()
        .into()
}
