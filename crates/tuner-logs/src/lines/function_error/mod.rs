//! What runtimes write when an invocation ends in an error. REPORT says nothing of a handler that throws: only these
//! lines do.
//!
//! The forms are those that the runtimes' own sources print: aws-lambda-python-runtime-interface-client
//! (`bootstrap.py`, `log_error`), aws-lambda-nodejs-runtime-interface-client (`LogPatch.js`, `Errors.js`),
//! aws-lambda-java-libs (`UserFault.reportableError`), aws-lambda-dotnet (`LambdaBootstrap`,
//! `WriteUnhandledExceptionToLog`), aws-lambda-ruby-runtime-interface-client (`lambda_logger.rb`), aws-lambda-go
//! (`invoke_loop.go`, `reportFailure`), aws-lambda-rust-runtime (`layers/panic.rs`).
//!
//! A line at level ERROR that an application writes itself is none of them: the invocation may well have succeeded.
//! Two forms cannot be told from those of an application, and count: in JSON, Node's runtime logs an exception just as
//! `console.error(error)` does; in text, .NET's just as `LogError(error.ToString())` does.

mod json;
mod scan;

use memchr::{memchr, memmem, memrchr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classify::is_init_error;
use tuner_core::Outcome;

pub use scan::{Said, Started, Told, scan_errors};

/// Longer names are no types of errors.
const LONGEST_TYPE: usize = 256;
/// How far behind its head the stack of an error is looked for, in bytes: a message may have many lines.
const MESSAGE: usize = 8 * 1024;
/// Longer words before a message are neither time nor log stream, in bytes.
const PREFIX: usize = 128;
/// How many lines a message before a Java stack may have.
const MESSAGE_LINES: usize = 16;
/// What stands for the type of an error that has none.
const PANIC: &str = "panic";

/// A runtime says that an invocation ended in an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct FunctionError {
    /// The invocation's request ID, if the line has one. Without one it is the invocation that the line stands within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Such as `KeyError`, `java.lang.IllegalStateException`, `Function<TypeError>`; `panic` for one of Go or Rust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
}

impl FunctionError {
    /// What became of the invocation, if its REPORT says nothing else.
    pub fn outcome(&self) -> Outcome {
        match self.error_type.as_deref() {
            Some(kind) if is_init_error(kind) || kind.starts_with("Init<") => Outcome::InitError,
            _ => Outcome::FunctionError,
        }
    }
}

/// Something that all lines of a form have in them, and few others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Python.
    Bracketed,
    /// All that write JSON.
    ErrorType,
    /// Java's JSON, which has the error in its message.
    AwsRequestId,
    /// A frame of a Java stack.
    Frame,
    /// .NET.
    Fail,
    /// Rust.
    Panicked,
    /// A stack of Go.
    Goroutine,
}

impl Mark {
    pub(super) const ALL: [Self; 7] = [
        Self::Bracketed,
        Self::ErrorType,
        Self::AwsRequestId,
        Self::Frame,
        Self::Fail,
        Self::Panicked,
        Self::Goroutine,
    ];

    /// The text to look for.
    pub(super) const fn needle(self) -> &'static str {
        match self {
            Self::Bracketed => "[ERROR] ",
            Self::ErrorType => "errorType",
            Self::AwsRequestId => "AWSRequestId",
            Self::Frame => "\tat ",
            Self::Fail => "\tfail\t",
            Self::Panicked => "panicked",
            Self::Goroutine => "[running]:",
        }
    }

    /// Whether reading it takes a parser of JSON.
    const fn is_json(self) -> bool {
        matches!(self, Self::ErrorType | Self::AwsRequestId)
    }

    /// Whether the head of the error stands above the line of its mark.
    const fn is_below_head(self) -> bool {
        matches!(self, Self::Frame | Self::Goroutine)
    }

    /// The error whose mark stands at `at`, and where in `text` its line ends. `text` begins with a line's beginning,
    /// above the mark's own line where there are any, and goes on below it.
    pub(super) fn read(self, text: &[u8], at: usize) -> Option<(FunctionError, usize)> {
        let line = line_start(text, at);
        let of_line = |error: FunctionError| (error, line_end(text, at));
        match self {
            Self::Bracketed => python(text, at).map(of_line),
            Self::ErrorType => node(&text[line..], at - line)
                .or_else(|| go(&text[line..], at - line))
                .or_else(|| ruby(&text[line..], at - line))
                .map(of_line)
                .or_else(|| json::around(text, line, at)),
            Self::AwsRequestId => json::around(text, line, at),
            Self::Frame => java_stack(text, at).map(of_line),
            Self::Fail => dotnet(text, at).map(of_line),
            Self::Panicked => rust(&text[line..], at - line).map(of_line),
            Self::Goroutine => go_panic(text, at).map(of_line),
        }
    }
}

