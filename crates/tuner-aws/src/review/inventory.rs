use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{
    FunctionConfiguration as Sdk, FunctionVersion as FunctionVersions, PackageType as SdkPackageType,
};
use jiff::Timestamp;
use jiff::fmt::strtime;
use serde_json::Value;
use tuner_core::FunctionName;
use tuner_core::review::{
    Alias, FunctionVersion, ListedFunction, PackageType, ProvisionedConcurrency, PublishedVersion,
};
use tuner_engine::ports::{PortError, PortErrorKind};
use tuner_engine::review::ports::{Details, Inventory, Listed, Page};

use crate::configuration::translate;
use crate::errors::port_error;
use crate::pace::Pace;

/// Lambda's list of functions.
#[derive(Debug)]
pub(crate) struct AwsInventory {
    client: Client,
    pace: Pace,
    /// Of GetFunction, of which 100 a second are allowed: not counted with the others.
    details: Pace,
}

impl AwsInventory {
    pub(crate) fn new(client: Client, pace: Pace) -> Self {
        let details = pace.faster_by(6);
        Self { client, pace, details }
    }
}

#[async_trait]
impl Inventory for AwsInventory {
    async fn functions(&self, token: Option<&str>) -> Result<Page<Listed>, PortError> {
        const OPERATION: &str = "ListFunctions";
        self.pace.turn().await;
        let page = self
            .client
            .list_functions()
            .function_version(FunctionVersions::All)
            .set_marker(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        Ok(Page {
            items: page.functions().iter().filter_map(listed).collect(),
            next: next(page.next_marker()),
        })
    }

    async fn aliases(&self, function: &FunctionName, token: Option<&str>) -> Result<Page<Alias>, PortError> {
        const OPERATION: &str = "ListAliases";
        self.pace.turn().await;
        let page = self
            .client
            .list_aliases()
            .function_name(function.unqualified().to_string())
            .set_marker(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        let aliases = page.aliases().iter().filter_map(|alias| {
            let weights = alias
                .routing_config()
                .and_then(|routing| routing.additional_version_weights());
            Some(Alias {
                name: alias.name()?.to_owned(),
                version: alias.function_version()?.parse().ok()?,
                weights: (weights.into_iter().flatten())
                    .filter_map(|(version, weight)| Some((version.parse().ok()?, *weight)))
                    .collect(),
            })
        });
        Ok(Page {
            items: aliases.collect(),
            next: next(page.next_marker()),
        })
    }

    async fn event_sources(&self, token: Option<&str>) -> Result<Page<(FunctionName, String)>, PortError> {
        const OPERATION: &str = "ListEventSourceMappings";
        self.pace.turn().await;
        let page = self
            .client
            .list_event_source_mappings()
            .set_marker(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        let mappings = page.event_source_mappings().iter().filter_map(|mapping| {
            let function = mapping.function_arn()?.parse().ok()?;
            Some((function, mapping.event_source_arn()?.to_owned()))
        });
        Ok(Page {
            items: mappings.collect(),
            next: next(page.next_marker()),
        })
    }

    async fn callers(&self, function: &FunctionName) -> Result<BTreeSet<String>, PortError> {
        const OPERATION: &str = "GetPolicy";
        self.pace.turn().await;
        let answer = self
            .client
            .get_policy()
            .function_name(function.unqualified().to_string())
            .set_qualifier(function.qualifier().map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e));
        match answer {
            Ok(answer) => Ok(services_in(answer.policy().unwrap_or_default())),
            // So it is where there is no policy.
            Err(error) if error.kind == PortErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(error),
        }
    }

    async fn details(&self, function: &FunctionName) -> Result<Details, PortError> {
        const OPERATION: &str = "GetFunction";
        self.details.turn().await;
        let found = self
            .client
            .get_function()
            .function_name(function.unqualified().to_string())
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        let tags = found.tags().into_iter().flatten();
        let concurrency = found.concurrency();
        Ok(Details {
            tags: tags.map(|(key, value)| (key.clone(), value.clone())).collect(),
            tags_problem: found
                .tags_error()
                .map(|error| format!("{}: {}", error.error_code(), error.message())),
            reserved_concurrency: concurrency
                .and_then(|concurrency| concurrency.reserved_concurrent_executions())
                .and_then(|reserved| u32::try_from(reserved).ok()),
        })
    }

    async fn provisioned(
        &self,
        function: &FunctionName,
        token: Option<&str>,
    ) -> Result<Page<ProvisionedConcurrency>, PortError> {
        const OPERATION: &str = "ListProvisionedConcurrencyConfigs";
        self.pace.turn().await;
        let page = self
            .client
            .list_provisioned_concurrency_configs()
            .function_name(function.unqualified().to_string())
            .set_marker(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        let configured = page.provisioned_concurrency_configs().iter().filter_map(|config| {
            let arn: FunctionName = config.function_arn()?.parse().ok()?;
            Some(ProvisionedConcurrency {
                qualifier: arn.qualifier()?.to_owned(),
                environments: u32::try_from(config.requested_provisioned_concurrent_executions()?).ok()?,
            })
        });
        Ok(Page {
            items: configured.collect(),
            next: next(page.next_marker()),
        })
    }
}

/// The token of the next page; an empty one asks for nothing more.
fn next(marker: Option<&str>) -> Option<String> {
    marker.filter(|marker| !marker.is_empty()).map(str::to_owned)
}

/// The services that a resource policy allows something: `Principal` is a text, or has one or more of a kind.
fn services_in(policy: &str) -> BTreeSet<String> {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let several = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    };
    several(&policy["Statement"])
        .iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| several(&statement["Principal"]["Service"]))
        .filter_map(|service| service.as_str().map(str::to_owned))
        .collect()
}

/// `None` for what has no name that could be told.
fn listed(sdk: &Sdk) -> Option<Listed> {
    let known = translate("ListFunctions", sdk).ok()?;
    let code_sha256 = sdk.code_sha256().map(str::to_owned);
    let version = sdk
        .version()
        .or(known.arn.qualifier())
        .and_then(|version| version.parse().ok());
    if let Some(version @ FunctionVersion::Published(_)) = version {
        let of = known.arn.unqualified();
        return Some(Listed::Version(
            of,
            PublishedVersion {
                version,
                memory_size_mb: Some(known.memory_size_mb),
                timeout_s: Some(known.timeout_s),
                snap_start: known.snap_start,
                code_sha256,
            },
        ));
    }
    Some(Listed::Function(Box::new(ListedFunction {
        code_sha256,
        memory_size_mb: Some(known.memory_size_mb),
        architecture: Some(known.architecture),
        package: match sdk.package_type() {
            Some(SdkPackageType::Zip) => Some(PackageType::Zip),
            Some(SdkPackageType::Image) => Some(PackageType::Image),
            _ => None,
        },
        runtime: known.runtime,
        timeout_s: Some(known.timeout_s),
        ephemeral_storage_mb: Some(known.ephemeral_storage_mb),
        snap_start: known.snap_start,
        lambda_insights: sdk
            .layers()
            .iter()
            .filter_map(|layer| layer.arn())
            .any(is_lambda_insights),
        log_group: Some(known.log_group),
        json_logs: known.json_logs,
        reports_hidden: known.reports_hidden,
        last_modified: sdk.last_modified().and_then(time),
        unsupported: known.untunable,
        ..ListedFunction::named(known.arn)
    })))
}

/// Source: "Lambda Insights extension versions" lists the layers' ARNs: `...:layer:LambdaInsightsExtension:38`, and
/// `-Arm64` behind the name.
fn is_lambda_insights(layer: &str) -> bool {
    layer.contains(":layer:LambdaInsightsExtension")
}

/// Lambda writes `2026-01-31T08:15:30.123+0000`.
fn time(text: &str) -> Option<Timestamp> {
    let parsed = strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text);
    parsed
        .and_then(|time| time.to_timestamp())
        .or_else(|_| text.parse())
        .ok()
}
