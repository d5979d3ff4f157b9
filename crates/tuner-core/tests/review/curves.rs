//! How well CPU-bound functions are told, measured on durations of real Lambda functions (`examples/replay/data`).
//!
//! The functions that were recorded mostly work. Each is drawn many times with a waiting time before its work, as one that calls
//! others has, and seen at two of the sizes that were measured, with a few to some thousands of its recorded durations at each.
//! What is true of it is read from the recorded means, by what twice the memory would save. Nothing here is shared with the judge.

use std::collections::BTreeMap;
use std::io::Read;

use tuner_core::review::{Durations, FindingKind, ListedFunction, SizeEvidence};

use super::fixture::{at, evidence, listed, review};

const ONE_VCPU_MB: f64 = 1769.0;
/// Drawn of each recorded function.
const DRAWN: usize = 40;

/// Larger than the present size, and within one vCPU.
const LARGER: &str = "larger";

/// Durations by size.
type Curve = BTreeMap<u32, Vec<f64>>;

/// Recorded functions by source.
fn recorded() -> Vec<(&'static str, Curve)> {
    const FILES: [(&str, &[u8]); 4] = [
        ("cebert", include_bytes!("../../examples/replay/data/cebert.csv.gz")),
        (
            "demystifying",
            include_bytes!("../../examples/replay/data/demystifying.csv.gz"),
        ),
        ("faasdom", include_bytes!("../../examples/replay/data/faasdom.csv.gz")),
        (
            "memfigless",
            include_bytes!("../../examples/replay/data/memfigless.csv.gz"),
        ),
    ];
    let mut all = Vec::new();
    for (source, packed) in FILES {
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        let mut curves: BTreeMap<String, Curve> = BTreeMap::new();
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            if cells[0].ends_with("#cold") {
                continue;
            }
            // Three samples of a payload say little: neighbours are one function.
            let name = match cells[0].split_once("-n") {
                Some((name, payload)) if source == "memfigless" => {
                    format!("{name} {}", payload.parse::<u32>().unwrap() / 1_000)
                }
                _ => cells[0].to_owned(),
            };
            let curve = curves.entry(format!("{name} {}", cells[1])).or_default();
            curve
                .entry(cells[2].parse().unwrap())
                .or_default()
                .push(cells[3].parse().unwrap());
        }
        all.extend(
            curves
                .into_values()
                .filter(|curve| curve.len() > 1)
                .map(|curve| (source, curve)),
        );
    }
    all
}

fn mean(durations: &[f64]) -> f64 {
    durations.iter().sum::<f64>() / durations.len() as f64
}

/// Mean at any size, between those measured on a straight line of logarithms.
fn mean_at(curve: &Curve, mb: f64) -> f64 {
    let point = |(&mb, durations): (&u32, &Vec<f64>)| (f64::from(mb), mean(durations));
    let below = curve.iter().map(point).rfind(|&(size, _)| size <= mb);
    let above = curve.iter().map(point).find(|&(size, _)| size >= mb);
    match (below, above) {
        (Some((a, x)), Some((b, y))) if b > a => (x.ln() + (y / x).ln() * (mb / a).ln() / (b / a).ln()).exp(),
        (Some((_, x)), _) | (None, Some((_, x))) => x,
        (None, None) => unreachable!("a curve has sizes"),
    }
}

/// Numbers that look random and are the same each time (SplitMix64).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }
}

/// What logs would tell of `n` invocations.
fn seen(mb: u32, curve: &Curve, waiting_ms: f64, n: usize, random: &mut Random) -> SizeEvidence {
    let recorded = &curve[&mb];
    let mut all: Vec<f64> = (0..n)
        .map(|_| {
            let one = recorded[random.below(recorded.len())];
            // Of means, each invocation is off by about a tenth; what is waited for takes longer now and then.
            let off = if recorded.len() == 1 {
                0.8 + 0.4 * random.uniform()
            } else {
                1.0
            };
            one * off + waiting_ms * (0.7 - random.uniform().ln() * 0.3)
        })
        .collect();
    all.sort_by(f64::total_cmp);
    let quantile = |q: f64| all[((all.len() - 1) as f64 * q) as usize];
    SizeEvidence {
        duration: Durations {
            mean_ms: mean(&all),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            max_ms: quantile(1.0),
        },
        ..at(mb, n as u64, mean(&all))
    }
}

#[derive(Default)]
struct Counts {
    drawn: u32,
    truly: u32,
    rightly: u32,
    wrongly: u32,
}

