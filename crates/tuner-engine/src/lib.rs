//! The steps of a tuning over port traits, and the in-process driver.
//!
//! ```text
//! TuningRequest --initialize--> TuningState --publish--> versions --plan--> batches --sample--> InvocationRecords
//!                                               ^                    |                              |
//!                                               +------ more --------+<------- summaries -----------+
//!                               done: --restore--> --analyze--> Tuning --apply (if asked)--> --report--> files
//! ```
//!
//! Each arrow is a plain async function in [`steps`], with serialisable input and output. [`driver::run`] calls them in a
//! loop in one process; a state machine can call the same ones from outside.
//!
//! The function under test may be in production: [`marker`] and [`steps::restore`] say how it always comes back as it was.

mod context;
mod difference;
mod directory_store;
pub mod driver;
mod error;
pub mod execution;
pub mod marker;
pub mod ports;
mod prices;
pub mod records;
mod replace_file;
mod request;
mod retry;
pub mod review;
mod state;
pub mod steps;
mod system_clock;
mod withheld;

pub use context::{Context, Event, Observer, Silent};
pub use difference::{Difference, differences};
pub use directory_store::DirectoryStore;
pub use error::TuningError;
pub use prices::Prices;
pub use replace_file::{replace_file, replace_file_by};
pub use request::TuningRequest;
pub use retry::Backoff;
pub use state::{Original, PayloadShares, TuningState};
pub use system_clock::SystemClock;
pub use tokio_util::sync::CancellationToken;
pub use tuner_core::{Apply, OptionsError, TuningOptions};
pub use withheld::withheld;
