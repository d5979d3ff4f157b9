//! Trials of a candidate on simulated traffic, where the truth is known: how often one that does not differ is called better or
//! worse, how soon one that does is told, and how soon guards take a broken one back.
//!
//! `cargo run --release -p tuner-core --example live -- [--count N] [--only alarms|independent|all|guards|errors|p95]`: 2,000 runs of
//! each line of false alarms unless given, a part of that of the others. Seeds are fixed.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::print_stdout,
    reason = "a program of its own: nobody depends on it"
)]

mod comparing;
mod guarding;
mod world;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments.iter().position(|word| word == "--count");
    let count = count.and_then(|place| arguments.get(place + 1)?.parse().ok());
    let count: u32 = count.unwrap_or(2_000);
    let only = arguments.iter().position(|word| word == "--only");
    let only = only.and_then(|place| arguments.get(place + 1));
    type Part = (&'static str, fn(u32), u32);
    let parts: [Part; 6] = [
        ("alarms", comparing::false_alarms, 1),
        ("independent", comparing::independent, 4),
        ("all", comparing::all_at_once, 5),
        ("guards", guarding::false_alarms, 1),
        ("errors", guarding::errors, 4),
        ("p95", guarding::p95, 2),
    ];
    for (name, part, of) in parts {
        if only.is_none_or(|only| only == name) {
            part(count.div_ceil(of));
        }
    }
}

/// Runs with this number each, in all threads, in the order of their numbers.
fn runs<T: Send>(count: u32, run: impl Fn(u32) -> T + Sync + Send) -> Vec<T> {
    use rayon::prelude::*;
    (0..count).into_par_iter().map(run).collect()
}

fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

/// Invocations within which this share of all runs ended; `None` where fewer ended.
fn within(ends: &[Option<u64>], share: f64) -> Option<u64> {
    let mut known: Vec<u64> = ends.iter().flatten().copied().collect();
    known.sort_unstable();
    let place = (share * ends.len() as f64).ceil() as usize;
    known.get(place.saturating_sub(1)).copied()
}

fn shown(invocations: Option<u64>) -> String {
    invocations.map_or_else(|| "-".to_owned(), |n| n.to_string())
}
