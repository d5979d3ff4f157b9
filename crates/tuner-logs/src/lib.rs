//! Reads exported Lambda logs and says what they tell of each function and memory size.
//!
//! * [`summarize`]: one [`SummaryRow`] per function and memory size.
//! * [`gather`]: the same as evidence for a memory review, one [`FunctionLogs`] per function.
//! * [`for_each_record`]: every REPORT as a [`Record`], in input order.
//!
//! All take [`Input`]s: files, directories (walked), and readers such as standard input; plain or gzip, which is
//! decided by content and not by name. Work is spread over threads; memory stays flat (well below 100 MB) however
//! large an input is and however long its lines are. An input that cannot be read becomes a [`Problem`], and the
//! others go on.
//!
//! The formats are those of [`tuner_core::logs::scan`].

mod chunks;
mod evidence;
mod group;
mod input;
mod invocations;
mod link;
mod problem;
mod quantiles;
mod record;
mod run;
mod summary;

pub use evidence::{FunctionLogs, LogEvidence};
pub use input::Input;
pub use problem::Problem;
pub use quantiles::Quantiles;
pub use record::Record;
pub use run::{Options, for_each_record, gather, summarize};
pub use summary::{Percentiles, Summary, SummaryRow};

/// The function's name where nothing tells it.
pub const UNKNOWN_FUNCTION: &str = "unknown";
