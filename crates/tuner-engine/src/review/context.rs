use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::ReviewError;
use super::ports::{Account, Page};
use crate::ports::{Clock, PortError, Store};
use crate::retry::{Backoff, Waits, retrying_with};

/// The world, as the steps of a review see it.
#[derive(Clone)]
pub struct ReviewContext {
    /// The account to look at.
    pub account: Arc<dyn Account>,
    /// Keeps what is found out.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Is told what happens.
    pub observer: Arc<dyn ReviewObserver>,
    /// Asks to stop.
    pub cancel: CancellationToken,
    /// How transient failures are waited out.
    pub backoff: Backoff,
    /// From this time on [`look`](super::look) keeps what it has and hands back. For drivers whose own time is limited.
    pub hand_back_at: Option<Timestamp>,
}

impl ReviewContext {
    /// Fails if somebody asked to stop.
    pub(super) fn check(&self) -> Result<(), ReviewError> {
        if self.cancel.is_cancelled() {
            Err(ReviewError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Whether it is time to hand back.
    pub(super) fn is_late(&self) -> bool {
        self.hand_back_at.is_some_and(|at| self.clock.now() >= at)
    }

    /// Repeats a call until it goes through or there is no point in it.
    pub(super) async fn retrying<T, F>(&self, call: impl Fn() -> F) -> Result<T, PortError>
    where
        F: Future<Output = Result<T, PortError>>,
    {
        let waits = Waits {
            backoff: self.backoff,
            clock: self.clock.as_ref(),
            cancel: &self.cancel,
            until: None,
        };
        let tell = |error: &PortError| {
            self.observer.event(ReviewEvent::Waiting {
                what: &error.to_string(),
            });
        };
        retrying_with(waits, crate::ports::PortErrorKind::is_transient, tell, call).await
    }

    /// All pages of an answer. What was read before one failed is there beside the failure.
    pub(super) async fn pages<T, F>(&self, page: impl Fn(Option<String>) -> F) -> (Vec<T>, Result<(), PortError>)
    where
        F: Future<Output = Result<Page<T>, PortError>>,
    {
        let mut items = Vec::new();
        let mut token: Option<String> = None;
        loop {
            if self.cancel.is_cancelled() {
                return (items, Ok(()));
            }
            match self.retrying(|| page(token.clone())).await {
                Ok(page) => {
                    items.extend(page.items);
                    // A service that repeats a token would be asked for ever.
                    match page.next.filter(|next| Some(next) != token.as_ref()) {
                        Some(next) => token = Some(next),
                        None => return (items, Ok(())),
                    }
                }
                Err(error) => return (items, Err(error)),
            }
        }
    }
}

/// What happens during a review, as it happens.
#[derive(Debug, Clone, Copy)]
pub enum ReviewEvent<'a> {
    /// The functions of a region are known.
    Listed {
        /// The region.
        region: &'a str,
        /// How many there are.
        functions: usize,
        /// Why not all of it could be read.
        problem: Option<&'a str>,
    },
    /// A batch of functions was looked at.
    Looked {
        /// The region it is in.
        region: &'a str,
        /// Functions looked at so far.
        functions: usize,
        /// Of how many.
        of: usize,
        /// Bytes of logs that were scanned and are charged for, so far.
        bytes_scanned: u64,
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
pub trait ReviewObserver: Send + Sync {
    /// Something happened.
    fn event(&self, event: ReviewEvent<'_>);
}

impl ReviewObserver for crate::Silent {
    fn event(&self, _event: ReviewEvent<'_>) {}
}
