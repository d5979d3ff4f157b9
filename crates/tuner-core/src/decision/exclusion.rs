//! Why a size that was measured was not considered.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Constraint;

/// A size that was measured but not considered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exclusion {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Why.
    #[serde(deserialize_with = "of_either_form")]
    pub reason: ExclusionReason,
}

/// Why a size was not considered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExclusionReason {
    /// It breaks a limit.
    AboveLimit {
        /// The limit that it breaks by most.
        constraint: Constraint,
        /// What was found: ms, or the cost of a million invocations.
        value: f64,
        /// What it may be at most, in the same unit.
        limit: f64,
    },
    /// It is below the floor.
    BelowFloor {
        /// The smallest size that may be used by what was known before, in MB.
        floor_mb: u32,
    },
    /// It leaves too little memory free.
    TooLittleHeadroom {
        /// Largest memory use seen, in MB.
        used_mb: u32,
        /// How much more memory a size must have, as a share of that use.
        headroom: f64,
    },
    /// It has more than one vCPU, and is hardly faster for it.
    NotFasterThanOneVcpu {
        /// Where a function has one vCPU, in MB.
        one_vcpu_mb: u32,
        /// The share of the duration that it would have to save.
        least_gain: f64,
    },
    /// Too few invocations of it were measured.
    TooFewInvocations {
        /// So many are needed.
        least: u32,
    },
    /// Of several payloads not all were measured there, so its mean is that of another mix.
    PayloadsMissing {
        /// So many payloads were.
        measured: u32,
        /// Of so many.
        of: u32,
    },
    /// A reason that a document of form 1 has in words.
    InWords {
        /// The words.
        text: String,
    },
}

fn of_either_form<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExclusionReason, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Words(String),
        Typed(ExclusionReason),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Words(text) => ExclusionReason::InWords { text },
        Either::Typed(reason) => reason,
    })
}
