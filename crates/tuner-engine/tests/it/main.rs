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
mod checking;
mod cut_off;
mod execution;
mod floors;
mod in_time;
mod like_power_tuning;
mod measuring;
mod races;
mod random;
mod restoring;
mod review;
mod secrets;
mod service;
mod simulated;
mod snap_start;
mod sweep;
mod sweep_applying;
mod words;
