//! Idle execution environments, kept warm for the next invocation of the same snapshot.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::environment::Environment;

use super::snapshot::Snapshot;

struct Idle {
    generation: u64,
    since: Instant,
    environment: Environment,
}

/// Ordered by the time of their last use.
pub(super) struct Pool {
    idle: Mutex<Option<VecDeque<Idle>>>,
    idle_timeout: Duration,
    most: usize,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration, most: usize) -> Self {
        Self {
            idle: Mutex::new(Some(VecDeque::new())),
            idle_timeout,
            most,
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut VecDeque<Idle>) -> R) -> Option<R> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(f)
    }

    /// The environment of `snapshot` that was used last, if any is idle: as Lambda does, few stay warm rather than all.
    pub(super) fn take(&self, snapshot: &Snapshot) -> Option<Environment> {
        self.with(|idle| {
            let place = idle.iter().rposition(|e| e.generation == snapshot.generation)?;
            idle.remove(place).map(|e| e.environment)
        })
        .flatten()
    }

    /// Keeps `environment` for another invocation, or returns those that have to end: this one, when its snapshot is
    /// gone or the pool closed, or the one that has been idle the longest.
    pub(super) fn give_back(&self, snapshot: &Snapshot, environment: Environment) -> Option<Environment> {
        let new = Idle {
            generation: snapshot.generation,
            since: Instant::now(),
            environment,
        };
        let mut guard = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(idle) = guard.as_mut() else {
            return Some(new.environment);
        };
        if snapshot.is_retired() {
            return Some(new.environment);
        }
        idle.push_back(new);
        if idle.len() > self.most {
            idle.pop_front().map(|e| e.environment)
        } else {
            None
        }
    }

    /// Removes the idle environments of a retired snapshot.
    pub(super) fn discard(&self, snapshot: &Snapshot) -> Vec<Environment> {
        self.remove(|e| e.generation == snapshot.generation)
    }

    /// Removes those that have been idle for too long.
    pub(super) fn expired(&self, now: Instant) -> Vec<Environment> {
        self.remove(|e| now.saturating_duration_since(e.since) >= self.idle_timeout)
    }

    fn remove(&self, which: impl Fn(&Idle) -> bool) -> Vec<Environment> {
        self.with(|idle| {
            let (gone, kept): (VecDeque<_>, VecDeque<_>) = std::mem::take(idle).into_iter().partition(which);
            *idle = kept;
            gone.into_iter().map(|e| e.environment).collect()
        })
        .unwrap_or_default()
    }

    /// How many are idle.
    pub(super) fn len(&self) -> usize {
        self.with(|idle| idle.len()).unwrap_or(0)
    }

    /// Empties the pool for good: what is given back from now on has to end.
    pub(super) fn close(&self) -> Vec<Environment> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        idle.into_iter().flatten().map(|e| e.environment).collect()
    }
}
