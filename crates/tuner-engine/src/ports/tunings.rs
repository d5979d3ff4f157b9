use async_trait::async_trait;
use tuner_core::{FunctionName, Tuning};
use uuid::Uuid;

/// Knows of other tunings.
#[async_trait]
pub trait Tunings: Send + Sync {
    /// Whether it is certain that a tuning is over, so that what it left on a function may be removed. One that nobody here
    /// has heard of may be under way elsewhere.
    async fn is_over(&self, tuning_id: Uuid) -> bool;

    /// The latest tunings of a function that are over, as far as they are known here; or why they can't be read. `function`
    /// is a full ARN without a qualifier.
    async fn of(&self, function: &FunctionName) -> Result<Vec<Tuning>, String>;
}
