use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{FunctionConfiguration as Sdk, PackageType as SdkPackageType};
use jiff::Timestamp;
use jiff::fmt::strtime;
use tuner_core::FunctionName;
use tuner_core::review::{ListedFunction, PackageType, ProvisionedConcurrency};
use tuner_engine::ports::PortError;
use tuner_engine::review::ports::{Details, Inventory, Page};

use crate::configuration::translate;
use crate::errors::port_error;
use crate::pace::Pace;

/// Lambda's list of functions.
#[derive(Debug)]
pub(crate) struct AwsInventory {
    client: Client,
    pace: Pace,
}

impl AwsInventory {
    pub(crate) const fn new(client: Client, pace: Pace) -> Self {
        Self { client, pace }
    }
}

#[async_trait]
impl Inventory for AwsInventory {
    async fn functions(&self, token: Option<&str>) -> Result<Page<ListedFunction>, PortError> {
        const OPERATION: &str = "ListFunctions";
        self.pace.turn().await;
        let page = self
            .client
            .list_functions()
            .set_marker(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        Ok(Page {
            items: page.functions().iter().filter_map(listed).collect(),
            next: page.next_marker().filter(|next| !next.is_empty()).map(str::to_owned),
        })
    }

    async fn details(&self, function: &FunctionName) -> Result<Details, PortError> {
        const OPERATION: &str = "GetFunction";
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
            next: page.next_marker().filter(|next| !next.is_empty()).map(str::to_owned),
        })
    }
}

/// `None` for what has no name that could be told.
fn listed(sdk: &Sdk) -> Option<ListedFunction> {
    let known = translate("ListFunctions", sdk).ok()?;
    Some(ListedFunction {
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
        log_group: Some(known.log_group),
        json_logs: known.json_logs,
        reports_hidden: known.reports_hidden,
        last_modified: sdk.last_modified().and_then(time),
        unsupported: known.untunable,
        ..ListedFunction::named(known.arn)
    })
}

/// Lambda writes `2026-01-31T08:15:30.123+0000`.
fn time(text: &str) -> Option<Timestamp> {
    let parsed = strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text);
    parsed
        .and_then(|time| time.to_timestamp())
        .or_else(|_| text.parse())
        .ok()
}
