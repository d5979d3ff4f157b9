//! What a review finds, and what to do about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FunctionVersion;
use crate::pricing::{Confidence, Money};

/// Something found about a function, with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// How far it is to be trusted: how much was seen, and how directly.
    pub confidence: Confidence,
    /// How probable it is, 0 to 1, where that can be calculated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// The evidence, in a sentence with its figures.
    pub text: String,
    /// What acting on it would save a month; absent where nothing is known of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving: Option<Saving>,
}

/// Kinds of findings, in the order in which they matter to a reader: what may break, then what wastes, then what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// 90 % of the memory or more was used, or it ran out (Compute Optimizer: `MemoryUnderprovisioned`).
    MemoryUnderprovisioned,
    /// It timed out, or comes close.
    TimeoutRisk,
    /// It fails often.
    Errors,
    /// It is turned away for lack of concurrency.
    Throttles,
    /// Slower or dearer by a fifth or more than at the last review, at the same size.
    Regression,
    /// Much of the memory is never used (Compute Optimizer: `MemoryOverprovisioned`).
    MemoryOverprovisioned,
    /// It probably waits for its processor: more memory may make it faster at little or no cost. [`Finding::probability`] says
    /// how probably.
    CpuBound,
    /// Much of what is billed is initialisation.
    InitHeavy,
    /// Provisioned concurrency is kept and not used.
    ProvisionedConcurrencyUnused,
    /// Snapshots of published versions are kept, and charged for, that nothing leads to.
    SnapStartVersionsUnused,
    /// Its time-out is so far above what it takes that a call which hangs costs as much as thousands of usual ones.
    TimeoutTooLong,
    /// It runs on x86_64, and its runtime exists for arm64.
    Arm64Candidate,
    /// Too few invocations to say anything of its memory (Compute Optimizer: `InsufficientData`).
    NotEnoughData,
    /// There are no reports to read: no log group, nothing in it, or reports are hidden or sent elsewhere.
    NoLogs,
    /// Something may not be read.
    NoAccess,
    /// It has no memory size to tune, such as on Managed Instances.
    Unsupported,
    /// Looking at it failed.
    Failed,
}

impl FindingKind {
    /// All of them, in order.
    pub const ALL: [Self; 17] = [
        Self::MemoryUnderprovisioned,
        Self::TimeoutRisk,
        Self::Errors,
        Self::Throttles,
        Self::Regression,
        Self::MemoryOverprovisioned,
        Self::CpuBound,
        Self::InitHeavy,
        Self::ProvisionedConcurrencyUnused,
        Self::SnapStartVersionsUnused,
        Self::TimeoutTooLong,
        Self::Arm64Candidate,
        Self::NotEnoughData,
        Self::NoLogs,
        Self::NoAccess,
        Self::Unsupported,
        Self::Failed,
    ];

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::MemoryUnderprovisioned => "may run out of memory",
            Self::TimeoutRisk => "may time out",
            Self::Errors => "fails",
            Self::Throttles => "is throttled",
            Self::Regression => "got worse",
            Self::MemoryOverprovisioned => "memory over-provisioned",
            Self::CpuBound => "CPU-bound?",
            Self::InitHeavy => "init-heavy",
            Self::ProvisionedConcurrencyUnused => "provisioned concurrency unused",
            Self::SnapStartVersionsUnused => "unused SnapStart versions",
            Self::TimeoutTooLong => "time-out far too long",
            Self::Arm64Candidate => "arm64 candidate",
            Self::NotEnoughData => "not enough data",
            Self::NoLogs => "no logs",
            Self::NoAccess => "no access",
            Self::Unsupported => "unsupported",
            Self::Failed => "not looked at",
        }
    }

    /// Whether something may break.
    pub const fn is_risk(self) -> bool {
        matches!(
            self,
            Self::MemoryUnderprovisioned | Self::TimeoutRisk | Self::Errors | Self::Throttles | Self::Regression
        )
    }

    /// Whether it says that something is not known.
    pub const fn is_gap(self) -> bool {
        matches!(
            self,
            Self::NotEnoughData | Self::NoLogs | Self::NoAccess | Self::Unsupported | Self::Failed
        )
    }
}

/// What would be saved in a month; less than 0 is more to pay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Saving {
    /// If the duration stays what it is.
    pub at_best: Money,
    /// If the duration grows as far as it can (see [`SavingBasis`]).
    pub at_worst: Money,
    /// What the two rest on.
    pub basis: SavingBasis,
}

/// What a saving rests on, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SavingBasis {
    /// Nothing but bounds: a duration can't shrink with less memory, and can't grow faster than the memory shrinks.
    Bounds,
    /// Compute Optimizer's projection of the duration.
    ComputeOptimizer,
    /// Invocations seen in the logs at both sizes: other events, perhaps other code.
    SeenAtBothSizes,
    /// Prices alone: of provisioned concurrency no duration is part; of arm64 durations are taken to stay at best, and
    /// nothing to be saved at worst, since nothing bounds them.
    Price,
    /// A tuning: the same events at both sizes.
    Measured,
}

/// Something to do. Reports make the exact command of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Advice {
    /// The finding it answers.
    pub about: FindingKind,
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Measure it at these sizes before anything is changed.
    Tune {
        /// In MB, ascending; the present one is among them.
        memory_sizes_mb: Vec<u32>,
    },
    /// Give it this memory size: it was measured, or more is needed in any case.
    SetMemorySize {
        /// In MB.
        memory_size_mb: u32,
    },
    /// Give it more time.
    SetTimeout {
        /// In seconds.
        timeout_s: u32,
    },
    /// Keep fewer environments ready; none at 0.
    SetProvisionedConcurrency {
        /// Version or alias.
        qualifier: String,
        /// How many.
        environments: u32,
    },
    /// Delete these published versions: each has a snapshot that is charged for.
    DeleteVersions {
        /// Their numbers, ascending.
        versions: Vec<FunctionVersion>,
    },
    /// Build it for arm64 and measure it there.
    TryArm64,
    /// Let JSON logs hold the reports again: system log level INFO.
    ShowReports,
    /// Allow this call.
    Allow {
        /// Such as `logs:StartQuery`.
        call: String,
    },
    /// Look into it: no setting mends this.
    Investigate,
}
