//! Reads exported Lambda logs and says what they tell of each function and memory size.
//!
//! * [`summarize`]: one [`SummaryRow`] per function and memory size.
//! * [`gather`]: the same as evidence for a memory review, one [`FunctionLogs`] per function.
//! * [`for_each_record`]: every REPORT as a [`Record`], in input order.
//!
//! All take [`Input`]s: files, directories (walked), and readers such as standard input. What wraps the text is told by the
//! bytes and not by names: gzip (in gzip), zstd, ZIP, tar, base64, UTF-16. Work is spread over threads; memory stays flat (well below
//! 100 MB) however large an input is and however long its lines are. An input that cannot be read becomes a [`Problem`], and
//! the others go on; [`Coverage`] says what was read of which file.
//!
//! The formats are those of [`tuner_core::logs::Scanner`]: bytes -> text -> chunks of whole lines and documents -> events
//! with what is around them -> reports with their function -> rows, evidence or records.

mod base64_text;
mod chunks;
mod coverage;
mod environment;
mod evidence;
mod exported;
mod function;
mod group;
mod growth;
mod input;
mod invocations;
mod layers;
mod link;
mod looks;
mod naming;
mod packed;
mod problem;
mod quantiles;
mod record;
mod run;
mod summary;

pub use coverage::{Coverage, FileNote};
pub use evidence::{FunctionLogs, LogEvidence};
pub use exported::ExportTasks;
pub use input::Input;
pub use looks::{Looks, Packing};
pub use problem::Problem;
pub use quantiles::Quantiles;
pub use record::Record;
pub use run::{Options, for_each_record, gather, summarize};
pub use summary::{Percentiles, Summary, SummaryRow};

/// The function's name where nothing tells it.
pub const UNKNOWN_FUNCTION: &str = "unknown";
