//! The ports of a memory review: what is asked, and what is made of recorded shapes of answers.

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{MetricDataResult, StatusCode};
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryError, StartQueryOutput};
use aws_sdk_cloudwatchlogs::operation::stop_query::StopQueryOutput;
use aws_sdk_cloudwatchlogs::types::{
    FilteredLogEvent, LogGroup as SdkLogGroup, LogGroupClass, QueryStatistics, QueryStatus as SdkStatus, ResultField,
};
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
use tuner_engine::review::ports::{
    Inventory, Listed, LogClass, LogGroups, Metric, MetricSource, Optimizer, QueryStatus, Reports, Series,
};

use super::metadata;
use crate::lambda::without_retries;
use crate::pace::Pace;
use crate::review::{AwsInventory, AwsLogGroups, AwsMetrics, AwsOptimizer, AwsReports, QUERY};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:resize";

fn window() -> Window {
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
async fn log_groups_with_what_they_hold() {
    let rule = mock!(aws_sdk_cloudwatchlogs::Client::describe_log_groups)
        .match_requests(|r| r.log_group_name_prefix() == Some("/aws/lambda/") && r.limit() == Some(50))
        .then_output(|| {
            let group = |name: &str| SdkLogGroup::builder().log_group_name(name);
            DescribeLogGroupsOutput::builder()
                .log_groups(
                    group("/aws/lambda/a")
                        .stored_bytes(1_000)
                        .creation_time(1_772_323_200_000)
                        .retention_in_days(14)
                        .log_group_class(LogGroupClass::InfrequentAccess)
                        .build(),
                )
                .log_groups(group("/aws/lambda/b").log_group_class(LogGroupClass::Delivery).build())
                .log_groups(group("/aws/lambda/c").build())
                .next_token("t")
                .build()
        });
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule]);
    let page = AwsLogGroups::new(client, Pace::unlimited())
        .log_groups("/aws/lambda/", None)
        .await
        .unwrap();
    let classes: Vec<LogClass> = page.items.iter().map(|group| group.class).collect();
    assert_eq!(
        classes,
        [LogClass::InfrequentAccess, LogClass::Delivery, LogClass::Standard]
    );
    let a = &page.items[0];
    assert_eq!((a.stored_bytes, a.retention_days), (Some(1_000), Some(14)));
    assert_eq!(a.created, Some("2026-03-01T00:00:00Z".parse().unwrap()));
    assert_eq!(page.next.as_deref(), Some("t"));
}

/// What the query is, to the letter: a change of it is a change of what the account is asked, and is to be looked at.
#[test]
fn the_query_is_what_was_agreed_on() {
    assert!(QUERY.len() <= 10_000, "StartQuery takes no more");
    let lines: Vec<&str> = QUERY.lines().collect();
    assert_eq!(
        lines[0],
        r#"filter @message like /^REPORT RequestId: |"platform\.report"|^\S+ \S+ Task timed out after |^RequestId: \S+ Error: Runtime exited with error: signal: killed/"#
    );
    assert_eq!(
        lines[1],
        r"| parse @logStream /^\d+\/\d+\/\d+\/(?<streamFunction>[^\[]+)\[/"
    );
    assert_eq!(lines[2], r"| parse @logStream /\[(?<streamVersion>[$A-Z0-9]+)\]/");
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("| parse @message /"))
            .count(),
        12
    );
    assert_eq!(
        lines[15],
        "| fields coalesce(textMs, jsonMs) as ms, coalesce(textBilledMs, jsonBilledMs) as billedMs, \
         coalesce(textSizeMb, jsonSizeMb) as sizeMb, coalesce(textUsedMb, jsonUsedMb) as usedMb, \
         coalesce(textInitMs, jsonInitMs) as initMs, coalesce(textRestoreMs, jsonRestoreMs) as restoreMs"
    );
    assert_eq!(
        lines[16],
        "| stats count(ms) as reports, latest(streamVersion) as lastVersion, min(@timestamp) as firstSeen, max(@timestamp) as lastSeen, avg(ms * 1) as meanMs, \
         pct(ms * 1, 50) as p50Ms, pct(ms * 1, 95) as p95Ms, pct(ms * 1, 99) as p99Ms, max(ms * 1) as maxMs, \
         sum(billedMs * 1) as billedSumMs, count(billedMs) as billed, count(initMs) as coldStarts, \
         sum(initMs * 1) as initSumMs, count(restoreMs) as restored, max(usedMb * 1) as maxUsedMb, \
         count(timedOut) as timeouts, count(outOfMemory) as outOfMemories, count(failed) as failures \
         by @log, streamFunction, sizeMb"
    );
    assert_eq!(lines[17], format!("| limit {}", tuner_engine::review::MOST_ROWS));
    assert_eq!(lines.len(), 18);
}

