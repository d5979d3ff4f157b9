//! Reads logs with changed bytes until so many were read, with all assertions on: `mutate_logs [MEGABYTES] [SEED]`.
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

#[path = "../tests/mutations/mod.rs"]
mod mutations;

use mutations::{Random, mutated, read, seeds};

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let (megabytes, seed) = (arguments.next().unwrap_or(100), arguments.next().unwrap_or(1));
    let (seeds, mut random) = (seeds(), Random(seed));
    let (mut bytes, mut handed, mut most) = (0_u64, 0_u64, 0.0_f64);
    while bytes < megabytes * 1_000_000 {
        let log = mutated(&seeds, &mut random);
        let counts = read(&log, &mut random);
        bytes += log.len() as u64;
        handed += counts.handed;
        most = most.max(counts.handed as f64 / log.len().max(1) as f64);
    }
    let mean = handed as f64 / bytes.max(1) as f64;
    println!("{bytes} bytes read; handed to parsers: {mean:.2} times, at most {most:.2} times");
}
