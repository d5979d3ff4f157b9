//! Comparing: false alarms, and how soon a difference is told.

use tuner_core::Objective;
use tuner_core::live::{Evidence, Look, Measure, Terms};

use super::world::{Kind, Stream, World};
use super::{percent, runs, shown, within};

/// Invocations of the candidate after which a run without a difference ends.
const WHOLE_RUN: u64 = 6_000;

/// Plain means of all invocations so far, as if each were independent of all others: what must not be done.
#[derive(Default)]
struct Pooled([[f64; 3]; 2]);

impl Pooled {
    fn add(&mut self, look: &Look) {
        for observation in &look.observations {
            let (x, [n, sum, squares]) = (observation.duration_ms(), &mut self.0[observation.arm() as usize]);
            (*n, *sum, *squares) = (*n + 1.0, *sum + x, *squares + x * x);
        }
    }

    fn z(&self) -> f64 {
        let [a, b] = self.0.map(|[n, sum, squares]| {
            let mean = sum / n;
            (mean, (squares / n - mean * mean).max(0.0) / n)
        });
        (b.0 - a.0) / (a.1 + b.1).sqrt()
    }
}

/// Whether a run without a difference ever called one, by each way.
#[derive(Default, Clone, Copy)]
struct Alarms {
    /// Means of everything, looked at once at the end.
    pooled_once: bool,
    /// This crate's estimate and variance, with a test made for one look, at each.
    each_look: bool,
    cost: bool,
    duration: bool,
}

fn alarms(kind: Kind, run: u32) -> Alarms {
    let world = World::all_at_once(kind, 1.0);
    let mut stream = Stream::new(&world, &format!("same {} {run}", kind.name()));
    let mut evidence = Evidence::new(stream.history(|_| ()));
    let (cost, duration) = (Terms::new(Objective::Cost, 1), Terms::new(Objective::Speed, 1));
    let (mut alarms, mut pooled) = (Alarms::default(), Pooled::default());
    while evidence.invocations() < WHOLE_RUN {
        let look = stream.look();
        evidence.fold(&look);
        pooled.add(&look);
        for (terms, measure, alarm) in [
            (cost, Measure::Cost, &mut alarms.cost),
            (duration, Measure::Duration, &mut alarms.duration),
        ] {
            // Also after "the same" ended the run: an interval must hold for ever.
            if evidence.matched() >= terms.first() {
                *alarm |= evidence
                    .of(measure, terms.alpha())
                    .is_some_and(|compared| !compared.change.contains(0.0));
            }
        }
        if evidence.matched() >= cost.first() {
            alarms.each_look |= z(&evidence).abs() > 1.96;
        }
    }
    alarms.pooled_once = pooled.z().abs() > 1.96;
    alarms
}

/// The change of cost in standard errors.
fn z(evidence: &Evidence) -> f64 {
    evidence.cost(0.05).map_or(0.0, |compared| {
        compared.change.value.ln_1p() * compared.information.sqrt()
    })
}

pub(crate) fn false_alarms(count: u32) {
    println!(
        "FALSE ALARMS in {WHOLE_RUN} invocations of the candidate, everything that misleads at once, in % of {count} runs"
    );
    println!(
        "{:22} {:>12} {:>12} {:>8} {:>8}",
        "", "plain means", "z each look", "cost", "duration"
    );
    for kind in Kind::ALL {
        let all = runs(count, |run| alarms(kind, run));
        let of = |is: fn(&Alarms) -> bool| percent(all.iter().filter(|alarms| is(alarms)).count(), all.len());
        println!(
            "{:22} {:12.1} {:12.1} {:8.2} {:8.2}",
            kind.name(),
            of(|a| a.pooled_once),
            of(|a| a.each_look),
            of(|a| a.cost),
            of(|a| a.duration)
        );
    }
    println!();
}

/// One run with a difference: when it was told, whether rightly, and what a test made for one look says at each.
struct Trial {
    told: Option<u64>,
    /// Those of them that had some of the control beside them.
    matched: Option<u64>,
    wrong: bool,
    /// Invocations and standard errors.
    looks: Vec<(u64, f64)>,
}

