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
    Tuned, Why, Window,
};
use tuner_core::tuning::TuningStatus;
use tuner_core::{Architecture, Estimate, Verdict};
use uuid::Uuid;

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
            max_memory_used_mb: Some(self.used_mb),
            timeouts: 0,
            out_of_memory: 0,
            errors: 0,
        };
        let per_month = window().per_month().unwrap();
        let gb_seconds = size.gb_seconds() * per_month;
        let invocations = self.invocations as f64 * per_month;
        let (duration, requests) = (gb_seconds * GB_SECOND, invocations * REQUEST);
        FunctionReview {
            function,
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
                }),
                sizes: vec![size],
                logs: Some(LogsRead {
                    source: LogsBy::Insights,
                    window: Some(window()),
                    complete: true,
                    unread_share: None,
                }),
                compute_optimizer: None,
                gaps: Vec::new(),
            },
            monthly: Some(MonthlyCost {
                at_most: None,
                invocations,
                gb_seconds,
                bill: bill(duration, requests, 0.0),
                billed: true,
            }),
            cost_unknown: None,
            findings: Vec::new(),
            advice: Vec::new(),
            tuned: None,
            changes: None,
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
        without_cost: functions.iter().filter(|f| f.monthly.is_none()).count() as u64,
        saving_at_best: sum(savings().map(|s| s.at_best).collect()),
        saving_at_worst: sum(savings().map(|s| s.at_worst).collect()),
        saving_measured: sum(savings()
            .filter(|s| s.basis == SavingBasis::Measured)
            .map(|s| s.at_best)
            .collect()),
        arm64_at_best: sum(functions.iter().filter_map(arm64).collect()),
        findings,
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

fn resize() -> FunctionReview {
    let mut resize = Sample::new("image-resize", 3008, 610, 2_900_000, 640.0).over_provisioned(1024);
    resize.tuned = Some(Tuned {
        tuning_id: Some(Uuid::from_u128(0x019a_a001_0000_7000_8000_0000_0000_0001)),
        status: Some(TuningStatus::Succeeded),
        verdict: Some(Verdict::Move),
        memory_size_mb: Some(1769),
        cost_change: Some(Estimate {
            value: -0.38,
            low: Some(-0.41),
            high: Some(-0.35),
        }),
        duration_change: Some(Estimate {
            value: 0.04,
            low: Some(0.01),
            high: Some(0.07),
        }),
        cost: Some(Money::usd(0.031)),
        report: Some("s3://tuner-reports/tunings/019aa001/report.html".to_owned()),
        problem: None,
    });
    let measured = resize.monthly.unwrap().bill.duration.amount * 0.38;
    resize.findings[0].saving = Some(saving(measured, measured, SavingBasis::Measured));
    resize.advice = vec![Advice {
        about: FindingKind::MemoryOverprovisioned,
        action: Action::SetMemorySize { memory_size_mb: 1769 },
    }];
    optimizer(&mut resize, &["MemoryOverprovisioned"], Some(1792), Some(655.0));
    resize.changes = Some(Changes {
        monthly: Some(Money::usd(101.2)),
        advice: Some(Followed {
            advised_mb: None,
            followed: false,
            expected: Some(saving(66.0, 0.0, SavingBasis::Bounds)),
            saved: None,
        }),
        ..Changes::default()
    });
    resize
}

fn thumbnails() -> FunctionReview {
    let mut thumbnails = Sample::new("video-thumbnails", 2048, 390, 1_100_000, 900.0).over_provisioned(512);
    let at_best = thumbnails.monthly.unwrap().bill.duration.amount * 0.2;
    find(
        &mut thumbnails,
        FindingKind::Arm64Candidate,
        Confidence::Low,
        "python3.13 runs on arm64, whose GB-second costs a fifth less; its duration there is not known.",
        Some(saving(at_best, 0.0, SavingBasis::Price)),
    );
    advise(&mut thumbnails, FindingKind::Arm64Candidate, Action::TryArm64);
    optimizer(&mut thumbnails, &[], None, None);
    thumbnails
}

fn checkout() -> FunctionReview {
    let mut checkout = Sample {
        owner: Some("shop"),
        ..Sample::new("checkout", 512, 498, 3_800_000, 96.0)
    }
    .under_provisioned();
    checkout.evidence.metrics.as_mut().unwrap().errors = 14;
    optimizer(&mut checkout, &["MemoryUnderprovisioned"], Some(1024), None);
    checkout
}

