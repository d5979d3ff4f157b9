use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use tuner_engine::ports::{Store, StoreError};

use super::errors::Doing;
use super::objects::{body, get, is_missing};
use crate::Connection;

/// A store that is a bucket, or what is below a prefix in it. What is written is encrypted as the bucket says.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Empty, or ends with `/`.
    prefix: String,
}

impl S3Store {
    pub(crate) fn new(connection: &Connection, bucket: &str, prefix: &str) -> Self {
        Self::from_client(super::client(connection.config(), None), bucket, prefix)
    }

    pub(crate) fn from_client(client: Client, bucket: &str, prefix: &str) -> Self {
        Self {
            client,
            bucket: bucket.to_owned(),
            prefix: folder(prefix),
        }
    }

    /// The store below `prefix` in this one.
    #[must_use]
    pub fn within(&self, prefix: &str) -> Self {
        Self {
            prefix: format!("{}{}", self.prefix, folder(prefix)),
            ..self.clone()
        }
    }

    /// Where it is: `s3://bucket/prefix/`.
    pub fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

fn folder(prefix: &str) -> String {
    match prefix.trim_matches('/') {
        "" => String::new(),
        name => format!("{name}/"),
    }
}

/// What browsers are told, so that a report opens in one from the console.
fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json") => "application/json",
        Some("jsonl") => "application/x-ndjson",
        Some("html") => "text/html; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("md") => "text/markdown; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[async_trait]
impl Store for S3Store {
    async fn put(&self, key: &str, bytes: &[u8]) -> Result<String, StoreError> {
        let key = self.full(key);
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .content_type(content_type(&key))
            .body(ByteStream::from(bytes.to_vec()))
            .send()
            .await
            .map_err(|e| Doing::writing(&self.bucket, &key).refused(e))?;
        Ok(format!("s3://{}/{key}", self.bucket))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = self.full(key);
        let doing = Doing::reading(&self.bucket, &key);
        match get(&self.client, &self.bucket, &key).await {
            Ok(object) => body(doing, object).await.map(Some),
            Err(e) if is_missing(&e) => Ok(None),
            Err(e) => Err(doing.refused(e)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let prefix = self.full(prefix);
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&prefix)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Doing::listing(&self.bucket, &prefix).refused(e))?;
            let found = page.contents().iter().filter_map(|object| object.key());
            // The console makes an empty object for a folder: its key is the prefix itself, or ends like one.
            let found = found.filter(|key| !key.ends_with('/'));
            keys.extend(
                found
                    .filter_map(|key| key.strip_prefix(&self.prefix))
                    .map(str::to_owned),
            );
        }
        keys.sort();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let key = self.full(key);
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(&key)
            .send()
            .await
            .map(drop)
            .map_err(|e| Doing::deleting(&self.bucket, &key).refused(e))
    }
}
