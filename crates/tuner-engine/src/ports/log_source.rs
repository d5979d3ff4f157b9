use async_trait::async_trait;
use jiff::Timestamp;

use super::PortError;

/// Reads what functions logged.
#[async_trait]
pub trait LogSource: Send + Sync {
    /// The lines of `log_group` since `since` that hold `request_id`, oldest first, joined by line breaks as in the tail
    /// of an invocation; empty when there are none yet, since they arrive seconds after they were written.
    ///
    /// # Errors
    /// `NotFound` when there is no such log group, and whatever else the service refuses.
    async fn lines(&self, log_group: &str, request_id: &str, since: Timestamp) -> Result<Vec<u8>, PortError>;
}
