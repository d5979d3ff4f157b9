//! What is known of a function before any of its invocations is looked at.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Architecture, FunctionName};

/// A function of the account as Lambda's API describes it. What only logs tell of has a name and little else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListedFunction {
    /// Without a qualifier; a full ARN where Lambda was asked.
    pub name: FunctionName,
    /// Where it is, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Configured now, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// Instruction set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
    /// How its code is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageType>,
    /// Managed runtime, such as `python3.13`; images have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Timeout, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// Size of /tmp, in MB; above 512 it is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage_mb: Option<u32>,
    /// Whether published versions start from a snapshot.
    #[serde(default, skip_serializing_if = "is_false")]
    pub snap_start: bool,
    /// Where it logs: `LoggingConfig.LogGroup`, else `/aws/lambda/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// Whether log lines are JSON.
    #[serde(default, skip_serializing_if = "is_false")]
    pub json_logs: bool,
    /// JSON logs at system log level WARN, which hides the report of every successful invocation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reports_hidden: bool,
    /// Concurrency set aside for it, which is also the most it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_concurrency: Option<u32>,
    /// Provisioned concurrency of its versions and aliases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioned: Vec<ProvisionedConcurrency>,
    /// Last change of code or configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether nothing tells its name: `name` only stands in for it, and is in no command.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nameless: bool,
    /// Why nothing can be said of its memory size, such as Managed Instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}

impl ListedFunction {
    /// A function of which nothing but its name is known.
    pub fn named(name: FunctionName) -> Self {
        Self {
            region: name.region().map(str::to_owned),
            name: name.unqualified(),
            memory_size_mb: None,
            architecture: None,
            package: None,
            runtime: None,
            timeout_s: None,
            ephemeral_storage_mb: None,
            snap_start: false,
            log_group: None,
            json_logs: false,
            reports_hidden: false,
            reserved_concurrency: None,
            provisioned: Vec::new(),
            last_modified: None,
            tags: BTreeMap::new(),
            nameless: false,
            unsupported: None,
        }
    }

    /// A function that logs tell of without its name; `name` is what to call it.
    pub fn nameless(name: FunctionName) -> Self {
        Self {
            nameless: true,
            ..Self::named(name)
        }
    }

    /// The CloudFormation stack that made it, by the tag CloudFormation sets.
    pub fn stack(&self) -> Option<&str> {
        self.tags.get("aws:cloudformation:stack-name").map(String::as_str)
    }

    /// Whom to ask: the first of the tags by which teams usually sign, else the stack.
    pub fn owner(&self) -> Option<&str> {
        const SIGNED: [&str; 6] = ["owner", "team", "service", "application", "project", "repository"];
        let tag = |name: &str| {
            let mut tags = self.tags.iter();
            tags.find_map(|(key, value)| {
                (key.eq_ignore_ascii_case(name) && !value.is_empty()).then_some(value.as_str())
            })
        };
        SIGNED.into_iter().find_map(tag).or_else(|| self.stack())
    }

    /// Environments kept ready, over all versions and aliases.
    pub fn provisioned_environments(&self) -> u32 {
        self.provisioned.iter().map(|p| p.environments).sum()
    }
}

/// How code is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageType {
    /// A zip file.
    Zip,
    /// A container image.
    Image,
}

/// Environments kept ready for a version or alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProvisionedConcurrency {
    /// Version or alias.
    pub qualifier: String,
    /// How many.
    pub environments: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_the_first_tag_that_signs_else_the_stack() {
        let mut function = ListedFunction::named("resize".parse().unwrap());
        assert_eq!(function.owner(), None);
        function
            .tags
            .insert("aws:cloudformation:stack-name".into(), "images".into());
        assert_eq!(function.owner(), Some("images"));
        function.tags.insert("Team".into(), "media".into());
        assert_eq!(function.owner(), Some("media"));
    }
}
