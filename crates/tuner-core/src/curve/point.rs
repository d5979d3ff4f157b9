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
    /// Mean duration, in ms; payloads by their shares.
    pub ms: f64,
    /// Mean billed duration, in ms.
    pub billed_ms: f64,
    /// Standard error of `ms`, as a share of it.
    pub error: f64,
    /// Degrees of freedom behind `error`.
    pub freedom: f64,
    /// What is odd about the samples.
    pub shape: Shape,
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
/// A single value above this many medians counts as that: one lost packet must not decide on a memory size. Two are no
/// accident any more, and trimming would bias the bill, which is a mean.
const CAP: f64 = 4.0;

/// Logarithms of durations around their payload's mean.
struct Scatter {
    squares: f64,
    freedom: f64,
}

/// The scatter of single durations, as a variance of their logarithms: a function's noise is about the same share of its
/// duration at every memory size, so all sizes say something about that of each.
fn noise(scatters: &[Scatter]) -> f64 {
    let squares: f64 = scatters.iter().map(|s| s.squares).sum();
    let freedom: f64 = scatters.iter().map(|s| s.freedom).sum();
    PRIOR_FREEDOM.mul_add(PRIOR_VARIANCE, squares) / (PRIOR_FREEDOM + freedom)
}

pub(super) fn points(series: &[Series<'_>]) -> Vec<Point> {
    let series: Vec<(&Series<'_>, Vec<Stratum>)> = series
        .iter()
        .filter(|s| !s.samples.is_empty())
        .map(|s| (s, strata(s)))
        .collect();
    let scatters: Vec<Scatter> = series.iter().map(|(_, strata)| scatter(strata)).collect();
    let noise = noise(&scatters);
    let mut points: Vec<Point> = series
        .iter()
        .zip(&scatters)
        .map(|((series, strata), scatter)| point(series, strata, scatter, noise))
        .collect();
    points.sort_by_key(|p| p.memory_size_mb);
    points
}

fn point(series: &Series<'_>, strata: &[Stratum], scatter: &Scatter, noise: f64) -> Point {
    let durations: Vec<f64> = series.samples.iter().map(|s| s.ms).collect();
    let shape = shape(&durations);
    // Of two kinds of invocations neither is an accident.
    let cap = if shape.bimodal { f64::INFINITY } else { cap(&durations) };
    let total: f64 = strata.iter().map(|s| s.share).sum();
    let variance = SHARED_FREEDOM.mul_add(noise, scatter.squares) / (SHARED_FREEDOM + scatter.freedom);
    let (mut ms, mut billed_ms, mut square_error) = (0.0, 0.0, 0.0);
    for stratum in strata {
        let share = stratum.share / total;
        let n = stratum.samples.len() as f64;
        let mean = stratum.samples.iter().map(|s| s.ms.min(cap)).sum::<f64>() / n;
        ms += share * mean;
        billed_ms += share * stratum.samples.iter().map(|s| s.billed_ms.min(cap.ceil())).sum::<f64>() / n;
        square_error += (share * mean).powi(2) * variance / n;
    }
    let ms = ms.max(LEAST_MS);
    Point {
        memory_size_mb: series.memory_size_mb,
        count: durations.len() as u32,
        ms,
        billed_ms,
        error: (square_error.sqrt() / ms).max(LEAST_ERROR),
        freedom: SHARED_FREEDOM + scatter.freedom,
        shape,
    }
}

struct Stratum {
    share: f64,
    samples: Vec<Sample>,
}

/// Samples by payload. Shares of payloads that were not sent yet fall to the others.
fn strata(series: &Series<'_>) -> Vec<Stratum> {
    if series.shares.len() < 2 {
        return vec![Stratum {
            share: 1.0,
            samples: series.samples.to_vec(),
        }];
    }
    series
        .shares
        .iter()
        .enumerate()
        .map(|(index, &share)| Stratum {
            share,
            samples: series
                .samples
                .iter()
                .copied()
                .filter(|s| s.payload as usize == index)
                .collect(),
        })
        .filter(|s| !s.samples.is_empty())
        .collect()
}

fn scatter(strata: &[Stratum]) -> Scatter {
    let mut all = Scatter {
        squares: 0.0,
        freedom: 0.0,
    };
    for stratum in strata {
        let logs: Vec<f64> = stratum.samples.iter().map(|s| ln(s.ms)).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        all.squares += logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        all.freedom += logs.len() as f64 - 1.0;
    }
    all
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

/// Two groups of at least a fifth of the values each, with the widest gap between them at a factor of two: bimodal. A value
/// above four medians without that: heavy-tailed.
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
        gap(&at) > GAP && smaller as f64 >= 0.2 * sorted.len() as f64
    });
    let most = sorted[sorted.len() - 1];
    Shape {
        bimodal,
        heavy_tailed: !bimodal && most > CAP * median(durations),
    }
}
