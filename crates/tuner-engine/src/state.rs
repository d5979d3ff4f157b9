use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tuner_core::{FunctionName, MemorySize, Progress};
use uuid::Uuid;

use crate::TuningRequest;
use crate::ports::FunctionConfiguration;

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
    /// What was published: one version of each size, or several where every one is for one round of cold starts.
    pub versions: BTreeMap<MemorySize, Vec<u64>>,
    /// What was measured.
    pub progress: Progress,
    /// Tunings that are over and have left something on the function; it goes with ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken_off: Vec<Uuid>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// The function under test as it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// `$LATEST`, which is published and put back.
    pub latest: FunctionConfiguration,
    /// Memory size that is in use now, in MB: that of the version asked for, if one was.
    pub present_memory_size_mb: u32,
    /// The highest version number before; ours are above it.
    pub last_version: u64,
}

impl TuningState {
    /// The function, unqualified.
    pub const fn function(&self) -> &FunctionName {
        &self.original.latest.arn
    }

    /// Versions of a size that can still be invoked: the one there is, or those never invoked where cold starts are wanted.
    pub fn usable_versions(&self, size: MemorySize) -> Vec<u64> {
        let published = self.versions.get(&size).map(Vec::as_slice).unwrap_or_default();
        let used = self.progress.get(&size).map(|p| &p.versions_used);
        let is_used = |version: &u64| self.request.only_cold_starts && used.is_some_and(|used| used.contains(version));
        published.iter().copied().filter(|version| !is_used(version)).collect()
    }

    /// Why sizes are not measured, for those that are not.
    pub fn skipped(&self) -> BTreeMap<MemorySize, String> {
        self.progress
            .iter()
            .filter_map(|(&size, p)| Some((size, p.skipped.clone()?)))
            .collect()
    }
}
