use std::fmt;

use tuner_core::payload::EntryMistake;
use tuner_report::{Reader, remedy};

use crate::OptionsError;

/// Everything that is wrong with an execution's input; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct InputErrors(Vec<InputError>);

/// One thing that is wrong with an execution's input. Payloads are never quoted: they may hold secrets.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InputError {
    /// Nothing at all.
    #[error("the input is empty; the smallest is {{\"lambdaARN\": \"my-function\"}}")]
    Empty,
    /// Not JSON.
    #[error("the input is not JSON: {reason}")]
    NotJson {
        /// What the JSON parser said; it names the place, not the text.
        reason: String,
    },
    /// JSON, but of another shape.
    #[error("the input is {found}, but must be a JSON object such as {{\"lambdaARN\": \"my-function\"}}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A field that must be there is not.
    #[error("{field} is missing: give {accepted}")]
    Missing {
        /// Which.
        field: &'static str,
        /// What it takes.
        accepted: String,
    },
    /// A value that the field does not take.
    #[error("{field} is {value}, but must be {accepted}")]
    Wrong {
        /// Which, with the place in a list: `powerValues[1]`.
        field: String,
        /// As given, shortened.
        value: String,
        /// What it takes.
        accepted: String,
    },
    /// An element of a weighted list that is none.
    #[error(
        "payload[{index}] {mistake}; in a weighted list every element has a payload and a weight above 0; to send the list \
         itself, give [{{\"payload\": LIST, \"weight\": 1}}]"
    )]
    Entry {
        /// Position in the list, from 0.
        index: usize,
        /// What is wrong with it.
        mistake: EntryMistake,
    },
    /// Two fields that exclude each other.
    #[error("{first} and {second} are both given, but only one of them can be sent: leave one out")]
    Both {
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A field given more than once.
    #[error("{field} is given twice")]
    Twice {
        /// Which.
        field: String,
    },
    /// A field that does not exist.
    #[error("there is no field {field}{}", did_you_mean(*.nearest))]
    Unknown {
        /// As given, shortened.
        field: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Every field is right, but what they and the deployment's defaults ask for makes no sense.
    #[error("{_0}{}", way_out(_0))]
    Request(#[from] OptionsError),
}

impl InputError {
    /// The field it is about, as the reader would look for it; `None` when it is about the whole input.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Empty | Self::NotJson { .. } | Self::NotAnObject { .. } | Self::Request(_) => None,
            Self::Entry { .. } => Some("payload"),
            Self::Missing { field, .. } | Self::Both { first: field, .. } => Some(field),
            Self::Wrong { field, .. } | Self::Twice { field } | Self::Unknown { field, .. } => Some(field),
        }
    }
}

/// With the fields of the input.
fn way_out(error: &OptionsError) -> String {
    let way = error.remedy().map(|way| remedy(&way, Reader::Console));
    way.map_or_else(String::new, |way| format!("; {way}"))
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; the input's schema lists all of them".to_owned(),
        |name| format!("; did you mean {name}?"),
    )
}

impl InputErrors {
    /// `None` if nothing is wrong.
    pub(crate) fn of(errors: Vec<InputError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// Each of them, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = &InputError> {
        self.0.iter()
    }
}

impl From<InputError> for InputErrors {
    fn from(error: InputError) -> Self {
        Self(vec![error])
    }
}

/// More than this many are counted, not told: the line must stay readable.
const MOST_TOLD: usize = 10;

impl fmt::Display for InputErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().take(MOST_TOLD).enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        match self.0.len().saturating_sub(MOST_TOLD) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for InputErrors {}

/// `text` on one line and not longer than a reader needs to recognise it.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = line.clone().take(LONGEST).collect();
    if line.count() > LONGEST {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_errors_stay_one_readable_line() {
        let unknown = |n: usize| InputError::Unknown {
            field: shortened(&format!("x{n}\n{}", "y".repeat(500))),
            nearest: None,
        };
        let line = InputErrors((0..1000).map(unknown).collect()).to_string();
        assert!(line.ends_with("; and 990 more"), "{line}");
        assert!(line.len() < 2000 && !line.contains('\n'), "{line}");
    }
}
