use super::{Event, InitReport, Neighbours, Report, RestoreReport, RuntimeError, TimedOut, json, parse_line};
use tuner_core::Outcome;

/// What the `LogResult` of an invocation says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tail {
    /// The invocation's REPORT. `None` means unmeasured, never zero. With JSON logs the usual reason is a system log
    /// level of WARN, which drops the report of every successful invocation: raise it to INFO.
    pub report: Option<Report>,
    /// How the initialisation went, if that is said apart from REPORT.
    pub init_report: Option<InitReport>,
    /// How the restore went.
    pub restore_report: Option<RestoreReport>,
    /// The older style's time-out line.
    pub timed_out: Option<TimedOut>,
    /// The older style's crash line.
    pub runtime_error: Option<RuntimeError>,
}

impl Tail {
    /// What became of the invocation as far as the log tells; `None` without a REPORT and without a sign of failure.
    pub fn outcome(&self) -> Option<Outcome> {
        let neighbours = self.neighbours();
        match &self.report {
            Some(report) => Some(report.outcome(neighbours)),
            None if neighbours.timed_out => Some(Outcome::Timeout),
            None if neighbours.exited => Some(Outcome::FunctionError),
            None => None,
        }
    }

    /// What the lines beside REPORT say.
    pub fn neighbours(&self) -> Neighbours {
        let error = self
            .runtime_error
            .as_ref()
            .map(Neighbours::from_error)
            .unwrap_or_default();
        Neighbours {
            timed_out: self.timed_out.is_some(),
            ..error
        }
    }

    fn take(&mut self, event: Event, wanted: impl Fn(Option<&str>) -> bool) {
        match event {
            Event::Report(report) if wanted(Some(&report.request_id)) => self.report = Some(report),
            Event::InitReport(report) => self.init_report = Some(report),
            Event::RestoreReport(report) => self.restore_report = Some(report),
            Event::TimedOut(line) if wanted(line.request_id.as_deref()) => self.timed_out = Some(line),
            Event::RuntimeError(error) if wanted(error.request_id.as_deref()) => self.runtime_error = Some(error),
            _ => {}
        }
    }
}

/// Reads the tail of an invocation's log: text, JSON lines, a pretty-printed JSON object, a JSON array, or a mixture,
/// usually beginning in the middle of a line.
///
/// With `request_id` only what belongs to that request is taken, and of several REPORTs the last: an application can
/// print a line that looks like one, but Lambda writes its own after it.
pub fn parse_tail(bytes: &[u8], request_id: Option<&str>) -> Tail {
    let wanted = |id: Option<&str>| match (request_id, id) {
        (Some(wanted), Some(id)) => wanted == id,
        _ => true,
    };
    let mut tail = Tail::default();
    let mut rest = bytes;
    while let Some((event, length)) = next_event(rest) {
        rest = &rest[length..];
        if let Some(event) = event {
            tail.take(event, wanted);
        }
    }
    tail
}

/// The next line or JSON value, and how many bytes it takes; `None` at the end.
fn next_event(text: &[u8]) -> Option<(Option<Event>, usize)> {
    // Array punctuation before a value is of no interest.
    let skipped = text
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || b"[,]".contains(byte))
        .count();
    let value = &text[skipped..];
    if value.starts_with(b"{") {
        if let Some((event, length)) = json::first_event(value) {
            return Some((Some(event), skipped + length));
        }
        // An application's object, perhaps over several lines, whose parts are not to be taken for lines.
        if let Some(length) = json::end_of_value(value) {
            return Some((None, skipped + length));
        }
    }
    let text = text.get(skipped..).filter(|text| !text.is_empty())?;
    let length = length_of_event(text);
    Some((parse_line(&text[..length]), skipped + length))
}

/// The first line, and the line below it that Lambda writes in the same event: the XRAY line of a REPORT, the error
/// type of a crash.
pub(super) fn length_of_event(text: &[u8]) -> usize {
    let line_end = |from: usize| memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at + 1);
    let end = line_end(0);
    let below = &text[end..];
    if below.starts_with(b"XRAY TraceId:") || below.starts_with(b"Runtime.") {
        line_end(end)
    } else {
        end
    }
}