fn row(fields: &[(&str, &str)]) -> Vec<ResultField> {
    let field = |(name, value): &(&str, &str)| ResultField::builder().field(*name).value(*value).build();
    fields.iter().map(field).collect()
}

fn statistics(bytes_scanned: f64) -> QueryStatistics {
    QueryStatistics::builder()
        .records_matched(2.0)
        .records_scanned(900.0)
        .bytes_scanned(bytes_scanned)
        .build()
}

#[tokio::test]
async fn a_query_from_start_to_answer() {
    let start = mock!(aws_sdk_cloudwatchlogs::Client::start_query)
        .match_requests(|r| {
            r.log_group_names() == ["a", "b"]
                && r.start_time() == Some(1_772_323_200)
                && r.end_time() == Some(1_774_953_000)
                && r.query_string() == Some(QUERY)
        })
        .then_output(|| StartQueryOutput::builder().query_id("q-1").build());
    let running = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
        .match_requests(|r| r.query_id() == Some("running"))
        .then_output(|| {
            GetQueryResultsOutput::builder()
                .status(SdkStatus::Running)
                .statistics(statistics(123.0))
                // Of the part that was scanned so far.
                .results(row(&[("@log", "123456789012:a"), ("reports", "1")]))
                .build()
        });
    let first = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
        .match_requests(|r| r.query_id() == Some("q-1") && r.next_token().is_none())
        .then_output(|| {
            let of_text = row(&[
                ("@log", "123456789012:/aws/lambda/resize"),
                ("sizeMb", "512"),
                ("reports", "1200"),
                ("firstSeen", "2026-03-01 08:15:30.123"),
                ("lastSeen", "1.774951200000E12"),
                ("meanMs", "101.5"),
                ("p50Ms", "99"),
                ("p95Ms", "180.25"),
                ("p99Ms", "250"),
                ("maxMs", "3000"),
                ("billedSumMs", "1.218E5"),
                ("billed", "1200"),
                ("coldStarts", "12"),
                ("initSumMs", "2400.5"),
                ("restored", "0"),
                ("maxUsedMb", "128"),
                ("timeouts", "1"),
                ("outOfMemories", "2"),
                ("failures", "5"),
            ]);
            GetQueryResultsOutput::builder()
                .status(SdkStatus::Complete)
                .statistics(statistics(5e9))
                .results(of_text)
                .next_token("t")
                .build()
        });
    let second = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
        .match_requests(|r| r.next_token() == Some("t"))
        .then_output(|| {
            // Fields that no line had are left out: old time-outs in a shared group, which have no size.
            let of_lines = row(&[
                ("@log", "123456789012:shared/all"),
                ("streamFunction", "resize"),
                ("reports", "0"),
                ("timeouts", "3"),
                ("billedSumMs", ""),
            ]);
            GetQueryResultsOutput::builder()
                .status(SdkStatus::Complete)
                .results(of_lines)
                .build()
        });
    let client = mock_client!(
        aws_sdk_cloudwatchlogs,
        RuleMode::MatchAny,
        [&start, &running, &first, &second]
    );
    let reports = AwsReports::new(client, &Pace::unlimited());
    let id = reports.start(&["a".into(), "b".into()], window()).await.unwrap();
    let page = reports.poll("running", None).await.unwrap();
    assert_eq!(
        (page.status, page.rows.len(), page.bytes_scanned),
        (QueryStatus::Running, 0, 123)
    );
    let page = reports.poll(&id, None).await.unwrap();
    assert_eq!(
        (page.status, page.bytes_scanned),
        (QueryStatus::Complete, 5_000_000_000)
    );
    let row = &page.rows[0];
    assert_eq!(
        (row.group.as_str(), row.function.as_deref()),
        ("/aws/lambda/resize", None)
    );
    assert_eq!((row.memory_size_mb, row.invocations), (Some(512), 1200));
    assert_eq!(row.first_seen, Some("2026-03-01T08:15:30.123Z".parse().unwrap()));
    assert_eq!(row.last_seen, Some("2026-03-31T10:00:00Z".parse().unwrap()));
    assert_eq!(
        (row.mean_ms, row.p95_ms, row.max_ms),
        (Some(101.5), Some(180.25), Some(3000.0))
    );
    assert_eq!((row.billed_duration_ms, row.billed_invocations), (121_800.0, 1200));
    assert_eq!((row.cold_starts, row.init_sum_ms), (12, 2400.5));
    assert_eq!((row.max_memory_used_mb, row.timeouts), (Some(128.0), 1));
    assert_eq!((row.out_of_memory, row.errors), (2, 3));
    let page = reports.poll(&id, page.next.as_deref()).await.unwrap();
    let row = &page.rows[0];
    assert_eq!(
        (row.group.as_str(), row.function.as_deref()),
        ("shared/all", Some("resize"))
    );
    assert_eq!(
        (row.memory_size_mb, row.max_ms, row.invocations, row.timeouts),
        (None, None, 0, 3)
    );
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn queries_that_end_otherwise() {
    for (status, expected) in [
        (SdkStatus::Scheduled, QueryStatus::Running),
        (SdkStatus::UnknownValue, QueryStatus::Running),
        (SdkStatus::Failed, QueryStatus::Ended("Failed".into())),
        (SdkStatus::Timeout, QueryStatus::Ended("Timeout".into())),
        (SdkStatus::Cancelled, QueryStatus::Ended("Cancelled".into())),
    ] {
        let rule = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results)
            .then_output(move || GetQueryResultsOutput::builder().status(status.clone()).build());
        let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule]);
        let page = AwsReports::new(client, &Pace::unlimited())
            .poll("q", None)
            .await
            .unwrap();
        assert_eq!(page.status, expected);
    }
    // An emulator that passes over `stats` gives the lines themselves; AWS never does.
    let raw = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results).then_output(|| {
        GetQueryResultsOutput::builder()
            .status(SdkStatus::Complete)
            .results(row(&[
                ("@timestamp", "2026-03-01 08:15:30.123"),
                ("@message", "REPORT RequestId: r"),
            ]))
            .build()
    });
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&raw]);
    let error = AwsReports::new(client, &Pace::unlimited())
        .poll("q", None)
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert!(error.to_string().contains("`stats`"), "{error}");
    let stop = mock!(aws_sdk_cloudwatchlogs::Client::stop_query)
        .match_requests(|r| r.query_id() == Some("q"))
        .then_output(|| StopQueryOutput::builder().success(true).build());
    let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&stop]);
    AwsReports::new(client, &Pace::unlimited()).stop("q").await.unwrap();
}

