//! Which functions moved the cost from one review to the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{FunctionReview, MemoryReview, MonthlyCost};
use super::{ChangeCause, CostChange, by_key};
use crate::FunctionName;
use crate::pricing::Currency;

/// A function whose cost changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mover {
    /// Its name.
    pub function: FunctionName,
    /// Its region, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How its cost changed.
    pub change: CostChange,
}

/// The change of every function that is in one of both reviews, in `currency`; what is billed in another is left out of sums too.
pub(super) fn between(then: &MemoryReview, now: &MemoryReview, currency: Currency) -> Vec<Mover> {
    let (before, after) = (by_key(then), by_key(now));
    let cost = |function: &FunctionReview| -> Option<MonthlyCost> {
        function
            .monthly
            .filter(|monthly| monthly.bill.total.currency == currency)
    };
    let mut movers = Vec::new();
    for (key, of) in &after {
        let old = before.get(key);
        let change = match (old.and_then(|of| cost(of)), cost(of)) {
            (Some(a), Some(b)) => old.map(|old| CostChange::between(old, of, (&a, &b))),
            (None, Some(b)) => {
                let cause = if old.is_some() {
                    ChangeCause::NotKnown
                } else {
                    ChangeCause::Added
                };
                Some(CostChange::whole(0.0, b.bill.total.amount, currency, cause))
            }
            (Some(a), None) => Some(CostChange::whole(
                a.bill.total.amount,
                0.0,
                currency,
                ChangeCause::NotKnown,
            )),
            (None, None) => None,
        };
        movers.extend(change.map(|change| mover(of, change)));
    }
    for (key, of) in &before {
        if let (false, Some(a)) = (after.contains_key(key), cost(of)) {
            let change = CostChange::whole(a.bill.total.amount, 0.0, currency, ChangeCause::Removed);
            movers.push(mover(of, change));
        }
    }
    movers
}

fn mover(of: &FunctionReview, change: CostChange) -> Mover {
    Mover {
        function: of.function.name.clone(),
        region: (of.function.region.clone()).or_else(|| of.function.name.region().map(str::to_owned)),
        change,
    }
}
