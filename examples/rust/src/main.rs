//! Which number up to a limit has the longest Collatz chain: n / 2 if it is even, else 3 n + 1, until it is 1.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(longest)).await
}

async fn longest(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let limit = event.payload["limit"].as_u64().unwrap_or(100_000).clamp(1, 10_000_000);
    let (steps, number) = (1..=limit).map(|number| (steps(number), number)).max().unwrap_or_default();
    Ok(json!({ "number": number, "steps": steps }))
}

fn steps(number: u64) -> u32 {
    let (mut n, mut steps) = (number, 0);
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}
