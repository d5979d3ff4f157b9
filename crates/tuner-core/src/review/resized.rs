//! What a change of the memory size did: durations, failures, memory and cost before and after it, and the way back where it
//! became worse.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judge::{ENOUGH, words};
use super::noise::{BEYOND_NOISE, billed_error, duration_error};
use super::{Action, Advice, Finding, FindingKind, FunctionReview, SizeEvidence};
use crate::floor::Present;
use crate::pricing::Confidence;
use crate::thousands;

/// A function that takes or costs this much more got worse.
const WORSE: f64 = 0.2;
/// One that takes twice as long did, whatever it saves;
const MUCH_SLOWER: f64 = 1.0;
/// less than that may be what was wanted, if an invocation costs this much less.
const CHEAPER: f64 = -0.1;
/// Dearer is no worse where it is this much faster.
const FASTER: f64 = -0.2;
/// Failures of fewer invocations than these may be accidents, whatever chance says.
const LEAST_SHARE: f64 = 0.001;

/// A function at the memory size it had, and at that which it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resized {
    /// The reports at the size before.
    pub before: SizeEvidence,
    /// The reports at the present size.
    pub after: SizeEvidence,
    /// Mean duration, relative to before: 0.2 is a fifth longer.
    pub duration_change: f64,
    /// Mean cost of an invocation, likewise; absent where prices are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_change: Option<f64>,
    /// In what it became worse, and not by chance; nothing if it did not, or too little was seen of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worse: Vec<Worse>,
}

/// In what a function became worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Worse {
    /// It runs out of memory more often.
    OutOfMemory,
    /// It times out more often.
    TimesOut,
    /// It fails otherwise more often.
    Fails,
    /// It is slower, and hardly cheaper for it.
    Slower,
    /// It is dearer, and hardly faster for it.
    Dearer,
}

impl Worse {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OutOfMemory => "it runs out of memory more often",
            Self::TimesOut => "it times out more often",
            Self::Fails => "it fails more often",
            Self::Slower => "it is slower",
            Self::Dearer => "it is dearer",
        }
    }
}

impl Resized {
    /// Compares the size that the function had at the last review with the present one, if reports tell of both.
    pub(super) fn of(now: &FunctionReview, then: &FunctionReview) -> Option<Self> {
        let (before_mb, after_mb) = (then.memory_size_mb()?, now.memory_size_mb()?);
        if before_mb == after_mb || now.function.reports_hidden || then.function.reports_hidden {
            return None;
        }
        let seen = |review: &FunctionReview, mb| review.evidence.at(mb).filter(|size| size.invocations > 0).cloned();
        // The last days before the change may be in this window only.
        let before = seen(then, before_mb).or_else(|| seen(now, before_mb))?;
        let after = seen(now, after_mb)?;
        if before.duration.mean_ms <= 0.0 {
            return None;
        }
        let duration_change = after.duration.mean_ms / before.duration.mean_ms - 1.0;
        let cost_change = now.monthly.and_then(|monthly| {
            let (was, is) = (before.mean_billed_ms()?, after.mean_billed_ms()?);
            let gb_second = (monthly.bill.duration.amount) / monthly.gb_seconds.max(f64::MIN_POSITIVE);
            let request = monthly.bill.requests.amount / monthly.invocations.max(f64::MIN_POSITIVE);
            let cost = |mb, ms| request + gb_second * crate::gb_seconds(mb, ms);
            let (was, is) = (cost(before_mb, was), cost(after_mb, is));
            (was > 0.0).then(|| is / was - 1.0)
        });
        let mut resized = Self {
            before,
            after,
            duration_change,
            cost_change,
            worse: Vec::new(),
        };
        resized.worse = resized.worse();
        // What mends a lack of memory or time is worth its price.
        let present = Present {
            memory_size_mb: Some(after_mb),
            timeout_s: now.function.timeout_s,
        };
        if before_mb < after_mb && now.evidence.floor(present).forbids(before_mb) {
            resized.worse.retain(|worse| *worse != Worse::Dearer);
        }
        Some(resized)
    }

