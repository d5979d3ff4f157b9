//! Choosing a memory size among those that were measured.
//!
//! Every objective is the mean of a score per invocation, so one comparison serves them all: cost is what the invocation
//! was billed, speed how long it took, balanced a weighted sum of both, each relative to the largest mean measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Distribution, Estimate, Objective, StartKind, stats};

/// Differences smaller than this are of no interest, however surely they were measured: execution environments and the
/// hosts under them differ by as much from one hour to the next.
pub const TOLERANCE: f64 = 0.01;

/// A size above one vCPU must be this much faster to be chosen for speed: single-threaded code gains nothing there.
pub const PLATEAU_GAIN: f64 = 0.05;

/// Sizes this close to the best serve the objective as well as it does, if measuring can't tell them apart: then one that
/// is clearly better in the other respect wins.
pub const CLOSE: f64 = 0.03;

/// How much better in the other respect is clearly better.
pub const CLEAR_GAIN: f64 = 0.05;

/// Share of the memory size that must stay free at the largest use seen, for a size to be chosen.
pub const MIN_HEADROOM: f64 = 0.10;

/// What was measured at one size, as far as the decision is concerned. `score_cost` and `duration_ms` have one entry for
/// each measured invocation, in the same order.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Cost of each invocation; GB-seconds when the price is not known.
    pub cost: Vec<f64>,
    /// Duration of each invocation, in ms.
    pub duration_ms: Vec<f64>,
    /// Largest memory use seen, in MB.
    pub max_memory_used_mb: Option<u32>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// What "best" means.
    pub objective: Objective,
    /// Constraint: p95 of the duration at most this, in ms.
    pub max_p95_ms: Option<f64>,
    /// Memory size before the tuning, in MB.
    pub present_memory_size_mb: u32,
}

/// What to do, and how sure that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// In a word.
    pub verdict: Verdict,
    /// The size to use, in MB; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// The start that was compared: warm unless only another was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartKind>,
    /// Change of mean duration against the present size, as a ratio (-0.25 is a quarter shorter).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_change: Option<Estimate>,
    /// Change of mean cost against the present size, as a ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_change: Option<Estimate>,
    /// Sizes that measuring could not tell from the best one, in MB, ascending, the best included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tied_mb: Vec<u32>,
    /// The size with the lowest mean cost, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cheapest_mb: Option<u32>,
    /// The size with the shortest mean duration, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fastest_mb: Option<u32>,
    /// Sizes that were measured but not considered, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
}

/// A size that was measured but not considered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exclusion {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Why.
    pub reason: String,
}

/// The decision in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Another size is better.
    Move,
    /// The present size is the best measured.
    Keep,
    /// The present size can't be told from the best one: keep it.
    NoClearWinner,
    /// The present size was not measured; this is the best of those that were.
    Choose,
    /// No size meets the constraint.
    ConstraintNotMet,
    /// Invocations succeeded, but none could be measured.
    NotEnoughEvidence,
    /// No size works.
    AllFailed,
}

impl Decision {
    /// A decision that names no size.
    pub const fn none(verdict: Verdict) -> Self {
        Self {
            verdict,
            memory_size_mb: None,
            start: None,
            duration_change: None,
            cost_change: None,
            tied_mb: Vec::new(),
            cheapest_mb: None,
            fastest_mb: None,
            excluded: Vec::new(),
        }
    }
}

struct Scored<'a> {
    candidate: &'a Candidate,
    score: Vec<f64>,
    mean_score: f64,
    mean_cost: f64,
    mean_duration: f64,
}

impl Scored<'_> {
    fn mb(&self) -> u32 {
        self.candidate.memory_size_mb
    }
}

