use async_trait::async_trait;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::types::{Environment, LastUpdateStatus, State};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tuner_core::{ControlCalls, FunctionName};
use tuner_engine::ports::{
    AliasPointer, Concurrency, ConfigurationChange, FunctionConfiguration, FunctionControl, PortError, PortErrorKind,
    VersionInfo,
};

use crate::AwsLambda;
use crate::configuration::{translate, version};
use crate::errors::port_error;
use crate::local;

/// An event that waits longer is dropped: by then nobody looks for its REPORT any more.
const LONGEST_IN_QUEUE_S: i32 = 240;

impl AwsLambda {
    /// A call that did not go through; a throttled one is counted.
    fn failed<E>(&self, operation: &'static str, error: SdkError<E, HttpResponse>) -> PortError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.pace.noting(port_error(operation, error))
    }
}

#[async_trait]
impl FunctionControl for AwsLambda {
    fn calls(&self) -> ControlCalls {
        self.pace.calls()
    }

    async fn configuration(&self, function: &FunctionName) -> Result<FunctionConfiguration, PortError> {
        const OPERATION: &str = "GetFunction";
        let environment = local::Header::of(local::ENVIRONMENT);
        let output = self
            .client
            .get_function()
            .function_name(function.unqualified().to_string())
            .set_qualifier(function.qualifier().map(str::to_owned))
            .customize()
            .interceptor(environment.clone())
            .send()
            .await
            .map_err(|e| self.failed(OPERATION, e))?;
        if let Some(environment) = environment.read() {
            // It stays the same as long as the local Lambda runs.
            let _ = self.environment.set(environment);
        }
        let configuration = output
            .configuration()
            .ok_or_else(|| PortError::new(PortErrorKind::Service, OPERATION, "the answer holds no configuration"))?;
        translate(OPERATION, configuration)
    }

    async fn concurrency(&self, function: &FunctionName) -> Result<Concurrency, PortError> {
        const SETTINGS: &str = "GetAccountSettings";
        const FUNCTION: &str = "GetFunction";
        self.pace.turn().await;
        let settings = self.client.get_account_settings().send().await;
        let settings = settings.map_err(|e| self.failed(SETTINGS, e))?;
        let said = |said: Option<i32>, operation| {
            let said = said.and_then(|said| u32::try_from(said).ok());
            said.ok_or_else(|| PortError::new(PortErrorKind::Service, operation, "the answer holds no concurrency"))
        };
        let limit = settings.account_limit();
        let unreserved = said(
            limit.and_then(|limit| limit.unreserved_concurrent_executions()),
            SETTINGS,
        )?;
        let plain = function.unqualified().to_string();
        let found = self.client.get_function().function_name(plain).send().await;
        let found = found.map_err(|e| self.failed(FUNCTION, e))?;
        let reserved = found.concurrency().and_then(|its| its.reserved_concurrent_executions());
        Ok(Concurrency {
            unreserved,
            reserved: reserved.and_then(|its| u32::try_from(its).ok()),
        })
    }

    async fn update(
        &self,
        function: &FunctionName,
        change: &ConfigurationChange,
        revision_id: &str,
    ) -> Result<(), PortError> {
        const OPERATION: &str = "UpdateFunctionConfiguration";
        let variables = change.variables.clone().map(|variables| {
            let variables = variables.into_iter().collect();
            Environment::builder().set_variables(Some(variables)).build()
        });
        self.pace.turn().await;
        self.client
            .update_function_configuration()
            .function_name(function.unqualified().to_string())
            .memory_size(change.memory_size_mb as i32)
            .description(&change.description)
            .set_environment(variables)
            .revision_id(revision_id)
            .send()
            .await
            .map_err(|e| self.failed(OPERATION, e))?;
        Ok(())
    }

