//! Statements against the truth.

use tuner_core::{Axis, Constraint, InvocationRecord, Objective, Question, StartKind};

use crate::cases::RANGE_MB;
use crate::function::Truth;
use crate::said::{Answer, By, Said, Statement};
use crate::tuning::{Asked, Tuned};

/// "The same" is false where the difference is more than this.
pub const MARGIN: f64 = 0.03;
/// Elsewhere, differences up to this are nobody's business.
const SLIGHT: f64 = 0.01;
/// A size that would be so much better than the present one must be found.
const WORTH_FINDING: f64 = 0.9;
/// Shown figures are means of what was measured, but for what rounding in between may do.
const ROUNDING: f64 = 1e-6;

/// A statement that is not so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wrong {
    /// A false order.
    Less,
    /// A size is called the best, and another that was measured is better by more than the margin.
    Best,
    /// A false order that nothing is said about but by naming the best.
    NoBetter,
    Same,
    NoneKeeps,
    Kept,
    Broken,
    /// A mean that is not the mean of what was measured.
    Mean,
    /// Two views show different means.
    Views,
    /// Payloads that were asked for are called two groups.
    Bimodal,
}

impl Wrong {
    pub const ALL: [Self; 10] = [
        Self::Less,
        Self::Best,
        Self::Same,
        Self::NoneKeeps,
        Self::Kept,
        Self::Broken,
        Self::NoBetter,
        Self::Mean,
        Self::Views,
        Self::Bimodal,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Less => "order",
            Self::Best => "best",
            Self::NoBetter => "implied",
            Self::Same => "same",
            Self::NoneKeeps => "no size",
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Mean => "means",
            Self::Views => "views",
            Self::Bimodal => "bimodal",
        }
    }

    /// Whether it is a statement, rather than a figure.
    pub const fn is_statement(self) -> bool {
        !matches!(self, Self::Mean | Self::Views | Self::Bimodal)
    }

    /// Whether it makes a sentence false. That a limit is kept is said with its probability; the others are faults of tables.
    pub const fn in_sentence(self) -> bool {
        matches!(
            self,
            Self::Less | Self::Best | Self::Same | Self::NoneKeeps | Self::Kept | Self::Broken
        )
    }
}

/// How a tuning did.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What is wrong, and how.
    pub wrong: Vec<(Wrong, String)>,
    /// How many statements were made.
    pub statements: usize,
    pub invocations: f64,
    /// Cost of exploring, in invocations at the cheapest size that works.
    pub best_invocations: f64,
    /// How much worse the chosen size is than the best that keeps the limit, in %. Absent where none was chosen.
    pub regret_pct: Option<f64>,
    /// The chosen size breaks the limit, though some size keeps it.
    pub breaks_limit: bool,
    /// Where another size is a tenth better than the present one: whether a better one was chosen.
    pub decided: Option<bool>,
    /// Whether true cost (or score) rises by more than 1 %.
    pub raises: Option<(bool, bool)>,
    /// Whether the 95 % interval of mean duration, mean cost and the changes of both hold the truth.
    pub ms_covered: Option<bool>,
    pub cost_covered: Option<bool>,
    pub changes_covered: Vec<bool>,
    /// Saving claimed less the true one, in points.
    pub claimed_minus_true: Option<f64>,
    /// How likely the next best size was said to be better, and whether it is: 1, 0, or a half where they are equal.
    pub runner_up: Option<(f64, f64)>,
    /// The same of the size chosen and the present one.
    pub better: Option<(f64, f64)>,
    /// How likely sizes were said to keep the limit, and whether they do.
    pub limits: Vec<(f64, f64)>,
}

/// The sizes at which truth is looked up, in MB.
fn sizes(measured: &[u32]) -> Vec<u32> {
    let (first, last) = RANGE_MB;
    let fine = (first..=3008).step_by(64);
    let coarse = (3072..=last).step_by(256);
    let mut all: Vec<u32> = fine.chain(coarse).chain([1769, last]).collect();
    all.extend(measured);
    all.sort_unstable();
    all.dedup();
    all
}

/// The truth as the question sees it.
pub struct Judge<'a> {
    truth: &'a Truth<'a>,
    asked: Asked,
    sizes: Vec<u32>,
    scale: (f64, f64),
    least_cost: f64,
}

