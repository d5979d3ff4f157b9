//! A function whose evidence each test changes in one respect.

use jiff::{SignedDuration, Timestamp};
use tuner_core::Architecture;
use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Action, Durations, Evidence, Fallback, FindingKind, FunctionReview, FunctionVersion, Gathered, ListedFunction,
    LogsBy, LogsRead, MemoryReview, Metrics, PackageType, RegionReview, SizeEvidence, VersionSeen, Window,
};
use uuid::Uuid;

/// A month as bills have it: 365.25 / 12 days, so that what is counted is what a month has.
pub fn month() -> Window {
    let from: Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
    let until = from + SignedDuration::from_secs((365.25 * 86_400.0 / 12.0) as i64);
    Window { from, until }
}

/// x86_64 in us-east-1 at 1,024 MB, 100,000 invocations a month of 100 ms, 700 MB used, timeout 30 s: nothing to find but
/// that arm64 is cheaper.
pub fn listed(name: &str) -> ListedFunction {
    ListedFunction {
        memory_size_mb: Some(1024),
        architecture: Some(Architecture::X86_64),
        package: Some(PackageType::Zip),
        runtime: Some("python3.13".into()),
        timeout_s: Some(30),
        ephemeral_storage_mb: Some(512),
        ..ListedFunction::named(
            format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")
                .parse()
                .unwrap(),
        )
    }
}

pub fn at(memory_size_mb: u32, invocations: u64, mean_ms: f64) -> SizeEvidence {
    SizeEvidence {
        memory_size_mb,
        invocations,
        versions: Vec::new(),
        first_seen: Some(month().from),
        last_seen: Some(month().until),
        duration: Durations {
            mean_ms,
            p50_ms: mean_ms,
            p95_ms: mean_ms * 1.2,
            p99_ms: mean_ms * 1.4,
            max_ms: mean_ms * 2.0,
        },
        billed_duration_ms: (mean_ms * invocations as f64) as u64,
        unbilled_invocations: 0,
        cold_starts: 0,
        init_sum_ms: 0.0,
        restored_starts: 0,
        provisioned_invocations: 0,
        max_memory_used_mb: Some(memory_size_mb / 10 * 7 + memory_size_mb % 10 * 7 / 10),
        p99_memory_used_mb: None,
        memory_growth_mb: None,
        timeouts: 0,
        out_of_memory: 0,
        errors: 0,
    }
}

/// Reports of this version to the end of the month.
pub fn of(version: FunctionVersion) -> VersionSeen {
    VersionSeen {
        version,
        last_seen: Some(month().until),
    }
}

pub fn metrics(invocations: u64, mean_ms: f64) -> Metrics {
    Metrics {
        window: month(),
        invocations,
        errors: 0,
        throttles: 0,
        duration_sum_ms: invocations as f64 * mean_ms,
        duration_max_ms: Some(mean_ms * 2.0),
        provisioned_invocations: None,
        provisioned_utilization_max: None,
        cpu_time_mean_ms: None,
    }
}

pub fn evidence(sizes: Vec<SizeEvidence>) -> Evidence {
    Evidence {
        metrics: Some(metrics(sizes.iter().map(|size| size.invocations).sum(), 100.0)),
        sizes,
        logs: Some(LogsRead {
            source: LogsBy::Insights,
            window: Some(month()),
            complete: true,
            unread_share: None,
        }),
        ..Evidence::default()
    }
}

pub fn usual() -> Evidence {
    evidence(vec![at(1024, 100_000, 100.0)])
}

pub fn gathered(functions: Vec<(ListedFunction, Evidence)>) -> Gathered {
    Gathered {
        review_id: Uuid::from_u128(1),
        tool_version: "0.1.0".into(),
        started_at: month().until,
        finished_at: month().until,
        account: None,
        window: Some(month()),
        regions: vec![RegionReview {
            region: "us-east-1".into(),
            functions: functions.len() as u64,
            problem: None,
        }],
        functions,
        scan: None,
        warnings: Vec::new(),
    }
}

pub fn review(functions: Vec<(ListedFunction, Evidence)>) -> MemoryReview {
    MemoryReview::new(gathered(functions), PriceTable::embedded(), Fallback::default(), None)
}

/// The review of one function.
pub fn one(function: ListedFunction, evidence: Evidence) -> FunctionReview {
    review(vec![(function, evidence)]).functions.remove(0)
}

/// The usual function with other reports at its size.
pub fn with(change: impl FnOnce(&mut SizeEvidence)) -> FunctionReview {
    let mut evidence = usual();
    change(&mut evidence.sizes[0]);
    one(listed("f"), evidence)
}

/// What was found, arm64 aside.
pub fn kinds(review: &FunctionReview) -> Vec<FindingKind> {
    let kinds = review.findings.iter().map(|finding| finding.kind);
    kinds.filter(|&kind| kind != FindingKind::Arm64Candidate).collect()
}

/// What to do, arm64 aside.
pub fn actions(review: &FunctionReview) -> Vec<&Action> {
    let advice = review
        .advice
        .iter()
        .filter(|advice| advice.about != FindingKind::Arm64Candidate);
    advice.map(|advice| &advice.action).collect()
}

#[track_caller]
pub fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-6), "{a} is not {b}");
}
