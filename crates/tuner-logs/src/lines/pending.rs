//! Events that were found, while what is around them is still being read.

use std::borrow::Cow;

use jiff::Timestamp;

use super::origin::Names;
use super::prefix::is_uuid;
use super::scan::{Found, Scanned};
use super::{Event, Report, UsualReport, json};

/// How many times the bytes of a chunk may be handed to parsers. Ordinary logs stay below two; the bound is there for those
/// that are made to be slow.
const MOST_HANDED: usize = 4;

/// How much may still be handed to parsers.
#[derive(Debug, Default)]
pub(super) struct Budget {
    left: usize,
    pub(super) handed: usize,
}

impl Budget {
    pub(super) fn of(bytes: usize) -> Self {
        Self {
            left: bytes.saturating_mul(MOST_HANDED),
            handed: 0,
        }
    }

    /// So many bytes may still be handed on.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Whether so many bytes may be handed on; then they count.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let may = bytes <= self.left;
        if may {
            self.left -= bytes;
            self.handed += bytes;
        }
        may
    }
}

/// What an event says.
pub(super) enum What<'a> {
    Usual(UsualReport<'a>),
    Event(Box<Event>),
    Packed(Cow<'a, [u8]>),
}

impl<'a> What<'a> {
    pub(super) fn of_json(parsed: json::Parsed<'a>) -> Self {
        match parsed {
            json::Parsed::Usual(report) => Self::Usual(report),
            json::Parsed::Other(event) => Self::Event(Box::new(event)),
        }
    }

    pub(super) fn report(report: Report) -> Self {
        Self::Event(Box::new(Event::Report(report)))
    }

    pub(super) fn request_id(&self) -> Option<&str> {
        self.id_and_duration().map(|(id, _)| id)
    }

    /// Whether a line about a failure says whose: otherwise it is a sentence of somebody else's. Behind the time of a log line
    /// any word is an ID.
    pub(super) fn names_invocation(&self, is_log_line: bool) -> bool {
        let id = match self {
            Self::Event(event) => match &**event {
                Event::TimedOut(line) => line.request_id.as_deref(),
                Event::RuntimeError(error) => return error.request_id.is_some(),
                _ => return true,
            },
            _ => return true,
        };
        id.is_some_and(|id| is_log_line || is_uuid(id.as_bytes()))
    }

    pub(super) fn is_report(&self) -> bool {
        self.id_and_duration().is_some()
    }

    /// Whether both are the same report, written differently perhaps.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.id_and_duration(), other.id_and_duration()) {
            (Some((id, ms)), Some((other_id, other_ms))) => id == other_id && (ms - other_ms).abs() < 0.01,
            _ => false,
        }
    }

    fn id_and_duration(&self) -> Option<(&str, f64)> {
        match self {
            Self::Usual(report) => Some((report.request_id, report.figures.duration_ms)),
            Self::Event(event) => match &**event {
                Event::Report(report) => Some((&report.request_id, report.duration_ms)),
                _ => None,
            },
            Self::Packed(_) => None,
        }
    }
}

/// An event whose surroundings are not read to their end yet.
pub(super) struct Pending<'a> {
    pub(super) offset: usize,
    pub(super) what: What<'a>,
    pub(super) names: Names<'a>,
    pub(super) time: Option<Timestamp>,
    /// Whether a function quotes it.
    pub(super) is_quoted: bool,
    /// Whether it stands in an object, as a string or an object of its own.
    pub(super) is_wrapped: bool,
    /// Whether that object was itself in a string: it is a function's own, if the string is a message of CloudWatch's.
    pub(super) is_rewrapped: bool,
}

impl<'a> Pending<'a> {
    pub(super) fn new(offset: usize, what: What<'a>) -> Self {
        Self {
            offset,
            what,
            names: Names::default(),
            time: None,
            is_quoted: false,
            is_wrapped: false,
            is_rewrapped: false,
        }
    }

    /// As what the string at `offset` holds.
    fn in_string(self, offset: usize) -> Pending<'static> {
        Pending {
            offset,
            what: match self.what {
                What::Usual(report) => What::report(report.figures.to_report(report.request_id)),
                What::Event(event) => What::Event(event),
                What::Packed(base64) => What::Packed(Cow::Owned(base64.into_owned())),
            },
            names: self.names.into_owned(),
            time: self.time,
            is_quoted: self.is_quoted,
            is_wrapped: true,
            is_rewrapped: self.is_wrapped,
        }
    }
}

/// Takes the events.
pub(super) trait Sink {
    /// A usual report with nothing around it.
    fn usual(&mut self, offset: usize, report: UsualReport<'_>);
    fn take(&mut self, pending: Pending<'_>);
}

/// Gives the events of a chunk to its reader.
pub(super) struct ToReader<F>(pub(super) F);

impl<F: FnMut(Scanned<'_>)> Sink for ToReader<F> {
    #[inline]
    fn usual(&mut self, offset: usize, report: UsualReport<'_>) {
        (self.0)(Scanned::Usual {
            offset,
            origin: Default::default(),
            is_wrapped: false,
            report,
        });
    }

    fn take(&mut self, pending: Pending<'_>) {
        let (offset, origin, is_wrapped) = (pending.offset, pending.names.origin(), pending.is_wrapped);
        (self.0)(match pending.what {
            What::Usual(mut report) => {
                report.figures.time = report.figures.time.or(pending.time);
                Scanned::Usual {
                    offset,
                    origin,
                    is_wrapped,
                    report,
                }
            }
            What::Event(event) => {
                let mut event = *event;
                if let Event::Report(report) = &mut event {
                    report.time = report.time.or(pending.time);
                }
                Scanned::Other(Found {
                    offset,
                    origin,
                    is_wrapped,
                    event,
                })
            }
            What::Packed(ref base64) => Scanned::Packed { offset, origin, base64 },
        });
    }
}

/// Collects the events that a string holds.
pub(super) struct InString<'p, 'a> {
    pub(super) offset: usize,
    pub(super) pending: &'p mut Vec<Pending<'a>>,
    pub(super) is_quoted: bool,
}

impl Sink for InString<'_, '_> {
    fn usual(&mut self, offset: usize, report: UsualReport<'_>) {
        self.take(Pending::new(offset, What::Usual(report)));
    }

    fn take(&mut self, pending: Pending<'_>) {
        let mut pending = pending.in_string(self.offset);
        pending.is_quoted |= self.is_quoted;
        self.pending.push(pending);
    }
}
