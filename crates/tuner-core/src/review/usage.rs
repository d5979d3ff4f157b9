//! How much a function is used in a month, at its present memory size.

use super::{Evidence, ListedFunction, LogsBy, LogsRead, Window};
use crate::memory::gb_seconds;

/// From so many reports on, the mean at the present size stands for itself. With fewer, as just after a change of size,
/// the mean over all sizes is steadier.
const ENOUGH_FOR_A_MEAN: u64 = 10;

/// A month's use of a function. Without a window: the use that the logs hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// Present size, in MB.
    pub(super) memory_size_mb: u32,
    /// Invocations.
    pub(super) invocations: f64,
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
    /// The days of a month; 0 without a window, for what is charged by time.
    pub(super) days: f64,
}

/// What could not be read of a function's logs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unread {
    /// So much of them, above 0 and below 1.
    Share(f64),
    /// Some of them.
    Some,
}

impl Usage {
    /// What metrics and reports say of it; or why that is not known.
    pub(super) fn of(function: &ListedFunction, evidence: &Evidence, window: Option<Window>) -> Result<Self, String> {
        if let Some(why) = &function.unsupported {
            return Err(format!("it is not charged by its memory size: {why}"));
        }
        let present = function
            .memory_size_mb
            .or_else(|| Some(evidence.latest()?.memory_size_mb));
        let memory_size_mb = present.filter(|&mb| mb > 0).ok_or("its memory size is not known")?;
        let invocations = invocations(evidence, window)?;
        let counted = evidence.metrics.is_some_and(|metrics| metrics.invocations > 0);
        let days = window
            .and_then(|w| w.per_month().map(|_| super::DAYS_PER_MONTH))
            .unwrap_or(0.0);
        let (billed_ms, billed) = match billed_ms(function, evidence, memory_size_mb) {
            Some(known) => known,
            None if invocations == 0.0 => (0.0, false),
            None => return Err("its billed durations were not read, and CloudWatch's metrics were neither".to_owned()),
        };
        let reports = evidence.reports().max(1) as f64;
        let restored: u64 = evidence.sizes.iter().map(|size| size.restored_starts).sum();
        Ok(Self {
            memory_size_mb,
            invocations,
            unread: unread(evidence).filter(|_| !counted),
            billed_ms,
            billed,
            provisioned_share: provisioned_share(evidence),
            restores: invocations * restored as f64 / reports,
            days,
        })
    }

    /// With as many invocations in what could not be read as in the rest; `None` where all was read, or it is not known
    /// how much was not.
    pub(super) fn at_most(&self) -> Option<Self> {
        let Some(Unread::Share(share)) = self.unread else {
            return None;
        };
        let whole = 1.0 / (1.0 - share);
        Some(Self {
            invocations: self.invocations * whole,
            restores: self.restores * whole,
            unread: None,
            ..*self
        })
    }

    /// GB-seconds billed.
    pub(super) fn gb_seconds(&self) -> f64 {
        gb_seconds(self.memory_size_mb, self.billed_ms) * self.invocations
    }
}

/// Invocations in a month. CloudWatch counts them all; reports do if every one was read.
fn invocations(evidence: &Evidence, window: Option<Window>) -> Result<f64, String> {
    let Some(window) = window else {
        let counted = evidence.metrics.map_or(0, |metrics| metrics.invocations);
        return Ok(counted.max(evidence.reports()) as f64);
    };
    let metrics = evidence
        .metrics
        .and_then(|m| Some((m.invocations as f64, m.window.per_month()?)));
    // Of files that were read in part there are so many at least.
    let is_counted = |logs: &&LogsRead| logs.complete || logs.source == LogsBy::Files && evidence.reports() > 0;
    let logs = (evidence.logs.as_ref()).filter(is_counted).map(|logs| {
        let read = match logs.source {
            // One function's lines may span an hour of the month that the files are about.
            LogsBy::Files => window,
            LogsBy::Insights | LogsBy::FilterLogEvents => logs.window.unwrap_or(window),
        };
        (evidence.reports() as f64, read.per_month())
    });
    match (metrics, logs) {
        (Some((counted, per_month)), _) if counted > 0.0 => Ok(counted * per_month),
        (_, Some((reports, Some(per_month)))) if reports > 0.0 => Ok(reports * per_month),
        // Everything there is: logs that are all of one moment.
        (None, Some((reports, None))) if reports > 0.0 => Ok(reports),
        (Some(_), _) if evidence.reports() == 0 => Ok(0.0),
        (_, Some(_)) if evidence.reports() == 0 => Ok(0.0),
        _ => Err(
            "how often it is called is not known: CloudWatch's metrics do not say, and its logs were not read in full"
                .to_owned(),
        ),
    }
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

fn provisioned_share(evidence: &Evidence) -> f64 {
    let share = evidence.metrics.and_then(|metrics| {
        let provisioned = metrics.provisioned_invocations? as f64;
        (metrics.invocations > 0).then(|| provisioned / metrics.invocations as f64)
    });
    share.unwrap_or(0.0).clamp(0.0, 1.0)
}
