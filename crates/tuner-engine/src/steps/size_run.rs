//! The invocations of one memory size in one step.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tuner_core::{InvocationRecord, MemorySize, Payloads, SizeProgress, StartKind, gb_seconds};
use uuid::Uuid;

use crate::context::Event;
use crate::ports::PortErrorKind;
use crate::records::Kept;
use crate::steps::asynchronous::{Begun, MOST_BYTES, begin, outcome};
use crate::steps::invocation::{Invoked, invoke};
use crate::steps::log_lines::LogReader;
use crate::steps::pending::Pending;
use crate::steps::processors::Processors;
use crate::steps::sample::Turns;
use crate::{Context, TuningError, TuningState, records};

/// Records of quick invocations wait this long at most before they are written to the store.
const KEEP_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Invocations that are billed less than this are not noted before they are made: writing the note, and the record at once
/// after it, would cost more than making them again. Two PUT requests at $0.005 for a thousand, at $0.0000166667 for a
/// GB-second. Source: price lists of S3 and Lambda, us-east-1.
const WORTH_A_NOTE_GB_SECONDS: f64 = 0.6;

pub(super) struct SizeRun<'a> {
    pub(super) ctx: &'a Context,
    pub(super) state: &'a TuningState,
    pub(super) payloads: &'a Payloads,
    pub(super) logs: &'a LogReader<'a>,
    pub(super) processors: Processors<'a>,
    pub(super) versions: Vec<u64>,
    pub(super) size: MemorySize,
    pub(super) turns: &'a Turns<'a>,
    /// What steps before have left without a record: it is seen to first.
    pub(super) pending: Vec<Pending>,
    pub(super) concurrency: u32,
    pub(super) payload_order: Vec<u32>,
    pub(super) shared: Mutex<Shared>,
}

pub(super) struct Shared {
    /// Invocations of the batch that are still to be made.
    pub(super) left: u32,
    /// Those that were begun.
    pub(super) made: usize,
    /// Records in the store.
    pub(super) kept: usize,
    pub(super) kept_at: Timestamp,
    pub(super) progress: SizeProgress,
    pub(super) unkept: Vec<Kept>,
    /// The note of all that are waited for, if they share one.
    pub(super) open: Option<Uuid>,
    /// Versions whose asynchronous invocations Lambda does not repeat any more, as this step has asked for.
    pub(super) unrepeated: BTreeSet<u64>,
}

/// An invocation that has ended.
struct Ended {
    invoked: Invoked,
    /// Of its own note.
    note: Option<Uuid>,
    /// Whether its record is worth storing at once.
    is_worth_it: bool,
}

/// How an invocation is to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its answer is waited for.
    Synchronous,
    /// It may outlive this process: its REPORT is found in the log, by whoever goes on.
    Asynchronous,
}