/// The error that a whole log event tells of.
pub(super) fn of_event(event: &[u8]) -> Option<FunctionError> {
    Mark::ALL.into_iter().find_map(|mark| {
        memmem::find_iter(event, mark.needle())
            .take(2 * MESSAGE_LINES)
            .find_map(|at| mark.read(event, at))
            .map(|(error, _)| error)
    })
}

fn line_start(text: &[u8], at: usize) -> usize {
    memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr(b'\n', &text[at..]).map_or(text.len(), |newline| at + newline + 1)
}

/// `[ERROR] KeyError: 'id'`, then `Traceback (most recent call last):`. Old ones have carriage returns for newlines.
/// A logger's own line has a tab behind the bracket.
fn python(text: &[u8], at: usize) -> Option<FunctionError> {
    if at > 0 && !text[at - 1].is_ascii_whitespace() {
        return None;
    }
    let rest = &text[at + Mark::Bracketed.needle().len()..];
    let name = class_name(rest)?;
    let behind = &rest[name.len()..];
    if !(behind.is_empty() || behind.starts_with(b":") || behind[0].is_ascii_whitespace() && behind[0] != b' ') {
        return None;
    }
    let names_an_error = name.starts_with("Runtime.") || name.ends_with("Error") || name.ends_with("Exception");
    (names_an_error || has_below(behind, b"Traceback (most recent call last):", Mark::Bracketed)).then(|| {
        FunctionError {
            request_id: None,
            error_type: Some(name.to_owned()),
        }
    })
}

/// `<time>\t<id>\tERROR\tInvoke Error \t{"errorType":"Error", ..}`; before the first invocation the ID is `undefined`.
fn node(line: &[u8], at: usize) -> Option<FunctionError> {
    let before = line[..at].strip_suffix(b"{\"")?.trim_ascii_end();
    let before = [
        &b"Invoke Error"[..],
        b"Uncaught Exception",
        b"Unhandled Promise Rejection",
    ]
    .into_iter()
    .find_map(|head| before.strip_suffix(head))?;
    let before = before.trim_ascii_end().strip_suffix(b"ERROR")?;
    Some(FunctionError {
        request_id: last_id(before),
        error_type: quoted_type(&line[at..]),
    })
}

/// `2026/01/31 12:00:00 {"errorMessage":"..","errorType":"errorString"}`, for errors that are returned and for panics.
fn go(line: &[u8], at: usize) -> Option<FunctionError> {
    let brace = memchr(b'{', &line[..at])?;
    if !line[brace..].starts_with(b"{\"errorMessage\":") {
        return None;
    }
    let before = &line[brace.saturating_sub(96)..brace];
    before
        .windows(19)
        .any(|time| matches_form(time, b"dddd/dd/dd dd:dd:dd"))
        .then(|| FunctionError {
            request_id: None,
            error_type: quoted_type(&line[at..]),
        })
}

/// `  "errorType": "Function<TypeError>",`, a line of a JSON object that is printed in many.
fn ruby(line: &[u8], at: usize) -> Option<FunctionError> {
    if message(&line[..at]).trim_ascii() != b"\"" {
        return None;
    }
    let error_type = quoted_type(&line[at..]).filter(|name| is_ruby_type(name))?;
    Some(FunctionError {
        request_id: None,
        error_type: Some(error_type),
    })
}

