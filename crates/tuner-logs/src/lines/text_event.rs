//! Events in lines of text, with what tools put before and behind them.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};

use super::escape::unescape;
use super::line::{failure_at, report_at};
use super::needle::{Kind, Needle};
use super::pending::{Pending, Sink, What};
use super::prefix::{self, Prefix};
use super::scan::Scan;
use super::tail::length_of_event;
use super::{Event, json, time};

/// How far an event may reach behind its needle, and what is read before it, in bytes. Real ones stay far below.
const REACH: usize = 2048;
/// What follows a message in a row of CSV.
const BEHIND: usize = 1024;

impl<'a, S: Sink> Scan<'a, '_, S> {
    /// The event of a needle in a line of text; `from` is where what stands before it begins. Where that is a document that
    /// breaks off, its names and times may be those of others. Returns where to go on.
    pub(super) fn text(&mut self, needle: Needle, from: usize, is_broken: bool) -> usize {
        match needle.kind {
            Kind::Report | Kind::Failure => self.line(needle, from, is_broken),
            Kind::Platform => self.escaped_event(needle, from),
            Kind::Packed if needle.at == from || begins_column(self.chunk, needle.at) => self.packed_word(needle.at),
            Kind::Packed | Kind::LogResult | Kind::Field => needle.end,
        }
    }

    fn line(&mut self, needle: Needle, from: usize, is_broken: bool) -> usize {
        let chunk = self.chunk;
        let at = needle.at;
        if let Some(end) = self.doubled_document(needle, from) {
            return end;
        }
        let reach = &chunk[at..chunk.len().min(at + REACH)];
        let mut length = length_of_event(reach).max(needle.end - at);
        // No event holds the beginning of another of its kind.
        if let Some(other) = memmem::find(&reach[needle.end - at..length], &chunk[at..needle.end]) {
            length = needle.end - at + other;
        }
        let before = &chunk[from.max(at.saturating_sub(REACH))..at];
        if !self.budget.take(length + before.len()) {
            return needle.end;
        }
        let mut end = at + length;
        let mut event = self.read(needle.kind, before, &reach[..length]);
        // Escapes that no JSON is around of: YAML, and documents that are cut off.
        if event.is_none() || memmem::find(&reach[..length], b"\\t").is_some() {
            let literal = literal(before, reach);
            if memchr(b'\\', literal).is_some() && self.budget.take(literal.len()) {
                let mut text = std::mem::take(&mut self.scratch);
                unescape(literal, &mut text);
                if let Some(unescaped) = read_event(needle.kind, b"", &text) {
                    event = Some(unescaped);
                    end = at + literal.len();
                }
                self.scratch = text;
            }
        }
        let Some(event) = event else {
            let begins = needle.kind == Kind::Report
                && (reach.starts_with(b"REPORT RequestId:") || reach.starts_with(b"REPORT\x1b["));
            self.counts.unreadable += u64::from(begins);
            return needle.end;
        };
        let mut pending = Pending::new(at, What::Event(Box::new(event)));
        let prefix = Prefix::read(without_kind(before));
        if let Some(id) = pending.what.request_id() {
            pending.is_quoted = prefix.quotes(id.as_bytes());
        } else if needle.kind == Kind::Failure && !pending.what.names_invocation(prefix.is_anchored) {
            return needle.end;
        }
        if !is_broken {
            pending.names = prefix.names;
            pending.time = prefix.time;
            behind(chunk, before, end, &mut pending);
        }
        self.finish(pending);
        end
    }

    fn read(&mut self, kind: Kind, before: &[u8], event: &[u8]) -> Option<Event> {
        if memchr(0x1b, before).is_none() && memchr(0x1b, event).is_none() {
            return read_event(kind, before, event);
        }
        let (mut plain_before, mut plain) = (Vec::new(), std::mem::take(&mut self.scratch));
        prefix::strip_colours(before, &mut plain_before);
        prefix::strip_colours(event, &mut plain);
        let event = read_event(kind, &plain_before, &plain);
        self.scratch = plain;
        event
    }

    /// The events of a document in a field of CSV, where its quotes are doubled.
    fn doubled_document(&mut self, needle: Needle, from: usize) -> Option<usize> {
        let chunk = self.chunk;
        let begin = from.max(needle.at.saturating_sub(REACH));
        let before = &chunk[begin..needle.at];
        let field = memmem::rfind(before, b"\"{\"\"")?;
        let literal = &chunk[begin + field + 1..chunk.len().min(begin + field + 1 + self.budget.left())];
        let mut text = Vec::new();
        let length = undouble(literal, &mut text);
        let (from, end) = (begin + field + 1, begin + field + 1 + length);
        if end <= needle.at || !self.budget.take(length) {
            return None;
        }
        self.is_printed = false;
        let prefix = Prefix::read(&before[..field]);
        self.plain_string(from, end, &mut text);
        for mut pending in std::mem::take(&mut self.pending) {
            // This field is no message around the document.
            (pending.is_wrapped, pending.is_rewrapped) = (false, false);
            pending.names.complete(&prefix.names);
            pending.time = pending.time.or(prefix.time);
            behind(chunk, b"\"", end, &mut pending);
            self.finish(pending);
        }
        Some(end.max(needle.end))
    }

    /// A JSON event in a string that is escaped otherwise than in JSON: with doubled quotes in CSV, in YAML.
    fn escaped_event(&mut self, needle: Needle, from: usize) -> usize {
        let chunk = self.chunk;
        let before = &chunk[from.max(needle.at.saturating_sub(REACH))..needle.at];
        let reach = &chunk[needle.at - before.len()..chunk.len().min(needle.at + 2 * REACH)];
        let doubled = memmem::rfind(before, b"\"{\"\"");
        let escaped = memmem::rfind(before, b"\"{\\\"");
        let Some(begin) = doubled.or(escaped) else {
            return needle.end;
        };
        let literal = &reach[begin + 1..];
        let mut text = std::mem::take(&mut self.scratch);
        let length = if doubled.is_some() {
            undouble(literal, &mut text)
        } else {
            let length = end_of_literal(literal, b'"').unwrap_or(literal.len());
            unescape(&literal[..length], &mut text);
            length
        };
        let end = needle.at - before.len() + begin + 1 + length;
        if end > needle.at && self.budget.take(length) {
            match json::first_event(&text) {
                Some((event, _)) => {
                    let mut pending = Pending::new(needle.at, What::Event(Box::new(event)));
                    let prefix = Prefix::read(&before[..begin]);
                    pending.names = prefix.names;
                    behind(chunk, b"\"", end, &mut pending);
                    self.finish(pending);
                }
                None => self.counts.unreadable += u64::from(chunk[..needle.end].ends_with(b"platform.report")),
            }
        }
        self.scratch = text;
        end.clamp(needle.end, chunk.len())
    }

    /// Base64 that is a line of its own, or a column of a table.
    fn packed_word(&mut self, at: usize) -> usize {
        let word = &self.chunk[at..];
        let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        let word = &word[..word.iter().position(|byte| !of_base64(byte)).unwrap_or(word.len())];
        let behind = self.chunk.get(at + word.len());
        if word.starts_with(b"H4sI") && behind.is_none_or(|byte| byte.is_ascii_whitespace() || b",;|\"'".contains(byte))
        {
            self.finish(Pending::new(at, What::Packed(Cow::Borrowed(word))));
        }
        at + word.len()
    }
}

