//! Whole log files: one pass of a vectorised multi-needle search over the bytes, and a parse only where it finds
//! something. Lines of no interest are never looked at byte by byte, and nothing is allocated for them.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Input, Span, packed};
use jiff::Timestamp;
use memchr::{memchr, memrchr};

use super::line::{failure_at, report_at};
use super::tail::length_of_event;
use super::usual::usual_report;
use super::{Event, Report, UsualReport, json, origin, parse_line, time};

/// A rare pair of letters out of what begins the events that matter: text reports, JSON events, failures of the older
/// style, by position. Two bytes are half the work for the vectorised search that the whole words would be.
const ANCHORS: [&str; 4] = ["EP", "tf", "Ta", "Ru"];
/// What is there if an anchor is really one, and how many bytes before the anchor it begins.
const NEEDLES: [(&str, usize); 4] = [
    ("REPORT", 1),
    ("platform.", 3),
    ("Task timed out", 0),
    ("Runtime exited", 0),
];
/// The JSON events that matter, by what follows `platform.`.
const JSON_EVENTS: [&[u8]; 5] = [
    b"report",
    b"initReport",
    b"restoreReport",
    b"initStart",
    b"restoreStart",
];

/// How far an event may reach before and behind its needle, in bytes. Real ones stay far below; the bounds keep the
/// work linear in a file that is one single line.
const TEXT_EVENT: usize = 2048;
const JSON_EVENT: usize = 64 * 1024;
const LOOK_BACK: usize = 8 * 1024;
/// How many opening braces before its `type` are tried as the beginning of a JSON event.
const EVENT_BRACES: usize = 8;

/// An event in a chunk of a log file.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// Where in the chunk it is, in bytes.
    pub offset: usize,
    /// The function, if the line itself (or what wraps it) says so.
    pub function: Option<&'a str>,
    /// What it says.
    pub event: Event,
}

/// What [`scan_apart`] finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Scanned<'a> {
    /// A REPORT as nearly all are.
    Usual {
        /// Where in the chunk it is, in bytes.
        offset: usize,
        /// The function, if the line itself says so.
        function: Option<&'a str>,
        /// What it says.
        report: UsualReport<'a>,
    },
    /// Any other event.
    Other(Found<'a>),
}

/// Finds the events that matter for measuring in a chunk of whole lines: REPORT, INIT_REPORT, RESTORE_REPORT,
/// time-outs, runtime errors, and the JSON events that name the function. START, END and the application's lines are
/// passed over.
///
/// Accepted are Lambda's own lines, text and JSON; lines with a time and a stream before them (`aws logs tail`, `sam
/// logs`, S3 exports); and messages wrapped in JSON (`aws logs filter-log-events`, subscriptions, JSON Lines with a
/// `message`), compact or pretty-printed.
pub fn scan<'a>(chunk: &'a [u8], mut found: impl FnMut(Found<'a>)) {
    scan_apart(chunk, |scanned| {
        found(match scanned {
            Scanned::Usual {
                offset,
                function,
                report,
            } => Found {
                offset,
                function,
                event: Event::Report(report.figures.to_report(report.request_id)),
            },
            Scanned::Other(other) => other,
        });
    });
}

