//! A row of the table of an input's fields, and what is gathered while the rows are read.

use std::ops::RangeInclusive;

use serde_json::value::RawValue;
use tuner_core::FunctionName;
use tuner_core::floor::Known;

use super::check::CheckInput;
use super::fields::Fields;
use super::input::{Defaults, ExecutionInput, PayloadSource};
use super::table::TABLE;
use crate::TuningOptions;

/// Writes a field of this name; `None` where it is better left out.
pub(super) type Write = fn(&ExecutionInput, &'static str) -> Result<Option<Box<RawValue>>, serde_json::Error>;

/// One field of an input.
pub(super) struct Row {
    /// Its name.
    pub(super) name: &'static str,
    /// Words that this tool or AWS has for the same thing: whoever types one is told the name.
    pub(super) also: &'static [&'static str],
    /// What it is, in a few words.
    pub(super) title: &'static str,
    /// What it does, for the schema and the reference.
    pub(super) description: &'static str,
    /// The values it may have.
    pub(super) takes: Takes,
    /// What holds where it is not given.
    pub(super) usual: Usual,
    /// Values as one would type them: a list in JSON.
    pub(super) examples: &'static str,
    /// Reads it, by its name, into what is gathered.
    pub(super) read: fn(&mut Reading<'_>, &'static str),
    /// Writes it, so that `read` reads the same; `None` where it is better left out.
    pub(super) write: Write,
}

/// The values that a field may have. Null means everywhere that it is not given.
pub(super) enum Takes {
    /// True or false.
    Boolean,
    /// A whole number, or a text of its digits, which `digits` matches; the empty text is as good as null.
    Whole {
        /// Least and most.
        range: RangeInclusive<u32>,
        /// A regular expression for the same numbers.
        digits: &'static str,
    },
    /// A number between two others.
    Share {
        /// Least.
        from: f64,
        /// Most.
        to: f64,
        /// In words.
        accepted: &'static str,
    },
    /// A number that is more than 0.
    AboveZero {
        /// In words.
        accepted: &'static str,
    },
    /// Any JSON, of which is asked whether JavaScript would take it for true.
    Anything,
    /// What this part of a JSON Schema says.
    Shape(&'static str),
}

/// What holds where a field is not given.
pub(super) enum Usual {
    /// What is written of the smallest input.
    Written,
    /// This number, though it is not written unless it has an effect.
    Value(f64),
    /// Something that depends on others, or nothing; the description says it.
    Depends,
}

/// The row with this name.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// What is gathered while the rows of the table are read, one after the other.
pub(super) struct Reading<'a> {
    /// What was typed, and what is wrong with it.
    pub(super) fields: Fields<'a>,
    /// What the deployment says.
    pub(super) defaults: &'a Defaults,
    /// The function under test.
    pub(super) function: Option<FunctionName>,
    /// How it is measured and judged.
    pub(super) options: TuningOptions,
    /// What is known of it.
    pub(super) known: Option<Known>,
    /// What is sent to it.
    pub(super) payload: PayloadSource,
    /// What is asked of a check, if it is one.
    pub(super) check: Option<CheckInput>,
    /// Whether the output has LPT's `stats`.
    pub(super) include_output_results: bool,
    /// What was asked for but has no effect.
    pub(super) warnings: Vec<String>,
}

impl Reading<'_> {
    /// The whole number there, as its row takes it.
    pub(super) fn whole(&mut self, name: &'static str) -> Option<u32> {
        match row(name).map(|row| &row.takes) {
            Some(Takes::Whole { range, .. }) => self.fields.whole(name, range.clone()),
            _ => None,
        }
    }

    /// The number there, as its row takes it.
    pub(super) fn number(&mut self, name: &'static str) -> Option<f64> {
        match row(name).map(|row| &row.takes) {
            Some(&Takes::Share { from, to, accepted }) => {
                self.fields.number(name, |n| (from..=to).contains(&n), accepted)
            }
            Some(&Takes::AboveZero { accepted }) => self.fields.number(name, |n| n > 0.0, accepted),
            _ => None,
        }
    }

    /// Puts the number there, if there is one, into an option.
    pub(super) fn number_into(&mut self, name: &'static str, option: fn(&mut TuningOptions) -> &mut f64) {
        if let Some(number) = self.number(name) {
            *option(&mut self.options) = number;
        }
    }

    /// Whether `true` is typed there; anything else is judged when its own row is read.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.fields.given(name).is_some_and(|value| value.get() == "true")
    }
}
