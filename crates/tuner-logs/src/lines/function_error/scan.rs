//! [Errors](FunctionError) in a chunk of an exported log file, the STARTs between which those without a request ID
//! stand, and how environments say that they were made.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Input, Span, packed};
use memchr::{memchr, memchr_iter, memmem, memrchr, memrchr_iter};

use super::super::escape::unescape;
use super::{FunctionError, Mark, id, is_stream, of_event};

/// What is searched for, all at once. Four bytes and more make a search of few false alarms.
const NEEDLES: [(&str, Sought); 15] = [
    ("\"logStream", Sought::Stream),
    ("\"messageType\"", Sought::Document),
    ("START RequestId: ", Sought::TextStart),
    ("platform.start", Sought::JsonStart),
    ("platform.initStart", Sought::InitStart),
    ("/durable-execution/", Sought::DurableExecution),
    ("[ERROR] ", Sought::Error(Mark::Bracketed)),
    ("errorType", Sought::Error(Mark::ErrorType)),
    ("AWSRequestId", Sought::Error(Mark::AwsRequestId)),
    ("\tat ", Sought::Error(Mark::Frame)),
    ("\\tat ", Sought::Error(Mark::Frame)),
    ("\tfail\t", Sought::Error(Mark::Fail)),
    ("\\tfail\\t", Sought::Error(Mark::Fail)),
    ("panicked", Sought::Error(Mark::Panicked)),
    ("[running]:", Sought::Error(Mark::Goroutine)),
];

/// How far before and behind a mark its error may reach, in bytes. These and the two below keep the work linear.
const LOOK_BACK: usize = 8 * 1024;
const LOOK_AHEAD: usize = 64 * 1024;
/// How many quotes before a mark are tried as the beginning of the string that it is in.
const QUOTES: usize = 64;
/// How far from its type a platform event may reach, in bytes.
const EVENT: usize = 1024;
/// How far behind a START's request ID its version may reach, in bytes.
const VERSION: usize = 40;
/// A tenant's ID has up to 256 characters.
const LONGEST_VALUE: usize = 256;

#[derive(Clone, Copy, PartialEq)]
enum Sought {
    /// The key of a log stream.
    Stream,
    /// A document of a subscription, which is of one log stream.
    Document,
    TextStart,
    JsonStart,
    InitStart,
    DurableExecution,
    Error(Mark),
}

/// A line that says how an invocation began or that it failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<'a> {
    /// Where in the chunk it is, in bytes.
    pub offset: usize,
    /// The log stream, if it stands before the line. An execution environment has one to itself.
    pub stream: Option<&'a [u8]>,
    /// What it says.
    pub said: Said<'a>,
}

/// What a [`Told`] line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said<'a> {
    /// START, `platform.start`: the invocation with this request ID begins.
    Started(Started<'a>),
    /// `platform.initStart`: an execution environment of this type begins, such as `provisioned-concurrency`.
    Initialised(&'a str),
    /// A line of the logger of a durable function's SDK, which says of which execution an invocation is.
    Durable {
        /// The invocation's request ID.
        request_id: &'a str,
        /// The ARN of the execution.
        execution: &'a str,
    },
    /// A runtime's line of an error.
    Failed(FunctionError),
}

/// The beginning of an invocation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Started<'a> {
    /// The invocation's request ID.
    pub request_id: &'a str,
    /// What stands around the ID in its event, in JSON; in text what follows it in the line.
    event: &'a [u8],
}

impl<'a> Started<'a> {
    /// The version that runs: a number or `$LATEST`.
    pub fn version(&self) -> Option<&'a str> {
        let of_text = || {
            let rest = self.event.strip_prefix(b" Version: ")?;
            let end = rest
                .iter()
                .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'$');
            std::str::from_utf8(&rest[..end.unwrap_or(rest.len())]).ok()
        };
        of_text().or_else(|| value_of(self.event, b"\"version"))
    }

    /// The tenant, for functions with tenant isolation (JSON only).
    pub fn tenant_id(&self) -> Option<&'a str> {
        value_of(self.event, b"tenantId")
    }
}

