use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tuner_core::planning::{AdaptivePlanner, Candidates};
use tuner_core::pricing::Rate;
use tuner_core::tuning::Withheld;
use tuner_core::{
    Batch, ControlCalls, Floor, FunctionName, MemorySize, Payloads, Planner, Progress, Question, Remedy, SizeProgress,
};
use uuid::Uuid;

use crate::TuningRequest;
use crate::ports::{Concurrency, FunctionConfiguration};
use crate::withheld::withheld;

/// All that a step needs to know of those before it. Its size is bounded whatever the number of invocations: records go to
/// the store, from which `progress` can be had again ([`crate::records::progress`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuningState {
    /// UUIDv7 of this tuning.
    pub tuning_id: Uuid,
    /// When it began.
    pub started_at: Timestamp,
    /// What was asked for.
    pub request: TuningRequest,
    /// The function under test as it was before.
    pub original: Original,
    /// The least memory that may be used, by what was known before.
    #[serde(default)]
    pub floor: Floor,
    /// What invocations cost; GB-seconds are counted where that is not known.
    pub rate: Rate,
    /// What planning needs to know of the payloads.
    #[serde(default)]
    pub payloads: PayloadShares,
    /// What was published: one version of each size, or several where every one is for one round of cold starts.
    pub versions: BTreeMap<MemorySize, Vec<u64>>,
    /// What was measured.
    pub progress: Progress,
    /// Tunings that are over and have left something on the function; it goes with ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken_off: Vec<Uuid>,
    /// How many executions may run at the same time; absent where that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Invocations that Lambda refused so far, since too many ran at the same time.
    #[serde(default)]
    pub throttled: u32,
    /// The tuner's own limited calls so far, as far as they were made by steps before.
    #[serde(default, skip_serializing_if = "ControlCalls::is_empty")]
    pub control_calls: ControlCalls,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// What to do about that, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
}

/// The function under test as it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// `$LATEST`, which is published and put back.
    pub latest: FunctionConfiguration,
    /// Memory size that is in use now, in MB: that of the version asked for, if one was.
    /// Absent where it is nobody's choice, see [`TuningRequest::has_present_size`].
    #[serde(default)]
    pub present_memory_size_mb: Option<u32>,
    /// The highest version number before; ours are above it.
    pub last_version: u64,
}

/// What planning and the document need to know of payloads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PayloadShares {
    /// Share of each in all invocations; empty when there is only one.
    pub shares: Vec<f64>,
    /// So many invocations of a size send each of them, as often as its weight says where a round is short.
    pub all_sent_after: u32,
    /// As much as the document may say of them.
    #[serde(default)]
    pub withheld: Withheld,
}

impl PayloadShares {
    /// Those of `payloads`, of which digests have the tuning's ID as their `key`.
    pub fn of(payloads: &Payloads, key: Uuid) -> Self {
        Self {
            withheld: withheld(key, payloads.entries().iter().map(|entry| &entry.body[..])),
            shares: payloads.shares(),
            all_sent_after: payloads.round().unwrap_or_else(|| payloads.all_sent_after()),
        }
    }
}

impl TuningState {
    /// The planner asked for, `elapsed_ms` after the tuning began.
    pub fn planner(&self, elapsed_ms: f64) -> Box<dyn Planner + Send + Sync> {
        match self.adaptive_planner(elapsed_ms) {
            Some(planner) => Box::new(planner),
            None => self.request.options.fixed_planner(),
        }
    }

    /// The planner asked for, if it is an adaptive one.
    pub fn adaptive_planner(&self, elapsed_ms: f64) -> Option<AdaptivePlanner> {
        let candidates = self.candidates();
        let question = self.question();
        Some(AdaptivePlanner {
            effort: self
                .request
                .options
                .preset
                .effort()?
                .with_monthly_invocations(self.request.options.monthly_invocations),
            question: Question {
                // A size that was not asked for is not invoked, though it is in use.
                present_memory_size_mb: question.present_memory_size_mb.filter(|&mb| candidates.contains(mb)),
                ..question
            },
            candidates,
            timeout_ms: Some(f64::from(self.original.latest.timeout_s) * 1000.0),
            budget: self.request.options.budget,
            elapsed_ms,
            concurrency: self.request.options.concurrency,
            all_payloads: self.payloads.all_sent_after,
        })
    }

    /// What is asked of planning and decision.
    pub fn question(&self) -> Question {
        let request = &self.request;
        Question {
            objective: request.options.objective,
            constraints: request.options.constraints.clone(),
            cold_share: request.options.cold_share,
            headroom: request.options.headroom,
            rate: self.rate,
            range_mb: self.candidates().ends(),
            payload_shares: self.payloads.shares.clone(),
            present_memory_size_mb: self.original.present_memory_size_mb,
            floor_mb: self.floor.binding_mb(),
        }
    }

    fn candidates(&self) -> Candidates {
        let least = self.floor.binding_mb().unwrap_or(MemorySize::MIN.mb());
        match &self.request.options.memory_sizes[..] {
            [] => Candidates::Range(least, MemorySize::MAX.mb()),
            sizes => {
                let sizes = sizes.iter().map(|size| size.mb());
                Candidates::List(sizes.filter(|&mb| mb >= least).collect())
            }
        }
    }

    /// How many versions that can still be invoked `batch` needs.
    pub fn versions_for(&self, batch: &Batch) -> u32 {
        let untouched = SizeProgress::default();
        let progress = self.progress.get(&batch.memory_size).unwrap_or(&untouched);
        self.request.options.versions_for(batch, progress)
    }

    /// The function, unqualified.
    pub const fn function(&self) -> &FunctionName {
        &self.original.latest.arn
    }

    /// Versions of a size that can still be invoked: the one there is, or those never invoked where cold starts are wanted.
    pub fn usable_versions(&self, size: MemorySize) -> Vec<u64> {
        let published = self.versions.get(&size).map(Vec::as_slice).unwrap_or_default();
        let used = self.progress.get(&size).map(|p| &p.versions_used);
        let is_used =
            |version: &u64| self.request.options.only_cold_starts && used.is_some_and(|used| used.contains(version));
        published.iter().copied().filter(|version| !is_used(version)).collect()
    }

    /// What the versions published so far, and the invocations made, cost at least. Prices that are not known count as nothing.
    pub fn spent(&self) -> f64 {
        let published = self
            .versions
            .iter()
            .map(|(size, versions)| self.rate.publishing(size.mb()).unwrap_or_default() * versions.len() as f64);
        let invoked = self.progress.iter().map(|(size, progress)| {
            let requests = self.rate.request * f64::from(progress.outcomes.total());
            self.rate.cost(size.mb(), progress.billed_ms as f64) - self.rate.request + requests
        });
        published.sum::<f64>() + invoked.sum::<f64>()
    }

    /// Sizes that may have been invoked: those known to be, and those that have a version, which a step that was cut off may
    /// have come to.
    pub fn begun(&self) -> BTreeSet<MemorySize> {
        self.progress.keys().chain(self.versions.keys()).copied().collect()
    }

    /// Why sizes are not measured, for those that are not.
    pub fn skipped(&self) -> BTreeMap<MemorySize, String> {
        self.progress
            .iter()
            .filter_map(|(&size, p)| Some((size, p.skipped.clone()?)))
            .collect()
    }
}
