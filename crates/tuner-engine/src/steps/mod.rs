//! The steps of a tuning. Each can be called on its own; [`crate::driver`] calls them in order.

mod alias;
mod analyze;
mod apply;
mod asynchronous;
mod initialize;
mod invocation;
mod log_lines;
mod look;
mod plan;
mod processors;
mod publish;
mod ready;
mod report;
pub mod restore;
mod sample;

pub use alias::check_alias;
pub use analyze::analyze;
pub use apply::apply;
pub use initialize::initialize;
pub use look::{Seen, look};
pub use plan::{Next, plan, wanted};
pub use publish::publish;
pub use report::{DOCUMENT, report};
pub use restore::{Leftovers, Restored, restore};
pub use sample::{measure, sample};