impl<'a> Judge<'a> {
    pub fn new(truth: &'a Truth<'a>, asked: Asked, measured: &[u32]) -> Self {
        let question = Question::plain(asked.objective, truth.rate, RANGE_MB);
        let least = question.least_memory_mb(truth.function.used_mb.ceil() as u32);
        let mut all = sizes(measured);
        all.retain(|&mb| truth.function.works_at(mb) && (mb >= least || RANGE_MB.1 < least));
        let most = |value: &dyn Fn(u32) -> f64| all.iter().map(|&mb| value(mb)).fold(0.0, f64::max);
        let scale = (most(&|mb| truth.cost(mb)), most(&|mb| truth.ms(mb)));
        let least_cost = all.iter().map(|&mb| truth.cost(mb)).fold(f64::INFINITY, f64::min);
        Self {
            truth,
            asked,
            sizes: all,
            scale,
            least_cost,
        }
    }

    pub fn score(&self, mb: u32) -> f64 {
        let (cost, ms) = (self.truth.cost(mb), self.truth.ms(mb));
        match self.asked.objective {
            Objective::Cost => cost,
            Objective::Speed => ms,
            Objective::Balanced { cost_weight } => {
                cost_weight * cost / self.scale.0 + (1.0 - cost_weight) * ms / self.scale.1
            }
        }
    }

    /// 1 if the first size is better than the second, 0 if it is worse, and a half if they are equal.
    fn is_better(&self, mb: u32, than_mb: u32) -> f64 {
        const EQUAL: f64 = 1e-4;
        let log = (self.score(than_mb) / self.score(mb)).ln();
        if log.abs() < EQUAL {
            0.5
        } else {
            f64::from(u8::from(log > 0.0))
        }
    }

    fn figure(&self, by: By, mb: u32) -> f64 {
        match by {
            By::Score => self.score(mb),
            By::Cost => self.truth.cost(mb),
            By::Duration => self.truth.ms(mb),
        }
    }

    /// What `constraint` limits at a size, against the limit, as a ratio.
    fn of_limit(&self, constraint: Constraint, mb: u32) -> f64 {
        let value = match constraint {
            Constraint::Duration { statistic, .. } => match statistic.quantile() {
                Some(q) => self.truth.quantile_ms(mb, q),
                None => self.truth.ms(mb),
            },
            Constraint::CostPerMillion { .. } => self.truth.cost(mb) * 1e6,
            Constraint::CostAboveCheapest { max_pct } => {
                return self.truth.cost(mb) / (self.least_cost * (1.0 + max_pct / 100.0));
            }
        };
        value / constraint.limit()
    }

    /// How far from its limit a figure must be to be surely on one side: truth about tails is drawn too.
    fn clearance(constraint: Constraint) -> f64 {
        match constraint {
            Constraint::Duration { statistic, .. } if statistic.quantile().is_some() => MARGIN,
            _ => SLIGHT,
        }
    }

    /// Sizes that keep the limit.
    fn allowed(&self) -> Vec<u32> {
        let keeps = |mb: &u32| self.asked.constraint.is_none_or(|c| self.of_limit(c, *mb) <= 1.0);
        self.sizes.iter().copied().filter(keeps).collect()
    }

