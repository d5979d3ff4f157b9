//! One invocation of the function under test, from call to record.

use std::time::Duration;

use serde::Deserialize;
use tuner_core::{FunctionName, InvocationRecord, MemorySize, Outcome};
use tuner_logs::lines::{Status, Tail, parse_tail};

use crate::context::Event;
use crate::ports::{InvokeReply, PortError, PortErrorKind, longest_answer};
use crate::steps::asynchronous::Begun;
use crate::steps::log_lines::LogReader;
use crate::{Context, TuningError, TuningRequest};

/// Longest message kept in a record, in characters.
const MESSAGE_LENGTH: usize = 300;

/// What came of an invocation.
pub(super) struct Invoked {
    pub(super) record: InvocationRecord,
    /// The function's answer, or its error object.
    pub(super) answer: Vec<u8>,
}

impl Invoked {
    /// Lambda keeps the answer of an asynchronous invocation to itself, and some are lost.
    pub(super) fn without_answer(record: InvocationRecord) -> Self {
        Self {
            record,
            answer: b"null".to_vec(),
        }
    }
}

/// Invokes once, waiting out throttles, and says what came of it. Failures of the function are records, not errors. A REPORT
/// that is missing from the answer is looked up in the log.
///
/// Only calls that certainly did not run are repeated: those Lambda refused (429, not ready yet) and those that did not
/// reach it. An answer that comes later than the function's time-out allows is lost. Where others go on with what this step
/// hands back, one that was throttled all the time is not given up: it is handed back as not begun.
pub(super) async fn invoke(
    ctx: &Context,
    logs: &LogReader<'_>,
    request: &TuningRequest,
    function: &FunctionName,
    size: MemorySize,
    payload: &[u8],
    timeout_s: u32,
) -> Result<Begun, TuningError> {
    let mut waited = Duration::ZERO;
    let mut throttles = 0;
    let mut retry = 0;
    loop {
        ctx.check()?;
        let since = ctx.clock.now();
        let mut longest = longest_answer(timeout_s, payload);
        let left = ctx.time_left();
        match left {
            Some(Duration::ZERO) => return Ok(Begun::Not { throttles }),
            Some(left) => longest = longest.min(left),
            None => {}
        }
        let error = match ctx
            .unless_cancelled(ctx.invoker.invoke(function, payload, longest))
            .await?
        {
            Ok(mut reply) => {
                let mut record = read_reply(request, size, &reply);
                if record.duration_ms.is_none()
                    && let Some(lines) = ctx
                        .unless_cancelled(logs.look_up(reply.request_id.as_deref(), since))
                        .await?
                {
                    reply.log_tail = Some(lines);
                    record = read_reply(request, size, &reply);
                }
                return Ok(Begun::ended(Invoked {
                    record: InvocationRecord { throttles, ..record },
                    answer: reply.payload,
                }));
            }
            Err(error) => error,
        };
        match error.kind {
            PortErrorKind::Throttled => throttles += 1,
            PortErrorKind::Conflict | PortErrorKind::Unreachable => {}
            PortErrorKind::Service | PortErrorKind::Network => {
                // It may have run: repeating it could run and bill it twice. Nothing is known of what it took.
                let mut record = InvocationRecord {
                    throttles,
                    ..no_answer(size, &error)
                };
                if ctx.is_late() {
                    record.error_message = Some(format!(
                        "it had not answered when this step of the tuner had to end, after {} s; the function's time-out is \
                         {timeout_s} s: give the steps more time (total_execution_timeout)",
                        left.unwrap_or_default().as_secs()
                    ));
                }
                return Ok(Begun::ended(Invoked::without_answer(record)));
            }
            _ => return Err(error.into()),
        }
        if waited >= ctx.backoff.budget {
            if throttles > 0 && ctx.hand_back_at.is_some() {
                return Ok(Begun::Not { throttles });
            }
            return give_up(size, throttles, error).map(|record| Begun::ended(Invoked::without_answer(record)));
        }
        let wait = ctx.backoff.wait(retry, error.retry_after);
        if retry == 2 {
            ctx.tell(Event::Waiting {
                what: &error.to_string(),
            });
        }
        if ctx.is_too_long(wait) {
            return Ok(Begun::Not { throttles });
        }
        ctx.unless_cancelled(ctx.clock.sleep(wait)).await?;
        waited += wait;
        retry += 1;
    }
}

/// What is known of an invocation whose answer was lost: that it may have run.
pub(super) fn no_answer(size: MemorySize, error: &PortError) -> InvocationRecord {
    InvocationRecord {
        error_type: Some("no answer".to_owned()),
        error_message: Some(shortened(&error.message)),
        ..InvocationRecord::bare(size.mb(), Outcome::Unmeasured)
    }
}

