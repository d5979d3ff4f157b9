//! What is said of several reviews.

use tuner_core::pricing::Money;
use tuner_core::review::{ChangeCause, CostChange, Realised, ReviewInBrief, ReviewTrend, TrendWarning};

use crate::numbers;
use crate::review::amounts::Scale;

/// What the figures are.
pub(crate) const NOTES: [&str; 3] = [
    "Costs are list prices of a month, before free tier, Savings Plans and tax; of functions whose cost is known.",
    "What changed the cost: each cause is changed alone, in every order, and the mean of what that changes is its part (Shapley's \
     value), so that the parts sum to the change. Where provisioned concurrency is kept, what moves between its price and that on \
     demand counts as kept ready.",
    "Saved so far: what an invocation cost before the change less what it cost in the first review after it, times the invocations of \
     every month since, as long as the size stays. What was promised is for the same invocations.",
];

/// How amounts read.
pub(crate) fn amount(money: Money) -> String {
    Scale::Month.amount(money)
}

/// `+$52`, `−$3.10`, `$0.00`.
pub(crate) fn signed(money: Money) -> String {
    let text = Scale::Month.amount(money);
    match money.amount > 0.0 && !text.starts_with('<') {
        true => format!("+{text}"),
        false => text,
    }
}

/// `2026-10-31`, the end of the time that it is of.
pub(crate) fn day(review: &ReviewInBrief) -> String {
    let end = review.window.map_or(review.finished_at, |window| window.until);
    end.strftime("%Y-%m-%d").to_string()
}

/// Of a cause, behind "by".
pub(crate) const fn cause(cause: ChangeCause) -> &'static str {
    match cause {
        ChangeCause::Calls => "calls",
        ChangeCause::Duration => "duration",
        ChangeCause::Size => "memory size",
        ChangeCause::ColdStarts => "cold starts",
        ChangeCause::Price => "prices",
        ChangeCause::Ready => "kept ready",
        ChangeCause::Added => "new functions",
        ChangeCause::Removed => "functions gone",
        _ => "not known",
    }
}

/// The parts of a change that are a cent or more, the largest first.
pub(crate) fn parts(change: &CostChange) -> Vec<(ChangeCause, Money)> {
    let mut parts: Vec<(ChangeCause, Money)> = ChangeCause::ALL
        .into_iter()
        .map(|cause| (cause, change.part(cause)))
        .filter(|(_, money)| money.amount.abs() >= 0.005)
        .collect();
    parts.sort_by(|a, b| b.1.amount.abs().total_cmp(&a.1.amount.abs()));
    parts
}

/// `calls +$40, memory size −$12`.
pub(crate) fn by(change: &CostChange) -> String {
    let parts: Vec<String> = parts(change)
        .into_iter()
        .map(|(of, money)| format!("{} {}", cause(of), signed(money)))
        .collect();
    match parts.is_empty() {
        true => "less than a cent by each cause".to_owned(),
        false => parts.join(", "),
    }
}

/// What is said first, and below it.
pub(crate) fn headline(trend: &ReviewTrend) -> (String, Vec<String>) {
    let mut further = Vec::new();
    let known: Vec<&ReviewInBrief> = trend.reviews.iter().filter(|review| review.monthly.is_some()).collect();
    let first = match (known.first(), known.last()) {
        (Some(first), Some(last)) if known.len() > 1 => {
            let (was, is) = (
                first.monthly.unwrap_or(Money::usd(0.0)),
                last.monthly.unwrap_or(Money::usd(0.0)),
            );
            let change = match numbers::change(&amount(was), &amount(is)) {
                Some(change) => format!(", {}", numbers::signed_percent(change)),
                None => String::new(),
            };
            format!(
                "{} a month{change} since {} ({} then)",
                amount(is),
                day(first),
                amount(was)
            )
        }
        _ => "What a month costs is known in one of these reviews at most".to_owned(),
    };
    if let [.., before, last] = &trend.reviews[..] {
        if let Some(change) = &last.change {
            further.push(format!(
                "Since {}: {} a month, by {}.",
                day(before),
                signed(change.total()),
                by(change)
            ));
        }
        further.push(format!(
            "{} may break, {} then; {}.",
            functions(last.may_break),
            numbers::count(before.may_break),
            match last.unjudged {
                0 => "all could be judged in full".to_owned(),
                n => format!("{} could not be judged in full", functions(n)),
            }
        ));
    }
    further.extend(saved(&trend.realised));
    further.push(format!(
        "{} reviews, {} to {}.",
        trend.reviews.len(),
        first_day(trend),
        last_day(trend)
    ));
    (format!("{first}."), further)
}

