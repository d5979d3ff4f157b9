//! Whole log files: one pass of a vectorised search over the bytes, and a parse only where it finds something. Lines of no
//! interest are never looked at byte by byte, and nothing is allocated for them.

use std::ops::Range;

use jiff::Timestamp;
use memchr::{memchr, memrchr};

use super::document::{Ended, Frame, end_of_string, white_space};
use super::escape::unescape;
use super::needle::{Kind, Needle};
use super::origin::Origin;
use super::pending::{Budget, InString, Pending, Sink, ToReader, What};
use super::prefix::Prefix;
use super::usual::usual_report;
use super::{Event, UsualReport, border, json, time};

/// A line that is nothing but a JSON event; longer ones are read as any document.
const JSON_EVENT: usize = 2048;
/// JSON in a string in JSON in a string: deeper is nothing that is known.
const DEEPEST: u8 = 3;

/// An event in a chunk of a log file.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// Where in the chunk it is, in bytes.
    pub offset: usize,
    /// The function, if the line itself (or what wraps it) says so.
    pub origin: Origin<'a>,
    /// Whether it stands in a JSON document. In a log whose own lines are not wrapped, a function printed that.
    pub is_wrapped: bool,
    /// What it says.
    pub event: Event,
}

/// What [`Scanner::scan`] finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Scanned<'a> {
    /// A REPORT as nearly all are.
    Usual {
        /// Where in the chunk it is, in bytes.
        offset: usize,
        /// The function, if the line itself (or what wraps it) says so.
        origin: Origin<'a>,
        /// As [`Found::is_wrapped`].
        is_wrapped: bool,
        /// What it says.
        report: UsualReport<'a>,
    },
    /// Any other event.
    Other(Found<'a>),
    /// Base64 of something that may hold events: the data of a subscription or of a Kinesis record, the tail of an
    /// invocation.
    Packed {
        /// Where in the chunk it is, in bytes.
        offset: usize,
        /// The function, if what is around it says so.
        origin: Origin<'a>,
        /// The base64.
        base64: &'a [u8],
    },
}

/// What is counted beside the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// REPORTs that a function quotes in its own log, as a forwarder does: they are not its invocations.
    pub quoted: u64,
    /// What begins like a REPORT and cannot be read.
    pub unreadable: u64,
    /// Bytes handed to parsers, of all chunks: at most four times what these have.
    pub handed: u64,
}

/// Whether a chunk begins and ends inside a document, one that was too long for a chunk of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cut {
    /// It begins where a document of the last chunk goes on.
    pub begins_inside: bool,
    /// Its last document goes on in the next chunk.
    pub ends_inside: bool,
}

/// Finds the events that matter for measuring in chunks of a log: REPORT, INIT_REPORT, RESTORE_REPORT, time-outs, runtime
/// errors, and the JSON events that name the function. START, END and the application's lines are passed over.
///
/// Accepted are Lambda's own lines, text and JSON; lines with a time, a stream or a group before them, as tools and exports
/// print them; and messages wrapped in JSON, compact, pretty-printed, or one document behind the other without a newline.
/// What an object says of function and time goes for the events inside it only.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    /// What is open at the end of the last chunk.
    open: Vec<Frame<'static>>,
    counts: Counts,
}

