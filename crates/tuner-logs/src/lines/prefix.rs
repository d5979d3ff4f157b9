//! What stands before a message in its line: times, streams and groups that tools put there, or words of a function that
//! only quotes the message.

use jiff::Timestamp;

use super::origin::{self, Names};
use super::time;

/// What tools print before a message stays far below; of longer ones the beginning and the end are read.
const LONGEST: usize = 2048;

/// What the text before a message says.
#[derive(Default)]
pub(super) struct Prefix<'a> {
    pub(super) time: Option<Timestamp>,
    pub(super) names: Names<'a>,
    /// Whether a tool that reads CloudWatch wrote a time, a stream or a group here: what follows is a whole message.
    pub(super) is_anchored: bool,
    /// Whether a container runtime wrote it: what follows is what the container's log driver made of a line.
    pub(super) is_of_container: bool,
    /// A time that was written without a zone, which may follow.
    naive: Option<Timestamp>,
    /// The last UUID.
    id: Option<&'a [u8]>,
    has_level: bool,
    /// Words that stand directly before the message.
    words: usize,
    follows_end: bool,
}

impl<'a> Prefix<'a> {
    pub(super) fn read(text: &'a [u8]) -> Self {
        let mut prefix = Self::default();
        if text.len() <= LONGEST {
            prefix.add(text);
        } else {
            prefix.add(&text[..LONGEST / 2]);
            prefix.words = 0;
            prefix.add(&text[text.len() - LONGEST / 2..]);
        }
        prefix
    }

    /// Whether the REPORT of `request_id` that follows is a part of what a function printed, and not Lambda's own line:
    /// behind the request ID of another invocation, a level, or words. Some tools put the line's own ID before it.
    pub(super) fn quotes(&self, request_id: &[u8]) -> bool {
        if self.follows_end {
            return false;
        }
        match self.id {
            Some(id) => id != request_id,
            None => self.has_level || self.words > usize::from(!self.is_anchored),
        }
    }

    fn add(&mut self, text: &'a [u8]) {
        let mut date: Option<&[u8]> = None;
        for raw in text.split(u8::is_ascii_whitespace) {
            let raw = without_colours(raw);
            if raw.is_empty() {
                continue;
            }
            let mut is_known = false;
            for part in raw
                .split(|byte| b",;\"'|{}()=".contains(byte))
                .filter(|part| !part.is_empty())
            {
                let of_date = date.take();
                is_known = true;
                if let Some(utc) = self.naive.take().and_then(|time| time::with_offset(time, part)) {
                    self.time = Some(utc);
                } else if let Some(stream) = origin::as_stream(part) {
                    self.names.stream.get_or_insert(stream.into());
                    self.is_anchored = true;
                    (self.has_level, self.id) = (false, None);
                } else if let Some(group) = origin::as_group(part) {
                    self.names.group.get_or_insert(group.into());
                    self.is_anchored = true;
                    (self.has_level, self.id) = (false, None);
                } else if let Some(written) = time::of_parts(of_date, part) {
                    if self.time.is_none() {
                        self.time = Some(written);
                        self.naive = of_date.map(|_| written);
                    }
                    self.is_anchored = true;
                    self.id = None;
                } else if time::is_date(part) {
                    date = Some(part);
                } else if is_uuid(part.trim_ascii_end()) {
                    self.id = Some(part);
                } else if is_level(part) {
                    self.has_level = true;
                } else if of_date.is_none() {
                    is_known = false;
                }
            }
            self.is_of_container |= matches!(raw, b"stdout" | b"stderr");
            let is_punctuation = !raw.iter().any(u8::is_ascii_alphanumeric);
            let ends_part = raw.ends_with(b"|")
                || raw.ends_with(b"]")
                || raw.ends_with(b"]:")
                || raw.ends_with(b"}")
                || raw.ends_with(b")")
                || raw.ends_with(b",")
                || raw.ends_with(b";")
                || raw.ends_with(b"\"")
                || raw.ends_with(b"(")
                // A field of Logs Insights, before its value.
                || raw.starts_with(b"@")
                || raw.contains(&b'=')
                || is_of_a_stream(raw)
                || raw.iter().all(u8::is_ascii_digit);
            if raw.ends_with(b"RequestId.") || raw.ends_with(b"RequestId:") {
                self.follows_end = true;
            }
            if is_known || ends_part {
                self.words = 0;
                if raw.ends_with(b"|") {
                    (self.has_level, self.id) = (false, None);
                }
            } else if !is_punctuation {
                self.words += 1;
            }
        }
    }
}

/// What container runtimes put before a line (`2026-... stdout F`), and the AWS CLI's `--output text`.
fn is_of_a_stream(word: &[u8]) -> bool {
    matches!(word, b"stdout" | b"stderr" | b"F" | b"P" | b"EVENTS" | b"RESULTS")
}

fn is_level(word: &[u8]) -> bool {
    let word = word.trim_ascii();
    let word = word.strip_prefix(b"[").unwrap_or(word);
    let word = word.strip_suffix(b":").unwrap_or(word);
    let word = word.strip_suffix(b"]").unwrap_or(word);
    [
        &b"INFO"[..],
        b"WARN",
        b"WARNING",
        b"ERROR",
        b"DEBUG",
        b"TRACE",
        b"FATAL",
        b"CRITICAL",
        b"NOTICE",
    ]
    .into_iter()
    .any(|level| level.eq_ignore_ascii_case(word))
}

