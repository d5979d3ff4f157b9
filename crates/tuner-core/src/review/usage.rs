//! How much a function was used in the window, and is used in a month at the memory size at which most of its traffic runs.
//!
//! The two differ wherever something changed: a function that was resized was billed at both sizes, and one that is three days
//! old is used ten times as much in a month as it was in the window.

use jiff::{SignedDuration, Timestamp};

use super::{Evidence, ListedFunction, LogsBy, LogsRead, Serving, Window};
use crate::memory::gb_seconds;
use crate::pricing::Confidence;

/// From so many reports on, the mean at the present size stands for itself. With fewer, as just after a change of size,
/// the mean over all sizes is steadier.
const ENOUGH_FOR_A_MEAN: u64 = 10;

/// So many reports tell when a function began to be called: fewer may all be of one visit.
const ENOUGH_FOR_A_BEGINNING: u64 = 10;
/// A function that is called at random is silent for so many times its mean gap in one of a thousand cases (e^-7): a longer
/// silence before its first report is the time before it was called at all.
const SILENT_GAPS: f64 = 7.0;
/// What was seen for less than this is not stretched further: an hour's burst says nothing of a month.
const SHORTEST_RATE: SignedDuration = SignedDuration::from_hours(24);
/// Counted invocations are as those that were read, if these are most of them.
const MOSTLY_READ: f64 = 1.25;
/// With less than a week, weekends or workdays are missing.
const WHOLE_WEEK_DAYS: f64 = 6.5;
/// With less than two days, a busy day and a usual one cannot be distinguished.
const SOME_DAYS: f64 = 1.95;

/// Use of a function: of a month, or of the window. Without a window, both are the use that the logs hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// Present size, in MB.
    pub(super) memory_size_mb: u32,
    /// Invocations.
    pub(super) invocations: f64,
    /// GB-seconds billed.
    pub(super) gb_seconds: f64,
    /// What of it was read, where that is not all.
    pub(super) unread: Option<Unread>,
    /// Mean billed duration of one, in ms.
    pub(super) billed_ms: f64,
    /// Whether that comes from reports; otherwise it is CloudWatch's `Duration`.
    pub(super) billed: bool,
    /// Share of invocations that ran in provisioned environments, 0 to 1.
    pub(super) provisioned_share: f64,
    /// Restores from a snapshot.
    pub(super) restores: f64,
    /// The days of it; 0 without a window, for what is charged by time.
    pub(super) days: f64,
    /// When the time began whose invocations are counted, where that is later than the window.
    pub(super) since: Option<Timestamp>,
    /// The days of that time; 0 without a window.
    pub(super) seen_days: f64,
    /// How far it is to be trusted.
    pub(super) confidence: Confidence,
}

/// What a function is used, in a month and in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Used {
    pub(super) month: Usage,
    /// At the sizes that were in force; `None` where nothing tells which those were.
    pub(super) window: Option<Usage>,
}

/// What could not be read of a function's logs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unread {
    /// So much of them, above 0 and below 1.
    Share(f64),
    /// Some of them.
    Some,
}

impl Used {
    /// What metrics and reports say of it; or why that is not known.
    pub(super) fn of(function: &ListedFunction, evidence: &Evidence, window: Option<Window>) -> Result<Self, String> {
        if let Some(why) = &function.unsupported {
            return Err(format!("it is not charged by its memory size: {why}"));
        }
        let present = Serving::of(function, evidence).memory_size_mb;
        let memory_size_mb = present.filter(|&mb| mb > 0).ok_or("its memory size is not known")?;
        let counted = Counted::of(evidence, window)?;
        let by_metrics = evidence.metrics.is_some_and(|metrics| metrics.invocations > 0);
        let (billed_ms, billed) = match billed_ms(function, evidence, memory_size_mb) {
            Some(known) => known,
            None if counted.invocations == 0.0 => (0.0, false),
            None => return Err("its billed durations were not read, and CloudWatch's metrics were neither".to_owned()),
        };
        let rate = Rate::of(evidence, &counted);
        let reports = evidence.reports().max(1) as f64;
        let restored: u64 = evidence.sizes.iter().map(|size| size.restored_starts).sum();
        let at_present = evidence.at(memory_size_mb).map_or(0, |size| size.invocations);
        let month = Usage {
            memory_size_mb,
            invocations: counted.invocations * rate.per_month,
            gb_seconds: gb_seconds(memory_size_mb, billed_ms) * counted.invocations * rate.per_month,
            unread: unread(evidence).filter(|_| !by_metrics),
            billed_ms,
            billed,
            provisioned_share: provisioned_share(evidence),
            restores: counted.invocations * rate.per_month * restored as f64 / reports,
            days: if counted.window.is_some() {
                super::DAYS_PER_MONTH
            } else {
                0.0
            },
            since: rate.since,
            seen_days: rate.days,
            confidence: match rate.days {
                _ if !billed || at_present < ENOUGH_FOR_A_MEAN => Confidence::Low,
                days if days >= WHOLE_WEEK_DAYS => Confidence::High,
                days if days >= SOME_DAYS => Confidence::Medium,
                _ => Confidence::Low,
            },
        };
        Ok(Self {
            window: in_window(function, evidence, &counted, &month),
            month,
        })
    }
}

