//! Choosing a memory size among those that were measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assessment::{Assessment, Judged, Measured, Refused};
use crate::curve::{Fit, Knee};
use crate::{Constraint, Estimate, Objective, Question, StartKind, stats};

/// Differences smaller than this are of no interest, however surely they were measured: execution environments and the
/// hosts under them differ by as much from one hour to the next.
pub const TOLERANCE: f64 = 0.01;

/// A size above one vCPU must be this much faster to be chosen for speed: single-threaded code gains nothing there.
pub const PLATEAU_GAIN: f64 = 0.05;

/// Sizes this close to the best serve the objective as well as it does, if measuring can't tell them apart: then one that
/// is clearly better in the other respect wins.
pub const CLOSE: f64 = 0.01;

/// How much better in the other respect is clearly better.
pub const CLEAR_GAIN: f64 = 0.05;

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
    /// The numbers that were compared, ascending by memory size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<Compared>,
    /// The next best size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<RunnerUp>,
    /// Where constraints rule out every size: the one that is closest to keeping them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closest: Option<Closest>,
    /// The duration as a function of memory size, where enough sizes were measured. It says what the function does; sizes
    /// are chosen by what was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Fit>,
    /// The memory size above which nothing gets faster; absent when it cannot be told from these sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knee: Option<Knee>,
    /// Sizes that were measured but not considered, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
}

/// What was compared of one size: means with the share of cold starts that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// Mean duration, in ms. All sizes have a say in how far each is to be trusted, since noise is about the same share of
    /// the duration everywhere.
    pub duration_ms: Estimate,
    /// Mean cost of an invocation; GB-seconds when the price is not known.
    pub cost: Estimate,
    /// What the objective makes of it: 0 is the best, 0.1 a tenth worse.
    pub score_above_best: f64,
    /// Its samples fall into two groups, far apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bimodal: bool,
    /// A few of its samples are many times the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub heavy_tailed: bool,
}

/// The size that would be next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunnerUp {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// How likely it is to be better than the one chosen, from 0 to 1.
    pub probability_better: f64,
}

/// The size that comes closest to keeping the constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Closest {
    /// The size, in MB.
    pub memory_size_mb: u32,
    /// The constraint that it breaks by most.
    pub constraint: Constraint,
    /// What was found.
    pub value: f64,
    /// What it may be at most.
    pub limit: f64,
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
            compared: Vec::new(),
            runner_up: None,
            closest: None,
            model: None,
            knee: None,
            excluded: Vec::new(),
        }
    }
}

