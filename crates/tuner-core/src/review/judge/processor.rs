//! Does it wait for its processor?
//!
//! Lambda gives processor time in proportion to memory up to one vCPU (source: "Configure Lambda function memory"), so that a
//! duration is `w + k / m`: what waits takes as long at any size `m`, what works on the processor takes less at a larger one.
//! Two sizes tell both, and how far chance may have moved them tells how probable it is that most of it is work. One size tells
//! neither: a second of waiting looks like a second of work. Then only who measured the processor can say: Lambda Insights, or
//! Compute Optimizer's projection.

use super::super::noise::duration_error;
use super::super::{Action, FindingKind, SizeEvidence};
use super::memory::sizes_to_measure;
use super::words::{ms, percent, sentence};
use super::{Case, ENOUGH, Judged};
use crate::pricing::Confidence;
use crate::stats::normal_below;
use crate::{MemorySize, vcpus};

/// From this share of work on it is CPU-bound: twice the memory then takes three tenths of the duration away, or more.
const WORKS: f64 = 0.6;
/// What is found is more probable than not.
const PROBABLE: f64 = 0.5;
/// Real functions keep to the law above their size, up to one vCPU. Below it they are slower than by the law (less memory is
/// more garbage collection), so that a smaller size says too much of the present one: for each halving by so much of the
/// duration, for [`HALVINGS`] at most, and is uncertain by [`BELOW_UNCERTAIN`]. Measured in `tests/review/curves.rs`.
const BELOW_TOO_MUCH: f64 = 0.10;
const HALVINGS: f64 = 1.5;
const BELOW_UNCERTAIN: f64 = 0.08;
/// From these probabilities on it is said with more confidence.
const LIKELY: f64 = 0.8;
const NEARLY_SURE: f64 = 0.95;
/// Between windows, and between sizes, events differ by more than chance: a mean is not closer than this.
const EVENTS_DIFFER: f64 = 0.03;
/// Sizes closer than this say nothing of each other (`e^0.2`).
const APART: f64 = 0.2;
/// Measured upwards to here: with one thread, nothing is faster above one vCPU.
const UPWARDS_TO: MemorySize = MemorySize::ONE_VCPU;
/// Compute Optimizer expects at least this much less time at a larger size.
const PROJECTED_GAIN: f64 = 0.8;
/// How far its projection is to be trusted: it is a model of AWS's, and not known to be checked by anybody.
const PROJECTED_PROBABILITY: f64 = 0.75;

/// A suspicion that more memory would make it faster at little or no cost.
pub(super) fn judge(case: &Case<'_>) -> Option<Judged> {
    let reports = case.usual()?;
    let size_mb = reports.memory_size_mb;
    if size_mb >= UPWARDS_TO.mb() || MemorySize::new(size_mb).is_err() {
        return None;
    }
    // What was seen decides, whatever others expect.
    let (probability, text) = match measured(case, reports) {
        Some(measured) => measured,
        None => match seen(case, reports) {
            Some(seen) => seen,
            None => projected(case, reports)?,
        },
    };
    if probability < PROBABLE {
        return None;
    }
    let confidence = match probability {
        NEARLY_SURE.. => Confidence::High,
        LIKELY.. => Confidence::Medium,
        _ => Confidence::Low,
    };
    let mut judged = Judged::new(FindingKind::CpuBound, confidence, sentence(&text)).advise(Action::Tune {
        memory_sizes_mb: sizes_to_measure(size_mb, UPWARDS_TO.mb()),
    });
    judged.finding.probability = Some(probability);
    Some(judged)
}

/// Lambda Insights measures the processor time of every invocation.
fn measured(case: &Case<'_>, reports: &SizeEvidence) -> Option<(f64, String)> {
    let cpu_ms = case
        .evidence
        .metrics?
        .cpu_time_mean_ms
        .filter(|ms| ms.is_finite() && *ms >= 0.0)?;
    // It is of all sizes together.
    if case
        .evidence
        .sizes
        .iter()
        .any(|size| size.memory_size_mb != reports.memory_size_mb)
    {
        return None;
    }
    let got = vcpus(reports.memory_size_mb).min(1.0);
    let mean_ms = reports.duration.mean_ms;
    let share = cpu_ms / got / mean_ms.max(f64::MIN_POSITIVE);
    let probability = normal_below((share.min(1.0) - WORKS) / EVENTS_DIFFER.max(duration_error(reports)) / 2.0);
    let text = format!(
        "Lambda Insights counts {} of processor time in a mean duration of {}, {} of what {:.2} vCPU give at {} MB: {}.",
        ms(cpu_ms),
        ms(mean_ms),
        percent(share.min(1.0)),
        got,
        reports.memory_size_mb,
        likely(probability)
    );
    Some((probability, text))
}

