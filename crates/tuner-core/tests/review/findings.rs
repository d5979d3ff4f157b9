//! Each kind of finding, at its threshold.

use jiff::SignedDuration;
use tuner_core::Architecture;
use tuner_core::pricing::Confidence;
use tuner_core::review::{
    Action, Alias, Evidence, FindingKind, FunctionVersion, ListedFunction, OptimizerFinding, ProjectedDuration,
    ProvisionedConcurrency, PublishedVersion, SizeEvidence,
};

use super::fixture::*;

#[test]
fn a_sound_function_has_no_finding() {
    let function = one(listed("f"), usual());
    assert_eq!(kinds(&function), []);
    assert_eq!(actions(&function), Vec::<&Action>::new());
}

#[test]
fn nine_tenths_of_its_memory_is_a_risk() {
    let risky = with(|size| size.max_memory_used_mb = Some(922));
    assert_eq!(kinds(&risky), [FindingKind::MemoryUnderprovisioned]);
    // 922 x 1.2 = 1,106.4, rounded up to a multiple of 64.
    assert_eq!(actions(&risky), [&Action::SetMemorySize { memory_size_mb: 1152 }]);
    assert!(
        risky.findings[0].text.contains("922 MB of 1024 MB (90 %)"),
        "{}",
        risky.findings[0].text
    );
    assert_eq!(kinds(&with(|size| size.max_memory_used_mb = Some(921))), []);
}

#[test]
fn memory_used_to_the_last_is_a_risk_whatever_the_status_says() {
    // Edge: 126 of 128 is 98 %, and a time-out at full memory is out of memory, too.
    let mut evidence = evidence(vec![at(128, 60, 100.0)]);
    evidence.sizes[0].max_memory_used_mb = Some(126);
    let full = one(
        ListedFunction {
            memory_size_mb: Some(128),
            ..listed("f")
        },
        evidence,
    );
    assert_eq!(full.findings[0].confidence, Confidence::High);
    // 126 x 1.5 = 189, rounded up.
    assert_eq!(actions(&full), [&Action::SetMemorySize { memory_size_mb: 192 }]);
}

#[test]
fn one_out_of_memory_is_enough_and_no_time_to_take_memory_away() {
    // Reports of runtimes with a heap limit of their own may show little use.
    let function = with(|size| {
        size.out_of_memory = 1;
        size.max_memory_used_mb = Some(200);
    });
    assert_eq!(kinds(&function), [FindingKind::MemoryUnderprovisioned]);
    assert_eq!(actions(&function), [&Action::SetMemorySize { memory_size_mb: 1536 }]);
}

#[test]
fn the_largest_size_can_only_be_looked_into() {
    let mut evidence = evidence(vec![at(10_240, 60, 100.0)]);
    evidence.sizes[0].out_of_memory = 3;
    let function = one(
        ListedFunction {
            memory_size_mb: Some(10_240),
            ..listed("f")
        },
        evidence,
    );
    assert_eq!(actions(&function), [&Action::Investigate]);
}

#[test]
fn memory_to_spare_is_to_be_measured_never_just_taken() {
    let function = with(|size| size.max_memory_used_mb = Some(200));
    assert_eq!(kinds(&function), [FindingKind::MemoryOverprovisioned]);
    // 200 x 1.2 = 240, rounded up to 256; from there in steps a tuning takes.
    assert_eq!(
        actions(&function),
        [&Action::Tune {
            memory_sizes_mb: vec![256, 512, 1024]
        }]
    );
    // Two thirds used: nothing to spare.
    assert_eq!(kinds(&with(|size| size.max_memory_used_mb = Some(683))), []);
    // Nobody reported what was used.
    assert_eq!(kinds(&with(|size| size.max_memory_used_mb = None)), []);
}

#[test]
fn at_the_smallest_size_there_is_nothing_to_take() {
    let mut evidence = evidence(vec![at(128, 1_000, 100.0)]);
    evidence.sizes[0].max_memory_used_mb = Some(40);
    assert_eq!(
        kinds(&one(
            ListedFunction {
                memory_size_mb: Some(128),
                ..listed("f")
            },
            evidence
        )),
        []
    );
}

