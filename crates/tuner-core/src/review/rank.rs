//! Which function comes first, and the sums over all of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{FindingKind, FunctionReview, MemoryReview, Saving, SavingBasis, Totals};
use crate::pricing::{Currency, Money};

/// Less than this a month is nothing to begin with, in whole units of the currency: a risk goes first.
const WORTH_A_LOOK: f64 = 0.01;

/// Puts the function with the most at stake first, and sums up.
pub(super) fn rank(review: &mut MemoryReview) {
    review.functions.sort_by_cached_key(order);
    let (totals, warning) = totals(&review.functions);
    review.totals = totals;
    review.warnings.retain(|text| !text.ends_with(OTHER_CURRENCY));
    review.warnings.extend(warning);
}

/// What could be saved at best, in cents, then how many risks there are and which, then what a month costs; what is not
/// known comes last.
fn order(review: &FunctionReview) -> (Reverse<i64>, usize, Reverse<usize>, Reverse<i64>, String) {
    let at_best: f64 = review.savings().map(|saving| saving.at_best.amount).sum();
    let stake = if at_best >= WORTH_A_LOOK { cents(at_best) } else { 0 };
    let risks: Vec<FindingKind> = review
        .findings
        .iter()
        .map(|f| f.kind)
        .filter(|kind| kind.is_risk())
        .collect();
    let worst = risks.iter().min().map_or(usize::MAX, |&kind| kind as usize);
    // Below a cent, too, the dearer one goes first.
    let cost = review
        .monthly
        .map_or(-1, |monthly| cents(monthly.bill.total.amount * 1e6));
    let name = review.function.name.to_string();
    (Reverse(stake), worst, Reverse(risks.len()), Reverse(cost), name)
}

fn cents(amount: f64) -> i64 {
    (amount * 100.0).round() as i64
}

const OTHER_CURRENCY: &str = "they are in the table, and not in the sums";

/// The sums. Currencies can't be added: those of the one that most functions are billed in.
fn totals(functions: &[FunctionReview]) -> (Totals, Option<String>) {
    let mut by_currency: BTreeMap<Currency, u64> = BTreeMap::new();
    for monthly in functions.iter().filter_map(|f| f.monthly) {
        *by_currency.entry(monthly.bill.total.currency).or_default() += 1;
    }
    let currency = by_currency
        .iter()
        .max_by_key(|&(&currency, &n)| (n, Reverse(currency)))
        .map(|(&currency, _)| currency);
    let mut findings: BTreeMap<FindingKind, u64> = BTreeMap::new();
    for finding in functions.iter().flat_map(|f| &f.findings) {
        *findings.entry(finding.kind).or_default() += 1;
    }
    let sum = |amounts: &mut dyn Iterator<Item = Money>| {
        let same: Vec<Money> = amounts.filter(|money| Some(money.currency) == currency).collect();
        Money::checked_sum(same).ok().flatten()
    };
    let savings = || functions.iter().flat_map(FunctionReview::savings);
    let measured = |saving: &&Saving| saving.basis == SavingBasis::Measured;
    let arm64 = functions
        .iter()
        .filter_map(|f| f.finding(FindingKind::Arm64Candidate)?.saving);
    let totals = Totals {
        functions: functions.len() as u64,
        monthly: sum(&mut functions.iter().filter_map(|f| Some(f.monthly?.bill.total))),
        monthly_at_most: (functions.iter())
            .any(|f| f.monthly.is_some_and(|monthly| monthly.at_most.is_some()))
            .then(|| {
                let most = functions.iter().filter_map(|f| f.monthly);
                sum(&mut most.map(|monthly| monthly.at_most.unwrap_or(monthly.bill.total)))
            })
            .flatten(),
        without_cost: functions.iter().filter(|f| f.monthly.is_none()).count() as u64,
        saving_at_best: sum(&mut savings().map(|saving| saving.at_best)),
        saving_at_worst: sum(&mut savings().map(|saving| saving.at_worst)),
        saving_measured: sum(&mut savings().filter(measured).map(|saving| saving.at_best)),
        arm64_at_best: sum(&mut arm64.map(|saving| saving.at_best)),
        findings,
    };
    let others: Vec<String> = (by_currency.iter())
        .filter(|&(&other, _)| Some(other) != currency)
        .map(|(other, n)| format!("{n} in {other}"))
        .collect();
    let warning = currency.filter(|_| !others.is_empty()).map(|currency| {
        format!(
            "the sums are in {currency}; functions are billed in other currencies too ({}): {OTHER_CURRENCY}",
            others.join(", ")
        )
    });
    (totals, warning)
}
