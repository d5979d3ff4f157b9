//! Whose functions they are: a review by tag, stack or owner.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FunctionReview, ListedFunction, MemoryReview, RegionReview, Totals, rank};

/// By what the functions of a review are put into groups: `owner`, `stack`, or `tag:KEY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum GroupBy {
    /// By the value of the tag of this name; where a function has none of this name, one that differs in capital letters
    /// only is taken.
    Tag(String),
    /// By the CloudFormation stack that made them.
    Stack,
    /// By whom to ask: see [`ListedFunction::owner`].
    Owner,
}

/// The text says no way of grouping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no way to group functions; use owner, stack, or tag:KEY such as tag:team")]
pub struct UnknownGrouping(pub String);

impl FromStr for GroupBy {
    type Err = UnknownGrouping;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "owner" => Ok(Self::Owner),
            "stack" => Ok(Self::Stack),
            other => match other.strip_prefix("tag:").map(str::trim) {
                Some(key) if !key.is_empty() => Ok(Self::Tag(key.to_owned())),
                _ => Err(UnknownGrouping(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(key) => write!(f, "tag:{key}"),
            Self::Stack => f.write_str("stack"),
            Self::Owner => f.write_str("owner"),
        }
    }
}

impl TryFrom<String> for GroupBy {
    type Error = UnknownGrouping;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<GroupBy> for String {
    fn from(by: GroupBy) -> Self {
        by.to_string()
    }
}

impl GroupBy {
    /// The group that a function is in; `None` where nothing says so.
    pub fn group_of<'a>(&self, function: &'a ListedFunction) -> Option<&'a str> {
        let group = match self {
            Self::Owner => function.owner(),
            Self::Stack => function.stack(),
            Self::Tag(key) => {
                let alike = || {
                    let mut tags = function.tags.iter();
                    tags.find(|(other, _)| other.eq_ignore_ascii_case(key))
                        .map(|(_, value)| value)
                };
                function.tags.get(key).or_else(alike).map(String::as_str)
            }
        };
        group.map(str::trim).filter(|group| !group.is_empty())
    }
}

/// The groups of a review. Every function is in one of them, so that their totals add up to the review's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Groups {
    /// By what they are made.
    pub by: GroupBy,
    /// Each of them, the one that costs most first; that of nobody last.
    pub groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Such as the owner; absent for the functions of which nothing says whose they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Functions of it that may break.
    pub may_break: u64,
    /// Sums over its functions, in the currency of the review's sums.
    pub totals: Totals,
}

/// Which group of which review a document holds alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfGroup {
    /// By what the groups are made.
    pub by: GroupBy,
    /// Which it is; absent for that of nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Warnings of the review that are left out, since they name functions of other groups.
    #[serde(default)]
    pub warnings_left_out: u64,
}

impl Groups {
    /// The groups of these functions.
    pub(super) fn of(functions: &[FunctionReview], by: &GroupBy) -> Self {
        let mut members: BTreeMap<Option<&str>, Vec<&FunctionReview>> = BTreeMap::new();
        for function in functions {
            members
                .entry(by.group_of(&function.function))
                .or_default()
                .push(function);
        }
        let currency = rank::currency(functions);
        let mut groups: Vec<Group> = members
            .into_iter()
            .map(|(name, functions)| Group {
                name: name.map(str::to_owned),
                may_break: functions.iter().filter(|function| function.may_break()).count() as u64,
                totals: rank::sums(&functions, currency),
            })
            .collect();
        groups.sort_by_cached_key(|group| {
            let cents = group
                .totals
                .monthly
                .map_or(-1, |money| (money.amount * 100.0).round() as i64);
            (group.name.is_none(), Reverse(cents), group.name.clone())
        });
        Self { by: by.clone(), groups }
    }
}

impl MemoryReview {
    /// The same with the totals of its groups.
    #[must_use]
    pub fn grouped_by(mut self, by: &GroupBy) -> Self {
        self.groups = Some(Groups::of(&self.functions, by));
        self
    }

    /// The review of one group alone: its functions, and sums over them. What is of the whole account (what reading took, what
    /// a month cost before, functions that are gone, and warnings that name functions of others) is left out.
    #[must_use]
    pub fn of_group(&self, by: &GroupBy, name: Option<&str>) -> Self {
        let (own, others): (Vec<&FunctionReview>, Vec<&FunctionReview>) =
            (self.functions.iter()).partition(|function| by.group_of(&function.function) == name);
        let own_names: Vec<&str> = own.iter().map(|f| f.function.name.name()).collect();
        let other_names: Vec<&str> = (others.iter())
            .map(|f| f.function.name.name())
            .filter(|name| !own_names.contains(name))
            .collect();
        let (left_out, warnings): (Vec<String>, Vec<String>) =
            (self.warnings.iter().cloned()).partition(|text| other_names.iter().any(|name| is_named(text, name)));
        let mut advised = self.previous.clone();
        if let Some(previous) = &mut advised {
            let followed = || own.iter().filter_map(|f| f.changes.as_ref()?.advice);
            previous.monthly = None;
            previous.gone.clear();
            previous.advised = followed().count() as u64;
            previous.followed = followed().filter(|advice| advice.followed).count() as u64;
            previous.saved = rank::sum(
                followed().filter_map(|advice| advice.saved),
                rank::currency(&self.functions),
            );
        }
        Self {
            regions: regions(&self.regions, &own),
            totals: rank::sums(&own, rank::currency(&self.functions)),
            functions: own.into_iter().cloned().collect(),
            previous: advised,
            scan: None,
            warnings,
            advice_file: None,
            groups: None,
            of_group: Some(OfGroup {
                by: by.clone(),
                name: name.map(str::to_owned),
                warnings_left_out: left_out.len() as u64,
            }),
            ..self.without_functions()
        }
    }
}

impl FunctionReview {
    /// Whether something was found that may break.
    pub fn may_break(&self) -> bool {
        self.findings.iter().any(|finding| finding.kind.is_risk())
    }
}

/// The regions with the functions of the group; those that could not be read may hold more of them.
fn regions(all: &[RegionReview], own: &[&FunctionReview]) -> Vec<RegionReview> {
    let in_region = |region: &str| {
        let of = |f: &&&FunctionReview| f.function.region.as_deref().or(f.function.name.region()) == Some(region);
        own.iter().filter(of).count() as u64
    };
    let counted = all.iter().map(|region| RegionReview {
        functions: in_region(&region.region),
        ..region.clone()
    });
    counted
        .filter(|region| region.functions > 0 || region.problem.is_some())
        .collect()
}

/// Whether `text` has `name` as a word, and not as a part of one.
fn is_named(text: &str, name: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(of_name) && !after.starts_with(of_name)
    })
}
