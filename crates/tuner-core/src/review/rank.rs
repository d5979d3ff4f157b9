//! Which function comes first, and the sums over all of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{FindingKind, FunctionReview, Groups, MemoryReview, Saving, SavingBasis, Totals, Unjudged};
use crate::pricing::{Currency, Money};

/// Puts the function with the most at stake first (see [`order`]), and sums up.
pub(super) fn rank(review: &mut MemoryReview) {
    review.functions.sort_by_cached_key(order);
    let (totals, warning) = totals(&review.functions);
    review.totals = totals;
    review.warnings.retain(|text| !text.ends_with(OTHER_CURRENCY));
    review.warnings.extend(warning);
    if let Some(groups) = &mut review.groups {
        *groups = Groups::of(&review.functions, &groups.by);
    }
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

/// The currency of the sums: that of the most functions. Currencies can't be added.
pub(super) fn currency(functions: &[FunctionReview]) -> Option<Currency> {
    let by_currency = by_currency(functions);
    let most = by_currency.iter().max_by_key(|&(&currency, &n)| (n, Reverse(currency)));
    most.map(|(&currency, _)| currency)
}

/// How many functions are billed in each.
fn by_currency(functions: &[FunctionReview]) -> BTreeMap<Currency, u64> {
    let mut by_currency: BTreeMap<Currency, u64> = BTreeMap::new();
    for monthly in functions.iter().filter_map(|f| f.monthly) {
        *by_currency.entry(monthly.bill.total.currency).or_default() += 1;
    }
    by_currency
}

/// The sum of the amounts in this currency.
pub(super) fn sum(amounts: impl Iterator<Item = Money>, currency: Option<Currency>) -> Option<Money> {
    let same: Vec<Money> = amounts.filter(|money| Some(money.currency) == currency).collect();
    Money::checked_sum(same).ok().flatten()
}

/// The sums over functions, in this currency.
pub(super) fn sums(functions: &[&FunctionReview], currency: Option<Currency>) -> Totals {
    let mut findings: BTreeMap<FindingKind, u64> = BTreeMap::new();
    for finding in functions.iter().flat_map(|f| &f.findings) {
        *findings.entry(finding.kind).or_default() += 1;
    }
    let all = || functions.iter().copied();
    let savings = || all().flat_map(FunctionReview::savings);
    let measured = |saving: &&Saving| saving.basis == SavingBasis::Measured;
    let arm64 = all().filter_map(|f| f.finding(FindingKind::Arm64Candidate)?.saving);
    let ignored = || all().flat_map(|f| &f.ignored);
    let decided = || all().flat_map(|f| f.decided.values());
    let accepted = || decided().filter_map(|decided| decided.accepted.as_ref());
    Totals {
        functions: functions.len() as u64,
        monthly: sum(all().filter_map(|f| Some(f.monthly?.bill.total)), currency),
        monthly_at_most: all()
            .any(|f| f.monthly.is_some_and(|monthly| monthly.at_most.is_some()))
            .then(|| {
                let most = all().filter_map(|f| f.monthly);
                sum(
                    most.map(|monthly| monthly.at_most.unwrap_or(monthly.bill.total)),
                    currency,
                )
            })
            .flatten(),
        billed: sum(all().filter_map(|f| Some(f.billed?.bill.total)), currency),
        unjudged: Unjudged::of(all()),
        without_cost: all().filter(|f| f.monthly.is_none()).count() as u64,
        saving_at_best: sum(savings().map(|saving| saving.at_best), currency),
        saving_at_worst: sum(savings().map(|saving| saving.at_worst), currency),
        saving_measured: sum(savings().filter(measured).map(|saving| saving.at_best), currency),
        arm64_at_best: sum(arm64.map(|saving| saving.at_best), currency),
        findings,
        new_findings: all().map(|f| f.new_findings().count() as u64).sum(),
        ignored: ignored().count() as u64,
        ignored_at_best: sum(
            all()
                .flat_map(FunctionReview::ignored_savings)
                .map(|saving| saving.at_best),
            currency,
        ),
        expired: decided().filter(|decided| decided.expired.is_some()).count() as u64,
        accepted: accepted().count() as u64,
        overdue: accepted().filter(|accepted| accepted.overdue).count() as u64,
    }
}

/// The sums over all functions, and what is not in them.
fn totals(functions: &[FunctionReview]) -> (Totals, Option<String>) {
    let currency = currency(functions);
    let all: Vec<&FunctionReview> = functions.iter().collect();
    let others: Vec<String> = (by_currency(functions).iter())
        .filter(|&(&other, _)| Some(other) != currency)
        .map(|(other, n)| format!("{n} in {other}"))
        .collect();
    let warning = currency.filter(|_| !others.is_empty()).map(|currency| {
        format!(
            "the sums are in {currency}; functions are billed in other currencies too ({}): {OTHER_CURRENCY}",
            others.join(", ")
        )
    });
    (sums(&all, currency), warning)
}
