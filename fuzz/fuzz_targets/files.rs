//! Whatever a file holds, however it is packed: reading it does not panic, and its sums are those of its records.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use tuner_logs::{Input, Options, for_each_record, gather, summarize};

fuzz_target!(|bytes: &[u8]| {
    let options = Options { threads: std::num::NonZeroUsize::new(1), ..Options::default() };
    let input = || {
        let reader = Box::new(Cursor::new(bytes.to_vec()));
        vec![Input::Reader { name: "log".into(), reader }]
    };
    let (mut records, mut billed) = (0_u64, 0_u64);
    let coverage = for_each_record(input(), &options, |record| {
        records += 1;
        billed = billed.saturating_add(record.report.billed_duration_ms.unwrap_or(0));
        Ok::<_, ()>(())
    });
    assert_eq!(coverage.map(|coverage| coverage.reports), Ok(records));
    let (summary, coverage) = summarize(input(), &options);
    assert_eq!(coverage.reports, records);
    assert_eq!(summary.rows.iter().map(|row| row.invocations).sum::<u64>(), records);
    assert_eq!(summary.rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.billed_duration_ms)), billed);
    let (evidence, _) = gather(input(), &options);
    assert_eq!(evidence.functions.iter().map(|function| function.reports()).sum::<u64>(), records);
});
