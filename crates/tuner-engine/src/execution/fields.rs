//! A walk over the fields of a JSON object that reports everything that is wrong, not the first thing.

use std::ops::RangeInclusive;

use serde_json::value::RawValue;
pub(crate) use tuner_core::raw_json::{fields as pairs, kind};

use super::error::{InputError, InputErrors, shortened};

/// The fields of an input, as typed, and what was found wrong with them so far.
pub(crate) struct Fields<'a> {
    given: Vec<(String, &'a RawValue)>,
    wrong: Vec<InputError>,
}

impl<'a> Fields<'a> {
    /// The fields of the object that `text` is. `known` are the names it may have, `other_words`
    /// what some of them are called elsewhere, `ignored` says which others mean nothing.
    pub(crate) fn read(
        text: &'a str,
        known: &[&'static str],
        other_words: impl IntoIterator<Item = (&'static str, &'static str)>,
        ignored: impl Fn(&str) -> bool,
    ) -> Result<Self, InputErrors> {
        if text.trim().is_empty() {
            return Err(InputError::Empty.into());
        }
        let not_json = |e: serde_json::Error| InputError::NotJson { reason: e.to_string() };
        let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        if !whole.get().starts_with('{') {
            return Err(InputError::NotAnObject { found: kind(whole) }.into());
        }
        let spellings: Vec<_> = known.iter().map(|&name| (name, name)).chain(other_words).collect();
        let given = pairs(whole).map_err(not_json)?;
        let mut fields = Self {
            given: Vec::with_capacity(given.len()),
            wrong: Vec::new(),
        };
        for (name, value) in given.into_iter().filter(|(name, _)| !ignored(name)) {
            if !known.contains(&name.as_str()) {
                fields.wrong.push(InputError::Unknown {
                    nearest: super::nearest::nearest(&name, &spellings),
                    field: shortened(&name),
                });
            } else if fields.given.iter().any(|(other, _)| *other == name) {
                fields.wrong.push(InputError::Twice { field: name });
            } else {
                fields.given.push((name, value));
            }
        }
        Ok(fields)
    }

    /// What was typed, `null` included.
    pub(crate) fn typed(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.given.iter().find(|(given, _)| given == name);
        found.map(|&(_, value)| value)
    }

    /// What was typed; `null` is the same as nothing.
    pub(crate) fn given(&self, name: &str) -> Option<&'a RawValue> {
        self.typed(name).filter(|value| value.get() != "null")
    }

    /// What was typed; `null` and the empty string are the same as nothing.
    pub(crate) fn filled(&self, name: &str) -> Option<&'a RawValue> {
        self.given(name).filter(|value| value.get() != "\"\"")
    }

    /// Notes that `field` must be something else than `value`.
    pub(crate) fn wrong(&mut self, field: impl Into<String>, value: &RawValue, accepted: impl Into<String>) {
        self.wrong.push(InputError::Wrong {
            field: field.into(),
            value: shortened(value.get()),
            accepted: accepted.into(),
        });
    }

    /// Notes an error of another kind.
    pub(crate) fn note(&mut self, error: InputError) {
        self.wrong.push(error);
    }

    /// `true` or `false` and nothing else; `false` if not given.
    pub(crate) fn boolean(&mut self, name: &str) -> bool {
        match self.given(name) {
            None => false,
            Some(value) => match value.get() {
                "true" => true,
                "false" => false,
                _ => {
                    self.wrong(name, value, "true or false, without quotes");
                    false
                }
            },
        }
    }

    /// Whether JavaScript would take it for true, as LPT does.
    pub(crate) fn truthy(&self, name: &str) -> bool {
        self.filled(name)
            .is_some_and(|value| value.get() != "false" && number(value.get()) != Some(0.0))
    }

    /// A whole number in `range`; text is accepted too when it is one.
    pub(crate) fn whole(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.filled(name)?;
        let whole = whole_number(value).filter(|n| range.contains(n));
        if whole.is_none() {
            self.wrong(
                name,
                value,
                format!("a whole number from {} to {}", range.start(), range.end()),
            );
        }
        whole
    }

    /// A number that is `right`.
    pub(crate) fn number(&mut self, name: &str, right: impl Fn(f64) -> bool, accepted: &str) -> Option<f64> {
        let value = self.given(name)?;
        let number = number(value.get()).filter(|&n| right(n));
        if number.is_none() {
            self.wrong(name, value, accepted);
        }
        number
    }

    /// A text that `read` understands; `read` may say why it does not.
    pub(crate) fn text<T>(
        &mut self,
        name: &str,
        accepted: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let value = self.filled(name)?;
        let read = match text(value) {
            Some(text) => read(&text),
            None => Err(""),
        };
        match read {
            Ok(read) => Some(read),
            Err("") => {
                self.wrong(name, value, accepted);
                None
            }
            Err(reason) => {
                self.wrong(name, value, format!("{accepted} ({reason})"));
                None
            }
        }
    }

    /// What was found wrong, if anything.
    pub(crate) fn errors(self) -> Option<InputErrors> {
        InputErrors::of(self.wrong)
    }
}

/// The text that `value` is, without its quotes.
pub(crate) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The list that `value` is.
pub(crate) fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// The number that is written there; infinity is none.
fn number(json: &str) -> Option<f64> {
    serde_json::from_str(json).ok().filter(|n: &f64| n.is_finite())
}

/// A whole number, or a text of its digits: LPT read numbers with `parseInt`, and many inputs have them in quotes.
pub(crate) fn whole_number(value: &RawValue) -> Option<u32> {
    if let Some(digits) = text(value) {
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
        return digits.parse().ok().filter(|_| plain);
    }
    number(value.get())
        .filter(|n| n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(n))
        .map(|n| n as u32)
}
