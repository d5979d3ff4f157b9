//! Scans a megabyte of a shape of log so many times, for counting instructions: `scan_shape [SHAPE] [TIMES]`; without a shape
//! it lists them. The first is what the others are measured by. `benches/instructions.sh` counts.
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

#[path = "../tests/mutations/mod.rs"]
#[allow(dead_code, reason = "no log is changed")]
mod mutations;

use tuner_logs::lines::{Cut, Report, Scanner, format, scan_errors};

const BYTES: usize = 1 << 20;

/// Nothing but JSON reports.
fn reports() -> Vec<u8> {
    let line = |number: u64| {
        let report = Report {
            request_id: format!("276a85b3-61a7-4b68-b42e-{number:012x}"),
            duration_ms: number as f64 / 100.0,
            billed_duration_ms: Some(number / 100 + 1),
            memory_size_mb: Some(128),
            max_memory_used_mb: Some(97),
            ..Report::default()
        };
        format::report_json(&report, jiff::Timestamp::UNIX_EPOCH) + "\n"
    };
    let mut log = String::new();
    for number in 0.. {
        if log.len() >= BYTES {
            break;
        }
        log += &line(number);
    }
    log.into_bytes()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next();
    let times = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let shapes = std::iter::once(("JSON reports", reports())).chain(mutations::slow_shapes(BYTES));
    for (name, log) in shapes {
        if wanted.is_none() {
            println!("{name}");
        } else if wanted.as_deref() == Some(name) {
            let mut events = 0_u64;
            for _ in 0..times {
                Scanner::default().scan(&log, Cut::default(), |_| events += 1);
                // As every chunk of a file is.
                scan_errors(&log, |_| events += 1);
            }
            println!("{} bytes, {events} events", log.len());
        }
    }
}
