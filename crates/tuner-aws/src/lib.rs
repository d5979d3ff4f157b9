//! The ports of `tuner-engine` on the AWS SDKs. No AWS type appears in a public signature.
//!
//! [`AwsLambda`] is function control and invoker in one. The local Lambda is reached through it too, with another
//! endpoint: what is tested on a laptop is what runs in AWS.

mod configuration;
mod connect;
mod control;
mod errors;
mod invoke;
mod pace;
#[cfg(test)]
mod tests;

pub use connect::{AwsLambda, AwsOptions};