    async fn publish_version(
        &self,
        function: &FunctionName,
        description: &str,
        revision_id: &str,
    ) -> Result<VersionInfo, PortError> {
        const OPERATION: &str = "PublishVersion";
        self.pace.turn().await;
        let output = self
            .client
            .publish_version()
            .function_name(function.unqualified().to_string())
            .set_description((!description.is_empty()).then(|| description.to_owned()))
            .revision_id(revision_id)
            .send()
            .await
            .map_err(|e| self.failed(OPERATION, e))?;
        let number = output.version().unwrap_or_default();
        Ok(VersionInfo {
            version: number.parse().map_err(|_| {
                PortError::new(
                    PortErrorKind::Service,
                    OPERATION,
                    format!("`{number}` is no version number"),
                )
            })?,
            description: output.description().unwrap_or_default().to_owned(),
            memory_size_mb: output
                .memory_size()
                .and_then(|mb| u32::try_from(mb).ok())
                .unwrap_or_default(),
            active: output.state() == Some(&State::Active)
                && matches!(output.last_update_status(), None | Some(LastUpdateStatus::Successful)),
        })
    }

    async fn versions(&self, function: &FunctionName) -> Result<Vec<VersionInfo>, PortError> {
        const OPERATION: &str = "ListVersionsByFunction";
        let mut versions = Vec::new();
        let mut marker = None;
        loop {
            self.pace.turn().await;
            let page = self
                .client
                .list_versions_by_function()
                .function_name(function.unqualified().to_string())
                .set_marker(marker)
                .send()
                .await
                .map_err(|e| self.failed(OPERATION, e))?;
            for configuration in page.versions().iter().filter(|v| v.version() != Some("$LATEST")) {
                versions.push(version(OPERATION, configuration)?);
            }
            match page.next_marker.filter(|m| !m.is_empty()) {
                Some(next) => marker = Some(next),
                None => return Ok(versions),
            }
        }
    }

    async fn delete_version(&self, function: &FunctionName, version: u64) -> Result<(), PortError> {
        self.pace.turn().await;
        self.client
            .delete_function()
            .function_name(function.unqualified().to_string())
            .qualifier(version.to_string())
            .send()
            .await
            .map_err(|e| self.failed("DeleteFunction", e))?;
        Ok(())
    }

    async fn alias(&self, function: &FunctionName, alias: &str) -> Result<Option<AliasPointer>, PortError> {
        self.pace.turn().await;
        let answer = self
            .client
            .get_alias()
            .function_name(function.unqualified().to_string())
            .name(alias)
            .send()
            .await;
        match answer.map_err(|e| self.failed("GetAlias", e)) {
            Ok(output) => Ok(Some(AliasPointer {
                version: output.function_version().unwrap_or_default().to_owned(),
                revision_id: output.revision_id().unwrap_or_default().to_owned(),
                weighted: output
                    .routing_config()
                    .and_then(|r| r.additional_version_weights())
                    .is_some_and(|weights| !weights.is_empty()),
            })),
            Err(e) if e.kind == PortErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn create_alias(&self, function: &FunctionName, alias: &str, version: u64) -> Result<(), PortError> {
        self.pace.turn().await;
        self.client
            .create_alias()
            .function_name(function.unqualified().to_string())
            .name(alias)
            .function_version(version.to_string())
            .send()
            .await
            .map_err(|e| self.failed("CreateAlias", e))?;
        Ok(())
    }

    async fn update_alias(
        &self,
        function: &FunctionName,
        alias: &str,
        version: u64,
        revision_id: &str,
    ) -> Result<(), PortError> {
        self.pace.turn().await;
        self.client
            .update_alias()
            .function_name(function.unqualified().to_string())
            .name(alias)
            .function_version(version.to_string())
            .revision_id(revision_id)
            .send()
            .await
            .map_err(|e| self.failed("UpdateAlias", e))?;
        Ok(())
    }

    async fn without_async_retries(&self, function: &FunctionName) -> Result<(), PortError> {
        self.pace.turn().await;
        self.client
            .put_function_event_invoke_config()
            .function_name(function.unqualified().to_string())
            .set_qualifier(function.qualifier().map(str::to_owned))
            .maximum_retry_attempts(0)
            .maximum_event_age_in_seconds(LONGEST_IN_QUEUE_S)
            .send()
            .await
            .map_err(|e| self.failed("PutFunctionEventInvokeConfig", e))?;
        Ok(())
    }
}