/// What was used in the window: every size's own reports, for as many invocations as were counted.
fn in_window(function: &ListedFunction, evidence: &Evidence, counted: &Counted, month: &Usage) -> Option<Usage> {
    // With the reports of successful invocations hidden, those that are left say nothing of the others.
    let readable = !function.reports_hidden || evidence.metrics.is_none();
    let sizes = || evidence.sizes.iter().filter(|_| readable);
    let reports: u64 = sizes().map(|size| size.invocations).sum();
    let with_billed = |size: &super::SizeEvidence| size.invocations.saturating_sub(size.unbilled_invocations);
    let known: u64 = sizes().map(with_billed).sum();
    // Those without a billed duration are taken to be as the others of their size, or else of all.
    let (mut ms, mut gb_s) = (0.0, 0.0);
    for size in sizes() {
        let whole = match with_billed(size) {
            0 => 0.0,
            n => size.invocations as f64 / n as f64,
        };
        ms += size.billed_duration_ms as f64 * whole;
        gb_s += size.gb_seconds() * whole;
    }
    let lacking: u64 = sizes()
        .filter(|size| with_billed(size) == 0)
        .map(|size| size.invocations)
        .sum();
    let priced = reports - lacking;
    let restored: u64 = sizes().map(|size| size.restored_starts).sum();
    if counted.invocations > 0.0 && (known == 0 || priced == 0) {
        // At which sizes it ran is not known; if it never was another, this is it.
        return evidence.metrics.is_some().then(|| Usage {
            invocations: counted.invocations,
            gb_seconds: gb_seconds(month.memory_size_mb, month.billed_ms) * counted.invocations,
            restores: 0.0,
            days: counted.days(),
            since: None,
            confidence: Confidence::Low,
            ..*month
        });
    }
    let scale = counted.invocations / priced.max(1) as f64;
    Some(Usage {
        invocations: counted.invocations,
        gb_seconds: gb_s * scale,
        billed_ms: ms / priced.max(1) as f64,
        restores: restored as f64 * scale,
        days: counted.days(),
        since: None,
        seen_days: counted.days(),
        confidence: match () {
            () if (scale - 1.0).abs() < 1e-9 && known == reports && month.unread.is_none() => Confidence::High,
            () if scale < MOSTLY_READ && month.unread.is_none() => Confidence::Medium,
            () => Confidence::Low,
        },
        ..*month
    })
}

impl Usage {
    /// With as many invocations in what could not be read as in the rest; `None` where all was read, or it is not known
    /// how much was not.
    pub(super) fn at_most(&self) -> Option<Self> {
        let Some(Unread::Share(share)) = self.unread else {
            return None;
        };
        let whole = 1.0 / (1.0 - share);
        Some(Self {
            invocations: self.invocations * whole,
            gb_seconds: self.gb_seconds * whole,
            restores: self.restores * whole,
            unread: None,
            ..*self
        })
    }
}

/// How many invocations there were, and over which time; `None` where logs have no time.
struct Counted {
    invocations: f64,
    window: Option<Window>,
}

impl Counted {
    /// CloudWatch counts them all; reports do if every one was read.
    fn of(evidence: &Evidence, window: Option<Window>) -> Result<Self, String> {
        let reports = evidence.reports();
        let timeless = |invocations: u64| Self {
            invocations: invocations as f64,
            window: None,
        };
        let Some(window) = window else {
            let counted = evidence.metrics.map_or(0, |metrics| metrics.invocations);
            return Ok(timeless(counted.max(reports)));
        };
        let metrics = evidence.metrics.filter(|metrics| metrics.window.days() > 0.0);
        // Of files that were read in part there are so many at least.
        let is_counted = |logs: &&LogsRead| logs.complete || logs.source == LogsBy::Files && reports > 0;
        let logs = (evidence.logs.as_ref())
            .filter(is_counted)
            .map(|logs| match logs.source {
                // One function's lines may span an hour of the month that the files are about.
                LogsBy::Files => window,
                LogsBy::Insights | LogsBy::FilterLogEvents => logs.window.unwrap_or(window),
            });
        let within = |invocations: u64, window: Window| Self {
            invocations: invocations as f64,
            window: Some(window),
        };
        match (metrics, logs) {
            (Some(metrics), _) if metrics.invocations > 0 => Ok(within(metrics.invocations, metrics.window)),
            (_, Some(read)) if reports > 0 && read.days() > 0.0 => Ok(within(reports, read)),
            // Everything there is: logs that are all of one moment.
            (None, Some(_)) if reports > 0 => Ok(timeless(reports)),
            (Some(metrics), _) if reports == 0 => Ok(within(0, metrics.window)),
            (_, Some(read)) if reports == 0 => Ok(within(0, read)),
            _ => Err(
                "how often it is called is not known: CloudWatch's metrics do not say, and its logs were not read in full"
                    .to_owned(),
            ),
        }
    }