impl SizeRun<'_> {
    pub(super) async fn run(&self) -> Result<(), TuningError> {
        if !self.take_up_pending().await? {
            return Ok(());
        }
        self.pause_after_those_before().await?;
        if self.state.request.options.only_cold_starts {
            for &version in &self.versions {
                // Taken up a moment ago.
                if self.shared.lock().await.progress.versions_used.contains(&version) {
                    continue;
                }
                let calls = (0..self.concurrency).map(|_| self.one(version));
                let more: Vec<bool> = join_all(calls).await.into_iter().collect::<Result<_, _>>()?;
                if more.contains(&false) {
                    break;
                }
            }
            return Ok(());
        }
        let Some(&version) = self.versions.last() else {
            return Ok(());
        };
        let is_first = self.shared.lock().await.progress.outcomes.total() == 0;
        if is_first && !self.one(version).await? {
            return Ok(());
        }
        let workers = (0..self.concurrency).map(|_| async {
            while self.one(version).await? {}
            Ok(())
        });
        join_all(workers).await.into_iter().collect()
    }

    /// Makes the next invocation; false if there is none to make.
    async fn one(&self, version: u64) -> Result<bool, TuningError> {
        let Ok(permit) = self.turns.permits.acquire().await else {
            return Err(TuningError::Interrupted);
        };
        let Some((ordinal, way)) = self.take().await else {
            return Ok(false);
        };
        let index = self.payload_order.get(ordinal).copied().unwrap_or_default();
        let made = match self.make(version, index, way).await {
            Err(TuningError::Port(e)) if e.kind == PortErrorKind::NotFound => {
                return self.skip(format!("version {version} is gone: {}", e.message)).await;
            }
            Err(error) => {
                self.turns.refused.store(true, Ordering::Relaxed);
                return Err(error);
            }
            Ok(made) => made,
        };
        drop(permit);
        let Some(Ended {
            invoked,
            note,
            is_worth_it,
        }) = made
        else {
            return Ok(false);
        };
        let Invoked { mut record, answer } = invoked;
        // Where several are made at a time, they disturb each other, and would again.
        record.set_aside = self.state.request.options.max_concurrency == 1
            && is_disturbed(&record)
            && may_set_aside(&self.shared.lock().await.progress);
        self.add(record, note, is_worth_it).await?;
        let pause = Duration::from_millis(self.state.request.options.pause_ms);
        // One that is cut short by the end of this step is made up for by the next one.
        let is_last = self.ctx.is_too_long(pause);
        if !pause.is_zero() && !is_last {
            self.ctx.unless_cancelled(self.ctx.clock.sleep(pause)).await?;
        }
        let processed = self.processors.after(&answer).await;
        if processed.is_err() {
            self.turns.refused.store(true, Ordering::Relaxed);
        }
        processed.map(|()| !is_last)
    }

    /// The pause that belongs between the last invocation of the step before and the first of this one, as far as there is
    /// time for it.
    async fn pause_after_those_before(&self) -> Result<(), TuningError> {
        let pause = Duration::from_millis(self.state.request.options.pause_ms);
        let is_first = self.shared.lock().await.progress.outcomes.total() == 0;
        let Some(at) = self.ctx.hand_back_at.filter(|_| !is_first && !pause.is_zero()) else {
            return Ok(());
        };
        let room = at.duration_since(self.ctx.clock.now()).saturating_sub(self.timeout());
        let pause = pause.min(Duration::try_from(room).unwrap_or_default());
        self.ctx.unless_cancelled(self.ctx.clock.sleep(pause)).await
    }

    /// Gives up this size alone.
    async fn skip(&self, reason: String) -> Result<bool, TuningError> {
        self.ctx.tell(Event::Skipped {
            size: self.size,
            reason: &reason,
        });
        self.shared.lock().await.progress.skipped = Some(reason);
        Ok(false)
    }

    /// Makes one invocation; `None` if nothing is known of it, or none was made, when it is time to hand back.
    async fn make(&self, version: u64, index: u32, way: Way) -> Result<Option<Ended>, TuningError> {
        let Some(payload) = self.processors.before(self.payloads.body(index)).await? else {
            return Ok(None);
        };
        let function = self.state.function().at(&version.to_string());
        let asynchronous = way == Way::Asynchronous && payload.len() <= MOST_BYTES;
        let is_worth_it = asynchronous || self.is_worth_a_note().await;
        let mut pending = None;
        if is_worth_it && !asynchronous && self.shares_a_note() {
            self.note_all(version, index).await?;
        } else if is_worth_it {
            pending = Some(Pending::note(self.ctx, self.size, version, index, 1).await?);
        }
        let made = match pending.as_mut().filter(|_| asynchronous) {
            Some(pending) => {
                let is_set = self.shared.lock().await.unrepeated.contains(&version);
                let begun = begin(self.ctx, &function, pending, &payload, is_set).await;
                if matches!(begun, Ok(Begun::UnderWay | Begun::Ended(_))) {
                    self.shared.lock().await.unrepeated.insert(version);
                }
                begun
            }
            None => {
                let request = &self.state.request;
                let timeout_s = self.state.original.latest.timeout_s;
                invoke(self.ctx, self.logs, request, &function, self.size, &payload, timeout_s).await
            }
        };
        let throttles = match &made {
            Ok(Begun::Ended(invoked)) => invoked.record.throttles,
            Ok(Begun::Not { throttles }) => *throttles,
            _ => 0,
        };
        self.turns.throttled.fetch_add(throttles, Ordering::Relaxed);
        let note = pending.as_ref().map(|pending| pending.id);
        let invoked = match (made, &pending) {
            (Ok(Begun::UnderWay), Some(pending)) => self.outcome(pending).await?,
            (Ok(Begun::Ended(invoked)), _) => Some(*invoked),
            (not_made, _) => {
                // One that was interrupted may run.
                if let Some(note) = note.filter(|_| !matches!(not_made, Err(TuningError::Interrupted))) {
                    Pending::forget(&*self.ctx.store, self.size, note).await?;
                }
                return not_made.map(|_| None);
            }
        };
        Ok(invoked.map(|invoked| Ended {
            invoked: self.told_apart(invoked, index, version),
            note,
            is_worth_it,
        }))
    }

    /// Whether those that are waited for are alike: then one note says of all of them that some are under way, in place of a PUT
    /// request for each.
    fn shares_a_note(&self) -> bool {
        !self.state.request.options.only_cold_starts && !self.payloads.is_weighted()
    }

    /// Notes that invocations are under way, unless that is noted.
    async fn note_all(&self, version: u64, index: u32) -> Result<(), TuningError> {
        let mut shared = self.shared.lock().await;
        if shared.open.is_none() {
            let note = Pending::note(self.ctx, self.size, version, index, self.concurrency.max(1)).await?;
            shared.open = Some(note.id);
        }
        Ok(())
    }

    /// Whether it costs less to note an invocation than to make it again, should this step be cut off meanwhile.
    async fn is_worth_a_note(&self) -> bool {
        let progress = &self.shared.lock().await.progress;
        self.ctx.hand_back_at.is_some()
            && (progress.measured() == 0 || gb_seconds(self.size.mb(), progress.longest_ms) >= WORTH_A_NOTE_GB_SECONDS)
    }

    /// With what tells invocations of the same size apart.
    fn told_apart(&self, mut invoked: Invoked, index: u32, version: u64) -> Invoked {
        invoked.record.payload_index = self.payloads.is_weighted().then_some(index);
        invoked.record.version = self.state.request.options.only_cold_starts.then_some(version);
        invoked
    }

    /// Sees to invocations that an earlier call of this step has left without a record: waits for those under way. False if it
    /// is time to hand back before they have ended.
    async fn take_up_pending(&self) -> Result<bool, TuningError> {
        if self.pending.is_empty() {
            return Ok(true);
        }
        let store = &*self.ctx.store;
        let kept = records::read_noted(store, self.size).await?;
        let kept: HashSet<Uuid> = kept.iter().filter_map(|kept| kept.note).collect();
        for pending in &self.pending {
            if kept.contains(&pending.id) {
                Pending::forget(store, self.size, pending.id).await?;
                continue;
            }
            let Some(invoked) = self.outcome(pending).await? else {
                return Ok(false);
            };
            let Invoked { record, answer } = self.told_apart(invoked, pending.payload_index, pending.version);
            {
                let mut shared = self.shared.lock().await;
                shared.left = shared.left.saturating_sub(pending.at_once);
                shared.made += pending.at_once as usize;
                // As many as may have been under way; the last of them is what the note goes for.
                for _ in 1..pending.at_once {
                    shared.progress.add(&record);
                    shared.unkept.push(Kept {
                        record: record.clone(),
                        note: None,
                    });
                }
            }
            self.add(record, Some(pending.id), true).await?;
            self.processors.after(&answer).await?;
        }
        Ok(true)
    }

    /// What came of a noted invocation, if that is known before it is time to hand back.
    async fn outcome(&self, pending: &Pending) -> Result<Option<Invoked>, TuningError> {
        let timeout_s = self.state.original.latest.timeout_s;
        let outcome = outcome(self.ctx, self.logs, &self.state.request, pending, timeout_s);
        Ok(outcome.await?.map(Invoked::without_answer))
    }

    fn timeout(&self) -> SignedDuration {
        SignedDuration::from_secs(self.state.original.latest.timeout_s.into())
    }

    async fn take(&self) -> Option<(usize, Way)> {
        let mut shared = self.shared.lock().await;
        if self.turns.refused.load(Ordering::Relaxed) || shared.left == 0 || shared.progress.hopeless().is_some() {
            return None;
        }
        let way = self.way(&shared.progress)?;
        self.turns.begun.fetch_add(1, Ordering::Relaxed);
        shared.left -= 1;
        shared.made += 1;
        Some((shared.made - 1, way))
    }

    /// How the next invocation is to be made; `None` if it is time to hand back.
    fn way(&self, progress: &SizeProgress) -> Option<Way> {
        let Some(at) = self.ctx.hand_back_at else {
            return Some(Way::Synchronous);
        };
        let time_left = at.duration_since(self.ctx.clock.now());
        // A function with a time-out of minutes mostly takes less, and its own invocations say how much.
        let expected = match progress.measured() {
            0 => self.timeout(),
            _ => self
                .timeout()
                .min(SignedDuration::from_millis(2 * progress.longest_ms as i64 + 10_000)),
        };
        let longest = expected.saturating_add(self.processors.allowance());
        let whole = at.duration_since(self.turns.began_at);
        if longest <= time_left {
            Some(Way::Synchronous)
        } else if longest > whole && self.turns.outlives {
            Some(Way::Asynchronous)
        } else if self.turns.begun.load(Ordering::Relaxed) == 0 {
            // At least one each time, or a driver with too little time would go round for ever.
            Some(Way::Synchronous)
        } else {
            None
        }
    }

    async fn add(&self, record: InvocationRecord, note: Option<Uuid>, is_worth_it: bool) -> Result<(), TuningError> {
        self.ctx.tell(Event::Invoked { record: &record });
        let mut shared = self.shared.lock().await;
        let was_hopeless = shared.progress.hopeless().is_some();
        shared.progress.add(&record);
        if let Some(outcome) = shared.progress.hopeless().filter(|_| !was_hopeless) {
            self.ctx.tell(Event::GivenUp {
                size: self.size,
                reason: outcome.words(),
            });
        }
        shared.unkept.push(Kept { record, note });
        let now = self.ctx.clock.now();
        // What was worth a note is worth keeping at once.
        if is_worth_it || now.duration_since(shared.kept_at) >= KEEP_EVERY {
            self.keep(&mut shared).await?;
            shared.kept_at = now;
        }
        Ok(())
    }

    pub(super) async fn keep_rest(&self) -> Result<(), TuningError> {
        let mut shared = self.shared.lock().await;
        self.keep(&mut shared).await?;
        if let Some(note) = shared.open.take() {
            Pending::forget(&*self.ctx.store, self.size, note).await?;
        }
        Ok(())
    }

    async fn keep(&self, shared: &mut Shared) -> Result<(), TuningError> {
        let store = &*self.ctx.store;
        records::keep_noted(store, self.size, shared.kept, &shared.unkept).await?;
        shared.kept += shared.unkept.len();
        for note in shared.unkept.drain(..).filter_map(|kept| kept.note) {
            // Its record names it: one that stays counts for nothing.
            if let Err(error) = Pending::forget(store, self.size, note).await {
                tracing::warn!(%error, "the note of an invocation whose record is kept could not be deleted");
            }
        }
        Ok(())
    }
}

