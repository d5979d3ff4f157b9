use tuner_engine::ports::InvokeReply;
use tuner_logs::lines::format::{init_report_text, report_text, start_text};
use tuner_logs::lines::{InitReport, Report, Status};

/// One invocation, as the function sees it.
#[derive(Debug, Clone)]
pub struct Call {
    pub memory_size_mb: u32,
    /// Invocations of this memory size before.
    pub earlier: u32,
    pub cold: bool,
    pub payload: String,
}

/// What the function does.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Succeeds after so many ms.
    Done(f64),
    /// Raises.
    Raised(&'static str, &'static str),
    OutOfMemory,
    Timeout,
    InitError,
    /// Succeeds, but no REPORT is to be had.
    Unreported,
}

/// The function under test: what it does with a call.
pub type Law = Box<dyn Fn(&Call) -> Answer + Send + Sync>;

/// Cheapest at 512 MB, fastest at the largest sizes, with 2 % of noise that depends on the call only.
pub fn usual(call: &Call) -> Answer {
    let ms = match call.memory_size_mb {
        128 => 1000.0,
        256 => 450.0,
        512 => 200.0,
        1024 => 150.0,
        mb => 100.0 + 51_200.0 / f64::from(mb),
    };
    let noise = f64::from((call.earlier * 7919 + call.memory_size_mb) % 21) / 1000.0;
    Answer::Done(ms * (0.99 + noise))
}

/// The reply Lambda gives, and how long it takes, in ms.
pub fn reply(call: &Call, answer: &Answer, request_id: &str, timeout_s: u32) -> (InvokeReply, f64) {
    let init_ms = if call.cold { 120.0 } else { 0.0 };
    let timeout_ms = f64::from(timeout_s) * 1000.0;
    let ms = match answer {
        Answer::Done(ms) => *ms,
        Answer::Timeout => timeout_ms,
        _ => 5.0,
    };
    let full = matches!(answer, Answer::OutOfMemory);
    let report = Report {
        request_id: request_id.to_owned(),
        duration_ms: ms,
        billed_duration_ms: Some((ms + init_ms).ceil() as u64),
        memory_size_mb: Some(call.memory_size_mb),
        max_memory_used_mb: Some(if full { call.memory_size_mb } else { 60 }),
        init_duration_ms: call.cold.then_some(init_ms),
        status: match answer {
            Answer::Timeout => Some(Status::Timeout),
            Answer::OutOfMemory | Answer::InitError => Some(Status::Error),
            _ => None,
        },
        error_type: match answer {
            Answer::OutOfMemory => Some("Runtime.OutOfMemory".to_owned()),
            Answer::InitError => Some("Runtime.ExitError".to_owned()),
            _ => None,
        },
        ..Report::default()
    };
    let mut log = start_text(request_id, "1");
    if *answer == Answer::InitError {
        log += &init_report_text(&InitReport {
            init_duration_ms: 10.0,
            phase: Some("init".to_owned()),
            status: Some(Status::Error),
            error_type: Some("Runtime.ExitError".to_owned()),
            ..InitReport::default()
        });
    }
    if *answer != Answer::Unreported {
        log += &report_text(&report);
    }
    let error = |kind: &str, message: &str| {
        serde_json::json!({"errorType": kind, "errorMessage": message})
            .to_string()
            .into_bytes()
    };
    let (function_error, payload) = match answer {
        Answer::Done(_) | Answer::Unreported => (None, b"{}".to_vec()),
        Answer::Raised(kind, message) => (Some("Unhandled"), error(kind, message)),
        Answer::OutOfMemory => (
            Some("Unhandled"),
            error("Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
        ),
        Answer::Timeout => (
            Some("Unhandled"),
            error(
                "Sandbox.Timedout",
                &format!("Task timed out after {timeout_s}.00 seconds"),
            ),
        ),
        Answer::InitError => (
            Some("Unhandled"),
            error("Runtime.ExitError", "Runtime exited with error: exit status 1"),
        ),
    };
    let reply = InvokeReply {
        request_id: Some(request_id.to_owned()),
        function_error: function_error.map(str::to_owned),
        payload,
        log_tail: Some(log.into_bytes()),
        local: None,
    };
    (reply, ms + init_ms)
}
