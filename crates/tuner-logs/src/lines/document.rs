//! JSON around events: which string or object is one, and what the objects around it say of its function and time.
//!
//! One pass from a document's beginning; what stands in an object is said of the events inside that object and of no
//! others, before or behind. JSON's looser relatives are read too: what Python and Node print of a dictionary.

use std::borrow::Cow;

use jiff::Timestamp;

use super::insights::Fields;
use super::needle::{Kind, Needle};
use super::origin::{self, Names};
use super::pending::{Pending, Sink, What};
use super::scan::Scan;
use super::{json, time};

/// Real documents have a depth of ten.
const DEEPEST: usize = 64;

/// An object or array that is open.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame<'a> {
    /// Where it begins; `None` if that was in an earlier chunk.
    start: Option<usize>,
    is_array: bool,
    /// Whether a value stands before, without the comma that must follow: what goes on otherwise is another document, cut off
    /// before.
    has_value: bool,
    /// Whether it is an element of an array, or a document: an event of its own.
    is_element: bool,
    /// The key whose value comes next.
    key: Option<&'a [u8]>,
    /// The first of the pending events that are inside of it.
    first: usize,
    names: Names<'a>,
    /// When, and how much that key is to be trusted: less is better.
    time: Option<(u8, Timestamp)>,
    /// Strings with events that are its own values.
    messages: u32,
    /// `type` says that it is an event, and whether of a report.
    event: Option<(usize, bool)>,
    /// `{"field": .., "value": ..}`, as Logs Insights gives its rows.
    field: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    fields: Option<Box<Fields<'a>>>,
    /// What an application's log says of itself.
    has_level: bool,
    request_id: Option<&'a [u8]>,
}

impl Frame<'_> {
    /// To go on with in the next chunk.
    pub(super) fn into_owned(self) -> Frame<'static> {
        Frame {
            start: None,
            is_array: self.is_array,
            has_value: self.has_value,
            is_element: self.is_element,
            names: self.names.into_owned(),
            time: self.time,
            messages: self.messages,
            ..Frame::default()
        }
    }
}

/// How the reading of a document ended, and where.
pub(super) enum Ended {
    /// Whole.
    Closed(usize),
    /// It is no JSON from there on.
    Broken(usize),
    /// It goes on in the next chunk.
    Open,
}

