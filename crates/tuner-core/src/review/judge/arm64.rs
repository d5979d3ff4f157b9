//! Functions that could run on Graviton.

use super::super::{Action, FindingKind, PackageType, Saving, SavingBasis};
use super::words::percent;
use super::{Case, Judged};
use crate::Architecture;
use crate::pricing::{Confidence, Money};

/// Managed runtimes that never existed for arm64: those on Amazon Linux 1, and python3.7. Source: "Lambda runtimes", table
/// of architectures; everything on Amazon Linux 2 and later exists for both.
const X86_ONLY: [&str; 16] = [
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "python2.7",
    "python3.6",
    "python3.7",
    "java8",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "go1.x",
    "ruby2.5",
    "provided",
];

/// It runs on x86_64, and its runtime exists for arm64. Of images that is not known, and they are not named.
pub(super) fn judge(case: &Case<'_>) -> Option<Judged> {
    let runtime = case.function.runtime.as_deref().filter(|runtime| !runtime.is_empty())?;
    let is_candidate = case.function.architecture == Some(Architecture::X86_64)
        && case.function.package != Some(PackageType::Image)
        && !X86_ONLY.contains(&runtime)
        && case.invocations().is_some_and(|n| n > 0);
    if !is_candidate {
        return None;
    }
    let cheaper = cheaper(case);
    let mut text = format!("{runtime} exists for arm64.");
    if let Some(cheaper) = cheaper.filter(|&share| share > 0.0) {
        text += &format!(
            " A GB-second costs {} less there; how long it takes there is not known: {} longer, and nothing is saved.",
            percent(cheaper),
            percent(cheaper / (1.0 - cheaper))
        );
    } else {
        text += " How long it takes there is not known.";
    }
    text += match runtime.starts_with("provided") {
        true => " The program must be built for it, and its layers and extensions must exist for it.",
        false => " Native dependencies, layers and extensions must exist for it.",
    };
    let saving = at_best(case).map(|at_best| Saving {
        at_best,
        // Nothing bounds its duration there; who measures first need not move.
        at_worst: Money::zero(at_best.currency),
        basis: SavingBasis::Price,
    });
    Some(
        Judged::new(FindingKind::Arm64Candidate, Confidence::Low, text)
            .saving(saving.filter(|saving| saving.at_best.amount > 0.0))
            .advise(Action::TryArm64),
    )
}

/// By what share a GB-second is cheaper on arm64.
fn cheaper(case: &Case<'_>) -> Option<f64> {
    let (x86, arm64) = (case.priced.quote.as_ref()?, case.priced.on_arm64.as_ref()?);
    Some(1.0 - arm64.gb_second_price().amount / x86.gb_second_price().amount)
}

/// What a month would cost less if every duration stayed.
fn at_best(case: &Case<'_>) -> Option<Money> {
    let (bill, x86, arm64) = (
        case.priced.cost?.bill,
        case.priced.quote.as_ref()?,
        case.priced.on_arm64.as_ref()?,
    );
    let kept = x86
        .provisioned_concurrency_gb_second
        .zip(arm64.provisioned_concurrency_gb_second);
    let kept = kept.map_or(0.0, |(x86, arm64)| 1.0 - arm64.price / x86.price);
    (bill.duration * cheaper(case)?)
        .checked_add(bill.provisioned_concurrency * kept)
        .ok()
}
