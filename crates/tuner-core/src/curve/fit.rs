use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DurationModel, Point};
use crate::stats;

/// A [`DurationModel`] through measured points, and how well it describes them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fit {
    /// The model.
    pub model: DurationModel,
    /// How far points are off the curve, as a share of the duration (root mean square); at least 0.05.
    pub misfit: f64,
}

/// The memory size above which nothing gets faster, with the 95 % interval of the profile likelihood, in MB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Knee {
    /// Most likely.
    pub memory_mb: f64,
    /// Lower bound.
    pub low_mb: f64,
    /// Upper bound.
    pub high_mb: f64,
}

/// A model is off by at least this much somewhere, however well it goes through few points.
const LEAST_MISFIT: f64 = 0.05;
/// Above this the function does not follow the model: nothing is concluded from it.
const TRUSTED_MISFIT: f64 = 0.2;
/// Model error, as a share, that a point is allowed on top of its own.
const SLACK: f64 = 0.02;
/// What each term must improve chi squared by to be worth having; half of Akaike's, since there are few points.
const PRICE_OF_A_TERM: f64 = 0.5;
/// The same where a term must be more than noise may account for: Akaike's twice over.
const PRICE_OF_A_SURE_TERM: f64 = 2.0;
const ONE_VCPU: f64 = 1769.0;
/// Threads that code is commonly found to use, in vCPUs.
const VCPUS: [f64; 6] = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0];

impl Fit {
    /// `None` for fewer than two points.
    pub(super) fn of(points: &[Point]) -> Option<Self> {
        Self::with_price(points, PRICE_OF_A_TERM)
    }

    /// The same with no term that noise may account for.
    pub(super) fn simplest(points: &[Point]) -> Option<Self> {
        Self::with_price(points, PRICE_OF_A_SURE_TERM)
    }

