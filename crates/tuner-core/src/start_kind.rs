use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the execution environment of an invocation came to be.
///
/// REPORT decides it, never the position in a series of calls: Lambda may start a second environment at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartKind {
    /// A new environment was initialised: REPORT has an Init Duration.
    Cold,
    /// An environment of an earlier invocation was used.
    Warm,
    /// A new environment was restored from a SnapStart snapshot: REPORT has a Restore Duration.
    Restored,
}

impl StartKind {
    /// As people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Restored => "restored",
        }
    }
}

impl fmt::Display for StartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
