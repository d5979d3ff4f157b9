use std::time::Duration;

use async_trait::async_trait;
use tuner_core::{FunctionName, LocalReading};

use super::PortError;

/// Invokes functions.
#[async_trait]
pub trait Invoker: Send + Sync {
    /// One synchronous invocation, asking for the log tail. It must never be repeated by the adapter: a retry would be a
    /// second, unseen, billed invocation. An answer that has not come after `longest` is lost.
    async fn invoke(
        &self,
        function: &FunctionName,
        payload: &[u8],
        longest: Duration,
    ) -> Result<InvokeReply, PortError>;

    /// One asynchronous invocation (`InvocationType=Event`), for functions that take longer than this process lives.
    /// Returns Lambda's ID of the request, by which its REPORT is found in the log. Not repeated by the adapter either.
    async fn invoke_async(&self, function: &FunctionName, payload: &[u8]) -> Result<String, PortError>;
}

/// How long the answer of a function with this time-out may take. Before its handler Lambda starts it, for 10 s at most (an init
/// that takes longer is begun again within the time-out), and a large payload is long on its way.
///
/// Source: AWS Lambda developer guide, "Lambda execution environment lifecycle".
pub fn longest_answer(timeout_s: u32, payload: &[u8]) -> Duration {
    const INIT: Duration = Duration::from_secs(10);
    const MARGIN: Duration = Duration::from_secs(20);
    // 1 Mbit/s.
    const SLOW_BYTES_PER_SECOND: u64 = 125_000;
    let on_its_way = Duration::from_secs(payload.len() as u64 / SLOW_BYTES_PER_SECOND);
    Duration::from_secs(timeout_s.into()) + INIT + MARGIN + on_its_way
}

/// The longest time-out that a function can have, in seconds.
pub const LONGEST_TIMEOUT_S: u32 = 900;

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
