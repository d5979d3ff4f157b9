//! The steps of a tuning and of a memory review as Lambda functions: one program each, its step picked by `_HANDLER`.
//!
//! A handler is a few lines around a step of `tuner-engine`; the command line's driver calls the same steps in a loop. What
//! travels from step to step is small: the state of a tuning or review, records and documents are in the store that
//! `TUNER_STORE` names, `s3://BUCKET` or a directory.
//!
//! Two programs, since what only a review needs is a part of a deployment package that each step of a tuning would carry.

mod call;
mod cause;
mod check;
mod failure;
mod groups;
mod history;
mod kept;
mod log;
mod payloads;
mod review;
mod role;
mod steps;
mod tunings;
mod world;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::role::{ReviewStep, Role, Step};
use crate::world::World;

/// The steps of a tuning, until Lambda ends this process.
pub fn tuning() -> Result<(), Error> {
    serve::<Step>()
}

/// The steps of a memory review, until Lambda ends this process.
pub fn review() -> Result<(), Error> {
    serve::<ReviewStep>()
}

#[tokio::main(flavor = "current_thread")]
async fn serve<R: Role>() -> Result<(), Error> {
    log::init();
    let step = role::named::<R>(&std::env::var("_HANDLER")?).map_err(words)?;
    let world = World::connect().await.map_err(words)?;
    let handler = |event: LambdaEvent<Box<RawValue>>| role::handle(step, &world, event);
    lambda_runtime::run(service_fn(handler)).await
}

fn words(setup: Diagnostic) -> String {
    format!("{}: {}", setup.error_type, setup.error_message)
}
