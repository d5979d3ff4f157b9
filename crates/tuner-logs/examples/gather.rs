//! Gathers the evidence of exported logs: `gather [--threads N] PATH...`. The benchmark script times it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use tuner_logs::{Input, Options, gather};

fn main() {
    let mut options = Options::default();
    let mut inputs = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--threads" => options.threads = arguments.next().and_then(|text| text.parse().ok()),
            path => inputs.push(Input::from(path)),
        }
    }
    let (evidence, coverage) = gather(inputs, &options);
    let reports: u64 = evidence.functions.iter().map(|function| function.reports()).sum();
    println!(
        "{reports} reports of {} functions in {} bytes, {:?}",
        evidence.functions.len(),
        evidence.bytes,
        evidence.window
    );
    for problem in coverage.problems {
        eprintln!("{problem}");
    }
}
