//! Two reports of two functions, and how a log of them is read.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use tuner_logs::{Coverage, Input, Options, Record, for_each_record};

pub(crate) const A: &str = "276a85b8-11a7-4b68-b42e-de11b5f419e3";
pub(crate) const B: &str = "9f893716-27fc-49b4-8729-5745eeaafe3d";
pub(crate) const TIME_A: &str = "2026-09-21T20:15:52.736Z";
pub(crate) const TIME_B: &str = "2026-09-22T04:51:48.855Z";
pub(crate) const MS_A: i64 = 1_790_021_752_736;
pub(crate) const MS_B: i64 = 1_790_052_708_855;
pub(crate) const BOTH: [&str; 2] = ["resize", "pay"];
pub(crate) const NEITHER: [&str; 2] = ["unknown", "unknown"];
pub(crate) const TIMES: [&str; 2] = [TIME_A, TIME_B];
pub(crate) const NO_TIMES: [&str; 2] = ["?", "?"];

pub(crate) fn report(id: &str) -> String {
    format!(
        "REPORT RequestId: {id}\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t\n"
    )
}

pub(crate) fn json_report(id: &str, time: &str) -> Value {
    json!({ "time": time, "type": "platform.report", "record": { "requestId": id, "metrics": {
        "durationMs": 12.5, "billedDurationMs": 13, "memorySizeMB": 128, "maxMemoryUsedMB": 64 }, "status": "success" } })
}

pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn read(bytes: impl Into<Vec<u8>>) -> (Vec<Record>, Coverage) {
    let mut records = Vec::new();
    let reader = Box::new(Cursor::new(bytes.into()));
    let input = Input::Reader {
        name: "log".into(),
        reader,
    };
    let coverage = for_each_record(vec![input], &Options::default(), |record| {
        records.push(record.clone());
        Ok::<_, ()>(())
    });
    (records, coverage.unwrap())
}

/// ID, function, time (`?` if it is not told) and billed duration of each record.
pub(crate) fn said(records: &[Record]) -> Vec<(String, String, String, Option<u64>)> {
    records
        .iter()
        .map(|record| {
            (
                record.report.request_id.clone(),
                record.function.to_string(),
                record.report.time.map_or("?".into(), |time| time.to_string()),
                record.report.billed_duration_ms,
            )
        })
        .collect()
}

/// What [`said`] is of both reports, of these functions and at these times.
pub(crate) fn both(functions: [&str; 2], times: [&str; 2]) -> Vec<(String, String, String, Option<u64>)> {
    [A, B]
        .into_iter()
        .zip(functions)
        .zip(times)
        .map(|((id, function), time)| (id.to_owned(), function.to_owned(), time.to_owned(), Some(13)))
        .collect()
}
