//! Groups of a review: their table, their pages, and files that hold them.

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;
use tuner_core::pricing::Money;
use tuner_core::review::{Group, GroupBy, MemoryReview, OfGroup};

use super::view::View;
use super::words;
use crate::csv::{number, rows, words as cell};
use crate::{Format, Options, ReportError, masking, numbers};

/// Groups that have a page of their own: beyond them, all are in the table of groups.
const MOST_PAGES: usize = 500;
/// Letters of a group's name in the name of a file.
const LONGEST_STEM: usize = 60;
/// Letters of a group's name in a heading.
const LONGEST_NAME: usize = 60;
/// What the file of the functions of nobody is called; no name of a group becomes that.
const NOBODY_STEM: &str = "_nobody";

/// The forms in which a group has a page.
pub const GROUP_FORMATS: [Format; 3] = [Format::Html, Format::Markdown, Format::Csv];

/// A page of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPage {
    /// The group; `None` is that of nobody.
    pub name: Option<String>,
    /// The name of its files without what they end with: safe on every file system, and another for each group.
    pub stem: String,
}

/// The pages of a review's groups, in the order of their table; none if it has no groups. At most 500, that of nobody among them.
pub fn group_pages(review: &MemoryReview) -> Vec<GroupPage> {
    let groups = review.groups.iter().flat_map(|groups| &groups.groups);
    let (nobody, named): (Vec<&Group>, Vec<&Group>) = groups.partition(|group| group.name.is_none());
    let mut taken = BTreeSet::new();
    let first = named.into_iter().take(MOST_PAGES - nobody.len());
    first
        .chain(nobody)
        .map(|group| GroupPage {
            name: group.name.clone(),
            stem: group
                .name
                .as_deref()
                .map_or_else(|| NOBODY_STEM.to_owned(), |name| stem(name, &mut taken)),
        })
        .collect()
}

/// A name that is safe as it is stays; any other is cut down to letters, digits and dashes, and gets a number made of the
/// whole name, so that it stays the same from month to month.
fn stem(name: &str, taken: &mut BTreeSet<String>) -> String {
    let is_safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let mut plain = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        match is_safe(c) && c != '-' {
            true => plain.push(c),
            false if plain.ends_with('-') || plain.is_empty() => {}
            false => plain.push('-'),
        }
        if plain.len() >= LONGEST_STEM {
            break;
        }
    }
    let plain = plain.trim_end_matches('-');
    let plain = if plain.is_empty() { "group" } else { plain };
    let base = match plain == name && !is_reserved(plain) {
        true => plain.to_owned(),
        false => format!("{plain}-{:08x}", fnv(name)),
    };
    let numbered = (2_u64..).map(|n| format!("{base}--{n}"));
    let free = std::iter::once(base.clone())
        .chain(numbered)
        .find(|stem| taken.insert(stem.clone()));
    free.unwrap_or(base)
}

