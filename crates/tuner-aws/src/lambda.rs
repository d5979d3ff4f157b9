use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::StalledStreamProtectionConfig;

use crate::connection::timeouts;
use crate::pace::Pace;
use crate::{AwsOptions, Connection};

/// What is no invocation takes no longer.
const CONTROL_CALL: Duration = Duration::from_secs(30);

/// AWS Lambda, or something that speaks its API.
#[derive(Debug)]
pub struct AwsLambda {
    pub(crate) client: Client,
    pub(crate) pace: Arc<Pace>,
    region: Option<String>,
}

impl AwsLambda {
    /// Connects with the credentials, region and profile that the environment gives, as every AWS tool does.
    pub async fn connect(options: AwsOptions) -> Self {
        Connection::load(options).await.lambda()
    }

    /// Connects to a local Lambda, which asks for no credentials and has no rate limit.
    pub fn local(endpoint: &str, region: &str) -> Self {
        Connection::local(endpoint, region).lambda()
    }

    pub(crate) fn new(connection: &Connection) -> Self {
        let config = without_retries(aws_sdk_lambda::config::Builder::from(connection.config()))
            .timeout_config(timeouts().operation_attempt_timeout(CONTROL_CALL).build())
            // A long invocation sends nothing for minutes; that is no stall.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            pace: connection.pace(),
            region: connection.region().map(str::to_owned),
        }
    }

    /// For tests of the adapter against a mocked service.
    #[cfg(test)]
    pub(crate) fn from_client(client: Client) -> Self {
        Self {
            client,
            pace: Arc::new(Pace::unlimited()),
            region: None,
        }
    }

    /// The region calls go to, if there is one.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

/// No retries by the SDK: the engine's own know what may be repeated, and count what was.
pub(crate) fn without_retries(config: aws_sdk_lambda::config::Builder) -> aws_sdk_lambda::config::Builder {
    config.retry_config(RetryConfig::disabled())
}