/// Finds the errors that runtimes write in a chunk of whole lines, and the STARTs. The forms are those of
/// [`scan`](super::super::scan).
pub fn scan_errors<'a>(chunk: &'a [u8], mut found: impl FnMut(Told<'a>)) {
    let Some(searcher) = searcher() else { return };
    let mut scratch = Vec::new();
    let mut stream = None;
    // The line's beginning, looked for from the last needle on, so that lines cost what they are long.
    let (mut line, mut known) = (0, 0);
    let mut next = 0;
    // The end of what JSON parsers have seen: what they could not read is not tried again.
    let mut parsed = 0;
    while let Some((at, sought)) = searcher.find(chunk, next) {
        let (needle, sought) = NEEDLES[sought];
        next = at + needle.len();
        line = memrchr(b'\n', &chunk[known..at]).map_or(line, |newline| known + newline + 1);
        known = at;
        let mut tell = |said| {
            found(Told {
                offset: at,
                stream: stream_of(chunk, line, at, stream.as_ref()),
                said,
            });
        };
        match sought {
            Sought::Stream => stream = Stream::at(chunk, next).or(stream),
            Sought::Document => stream = None,
            Sought::TextStart => {
                if let Some(request_id) = id_of_text_start(chunk, at, next) {
                    let behind = next + request_id.len();
                    let event = &chunk[behind..chunk.len().min(behind + VERSION)];
                    tell(Said::Started(Started { request_id, event }));
                }
            }
            Sought::JsonStart => {
                let event = event_around(chunk, at, next);
                if let Some(request_id) = event.and_then(|event| value_of(event, b"requestId"))
                    && id(request_id.as_bytes()).is_some()
                {
                    let event = event.unwrap_or_default();
                    tell(Said::Started(Started { request_id, event }));
                }
            }
            Sought::InitStart => {
                let event = event_around(chunk, at, next);
                if let Some(kind) = event.and_then(|event| value_of(event, b"initializationType")) {
                    tell(Said::Initialised(kind));
                }
            }
            Sought::DurableExecution => {
                if let Some((request_id, execution)) = durable_execution(chunk, at, next) {
                    tell(Said::Durable { request_id, execution });
                }
            }
            Sought::Error(mark) => {
                let from = at.saturating_sub(LOOK_BACK);
                if let Some(literal) = string_around(chunk, line.max(from), at) {
                    next = literal.end.max(next);
                    // Java's own object tells all, with its request ID.
                    if !is_followed_by_id(chunk, literal.end) {
                        unescape(&chunk[literal], &mut scratch);
                        if let Some(error) = of_event(&scratch) {
                            tell(Said::Failed(error));
                        }
                    }
                    continue;
                }
                // An escaped mark outside of a string is none.
                if needle.starts_with('\\') || mark.is_json() && at < parsed {
                    continue;
                }
                // The heads of some stacks are above their marks.
                let start = if mark.is_below_head() { from } else { line.max(from) };
                let text = &chunk[start..chunk.len().min(at + LOOK_AHEAD)];
                let read = mark.read(text, at - start);
                if mark.is_json() {
                    let ahead = &chunk[at..chunk.len().min(at + LOOK_AHEAD)];
                    let end = at + memchr(b'\n', ahead).unwrap_or(ahead.len());
                    parsed = read.as_ref().map_or(end, |(_, end)| start + end);
                }
                if let Some((error, end)) = read {
                    next = next.max(start + end);
                    tell(Said::Failed(error));
                }
            }
        }
    }
}

/// Whether the string that ends at `end` is the message of a line that Java's runtime writes, which goes on with the
/// request ID.
fn is_followed_by_id(chunk: &[u8], end: usize) -> bool {
    let behind = &chunk[end..chunk.len().min(end + 128)];
    let line = &behind[..memchr(b'\n', behind).unwrap_or(behind.len())];
    memmem::find(line, b"\"AWSRequestId\"").is_some()
}

