//! Which function comes first, and the sums over all of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{FindingKind, FunctionReview, MemoryReview, Saving, SavingBasis, Totals, Unjudged};
use crate::pricing::{Currency, Money};

/// Puts the function with the most at stake first (see [`order`]), and sums up.
pub(super) fn rank(review: &mut MemoryReview) {
    review.functions.sort_by_cached_key(order);
    let (totals, warning) = totals(&review.functions);
    review.totals = totals;
    review.warnings.retain(|text| !text.ends_with(OTHER_CURRENCY));
    review.warnings.extend(warning);
}

/// What is at stake, in money of a month: of a function that may break, all that it costs, since its work is worth that to
/// somebody; of every one, what could be saved at best. So that, of two that cost the same, the one that may break comes
/// before the one that wastes, and a large waste before a small risk. Below a cent: what may break, by the finding that
/// matters most and by how many there are; then what costs more; what is not known last.
fn order(review: &FunctionReview) -> (Reverse<i64>, usize, Reverse<usize>, Reverse<i64>, String) {
    let risks: Vec<FindingKind> = review
        .findings
        .iter()
        .map(|f| f.kind)
        .filter(|kind| kind.is_risk())
        .collect();
    let cost = review.monthly.map(|monthly| monthly.bill.total.amount);
    let saved: f64 = review.savings().map(|saving| saving.at_best.amount).sum();
    let lost = cost.filter(|_| !risks.is_empty()).unwrap_or(0.0);
    let worst = risks.iter().min().map_or(usize::MAX, |&kind| kind as usize);
    // Below a cent, too, the dearer one goes first.
    let cost = cost.map_or(-1, |cost| cents(cost * 1e6));
    let name = review.function.name.to_string();
    (
        Reverse(cents(lost + saved.max(0.0))),
        worst,
        Reverse(risks.len()),
        Reverse(cost),
        name,
    )
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
        billed: sum(&mut functions.iter().filter_map(|f| Some(f.billed?.bill.total))),
        unjudged: Unjudged::of(functions),
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