#[test]
fn what_failed_before_a_change_of_size_is_told_until_when() {
    // At 512 MB it was full; since then it has 1,024.
    let mut both = evidence(vec![at(512, 5_000, 100.0), at(1024, 5_000, 100.0)]);
    let changed = month().until - SignedDuration::from_hours(26);
    both.sizes[0].max_memory_used_mb = Some(512);
    (both.sizes[0].last_seen, both.sizes[1].first_seen) = (Some(changed), Some(changed));
    assert_eq!(kinds(&one(listed("f"), both.clone())), []);
    both.sizes[0].out_of_memory = 9;
    both.sizes[0].timeouts = 4;
    let function = one(listed("f"), both.clone());
    assert_eq!(
        kinds(&function),
        [FindingKind::MemoryUnderprovisioned, FindingKind::TimeoutRisk]
    );
    assert_eq!(
        function.findings[0].text,
        "9 of 5,000 invocations ran out of memory at 512 MB, until 2026-10-30; at 1024 MB none of 5,000 invocations has \
         since."
    );
    assert_eq!(
        function.findings[1].text,
        "4 of 5,000 invocations timed out at 512 MB, until 2026-10-30; at 1024 MB none of 5,000 invocations has since."
    );
    // It is mended: there is nothing to do.
    assert_eq!(actions(&function), Vec::<&Action>::new());
    // Where the configuration is not known, the latest report says which size is the present one.
    let unlisted = ListedFunction {
        memory_size_mb: None,
        ..listed("f")
    };
    let function = one(unlisted, both);
    assert_eq!((function.memory_size_mb(), kinds(&function).len()), (Some(1024), 2));
}

/// 256 MB by version 7, to which the alias live leads; `$LATEST` has 384 MB.
fn by_version() -> (ListedFunction, Evidence) {
    let mut function = listed("f");
    function.memory_size_mb = Some(384);
    function.aliases = Some(vec![Alias {
        name: "live".into(),
        version: FunctionVersion::Published(7),
        weights: [].into(),
    }]);
    function.versions = vec![PublishedVersion {
        version: FunctionVersion::Published(7),
        memory_size_mb: Some(256),
        timeout_s: Some(3),
        snap_start: false,
        code_sha256: None,
    }];
    let mut evidence = evidence(vec![at(256, 9_000, 100.0)]);
    evidence.sizes[0].versions = vec![of(FunctionVersion::Published(7))];
    (function, evidence)
}

#[test]
fn a_function_is_judged_at_the_size_that_serves() {
    let (function, mut evidence) = by_version();
    evidence.sizes[0].out_of_memory = 42;
    evidence.sizes[0].timeouts = 86;
    evidence.sizes[0].duration.max_ms = 3_000.0;
    let judged = one(function, evidence);
    let memory = &judged.finding(FindingKind::MemoryUnderprovisioned).unwrap().text;
    assert!(
        memory.contains("42 of 9,000 invocations ran out of memory at 256 MB.")
            && memory.contains("$LATEST is 384 MB; traffic runs at 256 MB (version 7, alias live)."),
        "{memory}"
    );
    let timeouts = judged.finding(FindingKind::TimeoutRisk).unwrap();
    assert!(
        timeouts
            .text
            .contains("86 of 9,000 invocations timed out; the timeout is 3 s."),
        "{}",
        timeouts.text
    );
    assert_eq!(judged.memory_size_mb(), Some(256));
    // 384 MB is what it needs; of the time-out, `$LATEST` has more than twice of the version's.
    assert_eq!(
        actions(&judged),
        [
            &Action::SetMemorySize { memory_size_mb: 384 },
            &Action::SetTimeout { timeout_s: 30 }
        ]
    );
}

#[test]
fn environments_kept_ready_are_charged_at_the_size_of_their_version() {
    let (mut function, evidence) = by_version();
    function.provisioned = vec![ProvisionedConcurrency {
        qualifier: "live".into(),
        environments: 2,
    }];
    let at_256 = one(function.clone(), evidence.clone()).monthly.unwrap().bill;
    function.versions[0].memory_size_mb = Some(512);
    let at_512 = one(function, evidence).monthly.unwrap().bill;
    close(
        at_512.provisioned_concurrency.amount,
        2.0 * at_256.provisioned_concurrency.amount,
    );
}

