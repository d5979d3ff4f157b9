//! The ports of a memory review: what is asked, and what is made of recorded shapes of answers.

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{MetricDataResult, StatusCode};
use aws_sdk_computeoptimizer::operation::get_lambda_function_recommendations::{
    GetLambdaFunctionRecommendationsError, GetLambdaFunctionRecommendationsOutput,
};
use aws_sdk_computeoptimizer::types as optimizer;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::get_policy::{GetPolicyError, GetPolicyOutput};
use aws_sdk_lambda::operation::list_aliases::ListAliasesOutput;
use aws_sdk_lambda::operation::list_event_source_mappings::ListEventSourceMappingsOutput;
use aws_sdk_lambda::operation::list_functions::{ListFunctionsError, ListFunctionsOutput};
use aws_sdk_lambda::operation::list_provisioned_concurrency_configs::ListProvisionedConcurrencyConfigsOutput;
use aws_sdk_lambda::types::{
    AliasConfiguration, AliasRoutingConfiguration, Architecture as SdkArchitecture, CapacityProviderConfig,
    Concurrency, EventSourceMappingConfiguration, FunctionConfiguration, FunctionVersion as SdkVersions,
    LambdaManagedInstancesCapacityProviderConfig, LogFormat, LoggingConfig, PackageType as SdkPackageType,
    ProvisionedConcurrencyConfigListItem, Runtime, SnapStartApplyOn, SnapStartResponse, SystemLogLevel, TagsError,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tuner_core::review::{Alias, FunctionVersion, PackageType, Window};
use tuner_core::{Architecture, FunctionName};
use tuner_engine::ports::PortErrorKind;
use tuner_engine::review::ports::{Inventory, Listed, Metric, MetricSource, Optimizer, Series};

use super::metadata;
use crate::lambda::without_retries;
use crate::pace::Pace;
use crate::review::{AwsInventory, AwsMetrics, AwsOptimizer};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:resize";

pub(super) fn window() -> Window {
    Window {
        from: "2026-03-01T00:00:00Z".parse().unwrap(),
        until: "2026-03-31T10:30:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn functions_page_by_page_images_and_managed_instances_among_them() {
    let first = mock!(aws_sdk_lambda::Client::list_functions)
        .match_requests(|r| r.marker().is_none() && r.function_version() == Some(&SdkVersions::All))
        .then_output(|| {
            let zip = FunctionConfiguration::builder()
                .function_name("resize")
                .function_arn(ARN)
                .memory_size(1024)
                .timeout(30)
                .runtime(Runtime::Python313)
                .package_type(SdkPackageType::Zip)
                .architectures(SdkArchitecture::Arm64)
                .last_modified("2026-02-03T04:05:06.789+0000")
                .logging_config(
                    LoggingConfig::builder()
                        .log_format(LogFormat::Json)
                        .system_log_level(SystemLogLevel::Warn)
                        .log_group("shared/all")
                        .build(),
                );
            let version = FunctionConfiguration::builder()
                .function_arn(format!("{ARN}:7"))
                .version("7")
                .memory_size(256)
                .timeout(3)
                .code_sha256("c2hh")
                .snap_start(
                    SnapStartResponse::builder()
                        .apply_on(SnapStartApplyOn::PublishedVersions)
                        .build(),
                );
            // An image has no runtime.
            let image = FunctionConfiguration::builder()
                .function_arn(format!("{ARN}-image"))
                .package_type(SdkPackageType::Image);
            ListFunctionsOutput::builder()
                .functions(zip.build())
                .functions(version.build())
                .functions(image.build())
                .next_marker("more")
                .build()
        });
    let second = mock!(aws_sdk_lambda::Client::list_functions)
        .match_requests(|r| r.marker() == Some("more"))
        .then_output(|| {
            let instances = LambdaManagedInstancesCapacityProviderConfig::builder()
                .capacity_provider_arn("arn:aws:lambda:eu-west-1:123456789012:capacity-provider:p")
                .build()
                .unwrap();
            let managed = FunctionConfiguration::builder()
                .function_arn(format!("{ARN}-managed"))
                .capacity_provider_config(
                    CapacityProviderConfig::builder()
                        .lambda_managed_instances_capacity_provider_config(instances)
                        .build(),
                );
            ListFunctionsOutput::builder()
                .functions(managed.build())
                .next_marker("")
                .build()
        });
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&first, &second], without_retries);
    let inventory = AwsInventory::new(client, Pace::unlimited());
    let page = inventory.functions(None).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("more"));
    let [
        Listed::Function(zip),
        Listed::Version(of, version),
        Listed::Function(image),
    ] = &page.items[..]
    else {
        panic!("{page:?}")
    };
    assert_eq!((of, version.version), (&zip.name, FunctionVersion::Published(7)));
    assert_eq!(
        (version.memory_size_mb, version.timeout_s, version.snap_start),
        (Some(256), Some(3), true)
    );
    assert_eq!(version.code_sha256.as_deref(), Some("c2hh"));
    assert_eq!(
        (zip.name.to_string(), zip.region.as_deref()),
        (ARN.to_owned(), Some("eu-west-1"))
    );
    assert_eq!((zip.memory_size_mb, zip.timeout_s), (Some(1024), Some(30)));
    assert_eq!(
        (zip.architecture, zip.package),
        (Some(Architecture::Arm64), Some(PackageType::Zip))
    );
    assert_eq!(zip.log_group.as_deref(), Some("shared/all"));
    assert!(zip.json_logs && zip.reports_hidden);
    assert_eq!(zip.last_modified, Some("2026-02-03T04:05:06.789Z".parse().unwrap()));
    assert_eq!(
        (image.runtime.as_deref(), image.package),
        (None, Some(PackageType::Image))
    );
    assert_eq!(image.log_group.as_deref(), Some("/aws/lambda/resize-image"));
    // An empty marker asks for nothing more.
    let page = inventory.functions(Some("more")).await.unwrap();
    assert_eq!(page.next, None);
    let [Listed::Function(managed)] = &page.items[..] else {
        panic!("{page:?}")
    };
    assert!(managed.unsupported.as_deref().unwrap().contains("Managed Instances"));
}