    /// How a statement is false, if it is.
    fn falsehood(&self, statement: Statement, tried: &[u32], considered: &[u32]) -> Option<(Wrong, String)> {
        let percent = |a: f64, b: f64| format!("{:+.1} %", 100.0 * (a / b - 1.0));
        match statement {
            Statement::Less(by, less, more) => {
                let (a, b) = (self.figure(by, less), self.figure(by, more));
                (a >= b).then(|| {
                    let text = format!("{less} MB has less {by:?} than {more} MB; it has {}", percent(a, b));
                    (Wrong::Less, text)
                })
            }
            Statement::NoBetter(chosen, other) => {
                let (a, b) = (self.score(chosen), self.score(other));
                (b < a * (1.0 - SLIGHT)).then(|| {
                    let text = format!("{other} MB is no better than {chosen} MB; it has {}", percent(b, a));
                    (Wrong::NoBetter, text)
                })
            }
            Statement::Best(chosen) => {
                let best = considered.iter().copied().map(|mb| (self.score(mb), mb));
                let best = best.min_by(|a, b| a.0.total_cmp(&b.0))?;
                let a = self.score(chosen);
                (best.0 * (1.0 + MARGIN) < a).then(|| {
                    let text = format!("{chosen} MB is the best; {} MB has {}", best.1, percent(best.0, a));
                    (Wrong::Best, text)
                })
            }
            Statement::Same(by, chosen, other) => {
                let (a, b) = (self.figure(by, chosen), self.figure(by, other));
                ((b / a).ln().abs() > (1.0 + MARGIN).ln()).then(|| {
                    let text = format!("{other} MB has as much {by:?} as {chosen} MB; it has {}", percent(b, a));
                    (Wrong::Same, text)
                })
            }
            Statement::Kept(mb, constraint) => {
                let of = self.of_limit(constraint, mb);
                (of > 1.0 + Self::clearance(constraint))
                    .then(|| (Wrong::Kept, format!("{mb} MB keeps {constraint}; it is {of:.2} of it")))
            }
            Statement::Broken(mb, constraint) => {
                let of = self.of_limit(constraint, mb);
                (of < 1.0 - Self::clearance(constraint)).then(|| {
                    (
                        Wrong::Broken,
                        format!("{mb} MB breaks {constraint}; it is {of:.2} of it"),
                    )
                })
            }
            Statement::NoneKeeps { all } => {
                let constraint = self.asked.constraint?;
                let meant = if all { self.sizes.as_slice() } else { tried };
                let keeps = meant
                    .iter()
                    .copied()
                    .map(|mb| (self.of_limit(constraint, mb), mb))
                    .min_by(|a, b| a.0.total_cmp(&b.0))
                    .filter(|best| best.0 < 1.0 - Self::clearance(constraint));
                keeps.map(|(of, mb)| {
                    let text = format!("no size keeps {constraint}, tried {tried:?}; {mb} MB is {of:.2} of it");
                    (Wrong::NoneKeeps, text)
                })
            }
        }
    }

    pub fn judge(&self, tuned: &Tuned, said: &Said) -> Judged {
        let tried: Vec<u32> = said.figures.iter().map(|f| f.mb).collect();
        let mut wrong: Vec<(Wrong, String)> = said
            .statements
            .iter()
            .filter_map(|&statement| self.falsehood(statement, &tried, &said.considered))
            .collect();
        wrong.extend(self.wrong_figures(tuned, said));
        let allowed = self.allowed();
        let best = allowed.iter().map(|&mb| self.score(mb)).fold(f64::INFINITY, f64::min);
        let chosen = said.chosen_mb;
        let present = self.asked.present_mb;
        let cost: f64 = tuned.records.iter().map(|r| self.bill(r)).sum();
        let change = chosen.zip(present).filter(|(chosen, present)| chosen != present);
        let true_change =
            |by: By| change.map(|(chosen, present)| self.figure(by, chosen) / self.figure(by, present) - 1.0);
        let changes: Vec<(By, tuner_core::Estimate, f64)> = said
            .changes
            .into_iter()
            .flat_map(|(ms, cost)| [(By::Duration, ms), (By::Cost, cost)])
            .filter_map(|(by, claimed)| Some((by, claimed, true_change(by)?)))
            .collect();
        let claimed_by = match self.asked.objective.axis() {
            Axis::Duration => By::Duration,
            Axis::Cost | Axis::Both { .. } => By::Cost,
        };
        let breaks = |mb: u32| {
            let clearance = |c| 1.0 + Self::clearance(c);
            self.asked
                .constraint
                .is_some_and(|c| self.of_limit(c, mb) > clearance(c))
        };
        Judged {
            statements: said.statements.len(),
            invocations: tuned.records.len() as f64,
            best_invocations: cost / self.least_cost,
            regret_pct: chosen
                .filter(|_| best.is_finite())
                .map(|mb| 100.0 * (self.score(mb) / best - 1.0).max(0.0)),
            breaks_limit: !allowed.is_empty() && chosen.is_some_and(breaks),
            decided: present
                .filter(|&mb| !breaks(mb) && best <= WORTH_FINDING * self.score(mb))
                .map(|present| {
                    said.answer == Answer::Moves && chosen.is_some_and(|mb| self.score(mb) < self.score(present))
                }),
            raises: chosen.zip(present).map(|(chosen, present)| {
                let raises = |by| self.figure(by, chosen) > (1.0 + SLIGHT) * self.figure(by, present);
                (raises(By::Cost), raises(By::Score))
            }),
            ms_covered: chosen.and_then(|mb| Some(said.figures(mb)?.ms.contains(self.truth.ms(mb)))),
            cost_covered: chosen.and_then(|mb| Some(said.figures(mb)?.cost.contains(self.truth.cost(mb)))),
            changes_covered: changes.iter().map(|(_, claimed, is)| claimed.contains(*is)).collect(),
            claimed_minus_true: changes
                .iter()
                .find(|(by, ..)| *by == claimed_by)
                .map(|(_, claimed, is)| 100.0 * (is - claimed.value)),
            runner_up: said
                .runner_up
                .zip(chosen)
                .map(|((mb, probability), chosen)| (probability, self.is_better(mb, chosen))),
            better: said
                .better
                .zip(change)
                .map(|(probability, (chosen, present))| (probability, self.is_better(chosen, present))),
            limits: said
                .limits
                .iter()
                .map(|&(mb, constraint, probability)| {
                    (probability, f64::from(u8::from(self.of_limit(constraint, mb) <= 1.0)))
                })
                .collect(),
            wrong,
        }
    }

