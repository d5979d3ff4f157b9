//! Invocations of a function as it is, until every limit is decided or the budget is over. Changes nothing.
//!
//! A driver whose time is limited calls it again with what is in the store: every record is kept there as it is made.

use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tuner_core::check::{CHECK_SCHEMA_VERSION, Check, CheckSource, Gate, Judge, Undecided};
use tuner_core::pricing::PriceQuote;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, InvocationRecord, MemorySize, Outcome, OutcomeCounts, Payloads};
use tuner_report::{Options, ReportError, check_html, check_json};
use uuid::Uuid;

use crate::context::Event;
use crate::marker::Marker;
use crate::ports::{FunctionConfiguration, Store};
use crate::retry::retrying;
use crate::steps::asynchronous::Begun;
use crate::steps::invocation::invoke;
use crate::steps::log_lines::LogReader;
use crate::steps::ready::until_ready;
use crate::{Context, TuningError, TuningOptions, TuningRequest, records};

/// After so many calls, of which all failed, nothing else is measured any more.
const HOPELESS: usize = 20;
/// After so many calls of which none could be measured none ever will be: no answer holds a REPORT, and the log does not either, or
/// each takes longer than there is time for.
const UNMEASURED: usize = 5;
/// Records wait this long at most before they are written to the store.
const KEEP_EVERY: SignedDuration = SignedDuration::from_secs(5);
const LATEST: &str = "$LATEST";

/// How a function is invoked to see whether it keeps its limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckOrder {
    /// The function; its qualifier, if it has one, is what is invoked.
    pub function: FunctionName,
    /// Invocations at the most.
    pub max_invocations: u32,
    /// Time at the most, in ms.
    pub max_time_ms: Option<u64>,
    /// Invocations made at the same time.
    pub concurrency: u32,
    /// Pause after each of them, in ms.
    pub pause_ms: u64,
    /// Error types of the function that count as a success.
    pub allowed_errors: Vec<String>,
    /// Whether messages of the function may be kept; they can quote payloads.
    pub keep_messages: bool,
    /// Whether all invocations are made, though every limit is decided: for figures that others are compared with.
    pub all: bool,
}

/// What was measured so far.
#[derive(Debug, Clone)]
pub struct SoFar {
    /// When the first invocation was about to be made.
    pub began_at: Timestamp,
    /// The records of all that were made, in order.
    pub records: Vec<InvocationRecord>,
}

impl SoFar {
    /// Nothing, at the beginning.
    pub const fn nothing(began_at: Timestamp) -> Self {
        Self {
            began_at,
            records: Vec::new(),
        }
    }

