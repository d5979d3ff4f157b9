//! Views of a [`Tuning`](tuner_core::Tuning), of a [`MemoryReview`](tuner_core::review::MemoryReview) and of several: SVG, HTML,
//! Markdown, CSV, JSON and terminal text.
//!
//! Every view takes the document and an [`std::io::Write`]; there is no clock and no file system here, and the same
//! document always gives the same bytes. All begin with the same words, made in one place: [`headline`].
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tuner_report::{Format, Options, render};
//! let tuning: tuner_core::Tuning = serde_json::from_str(&std::fs::read_to_string("tuning.json")?)?;
//! render(Format::Svg, &tuning, &Options::default(), &mut std::fs::File::create("tuning.svg")?)?;
//! # Ok(()) }
//! ```

mod chart;
mod check;
mod compare;
mod comparison;
mod cost_unit;
mod csv;
mod error;
pub mod escape;
mod format;
mod html;
mod json;
mod legacy_url;
mod markdown;
mod masking;
mod notes;
mod numbers;
mod options;
mod overview;
mod plain;
mod review;
mod rows;
mod schema;
mod terminal;
mod trend;
mod view;
mod words;

pub use chart::svg;
pub use check::{
    JunitSuite, check_headline, check_html, check_json, check_junit, check_markdown, check_schema, check_terminal,
    not_compared, plan_of_limits,
};
pub use compare::{comparison_json, comparison_markdown, comparison_schema, comparison_terminal};
pub use csv::csv;
pub use error::ReportError;
pub use format::{Format, UnknownFormat, render};
pub use html::html;
pub use json::json;
pub use legacy_url::{visualization_comparison_url, visualization_url};
pub use markdown::markdown;
pub use masking::{MASK as MASKED_ACCOUNT, masked_review};
pub use options::{Options, Reader};
pub use overview::{overview_html, overview_json, overview_markdown, overview_schema, overview_terminal};
pub use review::{
    GROUP_FORMATS, GroupPage, ReviewHeadline, Summary, group_pages, render_review, review_csv, review_groups_csv,
    review_headline, review_html, review_json, review_markdown, review_schema, review_summary, review_svg,
    review_terminal,
};
pub use schema::tuning_schema;
pub use terminal::{TerminalStyle, terminal};
pub use trend::{
    render_trend, trend_csv, trend_html, trend_json, trend_markdown, trend_schema, trend_svg, trend_terminal,
};
pub use words::{Headline, headline, remedies, remedy};
