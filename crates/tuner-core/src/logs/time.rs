//! When a line was written, by what stands before it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;
use memchr::memmem;

/// `2026-10-08T06:53:49.256Z `, which exports to S3 put before every event.
const EXPORT_PREFIX: usize = 25;
/// How far before a message its time is looked for, in bytes.
const LOOK_BACK: usize = 4096;
/// Words before a message among which its time is looked for.
const WORDS: usize = 4;

/// The time of a line of which nothing but a time in the form of exports stands before `at`. Quick, since that is every
/// line of an export; what differs in anything is `None`.
#[inline]
pub(super) fn of_export(chunk: &[u8], at: usize) -> Option<Timestamp> {
    let from = at.checked_sub(EXPORT_PREFIX)?;
    let prefix = &chunk[from..at];
    let has_form = prefix[10] == b'T' && prefix.ends_with(b"Z ") && (from == 0 || chunk[from - 1] == b'\n');
    if !has_form {
        return None;
    }
    DateTimeParser::new().parse_timestamp(&prefix[..EXPORT_PREFIX - 1]).ok()
}

/// The time among the words before a message: of `aws logs tail`, `sam logs`, exports as CSV. One without a zone is
/// UTC, as CloudWatch shows it.
pub(super) fn of_prefix(prefix: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(prefix).ok()?;
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ",\"".contains(c))
        .filter(|word| !word.is_empty())
        .take(WORDS + 1)
        .collect();
    let pairs = words
        .windows(2)
        .map(|pair| pair.join(" "))
        .find_map(|pair| of_text(&pair));
    pairs.or_else(|| words.iter().find_map(|word| of_text(word)))
}

/// The nearest `timestamp` before a wrapped message, in ms since 1970 or as text.
pub(super) fn of_wrapper(before: &[u8]) -> Option<Timestamp> {
    const KEY: &[u8] = b"timestamp\"";
    let near = &before[before.len().saturating_sub(LOOK_BACK)..];
    let value = near[memmem::rfind(near, KEY)? + KEY.len()..].trim_ascii_start();
    let value = value.strip_prefix(b":")?.trim_ascii_start();
    let end = |is_end: fn(&u8) -> bool| value.iter().skip(1).position(is_end).map_or(value.len(), |at| at + 1);
    let text = match value.strip_prefix(b"\"") {
        Some(text) => &text[..end(|byte| *byte == b'"') - 1],
        None => &value[..end(|byte| !byte.is_ascii_digit())],
    };
    of_text(std::str::from_utf8(text).ok()?)
}

fn of_text(text: &str) -> Option<Timestamp> {
    // In ms it has 13 digits until the year 2286.
    if text.len() == 13
        && let Ok(ms) = text.parse::<i64>()
    {
        return Timestamp::from_millisecond(ms).ok();
    }
    // A date alone says no time.
    if !text.contains(':') {
        return None;
    }
    text.parse().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        Offset::UTC.to_timestamp(time).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-10-08T06:53:49.256Z";

    fn time() -> Option<Timestamp> {
        Some(TIME.parse().unwrap())
    }

    #[test]
    fn every_line_of_an_export_has_its_time() {
        let chunk = format!("{TIME} REPORT\n{TIME} REPORT\nx{TIME} REPORT\n2026-13-08T06:53:49.256Z REPORT");
        let found: Vec<_> = memmem::find_iter(chunk.as_bytes(), "REPORT")
            .map(|at| of_export(chunk.as_bytes(), at))
            .collect();
        assert_eq!(found, [time(), time(), None, None]);
        assert_eq!(of_export(b"REPORT", 0), None);
    }

    #[test]
    fn tools_write_times_in_many_ways() {
        for prefix in [
            format!("{TIME} 2026/10/08/pay[$LATEST]ab "),
            "2026-10-08T06:53:49.256000+00:00 2026/10/08/[$LATEST]ab ".into(),
            "2026-10-08T08:53:49.256+02:00 ".into(),
            "2026/10/08/[$LATEST]ab 2026-10-08T06:53:49.256000 ".into(),
            "1791442429256,\"".into(),
            "\"2026-10-08 06:53:49.256\",\"".into(),
        ] {
            assert_eq!(of_prefix(prefix.as_bytes()), time(), "{prefix}");
        }
        for prefix in [
            "",
            "2026-10-08 ",
            "words only ",
            "12:30 ",
            "\u{e9} \u{0}",
            "123456789012 ",
        ] {
            assert_eq!(of_prefix(prefix.as_bytes()), None, "{prefix}");
        }
        assert_eq!(of_prefix(b"\xff 1791442429256 "), None);
    }

    #[test]
    fn wrappers_name_it() {
        for before in [
            r#"{"timestamp": 1791442429256, "message": ""#,
            r#"{"timestamp":1,"message":"x"},{"timestamp":1791442429256,"message":""#,
            r#"{"@timestamp":"2026-10-08 06:53:49.256","@message":""#,
            r#"{"timestamp" : "2026-10-08T06:53:49.256Z","message":""#,
        ] {
            assert_eq!(of_wrapper(before.as_bytes()), time(), "{before}");
        }
        for before in [
            "",
            "{\"timestamp\"",
            "{\"timestamp\":\"",
            "{\"timestamp\":",
            "{\"timestamp\":true,\"message\":\"",
        ] {
            assert_eq!(of_wrapper(before.as_bytes()), None, "{before}");
        }
    }
}
