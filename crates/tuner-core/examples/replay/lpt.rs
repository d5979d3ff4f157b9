//! The fixed grid of aws-lambda-power-tuning, as its documentation describes it: the same number of invocations at every
//! size, a mean that leaves out a fifth of the durations at either end, cold starts inside the sample.

use tuner_core::Objective;

use crate::world::World;

const GRID: [u32; 6] = [128, 256, 512, 1024, 1536, 3008];
const TRIM: f64 = 0.2;

pub fn choose(world: &mut World<'_>, num: u32, objective: Objective) -> Option<u32> {
    let (first, last) = world.range();
    let sizes: Vec<u32> = GRID.into_iter().filter(|mb| (first..=last).contains(mb)).collect();
    let measured: Vec<(u32, f64, f64)> = sizes
        .into_iter()
        .map(|mb| {
            let mut all: Vec<f64> = (0..num).map(|_| world.invoke(mb)).collect();
            all.sort_by(f64::total_cmp);
            let cut = (f64::from(num) * TRIM).floor() as usize;
            let kept = &all[cut..all.len() - cut];
            let ms = kept.iter().sum::<f64>() / kept.len() as f64;
            (mb, world.rate().cost(mb, ms.ceil().max(1.0)), ms)
        })
        .collect();
    let largest = |value: fn(&(u32, f64, f64)) -> f64| measured.iter().map(value).fold(0.0, f64::max);
    let (cost_max, ms_max) = (largest(|m| m.1), largest(|m| m.2));
    let score = |m: &(u32, f64, f64)| match objective {
        Objective::Cost => (m.1, m.2),
        Objective::Speed => (m.2, m.1),
        Objective::Balanced { cost_weight } => (cost_weight * m.1 / cost_max + (1.0 - cost_weight) * m.2 / ms_max, 0.0),
    };
    measured
        .iter()
        .min_by(|a, b| {
            let (a, b) = (score(a), score(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
        .map(|m| m.0)
}
