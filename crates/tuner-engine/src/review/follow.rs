//! Following a query of CloudWatch Logs Insights to its end: answered, ended without an answer, or given up.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::ports::{QueryPage, QueryStatus, ReportRow, Reports};
use crate::ports::{Clock, PortError};

/// A query that is under way, and how long it is worth waiting for.
pub(crate) struct Query<'a> {
    pub(crate) source: &'a dyn Reports,
    pub(crate) id: &'a str,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) cancel: &'a CancellationToken,
    /// Pauses between two looks: the first one, and the longest.
    pub(crate) pauses: (Duration, Duration),
    /// One that scans more is stopped.
    pub(crate) most_bytes: u64,
    /// One that is not over by then is stopped.
    pub(crate) until: Timestamp,
    /// From then on it is left to whoever looks again.
    pub(crate) hand_back_at: Option<Timestamp>,
}

/// How it ended.
pub(crate) enum End {
    /// All rows of its answer.
    Answered(Vec<ReportRow>),
    /// It has none, and why: `Failed`, `Timeout`, `Cancelled`.
    Ended(String),
    /// It scanned more than it may, and was stopped.
    TooMuch,
    /// It was not over in time, and was stopped.
    TooLong,
    /// How it is getting on could not be read; it was stopped.
    Failed(PortError),
    /// Its answer could not be read.
    Unread(PortError),
    /// It goes on.
    Late,
    /// Somebody asked to stop, and it was stopped.
    Interrupted,
}

impl Query<'_> {
    /// Follows it, and says what it scanned, in bytes. `poll` looks once, with the retries that are worth it.
    pub(crate) async fn follow<F>(&self, poll: impl Fn(Option<String>) -> F) -> (End, u64)
    where
        F: Future<Output = Result<QueryPage, PortError>>,
    {
        let (mut pause, longest) = self.pauses;
        let mut bytes = 0;
        let end = loop {
            if self.cancel.is_cancelled() {
                break End::Interrupted;
            }
            let page = match poll(None).await {
                Ok(page) => page,
                Err(_) if self.cancel.is_cancelled() => break End::Interrupted,
                Err(error) => break End::Failed(error),
            };
            bytes = page.bytes_scanned.max(bytes);
            match page.status {
                QueryStatus::Complete => return (answer(page, poll).await, bytes),
                QueryStatus::Ended(how) => return (End::Ended(how), bytes),
                QueryStatus::Running if bytes > self.most_bytes => break End::TooMuch,
                QueryStatus::Running if self.clock.now() >= self.until => break End::TooLong,
                QueryStatus::Running => {}
            }
            if self.hand_back_at.is_some_and(|at| self.clock.now() >= at) {
                return (End::Late, bytes);
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break End::Interrupted,
                () = self.clock.sleep(pause) => {}
            }
            pause = pause.mul_f64(1.5).min(longest);
        };
        self.stop().await;
        (end, bytes)
    }

    /// Stops it. It is paid for as far as it came, whether that succeeds or not.
    pub(crate) async fn stop(&self) {
        if let Err(error) = self.source.stop(self.id).await {
            tracing::debug!(id = self.id, %error, "a query could not be stopped");
        }
    }
}

/// All pages of the answer.
async fn answer<F>(first: QueryPage, poll: impl Fn(Option<String>) -> F) -> End
where
    F: Future<Output = Result<QueryPage, PortError>>,
{
    let (mut rows, mut next) = (first.rows, first.next);
    while let Some(token) = next {
        match poll(Some(token.clone())).await {
            Ok(page) => {
                rows.extend(page.rows);
                next = page.next.filter(|next| *next != token);
            }
            Err(error) => return End::Unread(error),
        }
    }
    End::Answered(rows)
}
