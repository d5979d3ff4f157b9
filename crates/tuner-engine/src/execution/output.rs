use serde::Serialize;
use tuner_core::pricing::{Currency, Money};
use tuner_core::tuning::{Series, SizeResult, SizeStatus, TuningStatus};
use tuner_core::{Remedy, Tuning, Verdict};
use tuner_report::{Reader, headline, remedy, visualization_url};
use uuid::Uuid;

use super::options::field_of;

/// What an execution of the state machine answers: LPT's fields, then ours. It is bounded, whatever the tuning has to say;
/// the document has all of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionOutput {
    /// The memory size to use, in MB; null when none can be recommended.
    pub power: Option<u32>,
    /// Mean cost of one invocation at that size, in `currency`; null without a size or a price.
    pub cost: Option<f64>,
    /// Mean duration of one invocation at that size, in ms.
    pub duration: Option<f64>,
    /// What the execution took, as LPT says it.
    pub state_machine: StateMachineCost,
    /// What LPT says of every size, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<Vec<Stat>>,
    /// UUIDv7 of the tuning.
    pub tuning_id: Uuid,
    /// How it ended.
    pub status: TuningStatus,
    /// The decision in a word.
    pub verdict: Verdict,
    /// Where limits rule out every size: the one that is closest to keeping them.
    pub closest: Option<ClosestSize>,
    /// The decision in a sentence, with what it brings.
    pub sentence: String,
    /// Memory size before, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present_memory_size_mb: Option<u32>,
    /// The least memory that may be used, by what was known before; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<FloorInBrief>,
    /// What costs are in; null when the price is not known.
    pub currency: Option<Currency>,
    /// Every size, ascending.
    pub sizes: Vec<SizeRow>,
    /// Where the files are.
    pub report: ReportPlaces,
    /// What the reader should know before trusting the numbers.
    pub warnings: Vec<String>,
    /// What could not be removed or put back.
    pub leftovers: Vec<String>,
    /// What to do about warnings and leftovers; absent where there is nothing to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub what_to_do: Vec<String>,
    /// What was changed for good, if that was asked for.
    pub applied: Option<String>,
    /// What this tuning took.
    pub cost_of_this_tuning: TuningCost,
}

/// What the execution took, as LPT says it: plain numbers, in the currency of the regions concerned.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineCost {
    /// Of the state transitions.
    pub execution_cost: Option<f64>,
    /// Of the function's invocations.
    pub lambda_cost: Option<f64>,
    /// Link to LPT's viewer; the figures are in its fragment, which a browser does not send.
    pub visualization: Option<String>,
}

/// What LPT says of one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stat {
    /// The size, in MB.
    pub value: u32,
    /// Mean cost of one invocation.
    pub average_price: Option<f64>,
    /// Mean duration, in ms.
    pub average_duration: f64,
}

/// One memory size in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SizeRow {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// `measured`, `failed` or `skipped`.
    pub status: &'static str,
    /// How many invocations the figures are of.
    pub invocations: u32,
    /// Mean duration, in ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_ms: Option<f64>,
    /// 95th percentile of the duration, in ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<f64>,
    /// Mean cost of one invocation, in `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_per_invocation: Option<f64>,
    /// Samples that ended in an error which was allowed.
    pub allowed_errors: u64,
    /// Why it was not measured, or what went wrong at times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The floor in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FloorInBrief {
    /// The smallest size that may be used, in MB; null where nothing is known.
    pub memory_size_mb: Option<u32>,
    /// What asks for it.
    pub because: Option<String>,
    /// What could not be found out, and why.
    pub unknown: Vec<String>,
    /// Whether the risk of going below was accepted.
    pub risk_accepted: bool,
}

/// The size that comes closest to keeping the limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosestSize {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Field of the input with the limit that it breaks by most.
    pub field: &'static str,
    /// What that says.
    pub limit: f64,
    /// What was found.
    pub value: f64,
}

/// Where the files of a tuning are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportPlaces {
    /// The document.
    pub document: String,
    /// The page.
    pub html: String,
    /// The picture.
    pub svg: String,
}

