//! Lambda.

use std::time::{Duration, Instant};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::delete_function::DeleteFunctionError;
use aws_sdk_lambda::operation::get_alias::{GetAliasError, GetAliasOutput};
use aws_sdk_lambda::operation::get_function::{GetFunctionError, GetFunctionOutput};
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::operation::list_versions_by_function::ListVersionsByFunctionOutput;
use aws_sdk_lambda::operation::update_function_configuration::{
    UpdateFunctionConfigurationError, UpdateFunctionConfigurationOutput,
};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, CapacityProviderConfig, EnvironmentError, EnvironmentResponse, FunctionConfiguration,
    LambdaManagedInstancesCapacityProviderConfig, LastUpdateStatus, LogFormat, LoggingConfig, SystemLogLevel,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tuner_core::FunctionName;
use tuner_engine::ports::{ConfigurationChange, FunctionControl, Invoker, PortErrorKind, UpdateStatus};

use super::metadata;
use crate::AwsLambda;
use crate::configuration::translate;
use crate::lambda::without_retries;

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:resize";

fn function() -> FunctionName {
    ARN.parse().unwrap()
}

fn described() -> aws_sdk_lambda::types::builders::FunctionConfigurationBuilder {
    FunctionConfiguration::builder()
        .function_arn(ARN)
        .version("$LATEST")
        .memory_size(512)
        .timeout(30)
        .revision_id("r-1")
}

fn lambda(client: Client) -> AwsLambda {
    AwsLambda::from_client(client)
}

#[tokio::test]
async fn a_qualifier_is_sent_apart_and_the_answer_is_unqualified() {
    let rule = mock!(Client::get_function)
        .match_requests(|r| r.function_name() == Some(ARN) && r.qualifier() == Some("live"))
        .then_output(|| {
            let configuration = FunctionConfiguration::builder()
                .function_arn(format!("{ARN}:7"))
                .version("7")
                .build();
            GetFunctionOutput::builder().configuration(configuration).build()
        });
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule], without_retries);
    let found = lambda(client).configuration(&function().at("live")).await.unwrap();
    assert_eq!((found.arn, found.version.as_str()), (function(), "7"));
    // What an answer leaves out has Lambda's defaults.
    assert_eq!(
        (found.memory_size_mb, found.timeout_s, found.ephemeral_storage_mb),
        (128, 3, 512)
    );
}

#[test]
fn what_cannot_be_tuned_says_why() {
    let managed = CapacityProviderConfig::builder()
        .lambda_managed_instances_capacity_provider_config(
            LambdaManagedInstancesCapacityProviderConfig::builder()
                .capacity_provider_arn("arn")
                .build()
                .unwrap(),
        )
        .build();
    let found = translate("GetFunction", &described().capacity_provider_config(managed).build()).unwrap();
    assert!(found.untunable.unwrap().contains("Managed Instances"));
    let found = translate("GetFunction", &described().master_arn("arn:master").build()).unwrap();
    assert!(found.untunable.unwrap().contains("arn:master"));
}

#[test]
fn hidden_reports_unreadable_variables_and_updates_under_way_are_noticed() {
    let sdk = described()
        .logging_config(
            LoggingConfig::builder()
                .log_format(LogFormat::Json)
                .system_log_level(SystemLogLevel::Warn)
                .build(),
        )
        .environment(
            EnvironmentResponse::builder()
                .error(EnvironmentError::builder().error_code("AccessDenied").build())
                .build(),
        )
        .last_update_status(LastUpdateStatus::InProgress)
        .build();
    let found = translate("GetFunction", &sdk).unwrap();
    assert!(found.json_logs && found.reports_hidden);
    assert_eq!(found.variables, None);
    assert_eq!(found.update_status, UpdateStatus::InProgress);
}

#[test]
fn the_digest_changes_with_settings_and_not_with_what_a_tuning_changes() {
    let digest = |sdk: FunctionConfiguration| translate("GetFunction", &sdk).unwrap().settings;
    let before = digest(described().build());
    assert_eq!(
        before,
        digest(
            described()
                .memory_size(1024)
                .description("x")
                .revision_id("r-2")
                .build()
        )
    );
    assert_ne!(before, digest(described().timeout(60).build()));
    let variables = |name: &str| EnvironmentResponse::builder().variables(name, "1").build();
    assert_ne!(before, digest(described().environment(variables("A")).build()));
    assert_eq!(
        before,
        digest(
            described()
                .environment(variables(tuner_engine::marker::REST_VARIABLE))
                .build()
        )
    );
}

