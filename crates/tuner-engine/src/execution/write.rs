//! The way back: from what is asked of the engine to the input of an execution.

use serde::Serialize;
use serde::ser::{Error, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use tuner_core::Objective;

use super::check;
use super::input::{ExecutionInput, PayloadSource};
use super::options::field_of;
use super::table::TABLE;
use crate::Apply;

/// The value of a field, or none where it is left out.
type Field = Result<Option<Box<RawValue>>, serde_json::Error>;

impl ExecutionInput {
    /// An input that [`parse`](Self::parse) reads to this.
    ///
    /// A concurrency between 1 and the most allowed can't be said in LPT's words: it becomes `parallelInvocation`.
    ///
    /// # Errors
    /// When the payload is not JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Written(self))
    }
}

struct Written<'a>(&'a ExecutionInput);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let is_check = self.0.check.is_some();
        for row in TABLE.iter().filter(|row| !is_check || check::takes(row.name)) {
            if let Some(value) = (row.write)(self.0, row.name).map_err(S::Error::custom)? {
                map.serialize_entry(row.name, &value)?;
            }
        }
        map.end()
    }
}

pub(super) fn json(value: impl Serialize) -> Field {
    to_raw_value(&value).map(Some)
}

pub(super) fn some(value: Option<impl Serialize>) -> Field {
    value.map(|value| to_raw_value(&value)).transpose()
}

/// A number as one would type it: 0, not 0.0.
pub(super) fn number(number: f64) -> Field {
    let is_small = number.abs() < 1e15;
    match number.fract() == 0.0 && is_small {
        true => json(number as i64),
        false => json(number),
    }
}

pub(super) fn inline_payload(input: &ExecutionInput) -> Field {
    match &input.payload {
        PayloadSource::Inline(text) => RawValue::from_string(text.clone()).map(Some),
        PayloadSource::None | PayloadSource::S3(_) => Ok(None),
    }
}

pub(super) fn payload_place(input: &ExecutionInput) -> Field {
    match &input.payload {
        PayloadSource::S3(object) => json(object.to_string()),
        PayloadSource::None | PayloadSource::Inline(_) => Ok(None),
    }
}

pub(super) const fn strategy(objective: Objective) -> &'static str {
    match objective {
        Objective::Cost => "cost",
        Objective::Speed => "speed",
        Objective::Balanced { .. } => "balanced",
    }
}

pub(super) const fn cost_weight(objective: Objective) -> Option<f64> {
    match objective {
        Objective::Balanced { cost_weight } => Some(cost_weight),
        Objective::Cost | Objective::Speed => None,
    }
}

/// The limit that the field `name` is for.
pub(super) fn limit_of(input: &ExecutionInput, name: &'static str) -> Field {
    let mut limits = input.request.options.constraints.iter().map(|&c| field_of(c));
    some(limits.find(|&(field, _)| field == name).map(|(_, limit)| limit))
}

/// The alias to apply to, and whether all of $LATEST may go there.
pub(super) const fn alias(apply: &Apply) -> Option<(&String, bool)> {
    match apply {
        Apply::Alias { name, from_latest } => Some((name, *from_latest)),
        Apply::No | Apply::Latest => None,
    }
}
