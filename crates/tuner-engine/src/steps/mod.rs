//! The steps of a tuning. Each can be called on its own; [`crate::driver`] calls them in order.

mod alias;
mod analyze;
mod apply;
mod asynchronous;
pub mod check;
mod initialize;
mod invocation;
mod known;
mod log_lines;
mod look;
mod pending;
mod plan;
mod processors;
mod publish;
mod ready;
mod report;
pub mod restore;
mod sample;
mod size_run;

pub use alias::check_alias;
pub use analyze::analyze;
pub use apply::apply;
pub use initialize::initialize;
pub use known::{MOST_SCANNED_BYTES, known};
pub use look::{Seen, look};
pub use plan::{Next, plan, wanted};
pub use publish::publish;
pub use report::{DOCUMENT, report};
pub use restore::{Leftovers, Restored, restore};
pub use sample::{measure, sample};
