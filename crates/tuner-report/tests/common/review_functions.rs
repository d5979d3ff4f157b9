//! The functions of the sample review, one by one: each has something to tell.

use super::*;

pub fn resize() -> FunctionReview {
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
        code_sha256: None,
        finished_at: None,
        from_mb: None,
        mean_ms: BTreeMap::new(),
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

pub fn thumbnails() -> FunctionReview {
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

pub fn checkout() -> FunctionReview {
    let mut checkout = Sample {
        owner: Some("shop"),
        ..Sample::new("checkout", 512, 498, 3_800_000, 96.0)
    }
    .under_provisioned();
    checkout.evidence.metrics.as_mut().unwrap().errors = 14;
    optimizer(&mut checkout, &["MemoryUnderprovisioned"], Some(1024), None);
    checkout
}

pub fn invoices() -> FunctionReview {
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

pub fn search() -> FunctionReview {
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

pub fn report_nightly() -> FunctionReview {
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

pub fn ingest() -> FunctionReview {
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

pub fn legacy() -> FunctionReview {
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

pub fn webhook() -> FunctionReview {
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

pub fn fine() -> FunctionReview {
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

pub fn rarely() -> FunctionReview {
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

pub fn denied() -> FunctionReview {
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

pub fn unlogged() -> FunctionReview {
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

pub fn optimizer(review: &mut FunctionReview, reasons: &[&str], mb: Option<u32>, expected_ms: Option<f64>) {
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
