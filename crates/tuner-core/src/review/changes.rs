//! What is different from the last review.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FindingKind, Resized, Saving};
use crate::pricing::Money;

/// What is different about one function since the last review.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// It was not in the last review.
    #[serde(default)]
    pub is_new: bool,
    /// Its memory size then, in MB, if it was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// What that change of the size did; absent where too little is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resized: Option<Box<Resized>>,
    /// What a month cost then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
    /// Findings that were not there then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appeared: Vec<FindingKind>,
    /// Findings that are there no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<FindingKind>,
    /// What came of the advice about its memory size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Followed>,
    /// Mean duration at the same size, relative to then: 0.2 is a fifth longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_change: Option<f64>,
    /// Mean cost of an invocation at the same size, relative to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_change: Option<f64>,
}

/// What came of a piece of advice about a memory size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Followed {
    /// The size it was about, in MB; absent if it was to be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advised_mb: Option<u32>,
    /// Whether the size was changed as advised, or in that direction.
    pub followed: bool,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Saving>,
    /// What it really saves a month, at the present number of invocations: cost of an invocation then less that now;
    /// absent while too little was seen of the new size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<Money>,
}
