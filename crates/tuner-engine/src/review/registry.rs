//! Which functions a review may invoke, and with what.

use serde_json::value::RawValue;
use tuner_core::floor::Known;
use tuner_core::review::{Action, FunctionReview, RegisteredPayload};
use tuner_core::{FunctionName, glob};

use crate::execution::error::shortened;
use crate::execution::fields::{kind, pairs};
use crate::execution::{Defaults, ExecutionInput, InputErrors, PayloadSource};

/// Functions that may be invoked by a tuning, and with what. Nobody else is ever invoked.
///
/// A file names them, `*` standing for any letters and `?` for one:
///
/// ```json
/// {"functions": {
///   "resize": {"payload": {"key": "photo.jpg"}, "strategy": "cost"},
///   "report-*": {"payloadS3": "s3://bucket/report.json", "preset": "frugal"},
///   "report-to-board": null
/// }}
/// ```
///
/// What stands beside a name is the input of a tuning's execution without `lambdaARN`; `null` is never to be tuned. Of several
/// names that fit the most exact one counts: an ARN, then a name, then the pattern with the most letters.
///
/// A function without an entry may be registered by its tags: [`PAYLOAD_TAG`], and [`OBJECTIVE_TAG`] if wanted.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    entries: Vec<Entry>,
}

/// The tag that registers a function: the `s3://` address of its payload, or [`EMPTY_PAYLOAD`].
pub const PAYLOAD_TAG: &str = "tuner:payload";
/// In the tag: `{}` is sent.
pub const EMPTY_PAYLOAD: &str = "empty";
/// The tag that says what a registered function is tuned for: `cost`, `speed` or `balanced`.
pub const OBJECTIVE_TAG: &str = "tuner:objective";

/// Fields of an input, as typed.
type Fields = Vec<(String, Box<RawValue>)>;

#[derive(Debug, Clone)]
struct Entry {
    /// As written: a name, an ARN or a pattern.
    name: String,
    /// Beside it; `None` is never to be tuned.
    fields: Option<Fields>,
}

/// Why a registry can't be used. Payloads are never quoted: they may hold secrets.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RegistryError {
    /// Not JSON.
    #[error("the registry is not JSON: {0}")]
    NotJson(String),
    /// Another shape.
    #[error("the registry {0}, but must be of the form {{\"functions\": {{\"NAME\": {{\"payload\": {{}}}}}}}}")]
    Shape(String),
    /// A name that names no function.
    #[error("`{name}` in the registry names no function: use NAME, the full ARN, or a pattern with * and ?")]
    Name {
        /// As given.
        name: String,
    },
    /// An entry given more than once.
    #[error("`{name}` is in the registry twice")]
    Twice {
        /// Which.
        name: String,
    },
    /// An entry that is no input of a tuning.
    #[error("`{name}` in the registry: {errors}")]
    Entry {
        /// Which.
        name: String,
        /// What is wrong with it.
        errors: InputErrors,
    },
    /// An entry that names the function once more.
    #[error("`{name}` in the registry has a lambdaARN: leave it out, the name says which function it is")]
    NamedTwice {
        /// Which.
        name: String,
    },
    /// A tag that is no payload.
    #[error("{function}: its tag {PAYLOAD_TAG} is `{value}`, but must be s3://BUCKET/KEY, or {EMPTY_PAYLOAD} for {{}}")]
    Tag {
        /// Whose.
        function: String,
        /// As given.
        value: String,
    },
}

impl Registry {
    /// Reads a registry.
    ///
    /// # Errors
    /// When it is not one. Every entry is checked as the input of an execution is.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let whole: &RawValue = serde_json::from_str(text).map_err(|e| RegistryError::NotJson(e.to_string()))?;
        let object = |value| pairs(value).map_err(|_| RegistryError::Shape(format!("is {}", kind(value))));
        let mut functions = None;
        for (name, value) in object(whole)? {
            match name.as_str() {
                "$schema" | "comment" => {}
                "functions" if functions.is_some() => {
                    return Err(RegistryError::Shape("has `functions` twice".to_owned()));
                }
                "functions" => functions = Some(value),
                _ => {
                    let field = shortened(&name);
                    return Err(RegistryError::Shape(format!("has a field `{field}`")));
                }
            }
        }
        let functions = functions.ok_or_else(|| RegistryError::Shape("has no `functions`".to_owned()))?;
        let mut registry = Self::default();
        for (name, value) in object(functions)? {
            if registry.entries.iter().any(|entry| entry.name == name) {
                return Err(RegistryError::Twice { name: shortened(&name) });
            }
            registry.entries.push(Entry::read(name, value)?);
        }
        Ok(registry)
    }

    /// Whether it names no function.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The input of an execution that tunes `function`; `None` if it is not registered.
    ///
    /// # Errors
    /// When it is registered by a tag that makes no sense.
    pub fn input_for(
        &self,
        function: &FunctionReview,
        role_arn: Option<&str>,
    ) -> Result<Option<Box<RawValue>>, RegistryError> {
        let name = &function.function.name;
        let entry = self
            .entries
            .iter()
            .filter(|entry| entry.rank(name) > 0)
            .max_by_key(|entry| entry.rank(name));
        let (named, mut fields) = match entry {
            Some(Entry { fields: None, .. }) => return Ok(None),
            Some(Entry {
                name,
                fields: Some(fields),
            }) => (name.clone(), fields.clone()),
            None => match tagged(function)? {
                Some(fields) => (name.to_string(), fields),
                None => return Ok(None),
            },
        };
        let has = |fields: &[(String, Box<RawValue>)], field: &str| fields.iter().any(|(name, _)| name == field);
        if !has(&fields, "powerValues")
            && !has(&fields, "preset")
            && let Some(sizes) = advised(function)
        {
            fields.push(("powerValues".to_owned(), raw(&sizes)));
        }
        if !has(&fields, "known")
            && let Some(known) = known(function)
        {
            fields.push(("known".to_owned(), raw(&known)));
        }
        if let Some(role) = role_arn.filter(|_| !has(&fields, "roleARN")) {
            fields.push(("roleARN".to_owned(), raw(&role)));
        }
        let input = object(&name.to_string(), &fields);
        match ExecutionInput::parse(input.get(), &Defaults::default()) {
            Ok(_) => Ok(Some(input)),
            Err(errors) => Err(RegistryError::Entry { name: named, errors }),
        }
    }
}