    /// 0 without a time.
    fn days(&self) -> f64 {
        self.window.map_or(0.0, |window| window.days())
    }
}

/// From invocations that were counted to those of a month.
struct Rate {
    per_month: f64,
    /// When it began to be called, if within the window.
    since: Option<Timestamp>,
    days: f64,
}

impl Rate {
    /// By the whole window; for what was first called within it and still is, by the time from then on.
    fn of(evidence: &Evidence, counted: &Counted) -> Self {
        let Some(window) = counted.window.filter(|window| window.days() > 0.0) else {
            return Self {
                per_month: 1.0,
                since: None,
                days: 0.0,
            };
        };
        let since = began(evidence, window);
        let seen = Window {
            from: since.unwrap_or(window.from),
            until: window.until,
        };
        Self {
            per_month: seen.per_month().unwrap_or(1.0),
            since,
            days: seen.days(),
        }
    }
}

/// When a function began to be called, if it was within `window`, and it is called still.
fn began(evidence: &Evidence, window: Window) -> Option<Timestamp> {
    let logs = evidence
        .logs
        .as_ref()
        .filter(|logs| logs.complete || logs.source == LogsBy::Files)?;
    // What is earlier than the logs that were read is not known to be silence.
    let read_from = logs.window.map_or(window.from, |read| read.from.max(window.from));
    let reports = evidence.reports();
    // One size without times, and nothing says when the function was first called.
    let firsts: Option<Vec<Timestamp>> = evidence.sizes.iter().map(|size| size.first_seen).collect();
    let first = firsts?.into_iter().min()?;
    let last = evidence.sizes.iter().filter_map(|size| size.last_seen).max()?;
    if reports < ENOUGH_FOR_A_BEGINNING || read_from > first {
        return None;
    }
    let seconds = |from: Timestamp, until: Timestamp| until.duration_since(from).as_secs_f64();
    let shortest = SHORTEST_RATE.as_secs_f64();
    let usual_gap = seconds(first, window.until) / reports as f64;
    let was_silent = seconds(read_from, first) > (usual_gap * SILENT_GAPS).max(shortest);
    let is_called = seconds(last, window.until) <= (usual_gap * SILENT_GAPS).max(shortest);
    let from = first.min(window.until.checked_sub(SHORTEST_RATE).ok()?);
    (was_silent && is_called && from > read_from).then_some(from)
}

/// What was not read of exported files.
fn unread(evidence: &Evidence) -> Option<Unread> {
    let logs = evidence.logs.as_ref()?;
    let in_part = !logs.complete && logs.source == LogsBy::Files;
    let unread = match logs.unread_share {
        Some(share) if share > 0.0 && share < 1.0 => Unread::Share(share),
        _ => Unread::Some,
    };
    in_part.then_some(unread)
}

/// Mean billed duration in ms at this size, and whether it was read from reports.
fn billed_ms(function: &ListedFunction, evidence: &Evidence, memory_size_mb: u32) -> Option<(f64, bool)> {
    // With the reports of successful invocations hidden, those that are left are of failures.
    let readable = !function.reports_hidden || evidence.metrics.is_none();
    let present = evidence.at(memory_size_mb).filter(|_| readable);
    let billed_of = |size: &super::SizeEvidence| size.invocations.saturating_sub(size.unbilled_invocations);
    let there = present
        .filter(|size| billed_of(size) >= ENOUGH_FOR_A_MEAN)
        .and_then(|size| size.mean_billed_ms());
    let mixed = || {
        let sizes = evidence.sizes.iter().filter(|_| readable);
        let (billed, gb_s) = sizes.fold((0, 0.0), |(n, sum), s| (n + billed_of(s), sum + s.gb_seconds()));
        // What costs as much at the present size as the mix did.
        (billed > 0).then(|| gb_s / billed as f64 / gb_seconds(memory_size_mb, 1.0))
    };
    let metrics = || evidence.metrics?.mean_ms();
    there
        .or_else(mixed)
        .map(|ms| (ms, true))
        .or_else(|| Some((metrics()?, false)))
}

/// CloudWatch counts them where the configuration names a qualifier; else JSON logs tell.
fn provisioned_share(evidence: &Evidence) -> f64 {
    let share = evidence.metrics.and_then(|metrics| {
        let provisioned = metrics.provisioned_invocations? as f64;
        (metrics.invocations > 0).then(|| provisioned / metrics.invocations as f64)
    });
    let logged: u64 = evidence.sizes.iter().map(|size| size.provisioned_invocations).sum();
    share
        .unwrap_or_else(|| logged as f64 / evidence.reports().max(1) as f64)
        .clamp(0.0, 1.0)
}
