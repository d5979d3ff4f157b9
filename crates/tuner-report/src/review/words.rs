//! What a review found out, in words: the one place where they are made.

use std::collections::BTreeSet;

use serde::Serialize;
use tuner_core::pricing::Money;
use tuner_core::review::{FindingKind, MemoryReview, Totals, Window};

use super::view::View;
use super::{decided, groups};
use crate::numbers;
use crate::words::joined;

/// The words every view of a review begins with. Plain text: whoever shows it escapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewHeadline {
    /// What is spent, and what of it could be saved: "$412 a month, $38–$120 of it could be saved".
    pub money: String,
    /// What was billed in the window, which is another figure: "Billed in the 30 days to 2026-10-31: $398 ...".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billed: Option<String>,
    /// What may break, or that nothing was found to.
    pub risks: String,
    /// What is not known, if anything is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// What is overdue, new or ignored, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<String>,
    /// What was looked at, and when.
    pub provenance: String,
}

impl ReviewHeadline {
    /// Money and risks in one line.
    pub fn line(&self) -> String {
        format!("{}; {}", self.money, self.risks)
    }
}

/// The words for `review`.
pub fn review_headline(review: &MemoryReview) -> ReviewHeadline {
    of_view(&View::new(review))
}

pub(crate) fn of_view(view: &View<'_>) -> ReviewHeadline {
    ReviewHeadline {
        money: headed(view),
        billed: billed(view),
        risks: risks(view),
        unknown: unknown(view),
        decided: decided::sentence(view),
        provenance: provenance(view),
    }
}

/// With the group that it is of, if it is of one.
fn headed(view: &View<'_>) -> String {
    let money = money(view);
    match &view.review.of_group {
        Some(of) => format!("{}{}", groups::heading(of), uncapitalised(&money)),
        None => money,
    }
}

/// As it stands behind a colon.
fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(chars).collect()
}

fn money(view: &View<'_>) -> String {
    let totals = &view.review.totals;
    if totals.functions == 0 {
        let regions: Vec<String> = view.review.regions.iter().map(|r| r.region.clone()).collect();
        let problems = view.review.regions.iter().filter(|r| r.problem.is_some()).count();
        return match (regions.len(), problems) {
            (0, _) => "No function was found".to_owned(),
            (n, bad) if n == bad => format!("No function was found: {} could not be read", joined(&regions)),
            _ => format!("No function was found in {}", joined(&regions)),
        };
    }
    let period = view.period();
    let Some(monthly) = totals.monthly else {
        if let Some(currencies) = other_currencies(view.rows.iter().filter_map(|row| row.cost)) {
            let known = totals.functions - totals.without_cost;
            let unknown = match totals.without_cost {
                0 => String::new(),
                n => format!("; what {} cost{} is not known", functions(n), s_of(n)),
            };
            return format!(
                "What {} cost{} is in {currencies}, and the sums are in another currency{unknown}",
                functions(known),
                s_of(known)
            );
        }
        let saving = saving(view).map_or_else(String::new, |range| format!(", {range} {period} could be saved"));
        return format!(
            "What {} cost{} is not known{saving}",
            functions(totals.functions),
            s_of(totals.functions)
        );
    };
    let saving = match saving(view) {
        Some(range) => format!("{range} of it could be saved"),
        None => format!("nothing found to save{}", but_ignored(saves_ignored(totals))),
    };
    let cost = match totals.monthly_at_most {
        Some(most) => view.scale.range(monthly, most),
        None => view.scale.amount(monthly),
    };
    format!("{cost} {period}, {saving}")
}

/// What is true of nothing told, where something is ignored.
const fn but_ignored(is_ignored: bool) -> &'static str {
    if is_ignored { " but what is ignored" } else { "" }
}

/// Whether what is ignored would save something.
fn saves_ignored(totals: &Totals) -> bool {
    totals.ignored_at_best.is_some_and(|most| most.amount > 0.0)
}

