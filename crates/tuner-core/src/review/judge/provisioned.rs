//! Provisioned concurrency that is kept and not used.

use super::super::money::{allocated_gb_seconds, allocation};
use super::super::{Action, FindingKind, Saving, SavingBasis};
use super::words::{counted, percent};
use super::{Case, Judged};
use crate::pricing::Confidence;

/// Environments above the most that were ever busy. Source: "Configuring provisioned concurrency", which advises a buffer of
/// 10 % on the concurrency that is usual.
const BUFFER: f64 = 1.1;
/// Floating point must not keep an environment that arithmetic does not.
const ROUNDING: f64 = 1e-9;
/// Fewer to spare than this share is what anybody keeps.
const TO_SPARE: f64 = 0.2;

/// The most that were busy at a time, as a share of those kept; `None` if nothing counted that.
fn busy(case: &Case<'_>) -> Option<f64> {
    let metrics = case.evidence.metrics?;
    let never = || (metrics.provisioned_invocations == Some(0) || metrics.invocations == 0).then_some(0.0);
    metrics
        .provisioned_utilization_max
        .or_else(never)
        .filter(|share| share.is_finite())
}

/// How many environments would do; `None` if that is not known, or nobody keeps more.
pub(super) fn kept(case: &Case<'_>) -> Option<u32> {
    let environments = case.function.provisioned_environments();
    let share = busy(case)?.clamp(0.0, 1.0);
    let needed = (f64::from(environments) * share * BUFFER - ROUNDING).ceil().max(0.0) as u32;
    let spare = environments.saturating_sub(needed);
    (spare > 0 && f64::from(spare) >= f64::from(environments) * TO_SPARE).then_some(needed)
}

/// Environments that are never busy.
pub(super) fn judge(case: &Case<'_>) -> Option<Judged> {
    let environments = case.function.provisioned_environments();
    let (kept, share) = (kept(case)?, busy(case)?);
    let unused = environments - kept;
    let days = case.evidence.metrics.map_or(0.0, |metrics| metrics.window.days());
    let text = match share {
        share if share <= 0.0 => format!("{} kept ready, and none was used in {days:.0} days.", are(environments)),
        share => format!(
            "{} kept ready, and no more than {} were busy at a time in {days:.0} days.",
            are(environments),
            percent(share)
        ),
    };
    let confidence = if days >= super::WHOLE_WEEK_DAYS {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let saving = case.priced.quote.as_ref().zip(case.usage).and_then(|(quote, usage)| {
        let saved = allocation(quote, allocated_gb_seconds(usage.memory_size_mb, unused, usage.days))?;
        Some(Saving {
            at_best: saved,
            at_worst: saved,
            basis: SavingBasis::Price,
        })
    });
    let judged = Judged::new(FindingKind::ProvisionedConcurrencyUnused, confidence, text).saving(saving);
    Some(match case.function.provisioned.as_slice() {
        [only] => judged.advise(set(&only.qualifier, kept)),
        all if kept == 0 => all
            .iter()
            .fold(judged, |judged, each| judged.advise(set(&each.qualifier, 0))),
        // CloudWatch's figure is of all of them together: which one is idle it does not say.
        _ => judged.advise(Action::Investigate),
    })
}

fn are(environments: u32) -> String {
    let verb = if environments == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(u64::from(environments), "environment"))
}

fn set(qualifier: &str, environments: u32) -> Action {
    Action::SetProvisionedConcurrency {
        qualifier: qualifier.to_owned(),
        environments,
    }
}