/// What a tuning took.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TuningCost {
    /// The invocations of the function.
    pub function: FunctionCost,
    /// What SnapStart took for the versions published; only of functions that use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snap_start: Option<SnapStartCost>,
    /// The state machine and its Lambdas; null if that is not known.
    pub state_machine: Option<MachineryCost>,
    /// All together; null when a price is not known, or when they are in different currencies.
    pub total: Option<Money>,
}

/// What the invocations of the function took.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCost {
    /// How many.
    pub invocations: u32,
    /// GB-seconds billed.
    pub gb_seconds: f64,
    /// What they cost.
    pub cost: Option<Money>,
}

/// What SnapStart took.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapStartCost {
    /// Versions that were published.
    pub versions: u32,
    /// GB-seconds of cache, at least 3 hours for each version.
    pub cached_gb_seconds: f64,
    /// Starts from a snapshot.
    pub restores: u32,
    /// What they cost; null when that is not known.
    pub cost: Option<Money>,
}

/// What the state machine itself took.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineryCost {
    /// State transitions, retries included.
    pub state_transitions: u64,
    /// Invocations of the tuner's own Lambdas.
    pub requests: u64,
    /// GB-seconds billed to them.
    pub gb_seconds: f64,
    /// What all of it cost.
    pub cost: Option<Money>,
    /// Whether it was counted; otherwise it is estimated.
    pub counted: bool,
}

/// What the output is to hold beside what the tuning found.
#[derive(Debug, Clone)]
pub struct OutputOptions<'a> {
    /// Where the files are.
    pub report: ReportPlaces,
    /// Base of the link to LPT's viewer; no link if absent.
    pub visualization_base: Option<&'a str>,
    /// Whether LPT's `stats` are wanted.
    pub include_output_results: bool,
}

/// Together they keep the output of 17 sizes below 32 KiB, even where every character needs an escape.
const MOST_WARNINGS: usize = 10;
const MOST_UNKNOWN: usize = 2;
pub(super) const LONGEST_TEXT: usize = 320;
const LONGEST_FAILURE: usize = 120;
const LONGEST_ADDRESS: usize = 2048;

impl ExecutionOutput {
    /// What is answered for `tuning`.
    pub fn new(tuning: &Tuning, options: &OutputOptions<'_>) -> Self {
        let rows = || tuning.sizes.iter().map(|size| (size, shown(tuning, size)));
        let chosen = tuning.decision.memory_size_mb;
        let cost = |mb: u32| tuning.mean_cost(mb).map(|cost| cost.value);
        let duration = |mb: u32| tuning.mean_duration_ms(mb).map(|ms| ms.value);
        let words = headline(tuning);
        let machinery = tuning.machinery;
        let function = &tuning.exploration;
        Self {
            power: chosen,
            cost: chosen.and_then(cost),
            duration: chosen.and_then(duration),
            state_machine: StateMachineCost {
                execution_cost: machinery.and_then(|m| Some(m.state_transition_cost?.amount)),
                lambda_cost: function.cost.map(|cost| cost.amount),
                visualization: options
                    .visualization_base
                    .and_then(|base| visualization_url(base, tuning))
                    .filter(|link| link.len() <= LONGEST_ADDRESS),
            },
            stats: options.include_output_results.then(|| {
                let stat = |(size, series): (&SizeResult, Option<&Series>)| {
                    series?;
                    Some(Stat {
                        value: size.memory_size_mb,
                        average_price: cost(size.memory_size_mb),
                        average_duration: duration(size.memory_size_mb)?,
                    })
                };
                rows().filter_map(stat).collect()
            }),
            tuning_id: tuning.tuning_id,
            status: tuning.status,
            verdict: tuning.decision.verdict,
            closest: tuning.decision.closest.as_ref().map(|closest| ClosestSize {
                memory_size_mb: closest.memory_size_mb,
                field: field_of(closest.constraint).0,
                limit: closest.limit,
                value: closest.value,
            }),
            sentence: clipped(&format!("{}. {}", words.decision, words.effect), LONGEST_TEXT),
            present_memory_size_mb: tuning.function.memory_size_mb,
            floor: (!tuning.floor.is_empty()).then(|| FloorInBrief {
                memory_size_mb: tuning.floor.memory_size_mb,
                because: (tuning.floor.needs.first()).map(|need| clipped(&need.to_string(), LONGEST_TEXT)),
                unknown: (tuning.floor.unknown.iter().take(MOST_UNKNOWN))
                    .map(|text| clipped(text, LONGEST_TEXT))
                    .collect(),
                risk_accepted: tuning.floor.risk_accepted,
            }),
            currency: tuning.price.as_ref().map(|price| price.currency),
            sizes: rows().map(|(size, series)| row(tuning, size, series)).collect(),
            report: options.report.clone(),
            warnings: bounded(&tuning.warnings),
            leftovers: bounded(&tuning.leftovers),
            what_to_do: bounded(&in_words(&tuning.remedies)),
            applied: tuning.applied.as_ref().map(|what| clipped(what, LONGEST_TEXT)),
            cost_of_this_tuning: TuningCost {
                function: FunctionCost {
                    invocations: function.invocations,
                    gb_seconds: function.gb_seconds,
                    cost: function.cost,
                },
                snap_start: function.snap_start.map(|used| SnapStartCost {
                    versions: used.versions,
                    cached_gb_seconds: used.cached_gb_seconds,
                    restores: used.restores,
                    cost: used.cost,
                }),
                state_machine: machinery.map(|machinery| MachineryCost {
                    state_transitions: machinery.work.state_transitions,
                    requests: machinery.work.requests,
                    gb_seconds: machinery.work.gb_seconds,
                    cost: machinery.cost(),
                    counted: machinery.work.counted,
                }),
                total: tuning.cost(),
            },
        }
    }
}