#[tokio::test]
async fn an_update_carries_the_revision_and_leaves_variables_alone() {
    let rule = mock!(Client::update_function_configuration)
        .match_requests(|r| {
            r.revision_id() == Some("r-1")
                && r.memory_size() == Some(1024)
                && r.description() == Some("")
                && r.environment().is_none()
        })
        .then_output(|| UpdateFunctionConfigurationOutput::builder().build());
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule], without_retries);
    let change = ConfigurationChange {
        memory_size_mb: 1024,
        description: String::new(),
        variables: None,
    };
    lambda(client).update(&function(), &change, "r-1").await.unwrap();
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn failures_are_told_apart() {
    for (code, message, kind) in [
        ("PreconditionFailedException", "stale", PortErrorKind::Precondition),
        (
            "ResourceConflictException",
            "An update is in progress",
            PortErrorKind::Conflict,
        ),
        ("TooManyRequestsException", "Rate exceeded", PortErrorKind::Throttled),
        (
            "ResourceNotFoundException",
            "Function not found",
            PortErrorKind::NotFound,
        ),
        ("AccessDeniedException", "not authorized", PortErrorKind::Denied),
        ("ExpiredTokenException", "expired", PortErrorKind::Denied),
        (
            "InvalidParameterValueException",
            "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008",
            PortErrorKind::MemoryQuota,
        ),
        ("InvalidParameterValueException", "other", PortErrorKind::Invalid),
    ] {
        let rule = mock!(Client::update_function_configuration)
            .then_error(move || UpdateFunctionConfigurationError::generic(metadata(code, message)));
        let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule], without_retries);
        let change = ConfigurationChange {
            memory_size_mb: 1024,
            description: String::new(),
            variables: None,
        };
        let error = lambda(client).update(&function(), &change, "r-1").await.unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
        assert!(error.to_string().contains(message), "{error}");
        // Never by the SDK: the engine's retries know what may be repeated.
        assert_eq!(rule.num_calls(), 1, "{code} was retried by the SDK");
    }
}

#[tokio::test]
async fn a_version_that_an_alias_points_to_is_in_use() {
    let rule = mock!(Client::delete_function).then_error(|| {
        DeleteFunctionError::generic(metadata(
            "ResourceConflictException",
            "Unable to delete version because the following aliases reference it: [live]",
        ))
    });
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule], without_retries);
    assert_eq!(
        lambda(client).delete_version(&function(), 7).await.unwrap_err().kind,
        PortErrorKind::InUse
    );
}

#[tokio::test]
async fn all_pages_of_versions_are_read_and_latest_is_none_of_them() {
    let page = |number: &str| {
        FunctionConfiguration::builder()
            .version(number)
            .description(number)
            .build()
    };
    let first = mock!(Client::list_versions_by_function)
        .match_requests(|r| r.marker().is_none())
        .then_output(move || {
            ListVersionsByFunctionOutput::builder()
                .versions(page("$LATEST"))
                .versions(page("1"))
                .next_marker("m")
                .build()
        });
    let second = mock!(Client::list_versions_by_function)
        .match_requests(|r| r.marker() == Some("m"))
        .then_output(move || ListVersionsByFunctionOutput::builder().versions(page("2")).build());
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&first, &second], without_retries);
    let versions = lambda(client).versions(&function()).await.unwrap();
    assert_eq!(versions.iter().map(|v| v.version).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn an_alias_is_absent_plain_or_weighted() {
    let absent = mock!(Client::get_alias)
        .then_error(|| GetAliasError::generic(metadata("ResourceNotFoundException", "Cannot find alias")));
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&absent], without_retries);
    assert_eq!(lambda(client).alias(&function(), "live").await.unwrap(), None);
    let weighted = mock!(Client::get_alias).then_output(|| {
        let routing = AliasRoutingConfiguration::builder()
            .additional_version_weights("2", 0.1)
            .build();
        GetAliasOutput::builder()
            .function_version("1")
            .revision_id("a-1")
            .routing_config(routing)
            .build()
    });
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&weighted], without_retries);
    assert!(
        lambda(client)
            .alias(&function(), "live")
            .await
            .unwrap()
            .unwrap()
            .weighted
    );
}

#[tokio::test]
async fn an_invocation_asks_for_the_tail_and_is_made_once() {
    let rule = mock!(Client::invoke)
        .match_requests(|r| r.log_type() == Some(&aws_sdk_lambda::types::LogType::Tail) && r.qualifier() == Some("3"))
        .then_output(|| {
            InvokeOutput::builder()
                .status_code(200)
                .function_error("Unhandled")
                .payload(Blob::new(b"{}".as_slice()))
                .log_result("UkVQT1JU")
                .build()
        });
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule], without_retries);
    let reply = lambda(client).invoke(&function().at("3"), b"{}", SOON).await.unwrap();
    assert_eq!(reply.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(reply.log_tail.as_deref(), Some(b"REPORT".as_slice()));

    let failing = mock!(Client::invoke).then_error(|| InvokeError::generic(metadata("ServiceException", "oops")));
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&failing], without_retries);
    assert!(lambda(client).invoke(&function(), b"{}", SOON).await.is_err());
    assert_eq!(failing.num_calls(), 1);
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn an_answer_that_does_not_come_is_lost_when_its_time_is_over() {
    // Takes the request, and never says a word.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    let lambda = AwsLambda::local(&endpoint, "us-east-1");
    let begun = Instant::now();
    let error = lambda
        .invoke(&function(), b"{}", Duration::from_millis(200))
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Network, "{error}");
    // The client's own time-out for other calls is 30 s.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    silent.abort();
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unreachable() {
    // Port 9 (discard) on loopback: nothing listens there.
    let error = AwsLambda::local("http://127.0.0.1:9", "us-east-1")
        .configuration(&function())
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn an_endpoint_that_speaks_no_tls_was_never_reached() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let plain = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = AwsLambda::local(&endpoint, "us-east-1")
        .configuration(&function())
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unreachable, "{error}");
    plain.abort();
}

#[tokio::test]
async fn a_missing_function_is_not_found() {
    let rule = mock!(Client::get_function)
        .then_error(|| GetFunctionError::generic(metadata("ResourceNotFoundException", "Function not found: resize")));
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule], without_retries);
    let error = lambda(client).configuration(&function()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::NotFound);
    assert!(error.to_string().contains("Function not found: resize"), "{error}");
}
