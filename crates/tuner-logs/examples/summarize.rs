//! Sums up log files: `summarize [--threads N] PATH...`. The benchmark script times it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use tuner_logs::{Input, Options, summarize};

fn main() {
    let mut options = Options::default();
    let mut inputs = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--threads" => options.threads = arguments.next().and_then(|text| text.parse().ok()),
            "-" => inputs.push(Input::stdin()),
            path => inputs.push(Input::from(path)),
        }
    }
    let (summary, coverage) = summarize(inputs, &options);
    for row in summary.rows {
        println!("{row:?}");
    }
    for problem in coverage.problems {
        eprintln!("{problem}");
    }
}
