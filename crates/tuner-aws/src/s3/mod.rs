//! Objects in S3: the store of tunings, and payloads.

mod errors;
mod objects;
mod store;

pub use objects::Objects;
pub use store::S3Store;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Region};
use aws_types::service_config::ServiceConfigKey;

use crate::connection::timeouts;

/// For one attempt with the largest of objects.
const CALL: Duration = Duration::from_secs(60);

fn client(config: &SdkConfig, region: Option<&str>) -> Client {
    let mut builder = Builder::from(config)
        .timeout_config(timeouts().operation_attempt_timeout(CALL).build())
        // `bucket.127.0.0.1` has no address: emulators and other stores that speak S3 want the bucket in the path.
        .force_path_style(has_own_endpoint(config));
    if let Some(region) = region {
        builder = builder.region(Region::new(region.to_owned()));
    }
    Client::from_conf(builder.build())
}

/// Whether an endpoint is given for all services or for S3 (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, or a profile's).
fn has_own_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_s3 = match (config.service_config(), key) {
        (Some(settings), Ok(key)) => settings.load_config(key),
        _ => None,
    };
    of_s3.is_some() || config.endpoint_url().is_some()
}
