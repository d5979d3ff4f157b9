//! Reads changed logs until so many bytes were read, and ends in a panic where one is not read as it should be:
//!
//! ```sh
//! cargo run --profile release --config profile.release.debug-assertions=true -p tuner-logs --example mutate -- GIGABYTES [SEED]
//! ```

#![allow(clippy::print_stdout, reason = "a program that says what it found")]

#[path = "../tests/mutations/mod.rs"]
mod mutations;

use std::time::Instant;

use mutations::{Random, mutated, read, seeds, slow_shapes};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<f64>().unwrap_or(1.0));
    let bytes = arguments.next().unwrap_or(1.0) * 1e9;
    let seed = arguments.next().unwrap_or(1.0) as u64;
    let mut random = Random(seed);
    let mut seeds = seeds();
    seeds.extend(slow_shapes(16 << 10).map(|(_, shape)| shape));
    let (began, mut done, mut logs) = (Instant::now(), 0.0, 0_u64);
    while done < bytes {
        let log = mutated(&seeds, &mut random);
        read(&log, &mut random);
        done += log.len() as f64;
        logs += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{:.2} GB in {logs} changed logs of seed {seed}: all read as they should be, in {seconds:.0} s",
        done / 1e9
    );
}
