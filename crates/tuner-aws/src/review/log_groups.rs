use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{LogGroup as Sdk, LogGroupClass};
use jiff::Timestamp;
use tuner_engine::ports::PortError;
use tuner_engine::review::ports::{LogClass, LogGroup, LogGroups, Page};

use crate::errors::port_error;
use crate::pace::Pace;

/// CloudWatch Logs: what log groups there are.
#[derive(Debug)]
pub(crate) struct AwsLogGroups {
    client: Client,
    pace: Pace,
}

impl AwsLogGroups {
    pub(crate) const fn new(client: Client, pace: Pace) -> Self {
        Self { client, pace }
    }
}

#[async_trait]
impl LogGroups for AwsLogGroups {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<Page<LogGroup>, PortError> {
        self.pace.turn().await;
        let page = self
            .client
            .describe_log_groups()
            .log_group_name_prefix(prefix)
            .limit(50)
            .set_next_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error("DescribeLogGroups", e))?;
        Ok(Page {
            items: page.log_groups().iter().filter_map(described).collect(),
            next: page.next_token().map(str::to_owned),
        })
    }
}

fn described(sdk: &Sdk) -> Option<LogGroup> {
    Some(LogGroup {
        name: sdk.log_group_name()?.to_owned(),
        incoming_bytes: None,
        stored_bytes: sdk.stored_bytes().and_then(|bytes| u64::try_from(bytes).ok()),
        created: sdk.creation_time().and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        retention_days: sdk.retention_in_days().and_then(|days| u32::try_from(days).ok()),
        class: match sdk.log_group_class() {
            Some(LogGroupClass::Delivery) => LogClass::Delivery,
            Some(LogGroupClass::InfrequentAccess) => LogClass::InfrequentAccess,
            _ => LogClass::Standard,
        },
    })
}
