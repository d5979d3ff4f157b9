//! Whatever bytes a log holds, reading it does not panic, and a report that was read survives being written again.
//!
//! `cargo +nightly fuzz run logs`; records of `crates/tuner-core/tests/data/report-lines.txt` make a good corpus.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tuner_core::logs::{Event, Neighbours, format, parse_line, parse_tail, scan};

fuzz_target!(|bytes: &[u8]| {
    if let Some(Event::Report(report)) = parse_line(bytes) {
        report.outcome(Neighbours::NONE);
        let json = format::report_json(&report, Default::default());
        assert!(
            matches!(parse_line(json.as_bytes()), Some(Event::Report(again)) if again.duration_ms == report.duration_ms)
        );
    }
    parse_tail(bytes, None).outcome();
    parse_tail(bytes, Some("id")).outcome();
    scan(bytes, |hit| assert!(hit.offset < bytes.len()));
});
