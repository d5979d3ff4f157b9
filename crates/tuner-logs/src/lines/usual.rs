//! The REPORT that nearly all of a large log are, without anything on the heap.

use jiff::Timestamp;

use super::text::{plain_decimal, plain_whole};
use super::{Neighbours, Report, Status, classify, report};
use tuner_core::{Outcome, StartKind};

/// Request IDs are UUIDs.
const ID_LENGTH: usize = 36;

/// A REPORT of a warm or cold start that did not fail and was not traced, as Lambda prints it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsualReport<'a> {
    /// The invocation's request ID.
    pub request_id: &'a str,
    /// What it says.
    pub figures: Figures,
}

/// What a [`UsualReport`] says; the fields are those of [`Report`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Time in the handler, in ms.
    pub duration_ms: f64,
    /// What is billed, in ms.
    pub billed_duration_ms: u64,
    /// The configured memory size, in MB.
    pub memory_size_mb: u32,
    /// The most memory used, in MB.
    pub max_memory_used_mb: u32,
    /// Time to initialise the environment, in ms; present exactly on a cold start.
    pub init_duration_ms: Option<f64>,
    /// Whether it says that it succeeded (JSON only).
    pub says_success: bool,
    /// When the event was written, by itself (JSON) or by what stands before it in an export.
    pub time: Option<Timestamp>,
}

impl Figures {
    /// The whole report.
    pub fn to_report(self, request_id: &str) -> Report {
        Report {
            request_id: request_id.to_owned(),
            duration_ms: self.duration_ms,
            billed_duration_ms: Some(self.billed_duration_ms),
            memory_size_mb: Some(self.memory_size_mb),
            max_memory_used_mb: Some(self.max_memory_used_mb),
            init_duration_ms: self.init_duration_ms,
            status: self.says_success.then_some(Status::Success),
            time: self.time,
            ..Report::default()
        }
    }

    /// As [`Report::start_kind`]; a restored start is not usual.
    pub fn start_kind(self) -> StartKind {
        match self.init_duration_ms {
            Some(_) => StartKind::Cold,
            None => StartKind::Warm,
        }
    }

    /// As [`Report::outcome`].
    pub fn outcome(self, neighbours: Neighbours) -> Outcome {
        classify::without_status(
            neighbours,
            classify::is_below(self.billed_duration_ms, self.duration_ms),
            report::is_near(self.max_memory_used_mb, self.memory_size_mb),
        )
    }
}

