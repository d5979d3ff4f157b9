//! What people decided about findings: ignored ones set apart, accepted ones watched, expired ones told again.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::advice_file::nearest;
use super::{Accept, Action, Advice, AdviceFile, Finding, FindingKind, FunctionReview, Ignore, MemoryReview, rank};
use crate::FunctionPattern;

/// Findings that a tuning answers, in the order in which they are found: the first is about smaller sizes, the second about
/// larger ones.
const MEASURED: [FindingKind; 2] = [FindingKind::MemoryOverprovisioned, FindingKind::CpuBound];

/// A finding that is not told before a date, and in no total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoredFinding {
    /// What was found.
    pub finding: Finding,
    /// What would be to do about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Advice>,
    /// The last day (UTC) on which it is ignored.
    pub until: Date,
    /// Why.
    pub reason: String,
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What was decided about a finding that is told all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Decided {
    /// It was ignored until a day that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<Expired>,
    /// Somebody agreed to do something about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
}

/// An ignore that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expired {
    /// The last day (UTC) on which it was ignored.
    pub until: Date,
    /// Why it was.
    pub reason: String,
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A decision to do something about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The day of the decision.
    pub on: Date,
    /// The last day (UTC) for doing it.
    pub due: Date,
    /// Whether that day was over when the review was made.
    pub overdue: bool,
    /// What is to be done, or why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What came of the advice file of a review.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AdviceFileUse {
    /// Entries that are about nothing in this review, in the order of their lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<UnusedEntry>,
}

/// An entry of an advice file that is about nothing in a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnusedEntry {
    /// The line it begins in, from 1.
    pub line: u64,
    /// In which list it is.
    pub list: AdviceList,
    /// The functions, as it names them.
    pub function: String,
    /// The finding it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingKind>,
    /// Why it is about nothing.
    pub why: Unused,
}

/// A list of an advice file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdviceList {
    /// `[[ignore]]`.
    Ignore,
    /// `[[accepted]]`.
    Accepted,
    /// `[[owner]]`.
    Owner,
}

/// Why an entry is about nothing in a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Unused {
    /// No function of the review has such a name.
    UnknownFunction {
        /// The function whose name is nearest, if one is near.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
    /// The function was in the last review, and is there no more.
    FunctionGone,
    /// The finding is not found of any of its functions.
    NotFound,
    /// The finding was there in the last review of one of its functions, and is not found any more.
    Resolved,
    /// The function could not be looked at in full, so that nobody knows whether the finding is still there.
    CannotTell,
    /// For every function that it would be about another entry of the list counts, which names it more exactly or stands later.
    Overruled,
    /// Accepted only: the finding is ignored too, and that goes first.
    Ignored,
    /// Owner only: the tags of all its functions say whose they are.
    TagsSay,
}

impl MemoryReview {
    /// The same with what `file` says: ignored findings are set apart and in no total, others are marked as accepted, overdue
    /// or ignored no longer, and functions have the owners of its list. Ranked and summed up again. What another file said
    /// before is taken back. Days are counted to that on which the review was over (UTC).
    #[must_use]
    pub fn with_advice_file(mut self, file: &AdviceFile) -> Self {
        let today = self.finished_at.to_zoned(TimeZone::UTC).date();
        let mut uses = Uses::of(file);
        for function in &mut self.functions {
            function.take_back();
            function.assign_owner(file, &mut uses);
            function.ignore(file, today, &mut uses);
            function.accept(file, today, &mut uses);
        }
        self.advice_file = Some(AdviceFileUse {
            unused: uses.unused(&self),
        });
        rank::rank(&mut self);
        self
    }
}

impl FunctionReview {
    /// The findings that were not there in the last review, or of a function that was not. Of a first review none.
    pub fn new_findings(&self) -> impl Iterator<Item = &Finding> {
        let is_new = |finding: &&Finding| {
            self.changes
                .as_ref()
                .is_some_and(|changes| changes.is_new || changes.appeared.contains(&finding.kind))
        };
        let findings = self.findings.iter().filter(|finding| !finding.kind.is_gap());
        findings.filter(is_new)
    }

    /// What was decided about a finding that is told.
    pub fn decided_about(&self, kind: FindingKind) -> Option<&Decided> {
        self.decided.get(&kind)
    }

    /// Puts back what an advice file set apart.
    fn take_back(&mut self) {
        self.function.assigned_owner = None;
        self.decided.clear();
        for ignored in std::mem::take(&mut self.ignored) {
            let place = self.findings.partition_point(|known| known.kind < ignored.finding.kind);
            self.findings.insert(place, ignored.finding);
            for advice in ignored.advice {
                self.put_back(advice);
            }
        }
    }

    /// A function is tuned once: sizes to measure for two findings are one list.
    fn put_back(&mut self, advice: Advice) {
        if let Action::Tune { memory_sizes_mb: more } = &advice.action
            && let Some(known) = (self.advice.iter_mut()).find(|known| matches!(known.action, Action::Tune { .. }))
            && let Action::Tune { memory_sizes_mb } = &mut known.action
        {
            memory_sizes_mb.extend(more);
            memory_sizes_mb.sort_unstable();
            memory_sizes_mb.dedup();
            known.about = known.about.min(advice.about);
        } else {
            self.advice.push(advice);
        }
        // What matters more comes first; of one finding, as it was.
        self.advice.sort_by_key(|advice| advice.about);
    }