#[test]
fn timeouts_and_what_comes_close() {
    let timed_out = with(|size| {
        size.timeouts = 2;
        size.duration.max_ms = 30_000.0;
    });
    assert_eq!(kinds(&timed_out), [FindingKind::TimeoutRisk]);
    assert_eq!(actions(&timed_out), [&Action::SetTimeout { timeout_s: 60 }]);
    assert!(
        timed_out.findings[0]
            .text
            .contains("2 of 100,000 invocations timed out")
    );

    let close = with(|size| size.duration.max_ms = 24_000.0);
    assert_eq!(
        (kinds(&close), close.findings[0].confidence),
        (vec![FindingKind::TimeoutRisk], Confidence::Low)
    );
    assert_eq!(actions(&close), [&Action::SetTimeout { timeout_s: 36 }]);
    let often = with(|size| (size.duration.p99_ms, size.duration.max_ms) = (25_000.0, 29_000.0));
    assert_eq!(often.findings[0].confidence, Confidence::High);
    assert_eq!(kinds(&with(|size| size.duration.max_ms = 23_999.0)), []);
}

#[test]
fn a_timeout_that_was_raised_since_is_doubted() {
    let function = with(|size| {
        size.timeouts = 2;
        size.duration.max_ms = 3_000.0;
    });
    assert_eq!(function.findings[0].confidence, Confidence::Low);
    assert_eq!(actions(&function), [&Action::Investigate]);
}

#[test]
fn errors_are_a_hundredth_and_two_of_them() {
    let failing = |errors, invocations| {
        let mut evidence = evidence(vec![at(1024, invocations, 100.0)]);
        evidence.metrics.as_mut().unwrap().errors = errors;
        let function = one(listed("f"), evidence);
        function.finding(FindingKind::Errors).map(|finding| finding.confidence)
    };
    assert_eq!(failing(5, 500), Some(Confidence::High));
    // A few may be chance, and one is an accident.
    assert_eq!(failing(2, 100), Some(Confidence::Low));
    assert_eq!(failing(1, 60), None);
    assert_eq!(failing(5, 501), None);
}

/// A time-out is a failure, too, and has a finding of its own.
#[test]
fn what_failed_for_time_or_memory_is_told_once() {
    let counted = |errors, timeouts, out_of_memory, metrics_too: bool| {
        let mut evidence = evidence(vec![at(1024, 1_000, 100.0)]);
        (evidence.sizes[0].timeouts, evidence.sizes[0].out_of_memory) = (timeouts, out_of_memory);
        evidence.sizes[0].errors = errors;
        evidence.metrics = metrics_too.then(|| tuner_core::review::Metrics {
            errors: errors + timeouts + out_of_memory,
            ..metrics(1_000, 100.0)
        });
        one(listed("f"), evidence)
    };
    for metrics_too in [true, false] {
        let function = counted(0, 86, 42, metrics_too);
        assert_eq!(
            kinds(&function),
            [FindingKind::MemoryUnderprovisioned, FindingKind::TimeoutRisk]
        );
        let function = counted(30, 86, 42, metrics_too);
        let text = &function.finding(FindingKind::Errors).unwrap().text;
        assert_eq!(
            text,
            "30 of 1,000 invocations failed (3.0 %), time-outs and a lack of memory not counted."
        );
    }
    // Of a sample of a tenth, each stands for ten.
    let mut sampled = evidence(vec![at(1024, 1_000, 100.0)]);
    sampled.sizes[0].timeouts = 30;
    sampled.metrics = Some(tuner_core::review::Metrics {
        errors: 310,
        ..metrics(10_000, 100.0)
    });
    assert_eq!(kinds(&one(listed("f"), sampled)), [FindingKind::TimeoutRisk]);
}

/// What a function costs is at stake where it may break, and what it wastes where it does not.
#[test]
fn the_most_at_stake_comes_first() {
    let function = |name: &str, calls: u64, change: fn(&mut SizeEvidence)| {
        let mut evidence = evidence(vec![at(1024, calls, 1_000.0)]);
        evidence.metrics = None;
        change(&mut evidence.sizes[0]);
        (listed(name), evidence)
    };
    let breaks = |size: &mut SizeEvidence| size.out_of_memory = 3;
    let wastes = |size: &mut SizeEvidence| size.max_memory_used_mb = Some(100);
    let sound = |_: &mut SizeEvidence| {};
    let order = |functions: Vec<(ListedFunction, Evidence)>| -> Vec<String> {
        let review = review(functions);
        review
            .functions
            .iter()
            .map(|of| of.function.name.name().to_owned())
            .collect()
    };
    assert_eq!(
        order(vec![
            function("sound-and-dear", 9_000_000, sound),
            function("wastes-a-little", 1_000, wastes),
            function("breaks-for-nothing", 10, breaks),
            function("wastes-much", 1_000_000, wastes),
            function("breaks", 1_000_000, breaks),
            function("breaks-and-is-cheap", 100_000, breaks),
        ]),
        [
            "breaks",
            "wastes-much",
            "breaks-and-is-cheap",
            "wastes-a-little",
            "breaks-for-nothing",
            "sound-and-dear"
        ]
    );
}

