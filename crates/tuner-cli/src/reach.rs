//! How AWS is reached: flags first, then the environment, then `tuner.toml`.

use tuner_aws::{AwsOptions, Connection};
use tuner_engine::TuningError;
use tuner_engine::ports::PortErrorKind;
use tuner_report::{Reader, remedy};

use crate::cli::{AccountArgs, AwsArgs};
use crate::config::Config;

/// What the reader can do about an error of the engine.
pub(crate) fn hint(error: &TuningError) -> Option<String> {
    error.remedy().map(|what| remedy(&what, Reader::CommandLine))
}

/// Region, profile and endpoint of the calls to AWS.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    region: Option<String>,
    fallback_region: Option<String>,
    profile: Option<String>,
    lambda_endpoint: Option<String>,
}

impl Reach {
    pub(crate) fn new(args: &AwsArgs, config: &Config) -> Self {
        Self {
            lambda_endpoint: args.endpoint_url.clone(),
            ..Self::of_account(&args.account, config)
        }
    }

    pub(crate) fn of_account(args: &AccountArgs, config: &Config) -> Self {
        let set = |names: &[&str]| names.iter().any(|name| std::env::var_os(name).is_some());
        let fallback = |key: &Option<String>, names: &[&str]| key.clone().filter(|_| !set(names));
        Self {
            region: args.region.clone(),
            fallback_region: fallback(&config.region, &["AWS_REGION", "AWS_DEFAULT_REGION"]),
            profile: (args.profile.clone())
                .or_else(|| fallback(&config.profile, &["AWS_PROFILE", "AWS_ACCESS_KEY_ID"])),
            lambda_endpoint: None,
        }
    }

    /// What to do where there are no credentials.
    pub(crate) fn sign_in(&self) -> String {
        match &self.profile {
            Some(profile) => format!(
                "profile `{profile}` gives no credentials: sign in (`aws sso login --profile {profile}`), or check what \
                 ~/.aws/config says of it"
            ),
            None => {
                "sign in (`aws sso login`, `aws configure`), choose a profile with --profile, a region with --region"
                    .to_owned()
            }
        }
    }

    /// What the reader can do about `error`.
    pub(crate) fn hint(&self, error: &TuningError) -> Option<String> {
        match error {
            TuningError::Port(e) if e.kind == PortErrorKind::NotSignedIn => Some(self.sign_in()),
            error => hint(error),
        }
    }

    /// The region that was asked for with a flag.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// To all services but Lambda, in `region` unless that is open.
    pub(crate) async fn services(&self, region: Option<&str>) -> Connection {
        let region = region.or(self.region()).or(self.fallback_region.as_deref());
        self.load(region, None, None).await
    }

    /// To Lambda: in the region asked for, else where the function's ARN says, as `role_arn` if there is one.
    pub(crate) async fn lambda(&self, arn_region: Option<&str>, role_arn: Option<&str>) -> Connection {
        let region = self.region().or(arn_region).or(self.fallback_region.as_deref());
        self.load(region, role_arn, self.lambda_endpoint.clone()).await
    }

    /// The same for functions of many regions: each is where its ARN says, whatever region was asked for with a flag.
    #[must_use]
    pub(crate) fn as_arns_say(&self) -> Self {
        Self {
            region: None,
            fallback_region: self.region.clone().or_else(|| self.fallback_region.clone()),
            ..self.clone()
        }
    }

    /// Whether Lambda is somewhere else than the other services.
    pub(crate) const fn has_own_lambda(&self) -> bool {
        self.lambda_endpoint.is_some()
    }

    async fn load(&self, region: Option<&str>, role_arn: Option<&str>, endpoint: Option<String>) -> Connection {
        Connection::load(AwsOptions {
            region: region.map(str::to_owned),
            profile: self.profile.clone(),
            endpoint,
            role_arn: role_arn.map(str::to_owned),
            control_plane_rate: None,
        })
        .await
    }
}
