//! What a tuning needs from the world. Adapters implement these; no type of theirs shows here.

mod error;
mod function_control;
mod invoker;
mod log_source;
mod settings;
mod tunings;

pub use error::{PortError, PortErrorKind};
pub use function_control::{
    AliasPointer, Concurrency, ConfigurationChange, FunctionConfiguration, FunctionControl, FunctionState,
    UpdateStatus, VersionInfo,
};
pub use invoker::{InvokeReply, Invoker, LONGEST_TIMEOUT_S, longest_answer};
pub use log_source::LogSource;
pub use settings::{Setting, Settings};
pub use tunings::Tunings;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// Where records and reports go: S3, or a directory.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes an object, replacing one of the same key. Returns where it is, as people find it.
    async fn put(&self, key: &str, bytes: &[u8]) -> Result<String, StoreError>;
    /// Reads an object; `None` if there is none.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Keys that begin with `prefix`, ascending.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError>;
    /// Deletes an object; one that is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
}

/// The store could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {action} {location}: {reason}")]
pub struct StoreError {
    /// "write", "read", "list" or "delete".
    pub action: &'static str,
    /// What, as people find it.
    pub location: String,
    /// What the system said.
    pub reason: String,
}

/// Time, so that tests need not wait for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, duration: Duration);
}