#[tokio::test]
async fn details_and_provisioned_concurrency() {
    let function = mock!(aws_sdk_lambda::Client::get_function)
        .match_requests(|r| r.function_name() == Some(ARN))
        .then_output(|| {
            GetFunctionOutput::builder()
                .tags("team", "media")
                .tags_error(
                    TagsError::builder()
                        .error_code("AccessDenied")
                        .message("lambda:ListTags")
                        .build()
                        .unwrap(),
                )
                .concurrency(Concurrency::builder().reserved_concurrent_executions(7).build())
                .build()
        });
    let provisioned = mock!(aws_sdk_lambda::Client::list_provisioned_concurrency_configs)
        .match_requests(|r| r.function_name() == Some(ARN))
        .then_output(|| {
            let config = ProvisionedConcurrencyConfigListItem::builder()
                .function_arn(format!("{ARN}:live"))
                .requested_provisioned_concurrent_executions(5)
                .build();
            ListProvisionedConcurrencyConfigsOutput::builder()
                .provisioned_concurrency_configs(config)
                .build()
        });
    let aliases = mock!(aws_sdk_lambda::Client::list_aliases)
        .match_requests(|r| r.function_name() == Some(ARN))
        .then_output(|| {
            let routing = AliasRoutingConfiguration::builder().additional_version_weights("8", 0.1);
            let alias = AliasConfiguration::builder()
                .name("live")
                .function_version("7")
                .routing_config(routing.build());
            ListAliasesOutput::builder().aliases(alias.build()).build()
        });
    let client = mock_client!(
        aws_sdk_lambda,
        RuleMode::MatchAny,
        [&function, &provisioned, &aliases],
        without_retries
    );
    let inventory = AwsInventory::new(client, Pace::unlimited());
    let name = ARN.parse().unwrap();
    let details = inventory.details(&name).await.unwrap();
    assert_eq!(
        (details.tags["team"].as_str(), details.reserved_concurrency),
        ("media", Some(7))
    );
    assert_eq!(details.tags_problem.as_deref(), Some("AccessDenied: lambda:ListTags"));
    let page = inventory.aliases(&name, None).await.unwrap();
    let live = Alias {
        name: "live".into(),
        version: FunctionVersion::Published(7),
        weights: [(FunctionVersion::Published(8), 0.1)].into(),
    };
    assert_eq!((page.items, page.next), (vec![live], None));
    let page = inventory.provisioned(&name, None).await.unwrap();
    assert_eq!(
        (page.items[0].qualifier.as_str(), page.items[0].environments),
        ("live", 5)
    );
}

