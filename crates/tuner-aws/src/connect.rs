use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::StalledStreamProtectionConfig;

use crate::pace::Pace;

/// A function may take 15 minutes before the first byte of its answer comes.
const LONGEST_INVOCATION: Duration = Duration::from_secs(15 * 60 + 20);
const CONTROL_CALL: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);

/// Where to find Lambda, if not where the environment says.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// Region.
    pub region: Option<String>,
    /// Profile of the shared configuration files.
    pub profile: Option<String>,
    /// Another endpoint than AWS's own.
    pub endpoint: Option<String>,
}

/// AWS Lambda, or something that speaks its API.
#[derive(Debug)]
pub struct AwsLambda {
    pub(crate) control: Client,
    pub(crate) invoker: Client,
    pub(crate) pace: Pace,
    region: Option<String>,
}

impl AwsLambda {
    /// Connects with the credentials, region and profile that the environment gives, as every AWS tool does.
    pub async fn connect(options: AwsOptions) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = options.region {
            loader = loader.region(Region::new(region));
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = options.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let mut config = loader.load().await;
        if let Some(profile) = options.profile {
            // In the SDK's own chain the credentials of the environment go before those of a profile that was asked for:
            // another account, perhaps.
            let around = ProviderConfig::default().with_region(config.region().cloned());
            let credentials = ProfileFileCredentialsProvider::builder()
                .configure(&around)
                .profile_name(profile)
                .build();
            config = config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .build();
        }
        Self::new(&config, Pace::per_second(10))
    }

    /// Connects to a local Lambda, which asks for no credentials and has no rate limit.
    pub fn local(endpoint: &str, region: &str) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "tuner",
            )))
            .build();
        Self::new(&config, Pace::unlimited())
    }

    fn new(config: &SdkConfig, pace: Pace) -> Self {
        let with = |read_timeout: Duration| {
            without_retries(aws_sdk_lambda::config::Builder::from(config))
                .timeout_config(
                    TimeoutConfig::builder()
                        .connect_timeout(CONNECT)
                        .read_timeout(read_timeout)
                        .build(),
                )
                // A long invocation sends nothing for minutes; that is no stall.
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                .build()
        };
        Self {
            control: Client::from_conf(with(CONTROL_CALL)),
            invoker: Client::from_conf(with(LONGEST_INVOCATION)),
            pace,
            region: config.region().map(ToString::to_string),
        }
    }

    /// For tests of the adapter against a mocked service.
    #[cfg(test)]
    pub(crate) fn from_client(client: Client) -> Self {
        Self {
            control: client.clone(),
            invoker: client,
            pace: Pace::unlimited(),
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
