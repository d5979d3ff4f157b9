use std::path::Path;

use tuner_core::review::{Durations, SizeEvidence, Window};

use crate::Problem;
use crate::group::{Folder, Group, spanning};
use crate::input::function_of_path;
use crate::link::Tally;

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
    /// Time-out and crash lines of the older style whose report is not in the input.
    pub unattributed_failures: u64,
    /// Errors that runtimes wrote outside of any invocation in the input, or within several at a time.
    pub unattributed_errors: u64,
}

/// What logs tell of one function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionLogs {
    /// Its name as found; `None` where nothing tells it.
    pub name: Option<String>,
    /// By memory size, ascending.
    pub sizes: Vec<SizeEvidence>,
    /// Reports without a memory size: those of Managed Instances, and those that are cut off.
    pub sizeless: u64,
    /// Whether all of its files could be read to their end.
    pub complete: bool,
}

impl FunctionLogs {
    /// Reports of it, those without a memory size too.
    pub fn reports(&self) -> u64 {
        self.sizeless + self.sizes.iter().map(|size| size.invocations).sum::<u64>()
    }
}

impl LogEvidence {
    pub(crate) fn new(mut folder: Folder, tally: Tally, problems: &[Problem]) -> Self {
        let unread: Vec<Unread> = problems.iter().map(Unread::of).collect();
        let with_own_files = folder.with_own_files();
        let mut whole = Self {
            bytes: tally.bytes,
            failed_inits: tally.failed_inits,
            unattributed_failures: tally.timeouts + tally.crashes,
            unattributed_errors: tally.errors,
            ..Self::default()
        };
        for ((name, memory_size_mb), group) in folder.into_groups() {
            let name = name.as_deref();
            whole.window = spanning(whole.window, group.seen);
            whole.undated += group.undated;
            if whole.functions.last().is_none_or(|last| last.name.as_deref() != name) {
                whole.functions.push(FunctionLogs {
                    name: name.map(str::to_owned),
                    sizes: Vec::new(),
                    sizeless: 0,
                    complete: !unread.iter().any(|unread| match unread {
                        Unread::Of(function) => name == Some(function),
                        Unread::OfNobodyKnowsWhom => name.is_none_or(|name| !with_own_files.contains(name)),
                        Unread::OfAnybody => true,
                    }),
                });
            }
            let Some(function) = whole.functions.last_mut() else {
                continue;
            };
            match memory_size_mb {
                Some(mb) => function.sizes.push(size_evidence(mb, &group)),
                None => function.sizeless += group.invocations(),
            }
        }
        whole
    }
}

/// Whose reports could not be read.
enum Unread {
    Of(String),
    /// Of some function that has no files of its own: the path of a file that does tells the function.
    OfNobodyKnowsWhom,
    OfAnybody,
}

impl Unread {
    fn of(problem: &Problem) -> Self {
        match problem {
            Problem::Open { name, .. } | Problem::Read { name, .. } | Problem::Gzip { name, .. } => {
                function_of_path(Path::new(name)).map_or(Self::OfNobodyKnowsWhom, Self::Of)
            }
            Problem::TooManyGroups { .. } => Self::OfAnybody,
        }
    }
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
        max_memory_used_mb: group.max_memory_used_mb,
        timeouts: group.timeouts,
        out_of_memory: group.out_of_memory,
        errors: group.errors,
    }
}
