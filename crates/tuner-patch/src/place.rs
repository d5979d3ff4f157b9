//! Which place is changed: only one that no other function takes its value from.

use crate::model::{Candidate, Found, Note, Splice, Traced, Wanted};
use crate::span::Span;

/// What is to be done for one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is so already, there or because nothing else is written.
    Same(Span),
    Change(Splice),
    Ask(Why, Vec<Note>),
}

/// Why nothing is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// More than one function of the tree can have this name.
    SeveralFunctions,
    /// The names of these functions are known at deployment only.
    NamesUnknown,
    /// Others take the same value.
    Shared,
    /// The value is computed, or chosen at deployment.
    Computed,
    /// A rule of the tree forbids the new value.
    Forbidden,
    /// Nothing is written, and there is no place where a new value would change this function alone.
    NoPlace,
    /// A change was tried, and the tree did not say the wanted value afterwards.
    NotProven,
}

pub(crate) fn decide(candidate: &Candidate<'_>, wanted: Wanted) -> Decision {
    let Traced {
        found,
        users,
        own,
        rules,
    } = (candidate.trace)(wanted);
    match found {
        Found::Same(span) => Decision::Same(span),
        Found::Unclear(notes) => Decision::Ask(Why::Computed, notes),
        Found::Absent if candidate.tool.default(wanted) == Some(wanted) => Decision::Same(candidate.at),
        Found::Absent => match own {
            Some(own) => Decision::Change(own),
            None => Decision::Ask(Why::NoPlace, vec![Note::new(candidate.at, "the function")]),
        },
        Found::Other(change) if !rules.is_empty() => {
            let mut notes = rules;
            notes.push(Note::new(change.span, "the value now"));
            Decision::Ask(Why::Forbidden, notes)
        }
        Found::Other(change) if users.is_empty() => Decision::Change(change),
        Found::Other(change) => match own {
            Some(own) => Decision::Change(own),
            None => {
                let mut notes = vec![Note::new(change.span, "the shared value")];
                notes.extend(users);
                Decision::Ask(Why::Shared, notes)
            }
        },
    }
}
