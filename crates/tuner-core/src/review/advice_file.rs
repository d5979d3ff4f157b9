//! The file in which people say what became of advice: what is not to be told again before a date, what was agreed to be
//! done, and whose functions are.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::FindingKind;
use crate::FunctionPattern;

/// What people decided about the advice of reviews.
///
/// ```
/// # use tuner_core::review::AdviceFile;
/// let file = AdviceFile::parse(r#"
/// [[ignore]]
/// function = "batch-*"
/// finding = "timeout_too_long"
/// until = 2027-03-31
/// reason = "moves to containers in spring"
///
/// [[accepted]]
/// function = "resize"
/// finding = "memory_overprovisioned"
/// on = 2026-11-02
/// by = "jo"
///
/// [[owner]]
/// function = "pay-*"
/// owner = "payments"
/// "#)?;
/// assert_eq!((file.ignored.len(), file.accepted.len(), file.owners.len()), (1, 1, 1));
/// # Ok::<(), tuner_core::review::AdviceFileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdviceFile {
    /// Findings that are not to be told before a date.
    pub ignored: Vec<Ignore>,
    /// Findings that somebody agreed to do something about.
    pub accepted: Vec<Accept>,
    /// Whose functions are, where their tags do not say.
    pub owners: Vec<OwnerRule>,
    /// After how many days something accepted is overdue that has no date of its own.
    pub overdue_after_days: u16,
}

/// Days until something accepted is overdue if nothing is said: a review a month then asks once before it urges.
pub const OVERDUE_AFTER_DAYS: u16 = 30;

impl Default for AdviceFile {
    fn default() -> Self {
        Self {
            ignored: Vec::new(),
            accepted: Vec::new(),
            owners: Vec::new(),
            overdue_after_days: OVERDUE_AFTER_DAYS,
        }
    }
}

/// An `[[ignore]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// Of which functions.
    pub function: FunctionPattern,
    /// What is ignored.
    pub finding: FindingKind,
    /// The last day (UTC) on which it is.
    pub until: Date,
    /// Why: whoever reads the file later has to know.
    pub reason: String,
    /// Who says so.
    pub by: Option<String>,
    /// The line it begins in, from 1.
    pub line: usize,
}

/// An `[[accepted]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// Of which functions.
    pub function: FunctionPattern,
    /// What is to be mended.
    pub finding: FindingKind,
    /// The day on which that was decided.
    pub on: Date,
    /// The last day for it, where the days of [`AdviceFile::overdue_after_days`] are not meant.
    pub until: Option<Date>,
    /// What is to be done, or why.
    pub reason: Option<String>,
    /// Who does it.
    pub by: Option<String>,
    /// The line it begins in, from 1.
    pub line: usize,
}

/// An `[[owner]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRule {
    /// Which functions.
    pub function: FunctionPattern,
    /// Whose they are.
    pub owner: String,
    /// The line it begins in, from 1; `None` where something else than an advice file says so.
    pub line: Option<usize>,
}

/// Why an advice file can't be used: everything that is wrong with it, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.problems))]
pub struct AdviceFileError {
    /// What is wrong; never empty.
    pub problems: Vec<AdviceFileProblem>,
}

/// Something wrong in an advice file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdviceFileProblem {
    /// The line, from 1.
    pub line: usize,
    /// The table or field, such as `ignore.until`; absent where the file is no TOML.
    pub field: Option<String>,
    /// What is wrong with it, as a sentence goes on.
    pub reason: String,
}

impl fmt::Display for AdviceFileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if let Some(field) = &self.field {
            write!(f, "`{field}` ")?;
        }
        f.write_str(&self.reason)
    }
}

fn listed(problems: &[AdviceFileProblem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl AdviceFile {
    /// Reads a file. One that says nothing decides nothing.
    ///
    /// # Errors
    /// Names everything that is wrong, with its line and field.
    pub fn parse(text: &str) -> Result<Self, AdviceFileError> {
        let whole = DeTable::parse(text).map_err(|e| AdviceFileError {
            problems: vec![AdviceFileProblem {
                line: line_of(text, e.span().unwrap_or_default()),
                field: None,
                reason: e.message().trim().replace('\n', "; "),
            }],
        })?;
        let mut reader = Reader {
            text,
            problems: Vec::new(),
        };
        let file = reader.file(whole.get_ref());
        let mut problems = reader.problems;
        problems.sort_by_key(|problem| problem.line);
        match problems.is_empty() {
            true => Ok(file),
            false => Err(AdviceFileError { problems }),
        }
    }

    /// Whether it decides nothing, and names no owner.
    pub fn is_empty(&self) -> bool {
        self.ignored.is_empty() && self.accepted.is_empty() && self.owners.is_empty()
    }
}

impl FindingKind {
    /// As documents spell it, such as `memory_overprovisioned`.
    pub fn spelling(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => String::new(),
        }
    }

    /// The kind of this spelling; dashes and capital letters are no difference.
    pub fn named(text: &str) -> Option<Self> {
        let wanted = text.trim().replace('-', "_").to_ascii_lowercase();
        Self::ALL.into_iter().find(|kind| kind.spelling() == wanted)
    }
}

/// Of `names` the one that is nearest to `typed`, if it is near enough to have been meant: a quarter of its letters may differ.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric()).take(64);
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(typed);
    let (distance, name) = names
        .map(|name| (strsim::damerau_levenshtein(&wanted, &plain(name)), name))
        .min_by_key(|&(distance, _)| distance)?;
    (distance <= wanted.chars().count() / 4).then_some(name)
}

