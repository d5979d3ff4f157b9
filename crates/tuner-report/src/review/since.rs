//! What happened since the last review: what its advice brought, what got worse, what is new and gone.

use serde::Serialize;
use tuner_core::review::{FindingKind, Resized};

use super::view::{Row, View};
use super::words::{counted, days_until, functions};
use crate::numbers;
use crate::words::joined;

/// Names of functions that are gone or new, told one by one.
const MOST_NAMED: usize = 8;
/// Rows of a list; the table of all functions has every one.
const MOST_ROWS: usize = 10;

/// What is to be told. Absent without a last review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Since {
    /// "Since the review of 2026-10-21".
    pub(crate) title: String,
    /// A sentence each.
    pub(crate) sentences: Vec<String>,
    /// Advice that was followed, what it saves most first.
    pub(crate) followed: Vec<FollowedRow>,
    /// "12 more are in the table below".
    pub(crate) followed_left: Option<String>,
    /// Functions that got worse at the same size, with the evidence.
    pub(crate) regressions: Vec<(String, String)>,
    /// "12 more are in the table below".
    pub(crate) regressions_left: Option<String>,
}

/// Advice that was followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FollowedRow {
    pub(crate) name: String,
    pub(crate) change: String,
    pub(crate) expected: String,
    pub(crate) saved: String,
}

pub(crate) fn of_view(view: &View<'_>) -> Option<Since> {
    let previous = view.review.previous.as_ref()?;
    let mut sentences = vec![cost(view), advice(view)];
    let named = |names: Vec<&str>| {
        let more = names.len().saturating_sub(MOST_NAMED);
        let mut names: Vec<String> = names.iter().take(MOST_NAMED).map(|&name| name.to_owned()).collect();
        if more > 0 {
            names.push(format!("{more} more"));
        }
        joined(&names)
    };
    let new: Vec<&str> = view
        .rows
        .iter()
        .filter(|row| row.of.changes.as_ref().is_some_and(|changes| changes.is_new))
        .map(|row| row.label.as_str())
        .collect();
    if !new.is_empty() {
        sentences.push(Some(format!("{} new: {}.", are(new.len()), named(new))));
    }
    let gone: Vec<&str> = previous.gone.iter().map(tuner_core::FunctionName::name).collect();
    if !gone.is_empty() {
        sentences.push(Some(format!("{} gone: {}.", are(gone.len()), named(gone))));
    }
    sentences.extend(resized(view).into_iter().map(Some));
    let mut regressions = regressions(view);
    let at_same_size = view
        .rows
        .iter()
        .filter(|row| row.of.finding(FindingKind::Regression).is_some());
    let at_same_size = at_same_size.filter(|row| worse(row).is_none()).count();
    if at_same_size > 0 {
        sentences.push(Some(format!(
            "{} got worse at the same memory size.",
            functions(at_same_size as u64)
        )));
    }
    let mut followed = followed(view);
    let sentences: Vec<String> = sentences.into_iter().flatten().collect();
    // Of one group there may be nothing to tell.
    if sentences.is_empty() && followed.is_empty() && regressions.is_empty() {
        return None;
    }
    Some(Since {
        title: match previous.window {
            Some(window) => format!("Since the review of the {}", days_until(window)),
            None => format!("Since the review of {}", previous.finished_at.strftime("%Y-%m-%d")),
        },
        sentences,
        followed_left: cut(&mut followed),
        followed,
        regressions_left: cut(&mut regressions),
        regressions,
    })
}

/// What became worse with a change of its size.
fn worse<'a>(row: &Row<'a>) -> Option<&'a Resized> {
    let resized = row.of.changes.as_ref()?.resized.as_deref()?;
    (!resized.worse.is_empty()).then_some(resized)
}

/// Whether somebody decided that it is not to be told that it got worse.
fn is_ignored(row: &Row<'_>) -> bool {
    let mut ignored = row.of.ignored.iter();
    ignored.any(|ignored| ignored.finding.kind == FindingKind::Regression)
}

/// What every change of a size did, those that became worse first.
fn resized(view: &View<'_>) -> Vec<String> {
    let mut told: Vec<(bool, String)> = view
        .rows
        .iter()
        .filter_map(|row| {
            let resized = row.of.changes.as_ref()?.resized.as_deref()?;
            let change = sizes(Some(resized.before.memory_size_mb), Some(resized.after.memory_size_mb));
            let how: Vec<&str> = resized.worse.iter().map(|worse| worse.words()).collect();
            let is_ignored = is_ignored(row);
            let is_fine = how.is_empty() || is_ignored;
            let how = match (how.is_empty(), is_ignored) {
                (true, _) => String::new(),
                (false, true) => format!(" worse and ignored, {}:", how.join(", ")),
                (false, false) => format!(" WORSE, {}:", how.join(", ")),
            };
            Some((is_fine, format!("{} {change}:{how} {}.", row.name(), resized.words())))
        })
        .collect();
    told.sort_by_key(|(is_fine, _)| *is_fine);
    let left = told.len().saturating_sub(MOST_NAMED);
    let mut told: Vec<String> = told.into_iter().take(MOST_NAMED).map(|(_, text)| text).collect();
    if left > 0 {
        told.push(format!(
            "{} more changed their size: see the table.",
            functions(left as u64)
        ));
    }
    told
}

