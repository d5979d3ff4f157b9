//! Parrotfish (SoCC'23), as its authors describe it: `T(m) = a0 + a1 exp(-m / a2)` fitted to samples of three sizes and of
//! those where `m T(m)` weighed by what is known nearby is least.

use std::collections::BTreeMap;

use tuner_core::Objective;

use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    pub name: &'static str,
    /// Knowledge of the best size at which the search ends.
    threshold: f64,
    /// Samples of a size before their scatter is looked at; as many cold ones are paid for and left out.
    least: usize,
    /// More of them while they scatter.
    more: usize,
    /// Samples after which the search ends.
    most: usize,
}

pub const DEFAULT: Settings = Settings {
    name: "default",
    threshold: 3.0,
    least: 4,
    more: 8,
    most: 20,
};

pub const PAPER: Settings = Settings {
    name: "paper",
    threshold: 2.0,
    least: 2,
    more: 5,
    most: 20,
};

const SCATTER: f64 = 0.05;
const WIDTH_MB: f64 = 200.0;
const LARGEST_MB: u32 = 3008;

pub fn choose(world: &mut World<'_>, settings: Settings, objective: Objective) -> Option<u32> {
    let (first, last) = world.range();
    let last = last.min(LARGEST_MB);
    if first >= last {
        return Some(first);
    }
    let space: Vec<u32> = (first..=last).collect();
    let mut samples: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    let mut fitted: Option<[f64; 3]> = None;
    for mb in [first, space[space.len().div_ceil(3).min(space.len() - 1)], last] {
        samples.entry(mb).or_insert_with(|| sample(world, mb, settings));
    }
    loop {
        let points: Vec<(f64, f64)> = samples
            .iter()
            .flat_map(|(&mb, all)| all.iter().map(move |&ms| (f64::from(mb), ms)))
            .collect();
        let start = fitted.unwrap_or_else(|| [(points[0].1 / 10.0).floor().max(1.0); 3]);
        let parameters = fit(&points, start);
        fitted = Some(parameters);
        let at = |mb: u32| duration(&parameters, f64::from(mb)).max(0.0);
        let knowledge = |mb: u32| {
            1.0 + samples
                .keys()
                .map(|&s| (-(f64::from(mb) - f64::from(s)).powi(2) / (2.0 * WIDTH_MB * WIDTH_MB)).exp())
                .sum::<f64>()
        };
        let least = |value: &dyn Fn(u32) -> f64, among: &mut dyn Iterator<Item = u32>| {
            among
                .map(|mb| (mb, value(mb)))
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .map(|best| best.0)
        };
        let best = least(&|mb| f64::from(mb) * at(mb), &mut space.iter().copied())?;
        if knowledge(best) > settings.threshold || points.len() > settings.most {
            return match objective {
                Objective::Cost => Some(best),
                Objective::Speed => least(&at, &mut space.iter().copied()),
                // It knows no such objective; the same score on its own curve.
                Objective::Balanced { cost_weight } => {
                    let cost = |mb: u32| f64::from(mb) * at(mb);
                    let largest = |value: &dyn Fn(u32) -> f64| space.iter().map(|&mb| value(mb)).fold(1e-12, f64::max);
                    let (cost_max, ms_max) = (largest(&cost), largest(&at));
                    least(
                        &|mb| cost_weight * cost(mb) / cost_max + (1.0 - cost_weight) * at(mb) / ms_max,
                        &mut space.iter().copied(),
                    )
                }
            };
        }
        let next = least(
            &|mb| f64::from(mb) * at(mb) * knowledge(mb),
            &mut space.iter().copied().filter(|mb| !samples.contains_key(mb)),
        )?;
        samples.insert(next, sample(world, next, settings));
    }
}

/// Samples of one size: a new one replaces the one that makes the others scatter most.
fn sample(world: &mut World<'_>, mb: u32, settings: Settings) -> Vec<f64> {
    for _ in 0..settings.least {
        world.invoke(mb);
    }
    let mut all: Vec<f64> = (0..settings.least).map(|_| world.invoke(mb).ceil().max(1.0)).collect();
    for _ in 0..settings.more {
        if scatter(&all) <= SCATTER {
            break;
        }
        let new = world.invoke(mb).ceil().max(1.0);
        let replaced = (0..all.len())
            .map(|i| {
                let mut others = all.clone();
                others[i] = new;
                others
            })
            .min_by(|a, b| scatter(a).total_cmp(&scatter(b)));
        if let Some(better) = replaced.filter(|r| scatter(r) < scatter(&all)) {
            all = better;
        }
    }
    all
}

/// Coefficient of variation.
fn scatter(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    variance.sqrt() / mean
}

fn duration(p: &[f64; 3], mb: f64) -> f64 {
    p[0] + p[1] * (-mb / p[2]).exp()
}

/// Least squares in absolute milliseconds. For a given decay the rest is linear, so the decay is searched: from a coarse
/// grid, then finer. It never does worse than iterating from `start` would.
fn fit(points: &[(f64, f64)], start: [f64; 3]) -> [f64; 3] {
    let linear = |decay: f64| {
        let n = points.len() as f64;
        let (mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0);
        for &(mb, ms) in points {
            let x = (-mb / decay).exp();
            sx += x;
            sy += ms;
            sxx += x * x;
            sxy += x * ms;
        }
        let determinant = n * sxx - sx * sx;
        let slope = match determinant.abs() < 1e-300 {
            true => 0.0,
            false => (n * sxy - sx * sy) / determinant,
        };
        let p = [(sy - slope * sx) / n, slope, decay];
        let squares: f64 = points.iter().map(|&(mb, ms)| (duration(&p, mb) - ms).powi(2)).sum();
        (squares, p)
    };
    let mut best = linear(start[2]);
    let mut grid = |from: f64, to: f64, steps: i32| {
        for i in 0..=steps {
            let tried = linear(from * (to / from).powf(f64::from(i) / f64::from(steps)));
            if tried.0 < best.0 {
                best = tried;
            }
        }
        best.1[2]
    };
    let coarse = grid(10.0, 30_000.0, 80);
    grid(coarse / 1.2, coarse * 1.2, 40);
    best.1
}
