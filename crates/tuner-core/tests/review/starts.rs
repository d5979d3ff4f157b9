//! What starts cold, and what is kept ready against it: init, provisioned concurrency, snapshots.

use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Action, Alias, Evidence, Fallback, FindingKind, FunctionVersion, Gathered, ListedFunction, MemoryReview,
    PackageType, ProvisionedConcurrency, PublishedVersion,
};

use super::fixture::*;

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
    // 0.0000041667 x 2,629,800 s = 10.96. On demand 0.0000166667 x (0.1 + 0.1 x 0.9) = 0.0000031667 for each GB and request,
    // provisioned 0.0000009722: 0.0000041667 / 0.0000021945 = 1.9 a second. 100,000 a month are 0.038 a second.
    assert!(
        python.contains(
            "$10.96 a month, and pays for itself from 1.9 requests a second on (19 % busy). There are 0.038 on"
        ),
        "{python}"
    );
    assert!(python.contains("scheduled action"), "{python}");
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
fn snapshots_that_nothing_leads_to_cost_until_they_are_deleted() {
    let function = |aliases: Option<Vec<Alias>>| ListedFunction {
        snap_start: true,
        aliases,
        versions: (1..=5)
            .map(|number| PublishedVersion {
                version: FunctionVersion::Published(number),
                memory_size_mb: Some(1024),
                timeout_s: None,
                snap_start: true,
                code_sha256: None,
            })
            .collect(),
        ..listed("f")
    };
    let live = Alias {
        name: "live".into(),
        version: FunctionVersion::Published(3),
        weights: Default::default(),
    };
    let review = one(function(Some(vec![live.clone()])), usual());
    // 0.0000015046 x 2,629,800 s = $3.9568 for each GB: five are kept, three for nothing (1, 2 and 4).
    close(
        review.monthly.unwrap().bill.snapstart.amount,
        5.0 * 0.000_001_504_6 * 2_629_800.0,
    );
    let finding = review.finding(FindingKind::SnapStartVersionsUnused).unwrap();
    close(
        finding.saving.unwrap().at_best.amount,
        3.0 * 0.000_001_504_6 * 2_629_800.0,
    );
    assert!(
        finding.text.contains("3 published versions (of 5 versions)"),
        "{}",
        finding.text
    );
    let versions = [1, 2, 4].map(FunctionVersion::Published).to_vec();
    assert!(actions(&review).contains(&&Action::DeleteVersions { versions }));
    // A smaller size saves on the snapshots that stay: what deleting the others saves is not saved twice.
    let mut sparing = usual();
    sparing.sizes[0].max_memory_used_mb = Some(200);
    let review = one(function(Some(vec![live])), sparing);
    let snapshot = 0.000_001_504_6 * 2_629_800.0;
    let saved: f64 = review.savings().map(|saving| saving.at_best.amount).sum();
    close(
        saved,
        3.0 * snapshot + 0.75 * (2.0 * snapshot + 10_000.0 * 0.000_016_666_7),
    );
    // What is so much a month is not saved of logs that are of no month.
    let undated = Gathered {
        window: None,
        ..gathered(vec![(function(None), usual())])
    };
    let review = MemoryReview::new(undated, PriceTable::embedded(), Fallback::default(), None);
    let finding = review.functions[0]
        .finding(FindingKind::SnapStartVersionsUnused)
        .unwrap();
    assert!(
        finding.saving.is_none() && finding.text.contains("a month"),
        "{finding:?}"
    );
    // Without the list of aliases that is said.
    let review = one(function(None), usual());
    let finding = review.finding(FindingKind::SnapStartVersionsUnused).unwrap();
    assert!(finding.text.contains("was not listed"), "{}", finding.text);
    // Java's cost nothing; what is not listed, or an image, is said not to be in the sum.
    let java = ListedFunction {
        runtime: Some("java21".into()),
        ..function(None)
    };
    assert!(
        one(java, usual())
            .finding(FindingKind::SnapStartVersionsUnused)
            .is_none()
    );
    let not_listed = one(
        ListedFunction {
            versions: Vec::new(),
            ..function(None)
        },
        usual(),
    );
    let unknown = not_listed.cost_unknown.unwrap();
    assert!(
        unknown.contains("costs $3.96 a month for each published one"),
        "{unknown}"
    );
    let image = ListedFunction {
        package: Some(PackageType::Image),
        runtime: None,
        ..function(None)
    };
    assert!(
        one(image, usual())
            .cost_unknown
            .unwrap()
            .contains("container image, whose price is not known")
    );
}
