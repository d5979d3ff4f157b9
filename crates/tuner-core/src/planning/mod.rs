//! Planning: what has been measured so far in, what to invoke next out.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::curve::Sample;
use crate::{InvocationRecord, MemorySize, Outcome, StartKind};

mod adaptive;
mod budget;
mod preset;

pub use adaptive::{AdaptivePlanner, Candidates, RUNGS, Stopped};
pub use budget::Budget;
pub use preset::{Effort, Preset, UnknownPreset};

/// Invocations to make at one memory size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// At which size.
    pub memory_size: MemorySize,
    /// How many.
    pub invocations: u32,
    /// How many of them at the same time.
    pub concurrency: u32,
}

/// Decides what to invoke next, and how often at most. An empty answer ends the measuring.
///
/// A planner holds no state: everything it decides on is in `progress`, so that a tuning can stop after any invocation
/// and go on in another process.
pub trait Planner {
    /// The next batches, given what was measured so far.
    fn next(&self, progress: &Progress) -> Vec<Batch>;

    /// Sizes that will probably be measured too: their versions are published together with those of the next batches, so
    /// that the function is changed once.
    fn soon(&self, _progress: &Progress) -> BTreeSet<MemorySize> {
        BTreeSet::new()
    }

    /// Invocations of one size when all goes well.
    fn usual_calls(&self) -> u32;

    /// The most calls that are spent at one size, whatever happens: failed calls are made up for, but not without end.
    fn most_calls(&self) -> u32;
}

/// As many samples of a size are kept for planning; what is planned for more of them does not look at them.
pub const MOST_SAMPLES: usize = 64;

/// What was measured so far, by memory size. Its size does not grow with the number of invocations.
pub type Progress = BTreeMap<MemorySize, SizeProgress>;

/// What was measured so far at one memory size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SizeProgress {
    /// Invocations by how they ended.
    pub outcomes: OutcomeCounts,
    /// Measured invocations that met a warm environment.
    pub warm: u32,
    /// Measured invocations that started cold.
    pub cold: u32,
    /// Measured invocations that started from a snapshot.
    pub restored: u32,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// Sum of billed durations, in ms.
    pub billed_ms: u64,
    /// Answers of 429 on the way.
    pub throttles: u32,
    /// Versions that were invoked, where a size has several.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub versions_used: BTreeSet<u64>,
    /// Longest duration seen, in ms, init included.
    #[serde(default)]
    pub longest_ms: f64,
    /// The first [`MOST_SAMPLES`] invocations that met a warm environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    /// Sums over invocations that started cold or restored.
    #[serde(default)]
    pub cold_sums: ColdSums,
    /// Largest memory use seen, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_used_mb: Option<u32>,
    /// Why the size can't be measured at all, if it can't: the account's quota, a version that failed to come up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// Sums over cold starts, from which their mean and their scatter follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ColdSums {
    /// Of durations, init included, in ms.
    pub ms: f64,
    /// Of billed durations, in ms.
    pub billed_ms: f64,
    /// Of logarithms of the durations.
    pub logs: f64,
    /// Of their squares.
    pub log_squares: f64,
}

impl ColdSums {
    fn add(&mut self, sample: &Sample) {
        let log = sample.ms.max(0.01).ln();
        self.ms += sample.ms;
        self.billed_ms += sample.billed_ms;
        self.logs += log;
        self.log_squares += log * log;
    }
}

impl SizeProgress {
    /// Takes one more invocation into account.
    pub fn add(&mut self, record: &InvocationRecord) {
        self.outcomes.add(record.outcome);
        self.billed_ms += record.billed_duration_ms.unwrap_or(0);
        self.throttles += record.throttles;
        self.versions_used.extend(record.version);
        self.longest_ms = self.longest_ms.max(record.performance_ms().unwrap_or(0.0));
        self.max_memory_used_mb = self.max_memory_used_mb.max(record.max_memory_used_mb);
        if record.is_measured() {
            let sample = Sample::of(record);
            match record.start {
                Some(StartKind::Cold) => self.cold += 1,
                Some(StartKind::Restored) => self.restored += 1,
                _ => self.warm += 1,
            }
            match (record.start, sample) {
                (Some(StartKind::Cold | StartKind::Restored), Some(sample)) => {
                    self.cold_sums.add(&sample);
                }
                (_, Some(sample)) if self.samples.len() < MOST_SAMPLES => self.samples.push(sample),
                _ => {}
            }
        }
        match record.outcome {
            Outcome::Success | Outcome::Unmeasured => self.failures_in_a_row = 0,
            _ => self.failures_in_a_row += 1,
        }
    }

    /// Invocations that were measured, whatever their start.
    pub const fn measured(&self) -> u32 {
        self.warm + self.cold + self.restored
    }

