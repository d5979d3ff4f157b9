//! The steps of a tuning. Each can be called on its own; [`crate::driver`] calls them in order.

mod analyze;
mod apply;
mod asynchronous;
mod initialize;
mod invocation;
mod log_lines;
mod plan;
mod processors;
mod publish;
mod ready;
mod report;
pub mod restore;
mod sample;

pub use analyze::analyze;
pub use apply::apply;
pub use initialize::initialize;
pub use plan::{Next, plan, wanted};
pub use publish::publish;
pub use report::{DOCUMENT, report};
pub use restore::{Leftovers, Restored, restore};
pub use sample::{measure, sample};
