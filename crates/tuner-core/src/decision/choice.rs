//! Which of the measured sizes to use.

use super::{Alternative, Closest, Compared, Decision, Exclusion, ExclusionReason, RunnerUp, TOLERANCE, Verdict};
use crate::assessment::{Assessment, Judged, Measured};
use crate::objective::Axis;
use crate::{Estimate, Objective, Question, stats};

/// A size above one vCPU must be this much faster to be chosen for speed: single-threaded code gains nothing there.
const PLATEAU_GAIN: f64 = 0.05;

/// The present size is left for one that seems better by so many standard errors of their difference, which makes it better
/// with a probability of 76 %. More would leave functions at sizes that are worse, less would move them for nothing
/// (chosen by replaying recorded functions).
const LIKELY: f64 = 0.7;

/// and by this much where the model has its say: of several equal sizes one always seems better.
const WORTH_MOVING: f64 = 0.02;

/// Sizes that the model has this close to the best are equal, if the function follows its model closely,
const EQUAL: f64 = 0.0125;

/// unless measurements differ by more than this,
const NEAR: f64 = 0.05;

/// or by more standard errors than the best of six equal sizes is from the worst in one of twenty cases.
const APART: f64 = 3.0;

/// How much better in the other respect is clearly better.
const CLEAR_GAIN: f64 = 0.05;

/// What an alternative may be worse by, and what it must be better by in the other respect.
const LITTLE_MORE: f64 = 0.05;
const MUCH_BETTER: f64 = 0.10;

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
        decision.compared = compared(&all, &all, None, question.objective);
        return decision;
    }
    exclude(&mut sizes, &mut decision.excluded, |s| {
        below_floor(s, question.floor_mb)
    });
    if sizes.is_empty() {
        // What was measured says nothing of the sizes that may be used.
        decision.verdict = Verdict::NotEnoughEvidence;
        decision.compared = compared(&all, &all, None, question.objective);
        return decision;
    }
    exclude_unless_all(&mut sizes, &mut decision.excluded, |s| too_tight(s, question.headroom));
    if question.objective.axis() == Axis::Duration {
        let on_plateau = plateau(&sizes);
        exclude_unless_all(&mut sizes, &mut decision.excluded, on_plateau);
    }
    let Some(best) = least(&sizes, |s| (s.score, s.cost)) else {
        return decision;
    };
    let find = |sizes: &[&'_ Judged]| {
        let mb = question.present_memory_size_mb?;
        sizes.iter().position(|s| s.memory_size_mb == mb)
    };
    let before = find(&all).map(|i| all[i]);
    let present = find(&sizes).map(|i| sizes[i]);
    let kept = present.filter(|present| !is_worth_moving(present, best));
    let chosen = choose(kept, best, &sizes, &assessment, question);
    let is_chosen = |s: &Judged| s.memory_size_mb == chosen.memory_size_mb;
    decision.verdict = match (present, before) {
        (Some(present), _) if is_chosen(present) && present.memory_size_mb == best.memory_size_mb => Verdict::Keep,
        (Some(present), _) if is_chosen(present) => Verdict::NoClearWinner,
        (_, Some(_)) => Verdict::Move,
        (_, None) => Verdict::Choose,
    };
    decision.memory_size_mb = Some(chosen.memory_size_mb);
    decision.limits.clone_from(&chosen.limits);
    decision.alternative = alternative(chosen, &sizes, question.objective);
    if !chosen.keeps_limits() {
        decision.verdict = Verdict::CannotTell;
        decision.alternative = surely_kept(chosen, &sizes);
    }
    let objective = question.objective;
    let tied = |s: &&Judged| !Difference::of_scores(best, s, objective).is_shown();
    decision.tied_mb = sizes.iter().copied().filter(tied).map(|s| s.memory_size_mb).collect();
    let others: Vec<&Judged> = sizes.iter().copied().filter(|s| !is_chosen(s)).collect();
    decision.runner_up = least(&others, |s| (s.score, s.cost)).map(|s| RunnerUp {
        memory_size_mb: s.memory_size_mb,
        probability_better: Difference::of_scores(chosen, s, objective).probability_less(),
    });
    if let Some(before) = before
        && !is_chosen(before)
    {
        decision.duration_change = Some(change(before, chosen, |s| (s.ms, s.error)));
        decision.cost_change = Some(change(before, chosen, |s| (s.cost, s.cost_error)));
        decision.probability_better = Some(Difference::of_scores(before, chosen, objective).probability_less());
    }
    decision.compared = compared(&all, &sizes, Some(chosen), objective);
    decision
}

