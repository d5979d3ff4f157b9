use std::str::FromStr;

use tuner_core::planning::{Budget, Preset};
use tuner_core::{MemorySize, MemorySizeError};

use super::check::CheckInput;
use super::error::{InputError, InputErrors};
use super::fields::Fields;
use super::options::FUNCTION;
use super::row::Reading;
use super::s3_uri::S3Object;
use super::table::TABLE;
use crate::{TuningOptions, TuningRequest};

/// What an execution of the state machine is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionInput {
    /// What is asked of the engine, checked.
    pub request: TuningRequest,
    /// What is sent to the function.
    pub payload: PayloadSource,
    /// What is asked of a check, where the function is to be checked and not tuned.
    pub check: Option<CheckInput>,
    /// Whether the output is to hold the mean cost and duration of every size, as LPT's `stats`.
    pub include_output_results: bool,
    /// What was asked for but has no effect.
    pub warnings: Vec<String>,
}

/// Where the payload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadSource {
    /// None was given.
    None,
    /// In the input, as it was typed: [`Payloads::parse`](tuner_core::Payloads::parse) reads it.
    Inline(String),
    /// In an object, to be read the same way.
    S3(S3Object),
}

/// What holds where the input says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Sizes to measure.
    pub memory_sizes: Vec<MemorySize>,
}

/// What both templates of `infra/` deploy, unless they are told otherwise, as aws-lambda-power-tuning does.
const DEPLOYED_SIZES: [u32; 6] = [128, 256, 512, 1024, 1536, 3008];

impl Default for Defaults {
    fn default() -> Self {
        Self {
            memory_sizes: DEPLOYED_SIZES
                .iter()
                .filter_map(|&mb| MemorySize::new(mb).ok())
                .collect(),
        }
    }
}

/// As a deployment says it: `128,256,512`.
impl FromStr for Defaults {
    type Err = MemorySizeError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let sizes = list.split(',').map(str::trim).filter(|size| !size.is_empty());
        Ok(Self {
            memory_sizes: sizes.map(str::parse).collect::<Result<_, _>>()?,
        })
    }
}

/// Every field an input may have.
pub const FIELDS: [&str; TABLE.len()] = {
    let mut names = [""; TABLE.len()];
    let mut at = 0;
    while at < TABLE.len() {
        names[at] = TABLE[at].name;
        at += 1;
    }
    names
};

/// Fields that mean nothing to a tuning: a schema's address for editors, a word of explanation, and what is in the input
/// of an execution that another one started (`AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID`).
fn is_ignored(field: &str) -> bool {
    matches!(field, "$schema" | "comment" | "Comment") || field.starts_with("AWS_STEP_FUNCTIONS_")
}

/// Notes the fields that do not go with the preset; of those that go with the grid alone, if they ask for anything.
fn check_preset(r: &mut Reading<'_>) {
    let o = &r.options;
    let (fields, accepted) = match o.preset {
        Preset::Grid => (
            [
                ("budgetInvocations", true),
                ("budgetCost", true),
                ("budgetSeconds", true),
            ],
            "left out with the preset \"grid\", which makes as many invocations as num says".to_owned(),
        ),
        preset => (
            [
                ("onlyColdStarts", o.only_cold_starts),
                ("dryRun", o.dry_run),
                ("discardTopBottom", o.trim_share != 0.0),
            ],
            format!("left out with the preset \"{preset}\": it goes with \"grid\" only"),
        ),
    };
    for (field, asked) in fields {
        if let Some(value) = r.fields.filled(field).filter(|_| asked) {
            r.fields.wrong(field, value, &accepted);
        }
    }
}

impl ExecutionInput {
    /// What `request` asks for, with `payload`.
    pub const fn new(request: TuningRequest, payload: PayloadSource) -> Self {
        Self {
            request,
            payload,
            check: None,
            include_output_results: false,
            warnings: Vec::new(),
        }
    }

    /// How much is measured at most.
    pub(super) fn budget(&self) -> Budget {
        self.check
            .as_ref()
            .map_or(self.request.options.budget, |check| check.budget)
    }

    /// Reads the input of an execution.
    ///
    /// # Errors
    /// Names every field that is wrong, not the first one.
    pub fn parse(text: &str, defaults: &Defaults) -> Result<Self, InputErrors> {
        let other_words = TABLE
            .iter()
            .flat_map(|row| row.also.iter().map(|&word| (word, row.name)));
        let mut r = Reading {
            fields: Fields::read(text, &FIELDS, other_words, is_ignored)?,
            defaults,
            function: None,
            options: TuningOptions::default(),
            known: None,
            payload: PayloadSource::None,
            check: None,
            include_output_results: false,
            warnings: Vec::new(),
        };
        let missing = InputError::Missing {
            field: "lambdaARN",
            accepted: FUNCTION.to_owned(),
        };
        if r.fields.filled("lambdaARN").is_none() {
            r.fields.note(missing.clone());
        }
        for row in TABLE {
            (row.read)(&mut r, row.name);
        }
        if r.check.is_none() {
            check_preset(&mut r);
        }
        let function = match (r.function, r.fields.errors()) {
            (Some(function), None) => function,
            (_, errors) => return Err(errors.unwrap_or_else(|| missing.into())),
        };
        let request = TuningRequest {
            options: r.options,
            known: r.known,
            ..TuningRequest::new(function)
        };
        Ok(Self {
            request: request.checked().map_err(InputError::from)?,
            payload: r.payload,
            check: r.check,
            include_output_results: r.include_output_results,
            warnings: r.warnings,
        })
    }
}
