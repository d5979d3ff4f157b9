//! Each option of an input: what it takes, and what it means.

use tuner_core::planning::{Budget, Preset};
use tuner_core::{Constraint, FunctionName, MemorySize, Objective, PayloadError, Payloads, Statistic};

use super::error::InputError;
use super::fields::{self, Fields};
use super::input::PayloadSource;
use crate::{Apply, TuningRequest};

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

pub(super) const FUNCTION: &str = "a function's name, ARN or partial ARN, with or without a version or alias";
const ALIAS: &str = "an alias name: 1 to 128 letters, digits, - and _, not digits alone";
const SIZES: &str = "a list of memory sizes in MB such as [128, 512, 1024], or \"ALL\"";
pub(crate) const ROLE: &str = "the ARN of an IAM role";
const S3: &str = "the address of an object, s3://BUCKET/KEY";

pub(super) fn function_name(text: &str) -> Result<FunctionName, &'static str> {
    text.parse().map_err(|e: tuner_core::FunctionNameError| e.reason)
}

pub(crate) fn role(text: &str) -> Result<String, &'static str> {
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
pub(super) fn memory_sizes(fields: &mut Fields<'_>) -> Option<Vec<MemorySize>> {
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
pub(super) fn payload(fields: &mut Fields<'_>, invocations: Option<u32>) -> PayloadSource {
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
    let checked = Payloads::parse(value.get(), "payload")
        .and_then(|payloads| invocations.map_or(Ok(()), |invocations| payloads.check(invocations)));
    match checked {
        Ok(()) => {}
        Err(PayloadError::NotWeighted { index, mistake, .. }) => fields.note(InputError::Entry { index, mistake }),
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
    PayloadSource::Inline(value.get().to_owned())
}

/// Concurrency of one size, of all together, and the pause in ms.
pub(super) fn pace(fields: &mut Fields<'_>, invocations: u32, warnings: &mut Vec<String>) -> (u32, u32, u64) {
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

pub(super) fn objective(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Objective {
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

/// How sizes are chosen: a grid, as LPT does, unless the input says otherwise.
pub(super) fn preset(fields: &mut Fields<'_>) -> Preset {
    let accepted = "\"frugal\", \"standard\", \"thorough\" or \"grid\"";
    fields
        .text("preset", accepted, |word| word.parse::<Preset>().map_err(|_| ""))
        .unwrap_or(Preset::Grid)
}

const DURATION_LIMITS: [(&str, Statistic); 4] = [
    ("maxMeanMs", Statistic::Mean),
    ("maxP50Ms", Statistic::P50),
    ("maxP95Ms", Statistic::P95),
    ("maxP99Ms", Statistic::P99),
];

pub(super) fn constraints(fields: &mut Fields<'_>) -> Vec<Constraint> {
    let mut constraints = Vec::new();
    for (field, statistic) in DURATION_LIMITS {
        let limit = fields.number(field, |ms| ms > 0.0, "a number of ms above 0");
        constraints.extend(limit.map(|max_ms| Constraint::Duration { statistic, max_ms }));
    }
    let above = fields.number("maxCostAboveCheapestPct", |pct| pct > 0.0, "a number of % above 0");
    constraints.extend(above.map(|max_pct| Constraint::CostAboveCheapest { max_pct }));
    let million = fields.number("maxCostPerMillion", |max| max > 0.0, "an amount of money above 0");
    constraints.extend(million.map(|max| Constraint::CostPerMillion { max }));
    constraints
}

/// The field of a constraint, and its limit.
pub(super) fn field_of(constraint: Constraint) -> (&'static str, f64) {
    let field = match constraint {
        Constraint::Duration { statistic, .. } => {
            let [(mean, _), (p50, _), (p95, _), (p99, _)] = DURATION_LIMITS;
            match statistic {
                Statistic::Mean => mean,
                Statistic::P50 => p50,
                Statistic::P95 => p95,
                Statistic::P99 => p99,
            }
        }
        Constraint::CostAboveCheapest { .. } => "maxCostAboveCheapestPct",
        Constraint::CostPerMillion { .. } => "maxCostPerMillion",
    };
    (field, constraint.limit())
}

pub(super) fn budget(fields: &mut Fields<'_>) -> Budget {
    Budget {
        invocations: fields.whole("budgetInvocations", 1..=1_000_000),
        cost: fields.number("budgetCost", |most| most > 0.0, "an amount of money above 0"),
        time_ms: fields
            .whole("budgetSeconds", 1..=31_536_000)
            .map(|s| u64::from(s) * 1000),
    }
}

pub(super) fn apply(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Apply {
    let asked = fields.boolean("autoOptimize");
    let alias = fields.text("autoOptimizeAlias", ALIAS, |name| {
        let of_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let right = name.len() <= 128 && name.bytes().all(of_name) && !name.bytes().all(|b| b.is_ascii_digit());
        if right { Ok(name.to_owned()) } else { Err("") }
    });
    let from_latest = fields.boolean("applyFromLatest");
    if from_latest && !(asked && alias.is_some()) {
        warnings.push("applyFromLatest has no effect without autoOptimize and autoOptimizeAlias".to_owned());
    }
    match (asked, alias) {
        (true, Some(name)) => Apply::Alias { name, from_latest },
        (true, None) => Apply::Latest,
        (false, None) => Apply::No,
        (false, Some(_)) => {
            warnings.push("autoOptimizeAlias has no effect unless autoOptimize is true".to_owned());
            Apply::No
        }
    }
}

pub(super) fn exceptions(fields: &mut Fields<'_>) -> Vec<String> {
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