fn invoices() -> FunctionReview {
    let mut invoices = Sample {
        owner: Some("billing"),
        timeout_s: 15,
        ..Sample::new("invoices", 512, 301, 240_000, 4200.0)
    }
    .review();
    invoices.evidence.sizes[0].timeouts = 61;
    find(
        &mut invoices,
        FindingKind::TimeoutRisk,
        Confidence::High,
        "61 of 240,000 invocations timed out at 15 s; p99 is 11,760 ms.",
        None,
    );
    find(
        &mut invoices,
        FindingKind::Regression,
        Confidence::Medium,
        "At 512 MB its mean duration is 31 % longer than at the last review (3,591 to 4,704 ms).",
        None,
    );
    find(
        &mut invoices,
        FindingKind::CpuBound,
        Confidence::Low,
        "At 512 MB it has 0.29 vCPU and takes 4.7 s: more memory may make it faster at about the same cost.",
        None,
    );
    advise(
        &mut invoices,
        FindingKind::TimeoutRisk,
        Action::SetTimeout { timeout_s: 30 },
    );
    advise(
        &mut invoices,
        FindingKind::CpuBound,
        Action::Tune {
            memory_sizes_mb: vec![512, 1024, 1769],
        },
    );
    invoices
}

fn search() -> FunctionReview {
    let mut search = Sample {
        owner: Some("shop"),
        region: "us-east-1",
        ..Sample::new("search-api", 1024, 480, 900_000, 41.0)
    }
    .review();
    let kept = 24.0;
    search.function.provisioned = vec![ProvisionedConcurrency {
        qualifier: "live".to_owned(),
        environments: 6,
    }];
    if let Some(monthly) = &mut search.monthly {
        monthly.bill.provisioned_concurrency = Money::usd(kept * 2.7);
        monthly.bill.total = monthly.bill.total.checked_add(Money::usd(kept * 2.7)).unwrap();
    }
    find(
        &mut search,
        FindingKind::ProvisionedConcurrencyUnused,
        Confidence::High,
        "6 environments are kept ready for live, and at most 2 were ever busy at a time.",
        Some(saving(kept * 1.8, kept * 1.8, SavingBasis::Price)),
    );
    advise(
        &mut search,
        FindingKind::ProvisionedConcurrencyUnused,
        Action::SetProvisionedConcurrency {
            qualifier: "live".to_owned(),
            environments: 2,
        },
    );
    search
}

fn report_nightly() -> FunctionReview {
    let mut report = Sample {
        owner: Some("billing"),
        timeout_s: 900,
        ..Sample::new("report-nightly", 1024, 630, 31, 214_000.0)
    }
    .review();
    find(
        &mut report,
        FindingKind::NotEnoughData,
        Confidence::High,
        "31 invocations in 30 days; fewer than 50 say little of the most memory it needs.",
        None,
    );
    report
}

fn ingest() -> FunctionReview {
    let mut ingest = Sample {
        owner: Some("data"),
        region: "us-east-1",
        ..Sample::new("clickstream-ingest", 512, 188, 41_000_000, 22.0)
    }
    .review();
    ingest.changes = Some(Changes {
        memory_size_mb: Some(1024),
        monthly: Some(Money::usd(22.9)),
        resolved: vec![FindingKind::MemoryOverprovisioned],
        advice: Some(Followed {
            advised_mb: Some(512),
            followed: true,
            expected: Some(saving(9.0, 4.1, SavingBasis::SeenAtBothSizes)),
            saved: Some(Money::usd(6.2)),
        }),
        ..Changes::default()
    });
    let metrics = ingest.evidence.metrics.as_mut().unwrap();
    metrics.throttles = 52_000;
    find(
        &mut ingest,
        FindingKind::Throttles,
        Confidence::High,
        "52,000 requests were turned away: its reserved concurrency of 20 is the most it gets.",
        None,
    );
    ingest.function.reserved_concurrency = Some(20);
    advise(&mut ingest, FindingKind::Throttles, Action::Investigate);
    ingest
}

