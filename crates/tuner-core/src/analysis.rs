//! From invocation records to results per size and a decision.

use std::collections::{BTreeMap, BTreeSet};

use crate::assessment::{Colds, Measured};
use crate::curve::Sample;
use crate::pricing::{Money, PriceQuote};
use crate::tuning::{Cost, Exploration, Series, SizeResult, SizeStatus, TuningStatus};
use crate::{
    ControlCalls, Decision, Distribution, Estimate, Exclusion, ExclusionReason, InvocationRecord, MemorySize,
    OutcomeCounts, Question, StartKind, Verdict, decide, gb_seconds, stats,
};

/// What records are judged by.
#[derive(Debug, Clone)]
pub struct Terms<'a> {
    /// Prices; GB-seconds are compared when they are not known.
    pub price: Option<&'a PriceQuote>,
    /// Size of /tmp, in MB.
    pub ephemeral_storage_mb: u32,
    /// What is asked.
    pub question: &'a Question,
    /// Share of durations left out at either end; never applied to cost.
    pub trim_share: f64,
    /// Sizes are compared by their cold (or restored) starts, not by warm invocations.
    pub only_cold_starts: bool,
}

/// What came of a tuning, apart from who, where and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// How it ended.
    pub status: TuningStatus,
    /// One row for each size asked for, ascending.
    pub sizes: Vec<SizeResult>,
    /// What to do.
    pub decision: Decision,
}

/// Judges `records`. Every size of `asked` gets a row; `skipped` says why some were not run.
pub fn analyze(
    asked: &[MemorySize],
    records: &[InvocationRecord],
    skipped: &BTreeMap<MemorySize, String>,
    terms: &Terms<'_>,
) -> Findings {
    let mut by_size: BTreeMap<u32, Vec<&InvocationRecord>> = asked.iter().map(|s| (s.mb(), Vec::new())).collect();
    for record in records {
        by_size.entry(record.memory_size_mb).or_default().push(record);
    }
    let sizes: Vec<SizeResult> = by_size
        .iter()
        .map(|(&mb, records)| {
            let reason = MemorySize::new(mb).ok().and_then(|size| skipped.get(&size));
            size_result(mb, records, reason, terms)
        })
        .collect();
    let works = |s: &&SizeResult| s.status == SizeStatus::Measured;
    let measured = sizes.iter().filter(works).count();
    // Those that were not to be measured have not failed.
    let left_out = |s: &&SizeResult| {
        let is_below = terms.question.floor_mb.is_some_and(|floor| s.memory_size_mb < floor);
        is_below && matches!(s.status, SizeStatus::Skipped { .. })
    };
    let left_out = sizes.iter().filter(left_out).count();
    let status = match measured {
        0 => TuningStatus::Failed,
        n if n + left_out == sizes.len() => TuningStatus::Succeeded,
        _ => TuningStatus::Partial,
    };
    let decision = match common_start(&sizes, terms.only_cold_starts) {
        None if sizes.is_empty() => Decision::none(Verdict::NotEnoughEvidence),
        None if measured == 0 && records.iter().all(|r| !r.is_measured()) && ran_unmeasured(&sizes) => {
            Decision::none(Verdict::NotEnoughEvidence)
        }
        None => Decision::none(if measured == 0 {
            Verdict::AllFailed
        } else {
            Verdict::NotEnoughEvidence
        }),
        Some(start) => {
            let (enough, too_few): (Vec<&SizeResult>, Vec<&SizeResult>) =
                sizes.iter().filter(works).partition(|s| has_evidence(s, start));
            let measured: Vec<Measured> = enough
                .iter()
                .map(|s| measured_at(s, &by_size[&s.memory_size_mb], start, terms))
                .collect();
            let (measured, partly) = of_the_mix(measured, &terms.question.payload_shares);
            let mut decision = decide(&measured, terms.question);
            decision.start = Some(start);
            decision.excluded.extend(partly);
            decision.excluded.extend(too_few.iter().map(|s| Exclusion {
                memory_size_mb: s.memory_size_mb,
                reason: ExclusionReason::TooFewInvocations { least: LEAST_EVIDENCE },
            }));
            decision
        }
    };
    Findings {
        status,
        sizes,
        decision,
    }
}