/// As [`scan`], with usual REPORTs told apart, which take no memory.
#[inline]
pub fn scan_apart<'a>(chunk: &'a [u8], mut found: impl FnMut(Scanned<'a>)) {
    let Some(searcher) = searcher() else { return };
    let mut scratch = Vec::new();
    let (mut from, mut line, mut next) = (0, 0, 0);
    while let Some((anchor, kind)) = searcher.find(chunk, next) {
        next = anchor + 1;
        let (needle, before) = NEEDLES[kind];
        // What was taken for a part of the last event is none of its own.
        let Some(at) = anchor.checked_sub(before).filter(|at| *at >= from) else {
            continue;
        };
        if !chunk[at..].starts_with(needle.as_bytes()) {
            continue;
        }
        if kind == 0
            && let Some(written) = begin_of_usual(chunk, at)
            && let Some((mut report, length)) = usual_report(&chunk[at..])
        {
            report.figures.time = written;
            found(Scanned::Usual {
                offset: at,
                function: None,
                report,
            });
            (from, line, next) = (at + length, at + length, at + length);
            continue;
        }
        let Some(end) = end_of_needle(chunk, at + needle.len(), kind) else {
            continue;
        };
        line = memrchr(b'\n', &chunk[line..at]).map_or(line, |newline| line + newline + 1);
        let candidate = Candidate { chunk, line, at, end };
        let hit = match kind {
            0 => candidate.report(&mut scratch),
            1 => candidate.json_event(&mut scratch),
            _ => candidate.failure(&mut scratch),
        };
        from = match hit {
            Some(hit) => {
                found(match hit.event {
                    json::Parsed::Usual(report) => Scanned::Usual {
                        offset: at,
                        function: hit.function,
                        report,
                    },
                    json::Parsed::Other(event) => Scanned::Other(Found {
                        offset: at,
                        function: hit.function,
                        event,
                    }),
                });
                hit.end.max(end)
            }
            None => end,
        };
        next = from;
    }
}

/// Whether a REPORT at `at` has nothing before it in its line but, perhaps, the time of an export, and that time.
#[inline]
fn begin_of_usual(chunk: &[u8], at: usize) -> Option<Option<Timestamp>> {
    if at == 0 || chunk[at - 1] == b'\n' {
        return Some(None);
    }
    time::of_export(chunk, at).map(Some)
}

/// Where the whole needle ends; `None` for a JSON event that does not matter.
fn end_of_needle(chunk: &[u8], end: usize, kind: usize) -> Option<usize> {
    if kind != 1 {
        return Some(end);
    }
    let name = JSON_EVENTS.into_iter().find(|name| chunk[end..].starts_with(name))?;
    Some(end + name.len())
}

/// Finds anchors.
enum Searcher {
    Vectorised(packed::Searcher),
    /// For processors without the vector instructions.
    Plain(AhoCorasick),
}

impl Searcher {
    /// Where the first anchor from `from` on is, and which.
    #[inline]
    fn find(&self, chunk: &[u8], from: usize) -> Option<(usize, usize)> {
        let found = match self {
            Self::Vectorised(searcher) => searcher.find_in(chunk, Span::from(from..chunk.len())),
            Self::Plain(searcher) => searcher.find(Input::new(chunk).range(from..)),
        }?;
        Some((found.start(), found.pattern().as_usize()))
    }
}

/// Built once. The patterns are constants, so that it cannot fail.
fn searcher() -> Option<&'static Searcher> {
    static SEARCHER: OnceLock<Option<Searcher>> = OnceLock::new();
    SEARCHER
        .get_or_init(|| {
            packed::Searcher::new(ANCHORS)
                .map(Searcher::Vectorised)
                .or_else(|| AhoCorasick::new(ANCHORS).ok().map(Searcher::Plain))
        })
        .as_ref()
}

struct Hit<'a> {
    event: json::Parsed<'a>,
    function: Option<&'a str>,
    /// Where to search on.
    end: usize,
}

/// A needle in the chunk: the line it stands in begins at `line`, itself goes from `at` to `end`.
struct Candidate<'a> {
    chunk: &'a [u8],
    line: usize,
    at: usize,
    end: usize,
}

impl<'a> Candidate<'a> {
    /// The line from its beginning, but not from too far back, and the bytes up to `reach` behind the needle; with the
    /// needle's place in it.
    fn surroundings(&self, reach: usize) -> (&'a [u8], usize) {
        let from = self.line.max(self.at.saturating_sub(LOOK_BACK));
        let to = self.chunk.len().min(self.at + reach);
        (&self.chunk[from..to], self.at - from)
    }

