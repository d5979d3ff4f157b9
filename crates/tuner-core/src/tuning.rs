//! The `Tuning` document: everything one study of one function found out. Reports are views of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decision::Compared;
use crate::pricing::{Currency, Money, PriceQuote};
pub use crate::tuning_request::{RequestRecord, Withheld};
use crate::{
    Architecture, ControlCalls, Decision, Distribution, Estimate, Floor, FunctionName, InvocationRecord, MachineUse,
    Machinery, Outcome, OutcomeCounts, Remedy, SnapStartUse, StartKind,
};

/// Version of the document's form. Raised when a field is removed or changes its meaning, or when one is added that must
/// be there; one that may be absent leaves older documents and older readers as they are.
///
/// Form 2 has every option in `request`, where form 1 had some and `planner`, and reasons of `decision.excluded` are data, where
/// they were words; an older document is read as one of this form.
pub const SCHEMA_VERSION: u32 = 2;

fn upgraded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(u32::deserialize(deserializer)?.max(SCHEMA_VERSION))
}

/// One measured study of one function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tuning {
    /// Form of this document, see [`SCHEMA_VERSION`].
    #[serde(deserialize_with = "upgraded")]
    pub schema_version: u32,
    /// UUIDv7 of this tuning.
    pub tuning_id: Uuid,
    /// Version of the tool that measured.
    pub tool_version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When measuring was over.
    pub finished_at: Timestamp,
    /// How it ended.
    pub status: TuningStatus,
    /// The function under test, as it was before.
    pub function: FunctionUnderTest,
    /// Where it was measured.
    pub environment: MeasuringEnvironment,
    /// What was asked for.
    pub request: RequestRecord,
    /// Prices used; absent when they are not known for this region and architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceQuote>,
    /// Why there is no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_unknown: Option<String>,
    /// What was known before anything was measured, and so the least memory that may be used; absent where nothing was asked.
    #[serde(default, skip_serializing_if = "Floor::is_empty")]
    pub floor: Floor,
    /// Every memory size that was asked for, ascending; also those that failed.
    pub sizes: Vec<SizeResult>,
    /// What to do.
    pub decision: Decision,
    /// What the tuning itself took.
    pub exploration: Exploration,
    /// What the state machine took that ran it; absent if none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machinery: Option<Machinery>,
    /// What the reader should know before trusting the numbers.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What could not be removed or put back.
    #[serde(default)]
    pub leftovers: Vec<String>,
    /// What to do about warnings and leftovers, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// What was changed for good, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<String>,
    /// Every invocation, in the order made.
    #[serde(default)]
    pub records: Vec<InvocationRecord>,
}

impl Tuning {
    /// What the function is called: as was asked, else by its own name with its qualifier, without account and region.
    pub fn display_name(&self) -> String {
        self.request.options.display_name(&self.function.name)
    }

    /// What the function, with its SnapStart, and the state machine cost together; `None` when a price is not known, there
    /// was no state machine, or they are in different currencies.
    pub fn cost(&self) -> Option<Money> {
        self.exploration.total()?.checked_add(self.machinery?.cost()?).ok()
    }

    /// Mean duration of an invocation at a memory size, in ms, as every view shows it: what sizes were compared by, with cold
    /// starts by the share that was asked for and payloads by theirs; where none were compared, what was measured. `None`
    /// where nothing was measured.
    pub fn mean_duration_ms(&self, memory_size_mb: u32) -> Option<Estimate> {
        let measured = || Some(self.measured_series(memory_size_mb)?.duration_ms.mean);
        self.compared(memory_size_mb).map(|c| c.duration_ms).or_else(measured)
    }

    /// Mean cost of an invocation at a memory size, likewise; `None` where its price is not known.
    pub fn mean_cost(&self, memory_size_mb: u32) -> Option<Estimate> {
        let cost = self.measured_series(memory_size_mb)?.cost?;
        // Without a price GB-seconds are compared.
        let compared = self.compared(memory_size_mb).filter(|_| self.price.is_some());
        Some(compared.map_or(cost.per_invocation, |c| c.cost))
    }

    fn compared(&self, memory_size_mb: u32) -> Option<&Compared> {
        let mut compared = self.decision.compared.iter();
        compared.find(|c| c.memory_size_mb == memory_size_mb)
    }

    fn measured_series(&self, memory_size_mb: u32) -> Option<&Series> {
        let mut sizes = self.sizes.iter();
        let size = sizes.find(|s| s.memory_size_mb == memory_size_mb && s.status == SizeStatus::Measured)?;
        size.series(self.start())
    }

    /// The kind of start whose figures stand for a size: the one that was compared, or where nothing could be, one that was
    /// measured.
    pub fn start(&self) -> StartKind {
        let measured = |start| {
            let mut sizes = self.sizes.iter().filter(|s| s.status == SizeStatus::Measured);
            sizes.any(|s| s.series(start).is_some())
        };
        let first = || {
            [StartKind::Warm, StartKind::Restored, StartKind::Cold]
                .into_iter()
                .find(|&start| measured(start))
        };
        self.decision.start.or_else(first).unwrap_or(StartKind::Warm)
    }
}