fn line_of(text: &str, span: Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or(text.as_bytes());
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<AdviceFileProblem>,
}

/// One `[[table]]`, whose fields are taken one by one.
struct Entry<'a> {
    table: &'static str,
    line: usize,
    fields: BTreeMap<&'a str, &'a Spanned<DeValue<'a>>>,
}

const TABLES: [&str; 4] = ["ignore", "accepted", "owner", "overdue_after_days"];
const OF_IGNORE: [&str; 5] = ["function", "finding", "until", "reason", "by"];
const OF_ACCEPTED: [&str; 6] = ["function", "finding", "on", "until", "reason", "by"];
const OF_OWNER: [&str; 2] = ["function", "owner"];
const DAYS: &str = "must be a whole number of days from 1 to 65535";
const A_DATE: &str = "must be a date such as 2027-03-31";

impl<'a> Reader<'a> {
    fn file(&mut self, whole: &'a DeTable<'a>) -> AdviceFile {
        let mut file = AdviceFile::default();
        for (key, value) in whole {
            let name: &str = key.get_ref();
            match name {
                "ignore" => {
                    let entries = self.entries("ignore", &OF_IGNORE, value);
                    file.ignored = entries.into_iter().filter_map(|entry| self.ignore(entry)).collect();
                }
                "accepted" => {
                    let entries = self.entries("accepted", &OF_ACCEPTED, value);
                    file.accepted = entries.into_iter().filter_map(|entry| self.accept(entry)).collect();
                }
                "owner" => {
                    let entries = self.entries("owner", &OF_OWNER, value);
                    file.owners = entries.into_iter().filter_map(|entry| self.owner(entry)).collect();
                }
                "overdue_after_days" => match value.get_ref() {
                    // 0x10 is sixteen: the digits mean nothing without their radix.
                    DeValue::Integer(days) => match u16::from_str_radix(days.as_str(), days.radix()) {
                        Ok(days @ 1..) => file.overdue_after_days = days,
                        _ => self.wrong(value.span(), name, DAYS),
                    },
                    _ => self.wrong(value.span(), name, DAYS),
                },
                _ => self.unknown(key.span(), name, &TABLES, name),
            }
        }
        let ignored = file.ignored.iter().map(|e| (&e.function, Some(e.finding), e.line));
        self.twice("ignore", &ignored.collect::<Vec<_>>());
        let accepted = file.accepted.iter().map(|e| (&e.function, Some(e.finding), e.line));
        self.twice("accepted", &accepted.collect::<Vec<_>>());
        let owners = file.owners.iter().map(|e| (&e.function, None, e.line.unwrap_or(0)));
        self.twice("owner", &owners.collect::<Vec<_>>());
        file
    }

    /// The tables of a `[[name]]`.
    fn entries(&mut self, table: &'static str, known: &[&str], value: &'a Spanned<DeValue<'a>>) -> Vec<Entry<'a>> {
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong(
                value.span(),
                table,
                &format!("must be a list of tables: write [[{table}]]"),
            );
            return Vec::new();
        };
        let mut entries = Vec::new();
        for item in list {
            let DeValue::Table(fields) = item.get_ref() else {
                self.wrong(
                    item.span(),
                    table,
                    &format!("must be a list of tables: write [[{table}]]"),
                );
                continue;
            };
            for (key, _) in fields {
                let name: &str = key.get_ref();
                if !known.contains(&name) {
                    self.unknown(key.span(), name, known, &format!("{table}.{name}"));
                }
            }
            // A table has the place of its header; one that is written in braces that of the brace.
            entries.push(Entry {
                table,
                line: line_of(self.text, item.span()),
                fields: fields
                    .iter()
                    .map(|(key, value)| (key.get_ref().as_ref(), value))
                    .collect(),
            });
        }
        entries
    }

    fn ignore(&mut self, entry: Entry<'a>) -> Option<Ignore> {
        let function = self.function(&entry);
        let finding = self.finding(&entry);
        let until = self.date(&entry, "until");
        let reason = self.text(&entry, "reason");
        for (field, why) in [
            (
                "until",
                "say the last day on which it is ignored; what never ends is never looked at again",
            ),
            ("reason", "say why it is ignored, for whoever reads this later"),
        ] {
            if !entry.fields.contains_key(field) {
                self.missing(&entry, field, why);
            }
        }
        Some(Ignore {
            by: self.text(&entry, "by"),
            function: function?,
            finding: finding?,
            until: until?,
            reason: reason?,
            line: entry.line,
        })
    }

