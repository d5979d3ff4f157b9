use std::str::FromStr;

use serde::Serialize;
use serde_json::value::RawValue;
use tuner_core::{FunctionName, MemorySize, MemorySizeError, Objective, PayloadError, Payloads};

use super::error::{InputError, InputErrors};
use super::fields::{self, Fields};
use super::payload::{lpt_payload, payloads_text};
use super::s3_uri::S3Object;
use crate::{Apply, TuningRequest};

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
    /// In the input: JSON as [`Payloads::parse`] takes it, every number and key as it was typed.
    Inline(String),
    /// In an object, to be read with [`payloads_text`].
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
pub const FIELDS: [&str; 23] = [
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
    "maxP95Ms",
    "monthlyInvocations",
    "roleARN",
];

/// Fields that mean nothing to a tuning: a schema's address for editors, a word of explanation, and what Step Functions adds to the input of an
/// execution that another one started (`AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID`).
fn is_ignored(field: &str) -> bool {
    matches!(field, "$schema" | "comment" | "Comment") || field.starts_with("AWS_STEP_FUNCTIONS_")
}

/// The state of a tuning is bounded, so the number of sizes is. LPT's own `ALL` had 46.
const MOST_SIZES: usize = 64;
const MOST_EXCEPTIONS: usize = 50;
const LONGEST_EXCEPTION: usize = 256;
/// A step must be able to sit a pause out.
const LONGEST_SLEEP_MS: u32 = 600_000;
const USUAL_CONCURRENCY: u32 = 10;
/// LPT makes all `num` invocations of all sizes at once; this much of it is kept to, since an account has 1,000 for all of
/// its functions together.
const USUAL_PARALLEL_CONCURRENCY: u32 = 100;

const FUNCTION: &str = "a function's name, ARN or partial ARN, with or without a version or alias";
const ALIAS: &str = "an alias name: 1 to 128 letters, digits, - and _, not digits alone";
const SIZES: &str = "a list of memory sizes in MB such as [128, 512, 1024], or \"ALL\"";
const ROLE: &str = "the ARN of an IAM role";
const S3: &str = "the address of an object, s3://BUCKET/KEY";

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
        let invocations = fields.whole("num", 5..=10_000).unwrap_or(10);
        let memory_sizes = memory_sizes(&mut fields).unwrap_or_else(|| defaults.memory_sizes.clone());
        let only_cold_starts = fields.boolean("onlyColdStarts");
        let dry_run = fields.boolean("dryRun");
        let payload = payload(&mut fields, (!dry_run).then_some(invocations));
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
        let max_p95_ms = fields.number("maxP95Ms", |ms| ms > 0.0, "a number of ms above 0");
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
            objective,
            max_p95_ms,
            concurrency,
            max_concurrency,
            pause_ms,
            trim_share: trimmed.unwrap_or(if only_cold_starts { 0.0 } else { 0.2 }),
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
            PayloadSource::Inline(text) => (Some(lpt_payload(text)?), None),
            PayloadSource::S3(object) => (None, Some(object.to_string())),
        };
        serde_json::to_string(&Written {
            lambda_arn: &r.function,
            num: r.invocations,
            power_values: &r.memory_sizes,
            payload,
            payload_s3,
            parallel_invocation: r.concurrency > 1,
            strategy,
            balanced_weight,
            auto_optimize: r.apply != Apply::No,
            auto_optimize_alias: match &r.apply {
                Apply::Alias(name) => Some(name),
                Apply::No | Apply::Latest => None,
            },
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
            max_p95_ms: r.max_p95_ms,
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
    num: u32,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    max_p95_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_invocations: Option<f64>,
    #[serde(rename = "roleARN", skip_serializing_if = "Option::is_none")]
    role_arn: Option<&'a str>,
}

fn function_name(text: &str) -> Result<FunctionName, &'static str> {
    text.parse().map_err(|e: tuner_core::FunctionNameError| e.reason)
}

fn role(text: &str) -> Result<String, &'static str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts[..] else {
        return Err("it is no ARN");
    };
    let of_partition = |b: u8| b.is_ascii_lowercase() || b == b'-';
    let is_aws = partition.starts_with("aws") && partition.bytes().all(of_partition);
    if arn != "arn" || !is_aws || service != "iam" || !region.is_empty() {
        return Err("it is not an ARN of IAM");
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err("an account has 12 digits");
    }
    // Source: IAM's limits, a path of 512 and a name of 64 characters.
    let of_name = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&b);
    match resource.strip_prefix("role/") {
        Some(name) if !name.is_empty() && name.len() <= 576 && name.bytes().all(of_name) => Ok(text.to_owned()),
        Some(_) => Err("the role's name is malformed"),
        None => Err("it is not a role's"),
    }
}

/// `None` where the input leaves the choice to the deployment.
fn memory_sizes(fields: &mut Fields<'_>) -> Option<Vec<MemorySize>> {
    const FIELD: &str = "powerValues";
    let value = fields.filled(FIELD)?;
    if fields::text(value).is_some_and(|word| word.eq_ignore_ascii_case("all")) {
        let all = TuningRequest::ALL_SIZES.iter();
        return Some(all.filter_map(|&mb| MemorySize::new(mb).ok()).collect());
    }
    let Some(list) = fields::list(value) else {
        fields.wrong(FIELD, value, SIZES);
        return None;
    };
    if list.len() > MOST_SIZES {
        fields.wrong(FIELD, value, format!("a list of at most {MOST_SIZES} memory sizes"));
        return None;
    }
    let mut sizes = Vec::with_capacity(list.len());
    for (index, entry) in list.into_iter().enumerate() {
        match fields::whole_number(entry).and_then(|mb| MemorySize::new(mb).ok()) {
            Some(size) => sizes.push(size),
            None => fields.wrong(
                format!("{FIELD}[{index}]"),
                entry,
                format!(
                    "a whole number of MB from {} to {}",
                    MemorySize::MIN.mb(),
                    MemorySize::MAX.mb()
                ),
            ),
        }
    }
    (!sizes.is_empty()).then_some(sizes)
}

