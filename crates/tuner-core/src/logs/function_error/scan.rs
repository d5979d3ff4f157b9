//! [Errors](FunctionError) in a chunk of an exported log file, and the STARTs between which those without a request ID
//! stand.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Input, Span, packed};
use memchr::{memchr, memchr_iter, memmem, memrchr, memrchr_iter};

use super::super::origin::unescape;
use super::{FunctionError, Mark, id, of_event};

/// What is searched for, all at once. Four bytes and more make a search of few false alarms.
const NEEDLES: [(&str, Sought); 11] = [
    ("START RequestId: ", Sought::TextStart),
    ("platform.start\"", Sought::JsonStart),
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
/// How far from `platform.start` its request ID may be, in bytes.
const START: usize = 512;

#[derive(Clone, Copy, PartialEq)]
enum Sought {
    TextStart,
    JsonStart,
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
    Started(&'a str),
    /// A runtime's line of an error.
    Failed(FunctionError),
}

/// Finds the errors that runtimes write in a chunk of whole lines, and the STARTs. The forms are those of
/// [`scan`](super::super::scan).
pub fn scan_errors<'a>(chunk: &'a [u8], mut found: impl FnMut(Told<'a>)) {
    let Some(searcher) = searcher() else { return };
    let mut scratch = Vec::new();
    let mut next = 0;
    // The end of what JSON parsers have seen: what they could not read is not tried again.
    let mut parsed = 0;
    while let Some((at, sought)) = searcher.find(chunk, next) {
        let (needle, sought) = NEEDLES[sought];
        next = at + needle.len();
        let mut tell = |said| {
            found(Told {
                offset: at,
                stream: stream_before(chunk, at),
                said,
            });
        };
        match sought {
            Sought::TextStart => {
                if let Some(id) = id_of_text_start(chunk, at, next) {
                    tell(Said::Started(id));
                }
            }
            Sought::JsonStart => {
                if let Some(id) = id_of_json_start(chunk, at, next) {
                    tell(Said::Started(id));
                }
            }
            Sought::Error(mark) => {
                let from = at.saturating_sub(LOOK_BACK);
                let line = memrchr(b'\n', &chunk[from..at]).map_or(from, |newline| from + newline + 1);
                if let Some(literal) = string_around(chunk, line, at) {
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
                // The head of a Java stack is above its line.
                let start = if mark == Mark::Frame || mark == Mark::Goroutine {
                    from
                } else {
                    line
                };
                let text = &chunk[start..chunk.len().min(at + LOOK_AHEAD)];
                let read = mark.read(text, at - start);
                if mark.is_json() {
                    let end = memchr(b'\n', &chunk[at..]).map_or(chunk.len(), |newline| at + newline);
                    parsed = read.as_ref().map_or(end.min(at + LOOK_AHEAD), |(_, end)| start + end);
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

/// The request ID behind `platform.start`, or before it where keys are sorted.
fn id_of_json_start(chunk: &[u8], at: usize, end: usize) -> Option<&str> {
    const KEY: &[u8] = b"requestId";
    let behind = &chunk[end..chunk.len().min(end + START)];
    let behind = &behind[..memchr(b'\n', behind).unwrap_or(behind.len())];
    let place = memmem::find(behind, KEY).map(|key| end + key).or_else(|| {
        let from = at.saturating_sub(START);
        let before = &chunk[from..at];
        let line = memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        memmem::rfind(&before[line..], KEY).map(|key| from + line + key)
    })?;
    let rest = &chunk[place + KEY.len()..];
    let skipped = rest.iter().take(8).position(|byte| !b"\\\": ".contains(byte))?;
    id_at(&rest[skipped..])
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

/// The log stream that stands before a line, as `aws logs tail` prints it, or before a message, as `filter-log-events`
/// and subscriptions do.
fn stream_before(chunk: &[u8], at: usize) -> Option<&[u8]> {
    const KEYS: [&[u8]; 2] = [b"\"logStreamName\"", b"\"logStream\""];
    let from = at.saturating_sub(LOOK_BACK / 2);
    let line = memrchr(b'\n', &chunk[from..at]).map_or(from, |newline| from + newline + 1);
    let prefix = &chunk[line..at.min(line + 512)];
    if !prefix.is_empty() && !b"{[\" \t".contains(&prefix[0]) {
        return prefix.split(u8::is_ascii_whitespace).find(|word| is_stream(word));
    }
    let near = &chunk[from..at];
    KEYS.into_iter().find_map(|key| {
        let place = memmem::rfind(near, key)?;
        let rest = near[place + key.len()..].trim_ascii_start().strip_prefix(b":")?;
        let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
        Some(&rest[..memchr(b'"', rest)?])
    })
}

/// `2026/01/31/[$LATEST]0123`.
fn is_stream(word: &[u8]) -> bool {
    word.len() > 12
        && word[..4].iter().all(u8::is_ascii_digit)
        && word[4] == b'/'
        && memchr(b'[', word).is_some()
        && memchr(b']', word).is_some()
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
