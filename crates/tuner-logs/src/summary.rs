use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use tuner_core::{Outcome, StartKind};

use crate::link::{Reported, Said, Tally};
use crate::{Problem, Quantiles, UNKNOWN_FUNCTION};

/// What logs say, per function and memory size.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Sorted by function, then memory size.
    pub rows: Vec<SummaryRow>,
    /// Initialisations that failed. They are no invocations and have no memory size.
    pub failed_inits: u64,
    /// Time-out lines of the older style whose REPORT is not in the input; in no row.
    pub unattributed_timeouts: u64,
    /// Crash lines of the older style whose REPORT is not in the input; in no row.
    pub unattributed_crashes: u64,
}

/// One function at one memory size.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SummaryRow {
    /// The function, or `unknown`.
    pub function: String,
    /// The memory size, in MB; none for Managed Instances and for reports that are cut off.
    pub memory_size_mb: Option<u32>,
    /// How many REPORTs there are. Retries count, as they are billed.
    pub invocations: u64,
    /// Those with an init duration.
    pub cold_starts: u64,
    /// Those with a restore duration.
    pub restored_starts: u64,
    /// Cold starts as a share of all invocations, 0 to 1; restored starts are not among them.
    pub cold_start_share: f64,
    /// Durations of all invocations, init and restore not included.
    pub duration: Option<Percentiles>,
    /// Init durations of the cold starts.
    pub init_duration: Option<Percentiles>,
    /// Restore durations of the restored starts.
    pub restore_duration: Option<Percentiles>,
    /// The most memory used, in MB.
    pub max_memory_used_mb: Option<u32>,
    /// Invocations that reached the timeout.
    pub timeouts: u64,
    /// Invocations that ran out of memory.
    pub out_of_memory: u64,
    /// Invocations that failed otherwise, as far as logs tell: a handler that throws leaves an ordinary REPORT.
    pub errors: u64,
    /// What is billed, in ms, summed.
    pub billed_duration_ms: u64,
    /// What is billed, in GB-seconds, summed.
    pub gb_seconds: f64,
    /// Invocations without a billed duration, which are missing in the two sums above.
    pub unbilled_invocations: u64,
}

/// Percentiles by nearest rank: exact up to 512 values, beyond that within 0.5 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Percentiles {
    /// The median, in ms.
    pub p50_ms: f64,
    /// In ms.
    pub p95_ms: f64,
    /// In ms.
    pub p99_ms: f64,
}

impl Percentiles {
    fn of(quantiles: &Quantiles) -> Option<Self> {
        Some(Self {
            p50_ms: quantiles.quantile(0.50)?,
            p95_ms: quantiles.quantile(0.95)?,
            p99_ms: quantiles.quantile(0.99)?,
        })
    }
}

/// More functions and memory sizes than an account has: beyond are those of a hostile or broken input, which must not
/// take all memory.
const MOST_GROUPS: usize = 10_000;

/// Sums up records; two of them can be merged.
#[derive(Default)]
pub(crate) struct Folder {
    groups: Vec<(Key, Group)>,
    index: HashMap<Key, usize>,
    /// The group of the last record: most often that of the next one too.
    last: usize,
    /// REPORTs of groups for which there was no room.
    left_out: u64,
}

/// Function, if known, and memory size.
type Key = (Option<Arc<str>>, Option<u32>);

impl Folder {
    pub(crate) fn add(&mut self, reported: &Reported) {
        let measured = Measured::of(reported);
        match self.group(reported.function.as_ref(), measured.memory_size_mb) {
            Some(group) => group.add(&measured),
            None => self.left_out += 1,
        }
    }

    /// `None` if it were one too many.
    fn group(&mut self, function: Option<&Arc<str>>, memory_size_mb: Option<u32>) -> Option<&mut Group> {
        let is_last = self
            .groups
            .get(self.last)
            .is_some_and(|((name, size), _)| name.as_ref() == function && *size == memory_size_mb);
        if !is_last {
            let key = (function.cloned(), memory_size_mb);
            self.last = match self.index.get(&key) {
                Some(known) => *known,
                None if self.groups.len() == MOST_GROUPS => return None,
                None => {
                    self.index.insert(key.clone(), self.groups.len());
                    self.groups.push((key, Group::default()));
                    self.groups.len() - 1
                }
            };
        }
        self.groups.get_mut(self.last).map(|(_, group)| group)
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.left_out += other.left_out;
        for ((function, memory_size_mb), group) in other.groups {
            match self.group(function.as_ref(), memory_size_mb) {
                Some(same) => same.merge(&group),
                None => self.left_out += group.duration.count(),
            }
        }
        self
    }

    /// What to say if there was not room for everything.
    pub(crate) fn problem(&self) -> Option<Problem> {
        (self.left_out > 0).then_some(Problem::TooManyGroups {
            most: MOST_GROUPS,
            left_out: self.left_out,
        })
    }