/// The currencies of these amounts, of which no sum has any: "CNY"; nothing where there are no amounts.
pub(crate) fn other_currencies(amounts: impl Iterator<Item = Money>) -> Option<String> {
    let currencies: BTreeSet<&str> = amounts.map(|money| money.currency.code()).collect();
    let currencies: Vec<String> = currencies.into_iter().map(str::to_owned).collect();
    (!currencies.is_empty()).then(|| joined(&currencies))
}

/// What was billed, and how that differs from the figure of a month.
fn billed(view: &View<'_>) -> Option<String> {
    let (billed, window) = (view.review.totals.billed?, view.review.window?);
    let known = view.rows.iter().filter(|row| row.of.billed.is_some()).count();
    let of = match view.rows.len() - known {
        0 => String::new(),
        _ => format!(" of {}", functions(known as u64)),
    };
    let month = view.review.totals.monthly.map_or_else(String::new, |month| {
        format!(
            "; the {} {} are a month at the present sizes and rate of use",
            view.scale.amount(month),
            view.period()
        )
    });
    Some(format!(
        "Billed{of} in the {}: {} at list prices, to compare with Cost Explorer before free tier, discounts and tax{month}.",
        days_until(window),
        view.scale.amount(billed)
    ))
}

/// "30 days to 2026-10-31".
pub(crate) fn days_until(window: Window) -> String {
    let days = match window.days() {
        d if d >= 1.95 => format!("{} days", numbers::decimal(d, 0)),
        d => format!("{} hours", numbers::decimal(d * 24.0, usize::from(d < 0.1))),
    };
    format!("{days} to {}", window.until.strftime("%Y-%m-%d"))
}

/// What could be saved of the whole, if anything.
fn saving(view: &View<'_>) -> Option<String> {
    saving_of(view, &view.review.totals)
}

/// The same of these sums.
pub(crate) fn saving_of(view: &View<'_>, totals: &Totals) -> Option<String> {
    let most = totals.saving_at_best.filter(|most| most.amount > 0.0)?;
    // The least there is to gain is to leave things as they are: nobody must follow advice that costs more.
    let least = totals.saving_at_worst.unwrap_or(Money::zero(most.currency));
    let least = Money::new(least.amount.max(0.0).min(most.amount), most.currency);
    Some(view.scale.range(least, most))
}

fn risks(view: &View<'_>) -> String {
    let counted = |kind: &FindingKind| {
        let n = view.review.totals.findings.get(kind).copied().unwrap_or(0);
        (n > 0).then_some((*kind, n))
    };
    let found: Vec<(FindingKind, u64)> = FindingKind::ALL
        .iter()
        .filter(|kind| kind.is_risk())
        .filter_map(counted)
        .collect();
    let mut parts = found.iter().enumerate().map(|(index, &(kind, n))| match index {
        0 => format!("{} {}", functions(n), verb(kind, n)),
        _ => format!("{} {}", numbers::count(n), verb(kind, n)),
    });
    let of = view.review.totals.functions;
    let unjudged = unjudged(view);
    let but_ignored = but_ignored(view.ignores_risk());
    let found = match found.len() {
        0 if of == 0 => return "nothing to judge".to_owned(),
        0 if view.review.totals.unjudged.not_called == of => {
            return format!(
                "nothing could be seen to break: no call of {} was counted",
                functions(of)
            );
        }
        0 if view.review.totals.unjudged.functions == of => return unjudged.unwrap_or_default(),
        0 => match view.review.totals.unjudged.functions {
            0 => format!("nothing found that may break{but_ignored}"),
            n => format!(
                "nothing found that may break in the other {}{but_ignored}",
                functions(of - n)
            ),
        },
        _ => joined(&parts.by_ref().collect::<Vec<_>>()),
    };
    // What was not seen comes before what was not found.
    let mut parts = match unjudged {
        Some(unjudged) if view.risks().next().is_none() => vec![unjudged, found],
        Some(unjudged) => vec![found, unjudged],
        None => vec![found],
    };
    parts.extend(seen_in_part(view));
    parts.join("; ")
}

/// What was seen of those that could be judged, where that is not all, or nothing.
fn seen_in_part(view: &View<'_>) -> Option<String> {
    let unjudged = &view.review.totals.unjudged;
    let of = |n: u64, what: &str| (n > 0).then(|| format!("{} {what}", functions(n)));
    let in_part = of(unjudged.by_part_of_reports, "judged by a part of the reports only");
    let idle = of(unjudged.not_called, "not called");
    let parts: Vec<String> = in_part.into_iter().chain(idle).collect();
    (!parts.is_empty()).then(|| joined(&parts))
}