#[tokio::test]
async fn who_calls_a_function_and_what_is_read_for_it() {
    let queue = "arn:aws:sqs:eu-west-1:123456789012:orders";
    let mappings = mock!(aws_sdk_lambda::Client::list_event_source_mappings)
        .match_requests(|r| r.marker() == Some("more"))
        .then_output(move || {
            let mapping = || EventSourceMappingConfiguration::builder().function_arn(ARN);
            ListEventSourceMappingsOutput::builder()
                .event_source_mappings(mapping().event_source_arn(queue).build())
                // A Kafka cluster of one's own.
                .event_source_mappings(mapping().build())
                .build()
        });
    let policy = r#"{"Version":"2012-10-17","Id":"default","Statement":[
        {"Sid":"api","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"x"},
        {"Sid":"two","Effect":"Allow","Principal":{"Service":["s3.amazonaws.com","sns.amazonaws.com"]},"Action":"lambda:*","Resource":"x"},
        {"Sid":"all","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"x"},
        {"Sid":"no","Effect":"Deny","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:*","Resource":"x"}]}"#;
    let of_alias = mock!(aws_sdk_lambda::Client::get_policy)
        .match_requests(|r| r.function_name() == Some(ARN) && r.qualifier() == Some("live"))
        .then_output(move || GetPolicyOutput::builder().policy(policy).build());
    let none = mock!(aws_sdk_lambda::Client::get_policy)
        .match_requests(|r| r.qualifier().is_none())
        .then_error(|| {
            GetPolicyError::generic(metadata(
                "ResourceNotFoundException",
                "The resource you requested does not exist.",
            ))
        });
    let client = mock_client!(
        aws_sdk_lambda,
        RuleMode::MatchAny,
        [&mappings, &of_alias, &none],
        without_retries
    );
    let inventory = AwsInventory::new(client, Pace::unlimited());
    let name: FunctionName = ARN.parse().unwrap();
    let page = inventory.event_sources(Some("more")).await.unwrap();
    assert_eq!((page.items, page.next), (vec![(name.clone(), queue.to_owned())], None));
    let callers = inventory.callers(&name.at("live")).await.unwrap();
    assert_eq!(
        callers.iter().collect::<Vec<_>>(),
        ["apigateway.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"]
    );
    assert!(inventory.callers(&name).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_region_that_is_not_enabled_is_denied() {
    let rule = mock!(aws_sdk_lambda::Client::list_functions).then_error(|| {
        ListFunctionsError::generic(metadata(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ))
    });
    let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule], without_retries);
    let error = AwsInventory::new(client, Pace::unlimited())
        .functions(None)
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Denied);
}

#[tokio::test]
async fn metrics_are_asked_for_by_day_and_added_up() {
    let rule = mock!(aws_sdk_cloudwatch::Client::get_metric_data)
        .match_requests(|r| {
            let [invocations, longest, provisioned] = r.metric_data_queries() else {
                return false;
            };
            let dimensions = |query: &aws_sdk_cloudwatch::types::MetricDataQuery| -> Vec<(String, String)> {
                let metric = query.metric_stat().and_then(|stat| stat.metric()).unwrap();
                let pairs = metric.dimensions().iter();
                pairs
                    .map(|d| {
                        (
                            d.name().unwrap_or_default().to_owned(),
                            d.value().unwrap_or_default().to_owned(),
                        )
                    })
                    .collect()
            };
            let stat = |query: &aws_sdk_cloudwatch::types::MetricDataQuery| query.metric_stat().unwrap().clone();
            let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
            stat(invocations).stat() == Some("Sum")
                && stat(invocations).period() == Some(86_400)
                && stat(longest).stat() == Some("Maximum")
                && stat(longest).metric().unwrap().metric_name() == Some("Duration")
                && dimensions(longest) == [pair("FunctionName", "resize")]
                && dimensions(provisioned) == [pair("FunctionName", "resize"), pair("Resource", "resize:live")]
                && r.start_time().unwrap().secs() == 1_772_323_200
                && r.next_token() == Some("t")
        })
        .then_output(|| {
            let result = |id: &str, values: &[f64]| {
                MetricDataResult::builder()
                    .id(id)
                    .set_values(Some(values.to_vec()))
                    .status_code(StatusCode::PartialData)
                    .build()
            };
            GetMetricDataOutput::builder()
                .metric_data_results(result("m0", &[3.0, 4.0]))
                .metric_data_results(result("m1", &[250.5, 90.0]))
                .metric_data_results(result("m2", &[]))
                .next_token("u")
                .build()
        });
    let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&rule]);
    let series = [
        (Metric::Invocations, None),
        (Metric::DurationMax, None),
        (Metric::ProvisionedUtilizationMax, Some("live")),
    ]
    .map(|(metric, qualifier)| Series {
        function: "resize".into(),
        qualifier: qualifier.map(str::to_owned),
        metric,
    });
    let page = AwsMetrics::new(client)
        .sums(&series, window(), Some("t"))
        .await
        .unwrap();
    // What was never counted is not 0.
    assert_eq!(page.items, [(0, 7.0), (1, 250.5)]);
    assert_eq!(page.next.as_deref(), Some("u"));
}

