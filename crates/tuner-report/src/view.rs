//! What every format shows of a tuning: its rows, in the start that was compared and in one unit of cost.

use tuner_core::decision::Compared;
use tuner_core::pricing::{Currency, PriceQuote};
use tuner_core::tuning::{MeasuringEnvironment, Series, SizeResult, SizeStatus};
use tuner_core::{Distribution, Estimate, Outcome, StartKind, Tuning, Verdict};

pub(crate) use crate::cost_unit::CostUnit;

/// Cost is shown per so many invocations.
const PER: f64 = 1e6;

/// Every way an invocation can end without being a measurement.
pub(crate) const NOT_MEASURED: [Outcome; 6] = [
    Outcome::OutOfMemory,
    Outcome::Timeout,
    Outcome::InitError,
    Outcome::FunctionError,
    Outcome::Throttled,
    Outcome::Unmeasured,
];

/// A tuning, seen as a table.
pub(crate) struct View<'a> {
    pub(crate) tuning: &'a Tuning,
    /// The start that durations and costs are of.
    pub(crate) start: StartKind,
    /// What cost is counted in.
    pub(crate) unit: CostUnit,
    /// Ascending by memory size.
    pub(crate) rows: Vec<Row<'a>>,
}

/// One memory size.
pub(crate) struct Row<'a> {
    pub(crate) mb: u32,
    pub(crate) size: &'a SizeResult,
    pub(crate) is_chosen: bool,
    pub(crate) is_present: bool,
    /// What was measured, if the size can be chosen.
    pub(crate) measured: Option<Measured<'a>>,
    /// What the decision went by.
    pub(crate) compared: Option<&'a Compared>,
}

/// What was measured at one size.
pub(crate) struct Measured<'a> {
    /// Durations as they were measured.
    pub(crate) duration: &'a Distribution,
    /// Mean duration in ms, as sizes are compared by it: with the share of cold starts that was asked for, and an interval
    /// that all sizes have a say in.
    pub(crate) mean: Estimate,
    /// Mean cost per million invocations, likewise.
    pub(crate) cost: Estimate,
}

impl Measured<'_> {
    /// Of fewer invocations the 95th percentile is the longest of them, and so is the 99th: one of each is above it.
    const ENOUGH_FOR_P95: u32 = 20;
    const ENOUGH_FOR_P99: u32 = 100;

    /// Whether there are too few invocations for a 95th percentile of their own.
    pub(crate) const fn is_few(&self) -> bool {
        self.duration.count < Self::ENOUGH_FOR_P95
    }

    /// The 95th percentile, where there are enough invocations for one.
    pub(crate) fn p95(&self) -> Option<Estimate> {
        (!self.is_few()).then_some(self.duration.p95)
    }

    /// The 99th percentile, likewise.
    pub(crate) fn p99(&self) -> Option<Estimate> {
        (self.duration.count >= Self::ENOUGH_FOR_P99).then_some(self.duration.p99)
    }

    /// As far up as durations reach: to p95, or to the longest of few.
    pub(crate) const fn upper(&self) -> f64 {
        if self.is_few() {
            self.duration.max
        } else {
            self.duration.p95.value
        }
    }
}

/// What the report uses of a price quote: all that is known of that type here.
pub(crate) struct PriceBasis<'a> {
    pub(crate) region: &'a str,
    pub(crate) architecture: &'static str,
    pub(crate) currency: Currency,
    pub(crate) estimated: bool,
}

