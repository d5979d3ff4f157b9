//! Where an exported line comes from, and what wraps it.

use memchr::memmem;

/// How far before a message its log stream and log group are looked for, in bytes.
const LOOK_BACK: usize = 4096;

/// `/aws/lambda/NAME` to `NAME`, also inside a path such as `backup/aws/lambda/NAME/stream/000000.gz`.
pub fn function_of_log_group(group: &str) -> Option<&str> {
    const GROUP: &str = "aws/lambda/";
    let at = group.find(GROUP)?;
    let before = &group[..at];
    let name = group[at + GROUP.len()..].split(['/', '\\']).next()?;
    (before.is_empty() || before.ends_with('/'))
        .then_some(name)
        .filter(|name| is_function_name(name))
}

/// `2026/01/31/NAME[$LATEST]0123` to `NAME`; the streams of a function's own log group have no name in them.
pub fn function_of_log_stream(stream: &[u8]) -> Option<&str> {
    let name = match stream {
        [y1, y2, y3, y4, b'/', m1, m2, b'/', d1, d2, b'/', rest @ ..]
            if [y1, y2, y3, y4, m1, m2, d1, d2]
                .iter()
                .all(|byte| byte.is_ascii_digit()) =>
        {
            &rest[..memchr::memchr(b'[', rest)?]
        }
        _ => return None,
    };
    std::str::from_utf8(name).ok().filter(|name| is_function_name(name))
}

fn is_function_name(name: &str) -> bool {
    (1..=140).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The function whose stream's name stands before a message, as `aws logs tail` prints it.
pub(super) fn function_of_prefix(prefix: &[u8]) -> Option<&str> {
    prefix
        .trim_ascii()
        .rsplit(u8::is_ascii_whitespace)
        .take(4)
        .find_map(function_of_log_stream)
}

/// The function by the `logStreamName`, `logStream` or `logGroup` that stands before a wrapped message: near it for
/// `filter-log-events`, at the head of the line for a subscription's document.
pub(super) fn function_of_wrapper<'a>(near: &'a [u8], line_head: &'a [u8]) -> Option<&'a str> {
    let near = &near[near.len().saturating_sub(LOOK_BACK)..];
    let head = &line_head[..line_head.len().min(LOOK_BACK)];
    let of_stream = |text: &'a [u8]| function_of_log_stream(value_after(text, memmem::rfind(text, b"\"logStream")?)?);
    let of_group = |text: &'a [u8]| {
        let group = value_after(text, memmem::rfind(text, b"\"logGroup")?)?;
        function_of_log_group(std::str::from_utf8(group).ok()?)
    };
    of_stream(near)
        .or_else(|| of_group(near))
        .or_else(|| of_stream(head))
        .or_else(|| of_group(head))
}

/// The string value of the key whose opening quote stands at `key`.
fn value_after(text: &[u8], key: usize) -> Option<&[u8]> {
    let rest = &text[key + 1..];
    let rest = rest[memchr::memchr(b'"', rest)? + 1..]
        .trim_ascii_start()
        .strip_prefix(b":")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
    Some(&rest[..memchr::memchr(b'"', rest)?])
}

/// The JSON string literal that `at` lies in, without its quotes, as a range of `line`; it must be the value of a key.
pub(super) fn enclosing_string(line: &[u8], at: usize) -> Option<std::ops::Range<usize>> {
    let quote = memchr::memrchr_iter(b'"', &line[..at]).find(|quote| !is_escaped(line, *quote))?;
    if !line[..quote].trim_ascii_end().ends_with(b":") {
        return None;
    }
    let end = memchr::memchr_iter(b'"', &line[at..])
        .map(|end| at + end)
        .find(|end| !is_escaped(line, *end));
    // A string that is cut off may still hold a whole event.
    Some(quote + 1..end.unwrap_or(line.len()))
}

fn is_escaped(line: &[u8], at: usize) -> bool {
    line[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Undoes JSON's escapes into `message`. What is no escape stays as it is.
pub(super) fn unescape(literal: &[u8], message: &mut Vec<u8>) {
    message.clear();
    let mut rest = literal;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        message.extend_from_slice(&rest[..at]);
        let (byte, length) = match &rest[at + 1..] {
            [b'n', ..] => (b'\n', 2),
            [b't', ..] => (b'\t', 2),
            [b'r', ..] => (b'\r', 2),
            [b'b', ..] => (0x08, 2),
            [b'f', ..] => (0x0c, 2),
            [quoted @ (b'"' | b'\\' | b'/'), ..] => (*quoted, 2),
            // Lambda's lines are ASCII; anything beyond belongs to an application and only has to keep its place.
            [b'u', digits @ ..] if digits.len() >= 4 => (ascii_of_hex(&digits[..4]).unwrap_or(b'?'), 6),
            _ => (b'\\', 1),
        };
        message.push(byte);
        rest = &rest[at + length..];
    }
    message.extend_from_slice(rest);
}

fn ascii_of_hex(digits: &[u8]) -> Option<u8> {
    let code = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    code.is_ascii().then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names_come_from_groups_paths_and_streams() {
        assert_eq!(function_of_log_group("/aws/lambda/my-fn"), Some("my-fn"));
        assert_eq!(
            function_of_log_group("/data/aws/lambda/my_fn/2026-01-01/000000.gz"),
            Some("my_fn")
        );
        assert_eq!(function_of_log_group("/laws/lambda/my_fn"), None);
        assert_eq!(function_of_log_group("my-group"), None);
        assert_eq!(
            function_of_prefix(b"2026-01-31T00:00:00.000Z 2026/01/31/pay[$LATEST]0123 "),
            Some("pay")
        );
        assert_eq!(
            function_of_prefix(b"2026-01-31T00:00:00.000Z 2026/01/31/[$LATEST]0123 "),
            None
        );
        let event = br#"{"logStreamName": "2026/01/31/pay[7]ab", "message": ""#;
        assert_eq!(function_of_wrapper(event, event), Some("pay"));
        let document = br#"{"logGroup":"/aws/lambda/ship","logStream":"2026/01/31/[7]ab","logEvents":[{"message":""#;
        assert_eq!(function_of_wrapper(document, document), Some("ship"));
    }

    #[test]
    fn escapes_are_undone() {
        let mut message = Vec::new();
        unescape(br#"a\tb\n\"c\" \\ \/ \u0041 \u00e9 \x \"#, &mut message);
        assert_eq!(message, b"a\tb\n\"c\" \\ / A ? \\x \\");
    }

    #[test]
    fn the_enclosing_string_is_a_value_and_ends_at_the_first_bare_quote() {
        let line = br#"{"message":"say \"REPORT\" now","id":"1"}"#;
        let at = memmem::find(line, b"REPORT").unwrap();
        assert_eq!(&line[enclosing_string(line, at).unwrap()], br#"say \"REPORT\" now"#);
        assert_eq!(enclosing_string(b"said \"REPORT\"", 6), None);
    }
}
