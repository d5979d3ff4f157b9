//! What tools are asked, as arguments of the command line. Values follow their flag after a `=`, and files come behind `--`, so
//! that none of them can be taken for a flag.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Exported logs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logs {
    /// Files and folders with logs of Lambda functions, plain or compressed, in any form that CloudWatch and others export.
    pub(crate) paths: Vec<String>,
    /// The function that the logs are of, where nothing in them tells it.
    pub(crate) function: Option<String>,
    /// Region whose prices hold; us-east-1 unless given.
    pub(crate) region: Option<String>,
}

/// Exported logs of an account, and lists of its functions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewLogs {
    /// Files and folders with logs of Lambda functions.
    pub(crate) paths: Vec<String>,
    /// Outputs of `aws lambda list-functions` and of the other calls that `tuner review --help` names.
    #[serde(default)]
    pub(crate) inventories: Vec<String>,
    /// Region whose prices hold; us-east-1 unless given.
    pub(crate) region: Option<String>,
}

/// A document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    /// File of a tuning, review, check or comparison, as `tuner` wrote it, or of an output of AWS Lambda Power Tuning.
    pub(crate) document: String,
}

/// Two documents.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compare {
    /// File of a tuning or check: what it was before.
    pub(crate) base: String,
    /// File of a tuning or check: what it is now.
    pub(crate) head: String,
}

/// Prices.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    /// Only this region, such as eu-west-1.
    pub(crate) region: Option<String>,
}

/// A tuning to plan.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tuning {
    /// The function: name or ARN of one in AWS; with `folder` one of that project; `example:hash` is one that comes along.
    pub(crate) function: Option<String>,
    /// Run it on this machine, without an AWS account.
    #[serde(default)]
    pub(crate) local: bool,
    /// With `local`: the folder of a project (SAM, CDK, Serverless, Terraform, Python, Node, cargo lambda) that has it.
    pub(crate) folder: Option<String>,
    /// In AWS: measure from here instead of by the service (a state machine in the account).
    #[serde(default)]
    pub(crate) direct: bool,
    /// What is sent: any JSON, or a list of `{"payload": ..., "weight": ...}`.
    pub(crate) payload: Option<Value>,
    /// The same in a file, or a folder of events.
    pub(crate) payload_file: Option<String>,
    /// `frugal`, `standard` or `thorough`: how much is measured.
    pub(crate) preset: Option<String>,
    /// `cost`, `speed`, `balanced` or `balanced:WEIGHT`.
    pub(crate) objective: Option<String>,
    /// Memory sizes that may be chosen, in MB; any unless given.
    #[serde(default)]
    pub(crate) memory_sizes_mb: Vec<u32>,
    /// Only sizes whose 95th percentile of the duration is at most this, in ms.
    pub(crate) max_p95_ms: Option<f64>,
    /// Only sizes whose mean duration is at most this, in ms.
    pub(crate) max_mean_ms: Option<f64>,
    /// Spend no more than this on invocations, in USD.
    pub(crate) budget_usd: Option<f64>,
    /// Make no more invocations than this.
    pub(crate) max_invocations: Option<u32>,
    /// Invocations a month, which say how much measuring is worth.
    pub(crate) monthly_invocations: Option<f64>,
    /// Region of the function, unless its ARN, the environment or `tuner.toml` says it.
    pub(crate) region: Option<String>,
    /// Give the function the size that is found. Needs a server that was started with --allow-applying.
    #[serde(default)]
    pub(crate) apply: bool,
}

/// A plan that was shown.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tune {
    /// The `id` of a plan that `plan` answered in this session and that the user agreed to.
    pub(crate) plan_id: String,
}

/// Arguments, one after the other.
struct List(Vec<String>);

impl List {
    fn new(command: &str) -> Self {
        Self(vec![command.to_owned()])
    }

    fn json(self) -> Self {
        self.flag("--format=json")
    }

    fn flag(mut self, flag: &str) -> Self {
        self.0.push(flag.to_owned());
        self
    }

    fn flag_if(self, is_asked: bool, flag: &str) -> Self {
        if is_asked { self.flag(flag) } else { self }
    }

