//! Views of a [`Check`](tuner_core::check::Check): terminal text, Markdown, HTML, JSON and JUnit XML.

mod html;
mod junit;
mod markdown;
mod terminal;
mod words;

use std::io::Write;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::check::Check;

pub use html::check_html;
pub use junit::{JunitSuite, check_junit};
pub use markdown::check_markdown;
pub use terminal::check_terminal;
pub(crate) use terminal::style_of;
pub(crate) use words::verdict;
pub use words::{check_headline, not_compared, plan_of_limits};

use crate::masking::Document;
use crate::{ReportError, escape};

impl Document for Check {
    fn account(&self) -> Option<&str> {
        self.function.account()
    }
}

/// Writes the document itself, indented. Nothing is masked: it is what other commands read.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn check_json(check: &Check, out: &mut impl Write) -> Result<(), ReportError> {
    let text = serde_json::to_string_pretty(check)?;
    Ok(writeln!(out, "{}", escape::json(&text))?)
}

/// The JSON Schema (2020-12) of the `Check` document; it is checked in as `reports/schema/check.schema.json`.
pub fn check_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Check>()
        .into()
}
