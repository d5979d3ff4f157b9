use std::io::{self, Read};

use memchr::{memmem, memrchr};

/// Cuts a stream into chunks of whole lines, none longer than a fixed size.
///
/// A line that does not fit is cut too: at the boundary of two JSON objects if there is one (documents of one huge
/// line), anywhere else otherwise.
pub(crate) struct Chunks<R> {
    reader: R,
    size: usize,
    /// What was read beyond the last cut.
    rest: Vec<u8>,
    ended: bool,
}

/// How much of a buffer was filled; nothing at the end. With an error nothing more comes, but what was read before it
/// is there.
pub(crate) struct Filled {
    pub(crate) length: usize,
    pub(crate) error: Option<io::Error>,
}

impl<R: Read> Chunks<R> {
    pub(crate) fn new(reader: R, size: usize) -> Self {
        Self {
            reader,
            size,
            rest: Vec::new(),
            ended: false,
        }
    }

    /// Fills the front of `buffer`, whose memory is reused, with the next lines.
    pub(crate) fn next_into(&mut self, buffer: &mut Vec<u8>) -> Filled {
        if buffer.len() != self.size {
            *buffer = vec![0; self.size];
        }
        buffer[..self.rest.len()].copy_from_slice(&self.rest);
        let mut length = self.rest.len();
        self.rest.clear();
        let mut error = None;
        while length < self.size && !self.ended {
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
        if !self.ended {
            let cut = cut(&buffer[..length]);
            self.rest.extend_from_slice(&buffer[cut..length]);
            length = cut;
        }
        Filled { length, error }
    }
}

/// Where a full chunk ends: behind its last newline, unless the lines below it belong to a REPORT.
fn cut(chunk: &[u8]) -> usize {
    match memrchr(b'\n', chunk) {
        // Never in front of an XRAY line or the error type of a crash: the event goes on there.
        Some(newline) => match last_complete_line(chunk, newline) {
            0 => newline + 1,
            start => start,
        },
        None => memmem::rfind(chunk, b"},{").map_or(chunk.len(), |at| at + 2),
    }
}

/// The beginning of the last whole line, if that begins an event whose second line may follow; else its end.
fn last_complete_line(chunk: &[u8], newline: usize) -> usize {
    let start = memrchr(b'\n', &chunk[..newline]).map_or(0, |before| before + 1);
    let line = &chunk[start..newline];
    let may_go_on = memmem::find(line, b"REPORT").is_some() || memmem::find(line, b"Runtime exited").is_some();
    if may_go_on { start } else { newline + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &str, size: usize) -> Vec<String> {
        let mut chunks = Chunks::new(text.as_bytes(), size);
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
    fn a_line_without_end_is_cut_between_objects_or_anywhere() {
        assert_eq!(chunks("{1},{2},{3}", 9), ["{1},{2},", "{3}"]);
        assert_eq!(chunks("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
    }

    #[test]
    fn what_was_read_before_an_error_is_kept() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let mut chunks = Chunks::new(b"one\ntwo\n".chain(Broken), 100);
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
