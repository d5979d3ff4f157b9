//! The ports of a memory review.

mod account;
mod insights;
mod inventory;
mod log_groups;
mod metrics;
mod optimizer;

pub use account::AwsAccount;
pub(crate) use insights::AwsReports;
#[cfg(test)]
pub(crate) use insights::QUERY;
pub(crate) use inventory::AwsInventory;
pub(crate) use log_groups::AwsLogGroups;
pub(crate) use metrics::AwsMetrics;
pub(crate) use optimizer::AwsOptimizer;
