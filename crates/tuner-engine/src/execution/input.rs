use std::str::FromStr;

use tuner_core::planning::Preset;
use tuner_core::{MemorySize, MemorySizeError, Question};

use super::error::{InputError, InputErrors};
use super::fields::Fields;
use super::options::{
    FUNCTION, ROLE, apply, budget, constraints, exceptions, function_name, memory_sizes, objective, pace, payload,
    preset, role,
};
use super::s3_uri::S3Object;
use crate::TuningRequest;

/// What an execution of the state machine is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionInput {
    /// What is asked of the engine, checked.
    pub request: TuningRequest,
    /// What is sent to the function.
    pub payload: PayloadSource,
    /// Whether the output is to hold the mean cost and duration of every size, as LPT's `stats`.
    pub include_output_results: bool,
    /// What was asked for but has no effect.
    pub warnings: Vec<String>,
}

/// Where the payload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadSource {
    /// None was given.
    None,
    /// In the input, as it was typed: [`Payloads::parse`](tuner_core::Payloads::parse) reads it.
    Inline(String),
    /// In an object, to be read the same way.
    S3(S3Object),
}

/// What holds where the input says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Sizes to measure.
    pub memory_sizes: Vec<MemorySize>,
}

impl Default for Defaults {
    fn default() -> Self {
        let sizes = TuningRequest::DEFAULT_SIZES.iter();
        Self {
            memory_sizes: sizes.filter_map(|&mb| MemorySize::new(mb).ok()).collect(),
        }
    }
}

/// As a deployment says it: `128,256,512`.
impl FromStr for Defaults {
    type Err = MemorySizeError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let sizes = list.split(',').map(str::trim).filter(|size| !size.is_empty());
        Ok(Self {
            memory_sizes: sizes.map(str::parse).collect::<Result<_, _>>()?,
        })
    }
}

/// Every field an input may have: LPT's first, then ours.
pub const FIELDS: [&str; 35] = [
    "lambdaARN",
    "num",
    "powerValues",
    "payload",
    "payloadS3",
    "parallelInvocation",
    "strategy",
    "balancedWeight",
    "autoOptimize",
    "autoOptimizeAlias",
    "dryRun",
    "preProcessorARN",
    "postProcessorARN",
    "discardTopBottom",
    "sleepBetweenRunsMs",
    "disablePayloadLogs",
    "includeOutputResults",
    "onlyColdStarts",
    "allowedExceptions",
    "maxConcurrency",
    "applyFromLatest",
    "preset",
    "maxMeanMs",
    "maxP50Ms",
    "maxP95Ms",
    "maxP99Ms",
    "maxCostAboveCheapestPct",
    "maxCostPerMillion",
    "coldShare",
    "headroom",
    "budgetInvocations",
    "budgetCost",
    "budgetSeconds",
    "monthlyInvocations",
    "roleARN",
];

/// Fields that mean nothing to a tuning: a schema's address for editors, a word of explanation, and what is in the input
/// of an execution that another one started (`AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID`).
fn is_ignored(field: &str) -> bool {
    matches!(field, "$schema" | "comment" | "Comment") || field.starts_with("AWS_STEP_FUNCTIONS_")
}

/// Notes the fields that do not go with `preset`; of those that go with the grid alone, whether they ask for anything.
fn check_preset(fields: &mut Fields<'_>, preset: Preset, grid_only: [(&str, bool); 3]) {
    let (asked, accepted) = match preset {
        Preset::Grid => (
            vec!["budgetInvocations", "budgetCost", "budgetSeconds"],
            "left out with the preset \"grid\", which makes as many invocations as num says".to_owned(),
        ),
        _ => (
            grid_only
                .iter()
                .filter(|(_, asked)| *asked)
                .map(|(field, _)| *field)
                .collect(),
            format!("left out with the preset \"{preset}\": it goes with \"grid\" only"),
        ),
    };
    for field in asked {
        if let Some(value) = fields.filled(field) {
            fields.wrong(field, value, &accepted);
        }
    }
}