/// Those of `measured` where nearly as much of the mix of payloads was measured as where most of it was, and the others: means
/// of a few short payloads and of all of them say nothing of memory sizes.
fn of_the_mix(measured: Vec<Measured>, shares: &[f64]) -> (Vec<Measured>, Vec<Exclusion>) {
    /// What single failures may leave out.
    const NEARLY: f64 = 0.9;
    let sent = |size: &Measured| -> BTreeSet<u32> { size.samples.iter().map(|s| s.payload).collect() };
    let share = |size: &Measured| -> f64 { sent(size).iter().filter_map(|&p| shares.get(p as usize)).sum() };
    let most = measured.iter().map(share).fold(0.0, f64::max);
    let (whole, partly): (Vec<Measured>, Vec<Measured>) =
        (measured.into_iter()).partition(|size| shares.len() < 2 || share(size) >= NEARLY.mul_add(most, -1e-9));
    let exclusion = |size: &Measured| Exclusion {
        memory_size_mb: size.memory_size_mb,
        reason: ExclusionReason::PayloadsMissing {
            measured: sent(size).len() as u32,
            of: shares.len() as u32,
        },
    };
    let excluded = partly.iter().map(exclusion).collect();
    (whole, excluded)
}

/// What the calls themselves took.
pub fn exploration(
    records: &[InvocationRecord],
    price: Option<&PriceQuote>,
    ephemeral_storage_mb: u32,
    wall_ms: u64,
) -> Exploration {
    let billed = |r: &InvocationRecord| r.billed_duration_ms.unwrap_or(0);
    // What a call without a REPORT took is not known: no sum is better than one that leaves it out.
    let all_known = records.iter().all(|r| !r.is_billed() || r.billed_duration_ms.is_some());
    let cost = price.filter(|_| all_known).and_then(|quote| {
        records
            .iter()
            .filter(|r| r.is_billed())
            .try_fold(Money::zero(quote.currency), |sum, r| {
                sum.checked_add(
                    quote
                        .invocation(r.memory_size_mb, billed(r), ephemeral_storage_mb)
                        .ok()?,
                )
                .ok()
            })
    });
    Exploration {
        invocations: records.iter().filter(|r| r.is_billed()).count() as u32,
        throttles: records.iter().map(|r| r.throttles).sum(),
        billed_duration_ms: records.iter().map(billed).sum(),
        gb_seconds: records
            .iter()
            .map(|r| gb_seconds(r.memory_size_mb, billed(r) as f64))
            .sum(),
        cost,
        snap_start: None,
        control_calls: ControlCalls::default(),
        wall_ms,
    }
}

fn ran_unmeasured(sizes: &[SizeResult]) -> bool {
    sizes.iter().any(|s| s.outcomes.unmeasured > 0)
}

fn size_result(mb: u32, records: &[&InvocationRecord], skipped: Option<&String>, terms: &Terms<'_>) -> SizeResult {
    let mut outcomes = OutcomeCounts::default();
    for record in records {
        outcomes.add(record.outcome);
    }
    let measured = records.iter().filter(|r| r.is_measured()).count() as u32;
    // A measured invocation is a success: an error that it names is one that was allowed.
    let mut allowed_errors = BTreeMap::new();
    for error_type in records
        .iter()
        .filter(|r| r.is_measured())
        .filter_map(|r| r.error_type.as_ref())
    {
        *allowed_errors.entry(error_type.clone()).or_default() += 1;
    }
    SizeResult {
        memory_size_mb: mb,
        status: status(measured, &outcomes, skipped),
        outcomes,
        allowed_errors,
        throttles: records.iter().map(|r| r.throttles).sum(),
        warm: series(mb, records, StartKind::Warm, terms),
        cold: series(mb, records, StartKind::Cold, terms),
        restored: series(mb, records, StartKind::Restored, terms),
        max_memory_used_mb: records.iter().filter_map(|r| r.max_memory_used_mb).max(),
        first_failure: records
            .iter()
            .find(|r| r.outcome != crate::Outcome::Success)
            .map(|r| failure_line(r)),
    }
}