    fn value(mut self, flag: &str, value: Option<impl ToString>) -> Self {
        self.0
            .extend(value.map(|value| format!("{flag}={}", value.to_string())));
        self
    }

    fn files(mut self, files: &[String]) -> Vec<String> {
        self.0.push("--".to_owned());
        self.0.extend_from_slice(files);
        self.0
    }
}

impl Logs {
    pub(crate) fn arguments(&self) -> Vec<String> {
        List::new("logs")
            .json()
            .value("--function", self.function.as_ref())
            .value("--region", self.region.as_ref())
            .files(&self.paths)
    }
}

impl ReviewLogs {
    /// With its pages in `folder`.
    pub(crate) fn arguments(&self, folder: &Path) -> Vec<String> {
        let mut list = List::new("review")
            .json()
            .value("--out", Some(folder.display()))
            .value("--region", self.region.as_ref());
        for path in &self.paths {
            list = list.value("--from-logs", Some(path));
        }
        for inventory in &self.inventories {
            list = list.value("--inventory", Some(inventory));
        }
        list.0
    }
}

impl Report {
    pub(crate) fn arguments(&self) -> Vec<String> {
        List::new("report")
            .flag("--format=markdown")
            .files(std::slice::from_ref(&self.document))
    }
}

impl Compare {
    pub(crate) fn arguments(&self) -> Vec<String> {
        List::new("compare")
            .json()
            .files(&[self.base.clone(), self.head.clone()])
    }
}

impl Prices {
    pub(crate) fn arguments(&self) -> Vec<String> {
        List::new("prices").json().value("--region", self.region.as_ref()).0
    }
}

impl Tuning {
    /// What `tuner plan` and `tuner run` are given alike.
    fn common(&self, command: &str) -> List {
        let sizes: Vec<String> = self.memory_sizes_mb.iter().map(u32::to_string).collect();
        List::new(command)
            .json()
            .value("--function", self.function.as_ref())
            .flag_if(self.local, "--local")
            .flag_if(self.direct, "--direct")
            .value("--payload", self.payload.as_ref())
            .value("--payload", self.payload_file.as_ref())
            .value("--preset", self.preset.as_ref())
            .value("--objective", self.objective.as_ref())
            .value("--memory", (!sizes.is_empty()).then(|| sizes.join(",")))
            .value("--max-p95", self.max_p95_ms)
            .value("--max-mean", self.max_mean_ms)
            .value("--budget", self.budget_usd)
            .value("--max-invocations", self.max_invocations)
            .value("--monthly-invocations", self.monthly_invocations)
            .value("--region", self.region.as_ref())
            .flag_if(self.apply, "--apply")
    }

    /// The folder is a word of its own, which a `-` in front would make a flag.
    fn in_folder(&self, list: List) -> Vec<String> {
        let folder = self.folder.as_ref().map(|folder| match folder.starts_with('-') {
            true => format!("./{folder}"),
            false => folder.clone(),
        });
        let mut list = list.0;
        list.extend(folder);
        list
    }

    pub(crate) fn plan(&self) -> Vec<String> {
        self.in_folder(self.common("plan"))
    }

    pub(crate) fn run(&self) -> Vec<String> {
        self.in_folder(self.common("run").flag("--yes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_taken_for_a_flag() {
        let logs: Logs = serde_json::from_str(r#"{"paths": ["--threads", "x"], "function": "--help"}"#).unwrap();
        assert_eq!(
            logs.arguments(),
            ["logs", "--format=json", "--function=--help", "--", "--threads", "x"]
        );
        let tuning = Tuning {
            local: true,
            folder: Some("--apply".to_owned()),
            payload: Some(serde_json::json!({"a": "--yes"})),
            memory_sizes_mb: vec![128, 256],
            ..Tuning::default()
        };
        assert_eq!(
            tuning.plan(),
            [
                "plan",
                "--format=json",
                "--local",
                r#"--payload={"a":"--yes"}"#,
                "--memory=128,256",
                "./--apply"
            ]
        );
        assert_eq!(tuning.run()[..2], ["run", "--format=json"]);
    }

    #[test]
    fn a_field_that_is_none_is_refused() {
        assert!(serde_json::from_str::<Tuning>(r#"{"functoin": "x"}"#).is_err());
    }
}
