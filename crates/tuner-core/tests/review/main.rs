//! The memory review as a library's user sees it: evidence in, document out.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test program: nobody depends on it"
)]

mod account;
mod curves;
mod findings;
mod fixture;
mod gaps;
mod history;
mod laws;
mod money;
mod savings;
mod tuned;