    fn accept(&mut self, entry: Entry<'a>) -> Option<Accept> {
        let function = self.function(&entry);
        let finding = self.finding(&entry);
        let on = self.date(&entry, "on");
        if !entry.fields.contains_key("on") {
            self.missing(&entry, "on", "say the day on which it was decided");
        }
        let until = self.date(&entry, "until");
        if let (Some(on), Some(until)) = (on, until)
            && until < on
            && let Some(value) = entry.fields.get("until")
        {
            self.wrong(
                value.span(),
                "accepted.until",
                &format!("is {until}, before `on`, {on}"),
            );
        }
        Some(Accept {
            reason: self.text(&entry, "reason"),
            by: self.text(&entry, "by"),
            function: function?,
            finding: finding?,
            on: on?,
            until,
            line: entry.line,
        })
    }

    fn owner(&mut self, entry: Entry<'a>) -> Option<OwnerRule> {
        let function = self.function(&entry);
        let owner = self.text(&entry, "owner");
        if !entry.fields.contains_key("owner") {
            self.missing(&entry, "owner", "say whose the functions are");
        }
        Some(OwnerRule {
            function: function?,
            owner: owner?,
            line: Some(entry.line),
        })
    }

    fn function(&mut self, entry: &Entry<'a>) -> Option<FunctionPattern> {
        let Some(value) = entry.fields.get("function") else {
            self.missing(entry, "function", "name the function, or a pattern with * and ?");
            return None;
        };
        let text = self.text(entry, "function")?;
        match text.parse() {
            Ok(pattern) => Some(pattern),
            Err(e) => {
                self.wrong(
                    value.span(),
                    &format!("{}.function", entry.table),
                    &format!("is wrong: {e}"),
                );
                None
            }
        }
    }

    fn finding(&mut self, entry: &Entry<'a>) -> Option<FindingKind> {
        let Some(value) = entry.fields.get("finding") else {
            self.missing(entry, "finding", "name the finding, such as memory_overprovisioned");
            return None;
        };
        let text = self.text(entry, "finding")?;
        let found = FindingKind::named(&text);
        if found.is_none() {
            let all = FindingKind::ALL.map(FindingKind::spelling);
            let meant = match nearest(&text, all.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use one of {}", all.join(", ")),
            };
            let field = format!("{}.finding", entry.table);
            self.wrong(
                value.span(),
                &field,
                &format!("is `{}`, which is no finding; {meant}", shortened(&text)),
            );
        }
        found
    }

    fn date(&mut self, entry: &Entry<'a>, name: &str) -> Option<Date> {
        let value = entry.fields.get(name)?;
        let text = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        let date = strict(&text);
        if date.is_none() {
            let is = match text.is_empty() {
                true => A_DATE.to_owned(),
                false => format!("is `{}`, and {A_DATE}", shortened(&text)),
            };
            self.wrong(value.span(), &format!("{}.{name}", entry.table), &is);
        }
        date
    }

    fn text(&mut self, entry: &Entry<'a>, name: &str) -> Option<String> {
        let value = entry.fields.get(name)?;
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            DeValue::String(_) => {
                self.wrong(value.span(), &format!("{}.{name}", entry.table), "is empty");
                None
            }
            _ => {
                self.wrong(
                    value.span(),
                    &format!("{}.{name}", entry.table),
                    "must be a text in quotes",
                );
                None
            }
        }
    }

    /// Says of the second of two entries that they are about the same.
    fn twice(&mut self, table: &str, entries: &[(&FunctionPattern, Option<FindingKind>, usize)]) {
        let mut seen = BTreeMap::new();
        for &(function, finding, line) in entries {
            if let Some(first) = seen.get(&(function, finding)) {
                let about = finding.map_or_else(String::new, |kind| format!(" and {}", kind.spelling()));
                self.problems.push(AdviceFileProblem {
                    line,
                    field: Some(table.to_owned()),
                    reason: format!("is about `{function}`{about} again, as line {first} is; leave one of them"),
                });
            }
            seen.entry((function, finding)).or_insert(line);
        }
    }

    fn missing(&mut self, entry: &Entry<'_>, field: &str, why: &str) {
        self.problems.push(AdviceFileProblem {
            line: entry.line,
            field: Some(format!("{}.{field}", entry.table)),
            reason: format!("is missing: {why}"),
        });
    }

    fn unknown(&mut self, span: Range<usize>, name: &str, known: &[&str], field: &str) {
        let meant = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.wrong(span, &shortened(field), &format!("is not known; {meant}"));
    }

    fn wrong(&mut self, span: Range<usize>, field: &str, reason: &str) {
        self.problems.push(AdviceFileProblem {
            line: line_of(self.text, span),
            field: Some(field.to_owned()),
            reason: reason.to_owned(),
        });
    }
}

/// A day and nothing but a day: a time of day would have a zone, and an end in the middle of a day.
fn strict(text: &str) -> Option<Date> {
    let is_date = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    text.parse().ok().filter(|_| is_date)
}

/// What is quoted of what was typed.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
