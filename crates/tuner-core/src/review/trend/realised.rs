//! What following advice about memory sizes has saved, against what was promised.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::history::followed;
use super::super::{DAYS_PER_MONTH, MemoryReview, Saving};
use super::{by_key, end};
use crate::FunctionName;
use crate::pricing::Money;

/// Savings so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Realised {
    /// Every piece of advice that was followed, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed: Vec<FollowedAdvice>,
    /// What all of it saved from each change to the end of the last review; less than 0 if it cost more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_date: Option<Money>,
    /// What was promised for the same time and the same functions, if durations had stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at_best: Option<Money>,
    /// The same, if durations had grown as far as they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at_worst: Option<Money>,
    /// What it saves a month now, of what is still in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a_month_now: Option<Money>,
    /// Changes of which too little was seen to tell what they save; they are in no sum.
    #[serde(default)]
    pub not_measured: u64,
}

/// Advice that was followed, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FollowedAdvice {
    /// The function.
    pub function: FunctionName,
    /// Its size before, in MB.
    pub from_mb: u32,
    /// Its size since, in MB.
    pub to_mb: u32,
    /// The first report at that size, as far as the review that saw the change first tells; else the end of that review.
    pub since: Timestamp,
    /// The end of the last review in which it had that size still, if it was changed again or went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What an invocation costs less than before; less than 0 is more. Absent where too little was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Money>,
    /// What it saved so far: `each`, times the invocations of every month since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_date: Option<Money>,
    /// What was promised for the same invocations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Saving>,
}

impl Realised {
    /// Of reviews in order.
    pub(super) fn of(all: &[&MemoryReview]) -> Self {
        let mut realised = Self::default();
        let functions: Vec<_> = all.iter().map(|review| by_key(review)).collect();
        let (mut best, mut worst, mut to_date, mut now) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for seen in 1..all.len() {
            for (key, after) in &functions[seen] {
                let Some(before) = functions[seen - 1].get(key) else {
                    continue;
                };
                let Some(advice) = followed(after, before).filter(|advice| advice.followed) else {
                    continue;
                };
                let (Some(from_mb), Some(to_mb)) = (before.memory_size_mb(), after.memory_size_mb()) else {
                    continue;
                };
                // By when invocations were at that size, and how many there were.
                let first_seen = after.evidence.at(to_mb).and_then(|size| size.first_seen);
                let since = first_seen.unwrap_or_else(|| end(all[seen])).min(end(all[seen]));
                let (mut invocations, mut from, mut until) = (0.0, since, None);
                let mut a_month = 0.0;
                for later in seen..all.len() {
                    let still = functions[later]
                        .get(key)
                        .filter(|of| of.memory_size_mb() == Some(to_mb));
                    let Some(still) = still else {
                        until = Some(from);
                        break;
                    };
                    let months = end(all[later]).duration_since(from).as_secs_f64() / 86_400.0 / DAYS_PER_MONTH;
                    a_month = still.monthly.map_or(0.0, |monthly| monthly.invocations);
                    invocations += a_month * months.max(0.0);
                    from = end(all[later]);
                }
                let each = after
                    .monthly
                    .zip(advice.saved)
                    .filter(|(monthly, _)| monthly.invocations > 0.0);
                let each = each.map(|(monthly, saved)| saved * (1.0 / monthly.invocations));
                // What was promised was for the invocations of a month then.
                let then = before.monthly.map(|monthly| monthly.invocations).filter(|n| *n > 0.0);
                let promised = advice.expected.zip(then).map(|(expected, then)| Saving {
                    at_best: expected.at_best * (invocations / then),
                    at_worst: expected.at_worst * (invocations / then),
                    ..expected
                });
                match each {
                    Some(each) => {
                        to_date.push(each * invocations);
                        if until.is_none() {
                            now.push(each * a_month);
                        }
                        // Compared are the same changes on both sides.
                        if let Some(promised) = promised {
                            best.push(promised.at_best);
                            worst.push(promised.at_worst);
                        }
                    }
                    None => realised.not_measured += 1,
                }
                realised.followed.push(FollowedAdvice {
                    function: after.function.name.clone(),
                    from_mb,
                    to_mb,
                    since,
                    until,
                    each,
                    to_date: each.map(|each| each * invocations),
                    promised,
                });
            }
        }
        realised
            .followed
            .sort_by(|a, b| a.since.cmp(&b.since).then_with(|| a.function.cmp(&b.function)));
        Self {
            to_date: total(to_date),
            promised_at_best: total(best),
            promised_at_worst: total(worst),
            a_month_now: total(now),
            ..realised
        }
    }
}

/// The sum in the first currency; amounts in another are told with their functions only.
fn total(mut amounts: Vec<Money>) -> Option<Money> {
    let currency = amounts.first()?.currency;
    amounts.retain(|money| money.currency == currency);
    Money::checked_sum(amounts).ok().flatten()
}