/// `START RequestId: <id> Version: $LATEST`, not in the middle of a sentence.
fn id_of_text_start(chunk: &[u8], at: usize, end: usize) -> Option<&str> {
    let begins = at == 0 || chunk[at - 1].is_ascii_whitespace() || b"\",;|]m".contains(&chunk[at - 1]);
    begins.then(|| id_at(&chunk[end..]))?
}

/// The object of the event whose type stands from `at` to `end`. In a message that is a string its quotes have backslashes
/// before them.
fn event_around(chunk: &[u8], at: usize, end: usize) -> Option<&[u8]> {
    if !matches!(chunk.get(end), Some(b'"' | b'\\')) {
        return None;
    }
    let from = at.saturating_sub(EVENT);
    let before = outer_brace(chunk[from..at].iter().rev(), b'}', b'{');
    let behind = outer_brace(chunk[end..].iter().take(EVENT), b'{', b'}');
    Some(&chunk[at - before..end + behind])
}

/// How far it is to the brace that belongs to one further back, or to the end.
fn outer_brace<'a>(bytes: impl ExactSizeIterator<Item = &'a u8>, inner: u8, outer: u8) -> usize {
    let length = bytes.len();
    let mut depth = 0_u32;
    for (place, byte) in bytes.enumerate() {
        if *byte == inner {
            depth += 1;
        } else if *byte == outer {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return place,
            }
        }
    }
    length
}

/// The request and the durable execution of a line that the logger of a durable function's SDK writes, in whose ARN
/// `/durable-execution/` stands from `at` to `end`. Lambda's own events do not name the execution (the Telemetry API's schema
/// of 2025-01-29 has no field for it). Sources of the keys: aws-durable-execution-sdk-js (`default-logger.ts`), -python
/// (`logger.py`, and with Powertools its `execution_arn`), -java (`DurableLogger`).
fn durable_execution(chunk: &[u8], at: usize, end: usize) -> Option<(&str, &str)> {
    const ARNS: [&[u8]; 3] = [b"\"executionArn", b"\"durableExecutionArn", b"\"execution_arn"];
    const IDS: [&[u8]; 3] = [b"\"requestId", b"\"function_request_id", b"\"AWSRequestId"];
    let names = &chunk[end..chunk.len().min(end + LONGEST_VALUE)];
    let length = names.iter().position(|byte| b"\\\"".contains(byte))?;
    let object = event_around(chunk, at, end + length)?;
    let execution = ARNS.into_iter().find_map(|key| value_of(object, key))?;
    let is_one = execution.starts_with("arn:")
        && execution.contains("/durable-execution/")
        && !execution.contains(|c: char| c.is_control() || c.is_whitespace());
    let request_id = IDS.into_iter().find_map(|key| value_of(object, key))?;
    (is_one && id(request_id.as_bytes()).is_some()).then_some((request_id, execution))
}

/// The text that a key has in an event.
fn value_of<'a>(event: &'a [u8], key: &[u8]) -> Option<&'a str> {
    let rest = &event[memmem::find(event, key)? + key.len()..];
    let begin = rest.iter().take(16).position(|byte| !b"\\\": ".contains(byte))?;
    // Before a number or `null` is no quote.
    if !rest[..begin].contains(&b':') || !rest[..begin].ends_with(b"\"") {
        return None;
    }
    let value = &rest[begin..rest.len().min(begin + LONGEST_VALUE + 1)];
    let value = &value[..value.iter().position(|byte| b"\\\"".contains(byte))?];
    std::str::from_utf8(value).ok().filter(|value| !value.is_empty())
}

/// The request ID that `text` begins with.
fn id_at(text: &[u8]) -> Option<&str> {
    let text = &text[..text.len().min(65)];
    let length = text
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-')
        .unwrap_or(text.len());
    id(&text[..length])?;
    std::str::from_utf8(&text[..length]).ok()
}

