use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use tuner_core::planning::Preset;
use tuner_core::{FunctionName, MemorySize, Objective};

use super::input::{ExecutionInput, PayloadSource};
use super::options::field_of;
use crate::Apply;

impl ExecutionInput {
    /// The way back: an input that [`parse`](Self::parse) reads to this.
    ///
    /// A concurrency between 1 and the most allowed can't be said in LPT's words: it becomes `parallelInvocation`.
    ///
    /// # Errors
    /// When the payload is not JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let r = &self.request;
        let (strategy, balanced_weight) = match r.objective {
            Objective::Cost => ("cost", None),
            Objective::Speed => ("speed", None),
            Objective::Balanced { cost_weight } => ("balanced", Some(cost_weight)),
        };
        let (payload, payload_s3) = match &self.payload {
            PayloadSource::None => (None, None),
            PayloadSource::Inline(text) => (Some(RawValue::from_string(text.clone())?), None),
            PayloadSource::S3(object) => (None, Some(object.to_string())),
        };
        serde_json::to_string(&Written {
            lambda_arn: &r.function,
            preset: r.preset,
            num: (r.preset == Preset::Grid).then_some(r.invocations),
            power_values: &r.memory_sizes,
            payload,
            payload_s3,
            parallel_invocation: r.concurrency > 1,
            strategy,
            balanced_weight,
            auto_optimize: r.apply != Apply::No,
            auto_optimize_alias: match &r.apply {
                Apply::Alias { name, .. } => Some(name),
                Apply::No | Apply::Latest => None,
            },
            apply_from_latest: matches!(&r.apply, Apply::Alias { from_latest: true, .. }),
            dry_run: r.dry_run,
            pre_processor_arn: r.pre_processor.as_ref(),
            post_processor_arn: r.post_processor.as_ref(),
            discard_top_bottom: r.trim_share,
            sleep_between_runs_ms: r.pause_ms,
            disable_payload_logs: !r.keep_messages,
            include_output_results: self.include_output_results,
            only_cold_starts: r.only_cold_starts,
            allowed_exceptions: &r.allowed_errors,
            max_concurrency: r.max_concurrency,
            constraints: r.constraints.iter().map(|&c| field_of(c)).collect(),
            cold_share: r.cold_share,
            headroom: r.headroom,
            budget_invocations: r.budget.invocations,
            budget_cost: r.budget.cost,
            budget_seconds: r.budget.time_ms.map(|ms| ms.div_ceil(1000)),
            monthly_invocations: r.monthly_invocations,
            role_arn: r.role_arn.as_deref(),
        })
    }
}

/// An input as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(rename = "lambdaARN")]
    lambda_arn: &'a FunctionName,
    preset: Preset,
    #[serde(skip_serializing_if = "Option::is_none")]
    num: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    power_values: &'a [MemorySize],
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_s3: Option<String>,
    parallel_invocation: bool,
    strategy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    balanced_weight: Option<f64>,
    auto_optimize: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_optimize_alias: Option<&'a String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    apply_from_latest: bool,
    dry_run: bool,
    #[serde(rename = "preProcessorARN", skip_serializing_if = "Option::is_none")]
    pre_processor_arn: Option<&'a FunctionName>,
    #[serde(rename = "postProcessorARN", skip_serializing_if = "Option::is_none")]
    post_processor_arn: Option<&'a FunctionName>,
    discard_top_bottom: f64,
    sleep_between_runs_ms: u64,
    disable_payload_logs: bool,
    include_output_results: bool,
    only_cold_starts: bool,
    allowed_exceptions: &'a [String],
    max_concurrency: u32,
    #[serde(flatten)]
    constraints: BTreeMap<&'static str, f64>,
    cold_share: f64,
    headroom: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_invocations: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_invocations: Option<f64>,
    #[serde(rename = "roleARN", skip_serializing_if = "Option::is_none")]
    role_arn: Option<&'a str>,
}
