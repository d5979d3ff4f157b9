use std::time::Duration;

use async_trait::async_trait;
use tuner_core::FunctionName;
use tuner_engine::ports::{InvokeReply, Invoker, PortError};

use crate::{AwsLambda, Connection};

/// Invokes functions in whatever region their ARN names.
#[derive(Debug)]
pub struct Anywhere {
    connection: Connection,
}

impl Anywhere {
    pub(crate) const fn new(connection: Connection) -> Self {
        Self { connection }
    }

    async fn lambda(&self, function: &FunctionName) -> AwsLambda {
        self.connection.elsewhere(function.region(), None).await.lambda()
    }
}

#[async_trait]
impl Invoker for Anywhere {
    async fn invoke(
        &self,
        function: &FunctionName,
        payload: &[u8],
        longest: Duration,
    ) -> Result<InvokeReply, PortError> {
        self.lambda(function).await.invoke(function, payload, longest).await
    }

    async fn invoke_async(&self, function: &FunctionName, payload: &[u8]) -> Result<String, PortError> {
        self.lambda(function).await.invoke_async(function, payload).await
    }
}