    fn function_of_prefix(&self) -> Option<&'a str> {
        if self.line == self.at {
            return None;
        }
        let (text, at) = self.surroundings(0);
        origin::function_of_prefix(&text[..at])
    }

    #[inline]
    fn report(&self, scratch: &mut Vec<u8>) -> Option<Hit<'a>> {
        let behind = &self.chunk[self.end..];
        if !behind.first()?.is_ascii_whitespace() && !behind.starts_with(b"\\t") {
            return None;
        }
        self.wrapped(scratch).or_else(|| {
            let (text, at) = self.surroundings(TEXT_EVENT);
            let length = length_of_event(&text[at..]);
            let event = report_at(&text[..at + length], at)?;
            Some(Hit {
                event: json::Parsed::Other(written_at(event, || time::of_prefix(&text[..at]))),
                function: self.function_of_prefix(),
                end: self.at + length,
            })
        })
    }

    fn failure(&self, scratch: &mut Vec<u8>) -> Option<Hit<'a>> {
        self.wrapped(scratch).or_else(|| {
            let (text, at) = self.surroundings(TEXT_EVENT);
            let length = length_of_event(&text[at..]);
            let event = failure_at(&text[..at + length], at)?;
            Some(Hit {
                event: json::Parsed::Other(event),
                function: self.function_of_prefix(),
                end: self.at + length,
            })
        })
    }

    /// The event in the JSON string that the needle lies in: `"message": "REPORT RequestId: ..\t..\n"`.
    fn wrapped(&self, scratch: &mut Vec<u8>) -> Option<Hit<'a>> {
        if self.line == self.at || !begins_like_json(&self.chunk[self.line..self.at]) {
            return None;
        }
        let (text, at) = self.surroundings(JSON_EVENT);
        let text = &text[..memchr(b'\n', &text[at..]).map_or(text.len(), |newline| at + newline)];
        let literal = origin::enclosing_string(text, at)?;
        let end = self.at - at + literal.end;
        origin::unescape(&text[literal], scratch);
        let event = written_at(parse_line(scratch)?, || time::of_wrapper(&self.chunk[..self.at]));
        let event = json::Parsed::Other(event);
        let function = origin::function_of_wrapper(&self.chunk[..self.at], &self.chunk[self.line..self.at]);
        Some(Hit { event, function, end })
    }

    /// The event whose `type` is the needle: a JSON object of its own, or escaped in a message.
    fn json_event(&self, scratch: &mut Vec<u8>) -> Option<Hit<'a>> {
        match (&self.chunk[..self.at], self.chunk.get(self.end)?) {
            ([.., b'\\', b'"'], b'\\') => self.wrapped(scratch),
            ([.., b'"'], b'"') => {
                let (event, end) = self.object_around()?;
                Some(Hit {
                    event,
                    function: self.function_of_prefix(),
                    end,
                })
            }
            // An application may speak of platform.report in a sentence.
            _ => None,
        }
    }

    /// Usually the object that begins the line; else one further inside (behind a time stamp, in an array, several on
    /// one line), or further above (pretty-printed).
    fn object_around(&self) -> Option<(json::Parsed<'a>, usize)> {
        let to = self.chunk.len().min(self.at + JSON_EVENT);
        let object = |from: usize| {
            let (event, length) = json::first_event_apart(&self.chunk[from..to])?;
            (from + length > self.at).then_some((event, from + length))
        };
        let nearest = self.at.saturating_sub(LOOK_BACK);
        let begins_line = (self.line >= nearest && self.chunk[self.line] == b'{').then_some(self.line);
        begins_line.and_then(object).or_else(|| {
            let braces = memchr::memrchr_iter(b'{', &self.chunk[nearest..self.at]);
            braces.take(EVENT_BRACES).find_map(|brace| object(nearest + brace))
        })
    }
}

/// A report with the time that stands before it, unless it says one itself.
fn written_at(event: Event, before: impl FnOnce() -> Option<Timestamp>) -> Event {
    match event {
        Event::Report(report) if report.time.is_none() => Event::Report(Report {
            time: before(),
            ..report
        }),
        event => event,
    }
}

fn begins_like_json(line: &[u8]) -> bool {
    line.iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| b"{[\",".contains(byte))
}
