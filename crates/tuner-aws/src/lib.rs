//! The ports of `tuner-engine` on the AWS SDKs, and what the service and the command line need besides. No AWS type
//! appears in a public signature.
//!
//! A [`Connection`] is loaded once; the services are made from it. [`AwsLambda`] is function control and invoker in one.
//! The local Lambda is reached through it too, with another endpoint: what is tested on a laptop is what runs in AWS.

mod anywhere;
mod configuration;
mod connection;
mod control;
mod errors;
mod http;
mod invoke;
mod lambda;
mod local;
mod logs;
mod pace;
mod review;
mod s3;
mod state_machines;
#[cfg(test)]
mod tests;

pub use anywhere::Anywhere;
pub use connection::{AwsOptions, Connection};
pub use lambda::AwsLambda;
pub use logs::AwsLogs;
pub use review::AwsAccount;
pub use s3::{Objects, S3Store};
pub use state_machines::{
    Execution, ExecutionStatus, HistoryEvent, StateMachine, StateMachineDescription, StateMachineError, StateMachines,
    lambda_time, transitions,
};
