use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tuner_core::{InvocationRecord, MemorySize};

use crate::TuningError;
use crate::ports::{Clock, FunctionControl, Invoker, LogSource, Store, Tunings};
use crate::retry::Backoff;
use crate::review::ports::Reports;

/// The world, as the steps see it.
#[derive(Clone)]
pub struct Context {
    /// Reads and changes functions.
    pub control: Arc<dyn FunctionControl>,
    /// Invokes them.
    pub invoker: Arc<dyn Invoker>,
    /// Invokes pre- and post-processors, which may be in other regions and accounts than the function.
    pub processors: Arc<dyn Invoker>,
    /// Reads the function's log, where an answer does not hold the REPORT; absent where there is none to read.
    pub logs: Option<Arc<dyn LogSource>>,
    /// Reads what its invocations reported, before anything is measured; absent where there is nothing to read.
    pub reports: Option<Arc<dyn Reports>>,
    /// Knows of other tunings; absent where none is known of.
    pub tunings: Option<Arc<dyn Tunings>>,
    /// Keeps records and reports.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Is told what happens.
    pub observer: Arc<dyn Observer>,
    /// Asks to stop.
    pub cancel: CancellationToken,
    /// How transient failures are waited out.
    pub backoff: Backoff,
    /// From this time on steps hand back what they have, and what is left is planned again: nothing is begun that would take
    /// longer. For drivers whose own time is limited.
    pub hand_back_at: Option<Timestamp>,
}

impl Context {
    /// Fails if somebody asked to stop. Called before every call that changes something or costs money; calls under way
    /// are never dropped, since one dropped may still take effect.
    pub(crate) fn check(&self) -> Result<(), TuningError> {
        if self.cancel.is_cancelled() {
            Err(TuningError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// The same world for work that must be brought to its end, whoever asks to stop.
    pub(crate) fn unstoppable(&self) -> Self {
        Self {
            cancel: CancellationToken::new(),
            ..self.clone()
        }
    }

    /// Whether it is time to hand back.
    pub(crate) fn is_late(&self) -> bool {
        self.hand_back_at.is_some_and(|at| self.clock.now() >= at)
    }

    /// Whether a wait of this length would end after it is time to hand back.
    pub(crate) fn is_too_long(&self, wait: Duration) -> bool {
        let ends = SignedDuration::try_from(wait)
            .ok()
            .and_then(|wait| self.clock.now().checked_add(wait).ok());
        self.hand_back_at.is_some_and(|at| ends.is_none_or(|ends| ends > at))
    }

    /// Time until it is time to hand back, for drivers whose time is limited.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let left = self.hand_back_at?.duration_since(self.clock.now());
        Some(Duration::try_from(left).unwrap_or_default())
    }

    /// Waits for `work`, but no longer than until it is time to hand back. For calls that only read: one that is dropped has
    /// no effect.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let Some(left) = self.time_left() else {
            return Some(work.await);
        };
        tokio::select! {
            biased;
            value = work => Some(value),
            () = self.clock.sleep(left) => None,
        }
    }

    pub(crate) fn tell(&self, event: Event<'_>) {
        self.observer.event(event);
    }

    /// Waits for `work`, but no longer than until somebody asks to stop. For calls whose effect does not matter any more.
    pub(crate) async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, TuningError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(TuningError::Interrupted),
            value = work => Ok(value),
        }
    }
}

/// What happens during a tuning, as it happens.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The function was read and can be tuned.
    Initialized {
        /// As resolved.
        function: &'a str,
        /// Sizes asked for.
        sizes: &'a [MemorySize],
    },
    /// A version was published.
    Published {
        /// At this size.
        size: MemorySize,
        /// Its number.
        version: u64,
    },
    /// A size can't be measured.
    Skipped {
        /// The size.
        size: MemorySize,
        /// Why.
        reason: &'a str,
    },
    /// The configuration is as it was.
    Restored {
        /// Memory size it has again, in MB.
        memory_size_mb: u32,
    },
    /// `invocations` more are to be made at `size`.
    Planned {
        /// The size.
        size: MemorySize,
        /// How many.
        invocations: u32,
    },
    /// An invocation ended.
    Invoked {
        /// What it did.
        record: &'a InvocationRecord,
    },
    /// No more invocations are made at this size.
    GivenUp {
        /// The size.
        size: MemorySize,
        /// Why.
        reason: &'a str,
    },
    /// A temporary version was deleted.
    Deleted {
        /// Its number.
        version: u64,
    },
    /// Something is waited for.
    Waiting {
        /// What, and why.
        what: &'a str,
    },
    /// Something the reader should know.
    Warning {
        /// In a sentence.
        text: &'a str,
    },
}

/// Is told what happens. Must not block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event<'_>);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: Event<'_>) {}
}
