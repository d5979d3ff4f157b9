//! The steps of a tuning and of a memory review as Lambda functions: one `bootstrap`, its role picked by `_HANDLER`.
//!
//! A handler is a few lines around a step of `tuner-engine`; the command line's driver calls the same steps in a loop. What
//! travels from step to step is small: the state of a tuning or review, records and documents are in the store that
//! `TUNER_STORE` names, `s3://BUCKET` or a directory.

mod call;
mod cause;
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

use crate::role::Role;
use crate::world::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let role = std::env::var("_HANDLER")?.parse::<Role>().map_err(words)?;
    let world = World::connect().await.map_err(words)?;
    let handler = |event: LambdaEvent<Box<RawValue>>| role.handle(&world, event);
    lambda_runtime::run(service_fn(handler)).await
}

fn words(setup: Diagnostic) -> String {
    format!("{}: {}", setup.error_type, setup.error_message)
}
