//! A function in Rust on `lambda_runtime`: answers what it was asked and what it runs on. The tests with real clients
//! upload it as a deployment package.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(request: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = request.into_parts();
    if let Some(error) = event["error"].as_str() {
        return Err(error.into());
    }
    Ok(json!({
        "event": event,
        "memory_mb": context.env_config.memory,
        "version": context.env_config.version,
        "request_id": context.request_id,
        "arn": context.invoked_function_arn,
        "process_id": std::process::id(),
        "colour": std::env::var("COLOUR").ok(),
    }))
}
