//! Following an execution: whether it is over, and what to show of it meanwhile.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tuner_aws::{Connection, Execution, S3Store, StateMachineError, StateMachines};
use tuner_core::{InvocationRecord, MemorySize};
use tuner_engine::ports::Store;
use tuner_engine::{CancellationToken, Event, Observer};

use super::failures::is_signed_out;
use super::measured::{Measured, RECORDS, measured};
use super::outcome;
use super::trace::{Stage, Whereabouts, failed_attempts, stage, whereabouts};
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::states_arn::ExecutionArn;

/// How often an execution is looked at: more often while it is young.
const FIRST_POLL: Duration = Duration::from_millis(1000);
const LAST_POLL: Duration = Duration::from_millis(2500);
/// An answer that takes longer is none: the next attempt may go through.
const ANSWER: Duration = Duration::from_secs(10);
/// Without an answer for this long, it is said; and after that much longer, given up.
const SAY_AFTER: Duration = Duration::from_secs(15);
const GIVE_UP_AFTER: Duration = Duration::from_secs(900);
/// The store may fail in passing; one that may not be read fails always.
const MOST_FAILED_READS: u32 = 3;
/// Newest events: of ten sizes measured at the same time, with some attempts each.
const RECENT: usize = 100;
/// The first state, with all the attempts it may take.
const FIRST: usize = 100;

