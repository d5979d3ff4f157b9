//! Each option of an input: what it takes, and what it means.

use serde_json::value::RawValue;
use tuner_core::floor::Known;
use tuner_core::planning::Preset;
use tuner_core::{Constraint, FunctionName, MemorySize, Objective, PayloadError, Payloads, Statistic};

use super::error::InputError;
use super::fields::{self, Fields};
use super::input::PayloadSource;
use super::row::Reading;
use crate::{Apply, TuningOptions};

/// The state of a tuning is bounded, so the number of sizes is. LPT's own `ALL` had 46.
const MOST_SIZES: usize = 64;
const MOST_EXCEPTIONS: usize = 50;
const MOST_NEEDS: usize = 64;
const LONGEST_EXCEPTION: usize = 256;
const USUAL_CONCURRENCY: u32 = 10;
/// LPT makes all `num` invocations of all sizes at once; this much of it is kept to, since an account has 1,000 for all of
/// its functions together.
const USUAL_PARALLEL_CONCURRENCY: u32 = 100;
/// In so many turns the invocations of a size are made with `parallelInvocation`: a fifth of them, at most, is made besides
/// to start the environments.
const PARALLEL_TURNS: u32 = 5;

/// What a text that becomes a heading takes.
pub(super) const NAME: &str = "a text of 1 to 100 characters, none of them a control character";
pub(super) const FUNCTION: &str = "a function's name, ARN or partial ARN, with or without a version or alias";
const ALIAS: &str = "an alias name: 1 to 128 letters, digits, - and _, not digits alone";
const SIZES: &str = "a list of memory sizes in MB such as [128, 512, 1024], or \"ALL\"";
pub(crate) const ROLE: &str = "the ARN of an IAM role";
const S3: &str = "the address of an object, s3://BUCKET/KEY";

pub(super) fn function_name(text: &str) -> Result<FunctionName, &'static str> {
    text.parse().map_err(|e: tuner_core::FunctionNameError| e.reason)
}

pub(super) fn display_name(text: &str) -> Result<String, &'static str> {
    let options = TuningOptions {
        name: Some(text.to_owned()),
        ..TuningOptions::default()
    };
    options.checked().map(|_| text.to_owned()).map_err(|_| "")
}

pub(crate) fn role(text: &str) -> Result<String, &'static str> {
    tuner_core::arn::check_role(text).map(|()| text.to_owned())
}

/// A field that is read together with another, whose row says how.
pub(super) fn with_another(_: &mut Reading<'_>, _: &'static str) {}

/// How sizes are chosen: a grid, as LPT does, unless the input says otherwise.
pub(super) fn preset(r: &mut Reading<'_>, name: &'static str) {
    let accepted = "\"frugal\", \"standard\", \"thorough\" or \"grid\"";
    let preset = r
        .fields
        .text(name, accepted, |word| word.parse::<Preset>().map_err(|_| ""));
    r.options.preset = preset.unwrap_or(Preset::Grid);
}

pub(super) fn invocations(r: &mut Reading<'_>, name: &'static str) {
    let Some(invocations) = r.whole(name) else {
        return;
    };
    r.options.invocations = invocations;
    if r.options.preset.is_adaptive() {
        // What has no effect is not kept.
        r.options.invocations = TuningOptions::default().invocations;
        r.warnings.push(format!(
            "num has no effect with the preset {}: it chooses by itself",
            r.options.preset
        ));
    }
}

/// The sizes typed; else a grid has those of the deployment, and an adaptive preset chooses from all.
pub(super) fn memory_sizes(r: &mut Reading<'_>, name: &'static str) {
    r.options.memory_sizes = typed_sizes(r, name).unwrap_or_else(|| match r.options.preset {
        Preset::Grid => r.defaults.memory_sizes.clone(),
        _ => Vec::new(),
    });
}

