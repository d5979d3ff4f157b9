//! `[function.NAME]` of `tuner.toml`: a function, and what is usually asked of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use tuner_core::check::{Bound, Condition, Metric};
use tuner_core::planning::Preset;
use tuner_core::{Architecture, FunctionName, MemorySize, Objective};

/// What `tuner run NAME` does without typing it each time. Paths are relative to the file; what is typed goes before.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FunctionEntry {
    /// Its name or ARN in AWS. Where there is none but a folder or a command, the function runs on this machine.
    pub(crate) function: Option<String>,
    /// Folder of its project, whose functions `tuner run --local FOLDER` finds.
    pub(crate) folder: Option<PathBuf>,
    /// Which function of the folder, where it has several.
    pub(crate) id: Option<String>,
    /// Program and arguments instead of a folder: anything that speaks the Lambda Runtime API.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// What is sent: a file, or the payload itself, or a list `[{payload = ..., weight = 2}, ...]`.
    pub(crate) payload: Option<serde_json::Value>,
    /// Environment variables on this machine.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// As `--objective`: cost, speed, balanced or balanced:WEIGHT.
    pub(crate) objective: Option<String>,
    /// As `--preset`.
    pub(crate) preset: Option<Preset>,
    /// As `--memory`: sizes in MB.
    #[serde(default)]
    pub(crate) memory: Vec<u32>,
    /// As `--max-mean`, in ms.
    pub(crate) max_mean: Option<f64>,
    /// As `--max-p50`, in ms.
    pub(crate) max_p50: Option<f64>,
    /// As `--max-p95`, in ms.
    pub(crate) max_p95: Option<f64>,
    /// As `--max-p99`, in ms.
    pub(crate) max_p99: Option<f64>,
    /// As `--max-cost-above-cheapest`, in percent.
    pub(crate) max_cost_above_cheapest: Option<f64>,
    /// As `--max-cost-per-million`, in USD, or CNY in China.
    pub(crate) max_cost_per_million: Option<f64>,
    /// What `tuner check NAME` holds it against, beside the limits above: conditions as `--fail-on` takes them
    /// ("p95>800ms,success<99%"), or `guide` as `--limits` does; one text, or a list.
    pub(crate) limits: Option<Limits>,
    /// As `--baseline` of `tuner check`: `last`, or a file.
    pub(crate) baseline: Option<String>,
    /// As `--monthly-invocations`.
    pub(crate) monthly_invocations: Option<f64>,
    /// As `--max-invocations`.
    pub(crate) max_invocations: Option<u32>,
    /// As `--timeout`, in seconds, on this machine.
    pub(crate) timeout: Option<u32>,
    /// As `--arch`, on this machine.
    pub(crate) arch: Option<Architecture>,
    /// As `--present-memory`, in MB, on this machine.
    pub(crate) present_memory: Option<u32>,
    /// As `--region`.
    pub(crate) region: Option<String>,
    /// As `--profile`.
    pub(crate) profile: Option<String>,
    /// Whom to ask about it.
    pub(crate) owner: Option<String>,
    /// Where infrastructure code defines it, as `--source` of `tuner patch`: a file, a folder, or FILE#ADDRESS.
    pub(crate) source: Option<String>,
    /// The folder of the file that says this.
    #[serde(skip)]
    pub(crate) base: PathBuf,
}

/// Limits as they are written in the file: one text, or a list.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "`limits` takes a text such as \"p95>800ms,success<99%\", or a list of them"
)]
pub(crate) enum Limits {
    /// Separated by commas.
    Text(String),
    /// One or several in each.
    List(Vec<String>),
}

/// Limits that were read.
#[derive(Debug, Default)]
pub(crate) struct ReadLimits {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) guide: bool,
}

impl FunctionEntry {
    /// The limits of a check: those of `limits`, then those that a recommended size must keep.
    ///
    /// # Errors
    /// When one makes no sense, with its reason.
    pub(crate) fn read_limits(&self) -> Result<ReadLimits, String> {
        let mut read = ReadLimits::default();
        let texts = match &self.limits {
            None => &[],
            Some(Limits::Text(text)) => std::slice::from_ref(text),
            Some(Limits::List(list)) => list.as_slice(),
        };
        for text in texts.iter().flat_map(|text| text.split(',')).map(str::trim) {
            match text {
                "guide" => read.guide = true,
                text => read
                    .conditions
                    .push(text.parse::<Condition>().map_err(|e| e.to_string())?),
            }
        }
        let of_sizes = [
            (Metric::Mean, self.max_mean),
            (Metric::P50, self.max_p50),
            (Metric::P95, self.max_p95),
            (Metric::P99, self.max_p99),
            (Metric::CostPerMillion, self.max_cost_per_million),
        ];
        for (metric, most) in of_sizes {
            let is_given = (read.conditions.iter()).any(|c| c.metric == metric && c.limit(None).is_some());
            if let (Some(most), false) = (most, is_given) {
                let bound = Bound::Absolute(most);
                read.conditions.push(Condition { metric, bound });
            }
        }
        Ok(read)
    }

    /// Whether it names something that can run on this machine.
    pub(crate) fn has_program(&self) -> bool {
        self.folder.is_some() || !self.command.is_empty()
    }

    /// What is wrong with it, beyond the forms of its values.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.folder.is_some() && !self.command.is_empty() {
            return Err("it has a folder and a command; one of them is the function".to_owned());
        }
        if self.id.is_some() && self.folder.is_none() {
            return Err("`id` says which function of `folder`, which is missing".to_owned());
        }
        if let Some(name) = &self.function {
            name.parse::<FunctionName>().map_err(|e| format!("function: {e}"))?;
        }
        if let Some(objective) = &self.objective {
            objective.parse::<Objective>().map_err(|e| format!("objective: {e}"))?;
        }
        for mb in self.memory.iter().chain(&self.present_memory) {
            MemorySize::new(*mb).map_err(|e| e.to_string())?;
        }
        if let Some(region) = self.region.as_deref().filter(|region| !tuner_core::is_region(region)) {
            return Err(format!("`{region}` is no region; use one such as eu-west-1"));
        }
        if self.timeout.is_some_and(|seconds| !(1..=900).contains(&seconds)) {
            return Err("timeout: a function has 1 to 900 seconds".to_owned());
        }
        self.read_limits().map_err(|e| format!("limits: {e}"))?;
        let above_zero = [
            ("max_mean", self.max_mean),
            ("max_p50", self.max_p50),
            ("max_p95", self.max_p95),
            ("max_p99", self.max_p99),
            ("max_cost_above_cheapest", self.max_cost_above_cheapest),
            ("max_cost_per_million", self.max_cost_per_million),
            ("monthly_invocations", self.monthly_invocations),
            ("max_invocations", self.max_invocations.map(f64::from)),
        ];
        for (key, number) in above_zero {
            if number.is_some_and(|number| !number.is_finite() || number <= 0.0) {
                return Err(format!("{key}: use a number above 0"));
            }
        }
        Ok(())
    }

    /// The payload as `--payload` takes it; a text that begins as JSON does is JSON, as it is there.
    pub(crate) fn payload_argument(&self) -> Option<String> {
        Some(match self.payload.as_ref()? {
            serde_json::Value::String(json) if json.trim_start().starts_with(['{', '[']) => json.clone(),
            serde_json::Value::String(file) => format!("@{}", self.at(Path::new(file)).display()),
            payload => payload.to_string(),
        })
    }

    /// A path of the entry, from wherever the command is typed.
    pub(crate) fn at(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }
}