    /// Why it makes no sense to go on at this size, if so.
    ///
    /// Running out of memory or time once makes a size unsafe to choose, so nothing more is paid for it; other failures may
    /// be chance (a flaky downstream), so it takes five in a row with hardly a success. (One proves nothing: that of an
    /// asynchronous invocation is only that its log does not say otherwise.)
    pub const fn hopeless(&self) -> Option<Outcome> {
        let o = &self.outcomes;
        if o.out_of_memory > 0 {
            Some(Outcome::OutOfMemory)
        } else if o.timeout > 0 {
            Some(Outcome::Timeout)
        } else if o.init_error >= 2 {
            Some(Outcome::InitError)
        } else if o.function_error >= 5 && self.failures_in_a_row >= 5 && self.measured() <= 1 {
            Some(Outcome::FunctionError)
        } else if o.throttled >= 2 && self.measured() < o.throttled {
            Some(Outcome::Throttled)
        } else if o.unmeasured >= 3 && self.measured() == 0 {
            Some(Outcome::Unmeasured)
        } else {
            None
        }
    }
}

/// Invocations counted by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "named after the outcomes they count")]
pub struct OutcomeCounts {
    pub success: u32,
    pub function_error: u32,
    pub out_of_memory: u32,
    pub timeout: u32,
    pub throttled: u32,
    pub init_error: u32,
    pub unmeasured: u32,
}

impl OutcomeCounts {
    /// Counts one more.
    pub const fn add(&mut self, outcome: Outcome) {
        *self.of_mut(outcome) += 1;
    }

    /// All invocations. A document may say any numbers.
    pub const fn total(&self) -> u32 {
        self.success
            .saturating_add(self.failures())
            .saturating_add(self.unmeasured)
    }

    /// All that did not succeed; unmeasured ones did.
    pub const fn failures(&self) -> u32 {
        self.function_error
            .saturating_add(self.out_of_memory)
            .saturating_add(self.timeout)
            .saturating_add(self.throttled)
            .saturating_add(self.init_error)
    }

    /// The most serious kind of failure seen, if any: memory, time, init, error, throttle.
    pub fn worst_failure(&self) -> Option<Outcome> {
        use Outcome::{FunctionError, InitError, OutOfMemory, Throttled, Timeout};
        [OutOfMemory, Timeout, InitError, FunctionError, Throttled]
            .into_iter()
            .find(|&o| self.of(o) > 0)
    }

    /// How many ended in `outcome`.
    pub const fn of(&self, outcome: Outcome) -> u32 {
        match outcome {
            Outcome::Success => self.success,
            Outcome::FunctionError => self.function_error,
            Outcome::OutOfMemory => self.out_of_memory,
            Outcome::Timeout => self.timeout,
            Outcome::Throttled => self.throttled,
            Outcome::InitError => self.init_error,
            Outcome::Unmeasured => self.unmeasured,
        }
    }

    const fn of_mut(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::Success => &mut self.success,
            Outcome::FunctionError => &mut self.function_error,
            Outcome::OutOfMemory => &mut self.out_of_memory,
            Outcome::Timeout => &mut self.timeout,
            Outcome::Throttled => &mut self.throttled,
            Outcome::InitError => &mut self.init_error,
            Outcome::Unmeasured => &mut self.unmeasured,
        }
    }
}

/// The fixed grid: the same number of warm invocations at every size.
///
/// The first invocation of a size comes on top: it pays for the cold start, which is reported apart. It is made alone, so
/// that a size that can't run at all shows for the price of a single call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridPlanner {
    /// Warm invocations to measure at each size.
    pub invocations: u32,
    /// How many at the same time at one size.
    pub concurrency: u32,
}

impl Planner for GridPlanner {
    fn next(&self, progress: &Progress) -> Vec<Batch> {
        batches(progress, self.concurrency, |size| {
            let called = size.outcomes.total();
            let cold_start = u32::from(called == 0);
            let wanted = self.invocations.saturating_sub(size.warm + size.outcomes.unmeasured);
            (wanted + cold_start).min(self.most_calls().saturating_sub(called))
        })
    }

    fn usual_calls(&self) -> u32 {
        self.invocations + 1
    }

    fn most_calls(&self) -> u32 {
        match self.invocations {
            0 => 1,
            invocations => 2 * invocations + self.concurrency + 1,
        }
    }
}

/// The same number of cold starts at every size. A version that was never invoked starts cold, once for every call that
/// it gets at the same time; calls that find a warm environment are kept apart and do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColdStartPlanner {
    /// Cold starts to measure at each size.
    pub cold_starts: u32,
    /// How many calls each version gets, at the same time.
    pub concurrency: u32,
}

impl ColdStartPlanner {
    /// How many versions are needed for `calls` more cold starts, judged by what those before have given.
    pub fn versions(&self, calls: u32, size: &SizeProgress) -> u32 {
        let used = size.versions_used.len() as u32;
        let each = match used {
            0 => self.concurrency,
            used => ((size.cold + size.restored) / used).clamp(1, self.concurrency.max(1)),
        };
        calls.div_ceil(each.max(1))
    }
}

impl Planner for ColdStartPlanner {
    fn next(&self, progress: &Progress) -> Vec<Batch> {
        batches(progress, self.concurrency, |size| {
            let had = size.cold + size.restored + size.outcomes.unmeasured;
            let wanted = self.cold_starts.saturating_sub(had);
            wanted.min(self.most_calls().saturating_sub(size.outcomes.total()))
        })
    }