/// The JSON string that `at` lies in and that is a value, without its quotes. A line that does not begin like JSON has
/// none.
fn string_around(chunk: &[u8], line: usize, at: usize) -> Option<Range<usize>> {
    let before = &chunk[line..at];
    let first = before.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if !b"{[\",".contains(first) {
        return None;
    }
    let quote = memrchr_iter(b'"', before)
        .take(QUOTES)
        .find(|quote| !is_escaped(before, *quote))?;
    let key = before[..quote].trim_ascii_end();
    if !(key.ends_with(b":") || key.ends_with(b"[") || key.is_empty()) {
        return None;
    }
    let ahead = &chunk[at..chunk.len().min(at + LOOK_AHEAD)];
    let end = memchr_iter(b'"', ahead)
        .find(|end| !is_escaped(ahead, *end))
        .unwrap_or(ahead.len());
    Some(line + quote + 1..at + end)
}

fn is_escaped(text: &[u8], at: usize) -> bool {
    text[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// A log stream that a JSON document names.
struct Stream<'a> {
    name: &'a [u8],
    /// Where its name ends.
    end: usize,
    /// Of one event, as `filter-log-events` tells it, and not of a document with several.
    of_event: bool,
}

impl<'a> Stream<'a> {
    /// `logStream` or `logStreamName`; `behind` is behind `logStream`.
    fn at(chunk: &'a [u8], behind: usize) -> Option<Self> {
        let rest = &chunk[behind..];
        let of_event = rest.starts_with(b"Name");
        let rest = rest.strip_prefix(b"Name").unwrap_or(rest).strip_prefix(b"\"")?;
        let rest = rest.trim_ascii_start().strip_prefix(b":")?;
        let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
        let name = &rest[..memchr(b'"', &rest[..rest.len().min(513)])?];
        Some(Self {
            name,
            end: chunk.len() - rest.len() + name.len(),
            of_event,
        })
    }

    /// Whether what stands at `at` is of it: in the same object or, where it is a document's, in the same line. A
    /// document that is printed in many lines has them indented.
    fn holds(&self, chunk: &[u8], line: usize, at: usize) -> bool {
        if self.of_event {
            at - self.end < LOOK_BACK && memchr(b'}', &chunk[self.end..at]).is_none()
        } else {
            line <= self.end || chunk[line].is_ascii_whitespace()
        }
    }
}

/// The log stream of what stands at `at`: before its line, as `aws logs tail` prints it, or in the document around it.
fn stream_of<'a>(chunk: &'a [u8], line: usize, at: usize, stream: Option<&Stream<'a>>) -> Option<&'a [u8]> {
    let prefix = &chunk[line..at.min(line + 512)];
    match prefix.first()? {
        b'{' | b'[' | b'"' | b' ' | b'\t' => stream
            .filter(|stream| stream.holds(chunk, line, at))
            .map(|stream| stream.name),
        _ => prefix
            .split(u8::is_ascii_whitespace)
            .take(4)
            .find(|word| is_stream(word)),
    }
}

enum Searcher {
    Vectorised(packed::Searcher),
    /// For processors without the vector instructions.
    Plain(AhoCorasick),
}

impl Searcher {
    /// Where the first needle from `from` on is, and which.
    fn find(&self, chunk: &[u8], from: usize) -> Option<(usize, usize)> {
        let found = match self {
            Self::Vectorised(searcher) => searcher.find_in(chunk, Span::from(from..chunk.len())),
            Self::Plain(searcher) => searcher.find(Input::new(chunk).range(from..)),
        }?;
        Some((found.start(), found.pattern().as_usize()))
    }
}

/// Built once. The needles are constants, so that it cannot fail.
fn searcher() -> Option<&'static Searcher> {
    static SEARCHER: OnceLock<Option<Searcher>> = OnceLock::new();
    let needles = || NEEDLES.iter().map(|(needle, _)| needle);
    SEARCHER
        .get_or_init(|| {
            packed::Searcher::new(needles())
                .map(Searcher::Vectorised)
                .or_else(|| AhoCorasick::new(needles()).ok().map(Searcher::Plain))
        })
        .as_ref()
}
