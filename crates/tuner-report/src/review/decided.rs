//! What people decided about findings, in words: what is overdue, told again, new and ignored.

use jiff::civil::Date;
use serde::Serialize;
use tuner_core::review::{AdviceList, Decided, FindingKind, IgnoredFinding, Unused, UnusedEntry};

use super::view::{Row, View};
use super::words::counted;
use crate::numbers;
use crate::words::joined;

/// Functions that are named of those of which the same is ignored.
const MOST_NAMED: usize = 8;

/// What a reader is to know before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Urgent {
    /// "overdue", "no longer ignored" or "new".
    pub(crate) state: &'static str,
    /// Whether it should have been done by now.
    pub(crate) is_overdue: bool,
    pub(crate) rank: usize,
    pub(crate) name: String,
    pub(crate) found: &'static str,
    /// What was decided, or what was found.
    pub(crate) text: String,
}

/// What is overdue, longest first; then what is ignored no longer; then what is new, in the order of the ranking.
pub(crate) fn urgent(view: &View<'_>) -> Vec<Urgent> {
    let one = |row: &Row<'_>, kind: FindingKind, state, text| Urgent {
        state,
        is_overdue: state == OVERDUE,
        rank: row.rank,
        name: row.label.clone(),
        found: kind.words(),
        text,
    };
    let decided = || {
        view.rows
            .iter()
            .flat_map(|row| row.of.decided.iter().map(move |(&kind, of)| (row, kind, of)))
    };
    let mut overdue: Vec<_> = decided()
        .filter_map(|(row, kind, of)| {
            let accepted = of.accepted.as_ref().filter(|accepted| accepted.overdue)?;
            Some((accepted.due, one(row, kind, OVERDUE, words(of, row.today))))
        })
        .collect();
    overdue.sort_by_key(|(due, _)| *due);
    let expired = decided()
        .filter(|(_, _, of)| of.expired.is_some() && !of.accepted.as_ref().is_some_and(|a| a.overdue))
        .map(|(row, kind, of)| one(row, kind, EXPIRED, words(of, row.today)));
    let new = view.rows.iter().flat_map(|row| {
        let is_told = |kind: FindingKind| row.of.decided.contains_key(&kind);
        let findings = row.of.new_findings().filter(move |finding| !is_told(finding.kind));
        findings.map(move |finding| one(row, finding.kind, NEW, finding.text.clone()))
    });
    overdue
        .into_iter()
        .map(|(_, urgent)| urgent)
        .chain(expired)
        .chain(new)
        .collect()
}

const OVERDUE: &str = "overdue";
const EXPIRED: &str = "no longer ignored";
const NEW: &str = "new";

/// "agreed on 2026-09-30 by jo, to be done until 2026-10-30: smaller size". `today`: what was agreed later is told as that.
pub(crate) fn words(of: &Decided, today: Date) -> String {
    let by = |by: &Option<String>| by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let mut parts = Vec::new();
    if let Some(accepted) = &of.accepted {
        let why = accepted
            .reason
            .as_ref()
            .map_or_else(String::new, |reason| format!(": {reason}"));
        parts.push(format!(
            "agreed on {}{}{}, to be done until {}{why}",
            accepted.on,
            if accepted.on > today { ", after this review" } else { "" },
            by(&accepted.by),
            accepted.due
        ));
    }
    if let Some(expired) = &of.expired {
        parts.push(format!(
            "was ignored until {}{}: {}",
            expired.until,
            by(&expired.by),
            expired.reason
        ));
    }
    parts.join("; ")
}

/// "1 finding is overdue, 4 are new; 3 are ignored until 2026-12-31 and in no figure".
pub(crate) fn sentence(view: &View<'_>) -> Option<String> {
    let urgent = urgent(view);
    let mut parts = Vec::new();
    for what in [OVERDUE, EXPIRED, NEW] {
        let n = urgent.iter().filter(|item| item.state == what).count() as u64;
        if n > 0 {
            let head = match parts.is_empty() {
                true => counted(n, "finding", "findings"),
                false => numbers::count(n),
            };
            parts.push(format!("{head} {} {what}", is(n)));
        }
    }
    let mut sentences: Vec<String> = (!parts.is_empty()).then(|| joined(&parts)).into_iter().collect();
    sentences.extend(ignored_sentence(view));
    (!sentences.is_empty()).then(|| format!("{}.", super::words::capitalised(&sentences.join("; "))))
}