fn give_up(size: MemorySize, throttles: u32, error: PortError) -> Result<InvocationRecord, TuningError> {
    if error.kind != PortErrorKind::Throttled {
        return Err(error.into());
    }
    Ok(InvocationRecord {
        throttles,
        error_message: Some(shortened(&error.message)),
        ..InvocationRecord::bare(size.mb(), Outcome::Throttled)
    })
}

/// What a reply says: its log tail for what it took, its error header and object for how it ended.
pub(super) fn read_reply(request: &TuningRequest, size: MemorySize, reply: &InvokeReply) -> InvocationRecord {
    let tail = parse_tail(
        reply.log_tail.as_deref().unwrap_or_default(),
        reply.request_id.as_deref(),
    );
    let error = reply
        .function_error
        .is_some()
        .then(|| ErrorObject::read(&reply.payload));
    let error_type = error
        .as_ref()
        .and_then(|e| e.error_type.clone())
        .or_else(|| tail.report.as_ref().and_then(|r| r.error_type.clone()));
    let allowed = error_type
        .as_ref()
        .is_some_and(|t| request.options.allowed_errors.contains(t));
    let outcome = match &error {
        None if tail.report.is_none() => Outcome::Unmeasured,
        None => Outcome::Success,
        Some(_) if allowed && tail.report.is_some() => Outcome::Success,
        Some(error) => failure(error, &tail, size),
    };
    let report = tail.report.as_ref();
    InvocationRecord {
        memory_size_mb: size.mb(),
        version: None,
        request_id: reply.request_id.clone().unwrap_or_default(),
        outcome,
        start: report.map(tuner_logs::lines::Report::start_kind),
        duration_ms: report.map(|r| r.duration_ms),
        billed_duration_ms: report.and_then(|r| r.billed_duration_ms),
        init_duration_ms: report.and_then(|r| r.init_duration_ms),
        restore_duration_ms: report.and_then(|r| r.restore_duration_ms),
        max_memory_used_mb: report.and_then(|r| r.max_memory_used_mb),
        error_type,
        error_message: error
            .filter(|_| request.options.keep_messages)
            .and_then(|e| e.error_message)
            .map(|message| without_request_id(&message, reply.request_id.as_deref()))
            .map(|message| shortened(&message)),
        payload_index: None,
        throttles: 0,
        local: reply.local,
        set_aside: false,
    }
}

/// Tells kinds of failure apart, first by the log, then by the names and words Lambda uses in the error object.
fn failure(error: &ErrorObject, tail: &Tail, size: MemorySize) -> Outcome {
    let error_type = error.error_type.as_deref().unwrap_or_default();
    let message = error.error_message.as_deref().unwrap_or_default();
    let full = tail
        .report
        .as_ref()
        .is_some_and(|r| r.max_memory_used_mb.is_some_and(|used| used + 2 >= size.mb()));
    let init_failed = tail
        .init_report
        .as_ref()
        .is_some_and(|init| matches!(&init.status, Some(status) if *status != Status::Success));
    match tail.outcome() {
        Some(outcome @ (Outcome::OutOfMemory | Outcome::Timeout | Outcome::InitError)) => outcome,
        _ if error_type == "Runtime.OutOfMemory" => Outcome::OutOfMemory,
        _ if message.contains("signal: killed") && full => Outcome::OutOfMemory,
        _ if matches!(error_type, "Sandbox.Timedout" | "Sandbox.Timeout")
            || message.contains("Task timed out after") =>
        {
            Outcome::Timeout
        }
        _ if init_failed || error_type.starts_with("Extension.") || error_type == "Runtime.InvalidEntrypoint" => {
            Outcome::InitError
        }
        _ => Outcome::FunctionError,
    }
}

/// The error object every runtime answers with.
#[derive(Debug, Default)]
struct ErrorObject {
    error_type: Option<String>,
    error_message: Option<String>,
}