    /// What the store holds of a check that began at `began_at`, at the size of `present`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn read(
        ctx: &Context,
        present: &FunctionConfiguration,
        began_at: Timestamp,
    ) -> Result<Self, TuningError> {
        let records = records::read(&*ctx.store, size(present)?).await?;
        Ok(Self { began_at, records })
    }

    /// What all of that shows, by a `judge` that has seen nothing yet.
    pub fn judged(self, mut judge: Judge) -> Checked {
        let mut outcomes = OutcomeCounts::default();
        for record in &self.records {
            judge.add(record);
            outcomes.add(record.outcome);
            judge.look();
        }
        Checked {
            judge,
            records: self.records,
            outcomes,
            throttled: 0,
            is_over: false,
            warnings: Vec::new(),
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Checked {
    /// What the invocations show.
    pub judge: Judge,
    /// Every invocation, in the order made.
    pub records: Vec<InvocationRecord>,
    /// The same by how they ended.
    pub outcomes: OutcomeCounts,
    /// How often Lambda refused one, since too many ran at the same time.
    pub throttled: u32,
    /// Whether no more are to be made; false where it was time to hand back first.
    pub is_over: bool,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// The function as it is, once no change is under way.
///
/// # Errors
/// When it can't be read or does not become ready, and when a tuning has changed it: it is not what is deployed then.
pub async fn present(ctx: &Context, function: &FunctionName) -> Result<FunctionConfiguration, TuningError> {
    ctx.check()?;
    let present = until_ready(ctx, function).await?;
    let mark = (present.version == LATEST)
        .then(|| Marker::read(&present.description, present.variables.as_ref()))
        .flatten();
    match mark {
        Some((mark, _)) => Err(TuningError::marked(&present.arn, &mark)),
        None => Ok(present),
    }
}

/// Invokes until `judge`, which has seen nothing yet, has decided everything that invocations can, or the budget is over. Nothing
/// of the function is changed.
///
/// # Errors
/// When Lambda refuses the invocations, somebody else changes the function meanwhile, or somebody asks to stop. What was measured
/// before is in the store, where others go on with it.
pub async fn check(
    ctx: &Context,
    order: &CheckOrder,
    present: &FunctionConfiguration,
    payloads: &Payloads,
    judge: Judge,
    so_far: SoFar,
) -> Result<Checked, TuningError> {
    let size = size(present)?;
    let request = TuningRequest {
        options: TuningOptions {
            allowed_errors: order.allowed_errors.clone(),
            keep_messages: order.keep_messages,
            ..TuningOptions::default()
        },
        ..TuningRequest::new(order.function.clone())
    };
    let logs = LogReader::new(ctx, present);
    let most = order.max_invocations.max(1);
    let sequence = payloads.sequence(most as usize);
    let began_at = so_far.began_at;
    let Checked {
        mut judge,
        mut records,
        mut outcomes,
        mut warnings,
        ..
    } = so_far.judged(judge);
    let mut is_decided = judge.look();
    let mut kept = Kept {
        count: records.len(),
        at: ctx.clock.now(),
    };
    let (first, mut throttled) = (records.len(), 0);
    warnings.extend(payloads.note());
    ctx.tell(Event::Planned {
        size,
        invocations: most.saturating_sub(records.len() as u32),
    });
    let is_over = loop {
        let is_hopeless = records.len() >= HOPELESS && outcomes.failures() as usize == records.len();
        let is_enough = is_decided && !order.all && !records.is_empty();
        let nothing = records.len() >= UNMEASURED && records.iter().all(|r| r.outcome == Outcome::Unmeasured);
        if nothing {
            warnings.push(unmeasured(&records));
        }
        let is_full = records.len() as u32 >= most;
        if is_full || is_enough || is_hopeless || nothing || has_run_out(ctx, began_at, order.max_time_ms) {
            break true;
        }
        // At least one each time, or a driver with too little time would go round for ever.
        if ctx.is_late() || (records.len() > first && ctx.is_too_long(longest(&records, present))) {
            break false;
        }
        // The first one alone: it brings an environment up, or shows that nothing works.
        let at_once = if records.is_empty() {
            1
        } else {
            order.concurrency.max(1)
        };
        let left = most - records.len() as u32;
        let calls = (records.len()..).take(at_once.min(left) as usize).map(|call| {
            let index = sequence.get(call).copied().unwrap_or(0);
            let (logs, request) = (&logs, &request);
            async move {
                let payload = payloads.body(index);
                let begun = invoke(ctx, logs, request, &order.function, size, payload, present.timeout_s).await?;
                Ok::<_, TuningError>((index, begun))
            }
        });
        let made = records.len();
        let mut refused = None;
        for ended in join_all(calls).await {
            let (index, invoked) = match ended {
                Ok((index, Begun::Ended(invoked))) => (index, invoked),
                Ok((_, Begun::Not { throttles })) => {
                    throttled += throttles;
                    continue;
                }
                Ok((_, Begun::UnderWay)) => continue,
                Err(error) => {
                    refused.get_or_insert(error);
                    continue;
                }
            };
            let mut record = invoked.record;
            throttled += record.throttles;
            record.payload_index = payloads.is_weighted().then_some(index);
            ctx.tell(Event::Invoked { record: &record });
            judge.add(&record);
            outcomes.add(record.outcome);
            records.push(record);
        }
        if let Some(error) = refused {
            kept.keep(ctx, size, &records).await?;
            return Err(error);
        }
        if records.len() == made {
            // Every one was throttled until now: others shall have their turn.
            break false;
        }
        is_decided = judge.look();
        if ctx.clock.now().duration_since(kept.at) >= KEEP_EVERY {
            kept.keep(ctx, size, &records).await?;
        }
        let pause = Duration::from_millis(order.pause_ms);
        if !pause.is_zero() && !ctx.is_too_long(pause) {
            ctx.unless_cancelled(ctx.clock.sleep(pause)).await?;
        }
    };
    kept.keep(ctx, size, &records).await?;
    warnings.extend(logs.note());
    warnings.extend(unchanged(ctx, order, present).await?);
    Ok(Checked {
        judge,
        records,
        outcomes,
        throttled,
        is_over,
        warnings,
    })
}

fn unmeasured(records: &[InvocationRecord]) -> String {
    let said = records.iter().find_map(|record| record.error_message.as_deref());
    format!(
        "none of {} invocations could be measured, and no more were made: {}",
        records.len(),
        said.unwrap_or("Lambda answered without a REPORT line (a system log level of WARN hides them)")
    )
}

fn size(present: &FunctionConfiguration) -> Result<MemorySize, TuningError> {
    MemorySize::new(present.memory_size_mb).map_err(|e| TuningError::Untunable {
        function: present.arn.to_string(),
        reason: e.to_string(),
    })
}

/// What is in the store already.
struct Kept {
    count: usize,
    at: Timestamp,
}

impl Kept {
    /// Writes what is not, where others may have to go on.
    async fn keep(&mut self, ctx: &Context, size: MemorySize, records: &[InvocationRecord]) -> Result<(), TuningError> {
        if ctx.hand_back_at.is_some() {
            records::keep(&*ctx.store, size, self.count, &records[self.count..]).await?;
            self.count = records.len();
            self.at = ctx.clock.now();
        }
        Ok(())
    }
}

/// How long the next invocation may take, by those before it.
fn longest(records: &[InvocationRecord], present: &FunctionConfiguration) -> Duration {
    let timeout = Duration::from_secs(present.timeout_s.into());
    let measured = records.iter().filter_map(|record| record.duration_ms).reduce(f64::max);
    // A function with a time-out of minutes mostly takes less.
    let usual = measured.map(|ms| Duration::from_millis(2 * ms as u64 + 10_000));
    usual.map_or(timeout, |usual| usual.min(timeout))
}

fn has_run_out(ctx: &Context, began_at: Timestamp, max_time_ms: Option<u64>) -> bool {
    let most = max_time_ms.map(|ms| SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)));
    most.is_some_and(|most| ctx.clock.now().duration_since(began_at) >= most)
}

/// Refuses what was measured if the function is not any more what it was; a note where that can't be seen.
async fn unchanged(
    ctx: &Context,
    order: &CheckOrder,
    present: &FunctionConfiguration,
) -> Result<Option<String>, TuningError> {
    let now = match retrying(ctx, || ctx.control.configuration(&order.function)).await {
        Ok(now) => now,
        Err(error) => {
            return Ok(Some(format!(
                "whether the function was changed while it was checked could not be seen: {error}"
            )));
        }
    };
    let what = if now.version != present.version {
        format!("version {} is now version {}", present.version, now.version)
    } else if now.memory_size_mb != present.memory_size_mb {
        format!("{} MB are now {} MB", present.memory_size_mb, now.memory_size_mb)
    } else if !now.same_settings(present) {
        "its code or its settings".to_owned()
    } else {
        return Ok(None);
    };
    Err(TuningError::ChangedWhileChecked {
        function: order.function.to_string(),
        what,
    })
}

/// What a document says beside what was measured.
#[derive(Debug)]
pub struct About<'a> {
    /// UUIDv7 of the check.
    pub check_id: Uuid,
    /// When it began.
    pub started_at: Timestamp,
    /// When measuring was over.
    pub finished_at: Timestamp,
    /// The function, as asked for.
    pub function: &'a FunctionName,
    /// What it is.
    pub present: &'a FunctionConfiguration,
    /// Where the invocations ran.
    pub environment: MeasuringEnvironment,
    /// What it must keep.
    pub gate: Gate,
    /// What a limit is that is neither shown to be kept nor broken.
    pub undecided: Undecided,
    /// Prices, where they are known.
    pub price: Option<PriceQuote>,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
}

