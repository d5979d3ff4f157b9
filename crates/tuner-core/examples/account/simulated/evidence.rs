//! What a perfect reader would gather of a simulated function.

use std::collections::BTreeMap;

use tuner_core::Outcome;
use tuner_core::review::{Durations, Evidence, Gap, LogsBy, LogsRead, Metrics, Missing, SizeEvidence, Why};

use super::function::{Blind, Reported, SimulatedFunction};

/// Its metrics, and its reports by memory size.
pub fn of(function: &SimulatedFunction) -> Evidence {
    let mut by_size: BTreeMap<u32, Vec<Reported>> = BTreeMap::new();
    for invocation in function.invocations() {
        by_size.entry(invocation.memory_size_mb).or_default().push(invocation);
    }
    let metrics = metrics(function, by_size.values().flatten());
    let missing = |why, text: &str| Evidence {
        metrics: Some(metrics),
        gaps: vec![Gap::new(Missing::Logs, why, text)],
        ..Evidence::default()
    };
    match function.blind {
        Blind::NoLogGroup => missing(Why::NotFound, "its log group does not exist"),
        Blind::NoAccess => Evidence {
            metrics: None,
            ..missing(Why::NoAccess, "logs:StartQuery is not allowed on its log group")
        },
        Blind::Failed => Evidence {
            metrics: None,
            ..missing(Why::Failed, "the query failed")
        },
        Blind::Unsupported => Evidence {
            metrics: Some(metrics),
            ..Evidence::default()
        },
        Blind::No | Blind::ReportsHidden => {
            if function.blind == Blind::ReportsHidden {
                for reports in by_size.values_mut() {
                    reports.retain(|report| report.outcome != Outcome::Success);
                }
                by_size.retain(|_, reports| !reports.is_empty());
            }
            Evidence {
                metrics: Some(metrics),
                sizes: by_size.into_iter().map(|(mb, reports)| size(mb, &reports)).collect(),
                logs: Some(LogsRead {
                    source: LogsBy::Insights,
                    window: Some(function.window),
                    complete: true,
                    unread_share: None,
                }),
                ..Evidence::default()
            }
        }
    }
}

fn metrics<'a>(function: &SimulatedFunction, all: impl Iterator<Item = &'a Reported> + Clone) -> Metrics {
    let invocations = all.clone().count() as u64;
    let provisioned = function.provisioned > 0;
    Metrics {
        window: function.window,
        invocations,
        errors: all.clone().filter(|report| report.outcome != Outcome::Success).count() as u64,
        throttles: (invocations as f64 * function.throttle_share).round() as u64,
        duration_sum_ms: all.clone().map(|report| report.duration_ms).sum(),
        duration_max_ms: all.map(|report| report.duration_ms).max_by(f64::total_cmp),
        provisioned_invocations: provisioned.then_some(if function.provisioned_busy > 0.0 {
            invocations
        } else {
            0
        }),
        cpu_time_mean_ms: None,
        provisioned_utilization_max: provisioned.then_some(if invocations > 0 {
            function.provisioned_busy
        } else {
            0.0
        }),
    }
}

fn size(memory_size_mb: u32, reports: &[Reported]) -> SizeEvidence {
    let mut durations: Vec<f64> = reports.iter().map(|report| report.duration_ms).collect();
    durations.sort_by(f64::total_cmp);
    let quantile = |q: f64| durations[((durations.len() - 1) as f64 * q).round() as usize];
    let outcomes = |outcome| reports.iter().filter(|report| report.outcome == outcome).count() as u64;
    let init = || reports.iter().filter_map(|report| report.init_ms);
    SizeEvidence {
        memory_size_mb,
        invocations: reports.len() as u64,
        versions: Vec::new(),
        first_seen: reports.first().map(|report| report.at),
        last_seen: reports.last().map(|report| report.at),
        duration: Durations {
            mean_ms: durations.iter().sum::<f64>() / durations.len() as f64,
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            max_ms: quantile(1.0),
        },
        billed_duration_ms: reports.iter().map(|report| report.billed_ms).sum(),
        unbilled_invocations: 0,
        cold_starts: init().count() as u64,
        init_sum_ms: init().sum(),
        restored_starts: 0,
        provisioned_invocations: 0,
        max_memory_used_mb: reports.iter().map(|report| report.max_memory_used_mb).max(),
        p99_memory_used_mb: None,
        memory_growth_mb: None,
        timeouts: outcomes(Outcome::Timeout),
        out_of_memory: outcomes(Outcome::OutOfMemory),
        // A handler that throws leaves an ordinary report.
        errors: 0,
    }
}
