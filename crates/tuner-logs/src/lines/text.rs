//! The text form. Lambda separates fields by tabs, documentation and emulators by blanks, and both vary; so a line is
//! read as words: some that end in a colon are a label, and what follows is its value.

use super::{
    End, Event, InitReport, Report, RestoreReport, RuntimeError, RuntimeVersion, Start, Status, TimedOut, XRay,
};

/// Longer words are no id, status or error type of Lambda's.
const LONGEST_VALUE: usize = 512;
/// Longer messages of a crash are cut.
const LONGEST_MESSAGE: usize = 1024;

/// The words of a line, by any ASCII white space.
pub(super) struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    fn peek(&mut self) -> Option<&'a [u8]> {
        self.rest = self.rest.trim_ascii_start();
        let end = self
            .rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(self.rest.len());
        (end > 0).then(|| &self.rest[..end])
    }

    /// The word as a value; a label there means that the value is missing.
    fn value(&mut self) -> Option<&'a str> {
        let word = self
            .peek()
            .filter(|word| !word.ends_with(b":") && word.len() <= LONGEST_VALUE)?;
        self.next();
        std::str::from_utf8(word).ok()
    }

    /// A number with its unit, `74.59 ms`. Without the unit the line is cut, perhaps in the middle of the number.
    fn number(&mut self, unit: &[u8]) -> Option<&'a str> {
        let word = self.peek().filter(|word| word[0].is_ascii_digit())?;
        self.next();
        let digits = word
            .iter()
            .position(|byte| !byte.is_ascii_digit() && *byte != b'.')
            .unwrap_or(word.len());
        let (number, glued) = word.split_at(digits);
        if glued.is_empty() {
            self.peek().filter(|word| is_unit(word, unit))?;
            self.next();
        } else if !is_unit(glued, unit) {
            return None;
        }
        std::str::from_utf8(number).ok()
    }

    fn decimal(&mut self, unit: &[u8]) -> Option<f64> {
        self.number(unit)?.parse().ok().filter(|value: &f64| value.is_finite())
    }

    fn whole(&mut self, unit: &[u8]) -> Option<u64> {
        let number = self.number(unit)?;
        number
            .parse()
            .ok()
            .or_else(|| number.parse().ok().and_then(whole_of_float))
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let word = self.peek()?;
        self.rest = &self.rest[word.len()..];
        Some(word)
    }
}

/// `MB`, also with a quote or comma behind it as CSV exports have.
fn is_unit(word: &[u8], unit: &[u8]) -> bool {
    word.strip_prefix(unit)
        .is_some_and(|rest| rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric()))
}

/// A float that stands for a whole number, which some tools write.
pub(super) fn whole_of_float(value: f64) -> Option<u64> {
    (0.0..=9.0e15).contains(&value).then_some(value.round() as u64)
}