impl<'a, S: Sink> Scan<'a, '_, S> {
    /// Reads the document that begins at `start`, or goes on there.
    pub(super) fn document(&mut self, start: usize) -> Ended {
        let chunk = self.chunk;
        let mut at = start;
        let ended = loop {
            at += white_space(&chunk[at..]);
            let Some(&byte) = chunk.get(at) else {
                break Ended::Open;
            };
            if !matches!(byte, b',' | b'}' | b']') && self.frames.last().is_some_and(|frame| frame.has_value) {
                break Ended::Broken(at);
            }
            match byte {
                b'{' | b'[' => {
                    if self.frames.len() >= DEEPEST {
                        break Ended::Broken(at);
                    }
                    let parent = self.frames.last_mut();
                    let is_element = parent.as_ref().is_none_or(|parent| parent.is_array);
                    if let Some(parent) = parent {
                        parent.key = None;
                        parent.has_value = true;
                    }
                    self.frames.push(Frame {
                        start: Some(at),
                        is_array: byte == b'[',
                        is_element,
                        first: self.pending.len(),
                        ..Frame::default()
                    });
                    at += 1;
                }
                b'}' | b']' => {
                    if self.frames.last().is_none_or(|frame| frame.is_array != (byte == b']')) {
                        break Ended::Broken(at);
                    }
                    at += 1;
                    self.close(at);
                    if self.frames.is_empty() {
                        break Ended::Closed(at);
                    }
                }
                b',' => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.key = None;
                        frame.has_value = false;
                    }
                    at += 1;
                }
                b'"' | b'\'' => {
                    let from = at + 1;
                    let Some(to) = end_of_string(chunk, from, byte) else {
                        break Ended::Broken(at);
                    };
                    at = self.word(from, to, to + 1, true);
                }
                _ => {
                    let length = length_of_scalar(&chunk[at..]);
                    if length == 0 || self.frames.is_empty() {
                        break Ended::Broken(at);
                    }
                    // `u'..'` and `b'..'`
                    if length == 1 && matches!(chunk.get(at + 1), Some(b'"' | b'\'')) {
                        at += 1;
                        continue;
                    }
                    at = self.word(at, at + length, at + length, false);
                }
            }
            // A document of numbers only would otherwise be read to its end for nothing.
            if self.frames.is_empty() {
                break Ended::Broken(at);
            }
        };
        if let Ended::Broken(at) = ended {
            // Never without getting on.
            return Ended::Broken(at.max(start + 1).min(chunk.len()));
        }
        ended
    }

    /// A string or scalar, which is a key or a value. Returns where to go on.
    fn word(&mut self, from: usize, to: usize, behind: usize, is_string: bool) -> usize {
        let chunk = self.chunk;
        let Some(frame) = self.frames.last_mut() else {
            return behind;
        };
        if !frame.is_array {
            let next = behind + white_space(&chunk[behind..]);
            // As Ruby prints a hash: `"message" => ".."`.
            let arrow = if chunk[next..].starts_with(b"=>") { 2 } else { 1 };
            if (arrow == 2 || chunk.get(next) == Some(&b':')) && frame.key.is_none() {
                frame.key = Some(&chunk[from..to]);
                return next + arrow;
            }
        }
        let key = frame.key.take();
        frame.has_value = true;
        self.value(key, from, to, is_string);
        behind
    }

    fn value(&mut self, key: Option<&'a [u8]>, from: usize, to: usize, is_string: bool) {
        let value = &self.chunk[from..to];
        let needle = self.needle_from(from).filter(|needle| needle.at < to);
        if let Some(needle) = needle
            && is_string
        {
            let is_type = needle.kind == Kind::Platform && (needle.at, needle.end) == (from, to);
            if is_type && key == Some(b"type") {
                if let Some(frame) = self.frames.last_mut() {
                    frame.event = Some((from, value == b"platform.report"));
                }
                return;
            }
            if needle.kind != Kind::Field {
                self.message(key, from, to, needle);
                return;
            }
        }
        if key == Some(b"LogResult") && is_string {
            self.push(from, What::Packed(Cow::Borrowed(value)));
            return;
        }
        self.say(key, value);
    }

    /// An event in a string.
    fn message(&mut self, key: Option<&'a [u8]>, from: usize, to: usize, needle: Needle) {
        if let Some(frame) = self.frames.last_mut() {
            frame.messages += 1;
        }
        if needle.kind == Kind::Packed {
            let is_gzip = self.chunk[needle.at..].starts_with(b"H4sI");
            let is_data = key.is_some_and(|key| key.eq_ignore_ascii_case(b"data"));
            if needle.at == from && (is_gzip || is_data) {
                self.push(from, What::Packed(Cow::Borrowed(&self.chunk[from..to])));
            }
            return;
        }
        self.string(from, to);
    }

    fn push(&mut self, offset: usize, what: What<'a>) {
        self.pending.push(Pending::new(offset, what));
    }

    /// What a value says of the events in its object.
    fn say(&mut self, key: Option<&'a [u8]>, value: &'a [u8]) {
        let Some(frame) = self.frames.last_mut() else { return };
        if value.len() > 1024 || value.is_empty() {
            return;
        }
        match key {
            Some(b"field" | b"name" | b"Name" | b"Field" | b"key") => frame.field = Some(value),
            // OpenTelemetry has values in objects that say of what type they are.
            Some(b"value" | b"Value" | b"stringValue") => frame.value = Some(value),
            Some(b"level" | b"severity" | b"log_level") => frame.has_level = true,
            Some(b"requestId" | b"AWSRequestId" | b"function_request_id" | b"aws_request_id" | b"awsRequestId") => {
                frame.request_id = Some(value);
            }
            _ => {}
        }
        frame.attribute(key, value);
    }

    /// The innermost object or array ends before `end`.
    fn close(&mut self, end: usize) {
        let Some(mut frame) = self.frames.pop() else { return };
        self.event_of(&frame, end);
        if frame.messages == 0
            && self.pending.len() == frame.first
            && let Some(report) = frame.fields.as_ref().and_then(|fields| fields.report())
        {
            self.push(frame.start.unwrap_or(0), What::report(report));
        }
        frame.tell(&mut self.pending);
        if frame.is_element && !frame.is_array && self.pending.len() > frame.first + 1 {
            self.once(frame.first);
        }
        if let Some(parent) = self.frames.last_mut() {
            if let (Some(field), Some(value)) = (frame.field, frame.value) {
                parent.attribute(Some(field), value);
            } else if !parent.is_array {
                parent.value = parent.value.or(frame.value);
                let names = std::mem::take(&mut frame.names);
                parent.names.complete(&names);
            }
            // `{"message": ["REPORT .."]}` is as good as a string.
            if frame.messages > 0 && !frame.is_element {
                parent.messages += 1;
            }
        }
    }

    /// The event that the object says it is.
    fn event_of(&mut self, frame: &Frame<'a>, end: usize) {
        let (Some((offset, is_report)), Some(start)) = (frame.event, frame.start) else {
            return;
        };
        // What holds events is none: each byte is handed to the parser once.
        if self.pending.len() > frame.first || self.handed_until > start {
            return;
        }
        let text = &self.chunk[start..end];
        self.handed_until = end;
        if !self.budget.take(text.len()) {
            return;
        }
        match json::first_event_apart(text) {
            Some((parsed, _)) => {
                let mut pending = Pending::new(offset, What::of_json(parsed));
                // In what a function printed, only a whole message is Lambda's.
                pending.is_wrapped = !self.frames.is_empty();
                pending.is_quoted = self.is_printed && pending.is_wrapped;
                self.pending.push(pending);
            }
            None => self.counts.unreadable += u64::from(is_report),
        }
    }

    /// Some shippers keep the message twice in one object, parsed and as it was.
    fn once(&mut self, first: usize) {
        const MOST: usize = 8;
        if self.pending.len() - first > MOST {
            return;
        }
        let mut at = first + 1;
        while at < self.pending.len() {
            if self.pending[first..at]
                .iter()
                .any(|before| before.what.is_same(&self.pending[at].what))
            {
                self.pending.remove(at);
            } else {
                at += 1;
            }
        }
    }
}