/// Whether others had the processor for so much of an invocation that another one is worth making. Cold starts are not set
/// aside: each needs a version of its own, or happens once.
fn is_disturbed(record: &InvocationRecord) -> bool {
    /// Twice the scatter of a CPU-bound function on a quiet machine, which is 2 to 4 %.
    const SHARE: f64 = 0.08;
    /// The scheduler's own slices: less is chance.
    const LEAST_MS: f64 = 2.0;
    let waited_ms = record.local.and_then(|local| local.waited_ms).unwrap_or(0.0);
    record.start == Some(StartKind::Warm)
        && record.is_measured()
        && waited_ms >= LEAST_MS
        && record.waited_share().is_some_and(|share| share >= SHARE)
}

/// Whether one more may be set aside. On a machine that is busy all the time nothing would be left: after the first few, as
/// many are kept as are set aside.
fn may_set_aside(progress: &SizeProgress) -> bool {
    const AT_ONCE: u32 = 3;
    let set_aside = progress.outcomes.success.saturating_sub(progress.measured());
    set_aside < AT_ONCE + progress.warm / 2
}

#[cfg(test)]
mod tests {
    use tuner_core::{LocalReading, Outcome};

    use super::*;

    fn record(start: StartKind, duration_ms: f64, waited_ms: Option<f64>) -> InvocationRecord {
        InvocationRecord {
            start: Some(start),
            duration_ms: Some(duration_ms),
            billed_duration_ms: Some(duration_ms as u64),
            local: Some(LocalReading {
                waited_ms,
                ..LocalReading::default()
            }),
            ..InvocationRecord::bare(128, Outcome::Success)
        }
    }

    #[test]
    fn what_waited_for_others_is_disturbed() {
        let warm = |duration_ms, waited_ms| is_disturbed(&record(StartKind::Warm, duration_ms, waited_ms));
        assert!(warm(100.0, Some(20.0)));
        assert!(!warm(100.0, Some(5.0)), "the scatter of any machine");
        assert!(!warm(10.0, Some(1.5)), "a slice of the scheduler");
        assert!(!warm(100.0, None), "AWS says nothing");
        assert!(!is_disturbed(&record(StartKind::Cold, 100.0, Some(50.0))));
    }

    #[test]
    fn on_a_machine_that_is_always_busy_something_is_kept() {
        let mut progress = SizeProgress::default();
        let mut kept = 0;
        for call in 1..=30 {
            let mut record = record(StartKind::Warm, 100.0, Some(50.0));
            record.set_aside = is_disturbed(&record) && may_set_aside(&progress);
            kept += u32::from(!record.set_aside);
            progress.add(&record);
            assert!(progress.outcomes.success - kept <= 3 + kept / 2, "after {call}");
        }
        assert!(kept >= 15, "{kept}");
    }
}
