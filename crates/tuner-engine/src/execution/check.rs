//! The fields of a check: what is asked of the function as it is, in place of a tuning.

use tuner_core::check::{Baseline, Condition, Limit, Metric, Undecided};
use tuner_core::planning::Budget;
use tuner_core::{Constraint, Statistic};
use uuid::Uuid;

use super::fields;
use super::row::Reading;
use crate::TuningRequest;

const MOST_CONDITIONS: usize = 50;

/// What an input with `"check": true` asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckInput {
    /// What must not be, in the order typed.
    pub fail_on: Vec<Condition>,
    /// Whether the limits of [`Limit::GUIDE`] count too.
    pub guide: bool,
    /// What to be no worse than.
    pub baseline: Option<BaselineChoice>,
    /// What a limit is that is neither shown to be kept nor broken.
    pub undecided: Undecided,
    /// How much is measured at most. Of a tuning it is among the options, where a grid has none.
    pub budget: Budget,
}

/// Which document is the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineChoice {
    /// The last check of the function that broke no limit, or its last tuning.
    Last,
    /// The check or tuning with this ID.
    Id(Uuid),
}

/// The fields that a check has. All others are of tunings.
const TAKEN: [&str; 20] = [
    "lambdaARN",
    "payload",
    "payloadS3",
    "maxConcurrency",
    "sleepBetweenRunsMs",
    "maxMeanMs",
    "maxP50Ms",
    "maxP95Ms",
    "maxP99Ms",
    "maxCostPerMillion",
    "budgetInvocations",
    "budgetSeconds",
    "check",
    "failOn",
    "limits",
    "baseline",
    "undecided",
    "allowedExceptions",
    "disablePayloadLogs",
    "roleARN",
];
/// Those that only a check has.
const OWN: [&str; 4] = ["failOn", "limits", "baseline", "undecided"];
/// Those by which a check has a limit; it must have one.
pub(super) const LIMITS: [&str; 8] = [
    "failOn",
    "limits",
    "baseline",
    "maxMeanMs",
    "maxP50Ms",
    "maxP95Ms",
    "maxP99Ms",
    "maxCostPerMillion",
];

/// Whether a check has the field.
pub(super) fn takes(field: &str) -> bool {
    TAKEN.contains(&field)
}

/// Whether only a check has the field.
pub(super) fn is_own(field: &str) -> bool {
    OWN.contains(&field)
}

impl CheckInput {
    /// The limits that need no baseline; of one figure the first counts, and those of the guide come last.
    pub fn absolute(&self, request: &TuningRequest) -> Vec<Limit> {
        let fields = request.options.constraints.iter().filter_map(limit);
        let typed = self.fail_on.iter().filter_map(|condition| condition.limit(None));
        let mut limits: Vec<Limit> = fields.chain(typed).collect();
        for limit in Limit::GUIDE.into_iter().filter(|_| self.guide) {
            if !limits.iter().any(|given| given.metric == limit.metric) {
                limits.push(limit);
            }
        }
        limits
    }

    /// Those that are relative to the baseline: what was typed, else the usual ones.
    pub fn relative(&self) -> Vec<Condition> {
        let typed: Vec<Condition> = self.fail_on.iter().filter(|c| is_relative(c)).copied().collect();
        match typed.is_empty() {
            true => Baseline::usual_conditions(),
            false => typed,
        }
    }
}

fn is_relative(condition: &Condition) -> bool {
    condition.limit(None).is_none()
}

/// The limit of a check that a constraint of a tuning is.
fn limit(constraint: &Constraint) -> Option<Limit> {
    let metric = match constraint {
        Constraint::Duration { statistic, .. } => match statistic {
            Statistic::Mean => Metric::Mean,
            Statistic::P50 => Metric::P50,
            Statistic::P95 => Metric::P95,
            Statistic::P99 => Metric::P99,
        },
        Constraint::CostPerMillion { .. } => Metric::CostPerMillion,
        Constraint::CostAboveCheapest { .. } => return None,
    };
    Some(Limit::new(metric, constraint.limit()))
}