#[test]
fn throttles_name_the_reserved_concurrency() {
    let mut evidence = usual();
    evidence.metrics.as_mut().unwrap().throttles = 101;
    let function = one(
        ListedFunction {
            reserved_concurrency: Some(2),
            ..listed("f")
        },
        evidence,
    );
    assert_eq!(kinds(&function), [FindingKind::Throttles]);
    assert!(
        function.findings[0]
            .text
            .ends_with("reserved concurrency, the most it gets, is 2.")
    );
}

#[test]
fn work_shows_at_two_sizes() {
    let both = |small_ms, large_ms| {
        let function = ListedFunction {
            memory_size_mb: Some(512),
            ..listed("f")
        };
        one(
            function,
            evidence(vec![at(512, 1_000, small_ms), at(1024, 1_000, large_ms)]),
        )
    };
    // Twice the memory, half the time.
    let works = both(2_000.0, 1_000.0);
    assert_eq!(
        (kinds(&works), works.findings[0].confidence),
        (vec![FindingKind::CpuBound], Confidence::High)
    );
    let finding = &works.findings[0];
    assert!(finding.probability > Some(0.95), "{finding:?}");
    assert!(
        finding
            .text
            .contains("about 100 % of it at 512 MB is work on the processor, almost certainly"),
        "{}",
        finding.text
    );
    assert_eq!(
        actions(&works),
        [&Action::Tune {
            memory_sizes_mb: vec![512, 1024, 1769]
        }]
    );
    // It waits.
    assert_eq!(kinds(&both(2_000.0, 1_900.0)), []);
    // Work is six tenths of it: 2,000 ms are 800 of waiting and 1,200 of work, of which 600 are left.
    let probability = both(2_000.0, 1_390.0).findings[0].probability.unwrap();
    assert!((0.5..0.8).contains(&probability), "{probability}");
    assert_eq!(kinds(&both(2_000.0, 1_500.0)), []);
}

#[test]
fn one_size_cannot_tell_work_from_waiting() {
    let long = |mb| {
        one(
            ListedFunction {
                memory_size_mb: Some(mb),
                ..listed("f")
            },
            evidence(vec![at(mb, 1_000, 3_000.0)]),
        )
    };
    assert_eq!(kinds(&long(512)), []);
    assert_eq!(kinds(&long(1769)), []);
}

#[test]
fn lambda_insights_tells_work_from_waiting_at_one_size() {
    let works = |cpu_ms| {
        let function = ListedFunction {
            memory_size_mb: Some(512),
            ..listed("f")
        };
        let mut evidence = evidence(vec![at(512, 1_000, 1_000.0)]);
        evidence.metrics.as_mut().unwrap().cpu_time_mean_ms = Some(cpu_ms);
        one(function, evidence)
    };
    // 512 MB are 0.289 vCPU: of a second, 289 ms of processor time at most.
    let all = works(280.0);
    assert_eq!(
        (kinds(&all), all.findings[0].confidence),
        (vec![FindingKind::CpuBound], Confidence::High)
    );
    assert!(
        all.findings[0].text.contains("97 % of what 0.29 vCPU give"),
        "{}",
        all.findings[0].text
    );
    assert_eq!(kinds(&works(60.0)), []);
}

#[test]
fn one_tuning_answers_two_findings() {
    let mut evidence = evidence(vec![at(512, 1_000, 3_000.0), at(1024, 1_000, 1_500.0)]);
    evidence.sizes[0].max_memory_used_mb = Some(100);
    evidence.sizes[1].max_memory_used_mb = Some(100);
    let function = one(
        ListedFunction {
            memory_size_mb: Some(512),
            ..listed("f")
        },
        evidence,
    );
    assert_eq!(
        kinds(&function),
        [FindingKind::MemoryOverprovisioned, FindingKind::CpuBound]
    );
    assert_eq!(
        actions(&function),
        [&Action::Tune {
            memory_sizes_mb: vec![128, 256, 512, 1024, 1769]
        }]
    );
}