    fn with_price(points: &[Point], price_of_a_term: f64) -> Option<Self> {
        let last = points.last()?;
        if points.len() < 2 {
            return None;
        }
        let caps = VCPUS.iter().map(|p| p * ONE_VCPU);
        let caps = caps.take(if f64::from(last.memory_size_mb) > ONE_VCPU {
            VCPUS.len()
        } else {
            1
        });
        let (_, model) = caps
            .filter_map(|cap| {
                let (chi2, terms, model) = best_terms(points, cap, price_of_a_term)?;
                let price = price_of_a_term * (terms as f64 + f64::from(u8::from(cap != ONE_VCPU)));
                Some((chi2 + price, model))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        let squares: f64 = points
            .iter()
            .map(|p| (p.robust.ms / model.at(f64::from(p.memory_size_mb))).ln().powi(2))
            .sum();
        let freedom = (points.len() as f64 - 2.0).max(1.0);
        Some(Self {
            model,
            misfit: (squares / freedom).sqrt().max(LEAST_MISFIT),
        })
    }

    /// Whether no point is off the model by more than a model always is.
    pub fn is_close(&self) -> bool {
        self.misfit <= LEAST_MISFIT
    }

    /// Whether the function follows the model well enough for conclusions: there are points to check it by, and it is not
    /// far off any of them.
    pub const fn is_trusted(&self) -> bool {
        self.misfit <= TRUSTED_MISFIT
    }
}

/// The terms that describe the points best if the curve levels off at `cap`: their chi squared with the price of each term,
/// how many, and the model.
fn best_terms(points: &[Point], cap: f64, price_of_a_term: f64) -> Option<(f64, usize, DurationModel)> {
    (1_u8..8)
        .filter_map(|subset| {
            let used: Vec<usize> = (0..3).filter(|term| subset >> term & 1 == 1).collect();
            if used.len() > points.len() {
                return None;
            }
            let (coefficients, chi2) = least_squares(points, cap, &used)?;
            let model = DurationModel {
                waiting_ms: coefficients[0],
                work_ms_mb: coefficients[1],
                pressure_ms_mb2: coefficients[2],
                levels_off_mb: cap,
            };
            Some((chi2, used.len(), model))
        })
        .min_by(|a, b| {
            let priced = |x: &(f64, usize, DurationModel)| x.0 + price_of_a_term * x.1 as f64;
            priced(a).total_cmp(&priced(b))
        })
}

/// Weighted linear least squares on the terms 1, 1/m and 1/m^2 that are `used`, by the normal equations of terms scaled to
/// about 1. `None` when a coefficient comes out negative: another subset serves then.
fn least_squares(points: &[Point], cap: f64, used: &[usize]) -> Option<([f64; 3], f64)> {
    const SCALE_MB: f64 = 512.0;
    let row = |p: &Point| {
        let u = SCALE_MB / f64::from(p.memory_size_mb).min(cap);
        let weight = 1.0 / (p.robust.ms * stats::together(p.robust.error, SLACK));
        ([weight, weight * u, weight * u * u], weight * p.robust.ms)
    };
    let n = used.len();
    let mut a = [[0.0_f64; 4]; 3];
    for p in points {
        let (x, y) = row(p);
        for (i, &term) in used.iter().enumerate() {
            for (j, &other) in used.iter().enumerate() {
                a[i][j] += x[term] * x[other];
            }
            a[i][3] += x[term] * y;
        }
    }
    let solved = solve(&mut a, n)?;
    if solved[..n].iter().any(|&c| c < 0.0) {
        return None;
    }
    let mut scaled = [0.0; 3];
    for (i, &term) in used.iter().enumerate() {
        scaled[term] = solved[i];
    }
    let chi2 = points
        .iter()
        .map(|p| {
            let (x, y) = row(p);
            (x.iter().zip(&scaled).map(|(x, c)| x * c).sum::<f64>() - y).powi(2)
        })
        .sum();
    let coefficients = [scaled[0], scaled[1] * SCALE_MB, scaled[2] * SCALE_MB * SCALE_MB];
    Some((coefficients, chi2))
}

/// Gaussian elimination with partial pivoting of `n` equations; the right side is in column 3.
fn solve(a: &mut [[f64; 4]; 3], n: usize) -> Option<[f64; 3]> {
    for column in 0..n {
        let pivot = (column..n).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))?;
        a.swap(column, pivot);
        if a[column][column].abs() < 1e-9 * (1.0 + a[column][3].abs()) {
            return None;
        }
        for row in 0..n {
            if row != column {
                let factor = a[row][column] / a[column][column];
                let eliminating = a[column];
                for (x, e) in a[row].iter_mut().zip(eliminating) {
                    *x -= factor * e;
                }
            }
        }
    }
    let mut solution = [0.0; 3];
    for (i, x) in solution.iter_mut().enumerate().take(n) {
        *x = a[i][3] / a[i][i];
    }
    Some(solution)
}

/// Where the curve levels off: the size whose fit is the likeliest of all between the smallest and the largest measured, and
/// the range that measuring can't rule out. `None` when that range reaches either end: sizes on both sides are needed.
pub(super) fn knee(points: &[Point]) -> Option<Knee> {
    const STEP: f64 = 1.04;
    /// The 95 % quantile of chi squared with one degree of freedom.
    const LIKELY: f64 = 3.841;
    if points.len() < 4 {
        return None;
    }
    let smallest = f64::from(points.first()?.memory_size_mb);
    let largest = f64::from(points.last()?.memory_size_mb);
    let steps = ((largest / smallest).ln() / STEP.ln()).ceil() as i32;
    let profile: Vec<(f64, f64)> = (0..=steps)
        .filter_map(|i| {
            let cap = (smallest * STEP.powi(i)).min(largest);
            Some((cap, best_terms(points, cap, PRICE_OF_A_TERM)?.0))
        })
        .collect();
    let &(memory_mb, least) = profile.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let mut likely = profile.iter().filter(|(_, chi2)| *chi2 <= least + LIKELY).map(|p| p.0);
    let low_mb = likely.next()?;
    let high_mb = likely.next_back().unwrap_or(low_mb);
    (low_mb > smallest && high_mb < largest).then_some(Knee {
        memory_mb,
        low_mb,
        high_mb,
    })
}
