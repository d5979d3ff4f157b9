use std::io::{self, Read};

use crate::lines::{self, Cut, CutAt, Table};
use memchr::memchr;

/// Cuts a stream into chunks of whole lines and whole documents.
///
/// A line or document that does not fit makes its chunk larger, up to a bound; one beyond that is cut too, between two of
/// its elements, and both sides know.
pub(crate) struct Chunks<R> {
    reader: R,
    size: usize,
    largest: usize,
    /// What was read beyond the last cut.
    rest: Vec<u8>,
    ended: bool,
    is_inside: bool,
    is_table: bool,
}

/// How much of a buffer was filled; nothing at the end. With an error nothing more comes, but what was read before it
/// is there.
pub(crate) struct Filled {
    pub(crate) length: usize,
    pub(crate) cut: Cut,
    pub(crate) error: Option<io::Error>,
}

impl<R: Read> Chunks<R> {
    pub(crate) fn new(reader: R, size: usize, largest: usize) -> Self {
        Self {
            reader,
            size,
            largest: largest.max(size),
            rest: Vec::new(),
            ended: false,
            is_inside: false,
            is_table: false,
        }
    }

    /// Whether its lines are rows, each whole by itself.
    pub(crate) fn is_table(&mut self, is_table: bool) {
        self.is_table = is_table;
    }

