//! Writes an artificial Lambda log to standard output, for benchmarks: `generate_log [KIND] [MEGABYTES]`.
//!
//! One line in ten is a REPORT (`text`, `json`), or every line is a JSON one (`reports`); `documents` has the text in the
//! documents of a subscription, each on a line, and `firehose` the same without newlines between. The same arguments always
//! give the same bytes.

use std::io::{self, BufWriter, Write};

use rand::{RngExt, SeedableRng};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "text".into());
    let megabytes: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(1);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let is_wrapped = matches!(kind.as_str(), "documents" | "firehose");
    let mut events: Vec<String> = Vec::new();
    let mut written = 0;
    let mut number = 0u64;
    while written < megabytes * 1_000_000 {
        number += 1;
        let id = format!(
            "{:08x}-61a7-4b68-b42e-{:012x}",
            random.random::<u32>(),
            random.random::<u64>() >> 16
        );
        let lines = if kind == "reports" { 0 } else { 9 };
        for step in 0..lines {
            let (user, took) = (random.random_range(0..100_000u32), random.random_range(1..500u32));
            let line = if kind == "json" {
                format!(
                    "{{\"timestamp\":\"2026-10-08T06:53:49.256Z\",\"level\":\"INFO\",\"requestId\":\"{id}\",\"message\":\"step {step} for user {user} took {took} ms\"}}\n"
                )
            } else {
                format!("2026-10-08T06:53:49.256Z\t{id}\tINFO\tstep {step} for user {user} took {took} ms\n")
            };
            if is_wrapped {
                events.push(line);
                continue;
            }
            written += line.len() as u64;
            out.write_all(line.as_bytes())?;
        }
        let (duration, used) = (random.random_range(1..300_000u32), random.random_range(40..128u32));
        let (whole, cents, billed) = (duration / 100, duration % 100, duration.div_ceil(100));
        let line = if kind == "text" || is_wrapped {
            let init = if number.is_multiple_of(50) {
                "Init Duration: 100.99 ms\t"
            } else {
                ""
            };
            format!(
                "REPORT RequestId: {id}\tDuration: {whole}.{cents:02} ms\tBilled Duration: {billed} ms\tMemory Size: 128 MB\tMax Memory Used: {used} MB\t{init}\n"
            )
        } else {
            let init = if number.is_multiple_of(50) {
                ",\"initDurationMs\":100.99"
            } else {
                ""
            };
            format!(
                "{{\"time\":\"2026-10-08T06:53:49.256Z\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{id}\",\"metrics\":{{\"durationMs\":{whole}.{cents:02},\"billedDurationMs\":{billed},\"memorySizeMB\":128,\"maxMemoryUsedMB\":{used}{init}}},\"status\":\"success\"}}}}\n"
            )
        };
        if is_wrapped {
            events.push(line);
            if number.is_multiple_of(3) {
                let document = document(&mut events, number);
                written += document.len() as u64;
                out.write_all(document.as_bytes())?;
                if kind == "documents" {
                    out.write_all(b"\n")?;
                }
            }
            continue;
        }
        written += line.len() as u64;
        out.write_all(line.as_bytes())?;
    }
    out.flush()
}

/// As CloudWatch hands events to a subscription.
fn document(events: &mut Vec<String>, number: u64) -> String {
    let event = |message: String| {
        let message = serde_json::Value::from(message);
        format!(
            r#"{{"id":"391700000000000000000000000000000000000000000000{number:08}","timestamp":1790000000000,"message":{message}}}"#
        )
    };
    let events: Vec<String> = events.drain(..).map(event).collect();
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/function-{}","logStream":"2026/10/08/[$LATEST]ab","subscriptionFilters":["all"],"logEvents":[{}]}}"#,
        number % 7,
        events.join(",")
    )
}
