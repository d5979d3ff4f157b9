use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::StalledStreamProtectionConfig;

use tuner_core::tuning::MeasuringEnvironment;

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
    /// What a local Lambda said of itself.
    pub(crate) environment: OnceLock<MeasuringEnvironment>,
}

impl AwsLambda {
    /// Connects with the credentials, region and profile that the environment gives, as every AWS tool does.
    pub async fn connect(options: AwsOptions) -> Self {
        Connection::load(options).await.lambda()
    }

    /// Connects to a local Lambda that takes any credentials, and has no rate limit.
    pub fn local(endpoint: &str, region: &str) -> Self {
        Self::local_with_key(endpoint, region, ("local", "local"))
    }

    /// Connects to a local Lambda that takes its own access key only: its ID and its secret.
    pub fn local_with_key(endpoint: &str, region: &str, key: (&str, &str)) -> Self {
        Connection::local(endpoint, region, key).lambda()
    }

    /// Where functions run: on AWS, unless a local Lambda has said otherwise of itself in an answer to GetFunction.
    pub fn environment(&self) -> MeasuringEnvironment {
        self.environment.get().cloned().unwrap_or(MeasuringEnvironment::Aws)
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
            environment: OnceLock::new(),
        }
    }

    /// For tests of the adapter against a mocked service.
    #[cfg(test)]
    pub(crate) fn from_client(client: Client) -> Self {
        Self {
            client,
            pace: Arc::new(Pace::unlimited()),
            region: None,
            environment: OnceLock::new(),
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
