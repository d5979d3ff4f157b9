use serde::{Deserialize, Serialize};
use tuner_core::FunctionName;
use tuner_core::floor::Known;
use tuner_core::options::{OptionsError, TuningOptions};

/// What a person asks for, checked. Payloads travel apart from it: they may be large and secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuningRequest {
    /// The function under test.
    pub function: FunctionName,
    /// How it is measured and judged.
    // One object, as it was when each option was a field here: a tuning under way outlives a deployment of the service.
    #[serde(flatten)]
    pub options: TuningOptions,
    /// Whether the memory size that the function has is somebody's choice, with which sizes can be compared. That of a
    /// program on one's own machine is not, unless it was given.
    #[serde(default = "yes")]
    pub has_present_size: bool,
    /// What is known of the function before it is measured; where it is not given, logs and earlier tunings are read.
    #[serde(default)]
    pub known: Option<Known>,
}

const fn yes() -> bool {
    true
}

impl TuningRequest {
    /// A request with the default options, for `function`.
    pub fn new(function: FunctionName) -> Self {
        Self {
            function,
            options: TuningOptions::default(),
            has_present_size: true,
            known: None,
        }
    }

    /// The same with other options.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut TuningOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Checks every option.
    ///
    /// # Errors
    /// Names the option that makes no sense.
    pub fn checked(mut self) -> Result<Self, OptionsError> {
        self.options = self.options.checked()?;
        Ok(self)
    }
}
