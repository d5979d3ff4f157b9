//! A local Lambda: a measuring instrument, not a dev server.
//!
//! * [`confinement`]: limits a process in CPU and memory the way Lambda does, by the best means this host allows.
//! * [`environment`]: one execution environment: a process behind the Runtime API, its init, invocations, time-outs,
//!   out-of-memory, and the log lines Lambda would print.
//! * [`server`]: the Lambda HTTP API over functions, versions and aliases.
//! * [`traffic`]: when calls of a function come, and with what.
//!
//! A function that is registered is there for any Lambda client, by the endpoint; whether its program is one at all can be
//! asked before:
//!
//! ```
//! use tuner_local::environment::NotAFunction;
//! use tuner_local::{FunctionSpec, LocalLambda, LocalLambdaOptions};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let lambda = LocalLambda::start(LocalLambdaOptions::default()).await?;
//! assert!(lambda.endpoint().starts_with("http://127.0.0.1:"));
//!
//! let spec = FunctionSpec::new("resize", vec!["true".to_owned()]);
//! assert_eq!(lambda.create_function(spec.clone())?.memory_size, 128);
//! // `true` ends before it has asked the Runtime API for an event.
//! assert!(matches!(lambda.rehearse(&spec, 512).await, Err(NotAFunction::Ended { .. })));
//!
//! lambda.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod confinement;
pub mod environment;
mod listening;
mod machine;
mod network;
pub mod server;
pub mod traffic;

pub use machine::MachineWatch;
pub use network::{Network, bandwidth_mbps};
pub use server::{
    AccessKey, ApiCall, ApiError, Fault, FaultHook, FunctionSpec, LocalLambda, LocalLambdaOptions, ServeError,
};
