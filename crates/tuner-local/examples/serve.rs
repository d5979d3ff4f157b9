//! Serves one command as the function `local`, until standard input ends:
//!
//! ```text
//! cargo run -p tuner-local --example serve -- [--port N] [--handler NAME] [--timeout SECONDS] COMMAND ...
//! ```
//!
//! The first line on standard output is the endpoint.

#![allow(clippy::print_stdout, reason = "a program, and the endpoint is its output")]

use std::error::Error;
use std::time::Duration;

use tuner_local::server::{FunctionSpec, LocalLambda, LocalLambdaOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = LocalLambdaOptions::default();
    let mut spec = FunctionSpec::new("local", Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--port" => options.port = value()?.parse()?,
            "--handler" => spec.handler = value()?,
            "--timeout" => spec.timeout = Duration::from_secs(value()?.parse()?),
            program => {
                spec.command = std::iter::once(program.to_owned()).chain(arguments.by_ref()).collect();
            }
        }
    }
    let lambda = LocalLambda::start(options).await?;
    if !spec.command.is_empty() {
        lambda.create_function(spec)?;
    }
    println!("{}", lambda.endpoint());
    let description = lambda.confinement_description();
    println!(
        "confined by {:?} on {} processors",
        description.kind, description.host_cpus
    );
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    lambda.shutdown().await;
    Ok(())
}
