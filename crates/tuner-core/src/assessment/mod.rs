//! Every measured memory size as the objective and the constraints see it. The planner asks what is still worth knowing,
//! the decision what to do: of the same numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::curve::{Curve, Point, Sample, Series};
use crate::objective::Axis;
use crate::pricing::Rate;
use crate::{Constraint, Objective, stats};

mod limits;

/// What is asked of a tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// What "best" means.
    pub objective: Objective,
    /// What a size must keep to be chosen.
    pub constraints: Vec<Constraint>,
    /// Share of invocations that start cold where the function is used, from 0 to 1: how much of cost and duration is
    /// theirs.
    pub cold_share: f64,
    /// How much more memory than the largest use seen a size must have, as a share of that use.
    pub headroom: f64,
    /// What invocations cost.
    pub rate: Rate,
    /// The smallest and the largest memory size that may be chosen, in MB: balanced weighs cost and duration relative to
    /// what they are there, whatever sizes were tried.
    pub range_mb: (u32, u32),
    /// Share of each payload; empty when there is only one.
    pub payload_shares: Vec<f64>,
    /// Memory size before the tuning, in MB; absent when it means nothing.
    pub present_memory_size_mb: Option<u32>,
    /// The smallest memory size that may be chosen, in MB, by what was known before; see [`Floor`](crate::Floor).
    #[serde(default)]
    pub floor_mb: Option<u32>,
}

impl Question {
    /// Head-room asked for unless somebody says otherwise.
    pub const DEFAULT_HEADROOM: f64 = 0.20;
    /// The least head-room that can be asked for.
    pub const LEAST_HEADROOM: f64 = 0.10;

    /// The objective, with nothing else asked.
    pub const fn plain(objective: Objective, rate: Rate, range_mb: (u32, u32)) -> Self {
        Self {
            objective,
            constraints: Vec::new(),
            cold_share: 0.0,
            headroom: Self::DEFAULT_HEADROOM,
            rate,
            range_mb,
            payload_shares: Vec::new(),
            present_memory_size_mb: None,
            floor_mb: None,
        }
    }

    /// The smallest memory size, in MB, with head-room above `used_mb`.
    pub fn least_memory_mb(&self, used_mb: u32) -> u32 {
        (f64::from(used_mb) * (1.0 + self.headroom)).ceil() as u32
    }
}

/// What was measured at one memory size.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Its invocations of the kind that is compared; at least one.
    pub samples: Vec<Sample>,
    /// Its cold starts, if any were measured.
    pub cold: Option<Colds>,
    /// Largest memory use seen, in MB.
    pub max_memory_used_mb: Option<u32>,
}

/// Cold starts of one memory size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colds {
    /// Their mean, init included; with no payload.
    pub mean: Sample,
    /// How many.
    pub count: u32,
    /// Sum of the squares by which the logarithms of their durations are off their mean.
    pub log_squares: f64,
}

impl Colds {
    /// Of `samples`; `None` if there are none.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let (mean, count) = Sample::mean(samples)?;
        let logs: Vec<f64> = samples.iter().map(|s| s.ms.max(0.01).ln()).collect();
        let middle = logs.iter().sum::<f64>() / logs.len() as f64;
        Some(Self {
            mean,
            count,
            log_squares: logs.iter().map(|x| (x - middle).powi(2)).sum(),
        })
    }
}

/// One measured size, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// What was measured.
    pub point: Point,
    /// Mean duration, in ms, with cold starts by their share. Nothing is left out of it.
    pub ms: f64,
    /// Mean cost of an invocation, likewise.
    pub cost: f64,
    /// Standard error of `ms`, as a share: what is said of it must hold for other environments than the one that was
    /// measured.
    pub error: f64,
    /// The same of `cost`: smaller, since the request charge is certain.
    pub cost_error: f64,
    /// What the objective makes of them: the lower the better. Sizes are compared by it, so single values far above the
    /// others weigh less in it.
    pub score: f64,
    /// `score`, pulled towards what the model expects as far as noise can explain that it is off: what sizes are held to be
    /// equal by.
    pub settled: f64,
    /// Standard error of `score`, as a share, within the environments that were measured.
    pub score_error: f64,
    /// How sure it is that each limit is kept.
    pub limits: Vec<Limit>,
    /// Largest memory use seen, in MB.
    pub used_mb: Option<u32>,
    /// Whether that leaves too little head-room.
    pub is_too_tight: bool,
}

/// How sure it is that a limit is kept at a size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// Which.
    pub constraint: Constraint,
    /// What was found.
    pub value: f64,
    /// What it may be at most, in the same unit: ms, or money (per invocation or per million).
    pub limit: f64,
    /// The probability that it is kept, from 0 to 1.
    pub probability_kept: f64,
}

impl Limit {
    /// From this probability on a limit is shown to be kept, and below its complement to be broken.
    pub const SHOWN: f64 = 0.95;

    /// Whether the measurements show that it is broken.
    pub fn is_broken(&self) -> bool {
        self.probability_kept < 1.0 - Self::SHOWN
    }