fn is_ruby_type(name: &str) -> bool {
    name.split_once('<')
        .is_some_and(|(kind, class)| matches!(kind, "Function" | "Runtime" | "Init") && class.ends_with('>'))
}

/// The first frame of a stack below `MESSAGE: TYPE`, `TYPE: MESSAGE`. An application that prints a stack itself leaves
/// the first of these lines out. Goes up no further than to the frame before, so that all frames together cost what
/// they are long.
fn java_stack(text: &[u8], at: usize) -> Option<FunctionError> {
    let line = line_start(text, at);
    if !message(&text[line..at]).is_empty() {
        return None;
    }
    java_head(text[..line].strip_suffix(b"\n")?)
}

/// As [`java_stack`], where `above` ends before the first frame.
fn java_head(above: &[u8]) -> Option<FunctionError> {
    let mut rest = above;
    for _ in 0..MESSAGE_LINES {
        let start = line_start(rest, rest.len());
        let line = message(&rest[start..]).trim_ascii_end();
        if line.starts_with(b"\t") || line.starts_with(b"Caused by:") {
            return None;
        }
        rest = rest[..start].strip_suffix(b"\n")?;
        let Some(name) = class_name(line) else { continue };
        let behind = &line[name.len()..];
        if !behind.is_empty() && !behind.starts_with(b":") {
            continue;
        }
        let headline = message(&rest[line_start(rest, rest.len())..]).trim_ascii_end();
        let named = headline.strip_suffix(name.as_bytes());
        if named.is_some_and(|message| message.ends_with(b": ")) {
            return Some(FunctionError {
                request_id: None,
                error_type: Some(name.to_owned()),
            });
        }
    }
    None
}

/// `<time>\t<id>\tfail\tSystem.InvalidOperationException: ..`, then `   at ..`.
fn dotnet(text: &[u8], at: usize) -> Option<FunctionError> {
    let rest = &text[at + Mark::Fail.needle().len()..];
    let name = class_name(rest)?;
    let behind = &rest[name.len()..];
    let is_head = behind.starts_with(b":") || behind.first().is_none_or(|byte| b"\r\n".contains(byte));
    if !is_head || !(name.contains('.') || name.ends_with("Exception")) || !has_below(behind, b"   at ", Mark::Fail) {
        return None;
    }
    Some(FunctionError {
        request_id: last_id(&text[line_start(text, at)..at]),
        error_type: Some(name.to_owned()),
    })
}

/// `thread 'main' panicked at src/main.rs:5:5:`, and what the runtime says of it: `user handler panicked`.
fn rust(line: &[u8], at: usize) -> Option<FunctionError> {
    let before = &line[at.saturating_sub(256)..at];
    let is_hook = line[at..].starts_with(b"panicked at ") && memmem::find(before, b"thread '").is_some();
    if !is_hook && !before.ends_with(b"user handler ") {
        return None;
    }
    let id = || {
        let line = &line[at.saturating_sub(1024)..line.len().min(at + 1024)];
        let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
        let label = memmem::find(line, b"requestId")?;
        let rest = &line[label + b"requestId".len()..];
        let from = rest.iter().position(|byte| !b"\\\":= ".contains(byte))?;
        id(rest[from..].split(|byte| b"\\\", }".contains(byte)).next()?)
    };
    Some(FunctionError {
        request_id: if is_hook { None } else { id() },
        error_type: Some(PANIC.to_owned()),
    })
}

/// `panic: ..` or `fatal error: ..`, then `goroutine 1 [running]:`.
fn go_panic(text: &[u8], at: usize) -> Option<FunctionError> {
    let line = line_start(text, at);
    let number = message(&text[line..at]).trim_ascii().strip_prefix(b"goroutine ")?;
    if !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let above = &text[line.saturating_sub(1024)..line];
    let head = [&b"panic: "[..], b"fatal error: "]
        .into_iter()
        .find_map(|head| memmem::rfind(above, head))?;
    let from_line_start = head == 0 || above[head - 1].is_ascii_whitespace();
    (from_line_start && memmem::find(&above[head..], b"RequestId: ").is_none()).then(|| FunctionError {
        request_id: None,
        error_type: Some(PANIC.to_owned()),
    })
}

