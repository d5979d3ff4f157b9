use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tuner_engine::ports::StoreError;

use super::errors::{Doing, bucket_region};
use crate::Connection;

/// Reads objects anywhere in S3.
#[derive(Debug)]
pub struct Objects {
    client: Client,
    config: SdkConfig,
}

impl Objects {
    pub(crate) fn new(connection: &Connection) -> Self {
        Self {
            client: super::client(connection.config(), None),
            config: connection.config().clone(),
        }
    }

    /// For tests of the adapter against a mocked service.
    #[cfg(test)]
    pub(crate) fn from_client(client: Client) -> Self {
        Self {
            client,
            config: SdkConfig::builder().build(),
        }
    }

    /// Reads `s3://bucket/key`, wherever its bucket is, if it has at most `at_most` bytes.
    ///
    /// # Errors
    /// When `location` is no such thing, when there is no such object, when it is too large, or when S3 refuses.
    pub async fn read(&self, location: &str, at_most: usize) -> Result<Vec<u8>, StoreError> {
        let Some((bucket, key)) = split(location) else {
            return Err(StoreError {
                action: "read",
                location: location.to_owned(),
                reason: "it is no location of an object in S3, such as `s3://bucket/folder/payload.json`".to_owned(),
            });
        };
        let doing = Doing::reading(bucket, key);
        let missing = || doing.failed("there is no such object");
        let found = match get(&self.client, bucket, key).await {
            Err(e) if is_elsewhere(&e) && bucket_region(&e).is_some() => {
                let client = super::client(&self.config, bucket_region(&e).as_deref());
                get(&client, bucket, key).await
            }
            answer => answer,
        };
        let object = match found {
            Ok(object) => object,
            Err(e) if is_missing(&e) => return Err(missing()),
            Err(e) => return Err(doing.refused(e)),
        };
        let length = object.content_length().and_then(|n| usize::try_from(n).ok());
        if length.is_none_or(|n| n > at_most) {
            let length = length.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
            return Err(doing.failed(format!(
                "it has {length} bytes, and {at_most} is the most that is taken"
            )));
        }
        body(doing, object).await
    }
}

/// Bucket and key of `s3://bucket/key`.
fn split(location: &str) -> Option<(&str, &str)> {
    let (bucket, key) = location.strip_prefix("s3://")?.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

type GetError = SdkError<aws_sdk_s3::operation::get_object::GetObjectError, HttpResponse>;

pub(super) async fn get(client: &Client, bucket: &str, key: &str) -> Result<GetObjectOutput, GetError> {
    client.get_object().bucket(bucket).key(key).send().await
}

pub(super) fn is_missing(error: &GetError) -> bool {
    error.code() == Some("NoSuchKey")
}

fn is_elsewhere(error: &GetError) -> bool {
    matches!(
        error.code(),
        Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException")
    )
}

pub(super) async fn body(doing: Doing<'_>, object: GetObjectOutput) -> Result<Vec<u8>, StoreError> {
    match object.body.collect().await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(e) => {
            let cause = e.source().map(|c| format!(": {c}")).unwrap_or_default();
            Err(doing.failed(format!("the answer broke off: {e}{cause}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_location_has_a_bucket_and_a_key() {
        assert_eq!(split("s3://b/k/1.json"), Some(("b", "k/1.json")));
        for wrong in [
            "",
            "b/k",
            "s3://",
            "s3://b",
            "s3://b/",
            "s3:///k",
            "https://b/k",
            "arn:aws:s3:::b/k",
        ] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
