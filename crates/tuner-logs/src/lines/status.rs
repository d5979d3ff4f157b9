use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `Status` of a platform event. The text form prints it only on failure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All went well (JSON only).
    Success,
    /// The process crashed, or Lambda ended it.
    Error,
    /// The runtime reported a failure (JSON only).
    Failure,
    /// The time limit was reached.
    Timeout,
    /// A word that is not in Lambda's schema (or a cut one), kept as it is; it counts as a failure.
    #[serde(untagged)]
    Other(String),
}

impl Status {
    /// Lambda's own word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Failure => "failure",
            Self::Timeout => "timeout",
            Self::Other(word) => word,
        }
    }

    /// Whether it says that something went wrong.
    pub fn is_failure(&self) -> bool {
        *self != Self::Success
    }
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        match word {
            "success" => Self::Success,
            "error" => Self::Error,
            "failure" => Self::Failure,
            "timeout" => Self::Timeout,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
