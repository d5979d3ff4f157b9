//! The pure heart of `tuner`: no runtime, no AWS crate, no clock, no file system.
//!
//! In the order of a tuning:
//!
//! * [`FunctionName`], [`MemorySize`], [`Payloads`], [`Objective`]: what is asked for.
//! * [`floor`]: what is known before anything is measured, and so the least memory that may be used.
//! * [`planning`]: what was measured so far in, what to invoke next out.
//! * [`InvocationRecord`], [`Outcome`], [`StartKind`]: what one invocation did.
//! * [`pricing`]: what it costs, by region, architecture and monthly volume.
//! * [`machinery`]: what running a tuning as a state machine takes.
//! * [`stats`]: means and percentiles with the interval they can be trusted to.
//! * [`analysis`] and [`decision`]: from records to results per size and a recommendation.
//! * [`tuning`]: the `Tuning` document, the contract that reports are views of.
//! * [`check`] and [`comparison`]: whether what is deployed keeps its limits, and what differs between two measurements.
//! * [`live`]: two versions on the same real traffic: whether the candidate is better, and what takes it back.
//! * [`overview`]: what a command that measured several functions came to.
//! * [`review`]: the memory review of a whole account, and its document.
//!
//! What an invocation of 403 billed milliseconds at 1,024 MB costs (with 512 MB of `/tmp`):
//!
//! ```
//! use tuner_core::Architecture;
//! use tuner_core::pricing::PriceTable;
//!
//! let quote = PriceTable::embedded().quote("eu-west-1", Architecture::Arm64)?;
//! let cost = quote.invocation(1024, 403, 512)?;
//! assert_eq!(format!("{:.9}", cost.amount), "0.000005573");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod analysis;
mod architecture;
pub mod arn;
pub mod assessment;
pub mod check;
pub mod comparison;
mod constraint;
mod control_calls;
pub mod curve;
pub mod decision;
pub mod floor;
mod function_name;
mod function_pattern;
mod history;
mod instrument;
pub mod live;
pub mod machinery;
mod memory;
mod objective;
pub mod options;
mod outcome;
pub mod overview;
pub mod payload;
pub mod planning;
pub mod pricing;
pub mod raw_json;
mod record;
mod remedy;
pub mod review;
mod snap_start;
mod start_kind;
pub mod stats;
mod thousands;
pub mod tuning;
mod tuning_request;

pub use architecture::{Architecture, UnknownArchitecture};
pub use assessment::Question;
pub use constraint::{Constraint, Statistic};
pub use control_calls::ControlCalls;
pub use decision::{Decision, Exclusion, ExclusionReason, Verdict, decide};
pub use floor::Floor;
pub use function_name::{FunctionName, FunctionNameError, is_region};
pub use function_pattern::{FunctionPattern, FunctionPatternError, glob};
pub use history::PastTuning;
pub use instrument::{Disturbance, LocalReading, MachineUse};
pub use machinery::Machinery;
pub use memory::{MemorySize, MemorySizeError, gb_seconds, vcpus};
pub use objective::{Axis, Objective, ObjectiveError};
pub use options::{Apply, OptionsError, TuningOptions};
pub use outcome::Outcome;
pub use payload::{PayloadError, Payloads, WrittenEvent};
pub use planning::{Batch, ColdStartPlanner, GridPlanner, OutcomeCounts, Planner, Progress, SizeProgress};
pub use record::InvocationRecord;
pub use remedy::Remedy;
pub use snap_start::SnapStartUse;
pub use start_kind::StartKind;
pub use stats::{Distribution, Estimate};
pub use thousands::thousands;
pub use tuning::Tuning;
