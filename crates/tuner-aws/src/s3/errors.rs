//! From S3's errors to those of the store, in words that say what to do.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tuner_engine::ports::StoreError;

use crate::errors::{EXPIRED, has_expired, port_error};

/// What was done, to what.
#[derive(Clone, Copy)]
pub(super) struct Doing<'a> {
    /// "write", "read", "list" or "delete".
    pub action: &'static str,
    /// S3's operation.
    pub operation: &'static str,
    /// The action of IAM that it takes.
    pub permission: &'static str,
    pub bucket: &'a str,
    pub key: &'a str,
}

impl<'a> Doing<'a> {
    pub(super) const fn writing(bucket: &'a str, key: &'a str) -> Self {
        Self::new("write", "PutObject", "s3:PutObject", bucket, key)
    }

    pub(super) const fn reading(bucket: &'a str, key: &'a str) -> Self {
        Self::new("read", "GetObject", "s3:GetObject", bucket, key)
    }

    /// `key` is the prefix.
    pub(super) const fn listing(bucket: &'a str, key: &'a str) -> Self {
        Self::new("list", "ListObjectsV2", "s3:ListBucket", bucket, key)
    }

    pub(super) const fn deleting(bucket: &'a str, key: &'a str) -> Self {
        Self::new("delete", "DeleteObject", "s3:DeleteObject", bucket, key)
    }

    const fn new(
        action: &'static str,
        operation: &'static str,
        permission: &'static str,
        bucket: &'a str,
        key: &'a str,
    ) -> Self {
        Self {
            action,
            operation,
            permission,
            bucket,
            key,
        }
    }

    pub(super) fn failed(self, reason: impl Into<String>) -> StoreError {
        StoreError {
            action: self.action,
            location: format!("s3://{}/{}", self.bucket, self.key),
            reason: reason.into(),
        }
    }

    pub(super) fn refused<E>(self, error: SdkError<E, HttpResponse>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let elsewhere = bucket_region(&error);
        let said = port_error(self.operation, error).message;
        let Self { bucket, permission, .. } = self;
        self.failed(match code.as_str() {
            "NoSuchBucket" => format!("there is no bucket `{bucket}`; check the name, or create it ({said})"),
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
                let region = elsewhere.unwrap_or_else(|| "another region".to_owned());
                format!("the bucket is in {region}; use a bucket in the region of this call ({said})")
            }
            code if has_expired(code) => format!("{EXPIRED} ({said})"),
            "AccessDenied" => {
                let mut text = format!("{said}; it takes `{permission}` here");
                if self.action == "read" {
                    // Without the right to list, S3 does not tell what is missing from what is forbidden.
                    text.push_str(&format!(
                        ", and without `s3:ListBucket` on `{bucket}` an object that does not exist is denied as well"
                    ));
                }
                text
            }
            _ => said,
        })
    }
}

/// The region S3 says the bucket is in, when it refuses a call to another.
pub(super) fn bucket_region<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let region = error.raw_response()?.headers().get("x-amz-bucket-region")?;
    Some(region.to_owned())
}
