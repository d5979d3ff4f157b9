//! Scanning speed in bytes per second: text and JSON logs in which one line in ten is a REPORT, nothing but JSON REPORTs,
//! documents of a subscription on lines and one behind the other, and lines that are made to be slow: these may take ten
//! times as long per byte as JSON REPORTs, not more. `benches/logs.sh` compares the whole way from a file to the summary with
//! ripgrep.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tuner_logs::lines::{Report, format, scan};

#[path = "../tests/mutations/mod.rs"]
#[allow(dead_code, reason = "the benchmark changes no logs")]
mod mutations;

fn log(lines: usize, noise: impl Fn(usize) -> String, report: impl Fn(&Report) -> String) -> String {
    let mut log = String::new();
    for number in 0..lines {
        for step in 0..9 {
            log.push_str(&noise(step));
        }
        log.push_str(&report(&Report {
            request_id: format!("276a85b3-61a7-4b68-b42e-{number:012x}"),
            duration_ms: number as f64 / 100.0,
            billed_duration_ms: Some(number as u64 / 100 + 1),
            memory_size_mb: Some(128),
            max_memory_used_mb: Some(97),
            ..Report::default()
        }));
    }
    log
}

fn scanning(criterion: &mut Criterion) {
    let time = jiff::Timestamp::UNIX_EPOCH;
    let json_line = |report: &Report| format::report_json(report, time) + "\n";
    let id = "276a85b3-61a7-4b68-b42e-de11b5f419e3";
    let text_noise = |step| format!("2026-10-08T06:53:49.256Z\t{id}\tINFO\tstep {step} for user 4711 took 12 ms\n");
    let json_noise = |step| {
        format!(
            "{{\"timestamp\":\"2026-10-08T06:53:49.256Z\",\"level\":\"INFO\",\"requestId\":\"{id}\",\"message\":\"step {step}\"}}\n"
        )
    };
    let documents: Vec<String> = log(2_000, text_noise, format::report_text)
        .lines()
        .collect::<Vec<_>>()
        .chunks(25)
        .map(|lines| {
            let event =
                |line: &&str| serde_json::json!({ "id": "3917", "timestamp": 1_790_000_000_000_i64, "message": line });
            let events: Vec<_> = lines.iter().map(event).collect();
            serde_json::json!({ "logGroup": "/aws/lambda/pay", "logStream": "2026/01/31/[7]ab", "logEvents": events })
                .to_string()
        })
        .collect();
    let slow =
        mutations::slow_shapes(1 << 20).map(|(name, shape)| (name, String::from_utf8_lossy(&shape).into_owned()));
    let logs = [
        ("text", log(2_000, text_noise, format::report_text)),
        ("json", log(2_000, json_noise, json_line)),
        ("json-reports-only", log(8_000, |_| String::new(), json_line)),
        ("documents-on-lines", documents.join("\n")),
        ("documents-without-newlines", documents.concat()),
    ]
    .into_iter()
    .chain(slow)
    .collect::<Vec<_>>();
    let mut group = criterion.benchmark_group("scan");
    for (name, log) in &logs {
        group.throughput(Throughput::Bytes(log.len() as u64));
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                let mut events = 0;
                scan(black_box(log.as_bytes()), |hit| {
                    black_box(hit);
                    events += 1;
                });
                events
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scanning);
criterion_main!(benches);