/// The event whose needle `event` begins with, and which `before` stands before.
fn read_event(kind: Kind, before: &[u8], event: &[u8]) -> Option<Event> {
    let line = [before, event].concat();
    match kind {
        Kind::Report => report_at(&line, before.len()),
        _ => failure_at(&line, before.len()),
    }
}

/// Without the first half of `INIT_REPORT`.
fn without_kind(before: &[u8]) -> &[u8] {
    let of = |kind: &[u8]| before.strip_suffix(kind);
    of(b"INIT_").or_else(|| of(b"RESTORE_")).unwrap_or(before)
}

/// The string that `text` is the beginning of, by the quote before it; the line where there is none.
fn literal<'a>(before: &[u8], text: &'a [u8]) -> &'a [u8] {
    let end = match before.last() {
        Some(quote @ (b'"' | b'\'')) => end_of_literal(text, *quote),
        _ => memchr(b'\n', text),
    };
    &text[..end.unwrap_or(text.len())]
}

fn end_of_literal(text: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(quote, b'\\', text.get(at..)?)?;
        if text[at] == quote {
            return Some(at);
        }
        at += 2;
    }
}

/// Makes one of doubled quotes, up to the quote that ends the field, and returns how far that is.
fn undouble(text: &[u8], plain: &mut Vec<u8>) -> usize {
    plain.clear();
    let mut at = 0;
    while let Some(quote) = memchr(b'"', &text[at..]) {
        plain.extend_from_slice(&text[at..at + quote]);
        at += quote;
        if text.get(at + 1) != Some(&b'"') {
            return at;
        }
        plain.push(b'"');
        at += 2;
    }
    plain.extend_from_slice(&text[at..]);
    text.len()
}

/// What stands behind a message: the other columns of its row in CSV, or the time in what the AWS CLI prints as text.
fn behind(chunk: &[u8], before: &[u8], end: usize, pending: &mut Pending<'_>) {
    let rest = &chunk[end..chunk.len().min(end + BEHIND)];
    let line = |text: &[u8]| memchr(b'\n', text).unwrap_or(text.len());
    if before.starts_with(b"EVENTS\t") {
        // What stands before the message is when it was taken in.
        pending.time = time::of_value(&rest[..line(rest)]);
        return;
    }
    if !before.ends_with(b"\"") {
        // A field without quotes ends at the next separator behind the last figure.
        let event = &chunk[end.saturating_sub(BEHIND)..end];
        let event = &event[memrchr(b'\n', event.strip_suffix(b"\n").unwrap_or(event)).map_or(0, |at| at + 1)..];
        let row = [&b" MB"[..], b" ms"]
            .into_iter()
            .filter_map(|unit| memmem::rfind(event, unit))
            .max()
            .map_or(&b""[..], |unit| event[unit + 3..].trim_ascii_start());
        if let [b',' | b';', columns @ ..] = row {
            complete(pending, columns);
        }
        return;
    }
    // A field that was taken to end with its line ends in there, or at the beginning of the next.
    let last = chunk[end.saturating_sub(BEHIND)..end]
        .strip_suffix(b"\n")
        .unwrap_or_default();
    let last = &last[memrchr(b'\n', last).map_or(0, |at| at + 1)..];
    let quote = memmem::rfind(last, b"MB").and_then(|from| memchr(b'"', &last[from..]).map(|at| from + at));
    let row = quote.map_or(&rest[..line(rest)], |at| &last[at..]);
    if matches!(row, [b'"', b',' | b';', ..]) {
        complete(pending, row);
    }
}

/// Adds what the columns behind a message say.
fn complete(pending: &mut Pending<'_>, columns: &[u8]) {
    let columns = Prefix::read(columns);
    pending.names.complete(&columns.names.into_owned());
    pending.time = pending.time.or(columns.time);
}

/// Whether what stands at `at` is a column, by the separator before it.
fn begins_column(chunk: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| b",;\t|\"'".contains(&chunk[before]))
}
