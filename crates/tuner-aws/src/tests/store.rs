//! S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::delete_object::DeleteObjectOutput;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::operation::list_objects_v2::{ListObjectsV2Error, ListObjectsV2Output};
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use aws_sdk_s3::types::error::NoSuchKey;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tuner_engine::ports::Store;

use super::metadata;
use super::server::{Server, ok};
use crate::{Connection, S3Store};

fn store(client: Client) -> S3Store {
    S3Store::from_client(client, "bucket", "/tunings/")
}

#[tokio::test]
async fn what_is_put_is_below_the_prefix_and_says_what_it_is() {
    let rule = mock!(Client::put_object)
        .match_requests(|r| {
            r.bucket() == Some("bucket")
                && r.key() == Some("tunings/id-1/report.html")
                && r.content_type() == Some("text/html; charset=utf-8")
                && r.server_side_encryption().is_none()
                && r.body().bytes() == Some(b"<html>")
        })
        .then_output(|| PutObjectOutput::builder().build());
    let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&rule]);
    let store = store(client).within("id-1");
    assert_eq!(store.location(), "s3://bucket/tunings/id-1/");
    let location = store.put("report.html", b"<html>").await.unwrap();
    assert_eq!(location, "s3://bucket/tunings/id-1/report.html");
}

#[tokio::test]
async fn what_is_not_there_is_none_and_may_be_deleted() {
    let get = mock!(Client::get_object)
        .then_error(|| GetObjectError::NoSuchKey(NoSuchKey::builder().meta(metadata("NoSuchKey", "")).build()));
    let delete = mock!(Client::delete_object)
        .match_requests(|r| r.key() == Some("tunings/a"))
        .then_output(|| DeleteObjectOutput::builder().build());
    let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&get, &delete]);
    let store = store(client);
    assert_eq!(store.get("a").await.unwrap(), None);
    store.delete("a").await.unwrap();
    assert_eq!(delete.num_calls(), 1);
}

#[tokio::test]
async fn keys_of_all_pages_are_relative_and_ascending() {
    let key = |key: &str| Object::builder().key(key).build();
    let first = mock!(Client::list_objects_v2)
        .match_requests(|r| r.prefix() == Some("tunings/id-1/records/") && r.continuation_token().is_none())
        .then_output(move || {
            ListObjectsV2Output::builder()
                // What the console makes for a folder.
                .contents(key("tunings/id-1/records/"))
                .contents(key("tunings/id-1/records/00512/000001.jsonl"))
                .is_truncated(true)
                .next_continuation_token("t")
                .build()
        });
    let second = mock!(Client::list_objects_v2)
        .match_requests(|r| r.continuation_token() == Some("t"))
        .then_output(move || {
            ListObjectsV2Output::builder()
                .contents(key("tunings/id-1/records/00128/000001.jsonl"))
                .build()
        });
    let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&first, &second]);
    assert_eq!(
        store(client).within("id-1").list("records/").await.unwrap(),
        ["records/00128/000001.jsonl", "records/00512/000001.jsonl"]
    );
}

#[tokio::test]
async fn a_refusal_says_what_it_takes() {
    let denied = || metadata("AccessDenied", "User: u is not authorized");
    let put = mock!(Client::put_object).then_error(move || PutObjectError::generic(denied()));
    let get = mock!(Client::get_object).then_error(move || GetObjectError::generic(denied()));
    let list = mock!(Client::list_objects_v2).then_error(move || ListObjectsV2Error::generic(denied()));
    let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&put, &get, &list]);
    let store = store(client);
    assert_eq!(
        store.put("a", b"").await.unwrap_err().to_string(),
        "cannot write s3://bucket/tunings/a: AccessDenied: User: u is not authorized; it takes `s3:PutObject` here"
    );
    // S3 denies what does not exist to those who may not list.
    let error = store.get("a").await.unwrap_err().to_string();
    assert!(
        error.contains("`s3:GetObject`") && error.contains("`s3:ListBucket` on `bucket`"),
        "{error}"
    );
    let error = store.list("a").await.unwrap_err().to_string();
    assert!(
        error.starts_with("cannot list s3://bucket/tunings/a: ") && error.contains("`s3:ListBucket`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_bucket_that_is_not_there_and_expired_credentials_have_a_hint() {
    for (code, says) in [
        (
            "NoSuchBucket",
            "there is no bucket `bucket`; check the name, or create it",
        ),
        ("ExpiredToken", "the credentials have expired; sign in again"),
    ] {
        let rule = mock!(Client::put_object).then_error(move || PutObjectError::generic(metadata(code, "")));
        let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&rule]);
        let error = store(client).put("a", b"").await.unwrap_err();
        assert!(error.reason.starts_with(says), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_owned();
    let server = Server::start(move |_, number| if number < 2 { broken.clone() } else { ok("the whole") }).await;
    let connection = Connection::local(&server.endpoint, "eu-west-1", ("local", "local"));
    let bytes = connection.store("b", "").get("a").await.unwrap();
    assert_eq!(bytes.as_deref(), Some(b"the whole".as_slice()));
}

#[tokio::test]
async fn one_that_always_breaks_off_is_an_error() {
    let server = Server::start(|_, _| "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_owned()).await;
    let connection = Connection::local(&server.endpoint, "eu-west-1", ("local", "local"));
    let error = connection.objects().read("s3://b/a", 10).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot read s3://b/a: the answer broke off: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_payload_is_read_if_it_fits() {
    let server = Server::start(|_, _| ok("0123456789")).await;
    let objects = Connection::local(&server.endpoint, "eu-west-1", ("local", "local")).objects();
    assert_eq!(objects.read("s3://b/a", 10).await.unwrap(), b"0123456789");
    let error = objects.read("s3://b/a", 9).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read s3://b/a: it has 10 bytes, and 9 is the most that is taken"
    );
    let error = objects.read("https://b/a", 9).await.unwrap_err();
    assert!(error.reason.contains("s3://bucket/folder/payload.json"), "{error}");
}

#[tokio::test]
async fn a_payload_that_is_not_there_is_an_error() {
    let rule = mock!(Client::get_object)
        .then_output(|| GetObjectOutput::builder().body(ByteStream::from_static(b"{}")).build());
    let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&rule]);
    assert_eq!(store(client).get("a").await.unwrap().as_deref(), Some(b"{}".as_slice()));
    let missing = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>";
    let server = Server::start(move |_, _| {
        format!(
            "HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{missing}",
            missing.len()
        )
    })
    .await;
    let objects = Connection::local(&server.endpoint, "eu-west-1", ("local", "local")).objects();
    let error = objects.read("s3://b/a", 9).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot read s3://b/a: there is no such object");
}