/// Leaves the first rows, and says how many there are besides.
fn cut<T>(rows: &mut Vec<T>) -> Option<String> {
    let left = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    let are = if left == 1 { "is" } else { "are" };
    (left > 0).then(|| format!("{} more {are} in the table below", numbers::count(left as u64)))
}

fn are(n: usize) -> String {
    format!("{} {}", functions(n as u64), if n == 1 { "is" } else { "are" })
}

/// What a month cost then and costs now.
fn cost(view: &View<'_>) -> Option<String> {
    let before = view.review.previous.as_ref()?.monthly?;
    let now = view
        .review
        .totals
        .monthly
        .filter(|now| now.currency == before.currency)?;
    let (was, is) = (view.scale.amount(before), view.scale.amount(now));
    if was == is {
        return Some(format!("The account costs what it cost then, {is} {}.", view.period()));
    }
    let change = numbers::change(&was, &is).map_or_else(String::new, |c| format!(" ({})", numbers::signed_percent(c)));
    Some(format!(
        "The account cost {was} {} then and costs {is} now{change}.",
        view.period()
    ))
}

/// How much advice was followed, and what that brought.
fn advice(view: &View<'_>) -> Option<String> {
    let previous = view.review.previous.as_ref()?;
    if previous.advised == 0 {
        return None;
    }
    let of = counted(previous.advised, "piece of advice", "pieces of advice");
    if previous.followed == 0 {
        return Some(format!("Of {of} about memory sizes, none was followed."));
    }
    let were = if previous.followed == 1 { "was" } else { "were" };
    let brought = match previous.saved {
        None => "what that saves cannot be told yet".to_owned(),
        Some(saved) if saved.amount < 0.0 => {
            format!(
                "that really costs {} {} more",
                view.scale.amount(saved * -1.0),
                view.period()
            )
        }
        Some(saved) => format!("that really saves {} {}", view.scale.amount(saved), view.period()),
    };
    let is_worse = |row: &&Row<'_>| {
        let advice = row.of.changes.as_ref().and_then(|changes| changes.advice);
        advice.is_some_and(|advice| advice.followed) && worse(row).is_some()
    };
    let made_worse = match view.rows.iter().filter(is_worse).count() as u64 {
        0 => String::new(),
        n => format!("; {} became worse by it", functions(n)),
    };
    Some(format!(
        "Of {of} about memory sizes, {} {were} followed: {brought}{made_worse}.",
        numbers::count(previous.followed)
    ))
}

fn followed(view: &View<'_>) -> Vec<FollowedRow> {
    let mut rows: Vec<(f64, FollowedRow)> = view
        .rows
        .iter()
        .filter_map(|row| {
            let changes = row.of.changes.as_ref()?;
            let advice = changes.advice.filter(|advice| advice.followed)?;
            let saved = advice.saved.map_or(f64::MIN, |money| money.amount);
            Some((
                saved,
                FollowedRow {
                    name: row.label.clone(),
                    change: sizes(changes.memory_size_mb, row.mb),
                    expected: advice
                        .expected
                        .map_or_else(|| "–".to_owned(), |saving| view.scale.saving(&saving)),
                    saved: advice
                        .saved
                        .map_or_else(|| "too little seen yet".to_owned(), |money| view.scale.amount(money)),
                },
            ))
        })
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// "1,024 → 512 MB".
pub(crate) fn sizes(before: Option<u32>, now: Option<u32>) -> String {
    let mb = |mb: Option<u32>| mb.map_or_else(|| "?".to_owned(), |mb| numbers::count(mb.into()));
    match before {
        Some(_) => format!("{} → {} MB", mb(before), mb(now)),
        None => format!("{} MB", mb(now)),
    }
}

fn regressions(view: &View<'_>) -> Vec<(String, String)> {
    let regression = |row: &Row<'_>| Some((row.label.clone(), row.of.finding(FindingKind::Regression)?.text.clone()));
    view.rows.iter().filter_map(regression).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let mut rows: Vec<usize> = (0..MOST_ROWS).collect();
        assert_eq!((cut(&mut rows), rows.len()), (None, MOST_ROWS));
        rows.extend(0..1);
        assert_eq!(cut(&mut rows).as_deref(), Some("1 more is in the table below"));
        let mut rows: Vec<usize> = (0..1_500).collect();
        assert_eq!(cut(&mut rows).as_deref(), Some("1,490 more are in the table below"));
        assert_eq!(rows.len(), MOST_ROWS);
    }
}
