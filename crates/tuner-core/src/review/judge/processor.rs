//! Does it wait for its processor?

use super::super::{Action, FindingKind, SizeEvidence};
use super::bounds::exponent;
use super::memory::sizes_to_measure;
use super::words::{ms, sentence};
use super::{Case, ENOUGH, Judged};
use crate::pricing::Confidence;
use crate::{MemorySize, vcpus};

/// From this exponent on (see `bounds`) most of the duration is work: twice the memory saves three tenths of the time, or
/// more, since chance is taken off.
const WORKS: f64 = 0.5;
/// Without a second size: with so little of a vCPU, in MB, ...
const SMALL_MB: u32 = 512;
/// ... so long a median suggests work: what waits for others that long is rarer. A guess, and marked as one.
const LONG_MS: f64 = 1_000.0;
/// Measured upwards to here: with one thread, nothing is faster above one vCPU.
const UPWARDS_TO: MemorySize = MemorySize::ONE_VCPU;
/// Compute Optimizer expects at least this much less time at a larger size.
const PROJECTED_GAIN: f64 = 0.8;

/// A suspicion that more memory would make it faster at little or no cost.
pub(super) fn judge(case: &Case<'_>) -> Option<Judged> {
    let reports = case.usual()?;
    let size_mb = reports.memory_size_mb;
    if size_mb >= UPWARDS_TO.mb() || MemorySize::new(size_mb).is_err() {
        return None;
    }
    let (confidence, text) = match neighbour(case, reports) {
        Some(other) => {
            // Means and medians must agree: either alone may be of other events.
            let (least, _) = exponent(reports, other)?;
            if least < WORKS {
                return None;
            }
            let [small, large] = if other.memory_size_mb < size_mb {
                [other, reports]
            } else {
                [reports, other]
            };
            let text = format!(
                "the mean duration was {} at {} MB and {} at {} MB: most of it is work on the processor.",
                ms(small.duration.mean_ms),
                small.memory_size_mb,
                ms(large.duration.mean_ms),
                large.memory_size_mb
            );
            (Confidence::Medium, text)
        }
        None => projected(case, reports).or_else(|| suspected(reports))?,
    };
    let text = sentence(&text);
    Some(
        Judged::new(FindingKind::CpuBound, confidence, text).advise(Action::Tune {
            memory_sizes_mb: sizes_to_measure(size_mb, UPWARDS_TO.mb()),
        }),
    )
}

/// The size with enough reports that is nearest, on a scale of ratios.
fn neighbour<'a>(case: &Case<'a>, present: &SizeEvidence) -> Option<&'a SizeEvidence> {
    let far = |size: &SizeEvidence| {
        (f64::from(size.memory_size_mb) / f64::from(present.memory_size_mb))
            .ln()
            .abs()
    };
    (case.evidence.sizes.iter())
        .filter(|size| size.memory_size_mb != present.memory_size_mb && size.invocations >= ENOUGH)
        // Too close, noise is all there is; above one vCPU, work of one thread takes as long at any size.
        .filter(|size| far(size) > 0.2 && size.memory_size_mb <= UPWARDS_TO.mb())
        .min_by(|a, b| far(a).total_cmp(&far(b)))
}

fn projected(case: &Case<'_>, reports: &SizeEvidence) -> Option<(Confidence, String)> {
    let optimizer = case.evidence.compute_optimizer.as_ref()?;
    let (from, to) = (optimizer.current_memory_size_mb?, optimizer.memory_size_mb?);
    let expected_ms = optimizer.projected?.expected_ms?;
    let faster =
        from == reports.memory_size_mb && to > from && expected_ms <= reports.duration.mean_ms * PROJECTED_GAIN;
    faster.then(|| {
        let now = ms(reports.duration.mean_ms);
        (
            Confidence::Medium,
            format!(
                "Compute Optimizer expects {} at {to} MB; the mean duration is {now}.",
                ms(expected_ms)
            ),
        )
    })
}

fn suspected(reports: &SizeEvidence) -> Option<(Confidence, String)> {
    let (size_mb, p50_ms) = (reports.memory_size_mb, reports.duration.p50_ms);
    (size_mb <= SMALL_MB && p50_ms >= LONG_MS).then(|| {
        let text = format!(
            "half of all invocations take {} or more, with {:.2} vCPU at {size_mb} MB; whether they work or wait for \
             others, only measuring tells.",
            ms(p50_ms),
            vcpus(size_mb)
        );
        (Confidence::Low, text)
    })
}