impl Checked {
    /// The document.
    pub fn document(self, about: About<'_>) -> Check {
        let present = about.present;
        let limits = about.gate.beside_baseline(self.judge.results());
        let mut warnings = self.warnings;
        warnings.extend(about.warnings);
        Check {
            schema_version: CHECK_SCHEMA_VERSION,
            check_id: about.check_id,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: about.started_at,
            finished_at: about.finished_at,
            function: present.arn_as(about.function),
            region: present.arn.region().map(str::to_owned),
            architecture: present.architecture,
            memory_size_mb: present.memory_size_mb,
            source: CheckSource::Invoked {
                environment: about.environment,
            },
            verdict: about.gate.verdict(&limits, about.undecided),
            limits,
            figures: self.judge.figures(),
            outcomes: self.outcomes,
            baseline: about.gate.baseline,
            price: about.price,
            warnings,
            records: self.records,
        }
    }
}

/// Name of the document.
pub const DOCUMENT: &str = "check.json";

/// Writes the document and its page to `store`, the document first. Returns where they are.
///
/// # Errors
/// When one can't be rendered or written; the one before it is there.
pub async fn report(store: &dyn Store, check: &Check, options: &Options) -> Result<[String; 2], TuningError> {
    let failed = |e: ReportError| TuningError::Report(e.to_string());
    let (mut document, mut html) = (Vec::new(), Vec::new());
    check_json(check, &mut document).map_err(failed)?;
    check_html(check, options, &mut html).map_err(failed)?;
    Ok([
        store.put(DOCUMENT, &document).await?,
        store.put("report.html", &html).await?,
    ])
}
