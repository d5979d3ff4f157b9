//! One function's part in a command: alone, or beside others that are measured by the same command.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit, watch};
use tokio::task::JoinHandle;
use tuner_core::FunctionName;
use tuner_engine::CancellationToken;

use crate::commands::check::parse::Measured;
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::signals::stop_on_signal;

/// Words for a second signal, by the function that is under way.
type UnderWay = Arc<Mutex<BTreeMap<String, String>>>;

/// What the functions of one command share.
pub(in crate::commands) struct Whole {
    cancel: CancellationToken,
    under_way: UnderWay,
    /// How many are looked at or measured at the same time.
    room: Semaphore,
    agreement: Agreement,
    /// A function that is named twice is tuned once after the other; by the name alone, since the same function may be spelled
    /// with its region and account and without. Those that only share a name take turns too, which costs time and nothing else.
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// One yes for all of them, asked for when the last of their plans is shown.
struct Agreement {
    waited_for: Mutex<usize>,
    last: watch::Sender<bool>,
    answer: tokio::sync::Mutex<Option<Result<(), CliError>>>,
}

impl Whole {
    /// `asking` of them will ask for consent, or end before.
    pub(super) fn new(cancel: CancellationToken, at_once: usize, asking: usize) -> Self {
        Self {
            cancel,
            under_way: Arc::default(),
            room: Semaphore::new(at_once),
            agreement: Agreement {
                waited_for: Mutex::new(asking),
                last: watch::Sender::new(asking == 0),
                answer: tokio::sync::Mutex::default(),
            },
            turns: Mutex::default(),
        }
    }

    /// What is said at a second signal.
    pub(super) fn second_words(&self) -> impl FnOnce() -> String + Send + 'static {
        let under_way = self.under_way.clone();
        move || {
            let words: Vec<String> = lock(&under_way).values().cloned().collect();
            match words.is_empty() {
                true => "stopped at once: nothing was under way".to_owned(),
                false => words.join("\n"),
            }
        }
    }

    /// Why nothing was done, where nobody agreed to it.
    pub(super) async fn refused(&self) -> Option<CliError> {
        let answer = self.agreement.answer.lock().await;
        let error = answer.as_ref()?.as_ref().err()?;
        (error.exit() != Exit::Interrupted).then(|| error.clone())
    }

    /// Whether somebody asked to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

impl Agreement {
    fn arrive(&self) {
        let mut waited_for = lock(&self.waited_for);
        *waited_for = waited_for.saturating_sub(1);
        if *waited_for == 0 {
            let _ = self.last.send_replace(true);
        }
    }
}

/// One function's part.
pub(in crate::commands) struct Part<'a> {
    whole: Option<&'a Whole>,
    name: String,
    measured: OnceLock<Measured>,
    has_arrived: OnceLock<()>,
    held: Mutex<(Option<SemaphorePermit<'a>>, Option<OwnedMutexGuard<()>>)>,
}

impl<'a> Part<'a> {
    /// That of the only function.
    pub(in crate::commands) fn alone() -> Self {
        Self {
            whole: None,
            name: String::new(),
            measured: OnceLock::new(),
            has_arrived: OnceLock::new(),
            held: Mutex::default(),
        }
    }

    /// That of one of several.
    pub(super) fn of(whole: &'a Whole, name: &str) -> Self {
        Self {
            whole: Some(whole),
            name: name.to_owned(),
            ..Self::alone()
        }
    }

    /// Waits for room to look at a function in AWS.
    pub(super) async fn begin(&self) {
        if let Some(whole) = self.whole {
            let permit = whole.room.acquire().await.ok();
            lock(&self.held).0 = permit;
        }
    }

    /// Whether nothing is printed but by whoever measures several.
    pub(in crate::commands) fn is_one_of_several(&self) -> bool {
        self.whole.is_some()
    }

    /// Keeps what was measured for the table of all.
    pub(in crate::commands) fn keep(&self, measured: impl FnOnce() -> Measured) {
        if self.whole.is_some() {
            let _ = self.measured.set(measured());
        }
    }

