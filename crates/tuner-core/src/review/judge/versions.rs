//! Snapshots of published versions that nothing leads to.
//!
//! SnapStart keeps a snapshot of every published version and charges for it until the version is deleted, at least three hours
//! (source: "Improving startup performance with Lambda SnapStart", pricing). Deployments publish one each time, and few delete
//! any.

use super::super::money::snapshot_gb_seconds;
use super::super::{Action, FindingKind, FunctionVersion, PublishedVersion, Saving, SavingBasis};
use super::words::counted;
use super::{Case, Judged};
use crate::pricing::{Confidence, Money, SnapStartBilling};

/// Versions with a snapshot that no alias leads to, that nothing is kept ready for, and that were not seen.
fn unused<'a>(case: &Case<'a>) -> Vec<&'a PublishedVersion> {
    let function = case.function;
    let newest = function.versions.iter().map(|version| version.version).max();
    let is_used = |version: FunctionVersion| {
        // The newest may be about to serve.
        Some(version) == newest
            || function.aliases_to(version).next().is_some()
            || (function.provisioned.iter()).any(|kept| function.version_of(&kept.qualifier) == Some(version))
            || (case.evidence.sizes.iter()).any(|size| size.versions.iter().any(|seen| seen.version == version))
    };
    (function.versions.iter())
        .filter(|version| version.snap_start && !is_used(version.version))
        .collect()
}

/// What deleting these would save a month; absent where the price is not known.
fn worth(case: &Case<'_>, unused: &[&PublishedVersion]) -> Option<Money> {
    let quote = case.priced.quote.as_ref()?;
    let mb = case.memory_size_mb.unwrap_or(0);
    let gb_s: f64 = unused.iter().map(|version| snapshot_gb_seconds(version, mb)).sum();
    Some(Money::new(
        quote.snapstart_cache_gb_second?.price * gb_s,
        quote.currency,
    ))
}

/// What is charged for snapshots that are not used: a saving of its own, whatever the size of the others.
pub(super) fn unused_cost(case: &Case<'_>) -> Option<Money> {
    let billing = SnapStartBilling::of_runtime(case.function.runtime.as_deref()?)?;
    (billing != SnapStartBilling::Free).then(|| worth(case, &unused(case)))?
}

/// Snapshots that are charged for and not used.
pub(super) fn judge(case: &Case<'_>) -> Option<Judged> {
    let function = case.function;
    let unused = unused(case);
    let billing = SnapStartBilling::of_runtime(function.runtime.as_deref()?)?;
    if unused.is_empty() || billing == SnapStartBilling::Free {
        return None;
    }
    let saved = worth(case, &unused);
    let (keeps, cost) = (
        counted(unused.len() as u64, "published version"),
        saved.map_or_else(
            || "what that costs here is not known".to_owned(),
            |saved| format!("that costs {} a month", saved.display()),
        ),
    );
    let of = counted(function.versions.len() as u64, "version");
    let mut text = format!(
        "SnapStart keeps a snapshot of {keeps} (of {of}) that nothing was seen of: {cost} until they are deleted."
    );
    let known = function.aliases.is_some();
    text += match known {
        true => " No alias leads to them.",
        false => " Whether aliases lead to them was not listed; Lambda refuses to delete a version that one leads to.",
    };
    let mut versions: Vec<FunctionVersion> = unused.iter().map(|version| version.version).collect();
    versions.sort_unstable();
    let confidence = if known { Confidence::High } else { Confidence::Medium };
    Some(
        Judged::new(FindingKind::SnapStartVersionsUnused, confidence, text)
            // Where sums are of logs and of no month, so much a month is no part of them.
            .saving(
                saved
                    .filter(|_| case.usage.is_none_or(|usage| usage.days > 0.0))
                    .map(|saved| Saving {
                        at_best: saved,
                        at_worst: saved,
                        basis: SavingBasis::Price,
                    }),
            )
            .advise(Action::DeleteVersions { versions }),
    )
}
