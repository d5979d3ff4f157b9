use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tuner_core::{FunctionName, MemorySize, Progress};
use uuid::Uuid;

use crate::TuningRequest;
use crate::ports::FunctionConfiguration;

/// What travels from step to step. Its size is bounded whatever the number of invocations: records go to the store.
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
    /// What was published.
    pub versions: BTreeMap<MemorySize, PublishedSize>,
    /// What was measured.
    pub progress: Progress,
    /// How many record objects are in the store.
    pub record_parts: u32,
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

/// A version made for one memory size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedSize {
    /// Its number.
    pub version: u64,
    /// Whether this tuning made it. Lambda returns an existing version when nothing changed; that one is not ours to
    /// delete.
    pub ours: bool,
}

impl TuningState {
    /// The function, unqualified.
    pub const fn function(&self) -> &FunctionName {
        &self.original.latest.arn
    }

    /// Why sizes are not measured, for those that are not.
    pub fn skipped(&self) -> BTreeMap<MemorySize, String> {
        self.progress
            .iter()
            .filter_map(|(&size, p)| Some((size, p.skipped.clone()?)))
            .collect()
    }
}