/// Reads `check`, and refuses what does not go with it, or without it.
pub(super) fn check(r: &mut Reading<'_>, name: &'static str) {
    let asked = r.fields.boolean(name);
    r.check = asked.then(|| CheckInput {
        budget: std::mem::take(&mut r.options.budget),
        ..CheckInput::default()
    });
    let of_tunings = |field: &str| !takes(field);
    let (is_wrong, accepted): (fn(&str) -> bool, _) = match asked {
        true => (
            of_tunings,
            "left out with check, which measures the function as it is and changes nothing",
        ),
        false => (is_own, "left out unless check is true"),
    };
    for field in super::input::FIELDS.into_iter().filter(|field| is_wrong(field)) {
        if let Some(value) = r
            .fields
            .filled(field)
            .filter(|value| is_own(field) || value.get() != "false")
        {
            r.fields.wrong(field, value, accepted);
        }
    }
    if !asked {
        return;
    }
    // One after the other, unless more are asked for: those made at the same time start environments of their own.
    r.options.concurrency = 1;
    r.options.max_concurrency = r.whole("maxConcurrency").unwrap_or(1);
    if LIMITS.iter().all(|field| r.fields.filled(field).is_none())
        && let Some(value) = r.fields.filled(name)
    {
        let accepted = "with something to keep: failOn, limits, maxP95Ms and the like, or baseline";
        r.fields.wrong(name, value, accepted);
    }
}

/// What must not be: a list of conditions, or one text with commas between them.
pub(super) fn fail_on(r: &mut Reading<'_>, name: &'static str) {
    let Some(value) = r.fields.filled(name).filter(|_| r.check.is_some()) else {
        return;
    };
    let accepted = "a list of conditions such as [\"p95>800ms\", \"success<99%\"]";
    let texts: Option<Vec<String>> = match fields::text(value) {
        Some(text) => Some(text.split(',').map(str::to_owned).collect()),
        None => fields::list(value).and_then(|list| list.into_iter().map(fields::text).collect()),
    };
    let Some(texts) = texts.filter(|texts| !texts.is_empty() && texts.len() <= MOST_CONDITIONS) else {
        r.fields
            .wrong(name, value, format!("{accepted}, of 1 to {MOST_CONDITIONS}"));
        return;
    };
    let has_baseline = r.fields.filled("baseline").is_some();
    let mut conditions = Vec::with_capacity(texts.len());
    for text in texts {
        match text.parse::<Condition>() {
            Ok(condition) if is_relative(&condition) && !has_baseline => {
                let accepted = format!("without {text}, which is relative, unless baseline says to what");
                r.fields.wrong(name, value, accepted);
            }
            Ok(condition) => conditions.push(condition),
            Err(error) => r.fields.wrong(name, value, format!("{accepted} ({error})")),
        }
    }
    if let Some(check) = &mut r.check {
        check.fail_on = conditions;
    }
}

pub(super) fn limits(r: &mut Reading<'_>, name: &'static str) {
    if r.check.is_none() {
        return;
    }
    let guide = r.fields.text(name, "\"guide\"", |word| match word {
        "guide" => Ok(true),
        _ => Err(""),
    });
    if let Some(check) = &mut r.check {
        check.guide = guide.is_some();
    }
}

pub(super) fn baseline(r: &mut Reading<'_>, name: &'static str) {
    if r.check.is_none() {
        return;
    }
    let accepted = "\"last\", or the ID of a check or tuning in the bucket";
    let choice = r.fields.text(name, accepted, |word| match word {
        "last" => Ok(BaselineChoice::Last),
        // Other forms of a UUID name no document.
        id if id.len() == 36 => Uuid::try_parse(id).map(BaselineChoice::Id).map_err(|_| ""),
        _ => Err(""),
    });
    if let Some(check) = &mut r.check {
        check.baseline = choice;
    }
}

pub(super) fn undecided(r: &mut Reading<'_>, name: &'static str) {
    if r.check.is_none() {
        return;
    }
    let undecided = r.fields.text(name, "\"fail\" or \"pass\"", |word| match word {
        "fail" => Ok(Undecided::CannotTell),
        "pass" => Ok(Undecided::Pass),
        _ => Err(""),
    });
    if let Some(check) = &mut r.check {
        check.undecided = undecided.unwrap_or_default();
    }
}

/// Its word in an input.
pub(super) const fn undecided_word(undecided: Undecided) -> &'static str {
    match undecided {
        Undecided::CannotTell => "fail",
        Undecided::Pass => "pass",
    }
}
