//! What could not be judged, so that nobody takes "not read" for "nothing found".

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FunctionReview, Gap, LogsRead, MemoryReview, Missing, Why};

/// How many functions could not be judged, and what would change that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Unjudged {
    /// Of which nothing was read that tells of memory and time-outs.
    #[serde(default)]
    pub functions: u64,
    /// Of which a part could not be read: errors and throttles, or some of the reports.
    #[serde(default)]
    pub in_part: u64,
    /// What would have to be allowed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub calls: BTreeSet<String>,
    /// Whether the budget of scanning stopped it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_budget: bool,
    /// Whether the logs that were given hold no report of some.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_logs: bool,
    /// Beside those: of which a part of the reports was read only, such as a sample, or files that are damaged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub by_part_of_reports: u64,
    /// Beside those: that were not called.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_called: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Unjudged {
    /// Counts them.
    pub(super) fn of<'a>(functions: impl Iterator<Item = &'a FunctionReview>) -> Self {
        let mut all = Self::default();
        for function in functions {
            match function.judged() {
                Judged::Fully => {
                    all.by_part_of_reports += u64::from(function.is_read_in_part());
                    all.not_called += u64::from(function.is_idle());
                    continue;
                }
                Judged::InPart => all.in_part += 1,
                Judged::Not => all.functions += 1,
            }
            let gaps = || function.evidence.gaps.iter().filter(|gap| matters(gap));
            all.calls.extend(
                gaps()
                    .filter(|gap| gap.why == Why::NoAccess)
                    .filter_map(|gap| gap.call.clone()),
            );
            all.by_budget |= gaps().any(|gap| gap.why == Why::Budget);
            all.without_logs |= function.is_of_no_file();
        }
        all
    }

    /// Functions that could not be judged, or only in part.
    pub const fn all(&self) -> u64 {
        self.functions + self.in_part
    }
}

/// How far something could be read of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// What there is was read; that may be little, or nothing to judge.
    Fully,
    /// Some of it was not.
    InPart,
    /// Nothing tells of its memory and time-outs.
    Not,
}

impl FunctionReview {
    /// How far it could be judged.
    pub fn judged(&self) -> Judged {
        let evidence = &self.evidence;
        let is_unread = evidence.gaps.iter().any(is_unread);
        if self.function.unsupported.is_some() {
            return Judged::Fully;
        }
        if evidence.reports() == 0 && !evidence.unreported.is_none() {
            return Judged::InPart;
        }
        if evidence.reports() == 0 {
            // Logs that were read, and hold none, of a function that nobody says was called.
            let is_quiet =
                evidence.logs.is_some() && evidence.metrics.is_none() && evidence.gap(Missing::Logs).is_none();
            return match !is_unread && (self.is_idle() || is_quiet) {
                true => Judged::Fully,
                false => Judged::Not,
            };
        }
        match self.function.reports_hidden || is_unread {
            true => Judged::InPart,
            false => Judged::Fully,
        }
    }

    /// Whether CloudWatch says that it was not called, and no log says otherwise.
    fn is_idle(&self) -> bool {
        let counted = self.evidence.metrics.map(|metrics| metrics.invocations);
        self.function.unsupported.is_none() && counted == Some(0) && self.evidence.reports() == 0
    }

    /// Whether reports are missing among those that it is judged by.
    fn is_read_in_part(&self) -> bool {
        let in_part = |logs: &LogsRead| !logs.complete;
        self.function.unsupported.is_none() && self.evidence.logs.as_ref().is_some_and(in_part)
    }

    /// Whether it is listed, and no exported log is of it.
    fn is_of_no_file(&self) -> bool {
        let evidence = &self.evidence;
        let is_missing = |gap: &Gap| gap.why == Why::NotFound;
        let nothing_counted = evidence.metrics.is_none() && evidence.gap(Missing::Metrics).is_none();
        nothing_counted && evidence.logs.is_none() && evidence.gap(Missing::Logs).is_some_and(is_missing)
    }
}

impl MemoryReview {
    /// Whether nothing at all could be judged, though there is something.
    pub fn is_blind(&self) -> bool {
        let unjudged = &self.totals.unjudged;
        let is_judged = |function: &FunctionReview| {
            function.judged() == Judged::Fully
                && function.function.unsupported.is_none()
                && function.evidence.reports() > 0
        };
        unjudged.all() > 0 && !self.functions.iter().any(is_judged)
    }
}

/// Whether something is there that could not be read. CloudWatch has metrics of every function that was called.
fn is_unread(gap: &Gap) -> bool {
    match gap.missing {
        Missing::Metrics => true,
        Missing::Logs => matches!(gap.why, Why::NoAccess | Why::Failed | Why::Budget),
        Missing::Configuration | Missing::ProvisionedConcurrency | Missing::ComputeOptimizer => false,
    }
}

/// Whether what is missing is needed to judge what may break.
fn matters(gap: &Gap) -> bool {
    matches!(gap.missing, Missing::Metrics | Missing::Logs)
}
