//! Logs in base64: what `aws lambda invoke --log-type Tail --query LogResult` prints, line by line, in a column of a table
//! or behind a header of HTTP, and whole files.

use std::io::{self, BufRead, BufReader, Read};

use base64::read::DecoderReader;
use memchr::memmem;

use super::packed::{BASE64, unpack};

/// Shorter words are names and numbers.
const SHORTEST: usize = 64;
/// A tail has at most 4 KB (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>); longer lines hold none.
const LONGEST: u64 = 1 << 16;
/// Where `base64` and MIME, and PEM, break their lines.
const WIDTHS: [usize; 2] = [76, 64];

/// How base64 stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base64 {
    /// The whole log, in lines of one width.
    Wrapped,
    /// Words of lines, each a text.
    Words,
}

impl Base64 {
    /// By the beginning of a log.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let head = head.trim_ascii_start();
        // In JSON strings it is found by their keys.
        if head.starts_with(b"{") || head.starts_with(b"[") {
            return None;
        }
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let first = lines.next()?;
        let next = lines.next().unwrap_or_default();
        let holds_log = |word: &[u8]| is_base64(word) && (begins_text(word) || word.starts_with(b"H4sI"));
        if WIDTHS.contains(&first.len()) && holds_log(first) && !next.is_empty() && is_base64(next) {
            return Some(Self::Wrapped);
        }
        // Lines of gzip are found where they stand.
        let has = |line: &[u8], is_log: fn(&[u8]) -> bool| {
            words(line).any(|word| word.len() >= SHORTEST && is_base64(word) && is_log(word))
        };
        // A log that has Lambda's own lines may print base64 of anything.
        let is_log = || memmem::find(head, b"RequestId: ").is_some();
        (has(first, begins_text) || !is_log() && head.split(|byte| *byte == b'\n').any(|line| has(line, begins_log)))
            .then_some(Self::Words)
    }

    /// The text behind it.
    pub(crate) fn decode<'r>(self, reader: impl Read + Send + 'r) -> Box<dyn Read + Send + 'r> {
        match self {
            Self::Wrapped => Box::new(DecoderReader::new(WithoutNewlines(reader), &BASE64)),
            Self::Words => Box::new(Words {
                lines: BufReader::new(reader),
                line: Vec::new(),
                text: io::Cursor::default(),
            }),
        }
    }
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| byte.is_ascii_whitespace() || b"\"',;|".contains(byte))
        .filter(|word| !word.is_empty())
}

fn is_base64(word: &[u8]) -> bool {
    let padding = word.iter().rev().take_while(|byte| **byte == b'=').count();
    padding <= 2
        && word[..word.len() - padding]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

/// Whether what is in base64 begins as the lines of a log do; the word may be cut off.
fn begins_text(word: &[u8]) -> bool {
    let begin = &word[..word.len().min(4 * SHORTEST) & !3];
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t' | 0x80..);
    // Hexadecimal and other names decode to bytes of all kinds.
    unpack(begin).is_some_and(|text| text.contains(&b' ') && text.iter().all(is_text))
}

/// Whether it begins as a log of Lambda's does.
fn begins_log(word: &[u8]) -> bool {
    let begin = &word[..word.len().min(4 * SHORTEST) & !3];
    unpack(begin).is_some_and(|text| {
        memmem::find(&text, b"RequestId: ").is_some() || memmem::find(&text, b"\"platform.").is_some()
    })
}

struct WithoutNewlines<R>(R);

impl<R: Read> Read for WithoutNewlines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let mut kept = 0;
            for at in 0..read {
                if !buffer[at].is_ascii_whitespace() {
                    buffer[kept] = buffer[at];
                    kept += 1;
                }
            }
            // Nothing is the end, and a line's end is not.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

struct Words<R> {
    lines: R,
    line: Vec<u8>,
    text: io::Cursor<Vec<u8>>,
}

impl<R: BufRead> Read for Words<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.text.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.line.clear();
            if self.lines.by_ref().take(LONGEST).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(0);
            }
            let mut text = Vec::new();
            let mut is_decoded = false;
            for word in words(&self.line) {
                let decoded = (word.len() >= SHORTEST && is_base64(word))
                    .then(|| unpack(word))
                    .flatten();
                is_decoded |= decoded.is_some();
                text.extend(decoded.as_deref().unwrap_or(word));
                text.push(b'\n');
            }
            self.text = io::Cursor::new(if is_decoded { text } else { self.line.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::*;

    const LOG: &str =
        "START RequestId: 1b Version: $LATEST\nREPORT RequestId: 1b\tDuration: 1.50 ms\tBilled Duration: 2 ms\t\n";

    fn decoded(text: &str) -> Option<String> {
        let mut plain = String::new();
        Base64::of(&text.as_bytes()[..text.len().min(512)])?
            .decode(text.as_bytes())
            .read_to_string(&mut plain)
            .unwrap();
        Some(plain)
    }

    #[test]
    fn tails_of_invocations_are_decoded_where_they_stand() {
        let base64 = BASE64.encode(LOG);
        for (text, expected) in [
            (format!("{base64}\n{base64}\n"), format!("{LOG}\n{LOG}\n")),
            (format!("\"{base64}\"\n"), format!("{LOG}\n")),
            (
                format!("$LATEST\t{base64}\t200\nwords\n"),
                format!("$LATEST\n{LOG}\n200\nwords\n"),
            ),
        ] {
            assert_eq!(decoded(&text).as_deref(), Some(&*expected), "{text}");
        }
    }

    #[test]
    fn a_wrapped_file_is_one() {
        let long = LOG.repeat(20);
        for width in WIDTHS {
            let base64 = BASE64.encode(&long);
            let lines: Vec<&str> = base64
                .as_bytes()
                .chunks(width)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            assert_eq!(decoded(&lines.join("\r\n")).as_deref(), Some(&*long));
        }
    }

    #[test]
    fn other_logs_are_left_alone() {
        let base64 = BASE64.encode(LOG);
        for text in [
            LOG.to_owned(),
            String::new(),
            format!("{{\"LogResult\":\"{base64}\"}}"),
            "0123456789abcdef".repeat(8),
            "A".repeat(200),
            format!("{}\n", "2026/01/31/LATEST/".repeat(12)),
        ] {
            assert_eq!(Base64::of(text.as_bytes()), None, "{text}");
        }
    }
}
