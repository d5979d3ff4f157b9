//! Review documents: written down as a reader would meet them, with figures that fit each other. What is found in an
//! account is `tuner-core`'s to judge; here it is given.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every user of this module needs another part of it"
)]
#![allow(
    clippy::unwrap_used,
    reason = "it is made for tests, and only then for what shares their data"
)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use tuner_core::pricing::{Confidence, Currency, Money, MonthlyBill};
use tuner_core::review::{
    Action, Advice, Changes, Durations, Evidence, Finding, FindingKind, Followed, FunctionReview, Gap, ListedFunction,
    LogsBy, LogsRead, MemoryReview, Metrics, Missing, MonthlyCost, OptimizerFinding, PackageType, PreviousReview,
    ProvisionedConcurrency, REVIEW_SCHEMA_VERSION, RegionReview, Saving, SavingBasis, Scan, SizeEvidence, Totals,
    Tuned, Unjudged, Why, Window, WindowCost,
};
use tuner_core::tuning::TuningStatus;
use tuner_core::{Architecture, Estimate, Verdict};
use uuid::Uuid;

#[path = "review_functions.rs"]
mod functions;
use functions::*;

pub const ACCOUNT: &str = "123456789012";
const GB_SECOND: f64 = 0.000_016_666_7;
const REQUEST: f64 = 0.000_000_2;

/// A function of a sample.
#[derive(Clone)]
pub struct Sample {
    pub name: String,
    pub region: &'static str,
    pub owner: Option<&'static str>,
    pub mb: u32,
    pub used_mb: u32,
    /// In 30 days.
    pub invocations: u64,
    pub p50_ms: f64,
    pub timeout_s: u32,
    pub cold_share: f64,
    pub init_ms: f64,
}

impl Sample {
    pub fn new(name: &str, mb: u32, used_mb: u32, invocations: u64, p50_ms: f64) -> Self {
        Self {
            name: name.to_owned(),
            region: "eu-west-1",
            owner: Some("media"),
            mb,
            used_mb,
            invocations,
            p50_ms,
            timeout_s: 30,
            cold_share: 0.01,
            init_ms: 240.0,
        }
    }

    /// With evidence and cost, and nothing found.
    pub fn review(&self) -> FunctionReview {
        let arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", self.region, self.name);
        let mut function = ListedFunction::named(arn.parse().unwrap());
        function.memory_size_mb = Some(self.mb);
        function.architecture = Some(Architecture::X86_64);
        function.package = Some(PackageType::Zip);
        function.runtime = Some("python3.13".to_owned());
        function.timeout_s = Some(self.timeout_s);
        function.log_group = Some(format!("/aws/lambda/{}", self.name));
        function.last_modified = Some(at("2026-08-03T10:00:00Z"));
        function
            .tags
            .extend(self.owner.map(|owner| ("team".to_owned(), owner.to_owned())));
        let cold = (self.invocations as f64 * self.cold_share) as u64;
        let mean = self.p50_ms * 1.12;
        let init = cold as f64 * self.init_ms;
        let billed = (self.invocations as f64 * mean + init).ceil();
        let size = SizeEvidence {
            memory_size_mb: self.mb,
            invocations: self.invocations,
            versions: Vec::new(),
            first_seen: Some(window().from),
            last_seen: Some(window().until),
            duration: Durations {
                mean_ms: mean,
                p50_ms: self.p50_ms,
                p95_ms: self.p50_ms * 1.9,
                p99_ms: self.p50_ms * 2.8,
                max_ms: (self.p50_ms * 6.0).min(f64::from(self.timeout_s) * 1000.0),
            },
            billed_duration_ms: billed as u64,
            unbilled_invocations: 0,
            cold_starts: cold,
            init_sum_ms: init,
            restored_starts: 0,
            provisioned_invocations: 0,
            max_memory_used_mb: Some(self.used_mb),
            p99_memory_used_mb: None,
            memory_growth_mb: None,
            timeouts: 0,
            out_of_memory: 0,
            errors: 0,
        };
        let per_month = window().per_month().unwrap();
        let gb_seconds = size.gb_seconds() * per_month;
        let invocations = self.invocations as f64 * per_month;
        let (duration, requests) = (gb_seconds * GB_SECOND, invocations * REQUEST);
        FunctionReview {
            evidence: Evidence {
                metrics: Some(Metrics {
                    window: window(),
                    invocations: self.invocations,
                    errors: 0,
                    throttles: 0,
                    duration_sum_ms: mean * self.invocations as f64,
                    duration_max_ms: Some(self.p50_ms * 6.0),
                    provisioned_invocations: None,
                    provisioned_utilization_max: None,
                    cpu_time_mean_ms: None,
                }),
                sizes: vec![size],
                logs: Some(LogsRead {
                    source: LogsBy::Insights,
                    window: Some(window()),
                    complete: true,
                    unread_share: None,
                }),
                ..Evidence::default()
            },
            monthly: Some(MonthlyCost {
                at_most: None,
                invocations,
                gb_seconds,
                bill: bill(duration, requests, 0.0),
                billed: true,
                since: None,
                seen_days: Some(window().days()),
                confidence: Some(Confidence::High),
            }),
            billed: Some(WindowCost {
                days: window().days(),
                invocations: self.invocations as f64,
                gb_seconds: gb_seconds / window().per_month().unwrap(),
                bill: bill(
                    duration / window().per_month().unwrap(),
                    requests / window().per_month().unwrap(),
                    0.0,
                ),
                confidence: Confidence::High,
            }),
            ..FunctionReview::new(function, Evidence::default())
        }
    }