/// What was measured at a size that can be chosen.
fn shown<'a>(tuning: &Tuning, size: &'a SizeResult) -> Option<&'a Series> {
    size.series(tuning.start())
        .filter(|_| size.status == SizeStatus::Measured)
}

fn row(tuning: &Tuning, size: &SizeResult, series: Option<&Series>) -> SizeRow {
    let first = size.first_failure.as_deref();
    let (status, failure) = match &size.status {
        SizeStatus::Measured => ("measured", first.map(str::to_owned)),
        SizeStatus::Failed { outcome } => (
            "failed",
            Some(first.map_or_else(|| outcome.to_string(), |line| format!("{outcome}: {line}"))),
        ),
        SizeStatus::Skipped { reason } => ("skipped", Some(reason.clone())),
    };
    SizeRow {
        memory_size_mb: size.memory_size_mb,
        status,
        invocations: series.map_or(0, |series| series.billed_duration_ms.count),
        mean_ms: series
            .and(tuning.mean_duration_ms(size.memory_size_mb))
            .map(|ms| ms.value),
        p95_ms: series.map(|series| series.duration_ms.p95.value),
        cost_per_invocation: series.and(tuning.mean_cost(size.memory_size_mb)).map(|cost| cost.value),
        allowed_errors: size.allowed_errors(),
        failure: failure.map(|words| clipped(&words, LONGEST_FAILURE)),
    }
}

/// For somebody who starts executions.
fn in_words(remedies: &[Remedy]) -> Vec<String> {
    remedies.iter().map(|one| remedy(one, Reader::Console)).collect()
}

pub(super) fn bounded(texts: &[String]) -> Vec<String> {
    let shown = texts.iter().take(MOST_WARNINGS).map(|text| clipped(text, LONGEST_TEXT));
    let more = texts.len().saturating_sub(MOST_WARNINGS);
    let rest = (more > 0).then(|| format!("and {more} more; the document has them"));
    shown.chain(rest).collect()
}

/// `text` on one line and in at most `most` bytes of UTF-8; control characters would take six in JSON.
pub(super) fn clipped(text: &str, most: usize) -> String {
    let text = text.replace(char::is_control, " ");
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end])
}
