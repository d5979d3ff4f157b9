//! The steps and the driver against a simulated Lambda, with faults at every call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "helpers of tests"
)]

mod adaptive;
mod applying;
mod execution;
mod in_time;
mod measuring;
mod races;
mod random;
mod restoring;
mod review;
mod service;
mod simulated;
mod snap_start;
mod sweep;
mod sweep_applying;
