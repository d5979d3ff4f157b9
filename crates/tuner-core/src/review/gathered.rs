//! From what was gathered to the document.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::judge::{Case, judge};
use super::money::Prices;
use super::usage::Used;
use super::{
    Evidence, FindingKind, FunctionReview, ListedFunction, MemoryReview, REVIEW_SCHEMA_VERSION, RegionReview, Scan,
    Totals, Window, history, rank,
};
use crate::Architecture;
use crate::pricing::{Money, PriceTable};

/// Everything a review gathered before anything was made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gathered {
    /// UUIDv7 of the review.
    pub review_id: Uuid,
    /// Version of the tool.
    pub tool_version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When everything was gathered.
    pub finished_at: Timestamp,
    /// The account, if known.
    pub account: Option<String>,
    /// The time looked back on; `None` where logs have no time.
    pub window: Option<Window>,
    /// Every region asked for.
    pub regions: Vec<RegionReview>,
    /// Every function found.
    pub functions: Vec<(ListedFunction, Evidence)>,
    /// What reading the logs took.
    pub scan: Option<Scan>,
    /// What the reader should know before trusting the numbers.
    pub warnings: Vec<String>,
}

/// Where a function is taken to be when that is not known, such as one of exported logs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fallback {
    /// Region; without one, what such a function costs is not known.
    pub region: Option<String>,
    /// Instruction set.
    pub architecture: Architecture,
}

impl MemoryReview {
    /// Judges, prices, compares and ranks what was gathered.
    pub fn new(mut gathered: Gathered, prices: &PriceTable, fallback: Fallback, previous: Option<&Self>) -> Self {
        if let Some(previous) = previous {
            history::carry(&mut gathered.functions, previous);
        }
        let usages: Vec<Result<Used, String>> = (gathered.functions.iter())
            .map(|(function, evidence)| Used::of(function, evidence, gathered.window))
            .collect();
        let prices = Prices::of(
            gathered.functions.iter().map(|(f, _)| f).zip(&usages),
            prices,
            &fallback,
        );
        let functions = (gathered.functions.into_iter().zip(usages))
            .map(|((function, evidence), usage)| {
                let priced = prices.price(&function, &evidence, &usage);
                let case = Case::new(
                    &function,
                    &evidence,
                    usage.as_ref().ok().map(|used| &used.month),
                    &priced,
                    gathered.window,
                );
                let (findings, advice) = judge(&case);
                FunctionReview {
                    monthly: priced.cost,
                    billed: priced.billed,
                    cost_unknown: priced.unknown,
                    findings,
                    advice,
                    ..FunctionReview::new(function, evidence)
                }
            })
            .collect();
        let mut review = Self {
            schema_version: REVIEW_SCHEMA_VERSION,
            review_id: gathered.review_id,
            tool_version: gathered.tool_version,
            started_at: gathered.started_at,
            finished_at: gathered.finished_at,
            account: gathered.account,
            window: gathered.window,
            regions: gathered.regions,
            functions,
            totals: Totals::default(),
            scan: gathered.scan,
            previous: None,
            warnings: gathered.warnings,
            advice_file: None,
            groups: None,
            of_group: None,
        };
        review.warnings.extend(short_window(review.window));
        if let Some(previous) = previous {
            history::compare(&mut review, previous);
        }
        rank::rank(&mut review);
        review
    }

    /// The functions whose advice is to measure them, and that were not, the one first for which it may save most; where
    /// nothing is known of that, the one that costs most.
    pub fn worth_tuning(&self) -> impl Iterator<Item = &FunctionReview> {
        let amount = |money: Option<Money>| money.map_or(0.0, |money| money.amount);
        let may_save = |function: &FunctionReview| {
            let finding = function.finding(FindingKind::MemoryOverprovisioned);
            amount(finding.and_then(|finding| finding.saving).map(|saving| saving.at_best))
        };
        let costs = |function: &FunctionReview| amount(function.monthly.map(|monthly| monthly.bill.total));
        let open = |function: &&FunctionReview| function.tuned.is_none() && function.tuning_sizes().is_some();
        let mut worth: Vec<&FunctionReview> = self.functions.iter().filter(open).collect();
        worth.sort_by(|a, b| {
            may_save(b)
                .total_cmp(&may_save(a))
                .then_with(|| costs(b).total_cmp(&costs(a)))
        });
        worth.into_iter()
    }
}

/// A day's logs say little of a month: weekends, month's ends and nightly jobs are missing or count thirtyfold.
const SHORT_WINDOW_DAYS: f64 = 2.0;

fn short_window(window: Option<Window>) -> Option<String> {
    let days = window?.days();
    (days > 0.0 && days < SHORT_WINDOW_DAYS).then(|| {
        format!(
            "what was seen is {:.1} hours long, and the figures of a month are extrapolated from it; look back on a week \
             or more for figures to rely on",
            days * 24.0
        )
    })
}
