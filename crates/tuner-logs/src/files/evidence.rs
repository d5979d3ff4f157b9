use std::collections::BTreeMap;
use std::sync::Arc;

use tuner_core::review::{Durations, SizeEvidence, Unreported, Window};

use super::function::Function;
use super::group::{Folder, Group, OwnFiles, spanning};
use super::link::Tally;

/// What logs tell of all functions they are of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogEvidence {
    /// Sorted by name; one without a name is the first.
    pub functions: Vec<FunctionLogs>,
    /// From the first to the last report that has a time.
    pub window: Option<Window>,
    /// Reports without a time, which may lie outside of that.
    pub undated: u64,
    /// What was read, in bytes, after decompression.
    pub bytes: u64,
    /// Initialisations that failed. They are no invocations and have no memory size.
    pub failed_inits: u64,
    /// Time-out and crash lines of the older style whose report is not in the input, and whose function is not known.
    pub unattributed_failures: u64,
    /// Errors that runtimes wrote outside of any invocation in the input, or within several at a time.
    pub unattributed_errors: u64,
}

/// What logs tell of one function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionLogs {
    /// Its name as found; `None` where nothing tells it.
    pub name: Option<String>,
    /// Its region, where a path or an ARN says it.
    pub region: Option<String>,
    /// Whether it ran as Lambda@Edge.
    pub edge: bool,
    /// By memory size, ascending.
    pub sizes: Vec<SizeEvidence>,
    /// Reports without a memory size: those of Managed Instances, and those that are cut off.
    pub sizeless: u64,
    /// Failures of which lines of the older style tell, and no report.
    pub unreported: Unreported,
    /// Whether all of its files could be read to their end.
    pub complete: bool,
    /// How many files are its own, by their paths.
    pub files: u64,
    /// How many of them are damaged.
    pub damaged_files: u64,
    /// Which share of the bytes of its own files could not be read; `None` where nothing tells: a file is cut off, or one that
    /// could not be read may be its own.
    pub unread_share: Option<f64>,
}

impl FunctionLogs {
    /// Reports of it, those without a memory size too.
    pub fn reports(&self) -> u64 {
        self.sizeless + self.sizes.iter().map(|size| size.invocations).sum::<u64>()
    }
}

impl LogEvidence {
    pub(crate) fn new(mut folder: Folder, tally: Tally, unread: &Unread) -> Self {
        let own_files = folder.own_files();
        let mut whole = Self {
            bytes: tally.bytes,
            failed_inits: tally.failed_inits,
            unattributed_failures: (tally.timeouts + tally.crashes)
                .saturating_sub(tally.unreported.values().map(|of| of.all()).sum()),
            unattributed_errors: tally.errors,
            ..Self::default()
        };
        let mut last = None;
        for ((function, memory_size_mb), group) in folder.into_groups() {
            whole.window = spanning(whole.window, group.seen);
            whole.undated += group.undated;
            if last.as_ref() != Some(&function) {
                let own = function.as_ref().and_then(|function| own_files.get(function)).copied();
                whole
                    .functions
                    .push(FunctionLogs::new(function.as_deref(), own, unread));
                last = Some(function);
            }
            let Some(function) = whole.functions.last_mut() else {
                continue;
            };
            match memory_size_mb {
                Some(mb) => function.sizes.push(size_evidence(mb, &group)),
                None => function.sizeless += group.invocations(),
            }
        }
        let mut places: BTreeMap<Arc<Function>, usize> = BTreeMap::new();
        // Nearly no log has such failures.
        let any = !tally.unreported.is_empty();
        for (at, of) in whole.functions.iter().enumerate().filter(|_| any) {
            places.extend(of.function().map(|function| (function, at)));
        }
        for (function, unreported) in tally.unreported {
            let place = match places.get(&function).copied() {
                Some(place) => place,
                // Nothing but its failures is in the input.
                None => {
                    let own = own_files.get(&function).copied();
                    whole.functions.push(FunctionLogs::new(Some(&function), own, unread));
                    whole.functions.len() - 1
                }
            };
            whole.functions[place].unreported = unreported;
        }
        whole
            .functions
            .sort_by(|a, b| (&a.name, &a.region, a.edge).cmp(&(&b.name, &b.region, b.edge)));
        whole
    }
}

impl FunctionLogs {
    fn new(function: Option<&Function>, own: Option<OwnFiles>, unread: &Unread) -> Self {
        let known = own.unwrap_or_default();
        let is_of_others = !unread.anybodys && (!unread.nobody_knows_whose || own.is_some());
        Self {
            name: function.map(|function| function.name.to_string()),
            region: function
                .and_then(|function| function.region.as_deref())
                .map(str::to_owned),
            edge: function.is_some_and(|function| function.edge),
            sizes: Vec::new(),
            sizeless: 0,
            unreported: Unreported::default(),
            complete: is_of_others && known.damaged == 0,
            files: known.files,
            damaged_files: known.damaged,
            unread_share: (is_of_others && known.unknown == 0).then(|| known.unread as f64 / known.bytes.max(1) as f64),
        }
    }
}

impl FunctionLogs {
    fn function(&self) -> Option<Arc<Function>> {
        Some(Arc::new(Function {
            name: self.name.as_deref()?.into(),
            region: self.region.as_deref().map(Arc::from),
            edge: self.edge,
        }))
    }
}

/// What could not be read and is of no function's own files.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unread {
    /// Of some function that has no files of its own: the path of a file that does tells the function.
    pub(crate) nobody_knows_whose: bool,
    pub(crate) anybodys: bool,
}

fn size_evidence(memory_size_mb: u32, group: &Group) -> SizeEvidence {
    let invocations = group.invocations();
    let quantile = |p| {
        group
            .duration
            .quantiles
            .quantile(p)
            .unwrap_or_default()
            .min(group.duration.max_ms)
    };
    SizeEvidence {
        memory_size_mb,
        invocations,
        versions: group.versions(),
        first_seen: group.seen.map(|seen| seen.from),
        last_seen: group.seen.map(|seen| seen.until),
        duration: Durations {
            mean_ms: group.duration.sum_ms / invocations.max(1) as f64,
            p50_ms: quantile(0.50),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            max_ms: group.duration.max_ms,
        },
        billed_duration_ms: group.billed_ms,
        unbilled_invocations: group.unbilled,
        cold_starts: group.cold,
        init_sum_ms: group.init.sum_ms,
        restored_starts: group.restored,
        provisioned_invocations: group.provisioned,
        max_memory_used_mb: group.max_memory_used_mb,
        p99_memory_used_mb: (group.memory.quantile(0.99).map(|mb| mb.ceil() as u32))
            .zip(group.max_memory_used_mb)
            .map(|(p99, most)| p99.min(most)),
        memory_growth_mb: group.growth.mb(),
        timeouts: group.timeouts,
        out_of_memory: group.out_of_memory,
        errors: group.errors,
    }
}