/// Chooses among `measured`, none of which failed.
pub fn decide(measured: &[Measured], question: &Question) -> Decision {
    let mut measured = measured.to_vec();
    measured.sort_by_key(|m| m.memory_size_mb);
    let assessment = Assessment::of(&measured, question);
    let mut decision = Decision::none(Verdict::ConstraintNotMet);
    let all: Vec<&Judged> = assessment.sizes.iter().collect();
    decision.cheapest_mb = least(&all, |s| (s.cost, s.ms)).map(|s| s.memory_size_mb);
    decision.fastest_mb = least(&all, |s| (s.ms, s.cost)).map(|s| s.memory_size_mb);
    decision.model = assessment.curve.fit().copied();
    decision.knee = assessment.curve.knee();

    let mut sizes = all.clone();
    exclude(&mut sizes, &mut decision.excluded, broken);
    if sizes.is_empty() {
        decision.closest = closest(&all);
        if all.is_empty() {
            decision.verdict = Verdict::AllFailed;
        }
        decision.compared = compared(&all, &all);
        return decision;
    }
    exclude_unless_all(&mut sizes, &mut decision.excluded, |s| too_tight(s, question.headroom));
    if question.objective.cost_weight() == 0.0 {
        let on_plateau = plateau(&sizes);
        exclude_unless_all(&mut sizes, &mut decision.excluded, on_plateau);
    }
    let Some(best) = least(&sizes, |s| (s.score, s.cost)) else {
        return decision;
    };
    let tied: Vec<&Judged> = sizes.iter().copied().filter(|s| is_tied(best, s)).collect();
    let find = |sizes: &[&'_ Judged]| {
        let mb = question.present_memory_size_mb?;
        sizes.iter().position(|s| s.memory_size_mb == mb)
    };
    let before = find(&all).map(|i| all[i]);
    let present = find(&tied).map(|i| tied[i]);
    let plain = present.unwrap_or_else(|| break_tie(best, &tied, question.objective));
    let chosen = clearly_better(plain, best, &tied, question.objective).unwrap_or(plain);
    decision.verdict = match (present, before) {
        (Some(present), _) if present.memory_size_mb != chosen.memory_size_mb => Verdict::Move,
        (Some(present), _) if present.memory_size_mb == best.memory_size_mb => Verdict::Keep,
        (Some(_), _) => Verdict::NoClearWinner,
        (None, Some(_)) => Verdict::Move,
        (None, None) => Verdict::Choose,
    };
    decision.memory_size_mb = Some(chosen.memory_size_mb);
    decision.tied_mb = tied.iter().map(|s| s.memory_size_mb).collect();
    let others: Vec<&Judged> = sizes
        .iter()
        .copied()
        .filter(|s| s.memory_size_mb != chosen.memory_size_mb)
        .collect();
    decision.runner_up = least(&others, |s| (s.score, s.cost)).map(|s| RunnerUp {
        memory_size_mb: s.memory_size_mb,
        probability_better: probability_less(s, chosen),
    });
    if let Some(before) = before
        && before.memory_size_mb != chosen.memory_size_mb
    {
        decision.duration_change = Some(change(before, chosen, |s| (s.ms, s.error)));
        decision.cost_change = Some(change(before, chosen, |s| (s.cost, s.cost_error)));
    }
    decision.compared = compared(&all, &sizes);
    decision
}

fn least<'a>(sizes: &[&'a Judged], key: fn(&Judged) -> (f64, f64)) -> Option<&'a Judged> {
    let order = |a: &&&Judged, b: &&&Judged| {
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    sizes.iter().min_by(order).copied()
}

fn compared(all: &[&Judged], considered: &[&Judged]) -> Vec<Compared> {
    let best = considered.iter().map(|s| s.score).fold(f64::INFINITY, f64::min);
    all.iter()
        .map(|s| Compared {
            memory_size_mb: s.memory_size_mb,
            duration_ms: stats::around(s.ms, s.error, s.freedom()),
            cost: stats::around(s.cost, s.cost_error, s.freedom()),
            score_above_best: if best > 0.0 { s.score / best - 1.0 } else { 0.0 },
            bimodal: s.point.shape.bimodal,
            heavy_tailed: s.point.shape.heavy_tailed,
        })
        .collect()
}

/// The change of a figure and its standard error from one size to another, as a ratio.
fn change(before: &Judged, after: &Judged, figure: fn(&Judged) -> (f64, f64)) -> Estimate {
    let ((from, a), (to, b)) = (figure(before), figure(after));
    // One of the sizes was chosen for being the best of several, so its figure is a little too good: of the degrees of freedom
    // that both have at least, one goes for that.
    let freedom = before.freedom().min(after.freedom()) - 1.0;
    let ratio = stats::around(to / from, stats::together(a, b), freedom);
    Estimate {
        value: ratio.value - 1.0,
        low: ratio.low.map(|low| low - 1.0),
        high: ratio.high.map(|high| high - 1.0),
    }
}

/// How likely the score of `a` is to be below that of `b`.
fn probability_less(a: &Judged, b: &Judged) -> f64 {
    // Not a number where both are 0, or equal and known exactly, as for a function that takes no time at all.
    let z = (b.score / a.score).ln() / stats::together(a.score_error, b.score_error);
    if z.is_nan() { 0.5 } else { stats::normal_below(z) }
}

/// Whether measuring could not tell `other` from the best, or they differ by so little that it does not matter.
pub(crate) fn is_tied(best: &Judged, other: &Judged) -> bool {
    let above = other.score / best.score;
    let noise =
        stats::t_quantile(best.freedom().min(other.freedom())) * stats::together(best.score_error, other.score_error);
    above.is_nan() || above <= 1.0 + TOLERANCE || above.ln() <= noise
}