pub(super) fn is_uuid(word: &[u8]) -> bool {
    word.len() == 36
        && word.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Without the escape sequences (`ESC[32m`) at both ends.
pub(super) fn without_colours(mut word: &[u8]) -> &[u8] {
    while let Some(length) = length_of_colour(word) {
        word = &word[length..];
    }
    while let Some(at) = memchr::memrchr(0x1b, word) {
        if at + length_of_colour(&word[at..]).unwrap_or(0) != word.len() {
            break;
        }
        word = &word[..at];
    }
    word
}

/// Without the escape sequence at its end.
pub(super) fn without_last_colour(text: &[u8]) -> &[u8] {
    const LONGEST: usize = 24;
    let near = text.len().saturating_sub(LONGEST);
    match memchr::memrchr(0x1b, &text[near..]).map(|at| near + at) {
        Some(at) if length_of_colour(&text[at..]) == Some(text.len() - at) => &text[..at],
        _ => text,
    }
}

/// Of the escape sequence that `text` begins with.
pub(super) fn length_of_colour(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"\x1b[")?;
    let parameters = rest
        .iter()
        .take(24)
        .take_while(|byte| byte.is_ascii_digit() || b";:?".contains(byte))
        .count();
    rest.get(parameters)
        .filter(|byte| byte.is_ascii_alphabetic())
        .map(|_| 2 + parameters + 1)
}

/// `text` with all escape sequences left out.
pub(super) fn strip_colours(text: &[u8], stripped: &mut Vec<u8>) {
    stripped.clear();
    let mut rest = text;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        stripped.extend_from_slice(&rest[..at]);
        rest = &rest[at + length_of_colour(&rest[at..]).unwrap_or(1)..];
    }
    stripped.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::Origin;

    const ID: &str = "9f893716-27fc-49b4-8729-5745eeaafe3d";

    #[test]
    fn tools_are_told_from_functions() {
        for prefix in [
            "",
            "2026-09-22T03:11:10.613Z ",
            "2026-09-22T03:11:10.613000+00:00 2026/09/21/[$LATEST]ab ",
            "\u{1b}[32m/aws/lambda/pay\u{1b}[0m \u{1b}[36m2026/09/21/[7]ab\u{1b}[0m ",
            "lambda-1  | ",
            "pay: ",
            "[1790074850305] ",
            "2026-09-22T03:11:10.613Z stdout F ",
            "Sep 21 17:41:40 host python[123]: ",
            "build\tRun tests\t2026-09-21T18:14:45.0870000Z ",
            "2026-09-21T20:13:23Z {__aws_cloudwatch_log_group=\"/aws/lambda/pay\", owner=\"1\"} ",
            "EVENTS\t1074625995771615554425293557951103696880186489321639297\t1790050710478\t2026/09/21/[$LATEST]4b\t",
            "1790056377523,\"",
            "2026-09-21 17:41:40.475 (+02:00)\t",
            "2026-09-22T03:11:10.613Z 9f893716-27fc-49b4-8729-5745eeaafe3d ",
        ] {
            assert!(!Prefix::read(prefix.as_bytes()).quotes(ID.as_bytes()), "{prefix:?}");
        }
        let other = "b990efef-541b-4036-97d5-48d891131ca1";
        for prefix in [
            format!("2026-09-21T20:35:26.456Z 2026-09-21T20:35:26.456Z\t{other}\tINFO\tforwarding: "),
            format!("2026-09-21T20:35:26.456Z\t{other}\tINFO\t"),
            format!("[INFO]\t2026-09-21T20:35:26.456Z\t{other}\t"),
            "2026-09-21T20:35:26.456Z got ".into(),
            "2026-09-21T20:35:26.456Z - info: ".into(),
            "now forwarding ".into(),
            "level=INFO msg=\"".into(),
        ] {
            assert!(Prefix::read(prefix.as_bytes()).quotes(ID.as_bytes()), "{prefix:?}");
        }
    }

    #[test]
    fn times_and_names_are_found() {
        let time = |prefix: &str| Prefix::read(prefix.as_bytes()).time.map(|time| time.to_string());
        for (prefix, expected) in [
            ("[1790074850305] ", "2026-09-22T11:00:50.305Z"),
            ("2026-09-21T21:57:00 ", "2026-09-21T21:57:00Z"),
            ("1790056377523;\"", "2026-09-22T05:52:57.523Z"),
            ("\"2026-09-22 05:52:57.523\",\"", "2026-09-22T05:52:57.523Z"),
            ("2026-09-22 07:52:57.523 (+02:00)\t", "2026-09-22T05:52:57.523Z"),
            ("2026-09-21T18:14:45.0870000Z ", "2026-09-21T18:14:45.087Z"),
        ] {
            assert_eq!(time(prefix).as_deref(), Some(expected), "{prefix}");
        }
        for prefix in ["12:30 ", "2026-10-08 ", "Sep 21 17:41:40 host ", "123456789012 "] {
            assert_eq!(time(prefix), None, "{prefix}");
        }
        let function = |prefix: &'static str| {
            Prefix::read(prefix.as_bytes())
                .names
                .origin()
                .function
                .map(str::to_owned)
        };
        assert_eq!(
            function("/aws/lambda/pay 2026/09/21/[$LATEST]ab ").as_deref(),
            Some("pay")
        );
        assert_eq!(
            function("/aws/lambda/shared 2026/09/21/ship[7]ab ").as_deref(),
            Some("ship")
        );
        assert_eq!(
            function("x {__aws_cloudwatch_log_group=\"/aws/lambda/pay\"} ").as_deref(),
            Some("pay")
        );
        assert_eq!(Prefix::read(b"words ").names.origin(), Origin::default());
    }
}
