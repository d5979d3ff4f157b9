//! What every form of a review's report asks of the document.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tuner_core::pricing::{Confidence, Currency, Money};
use tuner_core::review::{
    Finding, FindingKind, FunctionReview, Judged, MemoryReview, Saving, SavingBasis, SizeEvidence,
};

use super::amounts::Scale;

/// From here on a function may run out of memory.
pub(crate) const RISKY_SHARE: f64 = 0.9;

/// A review with the figures of each function.
pub(crate) struct View<'a> {
    pub(crate) review: &'a MemoryReview,
    pub(crate) scale: Scale,
    /// In the review's order: what is most at stake first.
    pub(crate) rows: Vec<Row<'a>>,
    /// Whether all functions are in one region, which then need not be said with each. Found once: every row asks.
    pub(crate) is_one_region: bool,
}

/// One function.
pub(crate) struct Row<'a> {
    pub(crate) of: &'a FunctionReview,
    /// The name, with the region where others have a function of that name.
    pub(crate) label: String,
    /// Place in the ranking, from 1.
    pub(crate) rank: usize,
    /// Present size, in MB.
    pub(crate) mb: Option<u32>,
    /// The reports made at that size.
    pub(crate) present: Option<&'a SizeEvidence>,
    /// Memory used at most there, as a share of it.
    pub(crate) share: Option<f64>,
    /// What it costs.
    pub(crate) cost: Option<Money>,
    /// What its memory size and provisioned concurrency would save.
    pub(crate) saving: Option<Saving>,
    /// The day (UTC) on which the review was over.
    pub(crate) today: Date,
}

impl<'a> View<'a> {
    pub(crate) fn new(review: &'a MemoryReview) -> Self {
        Self {
            review,
            scale: if review.window.is_some() {
                Scale::Month
            } else {
                Scale::Logs
            },
            rows: rows(review),
            is_one_region: is_one_region(review),
        }
    }

    /// What amounts are of.
    pub(crate) const fn period(&self) -> &'static str {
        match self.scale {
            Scale::Month => "a month",
            Scale::Logs => "in these logs",
        }
    }

    /// The currency that sums are in.
    pub(crate) fn currency(&self) -> Option<Currency> {
        let first = || self.rows.iter().find_map(|row| row.cost);
        self.review.totals.monthly.or_else(first).map(|money| money.currency)
    }

    /// Whether something that may break is ignored.
    pub(crate) fn ignores_risk(&self) -> bool {
        let mut ignored = self.rows.iter().flat_map(|row| &row.of.ignored);
        ignored.any(|ignored| ignored.finding.kind.is_risk())
    }

    /// Those that may break, in the order of the ranking.
    pub(crate) fn risks(&self) -> impl Iterator<Item = &Row<'a>> {
        self.rows.iter().filter(|row| row.is_risk())
    }

    /// Those in the sums' currency that would save something, the most at best first.
    pub(crate) fn by_saving(&self) -> Vec<(&Row<'a>, Saving)> {
        let currency = self.currency();
        let saves = |row: &&Row<'a>| {
            row.saving
                .is_some_and(|s| s.at_best.amount > 0.0 && Some(s.at_best.currency) == currency)
        };
        let mut rows: Vec<(&Row<'a>, Saving)> = self
            .rows
            .iter()
            .filter(saves)
            .filter_map(|row| Some((row, row.saving?)))
            .collect();
        rows.sort_by(|a, b| b.1.at_best.amount.total_cmp(&a.1.at_best.amount));
        rows
    }
}

fn is_one_region(review: &MemoryReview) -> bool {
    let mut regions = review.functions.iter().map(|of| of.function.region.as_deref());
    let first = regions.next();
    regions.all(|region| Some(region) == first)
}

