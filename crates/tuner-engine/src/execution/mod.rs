//! The door of the state machine: from the execution's input to what the engine is asked, and from the
//! [`Tuning`](tuner_core::Tuning) document to the execution's output.
//!
//! Inputs written for aws-lambda-power-tuning (LPT) work unchanged, and every field that it returns is returned. Its names
//! (`lambdaARN`, `powerValues`, `num`, `strategy` ...) are known here and nowhere else: each is a row of one table, by which inputs are
//! read, written, explained and corrected. The JSON Schemas of both are in `statemachine/`; that of the input is made of the table,
//! and tests keep both and this module the same.

mod check;
mod check_output;
pub(crate) mod error;
pub(crate) mod fields;
mod input;
mod nearest;
pub(crate) mod options;
mod output;
mod payload_key;
mod row;
mod s3_uri;
mod schema;
mod table;
mod write;

pub use check::{BaselineChoice, CheckInput};
pub use check_output::{CheckOutput, CheckPlaces, LimitRow};
pub use error::{InputError, InputErrors};
pub use input::{Defaults, ExecutionInput, FIELDS, PayloadSource};
pub use output::{
    ExecutionOutput, FloorInBrief, FunctionCost, MachineryCost, OutputOptions, ReportPlaces, SizeRow, SnapStartCost,
    Stat, StateMachineCost, TuningCost,
};
pub use payload_key::{PAYLOADS, payload_key, payload_owner};
pub use s3_uri::S3Object;
pub use schema::input_schema;
