//! What is known of a function before any of its invocations is looked at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alias, FunctionVersion, PublishedVersion};
use crate::arn::Arn;
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
    /// Whether the extension of Lambda Insights is among its layers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lambda_insights: bool,
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
    /// Its published versions, as far as they were listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<PublishedVersion>,
    /// Its aliases; absent where they were not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<Alias>>,
    /// ARNs of the queues, streams and the like that Lambda reads for it (event source mappings); absent where they were not
    /// asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_sources: Option<Vec<String>>,
    /// Services that its resource policy lets invoke it, such as `apigateway.amazonaws.com`; absent where that was not asked
    /// for. Others may invoke it by a role of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callers: Option<BTreeSet<String>>,
    /// Hash of the code of `$LATEST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    /// Last change of code or configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whose it is by an advice file; that counts where its tags do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_owner: Option<String>,
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
            lambda_insights: false,
            log_group: None,
            json_logs: false,
            reports_hidden: false,
            reserved_concurrency: None,
            provisioned: Vec::new(),
            versions: Vec::new(),
            aliases: None,
            event_sources: None,
            callers: None,
            code_sha256: None,
            last_modified: None,
            tags: BTreeMap::new(),
            assigned_owner: None,
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

    /// Whom to ask: the first of the tags by which teams usually sign, else what an advice file says, else the stack.
    pub fn owner(&self) -> Option<&str> {
        let assigned = self.assigned_owner.as_deref();
        self.signed_owner().or(assigned).or_else(|| self.stack())
    }

    /// Whom to ask by the first of the tags by which teams usually sign.
    pub fn signed_owner(&self) -> Option<&str> {
        const SIGNED: [&str; 6] = ["owner", "team", "service", "application", "project", "repository"];
        let tag = |name: &str| {
            let mut tags = self.tags.iter();
            tags.find_map(|(key, value)| {
                (key.eq_ignore_ascii_case(name) && !value.trim().is_empty()).then_some(value.as_str())
            })
        };
        SIGNED.into_iter().find_map(tag)
    }

    /// The published version of this number, if it was listed.
    pub fn version(&self, version: FunctionVersion) -> Option<&PublishedVersion> {
        self.versions.iter().find(|known| known.version == version)
    }

    /// The version that a qualifier means: itself, or the one that the alias leads most traffic to; `None` where that is
    /// not known.
    pub fn version_of(&self, qualifier: &str) -> Option<FunctionVersion> {
        let alias = || self.aliases.iter().flatten().find(|alias| alias.name == qualifier);
        qualifier.parse().ok().or_else(|| Some(alias()?.version))
    }

    /// The memory size of a version or alias, in MB; `None` where that is not known.
    pub fn memory_size_of(&self, qualifier: &str) -> Option<u32> {
        match self.version_of(qualifier)? {
            FunctionVersion::Latest => self.memory_size_mb,
            version => self.version(version)?.memory_size_mb,
        }
    }

    /// The aliases that lead traffic to this version, as far as they are known.
    pub fn aliases_to(&self, version: FunctionVersion) -> impl Iterator<Item = &Alias> {
        self.aliases
            .iter()
            .flatten()
            .filter(move |alias| alias.share(version) > 0.0)
    }

    /// Names of the SQS queues that trigger it; `None` where that is not known.
    pub fn queues(&self) -> Option<Vec<&str>> {
        let sources = self.event_sources.as_ref()?;
        let arns = sources.iter().filter_map(|source| Arn::parse(source).ok());
        Some(
            arns.filter(|arn| arn.service == "sqs")
                .map(|arn| arn.resource)
                .collect(),
        )
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