impl Counts {
    fn line(&self) -> String {
        let share = |part: u32, of: u32| f64::from(part) / f64::from(of.max(1)) * 100.0;
        format!(
            "{} drawn, {} CPU-bound; found {} rightly and {} wrongly: precision {:.0} %, recall {:.0} %",
            self.drawn,
            self.truly,
            self.rightly,
            self.wrongly,
            share(self.rightly, self.rightly + self.wrongly),
            share(self.rightly, self.truly)
        )
    }
}

#[test]
fn functions_that_wait_for_their_processor_are_told_by_two_sizes() {
    let mut random = Random(2026);
    let (mut by_source, mut at_one_size): (BTreeMap<&str, Counts>, u32) = (BTreeMap::new(), 0);
    let mut by_other: BTreeMap<&str, Counts> = BTreeMap::new();
    for (source, curve) in recorded() {
        for _ in 0..DRAWN {
            let sizes: Vec<u32> = curve.keys().copied().collect();
            let (present, other) = (sizes[random.below(sizes.len())], sizes[random.below(sizes.len())]);
            let (small, large) = (f64::from(present.min(other)), f64::from(present.max(other)));
            if f64::from(present) > ONE_VCPU_MB / 1.25 || large.min(ONE_VCPU_MB) < small * 1.25 {
                continue;
            }
            let now_ms = mean(&curve[&present]);
            // As much as nothing, or as most of the time.
            let waited = random.uniform() * 0.95;
            let waiting_ms = now_ms * waited / (1.0 - waited);
            let mb = f64::from(present);
            let twice = (mb * 2.0).min(ONE_VCPU_MB);
            let whole = |ms: f64| ms + waiting_ms;
            let saved = 1.0 - whole(mean_at(&curve, twice)) / whole(now_ms);
            // Six tenths of what would be saved if all of it were work.
            let is_bound = saved >= 0.6 * (1.0 - mb / twice);
            let count = |random: &mut Random| (60.0 * (random.uniform() * 4.0).exp()) as usize;
            let (n, m) = (count(&mut random), count(&mut random));
            let now = seen(present, &curve, waiting_ms, n, &mut random);
            let then = seen(other, &curve, waiting_ms, m, &mut random);
            let found = |sizes: Vec<SizeEvidence>| {
                let function = ListedFunction {
                    memory_size_mb: Some(present),
                    timeout_s: Some(900),
                    ..listed("f")
                };
                let review = review(vec![(function, evidence(sizes))]);
                review.functions[0].finding(FindingKind::CpuBound).is_some()
            };
            at_one_size += u32::from(found(vec![now.clone()]));
            let mut both = vec![now, then];
            both.sort_by_key(|size| size.memory_size_mb);
            let which = match f64::from(other) {
                other if other < mb => "smaller",
                other if other > ONE_VCPU_MB => "above one vCPU",
                _ => LARGER,
            };
            let found = found(both);
            for counts in [by_source.entry(source).or_default(), by_other.entry(which).or_default()] {
                counts.drawn += 1;
                counts.truly += u32::from(is_bound);
                match (found, is_bound) {
                    (true, true) => counts.rightly += 1,
                    (true, false) => counts.wrongly += 1,
                    (false, _) => {}
                }
            }
        }
    }
    let mut all = Counts::default();
    for (source, counts) in &by_source {
        println!("{source}: {}", counts.line());
        all.drawn += counts.drawn;
        all.truly += counts.truly;
        all.rightly += counts.rightly;
        all.wrongly += counts.wrongly;
    }
    println!("all: {}", all.line());
    for (which, counts) in &by_other {
        println!("the other size is {which}: {}", counts.line());
    }
    let keeps = |counts: &Counts, precision: f64, recall: f64| {
        let (right, found) = (f64::from(counts.rightly), f64::from(counts.rightly + counts.wrongly));
        assert!(
            right >= precision * found && right >= recall * f64::from(counts.truly),
            "{}",
            counts.line()
        );
    };
    assert!(all.drawn > 1_000 && all.truly > 300, "{}", all.line());
    keeps(&by_other[LARGER], 0.9, 0.9);
    keeps(&by_other["above one vCPU"], 0.88, 0.9);
    // What lies below says less of what more memory brings.
    keeps(&by_other["smaller"], 0.6, 0.6);
    keeps(&all, 0.85, 0.85);
    // One size tells nothing of it, and nothing is said.
    assert_eq!(at_one_size, 0);
}