/// An execution that is followed.
pub(super) struct Watch<'a> {
    connection: &'a Connection,
    machines: StateMachines,
    arn: &'a ExecutionArn,
    progress: &'a Progress,
    /// Where the tuning is, once the execution has said it.
    pub(super) whereabouts: Option<Whereabouts>,
    /// Where the execution is on its way, as far as is known.
    pub(super) stage: Option<Stage>,
    store: Option<S3Store>,
    reads_history: bool,
    failed_reads: u32,
    shows_sizes: bool,
    told: HashSet<String>,
    measured: BTreeMap<MemorySize, Measured>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(connection: &'a Connection, arn: &'a ExecutionArn, progress: &'a Progress) -> Self {
        Self {
            connection,
            machines: connection.state_machines(),
            arn,
            progress,
            whereabouts: None,
            stage: None,
            store: None,
            reads_history: true,
            failed_reads: 0,
            shows_sizes: false,
            told: HashSet::new(),
            measured: BTreeMap::new(),
        }
    }

    /// Waits until the execution is over; `None` if somebody asked to stop before.
    pub(super) async fn until_over(&mut self, stop: &CancellationToken) -> Result<Option<Execution>, CliError> {
        let mut outage = Outage::default();
        let mut wait = FIRST_POLL;
        loop {
            let over = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                over = self.poll(&mut outage) => over?,
            };
            if over.is_some() {
                return Ok(over);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(jittered(outage.stretch(wait))) => {}
            }
            wait = (wait + wait / 50).min(LAST_POLL);
        }
    }

    /// One look; the execution if it is over.
    async fn poll(&mut self, outage: &mut Outage) -> Result<Option<Execution>, CliError> {
        let arn = self.arn.to_string();
        let failure = match timeout(ANSWER, self.machines.execution(&arn)).await {
            Ok(Ok(execution)) => {
                if outage.end() {
                    self.progress.say("the execution can be seen again");
                }
                let is_over = execution.status.is_over();
                let seen = async {
                    match is_over && self.stage.is_none() {
                        true => self.locate().await,
                        false => self.look().await,
                    }
                };
                // What was not seen this time is seen the next.
                let _ = timeout(ANSWER * 2, seen).await;
                return Ok(is_over.then_some(execution));
            }
            Ok(Err(error)) if !error.is_transient() || outage.has_lasted(GIVE_UP_AFTER) => {
                return Err(self.lost(&error));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) if outage.has_lasted(GIVE_UP_AFTER) => {
                return Err(self.lost_sight(
                    "no answer for a long time",
                    format!("look at it again with `{}`", self.again()),
                ));
            }
            Err(_) => format!("no answer for {} s", ANSWER.as_secs()),
        };
        if outage.is_worth_saying() {
            self.progress.say(&format!(
                "the execution goes on, but can't be seen at present ({failure}); trying again"
            ));
        }
        Ok(None)
    }

    fn lost(&self, error: &StateMachineError) -> CliError {
        let again = self.again();
        let hint = match error {
            StateMachineError::NoSuchExecution { .. } => return CliError::usage(error),
            error if is_signed_out(error) => format!("sign in again, then look at it with `{again}`"),
            StateMachineError::Denied { action, .. } => {
                format!("allow {action} for these credentials, then look at it with `{again}`")
            }
            _ => format!("look at it again with `{again}`"),
        };
        self.lost_sight(error, hint)
    }

    fn lost_sight(&self, cause: impl std::fmt::Display, hint: String) -> CliError {
        CliError::new(
            Exit::Refused,
            "the execution can't be followed any more; it goes on by itself",
        )
        .cause(cause)
        .hint(hint)
    }

    fn again(&self) -> String {
        format!("tuner run --follow {}", self.arn)
    }

    /// Shows what is new. Nothing here is needed for the result: what can't be read is said once, and left.
    pub(super) async fn look(&mut self) {
        // What a stage has measured goes before the next stage.
        if let Some(store) = self.store.clone().filter(|_| self.may_have_records()) {
            match self.read_store(&store).await {
                Ok(()) => self.failed_reads = 0,
                Err(error) => {
                    self.failed_reads += 1;
                    if self.failed_reads == MOST_FAILED_READS {
                        self.store = None;
                        self.progress
                            .say(&format!("progress at each memory size is not shown: {error}"));
                    }
                }
            }
        }
        if self.reads_history {
            let read = self.read_history().await;
            self.reads_history = self.may_go_on(read, "the stages of the execution are not shown");
        }
    }

    /// Finds the tuning of an execution that was over when it was first looked at: there is nothing to show of its way.
    async fn locate(&mut self) {
        if let Ok(first) = self.machines.first(&self.arn.to_string(), FIRST).await {
            self.whereabouts = whereabouts(&first);
        }
        if let Ok(newest_first) = self.machines.recent(&self.arn.to_string(), RECENT).await {
            self.stage = stage(&newest_first);
        }
    }

    const fn may_have_records(&self) -> bool {
        !matches!(&self.stage, Some(Stage::Reading | Stage::Publishing))
    }

    fn may_go_on(&self, read: Result<(), StateMachineError>, consequence: &str) -> bool {
        match read {
            Ok(()) => true,
            Err(error) if error.is_transient() || is_signed_out(&error) => true,
            Err(error) => {
                self.progress.say(&format!("{consequence}: {error}"));
                false
            }
        }
    }

    async fn read_history(&mut self) -> Result<(), StateMachineError> {
        let arn = self.arn.to_string();
        let newest_first = self.machines.recent(&arn, RECENT).await?;
        if self.whereabouts.is_none() {
            let first = self.machines.first(&arn, FIRST).await?;
            if let Some(found) = whereabouts(&first) {
                self.found(found);
            }
        }
        for attempt in failed_attempts(&newest_first) {
            let text = attempt.to_string();
            if !outcome::is_of_a_report(&attempt.error) && self.told.insert(text.clone()) {
                self.progress.event(Event::Warning { text: &text });
            }
        }
        let now = stage(&newest_first);
        if now.is_some() && now != self.stage {
            if let Some(now) = now.as_ref().filter(|now| **now != Stage::Planning) {
                self.progress.stage(&now.to_string());
            }
            self.stage = now;
        }
        Ok(())
    }

    fn found(&mut self, found: Whereabouts) {
        let sizes: Vec<MemorySize> = (found.memory_sizes_mb.iter())
            .filter_map(|&mb| MemorySize::new(mb).ok())
            .collect();
        if found.is_adaptive() {
            // Which sizes will be measured shows on the way.
            self.progress.event(Event::Initialized {
                function: &found.function,
                sizes: &[],
            });
            self.shows_sizes = true;
        } else if !sizes.is_empty() {
            self.progress.event(Event::Initialized {
                function: &found.function,
                sizes: &sizes,
            });
            for size in sizes {
                self.progress.event(Event::Planned {
                    size,
                    invocations: found.invocations.unwrap_or(0),
                });
            }
            self.shows_sizes = true;
        }
        match bucket_and_prefix(&found.store) {
            Some((bucket, prefix)) => self.store = Some(self.connection.store(bucket, prefix)),
            None => self.progress.say(&format!(
                "progress at each memory size is not shown: the store {} is not in S3",
                found.store
            )),
        }
        self.whereabouts = Some(found);
    }

    async fn read_store(&mut self, store: &S3Store) -> Result<(), tuner_engine::ports::StoreError> {
        if !self.shows_sizes {
            return Ok(());
        }
        let now = measured(&store.list(RECORDS).await?);
        for (size, measured) in &now {
            if self.measured.get(size) != Some(measured) {
                let last = last_record(store, &measured.newest).await;
                self.progress.made(*size, measured.invocations, last.as_ref());
            }
        }
        self.measured = now;
        Ok(())
    }

    pub(super) const fn connection(&self) -> &Connection {
        self.connection
    }

    /// Whether the function may have been changed. The whole history is asked: what was seen last may be seconds old.
    pub(super) async fn may_have_changed(&self) -> bool {
        let history = self.machines.bare_history(&self.arn.to_string()).await;
        history.map_or(true, |events| events.iter().any(Stage::changes_the_function))
    }
}