/// Names that Windows takes for devices, whatever they end with.
fn is_reserved(name: &str) -> bool {
    let numbered = |device: &str| {
        name.strip_prefix(device)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(name, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// FNV-1a, 32 bits: the same on every machine and in every version.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// "functions of nobody", or the name.
pub(crate) fn name_of(name: Option<&str>) -> String {
    match name {
        Some(name) => match name.char_indices().nth(LONGEST_NAME) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name.to_owned(),
        },
        None => "(nobody)".to_owned(),
    }
}

/// By what groups are made, for people: "owner", "stack", "tag team".
pub(crate) fn by_words(by: &GroupBy) -> String {
    match by {
        GroupBy::Owner => "owner".to_owned(),
        GroupBy::Stack => "stack".to_owned(),
        GroupBy::Tag(key) => format!("tag {key}"),
    }
}

/// "payments (owner): ", "Functions without an owner: ".
pub(crate) fn heading(of: &OfGroup) -> String {
    match (&of.name, &of.by) {
        (Some(name), by) => format!("{} ({}): ", name_of(Some(name)), by_words(by)),
        (None, GroupBy::Owner) => "Functions without an owner: ".to_owned(),
        (None, GroupBy::Stack) => "Functions of no stack: ".to_owned(),
        (None, GroupBy::Tag(key)) => format!("Functions without the tag {}: ", name_of(Some(key))),
    }
}

/// A row of the table of groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GroupRow {
    pub(crate) name: String,
    pub(crate) is_nobody: bool,
    pub(crate) functions: u64,
    pub(crate) cost: String,
    pub(crate) saving: String,
    pub(crate) may_break: u64,
    /// Functions that could not be judged in full.
    pub(crate) unjudged: u64,
    pub(crate) overdue: u64,
    pub(crate) ignored: u64,
    /// Its page without what it ends with.
    pub(crate) stem: Option<String>,
}

pub(crate) fn table(view: &View<'_>) -> Vec<GroupRow> {
    let pages = group_pages(view.review);
    let groups = view.review.groups.iter().flat_map(|groups| &groups.groups);
    groups.map(|group| row(view, group, &pages)).collect()
}

fn row(view: &View<'_>, group: &Group, pages: &[GroupPage]) -> GroupRow {
    let totals = &group.totals;
    let dash = || "–".to_owned();
    GroupRow {
        name: name_of(group.name.as_deref()),
        is_nobody: group.name.is_none(),
        functions: totals.functions,
        cost: match (totals.monthly, totals.monthly_at_most) {
            (Some(least), Some(most)) => view.scale.range(least, most),
            (Some(cost), None) => view.scale.amount(cost),
            (None, _) => in_another_currency(view, group).unwrap_or_else(dash),
        },
        saving: words::saving_of(view, totals).unwrap_or_else(dash),
        may_break: group.may_break,
        unjudged: totals.unjudged.all(),
        overdue: totals.overdue,
        ignored: totals.ignored,
        stem: pages
            .iter()
            .find(|page| page.name == group.name)
            .map(|page| page.stem.clone()),
    }
}

/// "in CNY", where what its functions cost is in no sum, since those are in another currency.
fn in_another_currency(view: &View<'_>, group: &Group) -> Option<String> {
    let by = &view.review.groups.as_ref()?.by;
    let own = (view.rows.iter()).filter(|row| by.group_of(&row.of.function) == group.name.as_deref());
    Some(format!(
        "in {}",
        words::other_currencies(own.filter_map(|row| row.cost))?
    ))
}

/// Figures of a row, as the text views have them.
pub(crate) const HEAD: [&str; 8] = [
    "group",
    "functions",
    "cost",
    "saving",
    "may break",
    "not judged",
    "overdue",
    "ignored",
];

impl GroupRow {
    /// Its cells, in the order of [`HEAD`].
    pub(crate) fn cells(&self) -> [String; 8] {
        let none = |n: u64| if n == 0 { "–".to_owned() } else { numbers::count(n) };
        [
            self.name.clone(),
            numbers::count(self.functions),
            self.cost.clone(),
            self.saving.clone(),
            none(self.may_break),
            none(self.unjudged),
            none(self.overdue),
            none(self.ignored),
        ]
    }
}

/// Writes one row per group, after a row of names. Figures are not rounded. Form: RFC 4180. Text that a spreadsheet would run
/// as a formula begins with an apostrophe.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_groups_csv(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(review, options)?;
    let view = View::new(&shown);
    let pages = group_pages(&shown);
    let mut rows = rows(out);
    rows.write_record([
        "grouped_by",
        "group",
        "is_nobody",
        "functions",
        "monthly_cost",
        "monthly_cost_at_most",
        "billed_in_window_cost",
        "saving_at_worst",
        "saving_at_best",
        "saving_measured",
        "arm64_saving_at_best",
        "currency",
        "functions_without_cost",
        "functions_that_may_break",
        "functions_not_judged_in_full",
        "findings",
        "new_findings",
        "expired_findings",
        "accepted_findings",
        "overdue_findings",
        "ignored_findings",
        "ignored_saving_at_best",
        "page",
        "amounts_are",
    ])?;
    if let Some(groups) = &shown.groups {
        for group in &groups.groups {
            let totals = &group.totals;
            let amount = |money: Option<Money>| number(money.map(|money| money.amount));
            let page = pages.iter().find(|page| page.name == group.name);
            rows.write_record([
                cell(&groups.by.to_string()),
                group.name.as_deref().map_or_else(String::new, cell),
                group.name.is_none().to_string(),
                totals.functions.to_string(),
                amount(totals.monthly),
                amount(totals.monthly_at_most),
                amount(totals.billed),
                amount(totals.saving_at_worst),
                amount(totals.saving_at_best),
                amount(totals.saving_measured),
                amount(totals.arm64_at_best),
                totals
                    .monthly
                    .map_or_else(String::new, |money| money.currency.code().to_owned()),
                totals.without_cost.to_string(),
                group.may_break.to_string(),
                totals.unjudged.all().to_string(),
                totals.findings.values().sum::<u64>().to_string(),
                totals.new_findings.to_string(),
                totals.expired.to_string(),
                totals.accepted.to_string(),
                totals.overdue.to_string(),
                totals.ignored.to_string(),
                amount(totals.ignored_at_best),
                page.map_or_else(String::new, |page| page.stem.clone()),
                view.period().to_owned(),
            ])?;
        }
    }
    Ok(rows.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(names: &[&str]) -> Vec<String> {
        let mut taken = BTreeSet::new();
        names.iter().map(|name| stem(name, &mut taken)).collect()
    }

    #[test]
    fn a_name_that_is_safe_stays() {
        assert_eq!(stems(&["payments", "team-7", "0"]), ["payments", "team-7", "0"]);
    }

    #[test]
    fn no_name_leaves_the_folder_or_meets_another() {
        let long = "x".repeat(5_000);
        let hostile = [
            "../../etc/passwd",
            "..",
            ".",
            "/",
            "a/b",
            "a\\b",
            "a b",
            "A b",
            "a-b",
            "a.b",
            "a:b",
            "con",
            "CON",
            "com1",
            "nul",
            "é",
            "è",
            "日本",
            "",
            "-",
            "--",
            "_nobody",
            "nobody",
            "a\0b",
            "\u{202e}",
            "=cmd()",
            "<script>",
            "a\nb",
            " a",
            "a ",
            &long,
            "payments",
            "Payments",
            "PAYMENTS",
        ];
        let stems = stems(&hostile);
        let distinct: BTreeSet<&String> = stems.iter().collect();
        assert_eq!(distinct.len(), hostile.len(), "{stems:?}");
        for (stem, name) in stems.iter().zip(hostile) {
            assert!(stem.len() <= LONGEST_STEM + 12 && !stem.is_empty(), "{name:?}: {stem}");
            assert!(
                stem.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name:?}: {stem}"
            );
            assert!(
                stem.starts_with(|c: char| c.is_ascii_alphanumeric()) && !is_reserved(stem),
                "{name:?}: {stem}"
            );
        }
        // A name that was made to meet another's does not.
        let taken = super::tests::stems(&["A", &format!("a-{:08x}", fnv("A"))]);
        assert_ne!(taken[0], taken[1]);
    }
}