    /// Whether the measurements show that it is kept.
    pub fn is_kept(&self) -> bool {
        self.probability_kept >= Self::SHOWN
    }
}

impl Judged {
    /// Whether it can be chosen, as far as is known: no limit is more likely broken than kept.
    pub fn is_allowed(&self) -> bool {
        !self.is_too_tight && self.limits.iter().all(|l| l.probability_kept >= 0.5)
    }

    /// Whether it is shown to keep every limit.
    pub fn keeps_limits(&self) -> bool {
        self.limits.iter().all(Limit::is_kept)
    }

    /// The limit that is shown to be broken by most, if any is.
    pub fn broken(&self) -> Option<&Limit> {
        self.limits
            .iter()
            .filter(|l| l.is_broken())
            .max_by(|a, b| (a.value / a.limit).total_cmp(&(b.value / b.limit)))
    }

    /// Degrees of freedom behind its errors.
    pub const fn freedom(&self) -> f64 {
        self.point.freedom
    }
}

/// All measured sizes, judged.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Durations against memory size.
    pub curve: Curve,
    /// Ascending by memory size.
    pub sizes: Vec<Judged>,
    scale: Scale,
}

/// What cost and duration are relative to.
#[derive(Debug, Clone, Copy)]
struct Scale {
    cost: f64,
    ms: f64,
}

impl Assessment {
    /// Judges `measured`, which must be ascending by memory size.
    pub fn of(measured: &[Measured], question: &Question) -> Self {
        let series: Vec<Series<'_>> = measured
            .iter()
            .map(|m| Series {
                memory_size_mb: m.memory_size_mb,
                samples: &m.samples,
                shares: &question.payload_shares,
            })
            .collect();
        let curve = Curve::of(&series);
        let measured: Vec<&Measured> = measured.iter().filter(|m| !m.samples.is_empty()).collect();
        let cold_variance = cold_variance(&measured);
        let mut sizes: Vec<Judged> = measured
            .iter()
            .zip(curve.points())
            .map(|(m, point)| judged(m, point, question, cold_variance))
            .collect();
        let scale = Scale::of(&sizes, &curve, question);
        for (size, measured) in sizes.iter_mut().zip(&measured) {
            let robust = robust(measured, &size.point, question, cold_variance);
            size.score = scale.score(question.objective, robust.cost, robust.ms);
            size.score_error = match question.objective.axis() {
                Axis::Cost => robust.cost_error,
                Axis::Duration | Axis::Both { .. } => robust.error,
            };
            let least_mb = size.used_mb.map_or(0, |used_mb| question.least_memory_mb(used_mb));
            size.is_too_tight = size.memory_size_mb < least_mb;
        }
        settle(&mut sizes, &curve, scale, question);
        let limits: Vec<Vec<Limit>> = sizes
            .iter()
            .zip(&measured)
            .map(|(size, measured)| limits::of(size, measured, &sizes, question))
            .collect();
        for (size, limits) in sizes.iter_mut().zip(limits) {
            size.limits = limits;
        }
        Self { curve, sizes, scale }
    }

    /// The best size that can be chosen.
    pub fn best(&self) -> Option<&Judged> {
        best(&self.sizes)
    }

    /// The least mean cost of an invocation, of all sizes.
    pub fn least_cost(&self) -> f64 {
        self.sizes.iter().map(|s| s.cost).fold(f64::INFINITY, f64::min)
    }

    /// The size of this many MB.
    pub fn at(&self, memory_size_mb: u32) -> Option<&Judged> {
        self.sizes.iter().find(|s| s.memory_size_mb == memory_size_mb)
    }

    /// What the objective would make of a size where an invocation takes `ms`.
    pub fn score_at(&self, memory_size_mb: u32, ms: f64, question: &Question) -> f64 {
        let cost = question.rate.expected(memory_size_mb, ms);
        self.scale.score(question.objective, cost, ms)
    }
}

impl Scale {
    /// Cost and duration at both ends of the range, as the model has them, or as measured where that is more.
    fn of(sizes: &[Judged], curve: &Curve, question: &Question) -> Self {
        let mut scale = Self {
            cost: f64::MIN_POSITIVE,
            ms: f64::MIN_POSITIVE,
        };
        for size in sizes {
            scale.cost = scale.cost.max(size.cost);
            scale.ms = scale.ms.max(size.ms);
        }
        // Where it can't run it takes no time and costs nothing.
        let used = sizes.iter().filter_map(|s| s.used_mb).max();
        let least_mb = used.map_or(0, |mb| question.least_memory_mb(mb));
        if let Some(fit) = curve.fit() {
            for mb in [
                question.range_mb.0.max(least_mb).min(question.range_mb.1),
                question.range_mb.1,
            ] {
                let ms = fit.model.at(f64::from(mb));
                scale.ms = scale.ms.max(ms);
                scale.cost = scale.cost.max(question.rate.expected(mb, ms));
            }
        }
        scale
    }

    fn score(self, objective: Objective, cost: f64, ms: f64) -> f64 {
        match objective.axis() {
            Axis::Cost => cost,
            Axis::Duration => ms,
            Axis::Both { cost_weight } => cost_weight * cost / self.cost + (1.0 - cost_weight) * ms / self.ms,
        }
    }
}

