//! Views of a [`MemoryReview`]: page, picture, Markdown, CSV, JSON, terminal text, and a summary to send.
//!
//! In the order of reading: [`view`] has the figures of each function, [`words`] the sentences, [`since`] what came of the
//! last review, [`decided`] what people decided, [`groups`] whose functions they are, [`actions`] the exact commands; the rest
//! are the forms.

pub(crate) mod actions;
pub(crate) mod amounts;
mod csv;
pub(crate) mod decided;
mod effects;
mod facts;
pub(crate) mod groups;
mod html;
mod json;
mod markdown;
mod reach;
pub(crate) mod since;
mod summary;
mod terminal;
pub(crate) mod view;
pub(crate) mod words;

use std::io::Write;

use tuner_core::review::MemoryReview;

pub use csv::review_csv;
pub use groups::{GROUP_FORMATS, GroupPage, group_pages, review_groups_csv};
pub use html::review_html;
pub use json::{review_json, review_schema};
pub use markdown::review_markdown;
pub use summary::{Summary, review_summary};
pub use terminal::review_terminal;
pub use words::{ReviewHeadline, review_headline};

pub use crate::chart::review_svg;
use crate::{Format, Options, ReportError, TerminalStyle};

/// Writes `review` in `format`.
///
/// # Errors
/// When `out` refuses the bytes; all else is a defect.
pub fn render_review(
    format: Format,
    review: &MemoryReview,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    match format {
        Format::Svg => review_svg(review, options, out),
        Format::Html => review_html(review, options, out),
        Format::Markdown => review_markdown(review, options, out),
        Format::Csv => review_csv(review, options, out),
        Format::Terminal => review_terminal(review, options, &TerminalStyle::default(), out),
        Format::Json => review_json(review, options, out),
    }
}
