//! Prints every report as a line of JSON, and what was read of each file to standard error: `records [--threads N] PATH...`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use tuner_logs::{Input, Options, for_each_record};

fn main() -> std::io::Result<()> {
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
    let coverage = for_each_record(inputs, &options, |record| {
        println!("{}", serde_json::to_string(record)?);
        Ok::<_, std::io::Error>(())
    })?;
    for note in &coverage.notes {
        let what = note.looks.map(|looks| looks.what()).unwrap_or_default();
        let way_out = note.looks.and_then(|looks| looks.way_out()).unwrap_or_default();
        eprintln!(
            "{}: {} reports, {} quoted, {} unreadable; {what}; {way_out}",
            note.name, note.reports, note.quoted, note.unreadable
        );
    }
    for problem in &coverage.problems {
        eprintln!("{problem}");
    }
    Ok(())
}
