//! The local Lambda as its callers meet it: plain HTTP, real processes. This test binary, started again, is the function.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../support/specimen.rs"]
mod specimen;

mod access;
mod client;
mod control;
mod faults;
mod invocations;
mod lifetime;

/// Not a test of its own: what the others start as a function.
#[test]
fn act_as_function() {
    if specimen::is_function() {
        specimen::run();
    }
}