/// Chooses among `candidates`, every one of which has at least one measurement and none of which failed.
pub fn decide(candidates: &[Candidate], question: &Question) -> Decision {
    let mut scored = score(candidates, question.objective);
    if scored.is_empty() {
        return Decision::none(Verdict::AllFailed);
    }
    let present_mb = question.present_memory_size_mb;
    let by = |key: fn(&Scored<'_>) -> (f64, f64), of: &[Scored<'_>]| {
        of.iter()
            .min_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal))
            .map(Scored::mb)
    };
    let mut decision = Decision::none(Verdict::ConstraintNotMet);
    decision.cheapest_mb = by(|s| (s.mean_cost, s.mean_duration), &scored);
    decision.fastest_mb = by(|s| (s.mean_duration, s.mean_cost), &scored);
    let before = candidates.iter().find(|c| c.memory_size_mb == present_mb);

    exclude(&mut scored, &mut decision.excluded, |s| {
        too_slow(s.candidate, question.max_p95_ms?)
    });
    if scored.is_empty() {
        return decision;
    }
    exclude_unless_all(&mut scored, &mut decision.excluded, |s| too_tight(s.candidate));
    if question.objective.cost_weight() == 0.0 {
        let on_plateau = plateau(&scored);
        exclude_unless_all(&mut scored, &mut decision.excluded, on_plateau);
    }

    let Some(best) = scored
        .iter()
        .min_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal))
    else {
        return decision;
    };
    let tied: Vec<&Scored<'_>> = scored.iter().filter(|s| is_tied(best, s)).collect();
    let present = tied.iter().copied().find(|s| s.mb() == present_mb);
    let plain = present.unwrap_or_else(|| break_tie(best, &tied, question.objective));
    let chosen = clearly_better(plain, best, &tied, question.objective).unwrap_or(plain);
    decision.verdict = match (present, before) {
        (Some(present), _) if present.mb() != chosen.mb() => Verdict::Move,
        (Some(present), _) if present.mb() == best.mb() => Verdict::Keep,
        (Some(_), _) => Verdict::NoClearWinner,
        (None, Some(_)) => Verdict::Move,
        (None, None) => Verdict::Choose,
    };
    decision.memory_size_mb = Some(chosen.mb());
    decision.tied_mb = tied.iter().map(|s| s.mb()).collect();
    decision.tied_mb.sort_unstable();
    if let Some(before) = before
        && before.memory_size_mb != chosen.mb()
    {
        decision.duration_change = stats::relative_change(&before.duration_ms, &chosen.candidate.duration_ms);
        decision.cost_change = stats::relative_change(&before.cost, &chosen.candidate.cost);
    }
    decision
}

/// Best first; equal costs are told apart by duration, equal durations by cost.
fn rank(s: &Scored<'_>) -> (f64, f64, f64) {
    (s.mean_score, s.mean_cost, s.mean_duration)
}

fn score(candidates: &[Candidate], objective: Objective) -> Vec<Scored<'_>> {
    let means: Vec<(f64, f64)> = candidates
        .iter()
        .filter_map(|c| Some((stats::mean(&c.cost)?.value, stats::mean(&c.duration_ms)?.value)))
        .collect();
    if means.len() != candidates.len() {
        return Vec::new();
    }
    let largest = |values: fn(&(f64, f64)) -> f64| means.iter().map(values).fold(f64::MIN_POSITIVE, f64::max);
    let (cost_max, duration_max) = (largest(|m| m.0), largest(|m| m.1));
    let weight = objective.cost_weight();
    candidates
        .iter()
        .zip(&means)
        .map(|(candidate, &(mean_cost, mean_duration))| {
            let score: Vec<f64> = candidate
                .cost
                .iter()
                .zip(&candidate.duration_ms)
                .map(|(cost, duration)| weight * cost / cost_max + (1.0 - weight) * duration / duration_max)
                .collect();
            let mean_score = score.iter().sum::<f64>() / score.len() as f64;
            Scored {
                candidate,
                score,
                mean_score,
                mean_cost,
                mean_duration,
            }
        })
        .collect()
}

fn is_tied(best: &Scored<'_>, other: &Scored<'_>) -> bool {
    other.mean_score <= best.mean_score * (1.0 + TOLERANCE)
        || stats::difference(&best.score, &other.score)
            // Two values a side tell too little to call a difference real.
            .is_none_or(|d| d.low.is_none() || d.contains(0.0))
}