/// All labels of REPORT, INIT_REPORT, RESTORE_REPORT and the START lines.
#[derive(Default)]
struct Fields<'a> {
    duration_ms: Option<f64>,
    billed_duration_ms: Option<u64>,
    memory_size_mb: Option<u64>,
    max_memory_used_mb: Option<u64>,
    init_duration_ms: Option<f64>,
    restore_duration_ms: Option<f64>,
    billed_restore_duration_ms: Option<u64>,
    status: Option<&'a str>,
    error_type: Option<&'a str>,
    phase: Option<&'a str>,
    initialization_type: Option<&'a str>,
    runtime_version: Option<&'a str>,
    runtime_version_arn: Option<&'a str>,
    version: Option<&'a str>,
    trace_id: Option<&'a str>,
    segment_id: Option<&'a str>,
    sampled: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn read(mut words: Words<'a>) -> Self {
        let mut fields = Self::default();
        // Labels have up to four words; one more marks what is none.
        let mut label: [&[u8]; 5] = [b""; 5];
        let mut length = 0;
        while let Some(word) = words.next() {
            // A unit left over by a value that was not read is no part of the next label.
            if matches!(word, b"ms" | b"MB") {
                length = 0;
                continue;
            }
            label[length] = word;
            length = (length + 1).min(label.len() - 1);
            if word.ends_with(b":") {
                fields.read_value(&label[..length], &mut words);
                length = 0;
            }
        }
        fields
    }

    fn read_value(&mut self, label: &[&[u8]], words: &mut Words<'a>) {
        match label {
            [b"Duration:"] => keep_first(&mut self.duration_ms, words.decimal(b"ms")),
            [b"Billed", b"Duration:"] => keep_first(&mut self.billed_duration_ms, words.whole(b"ms")),
            [b"Memory", b"Size:"] => keep_first(&mut self.memory_size_mb, words.whole(b"MB")),
            [b"Max", b"Memory", b"Used:"] => keep_first(&mut self.max_memory_used_mb, words.whole(b"MB")),
            [b"Init", b"Duration:"] => keep_first(&mut self.init_duration_ms, words.decimal(b"ms")),
            [b"Restore", b"Duration:"] => keep_first(&mut self.restore_duration_ms, words.decimal(b"ms")),
            [b"Billed", b"Restore", b"Duration:"] => {
                keep_first(&mut self.billed_restore_duration_ms, words.whole(b"ms"));
            }
            [b"Status:"] => keep_first(&mut self.status, words.value()),
            [b"Error", b"Type:"] => keep_first(&mut self.error_type, words.value()),
            [b"Phase:"] => keep_first(&mut self.phase, words.value()),
            [b"Initialization", b"Type:"] => keep_first(&mut self.initialization_type, words.value()),
            [b"Runtime", b"Version:"] => keep_first(&mut self.runtime_version, words.value()),
            [b"Runtime", b"Version", b"ARN:"] => keep_first(&mut self.runtime_version_arn, words.value()),
            [b"Version:"] => keep_first(&mut self.version, words.value()),
            [b"XRAY", b"TraceId:"] => keep_first(&mut self.trace_id, words.value()),
            [b"SegmentId:"] => keep_first(&mut self.segment_id, words.value()),
            [b"Sampled:"] => keep_first(&mut self.sampled, words.value()),
            // A vendor's own field, such as `Post Runtime Duration: 0.00 ms`: its value is not the next label.
            _ => {
                words.value();
            }
        }
    }

    /// Adds the fields that not every REPORT has.
    fn complete(&self, report: Report) -> Report {
        Report {
            init_duration_ms: self.init_duration_ms,
            restore_duration_ms: self.restore_duration_ms,
            billed_restore_duration_ms: self.billed_restore_duration_ms,
            status: self.status.map(Status::from),
            error_type: owned(self.error_type),
            xray: self.xray(),
            ..report
        }
    }

    fn xray(&self) -> Option<Box<XRay>> {
        let xray = XRay {
            trace_id: owned(self.trace_id),
            segment_id: owned(self.segment_id),
            sampled: self.sampled.and_then(|word| word.parse().ok()),
            ..XRay::default()
        };
        (xray != XRay::default()).then(|| Box::new(xray))
    }
}

/// Lambda prints each label once; in doubt the first is the one nearest to `REPORT`.
fn keep_first<T>(field: &mut Option<T>, value: Option<T>) {
    if field.is_none() {
        *field = value;
    }
}

fn owned(word: Option<&str>) -> Option<String> {
    word.map(str::to_owned)
}

fn megabytes(mb: Option<u64>) -> Option<u32> {
    mb.and_then(|mb| u32::try_from(mb).ok())
}

/// `text` follows the word REPORT.
#[inline]
pub(super) fn report(text: &[u8]) -> Option<Report> {
    report_as_lambda_prints_it(text).or_else(|| report_with_any_spacing(text))
}

fn report_with_any_spacing(text: &[u8]) -> Option<Report> {
    let mut words = Words::new(text);
    if words.next() != Some(b"RequestId:") {
        return None;
    }
    let request_id = words.value()?.to_owned();
    let fields = Fields::read(words);
    let required = Report {
        request_id,
        duration_ms: fields.duration_ms?,
        billed_duration_ms: fields.billed_duration_ms,
        memory_size_mb: megabytes(fields.memory_size_mb),
        max_memory_used_mb: megabytes(fields.max_memory_used_mb),
        ..Report::default()
    };
    Some(fields.complete(required))
}

