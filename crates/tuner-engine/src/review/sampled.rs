//! Reports that were read line by line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tuner_core::review::{Durations, FunctionVersion, SizeEvidence, VersionSeen};
use tuner_core::stats;
use tuner_core::{Outcome, StartKind};
use tuner_logs::lines::{Neighbours, Report};

/// The reports of one function, by memory size.
#[derive(Debug, Default)]
pub(crate) struct Sampled {
    sizes: BTreeMap<u32, Reports>,
}

#[derive(Debug, Default)]
struct Reports {
    durations_ms: Vec<f64>,
    versions: BTreeMap<FunctionVersion, Option<Timestamp>>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    billed_ms: u64,
    unbilled: u64,
    cold_starts: u64,
    init_sum_ms: f64,
    restored_starts: u64,
    max_memory_used_mb: Option<u32>,
    timeouts: u64,
    out_of_memory: u64,
    errors: u64,
}

impl Sampled {
    /// Adds a report that was written at `at`. One without a memory size, as of Managed Instances, says nothing here.
    pub(crate) fn add(&mut self, report: &Report, at: Option<Timestamp>, version: Option<FunctionVersion>) {
        let Some(memory_size_mb) = report.memory_size_mb else {
            return;
        };
        let reports = self.sizes.entry(memory_size_mb).or_default();
        let at = report.time.or(at);
        reports.durations_ms.push(report.duration_ms);
        reports.first_seen = reports.first_seen.into_iter().chain(at).min();
        reports.last_seen = reports.last_seen.max(at);
        if let Some(version) = version {
            let seen = reports.versions.entry(version).or_default();
            *seen = at.max(*seen);
        }
        match report.billed_duration_ms {
            Some(billed) => reports.billed_ms += billed,
            None => reports.unbilled += 1,
        }
        reports.cold_starts += u64::from(report.start_kind() == StartKind::Cold);
        reports.init_sum_ms += report.init_duration_ms.unwrap_or(0.0);
        reports.restored_starts += u64::from(report.start_kind() == StartKind::Restored);
        reports.max_memory_used_mb = reports.max_memory_used_mb.max(report.max_memory_used_mb);
        match report.outcome(Neighbours::NONE) {
            Outcome::Timeout => reports.timeouts += 1,
            Outcome::OutOfMemory => reports.out_of_memory += 1,
            Outcome::FunctionError | Outcome::InitError => reports.errors += 1,
            Outcome::Success | Outcome::Throttled | Outcome::Unmeasured => {}
        }
    }

    /// What they add up to, by memory size, ascending.
    pub(crate) fn sizes(self) -> Vec<SizeEvidence> {
        self.sizes
            .into_iter()
            .filter_map(|(memory_size_mb, reports)| {
                let seen = reports.versions.into_iter();
                let mut versions: Vec<VersionSeen> = seen
                    .map(|(version, last_seen)| VersionSeen { version, last_seen })
                    .collect();
                versions.sort_by_key(|seen| seen.last_seen);
                let durations = stats::sorted(&reports.durations_ms);
                // By nearest rank, as these are of a sample anyway.
                let rank = |q: f64| ((q * durations.len() as f64).ceil() as usize).max(1) - 1;
                let quantile = |q: f64| durations.get(rank(q)).copied();
                Some(SizeEvidence {
                    memory_size_mb,
                    invocations: durations.len() as u64,
                    versions,
                    first_seen: reports.first_seen,
                    last_seen: reports.last_seen,
                    duration: Durations {
                        mean_ms: durations.iter().sum::<f64>() / durations.len() as f64,
                        p50_ms: quantile(0.5)?,
                        p95_ms: quantile(0.95)?,
                        p99_ms: quantile(0.99)?,
                        max_ms: *durations.last()?,
                    },
                    billed_duration_ms: reports.billed_ms,
                    unbilled_invocations: reports.unbilled,
                    cold_starts: reports.cold_starts,
                    init_sum_ms: reports.init_sum_ms,
                    restored_starts: reports.restored_starts,
                    provisioned_invocations: 0,
                    max_memory_used_mb: reports.max_memory_used_mb,
                    p99_memory_used_mb: None,
                    memory_growth_mb: None,
                    timeouts: reports.timeouts,
                    out_of_memory: reports.out_of_memory,
                    errors: reports.errors,
                })
            })
            .collect()
    }
}
