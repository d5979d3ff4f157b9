use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{InvocationRecord, stats};

/// One measured invocation, as far as planning is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Duration, in ms.
    pub ms: f64,
    /// Billed duration, in ms.
    pub billed_ms: f64,
    /// Which payload was sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub payload: u32,
}

impl Sample {
    /// What `record` measured, if it did.
    pub fn of(record: &InvocationRecord) -> Option<Self> {
        Some(Self {
            ms: record.performance_ms()?,
            billed_ms: record.billed_duration_ms? as f64,
            payload: record.payload_index.unwrap_or(0),
        })
    }

    /// The mean of `samples`, and how many; `None` if there are none.
    pub fn mean(samples: &[Self]) -> Option<(Self, u32)> {
        let n = samples.len() as f64;
        let mean = |value: fn(&Self) -> f64| samples.iter().map(value).sum::<f64>() / n;
        (!samples.is_empty()).then(|| {
            let mean = Self {
                ms: mean(|s| s.ms),
                billed_ms: mean(|s| s.billed_ms),
                payload: 0,
            };
            (mean, samples.len() as u32)
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The samples of one memory size.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// In the order made.
    pub samples: &'a [Sample],
    /// Share of each payload; empty when there is only one.
    pub shares: &'a [f64],
}

/// What was measured at one memory size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// How many samples.
    pub count: u32,
    /// Mean duration, in ms: nothing is left out of it. Payloads weigh by their shares.
    pub ms: f64,
    /// Mean billed duration, in ms, likewise.
    pub billed_ms: f64,
    /// Standard error of `ms`, as a share of it, tails included.
    pub error: f64,
    /// What sizes are compared by.
    pub robust: Robust,
    /// Degrees of freedom behind the errors.
    pub freedom: f64,
    /// What is odd about the samples.
    pub shape: Shape,
}

/// Means for comparing sizes: a single value far above the others weighs less in them, so that one lost packet does not
/// decide on a memory size. They are shown nowhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Robust {
    /// Mean duration, in ms.
    pub ms: f64,
    /// Mean billed duration, in ms.
    pub billed_ms: f64,
    /// Standard error of `ms`, as a share of it.
    pub error: f64,
    /// The share of its square that more samples would take away: what execution environments differ by stays.
    pub reducible: f64,
}

/// What is odd about samples: means of few of them are to be taken with care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// Two groups, far apart.
    pub bimodal: bool,
    /// A few values are many times the others.
    pub heavy_tailed: bool,
}

/// Before anything is measured the scatter is taken for 6 %, with the weight of this many samples.
const PRIOR_VARIANCE: f64 = 0.06 * 0.06;
const PRIOR_FREEDOM: f64 = 1.0;
/// The weight, in samples, that the scatter of all sizes has in that of one.
const SHARED_FREEDOM: f64 = 3.0;
/// Execution environments differ by about this much from one another, however often one of them is invoked.
const LEAST_ERROR: f64 = 0.01;
/// Where sizes are compared, a single value above this many medians of its payload counts as that. Two are no accident any
/// more, and leaving them out would bias the bill, which is a mean.
const CAP: f64 = 4.0;

/// How far durations are from their payload's mean.
#[derive(Clone, Copy, Default)]
struct Scatter {
    /// Squares of logarithms: what is many times the mean does not count as many times as much.
    log_squares: f64,
    /// Squares of shares of the mean.
    squares: f64,
    freedom: f64,
}

impl Scatter {
    fn plus(self, other: Self) -> Self {
        Self {
            log_squares: self.log_squares + other.log_squares,
            squares: self.squares + other.squares,
            freedom: self.freedom + other.freedom,
        }
    }
}

/// The variance of single durations, relative to their mean.
#[derive(Clone, Copy)]
struct Variance {
    /// Of their logarithms.
    log: f64,
    /// Of themselves.
    plain: f64,
}

/// The scatter of all sizes together: a function's noise is about the same share of its duration at every memory size, so
/// all sizes say something about that of each.
fn shared(scatters: &[Scatter]) -> Variance {
    let all = scatters.iter().fold(Scatter::default(), |sum, s| sum.plus(*s));
    let variance = |squares: f64| PRIOR_FREEDOM.mul_add(PRIOR_VARIANCE, squares) / (PRIOR_FREEDOM + all.freedom);
    Variance {
        log: variance(all.log_squares),
        plain: variance(all.squares),
    }
}