fn legacy() -> FunctionReview {
    let mut legacy = Sample {
        owner: None,
        cold_share: 0.42,
        init_ms: 3900.0,
        ..Sample::new("legacy-soap-bridge", 1536, 820, 82_000, 310.0)
    }
    .review();
    legacy.function.package = Some(PackageType::Image);
    legacy.function.runtime = None;
    find(
        &mut legacy,
        FindingKind::InitHeavy,
        Confidence::High,
        "83 % of what is billed is initialisation: 42 % of the starts are cold and take 3,900 ms each.",
        None,
    );
    legacy
}

fn webhook() -> FunctionReview {
    let mut webhook = Sample {
        owner: Some("shop"),
        ..Sample::new("webhook-in", 256, 92, 5_200_000, 12.0)
    }
    .review();
    webhook.evidence.metrics.as_mut().unwrap().errors = 410_000;
    find(
        &mut webhook,
        FindingKind::Errors,
        Confidence::High,
        "7.9 % of its invocations fail (410,000 of 5,200,000).",
        None,
    );
    advise(&mut webhook, FindingKind::Errors, Action::Investigate);
    webhook.changes = Some(Changes {
        memory_size_mb: Some(512),
        monthly: Some(Money::usd(2.1)),
        advice: Some(Followed {
            advised_mb: Some(256),
            followed: true,
            expected: Some(saving(0.6, 0.2, SavingBasis::Bounds)),
            saved: None,
        }),
        ..Changes::default()
    });
    webhook
}

fn fine() -> FunctionReview {
    let mut fine = Sample {
        owner: Some("platform"),
        ..Sample::new("authorizer", 256, 141, 9_800_000, 8.0)
    }
    .review();
    fine.changes = Some(Changes {
        is_new: true,
        ..Changes::default()
    });
    fine
}

fn rarely() -> FunctionReview {
    let mut rarely = Sample::new("yearly-archive", 128, 0, 0, 0.0).review();
    rarely.evidence.sizes.clear();
    find(
        &mut rarely,
        FindingKind::NotEnoughData,
        Confidence::High,
        "It was not called in 30 days.",
        None,
    );
    rarely
}

fn denied() -> FunctionReview {
    let mut denied = Sample {
        owner: Some("security"),
        region: "us-east-1",
        ..Sample::new("key-rotation", 256, 100, 1000, 900.0)
    }
    .review();
    denied.evidence = Evidence {
        gaps: vec![Gap::new(
            Missing::Logs,
            Why::NoAccess,
            "its logs may not be read: AccessDeniedException on logs:StartQuery for /aws/lambda/key-rotation",
        )],
        ..Evidence::default()
    };
    denied.monthly = None;
    denied.cost_unknown = Some("neither its metrics nor its logs may be read".to_owned());
    find(
        &mut denied,
        FindingKind::NoAccess,
        Confidence::High,
        "Its logs may not be read.",
        None,
    );
    advise(
        &mut denied,
        FindingKind::NoAccess,
        Action::Allow {
            call: "logs:StartQuery".to_owned(),
        },
    );
    denied
}

fn unlogged() -> FunctionReview {
    let mut unlogged = Sample {
        owner: Some("data"),
        ..Sample::new("json-at-warn", 512, 100, 700_000, 55.0)
    }
    .review();
    unlogged.function.json_logs = true;
    unlogged.function.reports_hidden = true;
    unlogged.evidence.sizes.clear();
    unlogged.evidence.gaps = vec![Gap::new(
        Missing::Logs,
        Why::Hidden,
        "its logs hold no reports: the system log level is WARN",
    )];
    if let Some(monthly) = &mut unlogged.monthly {
        monthly.billed = false;
    }
    find(
        &mut unlogged,
        FindingKind::NoLogs,
        Confidence::High,
        "Its logs hold no reports: the system log level is WARN.",
        None,
    );
    advise(&mut unlogged, FindingKind::NoLogs, Action::ShowReports);
    unlogged
}

fn optimizer(review: &mut FunctionReview, reasons: &[&str], mb: Option<u32>, expected_ms: Option<f64>) {
    review.evidence.compute_optimizer = Some(OptimizerFinding {
        finding: if reasons.is_empty() {
            "Optimized"
        } else {
            "NotOptimized"
        }
        .to_owned(),
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
        memory_size_mb: mb,
        projected: expected_ms.map(|ms| tuner_core::review::ProjectedDuration {
            lower_ms: Some(ms * 0.9),
            expected_ms: Some(ms),
            upper_ms: Some(ms * 1.2),
        }),
        current_memory_size_mb: review.function.memory_size_mb,
    });
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