/// "20 of 60 functions could not be judged: allow logs:StartQuery"; nothing where all could.
fn unjudged(view: &View<'_>) -> Option<String> {
    let totals = &view.review.totals;
    let unjudged = &totals.unjudged;
    if unjudged.all() == 0 {
        return None;
    }
    let of = |n: u64| format!("{} of {}", numbers::count(n), functions(totals.functions));
    let mut text = match (unjudged.functions, unjudged.in_part) {
        (0, part) => format!("{} could not be judged in full", of(part)),
        (n, 0) => format!("{} could not be judged", of(n)),
        (n, part) => format!(
            "{} could not be judged, and {} not in full",
            of(n),
            numbers::count(part)
        ),
    };
    if !unjudged.calls.is_empty() {
        let calls: Vec<String> = unjudged.calls.iter().cloned().collect();
        text += &format!(": allow {}", joined(&calls));
    } else if unjudged.by_budget {
        text += ": scanning their logs takes more than the budget";
    } else if unjudged.without_logs {
        text += ": the logs given hold no report of them, export those of their log groups too";
    }
    Some(text)
}

/// "may run out of memory", as `n` functions do it.
pub(crate) const fn verb(kind: FindingKind, n: u64) -> &'static str {
    match (kind, n) {
        (FindingKind::Errors, 2..) => "fail",
        (FindingKind::Throttles, 2..) => "are throttled",
        _ => kind.words(),
    }
}

fn unknown(view: &View<'_>) -> Option<String> {
    let mut parts = Vec::new();
    let totals = &view.review.totals;
    if totals.without_cost > 0 && totals.monthly.is_some() {
        let n = totals.without_cost;
        let (has, is) = if n == 1 { ("has", "is") } else { ("have", "are") };
        parts.push(format!(
            "{} {has} no known cost and {is} not in these sums",
            functions(n)
        ));
    }
    let bad: Vec<String> = view
        .review
        .regions
        .iter()
        .filter(|r| r.problem.is_some())
        .map(|r| r.region.clone())
        .collect();
    if !bad.is_empty() {
        let region = if bad.len() == 1 { "region" } else { "regions" };
        parts.push(format!("{region} {} could not be read, or not wholly", joined(&bad)));
    }
    if view.review.window.is_none() && totals.functions > 0 {
        parts.push("these sums are of the logs that were read, and not of a month".to_owned());
    }
    if let Some(left_out @ 1..) = view.review.of_group.as_ref().map(|of| of.warnings_left_out) {
        parts.push(format!(
            "{} that name{} functions of other groups {} in the report of all",
            counted(left_out, "warning", "warnings"),
            s_of(left_out),
            if left_out == 1 { "is" } else { "are" }
        ));
    }
    (!parts.is_empty()).then(|| format!("{}.", capitalised(&parts.join("; "))))
}

fn provenance(view: &View<'_>) -> String {
    let review = view.review;
    let mut parts = vec![functions(review.totals.functions)];
    let regions: Vec<String> = review.regions.iter().map(|r| r.region.clone()).collect();
    match regions.len() {
        0 => {}
        1..=4 => parts.push(regions.join(", ")),
        n => parts.push(format!("{n} regions")),
    }
    parts.extend(review.account.as_ref().map(|account| format!("account {account}")));
    if let Some(window) = review.window {
        parts.push(days_until(window));
    }
    parts.push(format!("reviewed {}", review.finished_at.strftime("%Y-%m-%d")));
    parts.push(format!("tuner {}", review.tool_version));
    parts.join(" · ")
}

/// "1 function", "1,200 functions".
pub(crate) fn functions(n: u64) -> String {
    counted(n, "function", "functions")
}

/// A number with the word in its form.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", numbers::count(n), if n == 1 { one } else { many })
}

const fn s_of(n: u64) -> &'static str {
    if n == 1 { "s" } else { "" }
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
