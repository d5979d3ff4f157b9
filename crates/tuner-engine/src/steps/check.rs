//! Invocations of a function as it is, until every limit is decided or the budget is over. Changes nothing.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use tuner_core::check::Judge;
use tuner_core::{FunctionName, InvocationRecord, MemorySize, OutcomeCounts, Payloads};

use crate::context::Event;
use crate::ports::FunctionConfiguration;
use crate::steps::asynchronous::Begun;
use crate::steps::invocation::invoke;
use crate::steps::log_lines::LogReader;
use crate::steps::ready::until_ready;
use crate::{Context, TuningError, TuningOptions, TuningRequest};

/// After so many calls, of which all failed, nothing else is measured any more.
const HOPELESS: usize = 20;

/// How a function is invoked to see whether it keeps its limits.
#[derive(Debug, Clone)]
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

/// What came of it.
#[derive(Debug)]
pub struct Checked {
    /// What the invocations show.
    pub judge: Judge,
    /// Every invocation, in the order made.
    pub records: Vec<InvocationRecord>,
    /// The same by how they ended.
    pub outcomes: OutcomeCounts,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// The function as it is, once no change is under way.
///
/// # Errors
/// When it can't be read or does not become ready.
pub async fn present(ctx: &Context, function: &FunctionName) -> Result<FunctionConfiguration, TuningError> {
    ctx.check()?;
    until_ready(ctx, function).await
}

/// Invokes until `judge` has decided everything that invocations can, or the budget is over. Nothing of the function is changed.
///
/// # Errors
/// When Lambda refuses the invocations, or somebody asked to stop.
pub async fn check(
    ctx: &Context,
    order: &CheckOrder,
    present: &FunctionConfiguration,
    payloads: &Payloads,
    mut judge: Judge,
) -> Result<Checked, TuningError> {
    let size = MemorySize::new(present.memory_size_mb).map_err(|e| TuningError::Untunable {
        function: present.arn.to_string(),
        reason: e.to_string(),
    })?;
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
    let began_at = ctx.clock.now();
    let (mut records, mut outcomes) = (Vec::new(), OutcomeCounts::default());
    let mut warnings: Vec<String> = payloads.note().into_iter().collect();
    ctx.tell(Event::Planned {
        size,
        invocations: most,
    });
    while (records.len() as u32) < most && !is_over(ctx, began_at, order.max_time_ms) {
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
        for ended in join_all(calls).await {
            let (index, begun) = ended?;
            let Begun::Ended(invoked) = begun else {
                continue;
            };
            let mut record = invoked.record;
            record.payload_index = payloads.is_weighted().then_some(index);
            ctx.tell(Event::Invoked { record: &record });
            judge.add(&record);
            outcomes.add(record.outcome);
            records.push(record);
        }
        let is_decided = judge.look();
        let is_hopeless = records.len() >= HOPELESS && outcomes.failures() as usize == records.len();
        if (is_decided && !order.all) || is_hopeless {
            break;
        }
        if order.pause_ms > 0 {
            let pause = ctx.clock.sleep(Duration::from_millis(order.pause_ms));
            ctx.unless_cancelled(pause).await?;
        }
    }
    warnings.extend(logs.note());
    Ok(Checked {
        judge,
        records,
        outcomes,
        warnings,
    })
}

fn is_over(ctx: &Context, began_at: jiff::Timestamp, max_time_ms: Option<u64>) -> bool {
    let most = max_time_ms.map(|ms| SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)));
    ctx.is_late() || most.is_some_and(|most| ctx.clock.now().duration_since(began_at) >= most)
}