fn least<'a>(sizes: &[&'a Judged], key: fn(&Judged) -> (f64, f64)) -> Option<&'a Judged> {
    let order = |a: &&&Judged, b: &&&Judged| {
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    sizes.iter().min_by(order).copied()
}

/// The difference of a figure from one size to another: one distribution for its interval, for its probability, and for
/// whether it is shown at all.
#[derive(Debug, Clone, Copy)]
struct Difference {
    /// The logarithm of the ratio.
    log: f64,
    /// Its standard error.
    error: f64,
    /// Degrees of freedom of Student's t.
    freedom: f64,
}

impl Difference {
    /// From `a` to `b`, with standard errors as shares.
    fn new(a: (f64, f64), b: (f64, f64), freedom: f64) -> Self {
        Self {
            // Not a number where both are 0, as for a function that takes no time at all: there is no difference.
            log: Some((b.0 / a.0).ln()).filter(|log| !log.is_nan()).unwrap_or_default(),
            error: stats::together(a.1, b.1),
            freedom: freedom.max(1.0),
        }
    }

    /// Of what the objective makes of them.
    fn of_scores(from: &Judged, to: &Judged, objective: Objective) -> Self {
        let error = |s: &Judged| match objective.axis() {
            Axis::Cost => s.cost_error,
            Axis::Duration | Axis::Both { .. } => s.error,
        };
        let freedom = from.freedom().min(to.freedom());
        Self::new((from.score, error(from)), (to.score, error(to)), freedom)
    }

    /// The probability that the second figure is the smaller one.
    fn probability_less(&self) -> f64 {
        match self.error > 0.0 {
            true => stats::t_below(-self.log / self.error, self.freedom),
            false if self.log == 0.0 => 0.5,
            false => f64::from(u8::from(self.log < 0.0)),
        }
    }

    /// The change as a ratio (0.1 is a tenth more), with its interval.
    fn interval(&self) -> Estimate {
        let ratio = stats::around(self.log.exp(), self.error, self.freedom);
        Estimate {
            value: ratio.value - 1.0,
            low: ratio.low.map(|low| low - 1.0),
            high: ratio.high.map(|high| high - 1.0),
        }
    }

    /// Whether 95 % confidence excludes that there is none.
    fn is_shown(&self) -> bool {
        !self.interval().contains(0.0)
    }
}

/// The change of a figure and its standard error from one size to another, as a ratio.
fn change(before: &Judged, after: &Judged, figure: fn(&Judged) -> (f64, f64)) -> Estimate {
    // One of the sizes was chosen for being the best of several, so its figure is a little too good: of the degrees of freedom
    // that both have at least, one goes for that.
    let freedom = before.freedom().min(after.freedom()) - 1.0;
    Difference::new(figure(before), figure(after), freedom).interval()
}

fn compared(all: &[&Judged], considered: &[&Judged], chosen: Option<&Judged>, objective: Objective) -> Vec<Compared> {
    let best = considered.iter().map(|s| s.score).fold(f64::INFINITY, f64::min);
    all.iter()
        .map(|s| Compared {
            memory_size_mb: s.memory_size_mb,
            duration_ms: stats::around(s.ms, s.error, s.freedom()),
            cost: stats::around(s.cost, s.cost_error, s.freedom()),
            score_above_best: if best > 0.0 { s.score / best - 1.0 } else { 0.0 },
            above_chosen: chosen.map(|chosen| match chosen.memory_size_mb == s.memory_size_mb {
                true => Estimate::point(0.0),
                false => Difference::of_scores(chosen, s, objective).interval(),
            }),
            bimodal: s.point.shape.bimodal,
            heavy_tailed: s.point.shape.heavy_tailed,
        })
        .collect()
}