    fn bill(&self, record: &InvocationRecord) -> f64 {
        let billed = record.billed_duration_ms.unwrap_or_default();
        self.truth.rate.cost(record.memory_size_mb, billed as f64)
    }

    fn wrong_figures(&self, tuned: &Tuned, said: &Said) -> Vec<(Wrong, String)> {
        let mut wrong = Vec::new();
        for shown in &said.figures {
            let mb = shown.mb;
            let means = |of: &dyn Fn(&InvocationRecord) -> f64| means(tuned, mb, of);
            let ms = means(&|r| r.performance_ms().unwrap_or_default());
            let cost = means(&|r| self.bill(r));
            for (what, shown, measured) in [("ms", shown.ms.value, ms), ("USD", shown.cost.value, cost)] {
                let Some((plain, weighted)) = measured else { continue };
                if ![plain, weighted]
                    .iter()
                    .any(|mean| (shown / mean - 1.0).abs() < ROUNDING)
                {
                    let text = format!(
                        "{mb} MB takes {shown:.4e} {what}; measured were {plain:.4e}, {weighted:.4e} by payload"
                    );
                    wrong.push((Wrong::Mean, text));
                }
            }
            if let Some((ms, cost)) = shown.elsewhere {
                for (what, here, there) in [("ms", shown.ms.value, ms), ("USD", shown.cost.value, cost)] {
                    if (here / there - 1.0).abs() > ROUNDING {
                        let text = format!("{mb} MB takes {here:.4e} {what} here and {there:.4e} {what} there");
                        wrong.push((Wrong::Views, text));
                    }
                }
            }
            if shown.bimodal && self.truth.function.works.len() > 1 {
                wrong.push((Wrong::Bimodal, format!("{mb} MB is bimodal")));
            }
        }
        wrong
    }
}

/// The mean of a figure of the warm invocations at `mb`, plain, and by payload with the shares asked for.
fn means(tuned: &Tuned, mb: u32, of: &dyn Fn(&InvocationRecord) -> f64) -> Option<(f64, f64)> {
    let warm: Vec<&InvocationRecord> = tuned
        .records
        .iter()
        .filter(|r| r.memory_size_mb == mb && r.is_measured() && r.start == Some(StartKind::Warm))
        .collect();
    let mean = |records: &[&InvocationRecord]| {
        let sum: f64 = records.iter().map(|r| of(r)).sum();
        (!records.is_empty()).then(|| sum / records.len() as f64)
    };
    let plain = mean(&warm)?;
    let (mut sum, mut shares) = (0.0, 0.0);
    for (payload, share) in tuned.question.payload_shares.iter().enumerate() {
        let of_it: Vec<&InvocationRecord> = warm
            .iter()
            .copied()
            .filter(|r| r.payload_index == Some(payload as u32))
            .collect();
        if let Some(mean) = mean(&of_it) {
            sum += share * mean;
            shares += share;
        }
    }
    Some((plain, if shares > 0.0 { sum / shares } else { plain }))
}
