use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The handler answered, and a REPORT says what it took.
    Success,
    /// The handler answered with an error, or its process ended.
    FunctionError,
    /// The process was killed because it needed more than the memory size.
    OutOfMemory,
    /// The handler did not answer within the function's timeout.
    Timeout,
    /// Lambda refused the call (429); nothing ran and nothing is billed.
    Throttled,
    /// The process did not come up.
    InitError,
    /// The handler answered, but no REPORT was to be had: nothing is known of duration and cost.
    Unmeasured,
}

impl Outcome {
    /// As people read it: "out of memory".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::FunctionError => "function error",
            Self::OutOfMemory => "out of memory",
            Self::Timeout => "timeout",
            Self::Throttled => "throttled",
            Self::InitError => "init error",
            Self::Unmeasured => "unmeasured",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
