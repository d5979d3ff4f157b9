//! Where calls go, and as whom.

use std::sync::{Arc, Mutex};

use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use jiff::Timestamp;
use tuner_engine::ports::{LogSource, Store};

use super::server::{Server, ok};
use crate::Connection;

/// Notes what is sent and answers it.
#[derive(Debug, Clone, Default)]
struct Wire {
    /// URI, Authorization and body of each request.
    sent: Arc<Mutex<Vec<(String, String, String)>>>,
}

const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
    <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration>\
    </Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/tuner</Arn>\
    <AssumedRoleId>A:tuner</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let authorization = request.headers().get("authorization").unwrap_or_default().to_owned();
        let uri = request.uri().to_owned();
        let answer = if uri.contains("sts.") {
            ASSUMED
        } else if uri.contains("states.") {
            r#"{"executions":[]}"#
        } else if uri.contains("//far.s3.eu-west-1") {
            self.sent.lock().unwrap().push((uri, authorization, body));
            let mut moved = HttpResponse::new(
                301.try_into().unwrap(),
                SdkBody::from("<Error><Code>PermanentRedirect</Code><Message>Elsewhere</Message></Error>"),
            );
            moved.headers_mut().insert("x-amz-bucket-region", "ap-south-1");
            return HttpConnectorFuture::ready(Ok(moved));
        } else if uri.contains("GetObject") {
            "{}"
        } else {
            "<ListBucketResult/>"
        };
        self.sent.lock().unwrap().push((uri, authorization, body));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from(answer))))
    }
}

impl Wire {
    fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    fn config(&self) -> aws_types::sdk_config::Builder {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.client())
            // As the SDK loads it.
            .identity_cache(IdentityCache::lazy().build())
            .time_source(SystemTimeSource::new())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "AKIAHOME", "s", None, None, "test",
            )))
    }

    fn sent(&self) -> Vec<(String, String, String)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

#[tokio::test]
async fn a_role_is_assumed_once_at_home_and_used_elsewhere() {
    let wire = Wire::default();
    let home = Connection::from_config(wire.config().build());
    let role = "arn:aws-us-gov:iam::123456789012:role/reader";
    let there = home.elsewhere(Some("us-west-2"), Some(role)).await;
    assert_eq!((home.region(), there.region()), (Some("eu-west-1"), Some("us-west-2")));
    assert!(wire.sent().is_empty(), "something was called before it was needed");

    let machine = "arn:aws:states:us-west-2:123456789012:stateMachine:x";
    there.store("bucket", "").list("").await.unwrap();
    there.store("bucket", "").list("").await.unwrap();
    let sent = wire.sent();
    assert_eq!(sent.len(), 3, "{sent:?}");
    let (uri, authorization, body) = &sent[0];
    assert!(uri.starts_with("https://sts.eu-west-1.amazonaws.com"), "{uri}");
    assert!(authorization.contains("AKIAHOME/"), "{authorization}");
    assert!(
        body.contains("RoleSessionName=tuner") && body.contains("role%2Freader"),
        "{body}"
    );
    let (uri, authorization, _) = &sent[1];
    assert!(uri.starts_with("https://bucket.s3.us-west-2.amazonaws.com"), "{uri}");
    assert!(
        authorization.contains("ASIAROLE/") && authorization.contains("/us-west-2/s3"),
        "{authorization}"
    );
    there.state_machines().executions(machine, 1).await.unwrap();
    assert!(wire.sent().last().unwrap().1.contains("ASIAROLE/"));
    home.store("bucket", "").list("").await.unwrap();
    assert!(wire.sent()[0].1.contains("AKIAHOME/"), "home has changed");
}

#[tokio::test]
async fn every_partition_has_its_own_names() {
    let wire = Wire::default();
    let home = Connection::from_config(wire.config().build());
    for (region, domain) in [
        ("eu-central-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ] {
        let there = home.elsewhere(Some(region), None).await;
        there.store("bucket", "").list("").await.unwrap();
        there.state_machines().executions("arn", 1).await.unwrap();
        let sent = wire.sent();
        assert!(
            sent[0].0.starts_with(&format!("https://bucket.s3.{region}.{domain}/")),
            "{}",
            sent[0].0
        );
        assert!(
            sent[1].0.starts_with(&format!("https://states.{region}.{domain}")),
            "{}",
            sent[1].0
        );
    }
}

#[tokio::test]
async fn an_object_is_read_in_the_region_of_its_bucket() {
    let wire = Wire::default();
    let home = Connection::from_config(wire.config().build());
    assert_eq!(home.objects().read("s3://far/p.json", 10).await.unwrap(), b"{}");
    let sent = wire.sent();
    assert!(sent[1].0.starts_with("https://far.s3.ap-south-1."), "{sent:?}");
    // The store stays where it is, and says where the bucket is.
    let error = home.store("far", "").list("").await.unwrap_err();
    assert!(error.to_string().contains("the bucket is in ap-south-1"), "{error}");
}

/// `AWS_ENDPOINT_URL_S3`, as the SDK looks it up.
#[derive(Debug)]
struct OfS3;

impl LoadServiceConfig for OfS3 {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let asked = (key.service_id(), key.env(), key.profile());
        (asked == ("S3", "AWS_ENDPOINT_URL", "endpoint_url")).then(|| "http://store.example:4566".to_owned())
    }
}

#[tokio::test]
async fn an_endpoint_of_ones_own_gets_the_bucket_in_the_path() {
    let wire = Wire::default();
    for config in [
        wire.config().endpoint_url("http://store.example:4566").build(),
        wire.config().service_config(OfS3).build(),
    ] {
        Connection::from_config(config)
            .store("bucket", "")
            .list("")
            .await
            .unwrap();
        let sent = wire.sent();
        assert!(sent[0].0.starts_with("http://store.example:4566/bucket/"), "{sent:?}");
    }
}

#[tokio::test]
async fn services_and_regions_share_connections() {
    let server = Server::start(|head, _| {
        ok(if head.contains("list-type=2") {
            "<ListBucketResult/>"
        } else {
            "{}"
        })
    })
    .await;
    let here = Connection::local(&server.endpoint, "eu-west-1", ("local", "local"));
    let there = here.elsewhere(Some("us-west-2"), None).await;
    here.store("bucket", "").list("").await.unwrap();
    here.logs().lines("g", "r", Timestamp::UNIX_EPOCH).await.unwrap();
    there.logs().lines("g", "r", Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn nobody_listening_is_no_reason_to_give_up() {
    // Port 9 (discard) on loopback: nothing listens there.
    let error = Connection::local("http://127.0.0.1:9", "eu-west-1", ("local", "local"))
        .state_machines()
        .execution("arn")
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_denial() {
    let server = Server::start(|_, _| {
        let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: u is not authorized to perform: \
                    sts:AssumeRole on resource: arn:aws:iam::123456789012:role/x</Message></Error></ErrorResponse>";
        format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    })
    .await;
    let there = Connection::local(&server.endpoint, "eu-west-1", ("local", "local"))
        .elsewhere(None, Some("arn:aws:iam::123456789012:role/x"))
        .await;
    let error = there.logs().lines("g", "r", Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(error.kind, tuner_engine::ports::PortErrorKind::Denied, "{error}");
    assert!(error.message.ends_with("role/x"), "{error}");
}