#[tokio::test]
async fn compute_optimizer_in_its_own_words() {
    use optimizer::{
        LambdaFunctionMemoryMetricName as Name, LambdaFunctionMemoryMetricStatistic as Statistic,
        LambdaFunctionRecommendationFinding as Finding, LambdaFunctionRecommendationFindingReasonCode as Reason,
    };
    let rule = mock!(aws_sdk_computeoptimizer::Client::get_lambda_function_recommendations).then_output(|| {
        let projected = |statistic, value| {
            optimizer::LambdaFunctionMemoryProjectedMetric::builder()
                .name(Name::Duration)
                .statistic(statistic)
                .value(value)
                .build()
        };
        let option = |rank, size| {
            optimizer::LambdaFunctionMemoryRecommendationOption::builder()
                .rank(rank)
                .memory_size(size)
                .projected_utilization_metrics(projected(Statistic::LowerBound, 90.0))
                .projected_utilization_metrics(projected(Statistic::Expected, 120.0))
        };
        let found = |version: &str| {
            optimizer::LambdaFunctionRecommendation::builder()
                .function_arn(format!("{ARN}:{version}"))
                .function_version(version)
                .current_memory_size(1024)
                .finding(Finding::NotOptimized)
                .finding_reason_codes(Reason::MemoryOverProvisioned)
                .memory_size_recommendation_options(option(2, 512).build())
                .memory_size_recommendation_options(option(1, 256).build())
        };
        let unavailable = optimizer::LambdaFunctionRecommendation::builder()
            .function_arn(format!("{ARN}-new"))
            .finding(Finding::Unavailable)
            .finding_reason_codes(Reason::InsufficientData);
        GetLambdaFunctionRecommendationsOutput::builder()
            .lambda_function_recommendations(found("$LATEST").build())
            .lambda_function_recommendations(found("7").build())
            .lambda_function_recommendations(unavailable.build())
            .next_token("t")
            .build()
    });
    let client = mock_client!(aws_sdk_computeoptimizer, RuleMode::MatchAny, [&rule]);
    let page = AwsOptimizer::new(client).findings(None).await.unwrap();
    let [(name, finding), (_, unavailable)] = &page.items[..] else {
        panic!("{page:?}")
    };
    assert_eq!(name.to_string(), ARN);
    assert_eq!(
        (finding.finding.as_str(), finding.reasons.as_slice()),
        ("NotOptimized", &["MemoryOverprovisioned".to_owned()][..])
    );
    assert_eq!(
        (finding.memory_size_mb, finding.current_memory_size_mb),
        (Some(256), Some(1024))
    );
    let projected = finding.projected.unwrap();
    assert_eq!(
        (projected.lower_ms, projected.expected_ms, projected.upper_ms),
        (Some(90.0), Some(120.0), None)
    );
    assert_eq!(
        (unavailable.finding.as_str(), unavailable.projected),
        ("Unavailable", None)
    );
    assert_eq!(page.next.as_deref(), Some("t"));

    let answering = |code: &'static str| {
        let refused = mock!(aws_sdk_computeoptimizer::Client::get_lambda_function_recommendations)
            .then_error(move || GetLambdaFunctionRecommendationsError::generic(metadata(code, "no")));
        AwsOptimizer::new(mock_client!(aws_sdk_computeoptimizer, RuleMode::MatchAny, [&refused]))
    };
    let not_opted_in = answering("OptInRequiredException").findings(None).await.unwrap();
    assert!(not_opted_in.items.is_empty() && not_opted_in.next.is_none());
    let error = answering("AccessDeniedException").findings(None).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Denied);
}
