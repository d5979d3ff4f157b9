//! How sure it is that a memory size keeps a limit.

use statrs::distribution::{Beta, ContinuousCDF};
use statrs::function::beta::ln_beta;

use super::{Judged, Limit, Measured, Question};
use crate::{Constraint, Statistic, stats};

/// Every limit that `question` sets, at `size`, which is one of `sizes`.
pub(super) fn of(size: &Judged, measured: &Measured, sizes: &[Judged], question: &Question) -> Vec<Limit> {
    let limit = |&constraint: &Constraint| {
        let (value, limit, probability_kept) = match constraint {
            Constraint::Duration { statistic, max_ms } => {
                let (value, probability) = duration(statistic, max_ms, size, measured, question);
                (value, max_ms, probability)
            }
            Constraint::CostAboveCheapest { max_pct } => {
                let allowed = 1.0 + max_pct / 100.0;
                let cheapest = sizes.iter().map(|s| s.cost).fold(size.cost, f64::min);
                // Any of the others may truly be the cheapest.
                let others = sizes.iter().filter(|s| s.memory_size_mb != size.memory_size_mb);
                let probability = others
                    .map(|other| {
                        let error = stats::together(own_cost_error(size), own_cost_error(other));
                        below(
                            size.cost,
                            other.cost * allowed,
                            error,
                            size.freedom().min(other.freedom()),
                        )
                    })
                    .fold(1.0, f64::min);
                (size.cost, cheapest * allowed, probability)
            }
            Constraint::CostPerMillion { max } => {
                let value = size.cost * 1e6;
                (value, max, below(value, max, own_cost_error(size), size.freedom()))
            }
        };
        Limit {
            constraint,
            value,
            limit,
            probability_kept,
        }
    };
    question.constraints.iter().map(limit).collect()
}

/// Without what environments differ by from one another: a limit is about the function as it was measured, and no number of
/// invocations would ever show that one is kept that is a few per cent away.
fn own_cost_error(size: &Judged) -> f64 {
    size.cost_error * (size.point.error / size.error).min(1.0)
}

/// The probability that what was measured as `value`, with a standard error as a share, is at most `limit`.
fn below(value: f64, limit: f64, error: f64, freedom: f64) -> f64 {
    if error <= 0.0 || value <= 0.0 {
        return if value <= limit { 1.0 } else { 0.0 };
    }
    stats::t_below((limit / value).ln() / error, freedom)
}

fn duration(statistic: Statistic, max_ms: f64, size: &Judged, measured: &Measured, question: &Question) -> (f64, f64) {
    let Some(q) = statistic.quantile() else {
        let error = match question.cold_share > 0.0 {
            true => size.error,
            false => size.point.error,
        };
        return (size.ms, below(size.ms, max_ms, error, size.freedom()));
    };
    let sent = Sent::of(measured, &question.payload_shares);
    let value = sent.quantile(q, size, statistic);
    (value, sent.keeps(q, max_ms, size))
}

/// Durations with their weights: of several payloads, each by its share.
struct Sent {
    /// Ascending by duration, in ms; weights sum up to 1.
    durations: Vec<(f64, f64)>,
    several: bool,
}

impl Sent {
    fn of(measured: &Measured, shares: &[f64]) -> Self {
        let several = shares.len() > 1;
        let count = |payload: u32| measured.samples.iter().filter(|s| s.payload == payload).count();
        let weight = |payload: u32| match several {
            true => shares.get(payload as usize).copied().unwrap_or(0.0) / count(payload) as f64,
            false => 1.0,
        };
        let mut durations: Vec<(f64, f64)> = measured.samples.iter().map(|s| (s.ms, weight(s.payload))).collect();
        durations.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = durations.iter().map(|d| d.1).sum();
        for (_, weight) in &mut durations {
            *weight /= total;
        }
        Self { durations, several }
    }

    /// The quantile. Few samples have no tail of their own: there it is that of a log-normal distribution with the scatter
    /// that the errors were made of, if that is worse.
    fn quantile(&self, q: f64, size: &Judged, statistic: Statistic) -> f64 {
        const ENOUGH: usize = 20;
        if self.several {
            return self.weighted_quantile(q);
        }
        let sorted: Vec<f64> = self.durations.iter().map(|d| d.0).collect();
        let seen = stats::quantile(&sorted, q).map_or(size.ms, |e| e.value);
        if sorted.len() >= ENOUGH || statistic == Statistic::P50 {
            return seen;
        }
        let sigma = self.sigma(size);
        seen.max(size.point.robust.ms * (stats::normal_quantile(q) * sigma - sigma * sigma / 2.0).exp())
    }

    fn weighted_quantile(&self, q: f64) -> f64 {
        let mut below = 0.0;
        for &(ms, weight) in &self.durations {
            below += weight;
            if below >= q - 1e-9 {
                return ms;
            }
        }
        self.durations.last().map_or(0.0, |d| d.0)
    }