impl Scanner {
    /// Finds the events of a chunk, which is cut between lines or between documents, and inside of one only as `cut` says.
    pub fn scan(&mut self, chunk: &[u8], cut: Cut, found: impl FnMut(Scanned<'_>)) {
        let mut sink = ToReader(found);
        let mut scan = Scan::new(chunk, &mut sink);
        if cut.begins_inside {
            scan.frames = std::mem::take(&mut self.open);
        }
        scan.run(cut);
        let (open, counts, handed) = (scan.open, scan.counts, scan.budget.handed);
        self.open = if cut.ends_inside { open } else { Vec::new() };
        self.counts.quoted += counts.quoted;
        self.counts.unreadable += counts.unreadable;
        self.counts.handed += handed as u64;
    }

    /// This one, having gone on where `other` does: `other` scanned the chunks that follow.
    #[must_use]
    pub fn followed_by(mut self, other: Self) -> Self {
        self.counts.quoted += other.counts.quoted;
        self.counts.unreadable += other.counts.unreadable;
        self.counts.handed += other.counts.handed;
        self.open = other.open;
        self
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

/// Finds the events of a log that is in memory as a whole.
pub fn scan(log: &[u8], mut found: impl FnMut(Found<'_>)) {
    Scanner::default().scan(log, Cut::default(), |scanned| match scanned {
        Scanned::Usual {
            offset,
            origin,
            is_wrapped,
            report,
        } => found(Found {
            offset,
            origin,
            is_wrapped,
            event: Event::Report(report.figures.to_report(report.request_id)),
        }),
        Scanned::Other(other) => found(other),
        Scanned::Packed { .. } => {}
    });
}

/// The scan of one chunk.
pub(super) struct Scan<'a, 's, S> {
    pub(super) chunk: &'a [u8],
    pub(super) sink: &'s mut S,
    /// What is open around the place that is read.
    pub(super) frames: Vec<Frame<'a>>,
    /// The events of the document that is read.
    pub(super) pending: Vec<Pending<'a>>,
    pub(super) budget: Budget,
    pub(super) counts: Counts,
    /// Up to where objects were handed to the parser.
    pub(super) handed_until: usize,
    /// Whether the document is what a function printed, by the time or stream before it: what it wraps is quoted.
    pub(super) is_printed: bool,
    pub(super) scratch: Vec<u8>,
    /// The next needle, and from where on it is that.
    next: Option<(usize, Option<Needle>)>,
    open: Vec<Frame<'static>>,
    depth: u8,
}

impl<'a, 's, S: Sink> Scan<'a, 's, S> {
    fn new(chunk: &'a [u8], sink: &'s mut S) -> Self {
        Self {
            chunk,
            sink,
            frames: Vec::new(),
            pending: Vec::new(),
            budget: Budget::of(chunk.len()),
            counts: Counts::default(),
            handed_until: 0,
            is_printed: false,
            scratch: Vec::new(),
            next: None,
            open: Vec::new(),
            depth: 0,
        }
    }

    /// The first needle at `from` or behind; looked for once.
    #[inline]
    pub(super) fn needle_from(&mut self, from: usize) -> Option<Needle> {
        if let Some((since, needle)) = self.next
            && since <= from
            && needle.is_none_or(|needle| needle.at >= from)
        {
            return needle;
        }
        let needle = Needle::find(self.chunk, from);
        self.next = Some((from, needle));
        needle
    }

    fn run(&mut self, cut: Cut) {
        let chunk = self.chunk;
        // Everything before `done` was read; the line of the last needle begins at `line`, and from there to `seen` is no
        // newline.
        let (mut done, mut line, mut seen) = (0, 0, 0);
        if !self.frames.is_empty() {
            done = self.read_document(0, None);
        }
        while let Some(needle) = self.needle_from(done) {
            let at = needle.at;
            if needle.kind == Kind::Report
                && let Some(written) = begin_of_usual(chunk, at)
                && let Some((mut report, length)) = usual_report(&chunk[at..])
            {
                report.figures.time = written;
                self.sink.usual(at, report);
                done = at + length;
                (line, seen) = (done, done);
                continue;
            }
            if let Some(newline) = memrchr(b'\n', &chunk[seen..at]) {
                line = seen + newline + 1;
            }
            seen = at;
            done = self.around(needle, done, line);
            seen = seen.max(line);
        }
        if cut.ends_inside && done < chunk.len() && self.open.is_empty() {
            self.read_open(done);
        }
    }

    /// What the needle says with what is around it; returns where to go on. Before `done` everything was read.
    fn around(&mut self, needle: Needle, done: usize, line: usize) -> usize {
        let from = done.max(line);
        let Some((start, follows_words)) = self.begin_of_document(needle.at, done, line) else {
            // Asked once per line, of the first needle in it: a line may be as long as the log.
            if done <= line
                && let Some(end) = self.line_in_quotes(line, needle)
            {
                return end;
            }
            return self.text(needle, from, false).max(needle.end);
        };
        let before = follows_words.then(|| {
            let begin = memrchr(b'\n', &self.chunk[done..start]).map_or(done, |newline| done + newline + 1);
            begin..start
        });
        if self.whole_event(start, needle, before.clone()) {
            return self.handed_until.max(needle.end);
        }
        let end = self.read_document(start, before);
        if end > needle.at {
            return end;
        }
        // It was not in there, or is in what is no JSON any more.
        let is_broken = !self.chunk[start..end].ends_with(b"}") && !self.chunk[start..end].ends_with(b"]");
        self.text(needle, from.max(line), is_broken).max(needle.end)
    }

    /// A line that is nothing but a JSON string, which holds a document or another such string: it was written as JSON once
    /// too often. Returns where to go on.
    fn line_in_quotes(&mut self, from: usize, needle: Needle) -> Option<usize> {
        let line = self.chunk[from..].trim_ascii_start();
        let holds_json = [&b"\"{\\\""[..], b"\"[{", b"\"[\\\"", b"\"\\\""];
        if !holds_json.iter().any(|begin| line.starts_with(begin)) {
            return None;
        }
        let near = &line[..line.len().min(self.budget.left())];
        let line = &near[..memchr(b'\n', near).unwrap_or(near.len())];
        self.budget.take(line.len());
        let line = line.trim_ascii_end();
        if !line.ends_with(b"\"") {
            return None;
        }
        let begin = from + white_space(&self.chunk[from..]) + 1;
        let end = begin + line.len() - 2;
        if needle.end > end || end_of_string(self.chunk, begin, b'"') != Some(end) {
            return None;
        }
        self.is_printed = false;
        self.string(begin, end);
        for mut pending in std::mem::take(&mut self.pending) {
            // This string is no message around the document.
            (pending.is_wrapped, pending.is_rewrapped) = (false, false);
            self.finish(pending);
        }
        Some(end + 1)
    }

    /// A line that is nothing but a JSON event: there are no objects around it that could say more.
    fn whole_event(&mut self, start: usize, needle: Needle, before: Option<Range<usize>>) -> bool {
        if needle.kind != Kind::Platform || !self.chunk[start..].starts_with(b"{\"time\"") {
            return false;
        }
        let near = &self.chunk[start..self.chunk.len().min(start + JSON_EVENT)];
        let text = &near[..memchr(b'\n', near).unwrap_or(near.len())];
        if !text.trim_ascii_end().ends_with(b"}}") || !self.budget.take(text.len()) {
            return false;
        }
        let Some((parsed, length)) = json::first_event_apart(text) else {
            return false;
        };
        // Several on a line are read as documents are.
        if length != text.trim_ascii_end().len() || start + length <= needle.at {
            return false;
        }
        self.handed_until = start + length;
        match (What::of_json(parsed), before) {
            (What::Usual(report), None) => self.sink.usual(needle.at, report),
            (what, before) => {
                let prefix = before.map(|range| Prefix::read(&self.chunk[range])).unwrap_or_default();
                let mut pending = Pending::new(needle.at, what);
                pending.names = prefix.names.clone();
                pending.is_quoted = pending.what.request_id().is_some_and(|id| prefix.quotes(id.as_bytes()));
                self.finish(pending);
            }
        }
        true
    }

    /// Where the JSON begins that may hold what is at `at`, in its line or in lines above, and whether words stand before it.
    fn begin_of_document(&self, at: usize, done: usize, line: usize) -> Option<(usize, bool)> {
        let chunk = self.chunk;
        let from = done.max(line);
        let before = &chunk[from..at];
        if let Some(begin) = border::between_documents(before) {
            return Some((from + begin, false));
        }
        let head = before.len() - before.trim_ascii_start().len();
        let above = || {
            let begin = if line > done {
                border::above(chunk, done, line)
            } else {
                None
            };
            begin.map(|begin| (begin, true))
        };
        let behind = || border::behind_words(before).map(|begin| (from + begin, true));
        match before.get(head) {
            Some(b'{' | b'[') if border::begins_json(&chunk[from + head..]) => {
                let is_inside = head > 0 || !border::is_complete(&chunk[done.min(line)..line]);
                let above = if is_inside { above() } else { None };
                above.or(Some((from + head, false)))
            }
            Some(b'"' | b'\'' | b'}' | b']' | b',') => above(),
            // A bare key, as Node and YAML print it.
            Some(_) if head > 0 => above().or_else(behind),
            _ => behind(),
        }
    }

    /// Reads the document that is open at the end of the chunk, for what it says of events in the next one.
    fn read_open(&mut self, done: usize) {
        let end = self.chunk.len();
        let line = memrchr(b'\n', &self.chunk[done..end]).map_or(done, |newline| done + newline + 1);
        if let Some((start, _)) = self.begin_of_document(end, done, line) {
            self.read_document(start, None);
        }
    }

    /// Reads a document and gives its events; `before` is what stands before it in its line. Returns where to go on.
    fn read_document(&mut self, start: usize, before: Option<Range<usize>>) -> usize {
        let prefix = before.map(|range| Prefix::read(&self.chunk[range])).unwrap_or_default();
        self.is_printed = prefix.is_anchored && !prefix.is_of_container;
        let ended = self.document(start);
        let end = match ended {
            Ended::Closed(end) | Ended::Broken(end) => end,
            Ended::Open => self.chunk.len(),
        };
        // What is still open said something, too; the innermost first.
        for frame in self.frames.iter().rev() {
            frame.tell(&mut self.pending);
        }
        let frames = std::mem::take(&mut self.frames);
        if matches!(ended, Ended::Open) {
            self.open = frames.into_iter().map(Frame::into_owned).collect();
        }
        let mut all = std::mem::take(&mut self.pending);
        for mut pending in all.drain(..) {
            pending.names.complete(&prefix.names);
            pending.time = pending.time.or(prefix.time);
            self.finish(pending);
        }
        self.pending = all;
        end
    }

    /// Gives an event, unless a function quotes it.
    pub(super) fn finish(&mut self, pending: Pending<'_>) {
        if pending.is_quoted {
            self.counts.quoted += u64::from(pending.what.is_report());
        } else {
            self.sink.take(pending);
        }
    }

    /// The events in the JSON string that goes from `from` to `to`.
    pub(super) fn string(&mut self, from: usize, to: usize) {
        let literal = &self.chunk[from..to];
        if !self.budget.take(literal.len()) {
            return;
        }
        let mut text = std::mem::take(&mut self.scratch);
        unescape(literal, &mut text);
        self.plain_string(from, to, &mut text);
        self.scratch = text;
    }

    /// The events in the string from `from` to `to`, whose `text` has no escapes any more.
    pub(super) fn plain_string(&mut self, from: usize, to: usize, text: &mut Vec<u8>) {
        let literal = &self.chunk[from..to];
        if !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        // The ID has no escapes: it is the same in the literal.
        const ID: Range<usize> = 18..54;
        if let Some((report, length)) = usual_report(text)
            && length == text.len()
            && let Some(request_id) = literal.get(ID).and_then(|id| std::str::from_utf8(id).ok())
            && request_id == report.request_id
        {
            let figures = report.figures;
            let mut pending = Pending::new(from, What::Usual(UsualReport { request_id, figures }));
            (pending.is_quoted, pending.is_wrapped) = (self.is_printed, true);
            self.pending.push(pending);
        } else if self.depth < DEEPEST {
            let mut sink = InString {
                offset: from,
                pending: &mut self.pending,
                is_quoted: self.is_printed,
            };
            let mut inner = Scan::new(text, &mut sink);
            inner.budget = std::mem::take(&mut self.budget);
            inner.depth = self.depth + 1;
            inner.run(Cut::default());
            self.budget = std::mem::take(&mut inner.budget);
            self.counts.quoted += inner.counts.quoted;
            self.counts.unreadable += inner.counts.unreadable;
        }
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
