//! One fold over all records, by function and memory size. What is said of it is up to [`Summary`](super::Summary) and
//! [`LogEvidence`](super::LogEvidence).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use tuner_core::review::{FunctionVersion, VersionSeen, Window};
use tuner_core::{Outcome, StartKind};

use super::distinct::Distinct;
use super::function::Function;
use super::growth::Growth;
use super::link::{Reported, Said};
use super::{Problem, Quantiles};

/// More functions and memory sizes than an account has, which may have tens of thousands at several sizes each: beyond are those
/// of a hostile or broken input, which must not take all memory.
pub(crate) const MOST_GROUPS: usize = 200_000;

/// What `initializationType` is of environments that are kept ready. Source: Lambda Telemetry API, schema reference.
const PROVISIONED: &str = "provisioned-concurrency";
/// And of those on instances of a capacity provider.
const MANAGED_INSTANCES: &str = "lambda-managed-instances";

/// Before Lambda was announced nothing was invoked: an earlier time is a broken one, and one of them would stretch the
/// days that the logs are of to centuries. Source: AWS News Blog, 13 November 2014.
const FIRST_LAMBDA: Timestamp = Timestamp::constant(1_415_836_800, 0);

/// Sums up records; two of them can be merged.
#[derive(Default)]
pub(crate) struct Folder {
    groups: Vec<(Key, Group)>,
    index: HashMap<Key, usize>,
    /// The group of the last record: most often that of the next one too.
    last: usize,
    /// REPORTs of groups for which there was no room.
    left_out: u64,
    /// Functions that have files of their own, by the paths.
    own_files: BTreeMap<Arc<Function>, OwnFiles>,
}

/// Function, if known, and memory size.
pub(crate) type Key = (Option<Arc<Function>>, Option<u32>);

impl Folder {
    /// `unnamed` is the function where nothing tells it.
    pub(crate) fn add(&mut self, reported: &Reported, unnamed: Option<&Arc<Function>>) {
        let measured = Measured::of(reported);
        match self.group(reported.function.as_ref().or(unnamed), measured.memory_size_mb) {
            Some(group) => {
                group.add(&measured);
                group.add_beginning(reported, measured.billed_duration_ms);
            }
            None => self.left_out += 1,
        }
    }

    /// A file of `function` was read.
    pub(crate) fn has_own_file(&mut self, function: &Arc<Function>, file: OwnFiles) {
        if self.own_files.len() < MOST_GROUPS || self.own_files.contains_key(function) {
            self.own_files.entry(function.clone()).or_default().add(file);
        }
    }

    pub(crate) fn own_files(&mut self) -> BTreeMap<Arc<Function>, OwnFiles> {
        std::mem::take(&mut self.own_files)
    }

    /// `None` if it were one too many.
    fn group(&mut self, function: Option<&Arc<Function>>, memory_size_mb: Option<u32>) -> Option<&mut Group> {
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
        for (function, files) in other.own_files {
            self.has_own_file(&function, files);
        }
        for ((function, memory_size_mb), group) in other.groups {
            match self.group(function.as_ref(), memory_size_mb) {
                Some(same) => same.merge(&group),
                None => self.left_out += group.invocations(),
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

    /// Every function, as far as known, and memory size with what was summed up; sorted.
    pub(crate) fn into_groups(self) -> Vec<(Key, Group)> {
        let mut groups = self.groups;
        groups.sort_by(|(a, _), (b, _)| a.cmp(b));
        groups
    }
}

/// The files that are a function's own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OwnFiles {
    pub(crate) files: u64,
    pub(crate) damaged: u64,
    /// In bytes, as they are in the files.
    pub(crate) bytes: u64,
    pub(crate) unread: u64,
    /// Those that are damaged in a way that does not tell how much is missing: cut off, or with a wrong checksum.
    pub(crate) unknown: u64,
}

impl OwnFiles {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.damaged += other.damaged;
        self.bytes += other.bytes;
        self.unread += other.unread;
        self.unknown += other.unknown;
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
    time: Option<Timestamp>,
    outcome: Outcome,
    start: StartKind,
    version: Option<FunctionVersion>,
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
                time: figures.time,
                outcome,
                start: figures.start_kind(),
                version: reported.version,
            },
            Said::More(report) => Self {
                duration_ms: report.duration_ms,
                init_duration_ms: report.init_duration_ms,
                restore_duration_ms: report.restore_duration_ms,
                billed_duration_ms: report.billed_duration_ms,
                memory_size_mb: report.memory_size_mb,
                max_memory_used_mb: report.max_memory_used_mb,
                time: report.time,
                outcome,
                start: report.start_kind(),
                version: reported.version,
            },
        }
    }
}

