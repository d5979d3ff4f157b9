//! When a line was written, by what stands before it or beside it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;

/// `2026-10-08T06:53:49.256Z `, which exports to S3 put before every event.
const EXPORT_PREFIX: usize = 25;

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

/// The time that a word says, perhaps with the date that stands before it. One without a zone is UTC, as CloudWatch
/// shows it.
pub(super) fn of_parts(date: Option<&[u8]>, word: &[u8]) -> Option<Timestamp> {
    let word = word.strip_prefix(b"[").unwrap_or(word);
    let word = word.strip_suffix(b"]").unwrap_or(word);
    match date {
        Some(date) if is_clock(word) => of_value(&[date, b"T", word].concat()),
        _ => of_value(word),
    }
}

/// A date alone says no time.
pub(super) fn is_date(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"[").unwrap_or(word);
    matches!(word, [y1, y2, y3, y4, s1, m1, m2, s2, d1, d2]
        if (matches!((s1, s2), (b'-', b'-') | (b'/', b'/')))
            && [y1, y2, y3, y4, m1, m2, d1, d2].iter().all(|byte| byte.is_ascii_digit()))
}

/// `12:30:45.678`, perhaps with a zone.
fn is_clock(word: &[u8]) -> bool {
    matches!(word, [h1, h2, b':', m1, m2, b':', ..] if [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit()))
}

/// Since 1970 in s, ms, us or ns, which the number of digits tells until the year 2286; or as text.
pub(super) fn of_value(value: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return match text.len() {
            10 => Timestamp::from_second(number),
            13 => Timestamp::from_millisecond(number),
            16 => Timestamp::from_microsecond(number),
            19 => Timestamp::from_nanosecond(i128::from(number)),
            _ => return None,
        }
        .ok();
    }
    if let Some((seconds, _)) = text.split_once('.')
        && seconds.len() == 10
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        let ms = (text.parse::<f64>().ok()? * 1000.0).round();
        return Timestamp::from_millisecond(ms as i64).ok();
    }
    if !(16..=40).contains(&text.len()) || !text.contains(':') || !text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let iso = |text: &str| -> Option<Timestamp> {
        text.parse().ok().or_else(|| {
            let time: DateTime = text.parse().ok()?;
            Offset::UTC.to_timestamp(time).ok()
        })
    };
    iso(text).or_else(|| match text.as_bytes() {
        [_, _, _, _, b'/', _, _, b'/', ..] => iso(&text.replacen('/', "-", 2)),
        _ => None,
    })
}

/// A time without a zone, `2026-09-22 07:52:57.523`, that is `offset` (`+02:00`) ahead of UTC.
pub(super) fn with_offset(time: Timestamp, offset: &[u8]) -> Option<Timestamp> {
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = offset else {
        return None;
    };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let seconds = (digit(h1)? * 10 + digit(h2)?) * 3600 + (digit(m1)? * 10 + digit(m2)?) * 60;
    let seconds = if *sign == b'+' { seconds } else { -seconds };
    time.checked_sub(jiff::SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use memchr::memmem;

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
    fn times_are_written_in_many_ways() {
        for value in [
            TIME,
            "2026-10-08T06:53:49.256000+00:00",
            "2026-10-08T08:53:49.256+02:00",
            "2026-10-08T06:53:49.256000",
            "2026-10-08 06:53:49.256",
            "2026/10/08 06:53:49.256",
            "2026-10-08T06:53:49.2560000Z",
            "1791442429256",
            "1791442429.256",
            "1791442429256000",
            "1791442429256000000",
        ] {
            assert_eq!(of_value(value.as_bytes()), time(), "{value}");
        }
        for value in [
            "",
            "2026-10-08",
            "12:30",
            "words",
            "123456789012",
            "\u{e9}",
            "9999999999999999999",
            "12345:67890123456",
        ] {
            assert_eq!(of_value(value.as_bytes()), None, "{value}");
        }
        assert_eq!(of_parts(Some(b"2026-10-08"), b"06:53:49.256"), time());
        let local = of_value(b"2026-10-08 08:53:49.256").unwrap();
        assert_eq!(with_offset(local, b"+02:00"), time());
        assert_eq!(with_offset(local, b"+2"), None);
    }
}