    fn assign_owner(&mut self, file: &AdviceFile, uses: &mut Uses) {
        let rules = file.owners.iter().map(|rule| &rule.function);
        let Some(at) = uses.owners.best(rules, self, |_| true) else {
            return;
        };
        match self.function.signed_owner() {
            Some(_) => uses.owners.mark(at, Unused::TagsSay),
            None => {
                self.function.assigned_owner = Some(file.owners[at].owner.clone());
                uses.owners.used(at);
            }
        }
    }

    fn ignore(&mut self, file: &AdviceFile, today: Date, uses: &mut Uses) {
        for kind in FindingKind::ALL {
            let patterns = file.ignored.iter().map(|entry| &entry.function);
            let Some(at) = uses.ignored.best(patterns, self, |at| file.ignored[at].finding == kind) else {
                continue;
            };
            let entry: &Ignore = &file.ignored[at];
            let Some(place) = self.findings.iter().position(|finding| finding.kind == kind) else {
                uses.ignored.mark(at, self.why_not_found(kind));
                continue;
            };
            uses.ignored.used(at);
            if entry.until < today {
                self.decided.entry(kind).or_default().expired = Some(Expired {
                    until: entry.until,
                    reason: entry.reason.clone(),
                    by: entry.by.clone(),
                });
                continue;
            }
            let finding = self.findings.remove(place);
            let advice = self.advice_taken(kind);
            self.ignored.push(IgnoredFinding {
                finding,
                advice,
                until: entry.until,
                reason: entry.reason.clone(),
                by: entry.by.clone(),
            });
        }
    }

    /// Takes out what is advised about an ignored finding. Sizes that another finding wants measured stay.
    fn advice_taken(&mut self, kind: FindingKind) -> Vec<Advice> {
        let present = self.memory_size_mb();
        let other = MEASURED
            .into_iter()
            .find(|&other| other != kind && self.finding(other).is_some());
        let mut taken = Vec::new();
        let mut left = Vec::new();
        for advice in std::mem::take(&mut self.advice) {
            match (&advice.action, other.filter(|_| MEASURED.contains(&kind)), present) {
                (Action::Tune { memory_sizes_mb: all }, Some(other), Some(present)) => {
                    let smaller = |mb: &u32| *mb <= present;
                    let larger = |mb: &u32| *mb >= present;
                    let (ignored, wanted): (Vec<u32>, Vec<u32>) = match kind {
                        FindingKind::MemoryOverprovisioned => (
                            all.iter().copied().filter(smaller).collect(),
                            all.iter().copied().filter(larger).collect(),
                        ),
                        _ => (
                            all.iter().copied().filter(larger).collect(),
                            all.iter().copied().filter(smaller).collect(),
                        ),
                    };
                    // The present size alone is nothing to compare.
                    for (list, about, sizes) in [(&mut taken, kind, ignored), (&mut left, other, wanted)] {
                        if sizes.len() > 1 {
                            let action = Action::Tune { memory_sizes_mb: sizes };
                            list.push(Advice { about, action });
                        }
                    }
                }
                (Action::Tune { .. }, Some(other), None) => left.push(Advice { about: other, ..advice }),
                _ if advice.about == kind => taken.push(advice),
                _ => left.push(advice),
            }
        }
        self.advice = left;
        taken
    }

    fn accept(&mut self, file: &AdviceFile, today: Date, uses: &mut Uses) {
        for kind in FindingKind::ALL {
            let patterns = file.accepted.iter().map(|entry| &entry.function);
            let Some(at) = uses
                .accepted
                .best(patterns, self, |at| file.accepted[at].finding == kind)
            else {
                continue;
            };
            let entry: &Accept = &file.accepted[at];
            let is_ignored = self.ignored.iter().any(|ignored| ignored.finding.kind == kind);
            if self.finding(kind).is_none() && !is_ignored {
                uses.accepted.mark(at, self.why_not_found(kind));
                continue;
            }
            // Ignored goes first: nobody is urged to do what is not to be told.
            if is_ignored {
                uses.accepted.mark(at, Unused::Ignored);
                continue;
            }
            uses.accepted.used(at);
            let due = entry.until.unwrap_or_else(|| after(entry.on, file.overdue_after_days));
            self.decided.entry(kind).or_default().accepted = Some(Accepted {
                on: entry.on,
                due,
                overdue: due < today,
                reason: entry.reason.clone(),
                by: entry.by.clone(),
            });
        }
    }

    /// What can't be looked at is not mended, whether somebody ignores that or not; nor is what was not there before.
    fn why_not_found(&self, kind: FindingKind) -> Unused {
        let ignored = self.ignored.iter().map(|ignored| &ignored.finding);
        let is_gap = self.findings.iter().chain(ignored).any(|finding| finding.kind.is_gap());
        let was_there = || (self.changes.as_ref()).is_some_and(|changes| changes.resolved.contains(&kind));
        match is_gap || self.judged() != super::Judged::Fully {
            true => Unused::CannotTell,
            false if was_there() => Unused::Resolved,
            false => Unused::NotFound,
        }
    }
}