#[test]
fn compute_optimizer_is_heard_where_it_expects_less_time() {
    let mut evidence = evidence(vec![at(512, 1_000, 400.0)]);
    evidence.compute_optimizer = Some(OptimizerFinding {
        finding: "NotOptimized".into(),
        reasons: vec!["MemoryUnderprovisioned".into()],
        memory_size_mb: Some(1024),
        projected: Some(ProjectedDuration {
            lower_ms: Some(190.0),
            expected_ms: Some(210.0),
            upper_ms: Some(260.0),
        }),
        current_memory_size_mb: Some(512),
    });
    let function = one(
        ListedFunction {
            memory_size_mb: Some(512),
            ..listed("f")
        },
        evidence,
    );
    assert_eq!(
        (kinds(&function), function.findings[0].confidence),
        (vec![FindingKind::CpuBound], Confidence::Low)
    );
}

#[test]
fn arm64_is_named_with_what_is_known() {
    let function = one(listed("f"), usual());
    let finding = function.finding(FindingKind::Arm64Candidate).unwrap();
    assert!(finding.text.contains("20 % less"), "{}", finding.text);
    assert!(
        finding.text.contains("25 % longer, and nothing is saved"),
        "{}",
        finding.text
    );
    // 100,000 x 0.1 GB-s x (0.0000166667 - 0.0000133334).
    close(finding.saving.unwrap().at_best.amount, 10_000.0 * 0.000_003_333_3);
    assert_eq!(function.savings().count(), 0);
    let none =
        |function: ListedFunction| assert!(one(function, usual()).finding(FindingKind::Arm64Candidate).is_none());
    none(ListedFunction {
        runtime: Some("python3.7".into()),
        ..listed("f")
    });
    none(ListedFunction {
        architecture: Some(Architecture::Arm64),
        ..listed("f")
    });
    // Edge 71: an image has no runtime.
    none(ListedFunction {
        runtime: None,
        package: Some(tuner_core::review::PackageType::Image),
        ..listed("f")
    });
    none(ListedFunction {
        architecture: None,
        ..listed("f")
    });
}

#[test]
fn a_time_out_of_minutes_for_milliseconds_is_told_with_what_hanging_costs() {
    let patient = |timeout_s| {
        let function = ListedFunction {
            timeout_s: Some(timeout_s),
            ..listed("f")
        };
        let mut evidence = usual();
        evidence.sizes[0].duration.max_ms = 110.0;
        one(function, evidence)
    };
    let function = patient(900);
    assert_eq!(kinds(&function), [FindingKind::TimeoutTooLong]);
    // 900 s x 1 GB x 0.0000166667 = $0.015, and 900 s are 9,000 times 100 ms.
    let text = &function.findings[0].text;
    assert!(
        text.contains("would cost $0.015, as much as 9,000 usual ones"),
        "{text}"
    );
    assert_eq!(actions(&function), [&Action::SetTimeout { timeout_s: 3 }]);
    for usual in [3, 11, 30, 59] {
        assert_eq!(kinds(&patient(usual)), [], "{usual}");
    }
}

#[test]
fn a_small_runtime_and_a_heap_that_follows_the_size_are_no_alarm() {
    let used = |mb: u32, runtime: &str, change: fn(&mut SizeEvidence)| {
        let function = ListedFunction {
            memory_size_mb: Some(mb),
            runtime: Some(runtime.into()),
            ..listed("f")
        };
        let mut size = at(mb, 5_000, 100.0);
        size.max_memory_used_mb = Some(mb * 93 / 100);
        change(&mut size);
        kinds(&one(function, evidence(vec![size])))
    };
    const RISK: [FindingKind; 1] = [FindingKind::MemoryUnderprovisioned];
    assert_eq!(used(128, "python3.13", |_| ()), []);
    assert_eq!(used(1024, "java21", |_| ()), []);
    assert_eq!(used(1024, "python3.13", |_| ()), RISK);
    assert_eq!(used(1024, "java21", |size| size.out_of_memory = 1), RISK);
    assert_eq!(used(1024, "java21", |size| size.max_memory_used_mb = Some(1_010)), RISK);
    // What is not steady is no baseline, and what grows fills any heap.
    assert_eq!(used(128, "python3.13", |size| size.p99_memory_used_mb = Some(80)), RISK);
    assert_eq!(
        used(1024, "nodejs22.x", |size| size.memory_growth_mb = Some(200.0)),
        RISK
    );
    let leak = |size: &mut SizeEvidence| {
        (size.max_memory_used_mb, size.memory_growth_mb) = (Some(700), Some(400.0));
    };
    assert_eq!(used(1024, "python3.13", leak), RISK);
}
