use std::sync::Arc;

use crate::lines::Report;
use schemars::JsonSchema;
use serde::Serialize;
use tuner_core::{Outcome, StartKind};

use super::link::Reported;

/// One REPORT with what is known around it; a line of `tuner logs --format json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Record {
    /// The function, or `unknown`.
    pub function: Arc<str>,
    /// Its region, where a path or an ARN says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// Whether it ran as Lambda@Edge.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub edge: bool,
    /// What its execution environment is, where `platform.initStart` says so: `on-demand`, `provisioned-concurrency`,
    /// `snap-start`, `lambda-managed-instances`. In the last several invocations run at a time, and none has a billed
    /// duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization_type: Option<Arc<str>>,
    /// The ARN of the durable execution that it is one invocation of, where a line of the SDK's logger says so. Each wait and each
    /// retry of a step invokes the function once more: the execution costs what all of them do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable_execution: Option<Arc<str>>,
    /// How its execution environment came to be.
    pub start: StartKind,
    /// What became of it, the older style's separate time-out and crash lines and the errors of runtimes considered.
    pub outcome: Outcome,
    /// Whether all of the memory was used: a timeout with it is probably a lack of memory.
    pub memory_exhausted: bool,
    /// What REPORT says.
    #[serde(flatten)]
    pub report: Report,
}

impl Record {
    /// `ids` are those of the report's chunk.
    pub(crate) fn new(reported: &Reported, ids: &str, unknown: &Arc<str>) -> Self {
        let report = reported.report(ids);
        let function = reported.function.as_deref();
        Self {
            function: function.map_or(unknown, |function| &function.name).clone(),
            region: function.and_then(|function| function.region.clone()),
            edge: function.is_some_and(|function| function.edge),
            initialization_type: reported.environment().cloned(),
            durable_execution: reported.durable_execution().cloned(),
            start: report.start_kind(),
            outcome: reported.outcome(),
            memory_exhausted: report.memory_exhausted(),
            report,
        }
    }
}
