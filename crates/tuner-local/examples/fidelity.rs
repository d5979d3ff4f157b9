//! Measures the instrument: how near durations come to memory / 1769 vCPU.
//!
//! `cargo run --profile dist -p tuner-local --example fidelity [-- cgroup-v1|duty-cycle|...]`, on a machine with nothing else
//! to do. Each figure is the median of three warm invocations; the ratio is to what is proportional.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example that prints a table")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use support::{Bench, specimen};
use tuner_local::confinement::{Confinement, ConfinementChoice, CpuPeriod};

const SIZES_MB: [u32; 8] = [128, 256, 512, 1024, 1536, 1769, 2654, 3538];

#[tokio::main]
async fn main() {
    if specimen::is_function() {
        specimen::run();
    }
    let asked: Vec<ConfinementChoice> = std::env::args().skip(1).map(|word| word.parse().unwrap()).collect();
    let choices = if asked.is_empty() {
        vec![
            ConfinementChoice::CgroupV2,
            ConfinementChoice::CgroupV1,
            ConfinementChoice::DutyCycle,
        ]
    } else {
        asked
    };
    let per_ms = iterations_per_ms();
    println!("{per_ms} iterations a millisecond at full speed");
    for choice in choices {
        for period in [CpuPeriod::Lambda, CpuPeriod::Linear] {
            match Confinement::detect(choice, period) {
                Ok(confinement) => table(&confinement, choice, period, per_ms).await,
                Err(e) => println!("\n{e}"),
            }
        }
    }
    overhead().await;
}

async fn table(confinement: &Confinement, choice: ConfinementChoice, period: CpuPeriod, per_ms: u64) {
    let kind = confinement.description().kind;
    println!("\n{kind}, {period:?} period: duration in ms and ratio to proportional");
    println!("memory_mb    50 ms CPU      200 ms CPU     2 x 100 ms CPU  sleep 100 ms");
    for memory_mb in SIZES_MB {
        let mut bench = Bench::confined(choice, period, |spec| {
            spec.memory_size_mb = memory_mb;
            spec.timeout = std::time::Duration::from_secs(60);
        })
        .await
        .unwrap();
        let mut row = format!("{memory_mb:9}");
        for (cpu_ms, threads) in [(50, 1), (200, 1), (200, 2)] {
            let event = format!(r#"{{"burn":{},"threads":{threads}}}"#, cpu_ms * per_ms);
            let duration_ms = median_ms(&mut bench, &event).await;
            let vcpus = (f64::from(memory_mb) / 1769.0).min(threads as f64);
            row += &format!("  {duration_ms:7.1} {:5.3}", duration_ms * vcpus / cpu_ms as f64);
        }
        row += &format!("  {:7.1}", median_ms(&mut bench, r#"{"sleep_ms":100}"#).await);
        println!("{row}");
    }
}

async fn median_ms(bench: &mut Bench, event: &str) -> f64 {
    let mut durations = Vec::new();
    for _ in 0..4 {
        durations.push(bench.invoke(event).await.field("Duration").unwrap());
    }
    // The first may be cold.
    let warm = &mut durations[1..];
    warm.sort_by(f64::total_cmp);
    warm[warm.len() / 2]
}

/// What one processor does in a millisecond; the best of several, as the least disturbed.
fn iterations_per_ms() -> u64 {
    let best = (0..20).map(|_| {
        let start = Instant::now();
        specimen::burn(20_000_000);
        start.elapsed()
    });
    (20_000_000.0 / (best.min().unwrap().as_secs_f64() * 1e3)) as u64
}

/// 6 cold starts and 54 warm invocations of a function that returns at once.
async fn overhead() {
    let start = Instant::now();
    let mut reported_ms = 0.0;
    for memory_mb in [128, 256, 512, 1024, 1769, 3008] {
        let size = |spec: &mut tuner_local::environment::EnvironmentSpec| spec.memory_size_mb = memory_mb;
        let mut bench = Bench::confined(ConfinementChoice::Auto, CpuPeriod::Lambda, size)
            .await
            .unwrap();
        for _ in 0..10 {
            let seen = bench.invoke("{}").await;
            reported_ms += seen.field("Duration").unwrap() + seen.field("Init Duration").unwrap_or(0.0);
        }
    }
    let total_ms = start.elapsed().as_secs_f64() * 1e3;
    println!("\n60 invocations, 6 of them cold: {total_ms:.0} ms in all, of which {reported_ms:.0} ms are reported");
}
