use schemars::JsonSchema;
use serde::Serialize;

use super::function::Function;
use super::group::{Folder, Group};
use super::link::Tally;
use super::{Quantiles, UNKNOWN_FUNCTION};

/// What logs say, per function and memory size.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Sorted by function, then memory size.
    pub rows: Vec<SummaryRow>,
    /// Initialisations that failed. They are no invocations and have no memory size.
    pub failed_inits: u64,
    /// Time-out lines of the older style whose REPORT is not in the input; in no row.
    pub unattributed_timeouts: u64,
    /// Crash lines of the older style whose REPORT is not in the input; in no row.
    pub unattributed_crashes: u64,
    /// Errors that runtimes wrote outside of any invocation in the input, or within several at a time; in no row.
    pub unattributed_errors: u64,
}

/// One function at one memory size.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SummaryRow {
    /// The function, or `unknown`.
    pub function: String,
    /// Its region, where a path or an ARN says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether it ran as Lambda@Edge.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub edge: bool,
    /// The memory size, in MB; none for Managed Instances and for reports that are cut off.
    pub memory_size_mb: Option<u32>,
    /// How many REPORTs there are. Retries count, as they are billed.
    pub invocations: u64,
    /// Those with an init duration.
    pub cold_starts: u64,
    /// Those with a restore duration.
    pub restored_starts: u64,
    /// Cold starts as a share of all invocations, 0 to 1; restored starts are not among them.
    pub cold_start_share: f64,
    /// Durations of all invocations, init and restore not included.
    pub duration: Option<Percentiles>,
    /// Init durations of the cold starts.
    pub init_duration: Option<Percentiles>,
    /// Restore durations of the restored starts.
    pub restore_duration: Option<Percentiles>,
    /// The most memory used, in MB.
    pub max_memory_used_mb: Option<u32>,
    /// Invocations that reached the timeout.
    pub timeouts: u64,
    /// Invocations that ran out of memory.
    pub out_of_memory: u64,
    /// Invocations that failed otherwise, as far as logs tell: by their REPORT, or by the line that their runtime wrote.
    pub errors: u64,
    /// What is billed, in ms, summed.
    pub billed_duration_ms: u64,
    /// What is billed, in GB-seconds, summed.
    pub gb_seconds: f64,
    /// Invocations without a billed duration, which are missing in the two sums above.
    pub unbilled_invocations: u64,
    /// Invocations in environments of provisioned concurrency, as far as JSON logs tell what environments are.
    #[serde(skip_serializing_if = "is_none")]
    pub provisioned_invocations: u64,
    /// Invocations on Managed Instances, as far as JSON logs tell it. Several run at a time in one environment, and their cost is
    /// that of the instances: their reports have neither a billed duration nor memory.
    #[serde(skip_serializing_if = "is_none")]
    pub managed_instances_invocations: u64,
    /// Of which tenants invocations are, where JSON logs tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
    /// Of which durable executions invocations are, where the SDK's logger tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable_executions: Option<DurableExecutions>,
}

/// Invocations of a function with tenant isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tenants {
    /// How many tenants there are; `None` where they are too many to tell apart.
    pub tenants: Option<u64>,
    /// Invocations that name their tenant.
    pub invocations: u64,
}

/// Invocations of durable executions. An execution is invoked again after each wait, and each invocation has its own REPORT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DurableExecutions {
    /// How many executions there are; `None` where they are too many to tell apart.
    pub executions: Option<u64>,
    /// Invocations of which the log tells the execution.
    pub invocations: u64,
    /// What these are billed, in ms, summed. Operations and storage of durable executions are billed beside it.
    pub billed_duration_ms: u64,
}

/// Of counts that only some logs tell: nothing was told.
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Percentiles by nearest rank: exact up to 512 values, beyond that within 0.5 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Percentiles {
    /// The median, in ms.
    pub p50_ms: f64,
    /// In ms.
    pub p95_ms: f64,
    /// In ms.
    pub p99_ms: f64,
}

impl Percentiles {
    fn of(quantiles: &Quantiles) -> Option<Self> {
        Some(Self {
            p50_ms: quantiles.quantile(0.50)?,
            p95_ms: quantiles.quantile(0.95)?,
            p99_ms: quantiles.quantile(0.99)?,
        })
    }
}

impl Summary {
    pub(crate) fn new(folder: Folder, tally: Tally) -> Self {
        let mut rows: Vec<SummaryRow> = folder
            .into_groups()
            .into_iter()
            .map(|((function, size), group)| SummaryRow::new(function.as_deref(), size, &group))
            .collect();
        // `unknown` stands among the names.
        rows.sort_by(|a, b| {
            let key = |row: &SummaryRow| (row.function.clone(), row.region.clone(), row.edge, row.memory_size_mb);
            key(a).cmp(&key(b))
        });
        Self {
            rows,
            failed_inits: tally.failed_inits,
            unattributed_timeouts: tally.timeouts,
            unattributed_crashes: tally.crashes,
            unattributed_errors: tally.errors,
        }
    }
}

impl SummaryRow {
    fn new(function: Option<&Function>, memory_size_mb: Option<u32>, group: &Group) -> Self {
        let invocations = group.invocations();
        Self {
            function: function.map_or(UNKNOWN_FUNCTION, |function| &function.name).to_owned(),
            region: function
                .and_then(|function| function.region.as_deref())
                .map(str::to_owned),
            edge: function.is_some_and(|function| function.edge),
            memory_size_mb,
            invocations,
            cold_starts: group.cold,
            restored_starts: group.restored,
            cold_start_share: group.cold as f64 / invocations.max(1) as f64,
            duration: Percentiles::of(&group.duration.quantiles),
            init_duration: Percentiles::of(&group.init.quantiles),
            restore_duration: Percentiles::of(&group.restore.quantiles),
            max_memory_used_mb: group.max_memory_used_mb,
            timeouts: group.timeouts,
            out_of_memory: group.out_of_memory,
            errors: group.errors,
            billed_duration_ms: group.billed_ms,
            gb_seconds: memory_size_mb.map_or(0.0, |mb| tuner_core::gb_seconds(mb, group.billed_ms as f64)),
            unbilled_invocations: group.unbilled,
            provisioned_invocations: group.provisioned,
            managed_instances_invocations: group.managed_instances,
            tenants: (group.tenants.invocations > 0).then(|| Tenants {
                tenants: group.tenants.number(),
                invocations: group.tenants.invocations,
            }),
            durable_executions: (group.durable.invocations > 0).then(|| DurableExecutions {
                executions: group.durable.number(),
                invocations: group.durable.invocations,
                billed_duration_ms: group.durable_billed_ms,
            }),
        }
    }
}