fn first_day(trend: &ReviewTrend) -> String {
    trend.reviews.first().map_or_else(String::new, day)
}

fn last_day(trend: &ReviewTrend) -> String {
    trend.reviews.last().map_or_else(String::new, day)
}

fn functions(n: u64) -> String {
    match n {
        1 => "1 function".to_owned(),
        n => format!("{} functions", numbers::count(n)),
    }
}

/// What following advice has saved.
pub(crate) fn saved(realised: &Realised) -> Vec<String> {
    let mut lines = Vec::new();
    let changes = |n: u64| match n {
        1 => "1 change".to_owned(),
        n => format!("{} changes", numbers::count(n)),
    };
    if let Some(to_date) = realised.to_date {
        let measured = realised.followed.len() as u64 - realised.not_measured;
        let promised =
            realised
                .promised_at_worst
                .zip(realised.promised_at_best)
                .map_or_else(String::new, |(worst, best)| {
                    format!(
                        ", of {} promised for the same invocations",
                        Scale::Month.range(worst, best)
                    )
                });
        let now = realised
            .a_month_now
            .map_or_else(String::new, |now| format!("; {} a month now", amount(now)));
        lines.push(format!(
            "Saved so far by {} as advised: {}{promised}{now}.",
            changes(measured),
            amount(to_date)
        ));
    } else if realised.followed.is_empty() {
        lines.push("No advice about a memory size was followed between these reviews.".to_owned());
    }
    if realised.not_measured > 0 {
        lines.push(format!(
            "Of {} too little was seen to tell what it saves.",
            changes(realised.not_measured)
        ));
    }
    lines
}

/// What is doubtful.
pub(crate) fn warnings(trend: &ReviewTrend) -> Vec<String> {
    let list = |names: &[String], verb: &str| match names.is_empty() {
        true => String::new(),
        false => format!(" {verb} {}", names.join(", ")),
    };
    let words = |warning: &TrendWarning| match warning {
        TrendWarning::OtherRegions { review_id, more, fewer } => {
            let parts = [list(more, "also of"), list(fewer, "no more of")].concat();
            format!(
                "{} is{parts}: what changed there may be that it was looked at",
                of(trend, review_id)
            )
        }
        TrendWarning::SameTime { review_id, instead } => {
            format!(
                "review {review_id} is left out: {} is of the same time, and was made later",
                of(trend, instead)
            )
        }
        TrendWarning::NoMonth { review_id } => {
            format!(
                "{} is of logs without times, and has no cost of a month",
                of(trend, review_id)
            )
        }
        TrendWarning::Overlap { review_id, days } => format!(
            "{} overlaps with the one before for {} days: some invocations are in both",
            of(trend, review_id),
            numbers::decimal(*days, 0)
        ),
        TrendWarning::OtherCurrency { functions: n } => {
            format!(
                "{} billed in another currency, in no sum here",
                match n {
                    1 => "1 function is".to_owned(),
                    n => format!("{} functions are", numbers::count(*n)),
                }
            )
        }
        _ => "something about these reviews is doubtful that this version has no words for".to_owned(),
    };
    trend.warnings.iter().map(words).collect()
}

fn of(trend: &ReviewTrend, id: &impl ToString) -> String {
    let id = id.to_string();
    let review = trend.reviews.iter().find(|review| review.review_id.to_string() == id);
    review.map_or_else(
        || format!("review {id}"),
        |review| format!("the review to {}", day(review)),
    )
}
