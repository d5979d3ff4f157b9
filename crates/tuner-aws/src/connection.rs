use std::sync::Arc;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::SystemTimeSource;

use tuner_engine::review::ports::Reports;

use crate::pace::Pace;
use crate::review::AwsReports;
use crate::{Anywhere, AwsAccount, AwsLambda, AwsLogs, Objects, S3Store, StateMachines, http};

const CONNECT: Duration = Duration::from_secs(5);
/// Who CloudTrail says it was, when a role is assumed.
const SESSION_NAME: &str = "tuner";

/// Where and as whom to call AWS, if not as the environment says.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// Region.
    pub region: Option<String>,
    /// Profile of the shared configuration files.
    pub profile: Option<String>,
    /// Another endpoint than AWS's own.
    pub endpoint: Option<String>,
    /// Role to assume for every call.
    pub role_arn: Option<String>,
    /// Calls a second that may be made of the 15 that an account allows its whole control plane; 10 unless told otherwise.
    pub control_plane_rate: Option<u32>,
}

/// Credentials, region and HTTP client, from which the services are made.
///
/// Cheap to make and to clone: no call goes out and no certificate is read before a service is first used. Clones, and
/// connections [elsewhere](Self::elsewhere), share the HTTP client.
#[derive(Debug, Clone)]
pub struct Connection {
    config: SdkConfig,
    pace: Arc<Pace>,
}

impl Connection {
    /// Takes credentials, region and profile from the environment, as every AWS tool does.
    pub async fn load(options: AwsOptions) -> Self {
        let http = http::client();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .timeout_config(timeouts().build());
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
            let around = ProviderConfig::default()
                .with_http_client(http)
                .with_region(config.region().cloned());
            let credentials = ProfileFileCredentialsProvider::builder()
                .configure(&around)
                .profile_name(profile)
                .build();
            config = config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .build();
        }
        let here = Self {
            config,
            pace: Arc::new(Pace::per_second(options.control_plane_rate.unwrap_or(10))),
        };
        match options.role_arn {
            Some(role) => here.elsewhere(None, Some(&role)).await,
            None => here,
        }
    }

    /// Connects to a local Lambda, which has no rate limit, with its own access key; any other will do if it has none.
    pub fn local(endpoint: &str, region: &str, (key_id, secret): (&str, &str)) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http::client())
            // Assuming a role asks for the time.
            .time_source(SystemTimeSource::new())
            .endpoint_url(endpoint)
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                key_id, secret, None, None, "tuner",
            )))
            .build();
        Self {
            config,
            pace: Arc::new(Pace::unlimited()),
        }
    }

    /// For tests of what goes out.
    #[cfg(test)]
    pub(crate) fn from_config(config: SdkConfig) -> Self {
        Self {
            config,
            pace: Arc::new(Pace::unlimited()),
        }
    }

    /// The same in another region, as another role, or both; `None` stays as it is here.
    ///
    /// The role is assumed with the credentials of this connection, when the first call is made, by STS in the region of
    /// this connection: its endpoint is known to be reachable, and its credentials are good in every region.
    pub async fn elsewhere(&self, region: Option<&str>, role_arn: Option<&str>) -> Self {
        let mut config = self.config.clone().into_builder();
        if let Some(role) = role_arn {
            let role = AssumeRoleProvider::builder(role)
                .configure(&self.config)
                .session_name(SESSION_NAME)
                .build()
                .await;
            config = config.credentials_provider(SharedCredentialsProvider::new(role));
        }
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        Self {
            config: config.build(),
            // Rates are limited by account and region.
            pace: Arc::new(self.pace.another()),
        }
    }

    /// The region calls go to, if there is one.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    /// Function control and invoker.
    pub fn lambda(&self) -> AwsLambda {
        AwsLambda::new(self)
    }

    /// An invoker of functions in any region.
    pub fn anywhere(&self) -> Anywhere {
        Anywhere::new(self.clone())
    }

    /// CloudWatch Logs.
    pub fn logs(&self) -> AwsLogs {
        AwsLogs::new(self)
    }

    /// CloudWatch Logs: the reports of invocations in it.
    pub fn reports(&self) -> Arc<dyn Reports> {
        AwsReports::of(self)
    }

    /// All of the account, for a memory review; as this role, if one is given.
    pub fn account(&self, role_arn: Option<&str>) -> AwsAccount {
        AwsAccount::new(self, role_arn)
    }

    /// The store in a bucket, below `prefix`; an empty one means the whole bucket.
    pub fn store(&self, bucket: &str, prefix: &str) -> S3Store {
        S3Store::new(self, bucket, prefix)
    }

    /// Any object that may be read.
    pub fn objects(&self) -> Objects {
        Objects::new(self)
    }

    /// Step Functions.
    pub fn state_machines(&self) -> StateMachines {
        StateMachines::new(self)
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    pub(crate) fn pace(&self) -> Arc<Pace> {
        self.pace.clone()
    }
}

/// The time-outs of all services begin with these. None sets a read time-out: that would be another HTTP client each.
pub(crate) fn timeouts() -> aws_config::timeout::TimeoutConfigBuilder {
    TimeoutConfig::builder().connect_timeout(CONNECT)
}
