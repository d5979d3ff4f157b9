//! What earlier reviews found out is evidence for the next one: sizes that were seen then, and tunings of the same code.

use jiff::Timestamp;

use super::{Action, FindingKind, FunctionReview, SizeEvidence, Tuned};
use crate::Verdict;

/// Sizes of earlier windows that are kept of a function, the latest first.
const MOST_SIZES: usize = 12;

/// The sizes seen in the last review and before, without those that the present window tells of.
pub(super) fn earlier_sizes(now: &[SizeEvidence], then: &FunctionReview) -> Vec<SizeEvidence> {
    let mut earlier: Vec<SizeEvidence> = Vec::new();
    let of_then = then.evidence.sizes.iter().filter(|_| !then.function.reports_hidden);
    for size in of_then.chain(&then.evidence.earlier) {
        let is_known = |known: &[SizeEvidence]| known.iter().any(|s| s.memory_size_mb == size.memory_size_mb);
        if !is_known(now) && !is_known(&earlier) {
            earlier.push(size.clone());
        }
    }
    earlier.sort_by_key(|size| std::cmp::Reverse(size.last_seen));
    earlier.truncate(MOST_SIZES);
    earlier.sort_by_key(|size| size.memory_size_mb);
    earlier
}

/// The last tuning of a function whose code is the same still, if it gave an answer.
fn of_the_same_code<'a>(now: &FunctionReview, then: &'a FunctionReview) -> Option<&'a Tuned> {
    let code = now.function.code_sha256.as_ref()?;
    let tunings = then.tuned.iter().chain(&then.tuned_before);
    tunings
        .filter(|tuned| tuned.problem.is_none() && tuned.code_sha256.as_ref() == Some(code))
        .find(|tuned| {
            matches!(
                tuned.verdict,
                Some(Verdict::Move | Verdict::Choose | Verdict::Keep | Verdict::NoClearWinner)
            )
        })
}

/// A tuning of the same code is not advised again: its answer stands.
pub(super) fn take_over_tuning(now: &mut FunctionReview, then: &FunctionReview, at: Timestamp) {
    let Some(tuned) = of_the_same_code(now, then).cloned() else {
        return;
    };
    let present = now.memory_size_mb();
    let answer = match tuned.verdict {
        Some(Verdict::Move | Verdict::Choose) => tuned.memory_size_mb,
        // The size that it had then.
        _ => tuned.memory_size_mb.or(then.memory_size_mb()),
    };
    let Some(answer) = answer else { return };
    let is_worse = now.advice.iter().any(|advice| advice.about == FindingKind::Regression);
    // At another size than it was tuned for, or got worse: that is to be looked into.
    if !is_worse {
        let on = tuned.finished_at.unwrap_or(at).strftime("%Y-%m-%d");
        let about: Vec<FindingKind> = now
            .advice
            .iter()
            .filter(|advice| matches!(advice.action, Action::Tune { .. }))
            .map(|advice| advice.about)
            .collect();
        for advice in &mut now.advice {
            if matches!(advice.action, Action::Tune { .. }) && Some(answer) != present {
                advice.action = Action::SetMemorySize { memory_size_mb: answer };
            }
        }
        now.advice
            .retain(|advice| !matches!(advice.action, Action::Tune { .. }));
        for finding in now.findings.iter_mut().filter(|finding| about.contains(&finding.kind)) {
            finding.text = format!(
                "{} The same code was measured on {on}: {answer} MB is best{}.",
                finding.text,
                if Some(answer) == present { ", which it has" } else { "" }
            );
            if Some(answer) == present {
                finding.saving = None;
            }
        }
    }
    now.tuned_before = Some(tuned);
}
