//! A local Lambda: a measuring instrument, not a dev server.
//!
//! * [`confinement`]: limits a process in CPU and memory the way Lambda does, by the best means this host allows.
//! * [`environment`]: one execution environment: a process behind the Runtime API, its init, invocations, time-outs,
//!   out-of-memory, and the log lines Lambda would print.
//! * [`server`]: the Lambda HTTP API over functions, versions and aliases.

pub mod confinement;
pub mod environment;
mod listening;
mod machine;
mod network;
pub mod server;

pub use machine::MachineWatch;
pub use network::{Network, bandwidth_mbps};
pub use server::{
    AccessKey, ApiCall, ApiError, Fault, FaultHook, FunctionSpec, LocalLambda, LocalLambdaOptions, ServeError,
};
