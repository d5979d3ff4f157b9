//! Where in a chunk something may stand that matters: a vectorised search for rare pairs of letters.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Input, Span, packed};

/// What begins at a needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// REPORT, INIT_REPORT, RESTORE_REPORT.
    Report,
    /// `platform.report` and the other JSON events that matter.
    Platform,
    /// `Task timed out`, `Runtime exited`.
    Failure,
    /// Base64 of gzip, or of JSON.
    Packed,
    /// The key of an invocation's tail in base64.
    LogResult,
    /// The key of a field of Logs Insights.
    Field,
}

/// Something that may matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needle {
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

/// A rare pair of letters in each, what is there if it is really one, and how many bytes before the pair that begins.
/// Two bytes are half the work for the vectorised search that whole words would be; it has room for eight of them.
const NEEDLES: [(&str, &str, usize, Kind); 8] = [
    ("EP", "REPORT", 1, Kind::Report),
    ("tf", "platform.", 3, Kind::Platform),
    ("Ta", "Task timed out", 0, Kind::Failure),
    ("Ru", "Runtime exited", 0, Kind::Failure),
    ("H4", "H4sI", 0, Kind::Packed),
    ("yJ", "eyJ", 1, Kind::Packed),
    ("gR", "LogResult", 2, Kind::LogResult),
    ("@b", "@billedDuration\"", 0, Kind::Field),
];

/// The JSON events that matter, by what follows `platform.`.
const JSON_EVENTS: [&[u8]; 5] = [
    b"report",
    b"initReport",
    b"restoreReport",
    b"initStart",
    b"restoreStart",
];

impl Needle {
    /// The first one that begins at `from` or later.
    #[inline]
    pub(super) fn find(chunk: &[u8], from: usize) -> Option<Self> {
        let searcher = searcher()?;
        let mut next = from;
        while let Some((anchor, pattern)) = searcher.find(chunk, next) {
            next = anchor + 1;
            let (_, word, before, kind) = NEEDLES[pattern];
            // What was taken for a part of the last event is none of its own.
            let Some(at) = anchor.checked_sub(before).filter(|at| *at >= from) else {
                continue;
            };
            if !chunk[at..].starts_with(word.as_bytes()) {
                continue;
            }
            if let Some(end) = end(chunk, at, at + word.len(), kind) {
                return Some(Self { at, end, kind });
            }
        }
        None
    }
}

/// Where the whole needle ends; `None` for what does not matter.
#[inline]
fn end(chunk: &[u8], at: usize, end: usize, kind: Kind) -> Option<usize> {
    let behind = &chunk[end..];
    match kind {
        Kind::Report => {
            // A colour ends where tools and `grep --color` highlight the word.
            let is_report = (behind.first()).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == 0x1b)
                || behind.starts_with(b"\\t");
            is_report.then_some(end)
        }
        Kind::Platform => {
            let name = JSON_EVENTS.into_iter().find(|name| behind.starts_with(name))?;
            behind
                .get(name.len())
                .is_some_and(|byte| b"\"\\'".contains(byte))
                .then_some(end + name.len())
        }
        // A value of JSON, or alone in its line: there are many tokens in logs that begin like this.
        Kind::Packed => match at.checked_sub(1).map(|before| chunk[before]) {
            None | Some(b'\n' | b'"' | b'\'') => Some(end),
            // A column of a table.
            Some(b',' | b';' | b'\t' | b'|') => chunk[at..].starts_with(b"H4sI").then_some(end),
            _ => None,
        },
        // In a string its quote has a backslash before it.
        Kind::LogResult => (behind.starts_with(b"\"") || behind.starts_with(b"\\\"")).then_some(end),
        Kind::Failure | Kind::Field => Some(end),
    }
}

enum Searcher {
    Vectorised(packed::Searcher),
    /// For processors without the vector instructions.
    Plain(AhoCorasick),
}

impl Searcher {
    /// Where the first pair from `from` on is, and which.
    #[inline]
    fn find(&self, chunk: &[u8], from: usize) -> Option<(usize, usize)> {
        if from >= chunk.len() {
            return None;
        }
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
            let pairs = NEEDLES.map(|(pair, ..)| pair);
            packed::Searcher::new(pairs)
                .map(Searcher::Vectorised)
                .or_else(|| AhoCorasick::new(pairs).ok().map(Searcher::Plain))
        })
        .as_ref()
}