    /// Much of the memory is never used; at `smaller_mb` some would be left.
    pub fn over_provisioned(&self, smaller_mb: u32) -> FunctionReview {
        let mut review = self.review();
        let duration = review.monthly.unwrap().bill.duration.amount;
        let at_best = duration * (1.0 - f64::from(smaller_mb) / f64::from(self.mb));
        find(
            &mut review,
            FindingKind::MemoryOverprovisioned,
            Confidence::High,
            &format!(
                "At most {} of {} MB was used in {} invocations; {smaller_mb} MB would leave head-room.",
                self.used_mb,
                self.mb,
                tuner_core::thousands(&self.invocations.to_string())
            ),
            Some(saving(at_best, 0.0, SavingBasis::Bounds)),
        );
        advise(
            &mut review,
            FindingKind::MemoryOverprovisioned,
            Action::Tune {
                memory_sizes_mb: vec![smaller_mb, (smaller_mb + self.mb) / 2, self.mb],
            },
        );
        review
    }

    /// It uses nearly all there is.
    pub fn under_provisioned(&self) -> FunctionReview {
        let mut review = self.review();
        review.evidence.sizes[0].out_of_memory = 14;
        find(
            &mut review,
            FindingKind::MemoryUnderprovisioned,
            Confidence::High,
            &format!(
                "It ran out of memory 14 times; at most {} of {} MB was used.",
                self.used_mb, self.mb
            ),
            None,
        );
        let larger = self.mb * 2;
        advise(
            &mut review,
            FindingKind::MemoryUnderprovisioned,
            Action::SetMemorySize { memory_size_mb: larger },
        );
        review
    }
}

pub fn find(
    review: &mut FunctionReview,
    kind: FindingKind,
    confidence: Confidence,
    text: &str,
    saving: Option<Saving>,
) {
    review.findings.push(Finding {
        probability: None,
        kind,
        confidence,
        text: text.to_owned(),
        saving,
    });
}

pub fn advise(review: &mut FunctionReview, about: FindingKind, action: Action) {
    review.advice.push(Advice { about, action });
}

pub fn saving(at_best: f64, at_worst: f64, basis: SavingBasis) -> Saving {
    Saving {
        at_best: Money::usd(at_best),
        at_worst: Money::usd(at_worst),
        basis,
    }
}

