//! Every measured memory size as the objective and the constraints see it. The planner asks what is still worth knowing,
//! the decision what to do: of the same numbers.

use serde::{Deserialize, Serialize};

use crate::curve::{Curve, Point, Sample, Series};
use crate::pricing::Rate;
use crate::{Constraint, Objective, Statistic, stats};

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
    /// Mean of its cold starts, init included, and how many; with no payload.
    pub cold: Option<(Sample, u32)>,
    /// Largest memory use seen, in MB.
    pub max_memory_used_mb: Option<u32>,
}

/// One measured size, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// What was measured.
    pub point: Point,
    /// Mean duration, in ms, with cold starts by their share.
    pub ms: f64,
    /// Mean cost of an invocation, likewise.
    pub cost: f64,
    /// Standard error of `ms`, as a share.
    pub error: f64,
    /// The same of `cost`: smaller, since the request charge is certain.
    pub cost_error: f64,
    /// The same of `score`.
    pub score_error: f64,
    /// What the objective makes of them: the lower the better.
    pub score: f64,
    /// Why it can't be chosen.
    pub refused: Vec<Refused>,
}

/// Why a size can't be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refused {
    /// It breaks a constraint: by the value found there.
    Constraint {
        /// Which.
        constraint: Constraint,
        /// What was found.
        value: f64,
        /// What it may be at most.
        limit: f64,
    },
    /// It has too little memory for what was used, in MB.
    Headroom {
        /// Largest use seen, in MB.
        used_mb: u32,
    },
}

impl Judged {
    /// Whether it can be chosen.
    pub const fn is_allowed(&self) -> bool {
        self.refused.is_empty()
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
        let mut sizes: Vec<Judged> = measured
            .iter()
            .zip(curve.points())
            .map(|(m, point)| judged(m, point, question))
            .collect();
        let scale = Scale::of(&sizes, &curve, question);
        let least_cost = sizes.iter().map(|s| s.cost).fold(f64::INFINITY, f64::min);
        for (size, measured) in sizes.iter_mut().zip(&measured) {
            size.score = scale.score(question.objective, size.cost, size.ms);
            size.score_error = match question.objective {
                Objective::Cost => size.cost_error,
                Objective::Speed | Objective::Balanced { .. } => size.error,
            };
            for &constraint in &question.constraints {
                let figure = |statistic| figure(statistic, size, &measured.samples);
                let (value, limit) = kept(constraint, figure, size.cost, least_cost);
                if value > limit {
                    size.refused.push(Refused::Constraint {
                        constraint,
                        value,
                        limit,
                    });
                }
            }
            if let Some(used_mb) = measured.max_memory_used_mb
                && size.memory_size_mb < question.least_memory_mb(used_mb)
            {
                size.refused.push(Refused::Headroom { used_mb });
            }
        }
        Self { curve, sizes, scale }
    }

    /// The best size that can be chosen.
    pub fn best(&self) -> Option<&Judged> {
        best(&self.sizes)
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
        if let Some(fit) = curve.fit() {
            for mb in [question.range_mb.0, question.range_mb.1] {
                let ms = fit.model.at(f64::from(mb));
                scale.ms = scale.ms.max(ms);
                scale.cost = scale.cost.max(question.rate.expected(mb, ms));
            }
        }
        scale
    }

    fn score(self, objective: Objective, cost: f64, ms: f64) -> f64 {
        match objective {
            Objective::Cost => cost,
            Objective::Speed => ms,
            Objective::Balanced { cost_weight } => cost_weight * cost / self.cost + (1.0 - cost_weight) * ms / self.ms,
        }
    }
}

fn judged(measured: &Measured, point: &Point, question: &Question) -> Judged {
    let mb = measured.memory_size_mb;
    let mut judged = Judged {
        memory_size_mb: mb,
        point: *point,
        ms: point.ms,
        cost: question.rate.cost(mb, point.billed_ms),
        error: point.error,
        cost_error: 0.0,
        score_error: 0.0,
        score: 0.0,
        refused: Vec::new(),
    };
    if let Some((cold, count)) = measured.cold.filter(|_| question.cold_share > 0.0) {
        /// Cold starts of a function scatter by about this much.
        const COLD_SCATTER: f64 = 0.15;
        let q = question.cold_share;
        let (warm, cold_error) = ((1.0 - q) * point.ms, COLD_SCATTER / f64::from(count.max(1)).sqrt());
        judged.ms = warm + q * cold.ms;
        judged.cost = (1.0 - q) * judged.cost + q * question.rate.cost(mb, cold.billed_ms);
        judged.error = stats::together(warm * point.error, q * cold.ms * cold_error) / judged.ms;
    }
    judged.cost_error = judged.error * (1.0 - question.rate.request / judged.cost).max(0.0);
    judged
}

/// The best of `sizes` that can be chosen.
pub(crate) fn best<'a>(sizes: impl IntoIterator<Item = &'a Judged>) -> Option<&'a Judged> {
    sizes
        .into_iter()
        .filter(|s| s.is_allowed())
        .min_by(|a, b| a.score.total_cmp(&b.score))
}

/// What `constraint` looks at, and what it may be at most, where durations have these figures, an invocation costs `cost`, and
/// at the cheapest size `least_cost`.
pub(crate) fn kept(
    constraint: Constraint,
    figure_ms: impl FnOnce(Statistic) -> f64,
    cost: f64,
    least_cost: f64,
) -> (f64, f64) {
    match constraint {
        Constraint::Duration { statistic, max_ms } => (figure_ms(statistic), max_ms),
        Constraint::CostAboveCheapest { max_pct } => (cost, least_cost * (1.0 + max_pct / 100.0)),
        Constraint::CostPerMillion { max } => (cost * 1e6, max),
    }
}

/// A figure of the durations. Few samples have no tail of their own: there it is that of a log-normal distribution with the
/// scatter that the errors were made of, if that is worse.
fn figure(statistic: Statistic, size: &Judged, samples: &[Sample]) -> f64 {
    const ENOUGH: usize = 20;
    let Some(q) = statistic.quantile() else {
        return size.ms;
    };
    let durations: Vec<f64> = samples.iter().map(|s| s.ms).collect();
    let seen = stats::quantile(&stats::sorted(&durations), q).map_or(size.ms, |e| e.value);
    if samples.len() >= ENOUGH || statistic == Statistic::P50 {
        return seen;
    }
    let sigma = size.point.error * (samples.len() as f64).sqrt();
    seen.max(size.point.ms * (stats::normal_quantile(q) * sigma - sigma * sigma / 2.0).exp())
}