/// A size that ran out of memory or time even once is not safe to choose; one whose function failed is, as long as more
/// than half of the calls could be measured, since errors come from elsewhere too.
fn status(measured: u32, outcomes: &OutcomeCounts, skipped: Option<&String>) -> SizeStatus {
    use crate::Outcome::{OutOfMemory, Timeout, Unmeasured};
    if let Some(reason) = skipped.filter(|_| measured < LEAST_EVIDENCE) {
        return SizeStatus::Skipped { reason: reason.clone() };
    }
    for outcome in [OutOfMemory, Timeout] {
        if outcomes.of(outcome) > 0 {
            return SizeStatus::Failed { outcome };
        }
    }
    match outcomes.worst_failure() {
        Some(outcome) if measured <= outcomes.failures() => SizeStatus::Failed { outcome },
        _ if measured > 0 => SizeStatus::Measured,
        _ if outcomes.unmeasured > 0 => SizeStatus::Failed { outcome: Unmeasured },
        _ => SizeStatus::Skipped {
            reason: "nothing was invoked at this size".to_owned(),
        },
    }
}

fn failure_line(record: &InvocationRecord) -> String {
    let mut line = record.outcome.words().to_owned();
    for part in [&record.error_type, &record.error_message].into_iter().flatten() {
        line.push_str(": ");
        line.push_str(part);
    }
    line
}

fn of_start<'a>(records: &'a [&InvocationRecord], start: StartKind) -> impl Iterator<Item = &'a InvocationRecord> {
    records
        .iter()
        .copied()
        .filter(move |r| r.is_measured() && r.start.unwrap_or(StartKind::Warm) == start)
}

fn series(mb: u32, records: &[&InvocationRecord], start: StartKind, terms: &Terms<'_>) -> Option<Series> {
    let measured: Vec<&InvocationRecord> = of_start(records, start).collect();
    let durations: Vec<f64> = measured.iter().filter_map(|r| r.performance_ms()).collect();
    let billed: Vec<f64> = measured
        .iter()
        .filter_map(|r| r.billed_duration_ms)
        .map(|ms| ms as f64)
        .collect();
    let init: Vec<f64> = measured
        .iter()
        .filter_map(|r| r.init_duration_ms.or(r.restore_duration_ms))
        .collect();
    let gb_s: Vec<f64> = billed.iter().map(|&ms| gb_seconds(mb, ms)).collect();
    let mean = |values: &[f64]| mean_of_the_mix(values, &measured, &terms.question.payload_shares);
    let distribution = |values: &[f64]| {
        let plain = Distribution::of(values)?;
        Some(Distribution {
            mean: mean(values)?,
            ..plain
        })
    };
    Some(Series {
        duration_ms: match terms.trim_share > 0.0 {
            true => Distribution::of(&stats::trimmed(&durations, terms.trim_share))?,
            false => distribution(&durations)?,
        },
        billed_duration_ms: distribution(&billed)?,
        init_duration_ms: Distribution::of(&init),
        gb_seconds: mean(&gb_s)?,
        cost: terms.price.and_then(|quote| {
            let costs: Option<Vec<f64>> = measured.iter().map(|r| invocation_cost(r, quote, terms)).collect();
            Some(Cost {
                per_invocation: mean(&costs?)?,
                currency: quote.currency,
            })
        }),
    })
}