/// The first five fields byte by byte as Lambda prints them: nearly every line of a large log, at a fraction of the time
/// that words take. What differs in anything is read as words.
#[inline]
fn report_as_lambda_prints_it(text: &[u8]) -> Option<Report> {
    let rest = text.strip_prefix(b" RequestId: ")?;
    let (id, rest) = rest.split_at(memchr::memchr(b'\t', &rest[..rest.len().min(LONGEST_VALUE)])?);
    // Without an early exit, so that it becomes a few vector instructions.
    let has_blanks = id.iter().fold(false, |blank, byte| blank | byte.is_ascii_whitespace());
    if id.is_empty() || id.ends_with(b":") || has_blanks {
        return None;
    }
    let (duration_ms, rest) = plain_decimal(rest.strip_prefix(b"\tDuration: ")?)?;
    let (billed, rest) = plain_whole(rest.strip_prefix(b" ms\tBilled Duration: ")?)?;
    let (size, rest) = plain_whole(rest.strip_prefix(b" ms\tMemory Size: ")?)?;
    let (used, rest) = plain_whole(rest.strip_prefix(b" MB\tMax Memory Used: ")?)?;
    let rest = rest.strip_prefix(b" MB\t")?;
    let report = Report {
        request_id: std::str::from_utf8(id).ok()?.to_owned(),
        duration_ms,
        billed_duration_ms: Some(billed),
        memory_size_mb: megabytes(Some(size)),
        max_memory_used_mb: megabytes(Some(used)),
        ..Report::default()
    };
    Some(if rest.trim_ascii_start().is_empty() {
        report
    } else {
        Fields::read(Words::new(rest)).complete(report)
    })
}

/// Up to 15 digits, which a float holds exactly.
#[inline]
pub(super) fn plain_whole(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (length, byte) in text.iter().enumerate().take(16) {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            _ => return (length > 0).then(|| (value, &text[length..])),
        }
    }
    None
}

/// One rounding, that of the division, so that the value is the same as parsed by the standard library.
#[inline]
pub(super) fn plain_decimal(text: &[u8]) -> Option<(f64, &[u8])> {
    let (whole, rest) = plain_whole(text)?;
    let (hundredths, behind) = plain_whole(rest.strip_prefix(b".")?)?;
    let is_usual = rest.len() - behind.len() == 3 && whole < 1_000_000_000_000;
    is_usual.then(|| ((whole * 100 + hundredths) as f64 / 100.0, behind))
}

/// `text` follows the word INIT_REPORT.
pub(super) fn init_report(text: &[u8]) -> Option<InitReport> {
    let fields = Fields::read(Words::new(text));
    Some(InitReport {
        // OpenTelemetry's rewriting of the line calls it plainly `Duration`.
        init_duration_ms: fields.init_duration_ms.or(fields.duration_ms)?,
        phase: owned(fields.phase),
        initialization_type: owned(fields.initialization_type),
        status: fields.status.map(Status::from),
        error_type: owned(fields.error_type),
        time: None,
    })
}

/// `text` follows the word RESTORE_REPORT.
pub(super) fn restore_report(text: &[u8]) -> Option<RestoreReport> {
    let fields = Fields::read(Words::new(text));
    Some(RestoreReport {
        restore_duration_ms: Some(fields.restore_duration_ms?),
        billed_restore_duration_ms: fields.billed_restore_duration_ms,
        status: fields.status.map(Status::from),
        error_type: owned(fields.error_type),
        time: None,
    })
}

/// `text` follows the word INIT_START or RESTORE_START.
pub(super) fn runtime_version(text: &[u8]) -> Option<RuntimeVersion> {
    let fields = Fields::read(Words::new(text));
    Some(RuntimeVersion {
        runtime_version: Some(fields.runtime_version?.to_owned()),
        runtime_version_arn: owned(fields.runtime_version_arn),
        ..RuntimeVersion::default()
    })
}

/// `line` begins with START or END.
pub(super) fn start_or_end(line: &[u8]) -> Option<Event> {
    let mut words = Words::new(line);
    let keyword = words.next()?;
    if words.next() != Some(b"RequestId:") {
        return None;
    }
    let request_id = words.value()?.to_owned();
    match keyword {
        b"START" => {
            let version = owned(Fields::read(words).version);
            Some(Event::Start(Start {
                request_id,
                version,
                ..Start::default()
            }))
        }
        b"END" => Some(Event::End(End { request_id, time: None })),
        _ => None,
    }
}

