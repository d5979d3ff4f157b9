//! Invocations that may outlive the step that makes them: begun asynchronously, noted in the store, and found in the log by
//! whoever goes on.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tuner_core::logs::parse_tail;
use tuner_core::{FunctionName, InvocationRecord, MemorySize, Outcome};

use crate::ports::{InvokeReply, Store, StoreError};
use crate::retry::{had_no_effect, retrying, retrying_if};
use crate::steps::invocation::{no_answer, read_reply};
use crate::steps::log_lines::LogReader;
use crate::{Context, TuningError, TuningRequest};

/// An asynchronous invocation waits in Lambda's queue, and its log lines take their time too: this long after its time-out
/// its REPORT is not coming any more.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// An asynchronous invocation that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    request_id: String,
    begun_at: Timestamp,
    pub(super) payload_index: u32,
    pub(super) version: u64,
}

/// What came of beginning one.
pub(super) enum Begun {
    Pending(Pending),
    /// The answer was lost: it may run, and nothing will ever be known of it.
    Unknown(InvocationRecord),
}

/// Largest payload of an asynchronous invocation, in bytes. Source: Lambda quotas, 1 MB since October 2025.
pub(super) const MOST_BYTES: usize = 1 << 20;

fn folder(size: MemorySize) -> String {
    format!("pending/{:05}/", size.mb())
}

impl Pending {
    /// Begins one and notes it.
    ///
    /// # Errors
    /// When Lambda refuses.
    pub(super) async fn start(
        ctx: &Context,
        function: &FunctionName,
        size: MemorySize,
        version: u64,
        payload_index: u32,
        payload: &[u8],
    ) -> Result<Begun, TuningError> {
        ctx.check()?;
        retrying(ctx, || ctx.control.without_async_retries(function)).await?;
        let begun_at = ctx.clock.now();
        let begun = retrying_if(ctx, had_no_effect, || ctx.invoker.invoke_async(function, payload)).await;
        let request_id = match begun {
            Ok(request_id) => request_id,
            Err(error) if error.kind.is_ambiguous() => return Ok(Begun::Unknown(no_answer(size, &error))),
            Err(error) => return Err(error.into()),
        };
        let pending = Self {
            request_id,
            begun_at,
            payload_index,
            version,
        };
        // Text and numbers can't fail to serialise.
        let note = serde_json::to_vec(&pending).unwrap_or_default();
        if let Err(error) = ctx.store.put(&pending.key(size), &note).await {
            // It runs, and this process still knows of it.
            tracing::warn!(%error, pending.request_id, "an invocation that is under way could not be noted");
        }
        Ok(Begun::Pending(pending))
    }

    /// Those of a size whose outcome is not known yet.
    pub(super) async fn of(store: &dyn Store, size: MemorySize) -> Result<Vec<Self>, StoreError> {
        let mut all = Vec::new();
        for key in store.list(&folder(size)).await? {
            let Some(bytes) = store.get(&key).await? else {
                continue;
            };
            all.push(serde_json::from_slice(&bytes).map_err(|e| StoreError {
                action: "read",
                location: key,
                reason: e.to_string(),
            })?);
        }
        Ok(all)
    }

    fn key(&self, size: MemorySize) -> String {
        format!("{}{}.json", folder(size), self.request_id)
    }

    /// What came of it; `None` if that is not known when it is time to hand back.
    ///
    /// # Errors
    /// When the log can't be read, or the store fails.
    pub(super) async fn outcome(
        &self,
        ctx: &Context,
        logs: &LogReader<'_>,
        request: &TuningRequest,
        size: MemorySize,
        timeout_s: u32,
    ) -> Result<Option<InvocationRecord>, TuningError> {
        let late = SignedDuration::from_secs(timeout_s.into()).saturating_add(GRACE);
        let until = self.begun_at.checked_add(late).unwrap_or(Timestamp::MAX);
        let record = match logs.wait_for(&self.request_id, self.begun_at, until).await? {
            Some(lines) => {
                let reply = InvokeReply {
                    local: None,
                    request_id: Some(self.request_id.clone()),
                    // There is no answer to say so: the log does, in REPORT or beside it.
                    function_error: failed(&lines, &self.request_id).then(|| "Unhandled".to_owned()),
                    payload: b"{}".to_vec(),
                    log_tail: Some(lines),
                };
                read_reply(request, size, &reply)
            }
            None if ctx.clock.now() <= until => return Ok(None),
            None => InvocationRecord {
                request_id: self.request_id.clone(),
                error_type: Some("no REPORT in the log".to_owned()),
                ..InvocationRecord::bare(size.mb(), Outcome::Unmeasured)
            },
        };
        ctx.store.delete(&self.key(size)).await?;
        Ok(Some(record))
    }
}

/// Whether the log says that an invocation failed: JSON logs in their report; in text Lambda in REPORT or in a line of its
/// own, or a runtime that reports what the handler threw, if that line names the request.
fn failed(lines: &[u8], request_id: &str) -> bool {
    let text = String::from_utf8_lossy(lines);
    let outcome = parse_tail(lines, Some(request_id)).outcome();
    let is_json = text.trim_start().starts_with('{');
    let by_runtime = || {
        ["\"errorType\"", "Task timed out after", "[ERROR] "]
            .iter()
            .any(|sign| text.contains(sign))
    };
    outcome.is_some_and(|outcome| outcome != Outcome::Success) || (!is_json && by_runtime())
}