/// `None` where the input leaves the choice to the deployment.
fn typed_sizes(r: &mut Reading<'_>, name: &'static str) -> Option<Vec<MemorySize>> {
    let fields = &mut r.fields;
    let value = fields.filled(name)?;
    if fields::text(value).is_some_and(|word| word.eq_ignore_ascii_case("all")) {
        let all = TuningOptions::ALL_SIZES.iter();
        return Some(all.filter_map(|&mb| MemorySize::new(mb).ok()).collect());
    }
    let Some(list) = fields::list(value) else {
        fields.wrong(name, value, SIZES);
        return None;
    };
    if list.len() > MOST_SIZES {
        fields.wrong(name, value, format!("a list of at most {MOST_SIZES} memory sizes"));
        return None;
    }
    let mut sizes = Vec::with_capacity(list.len());
    for (index, entry) in list.into_iter().enumerate() {
        match fields::whole_number(entry).and_then(|mb| MemorySize::new(mb).ok()) {
            Some(size) => sizes.push(size),
            None => fields.wrong(
                format!("{name}[{index}]"),
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

/// The payload, in its own field or in S3.
pub(super) fn payload(r: &mut Reading<'_>, _: &'static str) {
    let each = r.options.preset.most_per_size(r.options.invocations);
    // One invocation cannot send every payload of a list, and a check may end before it has sent all.
    let invocations = (!r.is_true("dryRun") && !r.is_true("check")).then_some(each);
    r.payload = payload_source(r, invocations);
}

/// The payload, checked: it must send every entry of a weighted list in `invocations`, if that is known.
fn payload_source(r: &mut Reading<'_>, invocations: Option<u32>) -> PayloadSource {
    let fields = &mut r.fields;
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
        // There is no corpus in an input: its events come as a weighted list.
        Err(PayloadError::NotJson { .. } | PayloadError::NoEvent { .. }) => fields.note(InputError::Wrong {
            field: "payload".to_owned(),
            value: "malformed".to_owned(),
            accepted: "JSON".to_owned(),
        }),
    }
    PayloadSource::Inline(value.get().to_owned())
}

/// Concurrency of one size, of all together, and the pause.
pub(super) fn pace(r: &mut Reading<'_>, name: &'static str) {
    let parallel = r.fields.boolean(name);
    let most = r.whole("maxConcurrency");
    let pause = r.whole("sleepBetweenRunsMs").unwrap_or(0);
    let o = &mut r.options;
    o.pause_ms = pause.into();
    o.max_concurrency = most.unwrap_or(USUAL_CONCURRENCY);
    if !parallel {
        return;
    }
    if pause > 0 {
        r.warnings
            .push("sleepBetweenRunsMs has no effect with parallelInvocation".to_owned());
    }
    o.pause_ms = 0;
    o.max_concurrency = most.unwrap_or(USUAL_PARALLEL_CONCURRENCY);
    // Each of those made at the same time starts an environment of its own, cold, and `num` warm ones are wanted.
    o.concurrency = o.invocations.div_ceil(PARALLEL_TURNS).max(2).min(o.max_concurrency);
}

pub(super) fn objective(r: &mut Reading<'_>, name: &'static str) {
    let weight = r.number("balancedWeight");
    let accepted = "\"cost\", \"speed\" or \"balanced\"";
    let objective = r.fields.text(name, accepted, |word| match word {
        "cost" => Ok(Objective::Cost),
        "speed" => Ok(Objective::Speed),
        "balanced" => Ok(Objective::Balanced {
            cost_weight: weight.unwrap_or(Objective::DEFAULT_COST_WEIGHT),
        }),
        _ => Err(""),
    });
    r.options.objective = objective.unwrap_or_default();
    if weight.is_some() && !matches!(r.options.objective, Objective::Balanced { .. }) {
        r.warnings
            .push("balancedWeight has no effect unless strategy is \"balanced\"".to_owned());
    }
}

/// A limit that a size must keep.
pub(super) fn limit(r: &mut Reading<'_>, name: &'static str, of: fn(f64) -> Constraint) {
    let limit = r.number(name);
    r.options.constraints.extend(limit.map(of));
}

/// The field of a constraint, and its limit.
pub(super) fn field_of(constraint: Constraint) -> (&'static str, f64) {
    let field = match constraint {
        Constraint::Duration { statistic, .. } => match statistic {
            Statistic::Mean => "maxMeanMs",
            Statistic::P50 => "maxP50Ms",
            Statistic::P95 => "maxP95Ms",
            Statistic::P99 => "maxP99Ms",
        },
        Constraint::CostAboveCheapest { .. } => "maxCostAboveCheapestPct",
        Constraint::CostPerMillion { .. } => "maxCostPerMillion",
    };
    (field, constraint.limit())
}

pub(super) fn apply(r: &mut Reading<'_>, name: &'static str) {
    let (fields, warnings) = (&mut r.fields, &mut r.warnings);
    let asked = fields.boolean(name);
    let alias = fields.text("autoOptimizeAlias", ALIAS, |name| {
        let of_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let right = name.len() <= 128 && name.bytes().all(of_name) && !name.bytes().all(|b| b.is_ascii_digit());
        if right { Ok(name.to_owned()) } else { Err("") }
    });
    let from_latest = fields.boolean("applyFromLatest");
    if from_latest && !(asked && alias.is_some()) {
        warnings.push("applyFromLatest has no effect without autoOptimize and autoOptimizeAlias".to_owned());
    }
    r.options.apply = match (asked, alias) {
        (true, Some(name)) => Apply::Alias { name, from_latest },
        (true, None) => Apply::Latest,
        (false, None) => Apply::No,
        (false, Some(_)) => {
            warnings.push("autoOptimizeAlias has no effect unless autoOptimize is true".to_owned());
            Apply::No
        }
    };
}

/// The share left out at either end; LPT's unless the input says otherwise.
pub(super) fn trim(r: &mut Reading<'_>, name: &'static str) {
    const OF_LPT: f64 = 0.2;
    let usual = match r.options.preset {
        Preset::Grid if !r.is_true("onlyColdStarts") => OF_LPT,
        _ => 0.0,
    };
    r.options.trim_share = r.number(name).unwrap_or(usual);
}

/// What is known of the function, as documents hold it.
pub(super) fn known(r: &mut Reading<'_>, name: &'static str) {
    r.known = r
        .fields
        .given(name)
        .and_then(|value| read_known(&mut r.fields, name, value));
}

fn read_known(fields: &mut Fields<'_>, name: &'static str, value: &RawValue) -> Option<Known> {
    // A list would do for serde: its elements in the order of the fields.
    let is_object = value.get().starts_with('{');
    let read: Result<Known, _> = match is_object {
        true => serde_json::from_str(value.get()),
        false => Err(serde::de::Error::custom(format!("it is {}", fields::kind(value)))),
    };
    match read {
        Ok(known) if known.needs.len() <= MOST_NEEDS && known.unknown.len() <= MOST_NEEDS => Some(known),
        Ok(_) => {
            fields.wrong(name, value, format!("of at most {MOST_NEEDS} needs"));
            None
        }
        Err(error) => {
            let accepted = format!(
                "such as {{\"needs\": [{{\"kind\": \"memory_used\", \"max_memory_used_mb\": 700}}]}} ({error})"
            );
            fields.wrong(name, value, accepted);
            None
        }
    }
}

pub(super) fn exceptions(r: &mut Reading<'_>, name: &'static str) {
    r.options.allowed_errors = error_types(&mut r.fields, name);
}

fn error_types(fields: &mut Fields<'_>, name: &'static str) -> Vec<String> {
    let Some(value) = fields.given(name) else {
        return Vec::new();
    };
    let Some(list) = fields::list(value).filter(|list| list.len() <= MOST_EXCEPTIONS) else {
        let accepted = format!("a list of at most {MOST_EXCEPTIONS} error types such as [\"NotReady\"]");
        fields.wrong(name, value, accepted);
        return Vec::new();
    };
    let mut types = Vec::with_capacity(list.len());
    for (index, entry) in list.into_iter().enumerate() {
        let read = fields::text(entry).filter(|error| (1..=LONGEST_EXCEPTION).contains(&error.chars().count()));
        match read {
            Some(error) => types.push(error),
            None => fields.wrong(
                format!("{name}[{index}]"),
                entry,
                format!("the name of an error type, of 1 to {LONGEST_EXCEPTION} characters"),
            ),
        }
    }
    types
}
