use std::ops::{AddAssign, Sub};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The tuner's own calls to Lambda's API, as far as their number a second is limited for the account, and what they waited
/// for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlCalls {
    /// Calls that count against a limit which all of the account shares; invocations and `GetFunction` do not.
    pub limited: u32,
    /// How long they waited for their turn, in ms, all together: they are spaced out, so that others find room.
    pub paced_ms: u64,
    /// Those that Lambda refused all the same, since too many were made.
    pub throttled: u32,
}

impl ControlCalls {
    /// Whether there were none.
    pub const fn is_empty(&self) -> bool {
        self.limited == 0 && self.throttled == 0
    }
}

impl AddAssign for ControlCalls {
    fn add_assign(&mut self, more: Self) {
        self.limited += more.limited;
        self.paced_ms += more.paced_ms;
        self.throttled += more.throttled;
    }
}

/// Those since an earlier count.
impl Sub for ControlCalls {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            limited: self.limited.saturating_sub(before.limited),
            paced_ms: self.paced_ms.saturating_sub(before.paced_ms),
            throttled: self.throttled.saturating_sub(before.throttled),
        }
    }
}
