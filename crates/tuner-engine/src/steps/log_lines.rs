//! REPORTs that no answer holds, from the function's log.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tuner_logs::lines::parse_tail;

use crate::ports::{FunctionConfiguration, LogSource, PortError, PortErrorKind};
use crate::{Context, TuningError};

/// Log lines arrive seconds after they were written.
const WAITS_S: [u64; 4] = [1, 2, 4, 8];
/// After this many invocations whose REPORT was not in the log either, it is not asked any more.
const MOST_MISSES: u32 = 2;
const FIRST_POLL: Duration = Duration::from_secs(2);
const LAST_POLL: Duration = Duration::from_secs(15);
/// What a look into the log mostly takes at the most.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Looks up REPORTs by request ID, as long as there is hope to find any.
pub(super) struct LogReader<'a> {
    ctx: &'a Context,
    group: &'a str,
    source: Option<&'a dyn LogSource>,
    hidden: bool,
    misses: AtomicU32,
    note: Mutex<Option<String>>,
}

impl<'a> LogReader<'a> {
    pub(super) fn new(ctx: &'a Context, function: &'a FunctionConfiguration) -> Self {
        Self {
            ctx,
            group: &function.log_group,
            source: ctx.logs.as_deref(),
            hidden: function.reports_hidden,
            misses: AtomicU32::new(0),
            note: Mutex::new(None),
        }
    }

    /// Whether the log can be read, so that REPORTs of invocations nobody waits for can be found.
    pub(super) async fn is_readable(&self) -> bool {
        let Some(source) = self.source.filter(|_| !self.hidden) else {
            return false;
        };
        let asked = source.lines(self.group, "REPORT", self.ctx.clock.now());
        let Some(answer) = self.ctx.in_time(asked).await else {
            return false;
        };
        match answer {
            Ok(_) => true,
            // It comes into being with the first line that the function writes, if it may write any.
            Err(error) if error.kind == PortErrorKind::NotFound => false,
            Err(error) => {
                self.say(&error);
                false
            }
        }
    }

    /// The lines of a request that has ended, if they hold a REPORT.
    pub(super) async fn look_up(&self, request_id: Option<&str>, since: Timestamp) -> Option<Vec<u8>> {
        let source = self.source.filter(|_| !self.hidden)?;
        let request_id = request_id?;
        for wait_s in WAITS_S {
            let wait = Duration::from_secs(wait_s);
            if self.misses.load(Ordering::Relaxed) >= MOST_MISSES || self.ctx.is_too_long(wait) {
                return None;
            }
            self.ctx.clock.sleep(wait).await;
            match self.ctx.in_time(self.lines(source, request_id, since)).await? {
                Ok(Some(lines)) => return Some(lines),
                Ok(None) => {}
                Err(error) => {
                    self.misses.store(MOST_MISSES, Ordering::Relaxed);
                    self.say(&error);
                    return None;
                }
            }
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// Waits until the log holds the REPORT of a request that may run for minutes; `None` when it is time to hand back, or
    /// later than `until`.
    ///
    /// # Errors
    /// When the log can't be read: nothing would ever be found.
    pub(super) async fn wait_for(
        &self,
        request_id: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Vec<u8>>, TuningError> {
        let Some(source) = self.source else {
            return Ok(None);
        };
        let mut poll = FIRST_POLL;
        loop {
            match self.ctx.in_time(self.lines(source, request_id, since)).await {
                Some(Ok(Some(lines))) => return Ok(Some(lines)),
                Some(Err(error)) if !error.kind.is_transient() => return Err(error.into()),
                _ => {}
            }
            let left = match self.ctx.time_left() {
                Some(left) => left.saturating_sub(LAST_LOOK),
                None => Duration::MAX,
            };
            if left.is_zero() || self.ctx.clock.now() > until {
                return Ok(None);
            }
            // The last look comes just before it is time to hand back.
            let wait = poll.min(left);
            self.ctx.unless_cancelled(self.ctx.clock.sleep(wait)).await?;
            poll = poll.mul_f64(1.5).min(LAST_POLL);
        }
    }

    async fn lines(
        &self,
        source: &dyn LogSource,
        request_id: &str,
        since: Timestamp,
    ) -> Result<Option<Vec<u8>>, PortError> {
        // Clocks differ.
        let since = since.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap_or(since);
        match source.lines(self.group, request_id, since).await {
            Ok(lines) => Ok(parse_tail(&lines, Some(request_id)).report.is_some().then_some(lines)),
            // The group comes into being with the first line.
            Err(error) if error.kind == PortErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn say(&self, error: &PortError) {
        if let Ok(mut note) = self.note.lock() {
            note.get_or_insert_with(|| {
                format!(
                    "the log group {} could not be read for REPORTs that answers do not hold ({error})",
                    self.group
                )
            });
        }
    }

    /// What the reader of the report should know.
    pub(super) fn note(self) -> Option<String> {
        self.note.into_inner().ok().flatten()
    }
}