impl Registry {
    /// With what `function` may be invoked, if it is registered.
    pub fn payload_of(&self, function: &FunctionReview) -> Option<RegisteredPayload> {
        let input = self.input_for(function, None).ok()??;
        match ExecutionInput::parse(input.get(), &Defaults::default()).ok()?.payload {
            PayloadSource::S3(object) => Some(RegisteredPayload::S3 {
                uri: object.to_string(),
            }),
            PayloadSource::None => Some(RegisteredPayload::Empty),
            PayloadSource::Inline(text) if text == "{}" => Some(RegisteredPayload::Empty),
            PayloadSource::Inline(_) => Some(RegisteredPayload::InRegistry),
        }
    }
}

/// What the review knows of the memory and time that a function needs; `None` where its logs could not be read, so that the
/// tuning looks itself.
fn known(function: &FunctionReview) -> Option<Known> {
    let evidence = &function.evidence;
    let logs = evidence.logs.as_ref().filter(|_| evidence.reports() > 0)?;
    let unknown =
        (!logs.complete).then(|| "only a part of its logs was read: more memory may have been used".to_owned());
    Some(Known {
        needs: evidence.needs(),
        unknown: unknown.into_iter().collect(),
        ..Known::default()
    })
}

impl Entry {
    fn read(name: String, value: &RawValue) -> Result<Self, RegistryError> {
        let is_pattern = name.contains(['*', '?']);
        let of_pattern = |c: char| c.is_ascii_alphanumeric() || "-_:*?".contains(c);
        let names_one = match is_pattern {
            true => name.chars().all(of_pattern),
            false => name
                .parse::<FunctionName>()
                .is_ok_and(|name| name.qualifier().is_none()),
        };
        if !names_one {
            return Err(RegistryError::Name { name: shortened(&name) });
        }
        if value.get() == "null" {
            return Ok(Self { name, fields: None });
        }
        let fields = pairs(value)
            .map_err(|_| RegistryError::Shape(format!("has {} for `{}`", kind(value), shortened(&name))))?;
        if fields.iter().any(|(field, _)| field == "lambdaARN") {
            return Err(RegistryError::NamedTwice { name });
        }
        let fields: Fields = fields
            .into_iter()
            .map(|(field, value)| (field, value.to_owned()))
            .collect();
        // Whatever function it is about, an input is right or wrong.
        let input = object(if is_pattern { "any" } else { &name }, &fields);
        match ExecutionInput::parse(input.get(), &Defaults::default()) {
            Ok(_) => Ok(Self {
                name,
                fields: Some(fields),
            }),
            Err(errors) => Err(RegistryError::Entry { name, errors }),
        }
    }

    /// How exactly it names `function`; 0 if it names another.
    fn rank(&self, function: &FunctionName) -> usize {
        let whole = function.to_string();
        let letters = self.name.chars().filter(|c| !matches!(c, '*' | '?')).count();
        if self.name == whole {
            usize::MAX
        } else if self.name == function.name() {
            usize::MAX - 1
        } else if self.name.contains(['*', '?']) && (glob(&self.name, function.name()) || glob(&self.name, &whole)) {
            1 + letters
        } else {
            0
        }
    }
}

/// What its tags say.
fn tagged(function: &FunctionReview) -> Result<Option<Fields>, RegistryError> {
    let tags = &function.function.tags;
    let Some(payload) = tags.get(PAYLOAD_TAG) else {
        return Ok(None);
    };
    let mut fields = vec![match payload.trim() {
        EMPTY_PAYLOAD => ("payload".to_owned(), raw(&serde_json::Map::new())),
        uri if uri.starts_with("s3://") => ("payloadS3".to_owned(), raw(&uri)),
        other => {
            return Err(RegistryError::Tag {
                function: function.function.name.to_string(),
                value: shortened(other),
            });
        }
    }];
    if let Some(objective) = tags.get(OBJECTIVE_TAG) {
        fields.push(("strategy".to_owned(), raw(&objective.trim())));
    }
    Ok(Some(fields))
}

/// The sizes that the review advises to measure.
fn advised(function: &FunctionReview) -> Option<Vec<u32>> {
    function.advice.iter().find_map(|advice| match &advice.action {
        Action::Tune { memory_sizes_mb } => Some(memory_sizes_mb.clone()),
        _ => None,
    })
}

fn object(lambda_arn: &str, fields: &[(String, Box<RawValue>)]) -> Box<RawValue> {
    let mut text = format!("{{\"lambdaARN\":{}", raw(&lambda_arn));
    for (field, value) in fields {
        text.push_str(&format!(",{}:{}", raw(field), value.get()));
    }
    text.push('}');
    // What is put together from JSON is JSON; null would be refused by whoever reads it.
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Texts, numbers and lists of them can always be written.
fn raw<T: serde::Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