/// A line without the time and the log stream that exports and tools put before each event. Where a runtime writes to standard
/// output, as in container images and custom runtimes, each line of a stack is an event of its own.
fn message(line: &[u8]) -> &[u8] {
    let without = |line: &'_ [u8], is_prefix: fn(&[u8]) -> bool| {
        let end = memchr(b' ', &line[..line.len().min(PREFIX)])?;
        is_prefix(&line[..end]).then_some(end + 1)
    };
    let Some(timed) = without(line, is_time) else {
        return line;
    };
    let line = &line[timed..];
    &line[without(line, is_stream).unwrap_or(0)..]
}

/// `2026-01-31T10:00:00.000Z`, with whatever fraction and zone.
fn is_time(word: &[u8]) -> bool {
    word.len() >= 19 && matches_form(word, b"dddd-dd-ddTdd:dd:dd")
}

/// `2026/01/31/[$LATEST]0123`.
fn is_stream(word: &[u8]) -> bool {
    word.len() > 12
        && word[..4].iter().all(u8::is_ascii_digit)
        && word[4] == b'/'
        && memchr(b'[', word).is_some()
        && memchr(b']', word).is_some()
}

/// Whether `needle` stands below the head of an error, before what Lambda itself says next.
fn has_below(text: &[u8], needle: &[u8], mark: Mark) -> bool {
    let text = &text[..text.len().min(MESSAGE)];
    // Not beyond the next of its kind, so that all together cost what they are long.
    let text = &text[..memmem::find(text, mark.needle().as_bytes()).unwrap_or(text.len())];
    memmem::find(text, needle).is_some_and(|found| memmem::find(&text[..found], b"RequestId: ").is_none())
}

/// The dotted name of a class that `text` begins with.
fn class_name(text: &[u8]) -> Option<&str> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._$+`".contains(byte);
    let text = &text[..text.len().min(LONGEST_TYPE + 1)];
    let length = text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let name = std::str::from_utf8(&text[..length]).ok()?;
    (name.starts_with(|first: char| first.is_ascii_alphabetic()) && length <= LONGEST_TYPE).then_some(name)
}

/// The value behind `errorType`, which `text` begins with.
fn quoted_type(text: &[u8]) -> Option<String> {
    let value = text
        .strip_prefix(b"errorType\"")?
        .trim_ascii_start()
        .strip_prefix(b":")?;
    let value = value.trim_ascii_start().strip_prefix(b"\"")?;
    let value = &value[..value.len().min(LONGEST_TYPE + 1)];
    known_type(std::str::from_utf8(&value[..memchr(b'"', value)?]).ok()?)
}

/// A type that is one: not empty, and nothing that a terminal would take for more than letters.
fn known_type(name: &str) -> Option<String> {
    (!name.is_empty() && name.len() <= LONGEST_TYPE && !name.contains(|c: char| c.is_control() || c == '\\'))
        .then(|| name.to_owned())
}

/// The request ID that `text` ends with.
fn last_id(text: &[u8]) -> Option<String> {
    id(text.trim_ascii().rsplit(u8::is_ascii_whitespace).next()?)
}

/// `undefined` is what Node writes where there is none.
fn id(word: &[u8]) -> Option<String> {
    let is_id = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let word = std::str::from_utf8(word).ok()?;
    ((1..=64).contains(&word.len()) && word.bytes().all(|byte| is_id(&byte)) && word != "undefined")
        .then(|| word.to_owned())
}

/// Whether `text` has a digit wherever `form` has a `d`, and the same byte elsewhere.
fn matches_form(text: &[u8], form: &[u8]) -> bool {
    text.iter().zip(form).all(|(byte, form)| {
        if *form == b'd' {
            byte.is_ascii_digit()
        } else {
            byte == form
        }
    })
}

#[cfg(test)]
mod tests;
