//! Each kind of finding, at its threshold.

use tuner_core::Architecture;
use tuner_core::pricing::Confidence;
use tuner_core::review::{
    Action, Evidence, FindingKind, ListedFunction, OptimizerFinding, ProjectedDuration, ProvisionedConcurrency,
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
fn only_the_present_size_is_judged() {
    // Edge 68: at 512 MB it was full; since then it has 1,024.
    let mut both = evidence(vec![at(512, 5_000, 100.0), at(1024, 5_000, 100.0)]);
    both.sizes[0].max_memory_used_mb = Some(512);
    both.sizes[0].out_of_memory = 9;
    assert_eq!(kinds(&one(listed("f"), both.clone())), []);
    // Where the configuration is not known, the latest report says which size is the present one.
    both.sizes[0].last_seen = Some(month().from);
    let unlisted = ListedFunction {
        memory_size_mb: None,
        ..listed("f")
    };
    let function = one(unlisted, both);
    assert_eq!((function.memory_size_mb(), kinds(&function)), (Some(1024), vec![]));
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
fn errors_are_a_hundredth_and_five_of_them() {
    let failing = |errors, invocations| {
        let mut evidence = evidence(vec![at(1024, invocations, 100.0)]);
        evidence.metrics.as_mut().unwrap().errors = errors;
        kinds(&one(listed("f"), evidence))
    };
    assert_eq!(failing(5, 500), [FindingKind::Errors]);
    assert_eq!(failing(4, 100), []);
    assert_eq!(failing(5, 501), []);
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
        (vec![FindingKind::CpuBound], Confidence::Medium)
    );
    assert_eq!(
        actions(&works),
        [&Action::Tune {
            memory_sizes_mb: vec![512, 1024, 1769]
        }]
    );
    // It waits: two sizes outweigh the suspicion that a long duration would raise.
    assert_eq!(kinds(&both(2_000.0, 1_900.0)), []);
}

#[test]
fn without_a_second_size_work_is_a_guess_and_above_one_vcpu_none() {
    let long = |mb| {
        one(
            ListedFunction {
                memory_size_mb: Some(mb),
                ..listed("f")
            },
            evidence(vec![at(mb, 1_000, 3_000.0)]),
        )
    };
    assert_eq!(
        (kinds(&long(512)), long(512).findings[0].confidence),
        (vec![FindingKind::CpuBound], Confidence::Low)
    );
    assert_eq!(kinds(&long(1769)), []);
}

#[test]
fn one_tuning_answers_two_findings() {
    let mut evidence = evidence(vec![at(512, 1_000, 3_000.0)]);
    evidence.sizes[0].max_memory_used_mb = Some(100);
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
        (vec![FindingKind::CpuBound], Confidence::Medium)
    );
}

fn cold(runtime: &str) -> String {
    // A tenth cold with 900 ms of init: 90 ms of 190 a call.
    let mut evidence = usual();
    let size = &mut evidence.sizes[0];
    (size.cold_starts, size.init_sum_ms) = (10_000, 9_000_000.0);
    size.billed_duration_ms += 9_000_000;
    let function = one(
        ListedFunction {
            runtime: Some(runtime.into()),
            ..listed("f")
        },
        evidence,
    );
    assert_eq!(kinds(&function), [FindingKind::InitHeavy]);
    function.finding(FindingKind::InitHeavy).unwrap().text.clone()
}

#[test]
fn init_that_is_billed_weighs_against_what_avoids_it() {
    let python = cold("python3.13");
    assert!(
        python.starts_with("47 % of what is billed is initialisation"),
        "{python}"
    );
    // 0.0000041667 x 2,629,800 s = 10.96; 0.0000041667 / (0.0000166667 - 0.0000097222) = 0.60.
    assert!(
        python.contains("costs $10.96 a month, and pays for itself if it is busy 60 % of the time"),
        "{python}"
    );
    // 0.0000015046 x 2,629,800 = 3.96; 0.0001397998 / 0.0000166667 = 8.39 s of init.
    assert!(
        python.contains("$3.96 a month to keep one version, and for each restore as much as 8.39 s of init, more"),
        "{python}"
    );
    assert!(cold("java21").contains("SnapStart is free for this runtime"));
    assert!(!cold("nodejs22.x").contains("SnapStart"));
}

#[test]
fn init_that_was_free_is_no_waste() {
    // Before August 2025 the billed duration did not hold it.
    let function = with(|size| (size.cold_starts, size.init_sum_ms) = (10_000, 9_000_000.0));
    assert_eq!(kinds(&function), []);
}

fn kept_ready(environments: &[(&str, u32)], busy: Option<f64>, invocations: Option<u64>) -> (ListedFunction, Evidence) {
    let mut evidence = usual();
    let metrics = evidence.metrics.as_mut().unwrap();
    (metrics.provisioned_utilization_max, metrics.provisioned_invocations) = (busy, invocations);
    let provisioned = environments
        .iter()
        .map(|&(qualifier, environments)| ProvisionedConcurrency {
            qualifier: qualifier.into(),
            environments,
        });
    (
        ListedFunction {
            provisioned: provisioned.collect(),
            ..listed("f")
        },
        evidence,
    )
}

#[test]
fn idle_environments_cost_dollars() {
    let (function, evidence) = kept_ready(&[("live", 10)], Some(0.3), Some(50_000));
    let function = one(function, evidence);
    assert_eq!(kinds(&function), [FindingKind::ProvisionedConcurrencyUnused]);
    // 3 were busy; a tenth more is 3.3, so 4 stay.
    let set = Action::SetProvisionedConcurrency {
        qualifier: "live".into(),
        environments: 4,
    };
    assert_eq!(actions(&function), [&set]);
    // 6 x 1 GB x 2,629,800 s x 0.0000041667.
    close(
        function.findings[0].saving.unwrap().at_worst.amount,
        6.0 * 2_629_800.0 * 0.000_004_166_7,
    );
    let (function, evidence) = kept_ready(&[("live", 10)], Some(0.75), Some(50_000));
    assert_eq!(kinds(&one(function, evidence)), []);
    // Nothing counted it: nothing is said.
    let (function, evidence) = kept_ready(&[("live", 10)], None, None);
    assert_eq!(kinds(&one(function, evidence)), []);
}

#[test]
fn several_aliases_are_set_to_none_or_looked_into() {
    let (function, evidence) = kept_ready(&[("a", 5), ("b", 5)], None, Some(0));
    let function = one(function, evidence);
    let none = |qualifier: &str| Action::SetProvisionedConcurrency {
        qualifier: qualifier.into(),
        environments: 0,
    };
    assert_eq!(actions(&function), [&none("a"), &none("b")]);
    let (function, evidence) = kept_ready(&[("a", 5), ("b", 5)], Some(0.3), Some(10));
    assert_eq!(actions(&one(function, evidence)), [&Action::Investigate]);
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