/// From the durations at two sizes; of several the one that tells most.
fn seen(case: &Case<'_>, present: &SizeEvidence) -> Option<(f64, String)> {
    let others = case.evidence.all_sizes().filter(|other| tells(present, other));
    let (work, other) = others
        .filter_map(|other| Some((Work::between(present, other)?, other)))
        .min_by(|(a, _), (b, _)| a.error.total_cmp(&b.error))?;
    let probability = normal_below((work.share - WORKS) / work.error);
    let [small, large] = match other.memory_size_mb < present.memory_size_mb {
        true => [other, present],
        false => [present, other],
    };
    let text = format!(
        "the mean duration was {} at {} MB and {} at {} MB: by that, about {} of it at {} MB is work on the processor, {}.",
        ms(small.duration.mean_ms),
        small.memory_size_mb,
        ms(large.duration.mean_ms),
        large.memory_size_mb,
        percent(work.share),
        present.memory_size_mb,
        likely(probability)
    );
    Some((probability, text))
}

/// Whether `other` can say anything of `present`: seen often enough, and with another share of a vCPU.
fn tells(present: &SizeEvidence, other: &SizeEvidence) -> bool {
    other.invocations >= ENOUGH && (vcpu_mb(other) / vcpu_mb(present)).ln().abs() > APART
}

/// Above one vCPU work of one thread takes as long as at one.
fn vcpu_mb(size: &SizeEvidence) -> f64 {
    f64::from(size.memory_size_mb.min(UPWARDS_TO.mb()))
}

/// The share of the duration that is work, and how far off that may be (standard error).
#[derive(Debug, Clone, Copy)]
struct Work {
    share: f64,
    error: f64,
}

impl Work {
    /// By the law of durations. Means and medians are two readings of it: what they differ by is uncertain.
    fn between(present: &SizeEvidence, other: &SizeEvidence) -> Option<Self> {
        let memory = 1.0 - vcpu_mb(present) / vcpu_mb(other);
        let share = |present_ms: f64, other_ms: f64| {
            (present_ms > 0.0 && other_ms > 0.0).then(|| (1.0 - other_ms / present_ms) / memory)
        };
        let mean = share(present.duration.mean_ms, other.duration.mean_ms)?;
        let median = share(present.duration.p50_ms, other.duration.p50_ms)?;
        let chance = (duration_error(present).powi(2) + duration_error(other).powi(2) + EVENTS_DIFFER.powi(2)).sqrt();
        let ratio = other.duration.mean_ms / present.duration.mean_ms;
        let readings = (mean - median) / 2.0;
        let (too_much, uncertain) = match (present.memory_size_mb, other.memory_size_mb) {
            (present, other) if other < present => {
                let halvings = (f64::from(present) / f64::from(other)).log2().min(HALVINGS);
                (BELOW_TOO_MUCH * halvings, BELOW_UNCERTAIN)
            }
            _ => (0.0, 0.0),
        };
        let error = (ratio * chance / memory).powi(2) + readings.powi(2) + f64::powi(uncertain, 2);
        Some(Self {
            share: (((mean + median) / 2.0).clamp(0.0, 1.0) - too_much).max(0.0),
            error: error.sqrt().max(f64::MIN_POSITIVE),
        })
    }
}

fn projected(case: &Case<'_>, reports: &SizeEvidence) -> Option<(f64, String)> {
    let optimizer = case.evidence.compute_optimizer.as_ref()?;
    let (from, to) = (optimizer.current_memory_size_mb?, optimizer.memory_size_mb?);
    let expected_ms = optimizer.projected?.expected_ms?;
    let faster =
        from == reports.memory_size_mb && to > from && expected_ms <= reports.duration.mean_ms * PROJECTED_GAIN;
    faster.then(|| {
        let now = ms(reports.duration.mean_ms);
        let text = format!(
            "Compute Optimizer expects {} at {to} MB; the mean duration is {now}.",
            ms(expected_ms)
        );
        (PROJECTED_PROBABILITY, text)
    })
}

/// "probably (86 %)"
fn likely(probability: f64) -> String {
    let word = match probability {
        NEARLY_SURE.. => "almost certainly",
        LIKELY.. => "very probably",
        _ => "probably",
    };
    format!("{word} most of it ({:.0} %)", (probability * 100.0).clamp(1.0, 99.0))
}
