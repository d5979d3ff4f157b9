use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::Timestamp;
use tuner_engine::ports::{LogSource, PortError};

use crate::Connection;
use crate::connection::timeouts;
use crate::errors::{needs, port_error};

const OPERATION: &str = "FilterLogEvents";
const CALL: Duration = Duration::from_secs(30);

/// CloudWatch Logs.
#[derive(Debug, Clone)]
pub struct AwsLogs {
    client: Client,
}

impl AwsLogs {
    pub(crate) fn new(connection: &Connection) -> Self {
        let config = aws_sdk_cloudwatchlogs::config::Builder::from(connection.config())
            .timeout_config(timeouts().operation_attempt_timeout(CALL).build())
            .build();
        Self::from_client(Client::from_conf(config))
    }

    pub(crate) const fn from_client(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl LogSource for AwsLogs {
    async fn lines(&self, log_group: &str, request_id: &str, since: Timestamp) -> Result<Vec<u8>, PortError> {
        let mut events: Vec<FilteredLogEvent> = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self
                .client
                .filter_log_events()
                .log_group_name(log_group)
                // In quotes, since a dash outside them means "without". It matches inside JSON lines as well.
                .filter_pattern(format!("\"{}\"", request_id.replace('"', "")))
                .start_time(since.as_millisecond())
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(|e| {
                    let resource = format!("log group `{log_group}`");
                    needs("logs:FilterLogEvents", &resource, port_error(OPERATION, e))
                })?;
            events.extend(page.events.unwrap_or_default());
            // A page may be empty and yet not the last; the last one has no token.
            match page.next_token.filter(|next| Some(next) != token.as_ref()) {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        // Stable: lines of the same millisecond stay in the order of their stream.
        events.sort_by_key(|event| event.timestamp());
        let lines: Vec<&str> = events.iter().filter_map(FilteredLogEvent::message).collect();
        Ok(lines
            .iter()
            .map(|line| line.trim_end_matches('\n'))
            .collect::<Vec<_>>()
            .join("\n")
            .into_bytes())
    }
}
