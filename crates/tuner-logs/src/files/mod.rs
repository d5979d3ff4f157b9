//! Log files as people have them: unpacked, cut into chunks of whole lines, scanned in parallel, and summed up.
//!
//! Bytes -> text -> chunks of whole lines and documents -> events with what is around them (by [`Scanner`](crate::lines::Scanner))
//! -> reports with their function -> rows, evidence or records.

mod base64_text;
mod chunks;
mod coverage;
mod distinct;
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
pub use summary::{DurableExecutions, Percentiles, Summary, SummaryRow, Tenants};

/// The function's name where nothing tells it.
pub const UNKNOWN_FUNCTION: &str = "unknown";