/// `<time> <request id> Task timed out after 3.00 seconds`; `at` is where `Task` stands.
pub(super) fn timed_out(line: &[u8], at: usize) -> Option<TimedOut> {
    let (before, task) = line.split_at_checked(at)?;
    let mut words = Words::new(task);
    if !words.by_ref().take(4).eq([&b"Task"[..], b"timed", b"out", b"after"]) {
        return None;
    }
    let timeout_seconds = Some(words.decimal(b"seconds")?);
    // The Datadog extension writes `REPORT RequestId: id ... Task timed out`.
    let id = request_id_after_label(before).or_else(|| {
        let last = Words::new(before).last().filter(|word| word.len() <= LONGEST_VALUE)?;
        std::str::from_utf8(last).ok()
    });
    Some(TimedOut {
        request_id: owned(id),
        timeout_seconds,
    })
}

/// `RequestId: <id> Error: Runtime exited ...`, then a line with the error type; `at` is where `Runtime` stands.
pub(super) fn runtime_error(event: &[u8], at: usize) -> Option<RuntimeError> {
    let (before, rest) = event.split_at_checked(at)?;
    if Words::new(before).last() != Some(b"Error:") {
        return None;
    }
    let (message, below) = match memchr::memchr(b'\n', rest) {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (rest, &b""[..]),
    };
    let message = message.trim_ascii_end();
    let message = String::from_utf8_lossy(&message[..message.len().min(LONGEST_MESSAGE)]).into_owned();
    let mut below = Words::new(below);
    let error_type = below
        .value()
        .filter(|word| word.starts_with("Runtime.") || word.starts_with("Extension."));
    Some(RuntimeError {
        request_id: owned(request_id_after_label(before)),
        message,
        error_type: owned(error_type),
        time: None,
    })
}

pub(super) fn request_id_after_label(text: &[u8]) -> Option<&str> {
    const LABEL: &[u8] = b"RequestId:";
    let at = memchr::memmem::rfind(text, LABEL)?;
    Words::new(&text[at + LABEL.len()..]).value()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIECES: [&str; 24] = [
        " RequestId: ",
        "276a85b8-11a7-4b68-b42e-de11b5f419e3",
        "\tDuration: ",
        "74.59",
        "5",
        "0.00",
        "12.345",
        "900000.00",
        " ms\tBilled Duration: ",
        "75",
        " ms\tMemory Size: ",
        "128",
        " MB\tMax Memory Used: ",
        "97",
        " MB\t",
        "\n",
        "Init Duration: 488.91 ms\t",
        "Status: timeout",
        "XRAY TraceId: 1-2\t",
        " ",
        "\t",
        "99999999999999999999",
        ":",
        "ms",
    ];

    proptest! {
        /// The quick way gives nothing that the thorough way would not.
        #[test]
        fn both_ways_agree(
            edits in prop::collection::vec((0..14usize, 0..3usize, prop::sample::select(&PIECES[..])), 0..3),
        ) {
            let mut pieces = vec![
                PIECES[0], PIECES[1], PIECES[2], PIECES[3], PIECES[8], PIECES[9], PIECES[10], PIECES[11], PIECES[12],
                PIECES[13], PIECES[14], PIECES[15],
            ];
            for (at, removed, piece) in edits {
                let at = at.min(pieces.len());
                let to = (at + removed).min(pieces.len());
                pieces.splice(at..to, [piece]);
            }
            let text = pieces.concat();
            if let Some(report) = report_as_lambda_prints_it(text.as_bytes()) {
                prop_assert_eq!(Some(report), report_with_any_spacing(text.as_bytes()));
            }
        }
    }

    #[test]
    fn the_quick_way_takes_what_lambda_prints() {
        let usual = &PIECES[..4].concat();
        let line = format!(
            "{usual}{}\n",
            [PIECES[8], "75", PIECES[10], "128", PIECES[12], "97", PIECES[14]].concat()
        );
        assert!(report_as_lambda_prints_it(line.as_bytes()).is_some(), "{line:?}");
    }
}