    fn usual_calls(&self) -> u32 {
        self.cold_starts
    }

    fn most_calls(&self) -> u32 {
        // Every version gives at least one.
        (self.concurrency + 1) * self.cold_starts
    }
}

/// The batches of all sizes that can still be measured and of which more calls are `wanted`.
fn batches(progress: &Progress, concurrency: u32, wanted: impl Fn(&SizeProgress) -> u32) -> Vec<Batch> {
    progress
        .iter()
        .filter(|(_, size)| size.skipped.is_none() && size.hopeless().is_none())
        .map(|(&memory_size, size)| Batch {
            memory_size,
            invocations: wanted(size),
            concurrency: concurrency.max(1),
        })
        .filter(|batch| batch.invocations > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(start: StartKind) -> InvocationRecord {
        InvocationRecord {
            start: Some(start),
            duration_ms: Some(9.5),
            billed_duration_ms: Some(10),
            ..InvocationRecord::bare(128, Outcome::Success)
        }
    }

    /// Runs the planner against an oracle until it is done; returns the calls it made at each size.
    fn run(planner: &GridPlanner, sizes: &[u32], oracle: impl Fn(u32, u32) -> InvocationRecord) -> Vec<u32> {
        let mut progress: Progress = sizes
            .iter()
            .map(|&mb| (MemorySize::new(mb).unwrap(), SizeProgress::default()))
            .collect();
        for _round in 0..100 {
            let batches = planner.next(&progress);
            if batches.is_empty() {
                return progress.values().map(|p| p.outcomes.total()).collect();
            }
            for batch in batches {
                let size = progress.get_mut(&batch.memory_size).unwrap();
                for _ in 0..batch.invocations {
                    let call = size.outcomes.total();
                    size.add(&oracle(batch.memory_size.mb(), call));
                    if size.hopeless().is_some() {
                        break;
                    }
                }
            }
        }
        panic!("the planner does not end");
    }

    fn cold_then_warm(_mb: u32, call: u32) -> InvocationRecord {
        measured(if call == 0 { StartKind::Cold } else { StartKind::Warm })
    }

    const GRID: GridPlanner = GridPlanner {
        invocations: 10,
        concurrency: 1,
    };

    #[test]
    fn one_cold_start_and_ten_warm_ones() {
        assert_eq!(run(&GRID, &[128, 512], cold_then_warm), [11, 11]);
    }

    #[test]
    fn cold_starts_are_counted_and_each_takes_a_version_that_was_never_invoked() {
        let planner = ColdStartPlanner {
            cold_starts: 10,
            concurrency: 4,
        };
        let mut size = SizeProgress::default();
        let wanted =
            |size: &SizeProgress| planner.next(&Progress::from([(MemorySize::MIN, size.clone())]))[0].invocations;
        assert_eq!((wanted(&size), planner.versions(10, &size)), (10, 3));
        // Two of four calls came when another was done, and met its environment.
        for start in [StartKind::Cold, StartKind::Cold, StartKind::Warm, StartKind::Warm] {
            size.add(&InvocationRecord {
                version: Some(7),
                ..measured(start)
            });
        }
        assert_eq!((wanted(&size), planner.versions(8, &size)), (8, 4));
    }

    #[test]
    fn no_warm_invocations_is_one_call() {
        let one = GridPlanner { invocations: 0, ..GRID };
        assert_eq!(run(&one, &[128, 512], cold_then_warm), [1, 1]);
    }

    #[test]
    fn out_of_memory_costs_one_call_and_spares_the_other_sizes() {
        let oracle = |mb, call| match mb {
            128 => InvocationRecord::bare(128, Outcome::OutOfMemory),
            _ => cold_then_warm(mb, call),
        };
        assert_eq!(run(&GRID, &[128, 512], oracle), [1, 11]);
    }

    #[test]
    fn one_timeout_or_five_errors_end_a_size() {
        assert_eq!(
            run(&GRID, &[128], |_, _| InvocationRecord::bare(128, Outcome::Timeout)),
            [1]
        );
        assert_eq!(
            run(&GRID, &[128], |_, _| InvocationRecord::bare(
                128,
                Outcome::FunctionError
            )),
            [5]
        );
    }

    #[test]
    fn errors_by_chance_are_made_up_for() {
        let oracle = |mb, call: u32| match call % 3 {
            2 => InvocationRecord::bare(mb, Outcome::FunctionError),
            _ => cold_then_warm(mb, call),
        };
        let calls = run(&GRID, &[128], oracle)[0];
        assert!((15..=17).contains(&calls), "{calls}");
    }

    #[test]
    fn always_cold_ends_too() {
        assert_eq!(
            run(&GRID, &[128], |_, _| measured(StartKind::Cold)),
            [GRID.most_calls()]
        );
    }

    #[test]
    fn unmeasured_calls_are_not_repeated_for_ever() {
        assert_eq!(
            run(&GRID, &[128], |_, _| InvocationRecord::bare(128, Outcome::Unmeasured)),
            [3]
        );
    }
}
