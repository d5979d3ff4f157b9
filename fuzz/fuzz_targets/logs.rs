//! Whatever bytes a log holds, reading it does not panic, hands its bytes to parsers at most four times, and a report that
//! was read survives being written again.
//!
//! `cargo +nightly fuzz run logs fuzz/seeds/logs`; `cargo run --example mutate_logs` of `tuner-logs` does without a fuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tuner_logs::lines::{Cut, CutAt, Event, Neighbours, Scanner, Table, cut, format, parse_line, parse_tail};

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

    let mut scanner = Scanner::default();
    scanner.scan(bytes, Cut::default(), |_| {});
    assert!(scanner.counts().handed <= 4 * bytes.len() as u64);

    let (at, inside) = match cut(&bytes[..bytes.len() / 2]) {
        CutAt::Border(at) => (at, false),
        CutAt::Inside(at) => (at, true),
        CutAt::Anywhere => (bytes.len() / 2, false),
    };
    let mut scanner = Scanner::default();
    scanner.scan(&bytes[..at], Cut { begins_inside: false, ends_inside: inside }, |_| {});
    scanner.scan(&bytes[at..], Cut { begins_inside: inside, ends_inside: false }, |_| {});
    if let Some(table) = Table::of(bytes) {
        table.scan(bytes, |_| {});
    }
});