/// "3 findings are ignored until 2026-12-31, and in no figure (at best $12 a month could be saved there)".
fn ignored_sentence(view: &View<'_>) -> Option<String> {
    let totals = &view.review.totals;
    let dates = || {
        view.rows
            .iter()
            .flat_map(|row| &row.of.ignored)
            .map(|ignored| ignored.until)
    };
    let (first, last) = (dates().min()?, dates().max()?);
    let until = match first == last {
        true => format!("until {first}"),
        false => format!("until {first} to {last}"),
    };
    let saving = totals
        .ignored_at_best
        .filter(|most| most.amount > 0.0)
        .map_or_else(String::new, |most| {
            format!(
                " (at best {} {} could be saved there)",
                view.scale.amount(most),
                view.period()
            )
        });
    let n = totals.ignored;
    Some(format!(
        "{} {} ignored {until}, and in no figure{saving}",
        counted(n, "finding", "findings"),
        is(n)
    ))
}

const fn is(n: u64) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

/// Findings that are ignored for one reason until one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct IgnoredRow {
    pub(crate) until: String,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) found: &'static str,
    /// The functions, some of them by name.
    pub(crate) functions: String,
    /// Both: "checkout may run out of memory", "memory over-provisioned of resize".
    pub(crate) what: String,
}

/// What is ignored, what returns first before the rest.
pub(crate) fn ignored(view: &View<'_>) -> Vec<IgnoredRow> {
    let mut rows: Vec<(&IgnoredFinding, Vec<&str>)> = Vec::new();
    for row in &view.rows {
        for ignored in &row.of.ignored {
            let same = |known: &&mut (&IgnoredFinding, Vec<&str>)| {
                let known = known.0;
                known.finding.kind == ignored.finding.kind
                    && (known.until, &known.reason, &known.by) == (ignored.until, &ignored.reason, &ignored.by)
            };
            match rows.iter_mut().find(same) {
                Some((_, names)) => names.push(&row.label),
                None => rows.push((ignored, vec![&row.label])),
            }
        }
    }
    rows.sort_by_key(|(ignored, _)| (ignored.until, ignored.finding.kind));
    rows.into_iter()
        .map(|(ignored, names)| IgnoredRow {
            until: ignored.until.to_string(),
            reason: ignored.reason.clone(),
            by: ignored.by.clone().unwrap_or_default(),
            found: ignored.finding.kind.words(),
            functions: named(&names),
            what: of_them(ignored.finding.kind, &names),
        })
        .collect()
}

/// What may break is told as what functions do, and everything else as what they have.
fn of_them(kind: FindingKind, names: &[&str]) -> String {
    match kind.is_risk() {
        true => format!("{} {}", named(names), super::words::verb(kind, names.len() as u64)),
        false => format!("{} of {}", kind.words(), named(names)),
    }
}

fn named(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(MOST_NAMED).map(|&name| name.to_owned()).collect();
    if let more @ 1.. = names.len().saturating_sub(MOST_NAMED) {
        shown.push(format!("{} more", numbers::count(more as u64)));
    }
    joined(&shown)
}

/// "until 2026-12-31, memory over-provisioned of batch-export and batch-import: we know (jo)".
pub(crate) fn ignored_line(row: &IgnoredRow) -> String {
    let by = match row.by.is_empty() {
        true => String::new(),
        false => format!(" ({})", row.by),
    };
    format!("until {}, {}: {}{by}", row.until, row.what, row.reason)
}

/// A sentence for each entry of the advice file that is about nothing.
pub(crate) fn unused(view: &View<'_>) -> Vec<String> {
    let entries = view.review.advice_file.iter().flat_map(|file| &file.unused);
    entries.map(unused_line).collect()
}

fn unused_line(entry: &UnusedEntry) -> String {
    let list = match entry.list {
        AdviceList::Ignore => "[[ignore]]",
        AdviceList::Accepted => "[[accepted]]",
        AdviceList::Owner => "[[owner]]",
    };
    let name = &entry.function;
    let finding = entry.finding.map_or("", FindingKind::words);
    let why = match (&entry.why, entry.list) {
        (Unused::UnknownFunction { nearest: Some(near) }, _) => {
            format!("no function of this review is called `{name}`; is `{near}` meant?")
        }
        (Unused::UnknownFunction { nearest: None }, _) => format!("no function of this review is called `{name}`"),
        (Unused::FunctionGone, _) => format!("`{name}` is not there any more: the entry can go"),
        (Unused::Resolved, AdviceList::Accepted) => {
            format!("“{finding}” is not found of `{name}` any more: it is done, and the entry can go")
        }
        (Unused::Resolved, _) => format!("“{finding}” is not found of `{name}` any more: the entry can go"),
        (Unused::NotFound, _) => format!("“{finding}” is not found of `{name}`: the entry can go"),
        (Unused::CannotTell, _) => {
            format!("whether “{finding}” still holds of `{name}` cannot be told: it could not be looked at in full")
        }
        (Unused::Overruled, _) => {
            format!("another entry counts for every function of `{name}` that it would be about")
        }
        (Unused::Ignored, _) => format!("“{finding}” of `{name}` is ignored too, and that goes first"),
        (Unused::TagsSay, _) => format!("the tags of `{name}` say whose it is, and they count"),
    };
    format!("line {}, {list}: {why}", entry.line)
}