/// The report that `text` begins with and its length with the newline; `None` for whatever differs in a single byte from
/// the usual, or has an XRAY line below it.
#[inline]
pub(super) fn usual_report(text: &[u8]) -> Option<(UsualReport<'_>, usize)> {
    let (id, rest) = text
        .strip_prefix(b"REPORT RequestId: ")?
        .split_first_chunk::<ID_LENGTH>()?;
    // Without an early exit, so that it becomes a few vector instructions.
    let is_word = id.iter().fold(true, |word, byte| word & byte.is_ascii_graphic());
    if !is_word || id.ends_with(b":") {
        return None;
    }
    let (duration_ms, rest) = plain_decimal(rest.strip_prefix(b"\tDuration: ")?)?;
    let (billed_duration_ms, rest) = plain_whole(rest.strip_prefix(b" ms\tBilled Duration: ")?)?;
    let (size, rest) = plain_whole(rest.strip_prefix(b" ms\tMemory Size: ")?)?;
    let (used, rest) = plain_whole(rest.strip_prefix(b" MB\tMax Memory Used: ")?)?;
    let rest = rest.strip_prefix(b" MB\t")?;
    let (init_duration_ms, rest) = match rest.strip_prefix(b"Init Duration: ") {
        Some(init) => {
            let (init, rest) = plain_decimal(init)?;
            (Some(init), rest.strip_prefix(b" ms\t")?)
        }
        None => (None, rest),
    };
    let below = rest.strip_prefix(b"\n")?;
    if below.starts_with(b"XRAY") || below.starts_with(b"Runtime.") {
        return None;
    }
    let report = UsualReport {
        request_id: std::str::from_utf8(id).ok()?,
        figures: Figures {
            duration_ms,
            billed_duration_ms,
            memory_size_mb: u32::try_from(size).ok()?,
            max_memory_used_mb: u32::try_from(used).ok()?,
            init_duration_ms,
            says_success: false,
            time: None,
        },
    };
    Some((report, text.len() - below.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lines::{Cut, Event, Found, Scanned, Scanner, format, parse_line};

    const ID: &str = "276a85b8-11a7-4b68-b42e-de11b5f419e3";

    fn figures() -> impl Strategy<Value = Figures> {
        (
            (0..100_000_000u64, 0..2_000_000u64),
            (0..20_000u32, 0..20_000u32),
            prop::option::of(0..2_000_000u32),
        )
            .prop_map(
                |((hundredths, billed_duration_ms), (memory_size_mb, max_memory_used_mb), init)| Figures {
                    duration_ms: hundredths as f64 / 100.0,
                    billed_duration_ms,
                    memory_size_mb,
                    max_memory_used_mb,
                    init_duration_ms: init.map(|hundredths| f64::from(hundredths) / 100.0),
                    says_success: false,
                    time: None,
                },
            )
    }

    fn neighbours() -> impl Strategy<Value = Neighbours> {
        any::<(bool, bool, bool)>().prop_map(|(timed_out, exited, killed)| Neighbours {
            timed_out,
            exited,
            killed,
        })
    }

    fn report_is_usual(line: &str) -> bool {
        !line.contains("errorType")
    }

    proptest! {
        #[test]
        fn json_is_usual_too_unless_it_says_more(figures in figures(), error_type in prop::option::of("[A-Z][a-z]{3}")) {
            let report = Report { error_type, ..figures.to_report(ID) };
            let line = format::report_json(&report, Timestamp::UNIX_EPOCH) + "\n";
            let mut all = Vec::new();
            Scanner::default().scan(line.as_bytes(), Cut::default(), |scanned| all.push(match scanned {
                Scanned::Usual { report, .. } if report_is_usual(&line) => report.figures.to_report(report.request_id),
                Scanned::Other(Found { event: Event::Report(report), .. }) if !report_is_usual(&line) => report,
                other => panic!("{other:?}"),
            }));
            prop_assert_eq!(all.len(), 1);
            prop_assert_eq!(parse_line(line.as_bytes()), Some(Event::Report(all.remove(0))));
        }

        #[test]
        fn it_is_what_the_thorough_way_reads(
            figures in figures(), neighbours in neighbours(),
            at in 0..200usize, removed in 0..3usize,
            piece in prop::sample::select(&["", "\t", "\n", " ", ":", "9", "x", "Status: error\t", "XRAY TraceId: 1\t", "\u{e9}"][..]),
        ) {
            let line = format::report_text(&figures.to_report(ID));
            let (usual, length) = usual_report(line.as_bytes()).expect("what Lambda prints is the usual");
            prop_assert_eq!((usual.request_id, usual.figures, length), (ID, figures, line.len()));
            prop_assert_eq!(figures.outcome(neighbours), figures.to_report(ID).outcome(neighbours));

            let mut edited = line.into_bytes();
            let at = at.min(edited.len());
            let to = (at + removed).min(edited.len());
            edited.splice(at..to, piece.bytes());
            if let Some((usual, length)) = usual_report(&edited) {
                let thorough = parse_line(&edited[..length]);
                prop_assert_eq!(thorough, Some(Event::Report(usual.figures.to_report(usual.request_id))));
            }
        }
    }

    #[test]
    fn a_line_of_an_export_is_usual_and_has_its_time() {
        let report = format::report_text(&figures_of_a_cold_start().to_report(ID));
        let line = format!("2026-10-08T06:53:49.256Z {report}\n2026-10-08T06:53:50.000Z {report}");
        let mut times = Vec::new();
        Scanner::default().scan(line.as_bytes(), Cut::default(), |scanned| match scanned {
            Scanned::Usual { report, .. } => {
                times.push(report.figures.time.unwrap().to_string());
                let timeless = Figures {
                    time: None,
                    ..report.figures
                };
                assert_eq!(timeless, figures_of_a_cold_start());
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(times, ["2026-10-08T06:53:49.256Z", "2026-10-08T06:53:50Z"]);
    }

    fn figures_of_a_cold_start() -> Figures {
        Figures {
            duration_ms: 12.5,
            billed_duration_ms: 113,
            memory_size_mb: 128,
            max_memory_used_mb: 64,
            init_duration_ms: Some(100.25),
            says_success: false,
            time: None,
        }
    }

    #[test]
    fn what_has_a_second_line_is_not_usual() {
        let line = format!(
            "REPORT RequestId: {ID}\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t\n"
        );
        assert!(usual_report(format!("{line}an application's").as_bytes()).is_some());
        assert!(usual_report(format!("{line}XRAY TraceId: 1-2\t").as_bytes()).is_none());
        assert!(usual_report(line.trim_end_matches('\n').as_bytes()).is_none());
    }
}
