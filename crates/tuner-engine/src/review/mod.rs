//! The steps of a memory review over port traits, and the in-process driver.
//!
//! ```text
//! ReviewRequest --list--> Listing, batches --look--> evidence --rank--> MemoryReview, tunings to start
//!                                                                          |
//!                                       MemoryReview, reports <--conclude--+
//! ```
//!
//! Each arrow is a plain async function. Everything but the [`Listing`] goes through the store, so that 10,000 functions are
//! no more to carry between the steps than ten. [`driver::review`] calls them in one process; a state machine can call the
//! same ones from outside, [`look`] for many batches at a time.
//!
//! A review reads and never changes anything. It invokes nothing either: the tunings that [`rank`] names are for the driver
//! to start, and they are of functions that the [`Registry`] names.

mod batches;
mod conclude;
mod context;
mod documents;
pub mod driver;
mod error;
pub(crate) mod follow;
mod gaps;
mod give_up;
mod history;
mod input;
mod list;
mod look;
mod metrics;
pub mod ports;
mod query;
mod rank;
mod registry;
mod request;
pub(crate) mod rows;
mod sample;
pub(crate) mod sampled;
mod scanning;

pub use conclude::{Concluded, ReviewReports, conclude, conclude_stopped};
pub use context::{ReviewContext, ReviewEvent, ReviewObserver};
pub use documents::{Batch, BatchEvidence, BatchInBrief, HISTORY, Keys, Known, Listing, Reading};
pub use error::ReviewError;
pub use give_up::give_up;
pub use history::PastReview;
pub use input::REVIEW_FIELDS;
pub use list::list;
pub use look::{Looked, look};
pub use query::MOST_ROWS;
pub use rank::{Ranked, TuningToStart, rank};
pub use registry::{EMPTY_PAYLOAD, OBJECTIVE_TAG, PAYLOAD_TAG, Registry, RegistryError};
pub use request::{Regions, ReviewRequest};