/// The payload, checked: it must send every entry of a weighted list in `invocations`, if that is known.
fn payload(fields: &mut Fields<'_>, invocations: Option<u32>) -> PayloadSource {
    let object = fields.text("payloadS3", S3, str::parse);
    if fields.filled("payloadS3").is_some() {
        // LPT takes the object then; a payload that would not be sent is a mistake all the same. `null` is no payload here.
        if fields.given("payload").is_some() {
            fields.note(InputError::Both {
                first: "payload",
                second: "payloadS3",
            });
        }
        return object.map_or(PayloadSource::None, PayloadSource::S3);
    }
    let Some(value) = fields.typed("payload") else {
        return PayloadSource::None;
    };
    let Ok(text) = payloads_text(value.get()) else {
        return PayloadSource::None;
    };
    let checked = Payloads::parse(&text, "payload")
        .and_then(|payloads| invocations.map_or(Ok(()), |invocations| payloads.check(invocations)));
    match checked {
        Ok(()) => {}
        Err(PayloadError::BadWeight { index, weight, .. }) => fields.note(InputError::Wrong {
            field: format!("payload[{index}].weight"),
            value: super::error::shortened(&weight),
            accepted: "a number above 0; leave the entry out to send none".to_owned(),
        }),
        Err(PayloadError::TooFewInvocations { invocations, needed }) => fields.note(InputError::Wrong {
            field: "num".to_owned(),
            value: invocations.to_string(),
            accepted: format!("at least {needed} to send every payload of the weighted list"),
        }),
        Err(PayloadError::TooLarge { bytes, .. }) => fields.note(InputError::Wrong {
            field: "payload".to_owned(),
            value: format!("{bytes} bytes long"),
            accepted: "at most 6291456 bytes long, which is what Lambda takes".to_owned(),
        }),
        Err(PayloadError::NotJson { .. }) => fields.note(InputError::Wrong {
            field: "payload".to_owned(),
            value: "malformed".to_owned(),
            accepted: "JSON".to_owned(),
        }),
    }
    PayloadSource::Inline(text)
}

/// Concurrency of one size, of all together, and the pause in ms.
fn pace(fields: &mut Fields<'_>, invocations: u32, warnings: &mut Vec<String>) -> (u32, u32, u64) {
    let parallel = fields.boolean("parallelInvocation");
    let pause = fields.whole("sleepBetweenRunsMs", 0..=LONGEST_SLEEP_MS).unwrap_or(0);
    let most = fields.whole("maxConcurrency", 1..=1000);
    if !parallel {
        return (1, most.unwrap_or(USUAL_CONCURRENCY), pause.into());
    }
    if pause > 0 {
        warnings.push("sleepBetweenRunsMs has no effect with parallelInvocation".to_owned());
    }
    let most = most.unwrap_or(USUAL_PARALLEL_CONCURRENCY);
    (invocations.min(most), most, 0)
}

fn objective(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Objective {
    let weight = fields.number(
        "balancedWeight",
        |weight| (0.0..=1.0).contains(&weight),
        "a number from 0 (speed alone) to 1 (cost alone)",
    );
    let accepted = "\"cost\", \"speed\" or \"balanced\"";
    let objective = fields.text("strategy", accepted, |word| match word {
        "cost" => Ok(Objective::Cost),
        "speed" => Ok(Objective::Speed),
        "balanced" => Ok(Objective::Balanced {
            cost_weight: weight.unwrap_or(Objective::DEFAULT_COST_WEIGHT),
        }),
        _ => Err(""),
    });
    let objective = objective.unwrap_or_default();
    if weight.is_some() && !matches!(objective, Objective::Balanced { .. }) {
        warnings.push("balancedWeight has no effect unless strategy is \"balanced\"".to_owned());
    }
    objective
}

fn apply(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Apply {
    let asked = fields.boolean("autoOptimize");
    let alias = fields.text("autoOptimizeAlias", ALIAS, |name| {
        let of_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let right = name.len() <= 128 && name.bytes().all(of_name) && !name.bytes().all(|b| b.is_ascii_digit());
        if right { Ok(name.to_owned()) } else { Err("") }
    });
    match (asked, alias) {
        (true, Some(alias)) => Apply::Alias(alias),
        (true, None) => Apply::Latest,
        (false, None) => Apply::No,
        (false, Some(_)) => {
            warnings.push("autoOptimizeAlias has no effect unless autoOptimize is true".to_owned());
            Apply::No
        }
    }
}

fn exceptions(fields: &mut Fields<'_>) -> Vec<String> {
    const FIELD: &str = "allowedExceptions";
    let Some(value) = fields.given(FIELD) else {
        return Vec::new();
    };
    let Some(list) = fields::list(value).filter(|list| list.len() <= MOST_EXCEPTIONS) else {
        let accepted = format!("a list of at most {MOST_EXCEPTIONS} error types such as [\"NotReady\"]");
        fields.wrong(FIELD, value, accepted);
        return Vec::new();
    };
    let mut types = Vec::with_capacity(list.len());
    for (index, entry) in list.into_iter().enumerate() {
        let named = fields::text(entry).filter(|name| (1..=LONGEST_EXCEPTION).contains(&name.chars().count()));
        match named {
            Some(name) => types.push(name),
            None => fields.wrong(
                format!("{FIELD}[{index}]"),
                entry,
                format!("the name of an error type, of 1 to {LONGEST_EXCEPTION} characters"),
            ),
        }
    }
    types
}
