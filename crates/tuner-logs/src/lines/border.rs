//! Where documents begin: JSON among lines of text, one document behind the other, or over many lines.

use memchr::{memchr, memmem, memrchr};

/// Where in `text` the last document begins, if another one ends directly before it: `}{"key":`. That is certain without
/// reading what comes before, since inside a string the quote would have an escape before it or would end it.
pub(super) fn between_documents(text: &[u8]) -> Option<usize> {
    const TRIES: usize = 4;
    let mut end = text.len();
    for _ in 0..TRIES {
        let at = memmem::rfind(&text[..end], b"}{\"")?;
        if is_key(&text[at + 2..]) {
            return Some(at + 1);
        }
        end = at;
    }
    None
}

/// Whether this is `"key":`.
fn is_key(text: &[u8]) -> bool {
    const LONGEST: usize = 128;
    let Some(rest) = text.strip_prefix(b"\"") else {
        return false;
    };
    let Some(end) = memchr(b'"', &rest[..rest.len().min(LONGEST)]) else {
        return false;
    };
    let behind = rest[end + 1..].trim_ascii_start();
    !rest[..end].contains(&b'\\') && behind.starts_with(b":")
}

/// Whether `text` begins as JSON does, and not as a time or a level in brackets or the labels of a log line do.
pub(super) fn begins_json(text: &[u8]) -> bool {
    const NEAR: usize = 128;
    let near = &text[..text.len().min(NEAR)];
    let Some(rest) = near.get(1..).map(<[u8]>::trim_ascii_start) else {
        return false;
    };
    let word = || {
        rest.iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_$.@+-".contains(byte))
            .count()
    };
    let behind_word = |word: usize| rest[word..].trim_ascii_start().first().copied();
    match (near[0], rest.first()) {
        (b'{' | b'[', None) => true,
        (b'{', Some(b'"' | b'\'' | b'}')) => true,
        (b'[', Some(b'"' | b'\'' | b'{' | b'[')) => true,
        (b'{', Some(_)) => word() > 0 && behind_word(word()) == Some(b':'),
        (b'[', Some(_)) => word() > 0 && behind_word(word()) == Some(b','),
        _ => false,
    }
}

/// Where JSON begins behind other words of a line: `2026-01-31T00:00:00.000Z {"time": ..`.
pub(super) fn behind_words(text: &[u8]) -> Option<usize> {
    const TRIES: usize = 4;
    memchr::memchr2_iter(b'{', b'[', text).take(TRIES).find(|at| {
        let rest = text[at + 1..].trim_ascii_start();
        match text[*at] {
            b'{' => matches!(rest.first(), Some(b'"' | b'\'')) && rest.len() > 1,
            _ => matches!(rest.first(), Some(b'"' | b'\'' | b'{')) && rest.len() > 1,
        }
    })
}

/// Whether the last line of `above` is whole by itself: what follows is no part of it.
pub(super) fn is_complete(above: &[u8]) -> bool {
    !matches!(above.trim_ascii_end().last(), Some(b',' | b'{' | b'[' | b':' | b'('))
}

/// Where the document begins that goes on in the line at `line`: above it, but behind `done`.
pub(super) fn above(chunk: &[u8], done: usize, line: usize) -> Option<usize> {
    let mut best = None;
    let mut end = line;
    while end > done {
        let begin = memrchr(b'\n', &chunk[done..end - 1]).map_or(done, |newline| done + newline + 1);
        let text = chunk[begin..end].trim_ascii_end();
        match text.first() {
            Some(b'{' | b'[') if begins_json(text) => {
                best = Some(begin);
                if is_complete(&chunk[done..begin]) {
                    return best;
                }
            }
            None | Some(b' ' | b'\t' | b'"' | b'\'' | b'}' | b']' | b',') => {}
            // Words before it: a prompt, a time, a stream.
            Some(_) => {
                return match text.last() {
                    Some(b'{' | b'[') => Some(begin + text.len() - 1),
                    _ => best,
                };
            }
        }
        end = begin;
    }
    best
}

/// Where a chunk that was read from the middle of a log may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutAt {
    /// Between two lines of text or two documents.
    Border(usize),
    /// Inside a document, between two of its values.
    Inside(usize),
    /// Inside of anything: there is neither a newline nor JSON.
    Anywhere,
}

/// Where to cut `chunk`, behind which the log goes on: as near to its end as may be.
pub fn cut(chunk: &[u8]) -> CutAt {
    let mut innermost: Option<(usize, usize)> = None;
    let mut last = None;
    let mut border = None;
    for newline in memchr::memrchr_iter(b'\n', chunk) {
        let below = &chunk[newline + 1..];
        // The second line of a REPORT or of a crash, as far as it is there.
        let goes_on = [&b"XRAY"[..], b"Runtime."]
            .iter()
            .any(|word| word.starts_with(below) || below.starts_with(word));
        if goes_on {
            continue;
        }
        last = last.or(Some(newline + 1));
        if begins_event(chunk, newline + 1) {
            border = Some(newline + 1);
            break;
        }
        let indented = below.len() - below.trim_ascii_start().len();
        if below.get(indented) == Some(&b'{') && innermost.is_none_or(|(least, _)| indented < least) {
            innermost = Some((indented, newline + 1));
        }
    }
    // One behind the other, perhaps with few newlines between.
    if border.is_none_or(|at| at < chunk.len() / 2)
        && let Some(at) = between_documents(chunk)
        && border.is_none_or(|border| border < at)
    {
        return CutAt::Border(at);
    }
    if let Some(at) = border {
        return CutAt::Border(between_invocations(chunk, at));
    }
    let between_elements = || {
        let at = memmem::rfind(chunk, b"},{\"")?;
        is_key(&chunk[at + 3..]).then_some(at + 2)
    };
    match innermost.map(|(_, at)| at).or(last).or_else(between_elements) {
        Some(at) => CutAt::Inside(at),
        None => CutAt::Anywhere,
    }
}