/// The last day that a calendar has, where there are not so many after `day`.
fn after(day: Date, days: u16) -> Date {
    day.checked_add(i64::from(days).days()).unwrap_or(Date::MAX)
}

/// What came of the entries of a file.
struct Uses {
    ignored: Used,
    accepted: Used,
    owners: Used,
    entries: Vec<UnusedEntry>,
}

/// What came of the entries of one list, by their places in it.
#[derive(Default)]
struct Used {
    /// Whether it was about something.
    used: Vec<bool>,
    /// Why it was not.
    why: BTreeMap<usize, Unused>,
}

impl Used {
    fn new(entries: usize) -> Self {
        Self {
            used: vec![false; entries],
            why: BTreeMap::new(),
        }
    }

    /// The place of the entry that names `function` most exactly, of those that `is_about` the matter; of several the last.
    fn best<'a>(
        &mut self,
        patterns: impl Iterator<Item = &'a FunctionPattern>,
        function: &FunctionReview,
        is_about: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let (name, region) = (&function.function.name, function.function.region.as_deref());
        let fitting: Vec<(usize, usize)> = patterns
            .enumerate()
            .filter(|&(at, _)| is_about(at))
            .map(|(at, pattern)| (pattern.exactness(name, region), at))
            .filter(|&(exactness, _)| exactness > 0)
            .collect();
        let best = fitting.iter().max()?.1;
        for (_, at) in fitting.into_iter().filter(|&(_, at)| at != best) {
            self.mark(at, Unused::Overruled);
        }
        Some(best)
    }

    const fn used(&mut self, at: usize) {
        if let Some(used) = self.used.as_mut_slice().split_at_mut(at).1.first_mut() {
            *used = true;
        }
    }

    /// What says less certainly that the entry can go stands.
    fn mark(&mut self, at: usize, why: Unused) {
        let known = self.why.entry(at).or_insert_with(|| why.clone());
        if why.doubt() > known.doubt() {
            *known = why;
        }
    }
}

impl Unused {
    /// How little it says that the entry can go: of one that names several functions, what says least stands for all.
    const fn doubt(&self) -> u8 {
        match self {
            Self::CannotTell => 4,
            Self::Ignored => 3,
            Self::Overruled | Self::TagsSay => 2,
            Self::Resolved => 1,
            Self::NotFound | Self::FunctionGone | Self::UnknownFunction { .. } => 0,
        }
    }
}

impl Uses {
    fn of(file: &AdviceFile) -> Self {
        let entry = |line: usize, list, function: &FunctionPattern, finding| UnusedEntry {
            line: line as u64,
            list,
            function: function.to_string(),
            finding,
            why: Unused::NotFound,
        };
        let ignored = (file.ignored.iter()).map(|e| entry(e.line, AdviceList::Ignore, &e.function, Some(e.finding)));
        let accepted =
            (file.accepted.iter()).map(|e| entry(e.line, AdviceList::Accepted, &e.function, Some(e.finding)));
        let owners = (file.owners.iter()).map(|e| entry(e.line.unwrap_or(0), AdviceList::Owner, &e.function, None));
        Self {
            ignored: Used::new(file.ignored.len()),
            accepted: Used::new(file.accepted.len()),
            owners: Used::new(file.owners.len()),
            entries: ignored.chain(accepted).chain(owners).collect(),
        }
    }

    fn unused(self, review: &MemoryReview) -> Vec<UnusedEntry> {
        let lists = [self.ignored, self.accepted, self.owners];
        let came = lists.into_iter().flat_map(|list| {
            let mut why = list.why;
            let used = list.used.into_iter().enumerate();
            used.map(move |(at, used)| (used, why.remove(&at))).collect::<Vec<_>>()
        });
        let mut unused: Vec<UnusedEntry> = (self.entries.into_iter().zip(came))
            // A line of another file is not to be looked for in this one.
            .filter(|(entry, (used, _))| !used && entry.line > 0)
            .map(|(entry, (_, why))| UnusedEntry {
                why: why.unwrap_or_else(|| nobody(&entry.function, review)),
                ..entry
            })
            .collect();
        unused.sort_by_key(|entry| entry.line);
        unused
    }
}

/// Why no function of the review is named so.
fn nobody(function: &str, review: &MemoryReview) -> Unused {
    let pattern: Option<FunctionPattern> = function.parse().ok();
    let gone = review.previous.iter().flat_map(|previous| &previous.gone);
    if gone.into_iter().any(|name| {
        pattern
            .as_ref()
            .is_some_and(|pattern| pattern.exactness(name, None) > 0)
    }) {
        return Unused::FunctionGone;
    }
    let name = function.rsplit(':').next().unwrap_or(function);
    let names = review.functions.iter().map(|f| f.function.name.name());
    Unused::UnknownFunction {
        nearest: nearest(name, names).map(str::to_owned),
    }
}