#[tokio::test]
async fn refusals_of_a_query_are_told_apart() {
    for (code, kind) in [
        ("ResourceNotFoundException", PortErrorKind::NotFound),
        ("AccessDeniedException", PortErrorKind::Denied),
        // A hundred queries are under way.
        ("LimitExceededException", PortErrorKind::Throttled),
        ("ThrottlingException", PortErrorKind::Throttled),
        ("MalformedQueryException", PortErrorKind::Invalid),
    ] {
        let rule = mock!(aws_sdk_cloudwatchlogs::Client::start_query)
            .then_error(move || StartQueryError::generic(metadata(code, "The reason")));
        let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule], |config| config
            .retry_config(aws_sdk_cloudwatchlogs::config::retry::RetryConfig::disabled()));
        let error = AwsReports::new(client, &Pace::unlimited())
            .start(&["a".into()], window())
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
    }
}

#[tokio::test]
async fn lines_are_asked_for_in_the_format_of_the_function() {
    for (json, pattern) in [(false, "REPORT"), (true, "\"platform.report\"")] {
        let rule = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
            .match_requests(move |r| {
                r.log_group_name() == Some("shared")
                    && r.filter_pattern() == Some(pattern)
                    && r.start_time() == Some(1_772_323_200_000)
                    && r.next_token() == Some("t")
            })
            .then_output(|| {
                let event = FilteredLogEvent::builder()
                    .timestamp(1_772_323_200_500)
                    .log_stream_name("2026/03/01/resize[$LATEST]0123")
                    .message("REPORT RequestId: r\tDuration: 1.00 ms\n");
                FilterLogEventsOutput::builder()
                    .events(event.build())
                    .next_token("u")
                    .build()
            });
        let client = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&rule]);
        let page = AwsReports::new(client, &Pace::unlimited())
            .lines("shared", json, window(), Some("t"))
            .await
            .unwrap();
        assert_eq!(page.items[0].message, "REPORT RequestId: r\tDuration: 1.00 ms");
        assert_eq!(page.items[0].stream, "2026/03/01/resize[$LATEST]0123");
        assert_eq!(page.items[0].at, Some("2026-03-01T00:00:00.5Z".parse().unwrap()));
        assert_eq!(page.next.as_deref(), Some("u"));
    }
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
