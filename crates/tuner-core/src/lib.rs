//! The pure heart of `tuner`: no runtime, no AWS crate, no clock, no file system.
//!
//! In the order of a tuning:
//!
//! * [`FunctionName`], [`MemorySize`], [`Payloads`], [`Objective`]: what is asked for.
//! * [`planning`]: what was measured so far in, what to invoke next out.
//! * [`logs`]: what Lambda's log lines say (REPORT, INIT_REPORT, RESTORE_REPORT, time-outs, runtime errors).
//! * [`InvocationRecord`], [`Outcome`], [`StartKind`]: what one invocation did.
//! * [`pricing`]: what it costs, by region, architecture and monthly volume.
//! * [`machinery`]: what running a tuning as a state machine takes.
//! * [`stats`]: means and percentiles with the interval they can be trusted to.
//! * [`analysis`] and [`decision`]: from records to results per size and a recommendation.
//! * [`tuning`]: the `Tuning` document, the contract that reports are views of.
//! * [`review`]: the memory review of a whole account, and its document.

pub mod analysis;
mod architecture;
pub mod assessment;
mod constraint;
pub mod curve;
pub mod decision;
mod function_name;
mod history;
mod instrument;
pub mod logs;
pub mod machinery;
mod memory;
mod objective;
mod outcome;
pub mod payload;
pub mod planning;
pub mod pricing;
mod record;
pub mod review;
mod snap_start;
pub mod stats;
mod thousands;
pub mod tuning;

pub use architecture::{Architecture, UnknownArchitecture};
pub use assessment::Question;
pub use constraint::{Constraint, Statistic};
pub use decision::{Decision, Exclusion, Verdict, decide};
pub use function_name::{FunctionName, FunctionNameError, is_region};
pub use history::PastTuning;
pub use instrument::{Disturbance, LocalReading, MachineUse};
pub use logs::StartKind;
pub use machinery::Machinery;
pub use memory::{MemorySize, MemorySizeError, gb_seconds, vcpus};
pub use objective::{Objective, ObjectiveError};
pub use outcome::Outcome;
pub use payload::{PayloadError, Payloads};
pub use planning::{Batch, ColdStartPlanner, GridPlanner, OutcomeCounts, Planner, Progress, SizeProgress};
pub use record::InvocationRecord;
pub use snap_start::SnapStartUse;
pub use stats::{Distribution, Estimate};
pub use thousands::thousands;
pub use tuning::Tuning;
