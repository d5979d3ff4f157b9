//! Step Functions: state machines, their executions and what happened in them.

mod client;
mod counting;
mod error;
mod execution;
mod history;

pub use client::{StateMachine, StateMachineDescription, StateMachines};
pub use counting::{lambda_time, transitions};
pub use error::StateMachineError;
pub use execution::{Execution, ExecutionStatus};
pub use history::HistoryEvent;