fn bill(duration: f64, requests: f64, provisioned: f64) -> MonthlyBill {
    MonthlyBill {
        duration: Money::usd(duration),
        requests: Money::usd(requests),
        ephemeral_storage: Money::usd(0.0),
        provisioned_concurrency: Money::usd(provisioned),
        snapstart: Money::usd(0.0),
        total: Money::usd(duration + requests + provisioned),
        free_tier_left: None,
        estimated: false,
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn window() -> Window {
    Window {
        from: at("2026-10-21T06:00:00Z"),
        until: at("2026-11-20T06:00:00Z"),
    }
}

/// A review of these functions, with sums over them.
pub fn of(functions: Vec<FunctionReview>) -> MemoryReview {
    let mut regions: BTreeMap<&str, u64> = BTreeMap::new();
    for function in &functions {
        if let Some(region) = &function.function.region {
            *regions.entry(region).or_default() += 1;
        }
    }
    if regions.is_empty() {
        regions.insert("eu-west-1", 0);
    }
    let regions = regions
        .into_iter()
        .map(|(region, functions)| RegionReview {
            region: region.to_owned(),
            functions,
            problem: None,
        })
        .collect();
    let totals = totals(&functions);
    MemoryReview {
        schema_version: REVIEW_SCHEMA_VERSION,
        review_id: Uuid::from_u128(0x019a_a000_0000_7000_8000_0000_0000_0005),
        tool_version: "0.1.0".to_owned(),
        started_at: at("2026-11-20T06:00:00Z"),
        finished_at: at("2026-11-20T06:07:12Z"),
        account: Some(ACCOUNT.to_owned()),
        window: Some(window()),
        regions,
        functions,
        totals,
        scan: None,
        previous: None,
        warnings: Vec::new(),
        advice_file: None,
        groups: None,
        of_group: None,
    }
}

/// Sums over functions that are all billed in dollars.
pub fn totals(functions: &[FunctionReview]) -> Totals {
    let sum = |amounts: Vec<Money>| Money::checked_sum(amounts).unwrap();
    let savings = || functions.iter().flat_map(FunctionReview::savings);
    let mut findings = BTreeMap::new();
    for finding in functions.iter().flat_map(|function| &function.findings) {
        *findings.entry(finding.kind).or_default() += 1;
    }
    let arm64 = |f: &FunctionReview| f.finding(FindingKind::Arm64Candidate)?.saving.map(|s| s.at_best);
    Totals {
        functions: functions.len() as u64,
        monthly: sum(functions
            .iter()
            .filter_map(|f| f.monthly)
            .map(|m| m.bill.total)
            .collect()),
        monthly_at_most: None,
        billed: sum(functions
            .iter()
            .filter_map(|f| f.billed)
            .map(|b| b.bill.total)
            .collect()),
        unjudged: Unjudged::default(),
        without_cost: functions.iter().filter(|f| f.monthly.is_none()).count() as u64,
        saving_at_best: sum(savings().map(|s| s.at_best).collect()),
        saving_at_worst: sum(savings().map(|s| s.at_worst).collect()),
        saving_measured: sum(savings()
            .filter(|s| s.basis == SavingBasis::Measured)
            .map(|s| s.at_best)
            .collect()),
        arm64_at_best: sum(functions.iter().filter_map(arm64).collect()),
        findings,
        new_findings: functions.iter().map(|f| f.new_findings().count() as u64).sum(),
        ..Totals::default()
    }
}

/// An account with nothing in it.
pub fn empty() -> MemoryReview {
    of(Vec::new())
}

pub fn one() -> MemoryReview {
    of(vec![
        Sample::new("image-resize", 1024, 210, 2_400_000, 180.0).over_provisioned(512),
    ])
}

/// Everything that can be found, in an account with a history and two tunings.
pub fn mixed() -> MemoryReview {
    let mut functions = vec![
        resize(),
        thumbnails(),
        checkout(),
        invoices(),
        search(),
        report_nightly(),
        ingest(),
        legacy(),
        webhook(),
        fine(),
        rarely(),
        denied(),
        unlogged(),
    ];
    functions[3].changes = Some(Changes {
        memory_size_mb: Some(512),
        duration_change: Some(0.31),
        cost_change: Some(0.29),
        appeared: vec![FindingKind::Regression],
        ..Changes::default()
    });
    let mut review = of(functions);
    review.regions.push(RegionReview {
        region: "ap-east-1".to_owned(),
        functions: 0,
        problem: Some(
            "the region is not enabled for this account (UnrecognizedClientException); leave it out of --regions"
                .to_owned(),
        ),
    });
    review.scan = Some(Scan {
        estimated_bytes: Some(42_000_000_000),
        estimated_cost: Some(Money::usd(0.239)),
        budget: Some(Money::usd(1.0)),
        bytes: 38_500_000_000,
        cost: Some(Money::usd(0.219)),
        queries: 9,
    });
    review.previous = Some(PreviousReview {
        review_id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0004),
        finished_at: at("2026-10-20T06:05:00Z"),
        window: None,
        monthly: Some(Money::usd(431.0)),
        gone: vec![
            "arn:aws:lambda:eu-west-1:123456789012:function:old-import"
                .parse()
                .unwrap(),
        ],
        advised: 5,
        followed: 2,
        saved: Some(Money::usd(6.2)),
    });
    review
}

/// As many functions as asked for, of every kind.
pub fn many(count: usize) -> MemoryReview {
    const OWNERS: [&str; 6] = ["media", "shop", "billing", "data", "platform", "security"];
    const REGIONS: [&str; 4] = ["eu-west-1", "us-east-1", "ap-southeast-2", "eu-central-1"];
    const SIZES: [u32; 6] = [128, 256, 512, 1024, 1769, 3008];
    let mut state = 7_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut functions: Vec<FunctionReview> = (0..count)
        .map(|index| {
            let mb = SIZES[(random() * 6.0) as usize % 6];
            let used = 38.0 + f64::from(mb - 38) * random().powf(1.4);
            let sample = Sample {
                region: REGIONS[(random() * 4.0) as usize % 4],
                owner: (random() < 0.9).then(|| OWNERS[(random() * 6.0) as usize % 6]),
                ..Sample::new(
                    &format!("service-{:02}-{}-handler-{index:04}", index % 37, ["orders", "events", "images"][index % 3]),
                    mb,
                    used as u32,
                    10.0_f64.powf(2.0 + 5.0 * random()) as u64,
                    10.0_f64.powf(0.7 + 3.0 * random()),
                )
            };
            let share = f64::from(sample.used_mb) / f64::from(mb);
            match share {
                s if s >= 0.9 => sample.under_provisioned(),
                s if s < 0.45 && mb > 128 => {
                    let mut over = sample.over_provisioned((mb / 2).max(128));
                    if random() < 0.4 {
                        let most = over.monthly.unwrap().bill.duration.amount * 0.2;
                        let text = "python3.13 runs on arm64, whose GB-second costs a fifth less; its duration there is not known.";
                        find(&mut over, FindingKind::Arm64Candidate, Confidence::Low, text, Some(saving(most, 0.0, SavingBasis::Price)));
                        advise(&mut over, FindingKind::Arm64Candidate, Action::TryArm64);
                    }
                    over
                }
                s if s < 0.55 => {
                    let mut slow = sample.review();
                    let text = "At its size it has less than one vCPU and takes long: more memory may make it faster at about the same cost.";
                    find(&mut slow, FindingKind::CpuBound, Confidence::Low, text, None);
                    let sizes = vec![mb, mb * 2, mb * 3];
                    advise(&mut slow, FindingKind::CpuBound, Action::Tune { memory_sizes_mb: sizes });
                    slow
                }
                _ => sample.review(),
            }
        })
        .collect();
    let stake = |f: &FunctionReview| {
        let best = f.savings().map(|s| s.at_best.amount).sum::<f64>();
        (best, f.monthly.map_or(0.0, |m| m.bill.total.amount))
    };
    functions.sort_by(|a, b| stake(b).partial_cmp(&stake(a)).unwrap());
    of(functions)
}

/// The same in another currency.
pub fn in_currency(mut review: MemoryReview, currency: Currency) -> MemoryReview {
    let mut document = serde_json::to_value(&review).unwrap();
    fn replace(value: &mut serde_json::Value, code: &str) {
        match value {
            serde_json::Value::Object(map) => {
                if map.contains_key("amount") {
                    map.insert("currency".to_owned(), code.into());
                }
                map.values_mut().for_each(|v| replace(v, code));
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(|v| replace(v, code)),
            _ => {}
        }
    }
    replace(&mut document, currency.code());
    review = serde_json::from_value(document).unwrap();
    review
}
