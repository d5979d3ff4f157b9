//! The memory review as a library's user sees it: evidence in, document out.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test program: nobody depends on it"
)]

mod account;
mod advice_file;
mod curves;
mod decided;
mod findings;
mod fixture;
mod gaps;
mod groups;
mod history;
mod laws;
mod money;
mod savings;
mod starts;
mod trend;
mod tuned;
