use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use tokio::sync::Mutex;
use tuner_engine::review::ports::{Account, Region};

use super::{AwsInventory, AwsLogGroups, AwsMetrics, AwsOptimizer, AwsReports};
use crate::Connection;
use crate::connection::timeouts;
use crate::pace::Pace;

const CALL: Duration = Duration::from_secs(30);
const LOGS_CALLS: u32 = 5;

/// An AWS account, region by region.
pub struct AwsAccount {
    connection: Connection,
    role_arn: Option<String>,
    /// How many processes share what the account allows.
    sharing: u32,
    /// Each region once, so that everybody keeps to the same pace in it.
    regions: Mutex<BTreeMap<String, Region>>,
}

impl AwsAccount {
    pub(crate) fn new(connection: &Connection, role_arn: Option<&str>) -> Self {
        Self {
            connection: connection.clone(),
            role_arn: role_arn.map(str::to_owned),
            sharing: 1,
            regions: Mutex::default(),
        }
    }

    /// For one of `processes` that look at the same account at the same time: they share the few control-plane calls a second
    /// that an account has.
    #[must_use]
    pub fn shared_by(self, processes: u32) -> Self {
        Self {
            sharing: processes.max(1),
            ..self
        }
    }

    async fn connect(&self, region: &str) -> Region {
        let there = self.connection.elsewhere(Some(region), self.role_arn.as_deref()).await;
        let config = there.config().clone().into_builder();
        // The engine's own retries know what may be repeated, and are counted.
        let config = config
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts().operation_attempt_timeout(CALL).build())
            .build();
        // Its calls have rates of their own, of 5 a second and more each (source: "CloudWatch Logs quotas").
        let logs_pace = Pace::per_second(LOGS_CALLS).slower_by(self.sharing);
        let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
        Region {
            inventory: Arc::new(AwsInventory::new(
                aws_sdk_lambda::Client::new(&config),
                there.pace().slower_by(self.sharing),
            )),
            metrics: Arc::new(AwsMetrics::new(aws_sdk_cloudwatch::Client::new(&config))),
            log_groups: Arc::new(AwsLogGroups::new(logs.clone(), logs_pace.another())),
            reports: Arc::new(AwsReports::new(logs, &logs_pace)),
            optimizer: Arc::new(AwsOptimizer::new(aws_sdk_computeoptimizer::Client::new(&config))),
        }
    }
}

#[async_trait]
impl Account for AwsAccount {
    fn home(&self) -> Option<String> {
        self.connection.region().map(str::to_owned)
    }

    async fn region(&self, region: &str) -> Region {
        let mut regions = self.regions.lock().await;
        if let Some(known) = regions.get(region) {
            return known.clone();
        }
        let connected = self.connect(region).await;
        regions.insert(region.to_owned(), connected.clone());
        connected
    }
}

impl std::fmt::Debug for AwsAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsAccount")
            .field("role_arn", &self.role_arn)
            .finish_non_exhaustive()
    }
}