/// A size that serves the objective as well as `plain`, and is clearly better in the other respect: faster at the same cost,
/// or cheaper at the same speed. A balanced objective has both in it already.
fn clearly_better<'a>(
    plain: &Scored<'_>,
    best: &Scored<'_>,
    tied: &[&'a Scored<'a>],
    objective: Objective,
) -> Option<&'a Scored<'a>> {
    let other: fn(&Candidate) -> &[f64] = match objective.cost_weight() {
        1.0 => |c| &c.duration_ms,
        0.0 => |c| &c.cost,
        _ => return None,
    };
    let gains = |s: &&&Scored<'_>| {
        s.mean_score <= best.mean_score * (1.0 + CLOSE)
            && stats::relative_change(other(plain.candidate), other(s.candidate))
                .is_some_and(|change| change.value < -CLEAR_GAIN && change.high.is_some_and(|high| high < 0.0))
    };
    let mean_other = |s: &Scored<'_>| stats::mean(other(s.candidate)).map_or(f64::INFINITY, |mean| mean.value);
    tied.iter()
        .filter(gains)
        .copied()
        .min_by(|a, b| mean_other(a).total_cmp(&mean_other(b)))
}

/// Among sizes that serve the objective as well as the best: the fastest for cost, the cheapest otherwise.
///
/// Only sizes whose own figure is close to the best's count: of two that noise alone keeps apart, the better one is named.
fn break_tie<'a>(best: &'a Scored<'a>, tied: &[&'a Scored<'a>], objective: Objective) -> &'a Scored<'a> {
    let (band, key): (f64, fn(&Scored<'_>) -> f64) = match objective.cost_weight() {
        1.0 => (TOLERANCE, |s| s.mean_duration),
        0.0 => (CLOSE, |s| s.mean_cost),
        _ => (TOLERANCE, |s| s.mean_cost),
    };
    let close = |s: &&Scored<'_>| s.mean_score <= best.mean_score * (1.0 + band);
    let others = tied.iter().copied().filter(close);
    others.min_by(|a, b| key(a).total_cmp(&key(b))).unwrap_or(best)
}

fn too_slow(candidate: &Candidate, max_p95_ms: f64) -> Option<String> {
    let p95 = Distribution::of(&candidate.duration_ms)?.p95.value;
    (p95 > max_p95_ms).then(|| format!("p95 of {p95:.1} ms is above the limit of {max_p95_ms} ms"))
}

fn too_tight(candidate: &Candidate) -> Option<String> {
    let used = f64::from(candidate.max_memory_used_mb?);
    let size = f64::from(candidate.memory_size_mb);
    (used > size * (1.0 - MIN_HEADROOM)).then(|| {
        format!(
            "{used} of {size} MB were used: less than {:.0} % left",
            MIN_HEADROOM * 100.0
        )
    })
}

fn plateau(scored: &[Scored<'_>]) -> impl Fn(&Scored<'_>) -> Option<String> + use<> {
    let one_vcpu = crate::MemorySize::ONE_VCPU.mb();
    let best_below = scored
        .iter()
        .filter(|s| s.mb() <= one_vcpu)
        .map(|s| s.mean_duration)
        .fold(f64::INFINITY, f64::min);
    move |s| {
        (s.mb() > one_vcpu && s.mean_duration > best_below * (1.0 - PLATEAU_GAIN)).then(|| {
            format!(
                "above one vCPU ({one_vcpu} MB) and not {:.0} % faster than a smaller size",
                PLATEAU_GAIN * 100.0
            )
        })
    }
}

fn exclude(scored: &mut Vec<Scored<'_>>, excluded: &mut Vec<Exclusion>, why: impl Fn(&Scored<'_>) -> Option<String>) {
    scored.retain(|s| match why(s) {
        None => true,
        Some(reason) => {
            excluded.push(Exclusion {
                memory_size_mb: s.mb(),
                reason,
            });
            false
        }
    });
}

