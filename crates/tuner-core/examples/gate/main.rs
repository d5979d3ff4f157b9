//! Checks of functions whose truth is known: how often what `tuner check` says of a limit is wrong, and how often it cannot tell.
//!
//! `cargo run --release -p tuner-core --example gate -- [CHECKS] [--each]`: 2,000 checks of each line unless given; `--each`
//! shows every kind of function by itself. The seed is fixed.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::print_stdout,
    reason = "a program of its own: nobody depends on it"
)]

mod world;

use rayon::prelude::*;
use tuner_core::check::{MeanTest, ShareTest, Shown};

use world::{Kind, Random};

/// What is asked of a function.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    Mean,
    P50,
    P95,
    Success,
}

impl Asked {
    const ALL: [Self; 4] = [Self::Mean, Self::P50, Self::P95, Self::Success];

    /// Calls after which "cannot tell" is said.
    const fn budget(self) -> u32 {
        match self {
            Self::P95 => 300,
            _ => 100,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::Success => "success",
        }
    }
}

/// The truth, as a share of the limit.
const TRUTHS: [f64; 4] = [0.75, 0.9, 1.1, 1.25];

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    kept: u32,
    broken: u32,
    open: u32,
}

impl Count {
    fn add(mut self, shown: Shown) -> Self {
        match shown {
            Shown::Kept => self.kept += 1,
            Shown::Broken => self.broken += 1,
            Shown::Open => self.open += 1,
        }
        self
    }

    const fn and(self, other: Self) -> Self {
        Self {
            kept: self.kept + other.kept,
            broken: self.broken + other.broken,
            open: self.open + other.open,
        }
    }

    fn shares(self) -> [f64; 3] {
        let all = f64::from(self.kept + self.broken + self.open);
        [self.kept, self.broken, self.open].map(|n| 100.0 * f64::from(n) / all)
    }
}

/// One check: calls until the limit is shown to be kept or broken, or the budget is over.
fn check(asked: Asked, kind: Kind, truth: f64, random: &mut Random) -> Shown {
    let looks = 1..=asked.budget();
    match asked {
        Asked::Mean => {
            let mut test = MeanTest::new(kind.mean() / truth);
            decided(looks, || {
                test.add(kind.draw(random));
                test.shown()
            })
        }
        Asked::P50 | Asked::P95 => {
            let q = if asked == Asked::P50 { 0.5 } else { 0.95 };
            let limit = kind.quantile(q) / truth;
            let mut test = ShareTest::new(1.0 - q);
            decided(looks, || {
                let ms = kind.draw(random);
                test.add_value(ms > limit, ms > ShareTest::CLOSE * limit);
                test.shown()
            })
        }
        // Of success the limit is a least one, 95 %: inside is more, and no more than all.
        Asked::Success => {
            const LEAST: f64 = 0.95;
            let rate = (LEAST / truth).min(1.0);
            let mut test = ShareTest::new(1.0 - LEAST);
            decided(looks, || {
                test.add(random.uniform() >= rate);
                test.shown()
            })
        }
    }
}

fn decided(mut looks: impl Iterator<Item = u32>, mut call: impl FnMut() -> Shown) -> Shown {
    let shown = looks.find_map(|_| Some(call()).filter(|&shown| shown != Shown::Open));
    shown.unwrap_or(Shown::Open)
}

fn simulate(asked: Asked, kind: Kind, truth: f64, checks: u32) -> Count {
    let mut random = Random::seeded(&format!("{} {} {truth}", asked.name(), kind.name()));
    (0..checks).fold(Count::default(), |count, _| {
        count.add(check(asked, kind, truth, &mut random))
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let checks = arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(2_000);
    let each = arguments.iter().any(|word| word == "--each");
    println!("{checks} checks of each kind of function; kept, broken, cannot tell in %\n");
    let mut totals = [Count::default(); TRUTHS.len()];
    for asked in Asked::ALL {
        let cells: Vec<(Kind, usize)> = Kind::ALL
            .iter()
            .flat_map(|&kind| (0..TRUTHS.len()).map(move |truth| (kind, truth)))
            .collect();
        let counts: Vec<Count> = cells
            .par_iter()
            .map(|&(kind, truth)| simulate(asked, kind, TRUTHS[truth], checks))
            .collect();
        for (truth, total) in totals.iter_mut().enumerate() {
            let of_truth = || cells.iter().zip(&counts).filter(move |((_, t), _)| *t == truth);
            if each {
                of_truth().for_each(|((kind, _), count)| line(asked.name(), TRUTHS[truth], kind.name(), *count));
            }
            let all = of_truth().fold(Count::default(), |sum, (_, count)| sum.and(*count));
            line(asked.name(), TRUTHS[truth], "all", all);
            *total = total.and(all);
        }
    }
    println!();
    for (truth, total) in TRUTHS.iter().zip(totals) {
        line("all", *truth, "all", total);
    }
}

fn line(asked: &str, truth: f64, kind: &str, count: Count) {
    let [kept, broken, open] = count.shares();
    println!(
        "{asked:8} truth at {:3.0} % of the limit  {kind:28} {kept:6.2} {broken:6.2} {open:6.2}",
        truth * 100.0
    );
}