/// Standard errors of the difference that `best` is better by, as measured.
fn standard_errors(present: &Judged, best: &Judged) -> f64 {
    let log = (present.score / best.score).ln();
    let error = stats::together(present.score_error, best.score_error);
    // Both 0, or equal and known exactly.
    if log.is_nan() || log == 0.0 { 0.0 } else { log / error }
}

/// Whether the present size is to be left for the best one: by more than is of no interest, and with a fair probability.
fn is_worth_moving(present: &Judged, best: &Judged) -> bool {
    present.score > best.score * (1.0 + TOLERANCE)
        && present.settled > best.settled * (1.0 + WORTH_MOVING)
        && standard_errors(present, best) >= LIKELY
}

/// The size to use: the present one where that is `kept`, else the best, or one that serves the objective as well and is better
/// in the other respect: cheaper at the same speed. For cost the fastest of equal sizes is taken even where the present one
/// is among them.
fn choose<'a>(
    kept: Option<&'a Judged>,
    best: &'a Judged,
    sizes: &[&'a Judged],
    assessment: &Assessment,
    question: &Question,
) -> &'a Judged {
    let plain = kept.unwrap_or(best);
    let equal = sizes
        .iter()
        .copied()
        .filter(|s| is_equal(s, best, sizes, assessment, question));
    if question.objective.axis() == Axis::Cost {
        let is_clearly_faster = |s: &&Judged| {
            let change = change(plain, s, |s| (s.ms, s.error));
            kept.is_none() || change.value < -CLEAR_GAIN && change.high.is_some_and(|high| high < 0.0)
        };
        let fastest = equal.filter(is_clearly_faster).min_by(|a, b| a.ms.total_cmp(&b.ms));
        return fastest.unwrap_or(plain);
    }
    // Where sizes are as fast as each other the present one stays.
    kept.or_else(|| equal.min_by(|a, b| a.cost.total_cmp(&b.cost)))
        .unwrap_or(plain)
}

/// Whether a size serves the objective as well as the best one: as measured, or, where measuring can't tell them apart, as
/// the model has it.
fn is_equal(size: &Judged, best: &Judged, sizes: &[&Judged], assessment: &Assessment, question: &Question) -> bool {
    if size.score <= best.score * (1.0 + TOLERANCE) {
        return true;
    }
    let Some(fit) = assessment.curve.simplest().filter(|fit| fit.is_close()) else {
        return false;
    };
    let expected = |s: &Judged| {
        let ms = fit.model.at(f64::from(s.memory_size_mb));
        assessment.score_at(s.memory_size_mb, ms, question)
    };
    let least = sizes.iter().map(|s| expected(s)).fold(f64::INFINITY, f64::min);
    expected(size) <= least * (1.0 + EQUAL)
        && size.score <= best.score * (1.0 + NEAR)
        && standard_errors(size, best) < APART
}

/// A size that is much better in the other respect for a little more.
fn alternative(chosen: &Judged, sizes: &[&Judged], objective: Objective) -> Option<Alternative> {
    let offers = sizes
        .iter()
        .filter(|s| s.memory_size_mb != chosen.memory_size_mb)
        .filter(|s| s.keeps_limits())
        .map(|s| beside(chosen, s));
    let is_worth_it = |price: &Estimate, gain: &Estimate| {
        price.value <= LITTLE_MORE && gain.value < -MUCH_BETTER && gain.high.is_some_and(|high| high < 0.0)
    };
    match objective.axis() {
        Axis::Cost => offers
            .filter(|o| is_worth_it(&o.cost_change, &o.duration_change))
            .min_by(|a, b| a.duration_change.value.total_cmp(&b.duration_change.value)),
        Axis::Duration => offers
            .filter(|o| is_worth_it(&o.duration_change, &o.cost_change))
            .min_by(|a, b| a.cost_change.value.total_cmp(&b.cost_change.value)),
        Axis::Both { .. } => None,
    }
}

