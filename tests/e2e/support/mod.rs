//! What the tests stand on: the built `tuner`, a place to run it in, and a local Lambda in a process of its own.

mod binary;
mod left_over;
mod place;
mod process;
mod server;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use binary::{repository, tuner};
pub(crate) use left_over::assert_no_cgroups_of;
pub(crate) use place::Place;
pub(crate) use process::{Call, Done, Running};
pub(crate) use server::Server;

/// Held by tests that measure or that wait for a moment of a tuning: two at once would take each other's processor time.
pub(crate) fn measuring() -> MutexGuard<'static, ()> {
    static MEASURING: Mutex<()> = Mutex::new(());
    // A test that failed says nothing about the next one.
    MEASURING.lock().unwrap_or_else(PoisonError::into_inner)
}