fn trial(world: &World, seed: &str, first: u64, most: u64) -> Trial {
    let mut stream = Stream::new(world, seed);
    let mut evidence = Evidence::new(stream.history(|_| ()));
    let terms = Terms::new(Objective::Cost, 1);
    let mut trial = Trial {
        told: None,
        matched: None,
        wrong: false,
        looks: Vec::new(),
    };
    while evidence.invocations() < most {
        evidence.fold(&stream.look());
        trial.looks.push((evidence.invocations(), z(&evidence)));
        if evidence.matched() < first || trial.told.is_some() {
            continue;
        }
        let change = evidence.cost(terms.alpha()).map(|compared| compared.change);
        if let Some(change) = change.filter(|change| !change.contains(0.0)) {
            trial.told = Some(evidence.invocations());
            trial.matched = Some(evidence.matched());
            trial.wrong = (change.value < 0.0) != (world.effect < 1.0);
        }
    }
    trial
}

/// The fewest invocations at which this share of runs has a difference in the right direction, were one to look then and never
/// else, with 5 % of false alarms.
fn fixed(trials: &[Trial], share: f64, is_less: bool) -> Option<u64> {
    let looks = trials.iter().map(|trial| trial.looks.len()).min()?;
    (0..looks).find_map(|look| {
        let all = || trials.iter().map(|trial| trial.looks[look]);
        let told = all()
            .filter(|(_, z)| if is_less { *z < -1.96 } else { *z > 1.96 })
            .count();
        let mean = all().map(|(n, _)| n).sum::<u64>() / trials.len() as u64;
        (told as f64 >= share * trials.len() as f64).then_some(mean)
    })
}

fn line(name: &str, effect: f64, trials: &[Trial]) {
    let ends: Vec<Option<u64>> = trials.iter().map(|trial| trial.told).collect();
    let matched: Vec<Option<u64>> = trials.iter().map(|trial| trial.matched).collect();
    let wrong = trials.iter().filter(|trial| trial.wrong).count();
    let told = ends.iter().flatten().count();
    let fixed = [0.5, 0.9].map(|share| fixed(trials, share, effect < 1.0));
    let ninety = within(&ends, 0.9);
    let ratio = ninety.zip(fixed[1]).map_or_else(
        || "-".to_owned(),
        |(own, fixed)| format!("{:.2}", own as f64 / fixed as f64),
    );
    println!(
        "{name:22} {:+5.0} % {:>8} {:>8} {:>8} {:>8} {:>8} {ratio:>7} {:7.1} {wrong:6}",
        100.0 * (effect - 1.0),
        shown(within(&matched, 0.5)),
        shown(within(&ends, 0.5)),
        shown(ninety),
        shown(fixed[0]),
        shown(fixed[1]),
        percent(told, ends.len()),
    );
}

fn head(title: &str) {
    println!("{title}");
    println!(
        "{:22} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7} {:>6}",
        "", "", "matched", "median", "90 %", "fixed 50", "fixed 90", "at 90 %", "told %", "wrong"
    );
}

pub(crate) fn independent(count: u32) {
    head(&format!(
        "COST IS TOLD after so many of the candidate's, independent, no least number; beside a test for one look ({count} runs)"
    ));
    for kind in Kind::ALL {
        for (effect, most) in [(0.9, 4_000), (0.8, 2_500), (0.5, 800)] {
            let world = World::independent(kind, effect);
            let trials = runs(count, |run| {
                trial(&world, &format!("independent {} {effect} {run}", kind.name()), 2, most)
            });
            line(kind.name(), effect, &trials);
        }
    }
    println!();
}

pub(crate) fn all_at_once(count: u32) {
    head(&format!(
        "COST IS TOLD after so many of the candidate's, everything that misleads at once, 300 matched or more ({count} runs)"
    ));
    for kind in Kind::ALL {
        for (effect, most) in [(0.9, 15_000), (0.8, 9_000), (0.5, 2_000), (1.2, 9_000)] {
            let world = World::all_at_once(kind, effect);
            let first = Terms::new(Objective::Cost, 1).first();
            let trials = runs(count, |run| {
                trial(&world, &format!("all {} {effect} {run}", kind.name()), first, most)
            });
            line(kind.name(), effect, &trials);
        }
    }
    println!();
}