pub(super) fn points(series: &[Series<'_>]) -> Vec<Point> {
    let series: Vec<(&Series<'_>, Vec<Stratum>)> = series
        .iter()
        .filter(|s| !s.samples.is_empty())
        .map(|s| (s, strata(s)))
        .collect();
    // By payload as well: a short one and a long one need not scatter alike.
    let payloads = series.iter().flat_map(|(_, strata)| strata.iter().map(|s| s.payload));
    let shared: BTreeMap<u32, Variance> = payloads
        .collect::<BTreeSet<u32>>()
        .into_iter()
        .map(|payload| {
            let strata = series.iter().flat_map(|(_, strata)| strata);
            let scatters: Vec<Scatter> = strata.filter(|s| s.payload == payload).map(|s| s.scatter).collect();
            (payload, shared(&scatters))
        })
        .collect();
    let mut points: Vec<Point> = series
        .iter()
        .map(|(series, strata)| point(series, strata, &shared))
        .collect();
    points.sort_by_key(|p| p.memory_size_mb);
    points
}

fn point(series: &Series<'_>, strata: &[Stratum], shared: &BTreeMap<u32, Variance>) -> Point {
    let total: f64 = strata.iter().map(|s| s.share).sum();
    let (mut ms, mut billed_ms, mut square_error) = (0.0, 0.0, 0.0);
    let mut robust = (0.0, 0.0, 0.0);
    let mut freedom = 0.0;
    for stratum in strata {
        let share = stratum.share / total;
        let n = stratum.samples.len() as f64;
        let mean = |value: &dyn Fn(&Sample) -> f64| stratum.samples.iter().map(value).sum::<f64>() / n;
        let noise = shared[&stratum.payload];
        let scatter = &stratum.scatter;
        let variance = |shared: f64, own: f64| SHARED_FREEDOM.mul_add(shared, own) / (SHARED_FREEDOM + scatter.freedom);
        let plain = mean(&|s| s.ms);
        ms += share * plain;
        billed_ms += share * mean(&|s| s.billed_ms);
        square_error += (share * plain).powi(2) * variance(noise.plain, scatter.squares) / n;
        let cap = stratum.cap;
        let capped = mean(&|s| s.ms.min(cap));
        robust.0 += share * capped;
        robust.1 += share * mean(&|s| s.billed_ms.min(cap.ceil()));
        robust.2 += (share * capped).powi(2) * variance(noise.log, scatter.log_squares) / n;
        freedom += scatter.freedom;
    }
    let (ms, robust_ms) = (ms.max(LEAST_MS), f64::max(robust.0, LEAST_MS));
    let sampling_error = f64::sqrt(robust.2) / robust_ms;
    let robust_error = sampling_error.max(LEAST_ERROR);
    Point {
        memory_size_mb: series.memory_size_mb,
        count: series.samples.len() as u32,
        ms,
        billed_ms,
        error: (square_error.sqrt() / ms).max(LEAST_ERROR),
        robust: Robust {
            ms: robust_ms,
            billed_ms: robust.1,
            error: robust_error,
            reducible: (1.0 - (LEAST_ERROR / robust_error).powi(2)).max(0.0),
        },
        freedom: SHARED_FREEDOM + freedom,
        shape: shape_of(strata),
    }
}

struct Stratum {
    payload: u32,
    share: f64,
    samples: Vec<Sample>,
    scatter: Scatter,
    cap: f64,
    shape: Shape,
}

impl Stratum {
    fn new(payload: u32, share: f64, samples: Vec<Sample>) -> Self {
        let durations: Vec<f64> = samples.iter().map(|s| s.ms).collect();
        let shape = shape(&durations);
        Self {
            payload,
            share,
            scatter: scatter(&durations),
            // Of two kinds of invocations neither is an accident.
            cap: if shape.bimodal { f64::INFINITY } else { cap(&durations) },
            shape,
            samples,
        }
    }
}

/// Samples by payload. Shares of payloads that were not sent yet fall to the others.
fn strata(series: &Series<'_>) -> Vec<Stratum> {
    if series.shares.len() < 2 {
        return vec![Stratum::new(0, 1.0, series.samples.to_vec())];
    }
    (0..)
        .zip(series.shares)
        .map(|(payload, &share)| {
            let sent = |s: &&Sample| s.payload == payload;
            (
                payload,
                share,
                series.samples.iter().filter(sent).copied().collect::<Vec<_>>(),
            )
        })
        .filter(|(_, _, samples)| !samples.is_empty())
        .map(|(payload, share, samples)| Stratum::new(payload, share, samples))
        .collect()
}

/// A mixture that was asked for is not odd: only what is odd about one of its payloads.
fn shape_of(strata: &[Stratum]) -> Shape {
    let bimodal = strata.iter().any(|s| s.shape.bimodal);
    Shape {
        bimodal,
        heavy_tailed: !bimodal && strata.iter().any(|s| s.shape.heavy_tailed),
    }
}

fn scatter(durations: &[f64]) -> Scatter {
    let n = durations.len() as f64;
    let mean = (durations.iter().sum::<f64>() / n).max(LEAST_MS);
    let mean_log = durations.iter().map(|&ms| ln(ms)).sum::<f64>() / n;
    Scatter {
        log_squares: durations.iter().map(|&ms| (ln(ms) - mean_log).powi(2)).sum(),
        squares: durations.iter().map(|&ms| (ms / mean - 1.0).powi(2)).sum(),
        freedom: n - 1.0,
    }
}

/// Log lines give durations to a hundredth of a millisecond; some sources give whole ones, which may be 0.
const LEAST_MS: f64 = 0.01;

fn ln(ms: f64) -> f64 {
    ms.max(LEAST_MS).ln()
}

fn cap(durations: &[f64]) -> f64 {
    let cap = CAP * median(durations);
    match durations.iter().filter(|&&ms| ms > cap).count() {
        1 => cap,
        _ => f64::INFINITY,
    }
}

fn median(values: &[f64]) -> f64 {
    stats::sorted(values)[values.len() / 2]
}

/// Two groups of at least two values and a fifth of all, with the widest gap between them at a factor of two: bimodal. A
/// value above four medians without that: heavy-tailed.
fn shape(durations: &[f64]) -> Shape {
    const GAP: f64 = 0.7;
    const LEAST: usize = 4;
    if durations.len() < LEAST {
        return Shape::default();
    }
    let sorted = stats::sorted(durations);
    let gap = |i: &usize| ln(sorted[*i]) - ln(sorted[i - 1]);
    let widest = (1..sorted.len()).max_by(|a, b| gap(a).total_cmp(&gap(b)));
    let bimodal = widest.is_some_and(|at| {
        let smaller = at.min(sorted.len() - at);
        gap(&at) > GAP && smaller >= 2 && smaller as f64 >= 0.2 * sorted.len() as f64
    });
    let most = sorted[sorted.len() - 1];
    Shape {
        bimodal,
        heavy_tailed: !bimodal && most > CAP * median(durations),
    }
}