/// The last record of a part; only a number to look at.
async fn last_record(store: &S3Store, key: &str) -> Option<InvocationRecord> {
    let bytes = store.get(key).await.ok()??;
    let line = bytes.split(|&b| b == b'\n').rfind(|line| !line.is_empty())?;
    serde_json::from_slice(line).ok()
}

/// Of `s3://BUCKET/PREFIX`.
pub(crate) fn bucket_and_prefix(location: &str) -> Option<(&str, &str)> {
    let rest = location.strip_prefix("s3://")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, prefix))
}

/// A time without an answer.
#[derive(Default)]
struct Outage {
    since: Option<Instant>,
    said: bool,
}

impl Outage {
    /// Whether there was one that was said.
    fn end(&mut self) -> bool {
        std::mem::take(self).said
    }

    fn has_lasted(&mut self, time: Duration) -> bool {
        self.since.get_or_insert_with(Instant::now).elapsed() >= time
    }

    fn is_worth_saying(&mut self) -> bool {
        if self.said || !self.has_lasted(SAY_AFTER) {
            return false;
        }
        self.said = true;
        true
    }

    /// Less often as long as nobody answers.
    fn stretch(&self, wait: Duration) -> Duration {
        let lasted = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        wait.max(lasted / 4).min(Duration::from_secs(20))
    }
}

/// From three quarters to five quarters, so that many that were started together do not ask together.
fn jittered(wait: Duration) -> Duration {
    let [random, ..] = *uuid::Uuid::new_v4().as_bytes();
    wait.mul_f64(0.75 + f64::from(random) / 510.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_what_is_below() {
        assert_eq!(bucket_and_prefix("s3://b/tunings/1/"), Some(("b", "tunings/1/")));
        assert_eq!(bucket_and_prefix("s3://b"), Some(("b", "")));
        assert_eq!(bucket_and_prefix("s3:///x"), None);
        assert_eq!(bucket_and_prefix("/some/folder"), None);
    }

    #[test]
    fn an_outage_is_said_once_and_ends() {
        let ago = |s| Instant::now().checked_sub(Duration::from_secs(s));
        let mut outage = Outage::default();
        assert!(!outage.is_worth_saying() && !outage.end());
        outage.since = ago(16);
        assert!(outage.is_worth_saying());
        assert!(!outage.is_worth_saying());
        assert!(!outage.has_lasted(GIVE_UP_AFTER));
        assert_eq!(outage.stretch(FIRST_POLL).as_secs(), 4);
        assert!(outage.end());
        assert!(outage.since.is_none() && !outage.end());
    }

    #[test]
    fn waits_differ_by_a_quarter_at_most() {
        for _ in 0..100 {
            let wait = jittered(FIRST_POLL);
            assert!((750..=1250).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
