use std::io::Write;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::review::MemoryReview;

use crate::{Options, ReportError, escape, masking};

/// Writes the document itself, indented; account IDs are masked unless `options` show them.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_json(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let text = serde_json::to_string_pretty(masking::shown(review, options)?.as_ref())?;
    Ok(writeln!(out, "{}", escape::json(&text))?)
}

/// The JSON Schema (2020-12) of the `MemoryReview` document; it is checked in as `reports/schema/review.schema.json`.
pub fn review_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<MemoryReview>()
        .into()
}
