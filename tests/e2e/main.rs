//! The built `tuner`, driven as its users drive it: processes, files, signals, exit codes, and plain HTTP to look at what
//! it left of a function.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests, and their helpers"
)]

mod adaptive;
mod applying;
mod bad_input;
mod check;
mod compare;
mod direct;
mod documents;
mod examples;
mod history;
mod interrupted;
mod languages;
mod logs;
mod output;
mod patch;
mod projects;
mod review;
mod review_optimizer;
mod serve;
mod service;
mod several;
mod support;
mod trend;
