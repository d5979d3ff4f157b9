use memchr::memmem;

use super::{Event, function_error, json, text};

/// Reads one line, or one log event of several lines such as a REPORT with its XRAY line.
///
/// Text or JSON is decided by the line itself, since functions that log JSON may still print text, and the reverse. An
/// application's own lines, and lines that are cut too early to tell the duration, are `None`.
pub fn parse_line(line: &[u8]) -> Option<Event> {
    let line = line.trim_ascii();
    if line.starts_with(b"{") {
        // A whole JSON object that is no event is an application's, whatever its strings say.
        return match json::first_event(line) {
            Some((event, _)) => Some(event),
            None if json::end_of_value(line).is_some() => function_error::of_event(line).map(Event::FunctionError),
            None => parse_text(line),
        };
    }
    parse_text(line)
}

fn parse_text(line: &[u8]) -> Option<Event> {
    reports(line)
        .or_else(|| starts(line))
        .or_else(|| failures(line))
        .or_else(|| function_error::of_event(line).map(Event::FunctionError))
}

/// REPORT, INIT_REPORT and RESTORE_REPORT, anywhere in the line: exports put a time and a stream before them.
fn reports(line: &[u8]) -> Option<Event> {
    memmem::find_iter(line, b"REPORT").find_map(|at| report_at(line, at))
}

/// The report whose word `REPORT` stands at `at`.
#[inline]
pub(super) fn report_at(line: &[u8], at: usize) -> Option<Event> {
    let (before, from) = line.split_at_checked(at)?;
    let fields = from
        .strip_prefix(b"REPORT")
        .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let before = super::prefix::without_last_colour(before);
    let begins_word = |word: &[u8]| {
        before
            .strip_suffix(word)
            .is_some_and(|before| !before.last().is_some_and(is_word_byte))
    };
    if begins_word(b"INIT_") {
        text::init_report(fields).map(Event::InitReport)
    } else if begins_word(b"RESTORE_") {
        text::restore_report(fields).map(Event::RestoreReport)
    } else if begins_word(b"") {
        text::report(fields).map(Event::Report)
    } else {
        None
    }
}

fn is_word_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

fn starts(line: &[u8]) -> Option<Event> {
    if line.starts_with(b"START") || line.starts_with(b"END") {
        return text::start_or_end(line);
    }
    let version = |word: &[u8]| {
        let at = memmem::find(line, word)?;
        text::runtime_version(&line[at + word.len()..])
    };
    version(b"INIT_START")
        .map(Event::InitStart)
        .or_else(|| version(b"RESTORE_START").map(Event::RestoreStart))
}

fn failures(line: &[u8]) -> Option<Event> {
    [&b"Task timed out"[..], b"Runtime exited"]
        .into_iter()
        .find_map(|sentence| failure_at(line, memmem::find(line, sentence)?))
}

/// The time-out or runtime error whose sentence begins at `at`.
pub(super) fn failure_at(line: &[u8], at: usize) -> Option<Event> {
    text::timed_out(line, at)
        .map(Event::TimedOut)
        .or_else(|| text::runtime_error(line, at).map(Event::RuntimeError))
}