/// Whether the line at `at` may be the first of a log event, and is not inside of a document.
fn begins_event(chunk: &[u8], at: usize) -> bool {
    match chunk[at] {
        b' ' | b'\t' | b'"' | b'\'' | b'}' | b']' | b',' => false,
        b'{' | b'[' => is_complete(&chunk[..at]),
        _ => true,
    }
}

/// Where to cut instead of before the line at `at`, so that what a runtime writes of an error in several lines stays
/// together: before the last START; where none is near, before the last line that begins with its time.
fn between_invocations(chunk: &[u8], at: usize) -> usize {
    /// How far back is looked, in bytes; [`FunctionError`](super::FunctionError)s reach no further either.
    const NEAR: usize = 8 * 1024;
    let near = at.saturating_sub(NEAR).max(at / 2);
    let line_of = |at: usize| memrchr(b'\n', &chunk[near..at]).map(|newline| near + newline + 1);
    let start = [&b"START RequestId: "[..], b"\"platform.start\""]
        .into_iter()
        .filter_map(|start| memmem::find_iter(&chunk[near..], start).last())
        .filter_map(|start| line_of(near + start))
        .filter(|line| *line <= at && begins_event(chunk, *line))
        .max();
    let timed = || {
        std::iter::once(at)
            .chain(memchr::memrchr_iter(b'\n', &chunk[near..at - 1]).map(|newline| near + newline + 1))
            .find(|line| begins_with_time(&chunk[*line..]) && begins_event(chunk, *line))
    };
    start.or_else(timed).unwrap_or(at)
}

/// `2026-01-31T`, `2026-01-31 `, also in the object of a JSON log.
fn begins_with_time(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"{\"time\":\"").unwrap_or(line);
    let is_digit = |at: usize| line.get(at).is_some_and(u8::is_ascii_digit);
    [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(is_digit) && line[4] == b'-' && matches!(line.get(10), Some(b'T' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_is_certain() {
        assert_eq!(between_documents(br#"{"a":1}{"b":2}{"c":""#), Some(14));
        assert_eq!(between_documents(br#"{"a":"x}{","b":"y}{\"c\":"}"#), None);
        assert_eq!(between_documents(br#"{"a":1}{"b":"}{","#), Some(7));
    }

    #[test]
    fn brackets_of_log_lines_are_no_json() {
        for text in [
            r#"{"a""#,
            "[{",
            "{",
            "[",
            r#"["REPORT"#,
            "[1790000000000, \"R",
            "{'a'",
            "{ events: [",
            "[\n  {",
        ] {
            assert!(begins_json(text.as_bytes()), "{text}");
        }
        for text in [
            "[1790074850305] R",
            "[INFO] x",
            "{__labels=\"x\"} ",
            "[$LATEST]ab",
            "[32m",
            "x",
        ] {
            assert!(!begins_json(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn chunks_are_cut_between_lines_and_documents() {
        fn at(text: &str) -> (&str, bool) {
            match cut(text.as_bytes()) {
                CutAt::Border(at) => (&text[at..], true),
                CutAt::Inside(at) => (&text[at..], false),
                CutAt::Anywhere => ("", false),
            }
        }
        assert_eq!(at("one\ntwo\nthree, and more words"), ("three, and more words", true));
        assert_eq!(at("REPORT\nXRAY TraceId: 1-2\t"), ("", false));
        assert_eq!(
            at("one\nREPORT of it\nXRAY TraceId: 1-2\t").0,
            "REPORT of it\nXRAY TraceId: 1-2\t"
        );
        assert_eq!(at(r#"{"a":1}{"b":2}{"c":3"#), (r#"{"c":3"#, true));
        assert_eq!(at(r#"{"a":[{"b":1},{"b":"#), (r#"{"b":"#, false));
        assert_eq!(
            at("{\n  \"a\": [\n    {\n      \"b\": 1, \"c\": 2"),
            ("    {\n      \"b\": 1, \"c\": 2", false)
        );
        assert_eq!(
            at("{\"a\":[\n{\"b\":1},\n{\"b\":2, \"c\": 333"),
            ("{\"b\":2, \"c\": 333", false)
        );
        assert_eq!(at("x".repeat(100).as_str()), ("", false));
    }

    #[test]
    fn a_document_over_many_lines_is_found_from_inside() {
        let text = "words\n$ aws logs\n{\n  \"a\": [\n    {\n      \"message\": \"";
        let line = text.rfind('\n').unwrap() + 1;
        assert_eq!(above(text.as_bytes(), 0, line), Some(text.find('{').unwrap()));
        let text = "2026 stream {\n  \"type\": \"";
        assert_eq!(above(text.as_bytes(), 0, 14), Some(12));
        assert_eq!(above(b"{\"a\":1}\n  words\n", 0, 16), Some(0));
        assert_eq!(above(b"words\n  more\n", 0, 13), None);
    }
}
