//! The pure heart of `tuner`: no runtime, no AWS crate, no clock, no file system.
//!
//! * [`logs`]: what Lambda's log lines say (REPORT, INIT_REPORT, RESTORE_REPORT, time-outs, runtime errors).
//! * [`pricing`]: what an invocation costs, by region, architecture and monthly volume.
//! * [`Outcome`], [`InvocationRecord`]: what one invocation did and was billed.

mod architecture;
pub mod logs;
mod memory;
mod outcome;
pub mod pricing;

pub use architecture::{Architecture, UnknownArchitecture};
pub use logs::StartKind;
pub use memory::{MemorySize, MemorySizeError, gb_seconds, vcpus};
pub use outcome::Outcome;
