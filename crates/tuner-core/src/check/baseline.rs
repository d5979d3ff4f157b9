//! What limits are relative to: the figures of an earlier tuning or check.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Check, Metric};
use crate::{FunctionName, StartKind, Tuning};

/// Figures that new ones are compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// What kind of document they are from.
    pub of: BaselineOf,
    /// Its ID.
    pub id: Uuid,
    /// When it was measured.
    pub measured_at: Timestamp,
    /// The function that it is of.
    pub function: FunctionName,
    /// The memory size whose figures these are, in MB.
    pub memory_size_mb: u32,
    /// The figures, in the unit of each metric.
    pub figures: Vec<(Metric, f64)>,
}

/// What a baseline is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaselineOf {
    /// A tuning.
    Tuning,
    /// A check.
    Check,
}

impl Baseline {
    /// What is compared where nothing else is asked for.
    pub const USUAL: [Metric; 3] = [Metric::Mean, Metric::P95, Metric::CostPerMillion];
    /// How much worse a figure may be than the baseline's, in %, where nothing else is asked for.
    pub const USUAL_MARGIN_PCT: f64 = 20.0;

    /// What it measured of a metric.
    pub fn figure(&self, metric: Metric) -> Option<f64> {
        self.figures
            .iter()
            .find(|(known, _)| *known == metric)
            .map(|(_, value)| *value)
    }

    /// The figures of an earlier check.
    pub fn of_check(check: &Check) -> Self {
        Self {
            of: BaselineOf::Check,
            id: check.check_id,
            measured_at: check.finished_at,
            function: check.function.clone(),
            memory_size_mb: check.memory_size_mb,
            figures: check
                .figures
                .iter()
                .map(|figure| (figure.metric, figure.value))
                .collect(),
        }
    }

    /// The figures of a tuning at the first of these sizes that it measured: `memory_size_mb`, which is deployed now, the size
    /// that it recommends, and the one that the function had. `None` if it measured none of them.
    pub fn of_tuning(tuning: &Tuning, memory_size_mb: Option<u32>) -> Option<Self> {
        let tried = [
            memory_size_mb,
            tuning.decision.memory_size_mb,
            tuning.function.memory_size_mb,
        ];
        let mb = tried
            .into_iter()
            .flatten()
            .find(|&mb| tuning.mean_duration_ms(mb).is_some())?;
        let size = tuning.sizes.iter().find(|size| size.memory_size_mb == mb)?;
        let series = size.series(tuning.start());
        let duration = series.map(|series| &series.duration_ms);
        let init = size
            .series(StartKind::Cold)
            .or_else(|| size.series(StartKind::Restored));
        let init = init.and_then(|series| series.init_duration_ms.as_ref());
        let (ran, succeeded) = (size.outcomes.total(), size.outcomes.of(crate::Outcome::Success));
        let success = (ran > 0).then(|| 100.0 * f64::from(succeeded) / f64::from(ran));
        let memory = size
            .max_memory_used_mb
            .map(|used| 100.0 * f64::from(used) / f64::from(mb));
        let priced = tuning.price.as_ref().and_then(|_| tuning.mean_cost(mb));
        let figures = [
            (Metric::Success, success),
            (Metric::Mean, tuning.mean_duration_ms(mb).map(|mean| mean.value)),
            (Metric::P50, duration.map(|d| d.p50.value)),
            (Metric::P95, duration.map(|d| d.p95.value)),
            (Metric::P99, duration.map(|d| d.p99.value)),
            (Metric::CostPerMillion, priced.map(|cost| cost.value * 1e6)),
            (Metric::Init, init.map(|d| d.p50.value)),
            (Metric::MemoryUsed, memory),
        ];
        Some(Self {
            of: BaselineOf::Tuning,
            id: tuning.tuning_id,
            measured_at: tuning.finished_at,
            function: tuning.function.name.clone(),
            memory_size_mb: mb,
            figures: figures
                .into_iter()
                .filter_map(|(metric, value)| Some((metric, value?)))
                .collect(),
        })
    }
}