/// A size that serves the objective as well as `plain`, and is clearly better in the other respect: faster at the same cost,
/// or cheaper at the same speed. A balanced objective has both in it already.
fn clearly_better<'a>(plain: &Judged, best: &Judged, tied: &[&'a Judged], objective: Objective) -> Option<&'a Judged> {
    let other: fn(&Judged) -> (f64, f64) = match objective.cost_weight() {
        1.0 => |s| (s.ms, s.error),
        0.0 => |s| (s.cost, s.cost_error),
        _ => return None,
    };
    tied.iter()
        .copied()
        .filter(|s| s.score <= best.score * (1.0 + CLOSE))
        .filter(|s| {
            let change = change(plain, s, other);
            change.value < -CLEAR_GAIN && change.high.is_some_and(|high| high < 0.0)
        })
        .min_by(|a, b| other(a).0.total_cmp(&other(b).0))
}

/// Among sizes that serve the objective as well as the best: the fastest for cost, the cheapest otherwise.
///
/// Only sizes whose own figure is close to the best's count: of two that noise alone keeps apart, the better one is named.
fn break_tie<'a>(best: &'a Judged, tied: &[&'a Judged], objective: Objective) -> &'a Judged {
    let (band, key): (f64, fn(&Judged) -> f64) = match objective.cost_weight() {
        1.0 => (TOLERANCE, |s| s.ms),
        0.0 => (CLOSE, |s| s.cost),
        _ => (TOLERANCE, |s| s.cost),
    };
    let close = |s: &&Judged| s.score <= best.score * (1.0 + band);
    let others = tied.iter().copied().filter(close);
    others.min_by(|a, b| key(a).total_cmp(&key(b))).unwrap_or(best)
}

/// Why constraints rule a size out.
fn broken(size: &Judged) -> Option<String> {
    size.refused.iter().find_map(|refused| match refused {
        Refused::Constraint {
            constraint,
            value,
            limit,
        } => Some(match constraint {
            Constraint::Duration { statistic, .. } => {
                format!("{statistic} of {value:.1} ms is above the limit of {limit} ms")
            }
            Constraint::CostAboveCheapest { max_pct } => format!(
                "it costs {:.1} % more than the cheapest size, above the limit of {max_pct} %",
                (value / limit * (1.0 + max_pct / 100.0) - 1.0) * 100.0
            ),
            Constraint::CostPerMillion { .. } => {
                format!("a million invocations cost {value:.2}, above the limit of {limit}")
            }
        }),
        Refused::Headroom { .. } => None,
    })
}

/// The size that breaks constraints by least.
fn closest(sizes: &[&Judged]) -> Option<Closest> {
    let worst = |size: &Judged| {
        size.refused
            .iter()
            .filter_map(|refused| match *refused {
                Refused::Constraint {
                    constraint,
                    value,
                    limit,
                } => Some(Closest {
                    memory_size_mb: size.memory_size_mb,
                    constraint,
                    value,
                    limit,
                }),
                Refused::Headroom { .. } => None,
            })
            .max_by(|a, b| (a.value / a.limit).total_cmp(&(b.value / b.limit)))
    };
    sizes
        .iter()
        .filter_map(|size| worst(size))
        .min_by(|a, b| (a.value / a.limit).total_cmp(&(b.value / b.limit)))
}

fn too_tight(size: &Judged, headroom: f64) -> Option<String> {
    size.refused.iter().find_map(|refused| match refused {
        Refused::Headroom { used_mb } => Some(format!(
            "{used_mb} of {} MB were used: less than {:.0} % to spare",
            size.memory_size_mb,
            headroom * 100.0
        )),
        Refused::Constraint { .. } => None,
    })
}

fn plateau(sizes: &[&Judged]) -> impl Fn(&Judged) -> Option<String> + use<> {
    /// What costs so many times as much must be faster for sure: by this many errors of the gain.
    const DEAR: f64 = 2.0;
    const SURE: f64 = 1.3;
    let one_vcpu = crate::MemorySize::ONE_VCPU.mb();
    let below = sizes
        .iter()
        .filter(|s| s.memory_size_mb <= one_vcpu)
        .min_by(|a, b| a.ms.total_cmp(&b.ms))
        .map(|s| (s.ms, s.error, s.cost));
    move |s| {
        let (ms, error, cost) = below.filter(|_| s.memory_size_mb > one_vcpu)?;
        let is_sure = (ms / s.ms).ln() > SURE * stats::together(s.error, error);
        let gains = s.ms <= ms * (1.0 - PLATEAU_GAIN) && (is_sure || s.cost < DEAR * cost);
        (!gains).then(|| {
            format!(
                "above one vCPU ({one_vcpu} MB) and not {:.0} % faster than a smaller size",
                PLATEAU_GAIN * 100.0
            )
        })
    }
}

fn exclude(sizes: &mut Vec<&Judged>, excluded: &mut Vec<Exclusion>, why: impl Fn(&Judged) -> Option<String>) {
    sizes.retain(|s| match why(s) {
        None => true,
        Some(reason) => {
            excluded.push(Exclusion {
                memory_size_mb: s.memory_size_mb,
                reason,
            });
            false
        }
    });
}

/// As [`exclude`], but a rule that would leave nothing is not applied.
fn exclude_unless_all(
    sizes: &mut Vec<&Judged>,
    excluded: &mut Vec<Exclusion>,
    why: impl Fn(&Judged) -> Option<String>,
) {
    if sizes.iter().any(|s| why(s).is_none()) {
        exclude(sizes, excluded, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Statistic;
    use crate::curve::Sample;
    use crate::pricing::Rate;
    use proptest::prelude::*;

    /// Five invocations around `ms`, 0.5 % apart. In these tests an invocation costs what its GB-seconds are.
    fn size(mb: u32, ms: f64) -> Measured {
        scattered(mb, [-0.01, -0.005, 0.0, 0.005, 0.01].map(|d| ms * (1.0 + d)))
    }

    fn scattered(memory_size_mb: u32, durations: [f64; 5]) -> Measured {
        let sample = |ms| Sample {
            ms,
            billed_ms: ms,
            payload: 0,
        };
        Measured {
            memory_size_mb,
            samples: durations.map(sample).to_vec(),
            cold: None,
            max_memory_used_mb: Some(60),
        }
    }

    fn ask(objective: Objective, present: u32) -> Question {
        Question {
            present_memory_size_mb: Some(present),
            ..Question::plain(objective, Rate::GB_SECONDS, (128, 10_240))
        }
    }

    fn chosen(sizes: &[Measured], objective: Objective, present: u32) -> (Verdict, Option<u32>) {
        let d = decide(sizes, &ask(objective, present));
        (d.verdict, d.memory_size_mb)
    }

    #[test]
    fn each_objective_takes_its_own_size() {
        // GB-seconds: 0.25, 0.12, 0.173.
        let sizes = [size(128, 2000.0), size(512, 240.0), size(1769, 100.0)];
        assert_eq!(chosen(&sizes, Objective::Cost, 128), (Verdict::Move, Some(512)));
        assert_eq!(chosen(&sizes, Objective::Speed, 128), (Verdict::Move, Some(1769)));
        // 0 is speed and 1 is cost, not the other way round.
        let balanced = |cost_weight| chosen(&sizes, Objective::Balanced { cost_weight }, 128).1;
        assert_eq!((balanced(0.0), balanced(1.0)), (Some(1769), Some(512)));
    }

    #[test]
    fn balanced_does_not_depend_on_which_sizes_were_tried() {
        let law = |mb: u32| size(mb, 100.0 + 100_000.0 / f64::from(mb));
        let balanced = Objective::Balanced { cost_weight: 0.5 };
        let few = [512, 1024, 1769].map(law);
        let many = [128, 256, 512, 1024, 1769, 3008, 10_240].map(law);
        assert_eq!(
            decide(&few, &ask(balanced, 64)).memory_size_mb,
            decide(&many, &ask(balanced, 64)).memory_size_mb
        );
    }

    #[test]
    fn equal_cost_takes_the_faster_equal_time_the_cheaper() {
        assert_eq!(
            chosen(&[size(256, 400.0), size(512, 200.0)], Objective::Cost, 128).1,
            Some(512)
        );
        assert_eq!(
            chosen(&[size(512, 200.0), size(1024, 200.0)], Objective::Speed, 128).1,
            Some(512)
        );
    }

    #[test]
    fn inside_the_noise_the_present_size_stays() {
        let noisy = scattered(256, [200.0, 600.0, 280.0, 520.0, 400.0]);
        let best = scattered(288, [220.0, 480.0, 260.0, 400.0, 360.0]);
        let d = decide(&[noisy, best], &ask(Objective::Cost, 256));
        assert_eq!(
            (d.verdict, d.memory_size_mb, d.tied_mb),
            (Verdict::NoClearWinner, Some(256), vec![256, 288])
        );
        let runner_up = d.runner_up.unwrap();
        assert_eq!(runner_up.memory_size_mb, 288);
        assert!((0.5..0.9).contains(&runner_up.probability_better), "{runner_up:?}");
    }

    #[test]
    fn inside_the_noise_a_size_that_is_clearly_better_otherwise_wins() {
        // The same cost, and 90 % faster.
        let sizes = [size(128, 1382.0), size(1769, 100.2)];
        assert_eq!(chosen(&sizes, Objective::Cost, 128), (Verdict::Move, Some(1769)));
        assert_eq!(chosen(&sizes, Objective::Cost, 512), (Verdict::Choose, Some(1769)));
        // The same speed, and 40 % cheaper.
        let sizes = [size(1769, 100.0), size(3008, 99.9)];
        assert_eq!(chosen(&sizes, Objective::Speed, 3008), (Verdict::Move, Some(1769)));
    }

    #[test]
    fn the_present_size_is_kept_when_it_is_best_and_unmeasured_when_it_is_not_there() {
        let sizes = [size(256, 400.0), size(512, 400.0)];
        assert_eq!(chosen(&sizes, Objective::Cost, 256), (Verdict::Keep, Some(256)));
        assert_eq!(chosen(&sizes, Objective::Cost, 3008), (Verdict::Choose, Some(256)));
    }

    #[test]
    fn percentages_agree_with_the_figures_they_compare() {
        let sizes = [size(128, 1000.0), size(512, 125.0)];
        let d = decide(&sizes, &ask(Objective::Cost, 128));
        let (duration, cost) = (d.duration_change.unwrap(), d.cost_change.unwrap());
        assert!((duration.value + 0.875).abs() < 1e-9 && duration.contains(-0.875));
        assert!((cost.value + 0.5).abs() < 1e-9 && cost.contains(-0.5));
        assert!(!cost.contains(-0.4) && !cost.contains(-0.6), "{cost:?}");
        assert!((d.compared[1].cost.value - 0.0625).abs() < 1e-9);
    }

    fn limited(constraint: Constraint, objective: Objective) -> Question {
        Question {
            constraints: vec![constraint],
            ..ask(objective, 128)
        }
    }

    #[test]
    fn a_limit_on_duration_rules_sizes_out_and_may_rule_out_all() {
        let sizes = [size(128, 1000.0), size(512, 400.0)];
        for statistic in [Statistic::Mean, Statistic::P50, Statistic::P95, Statistic::P99] {
            let limit = |max_ms| limited(Constraint::Duration { statistic, max_ms }, Objective::Cost);
            let d = decide(&sizes, &limit(500.0));
            assert_eq!((d.memory_size_mb, d.excluded[0].memory_size_mb), (Some(512), 128));
            let d = decide(&sizes, &limit(100.0));
            assert_eq!((d.verdict, d.memory_size_mb), (Verdict::ConstraintNotMet, None));
            let closest = d.closest.unwrap();
            assert_eq!((closest.memory_size_mb, closest.limit), (512, 100.0));
            assert!((390.0..450.0).contains(&closest.value), "{closest:?}");
        }
    }

    #[test]
    fn few_samples_have_no_tail_of_their_own() {
        // Nothing above 1.01 s was seen; five samples don't say that p99 is no more.
        let constraint = Constraint::Duration {
            statistic: Statistic::P99,
            max_ms: 1015.0,
        };
        assert_eq!(
            decide(&[size(128, 1000.0)], &limited(constraint, Objective::Cost)).verdict,
            Verdict::ConstraintNotMet
        );
    }

    #[test]
    fn speed_within_a_limit_on_cost() {
        // GB-seconds: 0.125, 0.13, 0.2.
        let sizes = [size(128, 1000.0), size(512, 260.0), size(1024, 200.0)];
        let within = |max_pct| {
            let question = limited(Constraint::CostAboveCheapest { max_pct }, Objective::Speed);
            decide(&sizes, &question).memory_size_mb
        };
        assert_eq!(
            (within(1.0), within(10.0), within(100.0)),
            (Some(128), Some(512), Some(1024))
        );
        let under = |max| {
            let question = limited(Constraint::CostPerMillion { max }, Objective::Speed);
            decide(&sizes, &question)
        };
        assert_eq!(under(150_000.0).memory_size_mb, Some(512));
        assert_eq!(under(10.0).closest.unwrap().memory_size_mb, 128);
    }

    #[test]
    fn cold_starts_count_by_their_share() {
        let cold = |mb, ms, cold_ms| {
            let sample = Sample {
                ms: cold_ms,
                billed_ms: cold_ms,
                payload: 0,
            };
            Measured {
                cold: Some((sample, 1)),
                ..size(mb, ms)
            }
        };
        // Warm ones are cheaper at 128 MB, cold ones at 1,024 MB.
        let sizes = [cold(128, 100.0, 20_000.0), cold(1024, 20.0, 1000.0)];
        let asked = |cold_share| Question {
            cold_share,
            ..ask(Objective::Cost, 64)
        };
        assert_eq!(decide(&sizes, &asked(0.0)).memory_size_mb, Some(128));
        let d = decide(&sizes, &asked(0.5));
        assert_eq!(d.memory_size_mb, Some(1024));
        assert!((d.compared[0].duration_ms.value - 10_050.0).abs() < 1e-6);
    }

    #[test]
    fn a_size_that_is_nearly_full_is_not_chosen() {
        let tight = Measured {
            max_memory_used_mb: Some(110),
            ..size(128, 400.0)
        };
        let d = decide(&[tight.clone(), size(256, 300.0)], &ask(Objective::Cost, 512));
        assert_eq!(d.memory_size_mb, Some(256));
        assert!(d.excluded[0].reason.contains("110 of 128 MB"), "{:?}", d.excluded);
        // Unless there is nothing else, or less is asked for.
        assert_eq!(chosen(std::slice::from_ref(&tight), Objective::Cost, 512).1, Some(128));
        let less = Question {
            headroom: Question::LEAST_HEADROOM,
            ..ask(Objective::Cost, 512)
        };
        assert_eq!(decide(&[tight, size(256, 300.0)], &less).memory_size_mb, Some(128));
    }

    #[test]
    fn more_than_one_vcpu_must_be_worth_it_for_speed() {
        assert_eq!(
            chosen(&[size(1769, 100.0), size(3008, 96.0)], Objective::Speed, 128).1,
            Some(1769)
        );
        assert_eq!(
            chosen(&[size(1769, 100.0), size(3008, 60.0)], Objective::Speed, 128).1,
            Some(3008)
        );
    }

    #[test]
    fn nothing_measured_is_all_failed() {
        assert_eq!(chosen(&[], Objective::Cost, 128), (Verdict::AllFailed, None));
    }

    proptest! {
        /// Only measured sizes are recommended, and the order in which they are given does not matter.
        #[test]
        fn the_choice_is_measured_and_independent_of_order(
            means in prop::collection::vec(1.0_f64..1000.0, 1..8),
            weight in 0.0_f64..=1.0,
        ) {
            let mut sizes: Vec<Measured> = means.iter().zip(1..).map(|(&ms, i)| size(128 * i, ms)).collect();
            let question = ask(Objective::Balanced { cost_weight: weight }, 300);
            let first = decide(&sizes, &question);
            let mb = first.memory_size_mb.unwrap();
            prop_assert!(sizes.iter().any(|s| s.memory_size_mb == mb));
            sizes.reverse();
            prop_assert_eq!(decide(&sizes, &question).memory_size_mb, Some(mb));
        }
    }
}