/// What was summed up of one function at one memory size.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) duration: Series,
    pub(crate) init: Series,
    pub(crate) restore: Series,
    pub(crate) max_memory_used_mb: Option<u32>,
    pub(crate) memory: Quantiles,
    pub(crate) growth: Growth,
    pub(crate) timeouts: u64,
    pub(crate) out_of_memory: u64,
    pub(crate) errors: u64,
    pub(crate) billed_ms: u64,
    pub(crate) unbilled: u64,
    pub(crate) cold: u64,
    pub(crate) restored: u64,
    pub(crate) provisioned: u64,
    pub(crate) managed_instances: u64,
    pub(crate) tenants: Distinct,
    pub(crate) durable: Distinct,
    /// Of the invocations of durable executions.
    pub(crate) durable_billed_ms: u64,
    pub(crate) seen: Option<Window>,
    pub(crate) undated: u64,
    versions: Vec<VersionSeen>,
}

/// Versions that are told apart at one size: beyond, of those that were not seen for longest nothing is told.
const MOST_VERSIONS: usize = 8;

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
        if let Some(mb) = measured.max_memory_used_mb {
            self.memory.add(f64::from(mb));
            if let Some(time) = measured.time.filter(|time| *time >= FIRST_LAMBDA) {
                self.growth.add(time, f64::from(mb));
            }
        }
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
        let time = measured.time.filter(|time| *time >= FIRST_LAMBDA);
        if let Some(version) = measured.version {
            self.saw(VersionSeen {
                version,
                last_seen: time,
            });
        }
        match time {
            Some(time) => {
                self.seen = spanning(
                    self.seen,
                    Some(Window {
                        from: time,
                        until: time,
                    }),
                )
            }
            None => self.undated += 1,
        }
    }

    /// Adds what was told where an invocation began.
    #[inline]
    fn add_beginning(&mut self, reported: &Reported, billed_duration_ms: Option<u64>) {
        if let Some(tenant) = reported.tenant() {
            self.tenants.add(tenant);
        }
        match reported.environment().map(|kind| &**kind) {
            Some(PROVISIONED) => self.provisioned += 1,
            Some(MANAGED_INSTANCES) => self.managed_instances += 1,
            _ => {}
        }
        if let Some(execution) = reported.durable_execution() {
            self.durable.add(execution);
            self.durable_billed_ms = self.durable_billed_ms.saturating_add(billed_duration_ms.unwrap_or(0));
        }
    }

    fn merge(&mut self, other: &Self) {
        self.duration.merge(&other.duration);
        self.init.merge(&other.init);
        self.restore.merge(&other.restore);
        self.max_memory_used_mb = self.max_memory_used_mb.max(other.max_memory_used_mb);
        self.memory.merge(&other.memory);
        self.growth.merge(&other.growth);
        self.timeouts += other.timeouts;
        self.out_of_memory += other.out_of_memory;
        self.errors += other.errors;
        self.billed_ms = self.billed_ms.saturating_add(other.billed_ms);
        self.unbilled += other.unbilled;
        self.cold += other.cold;
        self.restored += other.restored;
        self.provisioned += other.provisioned;
        self.managed_instances += other.managed_instances;
        self.tenants.merge(&other.tenants);
        self.durable.merge(&other.durable);
        self.durable_billed_ms = self.durable_billed_ms.saturating_add(other.durable_billed_ms);
        self.seen = spanning(self.seen, other.seen);
        self.undated += other.undated;
        other.versions.iter().for_each(|seen| self.saw(*seen));
    }

    fn saw(&mut self, seen: VersionSeen) {
        if let Some(known) = self.versions.iter_mut().find(|known| known.version == seen.version) {
            known.last_seen = known.last_seen.max(seen.last_seen);
            return;
        }
        if self.versions.len() == MOST_VERSIONS {
            let oldest = self
                .versions
                .iter()
                .enumerate()
                .min_by_key(|(_, known)| known.last_seen);
            match oldest.map(|(place, known)| (place, known.last_seen)) {
                Some((place, last_seen)) if last_seen < seen.last_seen => drop(self.versions.swap_remove(place)),
                _ => return,
            }
        }
        self.versions.push(seen);
    }

    /// The versions that reports are of, the one with the latest report last.
    pub(crate) fn versions(&self) -> Vec<VersionSeen> {
        let mut versions = self.versions.clone();
        versions.sort_by_key(|seen| (seen.last_seen, seen.version));
        versions
    }

    pub(crate) fn invocations(&self) -> u64 {
        self.duration.quantiles.count()
    }
}

/// Durations of one kind.
#[derive(Default)]
pub(crate) struct Series {
    pub(crate) quantiles: Quantiles,
    pub(crate) sum_ms: f64,
    pub(crate) max_ms: f64,
}

impl Series {
    fn add(&mut self, ms: f64) {
        self.quantiles.add(ms);
        self.sum_ms += ms;
        self.max_ms = self.max_ms.max(ms);
    }

    fn merge(&mut self, other: &Self) {
        self.quantiles.merge(&other.quantiles);
        self.sum_ms += other.sum_ms;
        self.max_ms = self.max_ms.max(other.max_ms);
    }
}

/// The stretch of time that holds both.
pub(crate) fn spanning(a: Option<Window>, b: Option<Window>) -> Option<Window> {
    let Some((a, b)) = a.zip(b) else {
        return a.or(b);
    };
    Some(Window {
        from: a.from.min(b.from),
        until: a.until.max(b.until),
    })
}
