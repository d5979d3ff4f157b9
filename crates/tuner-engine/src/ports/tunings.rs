use async_trait::async_trait;
use uuid::Uuid;

/// Knows of other tunings.
#[async_trait]
pub trait Tunings: Send + Sync {
    /// Whether it is certain that a tuning is over, so that what it left on a function may be removed. One that nobody here
    /// has heard of may be under way elsewhere.
    async fn is_over(&self, tuning_id: Uuid) -> bool;
}
