use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use tuner_engine::ports::StoreError;

use super::errors::{Doing, bucket_region};
use crate::Connection;

/// The SDK repeats a call that fails, but not one whose answer breaks off on the way.
const ANSWERS: u32 = 3;

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
        let found = match fetch(&self.client, doing, Some(at_most)).await {
            Err(Refusal {
                region: Some(region), ..
            }) => {
                let there = super::client(&self.config, Some(&region));
                fetch(&there, doing, Some(at_most)).await
            }
            answer => answer,
        };
        let bytes = found.map_err(|refusal| refusal.error)?;
        bytes.ok_or_else(|| doing.failed("there is no such object"))
    }
}

/// Bucket and key of `s3://bucket/key`.
fn split(location: &str) -> Option<(&str, &str)> {
    let (bucket, key) = location.strip_prefix("s3://")?.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

/// Why there is no object to be had.
pub(super) struct Refusal {
    pub error: StoreError,
    /// Where the bucket is, if that is why.
    region: Option<String>,
}

/// The bytes of an object; `None` if there is none.
pub(super) async fn fetch(
    client: &Client,
    doing: Doing<'_>,
    at_most: Option<usize>,
) -> Result<Option<Vec<u8>>, Refusal> {
    let refusal = |error| Refusal { error, region: None };
    let mut answers = 0;
    loop {
        answers += 1;
        let object = match client.get_object().bucket(doing.bucket).key(doing.key).send().await {
            Ok(object) => object,
            Err(e) if e.code() == Some("NoSuchKey") => return Ok(None),
            Err(e) => {
                let region = bucket_region(&e);
                let error = doing.refused(e);
                return Err(Refusal { error, region });
            }
        };
        fits(doing, &object, at_most).map_err(refusal)?;
        match object.body.collect().await {
            Ok(bytes) => return Ok(Some(bytes.to_vec())),
            Err(_) if answers < ANSWERS => {}
            Err(e) => {
                let cause = e.source().map(|c| format!(": {c}")).unwrap_or_default();
                return Err(refusal(doing.failed(format!("the answer broke off: {e}{cause}"))));
            }
        }
    }
}

fn fits(doing: Doing<'_>, object: &GetObjectOutput, at_most: Option<usize>) -> Result<(), StoreError> {
    let (Some(at_most), Some(length)) = (at_most, object.content_length()) else {
        return Ok(());
    };
    match usize::try_from(length) {
        Ok(length) if length <= at_most => Ok(()),
        _ => Err(doing.failed(format!(
            "it has {length} bytes, and {at_most} is the most that is taken"
        ))),
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