fn price_basis(quote: &PriceQuote) -> PriceBasis<'_> {
    PriceBasis {
        region: &quote.region,
        architecture: quote.architecture.as_str(),
        currency: quote.currency,
        estimated: quote.estimated,
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(tuning: &'a Tuning) -> Self {
        let start = tuning.start();
        let unit = cost_unit(tuning, start);
        let decision = &tuning.decision;
        let present_mb = tuning.function.memory_size_mb;
        let mut rows: Vec<Row<'a>> = tuning
            .sizes
            .iter()
            .map(|size| {
                let mb = size.memory_size_mb;
                let compared = decision.compared.iter().find(|c| c.memory_size_mb == mb);
                Row {
                    mb,
                    size,
                    is_chosen: decision.memory_size_mb == Some(mb),
                    is_present: present_mb == Some(mb),
                    measured: measured(size, compared, start, unit),
                    compared,
                }
            })
            .collect();
        rows.sort_by_key(|row| row.mb);
        Self {
            tuning,
            start,
            unit,
            rows,
        }
    }

    /// Rows that were measured.
    pub(crate) fn measured(&self) -> impl Iterator<Item = (&Row<'a>, &Measured<'a>)> {
        self.rows.iter().filter_map(|row| Some((row, row.measured.as_ref()?)))
    }

    /// The row of a size, and what was measured there.
    pub(crate) fn at(&self, mb: u32) -> Option<(&Row<'a>, &Measured<'a>)> {
        self.measured().find(|(row, _)| row.mb == mb)
    }

    pub(crate) fn present(&self) -> Option<(&Row<'a>, &Measured<'a>)> {
        self.at(self.tuning.function.memory_size_mb?)
    }

    pub(crate) fn chosen(&self) -> Option<(&Row<'a>, &Measured<'a>)> {
        self.at(self.tuning.decision.memory_size_mb?)
    }

    /// The size the present one is best compared with: the chosen one, or where that is the present one, what else would
    /// do as well; where none keeps the constraints, the one that is closest to it.
    pub(crate) fn compared(&self) -> Option<(&Row<'a>, &Measured<'a>)> {
        if let Some(other) = self.chosen().filter(|(row, _)| !row.is_present) {
            return Some(other);
        }
        let decision = &self.tuning.decision;
        let tied = || {
            decision
                .tied_mb
                .iter()
                .filter_map(|&mb| self.at(mb))
                .filter(|(row, _)| !row.is_chosen)
        };
        let closest = || self.at(decision.closest.as_ref()?.memory_size_mb);
        self.alternative()
            .or_else(closest)
            .or_else(|| tied().next().filter(|_| decision.verdict == Verdict::NoClearWinner))
    }

    /// A size that is much better in the other respect for a little more, or one that is shown to keep the limits.
    fn alternative(&self) -> Option<(&Row<'a>, &Measured<'a>)> {
        self.at(self.tuning.decision.alternative?.memory_size_mb)
    }

    pub(crate) fn price(&self) -> Option<PriceBasis<'_>> {
        self.tuning.price.as_ref().map(price_basis)
    }

    pub(crate) const fn is_local(&self) -> bool {
        matches!(self.tuning.environment, MeasuringEnvironment::Local { .. })
    }

    /// Whether money in it is an estimate: the price is, or the billed durations are another processor's.
    pub(crate) fn is_estimate(&self) -> bool {
        matches!(self.unit, CostUnit::Money(_)) && (self.is_local() || self.price().is_some_and(|p| p.estimated))
    }

    /// The size above which sizes cannot be told apart here.
    pub(crate) const fn largest_distinct_mb(&self) -> Option<u32> {
        match self.tuning.environment {
            MeasuringEnvironment::Local {
                cpu_limited: true,
                largest_distinct_memory_mb,
                ..
            } => Some(largest_distinct_memory_mb),
            _ => None,
        }
    }

    /// Share of cold starts in what is compared, if any.
    pub(crate) fn cold_share(&self) -> Option<f64> {
        let share = self.tuning.request.options.cold_share;
        (share > 0.0 && self.start == StartKind::Warm).then_some(share)
    }

    /// The lowest mean cost of all sizes, per million invocations.
    pub(crate) fn lowest_cost(&self) -> Option<f64> {
        self.measured().map(|(_, m)| m.cost.value).min_by(f64::total_cmp)
    }

    /// Monthly cost at the volume that was given.
    pub(crate) fn monthly(&self, cost_per_million: f64) -> Option<f64> {
        Some(cost_per_million / PER * self.tuning.request.options.monthly_invocations?)
    }

    /// Durations of the invocations measured at one size, in the order made.
    pub(crate) fn raw_durations(&self, mb: u32) -> impl Iterator<Item = f64> {
        self.tuning
            .records
            .iter()
            .filter(move |r| r.memory_size_mb == mb && r.is_measured())
            .filter(|r| r.start.unwrap_or(StartKind::Warm) == self.start)
            .filter_map(tuner_core::InvocationRecord::performance_ms)
    }
}

impl Row<'_> {
    /// The class of failure, if the size failed.
    pub(crate) const fn failure(&self) -> Option<Outcome> {
        match self.size.status {
            SizeStatus::Failed { outcome } => Some(outcome),
            _ => None,
        }
    }

    /// Why it was not run, if so.
    pub(crate) fn skipped(&self) -> Option<&str> {
        match &self.size.status {
            SizeStatus::Skipped { reason } => Some(reason),
            _ => None,
        }
    }

    /// Share of the memory size in use at most.
    pub(crate) fn memory_share(&self) -> Option<f64> {
        Some(f64::from(self.size.max_memory_used_mb?) / f64::from(self.mb.max(1)))
    }

    /// How many invocations ended as the failure class says, of how many.
    pub(crate) fn failure_count(&self) -> Option<(u64, u64)> {
        Some((self.ended(self.failure()?), self.failures().1))
    }

    /// How many invocations were no measurement, of how many.
    pub(crate) fn failures(&self) -> (u64, u64) {
        let failed: u64 = NOT_MEASURED.iter().map(|&outcome| self.ended(outcome)).sum();
        (failed, failed + self.ended(Outcome::Success))
    }

    /// How many ended so; wide enough to add up.
    pub(crate) fn ended(&self, outcome: Outcome) -> u64 {
        self.size.outcomes.of(outcome).into()
    }
}

/// How a kind of start is called.
pub(crate) const fn start_word(start: StartKind) -> &'static str {
    match start {
        StartKind::Warm => "warm",
        StartKind::Cold => "cold",
        StartKind::Restored => "restored",
    }
}

fn measured<'a>(
    size: &'a SizeResult,
    compared: Option<&Compared>,
    start: StartKind,
    unit: CostUnit,
) -> Option<Measured<'a>> {
    if size.status != SizeStatus::Measured {
        return None;
    }
    let series = size.series(start)?;
    let cost = match unit {
        CostUnit::Money(_) => series.cost?.per_invocation,
        CostUnit::GbSeconds => series.gb_seconds,
    };
    Some(Measured {
        duration: &series.duration_ms,
        mean: compared.map_or(series.duration_ms.mean, |c| c.duration_ms),
        cost: compared.map_or(cost, |c| c.cost).scaled(PER),
    })
}

/// Money only if all sizes have it, in one currency: figures in two units cannot stand side by side.
fn cost_unit(tuning: &Tuning, start: StartKind) -> CostUnit {
    let of = |size: &SizeResult| {
        size.series(start)
            .map(|series: &Series| series.cost.map(|c| c.currency))
    };
    let mut units = tuning
        .sizes
        .iter()
        .filter(|s| s.status == SizeStatus::Measured)
        .filter_map(of);
    let Some(first) = units.next() else {
        return tuning.price.as_ref().map_or(CostUnit::GbSeconds, |quote| {
            CostUnit::Money(price_basis(quote).currency)
        });
    };
    match first {
        Some(currency) if units.all(|u| u == Some(currency)) => CostUnit::Money(currency),
        _ => CostUnit::GbSeconds,
    }
}
