use std::io::Write;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::review::MemoryReview;

use crate::{Options, ReportError, masking};

/// Writes the document itself, indented; account IDs are masked unless `options` show them.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_json(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, masking::shown(review, options)?.as_ref())?;
    Ok(out.write_all(b"\n")?)
}

/// The JSON Schema (2020-12) of the `MemoryReview` document; it is checked in as `reports/schema/review.schema.json`.
pub fn review_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<MemoryReview>()
        .into()
}