/// Execution environments differ by about this much from one another, as a share of the duration: what was measured in a few
/// of them is so much less sure of the next one. (Coverage of intervals on recorded functions; a floor does not do.)
const BETWEEN_ENVIRONMENTS: f64 = 0.05;

/// Pulls scores towards the model: by as much as their noise is more than what the function is truly off its model by, which
/// is at least this share. The best of several equal sizes is the best by its noise, and this takes that off again.
const TRULY_OFF: f64 = 0.01;

fn settle(sizes: &mut [Judged], curve: &Curve, scale: Scale, question: &Question) {
    let fit = curve.simplest().filter(|fit| fit.is_trusted());
    let expected: Vec<f64> = sizes
        .iter()
        .map(|s| match fit {
            Some(fit) => {
                let ms = fit.model.at(f64::from(s.memory_size_mb));
                scale.score(question.objective, question.rate.expected(s.memory_size_mb, ms), ms)
            }
            None => s.score,
        })
        .collect();
    let n = sizes.len() as f64;
    let off = |size: &Judged, expected: f64| (size.score / expected).ln();
    let squares: f64 = sizes.iter().zip(&expected).map(|(s, &e)| off(s, e).powi(2)).sum();
    let noise: f64 = sizes.iter().map(|s| s.score_error.powi(2)).sum::<f64>() / n;
    let variance = (squares / (n - 2.0).max(1.0) - noise).max(TRULY_OFF * TRULY_OFF);
    for (size, &expected) in sizes.iter_mut().zip(&expected) {
        let weight = variance / (variance + size.score_error.powi(2));
        size.settled = expected * (weight * off(size, expected)).exp();
        if !size.settled.is_finite() {
            size.settled = size.score;
        }
    }
}

fn judged(measured: &Measured, point: &Point, question: &Question, cold_variance: f64) -> Judged {
    let warm = Means {
        ms: point.ms,
        billed_ms: point.billed_ms,
        error: stats::together(point.error, BETWEEN_ENVIRONMENTS),
    };
    let figures = with_colds(warm, measured, question, cold_variance);
    Judged {
        memory_size_mb: measured.memory_size_mb,
        point: *point,
        ms: figures.ms,
        cost: figures.cost,
        error: figures.error,
        cost_error: figures.cost_error,
        score: 0.0,
        settled: 0.0,
        score_error: 0.0,
        limits: Vec::new(),
        used_mb: measured.max_memory_used_mb,
        is_too_tight: false,
    }
}

/// What sizes are compared by.
fn robust(measured: &Measured, point: &Point, question: &Question, cold_variance: f64) -> Figures {
    let warm = Means {
        ms: point.robust.ms,
        billed_ms: point.robust.billed_ms,
        error: point.robust.error,
    };
    with_colds(warm, measured, question, cold_variance)
}

/// Means of warm invocations.
struct Means {
    ms: f64,
    billed_ms: f64,
    error: f64,
}

/// Duration and cost of an invocation, and their standard errors as shares.
struct Figures {
    ms: f64,
    cost: f64,
    error: f64,
    cost_error: f64,
}

/// With cold starts by their share, a second stratum with an error of its own.
fn with_colds(warm: Means, measured: &Measured, question: &Question, cold_variance: f64) -> Figures {
    let mb = measured.memory_size_mb;
    let mut figures = Figures {
        ms: warm.ms,
        cost: question.rate.cost(mb, warm.billed_ms),
        error: warm.error,
        cost_error: 0.0,
    };
    if let Some(cold) = measured.cold.filter(|_| question.cold_share > 0.0) {
        let q = question.cold_share;
        let share = (1.0 - q) * warm.ms;
        let cold_error = (cold_variance / f64::from(cold.count.max(1))).sqrt();
        figures.ms = share + q * cold.mean.ms;
        figures.cost = (1.0 - q) * figures.cost + q * question.rate.cost(mb, cold.mean.billed_ms);
        figures.error = stats::together(share * warm.error, q * cold.mean.ms * cold_error) / figures.ms;
    }
    figures.cost_error = figures.error * (1.0 - question.rate.request / figures.cost).max(0.0);
    figures
}

/// The variance of the logarithms of cold starts: all sizes have a say in it, and 15 % with the weight of one of them.
fn cold_variance(measured: &[&Measured]) -> f64 {
    const PRIOR: f64 = 0.15 * 0.15;
    let colds = || measured.iter().filter_map(|m| m.cold);
    let squares: f64 = colds().map(|c| c.log_squares).sum();
    let freedom: f64 = colds().map(|c| f64::from(c.count.saturating_sub(1))).sum();
    (PRIOR + squares) / (1.0 + freedom)
}

/// The best of `sizes` that can be chosen.
pub(crate) fn best<'a>(sizes: impl IntoIterator<Item = &'a Judged>) -> Option<&'a Judged> {
    sizes
        .into_iter()
        .filter(|s| s.is_allowed())
        .min_by(|a, b| a.score.total_cmp(&b.score))
}
