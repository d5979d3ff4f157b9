//! How many different ones there are of something that invocations are of: tenants, durable executions.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::RandomState;

use super::invocations::{Key, key};

/// How many are told apart in all groups together: 16 MB. Beyond, there are more than can be counted here.
const MOST: usize = 1 << 20;

/// How many are told apart now.
static ALL: AtomicUsize = AtomicUsize::new(0);

/// Counts invocations, and the different ones that they are of.
#[derive(Default)]
pub(crate) struct Distinct {
    pub(crate) invocations: u64,
    seen: HashSet<Key, RandomState>,
    /// There was no room for all.
    overflowed: bool,
}

impl Distinct {
    /// An invocation is of `name`.
    pub(crate) fn add(&mut self, name: &str) {
        self.invocations += 1;
        self.see(key(name.as_bytes()));
    }

    fn see(&mut self, key: Key) {
        if self.seen.contains(&key) {
            return;
        }
        if ALL.fetch_add(1, Ordering::Relaxed) >= MOST {
            ALL.fetch_sub(1, Ordering::Relaxed);
            self.overflowed = true;
        } else {
            self.seen.insert(key);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.overflowed |= other.overflowed;
        other.seen.iter().for_each(|key| self.see(*key));
    }

    /// How many there are; `None` where there are more than can be counted.
    pub(crate) fn number(&self) -> Option<u64> {
        (!self.overflowed).then_some(self.seen.len() as u64)
    }
}

impl Drop for Distinct {
    fn drop(&mut self) {
        ALL.fetch_sub(self.seen.len(), Ordering::Relaxed);
    }
}
