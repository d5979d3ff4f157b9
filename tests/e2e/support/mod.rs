//! What the tests stand on: the built `tuner`, a place to run it in, and a local Lambda in a process of its own.

mod binary;
mod left_over;
mod place;
mod process;
mod server;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub(crate) use binary::{repository, tuner};
pub(crate) use left_over::assert_no_cgroups_of;
pub(crate) use place::Place;
pub(crate) use process::{Call, Done, Running};
pub(crate) use server::Server;

/// A figure of a document; what there is instead, if it is missing.
#[track_caller]
pub(crate) fn figure(of: &Value, pointer: &str) -> f64 {
    let found = of.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no figure at {pointer} in {of:#}"))
}

/// Held by tests that measure or that wait for a moment of a tuning: two at once would take each other's processor time.
pub(crate) fn measuring() -> MutexGuard<'static, ()> {
    static MEASURING: Mutex<()> = Mutex::new(());
    // A test that failed says nothing about the next one.
    MEASURING.lock().unwrap_or_else(PoisonError::into_inner)
}