/// The mean of `values`, one of each of `records`: of several payloads each by the share that was asked for, however often it
/// came up.
fn mean_of_the_mix(values: &[f64], records: &[&InvocationRecord], shares: &[f64]) -> Option<Estimate> {
    if shares.len() < 2 {
        return stats::mean(values);
    }
    let strata: Vec<(f64, Vec<f64>)> = (0..)
        .zip(shares)
        .map(|(payload, &share)| {
            let sent = values
                .iter()
                .zip(records)
                .filter(|(_, r)| r.payload_index.unwrap_or(0) == payload);
            (share, sent.map(|(&value, _)| value).collect())
        })
        .collect();
    stats::stratified_mean(&strata)
}

fn invocation_cost(record: &InvocationRecord, quote: &PriceQuote, terms: &Terms<'_>) -> Option<f64> {
    let billed = record.billed_duration_ms?;
    quote
        .invocation(record.memory_size_mb, billed, terms.ephemeral_storage_mb)
        .ok()
        .map(|money| money.amount)
}

/// Fewer invocations than this say nothing about noise, so nothing is decided on them.
pub const LEAST_EVIDENCE: u32 = 2;

/// The kind of start that most sizes have enough measurements of: warm if possible. Sizes are compared like with like or
/// not at all.
fn common_start(sizes: &[SizeResult], only_cold: bool) -> Option<StartKind> {
    let having = |start| sizes.iter().filter(|s| has_evidence(s, start)).count();
    [StartKind::Cold, StartKind::Restored, StartKind::Warm]
        .into_iter()
        .filter(|&start| !only_cold || start != StartKind::Warm)
        // Of equal ones the last: warm before restored before cold.
        .max_by_key(|&start| having(start))
        .filter(|&start| having(start) > 0)
}

fn has_evidence(size: &SizeResult, start: StartKind) -> bool {
    size.status == SizeStatus::Measured
        && size
            .series(start)
            .is_some_and(|series| series.billed_duration_ms.count >= LEAST_EVIDENCE)
}

fn measured_at(size: &SizeResult, records: &[&InvocationRecord], start: StartKind, terms: &Terms<'_>) -> Measured {
    let mut samples: Vec<Sample> = of_start(records, start).filter_map(Sample::of).collect();
    let durations: Vec<f64> = samples.iter().map(|s| s.ms).collect();
    for (sample, ms) in samples.iter_mut().zip(clamped(&durations, terms.trim_share)) {
        sample.ms = ms;
    }
    let colds: Vec<Sample> = [StartKind::Cold, StartKind::Restored]
        .into_iter()
        .filter(|_| start == StartKind::Warm)
        .flat_map(|start| of_start(records, start))
        .filter_map(Sample::of)
        .collect();
    Measured {
        memory_size_mb: size.memory_size_mb,
        samples,
        cold: Colds::of(&colds),
        max_memory_used_mb: size.max_memory_used_mb,
    }
}