impl<'a> Frame<'a> {
    /// Tells the events inside what it says of them, as far as nothing nearer did.
    pub(super) fn tell(&self, pending: &mut [Pending<'a>]) {
        // One that stands among several messages of an array is of nobody knows which.
        let is_of_one = !self.is_array || self.messages <= 1;
        for pending in pending.get_mut(self.first..).unwrap_or_default() {
            pending.is_quoted |= pending.is_rewrapped && self.names.is_of_cloudwatch();
            if is_of_one {
                pending.names.complete(&self.names);
                pending.time = pending.time.or(self.time.map(|(_, time)| time));
            }
            if self.has_level
                && let Some(id) = self.request_id
            {
                pending.is_quoted |= pending.what.request_id().is_some_and(|said| said.as_bytes() != id);
            }
        }
    }

    /// What a value says by its form, or by its key.
    fn attribute(&mut self, key: Option<&'a [u8]>, value: &'a [u8]) {
        if let Some(key) = key.filter(|key| key.starts_with(b"@"))
            && self.fields.get_or_insert_default().add(key, value)
        {
            return;
        }
        if value.len() > 11 && !value[0].is_ascii_alphabetic()
            || value.starts_with(b"arn:")
            || value.starts_with(b"aws/")
        {
            if let Some(stream) = origin::as_stream(value) {
                self.names.stream.get_or_insert(Cow::Borrowed(stream));
                return;
            }
            // Splunk has it as the source of an event.
            if key.is_none_or(|key| names_group(key) || key == b"source")
                && let Some(group) = origin::as_group(value)
            {
                self.names.group.get_or_insert(Cow::Borrowed(group));
                return;
            }
        }
        let rank = match key {
            Some(key) => match rank_of_time(key) {
                Some(rank) => rank,
                None => {
                    if names_function(key)
                        || value.starts_with(b"arn:") && memchr::memmem::find(value, b":function:").is_some()
                    {
                        self.names.function.get_or_insert(Cow::Borrowed(value));
                    }
                    return;
                }
            },
            // In a row of a time and a message.
            None if self.is_array => 9,
            None => return,
        };
        if self.time.is_none_or(|(before, _)| rank < before)
            && let Some(time) = time::of_value(value)
        {
            self.time = Some((rank, time));
        }
    }
}

/// `logGroup`, `log_group_name`, `@log`, `__aws_cloudwatch_log_group`, `aws.log.group.names` ...
fn names_group(key: &[u8]) -> bool {
    let has = |word: &[u8]| key.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    key.len() <= 64 && (has(b"log") || has(b"group"))
}

fn names_function(key: &[u8]) -> bool {
    matches!(
        key,
        b"functionName"
            | b"FunctionName"
            | b"function_name"
            | b"functionname"
            | b"faas.name"
            | b"lambda_function_name"
            | b"lambdaFunctionName"
            | b"aws.lambda.function_name"
    )
}

/// How much a key that names a time is to be trusted; when something was taken in is not when it was written.
fn rank_of_time(key: &[u8]) -> Option<u8> {
    Some(match key {
        b"timestamp" | b"Timestamp" | b"@timestamp" => 0,
        b"eventTime" | b"event_time" | b"eventTimestamp" | b"_time" | b"timeUnixNano" | b"__REALTIME_TIMESTAMP" => 1,
        b"time" | b"Time" | b"ts" | b"datetime" | b"date" | b"log_time" => 2,
        _ => return None,
    })
}

pub(super) fn white_space(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Where the string that begins at `from` has its closing quote; a newline is in none.
#[inline]
pub(super) fn end_of_string(chunk: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    loop {
        // Keys are short: without the way through the vectorised search.
        let near = chunk.get(at..chunk.len().min(at + 16))?;
        let stop = |byte: &u8| *byte == quote || *byte == b'\\' || *byte == b'\n';
        let found = match near.iter().position(stop) {
            Some(found) => at + found,
            None if near.len() < 16 => return None,
            None => at + 16 + memchr::memchr3(quote, b'\\', b'\n', &chunk[at + 16..])?,
        };
        match chunk[found] {
            b'\\' => at = found + 2,
            b'\n' => return None,
            _ => return Some(found),
        }
    }
}

/// A number, `true`, `null`, a bare key, or `datetime.datetime(2026, 9, 21)`.
fn length_of_scalar(text: &[u8]) -> usize {
    const LONGEST: usize = 256;
    let mut depth = 0_u32;
    for (at, byte) in text.iter().take(LONGEST).enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            b'"' | b'\'' | b'{' | b'[' | b'\n' => return at,
            b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\r' if depth == 0 => return at,
            _ if depth == 0 && !(byte.is_ascii_alphanumeric() || b"+-._$@".contains(byte)) => return 0,
            _ => {}
        }
    }
    0
}