impl ExecutionInput {
    /// What `request` asks for, with `payload`.
    pub const fn new(request: TuningRequest, payload: PayloadSource) -> Self {
        Self {
            request,
            payload,
            include_output_results: false,
            warnings: Vec::new(),
        }
    }

    /// Reads the input of an execution.
    ///
    /// # Errors
    /// Names every field that is wrong, not the first one.
    pub fn parse(text: &str, defaults: &Defaults) -> Result<Self, InputErrors> {
        let mut fields = Fields::read(text, &FIELDS, is_ignored)?;
        let function = fields.text("lambdaARN", FUNCTION, function_name);
        let missing = InputError::Missing {
            field: "lambdaARN",
            accepted: FUNCTION.to_owned(),
        };
        if fields.filled("lambdaARN").is_none() {
            fields.note(missing.clone());
        }
        let mut warnings = Vec::new();
        let preset = preset(&mut fields);
        let num = fields.whole("num", 5..=10_000);
        if preset.is_adaptive() && num.is_some() {
            warnings.push(format!(
                "num has no effect with the preset {preset}: it chooses by itself"
            ));
        }
        let invocations = num.unwrap_or(10);
        // An adaptive preset chooses from all sizes unless some are given.
        let memory_sizes = memory_sizes(&mut fields).unwrap_or_else(|| match preset {
            Preset::Grid => defaults.memory_sizes.clone(),
            _ => Vec::new(),
        });
        let only_cold_starts = fields.boolean("onlyColdStarts");
        let dry_run = fields.boolean("dryRun");
        let each = preset.most_per_size(invocations);
        let payload = payload(&mut fields, (!dry_run).then_some(each));
        let (concurrency, max_concurrency, pause_ms) = pace(&mut fields, invocations, &mut warnings);
        let objective = objective(&mut fields, &mut warnings);
        let apply = apply(&mut fields, &mut warnings);
        let trimmed = fields.number(
            "discardTopBottom",
            |share| (0.0..=0.4).contains(&share),
            "a number from 0 (nothing is left out) to 0.4",
        );
        let pre_processor = fields.text("preProcessorARN", FUNCTION, function_name);
        let post_processor = fields.text("postProcessorARN", FUNCTION, function_name);
        let allowed_errors = exceptions(&mut fields);
        let constraints = constraints(&mut fields);
        let cold_share = fields.number("coldShare", |q| (0.0..=1.0).contains(&q), "a number from 0 to 1");
        let headroom = fields.number(
            "headroom",
            |share| (Question::LEAST_HEADROOM..=9.0).contains(&share),
            "a number from 0.1 (a tenth more memory than was used) to 9",
        );
        let budget = budget(&mut fields);
        let trims = trimmed.is_some_and(|share| share != 0.0);
        check_preset(
            &mut fields,
            preset,
            [
                ("onlyColdStarts", only_cold_starts),
                ("dryRun", dry_run),
                ("discardTopBottom", trims),
            ],
        );
        let monthly_invocations = fields.number("monthlyInvocations", |n| n > 0.0, "a number above 0");
        let role_arn = fields.text("roleARN", ROLE, role);
        let keep_messages = !fields.truthy("disablePayloadLogs");
        let include_output_results = fields.truthy("includeOutputResults");
        let function = match (function, fields.errors()) {
            (Some(function), None) => function,
            (_, errors) => return Err(errors.unwrap_or_else(|| missing.into())),
        };
        let request = TuningRequest {
            memory_sizes,
            invocations,
            preset,
            objective,
            constraints,
            cold_share: cold_share.unwrap_or(0.0),
            headroom: headroom.unwrap_or(Question::DEFAULT_HEADROOM),
            budget,
            concurrency,
            max_concurrency,
            pause_ms,
            trim_share: trimmed.unwrap_or(match preset {
                Preset::Grid if !only_cold_starts => 0.2,
                _ => 0.0,
            }),
            allowed_errors,
            keep_messages,
            monthly_invocations,
            apply,
            only_cold_starts,
            dry_run,
            pre_processor,
            post_processor,
            role_arn,
            ..TuningRequest::new(function)
        };
        let request = request.checked().map_err(InputError::from)?;
        Ok(Self {
            request,
            payload,
            include_output_results,
            warnings,
        })
    }
}