/// The durations with those outside the trimmed range set to its nearer end, so that each invocation keeps its place beside
/// its cost.
fn clamped(durations: &[f64], trim_share: f64) -> Vec<f64> {
    let kept = stats::trimmed(durations, trim_share);
    let (Some(&low), Some(&high)) = (kept.first(), kept.last()) else {
        return durations.to_vec();
    };
    durations.iter().map(|ms| ms.clamp(low, high)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    fn question() -> Question {
        Question {
            present_memory_size_mb: Some(128),
            ..Question::plain(crate::Objective::Cost, crate::pricing::Rate::GB_SECONDS, (128, 10_240))
        }
    }

    fn terms(question: &Question) -> Terms<'_> {
        Terms {
            price: None,
            ephemeral_storage_mb: 512,
            question,
            trim_share: 0.0,
            only_cold_starts: false,
        }
    }

    fn call(mb: u32, start: StartKind, ms: f64) -> InvocationRecord {
        InvocationRecord {
            start: Some(start),
            duration_ms: Some(ms),
            billed_duration_ms: Some(ms.ceil() as u64),
            ..InvocationRecord::bare(mb, Outcome::Success)
        }
    }

    fn warm(mb: u32, ms: f64, times: usize) -> Vec<InvocationRecord> {
        (0..times)
            .map(|i| call(mb, StartKind::Warm, ms + i as f64 / 100.0))
            .collect()
    }

    fn judge(mbs: &[u32], records: &[InvocationRecord]) -> Findings {
        let sizes: Vec<MemorySize> = mbs.iter().map(|&mb| MemorySize::new(mb).unwrap()).collect();
        analyze(&sizes, records, &BTreeMap::new(), &terms(&question()))
    }

    #[test]
    fn a_size_that_fails_is_a_row_and_the_best_is_among_the_others() {
        let mut records = warm(512, 100.0, 5);
        records.push(InvocationRecord::bare(128, Outcome::OutOfMemory));
        let found = judge(&[128, 512], &records);
        assert_eq!(found.status, TuningStatus::Partial);
        assert_eq!(
            found.sizes[0].status,
            SizeStatus::Failed {
                outcome: Outcome::OutOfMemory
            }
        );
        assert_eq!(found.decision.memory_size_mb, Some(512));
    }

    #[test]
    fn errors_that_were_allowed_are_counted_by_their_type() {
        let mut records = warm(512, 100.0, 6);
        records[2].error_type = Some("NotFound".to_owned());
        records[4].error_type = Some("NotFound".to_owned());
        records.push(InvocationRecord {
            error_type: Some("Crashed".to_owned()),
            ..InvocationRecord::bare(512, Outcome::FunctionError)
        });
        let size = &judge(&[512], &records).sizes[0];
        assert_eq!(size.allowed_errors, BTreeMap::from([("NotFound".to_owned(), 2)]));
        assert_eq!((size.samples(), size.outcomes.success), (6, 6));
    }

    #[test]
    fn all_failing_keeps_the_first_cause() {
        let failed = InvocationRecord {
            error_type: Some("Runtime.ExitError".to_owned()),
            ..InvocationRecord::bare(128, Outcome::InitError)
        };
        let found = judge(&[128], &[failed]);
        assert_eq!(
            (found.status, found.decision.verdict),
            (TuningStatus::Failed, Verdict::AllFailed)
        );
        assert_eq!(
            found.sizes[0].first_failure.as_deref(),
            Some("init error: Runtime.ExitError")
        );
    }

    #[test]
    fn cold_starts_are_never_mixed_into_warm_figures() {
        let mut records = warm(128, 10.0, 5);
        records.push(InvocationRecord {
            init_duration_ms: Some(500.0),
            ..call(128, StartKind::Cold, 40.0)
        });
        let size = &judge(&[128], &records).sizes[0];
        assert!(size.warm.as_ref().unwrap().duration_ms.max < 11.0);
        let cold = size.cold.as_ref().unwrap();
        // What the caller waits for holds init; what is billed is what REPORT says, init never added.
        assert_eq!(
            (cold.duration_ms.mean.value, cold.billed_duration_ms.mean.value),
            (540.0, 40.0)
        );
    }

    #[test]
    fn unmeasured_calls_are_counted_and_kept_out_of_the_mean() {
        let mut records = warm(128, 100.0, 3);
        records.extend([
            InvocationRecord::bare(128, Outcome::Unmeasured),
            InvocationRecord::bare(128, Outcome::Unmeasured),
        ]);
        let size = &judge(&[128], &records).sizes[0];
        assert_eq!(size.outcomes.unmeasured, 2);
        assert!((size.warm.as_ref().unwrap().duration_ms.mean.value - 100.01).abs() < 1e-9);
    }

    #[test]
    fn a_size_without_some_of_the_payloads_is_not_compared() {
        // Of ten payloads, the later the longer, a size that was cut off has the first four.
        let sent = |mb: u32, payloads: u32| {
            (0..payloads).map(move |payload| InvocationRecord {
                payload_index: Some(payload),
                ..call(mb, StartKind::Warm, 10.0 * f64::from(payload + 1))
            })
        };
        let records: Vec<InvocationRecord> = sent(128, 10).chain(sent(256, 9)).chain(sent(512, 4)).collect();
        let mut question = question();
        question.payload_shares = vec![0.1; 10];
        let sizes = [128, 256, 512].map(|mb| MemorySize::new(mb).unwrap());
        let found = analyze(&sizes, &records, &BTreeMap::new(), &terms(&question));
        let reason = ExclusionReason::PayloadsMissing { measured: 4, of: 10 };
        assert_eq!(
            found.decision.excluded,
            [Exclusion {
                memory_size_mb: 512,
                reason
            }]
        );
        // A payload that failed once keeps no size out.
        let compared: Vec<u32> = found.decision.compared.iter().map(|c| c.memory_size_mb).collect();
        assert_eq!(compared, [128, 256]);
        assert_ne!(found.decision.fastest_mb, Some(512));
    }

    #[test]
    fn too_few_or_no_measurements_decide_nothing() {
        let found = judge(&[128], &warm(128, 100.0, 1));
        assert_eq!(
            (found.decision.verdict, found.decision.memory_size_mb),
            (Verdict::NotEnoughEvidence, None)
        );
        let unmeasured = vec![InvocationRecord::bare(128, Outcome::Unmeasured); 3];
        assert_eq!(judge(&[128], &unmeasured).decision.verdict, Verdict::NotEnoughEvidence);
    }

    #[test]
    fn a_size_with_too_few_measurements_is_left_out_not_the_others() {
        let mut records = warm(128, 100.0, 1);
        records.extend(warm(512, 50.0, 5));
        let decision = judge(&[128, 512], &records).decision;
        assert_eq!(
            (decision.memory_size_mb, decision.excluded[0].memory_size_mb),
            (Some(512), 128)
        );
    }

    #[test]
    fn cost_is_the_mean_of_bills_not_the_bill_of_the_mean() {
        // 1.1 and 2.9 ms are billed 2 and 3 ms: 2.5 on average, not ceil(2.0).
        let records = [1.1, 2.9, 1.1, 2.9].map(|ms| call(1024, StartKind::Warm, ms));
        let warm = judge(&[1024], &records).sizes[0].warm.clone().unwrap();
        assert!((warm.gb_seconds.value - 0.0025).abs() < 1e-12);
    }

    #[test]
    fn trimming_touches_durations_only() {
        let mut records = warm(128, 100.0, 9);
        records.push(call(128, StartKind::Warm, 9000.0));
        let sizes = [MemorySize::MIN];
        let found = analyze(
            &sizes,
            &records,
            &BTreeMap::new(),
            &Terms {
                trim_share: 0.1,
                ..terms(&question())
            },
        );
        let warm = found.sizes[0].warm.as_ref().unwrap();
        assert!(warm.duration_ms.max < 101.0);
        assert_eq!(
            (warm.billed_duration_ms.max, warm.billed_duration_ms.count),
            (9000.0, 10)
        );
    }

    #[test]
    fn one_memory_or_time_failure_makes_a_size_unsafe_and_a_few_errors_do_not() {
        for (outcome, status) in [
            (
                Outcome::OutOfMemory,
                SizeStatus::Failed {
                    outcome: Outcome::OutOfMemory,
                },
            ),
            (
                Outcome::Timeout,
                SizeStatus::Failed {
                    outcome: Outcome::Timeout,
                },
            ),
            (Outcome::FunctionError, SizeStatus::Measured),
        ] {
            let mut records = warm(128, 100.0, 5);
            records.push(InvocationRecord::bare(128, outcome));
            assert_eq!(judge(&[128], &records).sizes[0].status, status);
        }
        let mut records = warm(128, 100.0, 3);
        records.extend(vec![InvocationRecord::bare(128, Outcome::FunctionError); 3]);
        assert_eq!(
            judge(&[128], &records).sizes[0].status,
            SizeStatus::Failed {
                outcome: Outcome::FunctionError
            }
        );
    }
}