/// As [`exclude`], but a rule that would leave nothing is not applied.
fn exclude_unless_all(
    scored: &mut Vec<Scored<'_>>,
    excluded: &mut Vec<Exclusion>,
    why: impl Fn(&Scored<'_>) -> Option<String>,
) {
    if scored.iter().any(|s| why(s).is_none()) {
        exclude(scored, excluded, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Five invocations around the given means, 0.5 % apart.
    fn size(mb: u32, cost: f64, duration: f64) -> Candidate {
        let around = |x: f64| [-0.01, -0.005, 0.0, 0.005, 0.01].map(|d| x * (1.0 + d)).to_vec();
        Candidate {
            memory_size_mb: mb,
            cost: around(cost),
            duration_ms: around(duration),
            max_memory_used_mb: Some(60),
        }
    }

    fn ask(objective: Objective, present_memory_size_mb: u32) -> Question {
        Question {
            objective,
            max_p95_ms: None,
            present_memory_size_mb,
        }
    }

    fn chosen(candidates: &[Candidate], objective: Objective, present: u32) -> (Verdict, Option<u32>) {
        let d = decide(candidates, &ask(objective, present));
        (d.verdict, d.memory_size_mb)
    }

    #[test]
    fn each_objective_takes_its_own_size() {
        let sizes = [size(128, 2.0, 1000.0), size(512, 1.0, 240.0), size(1769, 3.0, 100.0)];
        assert_eq!(chosen(&sizes, Objective::Cost, 128), (Verdict::Move, Some(512)));
        assert_eq!(chosen(&sizes, Objective::Speed, 128), (Verdict::Move, Some(1769)));
        assert_eq!(
            chosen(&sizes, Objective::Balanced { cost_weight: 0.5 }, 128),
            (Verdict::Move, Some(512))
        );
        // 0 is speed and 1 is cost, not the other way round.
        assert_eq!(
            chosen(&sizes, Objective::Balanced { cost_weight: 0.0 }, 128).1,
            Some(1769)
        );
        assert_eq!(
            chosen(&sizes, Objective::Balanced { cost_weight: 1.0 }, 128).1,
            Some(512)
        );
    }

    #[test]
    fn equal_cost_takes_the_faster_equal_time_the_cheaper() {
        let sizes = [size(256, 1.0, 400.0), size(512, 1.0, 200.0)];
        assert_eq!(chosen(&sizes, Objective::Cost, 128).1, Some(512));
        let sizes = [size(512, 1.0, 200.0), size(1024, 2.0, 200.0)];
        assert_eq!(chosen(&sizes, Objective::Speed, 128).1, Some(512));
    }

    #[test]
    fn inside_the_noise_the_present_size_stays() {
        let mut noisy = size(256, 1.0, 400.0);
        noisy.cost = vec![0.5, 1.5, 0.7, 1.3, 1.0];
        let mut best = size(512, 0.95, 390.0);
        best.cost = vec![0.6, 1.4, 0.75, 1.05, 0.95];
        let d = decide(&[noisy, best], &ask(Objective::Cost, 256));
        assert_eq!(
            (d.verdict, d.memory_size_mb, d.tied_mb),
            (Verdict::NoClearWinner, Some(256), vec![256, 512])
        );
    }

    #[test]
    fn inside_the_noise_a_size_that_is_clearly_better_otherwise_wins() {
        let cost = |mb, duration, cost: [f64; 5]| Candidate {
            cost: cost.to_vec(),
            ..size(mb, 1.0, duration)
        };
        // The same cost within noise, and 90 % faster.
        let sizes = [
            cost(128, 1000.0, [0.98, 1.02, 1.0, 0.99, 1.01]),
            cost(1769, 100.0, [0.99, 1.03, 1.01, 1.0, 1.02]),
        ];
        assert_eq!(chosen(&sizes, Objective::Cost, 128), (Verdict::Move, Some(1769)));
        assert_eq!(chosen(&sizes, Objective::Cost, 512), (Verdict::Choose, Some(1769)));
        // The same speed, and 40 % cheaper.
        let sizes = [size(1769, 1.0, 100.0), size(3008, 1.7, 99.9)];
        assert_eq!(chosen(&sizes, Objective::Speed, 3008), (Verdict::Move, Some(1769)));
    }

    #[test]
    fn the_present_size_is_kept_when_it_is_best_and_unmeasured_when_it_is_not_there() {
        let sizes = [size(256, 1.0, 400.0), size(512, 2.0, 200.0)];
        assert_eq!(chosen(&sizes, Objective::Cost, 256), (Verdict::Keep, Some(256)));
        assert_eq!(chosen(&sizes, Objective::Cost, 3008), (Verdict::Choose, Some(256)));
    }

    #[test]
    fn percentages_agree_with_the_figures_they_compare() {
        let sizes = [size(128, 2.0, 1000.0), size(512, 1.0, 250.0)];
        let d = decide(&sizes, &ask(Objective::Cost, 128));
        assert!((d.duration_change.unwrap().value + 0.75).abs() < 1e-9);
        assert!((d.cost_change.unwrap().value + 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_constraint_rules_sizes_out_and_may_rule_out_all() {
        let sizes = [size(128, 1.0, 1000.0), size(512, 2.0, 240.0)];
        let limit = |ms| Question {
            max_p95_ms: Some(ms),
            ..ask(Objective::Cost, 128)
        };
        let d = decide(&sizes, &limit(500.0));
        assert_eq!((d.memory_size_mb, d.excluded[0].memory_size_mb), (Some(512), 128));
        let d = decide(&sizes, &limit(10.0));
        assert_eq!((d.verdict, d.memory_size_mb), (Verdict::ConstraintNotMet, None));
    }

    #[test]
    fn a_size_that_is_nearly_full_is_not_chosen() {
        let mut tight = size(128, 1.0, 400.0);
        tight.max_memory_used_mb = Some(120);
        let d = decide(&[tight.clone(), size(256, 1.5, 300.0)], &ask(Objective::Cost, 512));
        assert_eq!(d.memory_size_mb, Some(256));
        assert!(d.excluded[0].reason.contains("120 of 128 MB"), "{:?}", d.excluded);
        // Unless there is nothing else.
        assert_eq!(chosen(&[tight], Objective::Cost, 512).1, Some(128));
    }

    #[test]
    fn more_than_one_vcpu_must_be_worth_it_for_speed() {
        let sizes = [size(1769, 1.0, 100.0), size(3008, 1.7, 96.0)];
        assert_eq!(chosen(&sizes, Objective::Speed, 128).1, Some(1769));
        let sizes = [size(1769, 1.0, 100.0), size(3008, 1.2, 60.0)];
        assert_eq!(chosen(&sizes, Objective::Speed, 128).1, Some(3008));
    }

    #[test]
    fn nothing_measured_is_all_failed() {
        assert_eq!(chosen(&[], Objective::Cost, 128), (Verdict::AllFailed, None));
    }

    proptest! {
        /// Only measured sizes are recommended, and the order in which they are given does not matter.
        #[test]
        fn the_choice_is_measured_and_independent_of_order(
            means in prop::collection::vec((0.1_f64..10.0, 1.0_f64..1000.0), 1..8),
            weight in 0.0_f64..=1.0,
        ) {
            let mut sizes: Vec<Candidate> =
                means.iter().zip(1..).map(|(&(cost, ms), i)| size(128 * i, cost, ms)).collect();
            let question = ask(Objective::Balanced { cost_weight: weight }, 300);
            let first = decide(&sizes, &question);
            let mb = first.memory_size_mb.unwrap();
            prop_assert!(sizes.iter().any(|s| s.memory_size_mb == mb));
            sizes.reverse();
            prop_assert_eq!(decide(&sizes, &question).memory_size_mb, Some(mb));
        }
    }
}