impl ErrorObject {
    fn read(payload: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Shape {
            #[serde(rename = "errorType")]
            error_type: Option<serde_json::Value>,
            #[serde(rename = "errorMessage")]
            error_message: Option<serde_json::Value>,
        }
        let text = |value: Option<serde_json::Value>| match value {
            None | Some(serde_json::Value::Null) => None,
            Some(serde_json::Value::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
        };
        match serde_json::from_slice::<Shape>(payload) {
            Ok(shape) => Self {
                error_type: text(shape.error_type),
                error_message: text(shape.error_message),
            },
            Err(_) => Self {
                error_type: None,
                error_message: Some(String::from_utf8_lossy(payload).into_owned()),
            },
        }
    }
}

/// The record has the ID already; without it the same failure reads the same at every size.
fn without_request_id(message: &str, request_id: Option<&str>) -> String {
    match request_id {
        Some(id) => message.replace(&format!("RequestId: {id} Error: "), ""),
        None => message.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_LENGTH) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(function_error: bool, payload: &str, tail: &str) -> InvokeReply {
        InvokeReply {
            local: None,
            request_id: Some("r-1".to_owned()),
            function_error: function_error.then(|| "Unhandled".to_owned()),
            payload: payload.as_bytes().to_vec(),
            log_tail: Some(tail.as_bytes().to_vec()),
        }
    }

    fn record(reply: &InvokeReply) -> InvocationRecord {
        let request = TuningRequest::new("f".parse().unwrap());
        read_reply(&request, MemorySize::MIN, reply)
    }

    const REPORT: &str = "REPORT RequestId: r-1\tDuration: 9.50 ms\tBilled Duration: 10 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n";
    const FULL: &str = "REPORT RequestId: r-1\tDuration: 9.50 ms\tBilled Duration: 10 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t\n";

    #[test]
    fn a_success_holds_what_the_report_says() {
        let r = record(&reply(false, "{}", REPORT));
        assert_eq!(
            (r.outcome, r.duration_ms, r.billed_duration_ms),
            (Outcome::Success, Some(9.5), Some(10))
        );
        assert_eq!((r.max_memory_used_mb, r.request_id.as_str()), (Some(60), "r-1"));
    }

    #[test]
    fn without_a_report_it_is_unmeasured_not_zero() {
        let r = record(&reply(false, "{}", "START RequestId: r-1\n"));
        assert_eq!(
            (r.outcome, r.duration_ms, r.billed_duration_ms),
            (Outcome::Unmeasured, None, None)
        );
        assert!(!r.is_measured());
        let none = InvokeReply {
            log_tail: None,
            ..reply(false, "{}", "")
        };
        assert_eq!(record(&none).outcome, Outcome::Unmeasured);
    }

    #[test]
    fn failures_are_told_apart() {
        for (payload, tail, outcome) in [
            (
                r#"{"errorType":"ValueError","errorMessage":"no"}"#,
                REPORT.to_owned(),
                Outcome::FunctionError,
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: signal: killed"}"#,
                FULL.to_owned(),
                Outcome::OutOfMemory,
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 1"}"#,
                REPORT.to_owned(),
                Outcome::FunctionError,
            ),
            (
                r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 3.00 seconds"}"#,
                REPORT.replace("9.50", "3000.00"),
                Outcome::Timeout,
            ),
            (
                "{}",
                REPORT.replace("60 MB\t", "60 MB\tStatus: timeout"),
                Outcome::Timeout,
            ),
            (
                "{}",
                REPORT.replace("60 MB\t", "60 MB\tStatus: error\tError Type: Runtime.OutOfMemory"),
                Outcome::OutOfMemory,
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"x"}"#,
                format!(
                    "INIT_REPORT Init Duration: 10.17 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n{REPORT}"
                ),
                Outcome::InitError,
            ),
        ] {
            assert_eq!(
                record(&reply(true, payload, &tail)).outcome,
                outcome,
                "{payload} {tail}"
            );
        }
    }

    #[test]
    fn a_function_that_prints_a_report_does_not_fool_us() {
        let forged = "REPORT RequestId: r-1\tDuration: 0.01 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 1 MB\t\n";
        assert_eq!(
            record(&reply(
                false,
                "{}",
                &format!("{forged}\tDuration: 9999.00 ms\n{REPORT}")
            ))
            .duration_ms,
            Some(9.5)
        );
    }

    #[test]
    fn allowed_errors_are_samples_and_messages_can_be_left_out() {
        let mut request = TuningRequest::new("f".parse().unwrap());
        request.options.allowed_errors = vec!["ValueError".to_owned()];
        let failed = reply(true, r#"{"errorType":"ValueError","errorMessage":"secret 42"}"#, REPORT);
        assert_eq!(read_reply(&request, MemorySize::MIN, &failed).outcome, Outcome::Success);
        request.options.allowed_errors.clear();
        assert_eq!(
            read_reply(&request, MemorySize::MIN, &failed).error_message.as_deref(),
            Some("secret 42")
        );
        request.options.keep_messages = false;
        assert_eq!(read_reply(&request, MemorySize::MIN, &failed).error_message, None);
    }

    #[test]
    fn messages_are_words_in_one_line() {
        let r = record(&reply(true, r#"{"errorType":"E","errorMessage":"two\nlines"}"#, REPORT));
        assert_eq!(r.error_message.as_deref(), Some("two lines"));
        assert!(
            record(&reply(true, &format!("\"{}\"", "x".repeat(9999)), REPORT))
                .error_message
                .unwrap()
                .len()
                < 400
        );
    }
}
