use async_trait::async_trait;
use tuner_core::{FunctionName, LocalReading};

use super::PortError;

/// Invokes functions.
#[async_trait]
pub trait Invoker: Send + Sync {
    /// One synchronous invocation, asking for the log tail. It must never be repeated by the adapter: a retry would be a
    /// second, unseen, billed invocation.
    async fn invoke(&self, function: &FunctionName, payload: &[u8]) -> Result<InvokeReply, PortError>;

    /// One asynchronous invocation (`InvocationType=Event`), for functions that take longer than this process lives.
    /// Returns Lambda's ID of the request, by which its REPORT is found in the log. Not repeated by the adapter either.
    async fn invoke_async(&self, function: &FunctionName, payload: &[u8]) -> Result<String, PortError>;
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct InvokeReply {
    /// Lambda's ID of the request.
    pub request_id: Option<String>,
    /// `X-Amz-Function-Error`; absent when the handler succeeded.
    pub function_error: Option<String>,
    /// The response, or the error object.
    pub payload: Vec<u8>,
    /// The last 4 KB of the log, decoded.
    pub log_tail: Option<Vec<u8>>,
    /// What a local Lambda says besides; absent in AWS.
    pub local: Option<LocalReading>,
}
