//! From invocation records to results per size and a decision.

use std::collections::BTreeMap;

use crate::pricing::{Money, PriceQuote};
use crate::tuning::{Cost, Exploration, Series, SizeResult, SizeStatus, TuningStatus};
use crate::{
    Candidate, Decision, Distribution, InvocationRecord, MemorySize, Objective, OutcomeCounts, Question, StartKind,
    Verdict, decide, gb_seconds, stats,
};

/// What records are judged by.
#[derive(Debug, Clone)]
pub struct Terms<'a> {
    /// Prices; GB-seconds are compared when they are not known.
    pub price: Option<&'a PriceQuote>,
    /// Size of /tmp, in MB.
    pub ephemeral_storage_mb: u32,
    /// What "best" means.
    pub objective: Objective,
    /// Constraint: p95 of the duration at most this, in ms.
    pub max_p95_ms: Option<f64>,
    /// Memory size before the tuning, in MB.
    pub present_memory_size_mb: u32,
    /// Share of durations left out at either end; never applied to cost.
    pub trim_share: f64,
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
    let status = match measured {
        0 => TuningStatus::Failed,
        n if n == sizes.len() => TuningStatus::Succeeded,
        _ => TuningStatus::Partial,
    };
    let decision = match common_start(&sizes) {
        None if measured == 0 && records.iter().all(|r| !r.is_measured()) && ran_unmeasured(&sizes) => {
            Decision::none(Verdict::NotEnoughEvidence)
        }
        None => Decision::none(if measured == 0 {
            Verdict::AllFailed
        } else {
            Verdict::NotEnoughEvidence
        }),
        Some(start) => {
            let candidates: Vec<Candidate> = sizes
                .iter()
                .filter(works)
                .map(|s| candidate(s, &by_size[&s.memory_size_mb], start, terms))
                .collect();
            let question = Question {
                objective: terms.objective,
                max_p95_ms: terms.max_p95_ms,
                present_memory_size_mb: terms.present_memory_size_mb,
            };
            Decision {
                start: Some(start),
                ..decide(&candidates, &question)
            }
        }
    };
    Findings {
        status,
        sizes,
        decision,
    }
}

/// What the calls themselves took.
pub fn exploration(
    records: &[InvocationRecord],
    price: Option<&PriceQuote>,
    ephemeral_storage_mb: u32,
    wall_ms: u64,
) -> Exploration {
    let billed = |r: &InvocationRecord| r.billed_duration_ms.unwrap_or(0);
    let cost = price.and_then(|quote| {
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
    SizeResult {
        memory_size_mb: mb,
        status: status(measured, &outcomes, skipped),
        outcomes,
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
    if let Some(reason) = skipped {
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
    Some(Series {
        duration_ms: Distribution::of(&stats::trimmed(&durations, terms.trim_share))?,
        billed_duration_ms: Distribution::of(&billed)?,
        init_duration_ms: Distribution::of(&init),
        gb_seconds: stats::mean(&gb_s)?,
        cost: terms.price.and_then(|quote| {
            let costs: Option<Vec<f64>> = measured.iter().map(|r| invocation_cost(r, quote, terms)).collect();
            Some(Cost {
                per_invocation: stats::mean(&costs?)?,
                currency: quote.currency,
            })
        }),
    })
}

fn invocation_cost(record: &InvocationRecord, quote: &PriceQuote, terms: &Terms<'_>) -> Option<f64> {
    let billed = record.billed_duration_ms?;
    quote
        .invocation(record.memory_size_mb, billed, terms.ephemeral_storage_mb)
        .ok()
        .map(|money| money.amount)
}

/// The kind of start that every measured size has: warm if possible. Sizes are compared like with like or not at all.
fn common_start(sizes: &[SizeResult]) -> Option<StartKind> {
    let measured: Vec<&SizeResult> = sizes.iter().filter(|s| s.status == SizeStatus::Measured).collect();
    if measured.is_empty() {
        return None;
    }
    [StartKind::Warm, StartKind::Restored, StartKind::Cold]
        .into_iter()
        .find(|&start| measured.iter().all(|s| s.series(start).is_some()))
}

fn candidate(size: &SizeResult, records: &[&InvocationRecord], start: StartKind, terms: &Terms<'_>) -> Candidate {
    let measured: Vec<&InvocationRecord> = of_start(records, start).collect();
    let gb_s = |r: &InvocationRecord| gb_seconds(r.memory_size_mb, r.billed_duration_ms.unwrap_or(0) as f64);
    let costs: Option<Vec<f64>> = terms
        .price
        .and_then(|quote| measured.iter().map(|r| invocation_cost(r, quote, terms)).collect());
    Candidate {
        memory_size_mb: size.memory_size_mb,
        cost: costs.unwrap_or_else(|| measured.iter().map(|r| gb_s(r)).collect()),
        duration_ms: measured.iter().filter_map(|r| r.performance_ms()).collect(),
        max_memory_used_mb: size.max_memory_used_mb,
    }
}