    /// Fills the front of `buffer`, whose memory is reused, with the next lines.
    pub(crate) fn next_into(&mut self, buffer: &mut Vec<u8>) -> Filled {
        let mut size = self.size.max(self.rest.len());
        if buffer.len() != size {
            buffer.resize(size, 0);
            buffer.shrink_to(size);
        }
        buffer[..self.rest.len()].copy_from_slice(&self.rest);
        let mut length = self.rest.len();
        self.rest.clear();
        let mut error = None;
        let begins_inside = std::mem::take(&mut self.is_inside);
        loop {
            while length < size && !self.ended {
                match self.reader.read(&mut buffer[length..]) {
                    Ok(0) => self.ended = true,
                    Ok(read) => length += read,
                    Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => {}
                    Err(broken) => {
                        self.ended = true;
                        error = Some(broken);
                    }
                }
            }
            if self.ended {
                break;
            }
            let whole = &buffer[..length];
            let at = match lines::cut(whole) {
                _ if self.is_table => Table::cut(whole),
                CutAt::Border(at) => at,
                // A long line, or a document on one.
                _ if size < self.largest && memchr(b'\n', whole).is_none() => {
                    size = (2 * size).min(self.largest);
                    buffer.resize(size, 0);
                    continue;
                }
                CutAt::Inside(at) => {
                    self.is_inside = true;
                    at
                }
                CutAt::Anywhere => length,
            };
            self.rest.extend_from_slice(&buffer[at..length]);
            length = at;
            break;
        }
        let cut = Cut {
            begins_inside,
            ends_inside: self.is_inside,
        };
        Filled { length, cut, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &str, size: usize) -> Vec<String> {
        let mut chunks = Chunks::new(text.as_bytes(), size, size);
        let (mut chunk, mut all) = (Vec::new(), Vec::new());
        loop {
            let length = chunks.next_into(&mut chunk).length;
            if length == 0 {
                return all;
            }
            all.push(String::from_utf8(chunk[..length].to_vec()).unwrap());
        }
    }

    #[test]
    fn nothing_is_lost_and_lines_stay_whole() {
        let text = "one\ntwo\nthree\nfour\nand the last without newline";
        for size in 32..60 {
            let all = chunks(text, size);
            assert_eq!(all.concat(), text);
            assert!(
                all[..all.len() - 1].iter().all(|chunk| chunk.ends_with('\n')),
                "{all:?}"
            );
        }
        assert!(chunks("", 10).is_empty());
    }

    #[test]
    fn a_report_stays_with_its_second_line() {
        let text = "some words\nREPORT RequestId: a\nXRAY TraceId: 1\nmore words\n";
        for size in 40..text.len() {
            let all = chunks(text, size);
            assert_eq!(all.concat(), text);
            assert!(
                all.iter()
                    .any(|chunk| chunk.contains("REPORT RequestId: a\nXRAY TraceId: 1\n")),
                "{size} {all:?}"
            );
        }
    }

    #[test]
    fn a_line_without_end_makes_a_larger_chunk_and_is_cut_between_elements_or_anywhere() {
        let document = r#"[{"a":1},{"b":2},{"c":3}]"#;
        assert_eq!(chunks(document, 18), [r#"[{"a":1},"#, r#"{"b":2},{"c":3}]"#]);
        assert_eq!(chunks("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
        let mut grown = Chunks::new("aaaaaaaaaa\nbbb".as_bytes(), 4, 32);
        let mut buffer = Vec::new();
        assert_eq!(grown.next_into(&mut buffer).length, 14);
    }

    #[test]
    fn both_sides_know_of_a_cut_inside() {
        let document = r#"[{"a":1},{"b":2},{"c":3}]"#;
        let mut chunks = Chunks::new(document.as_bytes(), 18, 18);
        let mut buffer = Vec::new();
        let cuts = [(); 3]
            .map(|()| chunks.next_into(&mut buffer).cut)
            .map(|cut| (cut.begins_inside, cut.ends_inside));
        assert_eq!(cuts, [(false, true), (true, false), (false, false)]);
    }

    /// What runtimes say in a log that is read in chunks of `size` bytes.
    fn told(log: &str, size: usize) -> Vec<String> {
        let mut told = Vec::new();
        for chunk in chunks(log, size) {
            lines::scan_errors(chunk.as_bytes(), |line| told.push(format!("{:?}", line.said)));
        }
        told
    }

    #[test]
    fn an_error_is_told_once_wherever_its_log_is_cut() {
        const ID: &str = "c3252230-c73d-49f6-8844-968c01d1e2e1";
        let events = [
            "[ERROR] NotFound: two\nlines of it\nTraceback (most recent call last):\n  File \"app.py\", line 3",
            "the order: java.lang.IllegalStateException\njava.lang.IllegalStateException: the order\n\tat x.Y.z(Y.java:3)\n\tat x.Y.w(Y.java:4)\nCaused by: java.io.IOException: no\n\tat x.Y.v(Y.java:9)",
            &format!(
                "2026-01-31T10:00:00.000Z\t{ID}\tfail\tSystem.InvalidOperationException: no\n   at X.Y.Z()\n   at X.Y.W()"
            ),
            "panic: it is over\n\ngoroutine 1 [running]:\nmain.main()\n\t/main.go:5 +0x1d",
            "thread 'main' panicked at src/main.rs:5:5:\nit is over\nnote: run with `RUST_BACKTRACE=1`",
            "{\n  \"errorMessage\": \"no\",\n  \"errorType\": \"Function<TypeError>\",\n  \"stackTrace\": [\n    \"app.rb:3\"\n  ]\n}",
        ];
        let of = |time: &str| -> String {
            let invocation = |event: &&str| {
                format!(
                    "{time}START RequestId: {ID} Version: 7\n{time}some words of an application\n{time}{event}\n{time}END RequestId: {ID}\n\
                     {time}REPORT RequestId: {ID}\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 9 MB\t\n",
                )
            };
            events.iter().map(invocation).collect()
        };
        // As CloudWatch exports it, and with the times left out.
        for time in ["2026-01-31T10:00:00.000Z ", ""] {
            let log = of(time);
            let whole = told(&log, log.len() + 1);
            assert!(whole.len() >= 2 * events.len() - 2, "{whole:#?}");
            for size in 1400..log.len() {
                assert_eq!(told(&log, size), whole, "{size}");
            }
        }
        // No START is near.
        let words = "2026-01-31T10:00:00.000Z words of an application\n".repeat(40);
        let log = format!("{words}2026-01-31T10:00:00.000Z {}\n{words}", events[0]);
        assert_eq!(told(&log, log.len() + 1).len(), 1);
        for size in words.len()..log.len() - words.len() + 100 {
            assert_eq!(told(&log, size).len(), 1, "{size}");
        }
    }

    #[test]
    fn what_was_read_before_an_error_is_kept() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let mut chunks = Chunks::new(b"one\ntwo\n".chain(Broken), 100, 100);
        let mut chunk = Vec::new();
        let filled = chunks.next_into(&mut chunk);
        assert_eq!(
            (&chunk[..filled.length], filled.error.is_some()),
            (&b"one\ntwo\n"[..], true)
        );
        let filled = chunks.next_into(&mut chunk);
        assert!(filled.length == 0 && filled.error.is_none());
    }
}
