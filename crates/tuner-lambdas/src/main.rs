//! The steps of a tuning as Lambda functions: one `bootstrap`, its role picked by `_HANDLER`.
//!
//! A handler is a few lines around a step of `tuner-engine`; the command line's driver calls the same steps in a loop. What
//! travels from step to step is small: the state of a tuning, its records and its documents are in the store that
//! `TUNER_STORE` names, `s3://BUCKET` or a directory.

mod call;
mod cause;
mod failure;
mod groups;
mod kept;
mod role;
mod steps;
mod tunings;
mod world;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing_subscriber::EnvFilter;

use crate::role::Role;
use crate::world::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log_as_json();
    let role = std::env::var("_HANDLER")?.parse::<Role>().map_err(words)?;
    let world = World::connect().await.map_err(words)?;
    let handler = |event: LambdaEvent<Box<RawValue>>| role.handle(&world, event);
    lambda_runtime::run(service_fn(handler)).await
}

/// One JSON object a line, from the level that Lambda's own setting (`ApplicationLogLevel`) says. Inputs are logged nowhere:
/// they hold payloads.
fn log_as_json() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(format!("warn,bootstrap={level},tuner_engine={level},tuner_aws={level}"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .with_ansi(false)
        .init();
}

fn words(setup: Diagnostic) -> String {
    format!("{}: {}", setup.error_type, setup.error_message)
}
