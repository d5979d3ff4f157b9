//! Guards: how often they take a harmless candidate back, and how soon a broken one.

use statrs::distribution::{Binomial, DiscreteCDF};
use tuner_core::live::{Broken, Evidence, Guards, Limits};

use super::world::{Kind, Stream, World};
use super::{percent, runs, shown, within};

/// Invocations of the candidate after which a run ends.
const WHOLE_RUN: u64 = 2_000;

/// How one run went: which of the guards in question broke first and when, and whether a test made for one look says so, at each.
struct Watched {
    broken: Option<(u64, Broken)>,
    looks: Vec<(u64, bool)>,
}

/// What a test made for one look is about.
#[derive(Clone, Copy)]
enum Fixed {
    None,
    Errors,
    P95,
}

fn watched(world: &World, seed: &str, most: u64, fixed: Fixed, is: fn(&Broken) -> bool) -> Watched {
    let mut stream = Stream::new(world, seed);
    let mut guards = Guards::new(Limits::new(true));
    // Of errors nothing is known from before.
    let history = if matches!(fixed, Fixed::Errors) { 1_000 } else { 20_000 };
    let mut evidence = Evidence::new(stream.history_of(history, |look| guards.before(look)));
    let mut watched = Watched {
        broken: None,
        looks: Vec::new(),
    };
    loop {
        let look = stream.look();
        evidence.fold(&look);
        guards.fold(&look, &evidence);
        let rates = guards.errors().rates();
        let invocations = rates.candidate_invocations;
        if watched.broken.is_none() {
            let first = guards.broken(&evidence).into_iter().find(is);
            watched.broken = first.map(|guard| (invocations, guard));
        }
        let told = match fixed {
            Fixed::None => false,
            Fixed::Errors => {
                let failures = rates.candidate_failures + rates.control_failures;
                let share = invocations as f64 / (invocations + rates.control_invocations).max(1) as f64;
                is_more(rates.candidate_failures, failures, share)
            }
            Fixed::P95 => is_more(guards.p95().above(), guards.p95().compared(), 0.05),
        };
        watched.looks.push((invocations, told));
        let is_over = matches!(fixed, Fixed::None) && watched.broken.is_some();
        if invocations >= most || is_over {
            return watched;
        }
    }
}

/// An exact binomial test, one side of 1 %.
fn is_more(hits: u64, all: u64, share: f64) -> bool {
    hits > 0 && Binomial::new(share, all).is_ok_and(|binomial| binomial.sf(hits - 1) <= 0.01)
}

pub(crate) fn false_alarms(count: u32) {
    println!("GUARDS, a harmless candidate taken back in {WHOLE_RUN} of its invocations, in % of {count} runs");
    println!("{:22} {:>14} {:>14} {:>14}", "", "widening", "5 %", "with outages");
    for kind in Kind::ALL {
        let worlds = [
            World {
                errors: [0.01; 2],
                ..World::all_at_once(kind, 1.0)
            },
            World::guarded(kind, 1.0, [0.001; 2]),
            World {
                outages: 0.3,
                ..World::guarded(kind, 1.0, [0.01; 2])
            },
        ];
        let mut which = Vec::new();
        let shares = worlds.each_ref().map(|world| {
            let all = runs(count, |run| {
                let seed = format!("harmless {} {} {run}", kind.name(), world.outages + world.errors[0]);
                watched(world, &seed, WHOLE_RUN, Fixed::None, |_| true).broken
            });
            which.extend(all.iter().flatten().map(|(_, guard)| name(guard)));
            percent(all.iter().flatten().count(), all.len())
        });
        which.sort_unstable();
        let groups = which.chunk_by(|a, b| a == b);
        let which: Vec<String> = groups.map(|group| format!("{} {}", group[0], group.len())).collect();
        println!(
            "{:22} {:14.2} {:14.2} {:14.2}   {}",
            kind.name(),
            shares[0],
            shares[1],
            shares[2],
            which.join(", ")
        );
    }
    println!();
}

fn name(guard: &Broken) -> &'static str {
    match guard {
        Broken::Errors(_) => "errors",
        Broken::Timeouts(_) => "time-outs",
        Broken::P95 { .. } => "p95",
        Broken::Cost { .. } => "cost",
        _ => "others",
    }
}

fn line(what: &str, all: &[Watched]) {
    let ends: Vec<Option<u64>> = all
        .iter()
        .map(|watched| watched.broken.as_ref().map(|(n, _)| *n))
        .collect();
    let looks = all.iter().map(|watched| watched.looks.len()).min().unwrap_or(0);
    let fixed = |share: f64| {
        (0..looks).find_map(|look| {
            let told = all.iter().filter(|watched| watched.looks[look].1).count();
            let mean = all.iter().map(|watched| watched.looks[look].0).sum::<u64>() / all.len() as u64;
            (told as f64 >= share * all.len() as f64).then_some(mean)
        })
    };
    println!(
        "{what:38} {:>7} {:>7} {:>9} {:>9} {:8.1}",
        shown(within(&ends, 0.5)),
        shown(within(&ends, 0.99)),
        shown(fixed(0.5)),
        shown(fixed(0.99)),
        percent(ends.iter().flatten().count(), ends.len()),
    );
}

fn head(title: &str) {
    println!("{title}");
    println!(
        "{:38} {:>7} {:>7} {:>9} {:>9} {:>8}",
        "", "median", "99 %", "fixed 50", "fixed 99", "back %"
    );
}

pub(crate) fn errors(count: u32) {
    head(&format!(
        "ERRORS, share 5 %: taken back after so many of the candidate's; beside a test for one look ({count} runs)"
    ));
    for base in [0.001, 0.01] {
        for rate in [base * 1.5, 0.02, 0.05, 0.1, 0.5] {
            let world = World::guarded(Kind::ALL[0], 1.0, [base, rate]);
            let most = if rate < 0.05 { WHOLE_RUN } else { 800 };
            let is = |guard: &Broken| matches!(guard, Broken::Errors(_));
            let all = runs(count, |run| {
                watched(&world, &format!("errors {base} {rate} {run}"), most, Fixed::Errors, is)
            });
            let what = format!("{:.1} % -> {:.2} %", base * 100.0, rate * 100.0);
            line(&what, &all);
        }
    }
    println!();
}

pub(crate) fn p95(count: u32) {
    head(&format!(
        "P95 x 2, share 5 %, limit 1.25: taken back after so many of the candidate's; beside a test for one look ({count} runs)"
    ));
    for kind in Kind::ALL {
        let world = World::guarded(kind, 2.0, [0.0; 2]);
        let is = |guard: &Broken| matches!(guard, Broken::P95 { .. });
        let all = runs(count, |run| {
            watched(&world, &format!("p95 {} {run}", kind.name()), 800, Fixed::P95, is)
        });
        line(kind.name(), &all);
    }
    println!();
}
