//! The adapters against mocked services: what is sent, and what is made of the answers.

mod connection;
mod lambda;
mod logs;
mod review;
mod review_logs;
mod server;
mod state_machines;
mod store;

use aws_sdk_lambda::error::ErrorMetadata;

fn metadata(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}