    /// Scatter of the logarithms of single durations.
    fn sigma(&self, size: &Judged) -> f64 {
        size.point.robust.error * (self.durations.len() as f64).sqrt()
    }

    /// The probability that at most a share of 1 - `q` of all durations is above `limit`.
    ///
    /// Two explanations are weighed by how well they account for the durations above the limit that were seen: that all
    /// durations are of one log-normal kind, which few samples tell far from the limit; and that some are of another kind,
    /// so many of a hundred, of which only a count above the limit tells anything (a Beta distribution, whose first guess
    /// are six of a hundred).
    fn keeps(&self, q: f64, limit: f64, size: &Judged) -> f64 {
        const OF_ONE_KIND: f64 = 0.75;
        const SLOW_PRIOR: (f64, f64) = (1.0, 15.0);
        let n = self.durations.len() as f64;
        let share_above: f64 = self.durations.iter().filter(|d| d.0 > limit).map(|d| d.1).sum();
        let above = share_above * n;
        let (a, b) = match q {
            // Half of the durations are no rare kind.
            q if q < 0.9 => (1.0, 1.0),
            _ => SLOW_PRIOR,
        };
        let (after_a, after_b) = (a + above, b + n - above);
        let by_count = Beta::new(after_a, after_b).map_or(0.5, |beta| beta.cdf(1.0 - q));
        if self.several || size.point.shape.bimodal {
            return by_count;
        }
        let ln_count = ln_beta(after_a, after_b) - ln_beta(a, b);
        let sigma = self.sigma(size).max(1e-3);
        let middle = size.point.robust.ms.ln() - sigma * sigma / 2.0;
        let z = (limit.ln() - middle) / sigma;
        let share = (1.0 - stats::normal_below(z)).clamp(1e-6, 1.0 - 1e-6);
        let ln_one_kind = above * share.ln() + (n - above) * (1.0 - share).ln();
        let quantile_error = (1.0 / n + stats::normal_quantile(q).powi(2) / (2.0 * size.freedom())).sqrt();
        let one_kind = stats::t_below((z - stats::normal_quantile(q)) / quantile_error, size.freedom());
        let odds = (OF_ONE_KIND / (1.0 - OF_ONE_KIND)) * (ln_one_kind - ln_count).exp();
        match odds.is_finite() {
            true => (odds * one_kind + by_count) / (odds + 1.0),
            false => one_kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Assessment, Measured, Question};
    use super::*;
    use crate::Objective;
    use crate::curve::Sample;
    use crate::pricing::Rate;

    /// `fast` invocations of 100 ms or so, and `slow` ones of 400 ms.
    fn kept(fast: usize, slow: usize, statistic: Statistic, max_ms: f64) -> f64 {
        let ms = |i: usize| 98.0 + (i % 5) as f64;
        let durations = (0..fast).map(ms).chain(std::iter::repeat_n(400.0, slow));
        let measured = Measured {
            memory_size_mb: 512,
            samples: durations
                .map(|ms| Sample {
                    ms,
                    billed_ms: ms,
                    payload: 0,
                })
                .collect(),
            cold: None,
            max_memory_used_mb: None,
        };
        let question = Question {
            constraints: vec![Constraint::Duration { statistic, max_ms }],
            ..Question::plain(Objective::Cost, Rate::GB_SECONDS, (128, 10_240))
        };
        Assessment::of(&[measured], &question).sizes[0].limits[0].probability_kept
    }

    #[test]
    fn one_slow_call_shows_nothing_about_p95() {
        let p = |fast, slow| kept(fast, slow, Statistic::P95, 300.0);
        assert!((0.2..0.8).contains(&p(11, 1)), "{}", p(11, 1));
        assert!((0.85..0.95).contains(&p(59, 1)), "{}", p(59, 1));
        // Three of twelve are too many, and one of two hundred is not.
        assert!(p(9, 3) < 0.05, "{}", p(9, 3));
        assert!(p(199, 1) > 0.99, "{}", p(199, 1));
    }

    #[test]
    fn far_from_the_limit_few_calls_are_enough() {
        assert!(kept(5, 0, Statistic::P95, 300.0) > 0.85);
        assert!(kept(10, 0, Statistic::P95, 300.0) > Limit::SHOWN);
        assert!(kept(20, 0, Statistic::P99, 300.0) < Limit::SHOWN);
        assert!(kept(60, 0, Statistic::P99, 300.0) > Limit::SHOWN);
        assert!(kept(5, 0, Statistic::P50, 110.0) > Limit::SHOWN);
    }

    #[test]
    fn what_is_above_the_limit_is_shown_to_be() {
        for statistic in [Statistic::Mean, Statistic::P50, Statistic::P95, Statistic::P99] {
            assert!(kept(5, 0, statistic, 50.0) < 0.05, "{statistic}");
        }
        // A mean is one of all durations, slow ones too: 130 ms.
        assert!(kept(9, 1, Statistic::Mean, 120.0) < 0.5);
    }
}