/// The best of the sizes that are shown to keep every limit.
fn surely_kept(chosen: &Judged, sizes: &[&Judged]) -> Option<Alternative> {
    let keeping: Vec<&Judged> = sizes.iter().copied().filter(|s| s.keeps_limits()).collect();
    least(&keeping, |s| (s.score, s.cost)).map(|s| beside(chosen, s))
}

/// Another size, compared with the one to use.
fn beside(chosen: &Judged, other: &Judged) -> Alternative {
    Alternative {
        memory_size_mb: other.memory_size_mb,
        duration_change: change(chosen, other, |s| (s.ms, s.error)),
        cost_change: change(chosen, other, |s| (s.cost, s.cost_error)),
    }
}

/// Why a limit that is shown to be broken rules a size out.
fn broken(size: &Judged) -> Option<ExclusionReason> {
    size.broken().map(|broken| ExclusionReason::AboveLimit {
        constraint: broken.constraint,
        value: broken.value,
        limit: broken.limit,
    })
}

/// The size that breaks limits by least.
fn closest(sizes: &[&Judged]) -> Option<Closest> {
    sizes
        .iter()
        .filter_map(|size| {
            size.broken().map(|broken| Closest {
                memory_size_mb: size.memory_size_mb,
                constraint: broken.constraint,
                value: broken.value,
                limit: broken.limit,
            })
        })
        .min_by(|a, b| (a.value / a.limit).total_cmp(&(b.value / b.limit)))
}

fn below_floor(size: &Judged, floor_mb: Option<u32>) -> Option<ExclusionReason> {
    let floor_mb = floor_mb.filter(|&floor| size.memory_size_mb < floor)?;
    Some(ExclusionReason::BelowFloor { floor_mb })
}

fn too_tight(size: &Judged, headroom: f64) -> Option<ExclusionReason> {
    let used_mb = size.used_mb.filter(|_| size.is_too_tight)?;
    Some(ExclusionReason::TooLittleHeadroom { used_mb, headroom })
}

fn plateau(sizes: &[&Judged]) -> impl Fn(&Judged) -> Option<ExclusionReason> + use<> {
    /// What costs so many times as much must be faster for sure: by this many errors of the gain.
    const DEAR: f64 = 2.0;
    const SURE: f64 = 1.3;
    let one_vcpu = crate::MemorySize::ONE_VCPU.mb();
    let below = sizes
        .iter()
        .filter(|s| s.memory_size_mb <= one_vcpu)
        .min_by(|a, b| a.score.total_cmp(&b.score))
        .map(|s| (s.score, s.score_error, s.cost));
    move |s| {
        let (ms, error, cost) = below.filter(|_| s.memory_size_mb > one_vcpu)?;
        let is_sure = (ms / s.score).ln() > SURE * stats::together(s.score_error, error);
        let gains = s.score <= ms * (1.0 - PLATEAU_GAIN) && (is_sure || s.cost < DEAR * cost);
        (!gains).then_some(ExclusionReason::NotFasterThanOneVcpu {
            one_vcpu_mb: one_vcpu,
            least_gain: PLATEAU_GAIN,
        })
    }
}

fn exclude(sizes: &mut Vec<&Judged>, excluded: &mut Vec<Exclusion>, why: impl Fn(&Judged) -> Option<ExclusionReason>) {
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
    why: impl Fn(&Judged) -> Option<ExclusionReason>,
) {
    if sizes.iter().any(|s| why(s).is_none()) {
        exclude(sizes, excluded, why);
    }
}