    /// What was measured.
    pub(super) fn into_measured(self) -> Option<Measured> {
        self.leave();
        let Self { measured, .. } = self;
        measured.into_inner()
    }

    /// No consent will be asked for any more.
    pub(super) fn leave(&self) {
        if let Some(whole) = self.whole
            && self.has_arrived.set(()).is_ok()
        {
            whole.agreement.arrive();
        }
        *lock(&self.held) = (None, None);
    }

    /// Asks whether to do `this` with `function`. Of several it is asked once, when all their plans are shown.
    pub(in crate::commands) async fn consent(
        &self,
        this: &'static str,
        function: &FunctionName,
        yes: bool,
    ) -> Result<(), CliError> {
        let Some(whole) = self.whole else {
            return consent::ask_about(this, "Go ahead?", yes);
        };
        // Others that look wait for this room.
        self.leave();
        let mut last = whole.agreement.last.subscribe();
        let _ = last.wait_for(|is_last| *is_last).await;
        {
            let mut answer = whole.agreement.answer.lock().await;
            match &*answer {
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(error.clone()),
                None => {
                    let asked = consent::ask_unless(&whole.cancel, this, "Go ahead with all of them?", yes).await;
                    *answer = Some(asked.clone());
                    asked?;
                }
            }
        }
        let turn = lock(&whole.turns)
            .entry(function.name().to_owned())
            .or_default()
            .clone();
        let turn = turn.lock_owned().await;
        let permit = whole.room.acquire().await.ok();
        *lock(&self.held) = (permit, Some(turn));
        match whole.is_stopped() {
            true => Err(CliError::new(
                Exit::Interrupted,
                "interrupted before it was begun; nothing was changed",
            )),
            false => Ok(()),
        }
    }

    /// What a signal will cancel, once somebody listens.
    pub(in crate::commands) fn token(&self) -> CancellationToken {
        self.whole
            .map_or_else(CancellationToken::new, |whole| whole.cancel.clone())
    }

    /// Lets a signal cancel `cancel` until what is given back is dropped; `first` and `second` say what then happens.
    pub(in crate::commands) fn listen(
        &self,
        cancel: &CancellationToken,
        progress: &Arc<Progress>,
        first: &str,
        second: String,
    ) -> Listening {
        match self.whole {
            Some(whole) => {
                lock(&whole.under_way).insert(self.name.clone(), second);
                Listening {
                    watcher: None,
                    under_way: Some((whole.under_way.clone(), self.name.clone())),
                }
            }
            None => {
                let words = first.to_owned();
                Listening {
                    watcher: Some(tokio::spawn(stop_on_signal(
                        cancel.clone(),
                        progress.clone(),
                        words,
                        || second,
                    ))),
                    under_way: None,
                }
            }
        }
    }
}

/// Hears signals until it is dropped.
pub(in crate::commands) struct Listening {
    watcher: Option<JoinHandle<()>>,
    under_way: Option<(UnderWay, String)>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(watcher) = &self.watcher {
            watcher.abort();
        }
        if let Some((under_way, name)) = &self.under_way {
            lock(under_way).remove(name);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_function_takes_turns_however_it_is_spelled() {
        let whole = Whole::new(CancellationToken::new(), 10, 0);
        let function = |text: &str| text.parse::<FunctionName>().unwrap();
        let first = Part::of(&whole, "first");
        first.consent("tests", &function("orders"), true).await.unwrap();
        for spelled in [
            "orders:live",
            "123456789012:function:orders",
            "arn:aws:lambda:eu-west-1:123456789012:function:orders",
        ] {
            let second = Part::of(&whole, "second");
            let waits = second.consent("tests", &function(spelled), true).now_or_never();
            assert!(waits.is_none(), "{spelled}");
        }
        let other = Part::of(&whole, "other");
        let begins = other.consent("tests", &function("bills"), true).now_or_never();
        assert!(begins.is_some_and(|agreed| agreed.is_ok()));
        first.leave();
        let second = Part::of(&whole, "second");
        let begins = second.consent("tests", &function("orders:1"), true).now_or_never();
        assert!(begins.is_some_and(|agreed| agreed.is_ok()));
    }
}