    pub(crate) fn finish(self, tally: Tally) -> Summary {
        let mut rows: Vec<SummaryRow> = self
            .groups
            .into_iter()
            .map(|((function, size), group)| {
                group.into_row(function.as_deref().unwrap_or(UNKNOWN_FUNCTION).to_owned(), size)
            })
            .collect();
        rows.sort_by(|a, b| (&a.function, a.memory_size_mb).cmp(&(&b.function, b.memory_size_mb)));
        Summary {
            rows,
            failed_inits: tally.failed_inits,
            unattributed_timeouts: tally.timeouts,
            unattributed_crashes: tally.crashes,
        }
    }
}

/// What is summed up of one REPORT.
struct Measured {
    duration_ms: f64,
    init_duration_ms: Option<f64>,
    restore_duration_ms: Option<f64>,
    billed_duration_ms: Option<u64>,
    memory_size_mb: Option<u32>,
    max_memory_used_mb: Option<u32>,
    outcome: Outcome,
    start: StartKind,
}

impl Measured {
    #[inline]
    fn of(reported: &Reported) -> Self {
        let outcome = reported.outcome();
        match &reported.said {
            Said::Usual { figures, .. } => Self {
                duration_ms: figures.duration_ms,
                init_duration_ms: figures.init_duration_ms,
                restore_duration_ms: None,
                billed_duration_ms: Some(figures.billed_duration_ms),
                memory_size_mb: Some(figures.memory_size_mb),
                max_memory_used_mb: Some(figures.max_memory_used_mb),
                outcome,
                start: figures.start_kind(),
            },
            Said::More(report) => Self {
                duration_ms: report.duration_ms,
                init_duration_ms: report.init_duration_ms,
                restore_duration_ms: report.restore_duration_ms,
                billed_duration_ms: report.billed_duration_ms,
                memory_size_mb: report.memory_size_mb,
                max_memory_used_mb: report.max_memory_used_mb,
                outcome,
                start: report.start_kind(),
            },
        }
    }
}

#[derive(Default)]
struct Group {
    duration: Quantiles,
    init: Quantiles,
    restore: Quantiles,
    max_memory_used_mb: Option<u32>,
    timeouts: u64,
    out_of_memory: u64,
    errors: u64,
    billed_ms: u64,
    unbilled: u64,
    cold: u64,
    restored: u64,
}

impl Group {
    fn add(&mut self, measured: &Measured) {
        self.duration.add(measured.duration_ms);
        if let Some(ms) = measured.init_duration_ms {
            self.init.add(ms);
        }
        if let Some(ms) = measured.restore_duration_ms {
            self.restore.add(ms);
        }
        self.max_memory_used_mb = self.max_memory_used_mb.max(measured.max_memory_used_mb);
        match measured.outcome {
            Outcome::Timeout => self.timeouts += 1,
            Outcome::OutOfMemory => self.out_of_memory += 1,
            Outcome::FunctionError | Outcome::InitError => self.errors += 1,
            Outcome::Success | Outcome::Throttled | Outcome::Unmeasured => {}
        }
        match measured.start {
            StartKind::Cold => self.cold += 1,
            StartKind::Restored => self.restored += 1,
            StartKind::Warm => {}
        }
        match measured.billed_duration_ms {
            Some(billed) => self.billed_ms = self.billed_ms.saturating_add(billed),
            None => self.unbilled += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.duration.merge(&other.duration);
        self.init.merge(&other.init);
        self.restore.merge(&other.restore);
        self.max_memory_used_mb = self.max_memory_used_mb.max(other.max_memory_used_mb);
        self.timeouts += other.timeouts;
        self.out_of_memory += other.out_of_memory;
        self.errors += other.errors;
        self.billed_ms = self.billed_ms.saturating_add(other.billed_ms);
        self.unbilled += other.unbilled;
        self.cold += other.cold;
        self.restored += other.restored;
    }

    fn into_row(self, function: String, memory_size_mb: Option<u32>) -> SummaryRow {
        let invocations = self.duration.count();
        SummaryRow {
            function,
            memory_size_mb,
            invocations,
            cold_starts: self.cold,
            restored_starts: self.restored,
            cold_start_share: self.cold as f64 / invocations.max(1) as f64,
            duration: Percentiles::of(&self.duration),
            init_duration: Percentiles::of(&self.init),
            restore_duration: Percentiles::of(&self.restore),
            max_memory_used_mb: self.max_memory_used_mb,
            timeouts: self.timeouts,
            out_of_memory: self.out_of_memory,
            errors: self.errors,
            billed_duration_ms: self.billed_ms,
            gb_seconds: memory_size_mb.map_or(0.0, |mb| tuner_core::gb_seconds(mb, self.billed_ms as f64)),
            unbilled_invocations: self.unbilled,
        }
    }
}
