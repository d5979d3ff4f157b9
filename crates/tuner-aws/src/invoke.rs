use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::Config;
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tuner_core::FunctionName;
use tuner_engine::ports::{InvokeReply, Invoker, PortError, PortErrorKind};

use crate::AwsLambda;
use crate::connection::timeouts;
use crate::errors::port_error;
use crate::local;

#[async_trait]
impl Invoker for AwsLambda {
    async fn invoke(
        &self,
        function: &FunctionName,
        payload: &[u8],
        longest: Duration,
    ) -> Result<InvokeReply, PortError> {
        let within = timeouts().operation_attempt_timeout(longest).build();
        let reading = local::Header::of(local::READING);
        let output = self
            .client
            .invoke()
            .function_name(function.unqualified().to_string())
            .set_qualifier(function.qualifier().map(str::to_owned))
            .log_type(LogType::Tail)
            .payload(Blob::new(payload))
            .customize()
            .config_override(Config::builder().timeout_config(within))
            .interceptor(reading.clone())
            .send()
            .await
            .map_err(|e| port_error("Invoke", e))?;
        Ok(InvokeReply {
            local: reading.read(),
            request_id: output.request_id().map(str::to_owned),
            log_tail: output.log_result().and_then(|text| STANDARD.decode(text).ok()),
            function_error: output.function_error,
            payload: output.payload.map(Blob::into_inner).unwrap_or_default(),
        })
    }

    async fn invoke_async(&self, function: &FunctionName, payload: &[u8]) -> Result<String, PortError> {
        const OPERATION: &str = "Invoke";
        let output = self
            .client
            .invoke()
            .function_name(function.unqualified().to_string())
            .set_qualifier(function.qualifier().map(str::to_owned))
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload))
            .send()
            .await
            .map_err(|e| port_error(OPERATION, e))?;
        output
            .request_id()
            .map(str::to_owned)
            .ok_or_else(|| PortError::new(PortErrorKind::Service, OPERATION, "the answer names no request ID"))
    }
}