    fn worse(&self) -> Vec<Worse> {
        let (before, after) = (&self.before, &self.after);
        let mut worse = Vec::new();
        let mut fails = |kind, count: fn(&SizeEvidence) -> u64| {
            if is_more_often((count(before), before.invocations), (count(after), after.invocations)) {
                worse.push(kind);
            }
        };
        fails(Worse::OutOfMemory, |size| size.out_of_memory);
        fails(Worse::TimesOut, |size| size.timeouts);
        fails(Worse::Fails, |size| size.errors);
        if before.invocations.min(after.invocations) < ENOUGH {
            return worse;
        }
        let beyond_noise = |change: f64, error: fn(&SizeEvidence) -> f64| {
            let noise = (error(before).powi(2) + error(after).powi(2)).sqrt() * BEYOND_NOISE;
            change >= WORSE && change > noise
        };
        let slower = beyond_noise(self.duration_change, duration_error);
        let hardly_cheaper = self.cost_change.is_none_or(|change| change > CHEAPER);
        if slower && (hardly_cheaper || self.duration_change >= MUCH_SLOWER) {
            worse.push(Worse::Slower);
        }
        let dearer = self
            .cost_change
            .is_some_and(|change| beyond_noise(change, billed_error));
        if dearer && self.duration_change > FASTER {
            worse.push(Worse::Dearer);
        }
        worse
    }

    /// The figures before and after, in words.
    pub fn words(&self) -> String {
        let (before, after) = (&self.before, &self.after);
        let percent = |change: f64| format!("{:+.0} %", change * 100.0);
        let ms =
            |figure: fn(&SizeEvidence) -> f64| format!("{} to {}", words::ms(figure(before)), words::ms(figure(after)));
        let mut parts = vec![
            format!(
                "mean duration {} ({})",
                ms(|s| s.duration.mean_ms),
                percent(self.duration_change)
            ),
            format!("p95 {}", ms(|s| s.duration.p95_ms)),
            format!("p99 {}", ms(|s| s.duration.p99_ms)),
        ];
        parts.extend(
            self.cost_change
                .map(|change| format!("an invocation costs {}", percent(change))),
        );
        for (what, was, is) in [
            ("out of memory", before.out_of_memory, after.out_of_memory),
            ("time-outs", before.timeouts, after.timeouts),
            ("errors in the logs", before.errors, after.errors),
        ] {
            parts.push(format!("{what} {was} to {is}"));
        }
        let used = |size: &SizeEvidence| {
            size.max_memory_used_mb
                .map_or_else(|| "?".to_owned(), |mb| mb.to_string())
        };
        parts.push(format!("memory used {} to {} MB", used(before), used(after)));
        let count = |n: u64| thousands(&n.to_string());
        format!(
            "{}; {} and {} invocations",
            parts.join(", "),
            count(before.invocations),
            count(after.invocations)
        )
    }

    /// What is found of it where it became worse, and the way back.
    pub(super) fn regression(&self, now: &FunctionReview) -> Option<(Finding, Advice)> {
        if self.worse.is_empty() {
            return None;
        }
        let about = FindingKind::Regression;
        let (before_mb, after_mb) = (self.before.memory_size_mb, self.after.memory_size_mb);
        let how: Vec<&str> = self.worse.iter().map(|worse| worse.words()).collect();
        let text = format!(
            "Since it went from {before_mb} to {after_mb} MB {}: {}.",
            how.join(", "),
            self.words()
        );
        let fewer = self.before.invocations.min(self.after.invocations);
        let confidence = match fewer {
            n if n >= 10 * ENOUGH => Confidence::High,
            n if n >= ENOUGH => Confidence::Medium,
            _ => Confidence::Low,
        };
        let finding = Finding {
            kind: about,
            confidence,
            text,
            saving: None,
            probability: None,
        };
        // Back to where it failed would be no way back.
        let present = Present {
            memory_size_mb: Some(after_mb),
            timeout_s: now.function.timeout_s,
        };
        let floor = now.evidence.floor(present);
        let action = match floor.forbids(before_mb) && before_mb < after_mb {
            true => Action::Investigate,
            false => Action::SetMemorySize {
                memory_size_mb: before_mb,
            },
        };
        Some((finding, Advice { about, action }))
    }
}

/// Whether failures became more frequent, and not by chance: the difference of two shares, in standard errors.
fn is_more_often((before, of_before): (u64, u64), (after, of_after): (u64, u64)) -> bool {
    if after == 0 || of_before == 0 || of_after == 0 {
        return false;
    }
    let [before, of_before, after, of_after] = [before, of_before, after, of_after].map(|n| n as f64);
    let (was, is) = (before / of_before, after / of_after);
    let pooled = (before + after) / (of_before + of_after);
    let error = (pooled * (1.0 - pooled).max(0.0) * (1.0 / of_before + 1.0 / of_after)).sqrt();
    is >= LEAST_SHARE && is - was > BEYOND_NOISE * error
}