fn rows(review: &MemoryReview) -> Vec<Row<'_>> {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for of in &review.functions {
        *named.entry(of.function.name.name()).or_default() += 1;
    }
    let today = review.finished_at.to_zoned(TimeZone::UTC).date();
    let label = |of: &FunctionReview| {
        let name = of.function.name.name();
        let region = of.function.region.as_deref().or_else(|| of.function.name.region());
        match (named.get(name), region) {
            (Some(2..), Some(region)) => format!("{name} ({region})"),
            _ => name.to_owned(),
        }
    };
    (review.functions.iter().zip(1..))
        .map(|(of, rank)| Row::new(of, label(of), rank, today))
        .collect()
}

impl<'a> Row<'a> {
    fn new(of: &'a FunctionReview, label: String, rank: usize, today: Date) -> Self {
        let mb = of.memory_size_mb();
        let present = mb.and_then(|mb| of.evidence.at(mb));
        Self {
            of,
            label,
            rank,
            mb,
            present,
            share: present.and_then(SizeEvidence::memory_share),
            cost: of.monthly.map(|monthly| monthly.bill.total),
            saving: sum(of.savings()),
            today,
        }
    }

    /// What it costs, from the least to the most where not all of its logs could be read.
    pub(crate) fn cost_words(&self, scale: Scale) -> Option<String> {
        let least = self.cost?;
        Some(match self.of.monthly.and_then(|monthly| monthly.at_most) {
            Some(most) => scale.range(least, most),
            None => scale.amount(least),
        })
    }

    /// The plain name: no account, no region.
    pub(crate) fn name(&self) -> &'a str {
        self.of.function.name.name()
    }

    pub(crate) fn is_risk(&self) -> bool {
        self.of.findings.iter().any(|finding| finding.kind.is_risk())
    }

    /// Whether something of it is not known. To ignore that makes nothing known.
    pub(crate) fn is_gap(&self) -> bool {
        let is_told = || self.of.findings.iter().any(|finding| finding.kind.is_gap());
        self.cost.is_none() || is_told() || self.of.judged() != Judged::Fully
    }

    /// Whether nothing was found of it, ignored or not.
    pub(crate) fn is_fine(&self) -> bool {
        self.of.findings.is_empty() && self.of.ignored.is_empty()
    }

    /// What was found of it, with what is ignored as such; nothing where nothing was.
    pub(crate) fn found(&self) -> Vec<String> {
        let told = self.of.findings.iter().map(|finding| finding.kind.words().to_owned());
        let ignored = (self.of.ignored.iter()).map(|ignored| format!("{} (ignored)", ignored.finding.kind.words()));
        told.chain(ignored).collect()
    }

    pub(crate) fn saves(&self) -> bool {
        self.saving.is_some_and(|saving| saving.at_best.amount > 0.0)
    }

    /// How far the finding that matters most is to be trusted: the one that saves, else the first.
    pub(crate) fn confidence(&self) -> Option<Confidence> {
        let saves = |finding: &&Finding| finding.saving.is_some() && finding.kind != FindingKind::Arm64Candidate;
        let findings = &self.of.findings;
        findings
            .iter()
            .find(saves)
            .or_else(|| findings.first())
            .map(|finding| finding.confidence)
    }
}

/// The sum of savings in one currency, resting on the weakest of what they rest on.
fn sum<'a>(savings: impl Iterator<Item = &'a Saving>) -> Option<Saving> {
    savings.copied().fold(None, |sum: Option<Saving>, next| {
        let Some(sum) = sum else { return Some(next) };
        let (at_best, at_worst) = (
            sum.at_best.checked_add(next.at_best),
            sum.at_worst.checked_add(next.at_worst),
        );
        match (at_best, at_worst) {
            (Ok(at_best), Ok(at_worst)) => Some(Saving {
                at_best,
                at_worst,
                basis: weakest(sum.basis, next.basis),
            }),
            // A function is billed in one currency: the second can only be an error of the document.
            _ => Some(sum),
        }
    })
}

/// A price is as sure as a measurement.
fn weakest(a: SavingBasis, b: SavingBasis) -> SavingBasis {
    match (a, b) {
        (SavingBasis::Price, other) | (other, SavingBasis::Price) => other,
        _ => a.min(b),
    }
}

/// For people.
pub(crate) const fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}
