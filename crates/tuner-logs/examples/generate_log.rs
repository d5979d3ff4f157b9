//! Writes an artificial Lambda log to standard output, for benchmarks: `generate_log [text|json|reports] [MEGABYTES]`.
//!
//! One line in ten is a REPORT (`text`, `json`), or every line is a JSON one (`reports`). The same arguments always give the
//! same bytes.

use std::io::{self, BufWriter, Write};

use rand::{RngExt, SeedableRng};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "text".into());
    let megabytes: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(1);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
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
            written += line.len() as u64;
            out.write_all(line.as_bytes())?;
        }
        let (duration, used) = (random.random_range(1..300_000u32), random.random_range(40..128u32));
        let (whole, cents, billed) = (duration / 100, duration % 100, duration.div_ceil(100));
        let line = if kind == "text" {
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
        written += line.len() as u64;
        out.write_all(line.as_bytes())?;
    }
    out.flush()
}