/// How a tuning ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TuningStatus {
    /// Every size was measured.
    Succeeded,
    /// Some sizes failed; the best was chosen among the others.
    Partial,
    /// No size could be measured.
    Failed,
}

/// The function under test, as it was before the tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionUnderTest {
    /// As resolved; a full ARN when known.
    pub name: FunctionName,
    /// Region, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Instruction set.
    pub architecture: Architecture,
    /// Managed runtime, such as `python3.13`; absent for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Memory size before the tuning, in MB; absent for a program on somebody's machine, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// Timeout, in seconds.
    pub timeout_s: u32,
    /// Size of /tmp, in MB; above 512 it is charged.
    pub ephemeral_storage_mb: u32,
    /// Whether published versions start from a snapshot.
    pub snap_start: bool,
    /// Hash of the code that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
}

/// Where a tuning was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MeasuringEnvironment {
    /// In AWS Lambda.
    Aws,
    /// On somebody's machine: durations are that processor's, dollars are estimates.
    Local {
        /// Processors at hand.
        host_cpus: f64,
        /// How processes were limited, such as "cgroup v1".
        confinement: String,
        /// Whether CPU was limited by memory size.
        cpu_limited: bool,
        /// Whether memory was limited.
        memory_limited: bool,
        /// Sizes above this one cannot be distinguished here, in MB.
        largest_distinct_memory_mb: u32,
        /// How bandwidth was limited by memory size, such as "proxy"; absent where it was not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<String>,
        /// What else went on on the machine meanwhile; absent where that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        machine: Option<MachineUse>,
    },
}

/// What was found at one memory size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizeResult {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Whether it can be chosen.
    pub status: SizeStatus,
    /// Invocations by how they ended.
    pub outcomes: OutcomeCounts,
    /// Samples that ended in an error of the function which was allowed, by its type: they are successes here, and in all figures.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowed_errors: BTreeMap<String, u32>,
    /// Answers of 429 before calls went through.
    pub throttles: u32,
    /// Invocations that met a warm environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm: Option<Series>,
    /// Invocations that started cold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold: Option<Series>,
    /// Invocations that started from a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Series>,
    /// Largest memory use seen, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_used_mb: Option<u32>,
    /// The first failure seen, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
}

impl SizeResult {
    /// Invocations in its figures, whatever kind of start they had.
    pub fn samples(&self) -> u64 {
        let all = [&self.warm, &self.cold, &self.restored].into_iter().flatten();
        all.map(|series| u64::from(series.billed_duration_ms.count)).sum()
    }

    /// Those of them that ended in an error which was allowed.
    pub fn allowed_errors(&self) -> u64 {
        self.allowed_errors.values().copied().map(u64::from).sum()
    }

    /// The series of invocations with this kind of start.
    pub const fn series(&self, start: StartKind) -> Option<&Series> {
        match start {
            StartKind::Warm => self.warm.as_ref(),
            StartKind::Cold => self.cold.as_ref(),
            StartKind::Restored => self.restored.as_ref(),
        }
    }
}

/// Whether a size can be chosen, and if not, why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SizeStatus {
    /// It was measured and can be chosen.
    Measured,
    /// It ran, but can't be chosen.
    Failed {
        /// The class of failure.
        outcome: Outcome,
    },
    /// It was not run.
    Skipped {
        /// Why, and the way out.
        reason: String,
    },
}

/// Measured invocations of one memory size with one kind of start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// What a caller waits for, in ms: duration, plus init or restore. Trimmed if that was asked for.
    pub duration_ms: Distribution,
    /// What is billed, in ms; never trimmed.
    pub billed_duration_ms: Distribution,
    /// Time to come up or to restore, in ms; cold and restored starts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_duration_ms: Option<Distribution>,
    /// GB-seconds billed per invocation.
    pub gb_seconds: Estimate,
    /// Cost of one invocation, request charge included; absent when the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// Mean cost of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// The mean over invocations, each billed as Lambda would, with its 95 % interval.
    pub per_invocation: Estimate,
    /// What it is counted in.
    pub currency: Currency,
}

/// What the tuning itself took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exploration {
    /// Calls that Lambda answered, failed ones included.
    pub invocations: u32,
    /// Answers of 429.
    pub throttles: u32,
    /// Sum of billed durations, in ms.
    pub billed_duration_ms: u64,
    /// GB-seconds billed.
    pub gb_seconds: f64,
    /// What the invocations cost; absent when the price is not known. Local runs cost nothing: this is what they would
    /// have cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// What SnapStart took besides; absent where the function does not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snap_start: Option<SnapStartUse>,
    /// The tuner's own calls that count against a limit of the account; absent where there were none.
    #[serde(default, skip_serializing_if = "ControlCalls::is_empty")]
    pub control_calls: ControlCalls,
    /// Time from start to end, in ms.
    pub wall_ms: u64,
}

impl Exploration {
    /// What invocations and SnapStart cost together; `None` when one of them is not known.
    pub fn total(&self) -> Option<Money> {
        match &self.snap_start {
            None => self.cost,
            Some(used) => self.cost?.checked_add(used.cost?).ok(),
        }
    }
}
